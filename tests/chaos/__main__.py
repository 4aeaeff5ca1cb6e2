"""Run chaos by hand: `python -m tests.chaos --dossiers 40 --seed 7 --minutes 10`; 1 when something does not hold."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.run import Chaos
from tests.chaos.stage import set_stage


def main() -> int:
    """Run one seed."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--dossiers", type=int, default=40)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(100_000), help="the same seed, the same faults")
    parser.add_argument("--minutes", type=float, default=10, help="how long faults happen")
    parser.add_argument("--postgresql", action="store_true", help="the registry on a PostgreSQL server, not in a file")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    place = Path(tempfile.mkdtemp(prefix="chaos-"))
    place.chmod(0o711)  # a server that must not run as root passes through
    began = time.monotonic()

    def say(text: str) -> None:
        sys.stdout.write(f"{time.monotonic() - began:7.1f}  {text}\n")
        sys.stdout.flush()

    violated = True
    say(f"data and logs: {place}")
    with set_stage(place, lambda: violated, postgresql=given.postgresql) as stage:
        report = asyncio.run(Chaos(stage, given.seed, say).run(given.dossiers, given.minutes, place / "registry.copy"))
        violated = bool(report.violations)
    sys.stdout.write(f"\n{report}\n")
    return int(violated)


if __name__ == "__main__":
    sys.exit(main())
