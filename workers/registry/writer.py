"""Change the registry inside one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Executable, Table, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from workers.records import (
    DeadlineChange,
    DossierRecord,
    FeedbackAnswer,
    FeedbackHandover,
    FeedbackPhoto,
    FeedbackRating,
    FeedbackRecord,
    FiledDocument,
    OpenStep,
    OpinionRecord,
    OutboxDraft,
    PaperRecord,
    Record,
    Reporter,
    Submission,
    SystemEvent,
    TimelineEntry,
    TimelineKind,
)
from workers.registry import listeners
from workers.registry import tables as t
from workers.registry.chain import Head, link
from workers.registry.publications import PublicationWriter
from workers.registry.reader import OPINION_COLUMNS, STEP_COLUMNS, Reader
from workers.registry.words import dossier_words

if TYPE_CHECKING:
    from workers.registry.connection import Connection

Clock = Callable[[], datetime]
R = TypeVar("R", bound=Record)


class Writer(Reader, PublicationWriter):
    """Read and write in one transaction: it sees its own changes, nobody else does before the commit."""

    def __init__(self, connection: Connection, now: Clock) -> None:
        super().__init__(connection.fetch)
        self._connection = connection
        self._now = now

    async def add_submission(self, submission: Submission) -> None:
        """Keep what was handed in."""
        values = submission.model_dump(exclude={"applicant", "documents", "dossier_code"})
        await self._connection.execute(insert(t.submissions), values)
        applicant = {"submission_id": submission.id, **submission.applicant.model_dump()}
        await self._connection.execute(insert(t.applicants), applicant)
        await self._add_documents(submission.id, submission.documents)

    async def change_submission(self, submission: Submission) -> None:
        """Replace what a submission says and who files it; its documents stay."""
        values = submission.model_dump(exclude={"id", "applicant", "documents", "dossier_code"})
        mine = t.submissions.c.id == submission.id
        await self._connection.execute(update(t.submissions).where(mine).values(values))
        applicant = submission.applicant.model_dump()
        theirs = t.applicants.c.submission_id == submission.id
        await self._connection.execute(update(t.applicants).where(theirs).values(applicant))

    async def add_to_submission(self, submission_id: str, document: FiledDocument) -> None:
        """File one more document with a submission that is no dossier yet; the same file for the same paper once."""
        await self.drop_from_submission(submission_id, document.sha256, document.composition)
        await self._add_documents(submission_id, [document])

    async def drop_from_submission(self, submission_id: str, sha256: str, composition: str) -> None:
        """Take a document out of a submission; the file stays in the store."""
        d = t.documents.c
        mine = (d.submission_id == submission_id, d.sha256 == sha256, d.composition == composition)
        await self._connection.execute(delete(t.documents).where(*mine))

    async def drop_unsent_submissions(self, before: datetime) -> int:
        """Forget submissions begun before an instant and never sent; returns how many. Their files stay stored."""
        s, sent, filed = t.submissions.c, t.outbox.c.message_id, t.dossiers.c.submission_id
        rows = await self._fetch(
            select(s.id)
            .where(s.submitted_at < before)
            .where(~select(sent).where(sent == s.id).exists(), ~select(filed).where(filed == s.id).exists())
        )
        ids = [row["id"] for row in rows]
        for column in (t.documents.c.submission_id, t.applicants.c.submission_id, t.api_intakes.c.subject, s.id):
            await self._connection.execute(delete(column.table).where(column.in_(ids)))
        return len(ids)

    async def add_dossier(self, dossier: DossierRecord) -> None:
        """Keep a new dossier and link its submission."""
        await self._connection.execute(insert(t.dossiers), dossier.model_dump())
        await self._add_words(dossier)
        await self._insert_if_absent(t.timeline_heads, dossier_code=dossier.code, seq=0, hash="")
        await self._tell_systems(SystemEvent.DOSSIER_REGISTERED, dossier)

    async def update_dossier(self, code: str, **changes: Any) -> DossierRecord:
        """Change fields of a dossier and return it whole. Raises KeyError for an unknown code."""
        row = await self._first(select(t.dossiers).where(t.dossiers.c.code == code).with_for_update())
        if row is None:
            raise KeyError(code)
        before = DossierRecord(**row)
        after, values = _changed(before, {"code", "submission_id"}, changes)
        if values:
            await self._connection.execute(update(t.dossiers).where(t.dossiers.c.code == code).values(values))
        if after.title != before.title:
            await self._connection.execute(delete(t.dossier_words).where(t.dossier_words.c.dossier_code == code))
            await self._add_words(after)
        if after.state is not before.state:
            await self._tell_systems(SystemEvent.DOSSIER_STATE_CHANGED, after)
        return after

    async def add_documents(self, code: str, documents: Iterable[FiledDocument]) -> None:
        """File more documents (a supplement). Raises KeyError for an unknown code."""
        await self._add_documents(await self._submission_of(code), documents)

    async def set_inspection(self, code: str, document: FiledDocument) -> None:
        """Keep type, pages and findings of the document with this digest. Raises KeyError for an unknown code."""
        await self._connection.execute(
            update(t.documents)
            .where(t.documents.c.submission_id == await self._submission_of(code))
            .where(t.documents.c.sha256 == document.sha256)
            .values(document.model_dump(include={"detected_type", "pages", "findings"}))
        )

    async def next_number(self, scope: str) -> int:
        """Mint the next number of a counter, from 1, without gap or duplicate once the transaction commits."""
        await self._insert_if_absent(t.counters, scope=scope, value=0)
        counter = t.counters.c
        await self._connection.execute(update(t.counters).where(counter.scope == scope).values(value=counter.value + 1))
        rows = await self._fetch(select(counter.value).where(counter.scope == scope))
        return int(rows[0]["value"])

    async def add_paper(self, paper: PaperRecord) -> None:
        """Keep a produced paper."""
        await self._connection.execute(insert(t.papers), paper.model_dump())

    async def add_opinion(self, opinion: OpinionRecord) -> None:
        """Keep a request for an opinion."""
        await self._connection.execute(insert(t.opinions), opinion.model_dump())

    async def update_opinion(self, request_id: str, **changes: Any) -> OpinionRecord:
        """Change fields of an opinion and return it whole. Raises KeyError for an unknown request."""
        asked = t.opinions.c.request_id == request_id
        row = await self._first(select(*OPINION_COLUMNS).where(asked).with_for_update())
        if row is None:
            raise KeyError(request_id)
        after, values = _changed(OpinionRecord(**row), {"request_id", "dossier_code"}, changes)
        if values:
            await self._connection.execute(update(t.opinions).where(asked).values(values))
        return after

    async def add_deadline_change(self, change: DeadlineChange) -> None:
        """Keep a revision of the deadline."""
        await self._connection.execute(insert(t.deadline_changes), change.model_dump())

    async def add_feedback(self, feedback: FeedbackRecord, reporter: Reporter) -> None:
        """Keep a citizen's feedback and who gave it."""
        await self._connection.execute(insert(t.feedback), feedback.model_dump())
        await self._add_to_feedback(t.feedback_reporters, feedback.code, reporter)
        await self._insert_if_absent(t.timeline_heads, dossier_code=feedback.code, seq=0, hash="")

    async def update_feedback(self, code: str, **changes: Any) -> FeedbackRecord:
        """Change fields of a feedback and return it whole. Raises KeyError for an unknown code."""
        mine = t.feedback.c.code == code
        row = await self._first(select(t.feedback).where(mine).with_for_update())
        if row is None:
            raise KeyError(code)
        after, values = _changed(FeedbackRecord(**row), {"code", "secret", "received_at"}, changes)
        if values:
            await self._connection.execute(update(t.feedback).where(mine).values(values))
        if after.state.value != row["state"]:
            data = {"state": after.state.value}
            event = SystemEvent.FEEDBACK_STATE_CHANGED
            for draft in await listeners.drafts(self, event, code, code, data, self._now(), own=after.restricted):
                await self.send(draft)
        return after

    async def add_feedback_photo(self, code: str, photo: FeedbackPhoto) -> None:
        """Keep a photo of a feedback; the file is in the document store."""
        await self._add_to_feedback(t.feedback_photos, code, photo)

    async def publish_feedback_photos(self, code: str, sha256s: Iterable[str]) -> None:
        """Show these photos of a feedback to the public and hide the others."""
        p = t.feedback_photos.c
        chosen = p.sha256.in_(sorted(set(sha256s)))
        await self._connection.execute(update(t.feedback_photos).where(p.feedback_code == code).values(public=chosen))

    async def add_feedback_answer(self, code: str, answer: FeedbackAnswer) -> None:
        """Keep an answer to a feedback."""
        await self._add_to_feedback(t.feedback_answers, code, answer)

    async def add_feedback_rating(self, code: str, rating: FeedbackRating) -> bool:
        """Keep what the citizen gave an answer; tells whether it is the first for that answer, else nothing changes."""
        return await self._insert_if_absent(t.feedback_ratings, feedback_code=code, **rating.model_dump())

    async def add_feedback_handover(self, code: str, handover: FeedbackHandover) -> None:
        """Keep that one unit handed a feedback to another."""
        await self._add_to_feedback(t.feedback_handovers, code, handover)

    async def keep_draft(self, draft_id: str, said: dict[str, Any]) -> None:
        """Keep what a visitor has begun to write, in place of what was kept under this id before."""
        values = {"changed_at": self._now(), "said": said}
        if not await self._insert_if_absent(t.drafts, id=draft_id, **values):
            await self._connection.execute(update(t.drafts).where(t.drafts.c.id == draft_id).values(values))

    async def drop_draft(self, draft_id: str) -> bool:
        """Forget what was begun; tell whether it was there."""
        result = await self._connection.execute(delete(t.drafts).where(t.drafts.c.id == draft_id))
        return result.rowcount == 1

    async def drop_drafts(self, before: datetime) -> None:
        """Forget what nobody went on with since an instant."""
        await self._connection.execute(delete(t.drafts).where(t.drafts.c.changed_at < before))

    async def _add_to_feedback(self, table: Table, code: str, record: Record) -> None:
        await self._connection.execute(insert(table), {"feedback_code": code, **record.model_dump()})

    async def open_step(self, step: OpenStep) -> None:
        """Record that somebody holds a step from now on; a second call for the same step changes nothing."""
        if await self._insert_if_absent(t.steps, **step.model_dump()):
            await self._append(_hand_over(step, TimelineKind.OPENED, step.opened_at))

    async def close_step(self, step_id: int, at: datetime, working_minutes: int, outcome: str | None) -> None:
        """Record that a step was handed on; closing a closed or unknown step changes nothing."""
        still_open = (t.steps.c.step_id == step_id) & t.steps.c.closed_at.is_(None)
        row = await self._first(select(*STEP_COLUMNS).where(still_open).with_for_update())
        if row is None:
            return
        await self._connection.execute(update(t.steps).where(still_open).values(closed_at=at))
        entry = _hand_over(OpenStep(**row), TimelineKind.CLOSED, at)
        await self._append(entry.model_copy(update={"working_minutes": working_minutes, "outcome": outcome}))

    async def record_event(self, entry: TimelineEntry) -> None:
        """Append an entry that is no hand-over; `seq` and the hashes are filled in here."""
        await self._append(entry)

    async def send(self, draft: OutboxDraft) -> None:
        """Queue something to send once; a second draft with the same message id changes nothing."""
        now = self._now()
        await self._insert_if_absent(
            t.outbox,
            **draft.model_dump(),
            created_at=now,
            due_at=draft.not_before or now,
            state="pending",
            attempts=0,
        )

    async def _tell_systems(self, event: SystemEvent, dossier: DossierRecord) -> None:
        data = {"submission_id": dossier.submission_id, "state": dossier.state.value}
        for draft in await listeners.drafts(self, event, dossier.submission_id, dossier.code, data, self._now()):
            await self.send(draft)

    async def _append(self, entry: TimelineEntry) -> None:
        heads = t.timeline_heads
        mine = heads.c.dossier_code == entry.dossier_code
        locked = select(heads.c.seq, heads.c.hash).where(mine).with_for_update()
        row = await self._first(locked)
        if row is None:
            await self._insert_if_absent(heads, dossier_code=entry.dossier_code, seq=0, hash="")
            row = await self._first(locked)
        linked = link(entry, Head(**row) if row else Head())
        await self._connection.execute(insert(t.timeline), linked.model_dump())
        await self._connection.execute(update(heads).where(mine).values(seq=linked.seq, hash=linked.hash))

    async def _submission_of(self, code: str) -> str:
        row = await self._first(select(t.dossiers.c.submission_id).where(t.dossiers.c.code == code))
        if row is None:
            raise KeyError(code)
        return str(row["submission_id"])

    async def _add_documents(self, submission_id: str, documents: Iterable[FiledDocument]) -> None:
        rows = [{"submission_id": submission_id, **document.model_dump()} for document in documents]
        if rows:
            await self._connection.execute(insert(t.documents), rows)

    async def _add_words(self, dossier: DossierRecord) -> None:
        words = sorted(dossier_words(dossier.code, dossier.title))
        await self._connection.execute(
            insert(t.dossier_words), [{"word": word, "dossier_code": dossier.code} for word in words]
        )

    async def _insert_if_absent(self, table: Table, **values: Any) -> bool:
        return await insert_if_absent(self._connection, table, values)


async def insert_if_absent(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Insert a row unless its key is taken; tell whether it was. Waits for another transaction that holds the key."""
    result = await connection.execute(_insert_or_skip(connection.dialect, table), values)
    return result.rowcount == 1


@cache
def _insert_or_skip(dialect: str, table: Table) -> Executable:
    insert_into = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert_into(table).on_conflict_do_nothing()


def _changed(record: R, fixed: set[str], changes: dict[str, Any]) -> tuple[R, dict[str, Any]]:
    known = type(record).model_fields.keys() - fixed
    if unknown := changes.keys() - known:
        message = f"cannot change {', '.join(sorted(unknown))}"
        raise TypeError(message)
    after = type(record).model_validate(record.model_dump() | changes)
    return after, after.model_dump(include=set(changes))


def _hand_over(step: OpenStep, kind: TimelineKind, at: datetime) -> TimelineEntry:
    return TimelineEntry(kind=kind, at=at, seq=0, **step.model_dump(exclude={"opened_at"}))
