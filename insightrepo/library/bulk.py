"""Many rows at once, without an object for each: an import writes tens of rows for each piece of evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, insert
from sqlalchemy.orm import InstrumentedAttribute, Session

from insightrepo.models import Base


def insert_rows(
    session: Session, model: type[Base], rows: Sequence[dict[str, Any]], *wanted: InstrumentedAttribute[Any]
) -> Sequence[Row[Any]]:
    """Insert rows that have the same columns; defaults are filled in. Gives the `wanted` columns of each, in any order.

    Objects that wait in the session are flushed first: a row may refer to them.
    """
    if not rows:
        return []
    session.flush()
    table = model.__table__
    # With RETURNING a statement takes hundreds of rows; without it PostgreSQL is sent one after the other.
    columns = [table.c[column.key] for column in wanted] or list(table.primary_key)
    return session.execute(insert(table).returning(*columns), rows).all()
