"""Keep what visitors of the portal have begun to write and not sent."""

import sqlalchemy as sa
from alembic import op

from workers.registry.columns import Instant, structured

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "drafts",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("said", structured(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_drafts"),
    )
    op.create_index("ix_drafts_changed_at", "drafts", ["changed_at"], unique=False)
