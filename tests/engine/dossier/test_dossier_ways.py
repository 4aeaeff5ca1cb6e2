"""Follow dossiers from submission to the end on the real engine: the usual way, refusal, correction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.city import at
from workers import intake

if TYPE_CHECKING:
    from tests.engine.city import City

pytestmark = pytest.mark.asyncio(loop_scope="session")

APPLICANT = "doanhnghiep02@example.vn"


async def test_a_dossier_goes_from_submission_to_confirmed_feedback_and_rating(city: City) -> None:
    dossier = await city.submit("construction-permit")
    view = await dossier.view()
    assert dossier.code.startswith("H29.07-261130-")
    assert (view.overview.dossier.procedure_version, view.overview.dossier.lead_unit) == ("2025.1", "H29.07")
    assert view.overview.dossier.due_at == at(21, 17)

    await dossier.held("Task_ReceiveDossier")
    await city.pass_until(at(30, 10, month=11))
    assert (await dossier.view()).holders == ["Sở Xây dựng: Tiếp nhận hồ sơ (đã giữ 1 giờ làm việc)"]
    await dossier.does("Task_ReceiveDossier", reception_decision="accept")
    received = await dossier.row("Tiếp nhận hồ sơ")
    assert (received.unit, received.used, received.limit, received.late) == ("Sở Xây dựng", 60, 240, False)
    receipt = await city.mail_of(dossier, "Đã tiếp nhận hồ sơ", APPLICANT)
    assert [file.content[:5] for file in receipt.attachments] == [b"%PDF-"]
    assert "21/12/2026 17:00" in receipt.subject

    await dossier.does("Task_AssignOfficer", officer="officer.h29-07")
    await dossier.held("Task_AppraiseDossier")
    assert (await dossier.view()).holders == [
        "Sở Xây dựng, officer.h29-07: Thẩm định hồ sơ (đã giữ 0 phút)"
    ]
    await city.pass_until(at(2, 9))
    await dossier.approved()
    assert (await dossier.row("Thẩm định hồ sơ")).used == 15 * 60
    await dossier.does("Task_SignResult", signature_decision="sign")

    record = await dossier.becomes("returned")
    assert (record.result_type, record.result_number) == ("granted", record.result_number)
    assert record.result_number is not None
    ready = await city.mail_of(dossier, "kết quả", APPLICANT)
    assert len(ready.attachments) == 1
    feedback = await dossier.held("Task_ConfirmReceipt", "H29.07")
    assert feedback.due_at == at(3, 17)
    assert len((await city.mail_of(dossier, "Phản hồi", city.rules.mailbox("H29.07"))).attachments) == 2
    await dossier.does("Task_ConfirmReceipt", receipt_confirmed=True)
    await dossier.shows("Đơn vị xác nhận đã nhận kết quả")
    await intake.rate(city.services, dossier.code, 5)
    await dossier.shows("Người nộp đánh giá 5/5")

    assert (await dossier.record()).rating == 5
    assert await dossier.papers() == [
        ("receipt", "2025", "01"),
        ("decision", None, None),
        ("control_slip", "2025", "06"),
        ("result_feedback", None, None),
    ]
    assert (await dossier.view()).holders == []
    assert await city.services.registry.latest.verify_timeline(dossier.code) == []
