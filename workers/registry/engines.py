"""Open connections to SQLite or PostgreSQL so that a commit is on the disk and a writer waits instead of failing."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError
from sqlalchemy.ext.asyncio import create_async_engine

from workers.errors import UserError
from workers.registry.outages import hide_values

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import URL, Engine, ExceptionContext
    from sqlalchemy.ext.asyncio import AsyncEngine

BUSY_SECONDS = 30
OWN_NAME = f"dieuphoi {socket.gethostname()}:{os.getpid()}"[:63]
"""What the connections of this process are called on a server."""
READERS = 8
_DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}

# FULL: a commit is on the disk before it is acknowledged, so neither a killed process nor a power cut loses it.
_PRAGMAS = ("foreign_keys=ON", "synchronous=FULL", f"busy_timeout={BUSY_SECONDS * 1000}")


_POSTGRESQL = {
    "application_name": OWN_NAME,
    # Acknowledged means on the disk, whatever the server is set to.
    "synchronous_commit": "on",
    "lock_timeout": f"{BUSY_SECONDS}s",
    # What a process holds that is gone without a word (its machine, its network) is free again after that.
    "idle_in_transaction_session_timeout": "2min",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "jit": "off",
}


def sqlite_url(path: Path) -> str:
    """Name the SQLite file at `path` as a database address."""
    return f"sqlite:///{path}"


def parse_url(url: str) -> URL:
    """Read a database address and choose the asynchronous driver. Raises UserError when it names no usable database."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    driver = _DRIVERS.get(parsed.get_backend_name()) if parsed else None
    if parsed is None or driver is None:
        raise UserError(
            "Địa chỉ cơ sở dữ liệu không đúng; viết dạng sqlite:///đường/dẫn/tệp hoặc postgresql://máy/tên."
        )
    parsed = parsed.set(drivername=driver)
    if mode := parsed.query.get("sslmode"):  # as libpq and its tools say it
        parsed = parsed.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    if driver.startswith("sqlite") and parsed.database in (None, "", ":memory:"):
        raise UserError("Cơ sở dữ liệu SQLite phải là một tệp; viết dạng sqlite:///đường/dẫn/tệp.")
    return parsed


def file_engine(url: URL, *, writing: bool) -> Engine:
    """Open connections to a file on which nothing begins by itself: whoever uses one says BEGIN and COMMIT."""
    engine = create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_size=1 if writing else READERS + 1,
        max_overflow=0,
        connect_args={"check_same_thread": False},
        hide_parameters=True,
        json_serializer=to_json,
    )
    pragmas = _PRAGMAS if writing else (*_PRAGMAS, "query_only=ON")

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, record: object) -> None:  # noqa: ARG001
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def server_engine(url: URL, *, writing: bool) -> AsyncEngine:
    """Open connections to a server on which nothing begins by itself, as with a file."""
    engine = create_async_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_size=READERS,
        max_overflow=0,
        pool_timeout=BUSY_SECONDS,
        hide_parameters=True,
        json_serializer=to_json,
        connect_args={
            "timeout": 10,
            # A server that does not answer at all must not hold a job for ever.
            "command_timeout": BUSY_SECONDS + 5,
            "server_settings": {**_POSTGRESQL, "default_transaction_read_only": "off" if writing else "on"},
        },
    )
    event.listen(engine.sync_engine, "handle_error", _hide_values)
    event.listen(engine.sync_engine, "checkout", _refuse_dead)
    return engine


def _refuse_dead(connection: Any, _record: object, _proxy: object) -> None:
    # The driver hears at once when the server closes a connection; to ask the server each time costs a round trip.
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError


def _hide_values(context: ExceptionContext) -> None:
    hide_values(context.original_exception, context.original_exception.__cause__)


to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Write a value as it is stored."""
