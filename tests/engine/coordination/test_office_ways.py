"""Take packages through the Office on the real engine: return, revise, meet, reject, sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.city import at

if TYPE_CHECKING:
    from tests.engine.city import City, Dossier

pytestmark = pytest.mark.asyncio(loop_scope="session")

URGENT = "city-decision-urgent"


async def _returned_list(city: City, dossier: Dossier) -> list[str]:
    step = await dossier.held("Task_AppraiseDossier")
    return (await city.task_variables(step))["returned_list"]  # type: ignore[no-any-return]


async def test_the_office_returns_an_incomplete_package_at_once_with_one_list(city: City) -> None:
    dossier = await city.submit("investment-policy", without=("financial_capacity",))
    await dossier.assigned()
    await dossier.approved()
    listed = await _returned_list(city, dossier)
    assert len(listed) == 5
    assert listed[0].startswith("Thành phần hồ sơ: Tài liệu chứng minh năng lực tài chính")
    assert "Chưa lấy ý kiến Sở Xây dựng" in listed
    letter = await city.mail_of(dossier, "cần hoàn thiện", city.rules.mailbox("H29.04"))
    assert all(item in letter.body for item in listed)
    assert (await dossier.row("Trả lại hồ sơ trình")).outcome == "5 điểm cần hoàn thiện"


async def test_the_office_assigns_appraises_presents_and_the_leader_signs(city: City) -> None:
    dossier = await city.submit(URGENT)
    await dossier.reaches_the_office()
    step = await dossier.held("Task_AppraisePackage", "H29.01")
    assert step.person == "specialist.h29-01"
    await city.pass_until(at(1, 9))
    await dossier.presented()
    assert (await dossier.row("Thẩm tra hồ sơ trình")).used == 480
    assert "submission_slip" in [kind for kind, _, _ in await dossier.papers()]
    await dossier.does("Task_DecideDossier", leader_decision="sign")
    record = await dossier.becomes("returned")
    assert record.result_number is not None
    assert (record.result_type, record.result_number.endswith("/QĐ-UBND")) == ("granted", True)
    assert (await dossier.row("Quyết định hồ sơ trình")).unit == "Ủy ban nhân dân Thành phố Hồ Chí Minh"
    assert (await dossier.held("Task_ConfirmReceipt")).unit == "H29.04"


async def test_the_office_returns_a_package_and_the_unit_presents_it_again(city: City) -> None:
    dossier = await city.submit(URGENT)
    await dossier.reaches_the_office()
    await dossier.does(
        "Task_AppraisePackage", package_decision="return", returned_items="Bổ sung căn cứ\nSửa thể thức dự thảo"
    )
    assert await _returned_list(city, dossier) == ["Bổ sung căn cứ", "Sửa thể thức dự thảo"]
    seen = await city.task_variables(await dossier.held("Task_AppraiseDossier"))
    assert seen["appraisal_decision"] is None
    await dossier.approved()
    await dossier.does("Task_AssignSpecialist", specialist="specialist.h29-01")
    second = await city.task_variables(await dossier.held("Task_AppraisePackage"))
    assert (second["package_decision"], second["returned_items"]) == (None, None)


async def test_the_head_and_the_leader_send_back_and_a_meeting_concludes(city: City) -> None:
    dossier = await city.submit(URGENT)
    await dossier.reaches_the_office()
    await dossier.does("Task_AppraisePackage", package_decision="present", package_opinion="Đủ điều kiện (ví dụ).")
    await dossier.does("Task_ReviewPresentation", review_decision="revise", review_note="Rút gọn phiếu trình (ví dụ).")
    seen = await city.task_variables(await dossier.held("Task_AppraisePackage"))
    assert (seen["review_note"], seen["package_decision"]) == ("Rút gọn phiếu trình (ví dụ).", None)
    assert seen["package_opinion"] == "Đủ điều kiện (ví dụ)."

    await dossier.presented()
    await dossier.does("Task_DecideDossier", leader_decision="revise", leader_note="Làm rõ nguồn vốn (ví dụ).")
    seen = await city.task_variables(await dossier.held("Task_AppraisePackage"))
    assert seen["leader_note"] == "Làm rõ nguồn vốn (ví dụ)."
    await dossier.presented()
    await dossier.does("Task_DecideDossier", leader_decision="meeting", leader_note="Họp với các sở (ví dụ).")
    meeting = await dossier.held("Task_HoldMeeting", "H29.01")
    assert meeting.person == "specialist.h29-01"
    await dossier.does("Task_HoldMeeting", meeting_conclusion="Thống nhất trình ký (ví dụ).")
    seen = await city.task_variables(await dossier.held("Task_DecideDossier"))
    assert (seen["meeting_conclusion"], seen["leader_decision"]) == ("Thống nhất trình ký (ví dụ).", None)
    await dossier.does("Task_DecideDossier", leader_decision="sign")
    await dossier.becomes("returned")
    assert [kind for kind, _, _ in await dossier.papers()].count("submission_slip") == 3


async def test_the_leader_rejects_and_the_result_is_a_refusal(city: City) -> None:
    dossier = await city.submit(URGENT)
    await dossier.reaches_the_leader()
    await dossier.does("Task_DecideDossier", leader_decision="reject", leader_note="Chưa phù hợp (ví dụ).")
    record = await dossier.becomes("returned")
    assert record.result_type == "refused"
    await dossier.does("Task_ConfirmReceipt", receipt_confirmed=True)
    await dossier.holds_nobody()


async def test_the_office_asks_for_more_opinions_and_accounts_for_them_itself(city: City) -> None:
    dossier = await city.submit(URGENT)
    await dossier.reaches_the_office()
    await dossier.does("Task_AppraisePackage", package_decision="opinions", opinion_units=["H29.02"])
    await dossier.replies("H29.02")
    step = await dossier.held("Task_ConfirmDispositions", "H29.01")
    assert step.person == "specialist.h29-01"
    await dossier.disposes()
    await dossier.held("Task_AppraisePackage")
    assert (await dossier.opinion_of("H29.02")).round == 2
    tables = [paper for paper in await dossier.papers() if paper[0] == "opinion_table"]
    assert len(tables) == 2
