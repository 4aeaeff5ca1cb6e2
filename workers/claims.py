"""Hold what a job's variables claim against what the registry knows: variables can be edited, by hand or by a message.

A handler that acts on a dossier finds it here, so that every claim its input carries is checked in one place.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.errors import NeedsOperator
from workers.records import (
    CALLED_OFF,
    FEEDBACK_OPEN,
    IN_PROGRESS,
    DossierRecord,
    FeedbackRecord,
    OpinionRecord,
    PublicationRecord,
    PublicationState,
    TimelineKind,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.contract import DossierIn, FeedbackIn, Variables
    from workers.ports import Work
    from workers.records import TimelineEntry

# A step that was cut short ends with words instead.
_DECISION = re.compile(r"[a-z_]+")

ROOT_PROCESS = "dossier_resolution"
"""The process that registers a dossier; the registry keeps its instance key."""

FEEDBACK_PROCESS = "feedback_intake"
"""The process that registers feedback, in the same way."""


async def dossier_of(inp: DossierIn, work: Work) -> DossierRecord:
    """Find the dossier a job is about.

    Raises NeedsOperator when the registry does not know the code, when it is another dossier's than this process
    instance's, or when a further variable of the input contradicts the registry.
    """
    dossier = await work.read.dossier(inp.dossier_code)
    if dossier is None:
        raise NeedsOperator(
            f"Không có hồ sơ nào mang mã {inp.dossier_code} trong sổ đăng ký.",
            action="Kiểm tra biến dossier_code trong Operate, sửa lại đúng mã rồi bấm Retry.",
            code="HS-001",
        )
    if _is_of_another(dossier, inp, work):
        raise NeedsOperator(
            "Biến dossier_code không phải mã hồ sơ của phiên này; chưa có gì được ghi hoặc gửi.",
            action="Trả biến dossier_code trong Operate về mã ghi ở dossier_summary hoặc ở phiên gốc rồi bấm Retry.",
            code="HS-006",
        )
    check_claims(dossier, inp, work)
    return dossier


async def open_dossier_of(inp: DossierIn, work: Work) -> DossierRecord:
    """Find the dossier a job is about, which has to be in progress. Raises NeedsOperator, as `dossier_of` does.

    One that was called off is let through: the registry refuses what a slow job would still write.
    """
    dossier = await dossier_of(inp, work)
    if dossier.state not in IN_PROGRESS | CALLED_OFF:
        result = f", kết quả số {dossier.result_number}" if dossier.result_number else ""
        raise NeedsOperator(
            f"Hồ sơ {dossier.code} đã có kết quả hoặc đã kết thúc{result}; bước này không được làm lại.",
            action="Xem `dieuphoi show` của hồ sơ; nếu bước bị chạy lại do sửa phiên trong Operate thì hủy bước đó.",
            code="HS-008",
        )
    return dossier


async def resolved_dossier_of(inp: DossierIn, work: Work) -> DossierRecord:
    """Find the dossier a job is about, which has to have its result. Raises NeedsOperator, as `dossier_of` does."""
    dossier = await dossier_of(inp, work)
    if dossier.result_number is None:
        raise NeedsOperator(
            f"Hồ sơ {dossier.code} chưa có kết quả nên chưa báo cho ai được.",
            action="Xem `dieuphoi show` của hồ sơ và đưa phiên trong Operate về bước trước khi phát hành kết quả.",
            code="HS-012",
        )
    return dossier


async def publication_of(code: str, work: Work) -> PublicationRecord:
    """Find the publication a job is about.

    Raises NeedsOperator when the registry does not know the code, when it is another process instance's, or when the
    publication is recalled or discarded: a slow job must not undo that.
    """
    publication = await work.read.publication(code)
    if publication is None:
        raise NeedsOperator(
            f"Không có tin nào mang mã {code[:30]} trong sổ đăng ký.",
            action="Kiểm tra biến publication_code trong Operate, sửa lại đúng mã rồi bấm Retry.",
            code="TI-001",
        )
    if publication.process_instance_key != work.job.process_instance_key:
        raise NeedsOperator(
            "Biến publication_code không phải mã tin của phiên này; chưa có gì được ghi hoặc gửi.",
            action="Trả biến publication_code trong Operate về mã ghi ở publication_card rồi bấm Retry.",
            code="TI-002",
        )
    if publication.state in {PublicationState.RECALLED, PublicationState.DISCARDED}:
        raise NeedsOperator(
            f"Tin {code} đã thu hồi hoặc đã bỏ; bước này không được làm nữa.",
            action="Xem `dieuphoi news` của tin; nếu bước bị chạy lại do sửa phiên trong Operate thì hủy phiên.",
            code="TI-003",
        )
    return publication


async def feedback_of(inp: FeedbackIn, work: Work) -> FeedbackRecord:
    """Find the citizen's feedback a job is about.

    Raises NeedsOperator when the registry does not know the code, when it is another one's than this process
    instance's, or when a unit that the input names contradicts the registry.
    """
    feedback = await work.read.feedback(inp.feedback_code)
    if feedback is None:
        raise NeedsOperator(
            f"Không có phản ánh nào mang mã {inp.feedback_code[:20]} trong sổ đăng ký.",
            action="Kiểm tra biến feedback_code trong Operate, sửa lại đúng mã rồi bấm Retry.",
            code="PA-001",
        )
    if _is_of_another_feedback(feedback, inp, work):
        raise NeedsOperator(
            "Biến feedback_code không phải mã phản ánh của phiên này; chưa có gì được ghi hoặc gửi.",
            action="Trả biến feedback_code trong Operate về mã ghi ở feedback_summary hoặc ở phiên gốc rồi bấm Retry.",
            code="PA-002",
        )
    units = (
        ("coordinator_unit", inp.coordinator_unit, work.rules.feedback.coordinator),
        ("handling_unit", inp.handling_unit, feedback.unit),
    )
    for variable, claimed, known in units:
        if claimed is not None and known is not None and not is_same_work(work, claimed, known):
            raise NeedsOperator(
                f"Phản ánh {feedback.code}: biến {variable} khác với sổ đăng ký, nơi ghi {known}.",
                action=f"Trả biến {variable} trong Operate về {known} rồi bấm Retry.",
                code="PA-003",
            )
    return feedback


async def open_feedback_of(inp: FeedbackIn, work: Work) -> FeedbackRecord:
    """Find the feedback a job is about, which still waits for its answer. Raises NeedsOperator, as `feedback_of`."""
    feedback = await feedback_of(inp, work)
    if feedback.state not in FEEDBACK_OPEN:
        raise NeedsOperator(
            f"Phản ánh {feedback.code} đã được trả lời hoặc đã kết thúc; bước này không được làm lại.",
            action="Xem `dieuphoi show` của phản ánh; nếu bước bị chạy lại do sửa phiên trong Operate thì hủy bước đó.",
            code="PA-004",
        )
    return feedback


def check_claims(dossier: DossierRecord, inp: Variables, work: Work) -> None:
    """Hold every variable of the input that the registry knows too against it. Raises NeedsOperator."""
    office = work.rules.office_unit
    for variable, known in _known(dossier, work):
        claimed = getattr(inp, variable, None)
        agrees = claimed in {None, known} or (variable.endswith("_unit") and is_same_work(work, claimed, known))
        if not agrees:
            raise contradicts(dossier.code, variable, known)
    asking = getattr(inp, "round_unit", None)
    if asking is not None and not any(is_same_work(work, asking, one) for one in (dossier.lead_unit, office)):
        raise NeedsOperator(
            f"Hồ sơ {dossier.code}: biến round_unit không phải đơn vị chủ trì, cũng không phải Văn phòng.",
            action=f"Sửa biến round_unit trong Operate thành {dossier.lead_unit} hoặc {office} rồi bấm Retry.",
            code="PH-005",
        )


def contradicts(code: str, variable: str, known: str) -> NeedsOperator:
    """Say that a variable of a dossier's process differs from what the registry knows."""
    return NeedsOperator(
        f"Hồ sơ {code}: biến {variable} khác với sổ đăng ký, nơi ghi {known}.",
        action=f"Trả biến {variable} trong Operate về {known} rồi bấm Retry.",
        code="HS-007",
    )


async def opinion_of(request_id: str, dossier_code: str, work: Work) -> OpinionRecord:
    """Find the request for an opinion a job is about. Raises NeedsOperator unless the dossier has one of that id."""
    opinion = await work.read.opinion(request_id)
    if opinion is None or opinion.dossier_code != dossier_code:
        raise NeedsOperator(
            "Không tìm thấy phiếu lấy ý kiến của bước này trong sổ đăng ký.",
            action="Kiểm tra biến request_id trong Operate, sửa lại đúng mã phiếu rồi bấm Retry.",
            code="PH-003",
        )
    return opinion


async def check_decisions(dossier: DossierRecord, inp: Variables, work: Work) -> None:
    """Hold the decisions an input carries against those the timeline keeps of who took them. Raises NeedsOperator."""
    taken = _decisions(await work.read.timeline(dossier.code), work)
    for variable, (decision, step) in taken.items():
        if getattr(inp, variable, decision) != decision:
            raise NeedsOperator(
                f"Hồ sơ {dossier.code}: biến {variable} khác với quyết định ở bước “{step}” trên dòng thời gian.",
                action=f"Trả biến {variable} trong Operate về {decision} rồi bấm Retry; "
                "muốn đổi quyết định thì đưa hồ sơ về bước đó.",
                code="HS-009",
            )


def is_same_work(work: Work, unit: str, other: str) -> bool:
    """Tell whether two codes stand for the same work today: one unit, or one of them took over from the other."""
    heirs = {one: {one, *(heir.code for heir in work.rules.heirs(one, work.now.date()))} for one in (unit, other)}
    return other in heirs[unit] or unit in heirs[other]


def _is_of_another(dossier: DossierRecord, inp: DossierIn, work: Work) -> bool:
    here = work.job.process_id == ROOT_PROCESS
    if here and dossier.process_instance_key != work.job.process_instance_key:
        return True
    shown = inp.dossier_summary
    return shown is not None and shown.code not in {None, dossier.code}


def _is_of_another_feedback(feedback: FeedbackRecord, inp: FeedbackIn, work: Work) -> bool:
    here = work.job.process_id == FEEDBACK_PROCESS
    if here and feedback.process_instance_key not in {None, work.job.process_instance_key}:
        return True
    shown = inp.feedback_summary
    return shown is not None and shown.code not in {None, feedback.code}


def _known(dossier: DossierRecord, work: Work) -> Iterator[tuple[str, str]]:
    yield "origin_unit", dossier.origin_unit
    yield "lead_unit", dossier.lead_unit
    yield "office_unit", work.rules.office_unit
    yield "city_unit", work.rules.city_unit
    yield "authority", work.rules.procedure_of(dossier).authority
    if dossier.result_number is not None:
        yield "result_number", dossier.result_number


def _decisions(timeline: Sequence[TimelineEntry], work: Work) -> dict[str, tuple[str, str]]:
    taken: dict[str, tuple[str, str]] = {}
    for entry in timeline:
        step = work.rules.steps.get((entry.process_id or "", entry.element_id or ""))
        decided = entry.kind is TimelineKind.CLOSED and _DECISION.fullmatch(entry.outcome or "")
        if decided and step is not None and step.decision and entry.outcome:
            taken[step.decision] = entry.outcome, step.name
    return taken
