"""Run the jobs of the chapter one by one, as the diagrams would."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.office import MONDAY, ZONE, dissolved, three_parts
from workers import feedback_intake
from workers.errors import BusinessError, NeedsOperator
from workers.feedback_intake import FeedbackDraft
from workers.records import FeedbackState, PublicState
from workers.regulation.feedback import shortened_due

SAID = "Ổ gà lớn trước số 12 đường Ví Dụ, gọi tôi 0900000321"
PERSON = {
    "name": "Nguyễn Thị Ví Dụ Riêng",
    "phone": "0900000321",
    "email": "rieng.tu@example.vn",
    "consent_email": True,
    "consent_sms": True,
}
WARD = "H29.26740"
RESULT = {"answer_text": "Đã trám vá xong (ví dụ), hỏi 0900000002.", "photo_batch": None}


async def registered(office, **said):
    draft = FeedbackDraft(**{"channel": "portal", "text": SAID, "commune": WARD, **PERSON, **said})
    code, _ = await feedback_intake.report(office.services, draft)
    return code, await run(office, "feedback.register", code)


async def run(office, job_type, code, **variables):
    return await office.run(job_type, element=("feedback_intake", "Task_Any"), feedback_code=code, **variables)


async def forwarded(office, field="street_light", unit="H29.07", **said):
    code, _ = await registered(office, **said)
    await run(office, "feedback.classify", code, field_code=field, commune_code=WARD)
    await run(office, "feedback.forward", code, routed_unit=unit)
    return code


async def answered(office, **said):
    code = await forwarded(office, "noise", WARD, **said)
    await run(office, "feedback.accept", code, handling_unit=WARD)
    out = await run(office, "feedback.submit_result", code, **RESULT)
    await run(office, "feedback.publish", code, answer_text=RESULT["answer_text"], public_answer=out["public_answer"])
    return code


async def sent(office, event):
    return [mail for mail in await office.mails() if mail["event"] == event]


async def refused(office, code, job_type, feedback, **variables):
    before = await office.mails()
    with pytest.raises(NeedsOperator) as stopped:
        await run(office, job_type, feedback, **variables)
    three_parts(stopped.value, code)
    assert await office.mails() == before


async def test_registration_suggests_and_puts_no_person_into_variables(office):
    _, out = await registered(office)
    assert out["field_code"] == "road_damage"
    assert "0900000321" not in str(out)
    assert PERSON["name"] not in str(out)
    channels = {mail["channel"]: mail["recipient"] for mail in await sent(office, "feedback_received")}
    assert channels == {"email": PERSON["email"], "sms": PERSON["phone"]}


async def test_a_text_message_carries_the_short_text_and_zalo_its_template_too(office):
    code, _ = await registered(office, consent_zalo=True)
    told = {mail["channel"]: mail for mail in await sent(office, "feedback_received")}
    assert "Kính gửi" in told["email"]["body"]
    assert told["sms"]["body"] == told["zalo"]["body"]
    assert "Kính gửi" not in told["sms"]["body"]
    assert code in told["sms"]["body"]
    assert json.loads(told["sms"]["variables"]) == {}
    assert json.loads(told["zalo"]["variables"])["template_data"]["feedback_code"] == code


async def test_who_agreed_to_nothing_is_told_nothing_and_the_timeline_says_so(office):
    code, _ = await registered(office, anonymous=True)
    assert await sent(office, "feedback_received") == []
    assert any("Không báo tin" in name for name in await office.names(code))


@pytest.mark.parametrize(
    ("text", "hint", "matter", "field"),
    [
        ("Nhà bên cháy lớn, có người mắc kẹt", "gọi 114", None, None),
        ("Tôi muốn tố cáo cán bộ nhận tiền", "tố cáo", "denunciation", None),
        ("Tôi khiếu nại quyết định xử phạt", "khiếu nại", "complaint", None),
        ("Hàng xóm hát karaoke suốt đêm", "", None, "noise"),
    ],
)
async def test_words_of_the_configuration_warn_and_suggest(office, text, hint, matter, field):
    _, out = await registered(office, text=text)
    assert hint in out["hints"].lower() if hint else out["hints"] == ""
    assert (out["matter_code"], out["field_code"]) == (matter, field)


async def test_what_may_concern_an_official_shows_its_text_to_nobody(office):
    code, out = await registered(office, text="Cán bộ gây khó khăn, vòi vĩnh tại quầy")
    assert "vòi vĩnh" not in str(out)
    assert (await office.read.feedback(code)).restricted
    await run(office, "feedback.classify", code, field_code="official_conduct", publication="shown", public_text="x")
    kept = await office.read.feedback(code)
    assert (kept.public_state, kept.public_text) == (PublicState.HIDDEN, None)
    released = await run(office, "feedback.classify", code, field_code="noise", publication="shown", public_text="Ồn")
    assert not released["restricted"]
    assert (await office.read.feedback(code)).public_state is PublicState.SHOWN


async def test_a_likely_duplicate_is_near_recent_and_alike(office):
    kept, _ = await registered(office, latitude=10.77, longitude=106.70, field="road_damage")
    far = {"latitude": 10.80, "longitude": 106.70}
    near = {"latitude": 10.7705, "longitude": 106.70, "text": "O ga lon truoc so 12 duong Vi Du rất nguy hiểm"}
    _, out = await registered(office, **near, field="road_damage")
    assert [one["value"] for one in out["duplicate_options"]] == [kept]
    assert "0900000321" not in str(out["duplicate_options"])
    _, out = await registered(office, **far, field="road_damage")
    assert out["duplicate_options"] == []
    office.clock.now = MONDAY + timedelta(days=31)
    _, out = await registered(office, **near, field="road_damage")
    assert kept not in [one["value"] for one in out["duplicate_options"]]


async def test_merging_needs_another_feedback_and_tells_its_reporter_the_answer(office):
    kept = await forwarded(office, "noise", WARD)
    again, _ = await registered(office, email="khac@example.vn")
    for wrong in (again, "PA-22222222"):
        await refused(office, "PA-007", "feedback.merge", again, merged_into=wrong)
    await run(office, "feedback.merge", again, merged_into=kept)
    assert (await office.read.feedback(again)).state is FeedbackState.MERGED
    await run(office, "feedback.publish", kept, answer_text="Xong.", public_answer="Xong.")
    told = await sent(office, "feedback_merged_answered")
    assert {mail["recipient"] for mail in told} == {"khac@example.vn", PERSON["phone"]}


async def test_feedback_goes_to_who_took_over_from_a_dissolved_unit(office):
    office.services = office.services.__class__(
        **{**office.services.__dict__, "rules": dissolved(office.rules, "H29.07", MONDAY.date(), "H29.04")}
    )
    office.clock.now = MONDAY + timedelta(days=1)
    code = await forwarded(office)
    assert (await office.read.feedback(code)).unit == "H29.04"


async def test_a_unit_that_does_not_exist_stops_for_a_person(office):
    code, _ = await registered(office)
    await refused(office, "PA-006", "feedback.forward", code, routed_unit="H29.99")
    await refused(office, "PA-011", "feedback.classify", code, field_code="noise", commune_code="H29.07")
    await refused(office, "PA-005", "feedback.classify", code, field_code="nothing")


async def test_a_returned_feedback_keeps_its_first_deadline(office):
    code = await forwarded(office)
    first = await office.read.feedback(code)
    office.clock.now = MONDAY + timedelta(days=1)
    await run(office, "feedback.return", code, return_reason="Đường do phường quản lý")
    await run(office, "feedback.forward", code, routed_unit=WARD)
    again = await office.read.feedback(code)
    assert (again.unit, again.due_at, again.original_due_at) == (WARD, first.due_at, first.due_at)
    assert again.forwarded_at == first.forwarded_at
    moves = await office.read.feedback_handovers(code)
    assert sum("sai địa chỉ" in one.reason for one in moves) == 1


@pytest.mark.parametrize(("anew", "shorter"), [("noise", True), ("public_transport", False)])
async def test_another_field_only_brings_the_deadline_forward(office, anew, shorter):
    code = await forwarded(office)
    before = await office.read.feedback(code)
    await run(office, "feedback.accept", code, accepted_field=anew)
    after = await office.read.feedback(code)
    assert (after.due_at < before.due_at) is shorter
    assert after.due_at <= before.due_at
    assert after.original_due_at == before.original_due_at
    assert after.state is FeedbackState.IN_PROGRESS


async def test_a_unit_cannot_make_it_restricted_or_public(office):
    code = await forwarded(office)
    await refused(office, "PA-010", "feedback.accept", code, accepted_field="official_conduct")


@given(st.datetimes(timezones=st.just(ZONE)), st.lists(st.datetimes(timezones=st.just(ZONE))))
def test_a_deadline_never_moves_back(first, later):
    due = first
    for moment in later:
        assert shortened_due(due, moment) <= due
        due = shortened_due(due, moment)
    assert due == min([first, *later])


@pytest.mark.parametrize(
    ("field", "kinds", "missing"),
    [
        ("noise", [], False),
        ("street_light", [], True),
        ("street_light", ["after"], False),
        ("waste", ["after"], True),
        ("waste", ["after", "before"], False),
        ("waste", ["after", "report"], False),
    ],
)
async def test_the_photos_a_field_demands_have_to_be_there(office, field, kinds, missing):
    from workers.records import FeedbackPhoto  # noqa: PLC0415

    code = await forwarded(office, field)
    async with office.registry.write() as writer:
        for number, kind in enumerate(kinds):
            await writer.add_feedback_photo(code, FeedbackPhoto(sha256=f"{number:064x}", name="a.jpg", kind=kind))
    if not missing:
        assert (await run(office, "feedback.submit_result", code, **RESULT))["public_answer"]
        return
    with pytest.raises(BusinessError, match="cần ảnh") as stopped:
        await run(office, "feedback.submit_result", code, **RESULT)
    assert stopped.value.code == "Err_PhotosMissing"


async def test_the_public_reads_an_answer_only_once_it_was_checked(office):
    code = await forwarded(office, "noise", WARD)
    await run(office, "feedback.classify", code, field_code="noise", publication="shown", public_text="Tiếng ồn")
    out = await run(office, "feedback.submit_result", code, **RESULT)
    assert "0900000002" not in out["public_answer"]
    assert await office.read.feedback_answers(code) == []
    await run(office, "feedback.publish", code, answer_text=RESULT["answer_text"], public_answer="Đã nhắc nhở.")
    (answer,) = await office.read.feedback_answers(code)
    assert (answer.text, answer.public_text) == (RESULT["answer_text"], "Đã nhắc nhở.")


async def test_an_answered_feedback_is_not_answered_again(office):
    code = await answered(office)
    await refused(office, "PA-004", "feedback.publish", code, answer_text="x", public_answer="x")
    await refused(office, "PA-004", "feedback.return", code, return_reason="x")


async def test_only_stars_that_the_citizen_gave_count(office):
    code = await answered(office)
    await refused(office, "PA-008", "feedback.rate", code, stars=5)
    await feedback_intake.rate(office.services, code, 2)
    await refused(office, "PA-008", "feedback.rate", code, stars=5)
    assert await run(office, "feedback.rate", code, stars=2) == {"feedback_round": 0}


async def test_reopening_gives_a_new_deadline_and_a_further_rating(office):
    code = await answered(office)
    original = (await office.read.feedback(code)).original_due_at
    office.clock.now = MONDAY + timedelta(days=3)
    out = await run(office, "feedback.reopen", code)
    again = await office.read.feedback(code)
    assert (again.state, again.round, again.resolved_at) == (FeedbackState.REOPENED, 1, None)
    assert again.original_due_at == original < again.due_at
    assert again.unit == "H29.08"
    assert (out["unit_choice"], out["handling_unit"]) == (WARD, "H29.08")
    assert datetime.fromisoformat(out["forward_due_at"]) == office.clock.now + timedelta(minutes=5)
    await refused(office, "PA-009", "feedback.reopen", code)
    await run(office, "feedback.forward", code, routed_unit=out["unit_choice"])
    assert (await office.read.feedback(code)).due_at == again.due_at
    await run(office, "feedback.accept", code)
    await run(office, "feedback.publish", code, answer_text="Xong.", public_answer="Xong.")
    await feedback_intake.rate(office.services, code, 4)
    await run(office, "feedback.close", code)
    assert (await office.read.feedback(code)).closed_at == office.clock.now


async def test_a_declined_feedback_says_where_to_go_and_stays_hidden(office):
    code, _ = await registered(office, text="Tôi tố cáo sai phạm tại đơn vị X")
    await run(office, "feedback.decline", code, triage_decision="route_out", matter_code="denunciation")
    kept = await office.read.feedback(code)
    assert (kept.state, kept.public_state) == (FeedbackState.ROUTED_OUT, PublicState.HIDDEN)
    assert all("Luật Tố cáo" in mail["body"] for mail in await sent(office, "feedback_routed_out"))


async def test_edited_variables_are_held_against_the_registry(office):
    code = await forwarded(office)
    other, _ = await registered(office)
    await refused(office, "PA-001", "feedback.accept", "PA-22222222")
    await refused(office, "PA-002", "feedback.accept", code, feedback_summary={"code": other})
    await refused(office, "PA-003", "feedback.accept", code, handling_unit="H29.04")
    await refused(office, "PA-003", "feedback.accept", code, coordinator_unit="H29.04")
    async with office.registry.write() as writer:
        await writer.update_feedback(code, process_instance_key=1)
    await refused(office, "PA-002", "feedback.accept", code)


async def test_a_step_is_on_the_timeline_with_its_own_clock(office):
    code, _ = await registered(office)
    night = datetime(2026, 11, 1, 23, 58, tzinfo=ZONE)
    office.clock.now = night
    element = ("feedback_intake", "Task_TriageFeedback")
    due = night + timedelta(minutes=5)
    out = await office.run(
        "timeline.open", element=element, instance=5, feedback_code=code, coordinator_unit="H29.08",
        forward_due_at=due.isoformat(),
    )  # fmt: skip
    assert datetime.fromisoformat(out["remind_at"]) == night + timedelta(minutes=2, seconds=30)
    assert out["time_left_label"] == "còn 5 phút"
    (step,) = await office.read.open_steps(code)
    assert (step.unit, step.role, step.due_at) == ("H29.08", "feedback_coordinator", due)
    await office.run("timeline.close", element=element, instance=5, feedback_code=code, triage_decision="forward")
    assert await office.read.open_steps(code) == []
    assert (await office.read.timeline(code))[-1].outcome == "forward"
    assert await office.read.verify_timeline(code) == []


LADDER = {"action": "remind", "recipient_role": "office", "text": "feedback_overdue", "next_after_hours": None,
          "final": True, "clause": "x"}  # fmt: skip


async def test_the_ladder_tells_the_coordinator_until_the_step_is_done(office):
    code = await forwarded(office)
    element = ("feedback_handling", "Task_ResolveFeedback")
    await office.run("timeline.open", element=element, instance=6, feedback_code=code, handling_unit="H29.07",
                     due_at=(MONDAY + timedelta(days=2)).isoformat())  # fmt: skip
    office.clock.now = MONDAY + timedelta(days=3)
    watched = {"feedback_code": code, "escalation_kind": "citizen_feedback", "step_element": element[1],
               "unit": "H29.07", "ladder": LADDER}  # fmt: skip
    out = await office.run("escalation.remind", element=("escalation", "Task_SendReminder"), rung=2, **watched)
    assert out["escalation_continues"] is False
    (letter,) = await sent(office, "feedback_overdue")
    assert letter["recipient"] == office.rules.mailbox("H29.08")
    assert "quá hạn 1 ngày" in letter["body"]
    await office.run("timeline.close", element=element, instance=6, feedback_code=code, result_decision="final")
    await office.run("escalation.remind", element=("escalation", "Task_SendReminder"), rung=2, **watched)
    assert len(await sent(office, "feedback_overdue")) == 1
