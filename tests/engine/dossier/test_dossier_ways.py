"""Follow dossiers from submission to the end on the real engine: the usual way, refusal, correction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine.city import at
from workers import intake

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.engine.city import City
    from workers.engine.tasklist import Tasklist

pytestmark = pytest.mark.asyncio(loop_scope="session")

APPLICANT = "doanhnghiep02@example.vn"
DESK = {
    "intake_procedure_code": "1.004873",
    "intake_title": "Cấp giấy xác nhận tình trạng hôn nhân (ví dụ)",
    "intake_urgency": "normal",
    "intake_origin_unit": "H29.26740",
    "intake_applicant_name": "Nguyễn Văn Ví Dụ",
    "intake_id_number": "079000000001",
    "intake_phone": "0900000001",
    "intake_email": "vi.du@example.vn",
    "intake_address": "1 Đường Ví Dụ",
    "intake_consent_email": True,
    "intake_papers": [
        {"composition": "application", "original": "original"},
        {"composition": "requester_identity", "original": "copy"},
        {"composition": "other", "original": "copy"},
    ],
}
BUSINESS_2021 = [
    {"composition": "application", "file": "giay-de-nghi.pdf", "original": "original"},
    {"composition": "charter", "file": "dieu-le.pdf", "original": "original"},
]


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
    assert (await dossier.view()).holders == ["Sở Xây dựng, officer.h29-07: Thẩm định hồ sơ (đã giữ 0 phút)"]
    await city.pass_until(at(2, 9))
    await dossier.approved()
    assert (await dossier.row("Thẩm định hồ sơ")).used == 15 * 60
    await dossier.does("Task_SignResult", signature_decision="sign")

    record = await dossier.becomes("returned")
    assert (record.result_type, record.result_number) == ("granted", record.result_number)
    assert record.result_number is not None
    ready = await city.mail_of(dossier, "đã có kết quả", APPLICANT)
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


async def test_the_desk_starts_a_dossier_by_its_form_and_no_personal_data_stays_in_the_engine(
    city: City,
) -> None:
    key = await city.start("dossier_resolution", **DESK)
    dossier = await city.known(await city.code_of(key))
    applicant = await city.services.registry.latest.applicant(dossier.code)
    assert (applicant.name, applicant.id_number) == (DESK["intake_applicant_name"], DESK["intake_id_number"])
    view = await dossier.view()
    assert (view.overview.dossier.channel, view.overview.dossier.origin_unit) == ("in_person", "H29.26740")

    await dossier.held("Task_ReceiveDossier", "H29.26740")
    personal = ["applicant_name", "id_number", "phone", "email", "address"]
    seen = await city.task_variables(await dossier.held("Task_ReceiveDossier"))
    assert [seen[f"intake_{name}"] for name in personal] == [None] * 5
    assert [row["name"] for row in seen["documents"]] == [
        "Tờ khai cấp giấy xác nhận tình trạng hôn nhân",
        "Giấy tờ tùy thân của người yêu cầu",
        "Giấy tờ khác",
    ]
    assert seen["missing"] == []


async def test_an_invalid_form_of_the_desk_comes_back_to_the_desk_and_is_corrected(city: City) -> None:
    key = await city.start("dossier_resolution", **{**DESK, "intake_scan_batch": "quet-khong-co"})

    async def correction() -> list[dict[str, object]]:
        return await city.tasks("Task_CorrectSubmission", process_instance=key)

    (task,) = await city.until(correction, "việc sửa thông tin nộp")
    assert task["candidateGroup"] == ["H29.26740"]
    assert "quet-khong-co" in await city.variable(key, "error_message")
    await city.complete(task["key"], {"intake_scan_batch": None})
    dossier = await city.known(await city.code_of(key))
    assert (await dossier.record()).title == DESK["intake_title"]


async def test_a_message_that_no_longer_fits_the_rules_goes_to_an_operator(city: City) -> None:
    submission = await city.keeps_submission(procedure_code="1.000000")
    await city.publish("Msg_DossierSubmitted", submission, submission_id=submission)

    async def stuck() -> list[dict[str, object]]:
        return [one for one in await city.incidents() if "1.000000" in one["errorMessage"]]

    (incident,) = await city.until(stuck, "sự cố của hồ sơ không còn hợp lệ")
    city.started.add(incident["processInstanceKey"])
    assert incident["elementId"] == "Task_RegisterDossier"
    assert "[HS-005]" in incident["errorMessage"]
    kept = await city.services.registry.latest.submission(submission)
    assert kept is not None
    assert kept.dossier_code is None


async def test_a_refused_dossier_ends_with_form_03(city: City) -> None:
    dossier = await city.submit("marital-status")
    await dossier.does(
        "Task_ReceiveDossier",
        reception_decision="refuse",
        reception_note="Không thuộc thẩm quyền của phường (ví dụ).",
        refusal_clause="Điều 1 (ví dụ)",
    )
    record = await dossier.becomes("refused")
    assert record.finished_at == at(30, 9, month=11)
    assert await dossier.papers() == [("refusal", "2025", "03")]
    letter = await city.mail_of(dossier, "không được tiếp nhận", "nguoinop02@example.vn")
    assert len(letter.attachments) == 1
    assert "Không thuộc thẩm quyền của phường" in letter.body
    await dossier.holds_nobody()
    assert (await dossier.row("Từ chối tiếp nhận hồ sơ")).clause == "Điều 1 (ví dụ)"


async def test_the_head_sends_a_result_back_and_the_officer_decides_anew(city: City) -> None:
    dossier = await city.submit("construction-permit")
    await dossier.assigned()
    await dossier.approved()
    await dossier.does("Task_SignResult", signature_decision="revise", signature_note="Sửa phần căn cứ (ví dụ).")
    again = await dossier.held("Task_AppraiseDossier")
    assert again.person == "officer.h29-07"
    seen = await city.task_variables(again)
    assert (seen["signature_note"], seen["appraisal_decision"]) == ("Sửa phần căn cứ (ví dụ).", None)
    assert seen["appraisal_summary"].startswith("Hồ sơ đủ thành phần")
    assert seen["history_label"].splitlines()[0].startswith("Sở Xây dựng: Tiếp nhận hồ sơ")
    assert len(seen["history_label"].splitlines()) == 4

    await dossier.does(
        "Task_AppraiseDossier",
        appraisal_decision="refuse",
        appraisal_summary="Không đủ điều kiện cấp phép theo quy hoạch (ví dụ).",
        refusal_reason="Không phù hợp quy hoạch (ví dụ)",
        refusal_clause="Điều 2 (ví dụ)",
    )
    assert (await city.task_variables(await dossier.held("Task_SignResult")))["signature_decision"] is None
    await dossier.does("Task_SignResult", signature_decision="sign")
    record = await dossier.becomes("returned")
    assert record.result_type == "refused"


async def test_a_result_for_the_desk_is_handed_over_and_may_stay_unrated(city: City) -> None:
    dossier = await city.submit("marital-status", channel="in_person")
    await dossier.signed()
    assert (await dossier.held("Task_HandOverResult", "H29.26740")).due_at == at(30, 14, 30, month=11)
    await dossier.does("Task_HandOverResult", handover_method="in_person")
    assert (await dossier.row("Trả kết quả cho người nộp")).outcome == "in_person"
    await dossier.does("Task_ConfirmReceipt", receipt_confirmed=True)
    await dossier.holds_nobody()
    await city.pass_until(at(8, 9))
    await city.ended(dossier)
    assert (await dossier.record()).rating is None


async def test_a_work_dossier_of_a_unit_is_led_by_the_unit_and_writes_to_its_mailbox(city: City) -> None:
    dossier = await city.submit("city-plan")
    record = await dossier.record()
    assert (record.kind, record.lead_unit, record.due_at) == ("work_dossier", "H29.02", at(21, 17))
    await dossier.reaches_the_leader()
    await dossier.does("Task_DecideDossier", leader_decision="sign")
    result = (await dossier.becomes("returned")).result_number
    assert result is not None
    assert result.endswith("/KH-UBND")
    assert await city.mail_of(dossier, "đã có kết quả", city.rules.mailbox("H29.02"))
    await dossier.does("Task_ConfirmReceipt", unit="H29.02", receipt_confirmed=True)
    await dossier.holds_nobody()
    kinds = [kind for kind, _, _ in await dossier.papers()]
    assert kinds == [
        "receipt",
        *["opinion_request"] * 2,
        "opinion_table",
        "submission_slip",
        "decision",
        "control_slip",
        "result_feedback",
    ]


async def test_an_urgent_dossier_gives_the_units_two_days(city: City) -> None:
    dossier = await city.submit("city-decision-urgent")
    await dossier.assigned()
    await dossier.asks("H29.03")
    assert (await dossier.held("Task_ReplyOpinion", "H29.03")).due_at == at(2, 17)
    assert (await city.task_variables(await dossier.held("Task_ReplyOpinion")))["dossier_summary"][
        "urgency_label"
    ] == "Khẩn"


async def test_an_old_dossier_finishes_under_the_version_and_forms_of_its_day(city: City) -> None:
    await city.begin(at(24, 9, month=2, year=2025))
    dossier = await city.submit(
        "business-registration",
        origin_unit="H29.31",
        case="individual_owner",
        documents=BUSINESS_2021,
    )
    record = await dossier.record()
    assert (record.procedure_version, record.lead_unit) == ("2021.1", "H29.31")
    assert record.due_at == at(27, 17, month=2, year=2025)
    await dossier.signed()
    await dossier.becomes("returned")
    await dossier.does("Task_ConfirmReceipt", receipt_confirmed=True)
    made = await dossier.papers()
    assert ("receipt", "2018", "01") in made
    assert ("control_slip", "2018", "05") in made


async def test_the_forms_of_the_receiving_day_hold_after_the_forms_changed(city: City) -> None:
    await city.begin(at(12, 9, month=9, year=2025))
    dossier = await city.submit("construction-permit")
    await dossier.assigned()
    await city.pass_until(at(16, 9, month=9, year=2025))
    await dossier.approved()
    await dossier.does("Task_SignResult", signature_decision="sign")
    await dossier.becomes("returned")
    assert {form_set for _, form_set, _ in await dossier.papers() if form_set} == {"2018"}


async def test_staff_work_through_tasklist_as_themselves(
    city: City, tasklist_login: Callable[[str], Awaitable[Tasklist]]
) -> None:
    dossier = await city.submit("marital-status")
    desk = await tasklist_login("one_stop_officer.h29-26740")
    (task,) = await desk.wait_for_tasks(
        candidate_group="H29.26740", process_instance_key=(await dossier.record()).process_instance_key
    )
    form = await desk.form(task)
    assert form is not None
    assert task.form_id == "dossier_reception"
    seen = await desk.variables(task.id)
    assert seen["dossier_summary"]["code"] == dossier.code
    assert seen["time_left_label"] == "còn 4 giờ làm việc"
    await desk.claim_and_complete(task.id, {"reception_decision": "accept"})
    await dossier.held("Task_AssignOfficer")
    closed = await dossier.row("Tiếp nhận hồ sơ")
    assert (closed.outcome, closed.open) == ("accept", False)
