"""Decide when a message that did not go out is tried again. Pure: the moment and the spread are arguments."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_DELAY = timedelta(seconds=20)
LONGEST_DELAY = timedelta(hours=1)
MAX_ATTEMPTS = 24
_GROWTH = 3
_JITTER = 0.25


def next_attempt(
    now: datetime, attempts: int, spread: float, not_before: Callable[[datetime], datetime | None]
) -> datetime | None:
    """Find when to try again, outside quiet hours; None when it was tried often enough.

    `attempts` counts those made, `spread` in 0…1 places the try within a quarter around the delay of 20 s · 3ⁿ,
    at most one hour: all tries together last most of a day.
    """
    if attempts >= MAX_ATTEMPTS:
        return None
    delay = min(FIRST_DELAY * _GROWTH ** min(attempts - 1, 10), LONGEST_DELAY)
    moment = now + delay * (1 - _JITTER + 2 * _JITTER * spread)
    return not_before(moment) or moment
