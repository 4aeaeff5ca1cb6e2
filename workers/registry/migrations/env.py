"""Run the migrations on the connection that `workers.registry.schema` hands over."""

from alembic import context

from workers.registry.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # the caller's transaction holds all steps, so that they happen together or not at all
)
context.run_migrations()
