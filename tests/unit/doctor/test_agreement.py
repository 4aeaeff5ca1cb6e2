"""What only the registry or only the engine knows, as after a restore from different moments."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from workers.agreement import SETTLING, disagreements


class Screen:
    """Shows what an engine runs, as Operate does: `running` by key, with the variable that names the dossier."""

    def __init__(self, running):
        self._running = running

    async def instances(self, process_id, state):
        assert (process_id, state) == ("dossier_resolution", "ACTIVE")
        return [SimpleNamespace(key=key) for key in self._running]

    async def variables(self, key):
        return {} if self._running[key] is None else {"dossier_code": self._running[key]}


@pytest.fixture
async def settled(office):
    """Gives a dossier in progress whose process instance is 77, received long enough ago."""
    code = await office.accepted()
    await office.change(code, process_instance_key=77)
    office.clock.now += SETTLING + timedelta(minutes=1)
    return code


async def test_both_know_the_same(office, settled):
    assert await disagreements(office.services, Screen({77: settled})) == []


async def test_a_dossier_without_an_instance_is_named_with_what_to_do(office, settled):
    (said,) = await disagreements(office.services, Screen({}))
    assert said.startswith("1 hồ sơ đang giải quyết trong sổ đăng ký không có phiên trong Camunda")
    assert settled in said
    assert "cùng một lần sao lưu" in said


async def test_an_instance_without_a_dossier_is_named_with_what_to_do(office, settled):
    running = {77: settled} | {number: f"H29.07-200101-{number:04}" for number in range(1, 8)}
    (said,) = await disagreements(office.services, Screen(running))
    assert said.startswith("7 hồ sơ đang chạy trong Camunda không có trong sổ đăng ký")
    assert "H29.07-200101-0005 …" in said
    assert "0006" not in said
    assert settled not in said
    assert "HS-001" in said


async def test_what_is_only_just_under_way_is_no_fault(office):
    code = await office.accepted()
    await office.change(code, process_instance_key=77)
    assert await disagreements(office.services, Screen({78: None})) == []


async def test_a_finished_dossier_needs_no_instance(office, settled):
    await office.change(settled, state="withdrawn")
    assert await disagreements(office.services, Screen({})) == []
