"""Subscriptions: whose address it is, what confirming replaces, what ending forgets."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.communication.newsroom import Newsroom
from workers import news
from workers.records import OutboxChannel
from workers.regulation.identity import is_email_address

EMAIL, SMS, ZALO = OutboxChannel.EMAIL, OutboxChannel.SMS, OutboxChannel.ZALO
ADDRESS = "nguoi.dan@example.vn"


@pytest.fixture
def services(office):
    return office.services


def wish(**changes):
    return news.Wish(**{"channel": EMAIL, "address": ADDRESS, "topics": ["health"], "areas": ["H29"], **changes})


@pytest.mark.parametrize(
    ("channel", "typed", "address"),
    [
        (EMAIL, f" {ADDRESS} ", ADDRESS),
        (EMAIL, "ai@localhost", None),
        (EMAIL, "0900000001", None),
        (SMS, "+84 900 000 001", "0900000001"),
        (ZALO, "0900.000.001", "0900000001"),
        (SMS, "028 3800 0001", None),
        (SMS, ADDRESS, None),
    ],
)
def test_an_address_is_read_as_people_type_it(channel, typed, address):
    assert news.clean_address(channel, typed) == address


@given(st.sampled_from([EMAIL, SMS, ZALO]), st.text() | st.emails() | st.from_regex(r"[+0-9 .-]{9,14}"))
def test_a_clean_address_stays_itself_and_can_be_written_to(channel, typed):
    address = news.clean_address(channel, typed)
    if address is not None:
        assert news.clean_address(channel, address) == address
        assert is_email_address(address) if channel is EMAIL else (address.isdigit() and len(address) == 10)


async def test_only_the_confirmation_is_sent_and_it_holds_link_and_code(services, office):
    begun = await news.subscribe(services, wish())
    (mail,) = await office.mails()
    assert (mail["event"], mail["recipient"]) == (news.CONFIRM, ADDRESS)
    assert f"/nhan-tin/{begun.token}" in mail["body"]
    assert begun.confirm_code in mail["body"]
    assert await office.read.subscribers() == []


async def test_a_text_message_has_the_code_and_not_the_link(services, office):
    begun = await news.subscribe(services, wish(channel=SMS, address="0900000001"))
    (text,) = await office.mails()
    assert begun.confirm_code in text["body"]
    assert begun.token not in text["body"]


async def test_an_address_is_asked_so_often_a_day_and_again_the_next(services, office):
    for _ in range(news.ASKED_A_DAY):
        assert await news.subscribe(services, wish())
    assert await news.subscribe(services, wish()) is None
    assert await news.subscribe(services, wish(address="nguoi.khac@example.vn"))
    office.clock.now += timedelta(days=1)
    assert await news.subscribe(services, wish())


async def test_the_older_subscription_stands_until_the_newer_is_confirmed(services, office):
    first = await news.subscribe(services, wish())
    await news.confirm(services, first)
    second = await news.subscribe(services, wish(topics=["education"]))
    assert [one.id for one in await office.read.subscribers()] == [first.id]
    await news.confirm(services, second)
    assert [one.id for one in await office.read.subscribers()] == [second.id]
    assert await office.read.subscription(first.id) is None


async def test_channels_are_subscribed_to_each_by_itself(services, office):
    for channel in (SMS, ZALO):
        await news.confirm(services, await news.subscribe(services, wish(channel=channel, address="0900000001")))
    assert {one.channel for one in await office.read.subscribers()} == {SMS, ZALO}


async def test_ending_forgets_the_address_and_what_waits_for_it(services, office):
    begun = await news.subscribe(services, wish(topics=["flooding_weather"]))
    await news.confirm(services, begun)
    await Newsroom(office).subscribe("nguoi.khac@example.vn")
    await Newsroom(office).published()
    await news.end(services, begun)
    assert [one.address for one in await office.read.subscribers()] == ["nguoi.khac@example.vn"]
    waiting = [mail["recipient"] for mail in await office.mails() if mail["event"] == "news_published"]
    assert waiting == ["nguoi.khac@example.vn"]


@pytest.mark.parametrize(("late", "kept"), [(timedelta(seconds=-1), True), (timedelta(seconds=1), False)])
async def test_what_is_confirmed_too_late_is_forgotten(services, office, late, kept):
    begun = await news.subscribe(services, wish())
    confirmed = await news.subscribe(services, wish(address="da.xac.nhan@example.vn"))
    await news.confirm(services, confirmed)
    office.clock.now += timedelta(hours=services.rules.communication.confirm_hours) + late
    assert news.is_confirmable(services, begun) is kept
    assert await news.forget_unconfirmed(services) == (0 if kept else 1)
    assert (await office.read.subscription(begun.id) is not None) is kept
    assert await office.read.subscription(confirmed.id)


async def test_delay_and_reach_are_told(services, office):
    newsroom = Newsroom(office)
    await newsroom.subscribe(ADDRESS)
    draft = (await newsroom.draft())["publication_code"]
    assert (await news.view(services, draft)).delay is None
    code = await newsroom.published()
    seen = await news.view(services, f" {code.lower()} ")
    assert (seen.delay, seen.reached) == (timedelta(hours=1), 0)
    assert "editor" not in seen.as_json()
    assert [one.publication.code for one in await news.newest(services, 5)] == [code, draft]
    assert await news.view(services, "TT-261102-0099") is None


@pytest.mark.parametrize(
    ("delay", "label"),
    [(None, "—"), (timedelta(minutes=5), "5 phút"), (timedelta(hours=2, minutes=5), "2 giờ 05 phút")],
)
def test_a_delay_is_written_for_people(delay, label):
    assert news.delay_label(delay) == label
