"""Hold the Vietnamese names of the glossary to those that diagrams, contracts and texts use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from workers.channels.texts import EVENTS
from workers.regulation.statuses import STATE_NAMES
from workers.studio.contracts import CONTRACTS
from workers.studio.diagram import form_id
from workers.studio.models import read_models

ROOT = Path(__file__).parents[3]
MODELS = read_models(ROOT / "bpmn")
PAGE = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")


def section(title):
    rows = re.findall(r"^\| (.+) \|$", PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0], re.MULTILINE)
    cells = [row.split(" | ") for row in rows[1:]]
    return {row[1].strip("`"): row[0] for row in cells}


def text_name(event):
    return YAML(typ="safe").load((ROOT / "config" / "texts" / f"{event}.yaml").read_text(encoding="utf-8"))["name"]


NAMES = {
    "Processes": {diagram.process.id: diagram.process.name for diagram in MODELS.diagrams},
    "Steps of workers: job types": {contract.type: contract.label for contract in CONTRACTS},
    "Decisions": {decision.id: decision.name for decision in MODELS.decisions},
    "Messages": {name: message.title for name, message in MODELS.dictionary.messages.items()},
    "Notification texts": {event: text_name(event) for event in EVENTS},
    "States of a dossier": dict(STATE_NAMES),
}
STEPS = {form_id(node): node.name for diagram in MODELS.diagrams for node in diagram.of("bpmn:userTask")}


@pytest.mark.parametrize("title", NAMES)
def test_glossary_gives_each_id_the_name_that_is_used(title):
    told = section(title)
    told.pop("–", None)
    assert told == NAMES[title]


def test_glossary_gives_each_step_of_a_person_the_name_in_its_diagram():
    told = section("Steps of people")
    assert {form: told.get(form) for form in STEPS} == STEPS
