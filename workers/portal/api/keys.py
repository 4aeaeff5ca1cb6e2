"""Make keys for other systems and recognise them. Only a digest is kept; a key is shown once."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING

from workers.records import ApiKey

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from workers.records import ApiScope

_KEY = re.compile(r"dp_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


def new_key(
    system: str, scopes: Sequence[ApiScope], per_minute: int, now: datetime, expires_at: datetime
) -> tuple[str, ApiKey]:
    """Make a key: the text that the system gets, and the row that is kept."""
    number, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    row = ApiKey(
        id=number,
        system=system,
        digest=_digest(secret),
        scopes=list(scopes),
        per_minute=per_minute,
        created_at=now,
        expires_at=expires_at,
    )
    return f"dp_{number}_{secret}", row


def number_of(key: str) -> str | None:
    """Read the number of a key; None for what is no key."""
    match = _KEY.fullmatch(key)
    return match[1] if match else None


def opens(key: str, row: ApiKey, now: datetime) -> bool:
    """Say whether a key is the one of this row and still works."""
    match = _KEY.fullmatch(key)
    return match is not None and row.works_at(now) and hmac.compare_digest(_digest(match[2]), row.digest)


def _digest(secret: str) -> str:
    # 256 random bits need no slow hash: nobody tries them all.
    return hashlib.sha256(secret.encode()).hexdigest()
