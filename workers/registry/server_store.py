"""Keep the registry on a PostgreSQL server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workers.registry.engines import server_engine
from workers.registry.outages import outages
from workers.registry.steady import Driver, SteadyConnection, connect, run, to_the_end

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from sqlalchemy import Connection, RowMapping
    from sqlalchemy.engine import URL
    from sqlalchemy.ext.asyncio import AsyncConnection


class ServerStore:
    """Hold the connections to a server."""

    def __init__(self, url: URL) -> None:
        self._reads = server_engine(url, writing=False)
        self._writes = server_engine(url, writing=True)

    async def check(self, look: Callable[[Connection], None]) -> None:
        """Let `look` see the tables."""
        async with self._reads.connect() as connection:
            await connection.run_sync(look)

    async def latest(self, statement: Any, parameters: Any = None) -> Sequence[RowMapping]:
        """Read the newest committed state. Raises Outage when the server is away or too busy."""
        return await self._read(lambda connection, _: _fetch(connection, statement, parameters))

    async def run_latest(self, sql: str, values: Mapping[str, Any]) -> Sequence[Any]:
        """Read the newest committed state with plain SQL. Raises Outage when the server is away or too busy."""
        return await self._read(lambda _, driver: run(driver, sql, values))

    async def _read(self, work: Callable[[AsyncConnection, Driver], Awaitable[Sequence[Any]]]) -> Sequence[Any]:
        # A statement by itself sees one state anyway: to begin and end a transaction around it would double its cost.
        with outages():
            return await to_the_end(self._read_once(work))

    async def _read_once(self, work: Callable[[AsyncConnection, Driver], Awaitable[Sequence[Any]]]) -> Sequence[Any]:
        (connection, _), found = await connect(self._reads, work)
        await connection.close()
        return found

    async def snapshot(self) -> SteadyConnection:
        """Begin to read. Raises Outage when the server is away or too busy."""
        return await SteadyConnection.open(self._reads, "BEGIN ISOLATION LEVEL REPEATABLE READ")

    async def begin(self) -> SteadyConnection:
        """Begin to write. Raises Outage when the server is away or too busy."""
        return await SteadyConnection.open(self._writes, "BEGIN")

    async def close(self) -> None:
        """Close all connections."""
        await self._reads.dispose()
        await self._writes.dispose()


async def _fetch(connection: AsyncConnection, statement: Any, parameters: Any) -> Sequence[RowMapping]:
    return (await connection.execute(statement, parameters)).mappings().all()
