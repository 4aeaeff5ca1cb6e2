"""Keep the registry in one SQLite file: statements run at once, commits in a thread, several jobs to a commit.

A statement on a file takes some ten microseconds, handing it to a thread and back takes ten times that: so the event
loop runs it itself. What waits for the disk, or for another process that holds the file, does so in a thread.

A commit waits for the disk for milliseconds, and the file takes one writer at a time. So writers that queue up while a
commit is due join it: each works behind a savepoint of its own, and all of them hear of the one commit.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from workers.errors import Outage
from workers.registry.engines import BUSY_SECONDS, READERS, file_engine
from workers.registry.outages import outages
from workers.registry.steady import to_the_end

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection, RowMapping
    from sqlalchemy.engine import URL

_SAVEPOINT = "job"


class Answer:
    """Hold what a statement gave."""

    def __init__(self, connection: Connection, statement: Any, parameters: Any) -> None:
        result = connection.execute(statement, parameters)
        self.rowcount = result.rowcount
        self._rows: Sequence[Any] = result.all() if result.returns_rows else []

    def all(self) -> Sequence[Any]:
        """List the rows by position and name."""
        return self._rows

    def mappings(self) -> Sequence[RowMapping]:
        """List the rows by name."""
        return [row._mapping for row in self._rows]  # noqa: SLF001 - the documented way to a row's names


class FileConnection:
    """Run statements on one connection."""

    dialect = "sqlite"

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def execute(self, statement: Any, parameters: Any = None) -> Answer:
        """Run a statement. Raises Outage when the disk is full."""
        with outages():
            return Answer(self._connection, statement, parameters)

    async def fetch(self, statement: Any, parameters: Any = None) -> Sequence[RowMapping]:
        """Run a statement and give its rows. Raises Outage when the disk does not answer."""
        with outages():
            return self._connection.execute(statement, parameters).mappings().all()

    async def run(self, sql: str, values: Mapping[str, Any]) -> Sequence[Any]:
        """Run plain SQL."""
        return run(self._connection, sql, values)


def run(connection: Connection, sql: str, values: Mapping[str, Any]) -> Sequence[Any]:
    """Run plain SQL by the driver itself."""
    driver: Any = connection.connection.driver_connection
    with outages():
        found: Sequence[Any] = driver.execute(sql, values).fetchall()
    return found


class Snapshot(FileConnection):
    """Read as the file was at the first statement."""

    def __init__(self, connection: Connection, places: asyncio.Semaphore) -> None:
        super().__init__(connection)
        self._places = places
        connection.exec_driver_sql("BEGIN")

    async def close(self) -> None:
        """Give the connection back."""
        try:
            self._connection.exec_driver_sql("ROLLBACK")
        finally:
            self._connection.close()
            self._places.release()


class FileStore:
    """Hold the connections to a file: one that writes, one that reads the newest state, some for snapshots."""

    def __init__(self, url: URL) -> None:
        self._reads = file_engine(url, writing=False)
        self._writes = file_engine(url, writing=True)
        self._places = asyncio.Semaphore(READERS)
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="registry")
        self._newest = self._reads.connect()
        self._writer = self._writes.connect()
        self._group: Group | None = None
        self._committing: set[asyncio.Task[None]] = set()

    async def check(self, look: Callable[[Connection], None]) -> None:
        """Let `look` see the tables."""
        look(self._newest)

    async def latest(self, statement: Any, parameters: Any = None) -> Sequence[RowMapping]:
        """Read the newest committed state. Raises Outage when the disk does not answer."""
        with outages():
            return self._newest.execute(statement, parameters).mappings().all()

    async def run_latest(self, sql: str, values: Mapping[str, Any]) -> Sequence[Any]:
        """Read the newest committed state with plain SQL."""
        return run(self._newest, sql, values)

    async def snapshot(self) -> Snapshot:
        """Begin to read."""
        await self._places.acquire()
        try:
            return Snapshot(self._reads.connect(), self._places)
        except BaseException:
            self._places.release()
            raise

    async def begin(self) -> FileTransaction:
        """Begin to write, when it is this one's turn. Raises Outage when the file stays in use."""
        with outages():
            async with asyncio.timeout(BUSY_SECONDS):
                await self._turn.acquire()
        try:
            return FileTransaction(self, await to_the_end(self._join_group()))
        except BaseException:
            self.end_turn()
            raise

    async def _join_group(self) -> Group:
        if self._group is not None and self._group.is_lost():
            self._group.fail(_given_up())
            self._group = None
        if self._group is None:
            with outages():
                await self._in_thread(self._begin)
            self._group = Group(self._writer)
        return self._group

    def _begin(self) -> None:
        # IMMEDIATE takes the file's write lock at once: a transaction that starts as a reader and turns writer fails
        # with "database is locked" instead of waiting.
        self._writer.exec_driver_sql("BEGIN IMMEDIATE")

    async def _in_thread(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def end_turn(self) -> None:
        """Let the next writer work; a group that nobody wrote for is forgotten."""
        if self._group is not None and self._group.is_empty():
            self._group.forget()
            self._group = None
        self._turn.release()

    def commit_soon(self, group: Group) -> None:
        """Commit after those who queue already."""
        task = asyncio.create_task(self._commit(group))
        self._committing.add(task)
        task.add_done_callback(self._committing.discard)

    async def _commit(self, group: Group) -> None:
        async with self._turn:
            if self._group is not group:
                return  # lost, and its members know
            self._group = None
            if group.is_lost():
                group.fail(_given_up())
                return
            try:
                await self._in_thread(group.commit)
            except Exception as error:  # noqa: BLE001 - whatever it is, every member has to hear of it
                # SQLite keeps a transaction open whose COMMIT failed: a broken reference, a full disk.
                group.forget()
                group.fail(error)
            else:
                group.done.set_result(None)

    async def close(self) -> None:
        """Close all connections, after the commits under way."""
        await asyncio.gather(*self._committing)
        self._newest.close()
        self._writer.close()
        self._thread.shutdown()
        self._reads.dispose()
        self._writes.dispose()


class Group:
    """Hold the transactions that share a commit."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._driver: Any = connection.connection.driver_connection
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._members = 0

    def is_lost(self) -> bool:
        """Tell whether SQLite gave up the whole transaction, as it does when the disk is full."""
        return not self._driver.in_transaction

    def say(self, command: str) -> None:
        """Run a command without values."""
        self._driver.execute(command)

    def is_empty(self) -> bool:
        """Tell whether nobody has anything to commit."""
        return self._members == 0

    def join(self) -> bool:
        """Add a transaction; tell whether it is the first."""
        self._members += 1
        return self._members == 1

    def forget(self) -> None:
        """Roll back what nobody wants."""
        if not self.is_lost():
            self.say("ROLLBACK")

    def commit(self) -> None:
        """Put everything on the disk. Raises Outage when it is full."""
        with outages():
            self.connection.exec_driver_sql("COMMIT")

    def fail(self, error: Exception) -> None:
        """Tell all members that nothing is on the disk."""
        self.done.set_exception(error)
        self.done.exception()  # heard, should no member wait any more


class FileTransaction(FileConnection):
    """Write behind a savepoint of its own until `commit` or `close`."""

    def __init__(self, store: FileStore, group: Group) -> None:
        super().__init__(group.connection)
        self._store = store
        self._group = group
        group.say(f"SAVEPOINT {_SAVEPOINT}")

    async def commit(self) -> None:
        """Return when everything is on the disk; a cancelled caller does not stop it."""
        try:
            if self._group.is_lost():
                raise _given_up()
            self._group.say(f"RELEASE {_SAVEPOINT}")
            if self._group.join():
                self._store.commit_soon(self._group)
        finally:
            self._store.end_turn()
        await asyncio.shield(self._group.done)

    async def close(self) -> None:
        """Forget everything."""
        try:
            if not self._group.is_lost():
                self._group.say(f"ROLLBACK TO {_SAVEPOINT}")
                self._group.say(f"RELEASE {_SAVEPOINT}")
        finally:
            self._store.end_turn()


def _given_up() -> Outage:
    return Outage("Cơ sở dữ liệu đã bỏ giao dịch đang ghi; việc này sẽ được làm lại.")
