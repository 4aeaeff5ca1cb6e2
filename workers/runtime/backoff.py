"""Decide how long to wait before the next attempt."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class BackOff:
    """Grow by `factor` from `first` to at most `cap`; `jitter` is the share by which a wait varies either way."""

    first: timedelta
    cap: timedelta
    factor: float = 3.0
    jitter: float = 0.2
    chance: Callable[[], float] = random.random

    def delay(self, failures: int) -> timedelta:
        """Return the wait after so many earlier failures (0 for the first)."""
        grown = self.first.total_seconds() * self.factor ** min(max(failures, 0), 32)
        capped = min(grown, self.cap.total_seconds())
        varied = capped * (1 + self.jitter * (2 * self.chance() - 1))
        return timedelta(seconds=min(varied, self.cap.total_seconds()))


JOB_RETRY = BackOff(first=timedelta(seconds=10), cap=timedelta(minutes=15))
"""Between two deliveries of a job that failed."""

ACKNOWLEDGEMENT = BackOff(first=timedelta(milliseconds=50), cap=timedelta(seconds=2), factor=2)
"""Between two attempts to tell the engine the outcome of a job."""

CONNECTION = BackOff(first=timedelta(milliseconds=250), cap=timedelta(seconds=5), factor=2)
"""Between two polls while the gateway does not answer."""
