from __future__ import annotations

from tests.gateway.samples import add_one, contract
from workers.runtime.catalog import JobSpec
from workers.runtime.runner import ExitCode


async def test_completes_a_job_and_stops_cleanly(bench, gateway):
    job = await gateway.add("sample.job", {"count": 41})
    bench.start(JobSpec(contract(), add_one))
    await gateway.until(lambda: gateway.completed)
    assert gateway.completed == [(job.key, {"answer": 42})]
    assert await bench.stop() is ExitCode.STOPPED
