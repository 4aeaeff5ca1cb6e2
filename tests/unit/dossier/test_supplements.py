"""Supplements: one complete list, the clock stops, and goes on or starts anew when the papers arrive."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from tests.unit.office import DAY, MONDAY, PERSON, ZONE, three_parts
from workers.errors import NeedsOperator
from workers.records import DossierState

MISSING = [
    {"name": "Bản vẽ", "reason": "Chưa nộp."},
    {"name": "Đơn", "reason": "Tệp hỏng."},
]
LATER = datetime(2026, 11, 9, 9, 0, tzinfo=ZONE)


async def test_one_list_is_sent_and_the_clock_stops(office):
    code = await office.registered()
    result = await office.run("supplement.request", dossier_code=code, missing=MISSING)
    assert result["supplement_key"] == f"{code}:bs1"
    assert result["supplement_until"] == "2026-12-02T17:00:00+07:00"
    assert MONDAY.isoformat() < result["supplement_remind_at"] < result["supplement_until"]
    assert result["supplement_list"] == MISSING
    dossier = await office.dossier(code)
    assert (dossier.state, dossier.paused_at, dossier.supplements) == (
        DossierState.SUPPLEMENT_REQUESTED,
        MONDAY,
        1,
    )
    paper = office.press.made[-1]
    assert (paper.kind, [one.name for one in paper.missing]) == ("supplement_request", ["Bản vẽ", "Đơn"])
    (mail,) = await office.mails()
    assert (mail["event"], mail["recipient"]) == ("supplement_requested", PERSON.email)
    assert "1. Bản vẽ: Chưa nộp." in mail["body"]
    assert "2. Đơn: Tệp hỏng." in mail["body"]
    assert "02/12/2026 17:00" in mail["subject"]
    entry = (await office.read.timeline(code))[-1]
    assert (entry.name, entry.note) == ("Yêu cầu bổ sung hồ sơ, tạm dừng tính thời hạn", "2 mục")


async def test_what_staff_adds_stands_line_by_line_after_what_the_check_found(office):
    code = await office.registered()
    result = await office.run(
        "supplement.request",
        dossier_code=code,
        missing=MISSING[:1],
        extra_requirements=" Bản cam kết \n\nẢnh hiện trạng",
    )
    assert [row["name"] for row in result["supplement_list"]] == ["Bản vẽ", "Bản cam kết", "Ảnh hiện trạng"]
    assert result["supplement_list"][1]["reason"] == "Theo yêu cầu của cán bộ xử lý"


async def test_the_note_of_reception_serves_when_nothing_else_is_said(office):
    code = await office.registered()
    result = await office.run("supplement.request", dossier_code=code, reception_note="Ký tên vào đơn")
    assert [row["name"] for row in result["supplement_list"]] == ["Ký tên vào đơn"]


async def test_in_appraisal_the_list_of_intake_is_not_sent_again(office):
    code = await office.accepted()
    result = await office.run(
        "supplement.request",
        dossier_code=code,
        supplement_stage="appraisal",
        missing=MISSING,
        extra_requirements="Bản vẽ mặt cắt",
    )
    assert [row["name"] for row in result["supplement_list"]] == ["Bản vẽ mặt cắt"]


@pytest.mark.parametrize("stage", ["intake", "appraisal"])
async def test_a_request_for_nothing_is_for_the_operator(office, stage):
    code = await office.registered()
    with pytest.raises(NeedsOperator) as failure:
        await office.run("supplement.request", dossier_code=code, supplement_stage=stage, extra_requirements=" \n ")
    three_parts(failure.value, "HS-004")
    assert (await office.dossier(code)).paused_at is None
    assert await office.mails() == []


async def test_a_second_request_has_a_key_of_its_own_and_keeps_the_first_pause(office):
    code = await office.registered()
    await office.run("supplement.request", dossier_code=code, missing=MISSING)
    second = await office.run("supplement.request", at=MONDAY + DAY, dossier_code=code, missing=MISSING)
    assert second["supplement_key"] == f"{code}:bs2"
    assert (await office.dossier(code)).paused_at == MONDAY


async def test_deliveries_again_and_at_once_send_one_letter(office):
    code = await office.registered()
    given = {"dossier_code": code, "missing": MISSING}
    both = await asyncio.gather(*(office.run("supplement.request", instance=9, **given) for _ in range(2)))
    third = await office.run("supplement.request", instance=9, **given)
    assert both[0] == both[1] == third
    assert (await office.dossier(code)).supplements == 1
    assert len(await office.mails()) == len(await office.read.papers(code)) == 1


async def test_a_reminder_goes_to_the_applicant(office):
    code = await office.registered()
    assert await office.run("supplement.remind", dossier_code=code) == {}
    (mail,) = await office.mails()
    assert (mail["event"], mail["recipient"]) == ("supplement_reminder", PERSON.email)
    assert (await office.names(code))[-1] == "Nhắc bổ sung hồ sơ"


async def test_at_intake_the_clock_starts_anew_with_the_complete_dossier(office):
    code = await office.registered()
    first = (await office.dossier(code)).due_at
    await office.run("supplement.request", dossier_code=code, missing=MISSING)
    result = await office.run("supplement.receive", at=LATER, dossier_code=code)
    dossier = await office.dossier(code)
    assert result["supplement_outcome"] == "received"
    assert dossier.due_at == dossier.original_due_at == datetime(2026, 11, 30, 17, tzinfo=ZONE)
    assert dossier.received_at == LATER
    assert (dossier.state, dossier.paused_at, dossier.pauses) == (DossierState.REGISTERED, None, [])
    change = (await office.read.deadline_changes(code))[-1]
    assert (change.revision, change.before, change.after) == (1, first, dossier.due_at)
    assert result["deadline_revision"] == 1


async def test_a_clock_that_starts_anew_forgets_what_a_person_had_set(office):
    code = await office.registered()
    by_hand = datetime(2026, 11, 20, 17, tzinfo=ZONE)
    await office.run("deadline.recompute", dossier_code=code, new_due_at=by_hand.isoformat())
    await office.run("supplement.request", dossier_code=code, missing=MISSING)
    await office.run("supplement.receive", at=LATER, dossier_code=code)
    assert not (await office.dossier(code)).due_set_by_hand


async def test_in_appraisal_the_clock_goes_on_where_it_stopped(office):
    code = await office.accepted()
    before = await office.dossier(code)
    given = {"dossier_code": code, "supplement_stage": "appraisal"}
    await office.run("supplement.request", at=MONDAY + DAY, extra_requirements="Ảnh", **given)
    result = await office.run("supplement.receive", at=LATER + DAY, **given)
    dossier = await office.dossier(code)
    assert dossier.original_due_at == before.original_due_at
    assert dossier.received_at == before.received_at
    assert dossier.pauses == [(MONDAY + DAY, LATER + DAY)]
    assert (dossier.state, dossier.paused_at) == (DossierState.ACCEPTED, None)
    waited = office.rules.working_minutes("H29.07", MONDAY + DAY, LATER + DAY)
    moved = office.rules.working_minutes("H29.07", before.due_at, dossier.due_at)
    assert waited == moved == 5 * 480
    assert result["due_at"] == dossier.due_at.isoformat()


async def test_papers_of_all_three_ways_are_filed_with_the_round(office):
    code = await office.registered()
    await office.run("supplement.request", dossier_code=code, missing=MISSING)
    online = await office.submitted(documents=[office.document("design_drawings", "ban-ve.pdf")])
    folder = office.looker.intake / "L2"
    folder.mkdir()
    (folder / "land_right.pdf").write_bytes(b"scan")
    await office.run(
        "supplement.receive",
        dossier_code=code,
        supplement_submission_id=online.id,
        supplement_scan_batch="L2",
        supplement_papers=[{"composition": "application", "original": "original"}],
    )
    added = (await office.read.documents(code))[4:]
    assert {(one.composition, one.round) for one in added} == {
        ("application", 1),
        ("design_drawings", 1),
        ("land_right", 1),
    }


async def test_a_supplement_replaces_the_defective_paper(office):
    code = await office.registered(documents=[office.document("application", "hong.pdf")])
    office.looker.findings["hong.pdf"] = [{"code": "x", "severity": "error", "message": "Tệp hỏng.", "page": None}]
    before = await office.run("dossier.check", dossier_code=code)
    assert "hong.pdf: Tệp hỏng." in {row["reason"] for row in before["missing"]}
    await office.run("supplement.request", dossier_code=code, missing=before["missing"])
    again = await office.submitted(documents=[office.document("application", "tot.pdf")])
    await office.run("supplement.receive", dossier_code=code, supplement_submission_id=again.id)
    after = await office.run("dossier.check", dossier_code=code)
    assert "Đơn đề nghị cấp giấy phép xây dựng" not in {row["name"] for row in after["missing"]}


async def test_receiving_again_or_at_once_changes_the_deadline_once(office):
    code = await office.registered()
    await office.run("supplement.request", dossier_code=code, missing=MISSING)
    paper = [{"composition": "application"}]
    given = {"dossier_code": code, "supplement_papers": paper}
    both = await asyncio.gather(*(office.run("supplement.receive", instance=4, at=LATER, **given) for _ in range(2)))
    third = await office.run("supplement.receive", instance=4, at=LATER + DAY, **given)
    assert both[0] == both[1] == third
    assert len(await office.read.deadline_changes(code)) == 2
    assert len(await office.read.documents(code)) == 5


async def test_the_step_that_waited_for_the_papers_is_closed_with_its_minutes(office):
    code = await office.registered()
    await office.run("supplement.request", dossier_code=code, missing=MISSING)
    await office.open(code, ("dossier_supplement", "Task_ReceiveSupplement"))
    await office.run("supplement.receive", at=MONDAY + timedelta(hours=1), dossier_code=code)
    assert await office.read.open_steps(code) == []
    closed = next(one for one in await office.read.timeline(code) if one.kind == "closed")
    assert (closed.working_minutes, closed.outcome) == (60, "đã nhận bổ sung")


async def test_steps_of_other_processes_stay_open_when_a_supplement_arrives(office):
    code = await office.accepted()
    given = {"dossier_code": code, "supplement_stage": "appraisal"}
    await office.run("supplement.request", extra_requirements="Ảnh", **given)
    extension = await office.open(code, ("dossier_extension", "Task_ProposeExtension"))
    await office.run("supplement.receive", at=LATER, **given)
    assert [one.step_id for one in await office.read.open_steps(code)] == [extension]


@pytest.mark.parametrize("job", ["supplement.request", "supplement.remind", "supplement.receive"])
async def test_an_unknown_code_is_for_the_operator(office, job):
    with pytest.raises(NeedsOperator) as failure:
        await office.run(job, dossier_code="H29.07-261102-0099")
    three_parts(failure.value, "HS-001")
