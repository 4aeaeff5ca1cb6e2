"""Whoever reaches the gateway sends messages: whatever they carry, no dossier gets what is not its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from workers.engine.errors import RequestFailed
from workers.records import DossierState
from workers.registry import tables as t

if TYPE_CHECKING:
    from tests.engine.city import Answers, City, Dossier

pytestmark = pytest.mark.asyncio(loop_scope="session")

MESSAGES = (
    "Msg_SupplementReceived",
    "Msg_DossierWithdrawn",
    "Msg_DossierStopRequested",
    "Msg_DeadlineChanged",
    "Msg_CalendarChanged",
    "Msg_LateOpinion",
    "Msg_ResultRated",
    "Msg_ReceiptConfirmed",
    "Msg_Unknown",
)
KEYS = ("H29.07-200101-0001", "' OR 1=1 --", "*", "\u202ehồ sơ\x00", "x" * 10_000, "{{ 7 * 7 }}")
STRANGER = "H29.09"
TOO_LARGE = "x" * (5 << 20)


async def _kept(city: City) -> dict[str, int]:
    """Count the rows of every table that a message could add to."""
    read = city.services.registry.latest
    tables = (t.submissions, t.dossiers, t.papers, t.opinions, t.outbox, t.timeline, t.deadline_changes)
    return {table.name: len(await read.rows(select(table))) for table in tables}


def _claims(other: Dossier) -> Answers:
    """Say everything that decides where a dossier and its letters go, of another dossier or unit."""
    return {
        "dossier_code": other.code,
        "dossier_summary": {"code": other.code},
        "lead_unit": STRANGER,
        "origin_unit": STRANGER,
        "office_unit": STRANGER,
        "city_unit": STRANGER,
        "authority": "city_people_committee",
        "result_number": "1/QĐ-UBND",
        "channel": "portal",
        "due_at": "2036-01-01T17:00:00+07:00",
    }


async def _bystander(city: City) -> tuple[Dossier, Any]:
    """Give a dossier that nothing is said about, and how it stands."""
    other = await city.submit("marital-status")
    await other.held("Task_ReceiveDossier")
    await city.until(city.nothing_on_its_way, "thư đã gửi hết")
    return other, (await other.record(), await other.steps(), len(city.mails(other)))


async def _untouched(city: City, other: Dossier, stood: Any) -> None:
    assert (await other.record(), await other.steps(), len(city.mails(other))) == stood


async def test_messages_for_nobody_have_no_effect(city: City) -> None:
    other, _ = await _bystander(city)
    before, stuck = await _kept(city), len(await city.incidents())
    for name in MESSAGES:
        for key in KEYS:
            await city.zeebe.publish_message(name, key, _claims(other) | {"rating": 5, "withdrawal_reason": "x"})
    for name in MESSAGES:
        with pytest.raises(RequestFailed):
            await city.zeebe.publish_message(name, other.code, {"withdrawal_reason": TOO_LARGE})
    await other.accepted()  # the engine has gone on after all of them
    after = await _kept(city)
    of_accepting = {"outbox", "papers", "timeline", "deadline_changes"}
    assert {name for name in after if after[name] != before[name]} <= of_accepting
    assert len(await city.incidents()) == stuck
    assert (await other.record()).state is DossierState.ACCEPTED


async def test_what_a_start_message_claims_beside_the_submission_is_not_believed(city: City) -> None:
    other, stood = await _bystander(city)
    submission = await city.keeps_submission()
    given = {"submission_id": submission, "intake_applicant_name": "Trần Văn Khác", **_claims(other)}
    await city.zeebe.publish_message("Msg_DossierSubmitted", "", given)

    async def registered() -> str | None:
        kept = await city.services.registry.latest.submission(submission)
        return kept.dossier_code if kept else None

    dossier = await city.known(await city.until(registered, "hồ sơ được cấp mã"))
    record = await dossier.record()
    assert (record.lead_unit, record.origin_unit, record.channel) == ("H29.26740", "H29.26740", "online")
    await dossier.does("Task_ReceiveDossier", unit="H29.26740", reception_decision="accept")
    await dossier.held("Task_AssignOfficer", "H29.26740")
    assert city.mails(dossier, city.rules.mailbox(STRANGER)) == []
    await _untouched(city, other, stood)


@pytest.mark.parametrize("submission", [None, 5, ["x"], {"id": "x"}, "x" * 60_000, "không có"])
async def test_a_start_message_that_names_no_submission_registers_nothing(city: City, submission: object) -> None:
    before = await _kept(city)
    known = {one["incidentKey"] for one in await city.incidents()}
    await city.zeebe.publish_message("Msg_DossierSubmitted", "", {"submission_id": submission})

    async def stuck() -> list[Answers]:
        return [one for one in await city.incidents() if one["incidentKey"] not in known]

    (incident,) = await city.until(stuck, "có sự cố")
    city.started.add(incident["processInstanceKey"])
    assert incident["errorMessage"].endswith(("[HS-002]", "[VH-001]", "[DT-001]"))
    assert await _kept(city) == before


async def test_what_a_supplement_claims_beside_its_papers_stays_without_effect(city: City) -> None:
    other, stood = await _bystander(city)
    dossier = await city.submit("construction-permit-missing-drawings")
    await dossier.does("Task_ReceiveDossier", reception_decision="supplement", extra_requirements="Bản vẽ")
    step = await dossier.held("Task_ReceiveSupplement")
    key = await city.variable((await city.task_of(step))["processInstanceKey"], "supplement_key")
    stranger = await city.keeps_submission()
    claims = {"supplement_submission_id": stranger, "supplement_outcome": "expired", **_claims(other)}
    await city.zeebe.publish_message("Msg_SupplementReceived", key, claims)
    assert (await city.stuck(dossier)).endswith("[HS-010]")
    assert len(await city.services.registry.latest.documents(dossier.code)) == 2

    await city.repair(dossier, supplement_submission_id=None)
    record = await dossier.becomes("registered")
    assert (record.code, record.lead_unit, record.origin_unit) == (dossier.code, "H29.07", "H29.07")
    await dossier.does("Task_ReceiveDossier", unit="H29.07", reception_decision="accept")
    await _untouched(city, other, stood)


@pytest.mark.parametrize("rating", ["tốt", 0, 99, 4.5, [5], None])
async def test_a_rating_of_the_wrong_kind_or_for_another_dossier_is_not_recorded(city: City, rating: object) -> None:
    dossier, other = await city.submit("construction-permit"), await city.submit("construction-permit")
    for one in (dossier, other):
        await one.signed()
        await one.becomes("returned")
    await city.zeebe.publish_message("Msg_ResultRated", dossier.code, {"rating": rating, **_claims(other)})
    message = await city.stuck(dossier)
    assert message.endswith("[VH-001]")
    assert "rating" in message
    assert "tốt" not in message

    await city.repair(dossier, rating=4)
    await city.until(lambda: _rated(dossier), "đã ghi đánh giá")
    assert (await other.record()).rating is None


async def _rated(dossier: Dossier) -> bool:
    return (await dossier.record()).rating == 4


async def test_a_change_from_outside_carries_only_what_it_says_it_does(city: City) -> None:
    other, stood = await _bystander(city)
    dossier = await city.submit("construction-permit")
    await dossier.assigned()
    claims = {"change_reason": "Theo văn bản (ví dụ)", "new_due_at": "hôm qua", **_claims(other)}
    await city.zeebe.publish_message("Msg_DeadlineChanged", dossier.code, claims)
    assert (await city.stuck(dossier)).endswith("[VH-001]")
    before = await dossier.record()
    assert before.deadline_revision == 0
    await dossier.approved()
    await dossier.does("Task_SignResult", unit="H29.07", signature_decision="sign")
    await dossier.becomes("returned")
    await _untouched(city, other, stood)
