"""Name a month, as addresses and pages of figures do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from workers.regulation.calendar import VIETNAM

if TYPE_CHECKING:
    from workers.portal.visit import Visit

FIRST_YEAR, LAST_YEAR = 2000, 2100
MONTHS_SHOWN = 12


@dataclass(frozen=True)
class Month:
    """Name a month."""

    year: int
    number: int

    def __str__(self) -> str:
        """Write it as addresses do: 2026-11."""
        return f"{self.year}-{self.number:02}"

    @property
    def label(self) -> str:
        """Write it as people do: 11/2026."""
        return f"{self.number:02}/{self.year}"

    @property
    def start(self) -> datetime:
        """Give its first instant in Vietnam's time."""
        return datetime(self.year, self.number, 1, tzinfo=VIETNAM)

    @property
    def end(self) -> datetime:
        """Give the first instant of the next month."""
        return self.plus(1).start

    def plus(self, months: int) -> Month:
        """Count months on, or back."""
        count = self.year * 12 + self.number - 1 + months
        return Month(count // 12, count % 12 + 1)


def this_month(visit: Visit) -> Month:
    """Name the present month."""
    return Month(visit.now.year, visit.now.month)


def last_months(visit: Visit) -> list[Month]:
    """List the months a page offers, newest first."""
    return [this_month(visit).plus(-back) for back in range(MONTHS_SHOWN)]


def asked_month(visit: Visit) -> Month:
    """Read the month of an address; the present one when none is named. Raises HTTPException 404 for what is none."""
    text = visit.request.query_params.get("thang")
    return this_month(visit) if text is None else read_month(text)


def read_month(text: str) -> Month:
    """Read a month as addresses write it. Raises HTTPException 404 for what is none."""
    try:
        read = datetime.strptime(text, "%Y-%m").replace(tzinfo=VIETNAM)
    except ValueError:
        raise HTTPException(404) from None
    if not FIRST_YEAR <= read.year <= LAST_YEAR:
        raise HTTPException(404)
    return Month(read.year, read.month)
