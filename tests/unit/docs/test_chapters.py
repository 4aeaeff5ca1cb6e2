"""Hold each chapter's README to its diagrams: every activity with its name, who does it and its clause."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workers.studio.diagram import ACTIVITIES, called_process, decision, form_id, job_type, properties
from workers.studio.models import read_models

ROOT = Path(__file__).parents[3]
MODELS = read_models(ROOT / "bpmn")
CHAPTERS = sorted({diagram.path.parent for diagram in MODELS.diagrams})
ROW = re.compile(r"^\| (.+?) \| `((?:Task|CallActivity)_\w+)` \| (.+?) \| (.*?) \|$", re.MULTILINE)


def done_by(node):
    if node.tag == "bpmn:userTask":
        return f"person `{form_id(node)}`"
    if node.tag == "bpmn:callActivity":
        return f"process `{called_process(node)}`"
    if node.tag == "bpmn:businessRuleTask":
        return f"decision `{decision(node).get('decisionId')}`"
    return f"worker `{job_type(node)}`"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=[chapter.name for chapter in CHAPTERS])
def test_readme_of_a_chapter_lists_exactly_its_processes_and_activities(chapter):
    page = (chapter / "README.md").read_text(encoding="utf-8")
    diagrams = [diagram for diagram in MODELS.diagrams if diagram.path.parent == chapter]
    drawn = sorted(
        (node.name, node.id, done_by(node), properties(node).get("clause"))
        for diagram in diagrams
        for node in diagram.of(*ACTIVITIES - {"bpmn:subProcess"})
    )
    assert sorted(ROW.findall(page)) == drawn
    titles = dict(re.findall(r"^### `(\w+)` — (.+)$", page, re.MULTILINE))
    assert titles == {diagram.process.id: diagram.process.name for diagram in diagrams}
