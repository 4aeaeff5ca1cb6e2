"""A unit is dissolved while a dossier is open: its successor takes over, and everybody can see from whom."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, datetime

import pytest
from rich.console import Console

from tests.unit.office import MONDAY, ZONE, dissolved, three_parts
from workers import show
from workers.casework import HAND_OVER
from workers.errors import NeedsOperator

LAST_DAY = date(2026, 11, 4)
AFTER = datetime(2026, 11, 5, 9, 0, tzinfo=ZONE)
APPRAISE = ("dossier_resolution", "Task_AppraiseDossier")
ASSIGN = ("dossier_resolution", "Task_AssignOfficer")
RECEIVE = ("dossier_resolution", "Task_ReceiveDossier")
REPLY = ("opinion_reply", "Task_ReplyOpinion")
LADDER = {"recipient_role": "assignee", "text": "step_due", "next_after_hours": None, "final": True}


def dissolve(office, code, *successors, handover_to=None):
    office.services = replace(
        office.services, rules=dissolved(office.rules, code, LAST_DAY, *successors, handover_to=handover_to)
    )


async def hand_overs(office, code):
    return [(one.unit, one.note) for one in await office.read.timeline(code) if one.name == HAND_OVER]


def printed(shown, rules):
    console = Console(file=io.StringIO(), width=220)
    show.render(console, shown, rules)
    return console.file.getvalue()


async def test_a_new_step_goes_to_the_successor_and_the_hand_over_is_written_once(office):
    code = await office.accepted()
    before = await office.dossier(code)
    dissolve(office, "H29.07", "H29.14")
    await office.open(code, ASSIGN)
    assert await hand_overs(office, code) == []
    office.clock.now = AFTER
    step = await office.open(code, APPRAISE, officer="officer.h29-07", lead_unit="H29.07")
    assert (await office.read.open_steps(code))[-1].unit == "H29.14"
    assert await hand_overs(office, code) == [("H29.14", "từ Sở Xây dựng, kết thúc hoạt động ngày 04/11/2026")]
    await office.run("timeline.close", element=APPRAISE, instance=step, dossier_code=code)
    await office.open(code, APPRAISE, lead_unit="H29.07", origin_unit="H29.07")
    assert len(await hand_overs(office, code)) == 1
    after = await office.dossier(code)
    assert (after.lead_unit, after.origin_unit) == ("H29.14", "H29.14")
    assert (after.code, after.original_due_at, after.due_at) == (code, before.original_due_at, before.due_at)


async def test_the_task_learns_who_holds_it_and_loses_the_officer_of_the_old_unit(office):
    code = await office.accepted()
    dissolve(office, "H29.07", "H29.14")
    kept = await office.run(
        "timeline.open", element=APPRAISE, dossier_code=code, lead_unit="H29.07", officer="officer.h29-07"
    )
    assert {"lead_unit", "officer"}.isdisjoint(kept)
    told = await office.run(
        "timeline.open", at=AFTER, element=APPRAISE, dossier_code=code, lead_unit="H29.07", officer="officer.h29-07"
    )
    assert (told["lead_unit"], told["officer"]) == ("H29.14", "")
    assert [step.person for step in await office.read.open_steps(code)] == ["officer.h29-07", None]


async def test_show_says_who_has_it_now_and_from_whom(office):
    code = await office.accepted()
    dissolve(office, "H29.07", "H29.14")
    await office.open(code, APPRAISE)
    office.clock.now = AFTER
    shown = await show.view(office.services, code)
    assert shown.holders == [
        "Sở Quy hoạch - Kiến trúc (nhận bàn giao từ Sở Xây dựng): Thẩm định hồ sơ (đã giữ 3 ngày làm việc)"
    ]
    await office.open(code, ASSIGN, lead_unit="H29.07")
    shown = await show.view(office.services, code)
    assert shown.holders[-1].startswith("Sở Quy hoạch - Kiến trúc: Phân công")
    text = printed(shown, office.rules)
    assert "Bàn giao: Sở Quy hoạch - Kiến trúc từ Sở Xây dựng, kết thúc hoạt động ngày 04/11/2026" in text
    told = shown.as_json(office.rules)
    assert told["lead_unit_name"] == "Sở Quy hoạch - Kiến trúc"
    assert told["hand_overs"] == ["Sở Quy hoạch - Kiến trúc từ Sở Xây dựng, kết thúc hoạt động ngày 04/11/2026"]


async def test_of_a_divided_unit_nobody_guesses_who_has_the_open_task(office):
    code = await office.accepted()
    dissolve(office, "H29.07", "H29.14", "H29.06")
    await office.open(code, APPRAISE)
    office.clock.now = AFTER
    (holder,) = (await show.view(office.services, code)).holders
    assert holder.startswith("Sở Xây dựng (đã kết thúc hoạt động, chưa xác định đơn vị nhận bàn giao): ")


async def test_the_next_reminder_of_an_open_task_goes_to_the_successor(office):
    code = await office.accepted()
    dissolve(office, "H29.07", "H29.14")
    await office.open(code, APPRAISE)
    await office.run(
        "escalation.remind",
        at=AFTER,
        dossier_code=code,
        escalation_kind="step",
        step_element=APPRAISE[1],
        unit="H29.07",
        rung=1,
        ladder=LADDER,
    )
    reminder = (await office.mails())[-1]
    assert reminder["recipient"] == office.rules.mailbox("H29.14")
    assert "Sở Quy hoạch - Kiến trúc" in reminder["body"]
    assert "Sở Xây dựng" not in reminder["body"]
    assert await hand_overs(office, code) == [("H29.14", "từ Sở Xây dựng, kết thúc hoạt động ngày 04/11/2026")]


async def test_a_watch_that_names_the_old_unit_finds_the_step_of_the_successor(office):
    code = await office.accepted()
    dissolve(office, "H29.07", "H29.14")
    office.clock.now = AFTER
    await office.open(code, APPRAISE)
    watch = {"dossier_code": code, "escalation_kind": "step", "step_element": APPRAISE[1], "unit": "H29.07"}
    result = await office.run("escalation.remind", **watch, rung=1, ladder={**LADDER, "final": False})
    assert (await office.mails())[-1]["recipient"] == office.rules.mailbox("H29.14")
    assert result["escalation_continues"] is False


async def test_letters_to_a_unit_that_filed_go_to_its_successor(office):
    applicant = {"name": "Sở Xây dựng", "unit": "H29.07"}
    code = await office.registered(applicant=applicant)
    dissolve(office, "H29.07", "H29.14")
    await office.run("dossier.accept", at=AFTER, dossier_code=code)
    letter = (await office.mails())[-1]
    assert (letter["event"], letter["recipient"]) == ("dossier_received", office.rules.mailbox("H29.14"))


async def test_several_successors_need_a_person_until_config_or_a_person_decides(office):
    code = await office.accepted()
    dissolve(office, "H29.07", "H29.14", "H29.06")
    office.clock.now = AFTER
    with pytest.raises(NeedsOperator) as undecided:
        await office.open(code, ASSIGN)
    three_parts(undecided.value, "DV-003")
    for word in ("Sở Xây dựng", "04/11/2026", "H29.14 Sở Quy hoạch - Kiến trúc", "H29.06", "handover_to"):
        assert word in undecided.value.message + undecided.value.action
    assert await office.read.open_steps(code) == []

    # A person writes the successor into the variable: the dossier stays there, whatever the variables say elsewhere.
    await office.open(code, ASSIGN, lead_unit="H29.06")
    await office.open(code, APPRAISE, lead_unit="H29.07")
    assert [step.unit for step in await office.read.open_steps(code)] == ["H29.06", "H29.06"]
    assert await hand_overs(office, code) == [("H29.06", "từ Sở Xây dựng, kết thúc hoạt động ngày 04/11/2026")]


async def test_config_decides_which_of_several_successors_takes_over(office):
    code = await office.accepted()
    dissolve(office, "H29.07", "H29.14", "H29.06", handover_to="H29.06")
    office.clock.now = AFTER
    await office.open(code, RECEIVE)
    assert (await office.read.open_steps(code))[0].unit == "H29.06"


async def test_an_asked_unit_is_followed_by_its_successor(office):
    code = await office.accepted()
    asked = await office.run("opinion.open_round", dossier_code=code, lead_unit="H29.07", opinion_units=["H29.12"])
    (request,) = asked["opinion_requests"]
    dissolve(office, "H29.12", "H29.11")
    about = {"dossier_code": code, "request_id": request["request_id"]}
    await office.run("opinion.record_silence", at=AFTER, **about)
    assert (await office.mails())[-1]["recipient"] == office.rules.mailbox("H29.11")
    later = await office.run("opinion.resolve_silence", **about, silence_decision="extend")
    asked_until = {"request_due_at": later["request_due_at"]}
    await office.run("timeline.open", element=REPLY, **about, unit="H29.12", **asked_until)
    (step,) = await office.read.open_steps(code)
    (opinion,) = await office.read.opinions(code)
    assert (step.unit, opinion.unit) == ("H29.11", "H29.11")
    assert await hand_overs(office, code) == [("H29.11", "từ Sở Du lịch, kết thúc hoạt động ngày 04/11/2026")]
    await office.run(
        "opinion.record_late", dossier_code=code, request_unit="H29.12", late_answer="agree", late_content="Thống nhất"
    )
    assert (await office.read.opinions(code))[0].answer == "agree"


async def test_a_round_asks_the_successor_of_a_unit_that_the_procedure_names(office):
    code = await office.accepted()
    dissolve(office, "H29.14", "H29.06")
    office.clock.now = AFTER
    asked = await office.run(
        "opinion.open_round", dossier_code=code, lead_unit="H29.07", opinion_units=["H29.14", "H29.06"]
    )
    assert [one["unit"] for one in asked["opinion_requests"]] == ["H29.06"]


async def test_the_office_does_not_miss_an_opinion_that_the_successor_gave(office):
    code = await office.accepted("1.009645", "H29.04")
    must = office.rules.must_ask(await office.dossier(code))
    units = [unit for unit in must if unit != "H29.04"]
    await office.run("opinion.open_round", dossier_code=code, lead_unit="H29.04", opinion_units=units)
    dissolve(office, units[0], "H29.11")
    checked = await office.run("appraisal.check_package", at=AFTER, dossier_code=code)
    assert not [finding for finding in checked["package_findings"] if "Chưa lấy ý kiến" in finding]


async def test_the_result_is_issued_and_fed_back_by_the_successor(office):
    code = await office.accepted()
    dissolve(office, "H29.07", "H29.14")
    office.clock.now = AFTER
    await office.open(code, APPRAISE)
    issued = await office.run("result.issue", dossier_code=code, authority="department", appraisal_summary="Đủ (ví dụ)")
    assert issued["result_number"].endswith("-SQHKT")
    sent = await office.run(
        "result_feedback.send", dossier_code=code, authority="department", origin_unit="H29.07", lead_unit="H29.07"
    )
    assert sent["feedback_unit"] == "H29.14"
    assert (await office.mails())[-1]["recipient"] == office.rules.mailbox("H29.14")


async def test_nothing_changes_while_the_unit_is_in_force(office):
    code = await office.accepted()
    dissolve(office, "H29.07", "H29.14")
    await office.open(code, APPRAISE)
    assert [step.unit for step in await office.read.open_steps(code)] == ["H29.07"]
    await office.run("appraisal.return_package", dossier_code=code, lead_unit="H29.07", office_unit="H29.01")
    assert (await office.mails())[-1]["recipient"] == "vanthu.h29-07@example.vn"
    assert await hand_overs(office, code) == []
    assert MONDAY.date() <= LAST_DAY
