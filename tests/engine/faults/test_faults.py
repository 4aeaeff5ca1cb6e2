"""Break everything that can break while dossiers are on their way; in the end nothing is lost and nothing is twice."""

from __future__ import annotations

import asyncio
import random
import signal
from typing import TYPE_CHECKING

import pytest

from tests.engine.faults.soundness import assert_sound
from tests.engine.faults.town import SIMPLE, mix
from workers.engine.layout import BROKER, OPENSEARCH, WEBAPPS

if TYPE_CHECKING:
    from tests.engine.faults.town import Town

KILLS = 4
POLL_FAILURES = 12


async def test_killed_workers_lose_no_dossier_and_repeat_no_effect(town: Town) -> None:
    chance = random.Random(20261123)
    async with town.open() as services, town.staff(services):
        submissions = await town.submit(services, mix(12))
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.2, 2.5))
            town.workers.kill()
            town.workers.start()
            await town.workers.wait_ready()
        await town.time_out_jobs()
        codes = await town.registered(services, submissions)
        await town.finished(services, codes)
        await assert_sound(town, services)


async def test_a_killed_broker_loses_no_dossier(town: Town) -> None:
    chance = random.Random(8600)
    async with town.open() as services, town.staff(services):
        codes = await town.registered(services, await town.submit(services, mix(6)))
        pid = town.workers.pid
        await asyncio.sleep(chance.uniform(0.5, 3))
        await town.comes_back(BROKER, town.kill_engine())
        await town.finished(services, codes)
        assert town.workers.pid == pid
        await assert_sound(town, services)


@pytest.mark.parametrize("name", [OPENSEARCH, WEBAPPS])
async def test_without_search_or_screens_the_work_goes_on_and_screens_come_back(town: Town, name: str) -> None:
    async with town.open() as services, town.staff(services):
        submissions = await town.submit(services, mix(3))
        pid = town.kill_engine(name)
        codes = await town.registered(services, submissions)
        await town.comes_back(name, pid)
        await town.finished(services, codes)
        await assert_sound(town, services)


async def test_workers_outlast_a_long_outage_of_the_engine(town: Town) -> None:
    supervisor = town.supervisor()
    async with town.open() as services, town.staff(services):
        codes = await town.registered(services, await town.submit(services, mix(3, SIMPLE)))
        pid = town.workers.pid
        before = len(town.workers.lines())
        supervisor.suspend()
        try:
            broker = town.kill_engine()
            submissions = await town.submit(services, mix(1, SIMPLE))
            await _polls_failed(town, POLL_FAILURES)
            assert await town.workers.answer("/healthz") == 200
            assert await town.workers.answer("/readyz") == 503
        finally:
            supervisor.resume()
        await town.comes_back(BROKER, broker)
        codes += await town.registered(services, submissions)
        await town.finished(services, codes)
        assert town.workers.pid == pid
        reconnected = [line for line in town.workers.lines()[before:] if line["event"] == "worker.reconnected"]
        assert max(line["count"] for line in reconnected) > 10
        await assert_sound(town, services)


async def test_a_stop_hands_back_what_is_not_finished(town: Town) -> None:
    async with town.open() as services, town.staff(services):
        submissions = await town.submit(services, mix(8))
        await asyncio.sleep(1)
        town.workers.send(signal.SIGTERM)
        assert await asyncio.to_thread(town.workers.wait, 40) == 0
        town.workers.start()
        await town.workers.wait_ready()
        # No job has to time out before it is done: what was not finished was handed back at once.
        codes = await town.registered(services, submissions, seconds=30)
        await town.finished(services, codes, seconds=50)
        await assert_sound(town, services)
