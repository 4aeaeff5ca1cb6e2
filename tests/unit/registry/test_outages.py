"""The server goes away, statements get stuck: nothing is half done, the work is asked for again and then goes on."""

from __future__ import annotations

import asyncio

import pytest

from workers.errors import Outage

pytestmark = pytest.mark.postgresql
CODE = "H29.15-250714-0001"
_FIELDS = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0"
_LAST_WORD = b"E" + (len(_FIELDS) + 4).to_bytes(4) + _FIELDS
"""What PostgreSQL sends a session before it closes the connection; the closing comes in a packet of its own."""
OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'dieuphoi'"


async def driver_of(transaction):
    return (await transaction.connection._connection.get_raw_connection()).driver_connection


async def test_a_connection_that_breaks_inside_a_transaction_leaves_nothing_and_the_next_one_works(
    registry, database, samples
):
    async def break_off():
        async with registry.write() as writer:
            await samples.file(writer)
            await asyncio.to_thread(database.change, OTHERS)
            await writer.next_number("n")

    with pytest.raises(Outage, match="sẽ được làm lại"):
        await break_off()
    assert await registry.latest.dossier(CODE) is None
    async with registry.write() as writer:
        await samples.file(writer)
        assert await writer.next_number("n") == 1


async def test_a_commit_over_a_broken_connection_is_an_outage(registry, database, samples):
    transaction = await registry.begin()
    await samples.file(transaction.writer)
    await asyncio.to_thread(database.change, OTHERS)
    with pytest.raises(Outage):
        await transaction.commit()
    assert await registry.latest.dossier(CODE) is None


async def test_a_commit_between_the_last_word_of_a_server_and_its_hanging_up_is_an_outage(registry, samples):
    transaction = await registry.begin()
    await samples.file(transaction.writer)
    (await driver_of(transaction))._protocol.data_received(_LAST_WORD)
    with pytest.raises(Outage):
        await transaction.commit()
    assert await registry.latest.dossier(CODE) is None


async def test_a_free_connection_that_the_server_has_just_ended_costs_no_outage(registry, samples):
    transaction = await registry.begin()
    driver = await driver_of(transaction)
    await transaction.rollback()
    driver._protocol.data_received(_LAST_WORD)
    async with registry.write() as writer:
        await samples.file(writer)
    assert (await registry.latest.dossier(CODE)).code == CODE


async def test_a_server_that_crashes_and_comes_back_is_used_again(registry, database, samples):
    async with registry.write() as writer:
        await samples.file(writer)
    held = await registry.begin()
    assert await held.writer.next_number("n") == 1
    database.server.kill()
    try:
        with pytest.raises(Outage):
            await held.commit()
        for attempt in (registry.latest.dossier(CODE), registry.begin()):
            with pytest.raises(Outage):
                await attempt
    finally:
        database.server.start()
    assert (await registry.latest.dossier(CODE)).code == CODE
    async with registry.write() as writer:
        assert await writer.next_number("n") == 1


async def test_one_of_two_transactions_that_wait_for_each_other_is_asked_to_try_again(registry):
    async with registry.write() as writer:
        for scope in ("a", "b"):
            await writer.next_number(scope)
    one, other = await registry.begin(), await registry.begin()
    await one.writer.next_number("a")
    await other.writer.next_number("b")
    crossed = [asyncio.create_task(one.writer.next_number("b")), asyncio.create_task(other.writer.next_number("a"))]
    results = await asyncio.gather(*crossed, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Outage", "int"]
    for transaction, result in zip((one, other), results, strict=True):
        await (transaction.rollback() if isinstance(result, Outage) else transaction.commit())
    async with registry.write() as writer:
        assert [await writer.next_number(scope) for scope in ("a", "b")] == [3, 3]
