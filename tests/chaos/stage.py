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
from workers.registry.engines import sqlite_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from pathlib import Path

    from tests.chaos.faults import Fault
    from tests.engine.faults.town import Town

PORT_OFFSET = 30
CREWS = 2
REGISTRY_MEGABYTES, DOCUMENTS_MEGABYTES = 192, 384


@dataclass
class Stage:
    """Hold the parts that faults befall. `disks`: those that can be filled, by name."""

    town: Town
    clock: TownClock
    proxy: Proxy
    crews: list[Workers]
    disks: Mapping[str, Path]
    registry_file: Path

    @property
    def faults(self) -> list[Fault]:
        """List the faults that can happen here."""
        on_disks = faults.ON_SMALL_DISKS if self.disks else ()
        return [*faults.EVERYWHERE, *on_disks, *faults.ON_SQLITE]

    def engine_process(self, name: str) -> psutil.Process | None:
        """Find a process of the engine; None while it is down."""
        pid = self.town.stack.status().process(name).pid
        return psutil.Process(pid) if pid is not None else None

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
def set_stage(place: Path, keep: Callable[[], bool]) -> Iterator[Stage]:
    """Bring up everything but the workers in an empty folder."""
    places = {"registry": place / "registry", "documents": place / "data" / "documents"}
    sizes = {"registry": REGISTRY_MEGABYTES, "documents": DOCUMENTS_MEGABYTES}
    file = place / "registry" / "registry.db"
    with ExitStack() as stack:
        limited = [stack.enter_context(disk.small_disk(places[name], sizes[name])) for name in places]
        town = stack.enter_context(open_town(place, PORT_OFFSET, keep, sqlite_url(file)))
        clock = TownClock(ClockFile(place / "clock"))
        town.now = clock.now
        proxy = Proxy(town.stack.endpoints.ports.gateway + 1000, town.stack.endpoints.gateway)
        crews = [_crew(town, place, proxy, number) for number in range(CREWS)]
        yield Stage(town, clock, proxy, crews, places if all(limited) else {}, file)


def _crew(town: Town, place: Path, proxy: Proxy, number: int) -> Workers:
    environment = {
        **town.environment,
        "DIEUPHOI_GATEWAY_ADDRESS": f"{HOST}:{proxy.port}",
        "DIEUPHOI_METRICS_PORT": str(town.settings.metrics_port + 1000 + number),
        "DIEUPHOI_DRAIN_SECONDS": "5",
    }
    command = ("tests.chaos.timed_workers", str(place / "clock"))
    return Workers(environment, place / f"workers-{number}.log", command)
