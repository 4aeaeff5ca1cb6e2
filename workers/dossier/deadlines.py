"""Change deadlines: recomputation and extension; the original deadline never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workers import paperwork
from workers.casework import moment_label, note, summary, tell_applicant
from workers.claims import dossier_of
from workers.dossier.contracts import (
    AssessExtensionOut,
    ChangeDeadlineIn,
    ChangeDeadlineOut,
    DossierSummary,
    GrantExtensionIn,
    GrantExtensionOut,
)
from workers.errors import NeedsOperator
from workers.records import IN_PROGRESS, DeadlineChange, DossierRecord
from workers.rulebook import Moment

if TYPE_CHECKING:
    from workers.contract import DossierIn
    from workers.ports import Work, Writer


def deadline_of(dossier: DossierRecord) -> dict[str, Any]:
    """Collect the deadline variables of a dossier."""
    return {
        "due_at": dossier.due_at,
        "near_due_at": dossier.near_due_at,
        "original_due_at": dossier.original_due_at,
        "deadline_revision": dossier.deadline_revision,
        "deadline_provisional": dossier.deadline_provisional,
    }


async def move_deadline(
    work: Work,
    writer: Writer,
    dossier: DossierRecord,
    due: Moment,
    reason: str,
    clause: str | None,
    **changes: Any,
) -> DossierRecord:
    """Keep a new revision of the deadline with the one before, its reason and clause."""
    revision = dossier.deadline_revision + 1
    await writer.add_deadline_change(
        DeadlineChange(
            dossier_code=dossier.code,
            revision=revision,
            at=work.now,
            reason=reason,
            clause=clause,
            before=dossier.due_at,
            after=due.at,
            provisional=due.provisional,
        )
    )
    return await writer.update_dossier(
        dossier.code,
        due_at=due.at,
        near_due_at=work.rules.near_due(dossier.origin_unit, work.now, due.at),
        deadline_provisional=due.provisional,
        deadline_revision=revision,
        **changes,
    )


async def recompute(inp: ChangeDeadlineIn, work: Work) -> ChangeDeadlineOut:
    """Compute the deadline again under today's calendar, or take the moment a person set, and tell the applicant.

    What a person set stays when the calendar changes.
    """
    writer = await work.write()
    dossier = await dossier_of(inp, work)
    new = _new_deadline(inp, work, dossier)
    reason = inp.change_reason or "Lịch làm việc thay đổi"
    before = dossier.due_at
    if new.at != before and dossier.state in IN_PROGRESS:
        by_hand = inp.new_due_at is not None
        dossier = await move_deadline(work, writer, dossier, new, reason, inp.change_clause, due_set_by_hand=by_hand)
        values = {"before_label": moment_label(before), "reason": reason}
        await tell_applicant(work, writer, dossier, "deadline_changed", values)
        await note(work, writer, dossier.code, "Thay đổi thời hạn giải quyết", clause=inp.change_clause, remark=reason)
    return ChangeDeadlineOut(
        **deadline_of(dossier),
        # Before it is accepted nothing watches the deadline yet, so nothing has to watch the earlier one.
        moved_earlier=dossier.accepted_at is not None and dossier.due_at < before,
        dossier_summary=DossierSummary(**summary(work, dossier)),
    )


async def assess_extension(inp: DossierIn, work: Work) -> AssessExtensionOut:
    """Say whether the procedure allows another extension and there is still time to ask for it."""
    dossier = await dossier_of(inp, work)
    reason = _why_not_now(dossier, work) or work.rules.why_no_extension(dossier, work.now)
    return AssessExtensionOut(extension_possible=reason is None, extension_reason_not=reason)


async def grant_extension(inp: GrantExtensionIn, work: Work) -> GrantExtensionOut:
    """Send the apology (form 04) with the reason and the new day, and move the deadline.

    A dossier whose result came first is not extended any more.
    """
    dossier = await dossier_of(inp, work)
    if dossier.state not in IN_PROGRESS:
        return _deadline_as_it_is(work, dossier)
    procedure = work.rules.procedure_of(dossier)
    rule = procedure.extension
    if rule is None or dossier.extensions >= rule.max_times:
        raise NeedsOperator(
            f"Hồ sơ {dossier.code} không còn lần gia hạn nào theo thủ tục.",
            action="Kiểm tra biến của phiên trong Operate; hồ sơ phải giải quyết trong hạn hiện tại.",
            code="HS-003",
        )
    new_due = work.rules.extended_due(dossier, inp.extension_days)
    applicant = await work.read.applicant(dossier.code)
    values = {
        "reason": inp.extension_reason,
        "before_label": moment_label(dossier.due_at),
        "new_due_label": moment_label(new_due.at),
    }
    form = paperwork.apology(work, dossier, applicant, inp.extension_reason, new_due.at)
    paper = await paperwork.make(work, dossier, form)
    writer = await work.write()
    dossier = await move_deadline(
        work,
        writer,
        dossier,
        new_due,
        f"Xin lỗi và gia hạn: {inp.extension_reason}",
        rule.clause,
        extensions=dossier.extensions + 1,
        extension_days=dossier.extension_days + inp.extension_days,
        extended=[*dossier.extended, (work.now, inp.extension_days)],
    )
    await writer.add_paper(paper)
    await tell_applicant(work, writer, dossier, "extension_notice", values, [paper])
    await note(work, writer, dossier.code, "Xin lỗi và gia hạn", unit=dossier.lead_unit, clause=rule.clause)
    return GrantExtensionOut(**deadline_of(dossier), dossier_summary=DossierSummary(**summary(work, dossier)))


def _deadline_as_it_is(work: Work, dossier: DossierRecord) -> GrantExtensionOut:
    shown = DossierSummary(**summary(work, dossier))
    return GrantExtensionOut(**deadline_of(dossier), extended=False, dossier_summary=shown)


def _why_not_now(dossier: DossierRecord, work: Work) -> str | None:
    if dossier.state not in IN_PROGRESS:
        return "Hồ sơ đã có kết quả hoặc đã kết thúc"
    if dossier.paused_at is not None:
        return "Thời hạn đang tạm dừng chờ bổ sung"
    return "Hạn đã dời, chưa tới mốc nhắc" if dossier.near_due_at > work.now else None


def _new_deadline(inp: ChangeDeadlineIn, work: Work, dossier: DossierRecord) -> Moment:
    if inp.new_due_at is not None:
        if inp.new_due_at <= dossier.received_at:
            raise NeedsOperator(
                f"Hồ sơ {dossier.code}: thời hạn mới không sau lúc nhận hồ sơ.",
                action="Sửa biến new_due_at trong Operate theo văn bản đổi thời hạn rồi bấm Retry.",
                code="HS-014",
            )
        return Moment(inp.new_due_at, provisional=False)
    if dossier.due_set_by_hand:
        return Moment(dossier.due_at, provisional=dossier.deadline_provisional)
    return work.rules.recomputed_due(dossier)
