"""List the regulation from the diagrams: which clause is carried out where, and which step names none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.studio.diagram import ACTIVITIES, properties

if TYPE_CHECKING:
    from pathlib import Path

    from workers.studio.models import Models


@dataclass(frozen=True, order=True)
class Place:
    """Name an element or a row of a decision table."""

    path: Path
    line: int
    element: str
    name: str


def places_by_clause(models: Models) -> dict[str, list[Place]]:
    """Map every clause to the elements and table rows that carry it out, clauses in alphabetical order."""
    found: dict[str, list[Place]] = {}
    for diagram in models.diagrams:
        for node in diagram.nodes:
            clause = properties(node).get("clause")
            if clause:
                found.setdefault(clause, []).append(Place(diagram.path, node.line, node.id, node.name))
    for table in models.decisions:
        for row in table.rows:
            if row.annotation:
                found.setdefault(row.annotation, []).append(Place(table.path, row.line, row.id, table.name))
    return {clause: sorted(found[clause]) for clause in sorted(found)}


def places_without_clause(models: Models) -> list[Place]:
    """List the activities that name no clause."""
    return sorted(
        Place(diagram.path, node.line, node.id, node.name)
        for diagram in models.diagrams
        for node in diagram.nodes
        if node.tag in ACTIVITIES and not properties(node).get("clause")
    )
