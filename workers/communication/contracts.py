"""Declare the job types of the communication chapter. Instants carry their offset."""

from __future__ import annotations

from datetime import (
    date,
    timedelta,
)
from typing import Literal

from pydantic import AwareDatetime, Field

from workers.contract import Contract, Nothing, Variables


class PublicationIn(Variables):
    """Name the publication a job is about."""

    publication_code: str


class DraftIn(Variables):
    """Carry what the editor wrote; `publication_code` is missing the first time."""

    publication_code: str | None = None
    editor: str
    approver: str | None = None
    publication_title: str = Field(max_length=300)
    publication_summary: str = Field(max_length=1000)
    publication_text: str = Field(max_length=20_000)
    publication_topics: list[str] = Field(default_factory=list, max_length=50)
    publication_areas: list[str] = Field(default_factory=list, max_length=300)
    publication_channels: list[Literal["email", "sms", "zalo"]] = Field(default_factory=list)
    source_number: str = Field(max_length=100)
    source_date: date
    source_signer: str = Field(max_length=200)
    signed_at: AwareDatetime
    publish_at: AwareDatetime | None = None
    disclosures_confirmed: bool | None = None
    change_reason: str | None = Field(default=None, max_length=2000)


class DraftFinding(Variables):
    """Show one thing to look at before the draft may go on."""

    place: str
    what: str
    to_do: str


class PublicationCard(Variables):
    """Show a publication at the top of a form and on Tasklist's cards."""

    code: str
    list_label: str
    version_label: str
    unit_name: str
    editor_name: str
    approver_name: str
    topics_label: str
    areas_label: str
    channels_label: str
    source_label: str
    publish_label: str


class DraftOut(Variables):
    """Tell what the check found. `must_revise`: it may not go to approval as it stands."""

    publication_code: str
    unit: str
    draft_findings: list[DraftFinding]
    must_revise: bool
    publication_card: PublicationCard


KEEP_DRAFT = Contract(
    type="publication.keep_draft",
    label="Lưu và kiểm tra bản thảo",
    description="Cấp mã lần đầu, lưu nội dung, tìm số điện thoại, số định danh, dấu mật, dấu nội bộ.",
    input=DraftIn,
    output=DraftOut,
    person_waits=True,
)


class ApproveIn(PublicationIn):
    """Carry who was to approve, and from when the public may read it."""

    editor: str
    approver: str
    publish_at: AwareDatetime | None = None


class ApproveOut(Variables):
    """Give the moment of publication, now at the earliest."""

    publish_at: AwareDatetime


APPROVE = Contract(
    type="publication.approve",
    label="Ghi nhận duyệt tin",
    description="Ghi người duyệt, là người khác người biên tập, và định thời điểm phát hành.",
    input=ApproveIn,
    output=ApproveOut,
)


class PublishOut(Variables):
    """Give until when the publication may be corrected or recalled."""

    publication_open_until: AwareDatetime


PUBLISH = Contract(
    type="publication.publish",
    label="Phát hành tin",
    description="Đưa tin lên trang và nguồn tin, xếp thư và tin nhắn cho người đã đăng ký đúng chủ đề, địa bàn.",
    input=PublicationIn,
    output=PublishOut,
    timeout=timedelta(minutes=5),
)


class DiscardOut(Variables):
    """Tell whether an earlier wording stays published."""

    still_published: bool


DISCARD = Contract(
    type="publication.discard",
    label="Bỏ bản thảo",
    description="Bỏ bản đang soạn; bản đã phát hành, nếu có, vẫn giữ nguyên.",
    input=PublicationIn,
    output=DiscardOut,
)


class ChangeIn(PublicationIn):
    """Carry why a publication is corrected or recalled."""

    change_reason: str = Field(max_length=2000)


class CorrectionOut(Variables):
    """Take back what was confirmed for the wording before."""

    disclosures_confirmed: bool


BEGIN_CORRECTION = Contract(
    type="publication.begin_correction",
    label="Bắt đầu đính chính",
    description="Ghi lý do đính chính; bản mới phải được kiểm tra và duyệt như bản đầu.",
    input=ChangeIn,
    output=CorrectionOut,
)

RECALL = Contract(
    type="publication.recall",
    label="Thu hồi tin",
    description="Gỡ nội dung khỏi trang, bỏ thư chưa gửi, báo cho người đã nhận.",
    input=ChangeIn,
    output=Nothing,
    timeout=timedelta(minutes=5),
)


class RequestChangeIn(ChangeIn):
    """Carry what staff fill in to have a publication corrected or recalled."""

    publication_change: Literal["correct", "recall"]


REQUEST_CHANGE = Contract(
    type="publication.request_change",
    label="Chuyển yêu cầu tới tin",
    description="Gửi yêu cầu đính chính hoặc thu hồi tới quy trình của tin.",
    input=RequestChangeIn,
    output=Nothing,
    errors={"Err_PublicationNotOpen": "Không có tin mang mã này, hoặc tin đã hết thời gian theo dõi"},
    person_waits=True,
)

CONTRACTS = (KEEP_DRAFT, APPROVE, PUBLISH, DISCARD, BEGIN_CORRECTION, RECALL, REQUEST_CHANGE)
