"""Show a year for comparison with the official announcement, and work one deadline out for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

import holidays

from workers.errors import UserError
from workers.regulation.calendar import VIETNAM, WEEKDAY_NAMES
from workers.regulation.deadlines import first_deadline
from workers.regulation.limits import Limit, LimitUnit

if TYPE_CHECKING:
    from workers.configuration.loading import Configuration
    from workers.regulation.calendar import Calendar, YearTable

_MOST_DAYS = 1000


class RowSource(StrEnum):
    """Say where a day of the report comes from; the values are what a person reads."""

    BOTH = "bảng và thư viện"
    TABLE = "chỉ có trong bảng"
    LIBRARY = "chỉ có trong thư viện"
    SWAP = "làm bù"
    WEEKEND = "thư viện, ngày vốn nghỉ"


@dataclass(frozen=True)
class CalendarRow:
    """Hold one day that differs from the week. `difference`: table and library disagree, a person has to look."""

    day: date
    weekday: str
    name: str
    source: RowSource
    basis: str | None
    difference: bool


@dataclass(frozen=True)
class CalendarYear:
    """Hold a year of the report. `in_table`: the year has a table; without one nothing is computed."""

    year: int
    in_table: bool
    confirmed: bool
    basis: str | None
    rows: tuple[CalendarRow, ...]


@dataclass(frozen=True)
class CalendarDue:
    """Hold a deadline worked out for a person, and the special days that lie on the way."""

    counted_from: datetime
    due_at: datetime
    provisional: bool
    on_the_way: tuple[CalendarRow, ...]


def calendar_year(calendar: Calendar, year: int) -> CalendarYear:
    """Compare the table of a year with the holidays library. Raises UserError for a year that makes no sense."""
    if not date.min.year < year < date.max.year:
        raise UserError(f"“{year}” không phải là năm. Ví dụ: dieuphoi calendar year 2026")
    table = calendar.table(year)
    library = _library(year)
    own = {one.day for one in table.closed} | {one.day for one in table.swaps} if table else set()
    days = sorted(own | library.keys())
    rows = tuple(_row(day, calendar, table, library.get(day)) for day in days)
    return CalendarYear(year, table is not None, bool(table and table.confirmed), table.basis if table else None, rows)


def calendar_due(configuration: Configuration, start: str, working_days: int, unit: str | None = None) -> CalendarDue:
    """Work out the deadline of something received at `start`, as a dossier of `unit` would get it.

    `start` is ISO 8601; without an offset it is local time, without a clock time the opening of that day.
    Raises UserError for input that makes no sense, NeedsOperator when a year has no table.
    """
    received = _parse(start)
    if not 1 <= working_days <= _MOST_DAYS:
        raise UserError(f"Số ngày làm việc phải từ 1 đến {_MOST_DAYS}, đang ghi {working_days}.")
    if unit is not None and configuration.organization.unit_at(unit, received.date()) is None:
        raise UserError(f"Không có đơn vị {unit} vào ngày {received:%d/%m/%Y}. Xem mã trong config/organization.yaml.")
    hours = configuration.hours_of(unit) if unit else configuration.common_hours
    limit = Limit(amount=working_days, unit=LimitUnit.WORKING_DAY)
    deadline = first_deadline(limit, received, hours, near=configuration.norms.near_due)
    first, last = received.date(), deadline.due_at.date()
    years = (calendar_year(configuration.calendar, year) for year in range(first.year, last.year + 1))
    met = (row for year in years for row in year.rows if first < row.day <= last and _matters(row))
    return CalendarDue(deadline.counted_from, deadline.due_at, deadline.provisional, tuple(met))


def _library(year: int) -> dict[date, str]:
    proposed = holidays.country_holidays("VN", years=year, language="vi")
    return {day: name for day, name in proposed.items() if day.year == year}


def _matters(row: CalendarRow) -> bool:
    return row.source in {RowSource.BOTH, RowSource.TABLE, RowSource.SWAP}


def _row(day: date, calendar: Calendar, table: YearTable | None, library: str | None) -> CalendarRow:
    closed = next((one for one in table.closed if one.day == day), None) if table else None
    swap = next((one for one in table.swaps if one.day == day), None) if table else None
    weekday = WEEKDAY_NAMES[day.weekday()]
    if swap:
        name = f"Làm bù cho ngày {swap.instead_of:%d/%m/%Y}"
        return CalendarRow(day, weekday, name, RowSource.SWAP, swap.basis, difference=library is not None)
    if closed:
        source = RowSource.BOTH if library else RowSource.TABLE
        return CalendarRow(day, weekday, closed.name, source, closed.basis, difference=library is None)
    worked = bool(calendar.week.days[day.weekday()])
    source = RowSource.LIBRARY if worked else RowSource.WEEKEND
    return CalendarRow(day, weekday, library or "", source, None, difference=worked)


def _parse(start: str) -> datetime:
    try:
        moment = datetime.fromisoformat(start.strip())
    except ValueError as failure:
        raise UserError(f"“{start}” không phải thời điểm. Ví dụ: 2026-11-20 hoặc 2026-11-20T09:30+07:00.") from failure
    return moment.replace(tzinfo=VIETNAM) if moment.tzinfo is None else moment.astimezone(VIETNAM)
