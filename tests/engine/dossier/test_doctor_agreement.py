"""The doctor holds the registry against the real engine: each dossier that only one of them knows is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from workers import agreement
from workers.agreement import disagreements
from workers.engine.operate import Operate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.engine.city import City, Dossier

pytestmark = pytest.mark.asyncio(loop_scope="session")

NO_INSTANCE, NO_DOSSIER = "không có phiên trong Camunda", "không có trong sổ đăng ký"


@pytest_asyncio.fixture(loop_scope="session")
async def operate(city: City) -> AsyncIterator[Operate]:
    async with city.stack.session("admin") as session:
        yield Operate(session)


async def shown_with_its_code(city: City, operate: Operate, dossier: Dossier) -> None:
    """Wait until Operate shows a dossier's instance and its code, which it imports after the instance."""
    key = (await dossier.record()).process_instance_key
    await operate.wait_for_state(key, "ACTIVE")

    async def has_its_code() -> bool:
        return (await operate.variables(key)).get("dossier_code") == dossier.code

    await city.until(has_its_code, f"Operate có mã hồ sơ {dossier.code}")


async def test_dossiers_that_only_one_side_knows_are_named(
    city: City, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "SHOWN", 10_000)  # other stories leave dossiers whose instances they cancelled
    sound, forgotten = await city.submit("construction-permit"), await city.submit("construction-permit")
    for dossier in (sound, forgotten):
        await dossier.held("Task_ReceiveDossier")
        await shown_with_its_code(city, operate, dossier)
    await city.pass_hours(1)

    async def said(words: str) -> str:
        return "".join(one for one in await disagreements(city.services, operate) if words in one)

    for words in (NO_INSTANCE, NO_DOSSIER):
        assert sound.code not in await said(words)
        assert forgotten.code not in await said(words)

    # As if the engine came back from a moment at which the instance had another key.
    key = (await forgotten.record()).process_instance_key
    async with city.services.registry.write() as writer:
        await writer.update_dossier(forgotten.code, process_instance_key=1)
    for words in (NO_INSTANCE, NO_DOSSIER):
        assert forgotten.code in await said(words)
        assert sound.code not in await said(words)

    async with city.services.registry.write() as writer:
        await writer.update_dossier(forgotten.code, process_instance_key=key)
    await city.zeebe.cancel_instance(key)
    await operate.wait_for_state(key, "CANCELED")
    assert forgotten.code in await said(NO_INSTANCE)
    assert forgotten.code not in await said(NO_DOSSIER)
