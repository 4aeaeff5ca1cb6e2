"""Declare the job types of the coordination chapter. Instants carry their offset."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from workers.contract import Contract, DossierIn, Nothing, SummaryClaim, Variables

Answer = Literal["agree", "agree_with_comments", "disagree", "not_competent"]
Reminder = Literal[
    "step_near_due",
    "step_due",
    "step_overdue_office",
    "step_overdue_leader",
    "opinion_reminder",
    "feedback_reminder",
    "feedback_near_due",
    "feedback_due",
    "feedback_overdue",
]
"""The texts a ladder may send, all to units."""


class OpenRoundIn(DossierIn):
    """Carry the units to ask; empty: those the procedure names."""

    opinion_units: list[str] | None = None
    round_unit: str | None = None
    lead_unit: str
    urgency: str = "normal"


class OpinionRequest(Variables):
    """Carry one unit's request. Instants are the deadline and the moment to remind."""

    request_id: str
    unit: str
    unit_name: str
    request_due_at: AwareDatetime
    request_remind_at: AwareDatetime
    regulation: str


class OpenRoundOut(Variables):
    """Carry the requests of this round."""

    opinion_round: int
    opinion_requests: list[OpinionRequest]


OPEN_ROUND = Contract(
    type="opinion.open_round",
    label="Gửi phiếu lấy ý kiến",
    description="Lập và gửi phiếu lấy ý kiến tới từng đơn vị, mỗi đơn vị một hạn trả lời.",
    input=OpenRoundIn,
    output=OpenRoundOut,
)


class RecordReplyIn(DossierIn):
    """Carry a unit's answer."""

    request_id: str
    opinion_answer: Answer
    opinion_content: str | None = None


class OpinionStatus(Variables):
    """Say whether the unit answered."""

    opinion_status: str


RECORD_REPLY = Contract(
    type="opinion.record_reply",
    label="Ghi nhận ý kiến trả lời",
    description="Ghi ý kiến của đơn vị phối hợp.",
    input=RecordReplyIn,
    output=OpinionStatus,
)


class Silence(Variables):
    """Carry the row of the silence rule that applies."""

    outcome: str = "never_assume"
    responsible: str | None = None
    clause: str | None = None
    confirmed: bool = False


class RecordSilenceIn(DossierIn):
    """Carry the request nobody answered and the rule that applies; no rule: never assume."""

    request_id: str
    silence: Silence | None = None


class RecordSilenceOut(OpinionStatus):
    """Carry what the silence means."""

    silence_outcome: str


RECORD_SILENCE = Contract(
    type="opinion.record_silence",
    label="Ghi nhận đơn vị không trả lời",
    description="Ghi im lặng riêng với ý kiến; hệ quả theo quy tắc im lặng, không suy đoán khi không có quy tắc.",
    input=RecordSilenceIn,
    output=RecordSilenceOut,
)


class ResolveSilenceIn(DossierIn):
    """Carry what the Office decided: extend or proceed."""

    request_id: str
    silence_decision: Literal["extend", "proceed"]
    silence_note: str | None = None


class ResolveSilenceOut(Variables):
    """Carry the deadline in force for the unit."""

    request_due_at: AwareDatetime
    request_remind_at: AwareDatetime


RESOLVE_SILENCE = Contract(
    type="opinion.resolve_silence",
    label="Xử lý đơn vị không trả lời",
    description="Gia hạn trả lời cho đơn vị hoặc ghi quyết định tiếp tục không có ý kiến.",
    input=ResolveSilenceIn,
    output=ResolveSilenceOut,
)


class RecordLateIn(DossierIn):
    """Carry an answer that came after the deadline."""

    request_unit: str
    late_answer: Answer
    late_content: str | None = None


RECORD_LATE = Contract(
    type="opinion.record_late",
    label="Ghi nhận ý kiến muộn",
    description="Giữ ý kiến đến sau hạn, đánh dấu muộn; kết quả đã áp dụng không đổi.",
    input=RecordLateIn,
    output=Nothing,
)


class OpinionRow(Variables):
    """Show one opinion and carry what the lead makes of it."""

    request_id: str
    unit_name: str
    answer: str | None
    answer_label: str
    content: str
    silent: bool
    disposition: str | None = None
    explanation: str | None = None
    accepted_how: str | None = None


class CompileOut(Variables):
    """Carry the opinions of the round."""

    opinions: list[OpinionRow]


class RoundIn(DossierIn):
    """Name a round of opinions."""

    opinion_round: int


COMPILE = Contract(
    type="opinion.compile",
    label="Tổng hợp ý kiến",
    description="Lập danh sách ý kiến để đơn vị chủ trì tiếp thu, giải trình từng ý kiến.",
    input=RoundIn,
    output=CompileOut,
)


class CloseRoundIn(RoundIn):
    """Carry the disposition of every opinion."""

    opinions: list[OpinionRow]
    round_unit: str | None = None
    lead_unit: str


class CloseRoundOut(Variables):
    """Say how many opinions are still without a disposition."""

    undisposed: int
    undisposed_message: str


CLOSE_ROUND = Contract(
    type="opinion.close_round",
    label="Lập bảng tổng hợp, tiếp thu, giải trình",
    description="Kiểm tra mọi ý kiến đã được tiếp thu hoặc giải trình và lập bảng tổng hợp.",
    input=CloseRoundIn,
    output=CloseRoundOut,
)


class CheckPackageIn(DossierIn):
    """Carry the draft that the lead unit submits."""

    appraisal_decision: Literal["approve", "refuse"] | None = None
    appraisal_summary: str | None = None
    refusal_reason: str | None = None
    refusal_clause: str | None = None


class CheckPackageOut(Variables):
    """Carry the complete list of faults of form and composition."""

    package_complete: bool
    package_findings: list[str]


CHECK_PACKAGE = Contract(
    type="appraisal.check_package",
    label="Kiểm tra thể thức và thành phần hồ sơ trình",
    description="Kiểm tra tự động hồ sơ trình: thành phần, tệp, ý kiến phối hợp, tóm tắt thẩm định, căn cứ.",
    input=CheckPackageIn,
    output=CheckPackageOut,
)


class ReturnPackageIn(DossierIn):
    """Carry the reasons of the return."""

    package_findings: list[str] = Field(default_factory=list)
    returned_items: str | None = None
    lead_unit: str
    office_unit: str


class ReturnPackageOut(Variables):
    """Carry the one complete list the lead unit gets."""

    office_outcome: str = "returned"
    returned_list: list[str]


RETURN_PACKAGE = Contract(
    type="appraisal.return_package",
    label="Trả lại hồ sơ trình kèm một danh sách đầy đủ",
    description="Gửi đơn vị trình một danh sách đầy đủ các điểm cần hoàn thiện.",
    input=ReturnPackageIn,
    output=ReturnPackageOut,
)


class PresentIn(DossierIn):
    """Carry the Office's appraisal."""

    package_opinion: str | None = None
    appraisal_decision: Literal["approve", "refuse"] | None = None
    appraisal_summary: str | None = None
    office_unit: str
    lead_unit: str


PRESENT = Contract(
    type="appraisal.present",
    label="Lập phiếu trình",
    description="Lập phiếu trình lãnh đạo từ kết quả thẩm định, bảng ý kiến và thời hạn.",
    input=PresentIn,
    output=Nothing,
)


class SendFeedbackIn(DossierIn):
    """Carry who is told: the unit that the dossier came from."""

    authority: str
    origin_unit: str
    lead_unit: str
    result_number: str | None = None


class SendFeedbackOut(Variables):
    """Carry the unit and until when it confirms."""

    feedback_unit: str
    feedback_due_at: AwareDatetime


SEND_FEEDBACK = Contract(
    type="result_feedback.send",
    label="Gửi phản hồi kết quả cho đơn vị",
    description="Gửi văn bản phản hồi kết quả tới đơn vị chuyển hồ sơ và chờ xác nhận đã nhận.",
    input=SendFeedbackIn,
    output=SendFeedbackOut,
)


class ConfirmFeedbackIn(DossierIn):
    """Name the unit that confirms."""

    feedback_unit: str
    receipt_note: str | None = None


CONFIRM_FEEDBACK = Contract(
    type="result_feedback.confirm",
    label="Ghi nhận đơn vị đã nhận kết quả",
    description="Ghi thời điểm đơn vị xác nhận đã nhận kết quả.",
    input=ConfirmFeedbackIn,
    output=Nothing,
)


class Ladder(Variables):
    """Carry one rung of the escalation ladder. `next_after_hours`: working hours after the deadline."""

    action: str = "remind"
    recipient_role: Literal["assignee", "head", "office", "leader"] = "assignee"
    text: Reminder
    next_after_hours: float | None = Field(default=None, ge=0, le=10_000)
    final: bool = False
    clause: str | None = None
    confirmed: bool = False


class RemindIn(Variables):
    """Name what is watched, of a dossier or of a citizen's feedback, and the rung that is reached."""

    dossier_code: str | None = None
    dossier_summary: SummaryClaim | None = None
    feedback_code: str | None = None
    feedback_summary: SummaryClaim | None = None
    escalation_kind: Literal["dossier", "step", "opinion", "feedback", "citizen_feedback"]
    step_element: str | None = None
    unit: str | None = None
    rung: int = Field(ge=0, le=20)
    ladder: Ladder
    deadline_revision: int | None = None
    watched_due_at: AwareDatetime | None = None


class RemindOut(Variables):
    """Carry when to look again; `escalation_continues` is false once the subject is done."""

    rung: int
    wake_at: AwareDatetime
    watched_due_at: AwareDatetime | None = None
    escalation_continues: bool


REMIND = Contract(
    type="escalation.remind",
    label="Đôn đốc theo bậc",
    description="Nhắc đúng người của bậc hiện tại nếu việc chưa xong và tính mốc của bậc kế tiếp.",
    input=RemindIn,
    output=RemindOut,
)

CONTRACTS = (
    OPEN_ROUND,
    RECORD_REPLY,
    RECORD_SILENCE,
    RESOLVE_SILENCE,
    RECORD_LATE,
    COMPILE,
    CLOSE_ROUND,
    CHECK_PACKAGE,
    RETURN_PACKAGE,
    PRESENT,
    SEND_FEEDBACK,
    CONFIRM_FEEDBACK,
    REMIND,
)
