"""Fetch a small engine from a registry of this machine: `python fetch_engine.py CACHE LOCK_FILE REGISTRY`."""

from __future__ import annotations

import sys
from pathlib import Path

from jgo.maven import _core

from workers.engine.artifacts import ensure_engine, read_lock
from workers.engine.errors import EngineError
from workers.engine.progress import SilentProgress


class Said(SilentProgress):
    """Print each phase, so that a test knows how far the fetch is."""

    def phase(self, text: str) -> None:
        """Print it."""
        print(text, flush=True)  # noqa: T201 - read by the test


def main() -> int:
    """Fetch; print where the engine is, or the sentence that says why not."""
    cache, lock, registry = sys.argv[1:]
    _core.DEFAULT_REMOTE_REPOS.clear()
    _core.DEFAULT_REMOTE_REPOS["local"] = registry
    try:
        files = ensure_engine(Path(cache), Said(), read_lock(Path(lock).read_text("utf-8")))
    except EngineError as error:
        print(error.message)  # noqa: T201
        return 2
    print(files.distribution)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
