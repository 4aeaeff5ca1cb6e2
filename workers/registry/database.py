"""Hold the registry open: snapshots for readers, one transaction at a time for writers of a file."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from workers.errors import UserError
from workers.registry import maintenance
from workers.registry.engines import BUSY_SECONDS, OWN_NAME, parse_url, reading_engine, writing_engine
from workers.registry.outages import outages
from workers.registry.reader import Reader, Rows
from workers.registry.schema import check_schema, unusable
from workers.registry.steady import SteadyConnection, to_the_end
from workers.registry.writer import Clock, Writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from sqlalchemy.engine import URL


def restore(url: str, path: Path) -> None:
    """Fill a database that holds nothing yet from a backup. Raises UserError when it is not empty or does not fit."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "postgresql":
        maintenance.load(path, parsed)
    else:
        maintenance.restore(path, Path(parsed.database or ""))


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Transaction:
    """Hold a write transaction; `commit` and `rollback` end it for good, even if the caller is cancelled."""

    def __init__(self, connection: SteadyConnection, now: Clock, turn: asyncio.Lock | None) -> None:
        self.connection = connection
        self.writer = Writer(connection, now)
        self._turn = turn

    async def commit(self) -> None:
        """Put all changes on the disk, or none when this raises."""
        await to_the_end(self._end(self.connection.commit()))

    async def rollback(self) -> None:
        """Forget all changes."""
        await to_the_end(self._end(self.connection.close()))

    async def _end(self, ending: Coroutine[Any, Any, None]) -> None:
        try:
            await ending
        finally:
            if self._turn is not None:
                self._turn.release()


class Registry:
    """Give access to the registry; one object a process and event loop, any number of processes on one database."""

    def __init__(self, url: URL, now: Clock) -> None:
        self.url = url
        self.now = now
        self._reads = reading_engine(url)
        self._writes = writing_engine(url)
        # A file takes one writer: those of this process queue here in order of arrival instead of spinning on the file.
        self._turn = asyncio.Lock() if url.get_backend_name() == "sqlite" else None
        self.latest = Reader(self._fetch_latest)

    @classmethod
    async def connect(cls, url: str, now: Clock = _utc_now) -> Registry:
        """Open a migrated database. Raises UserError when there is none or its tables are not those of this program."""
        parsed = parse_url(url)
        if parsed.get_backend_name() == "sqlite":
            maintenance.require_file(Path(parsed.database or ""))
        registry = cls(parsed, now)
        try:
            await registry._check()
        except BaseException:
            await registry.close()
            raise
        return registry

    async def problem(self) -> str | None:
        """Say in one sentence why the registry cannot be used now and what to do; None when it can be.

        A program of another version may have changed the tables since this one connected.
        """
        try:
            await self._check()
        except UserError as error:
            return error.message
        return None

    async def _check(self) -> None:
        try:
            async with self._reads.connect() as connection:
                await check_schema(connection)
        except (DBAPIError, PoolTimeoutError, OSError) as error:
            raise unusable(self.url, error) from None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Reader]:
        """Read one consistent snapshot. `latest` reads the newest state at each call instead and holds nothing open."""
        connection = await SteadyConnection.open(self._reads)
        try:
            yield Reader(connection.fetch)
        finally:
            await connection.close()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Writer]:
        """Change the registry: commits at the end, rolls back on an exception. Raises Outage as `begin` does."""
        async with self.transaction() as transaction:
            yield transaction.writer

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a write transaction with its connection, for statements of this package."""
        transaction = await self.begin()
        try:
            yield transaction
        except BaseException:
            await transaction.rollback()
            raise
        await transaction.commit()

    async def begin(self) -> Transaction:
        """Open a write transaction that the caller ends. Raises Outage when the database is away or stays busy."""
        if self._turn is not None:
            with outages():
                async with asyncio.timeout(BUSY_SECONDS):
                    await self._turn.acquire()
        try:
            connection = await SteadyConnection.open(self._writes)
        except BaseException:
            if self._turn is not None:
                self._turn.release()
            raise
        return Transaction(connection, self.now, self._turn)

    async def close(self) -> None:
        """Close all connections."""
        await self._reads.dispose()
        await self._writes.dispose()

    async def backup(self, path: Path) -> None:
        """Copy the database, while it is in use, to a file that appears only complete and that only the owner reads.

        Raises UserError when the copy cannot be written, and on PostgreSQL when there is no pg_dump.
        """
        if self._turn is None:
            await asyncio.to_thread(maintenance.dump, self.url, path)
        else:
            await asyncio.to_thread(maintenance.backup, Path(self.url.database or ""), path)

    async def others_connected(self) -> int:
        """Count the connections of other processes of this suite; on SQLite nobody can tell, so 0."""
        if self._turn is not None:
            return 0
        rows = await self.latest.rows(
            text(
                "SELECT count(*) AS others FROM pg_stat_activity WHERE datname = current_database() "
                "AND application_name LIKE 'dieuphoi %' AND application_name <> :own"
            ).bindparams(own=OWN_NAME)
        )
        return int(rows[0]["others"])

    async def damage(self) -> list[str]:
        """List what SQLite finds wrong with the file and its references; empty when sound. PostgreSQL is not asked."""
        if self._turn is None:
            return []
        return await asyncio.to_thread(maintenance.damage, Path(self.url.database or ""))

    async def _fetch_latest(self, statement: Any) -> Rows:
        async with self.read() as reader:
            return await reader.rows(statement)
