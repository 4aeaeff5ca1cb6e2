"""An office in a folder: real rules, registry, press, texts and document store; jobs run as the runtime runs them."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from workers.app import catalog, load_rules
from workers.contract import JobMeta
from workers.documents.findings import already_filed
from workers.documents.policy import load_policy
from workers.documents.store import DocumentStore
from workers.errors import AlreadyDone, BusinessError, NeedsOperator
from workers.papers.models import view
from workers.papers.press import PaperPress, RenderedPaper, _file_name
from workers.ports import Inspected
from workers.records import Applicant, FiledDocument, Submission
from workers.registry.database import Registry
from workers.regulation.organization import Organization
from workers.runtime.variables import parse_input, serialise_output
from workers.settings import load_settings
from workers.workplace import Services, StoredFiles, StoringPress, Workplace

if TYPE_CHECKING:
    from tests.databases import Database, Databases
    from workers.channels.texts import TextCatalog
    from workers.rulebook import Rulebook
    from workers.runtime.catalog import Catalog

HOME = Path(__file__).parents[2]
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
MONDAY = datetime(2026, 11, 2, 9, 0, tzinfo=ZONE)
"""A working morning with no holiday near."""

PERSON = Applicant(
    name="Nguyễn Thị Ví Dụ Riêng",
    id_number="079000000321",
    phone="0900000321",
    email="rieng.tu@example.vn",
    address="321 Đường Không Có Thật",
    consent_email=True,
)
"""A made-up applicant whose every value is unlike anything else in a test."""

SECRETS = (PERSON.name, PERSON.id_number, PERSON.phone, PERSON.email, PERSON.address)

ELEMENTS = {
    "dossier.register": ("dossier_resolution", "Task_RegisterDossier"),
    "supplement.request": ("dossier_supplement", "Task_RequestSupplement"),
    "supplement.receive": ("dossier_supplement", "Task_RecordSupplement"),
    "result_feedback.confirm": ("result_feedback", "Task_RecordReceipt"),
}


@cache
def shipped_rules() -> Rulebook:
    return load_rules(load_settings(home=HOME))


@cache
def document_policy() -> Any:
    return load_policy(HOME / "config" / "documents.yaml")


@cache
def jobs() -> Catalog:
    return catalog()


def job_types_of_dossiers() -> set[str]:
    """Leave out the job types of publications and of citizens' feedback, which no dossier meets."""
    return {one for one in jobs().types if one.partition(".")[0] not in {"publication", "feedback"}}


@dataclass
class Looker:
    """Stands in for the document checks; `findings` by file name."""

    store: DocumentStore
    intake: Path
    findings: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    looked_at: list[str] = field(default_factory=list)

    @property
    def policy(self) -> Any:
        return document_policy()

    async def inspect(self, document: FiledDocument, today: date, filed_in: str | None) -> Inspected:
        self.looked_at.append(document.name)
        found = self.findings.get(document.name, [])
        repeated = [already_filed(filed_in).model_dump()] if filed_in else []
        return Inspected(not found, "application/pdf", 1, [*found, *repeated])

    async def take_batch(self, batch: str) -> list[FiledDocument]:
        files = StoredFiles(self.store, None, self.policy, self.intake)
        return await files.take_batch(batch)


class QuickPress:
    """Checks everything of a paper that the press does except setting the type."""

    def __init__(self) -> None:
        self.made: list[Any] = []

    async def render_async(self, paper: Any) -> RenderedPaper:
        self.made.append(paper)
        form_code = paper.form_code()
        json.dumps(view(paper), ensure_ascii=False)
        assert (HOME / "config" / "forms" / paper.template).is_file()
        number = f"{len(self.made):064x}"
        pdf = f"%PDF {number}".encode()
        form_set = getattr(paper, "form_set", None)
        return RenderedPaper(pdf, number, paper.kind, form_set, form_code, paper.title(), _file_name(paper))


class Office:
    """Runs jobs and answers what became of them. `now` is the moment of the next job."""

    def __init__(
        self, services: Services, clock: SimpleNamespace, press: Any, looker: Looker, database: Database
    ) -> None:
        self.services = services
        self.clock = clock
        self.press = press
        self.looker = looker
        self.database = database
        self._keys = itertools.count(1000)
        self._numbers = itertools.count(1)

    @property
    def rules(self) -> Rulebook:
        return self.services.rules

    @property
    def registry(self) -> Registry:
        return self.services.registry

    @property
    def read(self) -> Any:
        return self.registry.latest

    def with_rules(self, **changes: Any) -> None:
        self.services = replace(self.services, rules=replace(self.rules, **changes))

    def job(
        self,
        job_type: str,
        element: tuple[str, str] | None = None,
        instance: int | None = None,
        code: str | None = None,
    ) -> JobMeta:
        process, element_id = element or ELEMENTS.get(job_type, ("dossier_resolution", "Task_Any"))
        return JobMeta(
            key=next(self._keys),
            type=job_type,
            element_id=element_id,
            element_instance_key=next(self._keys) if instance is None else instance,
            process_instance_key=77,
            process_id=process,
            retries=5,
            headers={},
            dossier_code=code,
        )

    async def run(
        self,
        job_type: str,
        *,
        at: datetime | None = None,
        element: tuple[str, str] | None = None,
        instance: int | None = None,
        **variables: Any,
    ) -> dict[str, Any]:
        """Deliver a job once, as the runtime does: stored result, else handler and commit."""
        if at is not None:
            self.clock.now = at
        spec = jobs()[job_type]
        inp = parse_input(spec.contract, variables)
        job = self.job(job_type, element, instance, variables.get("dossier_code"))
        async with Workplace(self.services).open(spec.contract, job) as place:
            stored = await place.stored_result()
            if stored is not None:
                return stored
            try:
                result = serialise_output(spec.contract, await spec.handler(inp, place.context))
                await place.commit(result)
            except AlreadyDone as done:
                return done.result
        return result

    def document(self, composition: str, name: str | None = None, **changes: Any) -> FiledDocument:
        file = name or f"{composition}.pdf"
        stored = self.looker.store.put_bytes(f"{file} {next(self._numbers)}".encode(), file)
        return FiledDocument(
            composition=composition, name=file, sha256=stored.sha256, size=stored.size, original="original"
        ).model_copy(update=changes)

    def complete(self, procedure_code: str, on: date, case: str | None = None) -> list[FiledDocument]:
        """One original of everything a procedure requires."""
        procedure = self.rules.procedure_at(procedure_code, on)
        chosen = procedure.case_or_default(case)
        wanted = [one for one in procedure.composition if one.required and one.applies_to(chosen)]
        return [self.document(one.code) for one in wanted]

    async def submitted(self, procedure: str = "1.009974", unit: str = "H29.07", **changes: Any) -> Submission:
        at = changes.get("submitted_at", self.clock.now)
        number = next(self._numbers)
        given = {
            "id": f"sub-{number}",
            "submitted_at": at,
            "channel": "online",
            "kind": "administrative_procedure",
            "procedure_code": procedure,
            "title": "Xây dựng nhà kho ví dụ",
            "origin_unit": unit,
            "applicant": PERSON,
        }
        if "documents" not in changes:
            known = self.rules.procedure_at(procedure, at.date())
            given["documents"] = self.complete(procedure, at.date(), changes.get("case")) if known else []
        submission = Submission(**{**given, **changes})
        async with self.registry.write() as writer:
            await writer.add_submission(submission)
        return submission

    async def registered(self, procedure: str = "1.009974", unit: str = "H29.07", **changes: Any) -> str:
        submission = await self.submitted(procedure, unit, **changes)
        return (await self.run("dossier.register", submission_id=submission.id))["dossier_code"]

    async def accepted(self, procedure: str = "1.009974", unit: str = "H29.07", **changes: Any) -> str:
        code = await self.registered(procedure, unit, **changes)
        await self.run("dossier.accept", dossier_code=code)
        return code

    async def change(self, code: str, **changes: Any) -> None:
        async with self.registry.write() as writer:
            await writer.update_dossier(code, **changes)

    async def open(self, code: str, element: tuple[str, str], **variables: Any) -> int:
        """Open a user task's step; gives its key."""
        instance = next(self._keys)
        dossier = await self.read.dossier(code)
        known = {
            "dossier_code": code,
            "origin_unit": dossier.origin_unit,
            "lead_unit": dossier.lead_unit,
            "office_unit": self.rules.office_unit,
            "city_unit": self.rules.city_unit,
        }
        await self.run("timeline.open", element=element, instance=instance, **{**known, **variables})
        return instance

    async def dossier(self, code: str) -> Any:
        return await self.read.dossier(code)

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        from sqlalchemy import text  # noqa: PLC0415

        return [{name: _text(row[name]) for name in row} for row in await self.read.rows(text(sql))]

    async def mails(self) -> list[dict[str, Any]]:
        """Everything queued, oldest first."""
        found = await self.rows("select * from outbox order by id")
        return [{**row, "attachments": json.loads(row["attachments"])} for row in found]

    async def names(self, code: str) -> list[str]:
        """The names on the timeline."""
        return [entry.name for entry in await self.read.timeline(code)]

    async def footprint(self) -> dict[str, int]:
        """Count the rows of every table that a job may add to."""
        tables = (
            "submissions",
            "dossiers",
            "documents",
            "papers",
            "opinions",
            "deadline_changes",
            "timeline",
            "outbox",
        )
        counts = {name: (await self.rows(f"select count(*) as n from {name}"))[0]["n"] for name in tables}
        counts["numbers"] = (await self.rows("select coalesce(sum(value), 0) as n from counters"))[0]["n"]
        return counts


@dataclass(frozen=True)
class Parts:
    """What is loaded once for all tests."""

    rules: Rulebook
    texts: TextCatalog
    press: PaperPress
    databases: Databases


async def open_office(parts: Parts, folder: Path, *, real_press: bool) -> Office:
    database = parts.databases.migrated(folder)
    clock = SimpleNamespace(now=MONDAY)
    registry = await Registry.connect(database.url, now=lambda: clock.now)
    store = DocumentStore(folder / "documents")
    intake = folder / "intake"
    intake.mkdir()
    looker = Looker(store, intake)
    press = parts.press if real_press else QuickPress()
    services = Services(
        rules=parts.rules,
        registry=registry,
        press=StoringPress(press, store),
        texts=parts.texts,
        files=looker,
        tracking_base_url="http://127.0.0.1:8090",
        now=lambda: clock.now,
    )
    return Office(services, clock, press, looker, database)


def dissolved(rules: Rulebook, code: str, last_day: date, *successors: str, handover_to: str | None = None) -> Rulebook:
    """The rules with a unit that ends on a day and its successors."""
    known = rules.organization
    ends = {"valid_to": last_day, "successors": successors, "handover_to": handover_to}
    units = tuple(one.model_copy(update=ends) if one.code == code else one for one in known.units)
    roles = tuple(known.roles.values())
    newer = Organization(units, roles, city=known.city, office=known.office, new_codes_from=date(2021, 1, 1))
    return replace(rules, organization=newer)


def _text(value: Any) -> Any:
    # PostgreSQL hands out JSON as what it holds, SQLite as text.
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def three_parts(error: NeedsOperator, code: str) -> None:
    """An operator's message says what failed, what to do, and has a code to look up; in composed Vietnamese."""
    import unicodedata  # noqa: PLC0415

    assert error.code == code
    for part in (error.message, error.action):
        assert part.endswith(".")
        assert part[0].isupper()
        assert unicodedata.is_normalized("NFC", part)
        assert any(ord(letter) > 127 for letter in part), "not Vietnamese"
    assert error.message != error.action


def business(error: BusinessError, code: str) -> str:
    assert error.code == code
    assert error.message.endswith(".")
    return error.message


DAY = timedelta(days=1)
