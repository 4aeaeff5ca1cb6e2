"""Create the tables of directing information."""

import sqlalchemy as sa
from alembic import op

from workers.registry.columns import Instant, structured

revision = "0003"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "publications",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("process_instance_key", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("editor", sa.String(), nullable=False),
        sa.Column("approver", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("drafted_at", Instant(), nullable=False),
        sa.Column("published_at", Instant(), nullable=True),
        sa.Column("changed_at", Instant(), nullable=True),
        sa.Column("recall_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("code", name="pk_publications"),
    )
    op.create_index("ix_publications_published_at_code", "publications", ["published_at", "code"], unique=False)
    op.create_table(
        "publication_versions",
        sa.Column("publication_code", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("topics", structured(), nullable=False),
        sa.Column("areas", structured(), nullable=False),
        sa.Column("channels", structured(), nullable=False),
        sa.Column("source_number", sa.String(), nullable=False),
        sa.Column("source_date", sa.Date(), nullable=False),
        sa.Column("source_signer", sa.Text(), nullable=False),
        sa.Column("signed_at", Instant(), nullable=False),
        sa.Column("written_at", Instant(), nullable=False),
        sa.Column("approved_at", Instant(), nullable=True),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("published_at", Instant(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["publication_code"],
            ["publications.code"],
            name="fk_publication_versions_publication_code",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("publication_code", "number", name="pk_publication_versions"),
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("confirm_code", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("topics", structured(), nullable=False),
        sa.Column("areas", structured(), nullable=False),
        sa.Column("begun_at", Instant(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_subscriptions"),
        sa.UniqueConstraint("token", name="uq_subscriptions_token"),
    )
    op.create_index("ix_subscriptions_address_channel", "subscriptions", ["address", "channel"], unique=False)
    op.create_index("ix_subscriptions_confirmed_at", "subscriptions", ["confirmed_at"], unique=False)
