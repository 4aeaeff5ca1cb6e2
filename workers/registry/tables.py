"""Name the tables. The migrations create them; a test holds the two together."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from workers.registry.columns import Instant, row_id, structured, word

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _of(target: str) -> Any:
    # Checked at commit, so that a handler may write a dossier and what hangs on it in any order.
    return ForeignKey(target, deferrable=True, initially="DEFERRED")


submissions = Table(
    "submissions",
    metadata,
    Column("id", String, primary_key=True),
    Column("submitted_at", Instant, nullable=False),
    Column("channel", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("procedure_code", String, nullable=False),
    Column("case", String),
    Column("title", Text, nullable=False),
    Column("urgency", String, nullable=False),
    Column("origin_unit", String, nullable=False),
)

applicants = Table(
    "applicants",
    metadata,
    Column("submission_id", String, _of("submissions.id"), primary_key=True),
    Column("name", Text, nullable=False),
    Column("id_number", String),
    Column("tax_code", String),
    Column("phone", String),
    Column("email", String),
    Column("address", Text),
    Column("unit", String),
    Column("consent_email", Boolean, nullable=False),
    Column("consent_sms", Boolean, nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("submission_id", String, _of("submissions.id"), nullable=False),
    Column("composition", String, nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("original", String, nullable=False),
    Column("issued_on", Date),
    Column("expires_on", Date),
    Column("round", Integer, nullable=False),
    Column("detected_type", String),
    Column("pages", Integer),
    Column("findings", structured()),
    Index(None, "submission_id"),
    Index(None, "sha256"),
)

dossiers = Table(
    "dossiers",
    metadata,
    Column("code", String, primary_key=True),
    Column("submission_id", String, _of("submissions.id"), nullable=False, unique=True),
    Column("process_instance_key", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("procedure_code", String, nullable=False),
    Column("procedure_version", String, nullable=False),
    Column("case", String),
    Column("title", Text, nullable=False),
    Column("urgency", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("origin_unit", String, nullable=False),
    Column("lead_unit", String, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("accepted_at", Instant),
    Column("original_due_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("near_due_at", Instant, nullable=False),
    Column("deadline_provisional", Boolean, nullable=False),
    Column("deadline_revision", Integer, nullable=False),
    Column("due_set_by_hand", Boolean, nullable=False),
    Column("paused_at", Instant),
    Column("pauses", structured(), nullable=False),
    Column("state", String, nullable=False),
    Column("resolved_at", Instant),
    Column("finished_at", Instant),
    Column("result_number", String),
    Column("result_type", String),
    Column("extensions", Integer, nullable=False),
    Column("extension_days", Integer, nullable=False),
    Column("extended", structured(), nullable=False),
    Column("supplements", Integer, nullable=False),
    Column("worked_minutes", Integer),
    Column("rating", Integer),
    Column("tracking_secret", String, nullable=False),
    Index(None, "received_at", "code"),
    Index(None, "state", "received_at", "code"),
    Index(None, "lead_unit", "received_at", "code"),
    Index(None, "lead_unit", "state", "received_at", "code"),
    Index(None, "finished_at", "resolved_at", "due_at", "code"),
    Index(None, "resolved_at", "lead_unit"),
    Index(None, "lead_unit", "finished_at", "resolved_at", "due_at", "code"),
)

dossier_words = Table(
    "dossier_words",
    metadata,
    Column("word", word(), primary_key=True),
    Column("dossier_code", String, _of("dossiers.code"), primary_key=True),
    Index(None, "dossier_code"),
)

deadline_changes = Table(
    "deadline_changes",
    metadata,
    Column("dossier_code", String, _of("dossiers.code"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Column("clause", Text),
    Column("before", Instant),
    Column("after", Instant, nullable=False),
    Column("provisional", Boolean, nullable=False),
)

opinions = Table(
    "opinions",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("request_id", String, nullable=False, unique=True),
    Column("dossier_code", String, _of("dossiers.code"), nullable=False),
    Column("round", Integer, nullable=False),
    Column("unit", String, nullable=False),
    Column("regulation", String),
    Column("asked_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("answered_at", Instant),
    Column("answer", String),
    Column("content", Text),
    Column("silent", Boolean, nullable=False),
    Column("silence_outcome", String),
    Column("silence_clause", Text),
    Column("late", Boolean, nullable=False),
    Column("disposition", String),
    Column("explanation", Text),
    Index(None, "dossier_code"),
)

papers = Table(
    "papers",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("dossier_code", String, _of("dossiers.code"), nullable=False),
    Column("kind", String, nullable=False),
    Column("form_set", String),
    Column("form_code", String),
    Column("title", Text, nullable=False),
    Column("number", String),
    Column("sha256", String, nullable=False),
    Column("name", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
    Index(None, "dossier_code"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("code", String, primary_key=True),
    Column("secret", String, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("channel", String, nullable=False),
    Column("field", String),
    Column("text", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("commune", String),
    Column("anonymous", Boolean, nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("state", String, nullable=False),
    Column("unit", String),
    Column("process_instance_key", BigInteger),
    Column("forward_due_at", Instant, nullable=False),
    Column("forwarded_at", Instant),
    Column("due_at", Instant),
    Column("original_due_at", Instant),
    Column("deadline_provisional", Boolean, nullable=False),
    Column("committed_on", Date),
    Column("resolved_at", Instant),
    Column("closed_at", Instant),
    Column("round", Integer, nullable=False),
    Column("public_state", String, nullable=False),
    Column("public_text", Text),
    Column("merged_into", String, _of("feedback.code")),
    Index(None, "received_at", "code"),
    Index(None, "state", "received_at", "code"),
    Index(None, "unit", "received_at", "code"),
    Index(None, "public_state", "received_at", "code"),
    Index(None, "field", "received_at"),
    Index(None, "merged_into"),
)

feedback_reporters = Table(
    "feedback_reporters",
    metadata,
    Column("feedback_code", String, _of("feedback.code"), primary_key=True),
    Column("name", Text),
    Column("phone", String),
    Column("email", String),
    Column("consent_email", Boolean, nullable=False),
    Column("consent_sms", Boolean, nullable=False),
    Column("consent_zalo", Boolean, nullable=False),
)

feedback_photos = Table(
    "feedback_photos",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("feedback_code", String, _of("feedback.code"), nullable=False),
    Column("sha256", String, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", String, nullable=False),
    Column("public", Boolean, nullable=False),
    Index(None, "feedback_code"),
    Index(None, "sha256"),
)

feedback_answers = Table(
    "feedback_answers",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("feedback_code", String, _of("feedback.code"), nullable=False),
    Column("kind", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("public_text", Text),
    Column("committed_on", Date),
    Column("at", Instant, nullable=False),
    Column("unit", String, nullable=False),
    Index(None, "feedback_code"),
)

feedback_ratings = Table(
    "feedback_ratings",
    metadata,
    Column("feedback_code", String, _of("feedback.code"), primary_key=True),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("stars", Integer, nullable=False),
    Column("comment", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

feedback_handovers = Table(
    "feedback_handovers",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("feedback_code", String, _of("feedback.code"), nullable=False),
    Column("from_unit", String, nullable=False),
    Column("to_unit", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "feedback_code"),
)

drafts = Table(
    "drafts",
    metadata,
    Column("id", String, primary_key=True),
    Column("changed_at", Instant, nullable=False),
    Column("said", structured(), nullable=False),
    Index(None, "changed_at"),
)

# Timeline, heads and steps hang on no dossier row: the record of who held what outlives whatever happens to it.
steps = Table(
    "steps",
    metadata,
    Column("step_id", row_id(), primary_key=True, autoincrement=False),
    Column("dossier_code", String, nullable=False),
    Column("element_id", String, nullable=False),
    Column("process_id", String, nullable=False),
    Column("name", Text, nullable=False),
    Column("unit", String, nullable=False),
    Column("role", String, nullable=False),
    Column("person", String),
    Column("clause", Text),
    Column("opened_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("limit_minutes", Integer),
    Column("request_id", String),
    Column("closed_at", Instant),
    Index(None, "dossier_code", "closed_at", "opened_at"),
    Index(None, "unit", "closed_at", "due_at"),
)

timeline = Table(
    "timeline",
    metadata,
    Column("dossier_code", String, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("step_id", BigInteger),
    Column("element_id", String),
    Column("process_id", String),
    Column("name", Text, nullable=False),
    Column("unit", String),
    Column("role", String),
    Column("person", String),
    Column("clause", Text),
    Column("due_at", Instant),
    Column("limit_minutes", Integer),
    Column("working_minutes", Integer),
    Column("outcome", Text),
    Column("note", Text),
    Column("request_id", String),
    Column("previous_hash", String, nullable=False),
    Column("hash", String, nullable=False),
    Index(None, "kind", "at"),
)

timeline_heads = Table(
    "timeline_heads",
    metadata,
    Column("dossier_code", String, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("hash", String, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("scope", String, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

effects = Table(
    "effects",
    metadata,
    Column("element_instance_key", BigInteger, primary_key=True, autoincrement=False),
    Column("job_type", String, primary_key=True),
    Column("job_key", BigInteger, nullable=False),
    Column("process_instance_key", BigInteger, nullable=False),
    Column("dossier_code", String),
    Column("at", Instant, nullable=False),
    Column("result", structured()),
    Index(None, "dossier_code"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("message_id", String, nullable=False, unique=True),
    Column("dossier_code", String),
    Column("channel", String, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("event", String, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("attachments", structured(), nullable=False),
    Column("variables", structured(), nullable=False),
    Column("not_before", Instant),
    Column("created_at", Instant, nullable=False),
    Column("state", String, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("claimed_at", Instant),
    Column("finished_at", Instant),
    Index(None, "state", "channel", "due_at", "id"),
    Index(None, "state", "claimed_at"),
    Index(None, "state", "created_at"),
    Index(None, "dossier_code", "id"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("outbox_id", row_id(), _of("outbox.id"), primary_key=True, autoincrement=False),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("claimed_by", String, nullable=False),
    Column("claimed_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("outcome", String),
    Column("reason", Text),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String, primary_key=True),
    Column("system", Text, nullable=False),
    Column("digest", String, nullable=False),
    Column("scopes", structured(), nullable=False),
    Column("per_minute", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("last_used_at", Instant),
)

# What a key handed in: the id of a submission or the code of a feedback. `about`: the dossier a supplement is for.
api_intakes = Table(
    "api_intakes",
    metadata,
    Column("subject", String, primary_key=True),
    Column("key_id", String, _of("api_keys.id"), nullable=False),
    Column("about", String),
    Index(None, "key_id", "subject"),
)

# What a key asked for under an idempotency key, and the answer it got; committed together with what was asked for.
api_requests = Table(
    "api_requests",
    metadata,
    Column("key_id", String, _of("api_keys.id"), primary_key=True),
    Column("idempotency_key", String, primary_key=True),
    Column("digest", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("status", Integer),
    Column("answer", structured()),
    Index(None, "at"),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", String, primary_key=True),
    Column("key_id", String, _of("api_keys.id"), nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("events", structured(), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("removed_at", Instant),
    Index(None, "key_id", "id"),
    Index(None, "removed_at"),
)

# Hangs on no other row, as the timeline: who looked at what outlives what was looked at.
looks = Table(
    "looks",
    metadata,
    Column("id", row_id(), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("by", String, nullable=False),
    Column("name", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("data", String, nullable=False),
    Column("address", String, nullable=False),
    Index(None, "subject", "id"),
    Index(None, "at"),
)

publications = Table(
    "publications",
    metadata,
    Column("code", String, primary_key=True),
    Column("process_instance_key", BigInteger, nullable=False),
    Column("unit", String, nullable=False),
    Column("editor", String, nullable=False),
    Column("approver", String, nullable=False),
    Column("state", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("drafted_at", Instant, nullable=False),
    Column("published_at", Instant),
    Column("changed_at", Instant),
    Column("recall_reason", Text),
    Index(None, "published_at", "code"),
)

publication_versions = Table(
    "publication_versions",
    metadata,
    Column("publication_code", String, _of("publications.code"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("title", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("topics", structured(), nullable=False),
    Column("areas", structured(), nullable=False),
    Column("channels", structured(), nullable=False),
    Column("source_number", String, nullable=False),
    Column("source_date", Date, nullable=False),
    Column("source_signer", Text, nullable=False),
    Column("signed_at", Instant, nullable=False),
    Column("written_at", Instant, nullable=False),
    Column("approved_at", Instant),
    Column("approved_by", String),
    Column("published_at", Instant),
    Column("reason", Text),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", String, primary_key=True),
    Column("token", String, nullable=False, unique=True),
    Column("confirm_code", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("address", Text, nullable=False),
    Column("topics", structured(), nullable=False),
    Column("areas", structured(), nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
    Index(None, "address", "channel"),
    Index(None, "confirmed_at"),
)
