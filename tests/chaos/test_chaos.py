"""Go through a short run of faults, always the same ones: `make chaos` runs longer ones, by any seed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.faults import EVERYWHERE, plan
from tests.chaos.operator import unexplained
from tests.chaos.run import Chaos
from tests.chaos.stage import set_stage

if TYPE_CHECKING:
    from pathlib import Path

SEED = 138
"""Draws thirteen kinds of faults within a minute."""


def test_whatever_is_killed_cut_filled_or_set_wrong_nothing_is_lost_and_nothing_happens_twice(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    said: list[str] = []
    with set_stage(tmp_path, lambda: bool(request.session.testsfailed)) as stage:
        chaos = Chaos(stage, SEED, said.append)
        report = asyncio.run(chaos.run(dossiers=12, minutes=1, kept=tmp_path / "registry.copy"))
    assert report.violations == [], "\n".join([*said, str(report)])
    assert report.dossiers == 12
    assert report.faults.total() > 5


@given(st.integers(), st.floats(0.1, 3))
def test_a_seed_draws_the_same_faults_each_time(seed: int, minutes: float) -> None:
    events = plan(seed, minutes, EVERYWHERE)
    assert events == plan(seed, minutes, tuple(reversed(EVERYWHERE)))
    assert all(0 <= event.at < minutes * 60 for event in events)


@pytest.mark.parametrize(
    ("kind", "message", "explained"),
    [
        ("JOB_NO_RETRIES", "Hồ sơ không có. Hãy kiểm tra. [HS-001]", True),
        ("JOB_NO_RETRIES", "Hồ sơ không có. Hãy kiểm tra. [HS-999]", False),
        ("JOB_NO_RETRIES", "OperationalError", False),
        ("CONDITION_ERROR", "Expected result of the expression 'x > 1' to be 'BOOLEAN'", True),
        ("SOMETHING_NEW", "Expected", False),
    ],
)
def test_an_incident_is_explained_by_its_code_or_by_its_kind(kind: str, message: str, explained: bool) -> None:
    incident = {"errorType": kind, "elementId": "Task_RegisterDossier", "errorMessage": message}
    assert (unexplained(incident) is None) is explained
