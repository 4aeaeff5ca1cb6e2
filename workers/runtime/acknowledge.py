"""Tell the engine the outcome of a job, again and again until it is heard or the job's time is over."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import TYPE_CHECKING

import structlog
from pyzeebe.errors import (
    JobAlreadyDeactivatedError,
    JobNotFoundError,
    UnknownGrpcStatusCodeError,
    ZeebeBackPressureError,
    ZeebeDeadlineExceeded,
    ZeebeGatewayUnavailableError,
    ZeebeInternalError,
)

from workers.runtime.answers import Complete, Fail, Silence, Throw
from workers.runtime.backoff import ACKNOWLEDGEMENT, BackOff
from workers.runtime.watch import FATE_UNKNOWN, status_of

if TYPE_CHECKING:
    from pyzeebe.grpc_internals.zeebe_adapter import ZeebeAdapter

    from workers.runtime.answers import Answer
    from workers.runtime.metrics import Metrics

log = structlog.stdlib.get_logger(__name__)

ONE_ATTEMPT = 10.0
"""Seconds; a gateway that does not answer within it is asked again."""


class Acknowledged(Enum):
    """Say what became of an acknowledgement."""

    ACCEPTED = "accepted"
    LATE = "late"
    LOST = "lost"


class ResultRefused(Exception):
    """The engine will never take this result; `reason` is the name of the gRPC status."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Acknowledger:
    """Send answers to the engine."""

    def __init__(self, adapter: ZeebeAdapter, metrics: Metrics, policy: BackOff = ACKNOWLEDGEMENT) -> None:
        self._adapter = adapter
        self._metrics = metrics
        self._policy = policy

    async def send(self, job_key: int, job_type: str, answer: Answer, deadline: float) -> Acknowledged:
        """Send until heard or until `deadline` (seconds of the event loop's clock).

        Raises ResultRefused when repeating cannot help.
        """
        if isinstance(answer, Silence):
            return Acknowledged.ACCEPTED
        result = await self._repeat(job_key, job_type, answer, deadline)
        if result is Acknowledged.LATE:
            self._metrics.late_acks.labels(job_type).inc()
            log.info("ack.late")
        elif result is Acknowledged.LOST:
            self._metrics.lost_acks.labels(job_type).inc()
            log.warning("ack.lost")
        return result

    async def _repeat(
        self, job_key: int, job_type: str, answer: Complete | Throw | Fail, deadline: float
    ) -> Acknowledged:
        clock = asyncio.get_running_loop().time
        # A result is worth telling even late; a late failure would hit whoever has the job now.
        last = max(deadline, clock() + ONE_ATTEMPT) if isinstance(answer, Complete) else deadline
        attempt, uncertain = 0, False
        while True:
            try:
                async with asyncio.timeout_at(min(last, clock() + ONE_ATTEMPT)):
                    await self._tell(job_key, answer)
            except ZeebeBackPressureError:
                pass
            except (ZeebeGatewayUnavailableError, ZeebeInternalError, ZeebeDeadlineExceeded, TimeoutError):
                uncertain = True
            except (JobNotFoundError, JobAlreadyDeactivatedError):
                # After an attempt of unknown fate the engine most likely heard that one.
                return Acknowledged.ACCEPTED if uncertain else Acknowledged.LATE
            except UnknownGrpcStatusCodeError as error:
                if status_of(error) not in FATE_UNKNOWN:
                    raise ResultRefused(status_of(error).name) from None
                uncertain = True
            else:
                return Acknowledged.ACCEPTED
            wait = self._policy.delay(attempt).total_seconds()
            attempt += 1
            if clock() + wait >= deadline:
                return Acknowledged.LOST
            self._metrics.ack_retries.labels(job_type).inc()
            await asyncio.sleep(wait)

    async def _tell(self, job_key: int, answer: Complete | Throw | Fail) -> None:
        if isinstance(answer, Complete):
            await self._adapter.complete_job(job_key, answer.variables)
        elif isinstance(answer, Throw):
            await self._adapter.throw_error(job_key, answer.message, answer.variables, answer.code)
        else:
            wait = round(answer.after.total_seconds() * 1000)
            await self._adapter.fail_job(job_key, answer.retries, answer.message, wait, {})
