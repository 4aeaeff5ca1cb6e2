"""The API as another system uses it: file, follow, be refused in a way that says what to do."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

from tests.unit.portal.systems import PERMIT, SAID, filed, messages
from workers.records import ApiScope
from workers.registry.exchange import Exchange


async def test_a_system_files_a_dossier_and_follows_it(office, system):
    portal = await system(ApiScope.FILE, ApiScope.FOLLOW)
    begun = await portal.ask("POST", "/submissions", json=SAID)
    assert begun.status_code == 201
    assert begun.json()["state"] == "draft"
    assert set(begun.json()["missing"]) >= {"application", "land_right"}
    number, code = await filed(office, portal)
    seen = (await portal.ask("GET", f"/submissions/{number}")).json()
    assert (seen["state"], seen["dossier"], seen["missing"]) == ("registered", code, [])
    assert seen["tracking_secret"] == (await office.dossier(code)).tracking_secret
    status = await portal.ask("GET", f"/dossiers/{code}")
    assert status.json()["state"] == "registered"
    assert status.json()["state_text"] == "Đã nhận, chờ kiểm tra"
    assert "Ví Dụ" not in status.text
    assert (await office.read.applicant(code)).phone == "0900000001"


async def test_sending_again_with_the_same_key_files_nothing_twice(office, system):
    portal = await system(ApiScope.FILE)
    first = await portal.ask("POST", "/submissions", once="the-same-1", json=SAID)
    again = await portal.ask("POST", "/submissions", once="the-same-1", json=SAID)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    other = await portal.ask("POST", "/submissions", once="the-same-1", json={**SAID, "title": "Kho khác"})
    assert other.status_code == 422
    assert other.json()["errors"][0]["where"] == "header.Idempotency-Key"
    assert (await office.footprint())["submissions"] == 1


async def test_a_file_that_is_not_the_announced_one_or_is_bad_is_not_kept(office, system):
    portal = await system(ApiScope.FILE)
    number = (await portal.ask("POST", "/submissions", json=SAID)).json()["id"]
    wrong = await portal.add(number, "application", PERMIT / "don-de-nghi.pdf", sha256="0" * 64)
    assert (wrong.status_code, wrong.json()["errors"][0]["where"]) == (422, "path.sha256")
    bad = await portal.add(number, "application", PERMIT / "dossier.yaml")
    assert bad.status_code == 422
    unknown = await portal.add(number, "nonsense", PERMIT / "don-de-nghi.pdf")
    assert unknown.json()["errors"][0]["where"] == "query.composition"
    assert (await office.footprint())["documents"] == 0


async def test_mistakes_name_their_place_and_repeat_nothing_personal(system):
    portal = await system(ApiScope.FILE)
    said = {**SAID, "applicant": {**SAID["applicant"], "phone": "12345"}}
    answer = await portal.ask("POST", "/submissions", json=said)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    (mistake,) = answer.json()["errors"]
    assert mistake["where"] == "body.applicant.phone"
    assert "số điện thoại chưa đúng" in mistake["what"]
    missing = await portal.ask("POST", "/submissions", json={"procedure": "1.009974", "extra": "Nguyễn"})
    assert {one["where"] for one in missing.json()["errors"]} == {"body.title", "body.applicant", "body.extra"}
    assert "Nguyễn" not in missing.text


async def test_what_was_sent_cannot_be_changed_or_sent_again(office, system):
    portal = await system(ApiScope.FILE)
    number, _ = await filed(office, portal)
    again = await portal.ask("POST", f"/submissions/{number}/send", json={"declared": True})
    assert again.status_code == 409
    assert (await portal.add(number, "application", PERMIT / "don-de-nghi.pdf")).status_code == 409
    assert len(await messages(office, "Msg_DossierSubmitted")) == 1


async def test_each_scope_opens_its_own_and_nothing_else(office, system, stranger):
    owner = await system(ApiScope.FILE)
    _, code = await filed(office, owner)
    follower = await system(ApiScope.FOLLOW)
    for path in (f"/dossiers/{code}", f"/dossiers/{code}/applicant", f"/dossiers/{code}/documents"):
        assert (await stranger.ask("GET", path)).status_code == 401
        assert (await owner.ask("GET", path)).status_code == 403
    assert (await follower.ask("GET", f"/dossiers/{code}")).status_code == 404
    assert (await follower.ask("GET", "/dossiers")).json() == {"items": [], "next": None}
    everything = await system(ApiScope.FOLLOW, ApiScope.ALL)
    assert (await everything.ask("GET", f"/dossiers/{code}")).status_code == 200
    assert (await everything.ask("GET", f"/dossiers/{code}/applicant")).status_code == 403
    assert (await follower.ask("POST", f"/dossiers/{code}/withdrawal", json={"reason": "x"})).status_code == 403


async def test_who_knows_the_secret_sees_the_state_without_a_key(office, stranger):
    code = await office.registered()
    secret = (await office.dossier(code)).tracking_secret
    assert (await stranger.ask("GET", f"/dossiers/{code}", secret=secret)).status_code == 200
    assert (await stranger.ask("GET", f"/dossiers/{code}/applicant", secret=secret)).status_code == 401
    for _ in range(10):
        wrong = await stranger.ask("GET", f"/dossiers/{code}", secret="AAAAAAAAAA")
        assert wrong.status_code == 401
    assert (await stranger.ask("GET", f"/dossiers/{code}", secret=secret)).status_code == 429


async def test_a_revoked_or_expired_key_opens_nothing(office, system):
    portal = await system(ApiScope.FOLLOW, days=2)
    assert (await portal.ask("GET", "/dossiers")).status_code == 200
    office.clock.now += timedelta(days=2)
    assert (await portal.ask("GET", "/dossiers")).status_code == 401
    other = await system(ApiScope.FOLLOW)
    (_, row) = await Exchange(office.registry).keys()
    assert await Exchange(office.registry).revoke(row.id, office.clock.now)
    assert (await other.ask("GET", "/dossiers")).status_code == 401


async def test_too_many_requests_are_told_when_to_come_back(system):
    portal = await system(ApiScope.FOLLOW, per_minute=3)
    answers = [await portal.ask("GET", "/dossiers") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 20


async def test_lists_come_page_by_page_without_loss_or_repetition(office, system, stranger):
    portal = await system(ApiScope.FOLLOW, ApiScope.ALL)
    codes = [await office.registered(submitted_at=office.clock.now + timedelta(minutes=n)) for n in range(5)]
    seen, cursor = [], None
    while True:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await portal.ask("GET", "/dossiers", params=query)).json()
        seen += [one["code"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(codes)
    assert len(seen) == len(set(seen))
    first = (await stranger.ask("GET", "/units", params={"limit": 1})).json()
    second = (await stranger.ask("GET", "/units", params={"limit": 1, "cursor": first["next"]})).json()
    assert first["items"][0]["code"] < second["items"][0]["code"]
    assert (await portal.ask("GET", "/dossiers", params={"cursor": "???"})).status_code == 422


async def test_personal_data_is_given_to_its_scope_and_the_look_is_written_down(office, system):
    portal = await system(ApiScope.FILE, ApiScope.DOCUMENTS, ApiScope.APPLICANTS)
    _, code = await filed(office, portal)
    who = (await portal.ask("GET", f"/dossiers/{code}/applicant")).json()
    assert who["name"] == "Nguyễn Văn Ví Dụ"
    listed = (await portal.ask("GET", f"/dossiers/{code}/documents")).json()
    first = listed[0]
    file = await portal.ask("GET", f"/dossiers/{code}/documents/{first['sha256']}")
    assert hashlib.sha256(file.content).hexdigest() == first["sha256"]
    looks = await Exchange(office.registry).looks(code)
    assert [one.data for one in looks] == [f"document:{first['composition']}", "documents", "applicant"]
    assert {one.by for one in looks} == {"api_key"}
    assert {one.address for one in looks} == {"127.0.0.0/24"}


async def test_a_supplement_is_filed_for_a_dossier_that_waits_for_one(office, system):
    portal = await system(ApiScope.FILE)
    _, code = await filed(office, portal)
    early = await portal.ask("POST", f"/dossiers/{code}/supplements")
    assert early.status_code == 409
    await office.change(code, state="supplement_requested", supplements=1)
    number = (await portal.ask("POST", f"/dossiers/{code}/supplements")).json()["id"]
    empty = await portal.ask("POST", f"/submissions/{number}/send", json={"declared": True})
    assert empty.status_code == 409
    assert (await portal.add(number, "application", PERMIT / "don-de-nghi.pdf")).status_code == 200
    assert (await portal.ask("POST", f"/submissions/{number}/send", json={"declared": True})).status_code == 202
    (message,) = await messages(office, "Msg_SupplementReceived")
    assert json.loads(message["variables"]) == {"supplement_submission_id": number}


async def test_a_withdrawal_is_passed_on_once(office, system):
    portal = await system(ApiScope.FILE)
    _, code = await filed(office, portal)
    for _ in range(2):
        said = {"reason": "Nộp nhầm"}
        answer = await portal.ask("POST", f"/dossiers/{code}/withdrawal", once="withdraw-1", json=said)
        assert answer.status_code == 202
    assert len(await messages(office, "Msg_DossierWithdrawn")) == 1


async def test_anybody_may_read_procedures_units_and_figures(stranger):
    listed = (await stranger.ask("GET", "/procedures", params={"limit": 1})).json()
    code = listed["items"][0]["code"]
    assert (await stranger.ask("GET", f"/procedures/{code}")).json()["papers"]
    assert (await stranger.ask("GET", "/procedures/0")).status_code == 404
    assert (await stranger.ask("GET", "/figures", params={"month": "2026-11"})).json()["month"] == "2026-11"
    assert (await stranger.ask("GET", "/figures", params={"month": "2026-13"})).status_code == 422


async def test_what_is_not_there_is_told_in_the_same_form(stranger):
    for method, path, status in (("GET", "/nothing", 404), ("DELETE", "/units", 405)):
        answer = await stranger.ask(method, path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert set(answer.json()) >= {"title", "detail", "action", "instance"}


async def test_the_description_is_a_page_without_scripts(client):
    page = await client.get("/api/v1/docs")
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "Bắt đầu một hồ sơ" in page.text
    described = (await client.get("/api/v1/openapi.json")).json()
    assert described["openapi"].startswith("3.1")
    for path, operations in described["paths"].items():
        for one in operations.values():
            assert one["summary"], path
            assert one["description"], path
            assert "HTTPValidationError" not in json.dumps(one)
