"""What systems are told of, and who is told."""

from __future__ import annotations

import json
from types import SimpleNamespace

from tests.unit.portal.systems import filed
from workers.records import ApiScope

EVENTS = {"url": "https://nhan.example.vn/hook", "events": ["dossier.registered", "dossier.state_changed"]}


async def told(office):
    return [
        SimpleNamespace(to=mail["recipient"], event=mail["event"], **json.loads(mail["variables"])["data"])
        for mail in await office.mails()
        if mail["channel"] == "webhook"
    ]


async def test_a_system_hears_of_its_own_dossiers_by_reference_only(office, system):
    portal = await system(ApiScope.FILE, ApiScope.WEBHOOKS)
    other = await system(ApiScope.FILE, ApiScope.WEBHOOKS)
    mine = (await portal.ask("POST", "/webhooks", json=EVENTS)).json()
    await other.ask("POST", "/webhooks", json=EVENTS)
    number, code = await filed(office, portal)
    await office.run("dossier.accept", dossier_code=code)
    heard = await told(office)
    assert [(one.to, one.event, one.state) for one in heard] == [
        (mine["id"], "dossier.registered", "registered"),
        (mine["id"], "dossier.state_changed", "accepted"),
    ]
    assert {one.submission_id for one in heard} == {number}
    assert "Ví Dụ" not in json.dumps(
        [mail["variables"] for mail in await office.mails() if mail["channel"] == "webhook"]
    )


async def test_a_key_that_sees_all_hears_of_all_and_a_revoked_one_of_nothing(office, system):
    overseer = await system(ApiScope.ALL, ApiScope.WEBHOOKS)
    hook = (await overseer.ask("POST", "/webhooks", json=EVENTS)).json()
    await office.registered()
    assert len(await told(office)) == 1
    assert (await overseer.ask("DELETE", f"/webhooks/{hook['id']}")).status_code == 204
    assert (await overseer.ask("DELETE", f"/webhooks/{hook['id']}")).status_code == 404
    await office.registered()
    assert len(await told(office)) == 1


async def test_the_signing_secret_is_shown_once(system):
    portal = await system(ApiScope.WEBHOOKS)
    made = (await portal.ask("POST", "/webhooks", json=EVENTS)).json()
    assert made["secret"].startswith("whsec_")
    listed = (await portal.ask("GET", "/webhooks")).json()
    assert [one["id"] for one in listed] == [made["id"]]
    assert "secret" not in listed[0]
