"""Any history of pauses and extensions: the original deadline stays, and the facts give the deadline again."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.office import ZONE, shipped_rules
from tests.unit.rulebook.test_rulebook import a_dossier

RULES = shipped_rules()
PROCEDURES = ("1.009974", "2.001583", "1.001193", "1.009645", "HSCV-01")
STARTS = st.integers(0, 60 * 24 * 200).map(
    lambda minutes: datetime(2026, 1, 5, tzinfo=ZONE) + timedelta(minutes=minutes)
)
WAITS = st.integers(1, 60 * 24 * 12).map(lambda minutes: timedelta(minutes=minutes))
EVENTS = st.lists(
    st.one_of(st.tuples(st.just("pause"), WAITS, WAITS), st.tuples(st.just("extend"), WAITS, st.integers(1, 5))),
    max_size=5,
)


def registered(procedure_code, received_at):
    procedure = RULES.procedures.version(procedure_code, "2025.1")
    deadline = RULES.first_deadline(procedure, "H29.07", received_at)
    return a_dossier(
        procedure_code=procedure_code,
        received_at=received_at,
        due_at=deadline.due_at,
        near_due_at=deadline.near_due_at,
        original_due_at=deadline.original_due_at,
    )


def paused(dossier, at, until):
    due = RULES.supplemented_due(dossier, "appraisal", at, until)
    return dossier.model_copy(update={"due_at": due.at, "pauses": [*dossier.pauses, (at, until)]})


def extended(dossier, at, days):
    due = RULES.extended_due(dossier, days)
    return dossier.model_copy(update={"due_at": due.at, "extended": [*dossier.extended, (at, days)]})


def lived(dossier, events):
    now = dossier.received_at
    for kind, wait, amount in events:
        now += wait
        if kind == "pause":
            dossier = paused(dossier, now, now + amount)
            now += amount
        else:
            dossier = extended(dossier, now, amount)
    return dossier


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PROCEDURES), STARTS, EVENTS)
def test_the_facts_give_the_same_deadline_as_the_events_did(procedure, received_at, events):
    first = registered(procedure, received_at)
    dossier = lived(first, events)
    assert RULES.recomputed_due(dossier).at == dossier.due_at
    assert dossier.original_due_at == first.due_at


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(PROCEDURES), STARTS, EVENTS)
def test_no_event_takes_time_away(procedure, received_at, events):
    first = registered(procedure, received_at)
    dossier = lived(first, events)
    assert dossier.due_at >= first.due_at
    waited = sum(RULES.working_minutes("H29.07", start, end) for start, end in dossier.pauses)
    assert RULES.working_minutes("H29.07", first.due_at, dossier.due_at) >= waited - len(events)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(PROCEDURES), STARTS)
def test_near_lies_between_receipt_and_deadline(procedure, received_at):
    dossier = registered(procedure, received_at)
    counted_from = RULES.hours_of("H29.07").next_working_instant(received_at)
    assert counted_from <= dossier.near_due_at <= dossier.due_at
    assert RULES.recomputed_due(dossier).at == dossier.due_at
