"""See how the one-stop desk takes a dossier in."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.engine.city import EXAMPLES

if TYPE_CHECKING:
    from tests.browser.people import People
    from tests.engine.city import City

pytestmark = pytest.mark.asyncio(loop_scope="session")

DESK = "one_stop_officer.h29-04"
BATCH = "quay-04_0001"
TITLE = "Chấp thuận chủ trương đầu tư nhà máy ví dụ, nộp tại quầy"
PAPERS = (
    ("application", "van-ban-de-nghi.pdf", "Văn bản đề nghị", "Bản chính"),
    ("investor_legal_status", "tu-cach-phap-ly.pdf", "Tài liệu về tư cách pháp lý", "Bản chứng thực"),
    ("financial_capacity", "nang-luc-tai-chinh.pdf", "Tài liệu chứng minh năng lực", "Bản sao"),
    ("investment_proposal", "de-xuat-du-an.pdf", "Đề xuất dự án", "Bản chính"),
)


async def test_an_officer_takes_in_a_dossier_at_the_desk(city: City, people: People) -> None:
    _scan(city)
    officer = await people.staff(DESK)
    await officer.starts("Tiếp nhận và giải quyết hồ sơ")

    await officer.writes("Nội dung yêu cầu", "Ngắn")
    await officer.writes("Số điện thoại", "123")
    await officer.writes("Thư điện tử", "khong-phai-thu")
    await officer.submits()
    for label in ("Thủ tục", "Nội dung yêu cầu", "Đơn vị tiếp nhận", "Họ tên", "Số điện thoại"):
        await expect(officer.message(label)).to_be_visible()
    await people.look_at_all(officer.page, "nop-con-sai")

    await officer.picks("Thủ tục hoặc loại hồ sơ", "Chấp thuận chủ trương")
    await officer.writes("Nội dung yêu cầu", TITLE)
    await officer.picks("Đơn vị tiếp nhận", "Sở Tài chính")
    await officer.writes("Họ tên", "Nguyễn Văn Ví Dụ")
    await officer.writes("Số điện thoại", "0900000001")
    await officer.writes("Thư điện tử", "nguoinop@example.vn")
    await officer.chooses("Người nộp đồng ý nhận thông báo về hồ sơ này qua thư điện tử")
    await officer.writes("Tên lô bản quét", BATCH)
    for number, (_, _, paper, original) in enumerate(PAPERS):
        if number:
            await officer.form.get_by_role("button", name="Add new").click()
        await officer.picks("Giấy tờ", paper)
        await officer.picks("Loại bản", original)
    await people.look_at_all(officer.page, "nop-da-dien")
    await officer.files()

    dossier = await city.filed(TITLE)
    step = await officer.opens(dossier, "Task_ReceiveDossier")
    await expect(officer.form.get_by_text("thành phần hồ sơ đã đủ")).to_be_visible()
    await officer.chooses("Tiếp nhận, hẹn trả kết quả")
    await officer.completes(dossier, step)
    assert (await dossier.becomes("accepted")).channel == "in_person"


def _scan(city: City) -> None:
    """Have the scanner put the papers in a folder."""
    batch = city.services.files.intake / BATCH
    batch.mkdir(parents=True)
    for composition, name, _, _ in PAPERS:
        shutil.copy(EXAMPLES / "investment-policy" / name, batch / f"{composition}.pdf")
