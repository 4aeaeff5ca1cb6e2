"""Registration: the code, the version in force, the deadline; what cannot be registered and who acts then."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta

import pytest

from tests.unit.office import DAY, MONDAY, PERSON, ZONE, business, three_parts
from workers.errors import BusinessError, NeedsOperator
from workers.records import Applicant, DossierState
from workers.runtime.variables import InvalidInput

DESK = {
    "intake_procedure_code": "1.001193",
    "intake_title": "Khai sinh ví dụ",
    "intake_origin_unit": "H29.26740",
    "intake_applicant_name": PERSON.name,
}


async def test_a_submission_becomes_a_dossier_with_code_version_and_deadline(office):
    submission = await office.submitted()
    result = await office.run("dossier.register", submission_id=submission.id)
    assert result["dossier_code"] == "H29.07-261102-0001"
    assert (result["procedure_version"], result["lead_unit"], result["authority"]) == ("2025.1", "H29.07", "department")
    assert (result["office_unit"], result["city_unit"]) == ("H29.01", "H29")
    assert result["received_at"] == "2026-11-02T09:00:00+07:00"
    assert result["due_at"] == result["original_due_at"] == "2026-11-23T17:00:00+07:00"
    assert result["received_at"] < result["near_due_at"] < result["due_at"]
    assert result["dossier_summary"]["due_label"] == "23/11/2026 17:00"
    dossier = await office.dossier(result["dossier_code"])
    assert (dossier.state, dossier.process_instance_key, dossier.submission_id) == ("registered", 77, submission.id)
    assert dossier.deadline_revision == 0
    (change,) = await office.read.deadline_changes(dossier.code)
    assert (change.revision, change.before, change.after) == (0, None, dossier.due_at)
    assert await office.names(dossier.code) == ["Đăng ký hồ sơ"]
    assert (await office.read.submission(submission.id)).dossier_code == dossier.code


async def test_each_agency_counts_its_own_codes_and_starts_anew_each_day(office):
    codes = [await office.registered(unit=unit) for unit in ("H29.07", "H29.07", "H29.14", "H29.26740")]
    office.clock.now = MONDAY + DAY
    codes.append(await office.registered())
    assert codes == [
        "H29.07-261102-0001",
        "H29.07-261102-0002",
        "H29.14-261102-0001",
        "H29.26740-261102-0001",
        "H29.07-261103-0001",
    ]


async def test_the_day_of_the_code_is_the_day_of_receipt_here_not_in_utc(office):
    just_after_midnight = datetime(2026, 11, 3, 0, 5, tzinfo=ZONE)
    code = await office.registered(submitted_at=just_after_midnight)
    assert code == "H29.07-261103-0001"


async def test_the_version_in_force_on_the_day_of_receipt_is_pinned(office):
    received = datetime(2025, 2, 27, 9, tzinfo=ZONE)
    submission = await office.submitted("2.001583", "H29.31", submitted_at=received)
    office.clock.now = datetime(2025, 3, 3, 9, tzinfo=ZONE)
    result = await office.run("dossier.register", submission_id=submission.id)
    assert (result["procedure_version"], result["lead_unit"]) == ("2021.1", "H29.31")
    assert result["received_at"] == received.isoformat()


async def test_a_commune_leads_what_it_receives(office):
    submission = await office.submitted("1.001193", "H29.26740")
    result = await office.run("dossier.register", submission_id=submission.id)
    assert (result["lead_unit"], result["procedure_lead_unit"]) == ("H29.26740", "H29.26740")
    assert result["due_at"] == "2026-11-02T17:00:00+07:00"


async def test_a_deadline_in_an_unconfirmed_year_is_marked_provisional(office):
    code = await office.registered()
    assert (await office.dossier(code)).deadline_provisional
    summary = (await office.run("dossier.accept", dossier_code=code))["dossier_summary"]
    assert summary["provisional_label"].startswith("tạm tính")


async def test_a_second_delivery_gives_the_same_code_and_changes_nothing(office):
    submission = await office.submitted()
    first = await office.run("dossier.register", instance=5, submission_id=submission.id)
    before = await office.footprint()
    second = await office.run("dossier.register", instance=5, submission_id=submission.id)
    assert second == first
    assert await office.footprint() == before


async def test_two_deliveries_that_race_register_once(office):
    submission = await office.submitted()
    both = await asyncio.gather(
        *(office.run("dossier.register", instance=5, submission_id=submission.id) for _ in range(2))
    )
    assert both[0] == both[1]
    assert (await office.footprint())["dossiers"] == 1
    assert (await office.footprint())["numbers"] == 1


async def test_many_dossiers_at_once_leave_no_gap_and_no_duplicate(office):
    submissions = [await office.submitted() for _ in range(8)]
    results = await asyncio.gather(*(office.run("dossier.register", submission_id=one.id) for one in submissions))
    numbers = sorted(result["dossier_code"][-4:] for result in results)
    assert numbers == [f"{number:04d}" for number in range(1, 9)]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"procedure": "9.999999"}, "Không có thủ tục 9.999999 có hiệu lực ngày 02/11/2026."),
        ({"unit": "H29.31"}, "Đơn vị H29.31 không hoạt động vào ngày 02/11/2026."),
        ({"unit": "H29.999"}, "Đơn vị H29.999 không hoạt động vào ngày 02/11/2026."),
    ],
)
async def test_what_came_by_message_and_is_not_in_force_is_for_the_operator(office, changes, told):
    submission = await office.submitted(**changes)
    with pytest.raises(NeedsOperator) as failure:
        await office.run("dossier.register", submission_id=submission.id)
    three_parts(failure.value, "HS-005")
    assert failure.value.message == told
    footprint = await office.footprint()
    assert (footprint["dossiers"], footprint["numbers"]) == (0, 0)


async def test_another_start_of_a_registered_submission_is_no_second_dossier(office):
    submission = await office.submitted()
    await office.run("dossier.register", submission_id=submission.id)
    with pytest.raises(NeedsOperator) as failure:
        await office.run("dossier.register", submission_id=submission.id)
    assert "H29.07-261102-0001" in failure.value.message
    assert (await office.footprint())["dossiers"] == 1


async def test_a_submission_nobody_kept_is_for_the_operator(office):
    with pytest.raises(NeedsOperator) as failure:
        await office.run("dossier.register", submission_id="nobody")
    three_parts(failure.value, "HS-002")


async def test_a_year_without_calendar_is_not_guessed(office):
    submission = await office.submitted(submitted_at=datetime(2027, 12, 30, 9, tzinfo=ZONE))
    with pytest.raises(NeedsOperator) as failure:
        await office.run("dossier.register", submission_id=submission.id)
    three_parts(failure.value, "TG-001")
    assert (await office.footprint())["numbers"] == 0


async def test_a_title_of_the_wrong_type_never_reaches_the_handler(office):
    with pytest.raises(InvalidInput) as failure:
        await office.run("dossier.register", submission_id=["x"])
    assert failure.value.problems
    assert all(problem.startswith("submission_id ") for problem in failure.value.problems)


async def test_the_desk_registers_what_a_person_brings(office):
    papers = [{"composition": "application", "original": "original"}, {"composition": "birth_certificate"}]
    result = await office.run("dossier.register", intake_papers=papers, intake_consent_email=True, **DESK)
    code = result["dossier_code"]
    dossier = await office.dossier(code)
    assert (dossier.channel, dossier.urgency, dossier.title) == ("in_person", "normal", "Khai sinh ví dụ")
    filed = await office.read.documents(code)
    assert [(one.composition, one.original, one.sha256) for one in filed] == [
        ("application", "original", ""),
        ("birth_certificate", "copy", ""),
    ]
    assert (await office.read.applicant(code)).name == PERSON.name


async def test_the_personal_fields_of_the_desk_form_are_emptied_in_the_engine(office):
    fields = {"id_number": PERSON.id_number, "phone": PERSON.phone, "email": PERSON.email, "address": PERSON.address}
    given = {f"intake_{name}": value for name, value in fields.items()}
    result = await office.run("dossier.register", **DESK, **given)
    for name in ("applicant_name", *fields):
        assert result[f"intake_{name}"] is None
    applicant = await office.read.applicant(result["dossier_code"])
    assert applicant.model_dump(include=set(fields)) == fields
    assert not applicant.consent_email


async def test_a_scan_batch_is_filed_under_the_names_of_its_papers(office):
    folder = office.looker.intake / "L01"
    folder.mkdir()
    for name in ("application.pdf", "birth_certificate.jpg"):
        (folder / name).write_bytes(name.encode())
    result = await office.run("dossier.register", intake_scan_batch="L01", **DESK)
    filed = await office.read.documents(result["dossier_code"])
    assert [(one.composition, one.name) for one in filed] == [
        ("application", "application.pdf"),
        ("birth_certificate", "birth_certificate.jpg"),
    ]
    assert office.looker.store.get(filed[0].sha256) == b"application.pdf"


async def test_a_paper_listed_and_scanned_is_filed_once(office):
    folder = office.looker.intake / "L02"
    folder.mkdir()
    (folder / "application.pdf").write_bytes(b"scan")
    papers = [
        {"composition": "application", "original": "original"},
        {"composition": "birth_certificate", "original": "certified"},
    ]
    result = await office.run("dossier.register", intake_scan_batch="L02", intake_papers=papers, **DESK)
    filed = await office.read.documents(result["dossier_code"])
    assert [(one.composition, one.name, one.original) for one in filed] == [
        ("application", "application.pdf", "original"),
        ("birth_certificate", "Bản giấy nhận tại quầy", "certified"),
    ]
    rows = (await office.run("dossier.check", dossier_code=result["dossier_code"]))["documents"]
    assert [row["status_label"] for row in rows] == ["Đạt", "Bản giấy"]


@pytest.mark.parametrize("batch", ["L99", "../documents", "a/b", ".", ".."])
async def test_a_batch_that_is_not_there_or_reaches_outside_is_for_a_person_to_correct(office, batch):
    (office.looker.intake.parent / "documents").mkdir(exist_ok=True)
    with pytest.raises(BusinessError) as failure:
        await office.run("dossier.register", intake_scan_batch=batch, **DESK)
    assert batch in business(failure.value, "Err_SubmissionInvalid")


@pytest.mark.parametrize(
    ("absent", "label"),
    [
        ("intake_procedure_code", "thủ tục"),
        ("intake_title", "trích yếu"),
        ("intake_origin_unit", "đơn vị tiếp nhận"),
        ("intake_applicant_name", "tên người nộp"),
    ],
)
@pytest.mark.parametrize("value", [None, ""])
async def test_a_desk_form_with_a_gap_names_the_gap(office, absent, label, value):
    with pytest.raises(BusinessError) as failure:
        await office.run("dossier.register", **{**DESK, absent: value})
    assert business(failure.value, "Err_SubmissionInvalid") == f"Phiếu tiếp nhận còn thiếu: {label}."


async def test_the_desk_may_mark_a_dossier_urgent(office):
    result = await office.run("dossier.register", intake_urgency="urgent", **DESK)
    assert (result["urgency"], result["dossier_summary"]["urgency_label"]) == ("urgent", "Khẩn")
    assert result["dossier_summary"]["urgent"]


async def test_a_card_names_the_dossier_in_three_short_lines(office):
    title = "Chấp thuận chủ trương đầu tư nhà máy ví dụ tại khu công nghiệp ví dụ, giai đoạn hai"
    result = await office.run("dossier.register", **{**DESK, "intake_title": title})
    code, *lines = result["dossier_summary"]["list_label"].split("\n")
    assert code == result["dossier_code"]
    assert lines == ["Chấp thuận chủ trương đầu tư nhà máy", "ví dụ tại khu công nghiệp ví dụ, giai…"]


async def test_every_dossier_has_a_secret_of_its_own(office):
    secrets = {(await office.dossier(await office.registered())).tracking_secret for _ in range(3)}
    assert len(secrets) == 3
    assert all(len(secret) == 10 for secret in secrets)


async def test_a_unit_submits_in_its_own_name(office):
    unit = Applicant(name="Sở Tài chính", unit="H29.04")
    code = await office.registered("HSCV-01", "H29.04", applicant=unit, kind="work_dossier")
    dossier = await office.dossier(code)
    assert (dossier.kind, dossier.lead_unit) == ("work_dossier", "H29.04")


async def test_the_receipt_is_made_sent_with_the_secret_and_the_state_moves(office):
    code = await office.registered()
    result = await office.run("dossier.accept", at=MONDAY + timedelta(hours=1), dossier_code=code)
    dossier = await office.dossier(code)
    assert dossier.state is DossierState.ACCEPTED
    assert dossier.accepted_at == MONDAY + timedelta(hours=1)
    assert result["due_at"] == dossier.due_at.isoformat()
    (paper,) = await office.read.papers(code)
    assert (paper.kind, paper.form_set, paper.form_code) == ("receipt", "2025", "01")
    (mail,) = await office.mails()
    assert (mail["event"], mail["recipient"]) == ("dossier_received", PERSON.email)
    assert dossier.tracking_secret in mail["body"]
    assert [one["sha256"] for one in mail["attachments"]] == [paper.sha256]


async def test_a_dossier_of_before_the_change_gets_the_forms_of_its_day(office):
    received = datetime(2025, 9, 12, 9, tzinfo=ZONE)
    office.clock.now = received
    code = await office.registered(submitted_at=received)
    await office.run("dossier.accept", at=datetime(2025, 9, 16, 9, tzinfo=ZONE), dossier_code=code)
    (paper,) = await office.read.papers(code)
    assert paper.form_set == "2018"


async def test_the_receipt_names_what_was_filed_as_the_procedure_does(office):
    code = await office.registered()
    await office.run("dossier.accept", dossier_code=code)
    receipt = office.press.made[-1]
    assert [one.name for one in receipt.components][:2] == [
        "Đơn đề nghị cấp giấy phép xây dựng",
        "Giấy tờ chứng minh quyền sử dụng đất",
    ]
    assert receipt.applicant.name == PERSON.name
    assert receipt.limit.text == "20 ngày"


async def test_the_receipt_of_an_enterprise_names_its_code(office):
    firm = Applicant(name="Công ty TNHH Kho Ví Dụ", tax_code="0309999997")
    code = await office.registered(applicant=firm)
    await office.run("dossier.accept", dossier_code=code)
    assert office.press.made[-1].applicant.id_number == "0309999997"


async def test_a_dossier_without_papers_still_gets_a_receipt(office):
    code = await office.registered(documents=[])
    await office.run("dossier.accept", dossier_code=code)
    assert [one.name for one in office.press.made[-1].components] == ["Đơn đề nghị"]


async def test_refusal_gives_reason_and_basis_and_ends_the_dossier(office):
    code = await office.registered()
    given = {"reception_note": "Không thuộc thẩm quyền", "refusal_clause": "Điều 9"}
    assert await office.run("dossier.refuse", dossier_code=code, **given) == {}
    dossier = await office.dossier(code)
    assert (dossier.state, dossier.finished_at) == (DossierState.REFUSED, MONDAY)
    paper = office.press.made[-1]
    assert (paper.kind, paper.reasons, paper.basis[0].text) == ("refusal", ["Không thuộc thẩm quyền"], "Điều 9")
    assert not paper.basis[0].confirmed
    (mail,) = await office.mails()
    assert (mail["event"], "Không thuộc thẩm quyền" in mail["body"]) == ("dossier_refused", True)


async def test_a_refusal_without_words_still_gives_a_reason(office):
    code = await office.registered()
    await office.run("dossier.refuse", dossier_code=code)
    assert office.press.made[-1].reasons == ["Hồ sơ không thuộc trường hợp được tiếp nhận"]
    assert office.press.made[-1].basis == []


@pytest.mark.parametrize("job", ["dossier.accept", "dossier.refuse", "dossier.check"])
async def test_an_unknown_code_is_for_the_operator(office, job):
    with pytest.raises(NeedsOperator) as failure:
        await office.run(job, dossier_code="H29.07-261102-0099")
    three_parts(failure.value, "HS-001")
    assert "dossier_code" in failure.value.action


async def test_a_version_that_config_lost_is_for_the_operator(office):
    code = await office.registered()
    await office.change(code, procedure_version="1999.1")
    with pytest.raises(NeedsOperator) as failure:
        await office.run("dossier.accept", dossier_code=code)
    three_parts(failure.value, "TT-001")


async def test_a_receiving_day_without_forms_is_for_the_operator(office):
    code = await office.registered()
    office.with_rules(form_sets=[one for one in office.rules.form_sets if one.code == "2018"])
    with pytest.raises(NeedsOperator) as failure:
        await office.run("dossier.accept", dossier_code=code)
    three_parts(failure.value, "BM-001")
    assert (await office.dossier(code)).state is DossierState.REGISTERED


async def test_today_in_tests_is_a_working_morning(shipped_rules):
    assert shipped_rules.hours_of("H29.07").is_working_day(date(2026, 11, 2))
