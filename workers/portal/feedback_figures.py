"""Show the monthly report of 1022 to everybody: by field, department, former district and commune; as files too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from workers.feedback_report import COLUMNS, as_pdf, as_xlsx, cells, make_report, percent
from workers.portal.months import MONTHS_SHOWN, read_month
from workers.portal.sheets import csv_file
from workers.portal.visit import Visit
from workers.regulation.feedback_report import Period, period_at
from workers.regulation.organization import REPORTED_LEVELS

if TYPE_CHECKING:
    from starlette.requests import Request

    from workers.feedback_report import Report
    from workers.portal.kept import Kept

FIGURES = "/phan-anh/so-lieu"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

CSV_COLUMNS = ("carried_over", "received", "done", "done_on_time", "routed_out", "rejected", "merged", "in_progress",
               "open_late", "on_time_of_done_and_late", "on_time_of_done")  # fmt: skip


async def page(request: Request) -> Response:
    """Show a period."""
    visit = Visit(request)
    report, historic = await _asked(visit)
    now = period_at(visit.now)
    return visit.page(
        "feedback_figures",
        report=report,
        historic=historic,
        periods=[now.plus(-back) for back in range(MONTHS_SHOWN)],
        groups=[(level, report.of_level(level)) for level in REPORTED_LEVELS],
        nobody=report.of_level(None),
        columns=COLUMNS,
        cells=cells,
        percent=percent,
    )


async def download(request: Request) -> Response:
    """Give a period as CSV, XLSX or PDF."""
    visit = Visit(request)
    kind = request.path_params["kind"]
    report, _ = await _asked(visit)
    name = f"1022-{report.period}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    match kind:
        case "csv":
            rows = [*(("unit", row) for row in report.units), *(("field", row) for row in report.fields)]
            lines = [(str(report.period), group, row.key, row.name, *cells(row.totals)) for group, row in rows]
            return csv_file(name, ("period", "by", "code", "name", *CSV_COLUMNS), lines)
        case "xlsx":
            return Response(as_xlsx(report), media_type=XLSX, headers=headers)
        case "pdf":
            return Response(await as_pdf(report, visit.services), media_type="application/pdf", headers=headers)
        case _:
            raise HTTPException(404)


async def _asked(visit: Visit) -> tuple[Report, bool]:
    """Count the period of an address; the present one when none is named."""
    text = visit.request.query_params.get("ky")
    historic = visit.request.query_params.get("don-vi-cu") == "co"
    month = read_month(text) if text else None
    period = Period(month.year, month.number) if month else period_at(visit.now)
    if period.since > visit.now:
        raise HTTPException(404)
    kept: Kept[Report] = visit.request.app.state.kept
    return await kept.get(
        ("1022", period, historic), lambda: make_report(visit.services, period, historic=historic)
    ), historic


ROUTES = [Route(FIGURES, page), Route(FIGURES + ".{kind}", download)]
