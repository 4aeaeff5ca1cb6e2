"""Register feedback, classify it, and send it where it belongs: a unit, another feedback, or out of 1022."""

from __future__ import annotations

from datetime import timedelta
from textwrap import shorten
from typing import TYPE_CHECKING

from workers.casework import moment_label, note
from workers.claims import feedback_of, open_feedback_of
from workers.contract import FeedbackIn, Nothing
from workers.errors import NeedsOperator
from workers.feedback.contracts import Choice, ClassifyOut, FeedbackSummary, ForwardOut, RegisterOut
from workers.feedbackwork import move, new_feedback, reclassified_due, summary, tell_reporter, tell_unit
from workers.records import FeedbackAnswer, FeedbackRecord, FeedbackState, PublicState, Reporter
from workers.regulation.likeness import likeness, metres_between
from workers.regulation.masking import mask_personal
from workers.regulation.organization import UnitLevel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.feedback.contracts import ClassifyIn, DeclineIn, ForwardIn, MergeIn, RegisterIn
    from workers.ports import Work
    from workers.regulation.feedback import FeedbackField, FeedbackPolicy

FIRST_TIME = "Chuyển phản ánh cho đơn vị xử lý"
AGAIN = "Chuyển lại phản ánh cho đơn vị khác"
SUGGESTIONS = 5
COMPARED = 500
SHOWN = 90


async def register(inp: RegisterIn, work: Work) -> RegisterOut:
    """Give what the operator wrote a code; suggest field, duplicates, emergencies; tell the reporter code and secret.

    What may be about the conduct of an official counts as restricted until the coordinator has classified it.
    """
    policy = work.rules.feedback
    feedback, reporter = await _received(inp, work)
    field = policy.field(feedback.field) or policy.suggest_field(feedback.text)
    matter = policy.suggest_matter(feedback.text)
    restricted = bool(field and field.restricted) or matter is not None
    alike = [] if restricted else await _alike(feedback, field, work)
    writer = await work.write()
    if reporter is not None:
        await writer.add_feedback(feedback, reporter)
    feedback = await writer.update_feedback(
        feedback.code, process_instance_key=work.job.process_instance_key, restricted=restricted
    )
    calls = [f"gọi {one.number} ({one.name})" for one in policy.emergencies_in(feedback.text)]
    await tell_reporter(
        work,
        writer,
        feedback,
        "feedback_received",
        {"tracking_secret": feedback.secret, "emergency_label": ", ".join(calls)},
    )
    remark = f"chuyển trước {moment_label(feedback.forward_due_at)}"
    await note(work, writer, feedback.code, "Tiếp nhận phản ánh", unit=policy.coordinator, remark=remark)
    hints = [f"Khẩn cấp: đề nghị người dân {call} ngay." for call in calls]
    hints += [f"Có dấu hiệu {matter.name.lower()}: hướng dẫn nơi gửi, không xử lý tại 1022."] if matter else []
    return RegisterOut(
        feedback_code=feedback.code,
        feedback_summary=FeedbackSummary(**summary(work, feedback)),
        coordinator_unit=policy.coordinator,
        forward_due_at=feedback.forward_due_at,
        hints="\n".join(hints),
        field_code=field.code if field else None,
        commune_code=feedback.commune,
        matter_code=matter.code if matter else None,
        public_text="" if restricted else mask_personal(feedback.text),
        duplicate_options=[
            Choice(label=f"{one.code} (giống {percent}%): {_short(one)}", value=one.code) for percent, one in alike
        ],
    )


async def classify(inp: ClassifyIn, work: Work) -> ClassifyOut:
    """Keep field and place as the coordinator decided, and what the public may read: of restricted feedback nothing."""
    feedback = await open_feedback_of(inp, work)
    field = known_field(work, inp.field_code)
    commune = inp.commune_code or None
    unit = work.rules.unit_at(commune, work.now.date()) if commune else None
    if commune and (unit is None or unit.level is not UnitLevel.COMMUNE):
        raise NeedsOperator(
            f"Phản ánh {feedback.code}: biến commune_code không phải mã phường, xã, đặc khu đang hoạt động.",
            action="Sửa biến commune_code trong Operate, hoặc để trống, rồi bấm Retry.",
            code="PA-011",
        )
    shown = inp.publication == "shown" and bool(inp.public_text) and not field.restricted
    writer = await work.write()
    feedback = await writer.update_feedback(
        feedback.code,
        field=field.code,
        commune=commune,
        restricted=field.restricted,
        public_state=PublicState.SHOWN if shown else PublicState.HIDDEN,
        public_text=inp.public_text if shown else None,
    )
    remark = f"{field.name}; {'công khai' if shown else 'không công khai'}"
    await note(work, writer, feedback.code, "Phân loại phản ánh", unit=work.rules.feedback.coordinator, remark=remark)
    return ClassifyOut(
        feedback_summary=FeedbackSummary(**summary(work, feedback)),
        restricted=field.restricted,
        field_level=field.level,
        field_unit=field.unit,
        unit_chosen=bool(inp.unit_choice),
        commune_known=commune is not None,
        unit_choice=inp.unit_choice or None,
        commune_code=commune,
    )


async def forward(inp: ForwardIn, work: Work) -> ForwardOut:
    """Hand the feedback to the unit chosen, or to who took over from it, and start its clock the first time.

    A further classification can only shorten the deadline.
    """
    feedback = await open_feedback_of(inp, work)
    if not work.rules.heirs(inp.routed_unit, work.now.date()):
        raise NeedsOperator(
            f"Phản ánh {feedback.code}: đơn vị {inp.routed_unit[:20]} của bảng phân tuyến không hoạt động.",
            action="Sửa biến routed_unit trong Operate thành mã một đơn vị đang hoạt động rồi bấm Retry.",
            code="PA-006",
        )
    unit = work.rules.unit_in_charge(inp.routed_unit, work.now.date())
    first = feedback.forwarded_at is None
    due = reclassified_due(work, feedback, feedback.field, unit)
    writer = await work.write()
    feedback = await move(work, writer, feedback, unit, FIRST_TIME if first else AGAIN)
    started = {"forwarded_at": work.now, "original_due_at": due.at} if first else {}
    state = FeedbackState.REOPENED if feedback.round else FeedbackState.FORWARDED
    feedback = await writer.update_feedback(
        feedback.code, state=state, due_at=due.at, deadline_provisional=due.provisional, **started
    )
    await tell_unit(work, writer, feedback, unit, "feedback_assigned")
    if first:
        await tell_reporter(work, writer, feedback, "feedback_forwarded")
    return ForwardOut(handling_unit=unit, due_at=due.at, feedback_summary=FeedbackSummary(**summary(work, feedback)))


async def decline(inp: DeclineIn, work: Work) -> Nothing:
    """Say where a complaint or denunciation belongs, or why feedback is not taken; what was said stays out of sight."""
    feedback = await open_feedback_of(inp, work)
    matter = work.rules.feedback.matter(inp.matter_code) if inp.triage_decision == "route_out" else None
    advice = [matter.advice if matter else "", inp.triage_note or ""]
    text = "\n".join(part for part in advice if part) or "Nội dung không thuộc phạm vi tiếp nhận của 1022."
    state = FeedbackState.ROUTED_OUT if inp.triage_decision == "route_out" else FeedbackState.REJECTED
    coordinator = work.rules.feedback.coordinator
    writer = await work.write()
    await writer.add_feedback_answer(
        feedback.code, FeedbackAnswer(kind=state.value, text=text, at=work.now, unit=coordinator)
    )
    feedback = await writer.update_feedback(
        feedback.code, state=state, closed_at=work.now, public_state=PublicState.HIDDEN, public_text=None
    )
    await tell_reporter(work, writer, feedback, f"feedback_{state.value}", {"answer": text})
    name = "Hướng dẫn gửi nơi có thẩm quyền" if matter else "Không tiếp nhận phản ánh"
    await note(work, writer, feedback.code, name, unit=coordinator, clause=matter.clause if matter else None)
    return Nothing()


async def merge(inp: MergeIn, work: Work) -> Nothing:
    """Merge into the feedback that says the same, by the coordinator's decision."""
    feedback = await open_feedback_of(inp, work)
    kept = await work.read.feedback(inp.merged_into)
    if kept is None or kept.code == feedback.code or kept.merged_into is not None or kept.restricted:
        raise NeedsOperator(
            f"Phản ánh {feedback.code}: biến merged_into không phải mã một phản ánh khác có thể gộp vào.",
            action="Sửa biến merged_into trong Operate thành mã phản ánh được giữ lại rồi bấm Retry.",
            code="PA-007",
        )
    writer = await work.write()
    feedback = await writer.update_feedback(
        feedback.code,
        state=FeedbackState.MERGED,
        merged_into=kept.code,
        closed_at=work.now,
        public_state=PublicState.HIDDEN,
        public_text=None,
    )
    await tell_reporter(work, writer, feedback, "feedback_merged")
    coordinator = work.rules.feedback.coordinator
    await note(work, writer, feedback.code, f"Gộp vào phản ánh {kept.code}", unit=coordinator)
    await note(work, writer, kept.code, f"Nhận gộp phản ánh {feedback.code}", unit=coordinator)
    return Nothing()


def known_field(work: Work, code: str) -> FeedbackField:
    """Find a field. Raises NeedsOperator for an unknown code."""
    field = work.rules.feedback.field(code)
    if field is None:
        raise NeedsOperator(
            f"Không có lĩnh vực phản ánh “{code[:40]}” trong config/feedback.yaml.",
            action="Sửa biến field_code hoặc accepted_field trong Operate thành mã một lĩnh vực rồi bấm Retry.",
            code="PA-005",
        )
    return field


async def _received(inp: RegisterIn, work: Work) -> tuple[FeedbackRecord, Reporter | None]:
    """Find what the portal kept, or take what the operator wrote; who reported it only in the second case."""
    if inp.feedback_code is not None:
        return await feedback_of(FeedbackIn(feedback_code=inp.feedback_code), work), None
    reporter = Reporter(
        name=inp.reporter_name,
        phone=inp.reporter_phone,
        email=inp.reporter_email,
        consent_email=bool(inp.reporter_consent_email),
        consent_sms=bool(inp.reporter_consent_sms),
        consent_zalo=bool(inp.reporter_consent_zalo),
    )
    feedback = new_feedback(
        work.rules,
        work.now,
        code=work.new_feedback_code(),
        secret=work.new_secret(),
        channel="phone",
        text=inp.report_text or "",
        place=inp.report_place or "",
        commune=inp.report_commune or None,
        field=inp.report_field or None,
        anonymous=bool(inp.report_anonymous),
    )
    return feedback, Reporter() if feedback.anonymous else reporter


async def _alike(
    feedback: FeedbackRecord, field: FeedbackField | None, work: Work
) -> Sequence[tuple[int, FeedbackRecord]]:
    policy = work.rules.feedback
    since = work.now - timedelta(days=policy.likeness.days)
    recent = await work.read.find_feedback(field=field.code if field else None, since=since, limit=COMPARED)
    near = [one for one in recent if _may_be_one(feedback, one, policy)]
    ranked = sorted(((likeness(feedback.text, one.text), one) for one in near), key=lambda pair: -pair[0])
    return [pair for pair in ranked if pair[0] >= policy.likeness.percent][:SUGGESTIONS]


def _may_be_one(feedback: FeedbackRecord, other: FeedbackRecord, policy: FeedbackPolicy) -> bool:
    if other.code == feedback.code or other.merged_into is not None or other.restricted:
        return False
    here, there = _place(feedback), _place(other)
    if here and there:
        return metres_between(here, there) <= policy.likeness.metres
    return feedback.commune == other.commune


def _place(feedback: FeedbackRecord) -> tuple[float, float] | None:
    if feedback.latitude is None or feedback.longitude is None:
        return None
    return feedback.latitude, feedback.longitude


def _short(feedback: FeedbackRecord) -> str:
    return shorten(feedback.public_text or mask_personal(feedback.text), SHOWN, placeholder="…")
