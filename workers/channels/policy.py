"""Decide when a message that did not go out is tried again. Pure: the moment and the spread are arguments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_GROWTH = 3
_JITTER = 0.25


@dataclass(frozen=True)
class RetryPlan:
    """Say how patient a channel is; `max_attempts` None: for ever."""

    first_delay: timedelta
    longest_delay: timedelta
    max_attempts: int | None


# All tries together last most of a day: longer than a mail server is away, short enough for a person to act.
TO_PEOPLE = RetryPlan(timedelta(seconds=20), timedelta(hours=1), 24)
# A system may be away for a night or a long morning; then a person decides.
TO_SYSTEMS = RetryPlan(timedelta(seconds=5), timedelta(hours=2), 18)
# A process waits for its message however long the engine is away, and gets it soon after.
TO_ENGINE = RetryPlan(timedelta(seconds=1), timedelta(seconds=30), None)


def next_attempt(
    plan: RetryPlan,
    now: datetime,
    attempts: int,
    spread: float,
    not_before: Callable[[datetime], datetime | None],
    at_least: timedelta | None = None,
) -> datetime | None:
    """Find when to try again, outside quiet hours; None when it was tried often enough.

    `attempts` counts those made; the delay is the first delay · 3ⁿ up to the longest, and `spread` in 0…1 places the
    try within a quarter around it. `at_least`: how long the receiver asked to be left alone.
    """
    if plan.max_attempts is not None and attempts >= plan.max_attempts:
        return None
    delay = min(plan.first_delay * _GROWTH ** min(attempts - 1, 10), plan.longest_delay)
    moment = now + max(delay * (1 - _JITTER + 2 * _JITTER * spread), at_least or timedelta())
    return not_before(moment) or moment
