"""Run the workers as `dieuphoi run` does, by the clock of a file: `python -m tests.chaos.timed_workers CLOCK_FILE`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.chaos.clock import ClockFile
from workers.app import run
from workers.runtime.logging import configure_logging
from workers.settings import load_settings


def main() -> int:
    """Run until told to stop."""
    settings = load_settings()
    configure_logging(settings.log_format, settings.log_level)
    return asyncio.run(run(settings, ClockFile(Path(sys.argv[1])).now))


if __name__ == "__main__":
    sys.exit(main())
