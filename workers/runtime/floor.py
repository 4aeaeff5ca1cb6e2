"""Hold what all job types of a process share: slots to work in, the jobs at hand, and room for more."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

_REFILL_AT = 0.5


@dataclass
class Floor:
    """Limit how many jobs run (`slots`) and how many of one type are held, running or waiting (`prefetch`)."""

    slots: asyncio.Semaphore
    prefetch: int
    stopping: bool = False
    jobs: dict[asyncio.Task[Any], str] = field(default_factory=dict)
    waiting: set[asyncio.Task[Any]] = field(default_factory=set)
    _held: Counter[str] = field(default_factory=Counter)
    _left: dict[str, asyncio.Event] = field(default_factory=dict)

    def held(self, job_type: str) -> int:
        """Count the jobs of one type at hand."""
        return self._held[job_type]

    def take(self, job_type: str) -> None:
        """Note that a job arrived."""
        self._held[job_type] += 1

    def leave(self, job_type: str) -> None:
        """Note that a job is over."""
        self._held[job_type] = max(0, self._held[job_type] - 1)
        if job_type in self._left:
            self._left[job_type].set()

    def has_room(self, job_type: str) -> bool:
        """Tell whether it is worth asking for more: at half the prefetch, so that polls stay few."""
        return self._held[job_type] <= self.prefetch * _REFILL_AT

    async def room(self, job_type: str) -> int:
        """Wait until there is room and return for how many jobs."""
        left = self._left.setdefault(job_type, asyncio.Event())
        while not self.has_room(job_type):
            left.clear()
            await left.wait()
        return max(1, self.prefetch - self._held[job_type])
