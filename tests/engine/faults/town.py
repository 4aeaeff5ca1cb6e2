"""Run a small town for the tests of faults: the engine, workers as a process, mail in a thread, staff in a loop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import unicodedata
import urllib.request
from collections import Counter
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import psutil
from ruamel.yaml import YAML
from sqlalchemy import select

from workers import intake
from workers.app import open_services, utc_now
from workers.channels.gatewaysink import GatewaySink
from workers.channels.mailsink import Faults, MailSink
from workers.demo import ANSWERS
from workers.engine.layout import BROKER
from workers.engine.stack import Stack, StackSettings
from workers.engine.supervisor import http_status
from workers.errors import Outage
from workers.records import FINISHED, DossierState
from workers.registry import tables as t
from workers.registry.outbox import Outbox, OutboxState
from workers.registry.schema import migrate
from workers.regulation.calendar import VIETNAM
from workers.rulebook import local
from workers.settings import load_settings
from workers.station import deploy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from workers.demo import Answer
    from workers.records import OpinionRecord
    from workers.settings import Settings
    from workers.workplace import Services

PROJECT = Path(__file__).resolve().parents[3]
EXAMPLES = PROJECT / "examples" / "dossiers"
LOOK_AGAIN_SECONDS = 0.5
PATIENCE = 300.0
"""Seconds until a test gives up; a busy machine needs minutes for what an idle one does in seconds."""
LEFT_BY_A_KILL = timedelta(seconds=45)
"""A letter on its way for longer than the longest send belongs to a process that was killed."""
LONGER_THAN_ANY_JOB = timedelta(minutes=6)
RUN = ("workers.cli", "run")
ENDED = {state.value for state in FINISHED - {DossierState.RESOLVED}}
SIMPLE = ("construction-permit", "marital-status", "business-registration", "work-permit-urgent")
WITH_COORDINATION = ("city-plan", "construction-permit-missing-drawings")


def copy_rules(home: Path) -> None:
    """Copy config/ and bpmn/ with quiet hours far from now, so that letters go out at whatever hour the tests run."""
    for folder in ("config", "bpmn"):
        shutil.copytree(PROJECT / folder, home / folder)
    notifications = home / "config" / "notifications.yaml"
    later = datetime.now(VIETNAM) + timedelta(hours=12)
    quiet = f'quiet_hours: {{start: "{later:%H:%M}", end: "{later + timedelta(minutes=1):%H:%M}"}}'
    text, changed = re.subn(r"(?m)^quiet_hours: .*$", quiet, notifications.read_text("utf-8"))
    assert changed == 1
    notifications.write_text(text, "utf-8")


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = PATIENCE) -> None:
    """Wait until something holds. Raises TimeoutError when it does not within `seconds`."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - what is waited for lives in other processes
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


class Workers:
    """Run the workers as production does, one process, and end it in every way there is."""

    def __init__(self, environment: Mapping[str, str], log: Path, command: Sequence[str] = RUN) -> None:
        self.log = log
        self.environment = dict(environment)
        self._command = command
        self._health = f"http://127.0.0.1:{environment['DIEUPHOI_METRICS_PORT']}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Name the running process."""
        assert self._process is not None
        return self._process.pid

    def beside(self, number: int) -> Workers:
        """Make another process like this one, with a log and a port of its own."""
        port = int(self.environment["DIEUPHOI_METRICS_PORT"]) + number
        environment = {**self.environment, "DIEUPHOI_METRICS_PORT": str(port)}
        return Workers(environment, self.log.with_name(f"workers-{number}.log"))

    def start(self) -> None:
        """Start; returns at once."""
        assert self._process is None
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *self._command],
                env=self.environment,
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Kill -9."""
        self.send(signal.SIGKILL)
        self.wait()

    def send(self, number: int) -> None:
        """Send a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def wait(self, seconds: float = 60) -> int:
        """Wait for the end and return the exit code."""
        assert self._process is not None
        code = self._process.wait(seconds)
        self._process = None
        return code

    def ended(self) -> int | None:
        """Give the exit code if the process ended by itself, once."""
        if self._process is None or (code := self._process.poll()) is None:
            return None
        self._process = None
        return code

    def close(self) -> None:
        """Stop if it runs."""
        if self._process is not None:
            self.send(signal.SIGTERM)
            try:
                self.wait()
            except subprocess.TimeoutExpired:
                self.kill()

    async def wait_ready(self, seconds: float = PATIENCE) -> None:
        """Wait until every job type is polled."""
        await self.until_answer("/readyz", httpx2.codes.OK, seconds)

    async def until_answer(self, path: str, code: int, seconds: float = PATIENCE) -> None:
        """Wait until the health server answers so."""

        async def answered() -> bool:
            assert self._process is not None
            assert self._process.poll() is None, self.log.read_text("utf-8")[-2000:]
            return await self.answer(path) == code

        await eventually(answered, seconds)

    async def answer(self, path: str) -> int | None:
        """Ask the health server; None when nobody answers."""
        return await asyncio.to_thread(http_status, f"{self._health}{path}", 5)

    async def unanswered_for(self, seconds: float) -> None:
        """Wait until the engine has answered no poll of any job type for so long, by the workers' own account."""

        async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:

            async def silent() -> bool:
                types = (await client.get(f"{self._health}/healthz")).json()["job_types"].values()
                return all(one["last_poll_age_seconds"] > seconds for one in types)

            await eventually(silent)

    def lines(self) -> list[dict[str, Any]]:
        """Read the log, one JSON object a line; a line cut by a kill is left out."""
        found = []
        for line in self.log.read_text("utf-8", errors="replace").splitlines():
            with suppress(json.JSONDecodeError):
                found.append(json.loads(line))
        return found


class PostOffice:
    """Run the sinks of mail and text messages in a thread: tests and workers both come and go meanwhile."""

    def __init__(self, directory: Path, smtp_port: int, texts_port: int) -> None:
        self.faults = Faults()
        self._directory = directory
        self._smtp_port, self._texts_port = smtp_port, texts_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._sink: MailSink | None = None
        self._texts: GatewaySink | None = None

    def open(self) -> None:
        """Take letters and text messages."""
        if not self._thread.is_alive():
            self._thread.start()
        self._sink = MailSink(self._directory, self._smtp_port, faults=self.faults)
        self._texts = GatewaySink(self._directory / "texts", self._texts_port)
        self._run(self._sink.start())
        self._run(self._texts.start())

    def shut(self) -> None:
        """Refuse connections; what was taken stays."""
        for sink in filter(None, (self._sink, self._texts)):
            self._run(sink.stop())
        self._sink = self._texts = None

    def close(self) -> None:
        """Stop for good."""
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def letters(self) -> list[str]:
        """List the Message-ID of every letter taken, once for each time it came."""
        assert self._sink is not None
        return [mail.message_id for mail in self._sink.mailbox.all()]

    def arrived(self) -> set[str]:
        """Collect the message ids of every letter and text message taken."""
        assert self._texts is not None
        texts = {message.id for message in self._texts.deliveries.all()}
        return texts | {name.strip("<>").rpartition("@")[0] for name in self.letters()}

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)


@dataclass
class Town:
    """Hold the parts."""

    settings: Settings
    stack: Stack
    workers: Workers
    post: PostOffice
    environment: Mapping[str, str]
    now: Callable[[], datetime] = utc_now
    codes: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Services]:
        """Open the registry and what applicants and staff need."""
        async with open_services(self.settings, self.now) as services:
            yield services

    async def submit(self, services: Services, names: Iterable[str]) -> list[str]:
        """Hand in example dossiers; returns the ids of the submissions."""
        return [await intake.submit(services, EXAMPLES / name) for name in names]

    async def registered(self, services: Services, submissions: Iterable[str], seconds: float = PATIENCE) -> list[str]:
        """Wait until each submission has its code."""
        codes = [await intake.wait_for_code(services, one, seconds) for one in submissions]
        self.codes += codes
        return codes

    async def finished(self, services: Services, codes: Collection[str], seconds: float = PATIENCE) -> None:
        """Wait until every dossier has its result and nobody holds it any more."""
        left: dict[str, str] = {}

        async def all_done() -> bool:
            nonlocal left
            left = await _unfinished(services, codes)
            return not left

        try:
            await eventually(all_done, seconds)
        except TimeoutError:
            raise AssertionError(f"after {seconds} s unfinished: {left}") from None

    async def time_out_jobs(self) -> None:
        """Let the engine take back every job that a killed process holds, without waiting for minutes.

        The jobs of living workers come back, too: each runs twice then, and must still have its effect once.
        """
        before = await self.timed_out_jobs()

        async def some_came_back() -> bool:
            return await self.timed_out_jobs() > before

        async with self.stack.zeebe() as zeebe:
            await zeebe.pin_clock(datetime.now(UTC) + LONGER_THAN_ANY_JOB)
            try:
                await eventually(some_came_back)
            finally:
                await zeebe.reset_clock()

    async def timed_out_jobs(self) -> float:
        """Count the jobs that the engine took back from a worker since it started."""
        page = await asyncio.to_thread(_fetched, f"{self.stack.endpoints.management}/actuator/prometheus")
        counts = re.findall(r'zeebe_job_events_total{[^}]*action="timed out"[^}]*} (\S+)', page)
        return sum(float(count) for count in counts)

    async def incidents(self) -> list[dict[str, Any]]:
        """List the engine's open incidents."""
        async with httpx2.AsyncClient(base_url=self.stack.endpoints.rest, trust_env=False, timeout=30) as zeebe:
            found = (await zeebe.post("/v2/incidents/search", json={"filter": {"state": "ACTIVE"}})).raise_for_status()
            rows: list[dict[str, Any]] = found.json()["items"]
            return rows

    async def letter_states(self, services: Services) -> Counter[OutboxState]:
        """Count the letters to people by state."""
        letters = select(t.outbox.c.state).where(t.outbox.c.channel == "email")
        return Counter(OutboxState(row["state"]) for row in await services.registry.latest.rows(letters))

    async def letters_settled(self, services: Services) -> None:
        """Wait until no letter is due any more; what a killed process left half-sent is given up as if long ago."""
        await Outbox(services.registry, "later").recover(services.now(), services.now() - LEFT_BY_A_KILL)

        async def settled() -> bool:
            return not {OutboxState.PENDING, OutboxState.SENDING} & set(await self.letter_states(services))

        await eventually(settled)

    async def until_put_off(self, services: Services) -> None:
        """Wait until a letter met a closed door."""
        closed = select(t.attempts.c.reason).where(t.attempts.c.reason == "không kết nối được máy chủ thư")

        async def put_off() -> bool:
            return bool(await services.registry.latest.rows(closed))

        await eventually(put_off)

    async def a_person_decides(self, services: Services) -> None:
        """Look at what arrived, as a person would: what came is done, what did not come is sent again."""
        await Outbox(services.registry, "later").recover(services.now(), services.now())
        outbox = Outbox(services.registry, "person")
        came = self.post.arrived()
        for letter in await outbox.undecided(limit=1000):
            if letter.message_id in came:
                await outbox.mark_sent(letter.id, services.now())
            else:
                assert await outbox.requeue(letter.id, services.now())

    @asynccontextmanager
    async def more_workers(self, count: int) -> AsyncIterator[list[Workers]]:
        """Run more processes of workers beside the first."""
        others = [self.workers.beside(number) for number in range(1, count + 1)]
        try:
            for one in others:
                one.start()
            for one in others:
                await one.wait_ready()
            yield others
        finally:
            for one in others:
                one.close()

    def doctor(self) -> tuple[int, str]:
        """Run `dieuphoi doctor`: exit code and what it says."""
        return self.type("doctor")

    def type(self, *words: str) -> tuple[int, str]:
        """Run a command of dieuphoi: exit code and what it says."""
        command = [sys.executable, "-m", "workers.cli", *words]
        done = subprocess.run(
            command, env=self.environment, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120
        )
        return done.returncode, done.stdout + done.stderr

    def kill_engine(self, name: str = BROKER) -> int:
        """Kill -9 one of the engine's processes and return its pid."""
        pid = self.stack.status().process(name).pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        return pid

    @contextmanager
    def nobody_restarts_the_engine(self) -> Iterator[None]:
        """Hold the supervisor still."""
        supervisor = psutil.Process(json.loads(self.stack.layout.state.read_text("utf-8"))["supervisor"]["pid"])
        supervisor.suspend()
        try:
            yield
        finally:
            supervisor.resume()

    async def comes_back(self, name: str, old_pid: int, seconds: float = PATIENCE) -> None:
        """Wait until the supervisor has replaced a killed process and all is ready."""

        async def replaced() -> bool:
            return self.stack.status().process(name).pid not in {old_pid, None}

        await eventually(replaced, seconds)
        await asyncio.to_thread(self.stack.wait_ready, seconds)

    @asynccontextmanager
    async def staff(self, services: Services) -> AsyncIterator[Staff]:
        """Have the staff work as long as the context is open."""
        staff = Staff(services, self.stack.endpoints.rest)
        try:
            async with asyncio.TaskGroup() as group:
                work = group.create_task(staff.work())
                yield staff
                work.cancel()
        finally:
            await staff.close()


@contextmanager
def open_town(place: Path, port_offset: int, keep: Callable[[], bool], database: str = "") -> Iterator[Town]:
    """Bring the parts up in a folder, workers not yet started; the engine's data stays if `keep` says so.

    `database`: the registry's address; none: SQLite in the data folder.
    """
    smtp_port, metrics_port = 1025 + port_offset, 9464 + port_offset
    home = place / "home"
    home.mkdir()
    copy_rules(home)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        "DIEUPHOI_HOME": str(home),
        "DIEUPHOI_DATA_DIR": str(place / "data"),
        "DIEUPHOI_ENGINE_PORT_OFFSET": str(port_offset),
        "DIEUPHOI_SMTP_PORT": str(smtp_port),
        "DIEUPHOI_METRICS_PORT": str(metrics_port),
        "DIEUPHOI_LOG_FORMAT": "json",
        "DIEUPHOI_LOG_LEVEL": "debug",
        **({"DIEUPHOI_DATABASE_URL": database} if database else {}),
    }
    settings = load_settings(
        home=home,
        data_dir=place / "data",
        database_url=database or None,
        engine_port_offset=port_offset,
        smtp_port=smtp_port,
        metrics_port=metrics_port,
    )
    settings.data.mkdir(exist_ok=True)
    stack = Stack(StackSettings(settings.data / "engine", port_offset=port_offset, quick_export=True))
    post = PostOffice(settings.data / "mail", smtp_port, settings.gateway_sink_port)
    workers = Workers(environment, place / "workers.log")
    try:
        stack.up()
        asyncio.run(migrate(settings.database))
        asyncio.run(deploy(settings))
        post.open()
        yield Town(settings, stack, workers, post, environment)
    finally:
        workers.close()
        post.close()
        if keep():
            stack.down()
        else:
            stack.wipe()


class Staff:
    """Complete whatever user task waits, as the people of the demo would, over Zeebe's own REST API."""

    def __init__(self, services: Services, rest: str, answers: Mapping[str, Answer] = ANSWERS) -> None:
        self._services = services
        self._known = answers
        self._zeebe = httpx2.AsyncClient(base_url=rest, trust_env=False, timeout=15)
        self._done: set[str] = set()
        self.trouble = ""

    async def close(self) -> None:
        """Close the connections."""
        await self._zeebe.aclose()

    async def work(self) -> None:
        """Work until cancelled; an engine or a registry that is away is asked again."""
        while True:
            with contextlib.suppress(httpx2.TransportError, httpx2.HTTPStatusError, Outage):
                await self._work_through()
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    def would_do(self, task: Mapping[str, Any]) -> bool:
        """Tell whether somebody does a task now."""
        del task
        return True

    async def _work_through(self) -> None:
        page = {"filter": {"state": "CREATED"}, "page": {"limit": 1000}}
        found = (await self._zeebe.post("/v2/user-tasks/search", json=page)).raise_for_status().json()["items"]
        waiting = [task for task in found if _key(task) not in self._done and self.would_do(task)]
        for task in waiting:
            await self._complete(task)

    async def _complete(self, task: dict[str, Any]) -> None:
        element, key = task["elementId"], _key(task)
        answers = await self._answers(element, int(task["elementInstanceKey"]))
        if answers is None:
            return
        answer = await self._zeebe.post(f"/v2/user-tasks/{key}/completion", json={"variables": answers})
        gone = {httpx2.codes.NOT_FOUND, httpx2.codes.CONFLICT}
        if answer.is_success or answer.status_code in gone:
            self._done.add(key)
        else:
            self.trouble = f"{element}: {answer.status_code} {answer.text[:200]}"

    async def _answers(self, element: str, step_id: int) -> dict[str, Any] | None:
        """Answer as the demo does; what a form would show comes from the registry."""
        read = self._services.registry.latest
        rows = await read.rows(select(t.steps.c.dossier_code, t.steps.c.unit).where(t.steps.c.step_id == step_id))
        if not rows or element not in self._known:
            return None
        code, unit = rows[0]["dossier_code"], rows[0]["unit"]
        dossier = await read.dossier(code)
        assert dossier is not None
        procedure = self._services.rules.procedure_of(dossier)
        documents = await read.documents(code)
        missing = self._services.rules.missing_documents(dossier, documents, local(self._services.now()).date())
        shown = {
            "missing": missing,
            "supplement_list": [{"name": one.name} for one in missing],
            "officer_options": [{"value": one.user} for one in self._services.rules.officers_of(unit)],
            "opinions": [_opinion(self._services, one) for one in await read.opinions(code)],
        }
        return self._known[element](procedure, shown)


def _opinion(services: Services, opinion: OpinionRecord) -> dict[str, Any]:
    return {
        "request_id": opinion.request_id,
        "unit_name": services.rules.unit_name(opinion.unit, opinion.asked_at.date()),
        "answer": opinion.answer,
        "answer_label": opinion.answer or "",
        "content": opinion.content or "",
        "silent": opinion.silent,
    }


def _key(task: dict[str, Any]) -> str:
    return str(task["key"])


def _fetched(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return str(answer.read(), "utf-8")


async def _unfinished(services: Services, codes: Collection[str]) -> dict[str, str]:
    """Name those that have no result yet, and those that somebody still holds."""
    read, d, steps = services.registry.latest, t.dossiers.c, t.steps.c
    states = await read.rows(select(d.code, d.state).where(d.code.in_(codes)))
    held = await read.rows(
        select(steps.dossier_code, steps.element_id).where(steps.dossier_code.in_(codes), steps.closed_at.is_(None))
    )
    left = {row["code"]: row["state"] for row in states if row["state"] not in ENDED}
    return left | {row["dossier_code"]: f"held at {row['element_id']}" for row in held}


def mix(count: int, names: Sequence[str] = (*SIMPLE, *WITH_COORDINATION)) -> list[str]:
    """Name so many example dossiers, in turn."""
    return [names[number % len(names)] for number in range(count)]


def personal_data() -> Iterator[str]:
    """List what the example dossiers say of their applicants, as a log would show it."""
    for dossier in sorted(EXAMPLES.glob("*/dossier.yaml")):
        applicant = YAML(typ="safe").load(dossier.read_text("utf-8"))["applicant"]
        for name in ("name", "id_number", "tax_code", "phone", "email", "address"):
            if value := applicant.get(name):
                yield unicodedata.normalize("NFC", value)
