"""Kill the one-time fetch of the engine at its worst moment: the next run takes nothing half-done for done."""

from __future__ import annotations

import hashlib
import http.server
import io
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = Path(__file__).with_name("fetch_engine.py")
PROJECT = Path(__file__).resolve().parents[3]
PATIENCE = 60
SCHEMA = '{"created": {"type": "date", "format": "date_time || epoch_millis"}}'


@dataclass
class Registry:
    """Hold the files of a registry and how badly it serves the next of them."""

    files: dict[str, bytes] = field(default_factory=dict)
    stall: set[str] = field(default_factory=set)
    cut: set[str] = field(default_factory=set)
    half_sent: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)

    def pin(self, group: str, artifact: str, packaging: str, content: bytes) -> str:
        """Put a file in and return its line of the lock."""
        self.files[f"/org/example/{artifact}/1.0/{artifact}-1.0.{packaging}"] = content
        digest = hashlib.sha256(content).hexdigest()
        return f"{group} {digest} {len(content)} org.example:{artifact}:1.0:{packaging}\n"


@dataclass
class Fetching:
    """Hold what a fetch needs and run it."""

    registry: Registry
    url: str
    cache: Path
    lock: Path

    def start(self) -> subprocess.Popen[str]:
        """Begin a fetch in a process of its own."""
        command = [sys.executable, str(SCRIPT), str(self.cache), str(self.lock), self.url]
        return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait_until_begun(self, name: str) -> None:
        """Wait until a part of the file is on the disk."""
        end = time.monotonic() + PATIENCE
        while not any(path.stat().st_size for path in self.cache.rglob(name)):
            assert time.monotonic() < end, f"nothing of {name} reached the disk"
            time.sleep(0.02)

    def finish(self, process: subprocess.Popen[str]) -> tuple[int, list[str], str]:
        """Wait for its end: exit code, lines printed, and what it complained of."""
        out, complaints = process.communicate(timeout=PATIENCE)
        return process.returncode, out.splitlines(), complaints

    def assert_complete(self, lines: list[str]) -> None:
        """Find every byte of the engine where the fetch says it is."""
        distribution = Path(lines[-1])
        assert (distribution / "lib" / "zeebe.jar").read_bytes() == b"zeebe" * 100_000
        assert (distribution / "dieuphoi-patch.jar").exists()
        (jar,) = self.cache.rglob("search-1.0.jar")
        assert jar.read_bytes() == b"search" * 100_000


@pytest.fixture
def fetching(tmp_path: Path) -> Iterator[Fetching]:
    """Serve a small engine."""
    registry = Registry()
    lock = tmp_path / "lock"
    lock.write_text(
        registry.pin("distribution", "dist", "zip", _distribution())
        + registry.pin("opensearch", "search", "jar", b"search" * 100_000),
        "utf-8",
    )
    with _served(registry) as url:
        yield Fetching(registry, url, tmp_path / "cache", lock)


@pytest.mark.parametrize("name", ["dist-1.0.zip", "search-1.0.jar"])
def test_a_fetch_killed_half_way_through_a_file_is_done_properly_by_the_next_run(fetching: Fetching, name: str) -> None:
    fetching.registry.stall.add(name)
    killed = fetching.start()
    assert fetching.registry.half_sent.wait(PATIENCE)
    fetching.wait_until_begun(name)
    killed.kill()
    fetching.finish(killed)

    fetching.registry.stall.clear()
    code, lines, complaints = fetching.finish(fetching.start())
    assert (code, complaints) == (0, "")
    fetching.assert_complete(lines)


def test_a_second_run_takes_over_when_the_first_is_killed(fetching: Fetching) -> None:
    fetching.registry.stall.add("search-1.0.jar")
    first = fetching.start()
    assert fetching.registry.half_sent.wait(PATIENCE)
    second = fetching.start()
    assert second.stdout is not None
    assert second.stdout.readline().startswith("Một lệnh khác đang tải")

    fetching.registry.stall.clear()
    first.kill()
    fetching.finish(first)
    code, lines, _ = fetching.finish(second)
    assert code == 0
    fetching.assert_complete(lines)


def test_a_connection_that_always_breaks_ends_in_one_sentence_and_keeps_what_came(fetching: Fetching) -> None:
    fetching.registry.cut.add("dist-1.0.zip")
    code, lines, complaints = fetching.finish(fetching.start())
    assert code == 2
    assert complaints == ""
    assert len(lines) == 1
    assert "dist-1.0.zip" in lines[0]
    assert "chạy lại" in lines[0]

    fetching.registry.cut.clear()
    fetching.registry.asked.clear()
    code, lines, _ = fetching.finish(fetching.start())
    assert code == 0
    fetching.assert_complete(lines)
    assert not any("search" in path for path in fetching.registry.asked)


def _distribution() -> bytes:
    schema_jar = io.BytesIO()
    with zipfile.ZipFile(schema_jar, "w") as jar:
        jar.writestr("schema/os/create/index/tasklist-task.json", SCHEMA)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as source:
        source.writestr("camunda/lib/tasklist-els-schema-8.6.0.jar", schema_jar.getvalue())
        source.writestr("camunda/lib/zeebe.jar", b"zeebe" * 100_000)
    return archive.getvalue()


@contextmanager
def _served(registry: Registry) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            registry.asked.append(self.path)
            content = registry.files.get(self.path)
            if content is None:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            name = self.path.rpartition("/")[2]
            if name in registry.stall | registry.cut:
                self.wfile.write(content[: len(content) // 2])
                self.wfile.flush()
                if name in registry.stall:
                    registry.half_sent.set()
                    registry.closing.wait(PATIENCE)
                self.close_connection = True
                return
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        registry.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
