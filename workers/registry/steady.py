"""Run database calls to their end, also when the caller is cancelled.

A driver that is cancelled half-way may leave a transaction open that nobody ends: the file stays locked. So a
cancellation waits for the statement under way (milliseconds) and is passed on afterwards.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg

from workers.registry.outages import ENDED_SESSION, outages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence

    from sqlalchemy import CursorResult, RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

T = TypeVar("T")

Driver = Any
"""asyncpg's connection, which has no types."""
Held = tuple["AsyncConnection", Driver]

_NAMED = re.compile(r":(\w+)")


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Wait for work that must not stop half-way. Raises CancelledError after it when the caller was cancelled."""
    return await finished(asyncio.create_task(work))


async def finished(task: asyncio.Task[T]) -> T:
    """Wait for a task as `to_the_end` does for its work."""
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # looked at, so that the loop does not complain; the cancellation matters more
        raise


class SteadyConnection:
    """Hold a connection with a transaction begun. The driver begins and ends it: three calls less for SQLAlchemy."""

    dialect = "postgresql"

    def __init__(self, connection: AsyncConnection, driver: Driver) -> None:
        self._connection = connection
        self._driver = driver

    @classmethod
    async def open(cls, engine: AsyncEngine, begin: str) -> SteadyConnection:
        """Take a connection from the pool and begin. Raises Outage when the database is away or too busy."""
        opening = asyncio.create_task(connect(engine, lambda _, driver: driver.execute(begin)))
        try:
            with outages():
                held, _ = await finished(opening)
                return cls(*held)
        except asyncio.CancelledError:
            if not opening.cancelled() and opening.exception() is None:
                held, _ = opening.result()
                await cls(*held).close()
            raise

    async def execute(self, statement: Any, parameters: Any = None) -> CursorResult[Any]:
        """Run a statement. Raises Outage when the database is away or too busy."""
        with outages():
            return await to_the_end(self._connection.execute(statement, parameters))

    async def fetch(self, statement: Any, parameters: Any = None) -> Sequence[RowMapping]:
        """Run a statement and give its rows."""
        return (await self.execute(statement, parameters)).mappings().all()

    async def run(self, sql: str, values: Mapping[str, Any]) -> Sequence[Any]:
        """Run plain SQL. Raises Outage when the database is away or too busy."""
        with outages():
            return await to_the_end(run(self._driver, sql, values))

    async def commit(self) -> None:
        """Commit and give the connection back; when that fails, nothing is committed and the connection is dropped."""
        with outages():
            await to_the_end(self._end("COMMIT"))

    async def close(self) -> None:
        """Roll back what is not committed and give the connection back."""
        if not self._connection.closed:
            await to_the_end(self._roll_back())

    async def _roll_back(self) -> None:
        # A connection that is gone has nothing to roll back.
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, ENDED_SESSION, OSError):
            await self._end("ROLLBACK")

    async def _end(self, command: str) -> None:
        try:
            await _end(self._driver, command)
        except BaseException:
            await self._connection.invalidate()
            raise
        finally:
            await self._connection.close()


async def connect(engine: AsyncEngine, first: Callable[[AsyncConnection, Driver], Awaitable[T]]) -> tuple[Held, T]:
    """Take a connection and run its first command; once more on a new one when the server had closed the first.

    To ask the server beforehand whether a connection lives would cost a round trip each time.
    """
    try:
        return await _connect(engine, first)
    except _Closed:
        return await _connect(engine, first)


async def _connect(engine: AsyncEngine, first: Callable[[AsyncConnection, Driver], Awaitable[T]]) -> tuple[Held, T]:
    connection = await engine.connect()
    driver = None
    try:
        driver = (await connection.get_raw_connection()).driver_connection
        return (connection, driver), await first(connection, driver)
    except BaseException as error:
        gone = isinstance(error, ENDED_SESSION) or (driver is not None and driver.is_closed())
        await connection.invalidate()
        await connection.close()
        if gone:
            raise _Closed from None
        raise


class _Closed(OSError):
    """The server had closed the connection."""


async def run(driver: Driver, sql: str, values: Mapping[str, Any]) -> Sequence[Any]:
    """Run plain SQL with named values by the driver itself, which knows numbered ones."""
    text, names = _numbered(sql)
    found: Sequence[Any] = await driver.fetch(text, *(values[name] for name in names))
    return found


@cache
def _numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    names = tuple(dict.fromkeys(_NAMED.findall(sql)))
    return _NAMED.sub(lambda found: f"${names.index(found[1]) + 1}", sql), names


async def _end(driver: Driver, command: str) -> None:
    ended = await driver.execute(command)
    if ended != command:  # PostgreSQL rolls back without a word when a statement failed before
        message = f"{command} was answered by {ended}"
        raise RuntimeError(message)
