"""Hold one module a step; alembic runs them in the order of their `down_revision`."""
