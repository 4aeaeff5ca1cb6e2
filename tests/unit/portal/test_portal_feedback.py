"""Feedback on the portal: four pages, a map without a script, photos without their camera's notes, what who sees."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.unit.office import HOME, MONDAY
from tests.unit.portal.conftest import Forms
from workers.feedback_intake import FeedbackDraft, report
from workers.portal.city_map import SIDE, SPANS, Place, Window, load_city_map
from workers.records import FeedbackAnswer, FeedbackHandover, FeedbackPhoto, FeedbackState, PublicState
from workers.regulation.organization import UnitLevel

TEXT = "Nắp cống bị vỡ trước cổng trường, rất nguy hiểm cho học sinh."
REPORTER = {"name": "Nguyễn Thị Ví Dụ Riêng", "phone": "0900000321", "email": "rieng.tu@example.vn"}


def photo(place=True):
    """A photo whose camera noted where it was taken."""
    picture = Image.new("RGB", (64, 48), "green")
    notes = Image.Exif()
    notes[0x010F] = "Hãng máy ảnh"
    if place:
        notes.get_ifd(0x8825)[2] = (10.0, 46.0, 38.0)
    written = io.BytesIO()
    picture.save(written, "JPEG", exif=notes)
    return written.getvalue()


async def described(visit, text=TEXT, field=""):
    browser = visit()
    await browser.open("/phan-anh")
    await browser.send(action="/phan-anh", text=text, field=field)
    return browser


async def located(visit, **answers):
    browser = await described(visit)
    await browser.send(action="/phan-anh/noi-xay-ra", place="trước số 1 đường Ví Dụ", **answers, go="yes")
    return browser


async def sent(visit, **answers):
    browser = await located(visit)
    await browser.open("/phan-anh/nguoi-gui")
    await browser.send(action="/phan-anh/nguoi-gui", **{"who": "anonymous", **answers})
    return browser


async def feedback_of(office):
    (row,) = await office.rows("select code from feedback")
    return await office.read.feedback(row["code"])


async def reported(office, at=MONDAY, **changes):
    office.clock.now = at
    draft = FeedbackDraft(channel="portal", text=TEXT, anonymous=True, latitude=10.77123, longitude=106.69456)
    code, secret = await report(office.services, draft)
    async with office.registry.write() as writer:
        await writer.update_feedback(code, **changes)
    return code, secret


async def follow(visit, code, secret):
    browser = visit()
    await browser.open("/tra-cuu")
    await browser.send(action="/tra-cuu", code=code.lower(), secret=secret)
    return browser


async def test_whom_to_call_stands_before_the_form(visit):
    browser = visit()
    page = await browser.open("/phan-anh")
    assert page.index('href="tel:114"') < page.index("<form")
    assert {"113", "114", "115"} <= set(re.findall(r"tel:(\d+)", page))


async def test_feedback_is_sent_anonymously_and_nothing_of_the_sender_is_kept(office, visit):
    browser = await sent(visit, **REPORTER, consent_sms="yes")
    feedback = await feedback_of(office)
    assert feedback.code in browser.text()
    assert feedback.secret in browser.text()
    assert (feedback.text, feedback.place, feedback.channel) == (TEXT, "trước số 1 đường Ví Dụ", "portal")
    (reporter,) = await office.rows("select * from feedback_reporters")
    assert not set(REPORTER.values()) & set(map(str, reporter.values()))
    assert reporter["consent_sms"] == 0
    assert await office.rows("select * from drafts") == []
    (message,) = await office.mails()
    assert message["event"] == "Msg_FeedbackReceived"


async def test_each_channel_is_agreed_to_by_itself_and_none_is_ticked_beforehand(office, visit):
    browser = await located(visit)
    page = await browser.open("/phan-anh/nguoi-gui")
    assert "checked" not in page
    await browser.send(action="/phan-anh/nguoi-gui", who="named", **REPORTER, consent_zalo="yes")
    reporter = await office.read.reporter((await feedback_of(office)).code)
    assert (reporter.consent_email, reporter.consent_sms, reporter.consent_zalo) == (False, False, True)
    assert reporter.phone == "0900000321"


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"who": ""}, "hãy chọn gửi ẩn danh hoặc để lại thông tin"),
        ({"who": "named"}, "Họ và tên"),
        ({"who": "named", "name": "Nguyễn Văn Ví Dụ"}, "hoặc chọn gửi ẩn danh"),
        ({"who": "named", "name": "Nguyễn Văn Ví Dụ", "phone": "12"}, "số điện thoại chưa đúng"),
        ({"who": "named", "name": "Nguyễn Văn Ví Dụ", "phone": "0900000001", "consent_email": "yes"}, "cần địa chỉ"),
    ],
)
async def test_what_is_missing_about_the_sender_is_told(office, visit, answers, words):
    browser = await sent(visit, **answers)
    assert browser.status == 422
    assert words in browser.text()
    assert await office.rows("select * from feedback") == []


@pytest.mark.parametrize("text", ["", "ngắn", "x" * 4001])
async def test_a_text_that_says_nothing_is_refused(visit, text):
    browser = await described(visit, text)
    assert browser.status == 422
    assert "cần từ 10 đến 4000 ký tự" in browser.text()


async def test_a_place_is_needed_in_some_form(visit):
    browser = await described(visit)
    await browser.send(action="/phan-anh/noi-xay-ra", go="yes")
    assert browser.status == 422
    assert "cần ít nhất một trong ba" in browser.text()


async def test_a_second_press_sends_nothing_more(office, visit):
    browser = await located(visit)
    await browser.open("/phan-anh/nguoi-gui")
    ((_, fields),) = [one for one in Forms(browser.page).found if one[0] == "/phan-anh/nguoi-gui"]
    cookies = dict(browser.client.cookies)
    for _ in range(2):
        await browser.client.post("/phan-anh/nguoi-gui", data={**fields, "who": "anonymous"})
        browser.client.cookies.update(cookies)
    assert len(await office.rows("select * from feedback")) == 1


async def test_words_of_danger_and_of_a_complaint_are_answered_at_once(visit):
    browser = await described(visit, "Nhà bên cạnh đang cháy lớn, tôi muốn khiếu nại quyết định cũ.")
    text = browser.text()
    assert "Nội dung có vẻ khẩn cấp" in text
    assert "114" in text
    assert "Luật Khiếu nại" in text


async def test_a_word_of_danger_inside_another_word_is_no_emergency(visit):
    browser = await described(visit, "Nắp cống nổi lên mặt đường trước nhà số 1.")
    assert "khẩn cấp" not in browser.text()


async def test_a_click_marks_a_place_and_the_nearest_commune_is_proposed(office, visit):
    browser = await described(visit)
    await browser.send(action="/phan-anh/noi-xay-ra", move="in")
    await browser.send(action="/phan-anh/noi-xay-ra", **{"map.x": "150", "map.y": "150"})
    assert "Đã đánh dấu: vĩ độ 10.9, kinh độ 106.96." in browser.text()
    assert 'src="/ban-do.svg?vd=10.9&amp;kd=106.96&amp;z=2&amp;mvd=10.9&amp;mkd=106.96"' in browser.page
    assert "Hãy kiểm tra, vì sơ đồ không có địa giới." in browser.text()
    commune = re.search(r'<option value="(H29\.\d+)" selected', browser.page).group(1)
    await browser.send(action="/phan-anh/noi-xay-ra", place="", go="yes")
    await browser.open("/phan-anh/nguoi-gui")
    await browser.send(action="/phan-anh/nguoi-gui", who="anonymous")
    feedback = await feedback_of(office)
    assert (feedback.latitude, feedback.longitude, feedback.commune) == (10.9, 106.96, commune)


async def test_the_map_is_used_by_buttons_alone(visit):
    browser = await described(visit)
    for how in ("in", "in", "w", "n"):
        await browser.send(action="/phan-anh/noi-xay-ra", move=how)
    await browser.send(action="/phan-anh/noi-xay-ra", mark="middle")
    assert "Đã đánh dấu: vĩ độ 10.96549, kinh độ 106.89333." in browser.text()
    await browser.send(action="/phan-anh/noi-xay-ra", mark="clear")
    assert "Chưa đánh dấu vị trí nào." in browser.text()


@pytest.mark.parametrize("given_", [("10.77", "106.69"), ("8.69", "106.61")])
async def test_a_position_of_the_device_marks_the_place(visit, given_):
    browser = await described(visit)
    await browser.send(action="/phan-anh/noi-xay-ra", locate="yes", lat=given_[0], lon=given_[1])
    assert f"vĩ độ {given_[0]}" in browser.text()


@pytest.mark.parametrize("given_", [("21.03", "105.85"), ("x", "1"), ("nan", "nan"), ("", "")])
async def test_a_position_elsewhere_marks_nothing(visit, given_):
    browser = await described(visit)
    await browser.send(action="/phan-anh/noi-xay-ra", locate="yes", lat=given_[0], lon=given_[1])
    assert "Chưa đánh dấu vị trí nào." in browser.text()


async def test_the_picture_names_communes_and_refuses_what_is_no_window(visit):
    browser = visit()
    answer = await browser.client.get("/ban-do.svg?vd=10.78&kd=106.7&z=3&mvd=10.78&mkd=106.7")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert "Sài Gòn" in answer.text
    assert 'class="pin"' in answer.text
    for wrong in (
        "",
        "?vd=1&kd=2&z=9",
        "?vd=x&kd=2&z=1",
        "?vd=1&kd=2&z=1&mvd=3",
        "?vd=nan&kd=2&z=1",
        "?vd=1e9&kd=inf&z=0",
    ):
        assert (await browser.client.get(f"/ban-do.svg{wrong}")).status_code == 404


async def test_photos_are_kept_as_they_arrive_without_the_cameras_notes(office, visit):
    browser = await located(visit)
    await browser.send(action="/phan-anh/anh", files={"file": ("ảnh cống.jpg", photo(), "image/jpeg")})
    ((sha256,),) = {tuple(re.findall(r'src="/phan-anh/anh/([0-9a-f]{64})"', browser.page))}
    answer = await browser.client.get(f"/phan-anh/anh/{sha256}")
    with Image.open(io.BytesIO(answer.content)) as kept:
        assert dict(kept.getexif()) == {}
        assert kept.size == (64, 48)
    stranger = visit()
    assert (await stranger.client.get(f"/phan-anh/anh/{sha256}")).status_code == 404
    await browser.open("/phan-anh/nguoi-gui")
    await browser.send(action="/phan-anh/nguoi-gui", who="anonymous")
    (kept_photo,) = await office.read.feedback_photos((await feedback_of(office)).code)
    assert (kept_photo.sha256, kept_photo.name, kept_photo.public) == (sha256, "ảnh cống.jpg", False)


async def test_what_is_no_photo_and_too_many_are_refused(office, visit):
    browser = await located(visit)
    await browser.send(action="/phan-anh/anh", files={"file": ("đơn.jpg", b"%PDF-1.7", "image/jpeg")})
    assert "không phải ảnh" in browser.text()
    most = office.rules.feedback.photos.count
    for number in range(most):
        picture = io.BytesIO()
        Image.new("RGB", (8 + number, 8)).save(picture, "PNG")
        await browser.send(action="/phan-anh/anh", files={"file": (f"{number}.png", picture.getvalue(), "image/png")})
    assert "Đã đủ số ảnh cho phép." in browser.text()
    assert 'type="file"' not in browser.page


async def test_a_photo_is_taken_out_again(visit):
    browser = await located(visit)
    await browser.send(action="/phan-anh/anh", files={"file": ("a.jpg", photo(), "image/jpeg")})
    await browser.send(action="/phan-anh/anh/bo-ra")
    assert "/phan-anh/anh/bo-ra" not in browser.page


async def test_a_reporter_follows_by_code_and_secret(office, visit):
    code, secret = await reported(
        office, state=FeedbackState.IN_PROGRESS, unit="H29.07", due_at=MONDAY + timedelta(days=1)
    )
    async with office.registry.write() as writer:
        await writer.add_feedback_handover(
            code, FeedbackHandover(from_unit="H29.08", to_unit="H29.07", reason="Lý do nội bộ", at=MONDAY)
        )
        await writer.add_feedback_answer(
            code, FeedbackAnswer(kind="interim", text="Đã đặt rào chắn.", at=MONDAY, unit="H29.07")
        )
    browser = await follow(visit, code, secret)
    text = browser.text()
    for words in ("Đang xử lý", "Sở Xây dựng", "Đã đặt rào chắn.", TEXT, "Hẹn trả", "Hiện không cần làm gì."):
        assert words in text
    assert "Lý do nội bộ" not in text
    assert "/danh-gia" not in browser.page
    assert (await follow(visit, code, "ABCDEFGHJK")).status == 422


async def test_only_the_citizen_rates_and_only_once(office, visit):
    code, secret = await reported(office, state=FeedbackState.ANSWERED, unit="H29.07", resolved_at=MONDAY)
    stranger = visit()
    await stranger.open("/phan-anh")
    ((_, fields),) = [one for one in Forms(stranger.page).found if one[0] == "/phan-anh"]
    answer = await stranger.client.post(
        f"/phan-anh/theo-doi/{code}/danh-gia", data={"csrf": fields["csrf"], "rating": "5"}
    )
    assert answer.status_code == 403
    browser = await follow(visit, code, secret)
    await browser.send(action=f"/phan-anh/theo-doi/{code}/danh-gia", rating="2", comment="Vẫn còn vỡ")
    assert "Bạn đã đánh giá 2/5 sao" in browser.text()
    (rating,) = await office.read.feedback_ratings(code)
    assert (rating.stars, rating.comment) == (2, "Vẫn còn vỡ")
    assert f"/phan-anh/theo-doi/{code}/danh-gia" not in browser.page


async def test_of_merged_feedback_the_other_ones_progress_is_told_but_not_its_words(office, visit):
    other, _ = await reported(office, state=FeedbackState.IN_PROGRESS, unit="H29.06")
    code, secret = await reported(office, state=FeedbackState.MERGED, merged_into=other)
    browser = await follow(visit, code, secret)
    assert "xử lý chung với một phản ánh khác" in browser.text()
    assert "Sở Nông nghiệp và Môi trường" in browser.text()
    assert other not in browser.page


async def test_the_public_sees_what_was_released_and_nothing_else(office, visit):
    shown = {"public_state": PublicState.SHOWN, "field": "flooding", "unit": "H29.07"}
    code, _ = await reported(office, **shown, public_text="Nắp cống bị vỡ.", commune="H29.26740")
    hidden, _ = await reported(office, public_text="Không được thấy")
    secret_field, _ = await reported(office, **shown, public_text="Không được thấy", restricted=True)
    async with office.registry.write() as writer:
        for name, public in (("a.jpg", True), ("b.jpg", False)):
            stored = office.looker.store.put_bytes(photo() + name.encode(), name)
            await writer.add_feedback_photo(
                code, FeedbackPhoto(sha256=stored.sha256, name=name, kind="report", public=public)
            )
        answer = {"kind": "final", "at": MONDAY, "unit": "H29.07"}
        await writer.add_feedback_answer(code, FeedbackAnswer(text="Gửi ông A", public_text="Đã thay nắp.", **answer))
        await writer.add_feedback_answer(code, FeedbackAnswer(text="Riêng cho người gửi", **answer))
    browser = visit()
    await browser.open("/phan-anh/cong-khai")
    text = browser.text()
    for words in (code, "Nắp cống bị vỡ.", "Đã thay nắp.", "Sở Xây dựng", "Phường Sài Gòn"):
        assert words in text
    for words in (hidden, secret_field, TEXT, "Không được thấy", "Gửi ông A", "Riêng cho người gửi", "10.77123"):
        assert words not in browser.page
    photos = [one.sha256 for one in await office.read.feedback_photos(code)]
    assert [(await browser.client.get(f"/phan-anh/anh/{one}")).status_code for one in photos] == [200, 404]
    async with office.registry.write() as writer:
        await writer.update_feedback(code, public_state=PublicState.HIDDEN)
    assert (await browser.client.get(f"/phan-anh/anh/{photos[0]}")).status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("linh-vuc=flooding", True),
        ("linh-vuc=noise", False),
        ("don-vi=H29.07", True),
        ("don-vi=H29.06", False),
        ("phuong=H29.26740", True),
        ("phuong=H29.26743", False),
        ("trang-thai=in_progress", True),
        ("trang-thai=closed", False),
        ("trang-thai=merged", True),
    ],
)
async def test_the_public_list_is_filtered(office, visit, query, found):
    shown = {"public_state": PublicState.SHOWN, "field": "flooding", "unit": "H29.07", "commune": "H29.26740"}
    code, _ = await reported(office, **shown, public_text="Nắp cống bị vỡ.", state=FeedbackState.IN_PROGRESS)
    browser = visit()
    await browser.open(f"/phan-anh/cong-khai?{query}")
    assert (code in browser.page) is found


async def test_the_public_list_goes_on_with_older_ones(office, visit):
    codes = []
    for number in range(21):
        code, _ = await reported(office, public_state=PublicState.SHOWN, at=MONDAY + timedelta(minutes=number // 2))
        codes.append(code)
    browser = visit()
    await browser.open("/phan-anh/cong-khai")
    seen = re.findall(r'<article class="card" id="([^"]+)"', browser.page)
    older = re.search(r'href="(/phan-anh/cong-khai\?sau=[^"]+)"', browser.page).group(1)
    await browser.open(older)
    rest = re.findall(r'<article class="card" id="([^"]+)"', browser.page)
    assert len(seen) == 20
    assert sorted([*seen, *rest]) == sorted(codes)


def city():
    return load_city_map(HOME / "config" / "map" / "points.yaml")


def test_every_commune_has_a_point(shipped_rules):
    communes = {unit.code for unit in shipped_rules.organization.units_at(MONDAY.date(), UnitLevel.COMMUNE)}
    assert set(city().points) == communes


@given(
    st.integers(0, SIDE),
    st.integers(0, SIDE),
    st.integers(0, len(SPANS) - 1),
    st.floats(8.4, 11.6),
    st.floats(106.2, 107.8),
)
def test_a_click_comes_back_to_its_pixel(x, y, zoom, latitude, longitude):
    window = Window(Place(latitude, longitude), zoom)
    found_x, found_y = window.pixel(window.place(x, y))
    assert abs(found_x - x) < 0.2
    assert abs(found_y - y) < 0.2


@given(st.lists(st.sampled_from(["in", "out", "n", "s", "e", "w", "city", "island", "", "x"]), max_size=30))
def test_the_map_never_leaves_the_city(moves):
    window = Window()
    for how in moves:
        window = window.moved(how)
    assert 0 <= window.zoom < len(SPANS)
    assert 8 < window.middle.latitude < 12
    assert 106 < window.middle.longitude < 108


@given(st.sampled_from(range(len(SPANS))), st.floats(10.3, 11.5), st.floats(106.3, 107.6))
def test_no_name_covers_another(zoom, latitude, longitude):
    known = city()
    window = Window(Place(latitude, longitude), zoom)
    dots = [one for one in known.dots(window, {unit: f"Tên của {unit}" for unit in known.points}) if one.label]
    spans = [
        ((one.x - 6.2 * len(one.name), one.x) if one.to_the_left else (one.x, one.x + 6.2 * len(one.name)), one.y)
        for one in dots
    ]
    for number, ((start, end), y) in enumerate(spans):
        assert start >= 0
        assert end <= SIDE
        for (other_start, other_end), other_y in spans[number + 1 :]:
            assert abs(y - other_y) > 12.8 or end < other_start or start > other_end


async def test_the_figures_of_a_period_are_shown_and_taken_along(office, visit):
    await reported(office, state=FeedbackState.IN_PROGRESS, unit="H29.07", field="flooding")
    office.clock.now = MONDAY + timedelta(hours=1)
    browser = visit()
    await browser.open("/phan-anh/so-lieu?ky=2026-11")
    for words in ("Ngập nước, cống thoát nước", "Sở Xây dựng", "11/2026", "Sở, ban, ngành"):
        assert words in browser.text()
    for kind, start in (("csv", b"\xef\xbb\xbfperiod"), ("xlsx", b"PK"), ("pdf", b"%PDF")):
        answer = await browser.client.get(f"/phan-anh/so-lieu.{kind}?ky=2026-11")
        assert answer.content.startswith(start)
    for wrong in (".html?ky=2026-11", "?ky=2026-13", "?ky=2099-01"):
        await browser.open(f"/phan-anh/so-lieu{wrong}")
        assert browser.status == 404
