"""What is open is counted by unit, step, state and time left, and never by reading what is finished."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event

from workers.records import DossierState, OutboxChannel
from workers.registry.census import TimeLeft, take_census
from workers.registry.outbox import Outbox

UNITS = ["so_xay_dung", "so_y_te"]


def left(census):
    return {(row.lead_unit, row.left): row.count for row in census.dossiers}


async def test_an_empty_registry_has_nothing_open(registry, samples):
    census = await take_census(registry, UNITS, samples.now)
    assert (list(census.steps), list(census.dossiers), list(census.messages), census.oldest_due) == ([], [], [], None)


@pytest.mark.parametrize(
    ("due_in", "changes", "bucket"),
    [
        (timedelta(microseconds=-1), {}, TimeLeft.LATE),
        (timedelta(), {}, TimeLeft.DAY),
        (timedelta(days=1), {}, TimeLeft.THREE_DAYS),
        (timedelta(days=3), {}, TimeLeft.WEEK),
        (timedelta(days=7), {}, TimeLeft.LATER),
        (timedelta(days=2), {"paused_at": timedelta(days=-1)}, TimeLeft.PAUSED),
        (timedelta(days=-2), {"paused_at": timedelta(days=-3)}, TimeLeft.PAUSED),
        (timedelta(days=-2), {"paused_at": timedelta(days=-1)}, TimeLeft.LATE),
        (timedelta(days=-2), {"resolved_at": timedelta(days=-1)}, TimeLeft.RESOLVED),
    ],
)
async def test_dossiers_are_sorted_by_the_time_left(registry, samples, due_in, changes, bucket):
    instants = {name: samples.now + after for name, after in changes.items()}
    async with registry.write() as writer:
        await samples.file(writer, due_at=samples.now + due_in, **instants)
    assert left(await take_census(registry, UNITS, samples.now)) == {("so_xay_dung", bucket): 1}


async def test_finished_dossiers_and_closed_steps_are_not_open(registry, samples):
    async with registry.write() as writer:
        await samples.file(writer, finished_at=samples.now, state=DossierState.RETURNED)
        await writer.open_step(samples.step(1))
        await writer.close_step(1, samples.now, 5, None)
    census = await take_census(registry, UNITS, samples.now)
    assert (list(census.steps), list(census.dossiers)) == ([], [])


async def test_steps_are_counted_by_unit_and_kind_and_those_past_their_norm_apart(registry, samples):
    async with registry.write() as writer:
        await samples.file(writer)
        for number, due in enumerate([timedelta(days=-1), timedelta(days=1), None]):
            await writer.open_step(samples.step(number, due_at=None if due is None else samples.now + due))
        await writer.open_step(samples.step(9, unit="so_y_te", element_id="Task_ReplyOpinion", name="Trả lời ý kiến"))
    census = await take_census(registry, UNITS, samples.now)
    counted = {(row.unit, row.element_id): (row.open, row.late) for row in census.steps}
    assert counted == {("so_xay_dung", "Task_AppraiseDossier"): (3, 1), ("so_y_te", "Task_ReplyOpinion"): (1, 0)}


async def test_messages_wait_until_they_are_sent_and_the_oldest_due_tells_for_how_long(registry, samples):
    outbox = Outbox(registry, "host:1")
    async with registry.write() as writer:
        await samples.file(writer)
        await writer.send(samples.draft("a"))
        await writer.send(samples.draft("b", not_before=samples.now + timedelta(hours=1)))
        await writer.send(samples.draft("c", channel=OutboxChannel.ENGINE))
    later = samples.now + timedelta(minutes=10)
    census = await take_census(registry, UNITS, later)
    assert census.oldest_due == timedelta(minutes=10)
    assert {(m.channel.value, m.state.value): m.count for m in census.messages} == {
        ("email", "pending"): 2,
        ("engine", "pending"): 1,
    }
    for message in await outbox.claim_due(later, 9, list(OutboxChannel)):
        await outbox.mark_sent(message.id, later)
    census = await take_census(registry, UNITS, later)
    assert (census.oldest_due, [m.count for m in census.messages]) == (None, [1])


@pytest.mark.sqlite
async def test_the_cost_does_not_grow_with_what_is_finished(registry, samples):
    """Each query reaches its rows by an index whose range holds the open ones only."""
    statements = []

    def note(connection, cursor, statement, parameters, context, executemany):
        if statement.startswith("SELECT"):
            statements.append((statement, parameters))

    engine = registry.store._reads
    event.listen(engine, "before_cursor_execute", note)
    await take_census(registry, UNITS, samples.now)
    event.remove(engine, "before_cursor_execute", note)
    assert len(statements) == 4
    with engine.connect() as connection:
        for statement, parameters in statements:
            explained = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plan = [row.detail for row in explained]
            reached = [detail for detail in plan if detail.startswith(("SCAN", "SEARCH"))]
            assert all(detail.startswith("SEARCH") for detail in reached), plan
            wanted = ("closed_at=?", "state=?")
            assert any(part in detail for detail in reached for part in wanted), plan
