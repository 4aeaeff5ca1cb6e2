"""See how units coordinate: opinions, dispositions, the Office, the leader's signature, the confirmed result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

if TYPE_CHECKING:
    from tests.browser.people import People, Staff
    from tests.engine.city import City, Dossier

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAMES = {"H29.03": "Sở Tư pháp", "H29.07": "Sở Xây dựng"}
LEAD, OFFICE = "h29-04", "h29-01"
SUMMARY = "Hồ sơ đủ thành phần, đáp ứng điều kiện theo quy định (ví dụ)."


async def test_a_dossier_goes_from_unit_to_unit_until_its_result_is_confirmed(city: City, people: People) -> None:
    dossier = await city.submit("city-decision-urgent")
    await dossier.accepted()
    officer = await people.staff(f"officer.{LEAD}")
    await _the_lead_asks(people, officer, dossier)
    await _units_reply(people, officer, dossier)

    office_head, specialist = await people.staff(f"office_head.{OFFICE}"), await people.staff(f"specialist.{OFFICE}")
    await _the_lead_presents(officer, dossier, SUMMARY)
    await _the_office_returns_it(office_head, specialist, dossier)
    await _the_lead_presents(officer, dossier, f"Đã hoàn thiện. {SUMMARY}")
    await _the_office_presents_it(office_head, specialist, dossier)

    leader = await people.staff("leader.h29")
    step = await leader.opens(dossier, "Task_DecideDossier")
    await expect(leader.form.get_by_text("Tiếp thu. Đã bổ sung vào dự thảo")).to_have_count(len(NAMES))
    await leader.chooses("Ký ban hành")
    await leader.completes(dossier, step)

    clerk = await people.staff(f"clerk.{LEAD}")
    step = await clerk.opens(dossier, "Task_ConfirmReceipt")
    await clerk.chooses("Đơn vị xác nhận đã nhận kết quả")
    await clerk.completes(dossier, step)
    await dossier.shows("Đơn vị xác nhận đã nhận kết quả")
    assert (await dossier.becomes("returned")).result_number is not None


async def _the_lead_asks(people: People, officer: Staff, dossier: Dossier) -> None:
    head = await people.staff(f"head.{LEAD}")
    step = await head.opens(dossier, "Task_AssignOfficer")
    await head.picks("Công chức thụ lý", "Chuyên viên")
    await head.writes("Ý kiến chỉ đạo", "Làm ngay trong tuần (ví dụ).")
    await head.completes(dossier, step)
    step = await officer.opens(dossier, "Task_AppraiseDossier")
    await officer.chooses("Cần lấy ý kiến đơn vị phối hợp")
    await officer.picks("Đơn vị được lấy ý kiến", *NAMES.values())
    await officer.looks("lay-y-kien")
    await officer.completes(dossier, step)


async def _units_reply(people: People, officer: Staff, dossier: Dossier) -> None:
    for unit, name in NAMES.items():
        colleague = await people.staff(f"officer.{unit.lower().replace('.', '-')}")
        step = await colleague.opens(dossier, "Task_ReplyOpinion", unit, saying=name)
        await colleague.chooses("Đồng ý, có góp ý")
        await colleague.writes("Nội dung ý kiến", f"{name} đề nghị bổ sung căn cứ pháp lý (ví dụ).")
        await colleague.completes(dossier, step)
    step = await officer.opens(dossier, "Task_ConfirmDispositions")
    for number, _ in enumerate(NAMES):
        await officer.form.get_by_text("Tiếp thu", exact=True).nth(number).click()
        await officer.form.get_by_role("textbox").nth(number).fill("Đã bổ sung vào dự thảo (ví dụ).")
    await people.look_at_all(officer.page, "tiep-thu")
    await officer.completes(dossier, step)


async def _the_lead_presents(officer: Staff, dossier: Dossier, summary: str) -> None:
    step = await officer.opens(dossier, "Task_AppraiseDossier")
    await officer.chooses("Đủ điều kiện, đề nghị chấp thuận")
    await officer.writes("Tóm tắt thẩm định", summary)
    await officer.completes(dossier, step)


async def _the_office_returns_it(office_head: Staff, specialist: Staff, dossier: Dossier) -> None:
    await _is_assigned(office_head, dossier)
    step = await specialist.opens(dossier, "Task_AppraisePackage")
    await specialist.chooses("Trả lại đơn vị trình (một danh sách đầy đủ)")
    await specialist.writes("Các điểm cần hoàn thiện", "Tờ trình chưa nêu kinh phí (ví dụ).\nThiếu phụ lục (ví dụ).")
    await specialist.looks("tra-lai")
    await specialist.completes(dossier, step)


async def _the_office_presents_it(office_head: Staff, specialist: Staff, dossier: Dossier) -> None:
    await _is_assigned(office_head, dossier)
    step = await specialist.opens(dossier, "Task_AppraisePackage")
    await specialist.chooses("Đủ điều kiện, trình lãnh đạo")
    await specialist.writes("Ý kiến thẩm tra", "Hồ sơ đã hoàn thiện, đủ điều kiện trình (ví dụ).")
    await specialist.completes(dossier, step)
    step = await office_head.opens(dossier, "Task_ReviewPresentation")
    await office_head.chooses("Đồng ý trình lãnh đạo Ủy ban")
    await office_head.completes(dossier, step)


async def _is_assigned(office_head: Staff, dossier: Dossier) -> None:
    step = await office_head.opens(dossier, "Task_AssignSpecialist")
    await office_head.picks("Chuyên viên thẩm tra", "Chuyên viên")
    await office_head.completes(dossier, step)
