"""Serve small pages on a development machine: the mail sink's and the fake gateway's."""

from __future__ import annotations

import asyncio
import signal
import socket
from typing import TYPE_CHECKING, Protocol

import uvicorn
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from workers.errors import UserError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

    from starlette.types import ASGIApp

LOOPBACK = "127.0.0.1"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
# A page elsewhere must not read messages by pointing its own name at this machine.
ASKED_BY_LOCAL_NAMES = [Middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost"])]


class LocalPages:
    """Run an application on a port; port 0 takes a free one, read it from `port` after `start`."""

    def __init__(self, app: ASGIApp, port: int = 0, host: str = LOOPBACK) -> None:
        self.port = port
        self._host = host
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", ws="none"))
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        listening = socket.create_server((self._host, self.port))
        self.port = listening.getsockname()[1]
        # serve() would take over the signals of a process that may have its own use for them.
        self._serving = asyncio.create_task(self._server._serve(sockets=[listening]))  # noqa: SLF001
        while not self._server.started:
            if self._serving.done():
                await self._serving
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Finish what is being answered, then stop listening."""
        if self._serving:
            self._server.should_exit = True
            await self._serving


class Sink(Protocol):
    """Take messages until it is stopped."""

    async def start(self) -> None:
        """Listen. Raises UserError when a port is taken."""

    async def stop(self) -> None:
        """Stop listening; what was taken stays."""


def run_sink(parser: argparse.ArgumentParser, directory: Path, make: Callable[[], Sink]) -> int:
    """Run a sink until SIGTERM or SIGINT; the process ends with 2 when it cannot listen or write."""
    try:
        asyncio.run(_run(make))
    except UserError as error:
        parser.exit(2, f"{error.message}\n")
    except PermissionError:
        parser.exit(2, f"Không ghi được vào {directory}: hãy cấp quyền hoặc chọn thư mục khác.\n")
    return 0


async def _run(make: Callable[[], Sink]) -> None:
    sink = make()
    await sink.start()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
    await sink.stop()
