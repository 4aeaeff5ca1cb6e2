"""Keep the registry on a PostgreSQL server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workers.registry.engines import server_engine
from workers.registry.steady import SteadyConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, RowMapping
    from sqlalchemy.engine import URL


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
        """Read the newest committed state."""
        connection = await self.snapshot()
        try:
            return await connection.fetch(statement, parameters)
        finally:
            await connection.close()

    async def snapshot(self) -> SteadyConnection:
        """Begin to read. Raises Outage when the server is away or too busy."""
        return await SteadyConnection.open(self._reads)

    async def begin(self) -> SteadyConnection:
        """Begin to write. Raises Outage when the server is away or too busy."""
        return await SteadyConnection.open(self._writes)

    async def close(self) -> None:
        """Close all connections."""
        await self._reads.dispose()
        await self._writes.dispose()
