"""INSERT with a word on conflicts, as the database in use says it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table
from sqlalchemy.orm import Session

from insightrepo.models import Base


def upsert(session: Session, model: type[Base] | Table) -> Any:
    """An INSERT into a table, or a model's, that knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""
    if session.get_bind().dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # each is slow to import, and one is needed
    else:
        from sqlalchemy.dialects.sqlite import insert
    return insert(model)
