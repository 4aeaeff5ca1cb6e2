"""Do what several chapters do alike: labels, messages to applicants and units, timeline events."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from workers.records import (
    Attachment,
    DossierRecord,
    OutboxChannel,
    OutboxDraft,
    TimelineEntry,
    TimelineKind,
)
from workers.rulebook import local

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from workers.ports import Work, Writer
    from workers.records import Applicant, OpenStep, PaperRecord

# Tasklist's cards show three lines as they are; a longer one pushes priority and due date out of sight.
CARD_WIDTH = 38
CARD_TITLE_LINES = 2
HAND_OVER = "Bàn giao hồ sơ cho đơn vị kế thừa"
URGENCY_LABELS = {"normal": "Bình thường", "urgent": "Khẩn"}


def moment_label(moment: datetime) -> str:
    """Write an instant as people here read it: 23/11/2026 17:00."""
    return f"{local(moment):%d/%m/%Y %H:%M}"


def time_left_label(work: Work, working_minutes: int) -> str:
    """Write working minutes left (negative: overdue)."""
    amount = work.rules.amount_label(abs(working_minutes))
    return f"còn {amount}" if working_minutes >= 0 else f"quá hạn {amount}"


async def hand_over(
    work: Work, writer: Writer, dossier: DossierRecord, held_by: str | None = None, request_id: str | None = None
) -> DossierRecord:
    """Keep who took over from the dossier's units, and from the unit asked, that are no longer in force; once each.

    `held_by`: who holds the dossier by a person's decision, where a divided unit has several successors.
    """
    today = work.now.date()

    def taken_over(unit: str) -> str | None:
        heir = None if work.rules.unit_at(unit, today) else work.rules.heir(unit, today, (held_by or "",))
        return heir.code if heir else None

    def changed(known: DossierRecord) -> dict[str, str]:
        units = {"origin_unit": known.origin_unit, "lead_unit": known.lead_unit}
        return {field: heir for field, unit in units.items() if (heir := taken_over(unit))}

    if changed(dossier):
        # Locks the row: of several steps that begin at once, one keeps the hand-over.
        dossier = await writer.update_dossier(dossier.code)
    changes = changed(dossier)
    moved = {getattr(dossier, field): unit for field, unit in changes.items()}
    asked = await writer.opinion(request_id) if request_id else None
    if asked and (unit := taken_over(asked.unit)):
        moved[asked.unit] = unit
        await writer.update_opinion(asked.request_id, unit=unit)
    for old, unit in moved.items():
        remark = f"từ {work.rules.ended_unit(old, today)}"
        await note(work, writer, dossier.code, HAND_OVER, unit=unit, remark=remark)
    return await writer.update_dossier(dossier.code, **changes) if changes else dossier


def in_charge(work: Work, dossier: DossierRecord, unit: str) -> str:
    """Give who has a unit's work on this dossier today. Raises NeedsOperator when a person has to decide."""
    return work.rules.unit_in_charge(unit, work.now.date(), (dossier.lead_unit, dossier.origin_unit))


def facts(work: Work, dossier: DossierRecord) -> dict[str, Any]:
    """Collect what papers and texts say of a dossier; no personal data."""
    procedure = work.rules.procedure_of(dossier)
    today = work.now.date()
    return {
        "dossier_code": dossier.code,
        "procedure_name": procedure.name,
        "procedure_confirmed": procedure.confirmed,
        "title": dossier.title,
        "unit_name": work.rules.unit_name(dossier.origin_unit, today),
        "lead_unit_name": work.rules.unit_name(dossier.lead_unit, today),
        "received_at": dossier.received_at,
        "due_at": dossier.due_at,
        "original_due_at": dossier.original_due_at,
        "received_label": moment_label(dossier.received_at),
        "due_label": moment_label(dossier.due_at),
        "tracking_url": work.tracking_url(dossier.code),
    }


def summary(work: Work, dossier: DossierRecord) -> dict[str, Any]:
    """Collect what stands at the top of every form."""
    known = facts(work, dossier)
    return {
        "code": dossier.code,
        "procedure_name": known["procedure_name"],
        "title": dossier.title,
        "urgency_label": URGENCY_LABELS.get(dossier.urgency, dossier.urgency),
        "urgent": dossier.urgency == "urgent",
        "list_label": "\n".join([dossier.code, *_card_lines(dossier.title)]),
        "origin_unit_name": known["unit_name"],
        "lead_unit_name": known["lead_unit_name"],
        "received_label": known["received_label"],
        "due_label": known["due_label"],
        "provisional_label": "tạm tính: lịch làm việc của năm chưa được xác nhận"
        if dossier.deadline_provisional
        else "",
        "papers_url": work.papers_url(dossier.code),
    }


def _card_lines(title: str) -> list[str]:
    return wrap(title, CARD_WIDTH, max_lines=CARD_TITLE_LINES, placeholder="…")


async def tell_applicant(
    work: Work,
    writer: Writer,
    dossier: DossierRecord,
    event: str,
    values: Mapping[str, Any],
    papers: Sequence[PaperRecord] = (),
) -> None:
    """Queue a message to who filed, over each channel consented to; without an e-mail the desk hands the paper over.

    A text message only says that there is something to read; it replaces no paper.
    """
    applicant = await writer.applicant(dossier.code)
    address = _address_of(work, dossier, applicant)
    text = work.texts.render(event, {**facts(work, dossier), "recipient_name": applicant.name, **values})
    not_before = None if applicant.unit else work.rules.quiet_until(work.now)
    if text.sms and applicant.consent_sms and applicant.phone:
        await writer.send(
            OutboxDraft(
                message_id=effect_id(work, event, OutboxChannel.SMS),
                dossier_code=dossier.code,
                channel=OutboxChannel.SMS,
                recipient=applicant.phone,
                event=event,
                body=text.sms,
                not_before=not_before,
            )
        )
    if address is None:
        await note(work, writer, dossier.code, "Không gửi thư: người nộp chưa đồng ý nhận thư điện tử; giao tại quầy")
        return
    await writer.send(
        OutboxDraft(
            message_id=effect_id(work, event),
            dossier_code=dossier.code,
            channel=OutboxChannel.EMAIL,
            recipient=address,
            event=event,
            subject=text.subject,
            body=text.body,
            attachments=_attachments(papers),
            not_before=not_before,
        )
    )


async def tell_unit(
    work: Work,
    writer: Writer,
    dossier: DossierRecord,
    unit: str,
    event: str,
    values: Mapping[str, Any],
    papers: Sequence[PaperRecord] = (),
) -> None:
    """Queue a message to a unit's mailbox, or to its successor's. Raises NeedsOperator when that is not decided."""
    unit = in_charge(work, dossier, unit)
    await send_to_mailbox(work, writer, dossier.code, unit, event, {**facts(work, dossier), **values}, papers)


async def send_to_mailbox(
    work: Work,
    writer: Writer,
    code: str,
    unit: str,
    event: str,
    values: Mapping[str, Any],
    papers: Sequence[PaperRecord] = (),
) -> None:
    """Queue a letter about a case to the mailbox of a unit in force."""
    text = work.texts.render(event, {"recipient_name": work.rules.unit_name(unit, work.now.date()), **values})
    await writer.send(
        OutboxDraft(
            message_id=effect_id(work, event, unit),
            dossier_code=code,
            channel=OutboxChannel.EMAIL,
            recipient=work.rules.mailbox(unit),
            event=event,
            subject=text.subject,
            body=text.body,
            attachments=_attachments(papers),
        )
    )


async def note(
    work: Work,
    writer: Writer,
    code: str,
    name: str,
    unit: str | None = None,
    clause: str | None = None,
    remark: str | None = None,
    at: datetime | None = None,
) -> None:
    """Append an event to the dossier's timeline."""
    await writer.record_event(
        TimelineEntry(
            dossier_code=code,
            seq=0,
            kind=TimelineKind.EVENT,
            at=at or work.now,
            element_id=work.job.element_id,
            process_id=work.job.process_id,
            name=name,
            unit=unit,
            clause=clause,
            note=remark,
        )
    )


async def close_open_steps(
    work: Work,
    writer: Writer,
    code: str,
    outcome: str,
    process_id: str | None = None,
    request_id: str | None = None,
) -> None:
    """Close what is open, of one process, of one request or all, when a message or a timer ends it.

    The engine runs no end listener then.
    """
    for step in await writer.open_steps(code):
        if process_id not in {None, step.process_id} or request_id not in {None, step.request_id}:
            continue
        await end_step(work, writer, step, outcome)


async def end_step(work: Work, writer: Writer, step: OpenStep, outcome: str | None) -> None:
    """Close a step now; never before it began, though another process, whose clock was ahead, may have opened it."""
    at = max(work.now, step.opened_at)
    await writer.close_step(step.step_id, at, work.rules.working_minutes(step.unit, step.opened_at, at), outcome)


def effect_id(work: Work, *purpose: str) -> str:
    """Name one effect of one element instance: the same on every delivery of the job."""
    return ".".join((str(work.job.element_instance_key), *purpose))


def _address_of(work: Work, dossier: DossierRecord, applicant: Applicant) -> str | None:
    if applicant.unit:
        return work.rules.mailbox(in_charge(work, dossier, applicant.unit))
    return applicant.email if applicant.consent_email else None


def _attachments(papers: Sequence[PaperRecord]) -> list[Attachment]:
    return [Attachment(name=paper.name, sha256=paper.sha256) for paper in papers]
