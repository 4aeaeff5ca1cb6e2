"""Find the hand-overs of a span of time without reading the whole timeline."""

from alembic import op

revision = "0005"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_timeline_kind_at", "timeline", ["kind", "at"], unique=False)
