"""Plan faults by a seed, and bring each about: something is killed, held still, cut, refused, filled or set wrong."""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import psutil

from tests.chaos import disk
from workers.engine.layout import BROKER, OPENSEARCH, WEBAPPS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from pathlib import Path

    from tests.chaos.stage import Stage
    from tests.engine.faults.town import Workers

MEAN_GAP_SECONDS = 4.0
SECONDS = (0.5, 10.0)


@dataclass(frozen=True)
class Fault:
    """Name a way things go wrong. `part`: what it befalls; a part has one fault at a time. `weight`: how often.

    `small_disk`: it needs disks that can be filled.
    """

    name: str
    part: str
    happen: Callable[[Stage, float, random.Random], Awaitable[None]]
    weight: float = 1
    small_disk: bool = False


@dataclass(frozen=True)
class Event:
    """Place a fault: seconds after the start, for how many seconds, and a seed for what else is drawn."""

    at: float
    fault: Fault
    seconds: float
    seed: int


def plan(seed: int, minutes: float, faults: Collection[Fault]) -> list[Event]:
    """Draw what happens when; the same seed draws the same."""
    chance = random.Random(seed)
    choices = sorted(faults, key=lambda fault: fault.name)
    weights = [fault.weight for fault in choices]
    events: list[Event] = []
    moment = chance.expovariate(1 / MEAN_GAP_SECONDS)
    while moment < minutes * 60:
        fault = chance.choices(choices, weights)[0]
        events.append(Event(moment, fault, chance.uniform(*SECONDS), chance.getrandbits(32)))
        moment += chance.expovariate(1 / MEAN_GAP_SECONDS)
    return events


# Workers


def _some(stage: Stage, chance: random.Random) -> Workers:
    return chance.choice(stage.crews)


async def _kill_workers(stage: Stage, seconds: float, chance: random.Random) -> None:
    workers = _some(stage, chance)
    workers.kill()
    await asyncio.sleep(seconds)
    workers.start()


async def _restart_workers(stage: Stage, _seconds: float, chance: random.Random) -> None:
    workers = _some(stage, chance)
    workers.send(signal.SIGTERM)
    await asyncio.to_thread(workers.wait)
    workers.start()


async def _pause_workers(stage: Stage, seconds: float, chance: random.Random) -> None:
    workers = _some(stage, chance)
    workers.send(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    workers.send(signal.SIGCONT)


async def _pause_workers_for_long(stage: Stage, seconds: float, chance: random.Random) -> None:
    """Hold workers still beyond the time of their jobs: others do them, then the first go on as if nothing was."""
    workers = _some(stage, chance)
    workers.send(signal.SIGSTOP)
    await asyncio.sleep(seconds / 2)
    stage.clock.leap(timedelta(minutes=chance.uniform(2, 8)))
    await asyncio.sleep(seconds / 2)
    workers.send(signal.SIGCONT)


# The engine


def _killer(name: str) -> Callable[[Stage, float, random.Random], Awaitable[None]]:
    async def kill(stage: Stage, _seconds: float, _chance: random.Random) -> None:
        process = stage.engine_process(name)
        if process is not None:
            process.kill()

    return kill


def _pauser(name: str) -> Callable[[Stage, float, random.Random], Awaitable[None]]:
    async def pause(stage: Stage, seconds: float, _chance: random.Random) -> None:
        process = stage.engine_process(name)
        if process is None:
            return
        process.suspend()
        await asyncio.sleep(seconds)
        if process.is_running() and process.status() == psutil.STATUS_STOPPED:
            process.resume()

    return pause


async def _cut_connections(stage: Stage, _seconds: float, _chance: random.Random) -> None:
    stage.proxy.cut()


async def _refuse_connections(stage: Stage, seconds: float, _chance: random.Random) -> None:
    await stage.proxy.stop()
    await asyncio.sleep(seconds)
    await stage.proxy.start()


async def _slow_connections(stage: Stage, seconds: float, chance: random.Random) -> None:
    stage.proxy.delay = chance.uniform(0.05, 2)
    await asyncio.sleep(seconds)
    stage.proxy.delay = 0


# Mail


async def _post_shut(stage: Stage, seconds: float, _chance: random.Random) -> None:
    await asyncio.to_thread(stage.town.post.shut)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(stage.town.post.open)


async def _post_busy(stage: Stage, _seconds: float, chance: random.Random) -> None:
    stage.town.post.faults.busy += chance.randint(1, 4)


async def _post_refuses(stage: Stage, _seconds: float, chance: random.Random) -> None:
    stage.town.post.faults.refuse += chance.randint(1, 2)


async def _post_breaks_off(stage: Stage, _seconds: float, chance: random.Random) -> None:
    stage.town.post.faults.fail_after_data += chance.randint(1, 2)


async def _post_slow(stage: Stage, seconds: float, chance: random.Random) -> None:
    stage.town.post.faults.delay = chance.uniform(0.5, 4)
    await asyncio.sleep(seconds)
    stage.town.post.faults.delay = 0


# Disks


def _filler(which: str) -> Callable[[Stage, float, random.Random], Awaitable[None]]:
    async def fill(stage: Stage, seconds: float, _chance: random.Random) -> None:
        folder: Path = stage.disks[which]
        disk.fill(folder)
        await asyncio.sleep(seconds)
        disk.free(folder)

    return fill


# Time


async def _time_passes(stage: Stage, _seconds: float, chance: random.Random) -> None:
    stage.clock.leap(timedelta(hours=chance.uniform(1, 30)))


async def _engine_clock_wrong(stage: Stage, seconds: float, chance: random.Random) -> None:
    stage.clock.set_wrong(engine=timedelta(minutes=chance.uniform(-120, 120)))
    await asyncio.sleep(seconds)
    stage.clock.set_wrong()


async def _workers_clock_wrong(stage: Stage, seconds: float, chance: random.Random) -> None:
    stage.clock.set_wrong(workers=timedelta(minutes=chance.uniform(-120, 120)))
    await asyncio.sleep(seconds)
    stage.clock.set_wrong()


# The registry


async def _file_locked(stage: Stage, seconds: float, _chance: random.Random) -> None:
    """Have somebody else hold the file's write lock."""
    with sqlite3.connect(stage.registry_file, isolation_level=None, timeout=60, check_same_thread=False) as other:
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        await asyncio.sleep(seconds)
        other.rollback()


async def _server_killed(stage: Stage, seconds: float, _chance: random.Random) -> None:
    for process in stage.database_processes():
        with suppress(psutil.Error):
            process.kill()
    stage.database.stop()
    await asyncio.sleep(seconds)
    await asyncio.to_thread(stage.database.start)


async def _connection_process_killed(stage: Stage, _seconds: float, chance: random.Random) -> None:
    """Kill one of the server's processes: it drops every connection and recovers by itself."""
    with suppress(psutil.Error):
        chance.choice(stage.database_processes()[1:]).kill()


async def _server_restarted(stage: Stage, seconds: float, _chance: random.Random) -> None:
    await asyncio.to_thread(stage.database.stop)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(stage.database.start)


async def _server_paused(stage: Stage, seconds: float, _chance: random.Random) -> None:
    held = stage.database_processes()
    for process in held:
        with suppress(psutil.Error):
            process.suspend()
    await asyncio.sleep(seconds)
    for process in held:
        with suppress(psutil.Error):
            process.resume()


async def _server_disk_full(stage: Stage, seconds: float, _chance: random.Random) -> None:
    """Fill the server's disk: without room for its log it ends, and somebody starts it when there is room again."""
    disk.fill(stage.disks["registry"])
    await asyncio.sleep(seconds)
    disk.free(stage.disks["registry"])
    await asyncio.to_thread(stage.database.stop)
    await asyncio.to_thread(stage.database.start)


EVERYWHERE = (
    Fault("workers killed", "workers", _kill_workers, 3),
    Fault("workers restarted", "workers", _restart_workers),
    Fault("workers paused", "workers", _pause_workers),
    Fault("workers paused beyond their jobs", "workers", _pause_workers_for_long, 2),
    Fault("engine killed", "engine", _killer(BROKER), 0.7),
    Fault("engine paused", "engine", _pauser(BROKER), 0.7),
    Fault("screens killed", "screens", _killer(WEBAPPS), 0.3),
    Fault("search killed", "search", _killer(OPENSEARCH), 0.3),
    Fault("search paused", "search", _pauser(OPENSEARCH), 0.5),
    Fault("connections cut", "connection", _cut_connections),
    Fault("connections refused", "connection", _refuse_connections),
    Fault("connections slow", "connection", _slow_connections),
    Fault("post office shut", "post", _post_shut),
    Fault("letters put off (4xx)", "post", _post_busy),
    Fault("letters refused (5xx)", "post", _post_refuses),
    Fault("letters broken off", "post", _post_breaks_off),
    Fault("post office slow", "post", _post_slow),
    Fault("time passes", "clock", _time_passes, 5),
    Fault("engine's clock wrong", "clock", _engine_clock_wrong),
    Fault("workers' clock wrong", "clock", _workers_clock_wrong),
)
ON_SMALL_DISKS = (Fault("documents' disk full", "documents", _filler("documents"), small_disk=True),)
ON_SQLITE = (
    Fault("registry locked", "registry", _file_locked),
    Fault("registry's disk full", "registry", _filler("registry"), small_disk=True),
)
ON_POSTGRESQL = (
    Fault("registry killed", "registry", _server_killed),
    Fault("registry's process killed", "registry", _connection_process_killed),
    Fault("registry restarted", "registry", _server_restarted, 0.5),
    Fault("registry paused", "registry", _server_paused),
    Fault("registry's disk full", "registry", _server_disk_full, 0.5, small_disk=True),
)
