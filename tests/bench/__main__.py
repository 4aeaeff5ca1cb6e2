"""Measure, show and keep: python -m tests.bench [--quick] [part…]; --quick is tiny and keeps nothing."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench import documents, dossiers, growth, report, runtime, start
from workers.errors import UserError

QUICKLY = "Tiny and without meaning: it only shows that it runs."


def main() -> int:
    """Measure the parts named on the command line, or all; 1 when one could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help=", ".join(report.PARTS))
    parser.add_argument("--quick", action="store_true", help="tiny, to see that it runs")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(report.PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}")
    failed = [part for part in given.parts or report.PARTS if not _measured(part, quick=given.quick)]
    return int(bool(failed))


def _measured(part: str, *, quick: bool) -> bool:
    with tempfile.TemporaryDirectory(prefix="dieuphoi-bench-") as name:
        try:
            data = measure(part, Path(name), quick=quick)
        except (UserError, OSError, RuntimeError) as error:
            sys.stdout.write(f"{part}: not measured: {error}\n")
            return False
    shown = {"when": QUICKLY if quick else "Now", "machine": report.machine(), "data": data}
    sys.stdout.write(f"\n{report.section(part, shown)}\n")
    sys.stdout.flush()
    if not quick:
        report.keep(part, data)
        report.PAGE.write_text(report.page(), "utf-8")
    return True


def measure(part: str, folder: Path, *, quick: bool) -> dict[str, Any]:
    """Measure one part in an empty folder."""
    if part == "start":
        return start.measure(folder)
    if part == "documents":
        return asyncio.run(documents.measure(quick=quick))
    whole = {"runtime": runtime.measure, "dossiers": dossiers.measure, "growth": growth.measure}[part]
    return asyncio.run(whole(folder, quick=quick))


if __name__ == "__main__":
    sys.exit(main())
