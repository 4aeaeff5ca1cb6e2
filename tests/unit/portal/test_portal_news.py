"""Directing information on the portal: what the public reads, and the feeds."""

from __future__ import annotations

import re
from datetime import timedelta
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.communication.newsroom import DRAFT, Newsroom
from tests.unit.office import MONDAY
from workers.portal.feeds import Channel, Entry, atom, rss
from workers.portal.news_pages import PAGE

TITLE, SUMMARY, TEXT = (DRAFT[f"publication_{part}"] for part in ("title", "summary", "text"))
ATOM = "{http://www.w3.org/2005/Atom}"
OTHER = "Tin khác <b>&amp; thử</b>"


@pytest.fixture
def newsroom(office):
    return Newsroom(office)


async def corrected(newsroom, office, code, **changes):
    office.clock.now += timedelta(hours=1)
    reason = {"change_reason": "Sửa ngày bắt đầu"}
    await office.run("publication.begin_correction", publication_code=code, **reason)
    await newsroom.draft(publication_code=code, **reason, **changes)
    await newsroom.approve(code)
    await newsroom.publish(code)


async def recalled(office, code):
    office.clock.now += timedelta(hours=1)
    await office.run("publication.recall", publication_code=code, change_reason="Văn bản đã thay thế")


async def titles(browser, query=""):
    page = await browser.open(f"/thong-tin{query}")
    return re.findall(r'<a href="/thong-tin/TT-[^>]*>([^<]*)</a>', page)


async def test_nothing_is_said_before_it_is_published(newsroom, visit):
    code = await newsroom.approved()
    browser = visit()
    assert await titles(browser) == []
    assert "Chưa có thông tin nào phù hợp" in browser.text()
    await browser.open(f"/thong-tin/{code}")
    assert browser.status == 404
    await browser.open("/thong-tin/TT-261102-0099")
    assert browser.status == 404


async def test_a_publication_is_read_with_its_source_and_its_areas(newsroom, visit):
    code = await newsroom.published()
    browser = visit()
    assert await titles(browser) == [TITLE]
    await browser.open(f"/thong-tin/{code}")
    said = browser.text()
    for words in (TITLE, SUMMARY, "Gọi 1022 khi thấy ngập.", "1234/UBND-ĐT, ngày 30/10/2026", "Phường", "02/11/2026"):
        assert words in said
    assert "Thiên tai, triều cường, ngập nước" in said
    assert "editor.h29-01" not in browser.page


async def test_a_correction_that_waits_is_not_shown_and_a_published_one_is_marked(newsroom, office, visit):
    code = await newsroom.published()
    await office.run("publication.begin_correction", publication_code=code, change_reason="Sửa ngày")
    await newsroom.draft(publication_code=code, publication_title="Chưa ai duyệt")
    browser = visit()
    assert await titles(browser) == [TITLE]
    await corrected(newsroom, office, code, publication_title="Tiêu đề đã sửa")
    assert await titles(browser) == ["Tiêu đề đã sửa"]
    await browser.open(f"/thong-tin/{code}")
    assert "Đã đính chính lúc" in browser.text()
    assert "Sửa ngày bắt đầu" in browser.text()


async def test_what_was_recalled_keeps_its_title_and_reason_only(newsroom, office, visit, client):
    code = await newsroom.published()
    await recalled(office, code)
    browser = visit()
    assert await titles(browser) == [TITLE]
    for path in ("/thong-tin", f"/thong-tin/{code}"):
        await browser.open(path)
        assert "Đã thu hồi lúc" in browser.text()
        assert "Văn bản đã thay thế" in browser.text()
        assert not [words for words in (SUMMARY, TEXT[:20], "1234/UBND") if words in browser.page]
    for name in ("rss", "atom"):
        feed = (await client.get(f"/thong-tin/{name}.xml")).text
        assert f"Đã thu hồi: {TITLE}" in feed
        assert SUMMARY not in feed


async def test_news_is_chosen_by_topic_and_area_and_the_whole_city_is_everywhere(newsroom, visit):
    await newsroom.published()
    await newsroom.published(publication_title="Cả Thành phố", publication_areas=["H29"], publication_topics=["health"])
    browser = visit()
    assert await titles(browser, "?chu-de=health") == ["Cả Thành phố"]
    assert sorted(await titles(browser, "?dia-ban=H29.26740")) == ["Cả Thành phố", TITLE]
    assert await titles(browser, "?dia-ban=H29.26743") == ["Cả Thành phố"]
    assert await titles(browser, "?dia-ban=H29.26743&chu-de=flooding_weather") == []
    for wrong in ("?chu-de=gossip", "?dia-ban=%25"):
        await browser.open(f"/thong-tin{wrong}")
        assert browser.status == 404


async def test_a_long_list_is_turned_page_by_page_without_loss(newsroom, office, visit):
    for number in range(PAGE + 2):
        office.clock.now = MONDAY + timedelta(minutes=number // 2)
        await newsroom.published(publication_title=f"Tin {number:02}")
    browser = visit()
    first = await titles(browser, "?chu-de=flooding_weather")
    (more,) = re.findall(r'href="/thong-tin(\?sau=[^"]*)"', browser.page)
    second = await titles(browser, more.replace("&amp;", "&"))
    assert first + second == [f"Tin {number:02}" for number in reversed(range(PAGE + 2))]


async def test_the_pages_name_the_feeds_with_the_filters_of_the_list(newsroom, visit):
    await newsroom.published()
    page = await visit().open("/thong-tin?chu-de=flooding_weather")
    for form in ("rss", "atom"):
        assert f'type="application/{form}+xml"' in page
        assert f'href="/thong-tin/{form}.xml?chu-de=flooding_weather"' in page


@pytest.mark.parametrize("name", ["rss", "atom"])
async def test_a_feed_is_xml_with_ids_that_stay(newsroom, office, client, name):
    code = await newsroom.published(publication_title=OTHER)
    ids = []
    for _ in range(2):
        answer = await client.get(f"/thong-tin/{name}.xml")
        assert answer.headers["content-type"].startswith(f"application/{name}+xml")
        root = ET.fromstring(answer.content)
        prefix, entry, number = ("", "channel/item", "guid") if name == "rss" else (ATOM, f"{ATOM}entry", f"{ATOM}id")
        (one,) = root.findall(entry)
        ids.append(one.findtext(number))
        assert one.findtext(f"{prefix}title") in {OTHER, f"Đính chính: {OTHER}"}
        await corrected(newsroom, office, code, publication_title=OTHER)
    assert ids[0] == ids[1]
    assert ids[0].startswith("tag:")
    assert ET.fromstring((await client.get(f"/thong-tin/{name}.xml?chu-de=health")).content).findall(entry) == []


@pytest.mark.parametrize("name", ["rss", "atom"])
async def test_who_has_a_feed_is_not_sent_it_again_until_it_changes(newsroom, office, client, name):
    code = await newsroom.published()
    path = f"/thong-tin/{name}.xml"
    first = await client.get(path)
    tag, moment = first.headers["etag"], first.headers["last-modified"]
    assert parsedate_to_datetime(moment) == MONDAY
    assert first.headers["cache-control"] == "no-cache"
    for known in ({"If-None-Match": f'"x", W/{tag}'}, {"If-Modified-Since": moment}):
        again = await client.get(path, headers=known)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = await client.get(path, headers={"If-None-Match": '"x"', "If-Modified-Since": moment})
    assert other.status_code == 200
    await recalled(office, code)
    for known in ({"If-None-Match": tag}, {"If-Modified-Since": moment}):
        assert (await client.get(path, headers=known)).status_code == 200


@given(st.text(), st.text())
def test_every_text_makes_a_feed_that_can_be_read(title, summary):
    channel = Channel("Tin", "Tin", "Thành phố", "http://127.0.0.1/thong-tin", "http://127.0.0.1/thong-tin/atom.xml")
    entry = Entry("TT-1", "http://127.0.0.1/thong-tin/TT-1", title, summary, [title], MONDAY, MONDAY)
    assert len(ET.fromstring(rss(channel, [entry])).findall("channel/item")) == 1
    assert len(ET.fromstring(atom(channel, [entry])).findall(f"{ATOM}entry")) == 1
