"""The disk of a registry in a file is full: nothing is half done, the work is asked for again and then goes on."""

from __future__ import annotations

import asyncio
import resource
from contextlib import contextmanager

import pytest

from workers.errors import Outage
from workers.registry.unit_of_work import RegistryUnit

pytestmark = pytest.mark.sqlite
CODE = "H29.15-250714-0001"
LONG = "Nội dung ví dụ. " * 4000


@contextmanager
def full_disk(registry):
    """SQLite says the same when the file may have no further pages."""
    driver = registry.store._writer
    before = driver.exec_driver_sql("PRAGMA max_page_count").scalar()
    driver.exec_driver_sql("PRAGMA max_page_count = 1")
    yield
    driver.exec_driver_sql(f"PRAGMA max_page_count = {before}")


@contextmanager
def no_longer_files():
    """The system refuses to make any file longer: SQLite meets that at the commit, after all statements went well."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def file_long(registry, samples):
    async with registry.write() as writer:
        await samples.file(writer, title=LONG)


async def test_a_statement_that_finds_no_room_is_an_outage_that_names_the_disk(registry, samples):
    with full_disk(registry), pytest.raises(Outage, match="Ổ đĩa"):
        await file_long(registry, samples)
    assert await registry.latest.dossier(CODE) is None
    await file_long(registry, samples)
    assert (await registry.latest.dossier(CODE)).title == LONG


async def test_a_result_that_finds_no_room_is_an_outage_and_leaves_no_effect(registry, samples):
    job = samples.job()
    with full_disk(registry):
        unit = RegistryUnit(registry, job.type, job)
        await unit.writer()
        with pytest.raises(Outage):
            await unit.commit({"text": LONG})
    again = RegistryUnit(registry, job.type, job)
    assert await again.stored_result() is None
    await again.writer()
    await again.commit({"text": LONG})
    assert await again.stored_result() == {"text": LONG}


async def test_a_commit_that_the_disk_does_not_take_is_an_outage(registry, samples):
    with no_longer_files(), pytest.raises(Outage):
        await file_long(registry, samples)
    assert await registry.latest.dossier(CODE) is None
    await file_long(registry, samples)
    assert (await registry.latest.dossier(CODE)).title == LONG


async def test_whoever_shared_the_transaction_that_found_no_room_is_told_of_an_outage_too(registry, samples):
    first, second = await registry.begin(), asyncio.create_task(registry.begin())
    await first.writer.next_number("n")
    told = asyncio.create_task(first.commit())
    transaction = await second
    with full_disk(registry), pytest.raises(Outage):
        await samples.file(transaction.writer, title=LONG)
    await transaction.rollback()
    with pytest.raises(Outage):
        await told
    async with registry.write() as writer:
        assert await writer.next_number("n") == 1
