"""Measure the whole way of a dossier with people who answer at once: dossiers a second, jobs, processor time."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil
from sqlalchemy import func, select

from tests.bench.engine import PORT_OFFSET, Broker, cpu_seconds, lone_broker
from tests.bench.start import aim
from tests.engine.clerks import USER_TASK, Clerks, copy_rules_with_tasks_as_jobs
from tests.engine.faults.town import ENDED, EXAMPLES, SIMPLE, PostOffice, Workers, mix
from workers import intake
from workers.app import open_services
from workers.registry import tables as t
from workers.registry.schema import migrate
from workers.runtime.channel import open_channel
from workers.settings import load_settings
from workers.station import deploy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from workers.settings import Settings
    from workers.workplace import Services

HANDS = 8
LOOK_AGAIN_SECONDS = 0.1
PATIENCE = 600.0
AIMS = {"dossiers": 15.0, "jobs": 35.0, "engine_cpu": 0.1}


@dataclass(frozen=True)
class Cost:
    """Hold counters at one moment."""

    at: float
    jobs: float
    people: float
    engine: float
    compiler: float
    workers: float


async def measure(folder: Path, *, quick: bool) -> dict[str, Any]:
    """Send sample dossiers through all their steps, a few first so that the engine is warm."""
    warm_up, count = (4, 4) if quick else (300, 300)
    home = folder / "home"
    home.mkdir()
    copy_rules_with_tasks_as_jobs(home)
    with lone_broker(folder / "engine") as broker:
        settings = load_settings(**_given(home, folder, broker))
        settings.data.mkdir()
        await migrate(settings.database)
        await deploy(settings)
        with _town(settings, folder) as workers:
            async with open_services(settings) as services, _clerks(services, settings):
                worker = psutil.Process(workers.pid)
                await workers.wait_ready()
                await _finish(services, warm_up)
                await _submit(services, count)
                before = _cost(broker, worker)
                await _all_ended(services)
                after = _cost(broker, worker)
    return {
        "dossiers": count,
        "warm_up": warm_up,
        "seconds": after.at - before.at,
        "jobs": (after.jobs - before.jobs) / count,
        "people": (after.people - before.people) / count,
        "engine_cpu": (after.engine - before.engine) / count,
        "compiler_cpu": (after.compiler - before.compiler) / count,
        "worker_cpu": (after.workers - before.workers) / count,
    }


def _given(home: Path, folder: Path, broker: Broker) -> dict[str, Any]:
    return {
        "home": home,
        "data_dir": folder / "data",
        "gateway_address": broker.gateway,
        "engine_port_offset": PORT_OFFSET,
        "smtp_port": 1025 + PORT_OFFSET,
        "metrics_port": 9464 + PORT_OFFSET,
        "log_format": "json",
    }


@contextmanager
def _town(settings: Settings, folder: Path) -> Iterator[Workers]:
    names = ("home", "data_dir", "gateway_address", "engine_port_offset", "smtp_port", "metrics_port", "log_format")
    variables = {f"DIEUPHOI_{name.upper()}": str(getattr(settings, name)) for name in names}
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], **variables}
    workers = Workers(environment, folder / "workers.log")
    post = PostOffice(settings.data / "mail", 1025 + PORT_OFFSET, 8026 + PORT_OFFSET)
    try:
        post.open()
        workers.start()
        yield workers
    finally:
        workers.close()
        post.close()


@asynccontextmanager
async def _clerks(services: Services, settings: Settings) -> AsyncIterator[None]:
    async with open_channel(settings, "") as channel, asyncio.TaskGroup() as group:
        clerks = Clerks(services, channel)
        hands = [group.create_task(clerks.work()) for _ in range(HANDS)]
        try:
            yield
        finally:
            for hand in hands:
                hand.cancel()
            await clerks.close()


async def _finish(services: Services, count: int) -> None:
    await _submit(services, count)
    await _all_ended(services)


async def _submit(services: Services, count: int) -> None:
    for name in mix(count, SIMPLE):
        await intake.submit(services, EXAMPLES / name)


async def _all_ended(services: Services) -> None:
    """Wait until every submission has become a dossier whose way is at its end."""
    async with asyncio.timeout(PATIENCE):
        while await _left(services):  # noqa: ASYNC110 - what is waited for lives in other processes
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


async def _left(services: Services) -> int:
    read, d = services.registry.latest, t.dossiers.c
    submitted = await read.rows(select(func.count().label("n")).select_from(t.submissions))
    ended = await read.rows(select(func.count().label("n")).where(d.state.in_(ENDED)))
    held = await read.rows(select(func.count().label("n")).where(t.steps.c.closed_at.is_(None)))
    return max(int(submitted[0]["n"]) - int(ended[0]["n"]), int(held[0]["n"]))


def _cost(broker: Broker, worker: psutil.Process) -> Cost:
    return Cost(
        at=time.perf_counter(),
        jobs=broker.completed_jobs(),
        people=broker.completed_jobs(USER_TASK),
        engine=broker.cpu_seconds(),
        compiler=broker.compiler_seconds(),
        workers=cpu_seconds(worker),
    )


def table(data: dict[str, Any]) -> list[str]:
    """Write the figures as Markdown."""
    rate = data["dossiers"] / data["seconds"]
    jobs = data["jobs"] - data["people"]
    seconds = (
        "–" if data[name] is None else f"{data[name]:.3f}" for name in ("engine_cpu", "compiler_cpu", "worker_cpu")
    )
    cells = [f"{rate:.1f}", f"{jobs:.1f}", f"{data['people']:.1f}", *seconds]
    header = "| dossiers/s | jobs of workers | answers of people | engine CPU, s | of it compiling | worker CPU, s |"
    return [
        f"{data['dossiers']} dossiers ({', '.join(SIMPLE)} in turn), ledger on SQLite, one worker process, a broker",
        "without OpenSearch; user tasks are drawn as jobs and answered at once. Jobs and CPU are those of one dossier;",
        f"{data['warm_up']} went before, and the engine's CPU still holds what Java spends on compiling.",
        "",
        header,
        "|--:|--:|--:|--:|--:|--:|",
        f"| {' | '.join(cells)} |",
        "",
        aim("dossiers a second on two cores", rate, AIMS["dossiers"], most=False),
        aim("jobs a dossier", jobs, AIMS["jobs"], most=True),
        aim("engine CPU seconds a dossier", data["engine_cpu"], AIMS["engine_cpu"], most=True),
    ]
