"""Check what one file says against another."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from workers.papers.models import FormSet as PrintedSet
from workers.records import OutboxChannel
from workers.regulation.calendar import show_day
from workers.regulation.codes import is_agency_code
from workers.regulation.disclosure import DisclosureKind
from workers.regulation.organization import UnitLevel

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workers.configuration.files import OrganizationFile
    from workers.regulation.communication import CommunicationPolicy
    from workers.regulation.feedback import FeedbackPolicy
    from workers.regulation.norms import Norms
    from workers.regulation.notices import NoticePolicy
    from workers.regulation.organization import Organization, Unit
    from workers.regulation.papers import FormSet
    from workers.regulation.procedures import Procedure
    from workers.yaml_files import Location, Source

_ONE_DAY = timedelta(days=1)
_TO_PEOPLE = {OutboxChannel.EMAIL, OutboxChannel.SMS, OutboxChannel.ZALO}


def check_units(
    source: Source, file: OrganizationFile, organization: Organization, units: Sequence[tuple[Source, Location, Unit]]
) -> None:
    """Check codes, validity, parents, successors and the two units the system is built around."""
    for _, at, unit in units:
        for place, text in _unit_mistakes(unit, organization):
            source.note((*at, place), text)
    _check_overlaps(source, units)
    for key, code, level in (("city", file.city, UnitLevel.CITY), ("office", file.office, UnitLevel.OFFICE)):
        named = organization.last_version(code)
        if named is None or named.level is not level:
            source.note((key,), f"đang ghi “{code}”, cần mã của một đơn vị có level {level}.")
    roles = [role.code for role in file.roles]
    for index in _repeats(roles):
        source.note(("roles", index, "code"), f"vai trò “{roles[index]}” ghi hai lần, chỉ được ghi một lần.")


def check_norms(source: Source, norms: Norms) -> None:
    """Check that every step has one norm."""
    steps = [norm.step for norm in norms.steps]
    for index in _repeats(steps):
        source.note(("steps", index, "step"), f"bước “{steps[index]}” ghi hai lần, chỉ được ghi một lần.")


def check_channels(source: Source, notices: NoticePolicy) -> None:
    """Check that every channel is one that letters take, and named once."""
    codes = [channel.code for channel in notices.channels]
    for index, channel in enumerate(notices.channels):
        if channel.code not in _TO_PEOPLE:
            known = ", ".join(sorted(_TO_PEOPLE))
            source.note(("channels", index, "code"), f"đang ghi “{channel.code}”, cần một trong: {known}.")
    for index in _repeats(codes):
        source.note(("channels", index, "code"), f"kênh “{codes[index]}” ghi hai lần, chỉ được ghi một lần.")


def check_feedback(source: Source, policy: FeedbackPolicy, organization: Organization) -> None:
    """Check that fields and groups are named once, that fields have a group and every unit's work has somebody."""
    for key, codes in (
        ("groups", [one.code for one in policy.groups]),
        ("fields", [one.code for one in policy.fields]),
        ("routed_out", [one.code for one in policy.routed_out]),
    ):
        for index in _repeats(codes):
            source.note((key, index, "code"), f"mã “{codes[index]}” ghi hai lần, chỉ được ghi một lần.")
    groups = [one.code for one in policy.groups]
    named: list[tuple[Location, str]] = [(("coordinator",), policy.coordinator)]
    for index, field in enumerate(policy.fields):
        named.append((("fields", index, "unit"), field.unit))
        if field.group not in groups:
            source.note(("fields", index, "group"), f"đang ghi “{field.group}”, cần một trong: {', '.join(groups)}.")
        if field.restricted and field.level is UnitLevel.COMMUNE:
            source.note(
                ("fields", index, "level"), "lĩnh vực hạn chế (restricted) không giao cho cấp xã, cần cấp khác."
            )
    for at, code in named:
        unit = organization.last_version(code)
        # A field's work goes to whoever took over from its unit; who coordinates is decided anew.
        taken_over = unit is not None and at != ("coordinator",) and bool(unit.successors)
        if unit is None or (unit.valid_to is not None and not taken_over):
            source.note(at, f"đang ghi “{code}”, cần mã của một đơn vị đang hoạt động có trong organization.yaml.")


def check_communication(source: Source, policy: CommunicationPolicy) -> None:
    """Check that topics are named once and that every kind of finding has one rule."""
    topics = [topic.code for topic in policy.topics]
    for index in _repeats(topics):
        source.note(("topics", index, "code"), f"chủ đề “{topics[index]}” ghi hai lần, chỉ được ghi một lần.")
    kinds = [rule.kind for rule in policy.disclosures]
    for index in _repeats(kinds):
        source.note(("disclosures", index, "kind"), f"loại “{kinds[index]}” ghi hai lần, chỉ được ghi một lần.")
    for kind in sorted(set(DisclosureKind) - set(kinds)):
        source.note(("disclosures",), f"thiếu quy tắc cho loại “{kind}”, cần ghi thêm.")


def check_form_sets(source: Source, form_sets: Sequence[FormSet]) -> None:
    """Check that the sets can be printed, follow each other, and that one at most serves a receiving date."""
    for index, form_set in enumerate(form_sets):
        if form_set.code not in set(PrintedSet):
            known = ", ".join(PrintedSet)
            source.note(("form_sets", index, "code"), f"đang ghi “{form_set.code}”, cần một trong: {known}.")
    for index, (earlier, later) in enumerate(pairwise(form_sets), start=1):
        expected = earlier.valid_to + _ONE_DAY if earlier.valid_to else None
        if later.valid_from != expected:
            wanted = f"cần {show_day(expected)}, ngày sau khi" if expected else "cần ghi valid_to cho bộ mẫu trước, khi"
            source.note(
                ("form_sets", index, "valid_from"),
                f"đang ghi “{show_day(later.valid_from)}”, {wanted} bộ mẫu {earlier.code} hết dùng.",
            )


def check_procedures(
    procedures: Sequence[tuple[Source, Location, Procedure]], organization: Organization | None, norms: Norms | None
) -> None:
    """Check units, steps and that the versions of a procedure do not overlap."""
    by_code: dict[str, list[tuple[Source, Procedure]]] = defaultdict(list)
    for source, _, procedure in procedures:
        by_code[procedure.code].append((source, procedure))
        if organization:
            for at, text in _unit_references(procedure, organization):
                source.note(at, text)
        if norms:
            _check_steps(source, procedure, {norm.step for norm in norms.steps})
    for versions in by_code.values():
        _check_versions(sorted(versions, key=lambda one: one[1].valid_from))


def _unit_mistakes(unit: Unit, organization: Organization) -> Iterator[tuple[str, str]]:
    if not is_agency_code(unit.code):
        yield "code", f"đang ghi “{unit.code}”, cần mã dạng H29.14."
    if unit.old_code and not is_agency_code(unit.old_code):
        yield "old_code", f"đang ghi “{unit.old_code}”, cần mã dạng 000.00.14.H29."
    if unit.valid_from and unit.valid_to and unit.valid_to < unit.valid_from:
        yield "valid_to", f"đang ghi “{show_day(unit.valid_to)}”, cần ngày từ {show_day(unit.valid_from)} trở đi."
    if unit.parent and organization.last_version(unit.parent) is None:
        yield "parent", f"đang ghi “{unit.parent}”, cần mã của một đơn vị có trong tệp này."
    if unit.successors and not unit.valid_to:
        yield "successors", "có đơn vị kế thừa thì cần ghi valid_to."
    if unit.handover_to and unit.handover_to not in unit.successors:
        known = ", ".join(unit.successors) or "successors còn trống"
        yield "handover_to", f"“{unit.handover_to}” không phải đơn vị kế thừa, cần một trong: {known}."
    for successor in unit.successors if unit.valid_to else ():
        follows = unit.valid_to + _ONE_DAY if unit.valid_to else date.max
        if organization.unit_at(successor, follows) is None:
            yield (
                "successors",
                f"“{successor}” không hoạt động ngày {show_day(follows)}, cần đơn vị của ngày đó.",
            )


def _check_overlaps(source: Source, units: Iterable[tuple[Source, Location, Unit]]) -> None:
    by_code: dict[str, list[tuple[Location, Unit]]] = defaultdict(list)
    for _, at, unit in units:
        by_code[unit.code].append((at, unit))
    for versions in by_code.values():
        versions.sort(key=lambda one: one[1].valid_from or date.min)
        for (_, earlier), (at, later) in pairwise(versions):
            if (earlier.valid_to or date.max) >= (later.valid_from or date.min):
                source.note(
                    (*at, "code"),
                    f"mã “{later.code}” đã dùng trong cùng thời gian, cần khoảng ngày riêng.",
                )


def _unit_references(procedure: Procedure, organization: Organization) -> Iterator[tuple[Location, str]]:
    references: list[tuple[Location, str]] = []
    if procedure.lead_unit:
        references.append((("lead_unit",), procedure.lead_unit))
    if procedure.opinions:
        references += [(("opinions", "units", index), code) for index, code in enumerate(procedure.opinions.units)]
    for at, code in references:
        gap = _first_day_without(organization, code, procedure.valid_from, procedure.valid_to or date.max)
        if organization.last_version(code) is None:
            yield at, f"đang ghi “{code}”, cần mã của một đơn vị có trong organization.yaml."
        elif gap:
            yield (
                at,
                f"“{code}” không hoạt động từ ngày {show_day(gap)}, cần đơn vị của suốt thời gian áp dụng.",
            )


def _first_day_without(organization: Organization, code: str, first: date, last: date) -> date | None:
    day = first
    while day <= last:
        unit = organization.unit_at(code, day)
        if unit is None:
            return day
        if unit.valid_to is None:
            return None
        day = unit.valid_to + _ONE_DAY
    return None


def _check_steps(source: Source, procedure: Procedure, known: set[str]) -> None:
    for index, step in enumerate(procedure.steps):
        if step.step not in known:
            source.note(("steps", index, "step"), f"đang ghi “{step.step}”, cần một trong các bước của deadlines.yaml.")


def _check_versions(versions: Sequence[tuple[Source, Procedure]]) -> None:
    for (_, earlier), (source, later) in pairwise(versions):
        if (earlier.valid_to or date.max) >= later.valid_from:
            source.note(
                ("valid_from",),
                f"đang ghi “{show_day(later.valid_from)}”, cần ngày sau khi phiên bản {earlier.version} của thủ tục"
                f" {later.code} hết hiệu lực.",
            )
        if earlier.version == later.version:
            source.note(("version",), f"đang ghi “{later.version}”, cần tên phiên bản khác với phiên bản trước.")


def _repeats(values: Sequence[str]) -> Iterator[int]:
    return (index for index, value in enumerate(values) if value in values[:index])
