"""Keep a town's own time: it leaps when told to, and the engine's and the workers' clocks follow it, or go wrong."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workers.app import utc_now
from workers.engine.errors import EngineError

if TYPE_CHECKING:
    from pathlib import Path

    from workers.engine.stack import Stack

TICK_SECONDS = 0.3
NONE = timedelta()


class ClockFile:
    """Tell the machine's time plus what a file says, in seconds: workers started by the town read their time here."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        """Tell the time."""
        return utc_now() + timedelta(seconds=float(self._path.read_text("ascii")))

    def write(self, ahead: timedelta) -> None:
        """Set how far it is ahead of the machine's time."""
        fresh = self._path.with_suffix(".new")
        fresh.write_text(str(ahead.total_seconds()), "ascii")
        fresh.rename(self._path)


class TownClock:
    """Hold the town's time and how wrong the clocks of engine and workers are."""

    def __init__(self, file: ClockFile) -> None:
        self._file = file
        self._ahead = NONE
        self._engine_wrong = NONE
        self._workers_wrong = NONE
        self._file.write(NONE)

    def now(self) -> datetime:
        """Tell the town's time."""
        return utc_now() + self._ahead

    def leap(self, by: timedelta) -> None:
        """Let time pass at once, for everybody."""
        self._ahead += by
        self._file.write(self._ahead + self._workers_wrong)

    def set_wrong(self, *, engine: timedelta = NONE, workers: timedelta = NONE) -> None:
        """Make clocks go wrong by so much, or right again."""
        self._engine_wrong, self._workers_wrong = engine, workers
        self._file.write(self._ahead + workers)

    async def run(self, stack: Stack) -> None:
        """Keep the engine's clock at the town's time until cancelled; an engine that is away is told later."""
        async with stack.zeebe() as zeebe:
            while True:
                with suppress(EngineError):
                    await zeebe.pin_clock(self.now() + self._engine_wrong)
                await asyncio.sleep(TICK_SECONDS)
