"""Give a folder a small disk of its own that can be filled: a tmpfs of limited size, which only root may mount."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILLER = "filler"
PIECE = 1 << 20


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[bool]:
    """Mount a small disk at a folder; gives False, and an ordinary folder, where mounting is not allowed."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> None:
    """Take every free byte."""
    with (disk / FILLER).open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(PIECE)):
            pass


def free(disk: Path) -> None:
    """Give the bytes back."""
    (disk / FILLER).unlink(missing_ok=True)
