"""Watch the connection to the gateway: count for ourselves, back off for ourselves, and know who is denied.

pyzeebe's poller sleeps a fixed time after an error or at full capacity, counts errors for its whole life
and ends all job types when one meets an unexpected status. Here each poll waits until there is room,
reports to a Watch, waits its own back-off after a passing error and returns normally, so that pyzeebe
simply polls again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
import structlog
from pyzeebe.errors import (
    ActivateJobsRequestInvalidError,
    PyZeebeError,
    StreamActivateJobsRequestInvalidError,
    ZeebeDeadlineExceeded,
    ZeebeError,
)
from pyzeebe.grpc_internals.zeebe_adapter import ZeebeAdapter

from workers.runtime.backoff import CONNECTION, BackOff
from workers.runtime.troubles import denied, unreachable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

    from pyzeebe.job.job import Job

    from workers.runtime.floor import Floor

log = structlog.stdlib.get_logger(__name__)

DENIED = {grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED}
FATE_UNKNOWN = {grpc.StatusCode.ABORTED, grpc.StatusCode.UNKNOWN}
"""What a gateway answers when its broker goes away in the middle of a request: no refusal, it may have been heard."""


class AccessDenied(PyZeebeError):
    """Name the job type the gateway does not let this process work on."""

    def __init__(self, job_type: str, reason: str) -> None:
        super().__init__(f"{job_type}: {reason}")
        self.job_type = job_type
        self.reason = reason


@dataclass
class PollState:
    """Remember the polls of one job type; times are of the event loop's clock, in seconds."""

    started: float
    attempted: float
    answered: float | None = None
    failures: int = 0
    reason: str | None = None
    denied: bool = False

    @property
    def connected(self) -> bool:
        """Tell whether the last poll was answered."""
        return self.answered is not None and self.failures == 0 and not self.denied


@dataclass
class Watch:
    """Know of each job type when the gateway last answered."""

    clock: Callable[[], float]
    states: dict[str, PollState] = field(default_factory=dict)

    def begin(self, job_types: Iterable[str]) -> None:
        """Expect polls of these types from now on."""
        now = self.clock()
        self.states = {job_type: PollState(started=now, attempted=now) for job_type in job_types}

    def attempt(self, job_type: str) -> None:
        """Note that a poll was begun."""
        self.states[job_type].attempted = self.clock()

    def answered(self, job_type: str) -> None:
        """Note that the gateway answered a poll, with or without jobs."""
        state = self.states[job_type]
        if state.failures:
            log.info("worker.reconnected", job_type=job_type, count=state.failures)
        state.answered, state.failures, state.reason = self.clock(), 0, None

    def failed(self, job_type: str, reason: str) -> int:
        """Note a failed poll; return how many failed before it in a row."""
        state = self.states[job_type]
        if reason != state.reason:
            log.warning("worker.poll_failed", job_type=job_type, reason=reason)
        state.failures += 1
        state.reason = reason
        return state.failures - 1

    def deny(self, job_type: str, reason: str) -> None:
        """Note that the gateway refuses this type to us."""
        log.error("worker.denied", job_type=job_type, reason=reason)
        self.states[job_type].denied, self.states[job_type].reason = True, reason

    def age(self, job_type: str) -> float:
        """Return the seconds since the last answer, or since the start when there was none."""
        state = self.states[job_type]
        return self.clock() - (state.started if state.answered is None else state.answered)

    def idle(self, job_type: str) -> float:
        """Return the seconds since the last attempt, failed or not."""
        return self.clock() - self.states[job_type].attempted

    @property
    def denied(self) -> list[str]:
        """List the types that are refused to us."""
        return [job_type for job_type, state in self.states.items() if state.denied]

    @property
    def disconnected(self) -> list[str]:
        """List the types whose last poll was not answered."""
        return [job_type for job_type, state in self.states.items() if not state.connected]


class WatchedAdapter(ZeebeAdapter):
    """Report each poll to a Watch and outlast any outage of the gateway."""

    def __init__(self, channel: grpc.aio.Channel, watch: Watch, floor: Floor, policy: BackOff = CONNECTION) -> None:
        super().__init__(channel, max_connection_retries=-1)
        self._watch = watch
        self._floor = floor
        self._policy = policy

    async def activate_jobs(self, task_type: str, **request: Any) -> AsyncGenerator[Job]:  # type: ignore[override]
        """Poll once, for as many jobs as there is room for; a passing error waits and yields nothing.

        Raises AccessDenied.
        """
        request["max_jobs_to_activate"] = await self._floor.room(task_type)
        self._watch.attempt(task_type)
        try:
            async for job in super().activate_jobs(task_type, **request):
                self._floor.take(task_type)
                yield job
        except ActivateJobsRequestInvalidError:
            raise
        except ZeebeError as error:
            await self._outlast(task_type, error)
        else:
            self._watch.answered(task_type)

    async def stream_activate_jobs(  # type: ignore[override]
        self, task_type: str, **request: Any
    ) -> AsyncGenerator[Job]:
        """Stream until the stream expires, which is no error; a passing error waits. Raises AccessDenied."""
        try:
            async for job in super().stream_activate_jobs(task_type, **request):
                self._watch.answered(task_type)
                self._floor.take(task_type)
                yield job
        except StreamActivateJobsRequestInvalidError:
            raise
        except ZeebeDeadlineExceeded:
            return
        except ZeebeError as error:
            await self._outlast(task_type, error)

    async def _outlast(self, job_type: str, error: ZeebeError) -> None:
        status, details = status_of(error), error.grpc_error.details()
        if status in DENIED:
            self._deny(job_type, denied(status.name, details))
        failures = self._watch.failed(job_type, unreachable(status.name, details))
        await asyncio.sleep(self._policy.delay(failures).total_seconds())

    def _deny(self, job_type: str, reason: str) -> NoReturn:
        self._watch.deny(job_type, reason)
        raise AccessDenied(job_type, reason)


def status_of(error: ZeebeError) -> grpc.StatusCode:
    """Return the gRPC status behind an error of pyzeebe."""
    code: grpc.StatusCode = error.grpc_error.code()
    return code
