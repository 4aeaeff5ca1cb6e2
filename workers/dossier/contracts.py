"""Declare the job types of the dossier chapter. Instants carry their offset."""

from __future__ import annotations

from datetime import (
    timedelta,
)
from typing import Literal

from pydantic import AwareDatetime, Field

from workers.contract import Contract, DossierIn, Nothing, Variables


class Deadline(Variables):
    """Carry the deadline that is in force. `deadline_provisional`: the calendar of its year is not confirmed."""

    due_at: AwareDatetime
    near_due_at: AwareDatetime
    original_due_at: AwareDatetime
    deadline_revision: int
    deadline_provisional: bool


class DossierSummary(Variables):
    """Show a dossier at the top of a form; no personal data."""

    code: str
    procedure_name: str
    title: str
    urgency_label: str
    urgent: bool = False
    list_label: str = ""
    origin_unit_name: str
    lead_unit_name: str
    received_label: str
    due_label: str
    provisional_label: str
    papers_url: str = ""


class IntakePaper(Variables):
    """Name one paper presented at the desk."""

    composition: str = Field(max_length=100)
    original: Literal["original", "certified", "copy"] = "copy"


class RegisterIn(Variables):
    """Name a submission, or carry the fields of the start form of Tasklist."""

    submission_id: str | None = None
    intake_procedure_code: str | None = None
    intake_title: str | None = Field(default=None, max_length=1000)
    intake_urgency: Literal["normal", "urgent"] | None = None
    intake_origin_unit: str | None = None
    intake_applicant_name: str | None = Field(default=None, max_length=1000)
    intake_id_number: str | None = Field(default=None, max_length=100)
    intake_phone: str | None = Field(default=None, max_length=100)
    intake_email: str | None = Field(default=None, max_length=320)
    intake_address: str | None = Field(default=None, max_length=1000)
    intake_consent_email: bool | None = None
    intake_scan_batch: str | None = None
    intake_papers: list[IntakePaper] | None = None


class RegisterOut(Deadline):
    """Carry what every later step needs; personal fields of the start form are emptied."""

    submission_id: str
    dossier_code: str
    kind: str
    procedure_code: str
    procedure_version: str
    procedure_name: str
    procedure_lead_unit: str
    field: str
    level: str
    title: str
    urgency: str
    channel: str
    origin_unit: str
    lead_unit: str
    office_unit: str
    city_unit: str
    authority: str
    received_at: AwareDatetime
    dossier_summary: DossierSummary
    intake_applicant_name: None = None
    intake_id_number: None = None
    intake_phone: None = None
    intake_email: None = None
    intake_address: None = None


REGISTER = Contract(
    type="dossier.register",
    label="Đăng ký hồ sơ",
    description="Cấp mã hồ sơ, xác định phiên bản thủ tục có hiệu lực ngày nhận và tính thời hạn giải quyết.",
    input=RegisterIn,
    output=RegisterOut,
    errors={"Err_SubmissionInvalid": "Thông tin nộp chưa hợp lệ"},
    person_waits=True,
)


class DocumentRow(Variables):
    """Show one filed document with the result of its checks."""

    name: str
    file: str
    status_label: str
    findings_text: str


class MissingRow(Variables):
    """Show one paper that is missing or defective and why."""

    name: str
    reason: str


class CheckOut(Variables):
    """Carry the result of the file and composition checks."""

    documents: list[DocumentRow]
    missing: list[MissingRow]
    composition_complete: bool


CHECK = Contract(
    type="dossier.check",
    label="Kiểm tra thành phần và tệp hồ sơ",
    description="Kiểm tra từng tệp và đối chiếu thành phần; lập một danh sách thiếu duy nhất.",
    input=DossierIn,
    output=CheckOut,
    timeout=timedelta(minutes=5),
    person_waits=True,
)


class AcceptOut(Deadline):
    """Carry the deadline counted from the complete dossier."""

    dossier_summary: DossierSummary


ACCEPT = Contract(
    type="dossier.accept",
    label="Lập giấy tiếp nhận và hẹn trả kết quả",
    description="Lập mẫu 01, gửi cho người nộp và bắt đầu tính thời hạn.",
    input=DossierIn,
    output=AcceptOut,
    person_waits=True,
)


class RefuseIn(DossierIn):
    """Carry why the dossier is refused at reception."""

    reception_note: str | None = None
    refusal_clause: str | None = None


REFUSE = Contract(
    type="dossier.refuse",
    label="Từ chối tiếp nhận hồ sơ",
    description="Lập mẫu 03 nêu lý do, căn cứ và gửi cho người nộp.",
    input=RefuseIn,
    output=Nothing,
)


class StopIn(DossierIn):
    """Carry why the dossier is stopped and on which basis."""

    stop_reason: str | None = None
    stop_clause: str | None = None


STOP = Contract(
    type="dossier.stop",
    label="Dừng giải quyết hồ sơ",
    description="Lập thông báo dừng giải quyết, gửi cho người nộp và kết thúc mọi bước đang mở.",
    input=StopIn,
    output=Nothing,
)


class WithdrawIn(DossierIn):
    """Carry why the applicant withdraws."""

    withdrawal_reason: str | None = None


WITHDRAW = Contract(
    type="dossier.withdraw",
    label="Ghi nhận rút hồ sơ",
    description="Kết thúc hồ sơ theo yêu cầu rút của người nộp và xác nhận lại với người nộp.",
    input=WithdrawIn,
    output=Nothing,
)


class RequestSupplementIn(DossierIn):
    """Carry the stage (intake or appraisal), what the check found and what the officer adds."""

    supplement_stage: Literal["intake", "appraisal"] = "intake"
    missing: list[MissingRow] = Field(default_factory=list)
    extra_requirements: str | None = None
    reception_note: str | None = None


class RequestSupplementOut(Variables):
    """Carry the correlation key of the supplement and its time limit."""

    supplement_key: str
    supplement_until: AwareDatetime
    supplement_remind_at: AwareDatetime
    supplement_list: list[MissingRow]


REQUEST_SUPPLEMENT = Contract(
    type="supplement.request",
    label="Lập phiếu yêu cầu bổ sung, hoàn thiện hồ sơ",
    description="Gửi một danh sách đầy đủ (mẫu 02) và tạm dừng tính thời hạn.",
    input=RequestSupplementIn,
    output=RequestSupplementOut,
)

REMIND_SUPPLEMENT = Contract(
    type="supplement.remind",
    label="Nhắc người nộp bổ sung hồ sơ",
    description="Nhắc một lần trước khi hết thời hạn bổ sung.",
    input=DossierIn,
    output=Nothing,
)


class ReceiveSupplementIn(DossierIn):
    """Carry the stage and, when sent online, the submission that holds the new papers."""

    supplement_stage: Literal["intake", "appraisal"] = "intake"
    supplement_submission_id: str | None = None
    supplement_scan_batch: str | None = None
    supplement_papers: list[IntakePaper] | None = None


class ReceiveSupplementOut(Deadline):
    """Carry the deadline after the pause."""

    supplement_outcome: str = "received"
    dossier_summary: DossierSummary


RECEIVE_SUPPLEMENT = Contract(
    type="supplement.receive",
    label="Ghi nhận hồ sơ bổ sung",
    description="Nhận giấy tờ bổ sung; tính lại hạn từ đầu (lúc tiếp nhận) hoặc nối tiếp (khi thẩm định).",
    input=ReceiveSupplementIn,
    output=ReceiveSupplementOut,
)


class ChangeDeadlineIn(DossierIn):
    """Carry why the deadline is computed again; a new date only when a person set one."""

    change_reason: str | None = None
    change_clause: str | None = None
    new_due_at: AwareDatetime | None = None


class ChangeDeadlineOut(Deadline):
    """Carry the new deadline and whether it moved to an earlier moment."""

    moved_earlier: bool
    dossier_summary: DossierSummary


CHANGE_DEADLINE = Contract(
    type="deadline.recompute",
    label="Tính lại thời hạn",
    description="Tính lại thời hạn khi lịch làm việc hoặc quyết định thay đổi, giữ hạn gốc và báo người nộp.",
    input=ChangeDeadlineIn,
    output=ChangeDeadlineOut,
)


class AssessExtensionOut(Variables):
    """Say whether the dossier may be extended and, if not, why."""

    extension_possible: bool
    extension_reason_not: str | None = None


ASSESS_EXTENSION = Contract(
    type="extension.assess",
    label="Xét khả năng gia hạn",
    description="Xét hồ sơ còn đang giải quyết, chưa quá hạn và số lần gia hạn còn lại theo thủ tục.",
    input=DossierIn,
    output=AssessExtensionOut,
)


class GrantExtensionIn(DossierIn):
    """Carry the reason and the number of working days asked for."""

    extension_reason: str = Field(min_length=1)
    extension_days: int = Field(ge=1, le=60)


class GrantExtensionOut(Deadline):
    """Carry the new deadline."""

    extended: bool = True
    dossier_summary: DossierSummary


GRANT_EXTENSION = Contract(
    type="extension.grant",
    label="Gửi văn bản xin lỗi và gia hạn",
    description="Lập mẫu 04, gửi cho người nộp trước khi quá hạn và đặt hạn mới; hạn gốc giữ nguyên.",
    input=GrantExtensionIn,
    output=GrantExtensionOut,
)


class IssueResultIn(DossierIn):
    """Carry the decision that becomes the result."""

    appraisal_decision: Literal["approve", "refuse"] | None = None
    appraisal_summary: str | None = None
    refusal_reason: str | None = None
    refusal_clause: str | None = None
    leader_decision: Literal["sign", "reject"] | None = None
    leader_note: str | None = None
    authority: str


class IssueResultOut(Variables):
    """Carry the number of the result and whether it grants or refuses."""

    result_number: str
    result_kind: str


ISSUE_RESULT = Contract(
    type="result.issue",
    label="Cấp số và phát hành văn bản kết quả",
    description="Cấp số văn bản, lập văn bản kết quả và phiếu kiểm soát quá trình giải quyết.",
    input=IssueResultIn,
    output=IssueResultOut,
)


class NotifyResultOut(Variables):
    """Say until when the applicant may rate."""

    rating_until: AwareDatetime


NOTIFY_RESULT = Contract(
    type="result.notify",
    label="Báo kết quả cho người nộp",
    description="Báo kết quả đã có, gửi bản điện tử và mời đánh giá.",
    input=DossierIn,
    output=NotifyResultOut,
)


class RateResultIn(DossierIn):
    """Carry the applicant's own rating, 1 to 5."""

    rating: int = Field(ge=1, le=5)
    rating_comment: str | None = None


RATE_RESULT = Contract(
    type="result.rate",
    label="Ghi nhận đánh giá của người nộp",
    description="Ghi mức hài lòng do chính người nộp gửi.",
    input=RateResultIn,
    output=Nothing,
)


class RequestChangeIn(DossierIn):
    """Carry a request that staff records for a dossier."""

    change_kind: Literal["withdraw", "stop", "deadline", "late_opinion"]
    reason: str
    clause: str | None = None
    new_due_at: AwareDatetime | None = None
    request_unit: str | None = None
    late_answer: str | None = None
    late_content: str | None = None


REQUEST_CHANGE = Contract(
    type="dossier.request_change",
    label="Ghi nhận yêu cầu đối với hồ sơ",
    description="Chuyển yêu cầu rút, dừng, đổi thời hạn hoặc ý kiến muộn tới hồ sơ đang giải quyết.",
    input=RequestChangeIn,
    output=Nothing,
    errors={"Err_DossierNotOpen": "Hồ sơ không tồn tại hoặc đã kết thúc"},
)

CONTRACTS = (
    REGISTER,
    CHECK,
    ACCEPT,
    REFUSE,
    STOP,
    WITHDRAW,
    REQUEST_SUPPLEMENT,
    REMIND_SUPPLEMENT,
    RECEIVE_SUPPLEMENT,
    CHANGE_DEADLINE,
    ASSESS_EXTENSION,
    GRANT_EXTENSION,
    ISSUE_RESULT,
    NOTIFY_RESULT,
    RATE_RESULT,
    REQUEST_CHANGE,
)
