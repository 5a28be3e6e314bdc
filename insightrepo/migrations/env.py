"""Alembic's environment: the URL and the tables come from the application, nothing from an ini file."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from insightrepo.models import Base
from insightrepo.models.base import UTCDateTime


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Our own column types as the plain ones they are stored as: a migration must not follow the code as it changes."""
    return "sa.DateTime()" if kind == "type" and isinstance(item, UTCDateTime) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
