"""Answer jobs in one of the ways that are compared: python -m tests.bench.clients WAY GATEWAY DATABASE TYPE…

Runs until it is told to stop; says `ready` when it polls.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from pyzeebe import ZeebeWorker, create_insecure_channel

from workers.app import utc_now
from workers.contract import Contract, Variables
from workers.registry.database import Registry
from workers.registry.schema import migrate
from workers.registry.unit_of_work import RegistryUnit
from workers.runtime.catalog import Catalog, JobSpec
from workers.runtime.channel import open_channel
from workers.runtime.logging import configure_logging
from workers.runtime.metrics import Metrics
from workers.runtime.runner import Runner, RunnerOptions
from workers.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FETCHED = ("dossier_code", "title", "count")


class BenchIn(Variables):
    """Read what every client of the comparison reads."""

    dossier_code: str
    title: str
    count: int


class BenchOut(Variables):
    """Return what every client of the comparison returns."""

    answer: int


async def only_answer(inp: BenchIn, work: Any) -> BenchOut:
    """Change nothing."""
    return BenchOut(answer=inp.count + 1)


async def write_and_answer(inp: BenchIn, work: Any) -> BenchOut:
    """Leave a row in the ledger, as every job does that changes something."""
    await work.writer()
    return BenchOut(answer=inp.count + 1)


class NoLedger:
    """Keep nothing of a job."""

    context = None

    async def stored_result(self) -> None:
        """Know no earlier delivery."""

    async def commit(self, result: dict[str, Any]) -> None:
        """Keep nothing."""

    async def rollback(self) -> None:
        """Have nothing to forget."""

    @asynccontextmanager
    async def open(self, contract: Any, job: Any) -> AsyncIterator[NoLedger]:
        """Begin."""
        yield self


class Ledger:
    """Keep the result of each job in a registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @asynccontextmanager
    async def open(self, contract: Any, job: Any) -> AsyncIterator[RegistryUnit]:
        """Begin."""
        unit = RegistryUnit(self._registry, contract.type, job)
        try:
            yield unit
        finally:
            await unit.rollback()


async def ours(gateway: str, database: str, types: list[str], *, streaming: bool = False) -> None:
    """Run the runtime of this project, with a ledger when there is a database."""
    configure_logging("json", "info")
    if not database:
        await _run(gateway, types, NoLedger(), only_answer, streaming)
        return
    await migrate(database)
    registry = await Registry.connect(database, utc_now)
    try:
        await _run(gateway, types, Ledger(registry), write_and_answer, streaming)
    finally:
        await registry.close()


async def streamed(gateway: str, database: str, types: list[str]) -> None:
    """Run the runtime with streams."""
    await ours(gateway, database, types, streaming=True)


async def _run(gateway: str, types: list[str], workplace: Any, handler: Any, streaming: bool) -> None:
    contracts = [
        Contract(type=one, label="Đo", description="Đo", input=BenchIn, output=BenchOut, person_waits=streaming)
        for one in types
    ]
    catalog = Catalog(JobSpec(one, handler) for one in contracts)
    settings = load_settings()
    options = RunnerOptions(concurrency=settings.concurrency, prefetch=settings.prefetch, streaming=streaming)
    runner = Runner(catalog, workplace, open_channel(settings, gateway), Metrics(catalog.types), options)
    _say_ready()
    await runner.run()


async def pyzeebe_readme(gateway: str, _database: str, types: list[str]) -> None:
    """Run pyzeebe as its README shows it."""
    worker = ZeebeWorker(create_insecure_channel(grpc_address=gateway))
    await _pyzeebe(worker, types)


async def pyzeebe_tuned(gateway: str, _database: str, types: list[str]) -> None:
    """Run pyzeebe with what makes it quick: room for more jobs than ever wait."""
    worker = ZeebeWorker(create_insecure_channel(grpc_address=gateway), poll_retry_delay=1)
    await _pyzeebe(worker, types, max_jobs_to_activate=128, max_running_jobs=500, variables_to_fetch=list(FETCHED))


async def _pyzeebe(worker: ZeebeWorker, types: list[str], **options: Any) -> None:
    async def answer(dossier_code: str, title: str, count: int) -> dict[str, int]:
        return {"answer": count + 1}

    for one in types:
        worker.task(task_type=one, **options)(answer)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    working = asyncio.create_task(worker.work())
    _say_ready()
    await stop.wait()
    working.cancel()


def _say_ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


WAYS = {"ours": ours, "streamed": streamed, "pyzeebe-readme": pyzeebe_readme, "pyzeebe-tuned": pyzeebe_tuned}

if __name__ == "__main__":
    way, address, database_url, *job_types = sys.argv[1:]
    asyncio.run(WAYS[way](address, database_url, job_types))
