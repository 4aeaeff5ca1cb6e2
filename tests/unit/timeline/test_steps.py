"""Steps: opened with a deadline in working time, closed with the minutes used and how they ended."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from tests.unit.office import DAY, MONDAY, ZONE, shipped_rules, three_parts
from workers.errors import NeedsOperator

ASSIGN = ("dossier_resolution", "Task_AssignOfficer")
APPRAISE = ("dossier_resolution", "Task_AppraiseDossier")
RECEIVE = ("dossier_resolution", "Task_ReceiveDossier")
SUPPLEMENT = ("dossier_supplement", "Task_ReceiveSupplement")
REPLY = ("opinion_reply", "Task_ReplyOpinion")
HOLDERS = {
    "origin_unit": "H29.07",
    "lead_unit": "H29.07",
    "office_unit": "H29.01",
    "city_unit": "H29",
    "round_unit": "H29.07",
    "unit": "H29.06",
    "coordinator_unit": "H29.08",
    "handling_unit": "H29.07",
}


async def opened(office, code, element, **changes):
    return await office.run("timeline.open", element=element, dossier_code=code, **{**HOLDERS, **changes})


async def test_a_step_gets_a_deadline_a_reminder_and_words(office):
    code = await office.accepted()
    result = await opened(office, code, ASSIGN)
    assert result["due"] == "2026-11-02T14:30:00+07:00"
    assert result["remind_at"] == "2026-11-02T11:00:00+07:00"
    assert (result["due_label"], result["time_left_label"]) == ("02/11/2026 14:30", "còn 4 giờ làm việc")
    (step,) = await office.read.open_steps(code)
    assert (step.unit, step.role, step.person, step.limit_minutes) == ("H29.07", "head", None, 240)
    assert (step.element_id, step.process_id, step.name) == (ASSIGN[1], ASSIGN[0], "Phân công xử lý hồ sơ")
    assert step.due_at == datetime(2026, 11, 2, 14, 30, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("element", "offered"),
    [(ASSIGN, {"officer_options"}), (APPRAISE, {"unit_options"}), (RECEIVE, set())],
)
async def test_a_form_is_offered_what_it_asks_for(office, element, offered):
    code = await office.accepted()
    result = await opened(office, code, element)
    assert {name for name in ("officer_options", "unit_options") if result[name]} == offered
    if "officer_options" in offered:
        assert result["officer_options"] == [
            {"label": office.rules.officers_of("H29.07")[0].name, "value": "officer.h29-07"}
        ]
    if "unit_options" in offered:
        assert "H29.04" in {option["value"] for option in result["unit_options"]}


@pytest.mark.parametrize(("element", "variable"), [(SUPPLEMENT, "supplement_until"), (REPLY, "request_due_at")])
async def test_a_deadline_that_is_given_already_holds(office, element, variable):
    code = await office.accepted()
    given = datetime(2026, 11, 6, 10, tzinfo=ZONE)
    result = await opened(office, code, element, **{variable: given.isoformat()})
    assert result["due"] == given.isoformat()


async def test_a_deadline_that_passed_already_says_so(office):
    code = await office.accepted()
    result = await opened(office, code, REPLY, request_due_at=(MONDAY - timedelta(hours=1)).isoformat())
    assert result["time_left_label"] == "quá hạn 1 giờ làm việc"
    assert result["remind_at"] == result["due"]


async def test_the_procedures_own_norm_goes_before_the_general_one(office):
    code = await office.accepted("1.009645", "H29.04")
    result = await opened(office, code, APPRAISE, origin_unit="H29.04", lead_unit="H29.04", round_unit="H29.04")
    assert result["due"] == "2026-11-09T17:00:00+07:00"


@pytest.mark.parametrize(
    ("element", "given", "person"),
    [
        (APPRAISE, {"officer": "officer.h29-07"}, "officer.h29-07"),
        (ASSIGN, {"officer": "officer.h29-07"}, None),
        (("office_appraisal", "Task_AppraisePackage"), {"specialist": "specialist.h29-01"}, "specialist.h29-01"),
    ],
)
async def test_a_person_stands_beside_the_steps_of_their_role_only(office, element, given, person):
    code = await office.accepted()
    await opened(office, code, element, **given)
    assert (await office.read.open_steps(code))[-1].person == person


@pytest.mark.parametrize("element", shipped_rules().steps, ids=lambda key: key[1])
async def test_every_user_task_of_the_diagrams_can_be_opened_and_closed(office, element):
    code = await office.accepted()
    due = {name: (MONDAY + DAY).isoformat() for name in ("request_due_at", "supplement_until", "feedback_due_at")}
    await office.run("timeline.open", element=element, instance=9, dossier_code=code, **HOLDERS, **due)
    (step,) = await office.read.open_steps(code)
    known = office.rules.steps[element]
    assert (step.unit, step.name, step.due_at > MONDAY) == (HOLDERS[known.holder], known.name, True)
    given = {known.decision: "x"} if known.decision else {}
    await office.run("timeline.close", element=element, instance=9, dossier_code=code, **given)
    closed = (await office.read.timeline(code))[-1]
    assert (closed.kind, closed.outcome) == ("closed", "x" if known.decision else None)


async def test_a_decision_of_another_step_is_not_how_this_one_ended(office):
    code = await office.accepted()
    await office.run("timeline.open", element=APPRAISE, instance=9, dossier_code=code, **HOLDERS)
    stale = {"reception_decision": "accept", "appraisal_decision": "approve", "leader_decision": "sign"}
    await office.run("timeline.close", element=APPRAISE, instance=9, dossier_code=code, **stale)
    assert (await office.read.timeline(code))[-1].outcome == "approve"


async def test_closing_measures_office_hours_only(office):
    code = await office.accepted()
    friday = datetime(2026, 11, 6, 16, tzinfo=ZONE)
    await office.run("timeline.open", at=friday, element=APPRAISE, instance=9, dossier_code=code, **HOLDERS)
    monday = datetime(2026, 11, 9, 8, 30, tzinfo=ZONE)
    await office.run("timeline.close", at=monday, element=APPRAISE, instance=9, dossier_code=code)
    closed = (await office.read.timeline(code))[-1]
    assert (closed.working_minutes, closed.at) == (120, monday)


@pytest.mark.parametrize("closing", ["timeline.close", "dossier.withdraw"])
async def test_a_step_never_ends_before_it_began_though_the_clocks_of_two_processes_differ(office, closing):
    code = await office.accepted()
    await office.run("timeline.open", element=APPRAISE, instance=9, dossier_code=code, at=MONDAY + DAY, **HOLDERS)
    await office.run(closing, element=APPRAISE, instance=9, dossier_code=code, at=MONDAY + DAY - timedelta(hours=1))
    opened, closed = (entry for entry in await office.read.timeline(code) if entry.step_id == 9)
    assert (closed.kind, closed.at, closed.working_minutes) == ("closed", opened.at, 0)


async def test_before_registration_nothing_is_recorded_and_the_task_still_has_a_deadline(office):
    element = ("dossier_resolution", "Task_CorrectSubmission")
    given = {"origin_unit": "H29.07", "intake_origin_unit": "H29.07"}
    result = await office.run("timeline.open", element=element, instance=9, **given)
    assert result["due_label"] == "02/11/2026 14:30"
    assert await office.run("timeline.close", element=element, instance=9) == {}
    assert (await office.footprint())["timeline"] == 0


async def test_opening_and_closing_again_or_at_once_is_one_hand_over(office):
    code = await office.accepted()
    given = {"element": APPRAISE, "instance": 9, "dossier_code": code}
    both = await asyncio.gather(*(office.run("timeline.open", **given, **HOLDERS) for _ in range(2)))
    third = await office.run("timeline.open", at=MONDAY + DAY, **given, **HOLDERS)
    assert both[0] == both[1] == third
    await asyncio.gather(*(office.run("timeline.close", **given) for _ in range(2)))
    await office.run("timeline.close", at=MONDAY + 2 * DAY, **given)
    kinds = [entry.kind for entry in await office.read.timeline(code) if entry.step_id == 9]
    assert kinds == ["opened", "closed"]


async def test_a_task_done_after_its_hand_over_was_closed_for_it_closes_nothing_and_stops_nowhere(office):
    code = await office.accepted()
    offer = ("dossier_extension", "Task_ProposeExtension")
    step = await office.open(code, offer)
    await office.run("result.issue", dossier_code=code, authority="department")
    before = await office.read.timeline(code)
    await office.run("timeline.close", element=offer, instance=step, dossier_code=code, extension_decision="on_time")
    assert await office.read.timeline(code) == before


async def test_closing_a_step_that_the_dossier_does_not_hold_is_for_the_operator(office):
    code = await office.accepted()
    before = await office.footprint()
    with pytest.raises(NeedsOperator) as refused:
        await office.run("timeline.close", element=APPRAISE, instance=9, dossier_code=code)
    assert (refused.value.code, code in refused.value.message) == ("DT-003", True)
    assert await office.footprint() == before


@pytest.mark.parametrize(("unit", "code"), [(None, "DT-001"), ("H29.999", "HS-007"), ("Nguyễn Văn Ví Dụ", "HS-007")])
async def test_a_step_without_a_unit_that_works_is_for_the_operator(office, unit, code):
    dossier = await office.accepted()
    with pytest.raises(NeedsOperator) as failure:
        await opened(office, dossier, ASSIGN, lead_unit=unit)
    three_parts(failure.value, code)
    assert "lead_unit" in failure.value.action
    assert await office.read.open_steps(dossier) == []


async def test_a_task_the_workers_do_not_know_is_for_the_operator(office):
    code = await office.accepted()
    with pytest.raises(NeedsOperator) as failure:
        await opened(office, code, ("dossier_resolution", "Task_New"))
    three_parts(failure.value, "QT-001")
