"""Collect the models of `bpmn/`: diagrams, decisions, forms, and the dictionary of variables and messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from workers.errors import UserError
from workers.studio.decisions import Decision, read_decisions
from workers.studio.diagram import Diagram, read_diagram
from workers.studio.forms import Form, read_form
from workers.yaml_files import read_model

if TYPE_CHECKING:
    from pathlib import Path

DICTIONARY = "variables.yaml"


class Variable(BaseModel):
    """Describe a process variable to an analyst."""

    model_config = ConfigDict(extra="forbid")

    title: str
    description: str
    example: object


class Message(BaseModel):
    """Describe a message: when it comes, which variables it carries, and whether only other systems send it."""

    model_config = ConfigDict(extra="forbid")

    title: str
    variables: list[str]
    from_outside: bool = False


class Dictionary(BaseModel):
    """Hold what the models may name."""

    model_config = ConfigDict(extra="forbid")

    variables: dict[str, Variable]
    messages: dict[str, Message]


@dataclass(frozen=True)
class Models:
    """Hold everything below `bpmn/`."""

    root: Path
    diagrams: tuple[Diagram, ...]
    decisions: tuple[Decision, ...]
    forms: tuple[Form, ...]
    dictionary: Dictionary

    def diagram(self, process_id: str | None) -> Diagram | None:
        """Find a process."""
        return next((diagram for diagram in self.diagrams if diagram.process.id == process_id), None)

    def form(self, form_id: str | None) -> Form | None:
        """Find a form."""
        return next((form for form in self.forms if form.id == form_id), None)

    def decision(self, decision_id: str | None) -> Decision | None:
        """Find a decision table."""
        return next((decision for decision in self.decisions if decision.id == decision_id), None)


def read_models(root: Path) -> Models:
    """Read all models; raises a UserError naming the file and line that cannot be read."""
    return Models(
        root=root,
        diagrams=tuple(read_diagram(path) for path in sorted(root.rglob("*.bpmn"))),
        decisions=tuple(decision for path in sorted(root.rglob("*.dmn")) for decision in read_decisions(path)),
        forms=tuple(read_form(path) for path in sorted(root.rglob("*.form"))),
        dictionary=read_dictionary(root / DICTIONARY),
    )


def read_dictionary(path: Path) -> Dictionary:
    """Read the dictionary. Raises UserError with all mistakes: file, line and what is expected."""
    dictionary, _ = read_model(path, Dictionary, UserError)
    return dictionary
