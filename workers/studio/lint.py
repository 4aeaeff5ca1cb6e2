"""Check all models of `bpmn/` against each other and against the workers' contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workers.studio.checks.decisions import check_decision
from workers.studio.checks.diagrams import check_diagram, check_mappings
from workers.studio.checks.forms import check_form
from workers.studio.checks.layout import check_layout
from workers.studio.checks.wiring import check_wiring
from workers.studio.models import read_models

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from workers.contract import Contract
    from workers.studio.findings import Finding


def lint(bpmn: Path, contracts: Iterable[Contract[Any, Any]]) -> list[Finding]:
    """Return every finding, by file and line; raises a UserError for a file that cannot be read."""
    models = read_models(bpmn)
    found: list[Finding] = []
    for diagram in models.diagrams:
        found += [*check_diagram(diagram), *check_mappings(diagram), *check_layout(diagram)]
    for decision in models.decisions:
        found += check_decision(decision, models.dictionary.variables)
    for form in models.forms:
        found += check_form(form, models.dictionary.variables)
    found += check_wiring(models, {contract.type: contract for contract in contracts})
    return sorted(set(found))
