"""Writers of a file that queue up share a commit: each still has all or nothing of its own."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import event

from workers.errors import Outage

pytestmark = pytest.mark.sqlite


@pytest.fixture
def commits(registry):
    """List the commits made."""
    made = []

    def note(connection, cursor, statement, parameters, context, executemany):
        if statement == "COMMIT":
            made.append(statement)

    event.listen(registry.store._writes, "before_cursor_execute", note)
    return made


async def mint(registry, scope="n", fail=False):
    async with registry.write() as writer:
        number = await writer.next_number(scope)
        if fail:
            raise LookupError
    return number


async def test_writers_that_queue_share_a_commit(registry, commits):
    numbers = await asyncio.gather(*(mint(registry) for _ in range(20)))
    assert sorted(numbers) == list(range(1, 21))
    assert len(commits) < 5


async def test_a_lone_writer_does_not_wait_for_others(registry, commits):
    assert [await mint(registry) for _ in range(3)] == [1, 2, 3]
    assert len(commits) == 3


async def test_whoever_rolls_back_takes_nothing_from_the_others(registry):
    results = await asyncio.gather(*(mint(registry, fail=turn % 3 == 1) for turn in range(12)), return_exceptions=True)
    assert sorted(one for one in results if isinstance(one, int)) == list(range(1, 9))
    assert sum(isinstance(one, LookupError) for one in results) == 4
    assert await mint(registry) == 9


async def test_nobody_is_told_of_a_commit_before_it_is_on_the_disk(registry, database):
    first, second = await registry.begin(), asyncio.create_task(registry.begin())
    await first.writer.next_number("n")
    waiting = asyncio.create_task(first.commit())
    transaction = await second
    assert not waiting.done()
    assert (await asyncio.to_thread(database.value, "SELECT count(*) FROM counters")) == "0"
    await transaction.rollback()
    await waiting
    assert database.value("SELECT value FROM counters") == "1"


async def test_a_broken_reference_fails_with_all_that_shared_its_commit_and_nothing_else(registry, samples):
    async def orphan():
        async with registry.write() as writer:
            await writer.add_dossier(samples.dossier(submission_id="nowhere"))

    results = await asyncio.gather(mint(registry), orphan(), mint(registry), return_exceptions=True)
    assert all(isinstance(one, Exception) for one in results)
    assert await mint(registry) == 1


async def test_a_transaction_that_sqlite_gave_up_is_told_to_its_members_and_to_nobody_else(registry):
    first, *queued = await registry.begin(), *(asyncio.create_task(registry.begin()) for _ in range(2))
    await first.writer.next_number("n")
    told = asyncio.create_task(first.commit())
    second = await queued[0]
    second.connection._connection.exec_driver_sql("ROLLBACK")  # as SQLite does on a full disk
    with pytest.raises(Outage):
        await second.commit()
    third = await queued[1]
    await third.writer.next_number("m")
    await third.commit()
    with pytest.raises(Outage):
        await told
    assert await mint(registry, "m") == 2
    assert await mint(registry) == 1
