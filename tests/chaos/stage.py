"""Set the stage: a town with several workers, its own time, small disks and a connection that can be disturbed."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from tests.chaos import disk, faults
from tests.chaos.clock import ClockFile, TownClock
from tests.chaos.proxy import HOST, Proxy
from tests.engine.faults.town import Workers, open_town
from tests.postgres import PostgresServer
from workers.registry.engines import sqlite_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from pathlib import Path

    from tests.chaos.faults import Fault
    from tests.engine.faults.town import Town

PORT_OFFSET = 30
CREWS = 2
MEGABYTES = {"registry": 256, "documents": 384}


@dataclass
class Stage:
    """Hold the parts that faults befall. `disks`: those that can be filled, by name; `server`: the registry's."""

    town: Town
    clock: TownClock
    proxy: Proxy
    crews: list[Workers]
    disks: Mapping[str, Path]
    registry_file: Path
    server: PostgresServer | None

    @property
    def faults(self) -> list[Fault]:
        """List the faults that can happen here: no disk is filled where none could be mounted."""
        on_registry = faults.ON_SQLITE if self.server is None else faults.ON_POSTGRESQL
        everything = (*faults.EVERYWHERE, *faults.ON_SMALL_DISKS, *on_registry)
        return [fault for fault in everything if self.disks or not fault.small_disk]

    @property
    def database(self) -> PostgresServer:
        """Give the registry's server, where it has one."""
        assert self.server is not None
        return self.server

    def database_processes(self) -> list[psutil.Process]:
        """List the processes of the registry's server, its parent first."""
        parent = psutil.Process(self.database.pid)
        return [parent, *parent.children(recursive=True)]

    def engine_process(self, name: str) -> psutil.Process | None:
        """Find a process of the engine; None while it is down."""
        pid = self.town.stack.status().process(name).pid
        return psutil.Process(pid) if pid is not None else None

    async def engine_ready(self) -> bool:
        """Tell whether all of the engine answers; how often it failed to start amid the faults does not matter."""
        return (await asyncio.to_thread(self.town.stack.status)).ready

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Let connections through, workers work and time run until the end."""
        await self.proxy.start()
        time = asyncio.create_task(self.clock.run(self.town.stack))
        try:
            for crew in self.crews:
                crew.start()
            await asyncio.gather(*(crew.wait_ready() for crew in self.crews))
            yield
        finally:
            time.cancel()
            for crew in self.crews:
                await asyncio.to_thread(crew.close)
            await self.proxy.stop()


@contextmanager
def set_stage(place: Path, keep: Callable[[], bool], *, postgresql: bool = False) -> Iterator[Stage]:
    """Bring up everything but the workers in an empty folder, with the registry in a file or on PostgreSQL."""
    places = {"registry": place / "registry", "documents": place / "data" / "documents"}
    file = places["registry"] / "registry.db"
    with ExitStack() as stack:
        limited = [stack.enter_context(disk.small_disk(places[name], MEGABYTES[name])) for name in places]
        server = stack.enter_context(PostgresServer(parent=places["registry"])) if postgresql else None
        address = server.fresh_database() if server else sqlite_url(file)
        town = stack.enter_context(open_town(place, PORT_OFFSET, keep, address))
        clock = TownClock(ClockFile(place / "clock"))
        town.now = clock.now
        proxy = Proxy(town.stack.endpoints.ports.gateway + 1000, town.stack.endpoints.gateway)
        crews = [_crew(town, place, proxy, number) for number in range(CREWS)]
        yield Stage(town, clock, proxy, crews, places if all(limited) else {}, file, server)


def _crew(town: Town, place: Path, proxy: Proxy, number: int) -> Workers:
    environment = {
        **town.environment,
        "DIEUPHOI_GATEWAY_ADDRESS": f"{HOST}:{proxy.port}",
        "DIEUPHOI_METRICS_PORT": str(town.settings.metrics_port + 1000 + number),
        "DIEUPHOI_DRAIN_SECONDS": "5",
    }
    command = ("tests.chaos.timed_workers", str(place / "clock"))
    return Workers(environment, place / f"workers-{number}.log", command)
