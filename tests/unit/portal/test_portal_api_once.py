"""Whatever is sent again, in whatever order and at the same time: each idempotency key acts once."""

from __future__ import annotations

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.portal.systems import SAID
from workers.records import ApiScope

KEYS = st.sampled_from(["key-0001", "key-0002", "key-0003"])
TITLES = st.sampled_from(["Xây kho ví dụ", "Sửa nhà ví dụ"])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.tuples(KEYS, TITLES), min_size=1, max_size=4), max_size=4))
async def test_each_key_acts_once_and_answers_alike(office, system, rounds):
    portal = await system(ApiScope.FILE)
    before = (await office.footprint())["submissions"]
    first: dict[str, tuple[str, dict]] = {}
    for sent in rounds:
        answers = await asyncio.gather(
            *(portal.ask("POST", "/submissions", once=key, json={**SAID, "title": title}) for key, title in sent)
        )
        for (key, title), answer in zip(sent, answers, strict=True):
            if answer.status_code == 201:
                assert first.setdefault(key, (title, answer.json())) == (title, answer.json())
            else:
                assert answer.status_code == 422
        assert all(title == first[key][0] or answer.status_code == 422
                   for (key, title), answer in zip(sent, answers, strict=True))  # fmt: skip
    assert (await office.footprint())["submissions"] - before == len(first)
    assert len({answer["id"] for _, answer in first.values()}) == len(first)


async def test_a_request_that_failed_leaves_its_key_free(office, system):
    portal = await system(ApiScope.FILE)
    code = await office.registered()
    refused = await portal.ask("POST", f"/dossiers/{code}/withdrawal", once="again-01", json={"reason": "Nhầm"})
    assert refused.status_code == 404
    secret = (await office.dossier(code)).tracking_secret
    said = {"reason": "Nhầm"}
    done = await portal.ask("POST", f"/dossiers/{code}/withdrawal", once="again-01", json=said, secret=secret)
    assert done.status_code == 202


async def test_keys_of_different_systems_do_not_meet(system):
    one, other = await system(ApiScope.FILE), await system(ApiScope.FILE)
    first = await one.ask("POST", "/submissions", once="the-same-1", json=SAID)
    second = await other.ask("POST", "/submissions", once="the-same-1", json=SAID)
    assert first.json()["id"] != second.json()["id"]
