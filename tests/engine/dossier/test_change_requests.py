"""Change a running dossier from outside: withdrawal, stop, and what staff records in a form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.city import at
from workers import intake

if TYPE_CHECKING:
    from tests.engine.city import City

pytestmark = pytest.mark.asyncio(loop_scope="session")

APPLICANT = "doanhnghiep02@example.vn"


async def test_the_applicant_withdraws_and_everything_ends(city: City) -> None:
    dossier = await city.submit("construction-permit")
    await dossier.assigned()
    await dossier.asks("H29.14", "H29.06")
    await dossier.held("Task_ReplyOpinion", "H29.06")
    await intake.withdraw(city.services, dossier.code, "Không còn nhu cầu (ví dụ)")
    record = await dossier.becomes("withdrawn")
    assert record.finished_at == at(30, 9, month=11)
    await dossier.holds_nobody()
    assert (await dossier.row("Trả lời ý kiến")).outcome == "rút hồ sơ"
    assert (await dossier.row("Người nộp rút hồ sơ")).outcome == "Không còn nhu cầu (ví dụ)"
    assert await city.mail_of(dossier, "Đã rút hồ sơ", APPLICANT)
    await city.ended(dossier)
    await city.pass_until(at(31, 17))
    assert city.mails(dossier, subject="đến hạn") == []


async def test_staff_stops_a_dossier_by_the_form(city: City) -> None:
    dossier = await city.submit("construction-permit")
    await dossier.assigned()
    await dossier.held("Task_AppraiseDossier")
    key = await city.start(
        "dossier_change",
        dossier_code=dossier.code,
        change_kind="stop",
        reason="Người nộp đề nghị dừng (ví dụ)",
        clause="Điều 5 (ví dụ)",
    )
    await dossier.becomes("stopped")
    assert ("stop_notice", "2025", "05") in await dossier.papers()
    notice = await city.mail_of(dossier, "Dừng giải quyết", APPLICANT)
    assert "Người nộp đề nghị dừng" in notice.body
    assert (await dossier.row("Dừng giải quyết hồ sơ")).clause == "Điều 5 (ví dụ)"
    await city.ended(dossier)
    await city.reached(key, "EndEvent_ChangeRecorded")


async def test_staff_records_a_withdrawal_by_the_form(city: City) -> None:
    dossier = await city.submit("construction-permit")
    await dossier.held("Task_ReceiveDossier")
    await city.start(
        "dossier_change", dossier_code=dossier.code, change_kind="withdraw", reason="Đơn xin rút tại quầy (ví dụ)"
    )
    await dossier.becomes("withdrawn")
    assert (await dossier.row("Người nộp rút hồ sơ")).outcome == "Đơn xin rút tại quầy (ví dụ)"


@pytest.mark.parametrize("kind", ["withdraw", "stop", "deadline", "late_opinion"])
async def test_a_request_for_a_finished_or_unknown_dossier_says_so(city: City, kind: str) -> None:
    code = "H29.07-200101-0001"
    key = await city.start("dossier_change", dossier_code=code, change_kind=kind, reason="Không có hồ sơ này")
    await city.reached(key, "EndEvent_NotOpen")
