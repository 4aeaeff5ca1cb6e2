"""Keep the processes of one data directory running: `python -m workers.engine.supervisor DATA_DIR [--detach]`.

SIGTERM stops everything cleanly; SIGHUP reads the plan again and starts, stops or restarts what changed in it.
What it knows stands in `state.json`, written atomically.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import hashlib
import http.client
import json
import logging
import os
import shutil
import signal
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil

from workers.engine.layout import BROKER, ENGINE_PROCESSES, OPENSEARCH, ChildSpec, Layout, write_private

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Iterable, Sequence

MARKER = "DIEUPHOI_SUPERVISED_IN"

WAITING = "waiting"
STARTING = "starting"
READY = "ready"
UNRESPONSIVE = "unresponsive"
BACKING_OFF = "backing_off"
STOPPING = "stopping"
STOPPED = "stopped"

_log = logging.getLogger("dieuphoi.supervisor")


@dataclass(frozen=True)
class Pace:
    """Set how patient the supervisor is, in seconds and bytes."""

    first_delay: float = 1.0
    longest_delay: float = 30.0
    calm_after: float = 60.0
    probe_starting: float = 0.25
    probe_ready: float = 5.0
    probe_timeout: float = 3.0
    unresponsive_after: int = 3
    killed_after: int = 24
    start_limit: float = 240.0
    log_interval: float = 2.0
    log_bytes: int = 20 * 1024**2


@dataclass(frozen=True)
class ProcessId:
    """Identify a process so that a recycled pid is not taken for it."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> ProcessId:
        """Identify a running process."""
        return cls(pid, psutil.Process(pid).create_time())

    def find(self) -> psutil.Process | None:
        """Return the very process if it still runs; None if it ended or the pid went to another one."""
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.created) > _SAME_START or process.status() == psutil.STATUS_ZOMBIE:
                return None
        except psutil.Error:
            return None
        return process


_SAME_START = 1.0


@dataclass
class Child:
    """Hold one supervised process and what is known of it."""

    spec: ChildSpec
    state: str = WAITING
    identity: ProcessId | None = None
    restarts: int = 0
    failed_starts: int = 0
    last_exit: int | None = None
    since: str = ""
    task: asyncio.Task[None] | None = field(default=None, repr=False)
    need_lost: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def public(self) -> dict[str, object]:
        """Describe it for the state file."""
        return {
            "state": self.state,
            "pid": self.identity.pid if self.identity else None,
            "created": self.identity.created if self.identity else None,
            "restarts": self.restarts,
            "failed_starts": self.failed_starts,
            "last_exit": self.last_exit,
            "since": self.since,
        }


class Supervisor:
    """Run the plan of one data directory until told to stop."""

    def __init__(self, layout: Layout, pace: Pace | None = None) -> None:
        self._layout = layout
        self._pace = pace or Pace()
        self._children: dict[str, Child] = {}
        self._identity = ProcessId.of(os.getpid())
        self._plan_digest = ""
        self._stopping = asyncio.Event()
        self._reload = asyncio.Event()

    async def run(self) -> None:
        """Start everything, keep it running, stop everything on SIGTERM or SIGINT."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stopping.set)
        loop.add_signal_handler(signal.SIGINT, self._stopping.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        await asyncio.to_thread(end_leftovers, self._layout.data)
        logs = asyncio.create_task(self._limit_logs())
        try:
            while not self._stopping.is_set():
                await self._apply_plan()
                await _first_of(self._stopping, self._reload)
                self._reload.clear()
        finally:
            logs.cancel()
            await self._stop_all()

    async def _apply_plan(self) -> None:
        digest = plan_digest(self._layout.plan)
        wanted = {spec.name: spec for spec in read_plan(self._layout.plan)}
        changed = [child for name, child in self._children.items() if wanted.get(name) != child.spec]
        await self._stop(changed)
        for child in changed:
            del self._children[child.spec.name]
        fresh = [Child(spec) for name, spec in wanted.items() if name not in self._children]
        self._children |= {child.spec.name: child for child in fresh}
        for child in fresh:
            child.task = asyncio.create_task(self._keep(child))
        self._plan_digest = digest
        self._publish()

    async def _keep(self, child: Child) -> None:
        """Run the process again and again, ever slower while it fails."""
        delay = self._pace.first_delay
        while True:
            await self._wait_for_needs(child)
            started = time.monotonic()
            was_ready = await self._run_once(child)
            if was_ready:
                child.failed_starts = 0
                if time.monotonic() - started > self._pace.calm_after:
                    delay = self._pace.first_delay
            else:
                child.failed_starts += 1
            child.restarts += 1
            self._set_state(child, BACKING_OFF)
            await asyncio.sleep(delay)
            delay = min(delay * 2, self._pace.longest_delay)

    async def _wait_for_needs(self, child: Child) -> None:
        while not self._needs_met(child):
            self._set_state(child, WAITING)
            await asyncio.sleep(self._pace.probe_starting)

    def _needs_met(self, child: Child) -> bool:
        others = (self._children.get(name) for name in child.spec.needs)
        # Ready, not merely started: before its shards are open, OpenSearch answers 503 and Operate gives up.
        return all(other is not None and other.state == READY for other in others)

    async def _run_once(self, child: Child) -> bool:
        """Run the process to its end; return whether it had become ready."""
        process = await self._spawn(child)
        if process is None:
            return False
        try:
            return await self._watch(child, process)
        finally:
            await _end(process, child.spec.stop_seconds)
            child.last_exit = process.returncode
            child.identity = None
            _log.info("%s ended with %s", child.spec.name, process.returncode)
            for other in self._children.values():
                if child.spec.name in other.spec.needs:
                    other.need_lost.set()

    async def _spawn(self, child: Child) -> Process | None:
        spec = child.spec
        child.need_lost.clear()
        argv = spec.fallback_argv if spec.fallback_argv and child.failed_starts else spec.argv
        with self._layout.log(spec.name).open("ab") as log:
            try:
                process = await asyncio.create_subprocess_exec(
                    *argv,
                    env={**spec.env, MARKER: str(self._layout.data)},
                    cwd=spec.cwd or self._layout.data,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            except OSError as error:
                log.write(f"cannot start: {error}\n".encode())
                _log.warning("%s cannot start: %s", spec.name, error)
                return None
        with contextlib.suppress(psutil.Error):
            child.identity = ProcessId.of(process.pid)
        _log.info("%s started as %s", spec.name, process.pid)
        self._set_state(child, STARTING)
        return process

    async def _watch(self, child: Child, process: Process) -> bool:
        """Follow the process until it ends or has to be stopped; return whether it was ever ready."""
        was_ready = False
        silent = 0
        started = time.monotonic()
        while True:
            interval = self._pace.probe_ready if child.state == READY else self._pace.probe_starting
            if await _ended_within(process, interval, unless=child.need_lost):
                return was_ready
            if child.need_lost.is_set() or not self._needs_met(child):
                _log.info("%s stops: one of %s is down", child.spec.name, child.spec.needs)
                return was_ready
            answers = await self._probe(child.spec.ready_urls)
            if all(status == http.client.OK for status in answers):
                was_ready = True
                silent = 0
                self._set_state(child, READY)
            elif None not in answers:
                silent = 0
            elif was_ready:
                silent += 1
                if silent >= self._pace.killed_after:
                    _log.warning("%s does not answer: killing it", child.spec.name)
                    process.kill()
                elif silent >= self._pace.unresponsive_after:
                    self._set_state(child, UNRESPONSIVE)
            if not was_ready and time.monotonic() - started > self._pace.start_limit:
                _log.warning("%s is not ready after %s s: starting again", child.spec.name, self._pace.start_limit)
                return was_ready

    async def _probe(self, urls: Iterable[str]) -> list[int | None]:
        return [await asyncio.to_thread(http_status, url, self._pace.probe_timeout) for url in urls]

    async def _stop_all(self) -> None:
        """Stop in the order in which nothing complains: what uses the engine first, the engine's stores last."""
        _log.info("stopping")
        last = [child for child in self._children.values() if child.spec.name in {OPENSEARCH, BROKER}]
        first = [child for child in self._children.values() if child not in last]
        await self._stop([child for child in first if child.spec.name not in ENGINE_PROCESSES])
        await self._stop([child for child in first if child.spec.name in ENGINE_PROCESSES])
        await self._stop(last)
        self._publish(phase=STOPPED)
        _log.info("stopped")

    async def _stop(self, children: Sequence[Child]) -> None:
        for child in children:
            if child.task:
                self._set_state(child, STOPPING)
                child.task.cancel()
        await asyncio.gather(*(child.task for child in children if child.task), return_exceptions=True)
        for child in children:
            self._set_state(child, STOPPED)

    def _set_state(self, child: Child, state: str) -> None:
        if child.state == state and child.since:
            return
        child.state = state
        child.since = datetime.now(UTC).isoformat(timespec="seconds")
        self._publish()

    def _publish(self, phase: str = "running") -> None:
        content = {
            "phase": phase,
            "plan": self._plan_digest,
            "supervisor": asdict(self._identity),
            "children": {name: child.public() for name, child in self._children.items()},
        }
        write_private(self._layout.state, json.dumps(content, indent=1))

    async def _limit_logs(self) -> None:
        while True:
            for log in self._layout.logs.glob("*.log"):
                await asyncio.to_thread(limit_log, log, self._pace.log_bytes)
            await asyncio.sleep(self._pace.log_interval)


def read_plan(path: Path) -> list[ChildSpec]:
    """Read what is to be supervised."""
    rows: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return [_child_spec(row) for row in rows]


def plan_digest(path: Path) -> str:
    """Fingerprint a plan, so that a caller can tell whether the supervisor has read it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _child_spec(row: dict[str, Any]) -> ChildSpec:
    fallback = row["fallback_argv"]
    return ChildSpec(
        name=row["name"],
        argv=tuple(row["argv"]),
        env=row["env"],
        ready_urls=tuple(row["ready_urls"]),
        cwd=row["cwd"],
        needs=tuple(row["needs"]),
        fallback_argv=None if fallback is None else tuple(fallback),
        stop_seconds=row["stop_seconds"],
        ports=tuple(row.get("ports", ())),
    )


def write_plan(path: Path, children: Iterable[ChildSpec]) -> None:
    """Write what is to be supervised; readable by the owner alone, as an environment may hold secrets."""
    write_private(path, json.dumps([asdict(child) for child in children], ensure_ascii=False, indent=1))


def http_status(url: str, timeout: float) -> int | None:
    """Ask an address on this machine; None when nothing answers in `timeout` seconds."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request("GET", f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def limit_log(log: Path, limit: int) -> None:
    """Move a log that grew beyond `limit` bytes to `….log.1` and empty it in place: its writer only appends."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > limit:
            shutil.copyfile(log, log.with_name(f"{log.name}.1"))
            os.truncate(log, 0)


def leftovers(data: Path) -> list[psutil.Process]:
    """Find processes that an earlier supervisor of this directory left behind."""
    mine = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid not in mine and process.environ().get(MARKER) == str(data):
                found.append(process)
    return found


def end_leftovers(data: Path, patience: float = 15.0) -> int:
    """End what an earlier supervisor left behind, politely first; return how many processes there were."""
    processes = leftovers(data)
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=patience)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=patience)
    return len(processes)


async def _ended_within(process: Process, seconds: float, unless: asyncio.Event | None = None) -> bool:
    """Wait for the end of a process, for some seconds or until the event; return whether it ended."""
    waits: list[asyncio.Task[Any]] = [asyncio.create_task(process.wait())]
    if unless is not None:
        waits.append(asyncio.create_task(unless.wait()))
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return process.returncode is not None


async def _end(process: Process, patience: float) -> None:
    """Stop politely, then by force: a JVM in its start-up retry loop ignores SIGTERM."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
    if not await _ended_within(process, patience):
        _log.warning("%s ignores SIGTERM: killing it", process.pid)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


async def _first_of(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _detach() -> None:
    """Leave the caller's session; the caller goes on at once."""
    if os.fork():
        os._exit(0)
    os.setsid()


def main() -> int:
    """Supervise one data directory; a second supervisor of the same directory ends at once."""
    parser = argparse.ArgumentParser(description="Keep the processes of one data directory running.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--detach", action="store_true", help="return at once and go on in the background")
    arguments = parser.parse_args()
    layout = Layout(arguments.data)
    if arguments.detach:
        _detach()
    with layout.lock.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
        asyncio.run(Supervisor(layout).run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
