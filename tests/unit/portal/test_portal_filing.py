"""Filing a dossier page by page, as somebody with a bad line, a wrong file or a second thought does it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.unit.office import HOME

PERMIT = HOME / "examples" / "dossiers" / "construction-permit"
ANSWERS = {
    "title": "Xây dựng nhà kho ví dụ",
    "case": "non_linear",
    "name": "Nguyễn Văn Ví Dụ",
    "id_number": "079000000001",
    "address": "1 đường Ví Dụ",
    "phone": "0900 000 001",
    "email": "vidu@example.vn",
    "consent_email": "yes",
}
PAPERS = {
    "application": "don-de-nghi.pdf",
    "land_right": "quyen-su-dung-dat.pdf",
    "project_approval": "phe-duyet-du-an.pdf",
    "design_drawings": "ban-ve.pdf",
}


async def fill_in(browser, **changes):
    await browser.open("/nop-ho-so/thu-tuc/1.009974")
    return await browser.send(**{**ANSWERS, **changes})


async def add(browser, composition, path, name=None):
    await browser.open("/nop-ho-so/giay-to")
    file = {"file": (name or path.name, path.read_bytes(), "application/octet-stream")}
    return await browser.send(action="/nop-ho-so/giay-to", composition=composition, original="original", files=file)


async def sent(office):
    return [mail for mail in await office.mails() if mail["event"] == "Msg_DossierSubmitted"]


async def test_a_dossier_is_filed_registered_and_followed(office, visit):
    browser = visit()
    await browser.open("/nop-ho-so")
    assert "Cấp giấy phép xây dựng mới" in browser.text()
    await fill_in(browser)
    assert browser.path == "/nop-ho-so/giay-to"
    for composition, name in PAPERS.items():
        await add(browser, composition, PERMIT / name)
        assert f"✓ {name}" in browser.text()
    await browser.open("/nop-ho-so/xem-lai")
    for words in ("Xây dựng nhà kho ví dụ", "0900000001", "Sở Xây dựng", *PAPERS.values()):
        assert words in browser.text()
    await browser.send(declared="yes")
    assert "Đang cấp mã hồ sơ" in browser.text()
    (message,) = await sent(office)
    submission = json.loads(message["variables"])["submission_id"]
    code = (await office.run("dossier.register", submission_id=submission))["dossier_code"]
    await browser.open("/nop-ho-so/da-nop")
    secret = (await office.dossier(code)).tracking_secret
    assert code in browser.text()
    assert secret in browser.text()
    await browser.send(action="/tra-cuu")
    assert browser.path == f"/ho-so/{code}"
    assert "Đã nhận, chờ kiểm tra" in browser.text()
    kept = await office.read.applicant(code)
    assert (kept.name, kept.phone, kept.consent_email, kept.consent_sms) == (
        "Nguyễn Văn Ví Dụ",
        "0900000001",
        True,
        False,
    )
    assert [one.name for one in await office.read.documents(code)] == list(PAPERS.values())


async def test_sending_twice_makes_one_dossier_and_a_sent_one_cannot_be_changed(office, visit):
    browser = visit()
    await fill_in(browser)
    review = await browser.open("/nop-ho-so/xem-lai")
    await browser.send(declared="yes")
    browser.page, browser.path = review, "/nop-ho-so/xem-lai"
    await browser.send(declared="yes")
    assert browser.status == 409
    assert len(await sent(office)) == 1
    await browser.open("/nop-ho-so/giay-to")
    assert browser.status == 409


async def test_without_the_declaration_nothing_is_sent(office, visit):
    browser = visit()
    await fill_in(browser)
    await browser.open("/nop-ho-so/xem-lai")
    await browser.send()
    assert browser.status == 422
    assert "Hãy đánh dấu vào lời cam đoan" in browser.text()
    assert await sent(office) == []


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("title", " ", "Nội dung đề nghị: cần điền mục này."),
        ("name", "", "Họ và tên hoặc tên tổ chức: cần điền mục này."),
        ("id_number", "", "cần số định danh (cá nhân) hoặc mã số thuế (tổ chức)."),
        ("phone", "12345", "số điện thoại chưa đúng"),
        ("email", "ví dụ@", "địa chỉ thư chưa đúng"),
        ("case", "unknown", "hãy chọn một mục trong danh sách."),
        ("title", "a" * 301, "quá dài"),
    ],
)
async def test_a_mistake_is_told_at_its_field_and_what_was_typed_stays(office, visit, field, value, told):
    browser = visit()
    await fill_in(browser, **{field: value})
    assert browser.status == 422
    assert told in browser.text()
    assert f'id="{field}-error"' in browser.page
    assert 'value="1 đường Ví Dụ"' in browser.page
    assert (await office.footprint())["submissions"] == 0


async def test_a_doubtful_number_is_pointed_out_but_refuses_nobody(visit):
    browser = visit()
    await fill_in(browser, id_number="001")
    await browser.open("/nop-ho-so/xem-lai")
    assert "Số định danh phải gồm đúng 12 chữ số" in browser.text()


async def test_a_bad_file_is_told_at_once_and_not_kept(office, visit):
    browser = visit()
    await fill_in(browser)
    await add(browser, "application", PERMIT / "dossier.yaml", "đơn.pdf")
    assert browser.status == 422
    assert 'id="application-error"' in browser.page
    assert (await office.footprint())["documents"] == 0
    await browser.send(action="/nop-ho-so/giay-to", composition="application")
    assert "Chưa chọn tệp" in browser.text()


async def test_a_paper_can_be_taken_out_and_the_details_corrected(office, visit):
    browser = visit()
    await fill_in(browser)
    await add(browser, "application", PERMIT / "don-de-nghi.pdf")
    await browser.send(action="/nop-ho-so/giay-to/bo-ra", composition="application")
    assert "✓ don-de-nghi.pdf" not in browser.text()
    await fill_in(browser, title="Xây dựng kho khác")
    assert (await office.footprint())["submissions"] == 1
    await browser.open("/nop-ho-so")
    assert "Bạn đang nộp dở hồ sơ “Xây dựng kho khác”." in browser.text()


async def test_another_visitor_sees_nothing_of_it(visit):
    first, second = visit(), visit()
    await fill_in(first)
    await second.open("/nop-ho-so/xem-lai")
    assert second.status == 409
    assert "Ví Dụ" not in second.text()


async def test_a_form_of_another_visit_is_refused(office, visit):
    first, second = visit(), visit()
    await first.open("/nop-ho-so/thu-tuc/1.009974")
    await second.open("/nop-ho-so/thu-tuc/1.009974")
    second.page = first.page
    await second.send(**ANSWERS)
    assert second.status == 403
    assert (await office.footprint())["submissions"] == 0


async def test_too_large_a_file_is_refused_while_it_arrives(visit):
    browser = visit()
    await fill_in(browser)
    await browser.open("/nop-ho-so/giay-to")
    file = {"file": ("lon.pdf", b"%PDF-1.7" + bytes(21 * 1024 * 1024), "application/pdf")}
    await browser.send(action="/nop-ho-so/giay-to", composition="application", files=file)
    assert browser.status == 413
    assert "Tệp quá lớn" in browser.text()


async def test_names_of_files_and_people_are_shown_as_they_are_written(visit):
    browser = visit()
    await fill_in(browser, name="<script>alert(1)</script>", title="{{ 7*7 }} & <b>kho</b>")
    await browser.open("/nop-ho-so/xem-lai")
    assert "<script>" not in browser.page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in browser.page
    assert "{{ 7*7 }} &amp; &lt;b&gt;kho&lt;/b&gt;" in browser.page


async def test_every_page_tells_the_browser_what_it_never_needs(visit):
    browser = visit()
    response = await browser.client.get("/")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    assert "httponly" in response.headers["set-cookie"].lower()


async def test_the_pages_speak_english_too(visit):
    browser = visit()
    await browser.open("/nop-ho-so?lang=en")
    assert 'lang="en"' in browser.page
    await browser.open("/tra-cuu")
    assert "Track a dossier" in browser.text()


async def test_what_was_begun_and_never_sent_is_forgotten_after_a_week_and_nothing_else(office, visit):
    begun, ended = visit(), visit()
    await fill_in(begun)
    await add(begun, "application", PERMIT / "don-de-nghi.pdf")
    await fill_in(ended)
    await ended.open("/nop-ho-so/xem-lai")
    await ended.send(declared="yes")
    code = await office.registered()
    async with office.registry.write() as writer:
        assert await writer.drop_unsent_submissions(office.clock.now) == 0
        assert await writer.drop_unsent_submissions(office.clock.now + timedelta(seconds=1)) == 1
    assert (await office.footprint())["submissions"] == 2
    assert (await office.read.applicant(code)).name
    await begun.open("/nop-ho-so/giay-to")
    assert begun.status == 409
