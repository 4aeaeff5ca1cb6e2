"""Scale out: three brokers, three worker processes, one registry; a leader dies under load and comes back."""

from __future__ import annotations

import asyncio
import signal
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.clerks import USER_TASK, clerks_at_work, copy_rules_with_tasks_as_jobs, environment
from tests.engine.cluster.brokers import Cluster
from tests.engine.faults.soundness import assert_sound
from tests.engine.faults.town import PATIENCE, PostOffice, Town, Workers, mix
from tests.postgres import PostgresServer, programs
from workers.registry.schema import migrate
from workers.settings import Settings, load_settings
from workers.station import deploy

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import AsyncIterator, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from workers.workplace import Services

SMTP_PORT, TEXTS_PORT, METRICS_PORT = 1025 + 110, 8026 + 110, 9464 + 110
PROCESSES = 3
BEFORE, MEANWHILE, AFTER = 8, 8, 4
SHORT = 0.05


@dataclass
class ClusterTown(Town):
    """A town over a cluster, with several processes of workers."""

    stack: Cluster
    processes: list[Workers] = field(default_factory=list)

    @asynccontextmanager
    async def caught_at_work(self) -> AsyncIterator[Counter[int]]:
        """Hold all workers still at a moment when they have jobs in hand; gives how many by partition."""
        async with asyncio.timeout(PATIENCE):
            while True:
                self._send_all(signal.SIGSTOP)
                try:
                    if held := +await self.stack.jobs_in_hand(besides=USER_TASK):
                        yield held
                        return
                finally:
                    self._send_all(signal.SIGCONT)
                await asyncio.sleep(SHORT)

    def _send_all(self, number: int) -> None:
        for workers in self.processes:
            workers.send(number)

    async def incidents(self) -> list[Any]:
        count = await self.stack.incidents()
        return [count] if count else []

    def staff(self, services: Services) -> AbstractAsyncContextManager[None]:
        return clerks_at_work(services, self.settings)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[ClusterTown]:
    home = tmp_path / "home"
    home.mkdir()
    copy_rules_with_tasks_as_jobs(home)
    with ExitStack() as opened:
        cluster = Cluster(tmp_path / "cluster")
        opened.callback(cluster.stop)
        cluster.start()
        given = {
            "home": home,
            "data_dir": tmp_path / "data",
            "gateway_address": cluster.gateway,
            "smtp_port": SMTP_PORT,
            "gateway_sink_port": TEXTS_PORT,
            "log_format": "json",
        }
        if programs():
            given["database_url"] = opened.enter_context(PostgresServer()).fresh_database()
        settings = load_settings(**given)
        settings.data.mkdir()
        post = PostOffice(settings.data / "mail", settings.smtp_port, settings.gateway_sink_port)
        opened.callback(post.close)
        post.open()
        asyncio.run(cluster.complete())
        asyncio.run(prepare(settings))
        processes = [
            Workers(environment({**given, "metrics_port": METRICS_PORT + number}), tmp_path / f"workers-{number}.log")
            for number in range(PROCESSES)
        ]
        for workers in processes:
            opened.callback(workers.close)
            workers.start()
        for workers in processes:
            asyncio.run(workers.wait_ready())
        yield ClusterTown(settings, cluster, processes[0], post, {}, processes=processes)


async def prepare(settings: Settings) -> None:
    await migrate(settings.database)
    await deploy(settings)


async def test_a_dead_leader_loses_nothing_and_comes_back(town: ClusterTown) -> None:
    cluster = town.stack
    async with town.open() as services, town.staff(services):
        codes = await town.registered(services, await town.submit(services, mix(BEFORE)))
        submissions = await town.submit(services, mix(MEANWHILE))
        async with town.caught_at_work() as held:
            ((partition, jobs),) = held.most_common(1)
            node = (await cluster.leaders())[partition]
            cluster.brokers[node].kill()
        assert jobs > 0
        await cluster.led_by_another(partition, node)
        codes += await town.registered(services, submissions)
        cluster.brokers[node].start()
        await cluster.complete()
        codes += await town.registered(services, await town.submit(services, mix(AFTER)))
        await town.finished(services, codes)
        await town.letters_settled(services)
        await assert_sound(town, services)
