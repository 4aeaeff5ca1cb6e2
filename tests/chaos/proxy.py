"""Stand between workers and the engine's gateway, so that their connection can be cut, refused and slowed."""

from __future__ import annotations

import asyncio
from contextlib import suppress

HOST = "127.0.0.1"
PIECE = 64 * 1024


class Proxy:
    """Pass bytes on in both directions; `delay` is how many seconds each piece is held back."""

    def __init__(self, port: int, target: str) -> None:
        self.port = port
        self.delay = 0.0
        host, _, number = target.rpartition(":")
        self._target = (host, int(number))
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Take connections."""
        self._server = await asyncio.start_server(self._serve, HOST, self.port)

    async def stop(self) -> None:
        """Refuse connections and end those there are."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    def cut(self) -> None:
        """End all connections at once, without goodbye."""
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward_reader, onward_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, onward_writer}
        self._open |= ends
        try:
            await asyncio.gather(self._pass_on(reader, onward_writer), self._pass_on(onward_reader, writer))
        finally:
            self._open -= ends

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(PIECE):
                await asyncio.sleep(self.delay)
                writer.write(piece)
                await writer.drain()
        writer.transport.abort()
