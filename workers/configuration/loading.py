"""Load config/ as one immutable configuration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from workers.configuration.crosschecks import (
    check_channels,
    check_communication,
    check_feedback,
    check_form_sets,
    check_norms,
    check_procedures,
    check_units,
)
from workers.configuration.files import FormSetsFile, OrganizationFile
from workers.errors import ConfigError
from workers.regulation.calendar import Calendar
from workers.regulation.communication import CommunicationPolicy
from workers.regulation.feedback import FeedbackPolicy
from workers.regulation.norms import Norms
from workers.regulation.notices import NoticePolicy
from workers.regulation.organization import Organization, Unit
from workers.regulation.procedures import Procedure, Procedures
from workers.regulation.working_time import WorkingTime
from workers.yaml_files import Location, Source

if TYPE_CHECKING:
    from pathlib import Path

    from workers.regulation.papers import FormSet
    from workers.yaml_files import Mistake

Model = TypeVar("Model", bound=BaseModel)
Placed = tuple[Source, Location, Model]


@dataclass(frozen=True)
class Configuration:
    """Hold everything config/ says about the regulation."""

    organization: Organization
    calendar: Calendar
    procedures: Procedures
    norms: Norms
    notices: NoticePolicy
    feedback: FeedbackPolicy
    communication: CommunicationPolicy
    form_sets: tuple[FormSet, ...]

    @cached_property
    def _own_hours(self) -> dict[str, WorkingTime]:
        return {
            unit.code: WorkingTime(self.calendar, unit.sessions) for unit in self.organization.units if unit.sessions
        }

    @cached_property
    def common_hours(self) -> WorkingTime:
        """Give the office hours of units without hours of their own."""
        return WorkingTime(self.calendar)

    def hours_of(self, unit: str) -> WorkingTime:
        """Give a unit's office hours: its own, or the common ones."""
        return self._own_hours.get(unit, self.common_hours)

    def unconfirmed(self) -> list[str]:
        """List in Vietnamese what still waits to be compared with the documents, for `doctor`."""
        years = [str(table.year) for table in self.calendar.years if not table.confirmed]
        procedures = [one for one in self.procedures.all() if not (one.confirmed and one.limit.confirmed)]
        units = [unit for unit in self.organization.units if not unit.confirmed]
        placeholders = [unit for unit in self.organization.units if unit.placeholder]
        found = [
            (years, f"Lịch làm việc chưa xác nhận: {', '.join(years)}"),
            (procedures, f"{len(procedures)} phiên bản thủ tục có nội dung hoặc thời hạn chưa xác nhận"),
            (units, f"{len(units)} đơn vị có tên, ngày hoặc kế thừa chưa xác nhận"),
            (
                self.feedback.unconfirmed(),
                f"{len(self.feedback.unconfirmed())} lĩnh vực, thời hạn, từ cảnh báo của phản ánh 1022 chưa xác nhận",
            ),
            (placeholders, f"{len(placeholders)} đơn vị dùng mã định danh tạm"),
        ]
        return [text for items, text in found if items]


def load_configuration(config_dir: Path) -> Configuration:
    """Read and check every file of config/ that the regulation needs.

    Raises ConfigError with all mistakes at once, one a line: file, line, what was found, what is expected.
    """
    sources: list[Source] = []

    def source(name: str) -> Source:
        sources.append(Source(config_dir / name, f"{config_dir.name}/{name}", as_written=True))
        return sources[-1]

    organization_source = source("organization.yaml")
    organization_file = organization_source.whole(OrganizationFile)
    units = _units(organization_source)
    calendar = source("calendar.yaml").whole(Calendar)
    norms_source = source("deadlines.yaml")
    norms = norms_source.whole(Norms)
    notices_source = source("notifications.yaml")
    notices = notices_source.whole(NoticePolicy)
    feedback_source = source("feedback.yaml")
    feedback = feedback_source.whole(FeedbackPolicy)
    communication_source = source("communication.yaml")
    communication = communication_source.whole(CommunicationPolicy)
    form_sets_source = source("form_sets.yaml")
    form_sets = form_sets_source.whole(FormSetsFile)
    procedures = _procedures(config_dir, source)

    organization = _organization(organization_file, units) if organization_file else None
    if organization and organization_file:
        check_units(organization_source, organization_file, organization, units)
    if norms:
        check_norms(norms_source, norms)
    if notices:
        check_channels(notices_source, notices)
    if feedback and organization:
        check_feedback(feedback_source, feedback, organization)
    if communication:
        check_communication(communication_source, communication)
    if form_sets:
        check_form_sets(form_sets_source, form_sets.form_sets)
    check_procedures(procedures, organization, norms)

    mistakes = sorted(mistake for one in sources for mistake in one.mistakes)
    if mistakes or not (organization and calendar and norms and notices and feedback and communication and form_sets):
        raise ConfigError(_all(mistakes))
    versions = Procedures(procedure for _, _, procedure in procedures)
    return Configuration(organization, calendar, versions, norms, notices, feedback, communication, form_sets.form_sets)


def _units(source: Source) -> list[Placed[Unit]]:
    """Validate every unit with the defaults of its group; a group that is malformed is reported elsewhere."""
    found = []
    for number, group in enumerate(_listed(source.tree, "groups")):
        defaults = group.get("defaults") if isinstance(group, dict) else None
        for index, raw in enumerate(_listed(group, "units")):
            at: Location = ("groups", number, "units", index)
            if not isinstance(raw, dict):
                source.note(at, "cần các giá trị của một đơn vị trong ngoặc nhọn.")
                continue
            unit = source.model(Unit, {**(defaults or {}), **raw}, at)
            if unit:
                found.append((source, at, unit))
    return found


def _listed(node: Any, key: str) -> list[Any]:
    value = node.get(key) if isinstance(node, dict) else None
    return value if isinstance(value, list) else []


def _organization(file: OrganizationFile, units: list[Placed[Unit]]) -> Organization:
    with_mailbox = (_with_mailbox(unit, file.mailbox_pattern) for _, _, unit in units)
    return Organization(
        tuple(with_mailbox), file.roles, city=file.city, office=file.office, new_codes_from=file.new_codes_from.date
    )


def _with_mailbox(unit: Unit, pattern: str) -> Unit:
    if unit.mailbox:
        return unit
    return unit.model_copy(update={"mailbox": pattern.replace("{code}", unit.code.lower().replace(".", "-"))})


def _procedures(config_dir: Path, source: Any) -> list[Placed[Procedure]]:
    found: list[Placed[Procedure]] = []
    for path in sorted((config_dir / "procedures").glob("*.yaml")):
        one = source(f"procedures/{path.name}")
        procedure = one.whole(Procedure)
        if procedure:
            found.append((one, (), procedure))
    return found


def _all(mistakes: list[Mistake]) -> str:
    heading = f"Cấu hình có {len(mistakes)} chỗ cần sửa:"
    return "\n".join([heading, *(f"  {mistake}" for mistake in mistakes)])
