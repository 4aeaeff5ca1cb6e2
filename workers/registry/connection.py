"""Say what the writer asks of a connection, be it to a file or to a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import RowMapping


class Answer(Protocol):
    """Hold what a statement gave."""

    @property
    def rowcount(self) -> int:
        """Count the rows that were changed."""

    def all(self) -> Sequence[Any]:
        """List the rows by position and name."""

    def mappings(self) -> Iterable[RowMapping]:
        """List the rows by name."""


class Fetch(Protocol):
    """Run a statement and give its rows."""

    async def __call__(self, statement: Any, parameters: Any = None) -> Sequence[RowMapping]:
        """Run a statement and give its rows."""


class Connection(Protocol):
    """Hold a transaction that the caller ends."""

    @property
    def dialect(self) -> str:
        """Name the kind of database."""

    async def execute(self, statement: Any, parameters: Any = None) -> Answer:
        """Run a statement."""

    async def fetch(self, statement: Any, parameters: Any = None) -> Sequence[RowMapping]:
        """Run a statement and give its rows."""

    async def run(self, sql: str, values: Mapping[str, Any]) -> Sequence[Any]:
        """Run plain SQL with named, stored values, past all conversions; gives the rows by position."""

    async def commit(self) -> None:
        """Commit; when this raises, nothing is committed."""

    async def close(self) -> None:
        """Roll back what is not committed."""
