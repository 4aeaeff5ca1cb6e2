"""Say what the runtime asks of the registry: one transaction for a job, and what an earlier delivery left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from workers.contract import Contract, JobMeta


class UnitOfWork(Protocol):
    """Hold the one transaction of a job. `context` is the handler's second argument."""

    context: Any

    async def stored_result(self) -> dict[str, Any] | None:
        """Return the result of an earlier delivery of the same element instance and job type."""

    async def commit(self, result: dict[str, Any]) -> None:
        """Commit the handler's writes and the ledger row together. Raises AlreadyDone when another delivery won."""

    async def rollback(self) -> None:
        """Drop the handler's writes."""


class Workplace(Protocol):
    """Open a unit of work for each delivery of a job."""

    def open(self, contract: Contract[Any, Any], job: JobMeta) -> AbstractAsyncContextManager[UnitOfWork]:
        """Begin; leaving the context without commit changes nothing."""

    async def lead_unit(self, dossier_code: str) -> str:
        """Name the unit that leads a dossier, for metrics; empty for an unknown code."""
