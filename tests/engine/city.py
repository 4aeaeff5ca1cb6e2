"""Let scenarios read like stories: people submit and decide, time passes, and what people see is looked at.

The engine is real and its time stands where a scenario puts it; the workers run in this process over a registry,
documents and a mail server of their own, by the engine's time in whole minutes: so a story can say exact times.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import signal
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ruamel.yaml import YAML

from workers import intake, show
from workers.app import load_rules, open_services, run_with
from workers.channels.gatewaysink import GatewaySink
from workers.channels.mailsink import MailSink
from workers.coordination.opinions import answer_label
from workers.engine.errors import RequestFailed
from workers.engine.zeebe_rest import EngineClock
from workers.records import Applicant, OutboxDraft, Submission
from workers.registry.outbox import Outbox, OutboxState
from workers.regulation.calendar import VIETNAM
from workers.rulebook import local
from workers.settings import load_settings
from workers.station import deploy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from workers.channels.mailbox import Mail
    from workers.engine.stack import Stack
    from workers.engine.zeebe_rest import ZeebeRest
    from workers.records import DossierRecord, OpenStep, OpinionRecord, PaperRecord
    from workers.rulebook import Rulebook
    from workers.settings import Settings
    from workers.workplace import Services

EXAMPLES = Path(__file__).parents[2] / "examples" / "dossiers"
MONDAY = datetime(2026, 11, 30, 9, 0, tzinfo=VIETNAM)
PATIENCE = 120.0
LOOK_AGAIN = 0.1
LOOKS_A_TICK = 3
LATE_IN_THE_MINUTE = 50
TICK = timedelta(milliseconds=120)  # the engine looks for due timers a tenth of a second later at the earliest
OWN_GROUPS = {"head": ":head", "office_head": ":head", "leader": ":leader"}

Answers = dict[str, Any]


def at(day: int, hour: int = 9, minute: int = 0, month: int = 12, year: int = 2026) -> datetime:
    """Name an instant in Vietnam, in December 2026 unless said otherwise."""
    return datetime(year, month, day, hour, minute, tzinfo=VIETNAM)


@dataclass
class City:
    """Hold the running suite and what a scenario did with it."""

    stack: Stack
    zeebe: ZeebeRest
    clock: EngineClock
    settings: Settings
    services: Services
    mail: MailSink
    texts: GatewaySink
    folders: Path
    started: set[int] = field(default_factory=set)

    @property
    def rules(self) -> Rulebook:
        """Give the rules."""
        return self.services.rules

    def now(self) -> datetime:
        """Tell the engine's time in Vietnam."""
        return local(self.clock.now())

    # Time

    async def begin(self, moment: datetime = MONDAY) -> None:
        """Put the engine's time where a story starts."""
        await self.clock.advance_to(moment)

    async def pass_until(self, moment: datetime) -> None:
        """Let time pass once nothing is on its way to anybody."""
        await self.until(self.nothing_on_its_way, "thư và thông điệp đã gửi hết")
        await self.clock.advance_to(moment)

    async def pass_hours(self, hours: float) -> None:
        """Let hours pass."""
        await self.pass_until(self.now() + timedelta(hours=hours))

    async def nothing_on_its_way(self) -> bool:
        """Tell whether the outbox has nothing due and nothing under way."""
        stats = await Outbox(self.services.registry, "story").outbox_stats(self.services.now())
        return not stats.counts.get(OutboxState.SENDING, 0) and stats.oldest_due is None

    async def until(self, condition: Callable[[], Awaitable[Any]], what: str) -> Any:
        """Look again and again, with the engine's time creeping on, until the condition holds; return its value."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        for look in itertools.count(1):
            if found := await condition():
                return found
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(LOOK_AGAIN)
            if look % LOOKS_A_TICK == 0:
                await self._tick()
        trouble = [f"{one['elementId']}: {one['errorMessage']}" for one in await self.incidents()]
        raise AssertionError(f"Chưa thấy sau {PATIENCE:.0f} giây: {what}. Sự cố: {trouble or 'không'}")

    async def _tick(self) -> None:
        """Let the engine's time creep on, within the minute: a due timer fires only when time moves."""
        moment = self.clock.now() + TICK
        late = moment.second >= LATE_IN_THE_MINUTE
        await self.clock.advance_to(moment.replace(second=0, microsecond=0) if late else moment)

    async def incidents(self) -> list[Answers]:
        """List what is stuck in the engine."""
        stuck: dict[int, Answers] = {}
        for record in await self._hits("incident", {"match_all": {}}, size=1000):
            created = {**record["value"], "incidentKey": record["key"]}
            stuck[record["key"]] = created if record["intent"] == "CREATED" else {}
        return [one for one in stuck.values() if one]

    # The office

    def office_edits(self, file: str, old: str, new: str) -> Settings:
        """Edit a copy of config/, which the workers read as after a restart; gives the settings with that copy."""
        home = self.folders / "home"
        if not home.exists():
            shutil.copytree(self.settings.home / "config", home / "config")
            (home / "bpmn").symlink_to(self.settings.home / "bpmn")
        path = home / "config" / file
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} in {file}"
        path.write_text(text.replace(old, new), "utf-8")
        settings = self.settings.model_copy(update={"home": home})
        self._read_rules(settings)
        return settings

    def _read_rules(self, settings: Settings) -> None:
        object.__setattr__(self.services, "rules", load_rules(settings))

    # The operator

    async def stuck(self, dossier: Dossier, code: str = "") -> str:
        """Wait until a dossier's process, or one that it called, is stuck (`code`: for this), read what is said."""
        return str((await self._incident_of(dossier, code))["errorMessage"])

    async def repair(self, dossier: Dossier, **variables: Any) -> None:
        """Correct variables of a stuck process and retry, as Operate's button does."""
        incident = await self._incident_of(dossier)
        await self.zeebe.set_variables(incident["processInstanceKey"], variables)
        await self.zeebe._call("thử lại", "PATCH", f"/v2/jobs/{incident['jobKey']}", {"changeset": {"retries": 1}})
        await self.zeebe.resolve_incident(incident["incidentKey"])

    async def _incident_of(self, dossier: Dossier, code: str = "") -> Answers:
        instance = (await dossier.record()).process_instance_key

        def is_it(incident: Answers, family: set[int]) -> bool:
            return incident["processInstanceKey"] in family and code in incident["errorMessage"]

        async def created() -> Answers | None:
            family = await self._with_called(instance)
            return next((one for one in await self.incidents() if is_it(one, family)), None)

        return await self.until(created, f"{dossier.code}: có sự cố")  # type: ignore[no-any-return]

    async def _with_called(self, process_instance: int) -> set[int]:
        """Find the processes that a process instance called, and those that they called."""
        family: set[int] = set()
        newest = {process_instance}
        while newest:
            family |= newest
            called = {"terms": {"value.parentProcessInstanceKey": list(newest)}}
            hits = await self._hits("process-instance", called, size=1000)
            newest = {hit["value"]["processInstanceKey"] for hit in hits} - family
        return family

    # People outside

    def folder(self, example: str, *, without: tuple[str, ...] = (), **changes: Any) -> Path:
        """Copy an example dossier, leave papers out, and say some things differently."""
        folder = self.folders / uuid4().hex
        shutil.copytree(EXAMPLES / example, folder)
        yaml = YAML(typ="safe")
        said = yaml.load((folder / "dossier.yaml").read_text("utf-8"))
        said.update(changes)
        said["documents"] = [one for one in said["documents"] if one["composition"] not in without]
        yaml.dump(said, folder / "dossier.yaml")
        return folder

    async def submit(self, example: str, *, without: tuple[str, ...] = (), **changes: Any) -> Dossier:
        """Have an applicant submit an example online (by message) and wait for its code."""
        submission = await intake.submit(self.services, self.folder(example, without=without, **changes))

        async def registered() -> str | None:
            kept = await self.services.registry.latest.submission(submission)
            return kept.dossier_code if kept else None

        return await self.known(await self.until(registered, "hồ sơ được cấp mã"))

    async def keeps_submission(self, **changes: Any) -> str:
        """Keep a submission as another system would have left it, not checked against today's rules."""
        submission = Submission(
            id=uuid4().hex,
            submitted_at=self.now(),
            channel="online",
            kind="administrative_procedure",
            procedure_code="1.004873",
            title="Nội dung nộp ví dụ",
            origin_unit="H29.26740",
            applicant=Applicant(name="Nguyễn Văn Ví Dụ"),
        ).model_copy(update=changes)
        async with self.services.registry.write() as writer:
            await writer.add_submission(submission)
        return submission.id

    async def publish(self, message: str, key: str, **variables: Any) -> None:
        """Have another system send a message to the engine."""
        async with self.services.registry.write() as writer:
            await writer.send(OutboxDraft.to_engine(uuid4().hex, message, key, variables))

    async def code_of(self, process_instance: int) -> str:
        """Wait for the code of the dossier that a process instance registers."""

        async def registered() -> str | None:
            async with self.services.registry.read() as reader:
                found = await reader.find_dossiers(limit=100)
            return next((one.code for one in found if one.process_instance_key == process_instance), None)

        return await self.until(registered, "hồ sơ nộp tại quầy được cấp mã")  # type: ignore[no-any-return]

    async def filed(self, title: str) -> Dossier:
        """Wait for the dossier of this title, which somebody filed by a form."""

        async def registered() -> str | None:
            async with self.services.registry.read() as reader:
                return next((one.code for one in await reader.find_dossiers() if one.title == title), None)

        return await self.known(await self.until(registered, f"hồ sơ “{title}” được cấp mã"))

    async def known(self, code: str) -> Dossier:
        """Take a registered dossier into the story."""
        record = await self.services.registry.latest.dossier(code)
        assert record is not None
        self.started.add(record.process_instance_key)
        return Dossier(self, code)

    # Staff

    async def start(self, process: str, **answers: Any) -> int:
        """Start a process as its start form does."""
        key = await self.zeebe.create_instance(process, answers)
        self.started.add(key)
        return key

    async def tasks(self, element: str, *, process_instance: int | None = None) -> list[Answers]:
        """List the open tasks of an element."""
        wanted: Answers = {"state": "CREATED", "elementId": element}
        if process_instance is not None:
            wanted["processInstanceKey"] = process_instance
        body = {"filter": wanted, "page": {"limit": 100}}
        found: list[Answers] = (await self.zeebe._call("tìm việc", "POST", "/v2/user-tasks/search", body))["items"]
        return found

    async def task_of(self, step: OpenStep) -> Answers:
        """Wait for the engine's task of a step; its log has it before Tasklist's index."""

        async def created() -> Answers | None:
            hits = await self._hits("user-task", {"term": {"value.elementInstanceKey": step.step_id}})
            return hits[-1]["value"] if hits and hits[-1]["intent"] in {"CREATED", "ASSIGNED", "UPDATED"} else None

        return await self.until(created, f"việc {step.element_id}")  # type: ignore[no-any-return]

    async def complete(self, task_key: int, answers: Answers) -> None:
        """Complete a task with a form's answers."""
        path = f"/v2/user-tasks/{task_key}/completion"
        await self.zeebe._call("hoàn thành", "POST", path, {"variables": answers})

    async def task_variables(self, step: OpenStep) -> Answers:
        """See every variable that a step's form sees."""

        async def written() -> Answers | None:
            seen = await self._records("variable", {"term": {"value.scopeKey": step.step_id}}, size=100)
            return dict(seen) if "due" in dict(seen) else None

        local_ones: Answers = await self.until(written, f"biến của {step.element_id}")
        return {**await self._variables_above(step), **local_ones}

    async def evaluate(self, decision: str, given: Answers) -> Answers:
        """Have the engine decide."""
        body = {"decisionDefinitionId": decision, "variables": given}
        path = "/v2/decision-definitions/evaluation"
        return await self.zeebe._call("quyết định", "POST", path, body)  # type: ignore[no-any-return]

    async def variable(self, process_instance: int, name: str) -> Any:
        """Wait for a variable of a process instance."""
        query = {"bool": {"must": [{"term": {"value.scopeKey": process_instance}}, {"term": {"value.name": name}}]}}

        async def written() -> list[tuple[str, Any]]:
            return await self._records("variable", query)

        found: list[tuple[str, Any]] = await self.until(written, f"biến {name}")
        return found[-1][1]

    # What people see

    def mails(self, dossier: Dossier | None = None, to: str | None = None, subject: str = "") -> list[Mail]:
        """List the mails that arrived, oldest first."""
        code = dossier.code if dossier else ""
        return [
            mail
            for mail in reversed(self.mail.mailbox.all())
            if code in mail.subject + mail.body and subject in mail.subject and (to is None or to in mail.recipients)
        ]

    async def mail_of(self, dossier: Dossier, subject: str, to: str | None = None) -> Mail:
        """Wait for the one mail with these words in its subject."""

        async def arrived() -> list[Mail]:
            return self.mails(dossier, to, subject)

        (mail,) = await self.until(arrived, f"thư “{subject}” tới {to or 'người nhận'}")
        return mail  # type: ignore[no-any-return]

    async def ended(self, dossier: Dossier) -> None:
        """Wait until the engine has nothing left to do for a dossier."""
        key = (await dossier.record()).process_instance_key
        over = {"terms": {"intent": ["ELEMENT_COMPLETED", "ELEMENT_TERMINATED"]}}
        query = {"bool": {"must": [{"term": {"key": key}}, over]}}

        async def done() -> bool:
            return bool(await self._hits("process-instance", query))

        await self.until(done, f"{dossier.code}: quy trình kết thúc")

    async def reached(self, process_instance: int, element: str) -> None:
        """Wait until an element of a process instance was entered."""
        here = [{"term": {"value.processInstanceKey": process_instance}}, {"term": {"value.elementId": element}}]

        async def entered() -> bool:
            return bool(await self._hits("process-instance", {"bool": {"must": here}}))

        await self.until(entered, f"phiên {process_instance} tới {element}")

    async def clear(self) -> None:
        """Cancel what a story left running, give the engine its own time and the office its own config/."""
        for key in self.started:
            with suppress(RequestFailed):
                await self.zeebe.cancel_instance(key)
        self.started.clear()
        await self.clock.reset()
        if (self.folders / "home").exists():
            shutil.rmtree(self.folders / "home")
            self._read_rules(self.settings)

    async def _variables_above(self, step: OpenStep) -> Answers:
        """Read the variables of the scopes around a step: those of its process and of the sub-process it stands in."""
        (element,) = await self._hits("process-instance", {"term": {"key": step.step_id}}, size=1)
        value = element["value"]
        scopes = [value["processInstanceKey"], value["flowScopeKey"]]
        return dict(await self._records("variable", {"terms": {"value.scopeKey": scopes}}, size=1000))

    async def _records(self, kind: str, query: Answers, size: int = 100) -> list[tuple[str, Any]]:
        """Read variables as the engine wrote them, oldest first."""
        hits = await self._hits(kind, query, size)
        return [(hit["value"]["name"], json.loads(hit["value"]["value"])) for hit in hits]

    async def _hits(self, kind: str, query: Answers, size: int = 10) -> list[Answers]:
        index = f"/zeebe-record_{kind}_*"
        await self.zeebe._opensearch.post(f"{index}/_refresh")
        body = {"query": query, "size": size, "sort": [{"position": "asc"}]}
        answer = await self.zeebe._opensearch.post(f"{index}/_search", json=body)
        # Before the first record of a kind there is no index and no sort field.
        return [hit["_source"] for hit in answer.json()["hits"]["hits"]] if answer.is_success else []


@dataclass(frozen=True)
class Dossier:
    """Follow one dossier of a story."""

    city: City
    code: str

    async def record(self) -> DossierRecord:
        """Read its row."""
        record = await self.city.services.registry.latest.dossier(self.code)
        assert record is not None
        return record

    async def view(self) -> show.View:
        """See what `dieuphoi show` says."""
        return await show.view(self.city.services, self.code)

    async def row(self, step: str, number: int = -1) -> show.Row:
        """Pick a row of the timeline by its step's name, the last one of them unless said otherwise."""
        rows = [row for row in (await self.view()).rows if row.step == step]
        assert rows, [row.step for row in (await self.view()).rows]
        return rows[number]

    async def steps(self) -> list[str]:
        """List the timeline's rows by name."""
        return [row.step for row in (await self.view()).rows]

    async def papers(self) -> list[tuple[str, str | None, str | None]]:
        """List the papers made, as kind, form set and form code."""
        return [(one.kind, one.form_set, one.form_code) for one in await self.paper_records()]

    async def paper_records(self) -> list[PaperRecord]:
        """List the papers made."""
        return list(await self.city.services.registry.latest.papers(self.code))

    async def opinion_of(self, unit: str) -> OpinionRecord:
        """Read a unit's newest opinion."""
        asked = await self.city.services.registry.latest.opinions(self.code)
        return [one for one in asked if one.unit == unit][-1]

    async def held(self, element: str, unit: str | None = None, about: str = "") -> OpenStep:
        """Wait until somebody holds a step; `about` names the unit whose opinion it is about."""

        async def open_step() -> OpenStep | None:
            for step in await self.city.services.registry.latest.open_steps(self.code):
                asked = (step.request_id or "").rpartition(":")[2]
                if step.element_id == element and unit in {None, step.unit} and about in {"", asked}:
                    return step
            return None

        return await self.city.until(open_step, f"{self.code}: bước {element} {unit or ''}")  # type: ignore[no-any-return]

    async def holds_nobody(self) -> None:
        """Wait until nobody holds a step."""

        async def free() -> bool:
            return not await self.city.services.registry.latest.open_steps(self.code)

        await self.city.until(free, f"{self.code}: không còn ai giữ")

    async def does(self, element: str, *, unit: str | None = None, about: str = "", **answers: Any) -> OpenStep:
        """Have the one who holds a step complete it with a form's answers."""
        step = await self.held(element, unit, about)

        task = await self.city.task_of(step)
        assert task["candidateGroupsList"] == [step.unit + OWN_GROUPS.get(step.role, "")]
        assert task["assignee"] == (step.person or "")
        await self.city.complete(task["userTaskKey"], answers)

        async def closed() -> bool:
            return all(one.step_id != step.step_id for one in await self._open_steps())

        await self.city.until(closed, f"{self.code}: {element} xong")
        return step

    async def becomes(self, state: str) -> DossierRecord:
        """Wait for a state."""

        async def reached() -> DossierRecord | None:
            record = await self.record()
            return record if record.state == state else None

        return await self.city.until(reached, f"{self.code}: trạng thái {state}")  # type: ignore[no-any-return]

    async def shows(self, step: str, times: int = 1) -> show.Row:
        """Wait until the timeline has a row of this name, so many times."""

        async def written() -> show.Row | None:
            rows = [row for row in (await self.view()).rows if row.step == step]
            return rows[-1] if len(rows) >= times else None

        return await self.city.until(written, f"{self.code}: dòng thời gian có “{step}” {times} lần")  # type: ignore[no-any-return]

    async def is_told(self, message: str, **variables: Any) -> None:
        """Have another system send the dossier a message."""
        await self.city.publish(message, self.code, **variables)

    # The usual way, for stories about something else

    async def accepted(self) -> None:
        """Have the one-stop desk accept it."""
        await self.does("Task_ReceiveDossier", reception_decision="accept")

    async def assigned(self, officer: str | None = None) -> str:
        """Have it accepted and given to an officer; returns who that is."""
        await self.accepted()
        step = await self.held("Task_AssignOfficer")
        who = officer or f"officer.{step.unit.lower().replace('.', '-')}"
        await self.does("Task_AssignOfficer", officer=who)
        return who

    async def approved(self) -> None:
        """Have the officer propose approval."""
        summary = "Hồ sơ đủ thành phần, đáp ứng điều kiện theo quy định (ví dụ)."
        await self.does("Task_AppraiseDossier", appraisal_decision="approve", appraisal_summary=summary)

    async def asks(self, *units: str) -> None:
        """Have the officer ask units for their opinions."""
        await self.does("Task_AppraiseDossier", appraisal_decision="opinions", opinion_units=list(units))

    async def replies(self, unit: str, answer: str = "agree", content: str = "Thống nhất (ví dụ).") -> None:
        """Have a unit answer."""
        await self.does("Task_ReplyOpinion", unit=unit, opinion_answer=answer, opinion_content=content)

    async def disposes(self, disposition: str | None = "accepted", explanation: str = "Tiếp thu (ví dụ).") -> None:
        """Have the lead say the same of every opinion of the newest round, as the form sends it."""
        asked = await self.city.services.registry.latest.opinions(self.code)
        newest = max(opinion.round for opinion in asked)
        rows = [
            {
                "request_id": one.request_id,
                "unit_name": self.city.rules.unit_name(one.unit, self.city.now().date()),
                "answer": one.answer,
                "answer_label": answer_label(one),
                "content": one.content or "",
                "silent": one.silent,
                "disposition": disposition,
                "explanation": explanation,
            }
            for one in asked
            if one.round == newest
        ]
        await self.does("Task_ConfirmDispositions", opinions=rows)

    async def reaches_the_office(self) -> None:
        """Have a city dossier accepted, agreed with by everybody it must ask, and presented to the Office."""
        await self.assigned()
        record = await self.record()
        units = [unit for unit in self.city.rules.must_ask(record) if unit != record.lead_unit]
        await self.asks(*units)
        for unit in units:
            await self.replies(unit)
        await self.disposes()
        await self.approved()
        await self.does("Task_AssignSpecialist", specialist="specialist.h29-01")

    async def reaches_the_leader(self) -> None:
        """Have it presented to the leader."""
        await self.reaches_the_office()
        await self.presented()

    async def presented(self) -> None:
        """Have the Office's specialist and head present it."""
        await self.does("Task_AppraisePackage", package_decision="present", package_opinion="Đủ điều kiện (ví dụ).")
        await self.does("Task_ReviewPresentation", review_decision="approve")
        await self.held("Task_DecideDossier", "H29")

    async def signed(self) -> None:
        """Have it accepted, assigned, approved and signed by the head of the unit."""
        await self.assigned()
        await self.approved()
        await self.does("Task_SignResult", signature_decision="sign")

    async def _open_steps(self) -> Any:
        return await self.city.services.registry.latest.open_steps(self.code)


@asynccontextmanager
async def open_city(stack: Stack, folder: Path, database_url: str | None = None) -> AsyncIterator[City]:
    """Deploy the diagrams and run workers and mail server in this process."""
    sink = MailSink(folder / "mail")
    texts = GatewaySink(folder / "texts")
    await sink.start()
    await texts.start()
    settings = load_settings(
        data_dir=folder,
        database_url=database_url,
        engine_port_offset=stack.settings.port_offset,
        smtp_port=sink.smtp_port,
        gateway_sink_port=texts.port,
        metrics_port=0,
        streaming=True,
        drain_seconds=5,
    )
    async with stack.zeebe() as zeebe:
        clock = EngineClock(zeebe)
        try:
            await _deploy(settings, zeebe)
            async with open_services(settings, lambda: clock.now().replace(second=0, microsecond=0)) as services:
                working = asyncio.create_task(run_with(services, settings, poll_seconds=0.1))
                yield City(stack, zeebe, clock, settings, services, sink, texts, folder / "folders")
                if not working.done():
                    os.kill(os.getpid(), signal.SIGTERM)
                assert await working == 0
        finally:
            await clock.reset()
            await sink.stop()
            await texts.stop()


async def _deploy(settings: Settings, zeebe: ZeebeRest) -> None:
    deployments = await deploy(settings)
    forms = [one.key for deployment in deployments for one in deployment.deployed if one.kind == "form"]
    await zeebe.wait_forms_searchable(forms)
