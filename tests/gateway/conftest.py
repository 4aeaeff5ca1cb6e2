from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import grpc
import pytest

from tests.gateway.fake_gateway import FakeGateway
from workers.errors import AlreadyDone
from workers.runtime.backoff import BackOff
from workers.runtime.catalog import Catalog, JobSpec
from workers.runtime.metrics import Metrics
from workers.runtime.runner import ExitCode, Runner, RunnerOptions

MILLISECONDS = timedelta(milliseconds=1)
QUICK = BackOff(first=20 * MILLISECONDS, cap=100 * MILLISECONDS, factor=2)


@dataclass
class Unit:
    ledger: dict[Any, dict[str, Any]]
    key: tuple[int, str]
    rollbacks: list[Any]
    context: Any = field(default_factory=list)

    async def stored_result(self) -> dict[str, Any] | None:
        return self.ledger.get(self.key)

    async def commit(self, result: dict[str, Any]) -> None:
        if self.key in self.ledger:
            raise AlreadyDone(self.ledger[self.key])
        self.ledger[self.key] = result

    async def rollback(self) -> None:
        self.rollbacks.append(self.key)


@dataclass
class MemoryWorkplace:
    ledger: dict[Any, dict[str, Any]] = field(default_factory=dict)
    rollbacks: list[Any] = field(default_factory=list)
    lead_units: dict[str, str] = field(default_factory=dict)

    @asynccontextmanager
    async def open(self, contract: Any, job: Any) -> Any:
        yield Unit(self.ledger, (job.element_instance_key, contract.type), self.rollbacks)

    async def lead_unit(self, dossier_code: str) -> str:
        return self.lead_units[dossier_code]


@dataclass
class Bench:
    """A runner beside a fake gateway."""

    gateway: Any
    workplace: MemoryWorkplace = field(default_factory=MemoryWorkplace)
    metrics: Metrics | None = None
    runner: Runner | None = None
    task: asyncio.Task[ExitCode] | None = None

    def start(self, *specs: JobSpec[Any, Any], **options: Any) -> Runner:
        catalog = Catalog(specs)
        self.metrics = Metrics(catalog.types)
        quick = {"job_retry": QUICK, "acknowledgement": QUICK, "connection": QUICK, "drain": timedelta(seconds=5)}
        channel = grpc.aio.insecure_channel(
            self.gateway.address,
            options=(
                ("grpc.initial_reconnect_backoff_ms", 50),
                ("grpc.min_reconnect_backoff_ms", 50),
                ("grpc.max_reconnect_backoff_ms", 100),
            ),
        )
        self.runner = Runner(catalog, self.workplace, channel, self.metrics, RunnerOptions(**{**quick, **options}))
        self.task = asyncio.create_task(self.runner.run())
        return self.runner

    async def stop(self) -> ExitCode:
        self.runner.stop()
        async with asyncio.timeout(30):
            return await self.task

    def value(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
async def gateway():
    fake = await FakeGateway().start()
    yield fake
    await fake.vanish()


@pytest.fixture
async def bench(gateway):
    made = Bench(gateway)
    yield made
    if made.task is not None and not made.task.done():
        await made.stop()
