"""Ask for a supplement on the real engine: the clock stops, one complete list goes out, and it goes on or ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.city import at
from workers import intake

if TYPE_CHECKING:
    from tests.engine.city import City, Dossier

pytestmark = pytest.mark.asyncio(loop_scope="session")

APPLICANT = "doanhnghiep03@example.vn"


async def _lacking(city: City) -> Dossier:
    dossier = await city.submit("construction-permit-missing-drawings")
    await dossier.does("Task_ReceiveDossier", reception_decision="supplement", extra_requirements="Bản sao quy hoạch")
    await dossier.becomes("supplement_requested")
    return dossier


async def test_a_supplement_sent_online_restarts_the_clock_at_intake(city: City) -> None:
    dossier = await _lacking(city)
    step = await dossier.held("Task_ReceiveSupplement", "H29.07")
    assert step.due_at == at(30, 17)
    (paper,) = await dossier.papers()
    assert paper == ("supplement_request", "2025", "02")
    letter = await city.mail_of(dossier, "cần bổ sung trước 30/12/2026 17:00", APPLICANT)
    assert len(letter.attachments) == 1
    wanted = ("Quyết định phê duyệt dự án", "Hồ sơ bản vẽ thiết kế xây dựng", "Bản sao quy hoạch")
    assert all(one in letter.body for one in wanted)
    assert (await dossier.record()).paused_at == at(30, 9, month=11)
    assert (await dossier.view()).minutes_left == 16 * 480 - 90

    await city.pass_until(at(3, 10))
    assert (await dossier.view()).minutes_left == 16 * 480 - 90
    await intake.supplement(city.services, dossier.code, city.folder("construction-permit"))
    record = await dossier.becomes("registered")
    await dossier.held("Task_ReceiveDossier")
    assert (record.paused_at, record.received_at, record.due_at) == (None, at(3, 10), at(23, 17))
    assert (record.original_due_at, record.deadline_revision) == (at(23, 17), 1)
    assert (await dossier.row("Nhận giấy tờ bổ sung")).outcome == "đã nhận bổ sung"

    again = await city.task_variables(await dossier.held("Task_ReceiveDossier"))
    assert again["missing"] == []
    assert again["reception_decision"] is None
    assert again["dossier_summary"]["due_label"] == "23/12/2026 17:00"
    await dossier.accepted()
    await dossier.becomes("accepted")


async def test_a_supplement_brought_to_the_desk_is_received_there(city: City) -> None:
    dossier = await _lacking(city)
    await dossier.does(
        "Task_ReceiveSupplement",
        supplement_papers=[
            {"composition": "project_approval", "original": "copy"},
            *[{"composition": "design_drawings", "original": "copy"}] * 2,
        ],
    )
    seen = await city.task_variables(await dossier.held("Task_ReceiveDossier"))
    assert seen["missing"] == []
    rounds = {one.composition: one.round for one in await city.services.registry.latest.documents(dossier.code)}
    assert rounds == {"application": 0, "land_right": 0, "project_approval": 1, "design_drawings": 1}


async def test_a_supplement_that_never_comes_is_reminded_of_once_and_then_the_dossier_stops(city: City) -> None:
    dossier = await _lacking(city)
    await dossier.held("Task_ReceiveSupplement")
    await city.pass_until(at(16, 9))
    await city.mail_of(dossier, "Nhắc bổ sung hồ sơ", APPLICANT)
    await city.pass_until(at(30, 17))
    record = await dossier.becomes("stopped")
    assert record.finished_at == at(30, 17)
    assert ("stop_notice", "2025", "05") in await dossier.papers()
    notice = await city.mail_of(dossier, "Dừng giải quyết", APPLICANT)
    assert "Quá thời hạn bổ sung hồ sơ" in notice.body
    assert len(notice.attachments) == 1
    assert len(city.mails(dossier, APPLICANT, "Nhắc bổ sung")) == 1
    assert (await dossier.view()).holders == []
    await city.ended(dossier)


async def test_a_supplement_in_appraisal_pauses_the_clock_and_resumes_it(city: City) -> None:
    dossier = await city.submit("construction-permit")
    await dossier.assigned()
    await city.pass_until(at(1, 9))
    await dossier.does(
        "Task_AppraiseDossier", appraisal_decision="supplement", extra_requirements="Làm rõ chỉ giới\nBản vẽ móng"
    )
    await dossier.becomes("supplement_requested")
    letter = await city.mail_of(dossier, "cần bổ sung", "doanhnghiep02@example.vn")
    assert "Làm rõ chỉ giới" in letter.body
    assert "Bản vẽ móng" in letter.body
    await dossier.held("Task_ReceiveSupplement")
    await city.pass_until(at(3, 9))
    await dossier.does("Task_ReceiveSupplement", supplement_papers=[{"composition": "other", "original": "copy"}])
    again = await dossier.held("Task_AppraiseDossier")
    record = await dossier.becomes("accepted")
    assert (record.original_due_at, record.due_at) == (at(21, 17), at(23, 17))
    assert record.pauses == [(at(1, 9), at(3, 9))]
    seen = await city.task_variables(again)
    assert (seen["appraisal_decision"], seen["extra_requirements"]) == (None, None)
    assert seen["dossier_summary"]["due_label"] == "23/12/2026 17:00"
    changes = (await dossier.view()).overview.deadline_changes
    assert [change.reason for change in changes] == ["Đăng ký hồ sơ", "Đã nhận hồ sơ bổ sung"]


async def test_a_supplement_that_never_comes_in_appraisal_stops_the_dossier(city: City) -> None:
    dossier = await city.submit("construction-permit")
    await dossier.assigned()
    await dossier.does("Task_AppraiseDossier", appraisal_decision="supplement", extra_requirements="Làm rõ chỉ giới")
    await dossier.held("Task_ReceiveSupplement")
    await city.pass_until(at(31, 9))
    await dossier.becomes("stopped")
    assert city.mails(dossier, subject="đến hạn: Giải quyết hồ sơ") == []
    await city.ended(dossier)
