"""Take in what citizens say through 1022: feedback and their ratings. Registry rows and message commit together."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from workers.documents.photos import NotAPhoto, plain_photo
from workers.errors import UserError
from workers.feedbackwork import new_feedback
from workers.records import FeedbackPhoto, FeedbackRating, FeedbackRecord, FeedbackState, OutboxDraft, Reporter
from workers.regulation.codes import new_feedback_code, parse_feedback_code, rating_key, tracking_secret
from workers.regulation.organization import UnitLevel
from workers.rulebook import local

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.workplace import Services

RECEIVED = "Msg_FeedbackReceived"
RATED = "Msg_FeedbackRated"
REPORT = "report"

Channel = Literal["phone", "portal", "api", "open311"]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)]


class FeedbackDraft(BaseModel):
    """Hold feedback as it comes in. `commune`: code of the unit it lies in; coordinates in degrees (WGS 84).

    An anonymous draft keeps nothing of who sent it, whatever is filled in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    channel: Channel
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=4000)]
    field: str | None = None
    place: Line = ""
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)
    commune: str | None = None
    anonymous: bool = False
    name: Line | None = None
    phone: Line | None = None
    email: Line | None = None
    consent_email: bool = False
    consent_sms: bool = False
    consent_zalo: bool = False

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("vị trí cần cả vĩ độ và kinh độ")
        if not self.anonymous and not (self.name and (self.phone or self.email)):
            raise ValueError("cần họ tên và số điện thoại hoặc thư điện tử, hoặc chọn gửi ẩn danh")
        return self

    def reporter(self) -> Reporter:
        """Give who sent it, as far as it is kept."""
        return Reporter() if self.anonymous else Reporter(**self.model_dump(include=set(Reporter.model_fields)))


async def report(
    services: Services,
    draft: FeedbackDraft,
    photos: Sequence[tuple[str, bytes]] = (),
    kept_before: Sequence[FeedbackPhoto] = (),
) -> tuple[str, str]:
    """Keep feedback and have its process started; returns its code and its secret.

    `photos`: name and bytes of each; `kept_before`: those that `keep_photo` has kept already. Raises UserError for an
    unknown field or commune and for what is no photo.
    """
    _check(services, draft)
    _check_count(services, len(photos) + len(kept_before))
    kept = [*kept_before, *[await keep_photo(services, name, data) for name, data in photos]]
    feedback = new_feedback(
        services.rules,
        local(services.now()),
        code=new_feedback_code(secrets.choice),
        secret=tracking_secret(secrets.choice),
        **draft.model_dump(include=set(FeedbackRecord.model_fields)),
    )
    async with services.registry.write() as writer:
        await writer.add_feedback(feedback, draft.reporter())
        for photo in kept:
            await writer.add_feedback_photo(feedback.code, photo)
        await writer.send(
            OutboxDraft.to_engine(
                feedback.code, RECEIVED, feedback.code, {"feedback_code": feedback.code}, feedback.code
            )
        )
    return feedback.code, feedback.secret


async def rate(services: Services, code: str, stars: int, comment: str = "") -> None:
    """Keep the citizen's own rating of the newest answer, 1 to 5, and pass it on.

    Raises UserError when there is no answer to rate, when the time for it is over, or when it was rated already.
    """
    async with services.registry.write() as writer:
        feedback = await writer.feedback(parse_feedback_code(code))
        if feedback is None:
            raise UserError(f"Không có phản ánh nào mang mã {code}.")
        if feedback.state is not FeedbackState.ANSWERED:
            raise UserError(f"Phản ánh {feedback.code} chưa có kết quả, hoặc đã hết thời gian đánh giá.")
        rating = FeedbackRating(stars=stars, comment=comment.strip(), at=local(services.now()), round=feedback.round)
        if not await writer.add_feedback_rating(feedback.code, rating):
            raise UserError(f"Kết quả này của phản ánh {feedback.code} đã được đánh giá.")
        key = rating_key(feedback.code, feedback.round)
        await writer.send(OutboxDraft.to_engine(key, RATED, key, {"stars": stars}, feedback.code))


def _check(services: Services, draft: FeedbackDraft) -> None:
    policy, today = services.rules.feedback, local(services.now()).date()
    if draft.field is not None and policy.field(draft.field) is None:
        known = ", ".join(one.code for one in policy.fields)
        raise UserError(f"Không có lĩnh vực “{draft.field}”. Các lĩnh vực: {known}.")
    commune = services.rules.unit_at(draft.commune, today) if draft.commune else None
    if draft.commune and (commune is None or commune.level is not UnitLevel.COMMUNE):
        raise UserError(f"“{draft.commune}” không phải mã phường, xã, đặc khu đang hoạt động.")


def _check_count(services: Services, count: int) -> None:
    most = services.rules.feedback.photos.count
    if count > most:
        raise UserError(f"Mỗi phản ánh gửi được tối đa {most} ảnh.")


async def keep_photo(services: Services, name: str, data: bytes) -> FeedbackPhoto:
    """Keep one photo of the citizen's, without what the camera wrote into it.

    Raises UserError for one that is too large and for what is no photo.
    """
    limits = services.rules.feedback.photos
    if len(data) > limits.megabytes * 1024 * 1024:
        raise UserError(f"Ảnh {name} lớn hơn {limits.megabytes} MB.")
    try:
        plain = await asyncio.to_thread(plain_photo, data, limits.longest_side)
    except NotAPhoto:
        raise UserError(f"{name} không phải ảnh JPEG, PNG hoặc WebP đọc được.") from None
    stored = await asyncio.to_thread(services.files.store.put_bytes, plain, name)
    return FeedbackPhoto(sha256=stored.sha256, name=stored.name, kind=REPORT)
