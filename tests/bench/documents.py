"""Measure how fast documents are checked: every file of examples/, on one core and on two."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workers.documents.inspection import Inspector
from workers.documents.policy import load_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

HOME = Path(__file__).parents[2]
MEGABYTE = 1_000_000


def example_files() -> list[Path]:
    """List the documents of the sample dossiers and those of every kind that is in order."""
    folders = (HOME / "examples" / "dossiers", HOME / "examples" / "files" / "good")
    found = (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file())
    return [path for path in found if path.suffix != ".yaml"]


async def measure(*, quick: bool) -> dict[str, Any]:
    """Check all files several times on one core, then on two."""
    files = example_files()[:6] if quick else example_files() * 5
    cores = sorted(os.sched_getaffinity(0))
    chosen = [cores[:1], cores[:2]] if len(cores) > 1 else [cores]
    return {
        "files": len(files),
        "megabytes": sum(path.stat().st_size for path in files) / MEGABYTE,
        "seconds": {str(len(some)): await _seconds(files, some) for some in chosen},
    }


async def _seconds(files: list[Path], cores: list[int]) -> float:
    policy = load_policy(HOME / "config" / "documents.yaml")
    with _only_on(cores):
        async with Inspector(len(cores)) as inspector:
            await asyncio.gather(*(inspector.inspect(files[0], files[0].name, policy) for _ in cores))
            started = time.perf_counter()
            await asyncio.gather(*(inspector.inspect(path, path.name, policy) for path in files))
            return time.perf_counter() - started


@contextmanager
def _only_on(cores: list[int]) -> Iterator[None]:
    """Keep this process and those it starts on some cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def table(data: dict[str, Any]) -> list[str]:
    """Write the figures as Markdown."""
    rows = [
        f"| {cores} | {data['files'] / seconds:.0f} | {data['megabytes'] / seconds:.1f} |"
        for cores, seconds in data["seconds"].items()
    ]
    return [
        f"{data['files']} files, {data['megabytes']:.1f} MB.",
        "",
        "| cores | files/s | MB/s |",
        "|--:|--:|--:|",
        *rows,
    ]
