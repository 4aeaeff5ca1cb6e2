from __future__ import annotations

import asyncio

import pytest

from workers.errors import AlreadyDone
from workers.registry.unit_of_work import RegistryUnit

CODE = "H29.15-250714-0001"
TYPE = "dossier.register"


def unit(registry, samples, key=1, job_type=TYPE, element=2251799813685400):
    return RegistryUnit(registry, job_type, samples.job(element_instance_key=element, key=key))


async def test_a_second_delivery_finds_the_result_of_the_first(registry, samples):
    first = unit(registry, samples)
    assert await first.stored_result() is None
    writer = await first.writer()
    await samples.file(writer)
    await first.commit({"dossier_code": CODE, "danh_sách": ["Đủ"], "n": 1})
    assert await unit(registry, samples, key=2).stored_result() == {"dossier_code": CODE, "danh_sách": ["Đủ"], "n": 1}
    assert await unit(registry, samples, job_type="dossier.check").stored_result() is None
    assert await unit(registry, samples, element=7).stored_result() is None


async def test_the_late_one_of_two_deliveries_gets_the_stored_result_and_writes_nothing(registry, samples):
    first, second = unit(registry, samples, key=1), unit(registry, samples, key=2)
    assert await first.stored_result() is None
    assert await second.stored_result() is None
    await samples.file(await first.writer())
    waiting = asyncio.create_task(second.writer())
    await first.commit({"dossier_code": CODE})
    with pytest.raises(AlreadyDone) as done:
        await waiting
    assert done.value.result == {"dossier_code": CODE}
    await second.rollback()
    async with registry.write() as writer:
        assert await writer.next_number("still writable") == 1


async def test_the_second_delivery_goes_on_when_the_first_rolled_back(registry, samples):
    first, second = unit(registry, samples, key=1), unit(registry, samples, key=2)
    assert await (await first.writer()).next_number("n") == 1
    waiting = asyncio.create_task(second.writer())
    await first.rollback()
    assert await (await waiting).next_number("n") == 1
    await second.commit({})
    assert await first.stored_result() == {}


async def test_many_deliveries_at_once_do_the_work_once(registry, samples):
    async def deliver(key):
        mine = unit(registry, samples, key=key)
        try:
            writer = await mine.writer()
            result = {"number": await writer.next_number("deliveries"), "by": key}
            await mine.commit(result)
        except AlreadyDone as done:
            return done.result
        return result

    results = await asyncio.gather(*(deliver(key) for key in range(8)))
    assert len({result["by"] for result in results}) == 1
    assert {result["number"] for result in results} == {1}


async def test_a_job_without_writer_leaves_no_trace(registry, samples):
    pure = unit(registry, samples)
    assert await pure.reader.dossier(CODE) is None
    await pure.commit({"ok": True})
    await pure.rollback()
    assert await pure.stored_result() is None


async def test_the_reader_sees_what_the_unit_wrote_and_nobody_else_does(registry, samples):
    mine = unit(registry, samples)
    await samples.file(await mine.writer())
    assert (await mine.reader.dossier(CODE)).code == CODE
    assert await registry.latest.dossier(CODE) is None
    await mine.rollback()
    assert await mine.reader.dossier(CODE) is None


async def test_two_calls_for_the_writer_at_once_open_one_transaction(registry, samples):
    mine = unit(registry, samples)
    one, two = await asyncio.gather(mine.writer(), mine.writer())
    assert one is two
    await mine.rollback()


async def test_a_result_that_is_no_json_changes_nothing(registry, samples):
    mine = unit(registry, samples)
    await samples.file(await mine.writer())
    with pytest.raises(Exception, match="JSON serializable"):
        await mine.commit({"when": object()})
    assert await registry.latest.dossier(CODE) is None
    assert await mine.stored_result() is None
    async with asyncio.timeout(10), registry.write():
        pass  # nobody holds the file any more


async def test_a_cancelled_handler_frees_the_file(registry, samples):
    started = asyncio.Event()

    async def handle():
        mine = unit(registry, samples)
        try:
            await samples.file(await mine.writer())
            started.set()
            await asyncio.Event().wait()
        except BaseException:
            await mine.rollback()
            raise

    task = asyncio.create_task(handle())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await registry.latest.dossier(CODE) is None
    async with registry.write() as writer:
        await samples.file(writer)


async def test_cancelling_at_any_moment_leaves_all_or_nothing_and_a_usable_registry(registry, samples):
    async def handle(key):
        async with registry.write() as writer:
            await writer.next_number("all")
            await writer.record_event(samples.event(f"{key}", code="C"))

    for turns in range(60):
        tasks = [asyncio.create_task(handle(turns * 2 + number)) for number in range(2)]
        for _ in range(turns):
            await asyncio.sleep(0)
        tasks[0].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    entries = await registry.latest.timeline("C")
    async with registry.write() as writer:
        assert await writer.next_number("all") == len(entries) + 1
    assert 60 <= len(entries) <= 120
    assert await registry.latest.verify_timeline() == []
