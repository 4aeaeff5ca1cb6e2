"""Do what steps of citizens' feedback do alike: what a form shows, letters, hand-overs, deadlines."""

from __future__ import annotations

from dataclasses import replace
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from workers.casework import effect_id, moment_label, note, send_to_mailbox
from workers.records import FeedbackHandover, FeedbackRecord, OutboxChannel, OutboxDraft
from workers.regulation.feedback import forward_due, shortened_due
from workers.regulation.masking import mask_personal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from workers.ports import Work, Writer
    from workers.records import Reporter
    from workers.rulebook import Moment, Rulebook

CARD_WIDTH = 76
UNCLASSIFIED = "Chưa phân loại"
WITHHELD = "Nội dung hạn chế: chỉ người được giao đọc, bằng `dieuphoi show`."
CHANNEL_NAMES = {"phone": "Tổng đài 1022", "portal": "Cổng", "api": "Hệ thống khác", "open311": "Hệ thống khác"}


def summary(work: Work, feedback: FeedbackRecord) -> dict[str, Any]:
    """Collect what stands at the top of every form: no reporter, the text masked, of restricted feedback no text."""
    text = WITHHELD if feedback.restricted else feedback.public_text or mask_personal(feedback.text)
    today = work.now.date()
    return {
        "code": feedback.code,
        "list_label": f"{feedback.code}\n{shorten(text, CARD_WIDTH, placeholder='…')}",
        "text": text,
        "place": "" if feedback.restricted else mask_personal(feedback.place),
        "commune_name": work.rules.unit_name(feedback.commune, today) if feedback.commune else "",
        "field_name": field_name(work, feedback),
        "channel_label": CHANNEL_NAMES.get(feedback.channel, feedback.channel),
        "received_label": moment_label(feedback.received_at),
        "due_label": moment_label(feedback.due_at) if feedback.due_at else "",
        "round_label": f"mở lại lần {feedback.round}" if feedback.round else "",
        "restricted_label": "hạn chế" if feedback.restricted else "",
    }


def field_name(work: Work, feedback: FeedbackRecord) -> str:
    """Name the field of a feedback."""
    field = work.rules.feedback.field(feedback.field)
    return field.name if field else UNCLASSIFIED


def new_feedback(rules: Rulebook, now: datetime, **said: Any) -> FeedbackRecord:
    """Hold what a citizen said with the instant until which it has to be forwarded."""
    due = forward_due(rules.feedback, now, rules.hours_of(rules.feedback.coordinator))
    return FeedbackRecord(received_at=now, forward_due_at=due, **said)


def reclassified_due(work: Work, feedback: FeedbackRecord, field: str | None, unit: str) -> Moment:
    """Find the deadline under a field: counted from the first forwarding, after a reopening from now, never later."""
    start = feedback.forwarded_at if feedback.forwarded_at and not feedback.round else work.now
    due = work.rules.feedback_due(field, unit, start)
    return replace(due, at=shortened_due(feedback.due_at, due.at)) if feedback.due_at else due


def plain_time_left(start: datetime, end: datetime) -> str:
    """Write the time left around the clock (negative: overdue)."""
    minutes = round(abs((end - start).total_seconds()) / 60)
    days, rest = divmod(minutes, 24 * 60)
    hours, rest = divmod(rest, 60)
    parts = [f"{days} ngày" if days else "", f"{hours} giờ" if hours else "", f"{rest} phút" if rest else ""]
    amount = " ".join(part for part in parts if part) or "0 phút"
    return f"còn {amount}" if end >= start else f"quá hạn {amount}"


async def move(work: Work, writer: Writer, feedback: FeedbackRecord, to_unit: str, reason: str) -> FeedbackRecord:
    """Keep that the feedback goes to a unit, from whoever had it: a row of its own and an entry of the timeline."""
    from_unit = feedback.unit or work.rules.feedback.coordinator
    handover = FeedbackHandover(from_unit=from_unit, to_unit=to_unit, reason=reason, at=work.now)
    await writer.add_feedback_handover(feedback.code, handover)
    await note(work, writer, feedback.code, reason, unit=to_unit, remark=f"từ {from_unit}")
    return await writer.update_feedback(feedback.code, unit=to_unit)


async def tell_reporter(
    work: Work, writer: Writer, feedback: FeedbackRecord, event: str, values: Mapping[str, Any] | None = None
) -> None:
    """Queue a message on each channel the reporter agreed to; without one it is noted that nobody is told."""
    reporter = await writer.reporter(feedback.code)
    channels = list(_agreed(reporter))
    if not channels:
        await note(work, writer, feedback.code, "Không báo tin: người phản ánh không để lại kênh nhận tin")
        return
    known = {"recipient_name": reporter.name or "người phản ánh", **facts(work, feedback), **(values or {})}
    text = work.texts.render(event, known)
    for channel, address in channels:
        body, variables = text.on(channel)
        await writer.send(
            OutboxDraft(
                message_id=effect_id(work, event, feedback.code, channel.value),
                dossier_code=feedback.code,
                channel=channel,
                recipient=address,
                event=event,
                subject=text.subject,
                body=body,
                variables=variables,
                not_before=work.rules.quiet_until(work.now),
            )
        )


async def tell_unit(
    work: Work,
    writer: Writer,
    feedback: FeedbackRecord,
    unit: str,
    event: str,
    values: Mapping[str, Any] | None = None,
) -> None:
    """Queue a letter to a unit's mailbox, or to its successor's. Raises NeedsOperator when that is not decided."""
    unit = work.rules.unit_in_charge(unit, work.now.date(), (feedback.unit or "",))
    await send_to_mailbox(work, writer, feedback.code, unit, event, {**facts(work, feedback), **(values or {})})


def facts(work: Work, feedback: FeedbackRecord) -> dict[str, Any]:
    """Collect what letters say of a feedback; no reporter, and not what was reported."""
    unit = work.rules.unit_name(feedback.unit, work.now.date()) if feedback.unit else ""
    return {
        "feedback_code": feedback.code,
        "field_name": field_name(work, feedback),
        "unit_name": unit,
        "received_label": moment_label(feedback.received_at),
        "due_label": moment_label(feedback.due_at) if feedback.due_at else "",
        "tracking_url": work.feedback_url(feedback.code),
    }


def _agreed(reporter: Reporter) -> Iterator[tuple[OutboxChannel, str]]:
    if reporter.consent_email and reporter.email:
        yield OutboxChannel.EMAIL, reporter.email
    if reporter.consent_sms and reporter.phone:
        yield OutboxChannel.SMS, reporter.phone
    if reporter.consent_zalo and reporter.phone:
        yield OutboxChannel.ZALO, reporter.phone
