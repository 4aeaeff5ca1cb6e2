"""Run one delivery of a job, layer by layer, always in the same order.

Deadline, log context, metrics, input, limit, ledger, handler, output, commit, acknowledgement.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from workers.contract import JobMeta
from workers.errors import AlreadyDone
from workers.runtime import answers
from workers.runtime.acknowledge import Acknowledged, ResultRefused
from workers.runtime.answers import Answer, Case, Complete, HandlerTimeout, Silence, answer_to, refused
from workers.runtime.backoff import JOB_RETRY, BackOff
from workers.runtime.logging import describe
from workers.runtime.variables import parse_input, serialise_output

if TYPE_CHECKING:
    from pyzeebe.job.job import Job, JobController

    from workers.contract import Contract, Variables
    from workers.runtime.acknowledge import Acknowledger
    from workers.runtime.catalog import JobSpec
    from workers.runtime.floor import Floor
    from workers.runtime.metrics import Metrics
    from workers.runtime.work import UnitOfWork, Workplace

log = structlog.stdlib.get_logger(__name__)

CASE_CODES = ("dossier_code", "feedback_code")
_CODE = re.compile(r"[A-Z][A-Z0-9.]*-\d{6}-\d{4,}|PA-[2-9A-Z]{8}")

_LARGEST_MARGIN = 5.0
_SHARE_OF_MARGIN = 0.1


@dataclass(frozen=True)
class Delivery:
    """Hold one delivery of a job.

    `deadline` counts from the moment of receipt by the event loop's clock, because the engine's clock
    may differ from ours, and in tests stands still.
    """

    case: Case
    variables: dict[str, Any]
    received: float
    deadline: float

    @property
    def time_for_handler(self) -> float:
        """Return the instant at which a handler is cut off, so that its failure can still be told in time."""
        left = self.deadline - self.received
        return self.deadline - min(_LARGEST_MARGIN, left * _SHARE_OF_MARGIN)


class Onion:
    """Run the deliveries of one job type."""

    def __init__(
        self,
        spec: JobSpec[Any, Any],
        *,
        workplace: Workplace,
        acknowledger: Acknowledger,
        metrics: Metrics,
        floor: Floor,
        policy: BackOff = JOB_RETRY,
    ) -> None:
        self._spec = spec
        self._workplace = workplace
        self._acknowledger = acknowledger
        self._metrics = metrics
        self._series = metrics.of(spec.contract.type)
        self._floor = floor
        self._policy = policy
        self._own_slots = asyncio.Semaphore(spec.limit) if spec.limit else contextlib.nullcontext()
        # Bound once: a logger that is looked up at each line is built anew for it.
        self._log = log.bind()

    async def __call__(self, job: Job, _controller: JobController) -> Job:
        """Run one delivery to its acknowledgement; never raises an Exception."""
        delivery = _receive(self._spec.contract, job)
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("jobs run as tasks")
        self._floor.jobs[task] = job.type
        self._series.in_flight.inc()
        try:
            # Nothing unbinds it: a delivery is a task of its own, and its context ends with it.
            structlog.contextvars.bind_contextvars(**_log_context(delivery))
            await self._run(delivery, task)
        finally:
            self._series.in_flight.dec()
            del self._floor.jobs[task]
            self._floor.leave(job.type)
        return job

    async def _run(self, delivery: Delivery, task: asyncio.Task[Any]) -> None:
        try:
            answer = await self._answer(delivery, task)
        except asyncio.CancelledError:
            if not self._floor.stopping:
                raise
            task.uncancel()
            answer = delivery.case.hand_back()
        answer, acknowledged = await self._acknowledge(delivery, answer)
        self._record(delivery, answer, acknowledged)
        if answer.outcome == answers.OPERATOR and acknowledged is Acknowledged.ACCEPTED:
            await self._count_incident(delivery.case, getattr(answer, "code", None))

    async def _answer(self, delivery: Delivery, task: asyncio.Task[Any]) -> Answer:
        try:
            inp = parse_input(self._spec.contract, delivery.variables)
            self._floor.waiting.add(task)
            async with self._own_slots, self._floor.slots:
                self._floor.waiting.discard(task)
                if _now() >= delivery.time_for_handler:
                    return Silence()
                if self._floor.stopping:
                    return delivery.case.hand_back()
                return Complete(await self._work(delivery, inp))
        except Exception as error:  # noqa: BLE001 - every exception has an outcome: that is what this layer is for
            answer = answer_to(error, delivery.case, self._policy)
            error_class, where = describe(error)
            log.info("job.raised", error_class=error_class, where=where)
            return answer
        finally:
            self._floor.waiting.discard(task)

    async def _work(self, delivery: Delivery, inp: Variables) -> dict[str, Any]:
        async with self._workplace.open(self._spec.contract, delivery.case.job) as unit:
            stored = await unit.stored_result()
            if stored is not None:
                self._series.replayed.inc()
                return stored
            try:
                result = await self._handle(delivery, inp, unit)
                await unit.commit(result)
            except AlreadyDone as done:
                self._series.replayed.inc()
                return done.result
            except BaseException:
                await unit.rollback()
                raise
        self._series.first.inc()
        return result

    async def _handle(self, delivery: Delivery, inp: Variables, unit: UnitOfWork) -> dict[str, Any]:
        limit = asyncio.timeout_at(delivery.time_for_handler)
        try:
            async with limit:
                output = await self._spec.handler(inp, unit.context)
        except TimeoutError:
            if limit.expired():
                raise HandlerTimeout from None
            raise
        return serialise_output(self._spec.contract, output)

    async def _acknowledge(self, delivery: Delivery, answer: Answer) -> tuple[Answer, Acknowledged]:
        key, job_type = delivery.case.job.key, delivery.case.job.type
        try:
            return answer, await self._acknowledger.send(key, job_type, answer, delivery.deadline)
        except ResultRefused as error:
            answer = refused(delivery.case, error.reason)
        try:
            return answer, await self._acknowledger.send(key, job_type, answer, delivery.deadline)
        except ResultRefused as error:
            log.error("ack.refused", reason=error.reason)  # noqa: TRY400 - the reason is all there is to know
            self._metrics.lost_acks.labels(job_type).inc()
            return answer, Acknowledged.LOST

    def _record(self, delivery: Delivery, answer: Answer, acknowledged: Acknowledged) -> None:
        seconds = _now() - delivery.received
        self._series.outcomes[answer.outcome].inc()
        self._series.seconds.observe(seconds)
        if answer.outcome == answers.RETRY:
            self._metrics.retries.labels(self._spec.contract.type).inc()
        write = self._log.error if answer.outcome == answers.OPERATOR else self._log.info
        write(
            f"job.{answer.outcome}",
            code=getattr(answer, "code", None),
            status=acknowledged.value,
            took_ms=round(seconds * 1000),
            retry_in_s=round(answer.after.total_seconds()) if isinstance(answer, answers.Fail) else None,
        )

    async def _count_incident(self, case: Case, code: str | None) -> None:
        unit = ""
        if case.dossier_code is not None:
            # The registry may be what failed; the incident counts all the same.
            with contextlib.suppress(Exception):
                unit = await self._workplace.lead_unit(case.dossier_code)
        self._metrics.incidents.labels(case.job.process_id, unit, code or "").inc()


def _receive(contract: Contract[Any, Any], job: Job) -> Delivery:
    variables = dict(job.variables)
    code = next((variables[name] for name in CASE_CODES if variables.get(name) is not None), None)
    meta = JobMeta(
        key=job.key,
        type=job.type,
        element_id=job.element_id,
        element_instance_key=job.element_instance_key,
        process_instance_key=job.process_instance_key,
        process_id=job.bpmn_process_id,
        retries=job.retries,
        headers=dict(job.custom_headers),
        # Only what is a code by its form is ever shown: the variable is filled by people and other systems.
        dossier_code=code if isinstance(code, str) and _CODE.fullmatch(code) else None,
    )
    case = Case(contract, meta, meta.dossier_code)
    received = _now()
    return Delivery(case, variables, received, received + contract.timeout.total_seconds())


def _log_context(delivery: Delivery) -> dict[str, Any]:
    job = delivery.case.job
    return {
        "dossier_code": delivery.case.dossier_code,
        "job_key": job.key,
        "job_type": job.type,
        "element_id": job.element_id,
        "process_instance_key": job.process_instance_key,
        "retries_left": job.retries,
    }


def _now() -> float:
    return asyncio.get_running_loop().time()
