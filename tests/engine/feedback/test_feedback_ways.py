"""Follow citizens' feedback on the real engine, each story to its end."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from tests.engine.city import at
from tests.engine.feedback.reports import CITIZEN, WARD, followed_by_phone, report
from workers import feedback_intake
from workers.records import PublicState

if TYPE_CHECKING:
    from tests.engine.city import City
    from workers.records import OpenStep

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_feedback_goes_from_report_to_rating(city: City) -> None:
    said = await report(city)
    record = await said.record()
    assert record.forward_due_at == record.received_at + timedelta(minutes=5)
    assert (await said.held("Task_TriageFeedback", "H29.08")).due_at == record.forward_due_at
    await said.triaged(publication="shown", public_text="Nhiều ổ gà lớn trước số 12 Đường Ví Dụ")
    await said.does("Task_AcceptFeedback", unit="H29.07", acceptance_decision="accept")
    due = (await said.record()).due_at
    assert (await said.held("Task_ResolveFeedback", "H29.07")).due_at == due
    await said.answered()
    answered = await said.record()
    assert (answered.original_due_at, answered.public_state) == (due, PublicState.SHOWN)
    answer = (await city.services.registry.latest.feedback_answers(said.code))[-1]
    assert (answer.kind, answer.public_text) == ("final", "Đã xử lý xong.")
    for subject in ("đã nhận", "đã chuyển", "có kết quả"):
        await city.mail_of(said, subject, CITIZEN)
    await feedback_intake.rate(city.services, said.code, 5)
    await said.becomes("closed")
    assert await city.services.registry.latest.verify_timeline(said.code) == []


async def test_a_unit_returns_what_is_not_its_own_and_the_clock_goes_on(city: City) -> None:
    said = await report(city)
    await said.triaged()
    due = (await said.becomes("forwarded")).due_at
    await city.pass_hours(3)
    await said.does(
        "Task_AcceptFeedback", unit="H29.07", acceptance_decision="wrong_address", return_reason="Đường do phường giữ"
    )
    await said.does(
        "Task_TriageFeedback",
        unit="H29.08",
        triage_decision="forward",
        field_code="public_transport",
        commune_code=None,
        unit_choice=WARD,
        publication="hidden",
    )
    await said.held("Task_AcceptFeedback", WARD)
    record = await said.record()
    assert (record.unit, record.due_at) == (WARD, due)
    moved = await city.services.registry.latest.feedback_handovers(said.code)
    assert [one.to_unit for one in moved] == ["H29.07", "H29.08", WARD]


async def test_an_interim_answer_keeps_the_deadline_and_the_ladder_reminds(city: City) -> None:
    said = await report(city)
    await said.triaged("noise", commune_code=WARD)
    await said.does("Task_AcceptFeedback", unit=WARD, acceptance_decision="accept")
    due = (await said.record()).due_at
    await said.does(
        "Task_ResolveFeedback",
        result_decision="interim",
        answer_text="Đang kiểm tra cơ sở này (ví dụ).",
        committed_on="2026-12-20",
    )
    await city.mail_of(said, "tiến độ", CITIZEN)
    record = await said.record()
    assert (record.due_at, str(record.committed_on)) == (due, "2026-12-20")
    await said.held("Task_ResolveFeedback", WARD)
    for rung, moment in ((1, at(1, 14)), (2, due + timedelta(hours=1)), (3, due + timedelta(days=2))):
        await city.pass_until(moment)
        await said.shows(f"Đôn đốc bậc {rung}: Xử lý, báo kết quả")
    await city.mail_of(said, "Quá hạn", city.rules.mailbox("H29.08"))
    await said.answered()


async def test_a_duplicate_is_suggested_merged_by_a_person_and_told_the_answer(city: City) -> None:
    first = await report(
        city, "Cột đèn đường trước cổng trường Ví Dụ bị tắt ba ngày nay", latitude=10.77, longitude=106.7
    )
    await first.triaged("street_light")
    again = await report(
        city,
        "cot den duong truoc truong Vi Du tat ba ngay nay, tối lắm",
        field="street_light",
        latitude=10.7701,
        longitude=106.7001,
        email="nguoikhac@example.vn",
    )
    step = await again.held("Task_TriageFeedback")
    offered = (await _variables(city, step))["duplicate_options"]
    assert [one["value"] for one in offered] == [first.code]
    await again.does("Task_TriageFeedback", triage_decision="merge", merged_into=first.code)
    assert (await again.becomes("merged")).merged_into == first.code
    await first.does("Task_AcceptFeedback", acceptance_decision="accept")
    await first.answered(photo_batch=_photos(city, "sau.jpg"))
    await city.mail_of(again, "có kết quả", "nguoikhac@example.vn")


async def test_a_denunciation_is_routed_out_and_a_groundless_report_rejected(city: City) -> None:
    said = await report(city, "Tôi tố cáo ông Nguyễn Văn Ví Dụ ở phường nhận tiền")
    step = await said.held("Task_TriageFeedback")
    variables = await _variables(city, step)
    assert variables["matter_code"] == "denunciation"
    assert "Ví Dụ" not in str(variables)
    await said.does("Task_TriageFeedback", triage_decision="route_out", matter_code="denunciation", triage_note=None)
    await said.becomes("routed_out")
    assert "Luật Tố cáo" in (await city.mail_of(said, "nơi có thẩm quyền", CITIZEN)).body
    other = await report(city, "Thử hệ thống xem có chạy không")
    await other.does("Task_TriageFeedback", triage_decision="reject", triage_note="Không nêu sự việc.")
    assert (await other.becomes("rejected")).public_state is PublicState.HIDDEN


async def test_anonymous_feedback_on_an_official_stays_out_of_sight_of_the_unit_concerned(city: City) -> None:
    said = await report(city, "Cán bộ gây khó khăn, vòi vĩnh ở phường", anonymous=True)
    await said.triaged(
        "official_conduct", commune_code=WARD, unit_choice=WARD, publication="shown", public_text="x" * 9
    )
    await said.held("Task_AcceptFeedback", "H29.16")
    record = await said.record()
    assert (record.unit, record.public_state, record.public_text) == ("H29.16", PublicState.HIDDEN, None)
    await said.does("Task_AcceptFeedback", acceptance_decision="accept")
    await said.answered()
    assert [one.public_text for one in await city.services.registry.latest.feedback_answers(said.code)] == [None]


async def test_one_star_reopens_with_a_new_deadline_and_silence_closes(city: City) -> None:
    said = await report(city)
    await said.triaged("noise", commune_code=WARD)
    await said.does("Task_AcceptFeedback", acceptance_decision="accept")
    await said.answered()
    original = (await said.record()).original_due_at
    await city.pass_hours(24)
    await feedback_intake.rate(city.services, said.code, 1, "Vẫn ồn")
    await said.shows("Mở lại lần 1")
    assert (await said.held("Task_TriageFeedback", "H29.08")).due_at == at(1, 9, 5)
    await said.triaged("noise", commune_code=WARD)
    await said.does("Task_AcceptFeedback", unit=WARD, acceptance_decision="accept")
    record = await said.record()
    assert (record.round, record.original_due_at) == (1, original)
    assert record.due_at > original
    await said.answered()
    await city.pass_hours(8 * 24)
    await said.becomes("closed")


async def test_photos_the_field_demands_are_asked_for_until_they_come(city: City) -> None:
    said = await report(city, photos=[("anh.jpg", _photo())])
    await said.triaged("waste", commune_code=WARD)
    await said.does("Task_AcceptFeedback", acceptance_decision="accept")
    result = {"result_decision": "final", "answer_text": "Đã thu gom rác (ví dụ)."}
    await said.does("Task_ResolveFeedback", **result, photo_batch=None)
    step = await said.held("Task_ResolveFeedback")
    assert "cần ảnh sau khi xử lý" in (await _variables(city, step))["error_message"]
    await said.answered(photo_batch=_photos(city, "sau.jpg"))
    photos = await city.services.registry.latest.feedback_photos(said.code)
    assert [one.kind for one in photos] == ["report", "after"]


async def test_feedback_by_phone_leaves_no_reporter_in_the_engine(city: City) -> None:
    said = await followed_by_phone(
        city,
        report_text="Cháy lớn ở chợ Ví Dụ, khói đen",
        report_place="Chợ Ví Dụ",
        report_anonymous=False,
        reporter_name="Nguyễn Văn Ví Dụ",
        reporter_phone="0900000001",
        reporter_consent_sms=False,
    )
    step = await said.held("Task_TriageFeedback")
    variables = await _variables(city, step)
    assert "114" in variables["hints"]
    assert variables["reporter_phone"] is None
    assert variables["report_text"] is None
    assert (await city.services.registry.latest.reporter(said.code)).phone == "0900000001"


async def _variables(city: City, step: OpenStep) -> dict[str, Any]:
    await city.task_of(step)
    return await city._variables_above(step)


def _photo() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (64, 48), "gray").save(data, "JPEG")
    return data.getvalue()


def _photos(city: City, *names: str) -> str:
    folder = city.settings.data / "intake" / f"anh-{len(names)}"
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(_photo())
    return folder.name
