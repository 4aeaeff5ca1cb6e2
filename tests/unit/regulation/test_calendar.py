from datetime import date

import pytest
from pydantic import ValidationError

from workers.regulation.calendar import Calendar, show_day


def refused(raw: dict[str, object]) -> str:
    with pytest.raises(ValidationError) as failure:
        Calendar.model_validate(raw)
    return str(failure.value)


def test_a_date_both_closed_and_swapped_is_refused(raw_calendar):
    raw_calendar["years"][1]["swaps"].append({"day": date(2026, 2, 16), "instead_of": date(2026, 2, 17)})
    assert "16/02/2026 vừa nghỉ vừa làm bù" in refused(raw_calendar)


def test_a_date_of_another_year_is_refused(raw_calendar):
    raw_calendar["years"][1]["closed"].append({"day": date(2025, 2, 16), "name": "Nhầm năm"})
    assert "16/02/2025 không thuộc năm 2026" in refused(raw_calendar)


def test_a_date_written_twice_is_refused(raw_calendar):
    raw_calendar["years"][1]["closed"].append({"day": date(2026, 2, 16), "name": "Lặp"})
    assert "16/02/2026 ghi hai lần" in refused(raw_calendar)


def test_an_empty_week_is_refused(raw_calendar):
    raw_calendar["week"] = {}
    assert "không có buổi nào" in refused(raw_calendar)


def test_overlapping_sessions_are_refused(raw_calendar):
    raw_calendar["week"]["monday"] = [{"start": "07:30", "end": "12:00"}, {"start": "11:00", "end": "17:00"}]
    assert "không chồng nhau" in refused(raw_calendar)


def test_a_session_that_ends_before_it_starts_is_refused(raw_calendar):
    raw_calendar["week"]["monday"] = [{"start": "17:00", "end": "13:00"}]
    assert "trước giờ kết thúc" in refused(raw_calendar)


def test_a_confirmed_year_needs_its_basis(raw_calendar):
    raw_calendar["years"][1]["basis"] = None
    assert "phải ghi văn bản căn cứ" in refused(raw_calendar)


def test_a_gap_between_years_is_refused(raw_calendar):
    del raw_calendar["years"][1]
    assert "liên tiếp" in refused(raw_calendar)


def test_days_are_shown_the_vietnamese_way():
    assert show_day(date(2026, 2, 6)) == "06/02/2026"
