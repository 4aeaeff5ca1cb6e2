"""Compute with office hours, exactly.

A `WorkingTime` is compiled once from a calendar: for every day, the working time and the working days before it.
Compiling is O(days); measuring between two instants is O(1); finding an instant or a date is O(log days).
Errors made elsewhere and excluded here by tests: holidays known for the current year only, pauses counted in
calendar days, a day taken as 24 business hours, starts before or after office hours, swallowed errors.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from workers.errors import NeedsOperator
from workers.regulation.calendar import VIETNAM, Calendar, Session, WeeklySessions, YearTable

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_TIME = timedelta(0)
_ONE_DAY = timedelta(days=1)


class WorkingTime:
    """Answer questions about the working time of one timetable.

    Args:
        calendar: the week and the years.
        week: a unit's own week, when it differs from the calendar's.

    """

    def __init__(self, calendar: Calendar, week: WeeklySessions | None = None) -> None:
        self._calendar = calendar
        self._first = date(calendar.years[0].year, 1, 1)
        self._sessions = tuple(_sessions_of_days(calendar, week or calendar.week))
        self._time_before = [_NO_TIME]
        self._days_before = [0]
        for sessions in self._sessions:
            self._time_before.append(self._time_before[-1] + sum((_length(one) for one in sessions), _NO_TIME))
            self._days_before.append(self._days_before[-1] + bool(sessions))

    def sessions_on(self, day: date) -> tuple[Session, ...]:
        """List the sessions worked on a day. Raises NeedsOperator when its year has no table."""
        return self._sessions[self._index(day)]

    def is_working_day(self, day: date) -> bool:
        """Say whether any session is worked on a day. Raises NeedsOperator when its year has no table."""
        return bool(self.sessions_on(day))

    def is_provisional(self, start: datetime, end: datetime) -> bool:
        """Say whether a span touches a year whose table is not confirmed. Raises NeedsOperator without a table."""
        first, last = sorted((_local(start).year, _local(end).year))
        return any(not self._table(year).confirmed for year in range(first, last + 1))

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Measure the office hours between two instants; negative when `end` comes first."""
        return self._position(_local(end)) - self._position(_local(start))

    def working_minutes_between(self, start: datetime, end: datetime) -> int:
        """Measure the office hours between two instants in whole minutes, rounded towards zero."""
        return _whole_minutes(self.working_time_between(start, end))

    def add_working_time(self, start: datetime, amount: timedelta) -> datetime:
        """Find the instant `amount` of office hours after `start`; a negative amount goes back.

        The result lies inside a session. Moving forward ends at the close of a session rather than at the
        opening of the next one; moving back, or not at all, gives an instant at which work goes on.
        """
        target = self._position(_local(start)) + amount
        return self._closing_at(target) if amount > _NO_TIME else self._opening_at(target)

    def add_working_minutes(self, start: datetime, minutes: int) -> datetime:
        """Find the instant that many working minutes after `start`; negative minutes go back."""
        return self.add_working_time(start, timedelta(minutes=minutes))

    def next_working_instant(self, moment: datetime) -> datetime:
        """Find the first instant, from `moment` on, at which work goes on."""
        return self.add_working_time(moment, _NO_TIME)

    def add_working_days(self, start: datetime, days: int) -> datetime:
        """Find the end of the last session of the `days`-th working day after the day of `start`.

        The day of `start` is day 0 and not counted (Bộ luật Dân sự 2015, Điều 147). With `days` 0 the result is
        the end of that day, or of the next working day when it is closed. Negative days go back.
        """
        index = self._index(_local(start).date())
        if days <= 0 and not self._sessions[index]:
            days += 1
        # The n-th working day is the first one before whose end n working days lie.
        target = self._days_before[index + 1] + days
        return self._day_end(bisect_left(self._days_before, target) - 1 if target > 0 else -1)

    def add_calendar_days(self, start: datetime, days: int) -> datetime:
        """Find the end of office hours `days` calendar days later; a closed day gives way to the next working day.

        Source: Bộ luật Dân sự 2015, Điều 148 khoản 5.
        """
        last = _local(start) + days * _ONE_DAY
        return self.add_working_days(last, 0)

    def _position(self, local: datetime) -> timedelta:
        """Sum the working time from the first day of the calendar to a local instant."""
        index = self._index(local.date())
        now = _since_midnight(local.time())
        today = (
            max(_NO_TIME, min(now, _since_midnight(one.end)) - _since_midnight(one.start))
            for one in self._sessions[index]
        )
        return self._time_before[index] + sum(today, _NO_TIME)

    def _closing_at(self, position: timedelta) -> datetime:
        index = self._in_range(bisect_left(self._time_before, position) - 1)
        rest = position - self._time_before[index]
        for one in self._sessions[index]:
            if rest <= _length(one):
                return self._instant(index, _since_midnight(one.start) + rest)
            rest -= _length(one)
        raise self._out_of_range(index)

    def _opening_at(self, position: timedelta) -> datetime:
        index = self._in_range(bisect_right(self._time_before, position) - 1)
        rest = position - self._time_before[index]
        for one in self._sessions[index]:
            if rest < _length(one):
                return self._instant(index, _since_midnight(one.start) + rest)
            rest -= _length(one)
        raise self._out_of_range(index)

    def _day_end(self, index: int) -> datetime:
        return self._instant(index, _since_midnight(self._sessions[self._in_range(index)][-1].end))

    def _instant(self, index: int, since_midnight: timedelta) -> datetime:
        return datetime.combine(self._first + index * _ONE_DAY, time(), VIETNAM) + since_midnight

    def _index(self, day: date) -> int:
        self._table(day.year)
        return (day - self._first).days

    def _in_range(self, index: int) -> int:
        if not 0 <= index < len(self._sessions):
            raise self._out_of_range(index)
        return index

    def _out_of_range(self, index: int) -> NeedsOperator:
        return missing_year((self._first.year - 1) if index < 0 else self._calendar.years[-1].year + 1)

    def _table(self, year: int) -> YearTable:
        table = self._calendar.table(year)
        if table is None:
            raise missing_year(year)
        return table


def missing_year(year: int) -> NeedsOperator:
    """Make the error for a year without a table: nothing is computed on a guess."""
    return NeedsOperator(
        f"Chưa có lịch làm việc năm {year} nên không tính được thời hạn.",
        action=f"Bổ sung năm {year} vào config/calendar.yaml, khởi động lại bộ xử lý rồi bấm Retry.",
        code="TG-001",
    )


def _sessions_of_days(calendar: Calendar, week: WeeklySessions) -> Iterator[tuple[Session, ...]]:
    for table in calendar.years:
        closed = {item.day for item in table.closed}
        swaps = {item.day: item.instead_of for item in table.swaps}
        day = date(table.year, 1, 1)
        while day.year == table.year:
            if day in closed:
                yield ()
            else:
                yield week.days[swaps.get(day, day).weekday()]
            day += _ONE_DAY


def _local(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("an instant needs its offset")
    return moment.astimezone(VIETNAM)


def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond)


def _length(session: Session) -> timedelta:
    return _since_midnight(session.end) - _since_midnight(session.start)


def _whole_minutes(amount: timedelta) -> int:
    minutes = abs(amount) // timedelta(minutes=1)
    return minutes if amount >= _NO_TIME else -minutes
