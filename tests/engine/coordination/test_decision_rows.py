"""Evaluate every row of every decision table in the real engine, with the examples the models ring derives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workers.studio.decisions import Decision, Row, read_decisions

if TYPE_CHECKING:
    from tests.engine.city import City

pytestmark = pytest.mark.asyncio(loop_scope="session")

BPMN = Path(__file__).parents[3] / "bpmn"
ROWS = [
    pytest.param(decision, row, id=f"{decision.id}-{number}")
    for path in sorted(BPMN.glob("*/*.dmn"))
    for decision in read_decisions(path)
    for number, row in enumerate(decision.rows, start=1)
]


@pytest.mark.parametrize(("decision", "row"), ROWS)
async def test_the_engine_answers_with_the_row_the_example_is_for(city: City, decision: Decision, row: Row) -> None:
    units = {
        "procedure_lead_unit": "H29.04",
        "field_unit": "H29.07",
        "unit_choice": "H29.06",
        "commune_code": "H29.26740",
    }
    given = {**units, **decision.example(row)}
    evaluated = await city.evaluate(decision.id, given)
    (matched,) = evaluated["evaluatedDecisions"][0]["matchedRules"]
    assert matched["ruleId"] == row.id
    assert evaluated["failureMessage"] in {None, ""}
    assert evaluated["output"] not in {None, "null"}
