"""Feed results back on the real engine until the unit confirms: by itself, by another system, or after the ladder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.city import at

if TYPE_CHECKING:
    from tests.engine.city import City, Dossier

pytestmark = pytest.mark.asyncio(loop_scope="session")

UNIT, OFFICE = "H29.26740", "H29.01"


async def _issued(city: City) -> Dossier:
    dossier = await city.submit("marital-status")
    await dossier.signed()
    await dossier.held("Task_ConfirmReceipt", UNIT)
    return dossier


def _reminders(city: City, dossier: Dossier, unit: str) -> int:
    return len(city.mails(dossier, city.rules.mailbox(unit), "Nhắc xác nhận"))


async def test_an_unconfirmed_result_is_reminded_of_then_goes_to_head_and_office(city: City) -> None:
    dossier = await _issued(city)
    assert (await dossier.held("Task_ConfirmReceipt")).due_at == at(1, 17)
    step = "Xác nhận đã nhận kết quả"
    await city.pass_until(at(1, 9))
    await dossier.shows(f"Đôn đốc bậc 1: {step}")
    await city.pass_until(at(1, 17))
    await dossier.shows(f"Đôn đốc bậc 2: {step}")
    await city.until(city.nothing_on_its_way, "thư đã gửi")
    assert (_reminders(city, dossier, UNIT), _reminders(city, dossier, OFFICE)) == (2, 0)
    await city.pass_until(at(2, 17))
    await dossier.shows(f"Đôn đốc bậc 3: {step}")
    await city.until(city.nothing_on_its_way, "thư đã gửi")
    assert (_reminders(city, dossier, UNIT), _reminders(city, dossier, OFFICE)) == (2, 1)

    await dossier.does("Task_ConfirmReceipt", receipt_confirmed=True)
    late = await dossier.row(step)
    assert (late.late, late.unit) == (True, "Phường Sài Gòn")
    await dossier.shows("Đơn vị xác nhận đã nhận kết quả")


async def test_another_system_confirms_by_message(city: City) -> None:
    dossier = await _issued(city)
    await dossier.is_told("Msg_ReceiptConfirmed", receipt_note="Trục liên thông (ví dụ)")
    await dossier.shows("Đơn vị xác nhận đã nhận kết quả")
    assert (await dossier.row("Xác nhận đã nhận kết quả")).outcome == "đã xác nhận qua trục"
    await dossier.holds_nobody()
    await dossier.is_told("Msg_ResultRated", rating=4, rating_comment="Nhanh (ví dụ)")
    await dossier.shows("Người nộp đánh giá 4/5")
    await city.ended(dossier)
