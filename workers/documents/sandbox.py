"""Serve inspections from a child process: `python -m workers.documents.sandbox`.

The server loads the parsers once and forks for every file, so that a file starts from a clean process, has limits of
its own and can leave nothing behind for the next. Requests and answers are JSON, one a line, on stdin and stdout.
"""

import importlib
import logging
import os
import resource
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

from PIL import Image
from pydantic import BaseModel

from workers.documents.checks.report import Report
from workers.documents.confinement import confine
from workers.documents.examination import examine
from workers.documents.findings import Finding, Signature, finding
from workers.documents.policy import DocumentPolicy, SandboxLimits

_MEGABYTE = 1024 * 1024
_LONGEST_ANSWER = 4 * _MEGABYTE
_OPEN_FILES = 64
_LOADED_LATE = (
    "encodings.cp437",
    "encodings.utf_16_be",
    "encodings.utf_16_le",
    "lxml.etree",
    "pyhanko.pdf_utils.filters",
    "pypdf._codecs._codecs",
    "pypdf.filters",
)
_OUT_OF_MEMORY = 3
_CRASHED = 4

StopReason = Literal["time", "memory", "crash"]
_STOP_REASONS: dict[StopReason, str] = {
    "time": "quá thời gian cho phép",
    "memory": "quá bộ nhớ cho phép",
    "crash": "trình đọc tệp dừng đột ngột",
}


class Request(BaseModel):
    """Ask for one file."""

    path: Path
    name: str
    policy: DocumentPolicy


class Answer(BaseModel):
    """Say what the checks learnt about one file."""

    detected_type: str = ""
    pages: int | None = None
    pdf_version: str | None = None
    pdfa: str | None = None
    has_text: bool | None = None
    signatures: tuple[Signature, ...] = ()
    findings: tuple[Finding, ...] = ()


def stopped(reason: StopReason) -> Answer:
    """Answer for a file on which the inspection itself came to an end."""
    return Answer(findings=(finding("inspection_stopped", reason=_STOP_REASONS[reason]),))


def load_parsers() -> None:
    """Import what the libraries would import at the first file of a kind, once instead of in every fork."""
    for module in _LOADED_LATE:
        importlib.import_module(module)
    Image.init()


def serve() -> None:
    """Load the parsers, say so, then answer requests until stdin ends."""
    load_parsers()
    # The parsers log what they read in a file: names of signers, for one.
    logging.disable(logging.CRITICAL)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        request = Request.model_validate_json(line)
        sys.stdout.write(_inspect_in_fork(request).model_dump_json() + "\n")
        sys.stdout.flush()


def _inspect_in_fork(request: Request) -> Answer:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _run_child(request, writing)
    os.close(writing)
    try:
        data, in_time = _read_until(reading, time.monotonic() + request.policy.sandbox.wall_seconds)
    finally:
        os.close(reading)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    return _judge(data, status, in_time=in_time, cpu=usage.ru_utime + usage.ru_stime, limits=request.policy.sandbox)


def _run_child(request: Request, writing: int) -> None:
    """Inspect one file under limits and end the process, whatever happens."""
    code = _CRASHED
    try:
        _silence()
        _limit(request.policy.sandbox)
        confine()
        answer = _examine(request)
        with os.fdopen(writing, "w", encoding="utf-8") as pipe:
            pipe.write(answer.model_dump_json())
        code = 0
    except MemoryError:
        code = _OUT_OF_MEMORY
    finally:
        # No clean-up of the forked interpreter: buffers and locks belong to the server.
        os._exit(code)


def _examine(request: Request) -> Answer:
    """Keep what was learnt before a parser gave up."""
    report = Report()
    try:
        examine(report, request.path, request.name, request.policy)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - parsers of hostile files raise what they like
        report.add("inspection_stopped", reason=_STOP_REASONS["crash"])
    return Answer(
        detected_type=report.detected_type,
        pages=report.pages,
        pdf_version=report.pdf_version,
        pdfa=report.pdfa,
        has_text=report.has_text,
        signatures=tuple(report.signatures),
        findings=tuple(report.findings),
    )


def _silence() -> None:
    """Keep what native libraries print away from the channel of answers."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def _limit(limits: SandboxLimits) -> None:
    memory = limits.memory_mb * _MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    # The kernel does not apply this one to root.
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def _read_until(reading: int, deadline: float) -> tuple[bytes, bool]:
    """Read the child's answer; False when time ran out first."""
    data = bytearray()
    while len(data) < _LONGEST_ANSWER:
        ready, _, _ = select.select([reading], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return bytes(data), False
        block = os.read(reading, 1 << 16)
        if not block:
            break
        data += block
    return bytes(data), True


def _judge(data: bytes, status: int, *, in_time: bool, cpu: float, limits: SandboxLimits) -> Answer:
    ended_by_signal = os.WIFSIGNALED(status)
    if not in_time or (ended_by_signal and (os.WTERMSIG(status) == signal.SIGXCPU or cpu >= limits.cpu_seconds)):
        return stopped("time")
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == _OUT_OF_MEMORY:
        return stopped("memory")
    try:
        return Answer.model_validate_json(data)
    except ValueError:
        return stopped("crash")


if __name__ == "__main__":
    serve()
