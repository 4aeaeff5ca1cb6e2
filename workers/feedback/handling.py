"""Have a unit resolve feedback: accept or return it, answer step by step, and release the answer once checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.casework import moment_label, note
from workers.claims import open_feedback_of
from workers.contract import Nothing
from workers.errors import BusinessError, NeedsOperator
from workers.feedback.contracts import Clock, FeedbackSummary, PublishOut, ResultOut, ReturnOut
from workers.feedbackwork import move, reclassified_due, summary, tell_reporter, tell_unit
from workers.records import FeedbackAnswer, FeedbackState, PublicState
from workers.regulation.codes import rating_key
from workers.regulation.feedback import PhotosNeeded
from workers.regulation.limits import end_of
from workers.regulation.masking import mask_personal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.feedback.contracts import AcceptIn, InterimIn, PublishIn, ResultIn, ReturnIn
    from workers.ports import Work
    from workers.records import FeedbackPhoto, FeedbackRecord

WRONG_ADDRESS = "Trả lại vì sai địa chỉ"
REPORT, BEFORE, AFTER = "report", "before", "after"
PHOTOS_MISSING = "Err_PhotosMissing"


async def return_to_coordinator(inp: ReturnIn, work: Work) -> ReturnOut:
    """Take the feedback back from a unit that is not the right one; the citizen's clock goes on."""
    feedback = await open_feedback_of(inp, work)
    coordinator = work.rules.feedback.coordinator
    writer = await work.write()
    feedback = await move(work, writer, feedback, coordinator, f"{WRONG_ADDRESS}: {inp.return_reason}")
    await tell_unit(work, writer, feedback, coordinator, "feedback_returned", {"reason": inp.return_reason})
    return ReturnOut(handling_unit=coordinator)


async def accept(inp: AcceptIn, work: Work) -> Clock:
    """Keep that the unit works on it; another field can only bring the deadline forward."""
    feedback = await open_feedback_of(inp, work)
    changes = {}
    if inp.accepted_field and inp.accepted_field != feedback.field:
        field = work.rules.feedback.field(inp.accepted_field)
        if field is None or field.restricted != feedback.restricted:
            raise NeedsOperator(
                f"Phản ánh {feedback.code}: đơn vị xử lý không chuyển được sang lĩnh vực trong biến accepted_field.",
                action="Xóa biến accepted_field trong Operate rồi bấm Retry; cần đổi lĩnh vực thì trả về đầu mối 1022.",
                code="PA-010",
            )
        due = reclassified_due(work, feedback, field.code, feedback.unit or field.unit)
        changes = {"field": field.code, "due_at": due.at}
    writer = await work.write()
    feedback = await writer.update_feedback(feedback.code, state=FeedbackState.IN_PROGRESS, **changes)
    if changes and feedback.due_at:
        remark = f"hạn {moment_label(feedback.due_at)}"
        await note(work, writer, feedback.code, "Đơn vị phân loại lại", unit=feedback.unit, remark=remark)
    due_at = feedback.due_at or work.now
    return Clock(due_at=due_at, feedback_summary=FeedbackSummary(**summary(work, feedback)))


async def answer_interim(inp: InterimIn, work: Work) -> Nothing:
    """Tell the citizen how far it is and the day the unit promises; the deadline stays what it is."""
    feedback = await open_feedback_of(inp, work)
    writer = await work.write()
    answer = FeedbackAnswer(
        kind="interim", text=inp.answer_text, committed_on=inp.committed_on, at=work.now, unit=feedback.unit or ""
    )
    await writer.add_feedback_answer(feedback.code, answer)
    feedback = await writer.update_feedback(feedback.code, committed_on=inp.committed_on)
    day = f"{inp.committed_on:%d/%m/%Y}"
    values = {"answer": inp.answer_text, "committed_label": day}
    await tell_reporter(work, writer, feedback, "feedback_interim", values)
    await note(work, writer, feedback.code, "Trả lời bước đầu", unit=feedback.unit, remark=f"hẹn xong ngày {day}")
    return Nothing()


async def submit_result(inp: ResultIn, work: Work) -> ResultOut:
    """Take the result with its photos. Throws Err_PhotosMissing when the field demands photos that are not there."""
    feedback = await open_feedback_of(inp, work)
    known = await work.read.feedback_photos(feedback.code)
    taken = await work.files.take_photos(inp.photo_batch, work.rules.feedback.photos) if inp.photo_batch else []
    _check_photos(feedback, [*known, *taken], work)
    writer = await work.write()
    for photo in taken:
        await writer.add_feedback_photo(feedback.code, photo)
    await note(work, writer, feedback.code, "Đơn vị báo kết quả xử lý", unit=feedback.unit)
    names = [photo.name for photo in (*known, *taken)]
    return ResultOut(public_answer=mask_personal(inp.answer_text), photo_names=", ".join(names))


async def publish(inp: PublishIn, work: Work) -> PublishOut:
    """Answer the citizen, and those whose feedback was merged into this one; show the public what was checked."""
    feedback = await open_feedback_of(inp, work)
    policy = work.rules.feedback
    shown = feedback.public_state is PublicState.SHOWN and not feedback.restricted
    until = end_of(policy.clocks.rating, work.now, work.rules.hours_of(policy.coordinator))
    writer = await work.write()
    answer = FeedbackAnswer(
        kind="final",
        text=inp.answer_text,
        public_text=inp.public_answer if shown else None,
        at=work.now,
        unit=feedback.unit or policy.coordinator,
    )
    await writer.add_feedback_answer(feedback.code, answer)
    photos = await writer.feedback_photos(feedback.code)
    wanted = {"unit": {BEFORE, AFTER}, "all": {REPORT, BEFORE, AFTER}}.get(inp.public_photos, set())
    await writer.publish_feedback_photos(
        feedback.code, [photo.sha256 for photo in photos if shown and photo.kind in wanted]
    )
    feedback = await writer.update_feedback(
        feedback.code, state=FeedbackState.ANSWERED, resolved_at=work.now, committed_on=None
    )
    values = {"answer": inp.answer_text, "rating_until_label": moment_label(until)}
    await tell_reporter(work, writer, feedback, "feedback_answered", values)
    for merged in await writer.merged_feedback(feedback.code):
        await tell_reporter(work, writer, merged, "feedback_merged_answered", {"answer": inp.public_answer})
    await note(work, writer, feedback.code, "Trả lời người phản ánh", unit=feedback.unit)
    return PublishOut(rating_until=until, rating_key=rating_key(feedback.code, feedback.round))


def _check_photos(feedback: FeedbackRecord, photos: Iterable[FeedbackPhoto], work: Work) -> None:
    field = work.rules.feedback.field(feedback.field)
    kinds = {photo.kind for photo in photos}
    needed = field.photos if field else PhotosNeeded.NONE
    if needed is not PhotosNeeded.NONE and AFTER not in kinds:
        raise BusinessError(PHOTOS_MISSING, "Lĩnh vực này cần ảnh sau khi xử lý (tệp có tên bắt đầu bằng sau).")
    if needed is PhotosNeeded.BEFORE_AND_AFTER and not kinds & {BEFORE, REPORT}:
        raise BusinessError(PHOTOS_MISSING, "Lĩnh vực này cần ảnh trước khi xử lý (tệp có tên bắt đầu bằng truoc).")
