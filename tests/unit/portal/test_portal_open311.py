"""Feedback from other systems: over the API and as Open311 clients speak; nothing leaks that was not released."""

from __future__ import annotations

import json

import pytest

from workers.records import ApiScope, FeedbackState, PublicState

SAID = {
    "text": "Ổ gà lớn trước cổng trường ví dụ",
    "field": "road_damage",
    "latitude": 10.77654,
    "longitude": 106.70123,
    "name": "Nguyễn Văn Ví Dụ",
    "phone": "0900000001",
}
FORM = {
    "service_code": "road_damage",
    "description": "Ổ gà lớn trước cổng trường ví dụ",
    "lat": "10.77654",
    "long": "106.70123",
    "first_name": "Ví Dụ",
    "last_name": "Nguyễn Văn",
    "phone": "0900000001",
}


async def released(office, code, **changes):
    known = {"public_state": PublicState.SHOWN, "public_text": "Ổ gà trước cổng trường"}
    async with office.registry.write() as writer:
        await writer.update_feedback(code, **{**known, **changes})


@pytest.fixture
async def key(system):
    """The text of a key that may report."""
    opened = await system(ApiScope.REPORT)
    return opened.headers["Authorization"].removeprefix("Bearer ")


async def sent(client, key, form="json", **changes):
    given = {k: v for k, v in {**FORM, **changes}.items() if v is not None}
    return await client.post(f"/open311/v2/requests.{form}", params={"api_key": key}, data=given)


async def test_feedback_over_the_api_is_kept_once_and_followed(office, system, stranger):
    portal = await system(ApiScope.REPORT, ApiScope.FOLLOW_FEEDBACK)
    made = [(await portal.ask("POST", "/feedback", once="the-same-1", json=SAID)).json() for _ in range(2)]
    assert made[0] == made[1]
    code = made[0]["code"]
    assert (await office.read.reporter(code)).phone == "0900000001"
    assert [mail["recipient"] for mail in await office.mails()] == [code]
    assert (await portal.ask("GET", f"/feedback/{code}")).json()["state"] == "received"
    assert (await stranger.ask("GET", f"/feedback/{code}", secret=made[0]["tracking_secret"])).status_code == 200
    assert (await stranger.ask("GET", f"/feedback/{code}", secret="AAAAAAAAAA")).status_code == 401
    other = await system(ApiScope.FOLLOW_FEEDBACK)
    assert (await other.ask("GET", f"/feedback/{code}")).json()["answers"] == []
    await released(office, code, restricted=True)
    assert (await other.ask("GET", f"/feedback/{code}")).status_code == 404
    assert (await portal.ask("GET", f"/feedback/{code}")).status_code == 200


@pytest.mark.parametrize(
    ("changes", "where"),
    [({"field": "nothing"}, None), ({"name": None}, "body"), ({"longitude": None}, "body"), ({"text": "ngắn"}, None)],
)
async def test_feedback_with_a_mistake_is_refused(office, system, changes, where):
    portal = await system(ApiScope.REPORT)
    answer = await portal.ask("POST", "/feedback", json={**SAID, **changes})
    assert answer.status_code == 422
    assert where is None or answer.json()["errors"][0]["where"] == where
    assert await office.mails() == []


async def test_a_change_of_state_is_told_and_a_restricted_one_to_its_giver_only(office, system):
    hook = {"url": "https://nhan.example.vn/hook", "events": ["feedback.state_changed"]}
    giver = await system(ApiScope.REPORT, ApiScope.WEBHOOKS)
    reader = await system(ApiScope.FOLLOW_FEEDBACK, ApiScope.WEBHOOKS)
    ids = [(await one.ask("POST", "/webhooks", json=hook)).json()["id"] for one in (giver, reader)]
    code = (await giver.ask("POST", "/feedback", json=SAID)).json()["code"]
    await released(office, code, state=FeedbackState.FORWARDED)
    told = [mail for mail in await office.mails() if mail["channel"] == "webhook"]
    assert {mail["recipient"] for mail in told} == set(ids)
    assert json.loads(told[0]["variables"])["data"] == {"code": code, "state": "forwarded"}
    await released(office, code, state=FeedbackState.IN_PROGRESS, restricted=True)
    told = [mail for mail in await office.mails() if mail["channel"] == "webhook"][2:]
    assert [mail["recipient"] for mail in told] == ids[:1]


async def test_an_open311_client_finds_services_and_reports(office, client, key):
    listed = (await client.get("/open311/v2/services.json")).json()
    assert {"service_code", "service_name", "metadata", "type", "group"} <= set(listed[0])
    one = (await client.get("/open311/v2/services/road_damage.xml")).text
    assert "<service_definition><service_code>road_damage</service_code>" in one
    answer = await sent(client, key)
    assert answer.status_code == 201
    code = answer.json()[0]["service_request_id"]
    kept = await office.read.feedback(code)
    assert (kept.channel, kept.field, kept.latitude, kept.anonymous) == ("open311", "road_damage", 10.77654, False)
    assert (await office.read.reporter(code)).name == "Nguyễn Văn Ví Dụ"
    token = (await client.get(f"/open311/v2/tokens/{code}.json")).json()
    assert token[0]["service_request_id"] == code
    nameless = (await sent(client, key, first_name=None, last_name=None)).json()[0]["service_request_id"]
    assert (await office.read.reporter(nameless)).phone is None


async def test_others_see_what_was_released_and_nothing_else(office, client, key):
    code = (await sent(client, key)).json()[0]["service_request_id"]
    assert (await client.get("/open311/v2/requests.json")).json() == []
    assert (await client.get(f"/open311/v2/requests/{code}.json")).status_code == 404
    own = (await client.get(f"/open311/v2/requests/{code}.json", params={"api_key": key})).json()[0]
    assert own["status"] == "open"
    assert "description" not in own
    await released(office, code)
    for path in ("requests.json", f"requests/{code}.json", f"requests.json?service_request_id={code}"):
        (row,) = (await client.get(f"/open311/v2/{path}")).json()
        assert (row["description"], row["lat"], row["long"]) == ("Ổ gà trước cổng trường", 10.777, 106.701)
        assert not any(words in json.dumps(row, ensure_ascii=False) for words in ("Ví Dụ", "ví dụ", "0900000001"))
    await released(office, code, restricted=True)
    assert (await client.get("/open311/v2/requests.json")).json() == []
    assert (await client.get(f"/open311/v2/requests/{code}.json")).status_code == 404


async def test_lists_are_narrowed_by_state_service_and_moment(office, client, key):
    code = (await sent(client, key)).json()[0]["service_request_id"]
    await released(office, code, state=FeedbackState.CLOSED)
    expected = {
        "status=closed": 1, "status=open": 0, "status=open,closed": 1, "service_code=road_damage": 1,
        "service_code=flooding": 0, "start_date=2026-11-03": 0, "end_date=2026-11-03": 1, "page=2": 0,
    }  # fmt: skip
    found = {q: len((await client.get(f"/open311/v2/requests.json?{q}")).json()) for q in expected}
    assert found == expected
    for wrong in ("status=x", "start_date=x", "page_size=0", "page=x"):
        assert (await client.get(f"/open311/v2/requests.json?{wrong}")).status_code == 400


async def test_refusals_have_the_form_of_georeport(client, key):
    for answer, status in (
        (await sent(client, ""), 403),
        (await sent(client, "dp_guess"), 403),
        (await sent(client, key, service_code=None), 400),
        (await sent(client, key, service_code="nothing"), 400),
        (await sent(client, key, description="x"), 400),
        (await sent(client, key, lat="x"), 400),
        (await client.get("/open311/v2/services.json?jurisdiction_id=elsewhere"), 404),
        (await client.get("/open311/v2/services/nothing.json"), 404),
    ):
        assert answer.status_code == status
        ((code, description),) = [tuple(one.values()) for one in answer.json()]
        assert code == status
        assert description
    xml = await sent(client, "dp_guess", form="xml")
    assert xml.headers["content-type"].startswith("text/xml")
    assert "<errors><error><code>403</code>" in xml.text
