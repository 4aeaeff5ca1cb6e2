"""Read the registry: the rows that chapters ask for, and the questions of people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, RowMapping, Select, Table, and_, func, or_, select, tuple_, union

from workers.records import (
    Applicant,
    DeadlineChange,
    DossierRecord,
    DossierState,
    FeedbackAnswer,
    FeedbackHandover,
    FeedbackPhoto,
    FeedbackRating,
    FeedbackRecord,
    FeedbackState,
    FiledDocument,
    OpenStep,
    OpinionRecord,
    PaperRecord,
    PublicState,
    Record,
    Reporter,
    Submission,
    TimelineEntry,
)
from workers.registry import tables as t
from workers.registry.chain import Head, Violation, ViolationKind, find_violations
from workers.registry.overview import DossierCount, DossierOverview
from workers.registry.publications import PublicationReader
from workers.registry.words import fold

if TYPE_CHECKING:
    from datetime import datetime

    from workers.registry.connection import Fetch

Rows = Sequence[RowMapping]

_PAGE = 200
_DOCUMENT_COLUMNS = [t.documents.c[name] for name in FiledDocument.model_fields]
_APPLICANT_COLUMNS = [t.applicants.c[name] for name in Applicant.model_fields]
OPINION_COLUMNS = [t.opinions.c[name] for name in OpinionRecord.model_fields]
_PAPER_COLUMNS = [t.papers.c[name] for name in PaperRecord.model_fields]
STEP_COLUMNS = [t.steps.c[name] for name in OpenStep.model_fields]
_REPORTER_COLUMNS = [t.feedback_reporters.c[name] for name in Reporter.model_fields]
_LAST_CHARACTER = "\U0010ffff"


class Reader(PublicationReader):
    """Answer from one snapshot, or from the newest state at each call, as `fetch` decides."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch

    async def rows(self, statement: Any, parameters: Any = None) -> Rows:
        """Fetch the rows of a statement, for the modules of this package."""
        return await self._fetch(statement, parameters)

    async def _first(self, statement: Select[Any]) -> RowMapping | None:
        rows = await self._fetch(statement)
        return rows[0] if rows else None

    async def submission(self, submission_id: str) -> Submission | None:
        """Find a submission with its documents."""
        row = await self._first(
            select(t.submissions, t.dossiers.c.code.label("dossier_code"))
            .outerjoin(t.dossiers, t.dossiers.c.submission_id == t.submissions.c.id)
            .where(t.submissions.c.id == submission_id)
        )
        if row is None:
            return None
        applicant = await self._fetch(select(*_APPLICANT_COLUMNS).where(t.applicants.c.submission_id == submission_id))
        documents = await self._fetch(_documents().where(t.documents.c.submission_id == submission_id))
        return Submission(**row, applicant=Applicant(**applicant[0]), documents=[FiledDocument(**d) for d in documents])

    async def is_sent(self, message_id: str) -> bool:
        """Say whether something with this message id was queued, sent or not."""
        return bool(await self._fetch(select(t.outbox.c.id).where(t.outbox.c.message_id == message_id)))

    async def dossier(self, code: str) -> DossierRecord | None:
        """Find a dossier."""
        row = await self._first(select(t.dossiers).where(t.dossiers.c.code == code))
        return DossierRecord(**row) if row else None

    async def applicant(self, code: str) -> Applicant:
        """Find who filed a dossier. Raises KeyError for an unknown code."""
        row = await self._first(
            select(*_APPLICANT_COLUMNS)
            .join(t.dossiers, t.dossiers.c.submission_id == t.applicants.c.submission_id)
            .where(t.dossiers.c.code == code)
        )
        if row is None:
            raise KeyError(code)
        return Applicant(**row)

    async def documents(self, code: str) -> Sequence[FiledDocument]:
        """List the filed documents, oldest first."""
        rows = await self._fetch(
            _documents()
            .join(t.dossiers, t.dossiers.c.submission_id == t.documents.c.submission_id)
            .where(t.dossiers.c.code == code)
        )
        return [FiledDocument(**row) for row in rows]

    async def filed_elsewhere(self, sha256s: Iterable[str], code: str) -> dict[str, str]:
        """Map the digests that another dossier holds already to that dossier's code, the one that filed it first."""
        rows = await self._fetch(
            select(t.documents.c.sha256, t.dossiers.c.code)
            .join(t.dossiers, t.dossiers.c.submission_id == t.documents.c.submission_id)
            .where(t.documents.c.sha256.in_(sorted(set(sha256s))), t.dossiers.c.code != code)
            .order_by(t.documents.c.id.desc())
        )
        return {row["sha256"]: row["code"] for row in rows}

    async def papers(self, code: str) -> Sequence[PaperRecord]:
        """List the papers produced, oldest first."""
        rows = await self._fetch(select(*_PAPER_COLUMNS).where(t.papers.c.dossier_code == code).order_by(t.papers.c.id))
        return [PaperRecord(**row) for row in rows]

    async def opinion(self, request_id: str) -> OpinionRecord | None:
        """Find one opinion."""
        row = await self._first(select(*OPINION_COLUMNS).where(t.opinions.c.request_id == request_id))
        return OpinionRecord(**row) if row else None

    async def opinions(self, code: str) -> Sequence[OpinionRecord]:
        """List the opinions of all rounds, in the order they were asked for."""
        rows = await self._fetch(
            select(*OPINION_COLUMNS).where(t.opinions.c.dossier_code == code).order_by(t.opinions.c.id)
        )
        return [OpinionRecord(**row) for row in rows]

    async def deadline_changes(self, code: str) -> Sequence[DeadlineChange]:
        """List the revisions of the deadline, oldest first."""
        changes = t.deadline_changes
        rows = await self._fetch(select(changes).where(changes.c.dossier_code == code).order_by(changes.c.revision))
        return [DeadlineChange(**row) for row in rows]

    async def open_steps(self, code: str) -> Sequence[OpenStep]:
        """List the steps somebody holds now, the longest held first."""
        return await self._steps(
            select(*STEP_COLUMNS)
            .where(t.steps.c.dossier_code == code, t.steps.c.closed_at.is_(None))
            .order_by(t.steps.c.opened_at, t.steps.c.step_id)
        )

    async def steps_held_by(self, unit: str, limit: int = 50) -> Sequence[OpenStep]:
        """List the open steps of a unit, the earliest deadline first, those without one at the front."""
        return await self._steps(
            select(*STEP_COLUMNS)
            .where(t.steps.c.unit == unit, t.steps.c.closed_at.is_(None))
            .order_by(t.steps.c.due_at.nulls_first())
            .limit(limit)
        )

    async def _steps(self, statement: Select[Any]) -> Sequence[OpenStep]:
        return [OpenStep(**row) for row in await self._fetch(statement)]

    async def coming_number(self, scope: str) -> int:
        """Foresee the next number of a counter; another transaction may take it first."""
        row = await self._first(select(t.counters.c.value).where(t.counters.c.scope == scope))
        return row["value"] + 1 if row else 1

    async def timeline(self, code: str) -> Sequence[TimelineEntry]:
        """List the timeline of a dossier in order."""
        rows = await self._fetch(select(t.timeline).where(t.timeline.c.dossier_code == code).order_by(t.timeline.c.seq))
        return [TimelineEntry(**row) for row in rows]

    async def dossier_overview(self, code: str) -> DossierOverview | None:
        """Collect all that is known of a dossier except who filed it; None for an unknown code."""
        dossier = await self.dossier(code)
        if dossier is None:
            return None
        return DossierOverview(
            dossier=dossier,
            open_steps=await self.open_steps(code),
            timeline=await self.timeline(code),
            deadline_changes=await self.deadline_changes(code),
            documents=await self.documents(code),
            opinions=await self.opinions(code),
            papers=await self.papers(code),
        )

    async def find_dossiers(
        self,
        *,
        state: DossierState | None = None,
        unit: str | None = None,
        text: str | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Sequence[DossierRecord]:
        """List dossiers, newest first.

        `unit` is the lead unit. Every word of `text` must begin a word of the code or title, with or without
        diacritics. The code of the last dossier of a page, given as `after`, brings the next page.
        """
        d = t.dossiers.c
        statement = select(t.dossiers).order_by(d.received_at.desc(), d.code.desc()).limit(limit)
        if state is not None:
            statement = statement.where(d.state == state.value)
        if unit is not None:
            statement = statement.where(d.lead_unit == unit)
        for word in sorted(fold(text or "")):
            statement = statement.where(d.code.in_(_codes_with(word)))
        if after is not None:
            last = await self.dossier(after)
            if last is None:
                return []
            statement = statement.where(_before(last))
        return [DossierRecord(**row) for row in await self._fetch(statement)]

    async def late_dossiers(
        self, now: datetime, *, unit: str | None = None, limit: int = 50
    ) -> Sequence[DossierRecord]:
        """List unresolved dossiers past their deadline, the longest first; not those whose clock stopped in time."""
        d = t.dossiers.c
        statement = (
            select(t.dossiers)
            .where(d.finished_at.is_(None), d.resolved_at.is_(None), d.due_at < now)
            .where(or_(d.paused_at.is_(None), d.paused_at > d.due_at))
            .order_by(d.due_at, d.code)
            .limit(limit)
        )
        if unit is not None:
            statement = statement.where(d.lead_unit == unit)
        return [DossierRecord(**row) for row in await self._fetch(statement)]

    async def feedback(self, code: str) -> FeedbackRecord | None:
        """Find a citizen's feedback."""
        row = await self._first(select(t.feedback).where(t.feedback.c.code == code))
        return FeedbackRecord(**row) if row else None

    async def reporter(self, code: str) -> Reporter:
        """Find who gave feedback. Raises KeyError for an unknown code."""
        row = await self._first(select(*_REPORTER_COLUMNS).where(t.feedback_reporters.c.feedback_code == code))
        if row is None:
            raise KeyError(code)
        return Reporter(**row)

    async def feedback_photos(self, code: str) -> Sequence[FeedbackPhoto]:
        """List the photos of a feedback, oldest first."""
        return [FeedbackPhoto(**row) for row in await self._of_feedback(t.feedback_photos, FeedbackPhoto, code)]

    async def feedback_answers(self, code: str) -> Sequence[FeedbackAnswer]:
        """List the answers to a feedback, oldest first."""
        return [FeedbackAnswer(**row) for row in await self._of_feedback(t.feedback_answers, FeedbackAnswer, code)]

    async def feedback_ratings(self, code: str) -> Sequence[FeedbackRating]:
        """List what the citizen gave the answers, oldest first."""
        return [FeedbackRating(**row) for row in await self._of_feedback(t.feedback_ratings, FeedbackRating, code)]

    async def feedback_handovers(self, code: str) -> Sequence[FeedbackHandover]:
        """List which units handed a feedback on, oldest first."""
        rows = await self._of_feedback(t.feedback_handovers, FeedbackHandover, code)
        return [FeedbackHandover(**row) for row in rows]

    async def merged_feedback(self, code: str) -> Sequence[FeedbackRecord]:
        """List the feedback that was merged into one."""
        rows = await self._fetch(select(t.feedback).where(t.feedback.c.merged_into == code).order_by(t.feedback.c.code))
        return [FeedbackRecord(**row) for row in rows]

    async def find_feedback(
        self,
        *,
        state: FeedbackState | None = None,
        public_state: PublicState | None = None,
        unit: str | None = None,
        field: str | None = None,
        since: datetime | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Sequence[FeedbackRecord]:
        """List feedback, newest first. The code of the last one of a page, given as `after`, brings the next page."""
        f = t.feedback.c
        wanted = ((f.state, state), (f.public_state, public_state), (f.unit, unit), (f.field, field))
        statement = select(t.feedback).order_by(f.received_at.desc(), f.code.desc()).limit(limit)
        for column, value in wanted:
            if value is not None:
                statement = statement.where(column == value)
        if since is not None:
            statement = statement.where(f.received_at >= since)
        if after is not None:
            last = await self.feedback(after)
            if last is None:
                return []
            statement = statement.where(tuple_(f.received_at, f.code) < (last.received_at, last.code))
        return [FeedbackRecord(**row) for row in await self._fetch(statement)]

    async def draft(self, draft_id: str) -> dict[str, Any] | None:
        """Find what a visitor has begun to write."""
        row = await self._first(select(t.drafts.c.said).where(t.drafts.c.id == draft_id))
        return row["said"] if row else None

    async def _of_feedback(self, table: Table, record: type[Record], code: str) -> Rows:
        columns = [table.c[name] for name in record.model_fields]
        order = table.c.id if "id" in table.c else table.c.round
        return await self._fetch(select(*columns).where(table.c.feedback_code == code).order_by(order))

    async def count_dossiers(self) -> Sequence[DossierCount]:
        """Count the dossiers by lead unit and state."""
        d = t.dossiers.c
        rows = await self._fetch(
            select(d.lead_unit, d.state, func.count().label("count"))
            .group_by(d.lead_unit, d.state)
            .order_by(d.lead_unit, d.state)
        )
        return [DossierCount(**row) for row in rows]

    async def verify_timeline(self, code: str | None = None) -> list[Violation]:
        """Check the hash chains of one dossier, or of all; an empty list means nothing was altered."""
        if code is not None:
            return await self._verify([code])
        found, after = await self.verify_timeline_page("")
        while after:
            more, after = await self.verify_timeline_page(after)
            found += more
        return found

    async def verify_timeline_page(self, after: str) -> tuple[list[Violation], str]:
        """Check the chains of the next dossiers in order of their codes.

        Returns the violations and the last code checked, empty at the end.
        """
        codes = await self._codes(after)
        return await self._verify(codes), codes[-1] if codes else ""

    async def _codes(self, after: str) -> list[str]:
        # A chain may have lost its dossier, its head or its entries: whoever is left names it.
        sources = [t.dossiers.c.code, t.timeline_heads.c.dossier_code, t.timeline.c.dossier_code]
        parts = [
            select(
                select(source.label("code")).where(source > after).distinct().order_by(source).limit(_PAGE).subquery()
            )
            for source in sources
        ]
        rows = await self._fetch(union(*parts).order_by("code").limit(_PAGE))
        return [row["code"] for row in rows]

    async def _verify(self, codes: Sequence[str]) -> list[Violation]:
        heads = await self._fetch(select(t.timeline_heads).where(t.timeline_heads.c.dossier_code.in_(codes)))
        head_of = {row["dossier_code"]: Head(row["seq"], row["hash"]) for row in heads}
        try:
            rows = await self._fetch(
                select(t.timeline)
                .where(t.timeline.c.dossier_code.in_(codes))
                .order_by(t.timeline.c.dossier_code, t.timeline.c.seq)
            )
            entries = {code: list(chain) for code, chain in _by_dossier(rows)}
        except (TypeError, ValueError, OverflowError):
            if len(codes) == 1:
                return [Violation(codes[0], ViolationKind.UNREADABLE, 0)]
            return [violation for code in codes for violation in await self._verify([code])]
        return [v for code in codes for v in find_violations(code, entries.get(code, []), head_of.get(code))]


def _by_dossier(rows: Rows) -> Iterator[tuple[str, Iterator[TimelineEntry]]]:
    for code, chain in groupby(rows, key=lambda row: str(row["dossier_code"])):
        yield code, (TimelineEntry(**row) for row in chain)


def _documents() -> Select[Any]:
    return select(*_DOCUMENT_COLUMNS).order_by(t.documents.c.id)


def _codes_with(word: str) -> Select[Any]:
    w = t.dossier_words.c
    return select(w.dossier_code).where(and_(w.word >= word, w.word < word + _LAST_CHARACTER))


def _before(last: DossierRecord) -> ColumnElement[bool]:
    d = t.dossiers.c
    return tuple_(d.received_at, d.code) < (last.received_at, last.code)
