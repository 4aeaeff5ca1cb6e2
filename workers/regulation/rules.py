"""Answer what handlers ask of the regulation, in terms of codes and instants: one object over all the rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from workers.errors import NeedsOperator
from workers.regulation import codes, composition, deadlines, silence
from workers.regulation.calendar import VIETNAM
from workers.regulation.limits import Limit, end_of, start_before
from workers.regulation.working_time import WorkingTime

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from workers.regulation.calendar import Calendar
    from workers.regulation.norms import Norms
    from workers.regulation.notices import NoticePolicy
    from workers.regulation.organization import Organization, Unit
    from workers.regulation.papers import FormSet
    from workers.regulation.procedures import Procedure, Procedures


@dataclass(frozen=True)
class Reckoned:
    """Hold an instant that was computed. `provisional`: a year it spans has no confirmed calendar."""

    at: datetime
    provisional: bool


class Filed(Protocol):
    """Describe what is read of a filed document (`workers.records.FiledDocument`)."""

    @property
    def composition(self) -> str:
        """Name the paper it stands for."""

    @property
    def name(self) -> str:
        """Name the file."""

    @property
    def original(self) -> str:
        """Say whether it is an original, a certified or a plain copy."""

    @property
    def expires_on(self) -> date | None:
        """Give the last day it is good for."""

    @property
    def sha256(self) -> str:
        """Give the digest of the file; empty for a paper seen at the desk."""

    @property
    def findings(self) -> list[dict[str, Any]] | None:
        """List what the checks found; None before they ran."""


class Rules:
    """Hold the regulation as configured. Instants carry their offset; everything here is pure.

    Methods that compute time raise NeedsOperator when a year has no calendar.
    """

    def __init__(
        self,
        *,
        organization: Organization,
        calendar: Calendar,
        procedures: Procedures,
        norms: Norms,
        notices: NoticePolicy,
        form_sets: Sequence[FormSet],
    ) -> None:
        self.organization = organization
        self.calendar = calendar
        self.procedures = procedures
        self.norms = norms
        self.notices = notices
        self.form_sets = tuple(form_sets)
        self._common_hours = WorkingTime(calendar)
        self._own_hours = {
            unit.code: WorkingTime(calendar, unit.sessions) for unit in organization.units if unit.sessions is not None
        }

    @property
    def city_unit(self) -> str:
        """Give the code of the City People's Committee."""
        return self.organization.city

    @property
    def office_unit(self) -> str:
        """Give the code of the Office of the City People's Committee."""
        return self.organization.office

    def unit_at(self, code: str, day: date) -> Unit | None:
        """Find the unit in force on a day."""
        return self.organization.unit_at(code, day)

    def unit_name(self, code: str, day: date) -> str:
        """Name a unit as on a day; a unit of another time by its last name, an unknown code by itself."""
        unit = self.organization.unit_at(code, day) or self.organization.last_version(code)
        return unit.name if unit else code

    def mailbox(self, code: str) -> str:
        """Give a unit's mailbox. Raises NeedsOperator when the unit or its mailbox is not configured."""
        unit = self.organization.last_version(code)
        if unit is None or unit.mailbox is None:
            raise NeedsOperator(
                f"Đơn vị {code} chưa có hộp thư trong cấu hình.",
                action="Bổ sung hộp thư của đơn vị trong config/organization.yaml, nạp lại cấu hình rồi bấm Retry.",
                code="CH-001",
            )
        return unit.mailbox

    def procedure_at(self, code: str, received_on: date) -> Procedure | None:
        """Find the version of a procedure in force on the receiving date."""
        return self.procedures.at(code, received_on)

    def procedure_version(self, code: str, version: str) -> Procedure:
        """Find the version a dossier is pinned to. Raises NeedsOperator when the configuration lost it."""
        try:
            return self.procedures.version(code, version)
        except KeyError as failure:
            raise NeedsOperator(
                f"Không còn thủ tục {code} phiên bản {version} trong cấu hình.",
                action="Khôi phục tệp của phiên bản này trong config/procedures, nạp lại cấu hình rồi bấm Retry.",
                code="CH-002",
            ) from failure

    def procedure_kind(self, code: str, received_on: date) -> str:
        """Tell the kind of a procedure; one that is not in force counts as an administrative procedure."""
        procedure = self.procedures.at(code, received_on)
        return procedure.kind if procedure else "administrative_procedure"

    def hours(self, unit: str) -> WorkingTime:
        """Give the working time of a unit: its own sessions, or the common ones."""
        return self._own_hours.get(unit, self._common_hours)

    def working_minutes(self, unit: str, start: datetime, end: datetime) -> int:
        """Measure the office hours of a unit between two instants, in whole minutes."""
        return self.hours(unit).working_minutes_between(start, end)

    def add_working_minutes(self, unit: str, start: datetime, minutes: int) -> datetime:
        """Find the instant that many working minutes of a unit after `start`."""
        return self.hours(unit).add_working_minutes(start, minutes)

    def add_working_days(self, unit: str, start: datetime, days: int) -> Reckoned:
        """Find the end of the `days`-th working day after the day of `start`."""
        hours = self.hours(unit)
        return self._reckoned(hours, start, hours.add_working_days(start, days))

    def after(self, unit: str, start: datetime, limit: Limit) -> Reckoned:
        """Find the end of a limit counted from `start`."""
        hours = self.hours(unit)
        return self._reckoned(hours, start, end_of(limit, start, hours))

    def halfway(self, unit: str, start: datetime, end: datetime) -> datetime:
        """Find the instant at which half of the office hours between two instants have passed."""
        hours = self.hours(unit)
        return min(end, hours.add_working_time(start, hours.working_time_between(start, end) / 2))

    def dossier_deadline(
        self, procedure: Procedure, unit: str, received_at: datetime, paused_minutes: int = 0
    ) -> deadlines.Deadline:
        """Compute the deadline of a dossier received by a unit; `paused_minutes` of its working time do not count."""
        hours, near = self.hours(unit), self.norms.near_due
        first = deadlines.first_deadline(procedure.limit, received_at, hours, near=near, same_day=procedure.same_day)
        if not paused_minutes:
            return first
        due_at = hours.add_working_minutes(first.due_at, paused_minutes)
        return first.model_copy(
            update={
                "due_at": due_at,
                "near_due_at": deadlines.near_due(first.counted_from, due_at, hours, near),
                "provisional": hours.is_provisional(received_at, due_at),
            }
        )

    def resumed_deadline(  # noqa: PLR0917 - in the order in which things happened
        self, procedure: Procedure, stage: str, unit: str, due_at: datetime, paused_at: datetime, resumed_at: datetime
    ) -> deadlines.Deadline:
        """Compute the deadline once a supplement arrived: anew at intake, with the time left in appraisal."""
        if self.supplement_rule(procedure, stage).restarts:
            return self.dossier_deadline(procedure, unit, resumed_at)
        hours = self.hours(unit)
        resumed = deadlines.resumed_due(due_at, paused_at, resumed_at, hours)
        return deadlines.Deadline(
            counted_from=resumed_at,
            due_at=resumed,
            near_due_at=self.near_due(unit, resumed),
            original_due_at=due_at,
            provisional=hours.is_provisional(resumed_at, resumed),
        )

    def near_due(self, unit: str, due_at: datetime) -> datetime:
        """Find when a deadline becomes near, without regard to how long the limit was."""
        return start_before(self.norms.near_due.before, due_at, self.hours(unit))

    def step_limit(self, step: str, procedure: Procedure | None = None) -> Limit:
        """Find the norm of a step: the procedure's own, or the general one."""
        return (procedure.step_limit(step) if procedure else None) or self.norms.limit(step)

    def supplement_rule(self, procedure: Procedure, stage: str) -> deadlines.SupplementRule:
        """Find the supplement rule of a stage, `intake` or `appraisal`."""
        return procedure.supplement.intake if stage == "intake" else procedure.supplement.appraisal

    def opinion_units(self, procedure: Procedure) -> list[str]:
        """List the units whose opinion a procedure asks for."""
        return list(procedure.opinions.units) if procedure.opinions else []

    def opinion_limit(self, procedure: Procedure, urgency: str = "normal") -> Limit:
        """Find how long a unit has for its opinion; urgent matters go by the shorter general limit."""
        if urgency != "normal":
            return self.norms.opinion_urgent
        return procedure.opinions.limit if procedure.opinions else self.norms.opinion

    def limit_label(self, limit: Limit) -> str:
        """Write a limit in Vietnamese."""
        return limit.label

    def missing_documents(
        self, procedure: Procedure, case: str | None, documents: Iterable[Filed], today: date | None = None
    ) -> tuple[composition.MissingPaper, ...]:
        """List everything a dossier lacks, once. Findings of severity `error` make a document unusable."""
        filed = [_filed_paper(document) for document in documents]
        return composition.missing_papers(procedure.composition, filed, procedure.case_or_default(case), today)

    def silence_outcome(self, outcome: str | None) -> str:
        """Check an outcome of the silence table; nothing means never assume. Raises NeedsOperator otherwise."""
        return silence.checked_outcome(outcome)

    def dossier_code_scope(self, unit: str, day: date) -> str:
        """Name the counter of dossier codes of a unit on a day."""
        return codes.dossier_counter(self.organization.agency_code(unit, day), day)

    def dossier_code(self, scope: str, number: int) -> str:
        """Write the dossier code for a number of a counter."""
        return codes.code_of_counter(scope, number)

    def document_number(self, number: int, issuer: str, day: date, result_type: str = "decision") -> str:
        """Write the number and sign of a document that a unit issues."""
        unit = self.organization.unit_at(issuer, day)
        return codes.format_document_number(number, result_type, (unit and unit.abbreviation) or issuer)

    def not_before(self, moment: datetime) -> datetime | None:
        """Find when a person may be notified; None: at once."""
        return self.notices.not_before(moment)

    @staticmethod
    def local_day(moment: datetime) -> date:
        """Give the day of an instant in Ho Chi Minh City."""
        return moment.astimezone(VIETNAM).date()

    @staticmethod
    def _reckoned(hours: WorkingTime, start: datetime, end: datetime) -> Reckoned:
        return Reckoned(end, hours.is_provisional(start, end))


def _filed_paper(document: Filed) -> composition.FiledPaper:
    problems = (str(one["message"]) for one in document.findings or () if one.get("severity") == "error")
    return composition.FiledPaper(
        composition=document.composition,
        name=document.name,
        form=composition.PaperForm(document.original),
        problems=tuple(problems),
        digital=bool(document.sha256),
        expires_on=document.expires_on,
    )
