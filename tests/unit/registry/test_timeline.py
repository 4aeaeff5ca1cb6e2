from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from workers.records import TimelineKind
from workers.registry.chain import ViolationKind

CODE = "H29.15-250714-0001"


def tamper(database, *statements):
    """Do what somebody with a shell can do, guards removed."""
    database.remove_guards()
    database.change(*statements)


@pytest.fixture
async def five_entries(registry, samples):
    async with registry.write() as writer:
        await samples.file(writer)
        for number in range(1, 6):
            await writer.record_event(samples.event(f"Việc {number}"))
        await writer.record_event(samples.event("Việc khác", code="H29.15-250714-0002"))


async def kinds(registry, code=None):
    return {(v.dossier_code, v.kind, v.seq) for v in await registry.latest.verify_timeline(code)}


async def test_a_hand_over_is_two_entries_and_an_open_step_in_between(registry, samples):
    step = samples.step()
    closed_at = samples.now + timedelta(hours=3)
    async with registry.write() as writer:
        await samples.file(writer)
        await writer.open_step(step)
        assert await writer.open_steps(CODE) == [step]
        await writer.close_step(step.step_id, closed_at, 180, "approve")
    assert await registry.latest.open_steps(CODE) == []
    opened, closed = await registry.latest.timeline(CODE)
    assert (opened.kind, opened.at, opened.working_minutes) == (TimelineKind.OPENED, step.opened_at, None)
    assert (closed.kind, closed.at, closed.working_minutes) == (TimelineKind.CLOSED, closed_at, 180)
    assert closed.outcome == "approve"
    for entry in (opened, closed):
        assert (entry.step_id, entry.unit, entry.person, entry.due_at) == (
            step.step_id, step.unit, step.person, step.due_at,
        )  # fmt: skip
    assert closed.previous_hash == opened.hash
    assert await kinds(registry) == set()


async def test_opening_or_closing_twice_changes_nothing(registry, samples):
    step = samples.step()
    async with registry.write() as writer:
        await samples.file(writer)
        await writer.close_step(step.step_id, samples.now, 1, None)
        await writer.open_step(step)
        await writer.open_step(step.model_copy(update={"unit": "khac"}))
        await writer.close_step(step.step_id, samples.now, 180, "approve")
        await writer.close_step(step.step_id, samples.now, 999, "refuse")
        await writer.open_step(step)
    assert [(e.kind, e.unit, e.outcome) for e in await registry.latest.timeline(CODE)] == [
        (TimelineKind.OPENED, step.unit, None),
        (TimelineKind.CLOSED, step.unit, "approve"),
    ]
    assert await registry.latest.open_steps(CODE) == []


async def test_open_steps_are_found_by_unit_earliest_deadline_first(registry, samples):
    late = samples.step(1, due_at=samples.now + timedelta(days=9))
    soon = samples.step(2, due_at=samples.now + timedelta(days=1))
    without = samples.step(4, due_at=None)
    async with registry.write() as writer:
        for step in (late, soon, samples.step(3, unit="so_tu_phap"), without):
            await writer.open_step(step)
    assert await registry.latest.steps_held_by("so_xay_dung") == [without, soon, late]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE timeline SET note = 'x' WHERE seq = 2",
        "DELETE FROM timeline WHERE seq = 5",
        pytest.param("TRUNCATE timeline", marks=pytest.mark.postgresql),
        pytest.param("INSERT OR REPLACE INTO timeline SELECT * FROM timeline WHERE seq = 1", marks=pytest.mark.sqlite),
        "UPDATE timeline_heads SET seq = 1",
        "DELETE FROM timeline_heads",
        pytest.param("TRUNCATE timeline_heads", marks=pytest.mark.postgresql),
        pytest.param(
            "INSERT OR REPLACE INTO timeline_heads VALUES ('H29.15-250714-0001', 0, '')", marks=pytest.mark.sqlite
        ),
        "INSERT INTO timeline_heads VALUES ('new', 3, '')",
    ],
)
async def test_the_database_refuses_to_rewrite_the_timeline(registry, five_entries, statement):
    before = await registry.latest.timeline(CODE)
    transaction = await registry.begin()
    with pytest.raises(DBAPIError, match="append-only"):
        await transaction.connection.execute(text(statement))
    await transaction.rollback()
    assert await registry.latest.timeline(CODE) == before
    assert await kinds(registry) == set()


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (["UPDATE timeline SET working_minutes = 1 WHERE seq = 2"], {(ViolationKind.CHANGED, 2)}),
        (["UPDATE timeline SET at = at + 1 WHERE seq = 5"], {(ViolationKind.CHANGED, 5)}),
        (["UPDATE timeline SET hash = 'f' WHERE seq = 2"], {(ViolationKind.CHANGED, 2), (ViolationKind.LINK, 3)}),
        (["DELETE FROM timeline WHERE seq = 3"], {(ViolationKind.MISSING, 3)}),
        (["DELETE FROM timeline WHERE seq = 1"], {(ViolationKind.MISSING, 1)}),
        (["DELETE FROM timeline WHERE seq >= 4"], {(ViolationKind.CUT, 4)}),
        (
            ["DELETE FROM timeline WHERE seq = 5", "UPDATE timeline_heads SET seq = 4"],
            {(ViolationKind.HEAD, 4)},
        ),
        (["DELETE FROM timeline_heads"], {(ViolationKind.HEAD, 5)}),
        (["UPDATE timeline_heads SET hash = 'f'"], {(ViolationKind.HEAD, 5)}),
        (["DELETE FROM timeline"], {(ViolationKind.CUT, 1)}),
        (["DELETE FROM timeline", "DELETE FROM timeline_heads"], {(ViolationKind.HEAD, 0)}),
        (["UPDATE timeline SET kind = 'rubbish' WHERE seq = 2"], {(ViolationKind.UNREADABLE, 0)}),
        pytest.param(
            ["UPDATE timeline SET at = 'yesterday' WHERE seq = 2"],
            {(ViolationKind.UNREADABLE, 0)},
            marks=pytest.mark.sqlite,
        ),
    ],
)
async def test_tampering_shows_where_it_happened(registry, database, five_entries, statements, found):
    mine = [s + (" AND" if "WHERE" in s else " WHERE") + f" dossier_code = '{CODE}'" for s in statements]
    tamper(database, *mine)
    expected = {(CODE, kind, seq) for kind, seq in found}
    assert await kinds(registry) == expected
    assert await kinds(registry, CODE) == expected
    assert await kinds(registry, "H29.15-250714-0002") == set()


async def test_swapped_entries_show(registry, database, five_entries):
    swap = "UPDATE timeline SET seq = {new} WHERE seq = {old} AND dossier_code = 'H29.15-250714-0001'"
    tamper(database, swap.format(old=2, new=9), swap.format(old=3, new=2), swap.format(old=9, new=3))
    found = await kinds(registry)
    assert {(CODE, ViolationKind.CHANGED, 2), (CODE, ViolationKind.CHANGED, 3)} <= found
    assert {code for code, _, _ in found} == {CODE}


async def test_a_violation_says_in_vietnamese_where(registry, database, five_entries):
    tamper(database, "DELETE FROM timeline WHERE seq = 3")
    (violation,) = await registry.latest.verify_timeline()
    assert violation.message == f"Dòng thời gian của hồ sơ {CODE}: thiếu bản ghi số 3."


async def test_every_chain_of_a_large_registry_is_looked_at(registry, database, samples):
    async with registry.write() as writer:
        for number in range(450):
            await writer.record_event(samples.event(code=f"C{number:04}"))
    tamper(database, "UPDATE timeline SET note = 'x' WHERE dossier_code IN ('C0000', 'C0200', 'C0449')")
    assert {code for code, _, _ in await kinds(registry)} == {"C0000", "C0200", "C0449"}
