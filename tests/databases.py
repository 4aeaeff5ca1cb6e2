"""Give tests of the registry fresh databases: files of SQLite, or databases of a real PostgreSQL server.

TEST_REGISTRY=postgresql in the environment chooses PostgreSQL; without it tests open no socket.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from tests.postgres import PostgresServer
from workers.registry.engines import sqlite_url
from workers.registry.schema import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POSTGRESQL = "postgresql"
CHOSEN = os.environ.get("TEST_REGISTRY", "sqlite")

_SQLITE_GUARDS = (
    "timeline_no_update",
    "timeline_no_delete",
    "timeline_no_replace",
    "timeline_heads_only_forward",
    "timeline_heads_no_delete",
    "timeline_heads_no_replace",
)


class Database(Protocol):
    """Name a database and work on it behind the program's back, as somebody with a shell can."""

    url: str

    def change(self, *statements: str) -> None:
        """Run statements in one transaction."""

    def remove_guards(self) -> None:
        """Take away what keeps the timeline append-only."""

    def value(self, statement: str) -> str:
        """Ask for one value, as text."""

    def shape(self) -> str:
        """Write down tables, indices and triggers."""


class Databases(Protocol):
    """Make databases, each for one test."""

    def empty(self, folder: Path) -> Database:
        """Make one without tables; nothing is there yet when it is a file."""

    def migrated(self, folder: Path) -> Database:
        """Make one with the program's tables."""


@contextmanager
def open_databases(folder: Path) -> Iterator[Databases]:
    """Open the databases that TEST_REGISTRY names."""
    if CHOSEN != POSTGRESQL:
        yield SqliteFiles(folder)
        return
    with PostgresServer(durable=False) as server:
        yield PostgresDatabases(server)


@contextmanager
def registry_address() -> Iterator[str | None]:
    """Give the address of an empty database of the chosen kind; None stands for the program's own SQLite file."""
    if CHOSEN != POSTGRESQL:
        yield None
        return
    with PostgresServer() as server:
        yield server.fresh_database()


class SqliteFile:
    """Name a file of SQLite."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = sqlite_url(path)

    def change(self, *statements: str) -> None:
        connection = sqlite3.connect(self.path)
        try:
            with connection:
                for statement in statements:
                    connection.execute(statement)
        finally:
            connection.close()

    def remove_guards(self) -> None:
        self.change(*(f"DROP TRIGGER {guard}" for guard in _SQLITE_GUARDS))

    def value(self, statement: str) -> str:
        connection = sqlite3.connect(self.path)
        try:
            return str(connection.execute(statement).fetchone()[0])
        finally:
            connection.close()

    def shape(self) -> str:
        return self.value("SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_master ORDER BY name)")


class SqliteFiles:
    """Copy a migrated file for each test."""

    def __init__(self, folder: Path) -> None:
        self._template = folder / "registry.db"
        asyncio.run(migrate(sqlite_url(self._template)))

    def empty(self, folder: Path) -> SqliteFile:
        return SqliteFile(folder / "registry" / "registry.db")

    def migrated(self, folder: Path) -> SqliteFile:
        database = self.empty(folder)
        database.path.parent.mkdir(parents=True)
        shutil.copy(self._template, database.path)
        return database


class PostgresDatabase:
    """Name a database of a PostgreSQL server."""

    def __init__(self, server: PostgresServer, url: str) -> None:
        self.url = url
        self.server = server
        self.name = url.rpartition("/")[2]

    def change(self, *statements: str) -> None:
        self.server.psql("; ".join(statements), self.name)

    def remove_guards(self) -> None:
        self.change(*(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in ("timeline", "timeline_heads")))

    def value(self, statement: str) -> str:
        return self.server.psql(statement, self.name)

    def shape(self) -> str:
        return self.server.dump_schema(self.name)


class PostgresDatabases:
    """Copy a migrated database for each test."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        template = server.fresh_database()
        asyncio.run(migrate(template))
        self._template = template.rpartition("/")[2]

    def empty(self, folder: Path) -> PostgresDatabase:
        return PostgresDatabase(self._server, self._server.fresh_database())

    def migrated(self, folder: Path) -> PostgresDatabase:
        return PostgresDatabase(self._server, self._server.fresh_database(self._template))
