"""Subscribing on the portal: nothing before consent and confirmation, one POST ends it, nobody learns of it."""

from __future__ import annotations

import json
from datetime import timedelta

import httpx2 as httpx
import pytest
from structlog.testing import capture_logs

from tests.unit.communication.newsroom import Newsroom
from workers import news
from workers.portal.site import forget_old
from workers.portal.subscribing import MOST_AREAS
from workers.records import OutboxChannel

ADDRESS = "nguoi.dan@example.vn"
WISH = {
    "channel": "email", "contact": ADDRESS, "topics": ["health", "transport"], "areas": ["H29.26740"], "consent": "yes",
}  # fmt: skip


async def asked(visit, **changes):
    browser = visit()
    await browser.open("/nhan-tin")
    await browser.send(action="/nhan-tin", **{**WISH, **changes})
    return browser


async def subscription(office, address=ADDRESS, channel=OutboxChannel.EMAIL):
    return (await office.read.subscriptions_of(channel, address))[-1]


async def subscribed(office, visit, **changes):
    browser = await asked(visit, **changes)
    begun = await subscription(office)
    await browser.open(f"/nhan-tin/{begun.token}")
    await browser.send(action=f"/nhan-tin/{begun.token}/xac-nhan")
    return browser, await subscription(office)


async def test_nothing_is_ticked_beforehand(visit):
    assert "checked" not in await visit().open("/nhan-tin")


async def test_opening_the_link_confirms_nothing_and_pressing_the_button_does(office, visit):
    browser = await asked(visit)
    assert browser.path == "/nhan-tin/xac-nhan"
    (mail,) = await office.mails()
    begun = await subscription(office)
    assert (mail["recipient"], mail["event"]) == (ADDRESS, "subscription_confirm")
    assert f"/nhan-tin/{begun.token}" in mail["body"]
    assert begun.token not in browser.page
    other = visit()
    await other.open(f"/nhan-tin/{begun.token}")
    assert "Chờ bạn xác nhận" in other.text()
    assert (await subscription(office)).confirmed_at is None
    await other.send(action=f"/nhan-tin/{begun.token}/xac-nhan")
    assert "Đã xác nhận" in other.text()
    (kept,) = await office.read.subscribers()
    assert (kept.address, sorted(kept.topics), kept.areas) == (ADDRESS, ["health", "transport"], ["H29.26740"])


async def test_a_number_is_confirmed_by_its_code(office, visit):
    browser = await asked(visit, channel="sms", contact="+84 900 000 001")
    begun = await subscription(office, "0900000001", OutboxChannel.SMS)
    wrong = "000000" if begun.confirm_code != "000000" else "000001"
    await browser.send(confirm_code=wrong)
    assert browser.status == 422
    assert await office.read.subscribers() == []
    code = f"{begun.confirm_code[:3]} {begun.confirm_code[3:]}"
    await browser.send(confirm_code=code)
    assert "Đã xác nhận" in browser.text()
    assert len(await office.read.subscribers()) == 1


async def test_codes_are_not_tried_without_end(office, visit):
    browser = await asked(visit)
    begun = await subscription(office)
    for _ in range(10):
        await browser.send(confirm_code="x")
    await browser.open("/nhan-tin/xac-nhan")
    await browser.send(confirm_code=begun.confirm_code)
    assert browser.status == 429
    assert await office.read.subscribers() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"channel": ""}, "Cách nhận"),
        ({"contact": "khong-phai-thu"}, "chưa đúng với cách nhận"),
        ({"channel": "sms"}, "chưa đúng với cách nhận"),
        ({"channel": "sms", "contact": "02838000001"}, "chưa đúng với cách nhận"),
        ({"topics": []}, "ít nhất một chủ đề"),
        ({"topics": ["gossip"]}, "ít nhất một chủ đề"),
        ({"areas": []}, "hãy chọn Toàn Thành phố"),
        ({"consent": ""}, "cần bạn đồng ý"),
    ],
)
async def test_what_is_missing_is_told_and_nothing_is_kept(office, visit, changes, words):
    browser = await asked(visit, **changes)
    assert browser.status == 422
    assert words in browser.text()
    assert await office.rows("select * from subscriptions") == []
    assert await office.mails() == []


async def test_too_many_areas_are_refused_and_the_whole_city_stands_for_all(office, visit):
    today = office.clock.now.date()
    communes = [unit.code for unit in office.services.rules.organization.units_at(today) if unit.level == "commune"]
    assert (await asked(visit, areas=communes[: MOST_AREAS + 1])).status == 422
    await asked(visit, areas=[*communes[: MOST_AREAS + 1], "H29"])
    assert (await subscription(office)).areas == ["H29"]


async def test_an_address_that_is_known_or_asked_too_often_gets_the_same_answer(office, visit):
    browsers = [await asked(visit) for _ in range(news.ASKED_A_DAY + 1)]
    seen = {(one.status, one.path, one.text()) for one in browsers}
    assert len(seen) == 1
    assert len(await office.mails()) == news.ASKED_A_DAY
    assert len({len(one.client.cookies["dieuphoi"]) for one in browsers}) == 1


async def test_one_visitor_cannot_pester_many(office, visit):
    for number in range(10):
        await asked(visit, contact=f"nguoi-{number}@example.vn")
    assert (await asked(visit, contact="nguoi-11@example.vn")).status == 429
    assert len(await office.mails()) == 10


async def test_choices_are_changed_by_the_link(office, visit):
    browser, kept = await subscribed(office, visit)
    assert 'value="health" checked' in browser.page
    await browser.send(action=f"/nhan-tin/{kept.token}", topics=["education"], areas=["H29"])
    assert "Đã lưu thay đổi" in browser.text()
    changed = await subscription(office)
    assert (changed.topics, changed.areas) == (["education"], ["H29"])
    await browser.send(action=f"/nhan-tin/{kept.token}", topics=[], areas=["H29"])
    assert browser.status == 422
    assert (await subscription(office)).topics == ["education"]


async def test_the_address_in_a_mails_header_ends_it_with_one_post_and_again(office, visit, client):
    _, kept = await subscribed(office, visit, topics=["flooding_weather"])
    await Newsroom(office).published()
    told = next(mail for mail in await office.mails() if mail["event"] == "news_published")
    path = httpx.URL(json.loads(told["variables"])["unsubscribe_url"]).path
    opened = await client.get(path)
    assert (opened.status_code, opened.headers["location"]) == (303, f"/nhan-tin/{kept.token}")
    assert len(await office.read.subscribers()) == 1
    answers = [await client.post(path, data={"List-Unsubscribe": "One-Click"}) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    assert await office.rows("select * from subscriptions") == []
    assert [mail["event"] for mail in await office.mails()] == ["subscription_confirm"]


async def test_links_of_nobody_open_nothing_and_are_not_tried_without_end(visit):
    browser = visit()
    for _ in range(10):
        await browser.open("/nhan-tin/ABCDEFGHJKMNPQRS")
        assert browser.status == 404
        assert "Đường dẫn không còn dùng được" in browser.text()
    await browser.open("/nhan-tin/ABCDEFGHJKMNPQRT")
    assert browser.status == 429


async def test_a_form_of_another_site_changes_nothing(office, visit, client):
    _, kept = await subscribed(office, visit)
    for path, given in ((f"/nhan-tin/{kept.token}", {"topics": ["education"]}), ("/nhan-tin", WISH)):
        assert (await client.post(path, data=given)).status_code == 403
    assert (await subscription(office)).topics == kept.topics


async def test_what_nobody_confirms_is_forgotten_by_the_regular_clean_up(office, visit):
    browser = await asked(visit)
    begun = await subscription(office)
    office.clock.now += timedelta(hours=49)
    await browser.open(f"/nhan-tin/{begun.token}")
    assert browser.status == 404
    with capture_logs() as logs:
        await forget_old(office.services, 24)
    assert await office.rows("select * from subscriptions") == []
    assert [line["subscriptions"] for line in logs if line["event"] == "portal.forgotten"] == [1]


async def test_no_line_of_the_log_names_who_subscribed(office, visit):
    with capture_logs() as logs:
        browser, kept = await subscribed(office, visit)
        await browser.send(action=f"/nhan-tin/{kept.token}/huy")
        await forget_old(office.services, 24)
    assert "Đã ngừng nhận tin" in browser.text()
    assert not [word for word in (ADDRESS, kept.token, kept.confirm_code) if word in str(logs)]
