import re
from pathlib import Path

import pytest

from workers.coordination.contracts import CONTRACTS as COORDINATION
from workers.dossier.contracts import CONTRACTS as DOSSIER
from workers.feedback.contracts import CONTRACTS as FEEDBACK
from workers.papers.models import FormSet
from workers.papers.samples import sample_papers
from workers.records import DossierState, FeedbackState, PublicState
from workers.regulation.silence import OpinionAnswer, SilenceOutcome
from workers.timeline.contracts import CONTRACTS as TIMELINE

ROOT = Path(__file__).parents[3]
GLOSSARY = set(re.findall(r"`([^`]+)`", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")))
PROCESSES = {path.stem for path in (ROOT / "bpmn").glob("*/*.bpmn")}
FORMS = {path.stem for path in (ROOT / "bpmn").glob("*/*.form")}
DECISIONS = {path.stem for path in (ROOT / "bpmn").glob("*/*.dmn")}


@pytest.mark.parametrize(
    "ids",
    [
        {contract.type for contract in (*DOSSIER, *COORDINATION, *FEEDBACK, *TIMELINE)},
        {state.value for state in (*DossierState, *FeedbackState, *PublicState)},
        {paper.kind for paper in sample_papers(FormSet.Y2025) if paper.form_code()},
        {word.value for word in (*OpinionAnswer, *SilenceOutcome)},
        PROCESSES,
        FORMS,
        DECISIONS,
    ],
    ids=["job types", "states", "papers", "opinions", "processes", "forms", "decisions"],
)
def test_every_id_is_in_the_glossary(ids):
    assert ids
    assert sorted(ids - GLOSSARY) == []


def test_roles_levels_and_norms_are_in_the_glossary(shipped):
    ids = {*shipped.organization.roles, *(norm.step for norm in shipped.norms.steps)}
    ids |= {unit.level.value for unit in shipped.organization.units}
    assert sorted(ids - GLOSSARY) == []


def test_every_norm_of_the_diagrams_is_configured(shipped):
    drawn = {
        norm
        for path in (ROOT / "bpmn").glob("*/*.bpmn")
        for norm in re.findall(r'name="norm" value="([^"]+)"', path.read_text(encoding="utf-8"))
    }
    assert drawn
    assert sorted(drawn - {norm.step for norm in shipped.norms.steps}) == []


def test_every_silence_regulation_is_in_the_decision_table_or_the_default(shipped):
    table = (ROOT / "bpmn" / "coordination" / "silence_rule.dmn").read_text(encoding="utf-8")
    named = {procedure.silence_regulation for procedure in shipped.procedures.all()} - {"default"}
    assert sorted(one for one in named if f'"{one}"' not in table) == []
