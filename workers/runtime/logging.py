"""Write log lines that hold event names, ids and counts, and nothing of what a variable holds.

Three walls: an allow-list of keys for our own lines; lines of libraries keep their fixed text and
lose their arguments, whichever handler prints them; exceptions are named by class and place, not by text.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

import structlog

from workers.plain import plain
from workers.runtime.privacy import MASK, redact

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from structlog.typing import EventDict, Processor, WrappedLogger

    ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

ALLOWED_KEYS = frozenset({
    "event", "level", "timestamp", "logger",
    "dossier_code", "job_key", "job_type", "job_types", "element_id", "element_instance_key",
    "process_id", "process_instance_key", "attempt", "retries_left", "outcome", "code", "took_ms", "retry_in_s",
    "error_class", "where", "status", "reason", "signal", "exit_code", "running", "address", "port",
    "count", "age_s", "message_id", "kind", "channel", "template", "unit", "step", "rung", "version", "key",
    "name", "action", "check", "pid", "process", "seconds", "path",
})  # fmt: skip

QUIET = {"pyzeebe": logging.INFO, "grpc": logging.WARNING, "sqlalchemy": logging.WARNING, "asyncio": logging.WARNING,
         "uvicorn.access": logging.WARNING, "alembic": logging.WARNING,
         "httpx2": logging.WARNING, "httpcore2": logging.WARNING, "mail": logging.WARNING}  # fmt: skip
"""The level below which a library says nothing: DEBUG of pyzeebe prints whole jobs."""

_LONGEST = 300
_META = frozenset({"_record", "_from_structlog"})
_NUMBERS_OF_PERSONS = range(10**8, 10**12)


def configure_logging(
    style: Literal["json", "console"] = "console", level: str = "INFO", extra_keys: Iterable[str] = ()
) -> None:
    """Send all log lines of the process to stderr, one line each, filtered.

    `extra_keys` are further keys that may appear; name none that holds personal data.
    """
    allowed = ALLOWED_KEYS | frozenset(extra_keys)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        describe_exception,
        _AllowList(allowed),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = _Stderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(style)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, quiet in QUIET.items():
        logging.getLogger(name).setLevel(max(quiet, root.level))
    logging.setLogRecordFactory(ScrubbedRecord)
    # Nobody prints them, and to find them out takes a good part of a line's time.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


class ScrubbedRecord(logging.LogRecord):
    """Drop the arguments and the exception text of a library's line before any handler sees it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.msg, dict):
            return  # one of our own lines: structlog has filtered it already
        self.msg = _first_line(str(self.msg))
        self.args = ()
        if self.exc_info and self.exc_info[1] is not None:
            self.error_class, self.where = describe(self.exc_info[1])
            self.msg = f"{self.msg} ({self.error_class} at {self.where})"
        self.exc_info = None
        self.stack_info = None


class _Stderr(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:  # noqa: BLE001, S110 - the default would print the record with the whole chain of exceptions
            pass


def describe_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace an exception by its class and the place it came from."""
    error = _exception_of(event.pop("exc_info", None))
    if error is not None:
        event["error_class"], event["where"] = describe(error)
    return event


def describe(error: BaseException) -> tuple[str, str]:
    """Return an exception's class, and the file, line and function that raised it; never its text."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno} {frames[-1].name}" if frames else "?"
    return type(error).__name__, where


def _exception_of(value: Any) -> BaseException | None:
    if isinstance(value, BaseException):
        return value
    if isinstance(value, tuple):
        return value[1] if isinstance(value[1], BaseException) else None
    return sys.exception() if value else None


class _AllowList:
    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = allowed

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {
            key: value if key in _META else _plain(value)
            for key, value in event.items()
            if key in self._allowed or key in _META
        }


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        # An engine's key is longer than any number of a person, a count is shorter.
        return MASK if abs(value) in _NUMBERS_OF_PERSONS and redact(str(value)) != str(value) else value
    if isinstance(value, str):
        return _first_line(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(part) for part in value]
    return type(value).__name__


@lru_cache(maxsize=4096)  # names of events, job types and elements come again and again
def _first_line(text: str) -> str:
    line = plain(text.strip().split("\n", 1)[0])
    return redact(line)[:_LONGEST]


def _renderer(style: str) -> Processor:
    if style == "json":
        # One encoder for all lines: `json.dumps` makes one for each that is not written with its defaults.
        encoder = json.JSONEncoder(ensure_ascii=False)
        return structlog.processors.JSONRenderer(serializer=lambda event, **_options: encoder.encode(event))
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
