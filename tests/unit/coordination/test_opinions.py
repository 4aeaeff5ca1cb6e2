"""Opinions: asked of several units, kept apart from silence and from lateness, every one accounted for."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from tests.unit.office import DAY, MONDAY, ZONE, three_parts
from workers.errors import NeedsOperator
from workers.runtime.variables import InvalidInput

UNITS = ["H29.14", "H29.06"]
DUE = datetime(2026, 11, 9, 17, tzinfo=ZONE)
NEVER = "Không trả lời, không được suy đoán; báo cáo Văn phòng UBND Thành phố"


async def asked(office, units=None, **changes):
    code = await office.accepted(**changes)
    result = await office.run("opinion.open_round", dossier_code=code, lead_unit="H29.07", opinion_units=units or UNITS)
    return code, [request["request_id"] for request in result["opinion_requests"]]


async def rows_of(office, code, opinion_round=1):
    return (await office.run("opinion.compile", dossier_code=code, opinion_round=opinion_round))["opinions"]


async def test_each_unit_gets_a_letter_a_deadline_and_a_request(office):
    code = await office.accepted()
    result = await office.run("opinion.open_round", dossier_code=code, lead_unit="H29.07", opinion_units=UNITS)
    assert result["opinion_round"] == 1
    first, second = result["opinion_requests"]
    assert first == {
        "request_id": f"{code}:yk1:H29.14",
        "unit": "H29.14",
        "unit_name": "Sở Quy hoạch - Kiến trúc",
        "request_due_at": DUE.isoformat(),
        "request_remind_at": first["request_remind_at"],
        "regulation": "default",
    }
    assert MONDAY.isoformat() < first["request_remind_at"] < first["request_due_at"]
    assert second["unit"] == "H29.06"
    mails = (await office.mails())[1:]
    assert [(mail["event"], mail["recipient"]) for mail in mails] == [
        ("opinion_requested", "vanthu.h29-14@example.vn"),
        ("opinion_requested", "vanthu.h29-06@example.vn"),
    ]
    papers = [paper for paper in await office.read.papers(code) if paper.kind == "opinion_request"]
    assert [mail["attachments"][0]["sha256"] for mail in mails] == [paper.sha256 for paper in papers]
    assert "09/11/2026 17:00" in mails[0]["subject"]
    assert office.press.made[-2].to_unit_name == "Sở Quy hoạch - Kiến trúc"
    assert office.press.made[-2].agency.name == "Sở Xây dựng"
    assert (await office.read.timeline(code))[-1].note == "2 đơn vị"
    opinion = await office.read.opinion(first["request_id"])
    assert (opinion.asked_at, opinion.due_at, opinion.answer, opinion.silent) == (MONDAY, DUE, None, False)


async def test_no_units_named_asks_those_of_the_procedure(office):
    code = await office.accepted()
    result = await office.run("opinion.open_round", dossier_code=code, lead_unit="H29.07")
    assert [request["unit"] for request in result["opinion_requests"]] == ["H29.14", "H29.06"]


async def test_who_asks_is_not_asked_and_nobody_is_asked_twice(office):
    code = await office.accepted()
    units = ["H29.14", "H29.07", "H29.14"]
    result = await office.run("opinion.open_round", dossier_code=code, lead_unit="H29.07", opinion_units=units)
    assert [request["unit"] for request in result["opinion_requests"]] == ["H29.14"]


async def test_the_office_may_ask_the_lead_unit_too(office):
    code = await office.accepted()
    result = await office.run(
        "opinion.open_round", dossier_code=code, lead_unit="H29.07", round_unit="H29.01", opinion_units=["H29.07"]
    )
    assert [request["unit"] for request in result["opinion_requests"]] == ["H29.07"]
    assert office.press.made[-1].agency.name == "Văn phòng Ủy ban nhân dân Thành phố"
    assert (await office.read.timeline(code))[-1].unit == "H29.01"


async def test_an_urgent_dossier_gives_less_time(office):
    code = await office.accepted(urgency="urgent")
    result = await office.run("opinion.open_round", dossier_code=code, lead_unit="H29.07", opinion_units=UNITS)
    assert {request["request_due_at"] for request in result["opinion_requests"]} == {"2026-11-04T17:00:00+07:00"}


async def test_rounds_count_on(office):
    code, _ = await asked(office)
    result = await office.run("opinion.open_round", dossier_code=code, lead_unit="H29.07", opinion_units=["H29.03"])
    assert result["opinion_round"] == 2
    assert result["opinion_requests"][0]["request_id"] == f"{code}:yk2:H29.03"
    assert [row["unit_name"] for row in await rows_of(office, code, 2)] == ["Sở Tư pháp"]


@pytest.mark.parametrize(
    ("units", "told"),
    [
        (["H29.07"], "không có đơn vị nào để hỏi"),
        (["H29.99"], "đơn vị không hoạt động: H29.99"),
        (["H29.14", "H29.98"], "đơn vị không hoạt động: H29.98"),
    ],
)
async def test_units_that_cannot_be_asked_are_for_the_operator(office, units, told):
    code = await office.accepted()
    before = await office.footprint()
    with pytest.raises(NeedsOperator) as failure:
        await office.run("opinion.open_round", dossier_code=code, lead_unit="H29.07", opinion_units=units)
    three_parts(failure.value, "PH-002")
    assert told in failure.value.message
    assert await office.footprint() == before


async def test_opening_again_or_at_once_asks_once(office):
    code = await office.accepted()
    given = {"dossier_code": code, "lead_unit": "H29.07", "opinion_units": UNITS}
    both = await asyncio.gather(*(office.run("opinion.open_round", instance=1, **given) for _ in range(2)))
    assert both[0] == both[1] == await office.run("opinion.open_round", instance=1, **given)
    assert (await office.footprint())["opinions"] == 2
    assert len(await office.mails()) == 3


@pytest.mark.parametrize(("at", "late"), [(DUE, False), (DUE + timedelta(seconds=1), True)])
async def test_an_answer_is_late_only_after_the_deadline(office, at, late):
    code, (request, _) = await asked(office)
    given = {"opinion_answer": "agree_with_comments", "opinion_content": "Bổ sung căn cứ"}
    result = await office.run("opinion.record_reply", at=at, dossier_code=code, request_id=request, **given)
    assert result == {"opinion_status": "answered"}
    opinion = await office.read.opinion(request)
    assert (opinion.answer, opinion.content, opinion.answered_at) == ("agree_with_comments", "Bổ sung căn cứ", at)
    assert (opinion.late, opinion.silent) == (late, False)


@pytest.mark.parametrize("job", ["opinion.record_reply", "opinion.record_late"])
async def test_an_answer_outside_the_list_is_refused_as_input(office, job):
    code, (request, _) = await asked(office)
    given = {"request_id": request, "opinion_answer": "maybe", "request_unit": "H29.14", "late_answer": "maybe"}
    with pytest.raises(InvalidInput):
        await office.run(job, dossier_code=code, **given)


async def test_silence_without_a_rule_assumes_nothing(office):
    code, (request, _) = await asked(office)
    result = await office.run("opinion.record_silence", at=DUE, dossier_code=code, request_id=request)
    assert result == {"opinion_status": "silent", "silence_outcome": "never_assume"}
    opinion = await office.read.opinion(request)
    assert (opinion.silent, opinion.answer, opinion.silence_outcome) == (True, None, "never_assume")
    mail = (await office.mails())[-1]
    assert (mail["event"], mail["recipient"]) == ("opinion_overdue", "vanthu.h29-14@example.vn")
    assert "09/11/2026 17:00" in mail["body"]
    last = (await office.read.timeline(code))[-1]
    assert (last.name, last.note) == ("Đơn vị không trả lời đúng hạn", NEVER)


@pytest.mark.parametrize("outcome", ["agree", "disagree"])
async def test_a_rule_with_a_clause_reads_the_silence_and_it_stays_silence(office, outcome):
    code, (request, _) = await asked(office)
    silence = {"outcome": outcome, "clause": "Điều 7 khoản 2", "confirmed": False}
    result = await office.run("opinion.record_silence", dossier_code=code, request_id=request, silence=silence)
    assert result["silence_outcome"] == outcome
    opinion = await office.read.opinion(request)
    assert (opinion.silent, opinion.answer, opinion.silence_clause) == (True, None, "Điều 7 khoản 2")
    row = (await rows_of(office, code))[0]
    assert (row["answer"], row["silent"]) == (None, True)
    assert row["answer_label"].startswith("Không trả lời, được coi là")


@pytest.mark.parametrize("silence", [{"outcome": "agree"}, {"outcome": "disagree", "clause": ""}, {"outcome": "yes"}])
async def test_a_rule_that_reads_silence_without_a_clause_is_for_the_operator(office, silence):
    code, (request, _) = await asked(office)
    with pytest.raises(NeedsOperator) as failure:
        await office.run("opinion.record_silence", dossier_code=code, request_id=request, silence=silence)
    three_parts(failure.value, "YK-001")
    assert not (await office.read.opinion(request)).silent


async def test_silence_recorded_again_or_at_once_is_told_once(office):
    code, (request, _) = await asked(office)
    given = {"dossier_code": code, "request_id": request}
    both = await asyncio.gather(*(office.run("opinion.record_silence", instance=1, **given) for _ in range(2)))
    assert both[0] == both[1] == await office.run("opinion.record_silence", instance=1, **given)
    assert [mail["event"] for mail in await office.mails()].count("opinion_overdue") == 1


async def test_the_office_may_give_a_silent_unit_its_time_again(office):
    code, (request, _) = await asked(office)
    result = await office.run(
        "opinion.resolve_silence", at=DUE + DAY, dossier_code=code, request_id=request, silence_decision="extend"
    )
    assert result["request_due_at"] == "2026-11-17T17:00:00+07:00"
    assert (DUE + DAY).isoformat() < result["request_remind_at"] < result["request_due_at"]
    assert (await office.read.opinion(request)).due_at == datetime(2026, 11, 17, 17, tzinfo=ZONE)
    last = (await office.read.timeline(code))[-1]
    assert (last.unit, last.note) == ("H29.01", "gia hạn trả lời")


async def test_the_office_may_go_on_without_the_opinion(office):
    code, (request, _) = await asked(office)
    result = await office.run(
        "opinion.resolve_silence", at=DUE + DAY, dossier_code=code, request_id=request, silence_decision="proceed"
    )
    assert result["request_due_at"] == DUE.isoformat()
    assert (await office.read.opinion(request)).due_at == DUE
    assert (await office.read.timeline(code))[-1].note == "tiếp tục không có ý kiến"


async def test_a_late_answer_is_kept_as_late_and_the_silence_stays(office):
    code, (request, _) = await asked(office)
    await office.run("opinion.record_silence", at=DUE, dossier_code=code, request_id=request)
    given = {"request_unit": "H29.14", "late_answer": "disagree", "late_content": "Chưa phù hợp"}
    await office.run("opinion.record_late", at=DUE + DAY, dossier_code=code, **given)
    opinion = await office.read.opinion(request)
    assert (opinion.answer, opinion.content, opinion.late) == ("disagree", "Chưa phù hợp", True)
    assert (opinion.silent, opinion.silence_outcome) == (True, "never_assume")
    assert (await rows_of(office, code))[0]["answer_label"] == "Không đồng ý (trả lời muộn)"


async def test_a_late_answer_goes_to_the_newest_open_request_of_that_unit(office):
    code, (first, other) = await asked(office)
    await office.run("opinion.open_round", dossier_code=code, lead_unit="H29.07", opinion_units=["H29.14"])
    await office.run("opinion.record_late", dossier_code=code, request_unit="H29.14", late_answer="agree")
    opinions = {one.request_id: one for one in await office.read.opinions(code)}
    newest = f"{code}:yk2:H29.14"
    assert {key: one.answer for key, one in opinions.items()} == {first: None, other: None, newest: "agree"}
    assert not opinions[newest].late


async def test_a_late_answer_nobody_asked_for_is_for_the_operator(office):
    code, (request, _) = await asked(office)
    await office.run("opinion.record_reply", dossier_code=code, request_id=request, opinion_answer="agree")
    for unit in ("H29.14", "H29.03"):
        with pytest.raises(NeedsOperator) as failure:
            await office.run("opinion.record_late", dossier_code=code, request_unit=unit, late_answer="agree")
        three_parts(failure.value, "PH-001")


@pytest.mark.parametrize(
    ("job", "given"),
    [
        ("opinion.record_reply", {"opinion_answer": "agree"}),
        ("opinion.record_silence", {}),
        ("opinion.resolve_silence", {"silence_decision": "proceed"}),
    ],
)
async def test_a_request_nobody_knows_is_for_the_operator(office, job, given):
    code = await office.accepted()
    with pytest.raises(NeedsOperator) as failure:
        await office.run(job, dossier_code=code, request_id="x", **given)
    three_parts(failure.value, "PH-003")


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("agree", "Đồng ý"),
        ("agree_with_comments", "Đồng ý, có góp ý"),
        ("disagree", "Không đồng ý"),
        ("not_competent", "Không thuộc thẩm quyền"),
    ],
)
async def test_the_list_for_the_lead_unit_names_each_answer(office, answer, label):
    code, (request, _) = await asked(office)
    await office.run("opinion.record_reply", dossier_code=code, request_id=request, opinion_answer=answer)
    first, second = await rows_of(office, code)
    assert (first["answer"], first["answer_label"], first["content"]) == (answer, label, "")
    assert second["answer_label"] == NEVER
    assert first["disposition"] is None


async def close(office, code, rows, **changes):
    given = {"dossier_code": code, "opinion_round": 1, "lead_unit": "H29.07", "opinions": rows}
    return await office.run("opinion.close_round", **{**given, **changes})


ACCEPTED = {"disposition": "accepted", "explanation": None, "accepted_how": "Đã bổ sung vào dự thảo"}


async def test_a_round_closes_when_every_opinion_is_accounted_for(office):
    code, (first, second) = await asked(office)
    await office.run("opinion.record_reply", dossier_code=code, request_id=first, opinion_answer="disagree")
    await office.run(
        "opinion.record_silence",
        dossier_code=code,
        request_id=second,
        silence={"outcome": "agree", "clause": "Điều 7"},
    )
    rows = await rows_of(office, code)
    rows[0] |= {"disposition": "explained", "explanation": "Theo quy hoạch đã duyệt"}
    rows[1] |= ACCEPTED
    assert await close(office, code, rows) == {"undisposed": 0, "undisposed_message": ""}
    kept = await office.read.opinions(code)
    assert [(one.disposition, one.explanation) for one in kept] == [
        ("explained", "Theo quy hoạch đã duyệt"),
        ("accepted", "Đã bổ sung vào dự thảo"),
    ]
    table = office.press.made[-1]
    assert [(row.unit_name, row.verdict) for row in table.rows] == [
        ("Sở Quy hoạch - Kiến trúc", "disagree"),
        ("Sở Nông nghiệp và Môi trường", "silent"),
    ]
    assert table.rows[1].silence_rule.text == "Điều 7"
    assert not table.rows[1].silence_rule.confirmed
    assert table.agency.name == "Sở Xây dựng"
    assert (await office.names(code))[-1] == "Lập bảng tổng hợp, tiếp thu, giải trình ý kiến"


@pytest.mark.parametrize(
    ("changes", "open_rows"),
    [
        ({}, 1),
        ({"disposition": "explained"}, 1),
        ({"disposition": "explained", "explanation": "  "}, 1),
        ({"disposition": "partly_accepted"}, 1),
        ({"disposition": "ignored", "explanation": "x"}, 1),
        ({"disposition": "partly_accepted", "explanation": "x"}, 0),
        ({"disposition": "accepted"}, 0),
    ],
)
async def test_what_counts_as_accounted_for(office, changes, open_rows):
    code, _ = await asked(office)
    rows = await rows_of(office, code)
    rows[0] |= ACCEPTED
    rows[1] |= changes
    result = await close(office, code, rows)
    assert result["undisposed"] == open_rows
    assert ("Sở Nông nghiệp và Môi trường" in result["undisposed_message"]) is bool(open_rows)
    made = [paper.kind for paper in await office.read.papers(code)]
    assert made.count("opinion_table") == 1 - open_rows


async def test_an_opinion_that_is_left_out_is_not_accounted_for(office):
    code, _ = await asked(office)
    rows = await rows_of(office, code)
    result = await close(office, code, [rows[0] | ACCEPTED])
    assert (result["undisposed"], result["undisposed_message"]) == (
        1,
        "Chưa tiếp thu hoặc giải trình: Sở Nông nghiệp và Môi trường",
    )


async def test_a_row_of_another_round_changes_nothing_there(office):
    code, (first, _) = await asked(office)
    other, (stranger, _) = await asked(office)
    rows = [row | ACCEPTED for row in (*await rows_of(office, code), *await rows_of(office, other))]
    assert (await close(office, code, rows))["undisposed"] == 0
    assert (await office.read.opinion(first)).disposition == "accepted"
    assert (await office.read.opinion(stranger)).disposition is None


async def test_a_unit_that_is_not_competent_is_not_written_down_as_disagreeing(office):
    code, (request, _) = await asked(office)
    await office.run("opinion.record_reply", dossier_code=code, request_id=request, opinion_answer="not_competent")
    await close(office, code, [row | ACCEPTED for row in await rows_of(office, code)])
    assert office.press.made[-1].rows[0].verdict == "not_competent"


async def test_closing_again_or_at_once_makes_one_table(office):
    code, _ = await asked(office)
    rows = [row | ACCEPTED for row in await rows_of(office, code)]
    both = await asyncio.gather(*(close(office, code, rows, instance=1) for _ in range(2)))
    assert both[0] == both[1] == await close(office, code, rows, instance=1)
    assert [paper.kind for paper in await office.read.papers(code)].count("opinion_table") == 1


@pytest.mark.parametrize(
    ("job", "given"),
    [
        ("opinion.open_round", {"lead_unit": "H29.07"}),
        ("opinion.close_round", {"lead_unit": "H29.07", "opinion_round": 1, "opinions": []}),
        ("opinion.resolve_silence", {"request_id": "x", "silence_decision": "proceed"}),
    ],
)
async def test_an_unknown_code_is_for_the_operator(office, job, given):
    with pytest.raises(NeedsOperator) as failure:
        await office.run(job, dossier_code="H29.07-261102-0099", **given)
    three_parts(failure.value, "HS-001")
