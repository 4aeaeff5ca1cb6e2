"""See how units coordinate: opinions, dispositions, the Office, the leader's signature, the confirmed result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

if TYPE_CHECKING:
    from tests.browser.people import People
    from tests.engine.city import City

pytestmark = pytest.mark.asyncio(loop_scope="session")

LEAD, OFFICE = "h29-04", "h29-01"
SUMMARY = "Hồ sơ đủ thành phần, đáp ứng điều kiện theo quy định (ví dụ)."


async def test_a_dossier_goes_from_unit_to_unit_until_its_result_is_confirmed(city: City, people: People) -> None:
    dossier = await city.submit("city-decision-urgent")
    units = city.rules.must_ask(await dossier.record())
    await dossier.accepted()

    head = await people.staff(f"head.{LEAD}")
    step = await head.opens(dossier, "Task_AssignOfficer")
    await head.picks("Công chức thụ lý", "Sở Tài chính")
    await head.writes("Ý kiến chỉ đạo", "Làm ngay trong tuần (ví dụ).")
    await head.completes(dossier, step)

    officer = await people.staff(f"officer.{LEAD}")
    step = await officer.opens(dossier, "Task_AppraiseDossier")
    await officer.chooses("Cần lấy ý kiến đơn vị phối hợp")
    await officer.picks("Đơn vị được lấy ý kiến", *(city.rules.unit_name(unit, city.now().date()) for unit in units))
    await officer.looks("lay-y-kien")
    await officer.completes(dossier, step)

    for unit in units:
        name = city.rules.unit_name(unit, city.now().date())
        colleague = await people.staff(f"officer.{unit.lower().replace('.', '-')}")
        step = await colleague.opens(dossier, "Task_ReplyOpinion", unit, saying=name)
        await colleague.chooses("Đồng ý, có góp ý")
        await colleague.writes("Nội dung ý kiến", f"{name} đề nghị bổ sung căn cứ pháp lý (ví dụ).")
        await colleague.completes(dossier, step)

    step = await officer.opens(dossier, "Task_ConfirmDispositions")
    for number, _ in enumerate(units):
        row = officer.form.locator(".fjs-repeat-row-container").nth(number)
        await row.get_by_text("Tiếp thu", exact=True).click()
        await row.get_by_role("textbox").fill("Đã bổ sung vào dự thảo (ví dụ).")
    await people.look_at_all(officer.page, "tiep-thu")
    await officer.completes(dossier, step)

    step = await officer.opens(dossier, "Task_AppraiseDossier")
    await officer.chooses("Đủ điều kiện, đề nghị chấp thuận")
    await officer.writes("Tóm tắt thẩm định", SUMMARY)
    await officer.completes(dossier, step)

    office_head = await people.staff(f"office_head.{OFFICE}")
    specialist = await people.staff(f"specialist.{OFFICE}")
    step = await office_head.opens(dossier, "Task_AssignSpecialist")
    await office_head.picks("Chuyên viên thẩm tra", "Văn phòng")
    await office_head.completes(dossier, step)

    step = await specialist.opens(dossier, "Task_AppraisePackage")
    await specialist.chooses("Trả lại đơn vị trình (một danh sách đầy đủ)")
    await specialist.writes("Các điểm cần hoàn thiện", "Tờ trình chưa nêu kinh phí (ví dụ).\nThiếu phụ lục (ví dụ).")
    await specialist.looks("tra-lai")
    await specialist.completes(dossier, step)

    step = await officer.opens(dossier, "Task_AppraiseDossier")
    await expect(officer.form.get_by_text("Thiếu phụ lục (ví dụ).")).to_be_visible()
    await officer.chooses("Đủ điều kiện, đề nghị chấp thuận")
    await officer.writes("Tóm tắt thẩm định", f"Đã hoàn thiện. {SUMMARY}")
    await officer.completes(dossier, step)

    step = await office_head.opens(dossier, "Task_AssignSpecialist")
    await office_head.picks("Chuyên viên thẩm tra", "Văn phòng")
    await office_head.completes(dossier, step)
    step = await specialist.opens(dossier, "Task_AppraisePackage")
    await specialist.chooses("Đủ điều kiện, trình lãnh đạo")
    await specialist.writes("Ý kiến thẩm tra", "Hồ sơ đã hoàn thiện, đủ điều kiện trình (ví dụ).")
    await specialist.completes(dossier, step)
    step = await office_head.opens(dossier, "Task_ReviewPresentation")
    await office_head.chooses("Đồng ý trình lãnh đạo Ủy ban")
    await office_head.completes(dossier, step)

    leader = await people.staff("leader.h29")
    step = await leader.opens(dossier, "Task_DecideDossier")
    await leader.chooses("Ký ban hành")
    await leader.completes(dossier, step)

    clerk = await people.staff(f"clerk.{LEAD}")
    step = await clerk.opens(dossier, "Task_ConfirmReceipt")
    await clerk.chooses("Đơn vị xác nhận đã nhận kết quả")
    await clerk.completes(dossier, step)
    record = await dossier.becomes("returned")
    assert record.result_number is not None
    await dossier.shows("Đơn vị xác nhận đã nhận kết quả")
