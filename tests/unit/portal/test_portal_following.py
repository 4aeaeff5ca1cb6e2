"""Following a dossier by code and secret: who sees what, and what its applicant may do."""

from __future__ import annotations

import json
import unicodedata

import pytest

from tests.unit.office import HOME, PERSON, SECRETS
from workers.configuration.diagrams import load_steps
from workers.portal.guard import Attempts
from workers.portal.wording import load_wording
from workers.records import DossierState, FeedbackState

PERMIT = HOME / "examples" / "dossiers" / "construction-permit"
APPRAISE = ("dossier_resolution", "Task_AppraiseDossier")


async def follow(browser, office, code):
    await browser.open(f"/ho-so/{code}")
    return await browser.send(secret=(await office.dossier(code)).tracking_secret.lower())


async def messages(office, event):
    return [mail for mail in await office.mails() if mail["event"] == event]


async def asked_for_more(office, visit):
    code = await office.registered(documents=[office.document("application", "don.pdf")])
    checked = await office.run("dossier.check", dossier_code=code)
    await office.run("supplement.request", dossier_code=code, missing=checked["missing"])
    browser = visit()
    await follow(browser, office, code)
    return code, browser


async def test_who_knows_code_and_secret_sees_where_the_dossier_is_but_no_person(office, visit):
    code = await office.accepted()
    await office.open(code, APPRAISE, officer="officer.h29-07")
    browser = visit()
    await follow(browser, office, code)
    text = browser.text()
    for words in (code, "Đang giải quyết", "Sở Xây dựng", "Thẩm định", "đang làm", "Hiện không cần làm gì."):
        assert words in text
    for inside in ("officer.h29-07", "Task_", "H29.07:", *SECRETS):
        assert inside not in browser.page


async def test_a_wrong_secret_and_an_unknown_code_get_the_same_answer(office, visit):
    code = await office.accepted()
    answers = []
    for typed in (code, "H29.07-261102-9999", "không phải mã"):
        browser = visit()
        await browser.open("/tra-cuu")
        await browser.send(code=typed, secret="ABCDEFGHJK")
        assert browser.status == 422
        answers.append(browser.text().split("Cần")[0])
        assert "Mã hồ sơ hoặc mã tra cứu chưa đúng" in browser.text()
    assert len(set(answers)) == 1


async def test_who_guesses_too_often_has_to_wait_and_the_right_secret_does_not_help(office, visit):
    code = await office.accepted()
    browser = visit()
    for _ in range(10):
        await browser.open("/tra-cuu")
        await browser.send(code=code, secret="ABCDEFGHJK")
    await follow(browser, office, code)
    assert browser.status == 429
    assert "Thử quá nhiều lần" in browser.text()


def test_attempts_are_forgotten_after_a_while_and_memory_is_bounded():
    now = [0.0]
    attempts = Attempts(2, 60, keys=3, clock=lambda: now[0])
    attempts.failed("a")
    attempts.failed("a")
    with pytest.raises(Exception, match="429") as caught:
        attempts.check("b", "a")
    assert caught.value.headers["Retry-After"] == "60"
    now[0] = 61
    attempts.check("a")
    for key in "bcdefgh":
        attempts.failed(key)
    assert len(attempts._failures) == 3


async def test_without_the_secret_nothing_can_be_done_or_taken(office, visit):
    code = await office.accepted()
    (paper,) = await office.read.papers(code)
    browser = visit()
    await browser.open("/tra-cuu")
    for action in ("rut", "danh-gia", "bo-sung", "bo-sung/gui"):
        token = {"csrf": browser.page.split('name="csrf" value="')[1].split('"')[0]}
        answer = await browser.client.post(f"/ho-so/{code}/{action}", data={**token, "reason": "x", "sure": "yes"})
        assert answer.status_code == 403
    assert (await browser.client.get(f"/ho-so/{code}/giay-to/{paper.sha256}")).status_code == 404
    assert await messages(office, "Msg_DossierWithdrawn") == []


async def test_papers_for_the_applicant_can_be_taken_and_no_others(office, visit):
    code = await office.accepted()
    (made,) = await office.read.papers(code)
    stored = office.looker.store.put_bytes(b"%PDF- a receipt", "receipt.pdf")
    receipt = made.model_copy(update={"sha256": stored.sha256})
    slip = receipt.model_copy(update={"kind": "submission_slip", "sha256": "0" * 64, "title": "Phiếu trình"})
    async with office.registry.write() as writer:
        await writer.add_paper(receipt)
        await writer.add_paper(slip)
    browser = visit()
    await follow(browser, office, code)
    assert "Phiếu trình" not in browser.text()
    taken = await browser.client.get(f"/ho-so/{code}/giay-to/{receipt.sha256}")
    assert taken.content.startswith(b"%PDF")
    assert "attachment" in taken.headers["content-disposition"]
    assert (await browser.client.get(f"/ho-so/{code}/giay-to/{slip.sha256}")).status_code == 404


async def test_what_is_missing_is_listed_added_and_sent_once(office, visit):
    code, browser = await asked_for_more(office, visit)
    assert "Chờ bạn bổ sung giấy tờ" in browser.text()
    await browser.send(action=f"/ho-so/{code}/bo-sung/gui")
    assert "Chưa có giấy tờ nào để gửi" in browser.text()
    paper = (PERMIT / "quyen-su-dung-dat.pdf").read_bytes()
    await browser.send(
        action=f"/ho-so/{code}/bo-sung", composition="land_right", original="copy", files={"file": ("qsdd.pdf", paper)}
    )
    assert "✓ qsdd.pdf" in browser.text()
    before = browser.page
    await browser.send(action=f"/ho-so/{code}/bo-sung/gui")
    assert "Đã gửi giấy tờ bổ sung" in browser.text()
    browser.page = before
    await browser.send(action=f"/ho-so/{code}/bo-sung/gui")
    (message,) = await messages(office, "Msg_SupplementReceived")
    submission = json.loads(message["variables"])["supplement_submission_id"]
    await office.run("supplement.receive", dossier_code=code, supplement_submission_id=submission)
    assert [one.name for one in await office.read.documents(code)] == ["don.pdf", "qsdd.pdf"]


async def test_withdrawing_asks_for_a_reason_and_a_tick(office, visit):
    code = await office.accepted()
    browser = visit()
    await follow(browser, office, code)
    await browser.send(action=f"/ho-so/{code}/rut", reason="Không cần nữa")
    assert browser.status == 422
    assert await messages(office, "Msg_DossierWithdrawn") == []
    await browser.send(action=f"/ho-so/{code}/rut", reason="Không cần nữa", sure="yes")
    assert "Đã gửi yêu cầu rút hồ sơ" in browser.text()
    (message,) = await messages(office, "Msg_DossierWithdrawn")
    assert json.loads(message["variables"]) == {"withdrawal_reason": "Không cần nữa"}


async def test_the_applicant_rates_once_the_result_is_there(office, visit):
    code = await office.accepted()
    browser = visit()
    await follow(browser, office, code)
    assert "danh-gia" not in browser.page
    await office.change(code, state=DossierState.RETURNED, resolved_at=office.clock.now)
    await browser.open(f"/ho-so/{code}")
    await browser.send(action=f"/ho-so/{code}/danh-gia", rating="6")
    assert browser.status == 422
    await browser.send(action=f"/ho-so/{code}/danh-gia", rating="4")
    (message,) = await messages(office, "Msg_ResultRated")
    assert json.loads(message["variables"]) == {"rating": 4}


async def test_what_moved_on_meanwhile_is_said_in_plain_words(office, visit):
    code = await office.accepted()
    browser = visit()
    await follow(browser, office, code)
    await office.change(code, state=DossierState.STOPPED, finished_at=office.clock.now)
    await browser.send(action=f"/ho-so/{code}/rut", reason="Không cần nữa", sure="yes")
    assert browser.status == 409
    assert "Hồ sơ đã chuyển bước" in browser.text()
    assert "dieuphoi" not in browser.text()


async def test_the_file_of_a_form_that_was_not_asked_for_is_not_kept(office, visit):
    code, browser = await asked_for_more(office, visit)
    await browser.send(
        action=f"/ho-so/{code}/bo-sung", composition="design_drawings", files={"file": ("x.exe", b"MZ" + bytes(100))}
    )
    assert browser.status == 422
    assert (await office.footprint())["documents"] == 1


async def test_a_page_that_does_not_exist_says_so(visit):
    browser = visit()
    await browser.open("/khong-co")
    assert browser.status == 404
    assert "Không có trang này" in browser.text()


async def test_a_defect_is_told_without_its_inner_words(office, visit, site, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError(PERSON.name)

    monkeypatch.setattr("workers.portal.details.offered", broken)
    browser = visit()
    await browser.open("/nop-ho-so")
    assert browser.status == 500
    assert PERSON.name not in browser.page
    assert "Hệ thống gặp lỗi" in browser.text()


def test_every_state_and_only_known_steps_have_words():
    wording = load_wording(HOME / "config" / "portal.yaml")
    assert set(wording.states) == set(DossierState)
    assert set(wording.feedback_states) == set(FeedbackState)
    diagrams = "".join(path.read_text(encoding="utf-8") for path in (HOME / "bpmn").rglob("*.bpmn"))
    assert [step for step in wording.steps if f'id="{step}"' not in diagrams] == []
    assert load_steps(HOME / "bpmn")


def test_every_text_of_the_pages_is_used_composed_and_takes_the_same_values_in_both_languages():
    wording = load_wording(HOME / "config" / "portal.yaml")
    sources = [
        path.read_text(encoding="utf-8")
        for path in (HOME / "workers" / "portal").rglob("*")
        if path.suffix in {".py", ".html"}
    ]
    text = "".join(sources)
    prefixes = (
        "field.",
        "problem.",
        "rating.",
        "apply.step_",
        "details.limit_",
        "papers.form_",
        "figures.",
        "time.holder_",
        "feedback.step_",
        "feedback.map_",
        "feedback.event_",
        "report.column_",
        "subscribe.channel_",
    )
    for key, phrase in wording.pages.items():
        assert f'"{key}"' in text or f"'{key}'" in text or key.startswith(prefixes), key
        assert unicodedata.is_normalized("NFC", phrase.vi)
        assert _places(phrase.vi) == _places(phrase.en), key


def _places(text):
    import string  # noqa: PLC0415

    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
