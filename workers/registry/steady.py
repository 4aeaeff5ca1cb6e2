"""Run database calls to their end, also when the caller is cancelled.

A driver that is cancelled half-way may leave a transaction open that nobody ends: the file stays locked. So a
cancellation waits for the statement under way (milliseconds) and is passed on afterwards.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from workers.registry.outages import outages

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from sqlalchemy import CursorResult, RowMapping
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

T = TypeVar("T")


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Wait for work that must not stop half-way. Raises CancelledError after it when the caller was cancelled."""
    task = asyncio.create_task(work)
    cancelled = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        task.exception()  # looked at, so that the loop does not complain; the cancellation matters more
        raise cancelled
    return task.result()


class SteadyConnection:
    """Hold a connection with a transaction begun."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.dialect = connection.dialect.name

    @classmethod
    async def open(cls, engine: AsyncEngine) -> SteadyConnection:
        """Take a connection from the pool and begin. Raises Outage when the database is away or too busy."""
        opening = asyncio.create_task(_begin(engine))
        try:
            with outages():
                return cls(await to_the_end(_result_of(opening)))
        except asyncio.CancelledError:
            if opening.exception() is None:
                await to_the_end(opening.result().close())
            raise

    async def execute(self, statement: Any, parameters: Any = None) -> CursorResult[Any]:
        """Run a statement. Raises Outage when the database is away or too busy."""
        with outages():
            return await to_the_end(self._connection.execute(statement, parameters))

    async def fetch(self, statement: Any, parameters: Any = None) -> Sequence[RowMapping]:
        """Run a statement and give its rows."""
        return (await self.execute(statement, parameters)).mappings().all()

    async def commit(self) -> None:
        """Commit and give the connection back; when that fails, nothing is committed and the connection is dropped."""
        with outages():
            await to_the_end(self._commit())

    async def close(self) -> None:
        """Roll back what is not committed and give the connection back."""
        await to_the_end(self._connection.close())

    async def _commit(self) -> None:
        try:
            await self._connection.commit()
        except Exception:
            # SQLite keeps a transaction open whose COMMIT failed: a broken reference, a full disk.
            await self._connection.invalidate()
            raise
        finally:
            await self._connection.close()


async def _begin(engine: AsyncEngine) -> AsyncConnection:
    connection = await engine.connect()
    try:
        await connection.begin()
    except BaseException:
        await connection.close()
        raise
    return connection


async def _result_of(task: asyncio.Task[T]) -> T:
    return await task
