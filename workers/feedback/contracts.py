"""Declare the job types of the feedback chapter. Instants carry their offset; reporters stay in the registry."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from pydantic import AwareDatetime, Field

from workers.contract import Contract, FeedbackIn, Nothing, Variables


class FeedbackSummary(Variables):
    """Show feedback at the top of a form; the text is masked, of restricted feedback withheld."""

    code: str
    list_label: str
    text: str
    place: str
    commune_name: str
    field_name: str
    channel_label: str
    received_label: str
    due_label: str
    round_label: str
    restricted_label: str


class Choice(Variables):
    """Offer one choice of a form."""

    label: str
    value: str


class RegisterIn(Variables):
    """Name feedback that is in the registry, or carry the fields of the operator's start form."""

    feedback_code: str | None = None
    report_text: str | None = Field(default=None, max_length=4000)
    report_place: str | None = Field(default=None, max_length=300)
    report_commune: str | None = None
    report_field: str | None = None
    report_anonymous: bool | None = None
    reporter_name: str | None = Field(default=None, max_length=300)
    reporter_phone: str | None = Field(default=None, max_length=100)
    reporter_email: str | None = Field(default=None, max_length=320)
    reporter_consent_email: bool | None = None
    reporter_consent_sms: bool | None = None
    reporter_consent_zalo: bool | None = None


class RegisterOut(Variables):
    """Carry what the coordinator decides on; what the start form said of and by the reporter is emptied."""

    feedback_code: str
    feedback_summary: FeedbackSummary
    coordinator_unit: str
    forward_due_at: AwareDatetime
    hints: str
    field_code: str | None
    commune_code: str | None
    matter_code: str | None
    public_text: str
    duplicate_options: list[Choice]
    report_text: None = None
    report_place: None = None
    reporter_name: None = None
    reporter_phone: None = None
    reporter_email: None = None


REGISTER = Contract(
    type="feedback.register",
    label="Đăng ký phản ánh",
    description="Cấp mã phản ánh, gợi ý lĩnh vực, phản ánh trùng, số khẩn cấp và bản che thông tin cá nhân.",
    input=RegisterIn,
    output=RegisterOut,
    person_waits=True,
)


class ClassifyIn(FeedbackIn):
    """Carry the coordinator's classification and what may be public."""

    field_code: str
    commune_code: str | None = None
    unit_choice: str | None = None
    public_text: str | None = Field(default=None, max_length=4000)
    publication: Literal["shown", "hidden"] = "hidden"


class ClassifyOut(Variables):
    """Carry what the routing table asks for."""

    feedback_summary: FeedbackSummary
    restricted: bool
    field_level: str
    field_unit: str
    unit_chosen: bool
    commune_known: bool
    unit_choice: str | None
    commune_code: str | None


CLASSIFY = Contract(
    type="feedback.classify",
    label="Ghi nhận phân loại phản ánh",
    description="Ghi lĩnh vực, nơi xảy ra, nội dung được công khai.",
    input=ClassifyIn,
    output=ClassifyOut,
    person_waits=True,
)


class ForwardIn(FeedbackIn):
    """Carry the unit that the routing table chose."""

    routed_unit: str


class Clock(Variables):
    """Carry the deadline that is in force; the original one stays in the registry."""

    due_at: AwareDatetime
    feedback_summary: FeedbackSummary


class ForwardOut(Clock):
    """Carry which unit has the feedback from now on."""

    handling_unit: str


FORWARD = Contract(
    type="feedback.forward",
    label="Chuyển phản ánh cho đơn vị",
    description="Chuyển cho đơn vị đang hoạt động, tính hạn xử lý, báo đơn vị và người phản ánh.",
    input=ForwardIn,
    output=ForwardOut,
)


class DeclineIn(FeedbackIn):
    """Carry why feedback is not processed here."""

    triage_decision: Literal["route_out", "reject"]
    matter_code: str | None = None
    triage_note: str | None = Field(default=None, max_length=4000)


DECLINE = Contract(
    type="feedback.decline",
    label="Trả lời phản ánh không xử lý tại 1022",
    description="Chỉ dẫn nơi gửi khiếu nại, tố cáo, hoặc nêu lý do không tiếp nhận, rồi kết thúc.",
    input=DeclineIn,
    output=Nothing,
)


class MergeIn(FeedbackIn):
    """Name the feedback that this one repeats."""

    merged_into: str


MERGE = Contract(
    type="feedback.merge",
    label="Gộp phản ánh trùng",
    description="Gộp vào phản ánh đã có; người phản ánh theo dõi kết quả ở phản ánh đó.",
    input=MergeIn,
    output=Nothing,
)


class ReturnIn(FeedbackIn):
    """Carry why the unit is not the right one."""

    return_reason: str = Field(min_length=1, max_length=2000)


class ReturnOut(Variables):
    """Carry who has the feedback again: the coordinator."""

    handling_unit: str


RETURN = Contract(
    type="feedback.return",
    label="Trả lại phản ánh sai địa chỉ",
    description="Ghi lý do, trả phản ánh về đầu mối 1022 để chuyển lại.",
    input=ReturnIn,
    output=ReturnOut,
)


class AcceptIn(FeedbackIn):
    """Carry another field, where the unit classified anew."""

    accepted_field: str | None = None


ACCEPT = Contract(
    type="feedback.accept",
    label="Ghi nhận đơn vị nhận xử lý",
    description="Ghi nhận đơn vị nhận xử lý; phân loại lại chỉ có thể rút ngắn hạn.",
    input=AcceptIn,
    output=Clock,
)


class InterimIn(FeedbackIn):
    """Carry how far the unit is and when it promises to be done."""

    answer_text: str = Field(min_length=1, max_length=4000)
    committed_on: date


INTERIM = Contract(
    type="feedback.answer_interim",
    label="Trả lời bước đầu",
    description="Báo người phản ánh tiến độ và ngày hẹn xong; hạn xử lý không đổi.",
    input=InterimIn,
    output=Nothing,
)


class ResultIn(FeedbackIn):
    """Carry the unit's result and where its photos lie."""

    answer_text: str = Field(min_length=1, max_length=4000)
    photo_batch: str | None = None


class ResultOut(Variables):
    """Carry the answer as it would be public, for the coordinator to check."""

    public_answer: str
    photo_names: str


RESULT = Contract(
    type="feedback.submit_result",
    label="Nhận kết quả xử lý của đơn vị",
    description="Kiểm tra ảnh trước, sau theo lĩnh vực; che thông tin cá nhân trong câu trả lời.",
    input=ResultIn,
    output=ResultOut,
    errors={"Err_PhotosMissing": "Thiếu ảnh kết quả"},
    timeout=timedelta(minutes=2),
    person_waits=True,
)


class PublishIn(FeedbackIn):
    """Carry the result and what the coordinator lets the public read."""

    answer_text: str = Field(min_length=1, max_length=4000)
    public_answer: str = Field(min_length=1, max_length=4000)
    public_photos: Literal["none", "unit", "all"] = "none"


class PublishOut(Variables):
    """Carry until when the citizen may rate, and the key of the message that says so."""

    rating_until: AwareDatetime
    rating_key: str


PUBLISH = Contract(
    type="feedback.publish",
    label="Trả lời người phản ánh",
    description="Gửi kết quả cho người phản ánh trên các kênh đã đồng ý, công khai phần được duyệt.",
    input=PublishIn,
    output=PublishOut,
)


class RateIn(FeedbackIn):
    """Carry the stars that the citizen gave."""

    stars: int = Field(ge=1, le=5)


class RateOut(Variables):
    """Carry how often the feedback was reopened so far."""

    feedback_round: int


RATE = Contract(
    type="feedback.rate",
    label="Ghi nhận đánh giá của người phản ánh",
    description="Ghi số sao do chính người phản ánh chấm.",
    input=RateIn,
    output=RateOut,
)


class ReopenOut(Clock):
    """Carry the coordinator's new clock and the unit that had the feedback, as a proposal."""

    forward_due_at: AwareDatetime
    handling_unit: str
    unit_choice: str


REOPEN = Contract(
    type="feedback.reopen",
    label="Mở lại phản ánh",
    description="Mở lại với hạn mới, giữ hạn gốc; đầu mối 1022 chuyển lại.",
    input=FeedbackIn,
    output=ReopenOut,
)

CLOSE = Contract(
    type="feedback.close",
    label="Kết thúc phản ánh",
    description="Kết thúc phản ánh sau khi đánh giá hoặc hết thời gian đánh giá.",
    input=FeedbackIn,
    output=Nothing,
)

CONTRACTS = (
    REGISTER,
    CLASSIFY,
    FORWARD,
    DECLINE,
    MERGE,
    RETURN,
    ACCEPT,
    INTERIM,
    RESULT,
    PUBLISH,
    RATE,
    REOPEN,
    CLOSE,
)
