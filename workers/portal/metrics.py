"""Count what the portal does. Labels are routes, methods and statuses, never what a visitor typed."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server

from workers.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

WRONG_SECRET, REFUSED_UPLOAD = "wrong_secret", "refused_upload"
TOO_LARGE, BROKEN = 413, 500
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
_NOTES = "dieuphoi.notes"
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class PortalMetrics:
    """Hold the metrics of one portal in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.seconds = Histogram(
            "dieuphoi_portal_request_seconds",
            "From the request to the end of its answer; route is the template",
            ["method", "route", "status"],
            registry=self.registry,
            buckets=_SECONDS,
        )
        self.notes = {
            WRONG_SECRET: Counter("dieuphoi_portal_wrong_secrets", "Wrong codes, passwords", registry=self.registry),
            REFUSED_UPLOAD: Counter("dieuphoi_portal_uploads_refused", "Files not kept", registry=self.registry),
        }

    @contextmanager
    def serve(self, host: str, port: int) -> Iterator[None]:
        """Answer /metrics at an address of its own, which no visitor reaches. Raises UserError for a taken port."""
        try:
            server, thread = start_http_server(port, host, self.registry)
        except OSError as error:
            raise UserError(
                f"Không mở được cổng {port} tại {host} để theo dõi trang người dân; dừng chương trình đang giữ cổng, "
                "sửa DIEUPHOI_METRICS_HOST hoặc đổi DIEUPHOI_PORTAL_METRICS_PORT rồi chạy lại."
            ) from error
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def note(scope: Scope, event: str) -> None:
    """Have an event of this request counted at its end."""
    scope.setdefault(_NOTES, []).append(event)


class Measured:
    """Measure every request; the outermost of the middlewares."""

    def __init__(self, app: ASGIApp, metrics: PortalMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count how it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), BROKEN

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            method = scope["method"] if scope["method"] in METHODS else OTHER
            labels = method, _route(scope), str(status)
            self._metrics.seconds.labels(*labels).observe(time.perf_counter() - began)
            for event in [*scope.get(_NOTES, ()), *([REFUSED_UPLOAD] if status == TOO_LARGE else ())]:
                self._metrics.notes[event].inc()


def _route(scope: Scope) -> str:
    """Name the template that the router chose; what it knows no route for is one label, however it is called."""
    path: str | None = getattr(scope.get("route"), "path", None)
    if path is None:
        return OTHER
    mounted: str = scope.get("root_path", "")
    return path if mounted == path else mounted + path
