"""Keep when each extension was granted: a deadline computed again needs the order of extensions and pauses."""

import sqlalchemy as sa
from alembic import op

from workers.registry.columns import structured

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the list; what was granted before is not known by moment and stays in `extension_days`."""
    op.add_column("dossiers", sa.Column("extended", structured(), nullable=False, server_default="[]"))
