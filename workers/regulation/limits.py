"""Express limits of time as data: an amount, its unit and the clause it comes from."""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from workers.regulation.calendar import Rule
from workers.regulation.working_time import WorkingTime


class LimitUnit(StrEnum):
    """Tell the units of limits apart; 8 working hours are one working day. Minutes and days run around the clock."""

    WORKING_DAY = "working_day"
    WORKING_HOUR = "working_hour"
    CALENDAR_DAY = "calendar_day"
    MINUTE = "minute"
    WORKING_MINUTE = "working_minute"


_UNIT_NAMES = {
    LimitUnit.WORKING_DAY: "ngày làm việc",
    LimitUnit.WORKING_HOUR: "giờ làm việc",
    LimitUnit.CALENDAR_DAY: "ngày",
    LimitUnit.MINUTE: "phút",
    LimitUnit.WORKING_MINUTE: "phút làm việc",
}


class Limit(Rule):
    """Hold a limit of time. Without `confirmed` it is an example, never the law."""

    amount: int = Field(gt=0, le=1000)
    unit: LimitUnit
    clause: str | None = None
    confirmed: bool = False

    @property
    def label(self) -> str:
        """Write the limit in Vietnamese, such as “5 ngày làm việc”."""
        return f"{self.amount} {_UNIT_NAMES[self.unit]}"


def end_of(limit: Limit, start: datetime, hours: WorkingTime) -> datetime:
    """Find the instant at which a limit counted from `start` ends. Raises NeedsOperator without a calendar."""
    match limit.unit:
        case LimitUnit.WORKING_DAY:
            return hours.add_working_days(start, limit.amount)
        case LimitUnit.CALENDAR_DAY:
            return hours.add_calendar_days(start, limit.amount)
        case LimitUnit.WORKING_HOUR:
            return hours.add_working_minutes(start, limit.amount * 60)
        case LimitUnit.WORKING_MINUTE:
            return hours.add_working_minutes(start, limit.amount)
        case LimitUnit.MINUTE:
            return start + timedelta(minutes=limit.amount)


def start_before(limit: Limit, end: datetime, hours: WorkingTime) -> datetime:
    """Find the instant that lies a limit before `end`, inside office hours; days keep the clock time's day end."""
    match limit.unit:
        case LimitUnit.WORKING_DAY:
            return hours.add_working_days(end, -limit.amount)
        case LimitUnit.CALENDAR_DAY:
            return hours.add_calendar_days(end, -limit.amount)
        case LimitUnit.WORKING_HOUR:
            return hours.add_working_minutes(end, -limit.amount * 60)
        case LimitUnit.WORKING_MINUTE:
            return hours.add_working_minutes(end, -limit.amount)
        case LimitUnit.MINUTE:
            return end - timedelta(minutes=limit.amount)
