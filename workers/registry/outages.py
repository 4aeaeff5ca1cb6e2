"""Tell what passes (the database is away, busy, in a deadlock, without room) from what is wrong with a statement."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from workers.errors import Outage

if TYPE_CHECKING:
    from collections.abc import Iterator

# The driver's word for a session that the server has ended but not yet hung up.
ENDED_SESSION = asyncpg.InternalClientError
_OF_DRIVERS = (sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError, ENDED_SESSION)
# PostgreSQL's SQLSTATE by its beginning: connection lost, deadlock or conflict, out of resources, lock not got in time,
# statement or idle transaction ended, server stopping or starting.
_PASSING = ("08", "40", "53", "55P03", "57", "25P03")
_SERVER_DISK_FULL = "53100"
# Whatever else makes a server end a session passes, too (a full disk as "internal error"), but not these: wrong login,
# no such database, no permission.
_ENDING, _LASTING = frozenset({"FATAL", "PANIC"}), ("28", "3D", "42")
# SQLite's primary result codes: another process holds the file, the disk is full or does not answer.
_FILE_PASSING = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})

_AWAY = "Cơ sở dữ liệu đang bận hoặc không kết nối được; việc này sẽ được làm lại."
_DISK_FULL = "Ổ đĩa của cơ sở dữ liệu đã đầy; giải phóng dung lượng, việc này sẽ được làm lại."


@contextmanager
def outages() -> Iterator[None]:
    """Raise Outage for what passes by itself; other errors go through."""
    try:
        yield
    except (PoolTimeoutError, DBAPIError, *_OF_DRIVERS, OSError) as error:
        if not _passes(error):
            hide_values(error)
            raise
        raise Outage(_DISK_FULL if _is_disk_full(error) else _AWAY) from None


def _passes(error: Exception) -> bool:
    if isinstance(error, OSError | PoolTimeoutError | ENDED_SESSION):
        return True
    cause, state = _of_driver(error), _state(error)
    ended = getattr(cause, "severity_en", None) in _ENDING
    passing = state.startswith(_PASSING) or (ended and not state.startswith(_LASTING))
    return _is_gone(error) or passing or _file_code(cause) in _FILE_PASSING


def _is_gone(error: Exception) -> bool:
    if isinstance(error, DBAPIError):
        return error.connection_invalidated
    # The driver says the same of a value that does not fit, which is a ValueError, too.
    return isinstance(error, asyncpg.InterfaceError) and not isinstance(error, ValueError)


def _is_disk_full(error: Exception) -> bool:
    return _state(error) == _SERVER_DISK_FULL or _file_code(_of_driver(error)) == sqlite3.SQLITE_FULL


def _of_driver(error: Exception) -> BaseException | None:
    """Give the driver's own error, which SQLAlchemy wraps once or twice."""
    if not isinstance(error, DBAPIError):
        return error
    return error.orig and (error.orig.__cause__ or error.orig)


def _state(error: Exception) -> str:
    source = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(source, "sqlstate", None) or "")


def _file_code(cause: BaseException | None) -> int | None:
    extended = getattr(cause, "sqlite_errorcode", None)
    return None if extended is None else extended & 0xFF


def hide_values(*errors: BaseException | None) -> None:
    """Take away the detail of errors: PostgreSQL puts the values of keys there, and for NOT NULL the whole row."""
    for error in errors:
        if getattr(error, "detail", None):
            error.detail = None  # type: ignore[union-attr]
