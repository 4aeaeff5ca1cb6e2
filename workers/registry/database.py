"""Hold the registry open: snapshots for readers, one transaction at a time for writers of a file."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError

from workers.errors import UserError
from workers.registry import maintenance
from workers.registry.engines import BUSY_SECONDS, parse_url, reading_engine, writing_engine
from workers.registry.outages import outages
from workers.registry.reader import Reader, Rows
from workers.registry.schema import check_schema, unusable
from workers.registry.steady import SteadyConnection, to_the_end
from workers.registry.writer import Clock, Writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from sqlalchemy.engine import URL


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
            async with registry._reads.connect() as connection:
                await check_schema(connection)
        except BaseException as error:
            await registry.close()
            if isinstance(error, DBAPIError | OSError):
                raise unusable(parsed, error) from None
            raise
        return registry

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

        Raises UserError on PostgreSQL, which has pg_dump, and when the copy cannot be written.
        """
        await asyncio.to_thread(maintenance.backup, self._file(), path)

    async def damage(self) -> list[str]:
        """List what SQLite finds wrong with the file and its references; empty when sound. PostgreSQL is not asked."""
        if self._turn is None:
            return []
        return await asyncio.to_thread(maintenance.damage, self._file())

    def _file(self) -> Path:
        if self._turn is None:
            raise UserError("Cơ sở dữ liệu PostgreSQL được sao lưu bằng pg_dump, không phải bằng lệnh này.")
        return Path(self.url.database or "")

    async def _fetch_latest(self, statement: Any) -> Rows:
        async with self.read() as reader:
            return await reader.rows(statement)
