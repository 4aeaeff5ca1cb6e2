"""Contracts and made-up values the tests of this ring share."""

from __future__ import annotations

from typing import Any

from workers.contract import Contract, Variables

DOSSIER = "H29.14-250801-0001"
CITIZEN_NUMBER = "079000000001"  # made up
PHONE = "0900000001"  # made up


class SampleIn(Variables):
    dossier_code: str | None = None
    citizen_number: str | None = None
    phone: str | None = None
    count: int = 0


class SampleOut(Variables):
    answer: int = 1


def contract(job_type: str = "sample.job", **kwargs: Any) -> Contract[Any, Any]:
    given = {"label": "Bước thử", "description": "Thử", "input": SampleIn, "output": SampleOut, **kwargs}
    return Contract(type=job_type, **given)


async def add_one(inp: SampleIn, work: Any) -> SampleOut:
    return SampleOut(answer=inp.count + 1)
