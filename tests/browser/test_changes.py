"""See what changes a dossier on its way: a supplement at the desk, an apology, a withdrawal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.engine.city import at

if TYPE_CHECKING:
    from tests.browser.people import People
    from tests.engine.city import City

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_desk_asks_for_what_is_missing_and_takes_it_in(city: City, people: People) -> None:
    dossier = await city.submit("construction-permit-missing-drawings")
    desk = await people.staff("one_stop_officer.h29-07")
    step = await desk.opens(dossier, "Task_ReceiveDossier")
    await expect(desk.form.get_by_text("Còn thiếu hoặc chưa đạt")).to_be_visible()
    await desk.chooses("Yêu cầu bổ sung, hoàn thiện (một danh sách, một lần)")
    await desk.completes(dossier, step)

    step = await desk.opens(dossier, "Task_ReceiveSupplement")
    for number, paper in enumerate(("Quyết định phê duyệt dự án", "Hồ sơ bản vẽ", "Hồ sơ bản vẽ")):
        if number:
            await desk.form.get_by_role("button", name="Add new").click()
        await desk.picks("Giấy tờ", paper)
        await desk.picks("Loại bản", "Bản chính")
    await people.look_at_all(desk.page, "nhan-bo-sung")
    await desk.completes(dossier, step)

    step = await desk.opens(dossier, "Task_ReceiveDossier")
    await expect(desk.form.get_by_text("thành phần hồ sơ đã đủ")).to_be_visible()
    await desk.chooses("Tiếp nhận, hẹn trả kết quả")
    await desk.completes(dossier, step)
    await dossier.becomes("accepted")


async def test_a_late_unit_apologises_and_the_applicant_withdraws(city: City, people: People) -> None:
    dossier = await city.submit("work-permit-urgent", urgency="normal")
    await dossier.assigned()
    await dossier.held("Task_AppraiseDossier")
    await city.pass_until(at(10, 17))
    head = await people.staff("head.h29-02")
    step = await head.opens(dossier, "Task_ProposeExtension")
    await head.chooses("Xin lỗi và đề nghị gia hạn")
    await head.writes("Lý do chưa giải quyết xong", "Chờ xác minh lý lịch (ví dụ)")
    await head.writes("Số ngày làm việc gia hạn", "5")
    await people.look_at_all(head.page, "xin-loi")
    await head.completes(dossier, step)
    await dossier.shows("Xin lỗi và gia hạn")
    assert (await dossier.record()).due_at == at(21, 17)

    desk = await people.staff("one_stop_officer.h29-02")
    await desk.starts("Ghi nhận yêu cầu đối với hồ sơ")
    await desk.writes("Mã hồ sơ", "H29-sai")
    await desk.chooses("Người nộp rút hồ sơ")
    await desk.submits()
    await expect(desk.message("Mã hồ sơ")).to_be_visible()
    await desk.writes("Mã hồ sơ", dossier.code)
    await desk.writes("Lý do", "Không còn nhu cầu (ví dụ)")
    await people.look_at_all(desk.page, "rut-ho-so")
    await desk.files()
    await dossier.becomes("withdrawn")
