"""The supervisor restarts, escalates, cleans up and never harms a stranger."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from workers.engine.errors import EngineStopped
from workers.engine.layout import ChildSpec, Layout
from workers.engine.stack import Stack, StackSettings
from workers.engine.supervisor import (
    BACKING_OFF,
    MARKER,
    READY,
    WAITING,
    Pace,
    ProcessId,
    Supervisor,
    end_leftovers,
    limit_log,
    read_plan,
    write_plan,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

QUICK = Pace(first_delay=0.05, longest_delay=0.2, probe_starting=0.02, probe_ready=0.05, log_interval=0.05)
ENV = {"PATH": os.defpath}
SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(30)",
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    place = Layout(tmp_path)
    place.logs.mkdir()
    return place


@asynccontextmanager
async def supervised(layout: Layout, *children: ChildSpec, pace: Pace = QUICK) -> AsyncIterator[None]:
    write_plan(layout.plan, children)
    task = asyncio.create_task(Supervisor(layout, pace).run())
    try:
        await until(layout.state.exists)
        yield
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(task, 30)


@contextmanager
def program(argv: tuple[str, ...], **env: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(argv, env={**ENV, **env})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


def child_state(layout: Layout, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(layout.state.read_text("utf-8"))
    return content["children"].get(name, {})


async def test_a_killed_process_is_started_again(layout: Layout) -> None:
    async with supervised(layout, ChildSpec("a", SLEEP, ENV)):
        await until(lambda: child_state(layout, "a").get("state") == READY)
        first = child_state(layout, "a")["pid"]
        os.kill(first, signal.SIGKILL)
        await until(lambda: child_state(layout, "a")["restarts"] == 1 and child_state(layout, "a")["state"] == READY)
        assert child_state(layout, "a")["pid"] != first
        assert child_state(layout, "a")["last_exit"] == -signal.SIGKILL


async def test_a_process_that_keeps_failing_is_tried_ever_more_slowly(layout: Layout) -> None:
    started = layout.data / "started"
    argv = (sys.executable, "-c", f"import time; open({str(started)!r}, 'a').write(f'{{time.time()}}\\n')")
    pace = replace(QUICK, first_delay=0.1, longest_delay=0.8)
    async with supervised(layout, ChildSpec("a", argv, ENV, ready_urls=("http://127.0.0.1:9/",)), pace=pace):
        await until(lambda: child_state(layout, "a").get("failed_starts", 0) >= 4)
        assert child_state(layout, "a")["state"] in {BACKING_OFF, "starting"}
    times = [float(line) for line in started.read_text().split()]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps[2] > gaps[0] + 0.1


async def test_the_fallback_command_is_used_after_a_failed_start(layout: Layout) -> None:
    broken = (sys.executable, "-c", "raise SystemExit(1)")
    spec = ChildSpec("a", broken, ENV, ready_urls=("http://127.0.0.1:9/",), fallback_argv=SLEEP)
    async with supervised(layout, spec):
        await until(lambda: child_state(layout, "a").get("failed_starts") == 1)
        await until(lambda: child_state(layout, "a")["state"] == "starting")
        process = psutil.Process(child_state(layout, "a")["pid"])
        assert process.cmdline()[-1] == SLEEP[-1]


async def test_a_process_stops_while_what_it_needs_is_down(layout: Layout) -> None:
    gate = layout.data / "gate"
    gate.touch()
    guarded = (
        sys.executable,
        "-c",
        f"import os,sys,time\nif not os.path.exists({str(gate)!r}): sys.exit(3)\ntime.sleep(600)",
    )
    pace = replace(QUICK, first_delay=0.5, longest_delay=0.5)
    store = ChildSpec("store", guarded, ENV)
    async with supervised(layout, store, ChildSpec("reader", SLEEP, ENV, needs=("store",)), pace=pace):
        await until(lambda: child_state(layout, "reader").get("state") == READY)
        reader = child_state(layout, "reader")["pid"]
        gate.unlink()
        os.kill(child_state(layout, "store")["pid"], signal.SIGKILL)
        await until(lambda: not psutil.pid_exists(reader))
        await until(lambda: child_state(layout, "reader")["state"] in {BACKING_OFF, WAITING})
        gate.touch()
        await until(lambda: child_state(layout, "reader")["state"] == READY)
        assert child_state(layout, "store")["state"] == READY


async def test_a_process_that_ignores_sigterm_is_killed(layout: Layout) -> None:
    async with supervised(layout, ChildSpec("a", STUBBORN, ENV, stop_seconds=0.3)):
        await until(lambda: layout.log("a").exists() and "up" in layout.log("a").read_text())
        pid = child_state(layout, "a")["pid"]
    assert not psutil.pid_exists(pid)


async def test_a_changed_plan_is_taken_over_without_touching_the_rest(layout: Layout) -> None:
    keep, drop, add = (ChildSpec(name, SLEEP, ENV) for name in ("keep", "drop", "add"))
    async with supervised(layout, keep, drop):
        await until(lambda: child_state(layout, "drop").get("state") == READY)
        kept = child_state(layout, "keep")["pid"]
        write_plan(layout.plan, [keep, add])
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: child_state(layout, "add").get("state") == READY)
        assert child_state(layout, "drop") == {}
        assert child_state(layout, "keep")["pid"] == kept


async def test_a_program_that_cannot_be_started_is_said_in_its_log(layout: Layout) -> None:
    async with supervised(layout, ChildSpec("a", ("/nowhere/java",), ENV)):
        await until(lambda: child_state(layout, "a").get("failed_starts", 0) > 0)
    assert "cannot start" in layout.log("a").read_text()


def test_leftovers_of_a_killed_run_are_ended_and_strangers_are_not(tmp_path: Path) -> None:
    with (
        program(SLEEP, **{MARKER: str(tmp_path)}) as orphan,
        program(SLEEP, **{MARKER: str(tmp_path / "other")}) as stranger,
    ):
        assert end_leftovers(tmp_path, patience=5) == 1
        assert not psutil.pid_exists(orphan.pid)
        assert stranger.poll() is None


def test_a_leftover_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(STUBBORN, env={**ENV, MARKER: str(tmp_path)}, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert end_leftovers(tmp_path, patience=0.3) == 1
        assert not psutil.pid_exists(process.pid)


def test_a_recycled_pid_is_not_taken_for_the_supervisor(tmp_path: Path) -> None:
    stack = Stack(StackSettings(tmp_path, cache_dir=tmp_path))
    with program(SLEEP) as stranger:
        created = psutil.Process(stranger.pid).create_time()
        state = {"phase": "running", "plan": "", "supervisor": {"pid": stranger.pid, "created": created - 60}}
        stack.layout.state.write_text(json.dumps({**state, "children": {}}), "utf-8")
        assert not stack.status().running
        stack.down()
        assert stranger.poll() is None
        assert ProcessId(stranger.pid, created).find() is not None


@pytest.mark.parametrize("content", ["", "{", "null"])
def test_a_damaged_state_file_counts_as_not_running(tmp_path: Path, content: str) -> None:
    stack = Stack(StackSettings(tmp_path, cache_dir=tmp_path))
    stack.layout.state.write_text(content, "utf-8")
    assert not stack.status().running
    with pytest.raises(EngineStopped):
        stack.status().process("broker")


def test_a_wipe_removes_the_engine_and_nothing_else(tmp_path: Path) -> None:
    stack = Stack(StackSettings(tmp_path, cache_dir=tmp_path))
    (stack.layout.home("broker") / "data").mkdir(parents=True)
    stack.layout.accounts.touch()
    other = tmp_path / "registry.sqlite"
    other.touch()
    stack.wipe()
    assert list(tmp_path.iterdir()) == [other]


def test_a_log_beyond_its_limit_moves_aside_and_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 100)
        limit_log(log, 100)
        assert log.stat().st_size == 100
        writer.write(b"y")
        limit_log(log, 100)
        writer.write(b"z")
    assert log.read_bytes() == b"z"
    assert (tmp_path / "a.log.1").read_bytes() == b"x" * 100 + b"y"


def test_a_plan_survives_writing_and_reading(layout: Layout) -> None:
    spec = ChildSpec("a", SLEEP, {"TÊN": "giá trị"}, ("http://127.0.0.1:1/",), "/", ("b",), SLEEP, 3.0)
    write_plan(layout.plan, [spec])
    assert read_plan(layout.plan) == [spec]
    assert layout.plan.stat().st_mode & 0o077 == 0


def test_a_second_supervisor_of_a_directory_ends_at_once(layout: Layout) -> None:
    write_plan(layout.plan, [])
    command = [sys.executable, "-m", "workers.engine.supervisor", str(layout.data)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as first:
        deadline = time.monotonic() + 20
        while not layout.state.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert subprocess.run(command, check=False, timeout=20).returncode == 0
        assert first.poll() is None
        first.terminate()
        assert first.wait(20) == 0
