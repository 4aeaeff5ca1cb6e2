"""Break everything that can break while dossiers are on their way; in the end nothing is lost and nothing is twice."""

from __future__ import annotations

import asyncio
import random
import shutil
import signal
import unicodedata
from typing import TYPE_CHECKING

import httpx2
from sqlalchemy import select

from tests.engine.faults.soundness import assert_sound
from tests.engine.faults.town import SIMPLE, mix, personal_data
from workers.engine.layout import BROKER, OPENSEARCH, WEBAPPS
from workers.registry import tables as t
from workers.registry.outbox import OutboxState

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.faults.town import Town
    from tests.postgres import PostgresServer

KILLS = 4
PYZEEBE_GIVES_UP_AFTER = 10
LONG_OUTAGE_SECONDS = 45


async def test_killed_workers_lose_no_dossier_and_repeat_no_effect(town: Town) -> None:
    chance = random.Random(20261123)
    async with town.open() as services, town.staff(services):
        submissions = await town.submit(services, mix(10))
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.2, 2.5))
            town.workers.kill()
            town.workers.start()
            await town.workers.wait_ready()
        await town.time_out_jobs()
        codes = await town.registered(services, submissions)
        await town.finished(services, codes)
        await assert_sound(town, services)


async def test_three_processes_share_engine_and_registry_and_one_of_them_is_killed(town: Town) -> None:
    async with town.open() as services, town.staff(services), town.more_workers(2) as others:
        submissions = await town.submit(services, mix(24))
        await town.registered(services, submissions[:8])
        others[0].kill()
        await town.time_out_jobs()
        codes = await town.registered(services, submissions[8:])
        await town.finished(services, town.codes)
        assert len(codes) == len(set(codes)) == 16
        for process in (town.workers, *others):
            assert "job.completed" in {line["event"] for line in process.lines()}
        await town.letters_settled(services)
        await assert_sound(town, services)


async def test_a_registry_that_crashes_and_comes_back_loses_no_dossier(town: Town, server: PostgresServer) -> None:
    chance = random.Random(5432)
    async with town.open() as services:
        submissions = await town.submit(services, mix(6))
        pid = town.workers.pid
        await asyncio.sleep(chance.uniform(0.5, 3))
        server.kill()
        await town.workers.until_answer("/readyz", httpx2.codes.SERVICE_UNAVAILABLE)
        server.start()
        await town.workers.wait_ready()
        async with town.staff(services):
            codes = await town.registered(services, submissions)
            await town.finished(services, codes)
        assert town.workers.pid == pid
        await assert_sound(town, services)


async def test_a_killed_broker_loses_no_dossier(town: Town) -> None:
    chance = random.Random(8600)
    async with town.open() as services, town.staff(services):
        codes = await town.registered(services, await town.submit(services, mix(4)))
        pid = town.workers.pid
        await asyncio.sleep(chance.uniform(0.5, 3))
        await town.comes_back(BROKER, town.kill_engine())
        await town.finished(services, codes)
        assert town.workers.pid == pid
        await assert_sound(town, services)


async def test_without_search_and_screens_the_work_goes_on_and_they_come_back(town: Town) -> None:
    async with town.open() as services, town.staff(services):
        submissions = await town.submit(services, mix(3))
        killed = {name: town.kill_engine(name) for name in (OPENSEARCH, WEBAPPS)}
        codes = await town.registered(services, submissions)
        for name, pid in killed.items():
            await town.comes_back(name, pid)
        await town.finished(services, codes)
        await assert_sound(town, services)


async def test_workers_outlast_a_long_outage_of_the_engine(town: Town) -> None:
    async with town.open() as services, town.staff(services):
        codes = await town.registered(services, await town.submit(services, mix(2, SIMPLE)))
        pid, before = town.workers.pid, len(town.workers.lines())
        with town.nobody_restarts_the_engine():
            broker = town.kill_engine()
            submissions = await town.submit(services, mix(1, SIMPLE))
            await town.workers.unanswered_for(LONG_OUTAGE_SECONDS)
            assert await town.workers.answer("/healthz") == httpx2.codes.OK
            assert await town.workers.answer("/readyz") == httpx2.codes.SERVICE_UNAVAILABLE
        await town.comes_back(BROKER, broker)
        codes += await town.registered(services, submissions)
        await town.finished(services, codes)
        assert town.workers.pid == pid
        reconnected = [line for line in town.workers.lines()[before:] if line["event"] == "worker.reconnected"]
        assert min(line["count"] for line in reconnected) > PYZEEBE_GIVES_UP_AFTER
        await assert_sound(town, services)


async def test_a_stop_hands_back_what_is_not_finished(town: Town) -> None:
    async with town.open() as services, town.staff(services):
        timed_out = await town.timed_out_jobs()
        submissions = await town.submit(services, mix(5))
        await asyncio.sleep(random.Random(15).uniform(0.5, 1.5))
        town.workers.send(signal.SIGTERM)
        assert await asyncio.to_thread(town.workers.wait) == 0
        assert not await services.registry.latest.rows(select(t.outbox.c.id).where(t.outbox.c.state == "sending"))
        town.workers.start()
        codes = await town.registered(services, submissions)
        await town.finished(services, codes)
        assert await town.timed_out_jobs() == timed_out
        await assert_sound(town, services)


async def test_each_letter_goes_out_once_through_every_fault_of_the_mail_server(town: Town) -> None:
    async with town.open() as services, town.staff(services):
        await town.letters_settled(services)
        before = await town.letter_states(services)
        faults = town.post.faults
        faults.delay, faults.busy, faults.refuse, faults.fail_after_data = 0.5, 2, 1, 2
        codes = await town.registered(services, await town.submit(services, mix(3, SIMPLE)))
        town.post.shut()
        await town.until_put_off(services)
        town.post.open()
        await town.finished(services, codes)
        await town.letters_settled(services)
        faults.delay = 0
        assert (faults.busy, faults.refuse, faults.fail_after_data) == (0, 0, 0)
        after = await town.letter_states(services)
        assert after[OutboxState.FAILED] - before[OutboxState.FAILED] == 1
        assert after[OutboxState.UNKNOWN] - before[OutboxState.UNKNOWN] == 2
        await assert_sound(town, services)


async def test_what_was_saved_half_way_is_put_back_after_all_is_lost_and_the_dossiers_are_finished(
    town: Town, server: PostgresServer, tmp_path: Path
) -> None:
    async with town.open() as services:
        codes = await town.registered(services, await town.submit(services, mix(6)))
    town.workers.send(signal.SIGTERM)
    assert await asyncio.to_thread(town.workers.wait) == 0
    await asyncio.to_thread(town.stack.down)
    code, said = await asyncio.to_thread(town.type, "backup", str(tmp_path / "saved"))
    assert code == 0, said

    await asyncio.to_thread(town.stack.wipe)
    shutil.rmtree(town.settings.data / "documents")
    server.lose(town.settings.database)
    code, said = await asyncio.to_thread(town.type, "restore", str(tmp_path / "saved"))
    assert code == 0, said

    await asyncio.to_thread(town.stack.up)
    town.workers.start()
    await town.workers.wait_ready()
    async with town.open() as services, town.staff(services):
        await town.finished(services, codes)
        await assert_sound(town, services)


async def test_in_the_end_a_person_settles_what_nobody_can_know_and_the_doctor_is_content(town: Town) -> None:
    async with town.open() as services:
        await town.a_person_decides(services)
        await town.letters_settled(services)
        states = await town.letter_states(services)
        assert set(states) == {OutboxState.SENT}
        assert sorted(town.post.letters()) == sorted(set(town.post.letters()))
        assert len(town.post.letters()) == states[OutboxState.SENT]
    code, said = await asyncio.to_thread(town.doctor)
    assert code == 0, said
    assert "CHƯA ỔN" not in said


def test_no_log_of_all_this_names_an_applicant(town: Town) -> None:
    personal = set(personal_data())
    assert len(personal) > 30
    logs = [town.workers.log, *town.stack.layout.logs.glob("*.log")]
    assert len(logs) > 3
    assert town.codes[0] in town.workers.log.read_text("utf-8")
    for log in logs:
        text = unicodedata.normalize("NFC", log.read_text("utf-8", errors="replace"))
        assert [value for value in personal if value in text] == [], log.name
