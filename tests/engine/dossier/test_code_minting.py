"""Submit many dossiers at the same moment: every one gets a code, none twice, none left out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.engine.city import City

pytestmark = pytest.mark.asyncio(loop_scope="session")

MANY = 50


async def test_fifty_submissions_at_once_leave_no_gap_and_no_duplicate(city: City) -> None:
    submissions = [await city.keeps_submission() for _ in range(MANY)]
    await asyncio.gather(*(city.publish("Msg_DossierSubmitted", one, submission_id=one) for one in submissions))

    async def codes() -> list[str] | None:
        kept = [await city.services.registry.latest.submission(one) for one in submissions]
        found = [one.dossier_code for one in kept if one is not None and one.dossier_code is not None]
        return found if len(found) == MANY else None

    found: list[str] = await city.until(codes, f"{MANY} hồ sơ có mã")
    for code in found:
        await city.known(code)
    numbers = sorted(int(code.rpartition("-")[2]) for code in found)
    assert {code.rpartition("-")[0] for code in found} == {"H29.26740-261130"}
    assert numbers == list(range(numbers[0], numbers[0] + MANY))
