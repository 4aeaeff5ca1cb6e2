"""Deadlines that move: recomputation, a person's decision, apology and extension; the original one stays."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta

import pytest

from tests.unit.office import DAY, MONDAY, ZONE, three_parts
from workers.errors import NeedsOperator
from workers.records import DossierState
from workers.regulation.calendar import Calendar

DUE = datetime(2026, 11, 23, 17, tzinfo=ZONE)
NEAR = datetime(2026, 11, 20, 9, 0, tzinfo=ZONE)


def closed_on(calendar: Calendar, *days: date) -> Calendar:
    """The same calendar with more closed days in 2026."""
    raw = calendar.model_dump()
    year = next(table for table in raw["years"] if table["year"] == 2026)
    year["closed"] = [*year["closed"], *({"day": day, "name": "Nghỉ ví dụ"} for day in days)]
    return Calendar.model_validate(raw)


async def test_nothing_moves_when_the_calendar_did_not_change(office):
    code = await office.accepted()
    result = await office.run("deadline.recompute", dossier_code=code)
    assert (result["due_at"], result["moved_earlier"], result["deadline_revision"]) == (DUE.isoformat(), False, 0)
    assert len(await office.read.deadline_changes(code)) == 1
    assert [mail["event"] for mail in await office.mails()] == ["dossier_received"]


async def test_a_new_holiday_moves_the_deadline_and_the_applicant_is_told(office):
    code = await office.accepted()
    office.with_rules(calendar=closed_on(office.rules.calendar, DUE.date()))
    result = await office.run("deadline.recompute", dossier_code=code, change_clause="Thông báo 1")
    dossier = await office.dossier(code)
    assert dossier.due_at == datetime(2026, 11, 25, 17, tzinfo=ZONE)
    assert dossier.original_due_at == DUE
    assert (result["moved_earlier"], result["deadline_revision"]) == (False, 1)
    assert result["dossier_summary"]["due_label"] == "25/11/2026 17:00"
    mail = (await office.mails())[-1]
    assert mail["event"] == "deadline_changed"
    assert "23/11/2026 17:00" in mail["body"]
    assert "Lịch làm việc thay đổi" in mail["body"]
    change = (await office.read.deadline_changes(code))[-1]
    assert (change.reason, change.clause, change.before) == ("Lịch làm việc thay đổi", "Thông báo 1", DUE)


@pytest.mark.parametrize(("days", "earlier"), [(-3, True), (3, False)])
async def test_the_moment_a_person_sets_counts(office, days, earlier):
    code = await office.accepted()
    wanted = DUE + days * DAY
    given = {"new_due_at": wanted.isoformat(), "change_reason": "Theo chỉ đạo"}
    result = await office.run("deadline.recompute", dossier_code=code, **given)
    assert (result["due_at"], result["moved_earlier"]) == (wanted.isoformat(), earlier)
    assert result["original_due_at"] == DUE.isoformat()
    assert not result["deadline_provisional"]
    assert (await office.read.timeline(code))[-1].note == "Theo chỉ đạo"


async def test_a_deadline_moved_into_the_past_is_near_at_once(office):
    code = await office.accepted()
    wanted = MONDAY + timedelta(hours=1)
    given = {"dossier_code": code, "new_due_at": wanted.isoformat()}
    result = await office.run("deadline.recompute", at=MONDAY + DAY, **given)
    assert result["near_due_at"] == wanted.isoformat()


async def test_a_finished_dossier_keeps_its_deadline(office):
    code = await office.accepted()
    await office.change(code, state=DossierState.RESOLVED)
    result = await office.run("deadline.recompute", dossier_code=code, new_due_at=(DUE + DAY).isoformat())
    assert (result["due_at"], result["deadline_revision"]) == (DUE.isoformat(), 0)


async def test_pauses_and_extension_days_count_in_a_recomputation(office):
    code = await office.accepted()
    given = {"dossier_code": code, "supplement_stage": "appraisal"}
    await office.run("supplement.request", extra_requirements="Ảnh", **given)
    await office.run("supplement.receive", at=MONDAY + DAY, **given)
    moved = (await office.dossier(code)).due_at
    result = await office.run("deadline.recompute", dossier_code=code)
    assert result["due_at"] == moved.isoformat() != DUE.isoformat()


async def test_a_pause_after_an_extension_moves_nothing_when_the_calendar_did_not_change(office):
    code = await office.accepted()
    await office.run("extension.grant", at=NEAR, dossier_code=code, extension_reason="Chờ", extension_days=3)
    given = {"dossier_code": code, "supplement_stage": "appraisal"}
    await office.run("supplement.request", at=NEAR + timedelta(hours=1), extra_requirements="Ảnh", **given)
    await office.run("supplement.receive", at=NEAR + timedelta(hours=2), **given)
    moved = (await office.dossier(code)).due_at
    assert moved == datetime(2026, 11, 30, 8, 30, tzinfo=ZONE)
    assert (await office.run("deadline.recompute", dossier_code=code))["due_at"] == moved.isoformat()


async def test_deliveries_again_and_at_once_move_it_once(office):
    code = await office.accepted()
    given = {"dossier_code": code, "new_due_at": (DUE - DAY).isoformat()}
    both = await asyncio.gather(*(office.run("deadline.recompute", instance=3, **given) for _ in range(2)))
    third = await office.run("deadline.recompute", instance=3, **given)
    assert both[0] == both[1] == third
    assert third["moved_earlier"] is True
    assert len(await office.read.deadline_changes(code)) == 2
    assert [mail["event"] for mail in await office.mails()].count("deadline_changed") == 1


async def test_an_extension_is_possible_when_the_deadline_is_near(office):
    code = await office.accepted()
    result = await office.run("extension.assess", at=NEAR, dossier_code=code)
    assert result == {"extension_possible": True, "extension_reason_not": None}
    assert await office.rows("select * from effects where job_type = 'extension.assess'") == []


@pytest.mark.parametrize(
    ("changes", "at", "why"),
    [
        ({"state": DossierState.RESOLVED}, NEAR, "Hồ sơ đã có kết quả hoặc đã kết thúc"),
        ({"paused_at": MONDAY}, NEAR, "Thời hạn đang tạm dừng chờ bổ sung"),
        ({}, MONDAY, "Hạn đã dời, chưa tới mốc nhắc"),
        ({"extensions": 1}, NEAR, "Hồ sơ đã gia hạn 1 lần, không được quá 1 lần."),
        ({}, DUE + timedelta(seconds=1), "Hồ sơ đã quá hạn, không còn gia hạn được."),
        ({}, DUE, "Đã quá thời điểm phải báo người nộp (17:00 ngày 20/11/2026)."),
    ],
)
async def test_why_an_extension_is_not_possible(office, changes, at, why):
    code = await office.accepted()
    await office.change(code, **changes)
    result = await office.run("extension.assess", at=at, dossier_code=code)
    assert result == {"extension_possible": False, "extension_reason_not": why}


async def test_the_apology_is_sent_and_the_original_deadline_stays(office):
    code = await office.accepted()
    given = {"extension_reason": "Chờ ý kiến", "extension_days": 3}
    result = await office.run("extension.grant", at=NEAR, dossier_code=code, **given)
    new = datetime(2026, 11, 27, 17, tzinfo=ZONE)
    dossier = await office.dossier(code)
    assert (dossier.due_at, dossier.original_due_at) == (new, DUE)
    assert (dossier.extensions, dossier.extension_days, dossier.deadline_revision) == (1, 3, 1)
    assert (result["extended"], result["due_at"]) == (True, new.isoformat())
    assert result["near_due_at"] < result["due_at"]
    paper = office.press.made[-1]
    assert (paper.kind, paper.due_at, paper.new_due_at, paper.reason) == ("apology", DUE, new, "Chờ ý kiến")
    mail = (await office.mails())[-1]
    assert mail["event"] == "extension_notice"
    assert "23/11/2026 17:00" in mail["body"]
    assert "27/11/2026 17:00" in mail["subject"]
    assert len(mail["attachments"]) == 1
    assert (await office.names(code))[-1] == "Xin lỗi và gia hạn"


async def test_no_extension_beyond_what_the_procedure_allows(office):
    code = await office.accepted()
    given = {"dossier_code": code, "extension_reason": "Chờ ý kiến", "extension_days": 3}
    await office.run("extension.grant", at=NEAR, **given)
    before = await office.footprint()
    with pytest.raises(NeedsOperator) as failure:
        await office.run("extension.grant", **given)
    three_parts(failure.value, "HS-003")
    assert await office.footprint() == before


async def test_granting_again_or_at_once_extends_once(office):
    code = await office.accepted()
    given = {"dossier_code": code, "extension_reason": "Chờ ý kiến", "extension_days": 3}
    both = await asyncio.gather(*(office.run("extension.grant", instance=6, at=NEAR, **given) for _ in range(2)))
    third = await office.run("extension.grant", instance=6, at=NEAR, **given)
    assert both[0] == both[1] == third
    assert (await office.dossier(code)).extensions == 1
    assert len(await office.read.papers(code)) == 2
    assert len(await office.mails()) == 2


@pytest.mark.parametrize("job", ["deadline.recompute", "extension.assess", "extension.grant"])
async def test_an_unknown_code_is_for_the_operator(office, job):
    given = {"extension_reason": "x", "extension_days": 1} if job == "extension.grant" else {}
    with pytest.raises(NeedsOperator) as failure:
        await office.run(job, dossier_code="H29.07-261102-0099", **given)
    three_parts(failure.value, "HS-001")
