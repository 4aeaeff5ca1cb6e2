"""How dossiers end: stopped, withdrawn, resolved, returned, rated; and what staff asks to be changed."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta

import pytest

from tests.unit.office import DAY, MONDAY, PERSON, ZONE, business, three_parts
from workers.errors import BusinessError, NeedsOperator, RetryLater
from workers.records import IN_PROGRESS, DossierState
from workers.runtime.variables import InvalidInput

APPRAISE = ("dossier_resolution", "Task_AppraiseDossier")
UNKNOWN = "H29.07-261102-0099"


async def test_stopping_makes_the_notice_tells_the_applicant_and_closes_what_is_open(office):
    code = await office.accepted()
    await office.open(code, APPRAISE, officer="officer.h29-07")
    given = {"stop_reason": "Quá thời hạn bổ sung hồ sơ", "stop_clause": "Điều 7"}
    await office.run("dossier.stop", at=MONDAY + timedelta(hours=2), dossier_code=code, **given)
    dossier = await office.dossier(code)
    assert (dossier.state, dossier.finished_at) == (DossierState.STOPPED, MONDAY + timedelta(hours=2))
    paper = office.press.made[-1]
    assert (paper.kind, paper.reason, paper.basis[0].text) == ("stop_notice", given["stop_reason"], "Điều 7")
    mail = (await office.mails())[-1]
    assert (mail["event"], given["stop_reason"] in mail["body"]) == ("dossier_stopped", True)
    closed = next(one for one in await office.read.timeline(code) if one.kind == "closed")
    assert (closed.outcome, closed.working_minutes, closed.unit) == ("dừng giải quyết", 120, "H29.07")
    assert await office.read.open_steps(code) == []


@pytest.mark.parametrize("ending", ["dossier.withdraw", "dossier.stop", "dossier.refuse"])
@pytest.mark.parametrize("late", ["dossier.accept", "dossier.check", "result.issue", "timeline.open"])
async def test_a_job_that_was_slow_changes_nothing_once_its_dossier_was_called_off(office, ending, late):
    code = await office.registered()
    await office.run(ending, dossier_code=code)
    before, dossier = await office.footprint(), await office.dossier(code)
    given = {"lead_unit": "H29.07", "origin_unit": "H29.07", "authority": "department"}
    with pytest.raises(RetryLater, match="rút, dừng hoặc từ chối"):
        await office.run(late, element=APPRAISE, dossier_code=code, **given)
    assert (await office.footprint(), await office.dossier(code)) == (before, dossier)
    assert await office.read.open_steps(code) == []


async def test_before_the_change_of_forms_a_letter_stops_the_dossier(office):
    office.clock.now = datetime(2025, 9, 12, 9, tzinfo=ZONE)
    code = await office.accepted()
    await office.run("dossier.stop", dossier_code=code)
    paper = office.press.made[-1]
    assert (paper.kind, paper.document_type) == ("decision", "Thông báo")
    assert "Theo quyết định dừng giải quyết" in paper.articles[0].text


async def test_withdrawing_ends_the_dossier_and_is_confirmed_to_the_applicant(office):
    code = await office.accepted()
    await office.open(code, APPRAISE)
    await office.run("dossier.withdraw", dossier_code=code, withdrawal_reason="Nộp nhầm")
    dossier = await office.dossier(code)
    assert (dossier.state, dossier.finished_at) == (DossierState.WITHDRAWN, MONDAY)
    assert (await office.mails())[-1]["event"] == "dossier_withdrawn"
    assert await office.read.open_steps(code) == []
    last = (await office.read.timeline(code))[-1]
    assert (last.name, last.note) == ("Người nộp rút hồ sơ", "Nộp nhầm")


@pytest.mark.parametrize(
    ("given", "message", "variables"),
    [
        ({"change_kind": "withdraw"}, "Msg_DossierWithdrawn", {"withdrawal_reason": "Lý do"}),
        (
            {"change_kind": "stop", "clause": "Điều 7"},
            "Msg_DossierStopRequested",
            {"stop_reason": "Lý do", "stop_clause": "Điều 7"},
        ),
        (
            {"change_kind": "deadline", "clause": "Điều 8", "new_due_at": "2026-12-01T17:00:00+07:00"},
            "Msg_DeadlineChanged",
            {"change_reason": "Lý do", "change_clause": "Điều 8", "new_due_at": "2026-12-01T17:00:00+07:00"},
        ),
        (
            {"change_kind": "deadline"},
            "Msg_DeadlineChanged",
            {"change_reason": "Lý do", "change_clause": None, "new_due_at": None},
        ),
        (
            {
                "change_kind": "late_opinion",
                "request_unit": "H29.14",
                "late_answer": "agree",
                "late_content": "Gửi sau",
            },
            "Msg_LateOpinion",
            {"request_unit": "H29.14", "late_answer": "agree", "late_content": "Gửi sau"},
        ),
    ],
)
async def test_a_request_of_staff_becomes_one_message_to_the_dossier(office, given, message, variables):
    code = await office.registered()
    for _ in range(2):
        await office.run("dossier.request_change", instance=12, dossier_code=code, reason="Lý do", **given)
    (sent,) = await office.mails()
    assert (sent["channel"], sent["event"], sent["recipient"]) == ("engine", message, code)
    assert json.loads(sent["variables"]) == variables


@pytest.mark.parametrize("state", [None, *(state for state in DossierState if state not in IN_PROGRESS)])
async def test_a_dossier_that_is_not_open_takes_no_request(office, state):
    code = await office.registered() if state else UNKNOWN
    if state:
        await office.change(code, state=state)
    with pytest.raises(BusinessError) as failure:
        await office.run("dossier.request_change", dossier_code=code, change_kind="stop", reason="Lý do")
    assert business(failure.value, "Err_DossierNotOpen") == f"Không có hồ sơ đang giải quyết mang mã {code}."
    assert await office.mails() == []


async def test_a_kind_of_change_nobody_knows_is_refused_as_input(office):
    code = await office.registered()
    with pytest.raises(InvalidInput) as failure:
        await office.run("dossier.request_change", dossier_code=code, change_kind="delete", reason="Lý do")
    assert failure.value.problems[0].startswith("change_kind ")


@pytest.mark.parametrize(
    ("given", "kind", "number", "issuer"),
    [
        ({"authority": "department", "appraisal_decision": "approve"}, "granted", "01/GP-SXD", "H29.07"),
        ({"authority": "department", "appraisal_decision": "refuse"}, "refused", "01/GP-SXD", "H29.07"),
        ({"authority": "city_people_committee", "leader_decision": "sign"}, "granted", "01/QĐ-UBND", "H29"),
        ({"authority": "city_people_committee", "leader_decision": "reject"}, "refused", "01/QĐ-UBND", "H29"),
    ],
)
async def test_the_result_gets_a_number_of_its_issuer(office, given, kind, number, issuer):
    by_city = given["authority"] == "city_people_committee"
    code = await (office.accepted("1.009645", "H29.04") if by_city else office.accepted())
    result = await office.run("result.issue", dossier_code=code, **given)
    assert result == {"result_number": number, "result_kind": kind}
    dossier = await office.dossier(code)
    assert (dossier.state, dossier.resolved_at, dossier.result_number, dossier.result_type) == (
        DossierState.RESOLVED,
        MONDAY,
        number,
        kind,
    )
    decision, slip = office.press.made[-2:]
    assert (decision.kind, decision.number, slip.kind) == ("decision", number, "control_slip")
    assert decision.agency.name == office.rules.unit_name(issuer, MONDAY.date())
    assert (await office.read.timeline(code))[-1].unit == issuer
    assert [paper.number for paper in await office.read.papers(code)] == [None, number, None]


async def test_a_refusing_result_gives_the_reason_and_is_no_permit(office):
    code = await office.accepted()
    given = {"appraisal_decision": "refuse", "refusal_reason": "Sai quy hoạch", "appraisal_summary": "Tóm tắt"}
    await office.run("result.issue", dossier_code=code, authority="department", **given)
    decision = office.press.made[-2]
    assert decision.document_type == "Văn bản trả lời"
    assert decision.articles[0].text.startswith("Không đồng ý giải quyết")
    assert decision.articles[1].text == "Sai quy hoạch"


async def test_the_word_of_the_leader_goes_before_the_units(office):
    code = await office.accepted("1.009645", "H29.04")
    given = {"leader_decision": "reject", "leader_note": "Chưa phù hợp", "refusal_reason": "Sai quy hoạch"}
    await office.run("result.issue", dossier_code=code, authority="city_people_committee", **given)
    assert office.press.made[-2].articles[1].text == "Chưa phù hợp"


async def test_a_granting_result_says_what_was_appraised(office):
    code = await office.accepted()
    await office.run("result.issue", dossier_code=code, authority="department", appraisal_summary="Đủ điều kiện.")
    decision = office.press.made[-2]
    assert decision.document_type == "Giấy phép xây dựng"
    assert [one.text.split(" hồ sơ")[0] for one in decision.articles] == ["Đồng ý giải quyết", "Đủ điều kiện."]


async def test_numbers_run_on_over_dossiers_without_gap_also_when_they_race(office):
    codes = [await office.accepted() for _ in range(4)]
    jobs = (office.run("result.issue", dossier_code=code, authority="department") for code in codes)
    numbers = sorted(result["result_number"] for result in await asyncio.gather(*jobs))
    assert numbers == ["01/GP-SXD", "02/GP-SXD", "03/GP-SXD", "04/GP-SXD"]


async def test_others_mint_while_the_result_is_being_set_and_the_paper_bears_the_number_that_was_minted(office):
    code, quicker = await office.accepted(), await office.accepted()
    make = office.press.render_async

    async def make_slowly(paper):
        office.press.render_async = make
        other = await office.run("result.issue", dossier_code=quicker, authority="department")
        assert other["result_number"] == "01/GP-SXD"
        return await make(paper)

    office.press.render_async = make_slowly
    result = await office.run("result.issue", dossier_code=code, authority="department")
    assert result["result_number"] == "02/GP-SXD"
    decision = [paper for paper in await office.read.papers(code) if paper.kind == "decision"]
    assert [paper.number for paper in decision] == ["02/GP-SXD"]
    assert [paper.number for paper in office.press.made if paper.kind == "decision"][-1] == "02/GP-SXD"


async def test_a_failed_issue_uses_up_no_number(office):
    code = await office.accepted()
    office.press.made.clear()
    make, office.press.render_async = office.press.render_async, None
    with pytest.raises(TypeError):
        await office.run("result.issue", dossier_code=code, authority="department")
    office.press.render_async = make
    result = await office.run("result.issue", dossier_code=code, authority="department")
    assert result["result_number"] == "01/GP-SXD"


async def test_issuing_again_or_at_once_mints_one_number(office):
    code = await office.accepted()
    given = {"dossier_code": code, "authority": "department"}
    both = await asyncio.gather(*(office.run("result.issue", instance=2, **given) for _ in range(2)))
    assert both[0] == both[1] == await office.run("result.issue", instance=2, **given)
    assert len(await office.read.papers(code)) == 3


async def test_the_control_slip_shows_each_hand_over(office):
    code = await office.accepted()
    first = await office.open(code, ("dossier_resolution", "Task_AssignOfficer"))
    await office.run(
        "timeline.close",
        at=MONDAY + timedelta(hours=1),
        element=("dossier_resolution", "Task_AssignOfficer"),
        instance=first,
        dossier_code=code,
    )
    await office.open(code, APPRAISE)
    await office.run("result.issue", at=MONDAY + DAY, dossier_code=code, authority="department")
    done, going_on = office.press.made[-1].rows
    assert (done.from_unit, done.to_unit) == ("Sở Xây dựng", "Sở Xây dựng (Phân công xử lý hồ sơ)")
    assert (done.result, done.working_time) == ("on_time", "1 giờ làm việc")
    assert (going_on.result, going_on.working_time) == (None, None)


async def test_the_applicant_hears_of_the_result_with_the_decision(office):
    code = await office.accepted()
    await office.run("result.issue", dossier_code=code, authority="department")
    result = await office.run("result.notify", dossier_code=code)
    assert result == {"rating_until": "2026-11-09T17:00:00+07:00"}
    dossier = await office.dossier(code)
    assert (dossier.state, dossier.finished_at) == (DossierState.RETURNED, MONDAY)
    mail = (await office.mails())[-1]
    assert (mail["event"], mail["recipient"]) == ("result_ready", PERSON.email)
    assert "Số văn bản: 01/GP-SXD" in mail["body"]
    decision = next(paper for paper in await office.read.papers(code) if paper.kind == "decision")
    assert [one["sha256"] for one in mail["attachments"]] == [decision.sha256]


async def test_a_rating_of_the_applicant_is_kept(office):
    code = await office.accepted()
    for _ in range(2):
        await office.run("result.rate", instance=1, dossier_code=code, rating=4, rating_comment="Nhanh")
    assert (await office.dossier(code)).rating == 4
    assert (await office.names(code)).count("Người nộp đánh giá 4/5") == 1


@pytest.mark.parametrize("rating", [0, 6, "tốt", None])
async def test_a_rating_outside_the_scale_is_refused_as_input(office, rating):
    code = await office.accepted()
    with pytest.raises(InvalidInput):
        await office.run("result.rate", dossier_code=code, rating=rating)


@pytest.mark.parametrize("job", ["dossier.stop", "dossier.withdraw", "result.notify"])
async def test_deliveries_again_and_at_once_send_one_letter(office, job):
    code = await office.accepted()
    if job == "result.notify":
        await office.run("result.issue", dossier_code=code, authority="department")
    both = await asyncio.gather(*(office.run(job, instance=1, dossier_code=code) for _ in range(2)))
    assert both[0] == both[1] == await office.run(job, instance=1, dossier_code=code)
    assert len(await office.mails()) == 2
    names = await office.names(code)
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("job", "given"),
    [
        ("dossier.stop", {}),
        ("dossier.withdraw", {}),
        ("result.issue", {"authority": "department"}),
        ("result.notify", {}),
        ("result.rate", {"rating": 5}),
    ],
)
async def test_an_unknown_code_is_for_the_operator(office, job, given):
    with pytest.raises(NeedsOperator) as failure:
        await office.run(job, dossier_code=UNKNOWN, **given)
    three_parts(failure.value, "HS-001")
