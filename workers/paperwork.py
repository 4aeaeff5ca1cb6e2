"""Fill in the papers of a dossier from what is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.papers.models import (
    Agency,
    Apology,
    Article,
    Basis,
    Component,
    ControlSlip,
    Decision,
    FormSet,
    Handover,
    Limit,
    MissingPaper,
    OpinionRequest,
    OpinionRow,
    OpinionTable,
    Paper,
    Person,
    Receipt,
    Refusal,
    ResultFeedback,
    Signatory,
    StopNotice,
    SubmissionSlip,
    SupplementRequest,
)
from workers.records import PaperRecord, TimelineKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from workers.ports import Work
    from workers.records import Applicant, DossierRecord, FiledDocument, OpinionRecord, TimelineEntry
    from workers.regulation import limits

RESULT_METHODS = {
    "online": "Bản điện tử qua thư",
    "postal": "Qua dịch vụ bưu chính",
    "in_person": "Tại Bộ phận Một cửa",
}
ORIGINALS = {"original", "certified", "copy", "electronic"}
VERDICTS = {
    "agree": "agree",
    "agree_with_comments": "agree_with_changes",
    "disagree": "disagree",
    "not_competent": "not_competent",
}


async def make(work: Work, dossier: DossierRecord, paper: Paper) -> PaperRecord:
    """Render and store a paper; the caller keeps the record in its transaction."""
    made = await work.press.make(paper)
    return PaperRecord(
        dossier_code=dossier.code,
        kind=paper.kind,
        form_set=made.form_set,
        form_code=made.form_code,
        title=made.title,
        number=paper.number,
        sha256=made.sha256,
        name=made.name,
        made_at=work.now,
    )


def agency(work: Work, unit: str) -> Agency:
    """Name the issuing unit under the one above it."""
    found = work.rules.unit_named(unit, work.now.date())
    parent = work.rules.unit_name(found.parent, work.now.date()) if found.parent else None
    return Agency(name=found.name, parent_name=parent)


def head_of(work: Work, unit: str) -> Signatory:
    """Leave the place where the head of a unit signs."""
    return Signatory(lines=[f"LÃNH ĐẠO {work.rules.unit_name(unit, work.now.date()).upper()}"])


def receipt(work: Work, dossier: DossierRecord, applicant: Applicant, filed: Sequence[FiledDocument]) -> Receipt:
    """Fill in form 01."""
    procedure = work.rules.procedure_of(dossier)
    components = [
        Component(
            name=work.rules.paper_name(procedure, d.composition),
            original=d.original if d.original in ORIGINALS else "copy",
        )
        for d in filed
    ]
    return Receipt(
        **_to_applicant(work, dossier, applicant),
        components=components or [Component(name="Đơn đề nghị", original="electronic")],
        limit=_limit(procedure.limit),
        received_at=dossier.received_at,
        due_at=dossier.due_at,
        due_provisional=dossier.deadline_provisional,
        result_method=RESULT_METHODS.get(dossier.channel),
    )


def supplement_request(
    work: Work,
    dossier: DossierRecord,
    applicant: Applicant,
    missing: Sequence[tuple[str, str]],
    until: datetime,
    limit: limits.Limit,
) -> SupplementRequest:
    """Fill in form 02; `missing` pairs each paper with the reason."""
    return SupplementRequest(
        **_to_applicant(work, dossier, applicant),
        missing=[MissingPaper(name=name, reason=reason) for name, reason in missing],
        supplement_due_at=until,
        limit=_limit(limit),
        signatory=head_of(work, dossier.origin_unit),
    )


def refusal(work: Work, dossier: DossierRecord, applicant: Applicant, reason: str, clause: str | None) -> Refusal:
    """Fill in form 03."""
    return Refusal(
        **_to_applicant(work, dossier, applicant),
        reasons=[reason],
        basis=_basis(clause),
        signatory=head_of(work, dossier.origin_unit),
    )


def apology(work: Work, dossier: DossierRecord, applicant: Applicant, reason: str, new_due_at: datetime) -> Apology:
    """Fill in form 04."""
    return Apology(
        **_to_applicant(work, dossier, applicant, dossier.lead_unit),
        received_at=dossier.received_at,
        due_at=dossier.due_at,
        new_due_at=new_due_at,
        delaying_unit_name=work.rules.unit_name(dossier.lead_unit, work.now.date()),
        reason=reason,
        recipients=["Như trên", work.rules.unit_name(work.rules.office_unit, work.now.date())],
        signatory=head_of(work, dossier.lead_unit),
    )


def stop_notice(work: Work, dossier: DossierRecord, applicant: Applicant, reason: str, clause: str | None) -> Paper:
    """Fill in form 05 of 2025; the set of 2018 has none, so an official letter says the same."""
    common = _to_applicant(work, dossier, applicant, dossier.lead_unit)
    if common["form_set"] is FormSet.Y2018:
        return Decision(
            agency=common["agency"],
            issued_at=work.now,
            dossier_code=dossier.code,
            tracking_url=common["tracking_url"],
            document_type="Thông báo",
            subject=f"Dừng giải quyết hồ sơ {dossier.code}",
            bases=_basis(clause),
            articles=[Article(text=f"Dừng giải quyết hồ sơ {dossier.code}. Lý do: {reason}.")],
            signatory=head_of(work, dossier.lead_unit),
        )
    return StopNotice(
        **common,
        received_at=dossier.received_at,
        stopped_at=work.now,
        reason=reason,
        basis=_basis(clause),
        signatory=head_of(work, dossier.lead_unit),
    )


def control_slip(work: Work, dossier: DossierRecord, timeline: Sequence[TimelineEntry]) -> ControlSlip:
    """Fill in the control slip: one row a hand-over, from the timeline."""
    return ControlSlip(
        agency=agency(work, dossier.lead_unit),
        issued_at=work.now,
        form_set=work.rules.form_set(dossier.received_at.date()),
        dossier_code=dossier.code,
        procedure_name=work.rules.procedure_of(dossier).name,
        lead_unit_name=work.rules.unit_name(dossier.lead_unit, work.now.date()),
        received_at=dossier.received_at,
        due_at=dossier.due_at,
        rows=_handovers(work, dossier, timeline),
    )


def opinion_request(
    work: Work, dossier: DossierRecord, asking: str, unit: str, due_at: datetime, limit: limits.Limit
) -> OpinionRequest:
    """Fill in the letter that asks a unit for its opinion."""
    procedure = work.rules.procedure_of(dossier)
    to_unit = work.rules.unit_name(unit, work.now.date())
    return OpinionRequest(
        agency=agency(work, asking),
        issued_at=work.now,
        dossier_code=dossier.code,
        subject=f"Lấy ý kiến về hồ sơ {dossier.code}",
        recipients=["Như trên", "Lưu: VT"],
        signatory=head_of(work, asking),
        to_unit_name=to_unit,
        procedure_name=procedure.name,
        summary=dossier.title,
        questions=[f"Ý kiến của {to_unit} về nội dung thuộc phạm vi quản lý của đơn vị đối với hồ sơ nêu trên."],
        due_at=due_at,
        limit=_limit(limit),
    )


def opinion_table(work: Work, dossier: DossierRecord, lead: str, opinions: Sequence[OpinionRecord]) -> OpinionTable:
    """Fill in the table of opinions and what the lead unit made of each."""
    return OpinionTable(
        agency=agency(work, lead),
        issued_at=work.now,
        dossier_code=dossier.code,
        subject=f"Ý kiến của các đơn vị về hồ sơ {dossier.code}: {dossier.title}",
        signatory=head_of(work, lead),
        rows=[_opinion_row(work, opinion) for opinion in opinions],
    )


def submission_slip(
    work: Work, dossier: DossierRecord, summary: str, appraisal: str, proposal: str, opinions: Sequence[str]
) -> SubmissionSlip:
    """Fill in the slip by which the Office presents a dossier to the leader."""
    office = work.rules.office_unit
    procedure = work.rules.procedure_of(dossier)
    return SubmissionSlip(
        agency=agency(work, office),
        issued_at=work.now,
        dossier_code=dossier.code,
        subject=f"{procedure.name} – {dossier.title}",
        signatory=head_of(work, office),
        to_leader="Lãnh đạo Ủy ban nhân dân Thành phố",
        submitting_unit_name=work.rules.unit_name(dossier.lead_unit, work.now.date()),
        received_at=dossier.received_at,
        due_at=dossier.due_at,
        summary=summary,
        opinions=list(opinions),
        appraisal=appraisal,
        basis=[Basis(text=text, confirmed=procedure.confirmed) for text in procedure.legal_basis],
        proposal=proposal,
    )


def decision(work: Work, dossier: DossierRecord, number: str, issuer: str, granted: bool, reason: str) -> Decision:
    """Fill in the result: what is decided, or a refusal with its reason."""
    procedure = work.rules.procedure_of(dossier)
    verdict = "Đồng ý giải quyết" if granted else "Không đồng ý giải quyết"
    articles = [
        Article(heading="Điều 1.", text=f"{verdict} hồ sơ {dossier.code} về việc: {dossier.title}."),
        Article(heading="Điều 2.", text=reason or "Nội dung chi tiết theo hồ sơ đã thẩm định."),
    ]
    return Decision(
        agency=agency(work, issuer),
        issued_at=work.now,
        number=number,
        dossier_code=dossier.code,
        tracking_url=work.tracking_url(dossier.code),
        document_type=procedure.result.name if granted else "Văn bản trả lời",
        subject=f"{procedure.name} – {dossier.title}",
        recipients=["Người nộp hồ sơ", "Lưu: VT, hồ sơ"],
        signatory=head_of(work, issuer),
        bases=[Basis(text=text, confirmed=procedure.confirmed) for text in procedure.legal_basis],
        articles=articles,
    )


def result_feedback(work: Work, dossier: DossierRecord, sender: str, unit: str, confirm_by: datetime) -> ResultFeedback:
    """Fill in the letter that feeds the result back to the unit the dossier came from."""
    refused = dossier.result_type == "refused"
    return ResultFeedback(
        agency=agency(work, sender),
        issued_at=work.now,
        dossier_code=dossier.code,
        subject=f"Phản hồi kết quả hồ sơ {dossier.code}",
        recipients=["Như trên", "Lưu: VT"],
        signatory=head_of(work, sender),
        to_unit_name=work.rules.unit_name(unit, work.now.date()),
        procedure_name=work.rules.procedure_of(dossier).name,
        received_at=dossier.received_at,
        due_at=dossier.due_at,
        resolved_at=dossier.resolved_at or work.now,
        result="Không đồng ý giải quyết" if refused else "Đồng ý giải quyết",
        result_number=dossier.result_number,
        confirm_by=confirm_by,
    )


def _to_applicant(
    work: Work, dossier: DossierRecord, applicant: Applicant, unit: str | None = None
) -> dict[str, object]:
    procedure = work.rules.procedure_of(dossier)
    return {
        "agency": agency(work, unit or dossier.origin_unit),
        "issued_at": work.now,
        "dossier_code": dossier.code,
        "tracking_url": work.tracking_url(dossier.code),
        "form_set": work.rules.form_set(dossier.received_at.date()),
        "applicant": Person(
            name=applicant.name,
            address=applicant.address,
            phone=applicant.phone,
            email=applicant.email,
            id_number=applicant.id_number or applicant.tax_code,
        ),
        "procedure_name": procedure.name,
        "request": dossier.title,
    }


def _limit(limit: limits.Limit) -> Limit:
    return Limit(text=limit.label, clause=limit.clause, confirmed=limit.confirmed)


def _basis(clause: str | None) -> list[Basis]:
    """Cite what a person wrote as the basis; nobody confirmed it."""
    return [Basis(text=clause, confirmed=False)] if clause else []


def _handovers(work: Work, dossier: DossierRecord, timeline: Sequence[TimelineEntry]) -> list[Handover]:
    closed = {entry.step_id: entry for entry in timeline if entry.kind is TimelineKind.CLOSED}
    rows, giver = [], dossier.origin_unit
    for entry in timeline:
        if entry.kind is not TimelineKind.OPENED or entry.unit is None:
            continue
        rows.append(_handover(work, entry, closed.get(entry.step_id), giver))
        giver = entry.unit
    return rows


def _handover(work: Work, opened: TimelineEntry, closed: TimelineEntry | None, giver: str) -> Handover:
    today = opened.at.date()
    return Handover(
        from_unit=work.rules.unit_name(giver, today),
        to_unit=f"{work.rules.unit_name(opened.unit or giver, today)} ({opened.name})",
        at=opened.at,
        due_at=opened.due_at,
        result=_result(opened, closed),
        working_time=work.rules.amount_label(closed.working_minutes or 0) if closed else None,
    )


def _result(opened: TimelineEntry, closed: TimelineEntry | None) -> str | None:
    if closed is None or opened.due_at is None:
        return None
    if closed.at > opened.due_at:
        return "late"
    return "on_time" if closed.at.date() == opened.due_at.date() else "early"


def _opinion_row(work: Work, opinion: OpinionRecord) -> OpinionRow:
    return OpinionRow(
        unit_name=work.rules.unit_name(opinion.unit, work.now.date()),
        verdict=VERDICTS.get(opinion.answer or "", "silent"),
        content=opinion.content,
        answered_at=opinion.answered_at,
        late=opinion.late,
        silence_rule=Basis(text=opinion.silence_clause, confirmed=False) if opinion.silence_clause else None,
        disposition=opinion.disposition,
        explanation=opinion.explanation,
    )
