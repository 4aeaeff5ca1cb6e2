from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.regulation.calendar import VIETNAM, Calendar
from workers.regulation.deadlines import (
    Deadline,
    ExtensionRule,
    SameDay,
    SupplementRule,
    assess_extension,
    extended_due,
    first_deadline,
    is_overdue,
    recomputed_due,
    remaining_when_paused,
    resumed_due,
    revise,
    supplemented_due,
)
from workers.regulation.limits import Limit, LimitUnit, end_of, start_before
from workers.regulation.working_time import WorkingTime

FIVE_DAYS = Limit(amount=5, unit="working_day")
ONE_DAY = Limit(amount=1, unit="working_day")
SAME_DAY = SameDay(cutoff="15:00")
EXTENSION = ExtensionRule(max_times=1, notify_before=ONE_DAY)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)


def supplement(effect: str) -> SupplementRule:
    return SupplementRule(effect=effect, answer_within=Limit(amount=30, unit="calendar_day"))


def test_the_first_deadline_is_the_original_one(hours):
    deadline = first_deadline(FIVE_DAYS, at("2026-03-02T09:00"), hours)
    assert deadline.due_at == deadline.original_due_at == at("2026-03-09T17:00")
    assert not deadline.provisional


def test_what_arrives_in_the_evening_counts_from_the_next_working_day(hours):
    deadline = first_deadline(ONE_DAY, at("2026-03-02T20:00"), hours)
    assert deadline.counted_from == at("2026-03-03T07:30")
    assert deadline.due_at == at("2026-03-04T17:00")


def test_a_deadline_in_an_unconfirmed_year_is_provisional(hours):
    assert first_deadline(FIVE_DAYS, at("2026-12-29T09:00"), hours).provisional


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-03-02T14:59", "2026-03-02T17:00"),
        ("2026-03-02T15:00", "2026-03-02T17:00"),
        ("2026-03-02T15:01", "2026-03-03T17:00"),
        ("2026-03-06T16:00", "2026-03-09T17:00"),
        ("2026-03-07T09:00", "2026-03-09T17:00"),
    ],
)
def test_a_same_day_procedure_received_after_three_ends_the_next_working_day(hours, received, due):
    assert first_deadline(ONE_DAY, at(received), hours, same_day=SAME_DAY).due_at == at(due)


def test_working_hours_and_calendar_days_are_counted_in_their_own_unit(hours):
    start = at("2026-03-02T15:00")
    assert end_of(Limit(amount=4, unit="working_hour"), start, hours) == at("2026-03-03T09:30")
    assert end_of(Limit(amount=10, unit="calendar_day"), start, hours) == at("2026-03-12T17:00")


@pytest.mark.parametrize(
    ("unit", "expected"),
    [("working_day", "2026-03-05T17:00"), ("working_hour", "2026-03-09T15:00"), ("calendar_day", "2026-03-09T17:00")],
)
def test_a_limit_can_be_counted_back(hours, unit, expected):
    assert start_before(Limit(amount=2, unit=unit), at("2026-03-09T17:00"), hours) == at(expected)


def test_near_due_is_two_days_before_or_half_way(hours):
    long = first_deadline(FIVE_DAYS, at("2026-03-02T09:00"), hours)
    short = first_deadline(ONE_DAY, at("2026-03-02T13:00"), hours)
    assert long.near_due_at == at("2026-03-05T17:00")
    assert short.near_due_at == at("2026-03-03T09:30")


def test_a_pause_keeps_the_working_time_left(hours):
    due = at("2026-03-09T17:00")
    assert remaining_when_paused(due, at("2026-03-05T13:00"), hours) == timedelta(hours=20)
    assert resumed_due(due, at("2026-03-05T13:00"), at("2026-03-30T07:30"), hours) == at("2026-04-01T11:30")


def test_a_pause_over_tet_is_not_counted_in_calendar_days(hours):
    assert resumed_due(at("2026-02-13T17:00"), at("2026-02-13T09:00"), at("2026-02-23T09:00"), hours) == at(
        "2026-02-23T17:00"
    )


def test_a_dossier_paused_when_overdue_stays_overdue(hours):
    resumed = at("2026-03-30T09:00")
    assert resumed_due(at("2026-03-09T17:00"), at("2026-03-10T09:00"), resumed, hours) < resumed


def test_a_supplement_at_intake_restarts_the_whole_limit(hours):
    due = supplemented_due(
        supplement("restart"),
        FIVE_DAYS,
        hours,
        due_at=at("2026-03-09T17:00"),
        paused_at=at("2026-03-03T09:00"),
        resumed_at=at("2026-03-16T09:00"),
    )
    assert due == at("2026-03-23T17:00")


def test_a_supplement_during_appraisal_resumes_the_limit(hours):
    due = supplemented_due(
        supplement("pause"),
        FIVE_DAYS,
        hours,
        due_at=at("2026-03-09T17:00"),
        paused_at=at("2026-03-09T13:00"),
        resumed_at=at("2026-03-16T07:30"),
    )
    assert due == at("2026-03-16T11:30")


def test_a_revision_keeps_the_original_deadline_and_says_why(hours):
    deadline = first_deadline(FIVE_DAYS, at("2026-03-02T09:00"), hours)
    revised, record = revise(
        deadline, at("2026-03-12T17:00"), hours, at=at("2026-03-06T09:00"), reason="Gia hạn", clause="Điều mẫu"
    )
    assert revised.original_due_at == deadline.due_at
    assert (record.revision, record.before, record.after) == (1, at("2026-03-09T17:00"), at("2026-03-12T17:00"))
    assert (record.reason, record.clause) == ("Gia hạn", "Điều mẫu")


def test_a_deadline_cannot_be_changed_in_place(hours):
    deadline = first_deadline(FIVE_DAYS, at("2026-03-02T09:00"), hours)
    with pytest.raises(ValueError, match="frozen"):
        deadline.original_due_at = at("2026-03-12T17:00")


@pytest.mark.parametrize(
    ("rule", "extensions", "now", "reason"),
    [
        (EXTENSION.model_copy(update={"max_times": 0}), 0, "2026-03-05T09:00", "không được gia hạn"),
        (EXTENSION, 1, "2026-03-05T09:00", "đã gia hạn 1 lần"),
        (EXTENSION, 0, "2026-03-10T09:00", "đã quá hạn"),
        (EXTENSION, 0, "2026-03-09T09:00", "17:00 ngày 06/03/2026"),
    ],
)
def test_an_extension_is_refused_with_its_reason(hours, rule, extensions, now, reason):
    assessment = assess_extension(rule, extensions, at("2026-03-09T17:00"), at(now), hours)
    assert not assessment.possible
    assert reason in assessment.reason_not


def test_an_extension_asked_in_time_is_possible(hours):
    assert assess_extension(EXTENSION, 0, at("2026-03-09T17:00"), at("2026-03-06T17:00"), hours).possible


def test_an_extension_ends_at_the_close_of_a_working_day(hours):
    assert extended_due(at("2026-03-09T17:00"), 3, hours) == at("2026-03-12T17:00")


def test_a_new_holiday_moves_the_deadline(hours, raw_calendar):
    raw_calendar["years"][1]["closed"].append({"day": datetime(2026, 3, 4, tzinfo=VIETNAM).date(), "name": "Mới"})
    changed = WorkingTime(Calendar.model_validate(raw_calendar))
    start, pauses = at("2026-03-02T09:00"), [(at("2026-03-03T07:30"), at("2026-03-05T07:30"))]
    assert recomputed_due(FIVE_DAYS, start, hours, pauses=pauses) == at("2026-03-11T17:00")
    assert recomputed_due(FIVE_DAYS, start, changed, pauses=pauses) == at("2026-03-11T17:00")
    assert recomputed_due(FIVE_DAYS, start, hours) == at("2026-03-09T17:00")
    assert recomputed_due(FIVE_DAYS, start, changed) == at("2026-03-10T17:00")
    assert recomputed_due(FIVE_DAYS, start, changed, extensions=[(at("2026-03-09T09:00"), 2)]) == at("2026-03-12T17:00")


def test_the_due_instant_itself_is_on_time():
    due = at("2026-03-09T17:00")
    assert not is_overdue(due, due)
    assert is_overdue(due, due + timedelta(seconds=1))


moments = st.datetimes(datetime(2025, 3, 1), datetime(2027, 3, 1)).map(lambda m: m.replace(tzinfo=VIETNAM))  # noqa: DTZ001
limits = st.builds(Limit, amount=st.integers(1, 40), unit=st.sampled_from(list(LimitUnit)))


@given(moments, limits)
def test_near_due_lies_between_receipt_and_deadline(hours, received, limit):
    deadline: Deadline = first_deadline(limit, received, hours)
    assert received <= deadline.counted_from <= deadline.near_due_at <= deadline.due_at


@given(moments, limits, st.integers(0, 5_000), st.integers(0, 20_000))
def test_a_pause_neither_gives_nor_takes_working_time(hours, received, limit, used, paused):
    deadline = first_deadline(limit, received, hours)
    stopped = min(hours.add_working_minutes(deadline.counted_from, used), deadline.due_at)
    resumed = stopped + timedelta(minutes=paused)
    due = resumed_due(deadline.due_at, stopped, resumed, hours)
    spent = hours.working_time_between(deadline.counted_from, stopped) + hours.working_time_between(resumed, due)
    assert spent == hours.working_time_between(deadline.counted_from, deadline.due_at)
