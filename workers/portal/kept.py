"""Keep what was counted for a minute, so that a page everybody reads is counted once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

KEPT_SECONDS = 60.0
MOST_KEPT = 48

T = TypeVar("T")


class Kept(Generic[T]):
    """Hold the newest answers to some questions of one process."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[float, T]] = {}

    async def get(self, question: Hashable, count: Callable[[], Awaitable[T]]) -> T:
        """Give the answer of the last minute, or count anew."""
        kept = self._kept.pop(question, None)
        if kept is None or time.monotonic() - kept[0] >= KEPT_SECONDS:
            kept = (time.monotonic(), await count())
        self._kept = {**dict(list(self._kept.items())[1 - MOST_KEPT :]), question: kept}
        return kept[1]
