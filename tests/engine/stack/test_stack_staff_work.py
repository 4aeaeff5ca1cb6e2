"""Staff, operators and the clock, on the real engine."""

from __future__ import annotations

import asyncio
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workers.engine.errors import LoginRefused, RequestFailed
from workers.engine.users import READER, StaffAccount
from workers.engine.webapps import WebappsSession

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from workers.engine.operate import Incident, Operate
    from workers.engine.stack import Stack
    from workers.engine.tasklist import Tasklist
    from workers.engine.zeebe_rest import EngineClock, ZeebeRest

MODELS = Path(__file__).parent / "models"
PATIENCE = 240.0


@pytest.fixture
async def probe(zeebe: ZeebeRest) -> str:
    """Deploy the probe process and its form, ready to be started."""
    deployment = await zeebe.deploy([MODELS / "stack_probe.bpmn", MODELS / "stack_probe_form.form"])
    await zeebe.wait_forms_searchable(deployment.forms.values())
    return "stack_probe"


async def test_one_stop_officer_starts_a_process_by_its_form_and_a_unit_completes_the_task(
    probe: str, tasklist_login: Callable[[str], Awaitable[Tasklist]], operate: Operate
) -> None:
    officer, unit = await tasklist_login("mot_cua"), await tasklist_login("sotttt_cv")
    process = await officer.wait_until_startable(probe)
    assert process.start_form_id == "stack_probe_form"
    long_text = "đường " * 3000

    key = await officer.start_process(probe, {"note": "Hồ sơ thử", "amount": 3, "content": long_text})
    (task,) = await unit.wait_for_tasks(
        candidate_group="sotttt", process_instance_key=key, variables={"amount": 3}, include=["note"]
    )
    assert (task.element_id, task.assignee, task.variables) == ("Task_Probe", None, {"note": "Hồ sơ thử"})
    form = await unit.form(task)
    assert form is not None
    assert [field["key"] for field in form["components"]] == ["note", "amount"]
    assert await unit.variables(task.id) == {"note": "Hồ sơ thử", "amount": 3, "content": long_text}

    assert (await unit.claim(task.id)).assignee == "sotttt_cv"
    assert [row.id for row in await unit.search(assignee="sotttt_cv")] == [task.id]
    assert (await unit.complete(task.id, {"note": "Đồng ý"})).state == "COMPLETED"

    assert (await operate.wait_for_state(key, "COMPLETED")).process_id == probe
    assert (await operate.wait_for_element(key, "EndEvent_Answered")).state == "COMPLETED"
    variables = await _variables_with(operate, key, note="Đồng ý")
    assert variables["content"] == long_text


async def _variables_with(operate: Operate, key: int, **expected: str) -> dict[str, Any]:
    """Wait until Operate has imported these values: variables arrive apart from states."""
    async with asyncio.timeout(PATIENCE):
        while True:
            variables = await operate.variables(key)
            if expected.items() <= {name: str(value) for name, value in variables.items()}.items():
                return variables
            await asyncio.sleep(0.2)


async def test_a_task_written_on_a_full_second_does_not_stop_the_import(
    probe: str, zeebe: ZeebeRest, clock: EngineClock, tasklist_login: Callable[[str], Awaitable[Tasklist]]
) -> None:
    staff = await tasklist_login("sotttt_cv")
    full_second = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    await clock.advance_to(full_second)
    first = await zeebe.create_instance(probe)
    (task,) = await staff.wait_for_tasks(process_instance_key=first)
    await staff.claim_and_complete(task.id)
    await clock.reset()

    second = await zeebe.create_instance(probe)
    assert await staff.wait_for_tasks(process_instance_key=second)
    assert await staff.wait_for_tasks(process_instance_key=first, state="COMPLETED")


async def test_a_timer_fires_when_the_clock_is_moved_and_not_before(
    probe: str, zeebe: ZeebeRest, clock: EngineClock, operate: Operate
) -> None:
    key = await zeebe.create_instance(probe)
    await clock.advance(timedelta(days=2, hours=23))
    await operate.wait_for_state(key, "ACTIVE")
    other = await zeebe.create_instance(probe)
    await operate.wait_for_state(other, "ACTIVE")
    assert (await operate.wait_for_state(key, "ACTIVE")).ended is None

    await clock.advance(timedelta(hours=2))
    await operate.wait_for_state(key, "COMPLETED")
    assert (await operate.wait_for_element(key, "EndEvent_Late")).state == "COMPLETED"
    assert (await operate.wait_for_state(other, "ACTIVE")).ended is None


async def test_an_incident_is_seen_repaired_and_retried(
    zeebe: ZeebeRest, operate: Operate, tasklist_login: Callable[[str], Awaitable[Tasklist]]
) -> None:
    await zeebe.deploy([MODELS / "stack_incident.bpmn"])
    key = await zeebe.create_instance("stack_incident", {"due": 5})
    incident = await _wait_for_incident(operate, key)
    assert "due" in incident.message or "String" in incident.message

    await zeebe.set_variables(key, {"due": "2026-12-01T17:00:00+07:00"})
    await operate.resolve(incident)
    staff = await tasklist_login("sotttt_cv")
    (task,) = await staff.wait_for_tasks(process_instance_key=key)
    assert task.due is not None
    assert datetime.fromisoformat(task.due) == datetime(2026, 12, 1, 10, tzinfo=UTC)

    await zeebe.update_user_task(int(task.id), due=datetime(2026, 12, 2, 10, tzinfo=UTC))
    await _wait_for_due(staff, task.id, datetime(2026, 12, 2, 10, tzinfo=UTC))

    await operate.cancel(key)
    await operate.wait_for_state(key, "CANCELED")


async def test_built_in_accounts_and_wrong_passwords_are_refused(stack: Stack) -> None:
    for user_id, password in (("act", "act"), ("view", "view"), ("demo", "demo"), ("admin", "admin")):
        session = WebappsSession(stack.endpoints.webapps, user_id, password)
        with pytest.raises(LoginRefused):
            await session.login()
        await session.close()


async def test_a_reader_cannot_claim(
    probe: str, stack: Stack, zeebe: ZeebeRest, tasklist_login: Callable[[str], Awaitable[Tasklist]]
) -> None:
    await asyncio.to_thread(stack.ensure_users, [StaffAccount("nguoi_xem", "Người chỉ xem", (READER,))])
    reader = await tasklist_login("nguoi_xem")
    key = await zeebe.create_instance(probe)
    (task,) = await reader.wait_for_tasks(process_instance_key=key)
    with pytest.raises(RequestFailed):
        await reader.claim(task.id)


async def test_accounts_keep_their_passwords_and_only_the_owner_reads_them(stack: Stack) -> None:
    account = StaffAccount("so_kh_cv", "Trần Thị Ví Dụ")
    (first,) = await asyncio.to_thread(stack.ensure_users, [account])
    (second,) = await asyncio.to_thread(stack.ensure_users, [account])
    assert first == second
    assert stat.S_IMODE(stack.layout.accounts.stat().st_mode) == 0o600
    assert {"act", "view"}.isdisjoint(login.user_id for login in stack.logins())
    async with stack.session("so_kh_cv") as session:
        assert session.user_id == "so_kh_cv"


async def _wait_for_incident(operate: Operate, key: int) -> Incident:
    async with asyncio.timeout(60):
        while True:
            if incidents := await operate.incidents(key):
                return incidents[0]
            await asyncio.sleep(0.2)


async def _wait_for_due(staff: Tasklist, task_id: str, moment: datetime) -> None:
    async with asyncio.timeout(60):
        while True:
            due = (await staff.task(task_id)).due
            if due is not None and datetime.fromisoformat(due) == moment:
                return
            await asyncio.sleep(0.2)
