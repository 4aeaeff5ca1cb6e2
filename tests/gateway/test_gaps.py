"""One test for each gap of the job client that concerns us; the docstring gives its number."""

from __future__ import annotations

import asyncio
import contextvars
import importlib.metadata
import inspect
import json
import os
import signal
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import structlog
from pyzeebe import ZeebeWorker
from pyzeebe.task.task_config import TaskConfig

from tests.gateway.fake_gateway import Status
from tests.gateway.samples import DOSSIER, SampleIn, SampleOut, add_one, contract
from workers.contract import Nothing, Variables
from workers.errors import BusinessError, NeedsOperator, RetryLater
from workers.runtime.backoff import JOB_RETRY, BackOff
from workers.runtime.catalog import JobSpec
from workers.runtime.health import serve_health
from workers.runtime.runner import ExitCode
from workers.runtime.watch import WatchedAdapter

FIVE = [f"sample.job{number}" for number in range(5)]


async def get(port: int, path: str) -> tuple[int, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition("\r\n\r\n")
    return int(head.split()[1]), body


async def eventually(condition: Any, seconds: float = 30.0) -> None:
    """Ask again and again; fail after so many seconds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - metrics and states tell nobody when they change
            await asyncio.sleep(0.01)


async def test_many_single_blips_over_a_life_do_not_end_the_worker(bench, gateway):
    """Gap 1: pyzeebe's error counter never resets."""
    gateway.long_poll = 0.05
    bench.start(JobSpec(contract(), add_one))
    for _ in range(12):
        gateway.misbehave("ActivateJobs", Status.UNAVAILABLE)
        before = gateway.calls["ActivateJobs:sample.job"]
        await gateway.until(lambda before=before: gateway.calls["ActivateJobs:sample.job"] >= before + 2)
    await gateway.add("sample.job")
    await gateway.until(lambda: gateway.completed)


async def test_five_job_types_recover_from_an_outage_longer_than_ten_polls(bench, gateway):
    """Gaps 1 and 2: five types used up ten retries in one outage and never polled again."""
    runner = bench.start(*[JobSpec(contract(job_type), add_one) for job_type in FIVE])
    await gateway.until(lambda: all(gateway.calls[f"ActivateJobs:{job_type}"] for job_type in FIVE))
    await gateway.vanish()
    states = runner.health.watch.states
    await eventually(lambda: all(states[job_type].failures > 11 for job_type in FIVE))
    assert runner.health.alive
    assert not runner.health.ready
    await gateway.start()
    for job_type in FIVE:
        await gateway.add(job_type)
    await gateway.until(lambda: len(gateway.completed) == 5)
    await eventually(lambda: runner.health.ready)
    assert not bench.task.done()


async def test_a_poller_that_hangs_without_error_ends_the_process(bench, gateway, monkeypatch):
    """Gap 2: alive as a process and polling nothing."""

    async def hang(*_args: Any, **_kwargs: Any) -> Any:
        await asyncio.Event().wait()
        yield

    monkeypatch.setattr(WatchedAdapter, "activate_jobs", hang)
    runner = bench.start(
        JobSpec(contract(), add_one), stuck=timedelta(seconds=0.1), check_every=timedelta(seconds=0.02)
    )
    assert await asyncio.wait_for(bench.task, 30) is ExitCode.WORKER_DIED
    assert not runner.health.alive


async def test_a_process_that_was_frozen_is_not_taken_for_dead(bench, gateway, monkeypatch):
    """Nobody polls while the whole process stands still: that says nothing of a poller."""

    async def hang(*_args: Any, **_kwargs: Any) -> Any:
        await asyncio.Event().wait()
        yield

    monkeypatch.setattr(WatchedAdapter, "activate_jobs", hang)
    bench.start(JobSpec(contract(), add_one), stuck=timedelta(seconds=0.1), check_every=timedelta(seconds=0.2))
    for _ in range(4):
        time.sleep(1)  # noqa: ASYNC251 - the loop has to stand still
        await asyncio.sleep(0.01)
    assert not bench.task.done()
    assert await asyncio.wait_for(bench.task, 30) is ExitCode.WORKER_DIED


async def test_a_worker_that_returns_by_itself_is_a_failure(bench, gateway, monkeypatch):
    """Gap 2: on master `work()` returns normally, which must not look like a clean stop."""

    async def give_up(self: ZeebeWorker) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(ZeebeWorker, "work", give_up)
    bench.start(JobSpec(contract(), add_one))
    assert await asyncio.wait_for(bench.task, 30) is ExitCode.WORKER_DIED


async def test_the_normal_end_of_a_stream_is_no_error(bench, gateway):
    """Gap 3: a stream's expiry counts as an error."""
    runner = bench.start(
        JobSpec(contract(person_waits=True), add_one), streaming=True, stream_lifetime=timedelta(seconds=1)
    )
    await gateway.until(lambda: gateway.calls["StreamActivatedJobs:sample.job"] >= 2)
    assert runner.health.watch.states["sample.job"].failures == 0


async def test_only_types_with_a_waiting_person_are_streamed(bench, gateway):
    """Gap 3: streaming is for few types."""
    types = JobSpec(contract("a.shown", person_waits=True), add_one), JobSpec(contract("a.silent"), add_one)
    bench.start(*types, streaming=True)
    await gateway.until(lambda: gateway.streams["a.shown"] and gateway.calls["ActivateJobs:a.silent"])
    assert gateway.calls["StreamActivatedJobs:a.silent"] == 0


async def test_two_hundred_streamed_jobs_never_exceed_the_limit(bench, gateway):
    """Gap 4: streaming ignores max_running_jobs (limit 4, peak 200)."""
    running, peak = 0, 0

    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        await asyncio.sleep(0.002)
        running -= 1
        return SampleOut()

    bench.start(JobSpec(contract(person_waits=True), handle), streaming=True, concurrency=4)
    await gateway.until(lambda: gateway.streams["sample.job"])
    for _ in range(200):
        await gateway.add("sample.job")
    await gateway.until(lambda: len(gateway.completed) == 200)
    assert peak == 4


async def test_a_job_that_waited_beyond_its_deadline_is_not_started(bench, gateway):
    """Gap 4: the engine has given such a job to somebody else."""
    entered, leave = asyncio.Event(), asyncio.Event()
    started: list[int] = []

    async def block(inp: SampleIn, work: Any) -> SampleOut:
        entered.set()
        await leave.wait()
        return SampleOut()

    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        started.append(inp.count)
        return SampleOut()

    await gateway.add("a.slow")
    short = contract("a.short", timeout=timedelta(seconds=0.2))
    runner = bench.start(JobSpec(contract("a.slow"), block), JobSpec(short, handle), concurrency=1)
    await entered.wait()
    job = await gateway.add("a.short")
    await eventually(lambda: runner.health.floor.waiting)
    await gateway.forget(job)
    await asyncio.sleep(0.25)  # the job's time passes
    leave.set()
    await eventually(lambda: bench.value("dieuphoi_jobs_total", job_type="a.short", outcome="expired") == 1)
    assert started == []


async def test_a_refused_acknowledgement_is_repeated(bench, gateway):
    """Gap 5: the acknowledgement is sent once; under back-pressure it is lost."""
    gateway.misbehave("CompleteJob", Status.RESOURCE_EXHAUSTED, 2)
    for status in (Status.UNAVAILABLE, Status.ABORTED, Status.UNKNOWN):
        gateway.misbehave("CompleteJob", status, 1)
    await gateway.add("sample.job")
    bench.start(JobSpec(contract(), add_one))
    await gateway.until(lambda: gateway.completed)
    assert gateway.calls["CompleteJob"] == 6
    assert bench.value("dieuphoi_ack_retries_total", job_type="sample.job") == 5


@pytest.mark.parametrize("outcome", ["throw", "fail"])
async def test_errors_and_failures_are_repeated_too(bench, gateway, outcome):
    """Gap 5: not only results get lost."""

    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        if outcome == "throw":
            raise BusinessError("Err_Sample", "Không tìm thấy.")
        raise NeedsOperator("Không đọc được tệp.", "Nộp lại tệp rồi bấm Retry.", "KT-021")

    for method in ("ThrowError", "FailJob"):
        gateway.misbehave(method, Status.RESOURCE_EXHAUSTED, 2)
    await gateway.add("sample.job")
    bench.start(JobSpec(contract(errors={"Err_Sample": "mẫu"}), handle))
    await gateway.until(lambda: gateway.thrown or gateway.failed)


@pytest.mark.parametrize(("code", "unit"), [(DOSSIER, "H29.14"), ("H29.14-250801-0009", ""), (None, "")])
async def test_an_incident_is_counted_by_process_unit_and_code(bench, gateway, code, unit):
    """The registry that names the unit may be what fails: the incident counts all the same."""

    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        raise NeedsOperator("Không đọc được tệp.", "Nộp lại tệp rồi bấm Retry.", "KT-021")

    bench.workplace.lead_units[DOSSIER] = "H29.14"
    await gateway.add("sample.job", {"dossier_code": code})
    bench.start(JobSpec(contract(), handle))
    labels = {"process": "fake_process", "unit": unit, "code": "KT-021"}
    await eventually(lambda: bench.value("dieuphoi_incidents_total", **labels) == 1)


async def test_an_acknowledgement_of_unknown_fate_is_not_called_late(bench, gateway):
    """Gap 5: the engine heard the first attempt, its answer got lost."""
    gateway.misbehave("CompleteJob after", Status.UNAVAILABLE)
    await gateway.add("sample.job")
    bench.start(JobSpec(contract(), add_one))
    await eventually(lambda: bench.value("dieuphoi_jobs_total", job_type="sample.job", outcome="completed") == 1)
    assert gateway.calls["CompleteJob"] == 2
    assert bench.value("dieuphoi_late_acks_total", job_type="sample.job") == 0


async def test_a_lost_acknowledgement_is_counted_and_the_effect_not_repeated(bench, gateway):
    """Gap 5: the job times out, runs again, and the ledger answers."""
    calls: list[int] = []

    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        calls.append(1)
        return SampleOut(answer=7)

    gateway.misbehave("FailJob", Status.RESOURCE_EXHAUSTED, 100)
    gateway.misbehave("CompleteJob", Status.RESOURCE_EXHAUSTED, 100)
    job = await gateway.add("sample.job")
    bench.start(JobSpec(contract(timeout=timedelta(seconds=0.3)), handle))
    await gateway.until(lambda: job.deliveries >= 1)
    await gateway.until(lambda: gateway.calls["CompleteJob"] >= 2)
    gateway.mishaps.clear()
    await gateway.until(lambda: gateway.completed)
    assert gateway.completed == [(job.key, {"answer": 7})]
    assert calls == [1]


class Stamp(Variables):
    at: datetime = datetime(2025, 8, 1, 8, tzinfo=UTC)
    amount: Decimal = Decimal("12.50")
    free: Any = None


async def test_instants_and_decimals_are_written(bench, gateway):
    """Gap 6: a datetime result made the side effect repeat for ever."""

    async def handle(inp: SampleIn, work: Any) -> Stamp:
        return Stamp()

    await gateway.add("sample.job")
    bench.start(JobSpec(contract(output=Stamp), handle))
    await gateway.until(lambda: gateway.completed)
    result = gateway.completed[0][1]
    assert datetime.fromisoformat(result["at"]) == datetime(2025, 8, 1, 8, tzinfo=UTC)
    assert result["amount"] == "12.50"


@pytest.mark.parametrize(
    "output",
    [Stamp(free=object()), Stamp(free=float("nan")), Stamp(at=datetime(2025, 8, 1)), SampleOut(), None],  # noqa: DTZ001
)
async def test_what_cannot_be_written_goes_to_a_person_at_once(bench, gateway, output):
    """Gap 6: neither completed nor failed."""

    async def handle(inp: SampleIn, work: Any) -> Stamp:
        return output

    await gateway.add("sample.job", {"dossier_code": DOSSIER})
    bench.start(JobSpec(contract(output=Stamp), handle))
    await gateway.until(lambda: gateway.failed)
    assert gateway.failed[0].retries == 0
    assert DOSSIER in gateway.failed[0].errorMessage
    assert gateway.failed[0].errorMessage.endswith("[VH-002]")
    assert bench.workplace.ledger == {}
    assert len(bench.workplace.rollbacks) == 1


async def test_an_operator_case_opens_an_incident_at_once(bench, gateway):
    """Gap 7: pyzeebe cannot set retries."""

    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        raise NeedsOperator("Không đọc được tệp số 2", "Yêu cầu nộp lại rồi bấm Retry", "KT-021")

    await gateway.add("sample.job", {"dossier_code": DOSSIER})
    bench.start(JobSpec(contract(), handle))
    await gateway.until(lambda: gateway.failed)
    assert gateway.failed[0].retries == 0
    assert gateway.failed[0].errorMessage == (
        f"Không đọc được tệp số 2. Hồ sơ {DOSSIER}. Yêu cầu nộp lại rồi bấm Retry. [KT-021]"
    )


@pytest.mark.parametrize(("retries", "seconds"), [(5, 10), (4, 30), (3, 90), (2, 270)])
async def test_an_unknown_error_is_retried_with_a_growing_wait(bench, gateway, retries, seconds):
    """Gap 8: three retries in milliseconds, then an incident."""

    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        raise ConnectionResetError("no values here")

    await gateway.add("sample.job", retries=retries)
    bench.start(JobSpec(contract(), handle), job_retry=replace(JOB_RETRY, chance=lambda: 0.5))
    await gateway.until(lambda: gateway.failed)
    assert (gateway.failed[0].retries, gateway.failed[0].retryBackOff) == (retries - 1, seconds * 1000)


async def test_a_handler_that_names_its_wait_gets_it(bench, gateway):
    """Gap 8: RetryLater.after wins over the policy."""

    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        raise RetryLater("Máy chủ thư bận.", after=timedelta(seconds=90))

    await gateway.add("sample.job")
    bench.start(JobSpec(contract(), handle))
    await gateway.until(lambda: gateway.failed)
    assert (gateway.failed[0].retries, gateway.failed[0].retryBackOff) == (4, 90_000)


async def test_after_the_last_retry_the_operator_reads_the_class_of_the_error(bench, gateway):
    """Gap 8: and never its text."""

    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        raise LookupError("Nguyễn Văn Ví Dụ")

    await gateway.add("sample.job", {"dossier_code": DOSSIER}, retries=1)
    bench.start(JobSpec(contract(), handle))
    await gateway.until(lambda: gateway.failed)
    message = gateway.failed[0].errorMessage
    assert gateway.failed[0].retries == 0
    assert "LookupError" in message
    assert "Ví Dụ" not in message
    assert message.endswith("[VH-004]")


async def test_a_layer_can_stop_a_job_before_its_handler(bench, gateway):
    """Gap 10: decorators could neither stop nor wrap a task."""
    calls: list[int] = []

    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        calls.append(1)
        return SampleOut()

    await gateway.add("sample.job", {"count": "nhiều"})
    bench.start(JobSpec(contract(), handle))
    await gateway.until(lambda: gateway.failed)
    assert calls == []


async def test_log_context_reaches_the_handler_and_its_threads(bench, gateway):
    """Gap 11: sync tasks lose context variables."""
    seen: list[dict[str, Any]] = []

    def blocking() -> None:
        seen.append(dict(structlog.contextvars.get_contextvars()))
        seen.append({"copied": len(contextvars.copy_context())})

    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        await asyncio.to_thread(blocking)
        return SampleOut()

    job = await gateway.add("sample.job", {"dossier_code": DOSSIER, "phone": "0900000001"})
    bench.start(JobSpec(contract(), handle))
    await gateway.until(lambda: gateway.completed)
    assert seen[0]["dossier_code"] == DOSSIER
    assert seen[0]["job_key"] == job.key
    assert "0900000001" not in str(seen)


async def test_only_declared_variables_are_fetched(bench, gateway):
    """Gap 12: a task without parameters fetched all variables."""

    async def handle(inp: Nothing, work: Any) -> SampleOut:
        return SampleOut()

    bench.start(JobSpec(contract("a.none", input=Nothing), handle), JobSpec(contract("a.some"), add_one))
    await gateway.until(lambda: len(gateway.fetched) == 2)
    assert gateway.fetched["a.none"] == ["dossier_code", "feedback_code"]
    assert gateway.fetched["a.some"] == ["dossier_code", "citizen_number", "phone", "count", "feedback_code"]


async def test_a_missing_variable_is_named_in_vietnamese(bench, gateway):
    """Gap 12: a missing one was a TypeError about positional arguments."""

    class Needy(Variables):
        dossier_code: str
        title: str

    async def handle(inp: Any, work: Any) -> SampleOut:
        return SampleOut()

    handle.__annotations__["inp"] = Needy
    await gateway.add("sample.job", {"dossier_code": DOSSIER})
    bench.start(JobSpec(contract(input=Needy), handle))
    await gateway.until(lambda: gateway.failed)
    assert gateway.failed[0].retries == 0
    assert "title thiếu" in gateway.failed[0].errorMessage


async def test_no_task_brings_a_second_exception_handler(bench, gateway, monkeypatch):
    """Gap 14: docs and code disagree on which handler is asked first; ours is the only one."""
    configs: list[TaskConfig] = []
    monkeypatch.setattr(ZeebeWorker, "_init_tasks", lambda self: configs.extend(task.config for task in self.tasks))
    bench.start(JobSpec(contract(), add_one))
    await eventually(lambda: configs)
    assert configs[0].exception_handler is None
    assert configs[0].before == configs[0].after == []


@pytest.mark.parametrize("status", [Status.PERMISSION_DENIED, Status.UNAUTHENTICATED])
async def test_a_denied_job_type_ends_the_process_and_is_named(bench, gateway, status):
    """Gap 15: an ExceptionGroup ended the worker."""
    gateway.misbehave("ActivateJobs", status, job_type="a.denied")
    runner = bench.start(JobSpec(contract("a.denied"), add_one), JobSpec(contract("a.allowed"), add_one))
    with structlog.testing.capture_logs() as lines:
        assert await asyncio.wait_for(bench.task, 30) is ExitCode.ACCESS_DENIED
    (line,) = [line for line in lines if line["event"] == "worker.denied"]
    assert (line["job_type"], line["log_level"]) == ("a.denied", "error")
    assert line["reason"].startswith(f"{status.name}; hãy kiểm tra tài khoản")
    assert runner.health.watch.denied == ["a.denied"]
    assert not runner.health.alive


async def test_other_unexpected_statuses_are_outlasted(bench, gateway):
    """Gap 15: any status pyzeebe does not know ended the worker too."""
    for status in (Status.UNKNOWN, Status.ABORTED, Status.UNIMPLEMENTED, Status.DATA_LOSS):
        gateway.misbehave("ActivateJobs", status)
    await gateway.add("sample.job")
    bench.start(JobSpec(contract(), add_one))
    await gateway.until(lambda: gateway.completed)


async def test_neither_errors_nor_many_jobs_make_the_client_pause(bench, gateway, caplog):
    """Gap 16: full capacity and errors meant a fixed pause of five seconds."""
    gateway.misbehave("ActivateJobs", Status.RESOURCE_EXHAUSTED, 3)
    for number in range(300):
        await gateway.add("sample.job", {"count": number})
    bench.start(JobSpec(contract(), add_one))
    await gateway.until(lambda: len(gateway.completed) == 300)
    assert [record.msg for record in caplog.records if record.name.startswith("pyzeebe")] == []
    assert gateway.calls["ActivateJobs:sample.job"] < 20


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_gracefully(bench, gateway, number):
    """Gap 17: no signal handling."""
    entered, leave = asyncio.Event(), asyncio.Event()

    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        entered.set()
        await leave.wait()
        return SampleOut()

    await gateway.add("sample.job")
    runner = bench.start(JobSpec(contract(), handle))
    await entered.wait()
    os.kill(os.getpid(), number)
    await eventually(lambda: runner.health.floor.stopping)
    late = await gateway.add("sample.job")
    leave.set()
    assert await asyncio.wait_for(bench.task, 30) is ExitCode.STOPPED
    assert len(gateway.completed) == 1
    assert late.state == "open"


async def test_health_and_metrics_are_served(bench, gateway):
    """Gap 17: no metrics, no health server."""
    runner = bench.start(JobSpec(contract(), add_one))
    async with serve_health(runner.health, bench.metrics, port=0) as port:
        await gateway.add("sample.job")
        await gateway.until(lambda: gateway.completed)
        await eventually(lambda: runner.health.ready)
        assert (await get(port, "/healthz"))[0] == 200
        assert (await get(port, "/readyz"))[0] == 200
        status, body = await get(port, "/metrics")
        assert status == 200
        assert 'dieuphoi_jobs_total{job_type="sample.job",outcome="completed"} 1.0' in body
        assert 'dieuphoi_worker_connected{job_type="sample.job"} 1.0' in body
        await gateway.vanish()
        await eventually(lambda: not runner.health.ready)
        assert (await get(port, "/healthz"))[0] == 200
        status, body = await get(port, "/readyz")
        assert status == 503
        assert json.loads(body)["job_types"]["sample.job"]["reason"].startswith("UNAVAILABLE; ")
        await bench.stop()
        assert (await get(port, "/healthz"))[0] == 503


async def test_a_completion_that_comes_too_late_is_counted_not_an_error(bench, gateway):
    """Gap 18: NOT_FOUND was an error trace."""

    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        await gateway.forget(job)
        return SampleOut()

    job = await gateway.add("sample.job")
    bench.start(JobSpec(contract(), handle))
    with structlog.testing.capture_logs() as lines:
        await eventually(lambda: bench.value("dieuphoi_late_acks_total", job_type="sample.job") == 1)
    assert {line["log_level"] for line in lines} <= {"info", "debug"}


def test_the_pinned_client_still_has_the_seam():
    """Gap 19: the client is pinned; an update must not change what we stand on."""
    assert importlib.metadata.version("pyzeebe").startswith("4.7.")
    assert importlib.metadata.version("protobuf").startswith("6.")
    assert list(inspect.signature(TaskConfig).parameters) == [
        "type", "exception_handler", "timeout_ms", "max_jobs_to_activate", "max_running_jobs",
        "variables_to_fetch", "single_value", "variable_name", "before", "after",
    ]  # fmt: skip
    assert {"zeebe_adapter", "poll_retry_delay", "tasks"} <= set(dir(_worker()))


def _worker() -> ZeebeWorker:
    class Channel:
        def __getattr__(self, _name: str) -> Any:
            return lambda *_args, **_kwargs: None

    return ZeebeWorker(Channel())


async def test_running_jobs_are_drained_at_stop_and_waiting_ones_handed_back(bench, gateway):
    """Gap 20: the tasks of running jobs were kept by nobody."""
    entered, leave = asyncio.Event(), asyncio.Event()

    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        entered.set()
        await leave.wait()
        return SampleOut()

    for _ in range(3):
        await gateway.add("sample.job")
    runner = bench.start(JobSpec(contract(), handle), concurrency=1)
    await entered.wait()
    await eventually(lambda: len(runner.health.floor.waiting) == 2)
    runner.stop()
    await gateway.until(lambda: len(gateway.failed) == 2)
    assert [(request.retries, request.retryBackOff) for request in gateway.failed] == [(5, 0), (5, 0)]
    leave.set()
    assert await asyncio.wait_for(bench.task, 30) is ExitCode.STOPPED
    assert len(gateway.completed) == 1


async def test_a_handler_that_outlives_the_drain_is_rolled_back_and_handed_back(bench, gateway):
    """Gap 20: with a limit."""
    entered = asyncio.Event()

    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        entered.set()
        await asyncio.Event().wait()
        return SampleOut()

    await gateway.add("sample.job")
    runner = bench.start(JobSpec(contract(), handle), drain=timedelta(seconds=0.1))
    await entered.wait()
    runner.stop()
    assert await asyncio.wait_for(bench.task, 30) is ExitCode.STOPPED
    assert gateway.failed[0].retries == 5
    assert len(bench.workplace.rollbacks) == 1


def test_back_off_is_capped_at_a_quarter_of_an_hour():
    """Gap 8: with jitter."""
    assert max(JOB_RETRY.delay(number) for number in range(40)) <= timedelta(minutes=15)
    quick = BackOff(first=timedelta(seconds=10), cap=timedelta(minutes=15), chance=lambda: 0.0)
    assert quick.delay(0) == timedelta(seconds=8)
