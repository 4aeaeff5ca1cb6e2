"""Remind and escalate, rung by rung, until the subject is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from workers import feedbackwork
from workers.casework import (
    close_open_steps,
    hand_over,
    in_charge,
    moment_label,
    note,
    tell_unit,
    time_left_label,
)
from workers.claims import dossier_of, feedback_of, is_same_work
from workers.contract import DossierIn, FeedbackIn
from workers.coordination.contracts import RemindIn, RemindOut
from workers.feedbackwork import plain_time_left
from workers.records import FINISHED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from workers.ports import Work
    from workers.records import DossierRecord, OpenStep

DOSSIER = "dossier"
EXTENSION = "dossier_extension"
A_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Subject:
    """Hold what is watched: its name, who holds it, its deadline, and from when that is near."""

    name: str
    unit: str
    due_at: datetime
    near_at: datetime


async def remind(inp: RemindIn, work: Work) -> RemindOut:
    """Tell whom the rung names, unless the subject is done; say when to look again.

    When the deadline moved since the last look, nobody is told and the ladder starts anew.
    """
    if inp.feedback_code is not None:
        return await _remind_of_feedback(inp, inp.feedback_code, work)
    dossier = await dossier_of(
        DossierIn.model_validate({"dossier_code": inp.dossier_code or "", "dossier_summary": inp.dossier_summary}), work
    )
    if inp.escalation_kind == DOSSIER and any(one.process_id == EXTENSION for one in await _open_steps(inp, work)):
        # No offer is open while its watch is here: its timer took the task away, and ran no listener.
        await close_open_steps(work, await work.write(), dossier.code, "không đề nghị gia hạn", EXTENSION)
    subject = await _subject(inp, work, dossier)
    if subject is None or await _is_superseded(inp, work):
        return RemindOut(rung=inp.rung, wake_at=work.now, escalation_continues=False)
    if dossier.paused_at is not None and inp.escalation_kind == DOSSIER:
        return RemindOut(rung=0, wake_at=_earliest_near(work, dossier), escalation_continues=True)
    if inp.watched_due_at is not None and inp.watched_due_at != subject.due_at:
        return RemindOut(rung=0, wake_at=max(subject.near_at, work.now), escalation_continues=True)
    if inp.rung == 0 and subject.near_at > work.now:
        # The engine's clock, ahead of ours, would call again at once and go on until ours is there, too.
        return RemindOut(rung=0, wake_at=max(subject.near_at, work.now + A_MINUTE), escalation_continues=True)
    await _tell(inp, work, dossier, subject)
    return _next(inp, work, subject)


async def _remind_of_feedback(inp: RemindIn, code: str, work: Work) -> RemindOut:
    """Do the same for a step of a citizen's feedback; the office of the ladder is the coordinator."""
    claims = {"feedback_code": code, "feedback_summary": inp.feedback_summary}
    feedback = await feedback_of(FeedbackIn.model_validate(claims), work)
    held = [one for one in await work.read.open_steps(code) if _is_watched(inp, work, one)]
    if not held or held[0].due_at is None:
        return RemindOut(rung=inp.rung, wake_at=work.now, escalation_continues=False)
    step = held[0]
    subject = Subject(step.name, step.unit, held[0].due_at, step.opened_at)
    unit = {"office": work.rules.feedback.coordinator, "leader": work.rules.city_unit}.get(
        inp.ladder.recipient_role, step.unit
    )
    values = {
        "step_name": step.name,
        "holder_name": work.rules.unit_name(step.unit, work.now.date()),
        "step_due_label": moment_label(subject.due_at),
        "time_left_label": plain_time_left(work.now, subject.due_at),
    }
    writer = await work.write()
    await feedbackwork.tell_unit(work, writer, feedback, unit, inp.ladder.text, values)
    name = f"Đôn đốc bậc {inp.rung + 1}: {step.name}"
    await note(work, writer, code, name, unit=unit, clause=inp.ladder.clause, remark=values["time_left_label"])
    return _next(inp, work, subject)


def _next(inp: RemindIn, work: Work, subject: Subject) -> RemindOut:
    if inp.ladder.final or inp.ladder.next_after_hours is None:
        return RemindOut(rung=inp.rung, wake_at=work.now, escalation_continues=False)
    minutes = round(inp.ladder.next_after_hours * 60)
    return RemindOut(
        rung=inp.rung + 1,
        wake_at=work.rules.add_working_minutes(subject.unit, subject.due_at, minutes) if minutes else subject.due_at,
        watched_due_at=subject.due_at,
        escalation_continues=True,
    )


async def _subject(inp: RemindIn, work: Work, dossier: DossierRecord) -> Subject | None:
    if inp.escalation_kind == DOSSIER:
        if dossier.state in FINISHED:
            return None
        return Subject("Giải quyết hồ sơ", dossier.lead_unit, dossier.due_at, dossier.near_due_at)
    for step in await _open_steps(inp, work):
        if _is_watched(inp, work, step) and step.due_at is not None:
            return Subject(step.name, step.unit, step.due_at, step.opened_at)
    return None


async def _open_steps(inp: RemindIn, work: Work) -> Sequence[OpenStep]:
    return await work.read.open_steps(inp.dossier_code or "")


async def _is_superseded(inp: RemindIn, work: Work) -> bool:
    """Tell whether the deadline moved earlier since this watch began: then another one watches."""
    if inp.escalation_kind != DOSSIER or inp.deadline_revision is None:
        return False
    changes = await work.read.deadline_changes(inp.dossier_code or "")
    later = [one for one in changes if one.revision > inp.deadline_revision]
    return any(one.before is not None and one.after < one.before for one in later)


def _is_watched(inp: RemindIn, work: Work, step: OpenStep) -> bool:
    return step.element_id == inp.step_element and (inp.unit is None or is_same_work(work, inp.unit, step.unit))


def _earliest_near(work: Work, dossier: DossierRecord) -> datetime:
    """Find the first moment at which a paused deadline could be near: as if the supplement came now."""
    remaining = work.rules.working_minutes(dossier.lead_unit, dossier.paused_at or work.now, dossier.near_due_at)
    one_day = 8 * 60
    return work.rules.add_working_minutes(dossier.lead_unit, work.now, max(remaining, one_day))


async def _tell(inp: RemindIn, work: Work, dossier: DossierRecord, subject: Subject) -> None:
    writer = await work.write()
    dossier = await hand_over(work, writer, dossier)
    holder = in_charge(work, dossier, subject.unit)
    unit = _recipient(inp, work, holder)
    left = work.rules.working_minutes(subject.unit, work.now, subject.due_at)
    values = {
        "step_name": subject.name,
        "holder_name": work.rules.unit_name(holder, work.now.date()),
        "step_due_label": moment_label(subject.due_at),
        "time_left_label": time_left_label(work, left),
    }
    await tell_unit(work, writer, dossier, unit, inp.ladder.text, values)
    await note(
        work,
        writer,
        dossier.code,
        f"Đôn đốc bậc {inp.rung + 1}: {subject.name}",
        unit=unit,
        clause=inp.ladder.clause,
        remark=values["time_left_label"],
    )


def _recipient(inp: RemindIn, work: Work, holder: str) -> str:
    return {"office": work.rules.office_unit, "leader": work.rules.city_unit}.get(inp.ladder.recipient_role, holder)
