"""Say how instants and structured values are stored, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import JSON, BigInteger, Integer, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """Store an aware datetime as whole microseconds since 1970 in UTC; return it in Asia/Ho_Chi_Minh.

    A number sorts, compares and indexes alike everywhere and loses nothing. Raises ValueError for a naive datetime.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Turn an instant into its number."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn a number into its instant."""
        return None if value is None else (_EPOCH + value * _MICROSECOND).astimezone(LOCAL)


def microseconds(instant: datetime) -> int:
    """Count the microseconds since 1970. Raises ValueError for a naive datetime."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return (instant - _EPOCH) // _MICROSECOND


def structured() -> Any:
    """Give the type for a JSON value; None is stored as NULL."""
    return JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def row_id() -> Any:
    """Give the type for a 64-bit key; on SQLite it is the row's own id, which needs no second index."""
    return BigInteger().with_variant(Integer(), "sqlite")


def word() -> Any:
    """Give the type for text compared byte by byte, so that a range of prefixes can use the index."""
    return String().with_variant(String(collation="C"), "postgresql")
