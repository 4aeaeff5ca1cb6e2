"""Create the first tables, and the triggers that make the timeline append-only."""

import sqlalchemy as sa
from alembic import op

from workers.registry.columns import Instant, row_id, structured, word

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# INSERT OR REPLACE removes the old row without firing a DELETE trigger, hence the third one.
_SQLITE_TRIGGERS = (
    """CREATE TRIGGER timeline_no_update BEFORE UPDATE ON timeline
       BEGIN SELECT RAISE(ABORT, 'the timeline is append-only'); END""",
    """CREATE TRIGGER timeline_no_delete BEFORE DELETE ON timeline
       BEGIN SELECT RAISE(ABORT, 'the timeline is append-only'); END""",
    """CREATE TRIGGER timeline_no_replace BEFORE INSERT ON timeline
       WHEN EXISTS (SELECT 1 FROM timeline WHERE dossier_code = NEW.dossier_code AND seq = NEW.seq)
       BEGIN SELECT RAISE(ABORT, 'the timeline is append-only'); END""",
    """CREATE TRIGGER timeline_heads_only_forward BEFORE UPDATE ON timeline_heads
       WHEN NEW.seq <> OLD.seq + 1 OR NEW.dossier_code <> OLD.dossier_code
       BEGIN SELECT RAISE(ABORT, 'the timeline is append-only'); END""",
    """CREATE TRIGGER timeline_heads_no_delete BEFORE DELETE ON timeline_heads
       BEGIN SELECT RAISE(ABORT, 'the timeline is append-only'); END""",
    """CREATE TRIGGER timeline_heads_no_replace BEFORE INSERT ON timeline_heads
       WHEN NEW.seq <> 0 OR EXISTS (SELECT 1 FROM timeline_heads WHERE dossier_code = NEW.dossier_code)
       BEGIN SELECT RAISE(ABORT, 'the timeline is append-only'); END""",
)
_POSTGRESQL_TRIGGERS = (
    """CREATE FUNCTION refuse_timeline_change() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'the timeline is append-only'; END $$""",
    """CREATE TRIGGER timeline_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON timeline
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_timeline_change()""",
    """CREATE TRIGGER timeline_heads_no_delete BEFORE DELETE OR TRUNCATE ON timeline_heads
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_timeline_change()""",
    """CREATE TRIGGER timeline_heads_only_forward BEFORE UPDATE ON timeline_heads FOR EACH ROW
       WHEN (NEW.seq <> OLD.seq + 1 OR NEW.dossier_code <> OLD.dossier_code)
       EXECUTE FUNCTION refuse_timeline_change()""",
    """CREATE TRIGGER timeline_heads_from_zero BEFORE INSERT ON timeline_heads FOR EACH ROW
       WHEN (NEW.seq <> 0) EXECUTE FUNCTION refuse_timeline_change()""",
)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "counters",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name="pk_counters"),
    )
    op.create_table(
        "effects",
        sa.Column("element_instance_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("job_type", sa.String(), nullable=False),
        sa.Column("job_key", sa.BigInteger(), nullable=False),
        sa.Column("process_instance_key", sa.BigInteger(), nullable=False),
        sa.Column("dossier_code", sa.String(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("result", structured(), nullable=True),
        sa.PrimaryKeyConstraint("element_instance_key", "job_type", name="pk_effects"),
    )
    op.create_index("ix_effects_dossier_code", "effects", ["dossier_code"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", row_id(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("dossier_code", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("attachments", structured(), nullable=False),
        sa.Column("variables", structured(), nullable=False),
        sa.Column("not_before", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("message_id", name="uq_outbox_message_id"),
    )
    op.create_index("ix_outbox_dossier_code_id", "outbox", ["dossier_code", "id"], unique=False)
    op.create_index("ix_outbox_state_channel_due_at_id", "outbox", ["state", "channel", "due_at", "id"], unique=False)
    op.create_index("ix_outbox_state_claimed_at", "outbox", ["state", "claimed_at"], unique=False)
    op.create_index("ix_outbox_state_created_at", "outbox", ["state", "created_at"], unique=False)
    op.create_table(
        "steps",
        sa.Column("step_id", row_id(), autoincrement=False, nullable=False),
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("element_id", sa.String(), nullable=False),
        sa.Column("process_id", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("clause", sa.Text(), nullable=True),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("limit_minutes", sa.Integer(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("step_id", name="pk_steps"),
    )
    op.create_index(
        "ix_steps_dossier_code_closed_at_opened_at", "steps", ["dossier_code", "closed_at", "opened_at"], unique=False
    )
    op.create_index("ix_steps_unit_closed_at_due_at", "steps", ["unit", "closed_at", "due_at"], unique=False)
    op.create_table(
        "submissions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("submitted_at", Instant(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("procedure_code", sa.String(), nullable=False),
        sa.Column("case", sa.String(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("urgency", sa.String(), nullable=False),
        sa.Column("origin_unit", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_submissions"),
    )
    op.create_table(
        "timeline",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("step_id", sa.BigInteger(), nullable=True),
        sa.Column("element_id", sa.String(), nullable=True),
        sa.Column("process_id", sa.String(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("clause", sa.Text(), nullable=True),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("limit_minutes", sa.Integer(), nullable=True),
        sa.Column("working_minutes", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("previous_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("dossier_code", "seq", name="pk_timeline"),
    )
    op.create_table(
        "timeline_heads",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("dossier_code", name="pk_timeline_heads"),
    )
    op.create_table(
        "applicants",
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("id_number", sa.String(), nullable=True),
        sa.Column("tax_code", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("consent_email", sa.Boolean(), nullable=False),
        sa.Column("consent_sms", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submissions.id"],
            name="fk_applicants_submission_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("submission_id", name="pk_applicants"),
    )
    op.create_table(
        "attempts",
        sa.Column("outbox_id", row_id(), autoincrement=False, nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=False),
        sa.Column("claimed_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["outbox_id"], ["outbox.id"], name="fk_attempts_outbox_id", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("outbox_id", "attempt", name="pk_attempts"),
    )
    op.create_table(
        "documents",
        sa.Column("id", row_id(), nullable=False),
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("composition", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("original", sa.String(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("detected_type", sa.String(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("findings", structured(), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submissions.id"],
            name="fk_documents_submission_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
    )
    op.create_index("ix_documents_sha256", "documents", ["sha256"], unique=False)
    op.create_index("ix_documents_submission_id", "documents", ["submission_id"], unique=False)
    op.create_table(
        "dossiers",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("process_instance_key", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("procedure_code", sa.String(), nullable=False),
        sa.Column("procedure_version", sa.String(), nullable=False),
        sa.Column("case", sa.String(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("urgency", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("origin_unit", sa.String(), nullable=False),
        sa.Column("lead_unit", sa.String(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("accepted_at", Instant(), nullable=True),
        sa.Column("original_due_at", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("near_due_at", Instant(), nullable=False),
        sa.Column("deadline_provisional", sa.Boolean(), nullable=False),
        sa.Column("deadline_revision", sa.Integer(), nullable=False),
        sa.Column("due_set_by_hand", sa.Boolean(), nullable=False),
        sa.Column("paused_at", Instant(), nullable=True),
        sa.Column("pauses", structured(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("resolved_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("result_number", sa.String(), nullable=True),
        sa.Column("result_type", sa.String(), nullable=True),
        sa.Column("extensions", sa.Integer(), nullable=False),
        sa.Column("extension_days", sa.Integer(), nullable=False),
        sa.Column("extended", structured(), nullable=False),
        sa.Column("supplements", sa.Integer(), nullable=False),
        sa.Column("worked_minutes", sa.Integer(), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("tracking_secret", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submissions.id"],
            name="fk_dossiers_submission_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("code", name="pk_dossiers"),
        sa.UniqueConstraint("submission_id", name="uq_dossiers_submission_id"),
    )
    op.create_index(
        "ix_dossiers_finished_at_resolved_at_due_at_code",
        "dossiers",
        ["finished_at", "resolved_at", "due_at", "code"],
        unique=False,
    )
    op.create_index(
        "ix_dossiers_lead_unit_finished_at_resolved_at_due_at_code",
        "dossiers",
        ["lead_unit", "finished_at", "resolved_at", "due_at", "code"],
        unique=False,
    )
    op.create_index(
        "ix_dossiers_lead_unit_received_at_code", "dossiers", ["lead_unit", "received_at", "code"], unique=False
    )
    op.create_index(
        "ix_dossiers_lead_unit_state_received_at_code",
        "dossiers",
        ["lead_unit", "state", "received_at", "code"],
        unique=False,
    )
    op.create_index("ix_dossiers_received_at_code", "dossiers", ["received_at", "code"], unique=False)
    op.create_index("ix_dossiers_resolved_at_lead_unit", "dossiers", ["resolved_at", "lead_unit"], unique=False)
    op.create_index("ix_dossiers_state_received_at_code", "dossiers", ["state", "received_at", "code"], unique=False)
    op.create_table(
        "deadline_changes",
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("clause", sa.Text(), nullable=True),
        sa.Column("before", Instant(), nullable=True),
        sa.Column("after", Instant(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dossier_code"],
            ["dossiers.code"],
            name="fk_deadline_changes_dossier_code",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("dossier_code", "revision", name="pk_deadline_changes"),
    )
    op.create_table(
        "dossier_words",
        sa.Column("word", word(), nullable=False),
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dossier_code"],
            ["dossiers.code"],
            name="fk_dossier_words_dossier_code",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("word", "dossier_code", name="pk_dossier_words"),
    )
    op.create_index("ix_dossier_words_dossier_code", "dossier_words", ["dossier_code"], unique=False)
    op.create_table(
        "opinions",
        sa.Column("id", row_id(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("regulation", sa.String(), nullable=True),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("answered_at", Instant(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.Column("silence_outcome", sa.String(), nullable=True),
        sa.Column("silence_clause", sa.Text(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("disposition", sa.String(), nullable=True),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dossier_code"], ["dossiers.code"], name="fk_opinions_dossier_code", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name="pk_opinions"),
        sa.UniqueConstraint("request_id", name="uq_opinions_request_id"),
    )
    op.create_index("ix_opinions_dossier_code", "opinions", ["dossier_code"], unique=False)
    op.create_table(
        "papers",
        sa.Column("id", row_id(), nullable=False),
        sa.Column("dossier_code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("form_set", sa.String(), nullable=True),
        sa.Column("form_code", sa.String(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dossier_code"], ["dossiers.code"], name="fk_papers_dossier_code", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name="pk_papers"),
    )
    op.create_index("ix_papers_dossier_code", "papers", ["dossier_code"], unique=False)
    triggers = _SQLITE_TRIGGERS if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL_TRIGGERS
    for trigger in triggers:
        op.execute(trigger)
