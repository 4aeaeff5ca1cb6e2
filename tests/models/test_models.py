"""Check the city's own models: nothing to find, and everything that is generated is up to date."""

from __future__ import annotations

import re
from pathlib import Path

from workers.studio.clauses import places_by_clause, places_without_clause
from workers.studio.diagram import TASKS
from workers.studio.lint import lint
from workers.studio.pictures import stale_pictures
from workers.studio.templates import check_templates

ROOT = Path(__file__).parents[2]


def test_our_lint_finds_nothing(bpmn, contracts):
    assert [str(finding) for finding in lint(bpmn, contracts)] == []


def test_bpmnlint_finds_nothing_for_the_engine_in_use(bpmn, node):
    assert node("check_diagrams", {"files": sorted(bpmn.rglob("*.bpmn"))}) == []


def test_bpmnlint_would_find_a_mistake(tmp_path, bpmn, node):
    broken = tmp_path / "broken.bpmn"
    text = (bpmn / "dossier" / "dossier_change.bpmn").read_text(encoding="utf-8")
    broken.write_text(
        re.sub(r' propagateAllChildVariables="\w+"|<zeebe:taskDefinition [^>]*>', "", text), encoding="utf-8"
    )
    found = node("check_diagrams", {"files": [broken]})
    assert {finding["rule"] for finding in found} >= {"camunda-compat/implementation"}


def test_element_templates_follow_the_contracts(bpmn, contracts, models):
    assert check_templates(bpmn / ".camunda" / "element-templates", contracts, models.dictionary) == []


def test_element_templates_fit_the_schema_of_modeler(bpmn, node):
    files = sorted((bpmn / ".camunda" / "element-templates").rglob("*.json"))
    assert files
    assert node("check_templates", {"files": files}) == []


def test_every_diagram_has_a_picture_of_its_present_state(bpmn, pictures):
    assert stale_pictures(bpmn, pictures) == []


def test_every_task_names_its_clause(models):
    tasks = {node.id for diagram in models.diagrams for node in diagram.nodes if node.tag in TASKS}
    assert tasks
    assert [place for place in places_without_clause(models) if place.element in tasks] == []


def test_clauses_lead_to_elements_and_table_rows(models):
    places = [place for found in places_by_clause(models).values() for place in found]
    assert {place.path.suffix for place in places} == {".bpmn", ".dmn"}


def test_messages_named_in_the_code_are_those_of_the_dictionary(models):
    sources = [
        path.read_text(encoding="utf-8") for path in (ROOT / "workers").rglob("*.py") if "studio" not in path.parts
    ]
    named = {name for source in sources for name in re.findall(r"\bMsg_\w+", source)}
    messages = models.dictionary.messages
    assert named <= messages.keys()
    assert {name for name, message in messages.items() if not message.from_outside} <= named


def test_every_persons_task_names_its_dossier_and_urgency_in_the_task_list(bpmn):
    texts = [path.read_text(encoding="utf-8") for path in sorted(bpmn.rglob("*.bpmn"))]
    tasks = [task for text in texts for task in re.findall(r"<bpmn:userTask .*?</bpmn:userTask>", text, re.DOTALL)]
    assert tasks
    assert [task for task in tasks if 'target="taskContextDisplayName"' not in task] == []
    assert [task for task in tasks if "<zeebe:priorityDefinition " not in task] == []
