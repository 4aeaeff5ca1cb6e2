"""Describe the files of config/ as they are written; the rules themselves are in `workers.regulation`."""

from datetime import date
from typing import Any

from pydantic import Field

from workers.regulation.calendar import Rule
from workers.regulation.organization import Role
from workers.regulation.papers import FormSet


class NewCodes(Rule):
    """Say from which day dossier codes carry the new agency codes."""

    date: date
    clause: str | None = None
    confirmed: bool = False


class UnitGroup(Rule):
    """Hold units that share values; each unit is validated by itself, so that its mistakes have its line."""

    title: str
    defaults: dict[str, Any] = Field(default_factory=dict)
    units: list[Any] = Field(min_length=1)


class OrganizationFile(Rule):
    """Describe organization.yaml."""

    city: str
    office: str
    mailbox_pattern: str = Field(pattern=r"^[^@\s]*\{code\}[^@\s]*@[^@\s]+$")
    new_codes_from: NewCodes
    roles: tuple[Role, ...] = Field(min_length=1)
    groups: tuple[UnitGroup, ...] = Field(min_length=1)


class FormSetsFile(Rule):
    """Describe form_sets.yaml."""

    form_sets: tuple[FormSet, ...] = Field(min_length=1)
