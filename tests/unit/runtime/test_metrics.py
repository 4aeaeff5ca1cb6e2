from __future__ import annotations

import asyncio
import math

import pytest

from workers.errors import UserError
from workers.runtime.floor import Floor
from workers.runtime.health import Health, serve_health
from workers.runtime.metrics import Metrics
from workers.runtime.watch import Watch


def health(metrics: Metrics) -> Health:
    return Health([], Watch(lambda: 0.0), Floor(asyncio.Semaphore(1), 1), metrics, running=True)


async def test_gauges_from_elsewhere_are_asked_at_each_scrape():
    metrics, readings = Metrics(), iter([1.0, 2.0])

    async def read() -> float:
        return next(readings)

    metrics.register_gauge("outbox_age_seconds", "Age of the oldest entry", read)
    assert b"dieuphoi_outbox_age_seconds 1.0" in await metrics.scrape()
    assert b"dieuphoi_outbox_age_seconds 2.0" in await metrics.scrape()


async def test_a_broken_reading_does_not_hide_the_others():
    metrics = Metrics(["sample.job"])
    metrics.register_gauge("broken", "Broken", lambda: 1 / 0)
    text = (await metrics.scrape()).decode()
    assert "dieuphoi_broken NaN" in text
    assert 'outcome="completed"} 0.0' in text
    assert math.isnan(metrics.registry.get_sample_value("dieuphoi_broken"))


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /metrics HTTP/1.1\r\n\r\n", b"200"),
        (b"GET /healthz?x=1 HTTP/1.1\r\n\r\n", b"200"),
        (b"GET /absent HTTP/1.1\r\n\r\n", b"404"),
        (b"POST /metrics HTTP/1.1\r\n\r\n", b"405"),
        (b"\x00\xff\r\n\r\n", b"405"),
    ],
)
async def test_answers_whatever_is_asked(request_bytes, status):
    metrics = Metrics()
    async with serve_health(health(metrics), metrics, port=0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request_bytes)
        assert (await reader.read()).split()[1] == status
        writer.close()
        await writer.wait_closed()


async def test_outlasts_a_client_that_hangs_up_and_one_that_talks_too_much():
    metrics = Metrics()
    async with serve_health(health(metrics), metrics, port=0) as port:
        for garbage in (b"", b"x" * 200_000):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(garbage)
            writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /healthz HTTP/1.1\r\n\r\n")
        assert b"200" in await reader.read()
        writer.close()


async def test_a_taken_port_is_a_users_error():
    metrics = Metrics()
    async with serve_health(health(metrics), metrics, port=0) as port:
        with pytest.raises(UserError, match="DIEUPHOI_METRICS_PORT"):
            async with serve_health(health(metrics), metrics, port=port):
                pass
