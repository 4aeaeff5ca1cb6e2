"""The Office's check, return and presentation of a package; the feedback of results to the unit of origin."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.unit.office import MONDAY, three_parts
from workers.errors import NeedsOperator

GOOD = {"appraisal_decision": "approve", "appraisal_summary": "Đủ điều kiện theo quy định hiện hành."}
CITY_LED = "1.009645"
CONFIRM = ("result_feedback", "Task_ConfirmReceipt")


async def package(office):
    """A dossier of the city with all opinions asked for and accounted for."""
    code = await office.accepted(CITY_LED, "H29.04")
    result = await office.run("opinion.open_round", dossier_code=code, lead_unit="H29.04")
    async with office.registry.write() as writer:
        for request in result["opinion_requests"]:
            await writer.update_opinion(request["request_id"], answer="agree", disposition="accepted")
    return code


async def test_a_complete_package_goes_on(office):
    code = await package(office)
    result = await office.run("appraisal.check_package", dossier_code=code, **GOOD)
    assert result == {"package_complete": True, "package_findings": []}
    last = (await office.read.timeline(code))[-1]
    assert (last.name, last.unit, last.note) == ("Kiểm tra hồ sơ trình", "H29.01", "đạt")


async def test_every_fault_is_on_one_list(office):
    code = await office.accepted(CITY_LED, "H29.04", documents=[office.document("application", "don.pdf")])
    office.looker.findings["don.pdf"] = [{"code": "x", "severity": "error", "message": "Tệp hỏng.", "page": None}]
    await office.run("dossier.check", dossier_code=code)
    await office.run("opinion.open_round", dossier_code=code, lead_unit="H29.04", opinion_units=["H29.06"])
    result = await office.run(
        "appraisal.check_package", dossier_code=code, appraisal_decision="refuse", appraisal_summary="Ngắn"
    )
    findings = result["package_findings"]
    assert result["package_complete"] is False
    assert "Thành phần hồ sơ: Đề xuất dự án đầu tư: Chưa nộp (cần bản chính)." in findings
    assert "Tóm tắt kết quả thẩm định còn thiếu hoặc quá ngắn" in findings
    assert "Đề xuất từ chối chưa nêu lý do" in findings
    assert "Đề xuất từ chối chưa nêu căn cứ (điều, khoản)" in findings
    assert "Chưa lấy ý kiến Sở Xây dựng" in findings
    assert "Chưa tiếp thu, giải trình ý kiến của Sở Nông nghiệp và Môi trường" in findings
    assert "Tệp don.pdf: Tệp hỏng." in findings
    assert not any("Chưa lấy ý kiến Sở Nông nghiệp" in one for one in findings)
    assert (await office.read.timeline(code))[-1].note == f"{len(findings)} điểm cần hoàn thiện"


@pytest.mark.parametrize(("length", "faults"), [(19, 1), (20, 0)])
async def test_a_summary_has_a_least_length(office, length, faults):
    code = await package(office)
    given = {"appraisal_decision": "approve", "appraisal_summary": "x" * length + "  "}
    result = await office.run("appraisal.check_package", dossier_code=code, **given)
    assert len(result["package_findings"]) == faults


async def test_an_optional_opinion_is_not_demanded(office):
    code = await office.accepted()
    assert (await office.run("appraisal.check_package", dossier_code=code, **GOOD))["package_complete"]


async def test_the_lead_unit_need_not_ask_itself(office):
    code = await office.accepted("HSCV-01", "H29.02", kind="work_dossier")
    findings = (await office.run("appraisal.check_package", dossier_code=code, **GOOD))["package_findings"]
    assert findings == ["Chưa lấy ý kiến Sở Tư pháp", "Chưa lấy ý kiến Sở Tài chính"]


async def test_a_defective_file_that_a_supplement_replaced_is_no_fault(office):
    code = await office.registered(documents=office.complete("1.009974", MONDAY.date()))
    async with office.registry.write() as writer:
        documents = await writer.documents(code)
        bad = documents[0].model_copy(
            update={"findings": [{"code": "x", "severity": "error", "message": "Tệp hỏng.", "page": None}]}
        )
        await writer.set_inspection(code, bad)
        await writer.add_documents(code, [office.document("application", "moi.pdf", round=1, findings=[])])
    assert (await office.run("appraisal.check_package", dossier_code=code, **GOOD))["package_findings"] == []


async def test_the_unit_gets_one_list_of_what_the_machine_and_the_office_found(office):
    code = await package(office)
    result = await office.run(
        "appraisal.return_package",
        dossier_code=code,
        package_findings=["Thiếu căn cứ"],
        returned_items=" Sửa thể thức \n\n Bổ sung phụ lục",
        lead_unit="H29.04",
        office_unit="H29.01",
    )
    items = ["Thiếu căn cứ", "Sửa thể thức", "Bổ sung phụ lục"]
    assert result == {"office_outcome": "returned", "returned_list": items}
    mail = (await office.mails())[-1]
    assert (mail["event"], mail["recipient"]) == ("package_returned", "vanthu.h29-04@example.vn")
    for number, item in enumerate(items, start=1):
        assert f"{number}. {item}" in mail["body"]
    assert (await office.read.timeline(code))[-1].note == "3 điểm cần hoàn thiện"


@pytest.mark.parametrize(
    ("decision", "proposal"),
    [
        ("approve", "Kính trình lãnh đạo xem xét, ký ban hành văn bản kết quả."),
        ("refuse", "Kính trình lãnh đạo xem xét, ký văn bản từ chối kèm lý do và căn cứ."),
    ],
)
async def test_the_submission_slip_carries_summary_opinions_and_proposal(office, decision, proposal):
    code = await package(office)
    given = {"appraisal_decision": decision, "appraisal_summary": "Tóm tắt", "package_opinion": "Đủ điều kiện trình"}
    given |= {"lead_unit": "H29.04", "office_unit": "H29.01"}
    assert await office.run("appraisal.present", dossier_code=code, **given) == {}
    slip = office.press.made[-1]
    assert (slip.kind, slip.summary, slip.appraisal, slip.proposal) == (
        "submission_slip",
        "Tóm tắt",
        "Đủ điều kiện trình",
        proposal,
    )
    assert slip.opinions[0] == "Sở Nông nghiệp và Môi trường: Đồng ý"
    assert len(slip.opinions) == 4
    assert slip.submitting_unit_name == "Sở Tài chính"
    assert all(not basis.confirmed for basis in slip.basis)
    assert (await office.read.papers(code))[-1].kind == "submission_slip"


async def test_a_slip_without_words_says_what_is_known(office):
    code = await package(office)
    await office.run("appraisal.present", dossier_code=code, lead_unit="H29.04", office_unit="H29.01")
    slip = office.press.made[-1]
    assert (slip.summary, slip.appraisal) == ("Xây dựng nhà kho ví dụ", "Hồ sơ trình đủ thành phần, đúng thể thức.")


async def resolved(office, authority, procedure="1.009974", lead="H29.07", origin=None):
    code = await office.accepted(procedure, origin or lead)
    await office.run("result.issue", dossier_code=code, authority=authority)
    return code


@pytest.mark.parametrize(
    ("procedure", "authority", "lead", "unit", "sender"),
    [
        ("1.009974", "department", "H29.07", "H29.14", "Sở Xây dựng"),
        ("1.009645", "city_people_committee", "H29.04", "H29.04", "Văn phòng Ủy ban nhân dân Thành phố"),
    ],
)
async def test_the_result_goes_back_to_where_the_dossier_came_from(office, procedure, authority, lead, unit, sender):
    code = await resolved(office, authority, procedure, origin="H29.14")
    given = {"authority": authority, "origin_unit": "H29.14", "lead_unit": lead}
    result = await office.run("result_feedback.send", dossier_code=code, **given)
    assert result == {"feedback_unit": unit, "feedback_due_at": "2026-11-03T17:00:00+07:00"}
    mail = (await office.mails())[-1]
    assert (mail["event"], mail["recipient"]) == (
        "result_feedback",
        f"vanthu.{unit.lower().replace('.', '-')}@example.vn",
    )
    assert sender in mail["body"]
    papers = {paper.kind: paper.sha256 for paper in await office.read.papers(code)}
    assert [one["sha256"] for one in mail["attachments"]] == [papers["result_feedback"], papers["decision"]]
    letter = office.press.made[-1]
    assert (letter.result, letter.result_number) == ("Đồng ý giải quyết", (await office.dossier(code)).result_number)
    assert letter.agency.name == sender


async def test_a_refusal_is_fed_back_as_a_refusal(office):
    code = await office.accepted()
    await office.run("result.issue", dossier_code=code, authority="department", appraisal_decision="refuse")
    given = {"authority": "department", "origin_unit": "H29.07", "lead_unit": "H29.07"}
    await office.run("result_feedback.send", dossier_code=code, **given)
    assert office.press.made[-1].result == "Không đồng ý giải quyết"


async def test_the_confirmation_closes_the_step_of_the_clerk_only(office):
    code = await resolved(office, "department")
    await office.open(code, CONFIRM, unit="H29.07", feedback_due_at="2026-11-03T17:00:00+07:00")
    other = await office.open(code, ("result_return", "Task_HandOverResult"))
    at = MONDAY + timedelta(minutes=45)
    await office.run("result_feedback.confirm", at=at, dossier_code=code, feedback_unit="H29.07")
    assert [one.step_id for one in await office.read.open_steps(code)] == [other]
    timeline = await office.read.timeline(code)
    closed = next(one for one in timeline if one.kind == "closed")
    assert (closed.outcome, closed.working_minutes) == ("đã xác nhận qua trục", 45)
    assert (timeline[-1].name, timeline[-1].unit) == ("Đơn vị xác nhận đã nhận kết quả", "H29.07")


@pytest.mark.parametrize(
    ("job", "given"),
    [
        ("appraisal.check_package", {}),
        ("appraisal.return_package", {"lead_unit": "H29.07", "office_unit": "H29.01", "package_findings": ["x"]}),
        ("appraisal.present", {"lead_unit": "H29.07", "office_unit": "H29.01"}),
        ("result_feedback.send", {"authority": "department", "origin_unit": "H29.07", "lead_unit": "H29.07"}),
        ("result_feedback.confirm", {"feedback_unit": "H29.07"}),
    ],
)
class TestEveryJobOfThisPart:
    async def test_delivered_again_or_at_once_leaves_one_trace(self, office, job, given):
        code = await office.accepted()
        if job == "result_feedback.send":
            await office.run("result.issue", dossier_code=code, authority="department")
        both = await asyncio.gather(*(office.run(job, instance=1, dossier_code=code, **given) for _ in range(2)))
        before = await office.footprint()
        assert both[0] == both[1] == await office.run(job, instance=1, dossier_code=code, **given)
        assert await office.footprint() == before
        names = await office.names(code)
        assert len(names) == len(set(names))

    async def test_an_unknown_code_is_for_the_operator(self, office, job, given):
        with pytest.raises(NeedsOperator) as failure:
            await office.run(job, dossier_code="H29.07-261102-0099", **given)
        three_parts(failure.value, "HS-001")
