import pytest

from workers.configuration import calendar_due, calendar_year
from workers.errors import NeedsOperator, UserError


@pytest.mark.parametrize(
    ("start", "days", "unit", "message"),
    [
        ("hôm nay", 5, None, "không phải thời điểm"),
        ("2026-02-30", 5, None, "không phải thời điểm"),
        ("2026-02-12", 0, None, "từ 1 đến"),
        ("2026-02-12", 5, "H29.99", "Không có đơn vị H29.99"),
        ("2026-02-12", 5, "H29.760", "Không có đơn vị H29.760"),
    ],
)
def test_input_that_makes_no_sense_is_a_users_error(shipped, start, days, unit, message):
    with pytest.raises(UserError, match=message):
        calendar_due(shipped, start, days, unit)


def test_a_year_without_a_calendar_is_not_guessed(shipped):
    with pytest.raises(NeedsOperator, match="2028"):
        calendar_due(shipped, "2027-12-30", 5)


@pytest.mark.parametrize("year", [0, 10_000])
def test_a_number_that_is_no_year_is_a_users_error(shipped, year):
    with pytest.raises(UserError, match="không phải là năm"):
        calendar_year(shipped.calendar, year)
