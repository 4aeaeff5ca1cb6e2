"""Say of feedback what its reporter may know, and what everybody may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.portal.city_map import Place
from workers.records import FEEDBACK_OPEN, FeedbackState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from workers.portal.wording import Wording
    from workers.records import FeedbackAnswer, FeedbackPhoto, FeedbackRating, FeedbackRecord
    from workers.registry.reader import Reader
    from workers.rulebook import Rulebook

PUBLIC_DECIMALS = 3
"""Of degrees: the public sees a place to about a hundred metres, not the house."""


@dataclass(frozen=True)
class Happening:
    """Hold one line of what happened: the key of its words and, where one did it, a unit's name."""

    at: datetime
    key: str
    unit: str | None = None


@dataclass(frozen=True)
class Answer:
    """Hold one answer as it is read."""

    at: datetime
    unit: str
    text: str
    committed_on: date | None


@dataclass(frozen=True)
class ReporterView:
    """Hold what the page of one's own feedback shows."""

    feedback: FeedbackRecord
    state_text: str
    field: str | None
    commune: str | None
    holder: str | None
    late: bool
    answers: Sequence[Answer]
    photos: Sequence[FeedbackPhoto]
    happenings: Sequence[Happening]
    rating: FeedbackRating | None
    may_rate: bool
    merged: FeedbackRecord | None


@dataclass(frozen=True)
class PublicEntry:
    """Hold what everybody sees of feedback that was released."""

    code: str
    text: str
    state: FeedbackState
    state_text: str
    field: str | None
    unit: str | None
    commune: str | None
    received_at: datetime
    place: Place | None
    answers: Sequence[Answer]
    photos: Sequence[FeedbackPhoto]


async def reporter_view(
    reader: Reader, feedback: FeedbackRecord, rules: Rulebook, wording: Wording, language: str, now: datetime
) -> ReporterView:
    """Read and word what a reporter sees. Of merged feedback the one it went into tells how far things are."""
    code = feedback.code
    merged = await reader.feedback(feedback.merged_into) if feedback.merged_into else None
    answers = await reader.feedback_answers(code)
    ratings = await reader.feedback_ratings(code)
    rating = next((one for one in ratings if one.round == feedback.round), None)
    handovers = await reader.feedback_handovers(code)
    followed = merged or feedback
    happened = [
        Happening(feedback.received_at, "received"),
        *(Happening(one.at, "handed_over", rules.unit_name(one.to_unit, one.at.date())) for one in handovers),
        *(Happening(one.at, f"answer_{one.kind}", rules.unit_name(one.unit, one.at.date())) for one in answers),
        *(Happening(one.at, "rated") for one in ratings),
    ]
    holds = followed.unit or rules.feedback.coordinator
    return ReporterView(
        feedback=feedback,
        state_text=wording.feedback_states[followed.state].in_(language),
        field=_field(rules, feedback),
        commune=_unit(rules, feedback.commune, now),
        holder=rules.unit_name(holds, now.date()) if followed.state in FEEDBACK_OPEN else None,
        late=followed.due_at is not None and followed.state in FEEDBACK_OPEN and followed.due_at < now,
        answers=[_answer(rules, one, one.text) for one in reversed(answers)],
        photos=await reader.feedback_photos(code),
        happenings=sorted(happened, key=lambda one: one.at, reverse=True),
        rating=rating,
        may_rate=feedback.state is FeedbackState.ANSWERED and rating is None,
        merged=merged,
    )


async def public_entry(
    reader: Reader, feedback: FeedbackRecord, rules: Rulebook, wording: Wording, language: str
) -> PublicEntry:
    """Read what everybody sees: released words and photos only, nothing of the reporter."""
    answers = await reader.feedback_answers(feedback.code)
    at = feedback.received_at
    known = feedback.latitude is not None and feedback.longitude is not None
    place = Place(round(feedback.latitude or 0.0, PUBLIC_DECIMALS), round(feedback.longitude or 0.0, PUBLIC_DECIMALS))
    return PublicEntry(
        code=feedback.code,
        text=feedback.public_text or "",
        state=feedback.state,
        state_text=wording.feedback_states[feedback.state].in_(language),
        field=_field(rules, feedback),
        unit=_unit(rules, feedback.unit, at),
        commune=_unit(rules, feedback.commune, at),
        received_at=at,
        place=place if known else None,
        answers=[_answer(rules, one, one.public_text) for one in answers if one.public_text],
        photos=[one for one in await reader.feedback_photos(feedback.code) if one.public],
    )


def _answer(rules: Rulebook, one: FeedbackAnswer, text: str) -> Answer:
    return Answer(one.at, rules.unit_name(one.unit, one.at.date()), text, one.committed_on)


def _field(rules: Rulebook, feedback: FeedbackRecord) -> str | None:
    field = rules.feedback.field(feedback.field)
    return field.name if field else None


def _unit(rules: Rulebook, code: str | None, at: datetime) -> str | None:
    return rules.unit_name(code, at.date()) if code else None
