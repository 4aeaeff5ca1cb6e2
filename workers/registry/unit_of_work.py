"""Commit what a job changed together with the note that it was done, so that a second delivery changes nothing."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from workers.errors import AlreadyDone, RetryLater
from workers.records import CALLED_OFF
from workers.registry.columns import microseconds
from workers.registry.engines import to_json
from workers.registry.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.contract import JobMeta
    from workers.registry.database import Registry, Transaction
    from workers.registry.reader import Rows
    from workers.registry.writer import Writer


# Plain SQL: each job runs these, and to compile and convert takes several times as long as to run them.
_STORED = "SELECT CAST(result AS TEXT) FROM effects WHERE element_instance_key = :element AND job_type = :type"
_CLAIM = (
    "INSERT INTO effects (element_instance_key, job_type, job_key, process_instance_key, at) "
    "VALUES (:element, :type, :job_key, :process, :at) ON CONFLICT DO NOTHING RETURNING job_key"
)
_FINISH = (
    "UPDATE effects SET result = :result, dossier_code = :code, at = :at "
    "WHERE element_instance_key = :element AND job_type = :type"
)
_STATE = "SELECT state FROM dossiers WHERE code = :code"
_LOCKED = {"sqlite": "", "postgresql": " FOR NO KEY UPDATE"}


class RegistryUnit:
    """Hold the one transaction of a delivery of a job.

    The element instance stays the same over time-outs and retries, so its key and the job type name the effect.
    The first call of `writer` claims it, and holds SQLite's only write lock from then on: read, compute and render
    before that. `reader` sees what the writer wrote, and the newest committed state before. A job that never asks
    for a writer leaves no trace and costs nothing here.
    """

    def __init__(self, registry: Registry, contract_type: str, job: JobMeta) -> None:
        self.context: Any = self
        self.reader = Reader(self._fetch)
        self._registry = registry
        self._type = contract_type
        self._job = job
        self._opening = asyncio.Lock()
        self._transaction: Transaction | None = None
        self._mine = {"element": job.element_instance_key, "type": contract_type}

    async def stored_result(self) -> dict[str, Any] | None:
        """Give the result of an earlier delivery; None when none committed."""
        return _result(await self._registry.store.run_latest(_STORED, self._mine))

    async def writer(self) -> Writer:
        """Open the transaction on the first call.

        Raises AlreadyDone when another delivery committed before, and RetryLater when the dossier was called off
        meanwhile: the engine has taken the job away, and whoever was slow with it must not undo that.
        """
        async with self._opening:
            if self._transaction is None:
                self._transaction = await self._claim()
        return self._transaction.writer

    async def commit(self, result: dict[str, Any]) -> None:
        """Commit the changes with the result; nothing to do when no writer was opened."""
        transaction, self._transaction = self._transaction, None
        if transaction is None:
            return
        code = self._job.dossier_code or result.get("dossier_code") or result.get("feedback_code")
        try:
            values = {"result": to_json(result), "code": code, "at": microseconds(self._registry.now())}
            await transaction.connection.run(_FINISH, {**self._mine, **values})
        except BaseException:
            await transaction.rollback()
            raise
        await transaction.commit()

    async def rollback(self) -> None:
        """Forget the changes; harmless when there are none or they are committed."""
        transaction, self._transaction = self._transaction, None
        if transaction is not None:
            await transaction.rollback()

    async def _claim(self) -> Transaction:
        # The row is inserted before the handler changes anything: a second delivery waits here for the first one's
        # commit (then it is done) or rollback (then it may go on), on SQLite for the file, on PostgreSQL for the key.
        transaction = await self._registry.begin()
        try:
            claim = {
                **self._mine,
                "job_key": self._job.key,
                "process": self._job.process_instance_key,
                "at": microseconds(self._registry.now()),
            }
            claimed = await transaction.connection.run(_CLAIM, claim)
            if claimed and self._job.dossier_code is not None:
                await self._still_wanted(transaction, self._job.dossier_code)
        except BaseException:
            await transaction.rollback()
            raise
        if claimed:
            return transaction
        stored = _result(await transaction.connection.run(_STORED, self._mine))
        await transaction.rollback()
        raise AlreadyDone(stored or {})

    async def _still_wanted(self, transaction: Transaction, code: str) -> None:
        # The row is locked to the end, in every job before anything else: who calls the dossier off waits or is seen.
        connection = transaction.connection
        found = await connection.run(_STATE + _LOCKED[connection.dialect], {"code": code})
        if found and found[0][0] in CALLED_OFF:
            raise RetryLater(f"Hồ sơ {code} đã được rút, dừng hoặc từ chối nên bước này không làm nữa.")

    async def _fetch(self, statement: Any, parameters: Any = None) -> Rows:
        source = self._transaction.writer if self._transaction else self._registry.latest
        return await source.rows(statement, parameters)


def _result(rows: Sequence[Any]) -> dict[str, Any] | None:
    return json.loads(rows[0][0]) if rows and rows[0][0] is not None else None
