"""Measure how long a start takes, and until the first dossier has its code."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from tests.bench.documents import HOME
from tests.bench.engine import PORT_OFFSET

if TYPE_CHECKING:
    from pathlib import Path

DOSSIER = HOME / "examples" / "dossiers" / "construction-permit"
AIM_SECONDS = 60


def measure(folder: Path) -> dict[str, Any]:
    """Start on an empty data directory (the engine is fetched already), stop, and start again."""
    environment = {
        **os.environ,
        "DIEUPHOI_DATA_DIR": str(folder / "data"),
        "DIEUPHOI_ENGINE_PORT_OFFSET": str(PORT_OFFSET),
    }

    def seconds(*words: str) -> float:
        started = time.perf_counter()
        command = [sys.executable, "-m", "workers.cli", *words]
        subprocess.run(command, cwd=HOME, env=environment, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - started

    found: dict[str, Any] = {}
    try:
        for kind in ("cold", "warm"):
            found[kind] = {
                "up": seconds("up"),
                "first_dossier": seconds("submit", str(DOSSIER)),
                "down": seconds("down"),
            }
    finally:
        seconds("down")
    return found


def table(data: dict[str, Any]) -> list[str]:
    """Write the figures as Markdown."""
    rows = [
        f"| {kind} | {one['up']:.1f} | {one['first_dossier']:.1f} | {one['up'] + one['first_dossier']:.1f} "
        f"| {one['down']:.1f} |"
        for kind, one in data.items()
    ]
    warm = data["warm"]["up"] + data["warm"]["first_dossier"]
    return [
        "| start | `up`, s | `submit` until the code, s | both, s | `down`, s |",
        "|---|--:|--:|--:|--:|",
        *rows,
        "",
        "Cold: an empty data directory, the engine's files already fetched. Warm: the data of an earlier start.",
        "",
        aim("warm start to the first registered dossier, s", warm, AIM_SECONDS, most=True),
    ]


def aim(what: str, found: float, wanted: float, *, most: bool) -> str:
    """Say in one line whether an aim is reached: at most, or at least, what is wanted."""
    reached = found <= wanted if most else found >= wanted
    return f"- Aim {'reached' if reached else '**missed**'}: {what} {found:.3g} ({'≤' if most else '≥'} {wanted:.3g})."
