"""Describe what the office decides about citizens' feedback: fields, clocks, words that warn, windows."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from workers.regulation.calendar import Rule
from workers.regulation.likeness import has_words
from workers.regulation.limits import Limit, end_of
from workers.regulation.organization import UnitLevel
from workers.regulation.working_time import WorkingTime

CODE = r"^[a-z][a-z_]*$"


class PhotosNeeded(StrEnum):
    """Say which photos a unit owes with its result."""

    NONE = "none"
    AFTER = "after"
    BEFORE_AND_AFTER = "before_and_after"


class FieldGroup(Rule):
    """Name a group of fields, as the monthly report adds them up."""

    code: str = Field(pattern=CODE)
    name: str = Field(min_length=1)


class FeedbackField(Rule):
    """Hold one field (lĩnh vực) of feedback.

    `level`: which level of unit handles it; a commune handles what lies in it, else `unit` does. `limit`: empty for the
    general one. `words`: a text with one of them is suggested to belong here. `restricted`: about conduct of officials.
    """

    code: str = Field(pattern=CODE)
    name: str = Field(min_length=1)
    group: str
    level: UnitLevel
    unit: str
    limit: Limit | None = None
    photos: PhotosNeeded = PhotosNeeded.NONE
    restricted: bool = False
    words: tuple[str, ...] = ()
    clause: str | None = None
    confirmed: bool = False


class Emergency(Rule):
    """Point to the number to call when a text has one of `words`."""

    number: str = Field(pattern=r"^11[0-9]$")
    name: str
    words: tuple[str, ...] = Field(min_length=1)
    clause: str | None = None
    confirmed: bool = False


class RoutedMatter(Rule):
    """Name a matter that has a law of its own, the words that give it away, and what the citizen is advised."""

    code: str = Field(pattern=CODE)
    name: str
    words: tuple[str, ...] = Field(min_length=1)
    advice: str
    clause: str | None = None
    confirmed: bool = False


class FeedbackClocks(Rule):
    """Hold the limits: to forward, to resolve, and how long the citizen may rate and so reopen."""

    forward: Limit
    resolve: Limit
    rating: Limit


class PhotoLimits(Rule):
    """Limit the photos of one feedback; sizes in MB as sent, `longest_side` in pixels as kept."""

    count: int = Field(ge=0, le=20)
    megabytes: int = Field(gt=0, le=50)
    longest_side: int = Field(ge=640, le=8000)


class Likeness(Rule):
    """Say when another feedback is suggested as a likely duplicate: distance, age, and likeness of the texts in %."""

    metres: int = Field(gt=0)
    days: int = Field(gt=0)
    percent: int = Field(gt=0, le=100)


class FeedbackPolicy(Rule):
    """Hold what feedback.yaml says. `coordinator`: the unit that receives and forwards (đầu mối 1022)."""

    coordinator: str
    clocks: FeedbackClocks
    photos: PhotoLimits
    likeness: Likeness
    groups: tuple[FieldGroup, ...] = Field(min_length=1)
    fields: tuple[FeedbackField, ...] = Field(min_length=1)
    emergencies: tuple[Emergency, ...] = ()
    routed_out: tuple[RoutedMatter, ...] = ()

    def field(self, code: str | None) -> FeedbackField | None:
        """Find a field; None when there is none of that code."""
        return next((one for one in self.fields if one.code == code), None)

    def group_name(self, code: str) -> str:
        """Name a group. Raises KeyError for an unknown one."""
        return {one.code: one.name for one in self.groups}[code]

    def limit_of(self, code: str | None) -> Limit:
        """Give the limit to resolve feedback of a field; the general one for a field without, or unclassified."""
        found = self.field(code)
        return found.limit if found and found.limit else self.clocks.resolve

    def unconfirmed(self) -> list[Rule]:
        """List everything that was not compared with a document."""
        limits = [self.clocks.forward, self.clocks.resolve, self.clocks.rating]
        limits += [one.limit for one in self.fields if one.limit]
        rules: list[Limit | FeedbackField | Emergency | RoutedMatter] = [
            *limits,
            *self.fields,
            *self.emergencies,
            *self.routed_out,
        ]
        return [one for one in rules if not one.confirmed]

    def suggest_field(self, text: str) -> FeedbackField | None:
        """Find the first field of which the text has a word."""
        return next((one for one in self.fields if has_words(text, one.words)), None)

    def emergencies_in(self, text: str) -> list[Emergency]:
        """List the emergencies of which the text has a word."""
        return [one for one in self.emergencies if has_words(text, one.words)]

    def matters_in(self, text: str) -> list[RoutedMatter]:
        """List the matters with a law of their own of which the text has a word."""
        return [one for one in self.routed_out if has_words(text, one.words)]

    def suggest_matter(self, text: str) -> RoutedMatter | None:
        """Find the first matter with a law of its own of which the text has a word."""
        return next(iter(self.matters_in(text)), None)

    def matter(self, code: str | None) -> RoutedMatter | None:
        """Find a matter with a law of its own; None when there is none of that code."""
        return next((one for one in self.routed_out if one.code == code), None)


def forward_due(policy: FeedbackPolicy, received_at: datetime, hours: WorkingTime) -> datetime:
    """Find when feedback has to be with a unit. Raises NeedsOperator without a calendar, unless it runs in minutes."""
    return end_of(policy.clocks.forward, received_at, hours)


def shortened_due(due_at: datetime, recomputed: datetime) -> datetime:
    """Give the deadline after another classification: it can only come earlier."""
    return min(due_at, recomputed)
