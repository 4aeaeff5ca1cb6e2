"""Tell what passes by itself (the database is away, busy, in a deadlock) from what is wrong with a statement."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from workers.errors import Outage

if TYPE_CHECKING:
    from collections.abc import Iterator

# PostgreSQL's SQLSTATE by its beginning: connection lost, deadlock or conflict, out of resources, lock not got in time,
# statement or idle transaction ended, server stopping or starting.
_PASSING = ("08", "40", "53", "55P03", "57", "25P03")


@contextmanager
def outages() -> Iterator[None]:
    """Raise Outage for what passes by itself; other errors go through."""
    try:
        yield
    except (PoolTimeoutError, DBAPIError, OSError) as error:
        if isinstance(error, DBAPIError) and not _passes(error):
            raise
        raise Outage("Cơ sở dữ liệu đang bận hoặc không kết nối được; việc này sẽ được làm lại.") from None


def _passes(error: DBAPIError) -> bool:
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return error.connection_invalidated or state.startswith(_PASSING) or "locked" in str(error.orig)
