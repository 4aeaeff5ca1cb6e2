"""What goes wrong on an ordinary day when somebody types `dieuphoi up`: one sentence, and the next run is fine."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.faults.conftest import PORT_OFFSET
from tests.engine.faults.town import PROJECT, copy_rules
from workers.engine.errors import DiskFull
from workers.engine.progress import SilentProgress
from workers.engine.stack import Stack, StackSettings
from workers.engine.supervisor import leftovers
from workers.errors import DieuphoiError
from workers.settings import load_settings
from workers.station import Station

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOBODY = 65534
MAIL_WEB_PORT = 18025
PATIENCE = 300
MISTAKE = 2


@dataclass
class Machine:
    """Type commands on a machine."""

    home: Path
    data: Path

    @property
    def environment(self) -> dict[str, str]:
        """Give the commands their own data and ports."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": os.environ["HOME"],
            "DIEUPHOI_HOME": str(self.home),
            "DIEUPHOI_DATA_DIR": str(self.data),
            "DIEUPHOI_ENGINE_PORT_OFFSET": str(PORT_OFFSET),
            # With the offset it would be a port of a Camunda that runs beside these tests without one.
            "DIEUPHOI_MAIL_WEB_PORT": str(MAIL_WEB_PORT),
        }

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Start a command."""
        command = [sys.executable, "-m", "workers.cli", *words]
        return subprocess.Popen(
            command, env=self.environment, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, *words: str) -> tuple[int, str, str]:
        """Run a command to its end: exit code, what it prints, what it complains of."""
        return _ended(self.begin(*words))

    def pids(self) -> dict[str, int]:
        """Ask which process has which number."""
        _, said, _ = self.run("status", "--json")
        rows: list[dict[str, Any]] = json.loads(said)["processes"]
        return {row["name"]: row["pid"] for row in rows}


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """Give a machine on which nothing runs, and leave it so."""
    home = tmp_path / "home"
    home.mkdir()
    copy_rules(home)
    used = Machine(home, tmp_path / "data")
    yield used
    used.run("down")
    assert leftovers(used.data / "engine") == []


def test_after_every_refused_start_the_next_works_and_a_second_changes_only_what_changed(machine: Machine) -> None:
    with pytest.raises(DiskFull, match="hãy giải phóng dung lượng"):
        Stack(StackSettings(machine.data / "engine", port_offset=PORT_OFFSET, free_bytes=1 << 60)).up()
    metrics_port = load_settings(engine_port_offset=PORT_OFFSET).metrics_port
    with socket.create_server(("127.0.0.1", metrics_port)):
        code, _, complaint = machine.run("up")
    assert code == MISTAKE
    assert f"Cổng {metrics_port}" in _one_sentence(complaint)
    assert leftovers(machine.data / "engine") == []

    both = [machine.begin("up"), machine.begin("up")]
    ended = [_ended(one) for one in both]
    assert [code for code, _, _ in ended] == [0, 0], ended
    pids = machine.pids()
    assert set(pids) == {"opensearch", "broker", "webapps", "mail", "texts", "workers", "portal"}

    assert machine.run("up")[0] == 0
    assert machine.pids() == pids

    rule = machine.home / "config" / "deadlines.yaml"
    rule.write_text(f"{rule.read_text('utf-8')}\n# đổi\n", "utf-8")
    assert machine.run("up")[0] == 0
    after = machine.pids()
    assert {name for name in pids if pids[name] != after[name]} == {"workers", "portal"}


@pytest.mark.parametrize("closed", ["data", "cache"])
def test_without_permission_to_write_one_sentence_names_the_folder(open_folder: Path, closed: str) -> None:
    for name in ("home", "data", "cache"):
        (open_folder / name).mkdir()
    copy_rules(open_folder / "home")
    for folder in {"data", "cache"} - {closed}:
        os.chown(open_folder / folder, *_stranger())
    (open_folder / closed).chmod(0o555)
    settings = load_settings(
        home=open_folder / "home",
        data_dir=open_folder / "data" / "inside",
        cache_dir=open_folder / "cache" / "inside",
        engine_port_offset=PORT_OFFSET,
    )

    said = _said_as_stranger(lambda: Station(settings).up(SilentProgress()))

    assert str(open_folder / closed) in said
    assert "quyền" in said
    assert "\n" not in said


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that every user may enter: pytest's own are for its user alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def _said_as_stranger(action: Callable[[], object]) -> str:
    """Run something as a user who owns nothing, and return the sentence it ends with."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = "no mistake"
        try:
            if os.geteuid() == 0:
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            action()
        except DieuphoiError as error:
            said = error.message
        except BaseException as error:  # noqa: BLE001 - the parent shows it
            said = f"not a sentence but {error!r}"
        finally:
            os.write(writing, said.encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


def _stranger() -> tuple[int, int]:
    return (NOBODY, NOBODY) if os.geteuid() == 0 else (os.geteuid(), os.getegid())


def _ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    said, complaint = process.communicate(timeout=PATIENCE)
    return process.returncode, said, complaint


def _one_sentence(complaint: str) -> str:
    """Find the one line that begins with `Lỗi:`; a stack trace would be more lines."""
    (line,) = [line for line in complaint.splitlines() if "Lỗi:" in line]
    assert complaint.rstrip().endswith(line)
    assert "Traceback" not in complaint
    return line
