"""Describe which hours are worked: weekly sessions, closed days, swapped working days, confirmed years.

Every instant of the rules carries its offset; days are days of Asia/Ho_Chi_Minh.
"""

from datetime import date, datetime, time, timedelta, timezone
from itertools import pairwise
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

# Viet Nam has kept +07:00 without daylight saving since 1975; a fixed offset needs no time zone database.
VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")

MINUTES_PER_WORKING_DAY = 8 * 60
"""Minutes that count as one working day when a limit is given in working hours."""

WEEKDAY_NAMES = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")


class Rule(BaseModel):
    """Hold immutable data of the regulation; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Session(Rule):
    """Hold one stretch of office hours; lunch is the gap between two."""

    start: time
    end: time

    @model_validator(mode="after")
    def _start_before_end(self) -> Self:
        if self.start >= self.end:
            raise ValueError("giờ bắt đầu phải trước giờ kết thúc")
        if self.start.tzinfo or self.end.tzinfo:
            raise ValueError("giờ làm việc không kèm múi giờ")
        return self


class WeeklySessions(Rule):
    """Hold the sessions of each weekday, Monday first; a day without a session is not worked."""

    monday: tuple[Session, ...] = ()
    tuesday: tuple[Session, ...] = ()
    wednesday: tuple[Session, ...] = ()
    thursday: tuple[Session, ...] = ()
    friday: tuple[Session, ...] = ()
    saturday: tuple[Session, ...] = ()
    sunday: tuple[Session, ...] = ()

    @property
    def days(self) -> tuple[tuple[Session, ...], ...]:
        """List the sessions by `date.weekday()`."""
        return (self.monday, self.tuesday, self.wednesday, self.thursday, self.friday, self.saturday, self.sunday)

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if not any(self.days):
            raise ValueError("tuần làm việc không có buổi nào, cần ít nhất một buổi")
        for sessions in self.days:
            for earlier, later in pairwise(sessions):
                if earlier.end > later.start:
                    raise ValueError("các buổi trong một ngày phải theo thứ tự và không chồng nhau")
        return self


class ClosedDay(Rule):
    """Name a day that is not worked. `basis`: the announcement, empty while it is only proposed."""

    day: date
    name: str
    basis: str | None = None


class SwapDay(Rule):
    """Name a day worked in exchange for a closed one (làm bù), with the sessions of the day it replaces."""

    day: date
    instead_of: date
    basis: str | None = None


class YearTable(Rule):
    """Hold the days of one year that differ from the week.

    `confirmed` says that the whole table was compared with `basis`, the authority's announcement.
    """

    year: int = Field(ge=2000, le=2200)
    confirmed: bool
    basis: str | None = None
    closed: tuple[ClosedDay, ...] = ()
    swaps: tuple[SwapDay, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.confirmed and not self.basis:
            raise ValueError("năm đã xác nhận phải ghi văn bản căn cứ (basis)")
        closed = [item.day for item in self.closed]
        swaps = [item.day for item in self.swaps]
        problems = [
            f"ngày {show_day(day)} không thuộc năm {self.year}" for day in closed + swaps if day.year != self.year
        ]
        problems += [f"ngày {show_day(day)} ghi hai lần" for day in _repeated(closed) + _repeated(swaps)]
        both = sorted(set(closed) & set(swaps))
        problems += [f"ngày {show_day(day)} vừa nghỉ vừa làm bù" for day in both]
        if problems:
            raise ValueError("; ".join(problems))
        return self


class Calendar(Rule):
    """Hold the week and the table of every year the system may compute in; the years follow each other."""

    week: WeeklySessions
    years: tuple[YearTable, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _years_follow(self) -> Self:
        years = [table.year for table in self.years]
        if years != list(range(years[0], years[0] + len(years))):
            raise ValueError("các năm phải liên tiếp, tăng dần, mỗi năm một lần")
        return self

    def table(self, year: int) -> YearTable | None:
        """Find the table of a year."""
        index = year - self.years[0].year
        return self.years[index] if 0 <= index < len(self.years) else None


def show_day(day: date) -> str:
    """Write a day the Vietnamese way: dd/MM/yyyy."""
    return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"


def show_moment(moment: datetime) -> str:
    """Write a moment the Vietnamese way in local time: HH:mm ngày dd/MM/yyyy."""
    local = moment.astimezone(VIETNAM)
    return f"{local.hour:02d}:{local.minute:02d} ngày {show_day(local.date())}"


def _repeated(days: list[date]) -> list[date]:
    return sorted({day for day in days if days.count(day) > 1})
