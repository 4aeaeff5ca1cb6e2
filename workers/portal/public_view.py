"""Say of a dossier what its applicant may know: plain words, no names of people, nothing of the inner workings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.records import IN_PROGRESS, DossierState, TimelineKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from workers.portal.wording import Wording
    from workers.records import PaperRecord, TimelineEntry
    from workers.registry.overview import DossierOverview
    from workers.regulation.composition import MissingPaper
    from workers.rulebook import Rulebook

PAPERS_FOR_APPLICANTS = frozenset({"receipt", "supplement_request", "refusal", "apology", "stop_notice", "decision"})
"""Kinds of papers that are written to the applicant; slips and opinions stay between units."""


@dataclass(frozen=True)
class Happening:
    """Hold one line of what happened; `unit` is a public body, never a person. `until` empty: going on."""

    since: datetime
    until: datetime | None
    what: str
    unit: str | None


@dataclass(frozen=True)
class PublicView:
    """Hold what the page of one dossier shows."""

    code: str
    title: str
    procedure: str
    state: DossierState
    state_text: str
    received_at: datetime
    due_at: datetime
    original_due_at: datetime
    provisional: bool
    late: bool
    holders: Sequence[str]
    happenings: Sequence[Happening]
    papers: Sequence[PaperRecord]
    missing: Sequence[MissingPaper]
    result_number: str | None
    rating: int | None
    may_supplement: bool
    may_withdraw: bool
    may_rate: bool


def public_view(
    overview: DossierOverview, rules: Rulebook, wording: Wording, language: str, now: datetime
) -> PublicView:
    """Choose and word what an applicant reads of a dossier."""
    dossier = overview.dossier
    closed = {entry.step_id: entry.at for entry in overview.timeline if entry.kind is TimelineKind.CLOSED}
    end = dossier.resolved_at or dossier.finished_at or dossier.paused_at or now
    asked = dossier.state is DossierState.SUPPLEMENT_REQUESTED
    return PublicView(
        code=dossier.code,
        title=dossier.title,
        procedure=rules.procedure_of(dossier).name,
        state=dossier.state,
        state_text=wording.states[dossier.state].in_(language),
        received_at=dossier.received_at,
        due_at=dossier.due_at,
        original_due_at=dossier.original_due_at,
        provisional=dossier.deadline_provisional,
        late=end > dossier.due_at,
        holders=_holders(overview, rules, now),
        happenings=[
            _happening(entry, closed, rules, wording, language)
            for entry in reversed(overview.timeline)
            if entry.kind is not TimelineKind.CLOSED and entry.element_id in wording.steps
        ],
        papers=[paper for paper in reversed(overview.papers) if paper.kind in PAPERS_FOR_APPLICANTS],
        missing=rules.missing_documents(dossier, overview.documents, now.date()) if asked else (),
        result_number=dossier.result_number,
        rating=dossier.rating,
        may_supplement=asked,
        may_withdraw=dossier.state in IN_PROGRESS,
        may_rate=dossier.state is DossierState.RETURNED and dossier.rating is None,
    )


def _holders(overview: DossierOverview, rules: Rulebook, now: datetime) -> list[str]:
    return list(dict.fromkeys(rules.unit_name(step.unit, now.date()) for step in overview.open_steps))


def _happening(
    entry: TimelineEntry, closed: dict[int | None, datetime], rules: Rulebook, wording: Wording, language: str
) -> Happening:
    going_on = entry.kind is TimelineKind.OPENED and entry.step_id not in closed
    until = None if going_on else closed.get(entry.step_id, entry.at)
    unit = rules.unit_name(entry.unit, entry.at.date()) if entry.unit else None
    return Happening(entry.at, until, wording.steps[entry.element_id or ""].in_(language), unit)
