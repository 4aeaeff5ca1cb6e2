"""Run the job types of a catalog until told to stop, and say by the exit code how it ended."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import structlog
from pyzeebe import ZeebeWorker
from pyzeebe.task.task import Task
from pyzeebe.task.task_config import TaskConfig

from workers.runtime.acknowledge import Acknowledger
from workers.runtime.backoff import ACKNOWLEDGEMENT, CONNECTION, JOB_RETRY, BackOff
from workers.runtime.floor import Floor
from workers.runtime.health import Health
from workers.runtime.logging import describe
from workers.runtime.onion import CASE_CODES, Onion
from workers.runtime.watch import Watch, WatchedAdapter

if TYPE_CHECKING:
    from collections.abc import Iterable

    import grpc

    from workers.runtime.catalog import Catalog, JobSpec
    from workers.runtime.metrics import Metrics
    from workers.runtime.work import Workplace

log = structlog.stdlib.get_logger(__name__)

_NEVER_FULL = 1_000_000
"""At its own limit pyzeebe sleeps; the floor waits for room instead."""


class ExitCode(IntEnum):
    """Say how the workers ended."""

    STOPPED = 0
    WORKER_DIED = 70
    ACCESS_DENIED = 77


@dataclass(frozen=True)
class RunnerOptions:
    """Tune a runner.

    `concurrency`: jobs worked on at once in this process. `prefetch`: jobs of one type held at most,
    working or waiting for a slot. `drain`: how long a stop waits for running handlers. `stuck`: no poll
    attempted for so long though there was room means a dead worker.
    """

    name: str = "dieuphoi"
    concurrency: int = 16
    prefetch: int = 128
    streaming: bool = False
    drain: timedelta = timedelta(seconds=30)
    stuck: timedelta = timedelta(seconds=120)
    check_every: timedelta = timedelta(seconds=5)
    stream_lifetime: timedelta = timedelta(hours=1)
    job_retry: BackOff = JOB_RETRY
    acknowledgement: BackOff = ACKNOWLEDGEMENT
    connection: BackOff = CONNECTION


class Runner:
    """Poll for all job types of a catalog and run their handlers."""

    def __init__(
        self,
        catalog: Catalog,
        workplace: Workplace,
        channel: grpc.aio.Channel,
        metrics: Metrics,
        options: RunnerOptions | None = None,
    ) -> None:
        self._options = options or RunnerOptions()
        self._catalog = catalog
        self._channel = channel
        self._metrics = metrics
        self._floor = Floor(asyncio.Semaphore(self._options.concurrency), self._options.prefetch)
        self._watch = Watch(clock=lambda: asyncio.get_running_loop().time())
        self._adapter = WatchedAdapter(channel, self._watch, self._floor, self._options.connection)
        self._acknowledger = Acknowledger(self._adapter, metrics, self._options.acknowledgement)
        self._workplace = workplace
        self._stop = asyncio.Event()
        self.health = Health(catalog.types, self._watch, self._floor, metrics)

    def stop(self) -> None:
        """Ask for a graceful stop: no more jobs are taken, those at hand are finished or handed back."""
        self._stop.set()

    async def run(self) -> ExitCode:
        """Work until a signal, `stop()` or a failure; then drain, acknowledge and close the channel."""
        self._watch.begin(self._catalog.types)
        workers = [asyncio.create_task(worker.work()) for worker in self._workers()]
        watchdog = asyncio.create_task(self._guard())
        stopped = asyncio.create_task(self._stop.wait())
        self.health.running = True
        log.info("workers.started", count=len(self._catalog))
        try:
            with _signals(self.stop):
                await asyncio.wait([*workers, watchdog, stopped], return_when=asyncio.FIRST_COMPLETED)
                code = self._verdict([*workers, watchdog])
                self.health.running = False
                await self._end([*workers, watchdog, stopped])
        finally:
            self.health.running = False
            await self._channel.close()
        log.info("workers.stopped", exit_code=int(code))
        return code

    def _workers(self) -> list[ZeebeWorker]:
        streamed = [spec for spec in self._catalog if self._options.streaming and spec.contract.person_waits]
        polled = [spec for spec in self._catalog if spec not in streamed]
        groups = ((polled, False), (streamed, True))
        return [self._worker(specs, streaming) for specs, streaming in groups if specs]

    def _worker(self, specs: Iterable[JobSpec[Any, Any]], streaming: bool) -> ZeebeWorker:
        worker = ZeebeWorker(
            self._channel,
            name=self._options.name,
            max_connection_retries=-1,
            poll_retry_delay=1,
            stream_enabled=streaming,
            stream_request_timeout=round(self._options.stream_lifetime.total_seconds()),
        )
        worker.zeebe_adapter = self._adapter
        for spec in specs:
            worker.tasks.append(self._task(spec))
        return worker

    def _task(self, spec: JobSpec[Any, Any]) -> Task:
        # An empty list would fetch every variable of the process.
        fetched = list(dict.fromkeys([*spec.contract.input_names, *CASE_CODES]))
        config = TaskConfig(
            type=spec.contract.type,
            exception_handler=None,
            timeout_ms=round(spec.contract.timeout.total_seconds() * 1000),
            max_jobs_to_activate=self._options.prefetch,
            max_running_jobs=_NEVER_FULL,
            variables_to_fetch=fetched,
            single_value=False,
            variable_name="",
            before=[],
            after=[],
        )
        onion = Onion(
            spec,
            workplace=self._workplace,
            acknowledger=self._acknowledger,
            metrics=self._metrics,
            floor=self._floor,
            policy=self._options.job_retry,
        )
        return Task(spec.handler, onion, config)

    async def _guard(self) -> None:
        """Return when a poller stopped polling though it has room: pyzeebe may hang without an error."""
        suspects: set[str] = set()
        stuck: set[str] = set()
        every = self._options.check_every.total_seconds()
        while not stuck:
            asleep_since = self._watch.clock()
            await asyncio.sleep(every)
            frozen = self._watch.clock() - asleep_since > 2 * every
            # Twice in a row: a poller that just got room again, or one of a process that stood still, is not dead.
            before, suspects = suspects, set() if frozen else self._silent_types()
            stuck = before & suspects
        log.error("worker.stuck", job_types=sorted(stuck))

    def _silent_types(self) -> set[str]:
        limit = self._options.stuck.total_seconds()
        return {
            job_type
            for job_type in self._catalog.types
            if self._watch.idle(job_type) > limit and self._floor.has_room(job_type)
        }

    def _verdict(self, tasks: list[asyncio.Task[None]]) -> ExitCode:
        ended = [task for task in tasks if task.done()]
        if self._watch.denied:
            return ExitCode.ACCESS_DENIED
        if not ended:
            return ExitCode.STOPPED
        for task in ended:
            _log_death(task)
        return ExitCode.WORKER_DIED

    async def _end(self, tasks: list[asyncio.Task[Any]]) -> None:
        self._floor.stopping = True
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for job in list(self._floor.waiting):
            job.cancel()
        await self._drain(self._options.drain.total_seconds())
        for job in list(self._floor.jobs):
            job.cancel()
        await self._drain(min(5.0, self._options.drain.total_seconds()))

    async def _drain(self, seconds: float) -> None:
        if self._floor.jobs:
            log.info("workers.draining", count=len(self._floor.jobs))
            await asyncio.wait(list(self._floor.jobs), timeout=seconds)


def _log_death(task: asyncio.Task[None]) -> None:
    error = task.exception() if not task.cancelled() else None
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    error_class, where = describe(error) if error else ("none", "?")
    log.error("worker.died", error_class=error_class, where=where)


@contextlib.contextmanager
def _signals(stop: Any) -> Any:
    loop = asyncio.get_running_loop()
    caught = (signal.SIGTERM, signal.SIGINT)
    try:
        for number in caught:
            loop.add_signal_handler(number, stop)
    except (NotImplementedError, RuntimeError, ValueError):
        # Not the main thread: whoever embeds the runner calls stop().
        yield
        return
    try:
        yield
    finally:
        for number in caught:
            loop.remove_signal_handler(number)
