"""Read config/, check all of it, and say every mistake at once: file, line, what was found, what is expected."""

from workers.configuration.calendar_report import (
    CalendarDue,
    CalendarRow,
    CalendarYear,
    RowSource,
    calendar_due,
    calendar_year,
)
from workers.configuration.loading import Configuration, load_configuration

__all__ = [
    "CalendarDue",
    "CalendarRow",
    "CalendarYear",
    "Configuration",
    "RowSource",
    "calendar_due",
    "calendar_year",
    "load_configuration",
]
