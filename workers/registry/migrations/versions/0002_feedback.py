"""Create the tables of citizens' feedback."""

import sqlalchemy as sa
from alembic import op

from workers.registry.columns import Instant, row_id

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "feedback",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("commune", sa.String(), nullable=True),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("process_instance_key", sa.BigInteger(), nullable=True),
        sa.Column("forward_due_at", Instant(), nullable=False),
        sa.Column("forwarded_at", Instant(), nullable=True),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("original_due_at", Instant(), nullable=True),
        sa.Column("deadline_provisional", sa.Boolean(), nullable=False),
        sa.Column("committed_on", sa.Date(), nullable=True),
        sa.Column("resolved_at", Instant(), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("public_state", sa.String(), nullable=False),
        sa.Column("public_text", sa.Text(), nullable=True),
        sa.Column("merged_into", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["merged_into"], ["feedback.code"], name="fk_feedback_merged_into", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("code", name="pk_feedback"),
    )
    op.create_index("ix_feedback_field_received_at", "feedback", ["field", "received_at"], unique=False)
    op.create_index("ix_feedback_merged_into", "feedback", ["merged_into"], unique=False)
    op.create_index(
        "ix_feedback_public_state_received_at_code", "feedback", ["public_state", "received_at", "code"], unique=False
    )
    op.create_index("ix_feedback_received_at_code", "feedback", ["received_at", "code"], unique=False)
    op.create_index("ix_feedback_state_received_at_code", "feedback", ["state", "received_at", "code"], unique=False)
    op.create_index("ix_feedback_unit_received_at_code", "feedback", ["unit", "received_at", "code"], unique=False)
    op.create_table(
        "feedback_answers",
        sa.Column("id", row_id(), nullable=False),
        sa.Column("feedback_code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("public_text", sa.Text(), nullable=True),
        sa.Column("committed_on", sa.Date(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feedback_code"],
            ["feedback.code"],
            name="fk_feedback_answers_feedback_code",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_feedback_answers"),
    )
    op.create_index("ix_feedback_answers_feedback_code", "feedback_answers", ["feedback_code"], unique=False)
    op.create_table(
        "feedback_handovers",
        sa.Column("id", row_id(), nullable=False),
        sa.Column("feedback_code", sa.String(), nullable=False),
        sa.Column("from_unit", sa.String(), nullable=False),
        sa.Column("to_unit", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feedback_code"],
            ["feedback.code"],
            name="fk_feedback_handovers_feedback_code",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_feedback_handovers"),
    )
    op.create_index("ix_feedback_handovers_feedback_code", "feedback_handovers", ["feedback_code"], unique=False)
    op.create_table(
        "feedback_photos",
        sa.Column("id", row_id(), nullable=False),
        sa.Column("feedback_code", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feedback_code"],
            ["feedback.code"],
            name="fk_feedback_photos_feedback_code",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_feedback_photos"),
    )
    op.create_index("ix_feedback_photos_feedback_code", "feedback_photos", ["feedback_code"], unique=False)
    op.create_index("ix_feedback_photos_sha256", "feedback_photos", ["sha256"], unique=False)
    op.create_table(
        "feedback_ratings",
        sa.Column("feedback_code", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feedback_code"],
            ["feedback.code"],
            name="fk_feedback_ratings_feedback_code",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("feedback_code", "round", name="pk_feedback_ratings"),
    )
    op.create_table(
        "feedback_reporters",
        sa.Column("feedback_code", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("consent_email", sa.Boolean(), nullable=False),
        sa.Column("consent_sms", sa.Boolean(), nullable=False),
        sa.Column("consent_zalo", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["feedback_code"],
            ["feedback.code"],
            name="fk_feedback_reporters_feedback_code",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("feedback_code", name="pk_feedback_reporters"),
    )
