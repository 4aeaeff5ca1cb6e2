from __future__ import annotations

import asyncio

import pytest
from prometheus_client.core import GaugeMetricFamily

from workers.errors import UserError
from workers.runtime.floor import Floor
from workers.runtime.health import Health, serve_health
from workers.runtime.metrics import Metrics
from workers.runtime.watch import Watch


def health(metrics: Metrics) -> Health:
    return Health([], Watch(lambda: 0.0), Floor(asyncio.Semaphore(1), 1), metrics, running=True)


class Rising:
    """A source whose reading rises by one at each scrape."""

    reading = 0.0

    async def refresh(self) -> None:
        self.reading += 1

    def collect(self):
        yield GaugeMetricFamily("dieuphoi_rising", "Rising", self.reading)


class Broken:
    async def refresh(self) -> None:
        raise OSError

    def collect(self):
        raise OSError
        yield


async def test_a_source_is_asked_at_each_scrape():
    metrics = Metrics()
    metrics.add(Rising())
    assert b"dieuphoi_rising 1.0" in await metrics.scrape()
    assert b"dieuphoi_rising 2.0" in await metrics.scrape()


async def test_a_broken_source_does_not_hide_the_others():
    metrics = Metrics(["sample.job"])
    metrics.add(Broken())
    metrics.add(Rising())
    text = (await metrics.scrape()).decode()
    assert "dieuphoi_rising 1.0" in text
    assert 'outcome="completed"} 0.0' in text


async def test_the_build_is_named_by_program_and_rules():
    metrics = Metrics()
    metrics.describe_build(rules="0123abcd")
    assert 'dieuphoi_build_info{python="3.' in (text := (await metrics.scrape()).decode())
    assert 'rules="0123abcd"' in text


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


async def test_is_not_ready_and_says_why_while_the_registry_cannot_be_used():
    metrics, asked = Metrics(), health(Metrics())

    async def problem() -> str:
        return "Cơ sở dữ liệu do phiên bản mới hơn tạo ra."

    asked.problem = problem
    async with serve_health(asked, metrics, port=0) as port:
        answers = {}
        for path in ("/healthz", "/readyz"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET {path} HTTP/1.1\r\n\r\n".encode())
            answers[path] = await reader.read()
            writer.close()
    assert answers["/healthz"].split()[1] == b"200"
    assert answers["/readyz"].split()[1] == b"503"
    assert "do phiên bản mới hơn tạo ra" in answers["/readyz"].decode()


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


async def test_slow_requests_keep_nobody_waiting_and_are_cut_off():
    metrics = Metrics()
    async with serve_health(health(metrics), metrics, port=0) as port:
        slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(50)]
        for _, writer in slow:
            writer.write(b"GET /metr")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /metrics HTTP/1.1\r\n\r\n")
        assert (await asyncio.wait_for(reader.read(), 4)).split()[1] == b"200"
        writer.close()
        for held, kept in slow:
            assert await asyncio.wait_for(held.read(), 30) == b""
            kept.close()
