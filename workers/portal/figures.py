"""Show the public figures of a month: by department, commune and the former districts, as a page and as CSV."""

from __future__ import annotations

import csv
import io
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from workers.portal.visit import Visit
from workers.registry.figures import UnitFigures, total, unit_figures
from workers.regulation.calendar import VIETNAM
from workers.regulation.organization import UnitLevel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

FIGURES = "/so-lieu"
KEPT_SECONDS = 60.0
MONTHS_SHOWN = 12
FIRST_YEAR, LAST_YEAR = 2000, 2100
LEVELS = (UnitLevel.OFFICE, UnitLevel.DEPARTMENT, UnitLevel.DISTRICT, UnitLevel.COMMUNE)
CSV_COLUMNS = ("month", "unit_code", "unit", "received", "resolved", "on_time", "median_working_minutes", "open_now",
               "open_late_now")  # fmt: skip


@dataclass(frozen=True)
class Month:
    """Name a month."""

    year: int
    number: int

    def __str__(self) -> str:
        """Write it as addresses do: 2026-11."""
        return f"{self.year}-{self.number:02}"

    @property
    def start(self) -> datetime:
        """Give its first instant in Vietnam's time."""
        return datetime(self.year, self.number, 1, tzinfo=VIETNAM)

    def plus(self, months: int) -> Month:
        """Count months on, or back."""
        count = self.year * 12 + self.number - 1 + months
        return Month(count // 12, count % 12 + 1)


@dataclass(frozen=True)
class Line:
    """Hold one unit of the table; `share` is the part on time of the resolved, None when none was resolved."""

    name: str
    figures: UnitFigures

    @property
    def share(self) -> float | None:
        """Divide on time by resolved."""
        return self.figures.on_time / self.figures.resolved if self.figures.resolved else None


class Kept:
    """Keep what was counted for a minute, so that a page everybody reads is counted once."""

    def __init__(self) -> None:
        self._kept: dict[Month, tuple[float, Sequence[UnitFigures]]] = {}

    async def figures(self, visit: Visit, month: Month) -> Sequence[UnitFigures]:
        """Give the figures of a month."""
        counted_at, figures = self._kept.get(month, (-KEPT_SECONDS, ()))
        if time.monotonic() - counted_at >= KEPT_SECONDS:
            async with visit.services.registry.read() as reader:
                figures = await unit_figures(reader, month.start, month.plus(1).start, visit.now)
            self._kept = {known: kept for known, kept in self._kept.items() if known != month}
            self._kept = {**dict(list(self._kept.items())[-MONTHS_SHOWN:]), month: (time.monotonic(), figures)}
        return figures


async def page(request: Request) -> Response:
    """Show a month."""
    visit = Visit(request)
    month = _month(visit, request.query_params.get("thang"))
    counted = await _kept(request).figures(visit, month)
    this_month = Month(visit.now.year, visit.now.month)
    return visit.page(
        "figures",
        month=month,
        months=[this_month.plus(-back) for back in range(MONTHS_SHOWN)],
        whole=Line("", total(counted, "")),
        groups=[(level, _lines(visit, counted, month, level)) for level in LEVELS],
        duration=visit.services.rules.amount_label,
    )


async def table(request: Request) -> Response:
    """Give a month as CSV, for spreadsheets and programs: UTF-8 with a mark, minutes as whole numbers."""
    visit = Visit(request)
    month = _month(visit, request.query_params.get("thang"))
    counted = await _kept(request).figures(visit, month)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_COLUMNS)
    for level in LEVELS:
        for line in _lines(visit, counted, month, level):
            one = line.figures
            middle = "" if one.median_minutes is None else one.median_minutes
            counts = (one.received, one.resolved, one.on_time, middle, one.open, one.open_late)
            writer.writerow((str(month), one.unit, _plain(line.name), *counts))
    headers = {"Content-Disposition": f'attachment; filename="ho-so-{month}.csv"'}
    return Response("\ufeff" + text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _lines(visit: Visit, counted: Sequence[UnitFigures], month: Month, level: UnitLevel) -> list[Line]:
    day = month.start.date()
    units = ((visit.services.rules.unit_named(one.unit, day), one) for one in counted)
    return sorted((Line(unit.name, one) for unit, one in units if unit.level is level), key=lambda line: line.name)


def _month(visit: Visit, text: str | None) -> Month:
    """Read a month of an address; today's when none is named. Raises HTTPException 404 for what is no month."""
    if text is None:
        return Month(visit.now.year, visit.now.month)
    try:
        read = datetime.strptime(text, "%Y-%m").replace(tzinfo=VIETNAM)
    except ValueError:
        raise HTTPException(404) from None
    if not FIRST_YEAR <= read.year <= LAST_YEAR:
        raise HTTPException(404)
    return Month(read.year, read.month)


def _plain(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


def _kept(request: Request) -> Kept:
    kept: Kept = request.app.state.figures
    return kept


ROUTES = [Route(FIGURES, page), Route(FIGURES + ".csv", table)]
