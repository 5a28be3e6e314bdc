"""The elements of a JSON array as rows, as the database in use makes them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ColumnElement, TableValuedAlias, column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction


class json_array_elements(GenericFunction[Any]):
    """PostgreSQL's function; SQLite calls it json_each."""

    inherit_cache = True


@compiles(json_array_elements, "sqlite")
def _in_sqlite(element: json_array_elements, compiler: SQLCompiler, **options: Any) -> str:
    array = compiler.process(element.clauses, **options)
    return f"json_each(nullif({array}, 'null'))"  # of which it would make a row


def elements(array: ColumnElement[Any]) -> TableValuedAlias:
    """A row for each element of a JSON array, in the column `value`; none where there is no array."""
    return json_array_elements(array).table_valued(column("value", JSON))
