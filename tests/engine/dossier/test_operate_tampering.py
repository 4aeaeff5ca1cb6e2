"""Somebody changes variables of running dossiers in Operate: an operator is told, nothing wrong is done, it goes on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from workers.registry import tables as t

if TYPE_CHECKING:
    from tests.engine.city import City, Dossier
    from workers.records import OpenStep

pytestmark = pytest.mark.asyncio(loop_scope="session")

LEAD, ASKED, STRANGER = "H29.07", "H29.14", "H29.09"


async def _traces(city: City, dossier: Dossier) -> list[list[dict[str, Any]]]:
    """Copy whatever the registry keeps of a dossier: its row, timeline, papers, opinions and letters."""
    read = city.services.registry.latest
    tables = (t.dossiers.c.code, *(table.c.dossier_code for table in (t.timeline, t.papers, t.opinions, t.outbox)))
    rows = [await read.rows(select(column.table).where(column == dossier.code)) for column in tables]
    return [[dict(row) for row in found] for found in rows]


async def _begins(city: City, dossier: Dossier, element: str, **answers: Any) -> OpenStep:
    """Complete a step without waiting for what comes of it."""
    step = await dossier.held(element)
    await city.complete((await city.task_of(step))["userTaskKey"], answers)
    return step


async def _change(city: City, dossier: Dossier, **variables: Any) -> None:
    """Change variables of the dossier's own process, as Operate does."""
    await city.zeebe.set_variables((await dossier.record()).process_instance_key, variables)


APPROVED = {"appraisal_decision": "approve", "appraisal_summary": "Hồ sơ đủ điều kiện (ví dụ)."}


@pytest.mark.parametrize("with_summary", [False, True])
async def test_a_code_swapped_for_another_dossiers_touches_neither(city: City, with_summary: bool) -> None:
    mine, other = await city.submit("construction-permit"), await city.submit("construction-permit")
    for dossier in (mine, other):
        await dossier.assigned()
        await dossier.held("Task_AppraiseDossier")
    await city.until(city.nothing_on_its_way, "thư đã gửi hết")
    before = [await _traces(city, dossier) for dossier in (mine, other)]

    own = await city.variable((await mine.record()).process_instance_key, "dossier_summary")
    summary = {"dossier_summary": {**own, "code": other.code}} if with_summary else {}
    await _change(city, mine, dossier_code=other.code, **summary)
    await _begins(city, mine, "Task_AppraiseDossier", **APPROVED)
    message = await city.stuck(mine)
    assert message.endswith("[DT-003]")
    assert "Trả biến mang mã hồ sơ, mã phản ánh, mã tin trong Operate về đúng mã của phiên" in message
    assert [await _traces(city, dossier) for dossier in (mine, other)] == before

    await city.repair(mine, dossier_code=mine.code, dossier_summary=own)
    await mine.does("Task_SignResult", signature_decision="sign")
    await mine.becomes("returned")
    assert (await _traces(city, other)) == before[1]


async def test_a_code_swapped_before_the_result_gets_it_no_number(city: City) -> None:
    mine, other = await city.submit("construction-permit"), await city.submit("construction-permit")
    for dossier in (mine, other):
        await dossier.assigned()
        await dossier.approved()
    await mine.held("Task_SignResult")
    await other.held("Task_SignResult")
    await city.until(city.nothing_on_its_way, "thư đã gửi hết")
    before = await _traces(city, other)

    step = await mine.held("Task_SignResult")
    task = await city.task_of(step)
    # The task's own variables say which dossier it was; only what follows it is about the other one.
    await city.zeebe.set_variables(step.step_id, {"dossier_code": mine.code}, local=True)
    await _change(city, mine, dossier_code=other.code)
    await city.complete(task["userTaskKey"], {"signature_decision": "sign"})
    message = await city.stuck(mine)
    assert message.endswith("[HS-006]")
    assert "chưa có gì được ghi hoặc gửi" in message
    assert (await mine.record()).result_number is None
    assert await _traces(city, other) == before

    await city.repair(mine, dossier_code=mine.code)
    number = (await mine.becomes("returned")).result_number
    await other.does("Task_SignResult", signature_decision="sign")
    assert (await other.becomes("returned")).result_number not in {None, number}


async def test_a_lead_unit_swapped_gives_the_task_to_nobody_else(city: City) -> None:
    dossier = await city.submit("construction-permit")
    await dossier.assigned()
    await dossier.held("Task_AppraiseDossier")
    await _change(city, dossier, lead_unit=STRANGER)
    await _begins(city, dossier, "Task_AppraiseDossier", **APPROVED)
    message = await city.stuck(dossier)
    assert message.endswith("[HS-007]")
    assert f"biến lead_unit khác với sổ đăng ký, nơi ghi {LEAD}" in message
    key = (await dossier.record()).process_instance_key
    assert await city.tasks("Task_SignResult", process_instance=key) == []
    assert STRANGER not in {step.unit for step in (await dossier.view()).overview.open_steps}

    await city.repair(dossier, lead_unit=LEAD)
    await dossier.does("Task_SignResult", unit=LEAD, signature_decision="sign")
    await dossier.becomes("returned")


async def test_a_recipient_swapped_gets_no_letter(city: City) -> None:
    dossier = await city.submit("city-plan")
    await dossier.reaches_the_leader()
    origin = (await dossier.record()).origin_unit
    await _change(city, dossier, origin_unit=STRANGER)
    await dossier.does("Task_DecideDossier", leader_decision="sign")
    message = await city.stuck(dossier)
    assert message.endswith("[HS-007]")
    assert f"biến origin_unit khác với sổ đăng ký, nơi ghi {origin}" in message
    await city.until(city.nothing_on_its_way, "thư đã gửi hết")
    assert city.mails(dossier, city.rules.mailbox(STRANGER)) == []

    await city.repair(dossier, origin_unit=origin)
    await dossier.held("Task_ConfirmReceipt", origin)
    await city.until(city.nothing_on_its_way, "thư đã gửi hết")
    assert city.mails(dossier, city.rules.mailbox(STRANGER)) == []


async def test_an_answer_given_under_another_dossiers_request_is_not_recorded(city: City) -> None:
    mine, other = await city.submit("construction-permit"), await city.submit("construction-permit")
    for dossier in (mine, other):
        await dossier.assigned()
        await dossier.asks(ASKED)
    step = await mine.held("Task_ReplyOpinion", ASKED)
    foreign = (await other.held("Task_ReplyOpinion", ASKED)).request_id
    own, instance = step.request_id, (await city.task_of(step))["processInstanceKey"]
    await city.zeebe.set_variables(instance, {"request_id": foreign})
    await _begins(
        city, mine, "Task_ReplyOpinion", opinion_answer="disagree", opinion_content="Không thống nhất (ví dụ)."
    )
    message = await city.stuck(mine)
    assert message.endswith("[PH-003]")
    assert (await other.opinion_of(ASKED)).answer is None

    await city.repair(mine, request_id=own)
    await mine.held("Task_ConfirmDispositions")
    assert (await mine.opinion_of(ASKED)).answer == "disagree"
    assert (await other.opinion_of(ASKED)).answer is None


async def test_a_reply_asked_again_goes_neither_to_another_unit_nor_by_another_deadline(city: City) -> None:
    dossier = await city.submit("construction-permit")
    await dossier.assigned()
    await dossier.asks(ASKED)
    await dossier.held("Task_ReplyOpinion", ASKED)
    await city.pass_until((await dossier.opinion_of(ASKED)).due_at)
    decision = await dossier.held("Task_DecideOnSilence", about=ASKED)
    instance = (await city.task_of(decision))["processInstanceKey"]
    await city.zeebe.set_variables(instance, {"unit": STRANGER})
    await _begins(city, dossier, "Task_DecideOnSilence", silence_decision="extend")
    assert (await city.stuck(dossier)).endswith("[DT-004]")

    asked_until = (await dossier.opinion_of(ASKED)).due_at
    await city.repair(dossier, unit=ASKED, request_due_at=(asked_until + timedelta(days=60)).isoformat())
    message = await city.stuck(dossier, "[HS-007]")
    said = datetime.fromisoformat(message.partition("Trả biến request_due_at trong Operate về ")[2].split()[0])
    assert said == asked_until

    await city.repair(dossier, request_due_at=said.isoformat())
    step = await dossier.held("Task_ReplyOpinion", ASKED)
    assert step.due_at == asked_until
    assert STRANGER not in {row.unit for row in await city.services.registry.latest.timeline(dossier.code)}
