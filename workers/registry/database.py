"""Hold the registry open: snapshots for readers, one transaction at a time for writers of a file."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from workers.errors import UserError
from workers.registry import maintenance
from workers.registry.engines import OWN_NAME, parse_url
from workers.registry.file_store import FileStore
from workers.registry.reader import Reader
from workers.registry.schema import check_schema, unusable
from workers.registry.server_store import ServerStore
from workers.registry.writer import Clock, Writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.engine import URL

    from workers.registry.connection import Connection


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

    def __init__(self, connection: Connection, now: Clock) -> None:
        self.connection = connection
        self.writer = Writer(connection, now)

    async def commit(self) -> None:
        """Put all changes on the disk, or none when this raises."""
        await self.connection.commit()

    async def rollback(self) -> None:
        """Forget all changes."""
        await self.connection.close()


class Registry:
    """Give access to the registry; one object a process and event loop, any number of processes on one database."""

    def __init__(self, url: URL, now: Clock) -> None:
        self.url = url
        self.now = now
        self._on_file = url.get_backend_name() == "sqlite"
        self.store = FileStore(url) if self._on_file else ServerStore(url)
        self.latest = Reader(self.store.latest)

    @classmethod
    async def connect(cls, url: str, now: Clock = _utc_now) -> Registry:
        """Open a migrated database. Raises UserError when there is none or its tables are not those of this program."""
        parsed = parse_url(url)
        if parsed.get_backend_name() == "sqlite":
            maintenance.require_file(Path(parsed.database or ""))
        try:
            registry = cls(parsed, now)
        except DBAPIError as error:
            raise unusable(parsed, error) from None
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
            await self.store.check(check_schema)
        except (DBAPIError, PoolTimeoutError, OSError) as error:
            raise unusable(self.url, error) from None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Reader]:
        """Read one consistent snapshot. `latest` reads the newest state at each call instead and holds nothing open."""
        connection = await self.store.snapshot()
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
        return Transaction(await self.store.begin(), self.now)

    async def close(self) -> None:
        """Close all connections."""
        await self.store.close()

    async def backup(self, path: Path) -> None:
        """Copy the database, while it is in use, to a file that appears only complete and that only the owner reads.

        Raises UserError when the copy cannot be written, and on PostgreSQL when there is no pg_dump.
        """
        if not self._on_file:
            await asyncio.to_thread(maintenance.dump, self.url, path)
        else:
            await asyncio.to_thread(maintenance.backup, Path(self.url.database or ""), path)

    async def others_connected(self) -> int:
        """Count the connections of other processes of this suite; on SQLite nobody can tell, so 0."""
        if self._on_file:
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
        if not self._on_file:
            return []
        return await asyncio.to_thread(maintenance.damage, Path(self.url.database or ""))
