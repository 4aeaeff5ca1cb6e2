"""Answer the one question for a citizen's feedback: where it is, who has held it for how long, what happens next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.text import Text

from workers.casework import moment_label
from workers.errors import UserError
from workers.feedbackwork import UNCLASSIFIED
from workers.regulation.codes import parse_feedback_code
from workers.regulation.statuses import FEEDBACK_STATE_NAMES
from workers.rulebook import local
from workers.show import Row, holder_label, next_steps_of, plain, timeline_rows, timeline_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from workers.records import FeedbackAnswer, FeedbackHandover, FeedbackRating, FeedbackRecord
    from workers.rulebook import Rulebook
    from workers.workplace import Services


@dataclass(frozen=True)
class FeedbackView:
    """Hold everything `dieuphoi show` says of one feedback; who reported it is not shown."""

    feedback: FeedbackRecord
    field: str
    rows: Sequence[Row]
    holders: Sequence[str]
    next_steps: Sequence[str]
    answers: Sequence[FeedbackAnswer]
    ratings: Sequence[FeedbackRating]
    handovers: Sequence[FeedbackHandover]
    forwarded_in_time: bool | None
    resolved_in_time: bool | None

    def as_json(self, rules: Rulebook) -> dict[str, Any]:
        """Give the view as plain values; no reporter, and not what was written, which may name people."""
        feedback = self.feedback
        return {
            **feedback.model_dump(mode="json", exclude={"secret", "text", "place", "latitude", "longitude"}),
            "state_name": FEEDBACK_STATE_NAMES[feedback.state],
            "field_name": self.field,
            "unit_name": rules.unit_name(feedback.unit, feedback.received_at.date()) if feedback.unit else None,
            "holders": list(self.holders),
            "next_steps": list(self.next_steps),
            "forwarded_in_time": self.forwarded_in_time,
            "resolved_in_time": self.resolved_in_time,
            "stars": [one.stars for one in self.ratings],
            "handovers": [one.model_dump(mode="json") for one in self.handovers],
            "timeline": [plain(row) for row in self.rows],
        }


async def view(services: Services, code: str) -> FeedbackView:
    """Collect what is known of a feedback. Raises UserError for a code that is none or unknown."""
    wanted = parse_feedback_code(code)
    now, rules = local(services.now()), services.rules
    async with services.registry.read() as reader:
        feedback = await reader.feedback(wanted)
        if feedback is None:
            raise UserError(f"Không có phản ánh nào mang mã {wanted}.")
        steps = await reader.open_steps(wanted)
        field = rules.feedback.field(feedback.field)
        return FeedbackView(
            feedback=feedback,
            field=field.name if field else UNCLASSIFIED,
            rows=timeline_rows(await reader.timeline(wanted), rules, now),
            holders=[holder_label(step, rules, now) for step in steps],
            next_steps=[text for step in steps for text in next_steps_of(step, rules)],
            answers=await reader.feedback_answers(wanted),
            ratings=await reader.feedback_ratings(wanted),
            handovers=await reader.feedback_handovers(wanted),
            forwarded_in_time=_in_time(feedback.forwarded_at, feedback.forward_due_at),
            resolved_in_time=_in_time(feedback.resolved_at, feedback.original_due_at),
        )


def render(console: Console, shown: FeedbackView, rules: Rulebook) -> None:
    """Print a view for a person who may read what the citizen wrote."""
    feedback = shown.feedback
    console.print(Text(f"Phản ánh {feedback.code}", style="bold"), Text(f"— {feedback.text}"))
    restricted = " · [red]hạn chế[/]" if feedback.restricted else ""
    console.print(f"Lĩnh vực: {escape(shown.field)}{restricted}")
    console.print(f"Trạng thái: [bold]{FEEDBACK_STATE_NAMES[feedback.state]}[/]")
    if feedback.merged_into:
        console.print(f"Gộp vào: {feedback.merged_into}", highlight=False)
    console.print("Đang giữ: " + (escape("; ".join(shown.holders)) or "không đơn vị nào (chờ người dân hoặc đã xong)"))
    forwarded = {None: "chưa chuyển", True: "đã chuyển trong hạn", False: "đã chuyển trễ"}[shown.forwarded_in_time]
    console.print(
        f"Nhận {moment_label(feedback.received_at)} · hạn chuyển {moment_label(feedback.forward_due_at)} ({forwarded})",
        highlight=False,
    )
    if feedback.due_at and feedback.original_due_at:
        resolved = {None: "chưa trả lời", True: "trả lời trong hạn", False: "trả lời trễ"}[shown.resolved_in_time]
        due, original = moment_label(feedback.due_at), moment_label(feedback.original_due_at)
        console.print(f"Hạn xử lý {due} (hạn gốc {original}: {resolved})", highlight=False)
    for answer in shown.answers:
        unit = rules.unit_name(answer.unit, answer.at.date())
        console.print(f"Trả lời {moment_label(answer.at)}, {escape(unit)}: {escape(answer.text)}", highlight=False)
    for rating in shown.ratings:
        console.print(f"Người dân đánh giá: {rating.stars}/5", highlight=False)
    if shown.next_steps:
        console.print("Tiếp theo: " + escape(" | ".join(shown.next_steps)), highlight=False)
    console.print(timeline_table(shown.rows, console.width))


def _in_time(at: Any, due: Any) -> bool | None:
    return None if at is None or due is None else at <= due
