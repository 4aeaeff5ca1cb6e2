"""Name the rows of the registry: what is known of a dossier beyond the engine's variables.

Instants are aware datetimes; the registry stores them in UTC and returns them in Asia/Ho_Chi_Minh.
Personal data stands in `Applicant`, `Reporter`, in what citizens wrote in their feedback, and in outbox rows only.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_serializer


class Record(BaseModel):
    """Hold one immutable row; an error about a value that does not fit does not show the value."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class DossierState(StrEnum):
    """Say how far a dossier is; lateness is derived, never a state."""

    REGISTERED = "registered"
    ACCEPTED = "accepted"
    SUPPLEMENT_REQUESTED = "supplement_requested"
    RESOLVED = "resolved"
    RETURNED = "returned"
    REFUSED = "refused"
    STOPPED = "stopped"
    WITHDRAWN = "withdrawn"


IN_PROGRESS = frozenset({DossierState.REGISTERED, DossierState.ACCEPTED, DossierState.SUPPLEMENT_REQUESTED})
FINISHED = frozenset(DossierState) - IN_PROGRESS
CALLED_OFF = frozenset({DossierState.REFUSED, DossierState.STOPPED, DossierState.WITHDRAWN})
"""Nothing more is done for these: their process has ended, or is about to."""


class Applicant(Record):
    """Hold who filed: a person, an enterprise or a unit. Personal data."""

    name: str
    id_number: str | None = None
    tax_code: str | None = None
    phone: str | None = None
    email: str | None = None
    address: str | None = None
    unit: str | None = None
    consent_email: bool = False
    consent_sms: bool = False


class FiledDocument(Record):
    """Hold one filed document: the file is in the document store under `sha256`."""

    composition: str
    name: str
    sha256: str
    size: int
    original: str = "copy"
    issued_on: date | None = None
    expires_on: date | None = None
    round: int = 0
    detected_type: str | None = None
    pages: int | None = None
    findings: list[dict[str, Any]] | None = None


class Submission(Record):
    """Hold what was handed in, before and after it became a dossier."""

    id: str
    submitted_at: datetime
    channel: str
    kind: str
    procedure_code: str
    case: str | None = None
    title: str
    urgency: str = "normal"
    origin_unit: str
    applicant: Applicant
    documents: list[FiledDocument] = Field(default_factory=list)
    dossier_code: str | None = None


class DossierRecord(Record):
    """Hold a dossier. `process_instance_key` finds it in Operate; `pauses` since `received_at`, oldest first.

    `extended`: when an extension was granted and of how many working days; `extension_days` is their sum.
    `worked_minutes`: office hours from reception to the result, without the pauses.
    """

    code: str
    submission_id: str
    process_instance_key: int
    kind: str
    procedure_code: str
    procedure_version: str
    case: str | None
    title: str
    urgency: str
    channel: str
    origin_unit: str
    lead_unit: str
    received_at: datetime
    accepted_at: datetime | None = None
    original_due_at: datetime
    due_at: datetime
    near_due_at: datetime
    deadline_provisional: bool = False
    deadline_revision: int = 0
    due_set_by_hand: bool = False
    paused_at: datetime | None = None
    pauses: list[tuple[datetime, datetime]] = Field(default_factory=list)
    state: DossierState = DossierState.REGISTERED
    resolved_at: datetime | None = None
    finished_at: datetime | None = None
    result_number: str | None = None
    result_type: str | None = None
    extensions: int = 0
    extension_days: int = 0
    extended: list[tuple[datetime, int]] = Field(default_factory=list)
    supplements: int = 0
    worked_minutes: int | None = None
    rating: int | None = None
    tracking_secret: str

    @field_serializer("pauses")
    def _written(self, pauses: list[tuple[datetime, datetime]]) -> list[list[str]]:
        return [[start.isoformat(), end.isoformat()] for start, end in pauses]

    @field_serializer("extended")
    def _granted(self, extended: list[tuple[datetime, int]]) -> list[tuple[str, int]]:
        return [(at.isoformat(), days) for at, days in extended]


class DeadlineChange(Record):
    """Hold one revision of a deadline with its reason and legal basis."""

    dossier_code: str
    revision: int
    at: datetime
    reason: str
    clause: str | None
    before: datetime | None
    after: datetime
    provisional: bool = False


class OpinionRecord(Record):
    """Hold one unit's opinion. `silent` is never merged into `answer`."""

    request_id: str
    dossier_code: str
    round: int
    unit: str
    regulation: str | None
    asked_at: datetime
    due_at: datetime
    answered_at: datetime | None = None
    answer: str | None = None
    content: str | None = None
    silent: bool = False
    silence_outcome: str | None = None
    silence_clause: str | None = None
    late: bool = False
    disposition: str | None = None
    explanation: str | None = None


class PaperRecord(Record):
    """Hold one produced paper: the PDF is in the document store under `sha256`."""

    dossier_code: str
    kind: str
    form_set: str | None
    form_code: str | None
    title: str
    number: str | None
    sha256: str
    name: str
    made_at: datetime


class FeedbackState(StrEnum):
    """Say how far a citizen's feedback is; lateness is derived, never a state."""

    RECEIVED = "received"
    FORWARDED = "forwarded"
    IN_PROGRESS = "in_progress"
    ANSWERED = "answered"
    REOPENED = "reopened"
    CLOSED = "closed"
    ROUTED_OUT = "routed_out"
    REJECTED = "rejected"
    MERGED = "merged"


FEEDBACK_OPEN = frozenset(
    {FeedbackState.RECEIVED, FeedbackState.FORWARDED, FeedbackState.IN_PROGRESS, FeedbackState.REOPENED}
)
"""A unit still owes the citizen an answer."""


class PublicState(StrEnum):
    """Say whether the public sees a feedback; a person decides."""

    PENDING = "pending"
    SHOWN = "shown"
    HIDDEN = "hidden"


class Reporter(Record):
    """Hold who gave feedback and how they agreed to be told. Personal data."""

    name: str | None = None
    phone: str | None = None
    email: str | None = None
    consent_email: bool = False
    consent_sms: bool = False
    consent_zalo: bool = False


class FeedbackRecord(Record):
    """Hold a citizen's feedback (phản ánh, kiến nghị). `process_instance_key` finds it in Operate.

    `field`: None while nobody classified it. `commune`: the commune-level unit it lies in. `restricted`: about the
    conduct of officials, hidden from the unit concerned and from the public. `round`: how often it was reopened.
    `forwarded_at`: first handed to a unit. `original_due_at` never changes. `committed_on`: the promise of an interim
    answer.
    """

    code: str
    secret: str
    received_at: datetime
    channel: str
    field: str | None = None
    text: str
    place: str = ""
    latitude: float | None = None
    longitude: float | None = None
    commune: str | None = None
    anonymous: bool = False
    restricted: bool = False
    state: FeedbackState = FeedbackState.RECEIVED
    unit: str | None = None
    process_instance_key: int | None = None
    forward_due_at: datetime
    forwarded_at: datetime | None = None
    due_at: datetime | None = None
    original_due_at: datetime | None = None
    deadline_provisional: bool = False
    committed_on: date | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    round: int = 0
    public_state: PublicState = PublicState.PENDING
    public_text: str | None = None
    merged_into: str | None = None


class FeedbackPhoto(Record):
    """Hold one photo of a feedback (kind: report, before, after): a file of the document store without metadata."""

    sha256: str
    name: str
    kind: str
    public: bool = False


class FeedbackAnswer(Record):
    """Hold one answer (kind: interim, final, routed_out, rejected); `public_text` is what the public may read."""

    kind: str
    text: str
    public_text: str | None = None
    committed_on: date | None = None
    at: datetime
    unit: str


class FeedbackRating(Record):
    """Hold what the citizen gave an answer: 1 to 5 stars. `round` says which answer, as in `FeedbackRecord`."""

    stars: int = Field(ge=1, le=5)
    comment: str = ""
    at: datetime
    round: int = 0


class FeedbackHandover(Record):
    """Hold one hand-over between units; `reason` says why: forwarded, wrong address, reopened."""

    from_unit: str
    to_unit: str
    reason: str
    at: datetime


class OpenStep(Record):
    """Hold a step that somebody holds now. `step_id` is the engine's element instance key."""

    step_id: int
    dossier_code: str
    element_id: str
    process_id: str
    name: str
    unit: str
    role: str
    person: str | None
    clause: str | None
    opened_at: datetime
    due_at: datetime | None
    limit_minutes: int | None
    request_id: str | None = None


class TimelineKind(StrEnum):
    """Tell the kinds of timeline entries apart."""

    OPENED = "opened"
    CLOSED = "closed"
    EVENT = "event"


class TimelineEntry(Record):
    """Hold one entry of the append-only, hash-chained timeline (one chain a dossier).

    A hand-over is two entries with the same `step_id`. `working_minutes` and `limit_minutes` are minutes
    inside office hours. `hash` covers the entry and `previous_hash`.
    """

    dossier_code: str
    seq: int
    kind: TimelineKind
    at: datetime
    step_id: int | None = None
    element_id: str | None = None
    process_id: str | None = None
    name: str
    unit: str | None = None
    role: str | None = None
    person: str | None = None
    clause: str | None = None
    due_at: datetime | None = None
    limit_minutes: int | None = None
    working_minutes: int | None = None
    outcome: str | None = None
    note: str | None = None
    request_id: str | None = None
    previous_hash: str = ""
    hash: str = ""


class OutboxChannel(StrEnum):
    """Name where an outbox row goes: to a person's channel, as a message to the engine, or to another system."""

    EMAIL = "email"
    SMS = "sms"
    ZALO = "zalo"
    ENGINE = "engine"
    WEBHOOK = "webhook"


class PublicationState(StrEnum):
    """Say how far a publication is; a correction under way leaves it published."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RECALLED = "recalled"
    DISCARDED = "discarded"


class PublicationRecord(Record):
    """Hold a piece of directing information. `version`: the one the public reads, 0 while there is none.

    `editor` and `approver` are accounts; `changed_at`: last published, corrected or recalled.
    """

    code: str
    process_instance_key: int
    unit: str
    editor: str
    approver: str
    state: PublicationState = PublicationState.DRAFT
    version: int = 0
    drafted_at: datetime
    published_at: datetime | None = None
    changed_at: datetime | None = None
    recall_reason: str | None = None


class PublicationVersion(Record):
    """Hold one wording of a publication; `reason` says why it corrects the one before.

    `topics` by code, `areas` by the code of a unit (the city's code: everywhere), `channels` beside the portal.
    """

    publication_code: str
    number: int
    title: str
    summary: str
    text: str
    topics: list[str]
    areas: list[str]
    channels: list[OutboxChannel]
    source_number: str
    source_date: date
    source_signer: str
    signed_at: datetime
    written_at: datetime
    approved_at: datetime | None = None
    approved_by: str | None = None
    published_at: datetime | None = None
    reason: str | None = None

    @field_serializer("channels")
    def _plain(self, channels: list[OutboxChannel]) -> list[str]:
        return [channel.value for channel in channels]


class Subscription(Record):
    """Hold who wants to be told, over one channel; nothing is sent before `confirmed_at`. Personal data.

    `token` opens the pages to confirm, change and end it; `confirm_code` is asked for where no link can be sent.
    """

    id: str
    token: str
    confirm_code: str
    channel: OutboxChannel
    address: str
    topics: list[str]
    areas: list[str]
    begun_at: datetime
    confirmed_at: datetime | None = None


class Attachment(Record):
    """Name a stored file to send along."""

    name: str
    sha256: str


class OutboxDraft(Record):
    """Hold something to send once; `message_id` stays the same over every attempt."""

    message_id: str
    dossier_code: str | None
    channel: OutboxChannel
    recipient: str
    event: str
    subject: str = ""
    body: str = ""
    attachments: list[Attachment] = Field(default_factory=list)
    variables: dict[str, Any] = Field(default_factory=dict)
    not_before: datetime | None = None

    @classmethod
    def to_engine(
        cls, message_id: str, name: str, key: str, variables: dict[str, Any], dossier_code: str | None = None
    ) -> Self:
        """Draft a message to the engine: its name, and the key by which a process waits for it."""
        return cls(
            message_id=message_id,
            dossier_code=dossier_code,
            channel=OutboxChannel.ENGINE,
            recipient=key,
            event=name,
            variables=variables,
        )


class ApiScope(StrEnum):
    """Name what a key may do. `dossiers:all`: what it may do with dossiers, also with those others filed."""

    FILE = "dossiers:write"
    FOLLOW = "dossiers:read"
    ALL = "dossiers:all"
    DOCUMENTS = "documents:read"
    APPLICANTS = "applicants:read"
    REPORT = "feedback:write"
    FOLLOW_FEEDBACK = "feedback:read"
    WEBHOOKS = "webhooks:manage"


class SystemEvent(StrEnum):
    """Name what other systems may be told of."""

    DOSSIER_REGISTERED = "dossier.registered"
    DOSSIER_STATE_CHANGED = "dossier.state_changed"
    FEEDBACK_STATE_CHANGED = "feedback.state_changed"


class ApiKey(Record):
    """Hold what one system may do; the key itself is known by its digest only. `per_minute`: requests, at most."""

    id: str
    system: str
    digest: str
    scopes: list[ApiScope]
    per_minute: int
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def works_at(self, now: datetime) -> bool:
        """Say whether the key opens anything at an instant."""
        return self.revoked_at is None and now < self.expires_at


class Webhook(Record):
    """Hold where a system wants to be told of events. `secret` signs what is sent, so it cannot be kept as a digest."""

    id: str
    key_id: str
    url: str
    secret: str
    events: list[SystemEvent]
    created_at: datetime
    removed_at: datetime | None = None


class WhoLooked(StrEnum):
    """Tell apart who looks at personal data."""

    API_KEY = "api_key"
    STAFF = "staff"
    SECRET = "secret"  # noqa: S105 - who knows the secret of the dossier


class Look(Record):
    """Hold one look at personal data: by whom, at what, from where. `address` is cut: a network, not a machine."""

    at: datetime
    by: WhoLooked
    name: str
    subject: str
    data: str
    address: str
