"""Start, kill, restart and stop the real engine: nothing is lost, nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from workers.engine.layout import BROKER, ENGINE_PROCESSES, OPENSEARCH, WEBAPPS, ChildSpec
from workers.engine.operate import Operate
from workers.engine.stack import ProcessStatus, Stack, listening_addresses, listening_elsewhere
from workers.engine.supervisor import leftovers
from workers.engine.tasklist import Tasklist

if TYPE_CHECKING:
    from collections.abc import Callable

MODELS = Path(__file__).parent / "models"
PATIENCE = 240.0  # on a busy machine the importers of Operate and Tasklist need minutes after a restart
GIBIBYTE = 1024**3


def test_every_port_is_open_on_loopback_only(stack: Stack) -> None:
    assert listening_elsewhere(stack.layout.data) == []
    assert {port for _, port in listening_addresses(stack.layout.data)} == set(stack.ports.all())


def test_the_idle_engine_fits_into_two_gibibytes(stack: Stack) -> None:
    assert 0 < stack.status().memory < 2 * GIBIBYTE


def test_up_leaves_a_running_engine_alone(stack: Stack) -> None:
    before = [process.pid for process in stack.status().processes]
    stack.up()
    assert [process.pid for process in stack.status().processes] == before


def test_diagnose_finds_nothing_wrong_with_a_running_engine(stack: Stack) -> None:
    assert [check.text for check in stack.diagnose() if not check.ok] == []


@pytest.mark.parametrize("name", ENGINE_PROCESSES)
async def test_a_killed_process_comes_back_with_its_data(stack: Stack, name: str) -> None:
    key = await _start_probe(stack)
    before = stack.status().process(name)
    assert before.pid is not None

    os.kill(before.pid, signal.SIGKILL)
    await asyncio.to_thread(_wait_for, stack, name, lambda now: now.restarts == before.restarts + 1)
    await asyncio.to_thread(stack.wait_ready)

    assert stack.status().process(name).last_exit == -signal.SIGKILL
    await _finish_probe(stack, key)
    await _finish_probe(stack, await _start_probe(stack))


async def test_operate_and_tasklist_stop_while_opensearch_is_down(stack: Stack) -> None:
    opensearch, webapps = stack.status().process(OPENSEARCH), stack.status().process(WEBAPPS)
    broker = stack.status().process(BROKER)
    assert opensearch.pid is not None
    os.kill(opensearch.pid, signal.SIGKILL)
    await asyncio.to_thread(_wait_for, stack, WEBAPPS, lambda now: now.restarts == webapps.restarts + 1)
    await asyncio.to_thread(stack.wait_ready)
    assert stack.status().process(WEBAPPS).pid != webapps.pid
    assert stack.status().process(BROKER).pid == broker.pid


async def test_a_stop_keeps_all_data_and_leaves_no_process(stack: Stack) -> None:
    key = await _start_probe(stack)
    logins = stack.logins()

    await asyncio.to_thread(stack.down)
    assert leftovers(stack.layout.data) == []
    assert not stack.status().running

    await asyncio.to_thread(stack.up)
    assert stack.logins() == logins
    await _finish_probe(stack, key)


async def test_a_killed_supervisor_is_replaced_and_its_processes_are_cleaned_up(stack: Stack) -> None:
    key = await _start_probe(stack)
    orphans = {process.pid for process in leftovers(stack.layout.data)}
    supervisor = next(p for p in psutil.process_iter() if _is_supervisor_of(p, stack))
    supervisor.kill()
    supervisor.wait(10)
    assert not stack.status().running

    await asyncio.to_thread(stack.up)
    assert orphans.isdisjoint(process.pid for process in leftovers(stack.layout.data))
    await _finish_probe(stack, key)


def test_another_program_is_supervised_beside_the_engine_and_removed_again(stack: Stack) -> None:
    engine = [process.pid for process in stack.status().processes]
    extra = ChildSpec("extra", (sys.executable, "-c", "import time; time.sleep(600)"), {"PATH": os.defpath})
    wider = Stack(replace(stack.settings, children=(extra,)))
    wider.up()
    first = wider.status().process("extra")
    assert first.pid is not None

    os.kill(first.pid, signal.SIGKILL)
    _wait_for(wider, "extra", lambda now: now.ready and now.pid != first.pid)
    assert [process.pid for process in wider.status().processes][:3] == engine

    stack.up()
    assert [process.name for process in stack.status().processes] == list(ENGINE_PROCESSES)
    assert [process.pid for process in stack.status().processes] == engine


async def _start_probe(stack: Stack) -> int:
    async with stack.zeebe() as zeebe:
        deployment = await zeebe.deploy([MODELS / "stack_probe.bpmn", MODELS / "stack_probe_form.form"])
        await zeebe.wait_forms_searchable(deployment.forms.values())
        return await zeebe.create_instance("stack_probe", {"note": "thử"})


async def _finish_probe(stack: Stack, key: int) -> None:
    async with stack.session("admin") as session:
        staff = Tasklist(session)
        (task,) = await staff.wait_for_tasks(process_instance_key=key, patience=PATIENCE)
        assert task.form_id == "stack_probe_form"
        await staff.claim_and_complete(task.id, {"note": "xong"})
        await Operate(session).wait_for_state(key, "COMPLETED", patience=PATIENCE)


def _wait_for(stack: Stack, name: str, condition: Callable[[ProcessStatus], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition(stack.status().process(name)):
        assert time.monotonic() < deadline, stack.status()
        time.sleep(0.05)


def _is_supervisor_of(process: psutil.Process, stack: Stack) -> bool:
    try:
        return "workers.engine.supervisor" in process.cmdline() and str(stack.layout.data) in process.cmdline()
    except psutil.Error:
        return False
