"""Open and close steps: who holds the dossier or feedback, from when to when, against which limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.casework import HAND_OVER, end_step, hand_over, moment_label, time_left_label
from workers.claims import (
    check_claims,
    contradicts,
    dossier_of,
    feedback_of,
    is_same_work,
    opinion_of,
    publication_of,
)
from workers.contract import DossierIn, FeedbackIn
from workers.errors import NeedsOperator
from workers.feedbackwork import move, plain_time_left
from workers.records import OpenStep, TimelineKind
from workers.rulebook import NAMED_ROLES, local
from workers.timeline.contracts import CloseStepIn, CloseStepOut, OpenStepIn, OpenStepOut, Option

if TYPE_CHECKING:
    from datetime import datetime

    from workers.ports import Work
    from workers.records import DossierRecord, FeedbackRecord, TimelineEntry
    from workers.rulebook import Step

LINES_OF_HISTORY = 12
HANDLING = "handling_unit"


async def open_step(inp: OpenStepIn, work: Work) -> OpenStepOut:
    """Compute the step's deadline in working time and record who holds the case from now on."""
    step = work.rules.step(work.job.process_id, work.job.element_id)
    dossier = await _claimed_dossier(inp, work)
    feedback = await _claimed_feedback(inp, work)
    unit = _holder(inp, step, work, dossier)
    person = _person(inp, step, unit, work)
    due_at, limit = _due(inp, step, unit, work, dossier)
    case = dossier or feedback
    code = case.code if case else await _claimed_publication(inp, work)
    if code is not None:
        writer = await work.write()
        if dossier is not None:
            await hand_over(work, writer, dossier, held_by=unit, request_id=inp.request_id)
        if feedback is not None and step.holder == HANDLING and feedback.unit != unit:
            await move(work, writer, feedback, unit, HAND_OVER)
        await writer.open_step(
            OpenStep(
                step_id=work.job.element_instance_key,
                dossier_code=code,
                element_id=work.job.element_id,
                process_id=work.job.process_id,
                name=step.name,
                unit=unit,
                role=step.role,
                person=person,
                clause=step.clause,
                opened_at=work.now,
                due_at=due_at,
                limit_minutes=limit,
                request_id=inp.request_id,
            )
        )
    return OpenStepOut(
        due=due_at,
        remind_at=work.now + (due_at - work.now) / 2 if feedback else work.rules.halfway(unit, work.now, due_at),
        due_label=moment_label(due_at),
        time_left_label=plain_time_left(work.now, due_at)
        if feedback
        else time_left_label(work, work.rules.working_minutes(unit, work.now, due_at)),
        history_label=await _history(code, work),
        officer_options=_officers(step, unit, work),
        unit_options=_units(step, work),
        **_replaced(inp, step, unit, person),
    )


async def close_step(inp: CloseStepIn, work: Work) -> CloseStepOut:
    """Record that the step was handed on, with its working minutes and how it ended."""
    code = inp.dossier_code or inp.feedback_code or inp.publication_code
    if code is None:
        return CloseStepOut()
    writer = await work.write()
    held = await writer.open_steps(code)
    step = next((one for one in held if one.step_id == work.job.element_instance_key), None)
    if step is None and await _was_held(code, work):
        # A result or an answer by another way closed the hand-over while the task was still there to be done.
        return CloseStepOut()
    if step is None:
        raise NeedsOperator(
            f"Hồ sơ, phản ánh hoặc tin {code} không giữ bước vừa hoàn thành.",
            action="Trả biến mang mã hồ sơ, mã phản ánh, mã tin trong Operate về đúng mã của phiên rồi bấm Retry.",
            code="DT-003",
        )
    decision = work.rules.step(work.job.process_id, work.job.element_id).decision
    outcome = getattr(inp, decision, None) if decision else None
    await end_step(work, writer, step, outcome)
    return CloseStepOut()


async def _was_held(code: str, work: Work) -> bool:
    step_id = work.job.element_instance_key
    return any(entry.step_id == step_id for entry in await work.read.timeline(code))


def _holder(inp: OpenStepIn, step: Step, work: Work, dossier: DossierRecord | None) -> str:
    unit: str | None = getattr(inp, step.holder, None)
    if unit is None:
        raise NeedsOperator(
            f"Bước {step.name} không biết đơn vị nào giữ hồ sơ: biến {step.holder} đang trống.",
            action=f"Điền mã đơn vị vào biến {step.holder} trong Operate rồi bấm Retry.",
            code="DT-001",
        )
    if not work.rules.heirs(unit, work.now.date()):
        raise NeedsOperator(
            f"Bước {step.name}: biến {step.holder} không phải mã một đơn vị đang hoạt động.",
            action=f"Sửa biến {step.holder} trong Operate thành mã đơn vị, ví dụ H29.04, rồi bấm Retry.",
            code="DT-002",
        )
    decided = (dossier.lead_unit, dossier.origin_unit) if dossier else ()
    return work.rules.unit_in_charge(unit, work.now.date(), decided)


async def _claimed_dossier(inp: OpenStepIn, work: Work) -> DossierRecord | None:
    if inp.dossier_code is None:
        return None
    dossier = await dossier_of(DossierIn(dossier_code=inp.dossier_code, dossier_summary=inp.dossier_summary), work)
    check_claims(dossier, inp, work)
    if inp.request_id is not None:
        opinion = await opinion_of(inp.request_id, dossier.code, work)
        if inp.unit is not None and not is_same_work(work, inp.unit, opinion.unit):
            raise NeedsOperator(
                f"Hồ sơ {dossier.code}: biến unit không phải đơn vị của phiếu lấy ý kiến này.",
                action=f"Trả biến unit trong Operate về {opinion.unit} rồi bấm Retry.",
                code="DT-004",
            )
        if inp.request_due_at not in {None, opinion.due_at}:
            raise contradicts(dossier.code, "request_due_at", local(opinion.due_at).isoformat())
    return dossier


async def _claimed_publication(inp: OpenStepIn, work: Work) -> str | None:
    return (await publication_of(inp.publication_code, work)).code if inp.publication_code else None


async def _claimed_feedback(inp: OpenStepIn, work: Work) -> FeedbackRecord | None:
    if inp.feedback_code is None:
        return None
    claims = inp.model_dump(include=set(FeedbackIn.model_fields))
    return await feedback_of(FeedbackIn.model_validate(claims), work)


def _due(inp: OpenStepIn, step: Step, unit: str, work: Work, dossier: DossierRecord | None) -> tuple[datetime, int]:
    given: datetime | None = getattr(inp, step.due_from, None) if step.due_from else None
    if given is None:
        given = work.rules.after(unit, work.now, work.rules.step_limit(step.norm, dossier)).at
    return given, work.rules.working_minutes(unit, work.now, given)


async def _history(code: str | None, work: Work) -> str:
    """Write who held the case before and for how long: one line a hand-over, the last ones, oldest first."""
    if code is None:
        return ""
    closed = [one for one in await work.read.timeline(code) if one.kind is TimelineKind.CLOSED]
    return "\n".join(_line(entry, work) for entry in closed[-LINES_OF_HISTORY:])


def _line(entry: TimelineEntry, work: Work) -> str:
    unit = work.rules.unit_name(entry.unit, entry.at.date()) if entry.unit else ""
    return f"{unit}: {entry.name} ({work.rules.amount_label(entry.working_minutes or 0)})"


def _person(inp: OpenStepIn, step: Step, unit: str, work: Work) -> str | None:
    """Name who was given the work, unless that is somebody of another unit: one that was dissolved."""
    named: str | None = getattr(inp, step.role, None) if step.role in NAMED_ROLES else None
    return None if work.rules.is_of_another_unit(named, unit) else named


def _replaced(inp: OpenStepIn, step: Step, unit: str, person: str | None) -> dict[str, str]:
    """Tell the task who holds it where that is not what the dossier's variables say."""
    now = {step.holder: unit, **({step.role: person or ""} if step.role in NAMED_ROLES else {})}
    return {name: value for name, value in now.items() if value != (getattr(inp, name) or "")}


def _officers(step: Step, unit: str, work: Work) -> list[Option]:
    if step.options != "officers":
        return []
    return [Option(label=account.name, value=account.user) for account in work.rules.officers_of(unit)]


def _units(step: Step, work: Work) -> list[Option]:
    if step.options != "units":
        return []
    return [Option(label=unit.name, value=unit.code) for unit in work.rules.units_to_ask(work.now.date())]
