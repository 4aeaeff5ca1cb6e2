"""Declare what each paper says: one model a paper, English names, Vietnamese values.

Fields follow the forms of TT 01/2018/TT-VPCP (set 2018) and TT 03/2025/TT-VPCP (set 2025). A clause or limit that the
office has not confirmed carries `confirmed=False` and is marked on paper. Unknown fields of a paper are left out, so
that a dossier's facts can be given whole; unknown fields of a part are refused.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from workers.papers.text import clean, moment_parts

Words = Annotated[str, AfterValidator(clean)]
Needed = Annotated[str, AfterValidator(clean), Field(min_length=1)]


class FormSet(StrEnum):
    """Name the set of statutory forms in force on a receiving date."""

    Y2018 = "2018"
    Y2025 = "2025"


class Part(BaseModel):
    """Hold a part of a paper."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Agency(Part):
    """Name who issues a paper. `parent_name` stands above `name`; `desk_name` is the one-stop desk."""

    name: Needed
    parent_name: Words | None = None
    desk_name: Words = "Bộ phận Tiếp nhận và Trả kết quả"
    place: Needed = "Thành phố Hồ Chí Minh"
    address: Words | None = None
    phone: Words | None = None
    email: Words | None = None


class Person(Part):
    """Name a person or organisation. Personal data."""

    name: Needed
    address: Words | None = None
    phone: Words | None = None
    email: Words | None = None
    id_number: Words | None = None


class Basis(Part):
    """Cite a legal basis."""

    text: Needed
    confirmed: bool = True


class Limit(Part):
    """State a time limit in words, with its clause."""

    text: Needed
    clause: Words | None = None
    confirmed: bool = True


class Signatory(Part):
    """Say who signs: formula lines (TM., KT., TL., TUQ.), then the name."""

    lines: list[Needed] = Field(min_length=1)
    name: Words | None = None
    note: Words | None = None


class Component(Part):
    """List one paper of a dossier's composition."""

    name: Needed
    original: Literal["original", "certified", "copy", "electronic"] = "copy"
    quantity: int = Field(default=1, ge=0)


class MissingPaper(Part):
    """List one paper to add, with the reason and basis."""

    name: Needed
    reason: Needed
    basis: Basis | None = None


class Handover(Part):
    """Record one hand-over on the control slip."""

    from_unit: Needed
    to_unit: Needed
    at: AwareDatetime
    due_at: AwareDatetime | None = None
    result: Literal["early", "on_time", "late"] | None = None
    working_time: Words | None = None
    note: Words | None = None
    handed_by: Words | None = None
    received_by: Words | None = None


class RegisterRow(Part):
    """Record one dossier in the register."""

    dossier_code: Needed
    procedure_name: Needed
    copies: int = Field(default=1, ge=0)
    applicant_name: Needed
    contact: Words | None = None
    lead_unit_name: Needed
    received_at: AwareDatetime
    due_at: AwareDatetime | None = None
    returned_at: AwareDatetime | None = None
    return_method: Words | None = None
    receipt_sign: Words | None = None
    note: Words | None = None


class OpinionRow(Part):
    """Record one unit's opinion and what the lead unit made of it. `silent` is never an agreement."""

    unit_name: Needed
    verdict: Literal["agree", "agree_with_changes", "disagree", "not_competent", "silent"]
    content: Words | None = None
    answered_at: AwareDatetime | None = None
    document_number: Words | None = None
    late: bool = False
    silence_rule: Basis | None = None
    disposition: Literal["accepted", "partly_accepted", "explained"] | None = None
    explanation: Words | None = None


class Endorsement(Part):
    """Record one signature on the submission slip."""

    role: Needed
    opinion: Words | None = None
    name: Words | None = None
    at: AwareDatetime | None = None


class Article(Part):
    """Hold one article of a decision; an empty heading makes plain paragraphs (official letter)."""

    heading: Words | None = None
    text: Needed


class ResultRow(Part):
    """Hand over one result."""

    dossier_code: Needed
    content: Needed
    result: Needed
    owner_name: Needed
    address: Words | None = None
    fee: Words | None = None
    by_post: bool = False


class Paper(BaseModel):
    """Hold what every paper says. `issued_at` dates the paper and its PDF; `number` is the number and notation."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: ClassVar[str]
    template: ClassVar[str]
    heading: ClassVar[str]

    agency: Agency
    issued_at: AwareDatetime
    number: Words | None = None
    dossier_code: Words | None = None
    tracking_url: Words | None = None

    def title(self) -> str:
        """Name the paper."""
        return self.heading

    def form_code(self) -> str | None:
        """Give the number of the statutory form; None for a paper that is none."""
        return None


class StatutoryForm(Paper):
    """Hold a form of the circulars; its number depends on the set."""

    form_set: FormSet = FormSet.Y2025
    codes: ClassVar[dict[FormSet, str]]
    headings: ClassVar[dict[FormSet, str]] = {}

    def title(self) -> str:
        """Name the form as its set does."""
        return self.headings.get(self.form_set, self.heading)

    def form_code(self) -> str:
        """Give the number of the form. Raises ValueError when the set has no such form."""
        code = self.codes.get(self.form_set)
        if code is None:
            raise ValueError(f"Bộ mẫu {self.form_set.value} không có mẫu “{self.heading}”")
        return code


class ApplicantForm(StatutoryForm):
    """Hold what the forms given to an applicant share."""

    dossier_code: Needed
    applicant: Person
    procedure_name: Needed
    request: Words | None = None
    officer_name: Words | None = None
    contact: Words | None = None


class Receipt(ApplicantForm):
    """Form 01: receipt and appointment."""

    kind = "receipt"
    template = "receipt.typ"
    heading = "Giấy tiếp nhận hồ sơ và hẹn trả kết quả"
    codes: ClassVar = {FormSet.Y2018: "01", FormSet.Y2025: "01"}

    owner: Person | None = None
    components: list[Component] = Field(min_length=1)
    copies: int = Field(default=1, ge=1)
    limit: Limit
    received_at: AwareDatetime
    due_at: AwareDatetime
    due_provisional: bool = False
    fee: Words | None = None
    fee_method: Words | None = None
    result_method: Words | None = None
    result_place: Words | None = None


class SupplementRequest(ApplicantForm):
    """Form 02: one complete list of what to add."""

    kind = "supplement_request"
    template = "supplement_request.typ"
    heading = "Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ"
    codes: ClassVar = {FormSet.Y2018: "02", FormSet.Y2025: "02"}

    missing: list[MissingPaper] = Field(min_length=1)
    supplement_due_at: AwareDatetime | None = None
    limit: Limit | None = None
    signatory: Signatory | None = None


class Refusal(ApplicantForm):
    """Form 03: refusal to receive or resolve, with reasons and basis."""

    kind = "refusal"
    template = "refusal.typ"
    heading = "Phiếu từ chối tiếp nhận giải quyết hồ sơ"
    codes: ClassVar = {FormSet.Y2018: "03", FormSet.Y2025: "03"}

    reasons: list[Needed] = Field(min_length=1)
    basis: list[Basis] = Field(default_factory=list)
    signatory: Signatory | None = None


class Apology(ApplicantForm):
    """Form 04: apology with a new day (2018), apology and request to extend (2025: the applicant is asked)."""

    kind = "apology"
    template = "apology.typ"
    heading = "Văn bản xin lỗi và đề nghị gia hạn thời gian giải quyết"
    headings: ClassVar = {FormSet.Y2018: "Phiếu xin lỗi và hẹn lại ngày trả kết quả"}
    codes: ClassVar = {FormSet.Y2018: "04", FormSet.Y2025: "04"}

    received_at: AwareDatetime
    due_at: AwareDatetime
    new_due_at: AwareDatetime
    delaying_unit_name: Needed
    reason: Needed
    reply_by: AwareDatetime | None = None
    recipients: list[Needed] = Field(default_factory=list)
    signatory: Signatory


class StopNotice(ApplicantForm):
    """Form 05 of 2025: resolution of a dossier stops."""

    kind = "stop_notice"
    template = "stop_notice.typ"
    heading = "Thông báo dừng giải quyết hồ sơ"
    codes: ClassVar = {FormSet.Y2025: "05"}

    received_at: AwareDatetime
    stopped_at: AwareDatetime
    reason: Needed
    basis: list[Basis] = Field(default_factory=list)
    returned_papers: list[Needed] = Field(default_factory=list)
    returned_fee: Words | None = None
    recipients: list[Needed] = Field(default_factory=list)
    signatory: Signatory


class ControlSlip(StatutoryForm):
    """Form 05 of 2018, 06 of 2025: one row a hand-over."""

    kind = "control_slip"
    template = "control_slip.typ"
    heading = "Phiếu kiểm soát quá trình giải quyết hồ sơ"
    codes: ClassVar = {FormSet.Y2018: "05", FormSet.Y2025: "06"}

    dossier_code: Needed
    procedure_name: Needed
    lead_unit_name: Words | None = None
    received_at: AwareDatetime
    due_at: AwareDatetime
    rows: list[Handover] = Field(default_factory=list)


class Register(StatutoryForm):
    """Form 06 of 2018, 07 of 2025: the register of dossiers, A4 landscape."""

    kind = "register"
    template = "register.typ"
    heading = "Sổ theo dõi hồ sơ"
    codes: ClassVar = {FormSet.Y2018: "06", FormSet.Y2025: "07"}

    period: Needed
    rows: list[RegisterRow] = Field(default_factory=list)


class Letter(Paper):
    """Hold what letters between units share."""

    subject: Needed
    recipients: list[Needed] = Field(default_factory=list)
    signatory: Signatory


class OpinionRequest(Letter):
    """Ask a unit for its opinion (phiếu lấy ý kiến)."""

    kind = "opinion_request"
    template = "opinion_request.typ"
    heading = "Phiếu lấy ý kiến"

    to_unit_name: Needed
    dossier_code: Needed
    procedure_name: Needed
    summary: Needed
    questions: list[Needed] = Field(min_length=1)
    attachments: list[Needed] = Field(default_factory=list)
    due_at: AwareDatetime
    limit: Limit
    silence_rule: Basis | None = None
    contact: Words | None = None


class OpinionTable(Letter):
    """Show every opinion and its disposition (bảng tổng hợp, tiếp thu, giải trình), A4 landscape."""

    kind = "opinion_table"
    template = "opinion_table.typ"
    heading = "Bảng tổng hợp, tiếp thu, giải trình ý kiến"

    rows: list[OpinionRow] = Field(default_factory=list)


class SubmissionSlip(Letter):
    """Present a dossier to the leader (phiếu trình)."""

    kind = "submission_slip"
    template = "submission_slip.typ"
    heading = "Phiếu trình giải quyết công việc"

    to_leader: Needed
    dossier_code: Needed
    submitting_unit_name: Needed
    received_at: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    summary: Needed
    opinions: list[Needed] = Field(default_factory=list)
    appraisal: Needed
    basis: list[Basis] = Field(default_factory=list)
    proposal: Needed
    documents: list[Needed] = Field(default_factory=list)
    endorsements: list[Endorsement] = Field(default_factory=list)


class ResultFeedback(Letter):
    """Tell the originating unit the result and ask it to confirm receipt."""

    kind = "result_feedback"
    template = "result_feedback.typ"
    heading = "Phản hồi kết quả giải quyết hồ sơ"

    to_unit_name: Needed
    dossier_code: Needed
    procedure_name: Needed
    received_at: AwareDatetime
    due_at: AwareDatetime
    resolved_at: AwareDatetime
    result: Needed
    result_number: Words | None = None
    remarks: list[Needed] = Field(default_factory=list)
    attachments: list[Needed] = Field(default_factory=list)
    confirm_by: AwareDatetime | None = None
    contact: Words | None = None


class Decision(Letter):
    """Issue a decision or another result document under its number."""

    kind = "decision"
    template = "decision.typ"
    heading = "Quyết định"

    document_type: Needed = "Quyết định"
    authority: Words | None = None
    bases: list[Basis] = Field(default_factory=list)
    articles: list[Article] = Field(min_length=1)

    def title(self) -> str:
        """Name the type of document."""
        return self.document_type


class Reminder(Letter):
    """Urge a unit that is near or past its limit (phiếu đôn đốc)."""

    kind = "reminder"
    template = "reminder.typ"
    heading = "Phiếu đôn đốc"

    to_unit_name: Needed
    dossier_code: Needed
    procedure_name: Needed
    step_name: Needed
    limit: Limit
    opened_at: AwareDatetime
    due_at: AwareDatetime
    overdue_working_time: Words | None = None
    request: Needed
    reply_by: AwareDatetime | None = None


class HandoverSlip(Paper):
    """Hand results over to the one-stop desk or the post (phiếu bàn giao kết quả)."""

    kind = "handover_slip"
    template = "handover_slip.typ"
    heading = "Phiếu bàn giao kết quả giải quyết hồ sơ"

    from_unit_name: Needed
    to_unit_name: Needed
    rows: list[ResultRow] = Field(min_length=1)
    handed_by: Words | None = None
    received_by: Words | None = None


class ReportLine(Part):
    """Hold one line of a report: the counts, then the shares."""

    name: Needed
    cells: list[Words]


class FeedbackReport(Paper):
    """Report on 1022 for a period (báo cáo tháng), A4 landscape. `columns` name what stands in the cells of lines."""

    kind = "feedback_report"
    template = "feedback_report.typ"
    heading = "Báo cáo tiếp nhận, xử lý phản ánh, kiến nghị qua 1022"

    period: Needed
    explanation: list[Needed]
    columns: list[Needed]
    whole: ReportLine
    units: list[ReportLine] = Field(default_factory=list)
    fields: list[ReportLine] = Field(default_factory=list)
    remarks: list[Needed] = Field(default_factory=list)


PAPERS: dict[str, type[Paper]] = {
    paper.kind: paper
    for paper in (
        Receipt,
        SupplementRequest,
        Refusal,
        Apology,
        StopNotice,
        ControlSlip,
        Register,
        OpinionRequest,
        OpinionTable,
        SubmissionSlip,
        ResultFeedback,
        Decision,
        Reminder,
        HandoverSlip,
        FeedbackReport,
    )
}


def view(value: Any) -> Any:
    """Turn a model into what templates read: text, numbers, and moments as their written forms."""
    if isinstance(value, datetime):
        return moment_parts(value)
    if isinstance(value, BaseModel):
        return {name: view(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, list):
        return [view(item) for item in value]
    return value
