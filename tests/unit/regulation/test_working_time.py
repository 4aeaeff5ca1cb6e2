from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.errors import NeedsOperator
from workers.regulation.calendar import VIETNAM, Calendar, WeeklySessions
from workers.regulation.working_time import WorkingTime

REFERENCE_VECTORS = [
    (date(2026, 2, 12), 5, date(2026, 2, 26)),
    (date(2026, 8, 20), 5, date(2026, 8, 26)),
    (date(2026, 4, 23), 5, date(2026, 5, 5)),
    (date(2026, 11, 20), 3, date(2026, 11, 26)),
    (date(2026, 12, 29), 5, date(2027, 1, 6)),
    (date(2027, 2, 2), 5, date(2027, 2, 16)),
    (date(2027, 4, 28), 5, date(2027, 5, 7)),
    (date(2025, 12, 30), 3, date(2026, 1, 6)),
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


@pytest.mark.parametrize(("received", "days", "due"), REFERENCE_VECTORS)
def test_reference_vectors_end_at_the_close_of_the_due_day(hours, received, days, due):
    start = datetime(received.year, received.month, received.day, 9, tzinfo=VIETNAM)
    assert hours.add_working_days(start, days) == datetime(due.year, due.month, due.day, 17, tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-03-02T06:00", "2026-03-02T07:30"),
        ("2026-03-02T07:30", "2026-03-02T07:30"),
        ("2026-03-02T11:30", "2026-03-02T13:00"),
        ("2026-03-02T12:10", "2026-03-02T13:00"),
        ("2026-03-02T17:00", "2026-03-03T07:30"),
        ("2026-03-06T18:00", "2026-03-09T07:30"),
        ("2026-02-14T10:00", "2026-02-23T07:30"),
    ],
)
def test_work_begins_at_the_next_session(hours, moment, expected):
    assert hours.next_working_instant(at(moment)) == at(expected)


def test_a_working_day_is_eight_hours_not_twenty_four(hours):
    assert hours.add_working_minutes(at("2026-03-02T07:30"), 8 * 60) == at("2026-03-02T17:00")


def test_lunch_is_not_worked(hours):
    assert hours.working_minutes_between(at("2026-03-02T11:00"), at("2026-03-02T13:30")) == 60


def test_a_holiday_is_not_worked(hours):
    assert hours.working_minutes_between(at("2026-02-13T16:00"), at("2026-02-23T08:30")) == 120


def test_a_swapped_saturday_is_worked(hours):
    assert hours.is_working_day(date(2026, 8, 22))
    assert hours.working_minutes_between(at("2026-08-22T00:00"), at("2026-08-23T00:00")) == 480


def test_a_swapped_saturday_has_the_sessions_of_the_day_it_replaces(calendar):
    week = WeeklySessions.model_validate({"monday": [{"start": "08:00", "end": "12:00"}]})
    assert WorkingTime(calendar, week).add_working_days(at("2026-08-21T09:00"), 1) == at("2026-08-22T12:00")


def test_work_may_end_at_the_close_of_a_session_rather_than_after_lunch(hours):
    assert hours.add_working_minutes(at("2026-03-02T10:30"), 60) == at("2026-03-02T11:30")


def test_going_back_crosses_the_weekend(hours):
    assert hours.add_working_minutes(at("2026-03-09T08:00"), -60) == at("2026-03-06T16:30")


def test_working_days_go_back_over_a_holiday(hours):
    assert hours.add_working_days(at("2026-02-23T17:00"), -1) == at("2026-02-13T17:00")


def test_day_zero_of_a_closed_day_is_the_next_working_day(hours):
    assert hours.add_working_days(at("2026-03-07T10:00"), 0) == at("2026-03-09T17:00")


def test_one_day_back_from_a_closed_day_is_the_working_day_before(hours):
    assert hours.add_working_days(at("2026-03-07T10:00"), -1) == at("2026-03-06T17:00")


def test_calendar_days_that_end_on_a_holiday_end_on_the_next_working_day(hours):
    assert hours.add_calendar_days(at("2026-02-06T09:00"), 10) == at("2026-02-23T17:00")


def test_instants_of_other_offsets_are_understood(hours):
    start = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)
    assert hours.next_working_instant(start) == at("2026-03-02T07:30")
    assert hours.next_working_instant(start).utcoffset() == timedelta(hours=7)


def test_an_instant_without_offset_is_refused(hours):
    with pytest.raises(ValueError, match="offset"):
        hours.next_working_instant(at("2026-03-02T08:00").replace(tzinfo=None))


def test_a_year_without_a_table_fails_closed(hours):
    with pytest.raises(NeedsOperator, match="2028"):
        hours.add_working_days(at("2027-12-30T09:00"), 5)
    with pytest.raises(NeedsOperator, match="2024"):
        hours.working_minutes_between(at("2024-12-30T09:00"), at("2025-01-02T09:00"))
    with pytest.raises(NeedsOperator, match="2028"):
        hours.add_working_minutes(at("2027-12-31T16:00"), 600)
    with pytest.raises(NeedsOperator, match="2024"):
        hours.add_working_minutes(at("2025-01-01T08:00"), -600)
    with pytest.raises(NeedsOperator, match="2024"):
        hours.add_working_days(at("2025-01-01T08:00"), -2)


def test_the_last_working_minute_of_the_calendar_is_in_reach(hours):
    assert hours.add_working_minutes(at("2027-12-31T16:00"), 60) == at("2027-12-31T17:00")


def test_a_span_over_an_unconfirmed_year_is_provisional(hours):
    assert not hours.is_provisional(at("2026-03-02T08:00"), at("2026-12-31T17:00"))
    assert hours.is_provisional(at("2026-12-29T08:00"), at("2027-01-06T17:00"))


moments = st.datetimes(datetime(2025, 3, 1), datetime(2027, 6, 30)).map(lambda m: m.replace(tzinfo=VIETNAM))  # noqa: DTZ001
minutes = st.integers(0, 20_000)


@given(moments, moments, moments)
def test_measuring_adds_up(hours, a, b, c):
    between = hours.working_time_between
    assert between(a, b) + between(b, c) == between(a, c)


@given(moments, minutes)
def test_measuring_undoes_adding(hours, start, amount):
    assert hours.working_minutes_between(start, hours.add_working_minutes(start, amount)) == amount
    assert hours.working_minutes_between(start, hours.add_working_minutes(start, -amount)) == -amount


@given(moments, minutes, minutes)
def test_adding_in_two_parts_is_adding_at_once(hours, start, first, second):
    parts = hours.add_working_minutes(hours.add_working_minutes(start, first), second + 1)
    assert parts == hours.add_working_minutes(start, first + second + 1)


@given(moments, moments, minutes)
def test_a_later_start_never_ends_earlier(hours, a, b, amount):
    early, late = sorted((a, b))
    assert hours.add_working_minutes(early, amount) <= hours.add_working_minutes(late, amount)
    assert hours.add_working_days(early, amount // 480) <= hours.add_working_days(late, amount // 480)


@given(moments, st.integers(-20_000, 20_000))
def test_no_result_lies_outside_a_session(hours, start, amount):
    result = hours.add_working_minutes(start, amount)
    assert any(one.start <= result.time() <= one.end for one in hours.sessions_on(result.date()))


@given(moments, st.integers(0, 60))
def test_working_days_agree_with_counting_them_one_by_one(hours, start, amount):
    day, left = start.date(), amount
    while left or not hours.is_working_day(day):
        day += timedelta(days=1)
        left -= left > 0 and hours.is_working_day(day)
    assert hours.add_working_days(start, amount).date() == day


@settings(max_examples=50)
@given(moments, st.integers(1, 2_000))
def test_minutes_agree_with_walking_minute_by_minute(hours, start, amount):
    now, left = start.replace(second=0, microsecond=0), amount
    while left:
        left -= any(one.start <= now.time() < one.end for one in hours.sessions_on(now.date()))
        now += timedelta(minutes=1)
    assert hours.add_working_minutes(start.replace(second=0, microsecond=0), amount) == now


def test_the_calendar_of_one_unit_may_differ(calendar: Calendar):
    week = WeeklySessions.model_validate({"saturday": [{"start": "07:30", "end": "11:30"}]})
    assert WorkingTime(calendar, week).next_working_instant(at("2026-03-02T08:00")) == at("2026-03-07T07:30")
