"""Show the public figures of a month: by department, commune and the former districts, as a page and as CSV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.routing import Route

from workers.portal.months import Month, asked_month, last_months
from workers.portal.sheets import csv_file
from workers.portal.visit import Visit
from workers.registry.figures import UnitFigures, total, unit_figures
from workers.regulation.organization import REPORTED_LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from workers.portal.kept import Kept
    from workers.regulation.organization import UnitLevel

FIGURES = "/so-lieu"
CSV_COLUMNS = ("month", "unit_code", "unit", "received", "resolved", "on_time", "median_working_minutes", "open_now",
               "open_late_now")  # fmt: skip


@dataclass(frozen=True)
class Line:
    """Hold one unit of the table; `share` is the part on time of the resolved, None when none was resolved."""

    name: str
    figures: UnitFigures

    @property
    def share(self) -> float | None:
        """Divide on time by resolved."""
        return self.figures.on_time / self.figures.resolved if self.figures.resolved else None


async def page(request: Request) -> Response:
    """Show a month."""
    visit = Visit(request)
    month = asked_month(visit)
    counted = await counted_figures(visit, month)
    return visit.page(
        "figures",
        month=month,
        months=last_months(visit),
        whole=Line("", total(counted, "")),
        groups=[(level, _lines(visit, counted, month, level)) for level in REPORTED_LEVELS],
        duration=visit.services.rules.amount_label,
    )


async def table(request: Request) -> Response:
    """Give a month as CSV, minutes as whole numbers."""
    visit = Visit(request)
    month = asked_month(visit)
    counted = await counted_figures(visit, month)
    lines = [line for level in REPORTED_LEVELS for line in _lines(visit, counted, month, level)]
    return csv_file(f"ho-so-{month}.csv", CSV_COLUMNS, [_row(month, line) for line in lines])


def _row(month: Month, line: Line) -> tuple[object, ...]:
    one = line.figures
    counts = (one.received, one.resolved, one.on_time, one.median_minutes, one.open, one.open_late)
    return (str(month), one.unit, line.name, *counts)


def _lines(visit: Visit, counted: Sequence[UnitFigures], month: Month, level: UnitLevel) -> list[Line]:
    day = month.start.date()
    units = ((visit.services.rules.unit_named(one.unit, day), one) for one in counted)
    return sorted((Line(unit.name, one) for unit, one in units if unit.level is level), key=lambda line: line.name)


async def counted_figures(visit: Visit, month: Month) -> Sequence[UnitFigures]:
    """Count a month, at most once a minute."""

    async def count() -> Sequence[UnitFigures]:
        async with visit.services.registry.read() as reader:
            return await unit_figures(reader, month.start, month.end, visit.now)

    kept: Kept[Sequence[UnitFigures]] = visit.request.app.state.kept
    return await kept.get(("figures", month), count)


ROUTES = [Route(FIGURES, page), Route(FIGURES + ".csv", table)]
