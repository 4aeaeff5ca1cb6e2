"""Name what requests and answers hold. Descriptions are read by the people who connect other systems."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from workers.records import DossierState, FeedbackState, SystemEvent
from workers.regulation.composition import PaperForm
from workers.regulation.organization import UnitLevel

Plain = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f]*$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 của tệp, 64 chữ số hệ 16 viết thường.")]


class Said(BaseModel):
    """Hold what a caller says; unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid")


class ApplicantIn(Said):
    """Hold who files."""

    name: Plain = Field(min_length=1, max_length=200, description="Họ tên trên giấy tờ, hoặc tên tổ chức.")
    address: Plain = Field(min_length=1, max_length=300, description="Địa chỉ liên hệ.")
    id_number: Plain | None = Field(None, max_length=20, description="Số định danh cá nhân (cá nhân).")
    tax_code: Plain | None = Field(None, max_length=20, description="Mã số thuế (tổ chức).")
    phone: Plain | None = Field(None, max_length=30, description="Số điện thoại; cần số điện thoại hoặc thư điện tử.")
    email: Plain | None = Field(None, max_length=200, description="Thư điện tử.")
    consent_email: bool = Field(False, description="Người nộp đồng ý nhận thông báo qua thư điện tử.")
    consent_sms: bool = Field(False, description="Người nộp đồng ý nhận thông báo qua tin nhắn.")


class SubmissionIn(Said):
    """Hold what a dossier is about."""

    procedure: Plain = Field(max_length=50, description="Mã thủ tục, xem `GET /procedures`.", examples=["1.009974"])
    case: Plain | None = Field(None, max_length=50, description="Mã trường hợp, khi thủ tục có nhiều trường hợp.")
    title: Plain = Field(min_length=1, max_length=300, description="Nội dung đề nghị; không ghi số giấy tờ tùy thân.")
    origin_unit: Plain | None = Field(
        None, max_length=50, description="Mã đơn vị tiếp nhận, xem `GET /units`; bỏ trống khi thủ tục chỉ có một nơi."
    )
    applicant: ApplicantIn = Field(description="Người nộp hồ sơ.")


class RequirementOut(BaseModel):
    """Describe one paper of a procedure."""

    code: str = Field(description="Mã giấy tờ, dùng ở tham số `composition`.")
    name: str = Field(description="Tên giấy tờ.")
    form: PaperForm = Field(description="Bản chính, bản chứng thực hay bản sao.")
    copies: int = Field(description="Số bản.")
    required: bool = Field(description="Bắt buộc có.")
    cases: list[str] = Field(description="Chỉ cần cho các trường hợp này; trống: mọi trường hợp.")


class Named(BaseModel):
    """Name something of a list."""

    code: str = Field(description="Mã.")
    name: str = Field(description="Tên.")


class ProcedureOut(BaseModel):
    """Describe a procedure that dossiers can be filed for today."""

    code: str = Field(description="Mã thủ tục.")
    version: str = Field(description="Phiên bản đang có hiệu lực.")
    name: str = Field(description="Tên thủ tục.")
    field: Named = Field(description="Lĩnh vực.")
    cases: list[Named] = Field(description="Các trường hợp.")
    receivers: list[str] = Field(description="Mã các đơn vị tiếp nhận.")
    papers: list[RequirementOut] = Field(description="Thành phần hồ sơ.")
    confirmed: bool = Field(description="Đã đối chiếu văn bản; `false`: ví dụ chờ đối chiếu.")


class UnitOut(BaseModel):
    """Describe a unit in force today."""

    code: str = Field(description="Mã đơn vị.")
    name: str = Field(description="Tên đơn vị.")
    level: UnitLevel = Field(description="Cấp.")
    parent: str | None = Field(description="Mã đơn vị cấp trên.")
    valid_from: date | None = Field(description="Hoạt động từ ngày.")


class UnitFiguresOut(BaseModel):
    """Hold the figures of one unit."""

    unit: str = Field(description="Mã đơn vị chủ trì.")
    name: str = Field(description="Tên đơn vị.")
    received: int = Field(description="Số hồ sơ nhận trong tháng.")
    resolved: int = Field(description="Số hồ sơ có kết quả trong tháng.")
    on_time: int = Field(description="Trong số có kết quả: đúng hạn ban đầu.")
    median_minutes: int | None = Field(description="Trung vị thời gian giải quyết, phút làm việc.")
    open: int = Field(description="Đang giải quyết, tính đến nay.")
    open_late: int = Field(description="Trong số đang giải quyết: đã quá hạn.")


class FiguresOut(BaseModel):
    """Hold the public figures of a month."""

    month: str = Field(description="Tháng, dạng 2026-11.")
    units: list[UnitFiguresOut] = Field(description="Từng đơn vị có hồ sơ.")


class DocumentOut(BaseModel):
    """Describe a filed document."""

    composition: str = Field(description="Mã giấy tờ trong thành phần hồ sơ.")
    name: str = Field(description="Tên tệp người nộp đặt.")
    sha256: Sha256
    size: int = Field(description="Số byte.")
    original: str = Field(description="`original`, `certified` hoặc `copy`.")


class SubmissionOut(BaseModel):
    """Describe what was handed in, before and after it became a dossier."""

    id: str = Field(description="Mã phiếu nộp.")
    state: Literal["draft", "sent", "registered"] = Field(
        description="`draft`: chưa gửi, sau 7 ngày sẽ xóa; `sent`: đã gửi, chờ mã hồ sơ; `registered`: đã có mã hồ sơ."
    )
    procedure: str = Field(description="Mã thủ tục.")
    documents: list[DocumentOut] = Field(description="Giấy tờ đã nhận.")
    missing: list[str] = Field(description="Mã các giấy tờ bắt buộc chưa có.")
    dossier: str | None = Field(description="Mã hồ sơ, khi đã cấp.")
    tracking_secret: str | None = Field(description="Mã tra cứu để giao cho người nộp, khi đã cấp mã hồ sơ.")


class Happening(BaseModel):
    """Hold one line of what happened, in the words of the portal."""

    since: datetime = Field(description="Từ lúc.")
    until: datetime | None = Field(description="Đến lúc; trống: đang diễn ra.")
    what: str = Field(description="Việc gì.")
    unit: str | None = Field(description="Cơ quan nào.")


class MissingOut(BaseModel):
    """Name a paper that the applicant is asked for."""

    composition: str = Field(description="Mã giấy tờ.")
    name: str = Field(description="Tên giấy tờ.")
    reason: str = Field(description="Vì sao cần.")


class DossierLine(BaseModel):
    """Describe a dossier in a list."""

    code: str = Field(description="Mã hồ sơ.")
    procedure: str = Field(description="Mã thủ tục.")
    state: DossierState = Field(description="Trạng thái.")
    lead_unit: str = Field(description="Mã đơn vị chủ trì.")
    received_at: datetime = Field(description="Lúc tiếp nhận.")
    due_at: datetime = Field(description="Hạn trả kết quả.")


class DossierOut(DossierLine):
    """Say how far a dossier is. Nobody is named: only public bodies."""

    state_text: str = Field(description="Trạng thái bằng lời.")
    original_due_at: datetime = Field(description="Hạn ban đầu.")
    provisional: bool = Field(description="Hạn tạm tính: lịch làm việc chưa được xác nhận.")
    late: bool = Field(description="Đã quá hạn.")
    holders: list[str] = Field(description="Cơ quan đang giữ.")
    happenings: list[Happening] = Field(description="Những việc đã diễn ra, mới nhất trước.")
    missing: list[MissingOut] = Field(description="Giấy tờ cần bổ sung.")
    result_number: str | None = Field(description="Số văn bản kết quả.")
    may_supplement: bool = Field(description="Đang chờ bổ sung.")
    may_withdraw: bool = Field(description="Còn rút được.")


class PaperOut(BaseModel):
    """Describe a paper written to the applicant."""

    kind: str = Field(description="Loại giấy.")
    title: str = Field(description="Tên giấy.")
    number: str | None = Field(description="Số.")
    sha256: Sha256
    made_at: datetime = Field(description="Lúc lập.")


class ApplicantOut(BaseModel):
    """Hold who filed. Personal data."""

    name: str = Field(description="Họ tên hoặc tên tổ chức.")
    id_number: str | None = Field(description="Số định danh.")
    tax_code: str | None = Field(description="Mã số thuế.")
    phone: str | None = Field(description="Số điện thoại.")
    email: str | None = Field(description="Thư điện tử.")
    address: str | None = Field(description="Địa chỉ.")


class Declaration(Said):
    """Hold the applicant's word that the dossier is true."""

    declared: Literal[True] = Field(description="Người nộp cam đoan nội dung và giấy tờ là đúng.")


class WithdrawalIn(Said):
    """Hold why a dossier is withdrawn."""

    reason: Plain = Field(min_length=1, max_length=500, description="Lý do rút; không rút lại được việc rút.")


class Accepted(BaseModel):
    """Say that something was taken in and is passed on."""

    id: str = Field(description="Mã phiếu nộp hoặc mã hồ sơ.")
    message: str = Field(description="Việc tiếp theo.")


class WebhookIn(Said):
    """Hold where a system wants to be told."""

    url: str = Field(max_length=500, pattern=r"^https?://[\x21-\x7e]+$", description="Địa chỉ nhận, `https://…`.")
    events: list[SystemEvent] = Field(min_length=1, max_length=10, description="Những việc cần báo.")


class WebhookOut(BaseModel):
    """Describe a webhook."""

    id: str = Field(description="Mã webhook.")
    url: str = Field(description="Địa chỉ nhận.")
    events: list[SystemEvent] = Field(description="Những việc cần báo.")
    created_at: datetime = Field(description="Lúc đăng ký.")


class WebhookMade(WebhookOut):
    """Describe a new webhook with the secret that is shown once."""

    secret: str = Field(description="Khóa ký, dạng `whsec_…` (Standard Webhooks); chỉ hiện một lần.")


class Page(BaseModel):
    """Hold one page of a list."""

    next: str | None = Field(description="Tham số `cursor` của trang sau; trống: hết.")


class ProcedurePage(Page):
    """Hold a page of procedures."""

    items: list[ProcedureOut] = Field(description="Các thủ tục, theo mã.")


class UnitPage(Page):
    """Hold a page of units."""

    items: list[UnitOut] = Field(description="Các đơn vị, theo mã.")


class DossierPage(Page):
    """Hold a page of dossiers."""

    items: list[DossierLine] = Field(description="Các hồ sơ, mới nhất trước.")


class FeedbackIn(Said):
    """Hold feedback as another system sends it."""

    text: Plain = Field(min_length=10, max_length=4000, description="Nội dung; cần gấp thì gọi 113, 114, 115.")
    field: Plain | None = Field(None, max_length=100, description="Mã lĩnh vực, xem `GET /feedback-fields`.")
    place: Plain = Field("", max_length=300, description="Nơi xảy ra, bằng lời.")
    latitude: float | None = Field(None, ge=-90, le=90, description="Vĩ độ (WGS 84); cần cả kinh độ.")
    longitude: float | None = Field(None, ge=-180, le=180, description="Kinh độ (WGS 84).")
    commune: Plain | None = Field(None, max_length=50, description="Mã phường, xã, đặc khu nơi xảy ra.")
    anonymous: bool = Field(False, description="Gửi ẩn danh: không giữ gì về người gửi.")
    name: Plain | None = Field(None, max_length=300, description="Họ tên người gửi.")
    phone: Plain | None = Field(None, max_length=30, description="Số điện thoại.")
    email: Plain | None = Field(None, max_length=200, description="Thư điện tử.")
    consent_email: bool = Field(False, description="Đồng ý nhận thông báo qua thư điện tử.")
    consent_sms: bool = Field(False, description="Đồng ý nhận thông báo qua tin nhắn.")
    consent_zalo: bool = Field(False, description="Đồng ý nhận thông báo qua Zalo.")


class FeedbackMade(BaseModel):
    """Give the code of new feedback and what opens it."""

    code: str = Field(description="Mã phản ánh.")
    tracking_secret: str = Field(description="Mã tra cứu để giao cho người gửi.")


class FeedbackAnswerOut(BaseModel):
    """Hold one answer."""

    kind: str = Field(description="`interim`, `final`, `routed_out` hoặc `rejected`.")
    text: str = Field(description="Nội dung trả lời.")
    committed_on: date | None = Field(description="Ngày hẹn có kết quả.")
    at: datetime = Field(description="Lúc trả lời.")
    unit: str = Field(description="Mã đơn vị trả lời.")


class FeedbackOut(BaseModel):
    """Say how far feedback is; nothing of who gave it."""

    code: str = Field(description="Mã phản ánh.")
    state: FeedbackState = Field(description="Trạng thái.")
    field: str | None = Field(description="Mã lĩnh vực.")
    unit: str | None = Field(description="Mã đơn vị xử lý.")
    received_at: datetime = Field(description="Lúc nhận.")
    forwarded_at: datetime | None = Field(description="Lúc chuyển đơn vị xử lý.")
    due_at: datetime | None = Field(description="Hạn trả lời.")
    resolved_at: datetime | None = Field(description="Lúc có kết quả.")
    answers: list[FeedbackAnswerOut] = Field(description="Các câu trả lời; chỉ người gửi thấy.")
