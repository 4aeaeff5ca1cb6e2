"""Receive dossiers: mint the code, check files and composition, issue the receipt or the refusal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from workers import paperwork
from workers.casework import note, summary, tell_applicant
from workers.claims import dossier_of, open_dossier_of
from workers.contract import DossierIn, Nothing
from workers.dossier.contracts import (
    AcceptOut,
    CheckOut,
    DocumentRow,
    DossierSummary,
    MissingRow,
    RefuseIn,
    RegisterIn,
    RegisterOut,
)
from workers.dossier.deadlines import deadline_of
from workers.errors import BusinessError, NeedsOperator
from workers.records import Applicant, DeadlineChange, DossierRecord, DossierState, FiledDocument, Submission
from workers.regulation.identity import is_email_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.dossier.contracts import IntakePaper
    from workers.ports import Work
    from workers.regulation.procedures import Procedure

INVALID = "Err_SubmissionInvalid"
ON_PAPER = "Bản giấy nhận tại quầy"
SEEN_BY_A_PERSON = "Cán bộ kiểm tra trên bản giấy"


async def register(inp: RegisterIn, work: Work) -> RegisterOut:
    """Mint the code, pin the procedure version in force on the receiving date and compute the deadline.

    When no procedure or unit is in force on that date, the desk corrects its form (Err_SubmissionInvalid); what came
    by a message has no form to correct and goes to an operator.
    """
    submission = await _submission(inp, work)
    received_on = submission.submitted_at.date()
    procedure = work.rules.procedure_at(submission.procedure_code, received_on)
    if procedure is None:
        raise _unfit(inp, f"Không có thủ tục {submission.procedure_code} có hiệu lực ngày {received_on:%d/%m/%Y}.")
    if work.rules.unit_at(submission.origin_unit, received_on) is None:
        raise _unfit(inp, f"Đơn vị {submission.origin_unit} không hoạt động vào ngày {received_on:%d/%m/%Y}.")
    lead_unit = procedure.lead_unit or submission.origin_unit
    deadline = work.rules.first_deadline(procedure, submission.origin_unit, submission.submitted_at)

    writer = await work.write()
    counter = work.rules.dossier_counter(submission.origin_unit, received_on)
    code = work.rules.dossier_code(submission.origin_unit, received_on, await writer.next_number(counter))
    dossier = DossierRecord(
        code=code,
        submission_id=submission.id,
        process_instance_key=work.job.process_instance_key,
        kind=procedure.kind,
        procedure_code=procedure.code,
        procedure_version=procedure.version,
        case=submission.case,
        title=submission.title,
        urgency=submission.urgency,
        channel=submission.channel,
        origin_unit=submission.origin_unit,
        lead_unit=lead_unit,
        received_at=submission.submitted_at,
        original_due_at=deadline.due_at,
        due_at=deadline.due_at,
        near_due_at=deadline.near_due_at,
        deadline_provisional=deadline.provisional,
        tracking_secret=work.new_secret(),
    )
    if inp.submission_id is None:
        await writer.add_submission(submission)
    await writer.add_dossier(dossier)
    await writer.add_deadline_change(
        DeadlineChange(
            dossier_code=code,
            revision=0,
            at=work.now,
            reason="Đăng ký hồ sơ",
            clause=procedure.limit.clause,
            before=None,
            after=deadline.due_at,
            provisional=deadline.provisional,
        )
    )
    await note(work, writer, code, "Đăng ký hồ sơ", unit=submission.origin_unit, clause=procedure.limit.clause)
    return _registered(work, submission, dossier, procedure)


async def check(inp: DossierIn, work: Work) -> CheckOut:
    """Check each filed file once and hold the dossier against the required composition."""
    dossier = await dossier_of(inp, work)
    procedure = work.rules.procedure_of(dossier)
    filed = await work.read.documents(dossier.code)
    elsewhere = await work.read.filed_elsewhere([document.sha256 for document in filed], dossier.code)
    inspected = await asyncio.gather(*(_inspect(document, elsewhere, work) for document in filed))
    missing = work.rules.missing_documents(dossier, inspected, work.now.date())

    writer = await work.write()
    for document in inspected:
        await writer.set_inspection(dossier.code, document)
    outcome = "đủ thành phần" if not missing else f"thiếu hoặc chưa đạt {len(missing)} giấy tờ"
    await note(work, writer, dossier.code, "Kiểm tra thành phần và tệp", unit=dossier.origin_unit, remark=outcome)
    return CheckOut(
        documents=[
            _document_row(document, work.rules.paper_name(procedure, document.composition)) for document in inspected
        ],
        missing=[MissingRow(name=item.name, reason=item.reason) for item in missing],
        composition_complete=not missing,
    )


async def accept(inp: DossierIn, work: Work) -> AcceptOut:
    """Issue form 01 with the appointed day and tell the applicant."""
    dossier = await open_dossier_of(inp, work)
    applicant = await work.read.applicant(dossier.code)
    filed = await work.read.documents(dossier.code)
    paper = await paperwork.make(work, dossier, paperwork.receipt(work, dossier, applicant, filed))
    writer = await work.write()
    dossier = await writer.update_dossier(dossier.code, accepted_at=work.now, state=DossierState.ACCEPTED)
    await writer.add_paper(paper)
    await tell_applicant(
        work, writer, dossier, "dossier_received", {"tracking_secret": dossier.tracking_secret}, [paper]
    )
    await note(work, writer, dossier.code, "Tiếp nhận hồ sơ và hẹn trả kết quả", unit=dossier.origin_unit)
    return AcceptOut(**deadline_of(dossier), dossier_summary=DossierSummary(**summary(work, dossier)))


async def refuse(inp: RefuseIn, work: Work) -> Nothing:
    """Issue form 03 with the reason and its basis, and tell the applicant."""
    dossier = await open_dossier_of(inp, work)
    applicant = await work.read.applicant(dossier.code)
    reason = inp.reception_note or "Hồ sơ không thuộc trường hợp được tiếp nhận"
    form = paperwork.refusal(work, dossier, applicant, reason, inp.refusal_clause)
    paper = await paperwork.make(work, dossier, form)
    writer = await work.write()
    await writer.update_dossier(dossier.code, state=DossierState.REFUSED, finished_at=work.now)
    await writer.add_paper(paper)
    await tell_applicant(work, writer, dossier, "dossier_refused", {"reason": reason}, [paper])
    await note(
        work, writer, dossier.code, "Từ chối tiếp nhận hồ sơ", unit=dossier.origin_unit, clause=inp.refusal_clause
    )
    return Nothing()


async def _submission(inp: RegisterIn, work: Work) -> Submission:
    if inp.submission_id is None:
        return await _desk_submission(inp, work)
    submission = await work.read.submission(inp.submission_id)
    if submission is None:
        raise NeedsOperator(
            "Không tìm thấy nội dung nộp của hồ sơ này trong sổ đăng ký.",
            action="Đề nghị hệ thống nộp gửi lại hồ sơ, rồi hủy phiên này trong Operate.",
            code="HS-002",
        )
    if submission.dossier_code is not None:
        raise _unfit(inp, f"Nội dung nộp này đã được đăng ký với mã {submission.dossier_code}.")
    return submission


def _unfit(inp: RegisterIn, why: str) -> BusinessError | NeedsOperator:
    if inp.submission_id is None:
        return BusinessError(INVALID, why)
    return NeedsOperator(
        why,
        action="Báo hệ thống đã gửi để nộp lại cho đúng, rồi hủy phiên này trong Operate; "
        "nếu cấu hình thiếu thì bổ sung, khởi động lại bộ xử lý rồi bấm Retry.",
        code="HS-005",
    )


async def _desk_submission(inp: RegisterIn, work: Work) -> Submission:
    required = {
        "thủ tục": inp.intake_procedure_code,
        "trích yếu": inp.intake_title,
        "đơn vị tiếp nhận": inp.intake_origin_unit,
        "tên người nộp": inp.intake_applicant_name,
    }
    absent = [label for label, value in required.items() if not value]
    if absent:
        raise BusinessError(INVALID, f"Phiếu tiếp nhận còn thiếu: {', '.join(absent)}.")
    if inp.intake_email and not is_email_address(inp.intake_email):
        raise BusinessError(INVALID, "Địa chỉ thư điện tử của người nộp chưa đúng dạng, ví dụ ten@example.vn.")
    submission_id = f"desk-{work.job.process_instance_key}"
    if await work.read.submission(submission_id) is not None:
        raise NeedsOperator(
            "Phiên này đã đăng ký một hồ sơ; bước đăng ký không được làm lại.",
            action="Hủy bước đăng ký vừa chạy lại trong Operate, để hồ sơ đã có mã đi tiếp.",
            code="HS-013",
        )
    scans = await work.files.take_batch(inp.intake_scan_batch) if inp.intake_scan_batch else []
    return Submission(
        id=submission_id,
        submitted_at=work.now,
        channel="in_person",
        kind="",
        procedure_code=inp.intake_procedure_code or "",
        title=inp.intake_title or "",
        urgency=inp.intake_urgency or "normal",
        origin_unit=inp.intake_origin_unit or "",
        applicant=Applicant(
            name=inp.intake_applicant_name or "",
            id_number=inp.intake_id_number,
            phone=inp.intake_phone,
            email=inp.intake_email,
            address=inp.intake_address,
            consent_email=bool(inp.intake_consent_email),
        ),
        documents=presented(inp.intake_papers, scans),
    )


def presented(papers: Sequence[IntakePaper] | None, scans: Sequence[FiledDocument]) -> list[FiledDocument]:
    """File each paper presented at the desk once: its scan, of the kind seen at the desk, or no file and no digest."""
    kinds = {paper.composition: paper.original for paper in papers or []}
    scanned = {scan.composition for scan in scans}
    return [
        *(scan.model_copy(update={"original": kinds.get(scan.composition, scan.original)}) for scan in scans),
        *(
            FiledDocument(composition=paper.composition, name=ON_PAPER, sha256="", size=0, original=paper.original)
            for paper in papers or []
            if paper.composition not in scanned
        ),
    ]


def _registered(work: Work, submission: Submission, dossier: DossierRecord, procedure: Procedure) -> RegisterOut:
    return RegisterOut(
        **deadline_of(dossier),
        submission_id=submission.id,
        dossier_code=dossier.code,
        kind=procedure.kind,
        procedure_code=procedure.code,
        procedure_version=procedure.version,
        procedure_name=procedure.name,
        procedure_lead_unit=dossier.lead_unit,
        field=procedure.field.code,
        level=procedure.level,
        title=dossier.title,
        urgency=dossier.urgency,
        channel=dossier.channel,
        origin_unit=dossier.origin_unit,
        lead_unit=dossier.lead_unit,
        office_unit=work.rules.office_unit,
        city_unit=work.rules.city_unit,
        authority=procedure.authority,
        received_at=dossier.received_at,
        dossier_summary=DossierSummary(**summary(work, dossier)),
    )


async def _inspect(document: FiledDocument, elsewhere: dict[str, str], work: Work) -> FiledDocument:
    if not document.sha256:
        return document.model_copy(update={"findings": [], "detected_type": "paper"})
    if document.findings is not None:
        return document
    inspected = await work.files.inspect(document, work.now.date(), elsewhere.get(document.sha256))
    return document.model_copy(
        update={"detected_type": inspected.detected_type, "pages": inspected.pages, "findings": inspected.findings}
    )


def _document_row(document: FiledDocument, name: str) -> DocumentRow:
    if not document.sha256:
        return DocumentRow(name=name, file=document.name, status_label="Bản giấy", findings_text=SEEN_BY_A_PERSON)
    findings = document.findings or []
    return DocumentRow(
        name=name,
        file=document.name,
        status_label=_status_label(findings),
        findings_text="\n".join(finding["message"] for finding in findings) or "Không có vấn đề",
    )


def _status_label(findings: Sequence[dict[str, Any]]) -> str:
    severities = {finding["severity"] for finding in findings}
    if "error" in severities:
        return "Không đạt"
    return "Cần xem" if "warning" in severities else "Đạt"
