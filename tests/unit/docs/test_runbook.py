"""Hold the runbook to the codes of the source: each is explained once, none is used for two things."""

from __future__ import annotations

import ast
import re
import unicodedata
from pathlib import Path

from workers.runtime.texts import CODES

ROOT = Path(__file__).parents[3]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
CODE = re.compile(r"[A-Z]{2}-\d{3}")
ROW = re.compile(r"^\| ([A-Z]{2}-\d{3}) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)

# Of the runtime: a table, the sentences that go with it, and the default of NeedsOperator.
RUNTIME = "VH-"


def nodes(kind):
    for path in sorted((ROOT / "workers").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, kind):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def codes():
    """List every code in the source with the place it stands at."""
    constants = ((place, node.value) for place, node in nodes(ast.Constant))
    return [(value, place) for place, value in constants if isinstance(value, str) and CODE.fullmatch(value)]


def test_runbook_explains_exactly_the_codes_of_the_source():
    assert {code for code, _, _ in ROW.findall(RUNBOOK)} == {code for code, _ in codes()}


def test_runbook_explains_each_code_once():
    explained = [code for code, _, _ in ROW.findall(RUNBOOK)]
    assert len(explained) == len(set(explained))


def test_no_code_is_used_for_two_things():
    places = {}
    for code, place in codes():
        if not code.startswith(RUNTIME):
            places.setdefault(code, []).append(place)
    assert {code: where for code, where in places.items() if len(where) > 1} == {}


def test_every_operator_error_names_its_code():
    made = [(place, node) for place, node in nodes(ast.Call) if getattr(node.func, "id", "") == "NeedsOperator"]
    assert made
    assert [place for place, node in made if "code" not in {word.arg for word in node.keywords}] == []


def test_runbook_says_of_the_runtime_what_the_runtime_says():
    told = {code: meaning for code, meaning, _ in ROW.findall(RUNBOOK) if code.startswith(RUNTIME)}
    assert {code: meaning.replace("`", "") for code, meaning in told.items()} == CODES


def test_every_row_says_what_to_do_in_composed_vietnamese():
    assert unicodedata.is_normalized("NFC", RUNBOOK)
    assert all(meaning.endswith(".") and action.endswith(".") for _, meaning, action in ROW.findall(RUNBOOK))
