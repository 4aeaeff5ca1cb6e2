"""Jobs that come twice, too late, too slowly, and a ledger that another delivery wrote first."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.gateway.fake_gateway import Status
from tests.gateway.samples import DOSSIER, SampleIn, SampleOut, add_one, contract
from workers.errors import BusinessError, ConfigError
from workers.runtime.catalog import JobSpec
from workers.runtime.runner import ExitCode


async def test_completes_a_job_and_stops_cleanly(bench, gateway):
    job = await gateway.add("sample.job", {"count": 41})
    bench.start(JobSpec(contract(), add_one))
    await gateway.until(lambda: gateway.completed)
    assert gateway.completed == [(job.key, {"answer": 42})]
    assert await bench.stop() is ExitCode.STOPPED


async def test_a_later_delivery_gets_the_stored_result(bench, gateway):
    calls: list[int] = []

    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        calls.append(1)
        return SampleOut(answer=99)

    job = await gateway.add("sample.job")
    bench.workplace.ledger[job.element_instance_key, "sample.job"] = {"answer": 5}
    bench.start(JobSpec(contract(), handle))
    await gateway.until(lambda: gateway.completed)
    assert gateway.completed == [(job.key, {"answer": 5})]
    assert calls == []
    assert bench.value("dieuphoi_effects_total", job_type="sample.job", kind="replayed") == 1


async def test_of_two_deliveries_at_once_the_loser_takes_the_winners_result(bench, gateway):
    arrived: list[int] = []
    both = asyncio.Event()

    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        mine = len(arrived)
        arrived.append(mine)
        if len(arrived) == 2:
            both.set()
        await both.wait()
        return SampleOut(answer=mine)

    job = await gateway.add("sample.job")
    bench.start(JobSpec(contract(), handle))
    await gateway.until(lambda: job.deliveries == 1)
    await gateway.time_out(job)
    await gateway.until(lambda: gateway.completed)
    assert list(bench.workplace.ledger.values()) == [gateway.completed[0][1]]
    assert bench.value("dieuphoi_effects_total", job_type="sample.job", kind="first") == 1


async def test_a_handler_that_never_ends_is_cut_off_and_uses_up_a_retry(bench, gateway):
    """A time-out in the engine takes no retry: without this cut such a job would run for ever, without incident."""

    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        await asyncio.Event().wait()
        return SampleOut()

    job = await gateway.add("sample.job", {"dossier_code": DOSSIER}, retries=2)
    bench.start(JobSpec(contract(timeout=timedelta(seconds=0.2)), handle))
    await gateway.until(lambda: job.state == "failed" and job.retries == 0)
    assert "HandlerTimeout" in gateway.failed[-1].errorMessage
    assert len(bench.workplace.rollbacks) == 2


async def test_a_slow_gateway_is_waited_for(bench, gateway):
    gateway.misbehave("ActivateJobs", None, delay=0.3)
    gateway.misbehave("CompleteJob", None, delay=0.3)
    await gateway.add("sample.job")
    bench.start(JobSpec(contract(), add_one))
    await gateway.until(lambda: gateway.completed)
    assert gateway.calls["CompleteJob"] == 1


async def test_a_gateway_that_never_answers_an_acknowledgement_is_asked_again(bench, gateway, monkeypatch):
    monkeypatch.setattr("workers.runtime.acknowledge.ONE_ATTEMPT", 0.2)
    gateway.misbehave("CompleteJob", None, delay=30)
    await gateway.add("sample.job")
    bench.start(JobSpec(contract(), add_one))
    await gateway.until(lambda: gateway.completed)
    assert gateway.calls["CompleteJob"] == 2


async def test_jobs_at_hand_survive_an_outage(bench, gateway):
    entered, leave = asyncio.Event(), asyncio.Event()

    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        entered.set()
        await leave.wait()
        return SampleOut()

    await gateway.add("sample.job")
    runner = bench.start(JobSpec(contract(), handle))
    await entered.wait()
    await gateway.vanish()
    leave.set()
    async with asyncio.timeout(30):
        while not bench.value("dieuphoi_ack_retries_total", job_type="sample.job"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await gateway.start()
    await gateway.until(lambda: gateway.completed)
    assert not runner.health.floor.stopping


async def test_a_result_the_engine_refuses_goes_to_a_person(bench, gateway):
    gateway.misbehave("CompleteJob", Status.INVALID_ARGUMENT, details="variables are no document")
    await gateway.add("sample.job", {"dossier_code": DOSSIER})
    bench.start(JobSpec(contract(), add_one))
    await gateway.until(lambda: gateway.failed)
    assert gateway.failed[0].retries == 0
    assert gateway.failed[0].errorMessage.endswith("[VH-005]")
    assert "variables are no document" not in gateway.failed[0].errorMessage


async def test_a_business_error_carries_its_text_to_the_form(bench, gateway):
    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        raise BusinessError("Err_Sample", "Hồ sơ thiếu đơn đề nghị.")

    await gateway.add("sample.job")
    bench.start(JobSpec(contract(errors={"Err_Sample": "mẫu"}), handle))
    await gateway.until(lambda: gateway.thrown)
    thrown = gateway.thrown[0]
    assert (thrown.errorCode, thrown.variables) == (
        "Err_Sample",
        '{"error_message": "H\\u1ed3 s\\u01a1 thi\\u1ebfu \\u0111\\u01a1n \\u0111\\u1ec1 ngh\\u1ecb."}',
    )
    assert bench.workplace.ledger == {}


async def test_a_code_nobody_declared_goes_to_a_person(bench, gateway):
    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        raise BusinessError("Err_Unknown", "Không rõ.")

    await gateway.add("sample.job")
    bench.start(JobSpec(contract(), handle))
    await gateway.until(lambda: gateway.failed)
    assert "Err_Unknown" in gateway.failed[0].errorMessage
    assert gateway.failed[0].errorMessage.endswith("[VH-003]")
    assert gateway.thrown == []


async def test_a_mistake_in_config_is_told_as_it_is(bench, gateway):
    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        raise ConfigError("config/calendar.yaml dòng 3: thiếu năm 2027")

    await gateway.add("sample.job")
    bench.start(JobSpec(contract(), handle))
    await gateway.until(lambda: gateway.failed)
    assert "calendar.yaml dòng 3" in gateway.failed[0].errorMessage
    assert gateway.failed[0].errorMessage.endswith("[VH-006]")


async def test_a_registry_that_cannot_be_opened_is_a_technical_failure(bench, gateway, monkeypatch):
    def broken(*_args: Any) -> Any:
        raise OSError("disk I/O error")

    monkeypatch.setattr(bench.workplace, "open", broken)
    await gateway.add("sample.job")
    bench.start(JobSpec(contract(), add_one))
    await gateway.until(lambda: gateway.failed)
    assert gateway.failed[0].retries == 4
    assert "OSError" in gateway.failed[0].errorMessage


async def test_a_type_with_its_own_limit_leaves_room_for_others(bench, gateway):
    leave = asyncio.Event()

    async def heavy(inp: SampleIn, work: Any) -> SampleOut:
        await leave.wait()
        return SampleOut()

    for _ in range(5):
        await gateway.add("a.heavy")
    await gateway.add("a.light")
    bench.start(JobSpec(contract("a.heavy"), heavy, limit=1), JobSpec(contract("a.light"), add_one), concurrency=2)
    await gateway.until(lambda: len(gateway.completed) == 1)
    leave.set()
    await gateway.until(lambda: len(gateway.completed) == 6)


@pytest.mark.parametrize("retries", [1, 0])
async def test_a_job_without_retries_left_never_fails_below_zero(bench, gateway, retries):
    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        raise KeyError("x")

    await gateway.add("sample.job", retries=retries)
    bench.start(JobSpec(contract(), handle))
    await gateway.until(lambda: gateway.failed)
    assert gateway.failed[0].retries == 0
