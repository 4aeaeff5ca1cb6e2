"""The checks of files and composition: one complete list, each file looked at once."""

from __future__ import annotations

import asyncio

import pytest

from tests.unit.office import MONDAY

BLANK = {"code": "blank_page", "severity": "warning", "message": "Trang 2 trống.", "page": 2}
BROKEN = {"code": "damaged", "severity": "error", "message": "Tệp hỏng.", "page": None}


async def test_a_complete_dossier_has_nothing_missing(office):
    code = await office.registered()
    result = await office.run("dossier.check", dossier_code=code)
    assert result["missing"] == []
    assert result["composition_complete"] is True
    assert [row["status_label"] for row in result["documents"]] == ["Đạt"] * 4
    assert {row["findings_text"] for row in result["documents"]} == {"Không có vấn đề"}
    assert result["documents"][0]["name"] == "Đơn đề nghị cấp giấy phép xây dựng"
    assert (await office.read.timeline(code))[-1].note == "đủ thành phần"


async def test_everything_that_lacks_is_listed_at_once_with_reasons(office):
    code = await office.registered(
        documents=[office.document("application", "don.pdf"), office.document("land_right", "dat.pdf")]
    )
    office.looker.findings["dat.pdf"] = [BROKEN]
    result = await office.run("dossier.check", dossier_code=code)
    assert {row["name"]: row["reason"] for row in result["missing"]} == {
        "Giấy tờ chứng minh quyền sử dụng đất": "dat.pdf: Tệp hỏng.",
        "Quyết định phê duyệt dự án và văn bản thông báo kết quả thẩm định": "Chưa nộp (cần bản sao).",
        "Hồ sơ bản vẽ thiết kế xây dựng": "Chưa nộp (cần 2 bản sao).",
    }
    assert result["composition_complete"] is False
    assert (await office.read.timeline(code))[-1].note == "thiếu hoặc chưa đạt 3 giấy tờ"


@pytest.mark.parametrize(("findings", "label"), [([BROKEN, BLANK], "Không đạt"), ([BLANK], "Cần xem"), ([], "Đạt")])
async def test_a_file_is_labelled_by_its_worst_finding(office, findings, label):
    code = await office.registered(documents=[office.document("application", "don.pdf")])
    office.looker.findings["don.pdf"] = findings
    (row,) = (await office.run("dossier.check", dossier_code=code))["documents"]
    assert (row["file"], row["status_label"]) == ("don.pdf", label)
    assert row["findings_text"] == ("\n".join(one["message"] for one in findings) or "Không có vấn đề")


async def test_a_file_is_looked_at_once_even_when_the_check_runs_again(office):
    code = await office.registered(documents=[office.document("application", "don.pdf")])
    office.looker.findings["don.pdf"] = [BLANK]
    first = await office.run("dossier.check", dossier_code=code)
    second = await office.run("dossier.check", dossier_code=code)
    assert office.looker.looked_at == ["don.pdf"]
    assert second["documents"] == first["documents"]


async def test_what_was_found_is_kept_with_the_document(office):
    code = await office.registered(documents=[office.document("application", "don.pdf")])
    office.looker.findings["don.pdf"] = [BLANK]
    await office.run("dossier.check", dossier_code=code)
    (document,) = await office.read.documents(code)
    assert (document.detected_type, document.pages) == ("application/pdf", 1)
    assert document.findings == [BLANK]


async def test_a_paper_without_a_file_is_not_looked_into(office):
    papers = [{"composition": "application", "original": "original"}]
    code = (
        await office.run(
            "dossier.register",
            intake_procedure_code="1.001193",
            intake_title="Ví dụ",
            intake_origin_unit="H29.26740",
            intake_applicant_name="Nguyễn Văn Ví Dụ",
            intake_papers=papers,
        )
    )["dossier_code"]
    result = await office.run("dossier.check", dossier_code=code)
    assert office.looker.looked_at == []
    assert result["documents"][0]["status_label"] == "Bản giấy"
    assert "Tờ khai đăng ký khai sinh" not in {row["name"] for row in result["missing"]}


async def test_the_same_file_in_another_dossier_is_a_warning_that_names_it(office):
    shared = office.document("application", "don.pdf")
    first = await office.registered(documents=[shared])
    second = await office.registered(documents=[shared])
    await office.run("dossier.check", dossier_code=first)
    (row,) = (await office.run("dossier.check", dossier_code=second))["documents"]
    assert row["status_label"] == "Cần xem"
    assert first in row["findings_text"]
    (document,) = await office.read.documents(second)
    assert [finding["code"] for finding in document.findings] == ["already_filed"]


async def test_a_name_outside_the_composition_is_shown_as_it_is(office):
    code = await office.registered(documents=[office.document("extra", "khac.pdf")])
    result = await office.run("dossier.check", dossier_code=code)
    assert result["documents"][0]["name"] == "extra"


async def test_a_second_delivery_and_a_race_check_once(office):
    code = await office.registered()
    both = await asyncio.gather(*(office.run("dossier.check", instance=8, dossier_code=code) for _ in range(2)))
    before = await office.footprint()
    third = await office.run("dossier.check", instance=8, dossier_code=code, at=MONDAY)
    assert both[0] == both[1] == third
    assert await office.footprint() == before
    assert (await office.names(code)).count("Kiểm tra thành phần và tệp") == 1
