"""Several processes on one database, some of them killed: what was acknowledged stays, nothing is half done."""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from workers.registry.database import Registry
from workers.registry.engines import sqlite_url
from workers.registry.unit_of_work import RegistryUnit

MINTER = Path(__file__).with_name("mint_numbers.py")
SCOPE = "H29.15-250714"


async def start(url, rounds, name):
    return await asyncio.create_subprocess_exec(
        sys.executable, str(MINTER), url, str(rounds), name, stdout=asyncio.subprocess.PIPE
    )


async def numbers_of(process):
    printed, _ = await asyncio.wait_for(process.communicate(), 60)
    # A line cut by the kill was not acknowledged.
    return [int(line) for line in printed.decode().splitlines(keepends=True) if line.endswith("\n")]


async def kept(registry):
    return [int(entry.name) for entry in await registry.latest.timeline("shared")]


async def test_processes_at_once_mint_without_gap_or_duplicate(registry, database):
    processes = [await start(database.url, 40, f"p{number}") for number in range(3)]
    minted = [await numbers_of(process) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sorted(number for printed in minted for number in printed) == list(range(1, 121))
    assert await kept(registry) == list(range(1, 121))
    assert await registry.latest.verify_timeline() == []


async def test_killed_processes_lose_no_acknowledged_number_and_leave_no_gap(registry, database):
    chance = random.Random(3)
    acknowledged = []
    for generation in range(2):
        processes = [await start(database.url, 100_000, f"g{generation}.{number}") for number in range(2)]
        for process in processes:
            await asyncio.wait_for(process.stdout.readline(), 60)  # it works by now
        await asyncio.sleep(chance.uniform(0.02, 0.2))  # how far it gets is chance on purpose
        for process in processes:
            process.send_signal(signal.SIGKILL)
            acknowledged += await numbers_of(process)
    numbers = await kept(registry)
    assert numbers == list(range(1, len(numbers) + 1))
    assert set(acknowledged) <= set(numbers)
    assert len(acknowledged) == len(set(acknowledged))
    async with registry.write() as writer:
        assert await writer.next_number(SCOPE) == len(numbers) + 1
    assert await registry.latest.verify_timeline() == []
    assert await registry.damage() == []


async def test_a_process_killed_inside_a_transaction_leaves_nothing_of_it(registry, database, samples):
    hold = (
        "import asyncio, sys\n"
        "from workers.registry.database import Registry\n"
        "async def main():\n"
        "    registry = await Registry.connect(sys.argv[1])\n"
        "    transaction = await registry.begin()\n"
        "    await transaction.writer.next_number('n')\n"
        "    print('holding', flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", hold, database.url, stdout=asyncio.subprocess.PIPE
    )
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"holding\n"
    waiting = asyncio.create_task(registry.begin())
    process.kill()
    await process.wait()
    transaction = await asyncio.wait_for(waiting, 20)
    assert await transaction.writer.next_number("n") == 1
    await transaction.commit()


async def test_what_a_unit_committed_is_there_after_the_program_starts_again(registry, database, samples):
    unit = RegistryUnit(registry, "dossier.register", samples.job())
    await samples.file(await unit.writer())
    await unit.commit({"dossier_code": "H29.15-250714-0001"})
    again = await Registry.connect(database.url)
    try:
        stored = await RegistryUnit(again, "dossier.register", samples.job(key=2)).stored_result()
    finally:
        await again.close()
    assert stored == {"dossier_code": "H29.15-250714-0001"}


@pytest.mark.sqlite
async def test_a_commit_is_on_the_disk_before_it_is_acknowledged(registry):
    connection = await registry.begin()
    pragmas = {}
    for name in ("synchronous", "journal_mode", "foreign_keys"):
        result = connection.connection._connection.exec_driver_sql(f"PRAGMA {name}")
        pragmas[name] = result.scalar_one()
    await connection.rollback()
    assert pragmas == {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1}


@pytest.mark.postgresql
async def test_a_commit_is_on_the_servers_disk_before_it_is_acknowledged_whatever_the_server_is_set_to(database):
    database.change(f"ALTER DATABASE {database.name} SET synchronous_commit = off")
    registry = await Registry.connect(database.url)
    transaction = await registry.begin()
    result = await transaction.connection.execute(text("SHOW synchronous_commit"))
    await transaction.rollback()
    await registry.close()
    assert result.scalar_one() == "on"


@pytest.mark.sqlite
async def test_a_backup_of_a_registry_in_use_is_whole_and_opens(registry, samples, tmp_path):
    async with registry.write() as writer:
        await samples.file(writer)
        await writer.record_event(samples.event())
    held = await registry.begin()
    await samples.file(held.writer, "not committed")
    target = tmp_path / "copy.sqlite"
    await registry.backup(target)
    await held.rollback()
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["copy.sqlite"]
    assert target.stat().st_mode & 0o777 == 0o600
    copy = await Registry.connect(sqlite_url(target))
    try:
        assert await copy.latest.dossier("H29.15-250714-0001") is not None
        assert await copy.latest.dossier("not committed") is None
        assert await copy.damage() == []
        assert await copy.latest.verify_timeline() == []
    finally:
        await copy.close()


@pytest.mark.sqlite
async def test_damage_to_the_file_is_told(registry, database, samples):
    async with registry.write() as writer:
        await samples.file(writer)
    connection = sqlite3.connect(database.path)
    with connection:
        connection.execute("DELETE FROM submissions")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    connection.close()
    damage = await registry.damage()
    assert any("applicants" in line for line in damage)
    await registry.close()
    content = bytearray(database.path.read_bytes())
    content[4096:12288] = b"\x07" * 8192
    database.path.write_bytes(content)
    assert any("bị hỏng" in line for line in await registry.damage())
