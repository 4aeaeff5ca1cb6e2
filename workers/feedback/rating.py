"""Keep the citizen's rating; reopen feedback or end it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.casework import note
from workers.claims import feedback_of
from workers.contract import FeedbackIn, Nothing
from workers.errors import NeedsOperator
from workers.feedback.contracts import FeedbackSummary, RateOut, ReopenOut
from workers.feedbackwork import move, summary, tell_reporter
from workers.records import FeedbackState
from workers.regulation.feedback import forward_due

if TYPE_CHECKING:
    from workers.feedback.contracts import RateIn
    from workers.ports import Work
    from workers.records import FeedbackRecord


async def rate(inp: RateIn, work: Work) -> RateOut:
    """Record the stars the citizen gave this answer. Raises NeedsOperator when the citizen gave no such rating."""
    feedback = await _answered(inp, work)
    given = [one.stars for one in await work.read.feedback_ratings(feedback.code) if one.round == feedback.round]
    if given != [inp.stars]:
        raise NeedsOperator(
            f"Phản ánh {feedback.code}: số sao trong biến stars không phải do người phản ánh chấm.",
            action="Trả biến stars trong Operate về số sao trong sổ đăng ký (`dieuphoi show`) rồi bấm Retry.",
            code="PA-008",
        )
    writer = await work.write()
    await note(work, writer, feedback.code, f"Người phản ánh đánh giá {inp.stars}/5")
    return RateOut(feedback_round=feedback.round)


async def reopen(inp: FeedbackIn, work: Work) -> ReopenOut:
    """Give the feedback back to the coordinator with new clocks and its last unit proposed; the first ones are kept."""
    feedback = await _answered(inp, work)
    unit = feedback.unit or work.rules.feedback.coordinator
    due = work.rules.feedback_due(feedback.field, unit, work.now)
    writer = await work.write()
    feedback = await writer.update_feedback(
        feedback.code,
        state=FeedbackState.REOPENED,
        round=feedback.round + 1,
        resolved_at=None,
        due_at=due.at,
        deadline_provisional=due.provisional,
    )
    await tell_reporter(work, writer, feedback, "feedback_reopened")
    coordinator = work.rules.feedback.coordinator
    feedback = await move(work, writer, feedback, coordinator, f"Mở lại lần {feedback.round}")
    return ReopenOut(
        due_at=due.at,
        forward_due_at=forward_due(work.rules.feedback, work.now, work.rules.hours_of(coordinator)),
        handling_unit=coordinator,
        unit_choice=unit,
        feedback_summary=FeedbackSummary(**summary(work, feedback)),
    )


async def close(inp: FeedbackIn, work: Work) -> Nothing:
    """End the feedback: it was rated, or the time to rate it is over."""
    feedback = await _answered(inp, work)
    writer = await work.write()
    await writer.update_feedback(feedback.code, state=FeedbackState.CLOSED, closed_at=work.now)
    await note(work, writer, feedback.code, "Kết thúc phản ánh", unit=feedback.unit)
    return Nothing()


async def _answered(inp: FeedbackIn, work: Work) -> FeedbackRecord:
    feedback = await feedback_of(inp, work)
    if feedback.state is not FeedbackState.ANSWERED:
        raise NeedsOperator(
            f"Phản ánh {feedback.code} không ở trạng thái đã trả lời nên không đánh giá, mở lại, kết thúc được.",
            action="Xem `dieuphoi show` của phản ánh; nếu bước bị chạy lại do sửa phiên trong Operate thì hủy bước đó.",
            code="PA-009",
        )
    return feedback
