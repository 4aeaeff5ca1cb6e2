"""Inspect files in child processes with limits: whatever a file does, the caller gets an Inspection."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import sys
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Self

from workers.documents.findings import Finding, Inspection, finding
from workers.documents.sandbox import Answer, Request, stopped
from workers.plain import open_plain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from workers.documents.policy import DocumentPolicy

_MEGABYTE = 1024 * 1024
_LONGEST_LINE = 8 * _MEGABYTE
_START_SECONDS = 60
_GRACE_SECONDS = 5
# A server that dies is not yet the file's fault (an operator's kill, the machine's memory): one more try tells.
_TRIES = 2


class Inspector:
    """Share `processes` sandbox servers between any number of callers; each server works on one file at a time.

    Servers start with the first file. Use `async with`, or call `close()` when done.
    """

    def __init__(self, processes: int = 2) -> None:
        self._idle: asyncio.LifoQueue[_Server] = asyncio.LifoQueue()
        self._processes = processes
        for _ in range(processes):
            self._idle.put_nowait(_Server())

    async def __aenter__(self) -> Self:
        """Give the inspector itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the inspector."""
        await self.close()

    async def inspect(self, path: Path, name: str, policy: DocumentPolicy) -> Inspection:
        """Inspect the file at `path`, which its sender called `name`. Never raises on account of the file."""
        started = time.monotonic()
        sha256, size, refusal = await asyncio.to_thread(_read_basics, path, policy)
        if refusal:
            answer = Answer(findings=(refusal,))
        else:
            answer = await self._ask(Request(path=path.absolute(), name=name, policy=policy))  # noqa: ASYNC240 - reads no disk
        seconds = round(time.monotonic() - started, 3)
        return Inspection(name=name, sha256=sha256, size=size, seconds=seconds, **dict(answer))

    async def close(self) -> None:
        """Let the files that are being inspected come to their end, then stop every server."""
        servers = [await self._idle.get() for _ in range(self._processes)]
        for server in servers:
            await server.stop()
            self._idle.put_nowait(server)

    async def _ask(self, request: Request) -> Answer:
        async with self._server() as server:
            for _ in range(_TRIES):
                try:
                    return await server.ask(request)
                except TimeoutError:
                    await server.stop()
                    return stopped("time")
                except (OSError, EOFError, ValueError):
                    await server.stop()
            return stopped("crash")

    @asynccontextmanager
    async def _server(self) -> AsyncIterator[_Server]:
        server = await self._idle.get()
        try:
            yield server
        except asyncio.CancelledError:
            # The answer to a cancelled question must not be taken for the answer to the next.
            await server.stop()
            raise
        finally:
            self._idle.put_nowait(server)


class _Server:
    """Own one sandbox process, started when it is needed."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def ask(self, request: Request) -> Answer:
        """Send one request. Raises TimeoutError, or OSError, EOFError or ValueError when the server is gone."""
        questions, answers = await self._pipes()
        questions.write(request.model_dump_json().encode() + b"\n")
        async with asyncio.timeout(request.policy.sandbox.wall_seconds + _GRACE_SECONDS):
            await questions.drain()
            line = await answers.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        return Answer.model_validate_json(line)

    async def stop(self) -> None:
        """Kill the server together with the file it may be working on, and wait until it is gone."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()

    async def _pipes(self) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
        if self._process is None or self._process.returncode is not None:
            await self.stop()
            self._process = await _start_process()
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise EOFError
        return process.stdin, process.stdout


async def _start_process() -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "workers.documents.sandbox",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
        limit=_LONGEST_LINE,
    )
    if process.stdout is not None:
        # Loading the parsers takes seconds on a busy machine and must not count as the first file's time.
        async with asyncio.timeout(_START_SECONDS):
            await process.stdout.readline()
    return process


def _read_basics(path: Path, policy: DocumentPolicy) -> tuple[str, int, Finding | None]:
    """Hash and measure the file, and refuse at once what need not be opened."""
    try:
        with open_plain(path, follow=True) as file:
            size = os.fstat(file.fileno()).st_size
            fits = size <= policy.limits.file_mb * _MEGABYTE
            sha256 = hashlib.file_digest(file, "sha256").hexdigest() if fits else ""
    except (OSError, ValueError):
        return "", 0, finding("unreadable")
    if size == 0:
        return sha256, size, finding("empty_file")
    if not fits:
        measured, limit = (f"{number:.1f}".replace(".", ",") for number in (size / _MEGABYTE, policy.limits.file_mb))
        return sha256, size, finding("too_large", size_mb=measured, limit_mb=limit)
    return sha256, size, None
