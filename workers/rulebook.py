"""Answer what handlers ask of the regulation: one face over calendar, organisation, procedures and diagrams. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from workers.errors import NeedsOperator
from workers.papers.models import FormSet
from workers.regulation import codes, deadlines
from workers.regulation.calendar import VIETNAM
from workers.regulation.composition import FiledPaper, MissingPaper, PaperForm, missing_papers
from workers.regulation.limits import end_of
from workers.regulation.organization import Organization, Unit, UnitLevel
from workers.regulation.papers import form_set_at
from workers.regulation.working_time import WorkingTime

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date, datetime

    from workers.records import DossierRecord, FiledDocument
    from workers.regulation.calendar import Calendar
    from workers.regulation.communication import CommunicationPolicy
    from workers.regulation.deadlines import Deadline, SupplementRule
    from workers.regulation.feedback import FeedbackPolicy
    from workers.regulation.limits import Limit
    from workers.regulation.norms import Norms
    from workers.regulation.notices import NoticePolicy
    from workers.regulation.papers import FormSet as StatutorySet
    from workers.regulation.procedures import Procedure, Procedures

MINUTES_A_DAY = 8 * 60
HALF = 0.5
OTHER, OTHER_PAPER = "other", "Giấy tờ khác"
ERROR = "error"
NORMAL = "normal"
OFFICER_ROLES = {"officer", "specialist"}
EDITOR, APPROVER = "editor", "approver"
NAMED_ROLES = OFFICER_ROLES | {EDITOR, APPROVER}
"""Roles of which a variable of the same name holds the account."""


@dataclass(frozen=True)
class Step:
    """Describe one user task as its diagram does.

    `holder`: the variable that holds the unit; `norm`: the key of its limit; `due_from`: the variable that holds its
    deadline already; `options`: what its form offers; `decision`: the variable that says how it ended;
    `next_steps`: what may follow, in words.
    """

    process_id: str
    element_id: str
    name: str
    holder: str
    role: str
    norm: str
    clause: str | None = None
    due_from: str | None = None
    options: str | None = None
    decision: str | None = None
    next_steps: tuple[str, ...] = ()


class Oversight(StrEnum):
    """Say whose dossiers somebody may list on the page for leaders."""

    EVERYTHING = "everything"
    OWN_UNIT = "own_unit"


@dataclass(frozen=True)
class Account:
    """Name a person who may be given work; `oversight` None: not admitted to the page for leaders."""

    user: str
    name: str
    unit: str
    role: str
    oversight: Oversight | None = None


@dataclass(frozen=True)
class Moment:
    """Hold an instant; `provisional` when a year it spans has no confirmed calendar."""

    at: datetime
    provisional: bool


@dataclass(frozen=True)
class Rulebook:
    """Hold the rules in force.

    Every computation of time raises NeedsOperator when a year it touches has no calendar.
    """

    organization: Organization
    calendar: Calendar
    procedures: Procedures
    norms: Norms
    notices: NoticePolicy
    feedback: FeedbackPolicy
    communication: CommunicationPolicy
    form_sets: Sequence[StatutorySet]
    steps: Mapping[tuple[str, str], Step]
    accounts: Sequence[Account]

    @property
    def office_unit(self) -> str:
        """Name the Office of the City People's Committee."""
        return self.organization.office

    @property
    def city_unit(self) -> str:
        """Name the City People's Committee."""
        return self.organization.city

    # Units

    def unit_at(self, code: str, day: date) -> Unit | None:
        """Find a unit in force on a day."""
        return self.organization.unit_at(code, day)

    def unit_named(self, code: str, day: date) -> Unit:
        """Find a unit in force on a day, else who took over, else its newest version.

        Raises NeedsOperator for an unknown code.
        """
        return self.heir(code, day) or self._newest_version(code)

    def _newest_version(self, code: str) -> Unit:
        found = self.organization.last_version(code)
        if found is None:
            raise NeedsOperator(
                f"Mã đơn vị {code} không có trong config/organization.yaml.",
                action="Sửa mã đơn vị trong biến của phiên hoặc bổ sung đơn vị vào cấu hình rồi bấm Retry.",
                code="DV-001",
            )
        return found

    def heirs(self, code: str, day: date) -> tuple[Unit, ...]:
        """List who may have a unit's work on a day: itself, its successor, or several while none is decided on."""
        return self.organization.heirs_at(code, day)

    def heir(self, code: str, day: date, decided: Collection[str] = ()) -> Unit | None:
        """Find who has a unit's work on a day; of several successors the one that was decided on; None: not known."""
        heirs = self.heirs(code, day)
        chosen = heirs if len(heirs) == 1 else [one for one in heirs if one.code in decided]
        return chosen[0] if len(chosen) == 1 else None

    def unit_in_charge(self, code: str, day: date, decided: Collection[str] = ()) -> str:
        """Give the code of who has a unit's work on a day. Raises NeedsOperator when a person has to decide."""
        heir = self.heir(code, day, decided)
        if heir is None and (heirs := self.heirs(code, day)):
            known = "; ".join(f"{one.code} {one.name}" for one in heirs)
            raise NeedsOperator(
                f"{self.ended_unit(code, day)}; chưa xác định ai nhận bàn giao hồ sơ đang giải quyết trong các "
                f"đơn vị kế thừa: {known}.",
                action="Sửa biến giữ mã đơn vị trong Operate thành mã đơn vị nhận bàn giao, hoặc ghi handover_to cho "
                "đơn vị cũ trong config/organization.yaml và khởi động lại bộ xử lý, rồi bấm Retry.",
                code="DV-003",
            )
        return heir.code if heir else code

    def ended_unit(self, code: str, day: date) -> str:
        """Name a unit that ended before a day, and when. Raises NeedsOperator for an unknown code."""
        ended = self.organization.ended_before(code, day)
        return (
            f"{ended.name}, kết thúc hoạt động ngày {ended.valid_to:%d/%m/%Y}" if ended else self.unit_name(code, day)
        )

    def unit_name(self, code: str, day: date) -> str:
        """Name a unit as on a day. Raises NeedsOperator for an unknown code."""
        return self.unit_named(code, day).name

    def mailbox(self, code: str) -> str:
        """Give a unit's mailbox. Raises NeedsOperator when it has none."""
        mailbox = self._newest_version(code).mailbox
        if mailbox is None:
            raise NeedsOperator(
                f"Đơn vị {code} chưa có hộp thư trong config/organization.yaml.",
                action="Bổ sung hộp thư của đơn vị, khởi động lại bộ xử lý rồi bấm Retry.",
                code="DV-002",
            )
        return mailbox

    def quiet_until(self, moment: datetime) -> datetime | None:
        """Find when a citizen may be written to; None: at once."""
        return self.notices.not_before(moment)

    def units_to_ask(self, day: date) -> Iterable[Unit]:
        """List the units whose opinion may be asked."""
        return self.organization.units_at(day, UnitLevel.DEPARTMENT)

    def officers_of(self, unit: str) -> list[Account]:
        """List who may be given work in a unit."""
        return [account for account in self.accounts if account.unit == unit and account.role in OFFICER_ROLES]

    def account(self, user: str) -> Account | None:
        """Find an account."""
        return next((account for account in self.accounts if account.user == user), None)

    def is_of_another_unit(self, user: str | None, unit: str) -> bool:
        """Tell whether a known account belongs to another unit."""
        return any(account.user == user and account.unit != unit for account in self.accounts)

    def step(self, process_id: str, element_id: str) -> Step:
        """Find what the diagram says of a user task. Raises NeedsOperator when the workers do not know it."""
        try:
            return self.steps[process_id, element_id]
        except KeyError:
            raise NeedsOperator(
                f"Bước {element_id} của quy trình {process_id} chưa có trong bpmn/ mà bộ xử lý đang dùng.",
                action="Triển khai đúng bản bpmn/ cùng bộ xử lý, khởi động lại bộ xử lý rồi bấm Retry.",
                code="QT-001",
            ) from None

    # Codes and numbers

    def dossier_counter(self, unit: str, day: date) -> str:
        """Name the counter of a unit's dossier codes of a day."""
        return codes.dossier_counter(self.organization.agency_code(unit, day), day)

    def dossier_code(self, unit: str, day: date, number: int) -> str:
        """Write a dossier code."""
        return codes.format_dossier_code(self.organization.agency_code(unit, day), day, number)

    def document_number(self, number: int, result_type: str, issuer: str, day: date) -> str:
        """Write a document number with the issuer's abbreviation."""
        abbreviation = self.unit_named(issuer, day).abbreviation
        return codes.format_document_number(number, result_type, abbreviation or issuer)

    # Procedures and composition

    def procedure_at(self, code: str, day: date) -> Procedure | None:
        """Find the procedure version in force on the receiving date."""
        return self.procedures.at(code, day)

    def procedure_of(self, dossier: DossierRecord) -> Procedure:
        """Find the version a dossier is pinned to. Raises NeedsOperator when config/ has lost it."""
        try:
            return self.procedures.version(dossier.procedure_code, dossier.procedure_version)
        except KeyError:
            raise NeedsOperator(
                f"Hồ sơ {dossier.code} theo phiên bản thủ tục {dossier.procedure_code} {dossier.procedure_version}, "
                "phiên bản này không còn trong config/procedures.",
                action="Khôi phục tệp của phiên bản đó, khởi động lại bộ xử lý rồi bấm Retry.",
                code="TT-001",
            ) from None

    def form_set(self, received_on: date) -> FormSet:
        """Choose the set of statutory forms in force on the receiving date. Raises NeedsOperator when there is none."""
        chosen = form_set_at(self.form_sets, received_on)
        if chosen is None:
            raise NeedsOperator(
                f"Không có bộ mẫu giấy tờ nào có hiệu lực ngày {received_on:%d/%m/%Y}.",
                action="Bổ sung bộ mẫu vào config/form_sets.yaml, khởi động lại bộ xử lý rồi bấm Retry.",
                code="BM-001",
            )
        return FormSet(chosen.code)

    def missing_documents(
        self, dossier: DossierRecord, filed: Sequence[FiledDocument], today: date
    ) -> tuple[MissingPaper, ...]:
        """List everything that is missing or defective, once; a supplement replaces what was filed before it."""
        procedure = self.procedure_of(dossier)
        papers = [_filed_paper(document) for document in filed]
        return missing_papers(procedure.composition, papers, procedure.case_or_default(dossier.case), today)

    def opinion_units(self, dossier: DossierRecord) -> tuple[str, ...]:
        """List the units the procedure names for an opinion, as they are called today."""
        plan = self.procedure_of(dossier).opinions
        return plan.units if plan else ()

    def paper_name(self, procedure: Procedure, composition: str) -> str:
        """Name a filed paper as the procedure does; the desk may file others."""
        named = {item.code: item.name for item in procedure.composition}
        return named.get(composition, OTHER_PAPER if composition == OTHER else composition)

    def must_ask(self, dossier: DossierRecord) -> tuple[str, ...]:
        """List the units whose opinion the procedure demands."""
        plan = self.procedure_of(dossier).opinions
        return plan.units if plan and not plan.optional else ()

    def opinion_limit(self, dossier: DossierRecord) -> Limit:
        """Find how long a unit has to answer."""
        plan = self.procedure_of(dossier).opinions
        if dossier.urgency != NORMAL:
            return self.norms.opinion_urgent
        return plan.limit if plan else self.norms.opinion

    def step_limit(self, norm: str, dossier: DossierRecord | None = None) -> Limit:
        """Find the limit of a step: the procedure's own, else the general norm."""
        own = self.procedure_of(dossier).step_limit(norm) if dossier else None
        return own or self.norms.limit(norm)

    # Feedback

    def feedback_due(self, field: str | None, unit: str, start: datetime) -> Moment:
        """Find until when feedback of a field that a unit has since `start` has to be resolved."""
        return self.after(unit, start, self.feedback.limit_of(field))

    # Working time

    @cached_property
    def _hours(self) -> dict[str, WorkingTime]:
        own = {unit.code: unit.sessions for unit in self.organization.units if unit.sessions is not None}
        return {code: WorkingTime(self.calendar, week) for code, week in own.items()}

    @cached_property
    def _common_hours(self) -> WorkingTime:
        return WorkingTime(self.calendar)

    def hours_of(self, unit: str) -> WorkingTime:
        """Give the office hours of a unit: its own, or the common ones."""
        return self._hours.get(unit, self._common_hours)

    def working_minutes(self, unit: str, start: datetime, end: datetime) -> int:
        """Measure a unit's office hours between two instants in minutes; negative when `end` comes first."""
        return self.hours_of(unit).working_minutes_between(start, end)

    def worked_minutes(self, dossier: DossierRecord, until: datetime) -> int:
        """Measure the office hours from reception until an instant in minutes, without the pauses."""
        unit = dossier.lead_unit
        paused = sum(self.working_minutes(unit, start, end) for start, end in dossier.pauses)
        return self.working_minutes(unit, dossier.received_at, until) - paused

    def add_working_minutes(self, unit: str, start: datetime, minutes: int) -> datetime:
        """Find the instant that many working minutes after `start`."""
        return self.hours_of(unit).add_working_minutes(start, minutes)

    def after(self, unit: str, start: datetime, limit: Limit) -> Moment:
        """Find the end of a limit that runs from `start` in a unit."""
        hours = self.hours_of(unit)
        end = end_of(limit, start, hours)
        return Moment(end, hours.is_provisional(start, end))

    def halfway(self, unit: str, start: datetime, end: datetime) -> datetime:
        """Find the instant at which half of the working time is gone."""
        hours = self.hours_of(unit)
        return hours.add_working_time(start, hours.working_time_between(start, end) * HALF) if end > start else end

    def amount_label(self, minutes: int) -> str:
        """Write working minutes in days of 8 hours, hours and minutes."""
        days, rest = divmod(minutes, MINUTES_A_DAY)
        hours, rest = divmod(rest, 60)
        parts = [
            f"{days} ngày" if days else "",
            f"{hours} giờ" if hours else "",
            f"{rest} phút" if rest and not days else "",
        ]
        return " ".join(part for part in parts if part) + " làm việc" if minutes else "0 phút"

    def first_deadline(self, procedure: Procedure, unit: str, received_at: datetime) -> Deadline:
        """Compute the deadline of a dossier."""
        hours = self.hours_of(unit)
        return deadlines.first_deadline(
            procedure.limit, received_at, hours, near=self.norms.near_due, same_day=procedure.same_day
        )

    def near_due(self, unit: str, start: datetime, due_at: datetime) -> datetime:
        """Find when a deadline becomes near."""
        return deadlines.near_due(start, due_at, self.hours_of(unit), self.norms.near_due) if due_at > start else due_at

    def supplement_rule(self, dossier: DossierRecord, stage: str) -> SupplementRule:
        """Find the supplement rule of a stage (intake, appraisal)."""
        plan = self.procedure_of(dossier).supplement
        return plan.appraisal if stage == "appraisal" else plan.intake

    def supplemented_due(self, dossier: DossierRecord, stage: str, paused_at: datetime, resumed_at: datetime) -> Moment:
        """Compute the deadline once the supplement arrived."""
        procedure, hours = self.procedure_of(dossier), self.hours_of(dossier.origin_unit)
        due_at = deadlines.supplemented_due(
            self.supplement_rule(dossier, stage),
            procedure.limit,
            hours,
            due_at=dossier.due_at,
            paused_at=paused_at,
            resumed_at=resumed_at,
            same_day=procedure.same_day,
        )
        return Moment(due_at, hours.is_provisional(dossier.received_at, due_at))

    def extended_due(self, dossier: DossierRecord, working_days: int) -> Moment:
        """Compute the deadline after an extension."""
        hours = self.hours_of(dossier.origin_unit)
        due_at = deadlines.extended_due(dossier.due_at, working_days, hours)
        return Moment(due_at, hours.is_provisional(dossier.received_at, due_at))

    def why_no_extension(self, dossier: DossierRecord, now: datetime) -> str | None:
        """Say why a dossier may not be extended now; None when it may."""
        rule = self.procedure_of(dossier).extension
        hours = self.hours_of(dossier.origin_unit)
        return deadlines.assess_extension(rule, dossier.extensions, dossier.due_at, now, hours).reason_not

    def recomputed_due(self, dossier: DossierRecord) -> Moment:
        """Compute a deadline again from its facts, after the calendar changed."""
        procedure, hours = self.procedure_of(dossier), self.hours_of(dossier.origin_unit)
        due_at = deadlines.recomputed_due(
            procedure.limit,
            hours.next_working_instant(dossier.received_at),
            hours,
            pauses=dossier.pauses,
            extensions=dossier.extended,
            same_day=procedure.same_day,
        )
        return Moment(due_at, hours.is_provisional(dossier.received_at, due_at))


def local(moment: datetime) -> datetime:
    """Show an instant in Vietnam's time."""
    return moment.astimezone(VIETNAM)


def _filed_paper(document: FiledDocument) -> FiledPaper:
    findings = document.findings or []
    digital = bool(document.sha256)
    return FiledPaper(
        composition=document.composition,
        name=document.name,
        form=PaperForm(document.original) if document.original in set(PaperForm) else PaperForm.COPY,
        problems=tuple(finding["message"] for finding in findings if finding["severity"] == ERROR),
        digital=digital,
        expires_on=document.expires_on,
    )
