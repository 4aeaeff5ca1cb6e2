"""Steps that a timer or the result takes away are closed in the registry too, and one watch remains."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.unit.office import DAY, MONDAY, ZONE
from workers.records import DossierState

EXTENSION = ("dossier_extension", "Task_ProposeExtension")
REPLY = ("opinion_reply", "Task_ReplyOpinion")
HEAD = {"recipient_role": "head", "text": "step_due", "next_after_hours": 8}
GRANT = {"extension_reason": "Chờ xác minh (ví dụ)", "extension_days": 5}


async def held(office, code):
    return [step.element_id for step in await office.read.open_steps(code)]


async def outcome(office, code, step):
    return [one.outcome for one in await office.read.timeline(code) if one.step_id == step and one.kind == "closed"]


async def remind(office, code, **changes):
    given = {"escalation_kind": "dossier", "rung": 1, "ladder": HEAD, **changes}
    return await office.run("escalation.remind", dossier_code=code, **given)


async def test_a_unit_that_stays_silent_holds_the_dossier_no_longer(office):
    code = await office.accepted()
    opened = await office.run(
        "opinion.open_round", dossier_code=code, opinion_units=["H29.14", "H29.06"], lead_unit="H29.07"
    )
    first, second = (one["request_id"] for one in opened["opinion_requests"])
    steps = [
        await office.open(code, REPLY, unit=unit, request_id=request)
        for unit, request in (("H29.14", first), ("H29.06", second))
    ]
    await office.run("opinion.record_silence", dossier_code=code, request_id=first)
    assert [step.request_id for step in await office.read.open_steps(code)] == [second]
    assert await outcome(office, code, steps[0]) == ["không trả lời"]


async def test_an_offer_of_extension_that_lapsed_is_closed_when_the_watch_goes_on(office):
    code = await office.accepted()
    step = await office.open(code, EXTENSION)
    await remind(office, code)
    assert await held(office, code) == []
    assert await outcome(office, code, step) == ["không đề nghị gia hạn"]


async def test_a_watch_leaves_other_steps_alone(office):
    code = await office.accepted()
    await office.open(code, ("dossier_resolution", "Task_AppraiseDossier"))
    await remind(office, code)
    assert await held(office, code) == ["Task_AppraiseDossier"]


async def test_the_result_closes_an_open_offer_of_extension(office):
    code = await office.accepted()
    await office.open(code, EXTENSION)
    await office.run("result.issue", dossier_code=code, authority="department", appraisal_summary="Đủ điều kiện.")
    assert await held(office, code) == []


@pytest.mark.parametrize("state", [DossierState.RESOLVED, DossierState.RETURNED, DossierState.WITHDRAWN])
async def test_a_dossier_that_is_done_is_not_extended(office, state):
    code = await office.accepted()
    await office.change(code, state=state)
    before = await office.footprint()
    result = await office.run("extension.grant", dossier_code=code, **GRANT)
    assert (result["extended"], result["deadline_revision"]) == (False, 0)
    assert await office.footprint() == before


async def test_a_deadline_moved_earlier_leaves_one_watch(office):
    code = await office.accepted()
    earlier = datetime(2026, 11, 10, 17, tzinfo=ZONE)
    changed = await office.run("deadline.recompute", dossier_code=code, new_due_at=earlier.isoformat())
    assert (changed["moved_earlier"], changed["deadline_revision"]) == (True, 1)
    old = await remind(office, code, at=earlier, deadline_revision=0)
    assert old["escalation_continues"] is False
    new = await remind(office, code, at=earlier, deadline_revision=1)
    assert new["escalation_continues"] is True


async def test_a_deadline_moved_later_is_watched_on_by_the_same_watch(office):
    code = await office.accepted()
    later = datetime(2026, 12, 10, 17, tzinfo=ZONE)
    await office.run("deadline.recompute", dossier_code=code, new_due_at=later.isoformat())
    assert (await remind(office, code, at=MONDAY + DAY, deadline_revision=0))["escalation_continues"] is True


async def test_nothing_watches_an_earlier_deadline_before_the_dossier_is_accepted(office):
    code = await office.registered()
    changed = await office.run("deadline.recompute", dossier_code=code, new_due_at="2026-11-10T17:00:00+07:00")
    assert changed["moved_earlier"] is False
    assert changed["due_at"] == "2026-11-10T17:00:00+07:00"
