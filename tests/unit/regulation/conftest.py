from datetime import date, timedelta

import pytest

from workers.regulation.calendar import Calendar
from workers.regulation.working_time import WorkingTime

OFFICE_DAY = [{"start": "07:30", "end": "11:30"}, {"start": "13:00", "end": "17:00"}]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")


def days(first: date, last: date) -> list[dict[str, object]]:
    span = range((last - first).days + 1)
    return [{"day": first + timedelta(days=n), "name": "Nghỉ"} for n in span]


def calendar_data() -> dict[str, object]:
    """The announced days that the reference vectors of the domain need."""
    closed_2026 = [
        *days(date(2026, 1, 1), date(2026, 1, 2)),
        *days(date(2026, 2, 16), date(2026, 2, 20)),
        *days(date(2026, 4, 27), date(2026, 4, 27)),
        *days(date(2026, 4, 30), date(2026, 5, 1)),
        *days(date(2026, 8, 31), date(2026, 9, 2)),
        *days(date(2026, 11, 24), date(2026, 11, 24)),
    ]
    closed_2027 = [
        *days(date(2027, 1, 1), date(2027, 1, 1)),
        *days(date(2027, 2, 4), date(2027, 2, 10)),
        *days(date(2027, 4, 16), date(2027, 4, 16)),
        *days(date(2027, 4, 30), date(2027, 4, 30)),
        *days(date(2027, 5, 3), date(2027, 5, 3)),
    ]
    swaps_2026 = [
        {"day": date(2026, 1, 10), "instead_of": date(2026, 1, 2)},
        {"day": date(2026, 8, 22), "instead_of": date(2026, 8, 31)},
    ]
    return {
        "week": dict.fromkeys(WEEKDAYS, OFFICE_DAY),
        "years": [
            {"year": 2025, "confirmed": True, "basis": "Thông báo mẫu", "closed": []},
            {"year": 2026, "confirmed": True, "basis": "Thông báo mẫu", "closed": closed_2026, "swaps": swaps_2026},
            {"year": 2027, "confirmed": False, "closed": closed_2027},
        ],
    }


@pytest.fixture(scope="session")
def calendar() -> Calendar:
    return Calendar.model_validate(calendar_data())


@pytest.fixture(scope="session")
def hours(calendar: Calendar) -> WorkingTime:
    return WorkingTime(calendar)


@pytest.fixture
def raw_calendar() -> dict[str, object]:
    return calendar_data()
