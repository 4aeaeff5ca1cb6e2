"""Describe what the office decides about directing information: topics, the check before it, how long it is open."""

from __future__ import annotations

from pydantic import Field

from workers.regulation.calendar import Rule
from workers.regulation.disclosure import DisclosureKind  # noqa: TC001 - pydantic reads it

CODE = r"^[a-z][a-z_]*$"


class Topic(Rule):
    """Name a topic in both languages of the portal."""

    code: str = Field(pattern=CODE)
    name: str = Field(min_length=1)
    name_en: str = Field(min_length=1)


class DisclosureRule(Rule):
    """Say what is done about one kind of finding; one that must go cannot be confirmed by anybody."""

    kind: DisclosureKind
    name: str = Field(min_length=1)
    must_go: bool
    clause: str | None = None
    confirmed: bool = False


class CommunicationPolicy(Rule):
    """Hold the topics, the rules of the check, the office's own marks, and how long corrections are possible."""

    topics: tuple[Topic, ...] = Field(min_length=1)
    disclosures: tuple[DisclosureRule, ...]
    internal_marks: tuple[str, ...] = ()
    open_days: int = Field(gt=0, le=3650)
    confirm_hours: int = Field(default=48, gt=0, le=720)

    def topic(self, code: str) -> Topic | None:
        """Find a topic."""
        return next((topic for topic in self.topics if topic.code == code), None)

    def rule_of(self, kind: DisclosureKind) -> DisclosureRule:
        """Find the rule of a kind of finding. Raises StopIteration for a kind without a rule; loading checks that."""
        return next(rule for rule in self.disclosures if rule.kind is kind)

    def unconfirmed(self) -> list[str]:
        """Name the rules that wait to be compared with the documents."""
        return [rule.name for rule in self.disclosures if not rule.confirmed]
