"""Say what chapters ask of the outside; app.py fills it in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from workers.records import OutboxChannel

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
    from datetime import date, datetime

    from workers.contract import JobMeta
    from workers.papers.models import Paper
    from workers.records import (
        Applicant,
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
        PublicationRecord,
        PublicationVersion,
        Reporter,
        Submission,
        Subscription,
        TimelineEntry,
    )
    from workers.regulation.feedback import PhotoLimits
    from workers.rulebook import Rulebook


class Reader(Protocol):
    """Read the registry."""

    async def submission(self, submission_id: str) -> Submission | None:
        """Find a submission with its documents."""

    async def dossier(self, code: str) -> DossierRecord | None:
        """Find a dossier."""

    async def applicant(self, code: str) -> Applicant:
        """Find who filed a dossier. Raises KeyError for an unknown code."""

    async def documents(self, code: str) -> Sequence[FiledDocument]:
        """List the filed documents, oldest first."""

    async def filed_elsewhere(self, sha256s: Iterable[str], code: str) -> dict[str, str]:
        """Map the digests that another dossier holds already to that dossier's code."""

    async def papers(self, code: str) -> Sequence[PaperRecord]:
        """List the papers produced, oldest first."""

    async def opinion(self, request_id: str) -> OpinionRecord | None:
        """Find one opinion."""

    async def opinions(self, code: str) -> Sequence[OpinionRecord]:
        """List the opinions of all rounds, in the order they were asked for."""

    async def deadline_changes(self, code: str) -> Sequence[DeadlineChange]:
        """List the revisions of the deadline, oldest first."""

    async def publication(self, code: str) -> PublicationRecord | None:
        """Find a publication."""

    async def publication_version(self, code: str, number: int) -> PublicationVersion | None:
        """Find one wording of a publication."""

    async def subscribers(self) -> Sequence[Subscription]:
        """List the confirmed subscriptions."""

    async def told_of(self, code: str) -> Sequence[str]:
        """List the recipients whose message about a publication went out, or may have."""

    async def open_steps(self, code: str) -> Sequence[OpenStep]:
        """List the steps somebody holds now."""

    async def feedback(self, code: str) -> FeedbackRecord | None:
        """Find a citizen's feedback."""

    async def reporter(self, code: str) -> Reporter:
        """Find who gave feedback. Raises KeyError for an unknown code."""

    async def feedback_photos(self, code: str) -> Sequence[FeedbackPhoto]:
        """List the photos of a feedback, oldest first."""

    async def feedback_answers(self, code: str) -> Sequence[FeedbackAnswer]:
        """List the answers to a feedback, oldest first."""

    async def feedback_ratings(self, code: str) -> Sequence[FeedbackRating]:
        """List what the citizen gave the answers, oldest first."""

    async def feedback_handovers(self, code: str) -> Sequence[FeedbackHandover]:
        """List which units handed a feedback on, oldest first."""

    async def merged_feedback(self, code: str) -> Sequence[FeedbackRecord]:
        """List the feedback that was merged into one."""

    async def find_feedback(
        self, *, field: str | None = None, since: datetime | None = None, limit: int = 50
    ) -> Sequence[FeedbackRecord]:
        """List feedback, newest first."""

    async def coming_number(self, scope: str) -> int:
        """Foresee the next number of a counter; another transaction may take it first."""

    async def timeline(self, code: str) -> Sequence[TimelineEntry]:
        """List the timeline of a dossier in order."""


class Writer(Reader, Protocol):
    """Change the registry inside the one transaction of a job."""

    async def add_submission(self, submission: Submission) -> None:
        """Keep what was handed in."""

    async def add_dossier(self, dossier: DossierRecord) -> None:
        """Keep a new dossier and link its submission."""

    async def update_dossier(self, code: str, **changes: Any) -> DossierRecord:
        """Change fields of a dossier and return it whole. Raises KeyError for an unknown code."""

    async def add_documents(self, code: str, documents: Iterable[FiledDocument]) -> None:
        """File more documents (a supplement)."""

    async def set_inspection(self, code: str, document: FiledDocument) -> None:
        """Keep type, pages and findings of the document with this digest."""

    async def next_number(self, scope: str) -> int:
        """Mint the next number of a counter, from 1, without gap or duplicate once the transaction commits."""

    async def add_paper(self, paper: PaperRecord) -> None:
        """Keep a produced paper."""

    async def add_opinion(self, opinion: OpinionRecord) -> None:
        """Keep a request for an opinion."""

    async def update_opinion(self, request_id: str, **changes: Any) -> OpinionRecord:
        """Change fields of an opinion and return it whole. Raises KeyError for an unknown request."""

    async def add_deadline_change(self, change: DeadlineChange) -> None:
        """Keep a revision of the deadline."""

    async def add_feedback(self, feedback: FeedbackRecord, reporter: Reporter) -> None:
        """Keep a citizen's feedback and who gave it."""

    async def update_feedback(self, code: str, **changes: Any) -> FeedbackRecord:
        """Change fields of a feedback and return it whole. Raises KeyError for an unknown code."""

    async def add_feedback_photo(self, code: str, photo: FeedbackPhoto) -> None:
        """Keep a photo of a feedback; the file is in the document store."""

    async def publish_feedback_photos(self, code: str, sha256s: Iterable[str]) -> None:
        """Show these photos of a feedback to the public and hide the others."""

    async def add_feedback_answer(self, code: str, answer: FeedbackAnswer) -> None:
        """Keep an answer to a feedback."""

    async def add_feedback_rating(self, code: str, rating: FeedbackRating) -> bool:
        """Keep what the citizen gave an answer; tells whether it is the first for that answer, else nothing changes."""

    async def add_feedback_handover(self, code: str, handover: FeedbackHandover) -> None:
        """Keep that one unit handed a feedback to another."""

    async def add_publication(self, publication: PublicationRecord) -> None:
        """Keep a new publication."""

    async def update_publication(self, code: str, **changes: Any) -> PublicationRecord:
        """Change fields of a publication and return it whole. Raises KeyError for an unknown code."""

    async def keep_publication_version(self, version: PublicationVersion) -> None:
        """Keep a wording, instead of the one of the same number if there is one."""

    async def drop_publication_version(self, code: str, number: int) -> None:
        """Forget a wording."""

    async def drop_waiting_news(self, *, code: str | None = None, recipient: str | None = None) -> None:
        """Forget messages to subscribers that nobody began to send: of a publication, or to one address."""

    async def open_step(self, step: OpenStep) -> None:
        """Record that somebody holds a step from now on; a second call for the same step changes nothing."""

    async def close_step(self, step_id: int, at: datetime, working_minutes: int, outcome: str | None) -> None:
        """Record that a step was handed on; closing a closed or unknown step changes nothing."""

    async def record_event(self, entry: TimelineEntry) -> None:
        """Append an entry that is no hand-over; `seq` and the hashes are filled in here."""

    async def send(self, draft: OutboxDraft) -> None:
        """Queue something to send once; a second draft with the same message id changes nothing."""


@dataclass(frozen=True)
class MadePaper:
    """Name a rendered paper that is in the document store already."""

    form_set: str | None
    form_code: str | None
    title: str
    name: str
    sha256: str


class Press(Protocol):
    """Make papers."""

    async def make(self, paper: Paper) -> MadePaper:
        """Render a paper and store it."""


@dataclass(frozen=True)
class Text:
    """Hold a rendered notification; `sms` and `template` None: it has no short form, none for Zalo."""

    subject: str
    body: str
    sms: str | None = None
    template: str | None = None
    template_data: Mapping[str, Any] = field(default_factory=dict)

    def on(self, channel: OutboxChannel) -> tuple[str, dict[str, Any]]:
        """Give what a channel carries, and its variables: e-mail the body, the others the short form or the subject."""
        if channel is OutboxChannel.EMAIL:
            return self.body, {}
        short = self.sms or self.subject
        if channel is OutboxChannel.ZALO:
            return short, {"template": self.template, "template_data": dict(self.template_data)}
        return short, {}


class Texts(Protocol):
    """Render notifications."""

    def render(self, event: str, values: Mapping[str, Any]) -> Text:
        """Render the text of an event. Raises NeedsOperator when a value is missing."""


@dataclass(frozen=True)
class Inspected:
    """Hold what the document checks found; each finding has code, severity, message and page."""

    ok: bool
    detected_type: str | None
    pages: int | None
    findings: list[dict[str, Any]]


class Files(Protocol):
    """Look into filed documents."""

    async def inspect(self, document: FiledDocument, today: date, filed_in: str | None) -> Inspected:
        """Check one stored file; a broken file is a finding, never an error. `filed_in`: another dossier has it too."""

    async def take_batch(self, batch: str) -> list[FiledDocument]:
        """Store the files of a scan batch. Raises BusinessError when the batch is not there."""

    async def take_photos(self, batch: str, limits: PhotoLimits) -> list[FeedbackPhoto]:
        """Store the photos of a batch. Raises BusinessError (Err_PhotosMissing) for what is not there or no photo."""


@dataclass(frozen=True)
class Work:
    """Give a handler what it needs: the job, the moment, the rules and the outside.

    `write()` opens the one transaction of the job; do what is slow before calling it.
    """

    job: JobMeta
    now: datetime
    rules: Rulebook
    read: Reader
    write: Callable[[], Awaitable[Writer]]
    press: Press
    texts: Texts
    files: Files
    new_secret: Callable[[], str]
    new_feedback_code: Callable[[], str]
    tracking_url: Callable[[str], str]
    papers_url: Callable[[str], str]
    site_url: str
    feedback_url: Callable[[str], str]
