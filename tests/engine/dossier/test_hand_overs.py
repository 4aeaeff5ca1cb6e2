"""Units are dissolved while dossiers are open on the real engine: their successors take over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.city import at
from workers.casework import HAND_OVER

if TYPE_CHECKING:
    from tests.engine.city import City

pytestmark = pytest.mark.asyncio(loop_scope="session")

OLD, NEW = "H29.26740", "H29.26743"
WARD = "name: Phường Sài Gòn}"
TOURISM = "name: Sở Du lịch, abbreviation: SDL}"


async def test_a_dossier_of_a_dissolved_ward_is_handed_over_to_its_successor(city: City) -> None:
    city.office_edits("organization.yaml", WARD, f"{WARD[:-1]}, valid_to: 2026-11-30, successors: [{NEW}]}}")
    dossier = await city.submit("marital-status")
    await dossier.assigned()
    before = await dossier.record()
    open_task = await dossier.held("Task_AppraiseDossier", OLD)
    assert (open_task.person, open_task.due_at) == ("officer.h29-26740", at(2, 17))

    await city.pass_until(at(1, 17))
    (holder,) = (await dossier.view()).holders
    assert holder.startswith("Phường Bến Thành (nhận bàn giao từ Phường Sài Gòn), officer.h29-26740: ")
    await dossier.shows("Đôn đốc bậc 1: Thẩm định hồ sơ")
    row = await dossier.row(HAND_OVER)
    assert (row.unit, row.outcome) == ("Phường Bến Thành", "từ Phường Sài Gòn, kết thúc hoạt động ngày 30/11/2026")
    reminder = await city.mail_of(dossier, "Sắp đến hạn", city.rules.mailbox(NEW))
    assert "Phường Bến Thành" in reminder.body
    assert not city.mails(dossier, city.rules.mailbox(OLD), "Sắp đến hạn")

    await dossier.approved()
    await dossier.held("Task_SignResult", NEW)
    assert (await dossier.view()).hand_overs == [f"Phường Bến Thành {row.outcome}"]
    await dossier.does("Task_SignResult", signature_decision="revise", signature_note="Sửa câu chữ (ví dụ).")
    again = await dossier.held("Task_AppraiseDossier", NEW)
    assert again.person is None
    await dossier.approved()
    await dossier.does("Task_SignResult", signature_decision="sign")
    await dossier.becomes("returned")
    after = await dossier.record()
    assert (after.lead_unit, after.origin_unit) == (NEW, NEW)
    assert (after.code, after.original_due_at) == (before.code, before.original_due_at)
    assert (await dossier.steps()).count(HAND_OVER) == 1


async def test_an_asked_unit_that_is_dissolved_is_asked_on_in_its_successor(city: City) -> None:
    ends = f"{TOURISM[:-1]}, valid_to: 2026-12-04, successors: [H29.11, H29.08]"
    city.office_edits("organization.yaml", TOURISM, ends + ", handover_to: H29.11}")
    dossier = await city.submit("construction-permit")
    await dossier.assigned()
    await dossier.asks("H29.12")
    await dossier.held("Task_ReplyOpinion", "H29.12")
    await city.pass_until(at(7, 17))
    await city.mail_of(dossier, "Hết hạn trả lời ý kiến", city.rules.mailbox("H29.11"))
    await dossier.does("Task_DecideOnSilence", about="H29.12", silence_decision="extend")
    await dossier.replies("H29.11")
    await dossier.held("Task_ConfirmDispositions", "H29.07")
    assert (await dossier.opinion_of("H29.11")).answer == "agree"
    assert (await dossier.row(HAND_OVER)).unit == "Sở Văn hóa và Thể thao"


async def test_of_a_divided_unit_a_person_decides_in_operate(city: City) -> None:
    ends = f"{WARD[:-1]}, valid_to: 2026-11-30, successors: [{NEW}, H29.26737]}}"
    city.office_edits("organization.yaml", WARD, ends)
    dossier = await city.submit("marital-status")
    await dossier.accepted()
    await dossier.held("Task_AssignOfficer", OLD)
    await city.pass_until(at(1, 9))
    await dossier.does("Task_AssignOfficer", officer="officer.h29-26740")
    message = await city.stuck(dossier)
    assert "H29.26743 Phường Bến Thành; H29.26737 Phường Tân Định" in message
    assert "[DV-003]" in message

    await city.repair(dossier, lead_unit=NEW)
    assert (await dossier.held("Task_AppraiseDossier", NEW)).person is None
    assert (await dossier.row(HAND_OVER)).unit == "Phường Bến Thành"
