"""Files of a dossier for staff: whose business it is, how long a link lasts, what a browser may do with a file."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from workers.records import Look, OpenStep, WhoLooked
from workers.registry.exchange import Exchange


async def signed_in(visit, code, user):
    """Come from a form of Tasklist and sign in."""
    browser = visit()
    await browser.open(f"/can-bo/ho-so/{code}")
    assert browser.path == "/can-bo/dang-nhap"
    await browser.send(action="/can-bo/dang-nhap", user=user, password=f"password of {user}")
    return browser


def links(browser):
    return dict(re.findall(r'href="(/can-bo/tep/[^"]+)"[^>]*>([^<]+)<', browser.page))


async def filed(office, **files):
    """Register a dossier with files of these bytes."""
    documents = []
    for name, content in files.items():
        stored = office.looker.store.put_bytes(content, name)
        known = {"sha256": stored.sha256, "size": stored.size}
        documents.append(office.document("application", name).model_copy(update=known))
    return await office.registered(documents=documents)


async def test_staff_of_the_unit_open_the_files_and_the_looks_are_written_down(office, visit):
    code = await filed(office, don=b"%PDF-1.7 don", anh=b"\x89PNG\r\n\x1a\n anh", khac=b"<script>alert(1)</script>")
    browser = await signed_in(visit, code, "officer.h29-07")
    assert browser.path == f"/can-bo/ho-so/{code}"
    answers = {name: await browser.client.get(link) for link, name in links(browser).items()}
    kinds = {
        name: (one.headers["content-type"], one.headers["content-disposition"].split(";")[0])
        for name, one in answers.items()
        if name in {"don", "anh", "khac"}
    }
    assert kinds == {
        "don": ("application/pdf", "inline"),
        "anh": ("image/png", "inline"),
        "khac": ("application/octet-stream", "attachment"),
    }
    for one in answers.values():
        assert one.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in one.headers["content-security-policy"]
    assert "sandbox" in answers["anh"].headers["content-security-policy"]
    looks = await Exchange(office.registry).looks(code)
    assert {(one.by, one.name) for one in looks} == {("staff", "officer.h29-07")}
    assert len(looks) == 1 + len(answers)


async def test_a_link_lasts_ten_minutes_and_opens_for_its_account_only(office, visit):
    code = await filed(office, don=b"%PDF-1.7 don")
    browser = await signed_in(visit, code, "officer.h29-07")
    link = next(iter(links(browser)))
    other = await signed_in(visit, code, "leader.h29")
    assert (await other.client.get(link)).status_code == 403
    assert (await visit().client.get(link)).headers["location"] == "/can-bo/dang-nhap"
    assert (await browser.client.get(link[:-2] + "xx")).status_code == 404
    office.clock.now += timedelta(minutes=10)
    assert (await browser.client.get(link)).status_code == 200
    office.clock.now += timedelta(seconds=1)
    assert (await browser.client.get(link)).headers["location"] == f"/can-bo/ho-so/{code}"


@pytest.mark.parametrize(("user", "status"), [("officer.h29-05", 403), ("head.h29-05", 403), ("leader.h29", 200)])
async def test_who_has_nothing_to_do_with_a_dossier_does_not_see_its_files(office, visit, user, status):
    code = await filed(office, don=b"%PDF-1.7 don")
    browser = await signed_in(visit, code, user)
    assert browser.status == status
    assert bool(links(browser)) == (status == 200)
    assert len(await Exchange(office.registry).looks(code)) == (1 if status == 200 else 0)


async def test_a_unit_that_was_asked_for_its_opinion_sees_the_files(office, visit):
    code = await filed(office, don=b"%PDF-1.7 don")
    async with office.registry.write() as writer:
        await writer.open_step(
            OpenStep(
                step_id=1,
                dossier_code=code,
                element_id="Task_GiveOpinion",
                process_id="opinion_collection",
                name="Cho ý kiến",
                unit="H29.05",
                role="officer",
                person=None,
                clause=None,
                opened_at=office.clock.now,
                due_at=None,
                limit_minutes=None,
            )
        )
    browser = await signed_in(visit, code, "officer.h29-05")
    assert browser.status == 200


async def test_the_applicants_own_looks_are_written_down_too(office, visit):
    code = await office.registered()
    secret = (await office.dossier(code)).tracking_secret
    browser = visit()
    await browser.open("/tra-cuu")
    await browser.send(action="/tra-cuu", code=code, secret=secret)
    assert [(one.by, one.data, one.address) for one in await Exchange(office.registry).looks(code)] == [
        ("secret", "followed", "127.0.0.0/24")
    ]


async def test_a_look_can_be_neither_changed_nor_taken_out(office):
    code = await office.registered()
    now = office.registry.now()
    exchange = Exchange(office.registry)
    await exchange.add_look(Look(at=now, by=WhoLooked.STAFF, name="x", subject=code, data="documents", address=""))
    with pytest.raises(Exception, match="append-only"):
        office.database.change("UPDATE looks SET name = 'y'")
    with pytest.raises(Exception, match="append-only"):
        office.database.change("DELETE FROM looks")
    office.database.change(
        "INSERT INTO looks (at, by, name, subject, data, address) "
        f"VALUES (1000000, 'staff', 'old', '{code}', 'documents', '')"
    )
    await exchange.forget_looks(now - timedelta(days=700))
    assert [one.name for one in await exchange.looks(code)] == ["x"]
