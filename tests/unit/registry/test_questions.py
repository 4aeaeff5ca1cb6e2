"""What people ask, and that the answers stay quick: no query reads a whole table."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest
from sqlalchemy import event, text

from workers.records import DossierState, OutboxChannel
from workers.registry import tables as t
from workers.registry.outbox import Outbox
from workers.registry.unit_of_work import RegistryUnit

CODE = "D-0005"


@pytest.fixture
async def twelve(registry, samples):
    async with registry.write() as writer:
        for number in range(12):
            await samples.file(
                writer,
                f"D-{number:04}",
                received_at=samples.now + timedelta(minutes=number),
                lead_unit="so_xay_dung" if number % 2 else "so_y_te",
                state=DossierState.ACCEPTED if number % 3 else DossierState.REGISTERED,
                title=f"Đất đai số {number}" if number % 2 else f"Cấp giấy phép khám bệnh {number}",
                due_at=samples.now + timedelta(days=number),
            )


async def codes(answer):
    return [dossier.code for dossier in await answer]


async def test_dossiers_are_listed_newest_first_and_page_by_page(registry, twelve):
    latest = registry.latest
    first = await codes(latest.find_dossiers(limit=5))
    second = await codes(latest.find_dossiers(limit=5, after=first[-1]))
    third = await codes(latest.find_dossiers(limit=5, after=second[-1]))
    assert first + second + third == [f"D-{number:04}" for number in reversed(range(12))]
    assert await codes(latest.find_dossiers(after="D-0000")) == []
    assert await codes(latest.find_dossiers(after="nowhere")) == []


async def test_dossiers_are_found_by_state_and_unit(registry, twelve):
    latest = registry.latest
    assert await codes(latest.find_dossiers(state=DossierState.REGISTERED)) == ["D-0009", "D-0006", "D-0003", "D-0000"]
    assert await codes(latest.find_dossiers(state=DossierState.REGISTERED, unit="so_y_te")) == ["D-0006", "D-0000"]
    assert await codes(latest.find_dossiers(unit="khac")) == []


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("đất đai", 6),
        ("DAT dai", 6),
        ("kham benh 4", 1),
        ("D-0005", 1),
        ("d 0005 đất", 1),
        ("ất", 0),
        ("%", 12),
        ("Nguyễn", 0),
    ],
)
async def test_dossiers_are_found_by_words_of_code_and_title_but_not_by_who_filed(registry, twelve, words, found):
    assert len(await registry.latest.find_dossiers(text=words)) == found


async def test_a_new_title_is_found_and_the_old_one_is_not(registry, twelve):
    async with registry.write() as writer:
        await writer.update_dossier(CODE, title="Quảng cáo ngoài trời")
    assert await codes(registry.latest.find_dossiers(text="quang cao")) == [CODE]
    assert CODE not in await codes(registry.latest.find_dossiers(text="đất"))
    assert await codes(registry.latest.find_dossiers(text=CODE)) == [CODE]


async def test_late_dossiers_are_the_unresolved_whose_clock_ran_past_the_deadline(registry, samples, twelve):
    now = samples.now + timedelta(days=6)
    async with registry.write() as writer:
        await writer.update_dossier("D-0001", finished_at=now)
        await writer.update_dossier("D-0002", resolved_at=now)
        await writer.update_dossier("D-0003", paused_at=samples.now)
        await writer.update_dossier("D-0004", paused_at=now)
    assert await codes(registry.latest.late_dossiers(now)) == ["D-0000", "D-0004", "D-0005"]
    assert await codes(registry.latest.late_dossiers(now, unit="so_y_te")) == ["D-0000", "D-0004"]
    assert await codes(registry.latest.late_dossiers(now, limit=1)) == ["D-0000"]


async def test_dossiers_are_counted_by_unit_and_state(registry, twelve):
    counts = {(count.lead_unit, count.state.value): count.count for count in await registry.latest.count_dossiers()}
    assert counts == {
        ("so_xay_dung", "accepted"): 4,
        ("so_xay_dung", "registered"): 2,
        ("so_y_te", "accepted"): 4,
        ("so_y_te", "registered"): 2,
    }


async def test_an_overview_holds_all_but_who_filed(registry, samples, twelve):
    async with registry.write() as writer:
        await writer.open_step(samples.step(code=CODE))
        await writer.add_opinion(samples.opinion(code=CODE))
    async with registry.read() as reader:
        overview = await reader.dossier_overview(CODE)
        assert await reader.dossier_overview("nowhere") is None
    assert overview.dossier == await registry.latest.dossier(CODE)
    assert (len(overview.open_steps), len(overview.timeline), len(overview.opinions)) == (1, 1, 1)
    assert len(overview.documents) == 2
    assert "Ví Dụ" not in overview.model_dump_json()


async def test_a_snapshot_does_not_change_while_it_is_read(registry, samples, twelve):
    async with registry.read() as reader:
        before = await reader.dossier(CODE)
        async with registry.write() as writer:
            await writer.update_dossier(CODE, rating=5)
        assert await reader.dossier(CODE) == before
    assert (await registry.latest.dossier(CODE)).rating == 5


async def everything_asked(registry, samples):
    """Run every question, a job and the dispatcher; give each statement with its parameters."""
    statements = set()

    def note(connection, cursor, statement, parameters, context, executemany):
        if re.match(r"\s*(SELECT|UPDATE|DELETE)", statement):
            statements.add((statement, tuple(parameters) if not executemany else tuple(parameters[0])))

    engines = [getattr(one, "sync_engine", one) for one in (registry.store._reads, registry.store._writes)]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    outbox = Outbox(registry, "host:1")
    now = samples.now + timedelta(days=6)
    latest = registry.latest
    await latest.dossier_overview(CODE)
    await latest.submission(f"S-{CODE}")
    await latest.applicant(CODE)
    await latest.filed_elsewhere(["a" * 64], CODE)
    await latest.steps_held_by("so_y_te")
    for chosen in ({}, {"state": DossierState.ACCEPTED}, {"unit": "so_y_te"}, {"text": "dat dai"}, {"after": CODE}):
        await latest.find_dossiers(**chosen)
    await latest.find_dossiers(state=DossierState.ACCEPTED, unit="so_y_te", text="cap", after=CODE)
    await latest.late_dossiers(now)
    await latest.late_dossiers(now, unit="so_y_te")
    unit = RegistryUnit(registry, "dossier.check", samples.job(dossier_code=CODE))
    await unit.stored_result()
    writer = await unit.writer()
    await writer.next_number("n")
    await writer.update_dossier(CODE, title="Khác")
    await writer.open_step(samples.step(code=CODE))
    await writer.close_step(samples.step().step_id, now, 1, None)
    await writer.add_opinion(samples.opinion(code=CODE))
    await writer.update_opinion("R1", answer="agree")
    await writer.set_inspection(CODE, samples.document(pages=1))
    for number in range(5):
        await writer.send(samples.draft(f"m{number}", channel=list(OutboxChannel)[number % 4], not_before=now))
    await unit.commit({})
    claimed = await outbox.claim_due(now, 9, list(OutboxChannel))
    await outbox.mark_sent(claimed[0].id, now)
    await outbox.mark_retry(claimed[1].id, now, now, "bận")
    await outbox.recover(now, now + timedelta(days=1))
    await outbox.requeue(claimed[0].id, now)
    await outbox.dispatches(CODE)
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)
    assert len(statements) > 40
    return statements


@pytest.mark.sqlite
async def test_no_question_and_no_job_reads_a_whole_table(registry, samples, twelve):
    scans = {}
    statements = await everything_asked(registry, samples)
    with registry.store._reads.connect() as connection:
        for statement, parameters in statements:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            details = [row.detail for row in plan]
            # "SCAN d USING INDEX" walks an index in the wanted order and stops at the limit; a bare SCAN does not.
            bare = [d for d in details if d.startswith("SCAN") and "USING" not in d and "CONSTANT ROW" not in d]
            walks = [d for d in details if d.startswith("SCAN") and "LIMIT" not in statement]
            if bare or walks:
                scans[statement] = details
    assert scans == {}


@pytest.mark.postgresql
async def test_no_question_and_no_job_touches_more_rows_when_there_are_many_dossiers(
    registry, database, samples, twelve
):
    statements = await everything_asked(registry, samples)
    await asyncio.to_thread(database.change, *(copies(*one) for one in FILLERS), "ANALYZE")
    database.remove_guards()  # statements run again, to no effect
    greedy = {}
    for statement, parameters in statements:
        transaction = await registry.begin()
        explain = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}"
        result = await transaction.connection._connection.exec_driver_sql(explain, parameters)
        touched = rows_touched(result.scalar_one()[0]["Plan"])
        await transaction.rollback()
        if touched > FEW:
            greedy[statement] = touched
    assert greedy == {}


FEW, MANY = 150, 20_000
FILLERS = (
    (t.submissions, f"id = 'S-{CODE}'", {"id": "'F' || n"}),
    (t.applicants, f"submission_id = 'S-{CODE}'", {"submission_id": "'F' || n"}),
    (t.documents, f"submission_id = 'S-{CODE}'", {"submission_id": "'F' || n", "sha256": "'F' || n"}),
    (
        t.dossiers,
        f"code = '{CODE}'",
        {
            "code": "'F' || n",
            "submission_id": "'F' || n",
            "received_at": "received_at - n * 60000000::bigint",
            "resolved_at": "due_at - n",
            "finished_at": "due_at - n",
        },
    ),
    (t.dossier_words, f"dossier_code = '{CODE}' AND word = 'khac'", {"dossier_code": "'F' || n", "word": "'f' || n"}),
    (t.timeline_heads, f"dossier_code = '{CODE}'", {"dossier_code": "'F' || n", "seq": "0"}),
    (t.timeline, f"dossier_code = '{CODE}' AND seq = 1", {"dossier_code": "'F' || n"}),
    (t.opinions, "request_id = 'R1'", {"request_id": "'F' || n", "dossier_code": "'F' || n"}),
    (
        t.steps,
        f"dossier_code = '{CODE}'",
        {"dossier_code": "'F' || n", "step_id": "1000 + n", "closed_at": "opened_at"},
    ),
    (t.effects, "job_type = 'dossier.register'", {"element_instance_key": "1000 + n", "dossier_code": "'F' || n"}),
    (t.outbox, "message_id = 'm0'", {"message_id": "'F' || n", "dossier_code": "'F' || n", "state": "'sent'"}),
    (t.counters, "scope = 'n'", {"scope": "'F' || n"}),
)


def copies(table, source, changes):
    """Copy a row many times, with some of its columns another in each."""
    columns = [column.name for column in table.c if column.name != "id" or "id" in changes]
    values = [changes.get(name, f'"{name}"') for name in columns]
    names = ", ".join(f'"{name}"' for name in columns)
    found = f"(SELECT * FROM {table.name} WHERE {source} LIMIT 1) AS one"
    return (
        f"INSERT INTO {table.name} ({names}) SELECT {', '.join(values)} FROM {found}, generate_series(1, {MANY}) AS n"
    )


def rows_touched(node):
    """Add up the rows that the scans of a plan read, those they threw away included."""
    read = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    below = sum(rows_touched(one) for one in node.get("Plans", ()))
    return below + (read if node["Node Type"].endswith("Scan") else 0)


@pytest.mark.sqlite
async def test_counting_reads_an_index_only(registry, twelve):
    with registry.store._reads.connect() as connection:
        plan = connection.execute(
            text("EXPLAIN QUERY PLAN SELECT lead_unit, state, count(*) FROM dossiers GROUP BY lead_unit, state")
        )
        assert all("COVERING INDEX" in row.detail for row in plan)
