"""Ask once for everything that lacks, pause the clock, and go on when it arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers import paperwork
from workers.casework import close_open_steps, moment_label, note, summary, tell_applicant
from workers.claims import dossier_of, open_dossier_of
from workers.contract import DossierIn, Nothing
from workers.dossier.contracts import (
    DossierSummary,
    MissingRow,
    ReceiveSupplementIn,
    ReceiveSupplementOut,
    RequestSupplementIn,
    RequestSupplementOut,
)
from workers.dossier.deadlines import deadline_of, move_deadline
from workers.dossier.registration import presented
from workers.errors import BusinessError, NeedsOperator
from workers.records import DossierState
from workers.regulation import codes
from workers.regulation.deadlines import PauseEffect

if TYPE_CHECKING:
    from workers.ports import Work
    from workers.records import DossierRecord, FiledDocument

INTAKE = "intake"


async def request(inp: RequestSupplementIn, work: Work) -> RequestSupplementOut:
    """Send form 02 with one complete list and stop the clock until the supplement arrives."""
    dossier = await open_dossier_of(inp, work)
    applicant = await work.read.applicant(dossier.code)
    rule = work.rules.supplement_rule(dossier, inp.supplement_stage)
    until = work.rules.after(dossier.origin_unit, work.now, rule.answer_within)
    items = _complete_list(inp)
    missing = [(item.name, item.reason) for item in items]
    form = paperwork.supplement_request(work, dossier, applicant, missing, until.at, rule.answer_within)
    paper = await paperwork.make(work, dossier, form)
    values = {"items": [f"{name}: {reason}" for name, reason in missing], "until_label": moment_label(until.at)}
    writer = await work.write()
    round_number = dossier.supplements + 1
    dossier = await writer.update_dossier(
        dossier.code,
        state=DossierState.SUPPLEMENT_REQUESTED,
        paused_at=dossier.paused_at or work.now,
        supplements=round_number,
    )
    await writer.add_paper(paper)
    await tell_applicant(work, writer, dossier, "supplement_requested", values, [paper])
    await note(
        work,
        writer,
        dossier.code,
        "Yêu cầu bổ sung hồ sơ, tạm dừng tính thời hạn",
        unit=dossier.origin_unit,
        clause=rule.answer_within.clause,
        remark=f"{len(items)} mục",
    )
    return RequestSupplementOut(
        supplement_key=codes.supplement_key(dossier.code, round_number),
        supplement_until=until.at,
        supplement_remind_at=work.rules.halfway(dossier.origin_unit, work.now, until.at),
        supplement_list=items,
    )


async def remind(inp: DossierIn, work: Work) -> Nothing:
    """Remind the applicant once before the time for the supplement runs out."""
    dossier = await dossier_of(inp, work)
    writer = await work.write()
    await tell_applicant(work, writer, dossier, "supplement_reminder", {})
    await note(work, writer, dossier.code, "Nhắc bổ sung hồ sơ")
    return Nothing()


async def receive(inp: ReceiveSupplementIn, work: Work) -> ReceiveSupplementOut:
    """File the supplement and let the clock run again: from zero at intake, from where it stopped in appraisal."""
    dossier = await dossier_of(inp, work)
    documents = await _supplemented(inp, work, dossier)

    writer = await work.write()
    # Read again: the deadline may have been changed while the papers were stored.
    dossier = await dossier_of(inp, work)
    procedure = work.rules.procedure_of(dossier)
    restarts = work.rules.supplement_rule(dossier, inp.supplement_stage).effect is PauseEffect.RESTART
    paused_at = dossier.paused_at or work.now
    due = work.rules.supplemented_due(dossier, inp.supplement_stage, paused_at, work.now)
    state = DossierState.ACCEPTED if dossier.accepted_at else DossierState.REGISTERED
    counted = {"received_at": work.now, "original_due_at": due.at, "due_set_by_hand": False} if restarts else {}
    if documents:
        await writer.add_documents(dossier.code, documents)
    dossier = await move_deadline(
        work,
        writer,
        dossier,
        due,
        "Đã nhận hồ sơ bổ sung",
        procedure.limit.clause,
        state=state,
        paused_at=None,
        pauses=[] if restarts else [*dossier.pauses, (paused_at, work.now)],
        **counted,
    )
    await close_open_steps(work, writer, dossier.code, "đã nhận bổ sung", work.job.process_id)
    await note(work, writer, dossier.code, "Nhận hồ sơ bổ sung", unit=dossier.origin_unit)
    return ReceiveSupplementOut(**deadline_of(dossier), dossier_summary=DossierSummary(**summary(work, dossier)))


def _complete_list(inp: RequestSupplementIn) -> list[MissingRow]:
    items = list(inp.missing) if inp.supplement_stage == INTAKE else []
    extra = inp.extra_requirements or inp.reception_note
    if extra:
        items.extend(
            MissingRow(name=line.strip(), reason="Theo yêu cầu của cán bộ xử lý")
            for line in extra.splitlines()
            if line.strip()
        )
    if not items:
        raise NeedsOperator(
            f"Hồ sơ {inp.dossier_code}: yêu cầu bổ sung không nêu giấy tờ nào.",
            action="Ghi nội dung cần bổ sung vào biến extra_requirements trong Operate rồi bấm Retry.",
            code="HS-004",
        )
    return items


async def _supplemented(inp: ReceiveSupplementIn, work: Work, dossier: DossierRecord) -> list[FiledDocument]:
    batch = inp.supplement_scan_batch
    documents = presented(inp.supplement_papers, await _scanned(batch, work, dossier) if batch else [])
    if inp.supplement_submission_id:
        documents += await _sent_in(inp.supplement_submission_id, work, dossier)
    return [document.model_copy(update={"round": dossier.supplements}) for document in documents]


async def _sent_in(submission_id: str, work: Work, dossier: DossierRecord) -> list[FiledDocument]:
    submission = await work.read.submission(submission_id)
    applicant = await work.read.applicant(dossier.code)
    if submission is None or submission.dossier_code is not None or submission.applicant != applicant:
        raise NeedsOperator(
            f"Hồ sơ {dossier.code}: biến supplement_submission_id không nêu lần nộp bổ sung của chính người nộp hồ sơ.",
            action="Xóa hoặc sửa biến supplement_submission_id trong Operate, đề nghị nộp lại, rồi bấm Retry.",
            code="HS-010",
        )
    return submission.documents


async def _scanned(batch: str, work: Work, dossier: DossierRecord) -> list[FiledDocument]:
    try:
        return await work.files.take_batch(batch)
    except BusinessError as error:
        raise NeedsOperator(
            f"Hồ sơ {dossier.code}: {error.message}",
            action="Sửa biến supplement_scan_batch trong Operate theo tên lô quét có thật rồi bấm Retry.",
            code="HS-011",
        ) from error
