"""Answer /metrics, /healthz and /readyz; they hold no personal data and ask for no login."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from workers.errors import UserError
from workers.runtime.metrics import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from workers.runtime.floor import Floor
    from workers.runtime.metrics import Metrics
    from workers.runtime.watch import Watch

_REQUEST_SECONDS = 5
_JSON = "application/json; charset=utf-8"


async def _no_problem() -> str | None:
    return None


@dataclass
class Health:
    """Know whether the workers live (`alive`) and whether they can work now (`ready`).

    An outage of the gateway makes them unready, not dead: they recover by themselves.
    """

    job_types: Sequence[str]
    watch: Watch
    floor: Floor
    metrics: Metrics
    running: bool = False
    problem: Callable[[], Awaitable[str | None]] = _no_problem
    """Ask why what the workers need besides the gateway cannot be used; None when it can be."""

    @property
    def alive(self) -> bool:
        """Tell whether the pollers run and no job type is refused to us."""
        return self.running and not self.watch.denied

    @property
    def ready(self) -> bool:
        """Tell whether the gateway answers the polls of every job type; see `problem` for the rest."""
        return self.alive and not self.floor.stopping and not self.watch.disconnected

    def report(self) -> dict[str, object]:
        """List the state of each job type."""
        types = {job_type: self._state(job_type) for job_type in self.watch.states}
        return {"alive": self.alive, "ready": self.ready, "job_types": types}

    def _state(self, job_type: str) -> dict[str, object]:
        state = self.watch.states[job_type]
        return {
            "connected": state.connected,
            "denied": state.denied,
            "reason": state.reason,
            "last_poll_age_seconds": round(self.watch.age(job_type), 1),
            "in_flight": self.floor.held(job_type),
        }

    def update_metrics(self) -> None:
        """Write ages and connections into the gauges."""
        for job_type, state in self.watch.states.items():
            self.metrics.poll_age.labels(job_type).set(self.watch.age(job_type))
            self.metrics.connected.labels(job_type).set(float(state.connected))


@contextlib.asynccontextmanager
async def serve_health(health: Health, metrics: Metrics, port: int, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """Serve until the context is left; yields the port (useful with port 0). Raises UserError for a taken port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(TimeoutError, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(_REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(_response(*await _route(head, health, metrics)))
                await writer.drain()
        writer.close()

    try:
        server = await asyncio.start_server(answer, host, port)
    except OSError as error:
        raise UserError(
            f"Không mở được cổng {port} tại {host} để theo dõi bộ xử lý; hãy dừng chương trình đang giữ cổng, "
            "sửa DIEUPHOI_METRICS_HOST hoặc đổi DIEUPHOI_METRICS_PORT rồi chạy lại."
        ) from error
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _route(head: bytes, health: Health, metrics: Metrics) -> tuple[HTTPStatus, str, bytes]:
    method, _, rest = head.decode("latin-1").partition(" ")
    path = rest.partition(" ")[0].partition("?")[0]
    if method != "GET":
        return HTTPStatus.METHOD_NOT_ALLOWED, _JSON, b"{}"
    if path == "/metrics":
        health.update_metrics()
        return HTTPStatus.OK, CONTENT_TYPE, await metrics.scrape()
    if path == "/healthz":
        return _verdict(health.alive), _JSON, json.dumps(health.report()).encode()
    if path == "/readyz":
        problem = await health.problem()
        report = json.dumps(health.report() | {"problem": problem}, ensure_ascii=False)
        return _verdict(health.ready and problem is None), _JSON, report.encode()
    return HTTPStatus.NOT_FOUND, _JSON, b"{}"


def _verdict(good: bool) -> HTTPStatus:
    return HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE


def _response(status: HTTPStatus, content_type: str, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
