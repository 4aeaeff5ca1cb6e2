"""Check decision tables row by row; the engine ring evaluates the same examples for real."""

from __future__ import annotations

import pytest

from workers.configuration.loading import load_configuration
from workers.regulation.silence import SilenceOutcome
from workers.studio.decisions import Test as Entry
from workers.studio.decisions import read_decisions


def rows(decisions):
    return [(decision, row) for decision in decisions for row in decision.rows]


def test_the_chapters_have_tables(models):
    assert {decision.id for decision in models.decisions} == {
        "lead_unit_routing",
        "silence_rule",
        "escalation_ladder",
        "feedback_routing",
        "feedback_reopening",
    }


def test_the_example_of_every_row_meets_that_row_first(models):
    for decision, row in rows(models.decisions):
        assert decision.first_match(decision.example(row)) is row, f"{decision.id}: {row.id}"


def test_silence_can_mean_all_that_the_workers_know(models):
    (table,) = [one for one in models.decisions if one.id == "silence_rule"]
    outcomes = {row.outputs[0] for row in table.rows}
    assert outcomes == {f'"{outcome}"' for outcome in SilenceOutcome}


def test_every_table_answers_whatever_comes(models):
    for decision in models.decisions:
        assert all(test.anything for test in decision.rows[-1].tests), decision.id


def test_every_procedure_is_routed_to_the_unit_that_the_registry_takes_for_it(models, config):
    """A row that routes elsewhere would stop every dossier of the procedure (HS-007)."""
    (table,) = [one for one in models.decisions if one.id == "lead_unit_routing"]
    procedures = list(load_configuration(config).procedures.all())
    for one in procedures:
        row = table.first_match({"procedure_code": one.code, "field": one.field.code, "level": one.level})
        assert row.outputs[0] in {"procedure_lead_unit", f'"{one.lead_unit}"'}, f"{one.code} {one.version}: {row.id}"
    assert procedures


@pytest.mark.parametrize(
    ("source", "example"),
    [
        ('"city", "commune"', "city"),
        ("2", 2.0),
        ("> 3", 4.0),
        ("<= 3", 3.0),
        ("true", True),
        ("-", "không có trong bảng"),
    ],
)
def test_an_entry_gives_an_example_that_passes(tmp_path, source, example):
    path = tmp_path / "t.dmn"
    entry = source.replace(">", "&gt;").replace("<", "&lt;")
    path.write_text(
        f"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"><decision id="t" name="T"><decisionTable>
        <input><inputExpression><text>x</text></inputExpression></input><output name="y" />
        <rule id="r"><inputEntry><text>{entry}</text></inputEntry><outputEntry><text>1</text></outputEntry></rule>
        </decisionTable></decision></definitions>""",
        encoding="utf-8",
    )
    (decision,) = read_decisions(path)
    assert decision.example(decision.rows[0]) == {"x": example}


def test_a_list_covers_its_parts_but_not_more():
    both = Entry('"a","b"', anything=False, values=frozenset({"a", "b"}))
    one = Entry('"a"', anything=False, values=frozenset({"a"}))
    assert both.covers(one)
    assert not one.covers(both)
    assert one.meets(both)
