"""Create what other systems need: keys, what they handed in, answers given once, webhooks; and who looked at what."""

import sqlalchemy as sa
from alembic import op

from workers.registry.columns import Instant, row_id, structured

revision = "0004"
down_revision = "0005"
branch_labels = None
depends_on = None

# Rows are forgotten when they are old; a younger one can be neither changed nor taken out.
_YOUNG_SECONDS = 150 * 24 * 3600
_SQLITE_TRIGGERS = (
    """CREATE TRIGGER looks_no_update BEFORE UPDATE ON looks
       BEGIN SELECT RAISE(ABORT, 'looks are append-only'); END""",
    f"""CREATE TRIGGER looks_no_delete BEFORE DELETE ON looks
       WHEN OLD.at > (CAST(strftime('%s', 'now') AS INTEGER) - {_YOUNG_SECONDS}) * 1000000
       BEGIN SELECT RAISE(ABORT, 'looks are append-only'); END""",
    """CREATE TRIGGER looks_no_replace BEFORE INSERT ON looks
       WHEN EXISTS (SELECT 1 FROM looks WHERE id = NEW.id)
       BEGIN SELECT RAISE(ABORT, 'looks are append-only'); END""",
)
_POSTGRESQL_TRIGGERS = (
    """CREATE FUNCTION refuse_look_change() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'looks are append-only'; END $$""",
    """CREATE TRIGGER looks_no_update BEFORE UPDATE OR TRUNCATE ON looks
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_look_change()""",
    f"""CREATE TRIGGER looks_no_delete BEFORE DELETE ON looks FOR EACH ROW
       WHEN (OLD.at > (extract(epoch from now()) - {_YOUNG_SECONDS}) * 1000000)
       EXECUTE FUNCTION refuse_look_change()""",
)


def upgrade() -> None:
    """Create the tables, and the triggers that keep looks as they are."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("scopes", structured(), nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.Column("last_used_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
    )
    op.create_table(
        "api_intakes",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=True),
        _of_key("api_intakes"),
        sa.PrimaryKeyConstraint("subject", name="pk_api_intakes"),
    )
    op.create_index("ix_api_intakes_key_id_subject", "api_intakes", ["key_id", "subject"], unique=False)
    op.create_table(
        "api_requests",
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", structured(), nullable=True),
        _of_key("api_requests"),
        sa.PrimaryKeyConstraint("key_id", "idempotency_key", name="pk_api_requests"),
    )
    op.create_index("ix_api_requests_at", "api_requests", ["at"], unique=False)
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("events", structured(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("removed_at", Instant(), nullable=True),
        _of_key("webhooks"),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
    )
    op.create_index("ix_webhooks_key_id_id", "webhooks", ["key_id", "id"], unique=False)
    op.create_index("ix_webhooks_removed_at", "webhooks", ["removed_at"], unique=False)
    op.create_table(
        "looks",
        sa.Column("id", row_id(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("data", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_looks"),
    )
    op.create_index("ix_looks_subject_id", "looks", ["subject", "id"], unique=False)
    op.create_index("ix_looks_at", "looks", ["at"], unique=False)
    triggers = _SQLITE_TRIGGERS if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL_TRIGGERS
    for trigger in triggers:
        op.execute(trigger)


def _of_key(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_key_id"
    return sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"], name=name, initially="DEFERRED", deferrable=True)
