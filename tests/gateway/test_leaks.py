"""A citizen number and a phone number go through every outcome and come out nowhere."""

from __future__ import annotations

import asyncio
import logging
import sys
from datetime import timedelta
from typing import Any

import pytest
import structlog

from tests.gateway.fake_gateway import Status
from tests.gateway.samples import CITIZEN_NUMBER, DOSSIER, PHONE, SampleIn, SampleOut, contract
from workers.errors import BusinessError, NeedsOperator, RetryLater
from workers.runtime.catalog import JobSpec
from workers.runtime.logging import configure_logging

OUTCOMES = ("complete", "business", "undeclared", "retry", "operator", "unknown", "wrong_output", "slow")

SECRETS = (CITIZEN_NUMBER, PHONE)


@pytest.fixture(params=["json", "console"])
def product_logging(request, caplog, capfd):
    """Log as the product does, at the most talkative level, and put everything back afterwards."""
    factory, root = logging.getLogRecordFactory(), logging.getLogger()
    handlers, level, wide = root.handlers[:], root.level, structlog.get_config()
    levels = {name: logging.getLogger(name).level for name in list(root.manager.loggerDict)}
    configure_logging(request.param, "DEBUG")
    root.addHandler(caplog.handler)
    yield
    logging.setLogRecordFactory(factory)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)
    structlog.configure(**wide)


def handler_for(outcome: str) -> Any:
    async def handle(inp: SampleIn, work: Any) -> SampleOut:
        told = f"Công dân {inp.citizen_number}, điện thoại {inp.phone}"
        logging.getLogger("pyzeebe.task").warning("failed job %s", inp)
        logging.getLogger("some.library").error("cannot store %s", told)
        structlog.get_logger("sample").info("sample.event", citizen_number=inp.citizen_number, told=told, unit=told)
        raised = {
            "business": BusinessError("Err_Sample", told),
            "undeclared": BusinessError("Err_Other", told),
            "retry": RetryLater(told),
            "operator": NeedsOperator(told, told),
            "unknown": ValueError(told),
        }
        if outcome in raised:
            raise raised[outcome]
        if outcome == "slow":
            await asyncio.Event().wait()
        return told if outcome == "wrong_output" else SampleOut()

    return handle


async def test_no_outcome_lets_a_number_out(bench, gateway, product_logging, caplog, capfd):
    declared = {"errors": {"Err_Sample": "mẫu"}}
    specs = [JobSpec(contract(f"a.{outcome}", **declared), handler_for(outcome)) for outcome in OUTCOMES]
    specs[-1] = JobSpec(contract("a.slow", timeout=timedelta(seconds=1)), handler_for("slow"))
    gateway.misbehave("CompleteJob", Status.RESOURCE_EXHAUSTED)
    variables = {"dossier_code": DOSSIER, "citizen_number": CITIZEN_NUMBER, "phone": PHONE}
    for outcome in OUTCOMES:
        await gateway.add(f"a.{outcome}", variables, retries=1)
    # numbers where nobody expects them: as a code, as the wrong type
    await gateway.add("a.operator", {**variables, "dossier_code": f"Nguyễn Văn Ví Dụ {CITIZEN_NUMBER}"}, retries=1)
    await gateway.add("a.complete", {**variables, "count": PHONE + "x"})
    bench.start(*specs)
    await gateway.until(lambda: len(gateway.completed) + len(gateway.failed) + len(gateway.thrown) >= 10)
    logging.getLogger("asyncio").error(f"Task exception: ValueError('{CITIZEN_NUMBER}')")  # noqa: G004
    await bench.stop()
    sys.stderr.flush()
    captured = capfd.readouterr()
    told = [request.errorMessage for request in (*gateway.failed, *gateway.thrown)]
    told += [str(request.variables) for request in (*gateway.failed, *gateway.thrown)]
    everything = "\n".join(
        [captured.out, captured.err, caplog.text, *told, (await bench.metrics.scrape()).decode()]
        + [str(record.__dict__) for record in caplog.records]
    )
    assert "a.business" in captured.err
    assert "ValueError" in captured.err
    assert DOSSIER in everything
    leaks = [everything[max(0, everything.index(secret) - 150) :][:300] for secret in SECRETS if secret in everything]
    assert leaks == []
    assert "Ví Dụ" not in everything
    assert "Công dân" not in captured.err.replace("Công dân •••", "")


async def test_debug_lines_of_the_client_stay_silent(bench, gateway, product_logging, capfd):
    """Gap 9: DEBUG prints every job with its variables."""
    await gateway.add("a.complete", {"citizen_number": CITIZEN_NUMBER})
    bench.start(JobSpec(contract("a.complete"), handler_for("complete")))
    await gateway.until(lambda: gateway.completed)
    await bench.stop()
    err = capfd.readouterr().err
    assert "Got job" not in err
    assert "failed job %s" in err
