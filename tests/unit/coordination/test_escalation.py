"""Escalation: who is told at which rung, and when nobody is."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from tests.unit.office import DAY, MONDAY, ZONE, three_parts
from workers.errors import NeedsOperator
from workers.records import FINISHED
from workers.runtime.variables import InvalidInput

DUE = datetime(2026, 11, 23, 17, tzinfo=ZONE)
APPRAISE = ("dossier_resolution", "Task_AppraiseDossier")
REPLY = ("opinion_reply", "Task_ReplyOpinion")
CONFIRM = ("result_feedback", "Task_ConfirmReceipt")
NEAR_DUE = {"recipient_role": "assignee", "text": "step_near_due", "next_after_hours": 0}
HEAD = {"recipient_role": "head", "text": "step_due", "next_after_hours": 8}
OFFICE = {"recipient_role": "office", "text": "step_overdue_office", "next_after_hours": 24}
LEADER = {"recipient_role": "leader", "text": "step_overdue_leader", "next_after_hours": None, "final": True}


async def remind(office, code, rung=0, ladder=None, kind="dossier", **changes):
    given = {"dossier_code": code, "escalation_kind": kind, "rung": rung, "ladder": ladder or NEAR_DUE}
    return await office.run("escalation.remind", **{**given, **changes})


async def told(office):
    return [(mail["event"], mail["recipient"]) for mail in (await office.mails())[1:]]


async def near(office, code):
    return (await office.dossier(code)).near_due_at


@pytest.mark.parametrize(
    ("rung", "ladder", "recipient", "wake_at"),
    [
        (0, NEAR_DUE, "vanthu.h29-07@example.vn", DUE),
        (1, HEAD, "vanthu.h29-07@example.vn", datetime(2026, 11, 25, 17, tzinfo=ZONE)),
        (2, OFFICE, "vanthu.h29-01@example.vn", datetime(2026, 11, 27, 17, tzinfo=ZONE)),
    ],
)
async def test_each_rung_tells_its_reader_and_says_when_to_look_again(office, rung, ladder, recipient, wake_at):
    code = await office.accepted()
    result = await remind(office, code, rung, ladder, at=DUE, watched_due_at=DUE.isoformat())
    assert await told(office) == [(ladder["text"], recipient)]
    assert result == {
        "rung": rung + 1,
        "wake_at": wake_at.isoformat(),
        "watched_due_at": DUE.isoformat(),
        "escalation_continues": True,
    }
    last = (await office.read.timeline(code))[-1]
    assert last.name == f"Đôn đốc bậc {rung + 1}: Giải quyết hồ sơ"


async def test_the_last_rung_tells_the_leader_and_ends(office):
    code = await office.accepted()
    at = DUE + 4 * DAY
    result = await remind(office, code, 3, LEADER, at=at, watched_due_at=DUE.isoformat())
    assert await told(office) == [("step_overdue_leader", "vanthu.h29@example.vn")]
    assert (result["escalation_continues"], result["rung"]) == (False, 3)
    mail = (await office.mails())[-1]
    assert "quá hạn 3 ngày làm việc" in mail["body"]


@pytest.mark.parametrize("ladder", [LEADER | {"final": False}, LEADER | {"next_after_hours": 8}])
async def test_a_rung_without_a_next_one_ends_in_either_way_of_saying_so(office, ladder):
    code = await office.accepted()
    assert not (await remind(office, code, 1, ladder, at=DUE))["escalation_continues"]


@pytest.mark.parametrize("state", sorted(FINISHED))
async def test_a_finished_dossier_needs_no_reminder(office, state):
    code = await office.accepted()
    await office.change(code, state=state)
    result = await remind(office, code, 2, OFFICE, at=DUE)
    assert (result["escalation_continues"], result["rung"]) == (False, 2)
    assert await told(office) == []


async def test_a_paused_dossier_is_looked_at_when_it_could_be_near_at_the_earliest(office):
    code = await office.accepted()
    await office.change(code, paused_at=MONDAY)
    at = DUE + DAY
    result = await remind(office, code, 1, HEAD, at=at, watched_due_at=DUE.isoformat())
    assert (result["rung"], result["escalation_continues"], await told(office)) == (0, True, [])
    waits = office.rules.working_minutes("H29.07", at, datetime.fromisoformat(result["wake_at"]))
    assert waits == office.rules.working_minutes("H29.07", MONDAY, await near(office, code))


async def test_a_pause_near_the_deadline_is_looked_at_again_after_a_day_at_the_earliest(office):
    code = await office.accepted()
    await office.change(code, paused_at=DUE - timedelta(minutes=30))
    at = DUE + DAY
    result = await remind(office, code, 1, HEAD, at=at)
    assert office.rules.working_minutes("H29.07", at, datetime.fromisoformat(result["wake_at"])) == 480


async def test_a_look_before_the_deadline_is_near_tells_nobody(office):
    code = await office.accepted()
    result = await remind(office, code, 0, at=MONDAY + DAY)
    expected = {"rung": 0, "wake_at": (await near(office, code)).isoformat()}
    assert {**result, **expected} == result
    assert (result["escalation_continues"], result["watched_due_at"], await told(office)) == (True, None, [])


async def test_an_engine_whose_clock_is_ahead_is_asked_to_wait_a_minute_instead_of_calling_at_once(office):
    code = await office.accepted()
    at = await near(office, code) - timedelta(seconds=2)
    result = await remind(office, code, 0, at=at)
    assert result["wake_at"] == (at + timedelta(minutes=1)).isoformat()
    assert await told(office) == []


async def test_at_the_very_moment_it_is_near_the_unit_is_told(office):
    code = await office.accepted()
    await remind(office, code, 0, at=await near(office, code))
    assert len(await told(office)) == 1


@pytest.mark.parametrize(
    ("moved_at", "due_at"),
    [
        (DUE, DUE + 10 * DAY),
        (datetime(2026, 11, 20, 15, tzinfo=ZONE), datetime(2026, 11, 25, 10, tzinfo=ZONE)),
        (MONDAY, MONDAY + DAY),
    ],
    ids=["not yet near", "near already", "past already"],
)
async def test_a_deadline_that_moved_starts_the_ladder_anew_and_tells_nobody(office, moved_at, due_at):
    code = await office.accepted()
    await office.run("deadline.recompute", at=moved_at, dossier_code=code, new_due_at=due_at.isoformat())
    before = await told(office)
    result = await remind(office, code, 1, HEAD, at=DUE, watched_due_at=DUE.isoformat())
    wanted = max(await near(office, code), DUE)
    assert (result["rung"], result["wake_at"], result["escalation_continues"]) == (0, wanted.isoformat(), True)
    assert result["watched_due_at"] is None
    assert await told(office) == before
    again = await remind(office, code, 0, at=datetime.fromisoformat(result["wake_at"]))
    assert again["rung"] == 1
    assert len(await told(office)) == len(before) + 1


async def test_a_step_is_reminded_while_it_is_open_and_not_after(office):
    code = await office.accepted()
    step = await office.open(code, APPRAISE)
    (held,) = await office.read.open_steps(code)
    given = {"kind": "step", "step_element": APPRAISE[1]}
    result = await remind(office, code, 0, **given)
    assert await told(office) == [("step_near_due", "vanthu.h29-07@example.vn")]
    assert result["wake_at"] == held.due_at.isoformat()
    mail = (await office.mails())[-1]
    assert "Thẩm định hồ sơ" in mail["subject"]
    assert "còn 2 ngày" in mail["body"]
    await office.run("timeline.close", element=APPRAISE, instance=step, dossier_code=code)
    after = await remind(office, code, 1, HEAD, **given, watched_due_at=result["watched_due_at"])
    assert (after["escalation_continues"], len(await told(office))) == (False, 1)


async def test_another_step_of_the_dossier_is_not_the_one_that_is_watched(office):
    code = await office.accepted()
    await office.open(code, APPRAISE)
    result = await remind(office, code, 0, kind="step", step_element="Task_SignResult")
    assert (result["escalation_continues"], await told(office)) == (False, [])


async def test_a_step_goes_on_being_reminded_while_the_dossier_is_paused(office):
    code = await office.accepted()
    await office.open(code, APPRAISE)
    await office.change(code, paused_at=MONDAY)
    assert (await remind(office, code, 0, kind="step", step_element=APPRAISE[1]))["rung"] == 1


async def test_of_two_units_that_were_asked_the_silent_one_is_reminded(office):
    code = await office.accepted()
    first = await office.open(code, REPLY, unit="H29.14", request_due_at=DUE.isoformat())
    await office.open(code, REPLY, unit="H29.06", request_due_at=DUE.isoformat())
    await office.run("timeline.close", element=REPLY, instance=first, dossier_code=code, opinion_answer="agree")
    ladder = {"recipient_role": "assignee", "text": "opinion_reminder", "next_after_hours": 0}
    given = {"kind": "opinion", "step_element": REPLY[1], "ladder": ladder}
    answered = await remind(office, code, 0, **given, unit="H29.14")
    silent = await remind(office, code, 0, **given, unit="H29.06")
    assert (answered["escalation_continues"], silent["escalation_continues"]) == (False, True)
    assert await told(office) == [("opinion_reminder", "vanthu.h29-06@example.vn")]


async def test_a_confirmation_that_is_missing_is_reminded_also_when_the_dossier_is_returned(office):
    code = await office.accepted()
    await office.change(code, state="returned")
    await office.open(code, CONFIRM, unit="H29.07", feedback_due_at=DUE.isoformat())
    ladder = {"recipient_role": "office", "text": "feedback_reminder", "next_after_hours": None, "final": True}
    result = await remind(office, code, 2, ladder, kind="feedback", step_element=CONFIRM[1], unit="H29.07")
    assert await told(office) == [("feedback_reminder", "vanthu.h29-01@example.vn")]
    assert not result["escalation_continues"]


async def test_a_reminder_delivered_again_or_at_once_is_one_mail(office):
    code = await office.accepted()
    both = await asyncio.gather(*(remind(office, code, 1, HEAD, at=DUE, instance=1) for _ in range(2)))
    assert both[0] == both[1] == await remind(office, code, 1, HEAD, instance=1, at=DUE + DAY)
    assert len(await told(office)) == 1


@pytest.mark.parametrize("text", ["shout", "dossier_withdrawn"])
async def test_a_ladder_that_names_no_reminder_to_a_unit_is_refused_as_input(office, text):
    code = await office.accepted()
    with pytest.raises(InvalidInput):
        await remind(office, code, 1, HEAD | {"text": text}, at=DUE)
    assert await told(office) == []


@pytest.mark.parametrize("changes", [{"rung": -1}, {"kind": "mood"}, {"ladder": HEAD | {"recipient_role": "nobody"}}])
async def test_what_the_ladder_cannot_mean_is_refused_as_input(office, changes):
    code = await office.accepted()
    with pytest.raises(InvalidInput):
        await remind(office, code, **changes)


async def test_an_unknown_code_is_for_the_operator(office):
    with pytest.raises(NeedsOperator) as failure:
        await remind(office, "H29.07-261102-0099")
    three_parts(failure.value, "HS-001")
