"""Alembic's environment: the URL and the tables come from the application, nothing from an ini file."""

from __future__ import annotations

from alembic import context

from insightrepo.models import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
