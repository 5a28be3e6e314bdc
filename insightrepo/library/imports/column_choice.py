"""The columns of a table of verbatims as the user named them, in a mapping file or by options; the rest is guessed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ingest.column_guess import guess_mapping
from ingest.pipeline import AS_TEXT, Chooser
from ingest.readers.base import Table
from ingest.verbatims import Mapping, MappingError, load_mapping
from insightrepo.library.imports.import_options import STUDY_VALUES, ImportOptions

SEVERAL = ("text", "segment", "product", "labels", "names")
ROLES = ("text", "id", "date", "respondent", "segment", "product", "rating", "question", "labels", "channel", "names")
Chosen = tuple[Mapping, tuple[str, ...]]


@dataclass(frozen=True)
class TableChoice:
    """What a person says of one table: `roles` has one of `ROLES` or "" for each column; `verbatims` False: text."""

    verbatims: bool
    roles: tuple[str, ...] = ()
    rating_best: Literal["high", "low"] = "high"
    scale: tuple[float, float] | None = None

    def mapping(self, table: Table) -> Mapping:
        """The mapping of a table.

        Raises:
            MappingError: no column holds words, or a role that one column may have is given to two.
        """
        named: dict[str, list[str]] = {}
        for column, role in zip(table.header, self.roles, strict=False):
            if role in ROLES:
                named.setdefault(role, []).append(column)
        if not named.get("text"):
            raise MappingError("say which column holds the customers' words, or that the table is to be read as text")
        for role, columns in named.items():
            if role not in SEVERAL and len(columns) > 1:
                raise MappingError(f"only one column may be the {role}; {' and '.join(map(repr, columns))} are")
        values: dict[str, Any] = {
            role: tuple(columns) if role in SEVERAL else columns[0] for role, columns in named.items()
        }
        return Mapping.model_validate({**values, "rating_best": self.rating_best, "scale": self.scale})


class ChosenTables:
    """The mappings of one file as a person chose them, one for each of its tables, asked for in their order."""

    def __init__(self, choices: Sequence[TableChoice]) -> None:
        self._left: Iterable[TableChoice] = iter(choices)

    def __call__(self, table: Table) -> Chosen | Literal["text"] | None:
        """Raises MappingError as `TableChoice.mapping`."""
        choice = next(iter(self._left), None)
        if choice is None:
            return None
        return (choice.mapping(table), ("columns as you chose them",)) if choice.verbatims else AS_TEXT


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise MappingError(f"{path.name} is not text in UTF-8: save it as UTF-8") from error


class ColumnChooser:
    """Chooses the mapping of each table of an import; it notes in the options which columns some table had."""

    def __init__(self, options: ImportOptions) -> None:
        """Raises MappingError where the mapping file is wrong."""
        self._used = options.columns_used
        self._given = options.columns
        self._tables = options.tables
        file = options.mapping
        self._mapping = load_mapping(_text(file), file.name) if file else None

    def of(self, name: str) -> Chooser:
        """What chooses for a file: a person's word on each of its tables where there is one."""
        choices = self._tables.get(name)
        return ChosenTables(choices) if choices is not None else self

    def __call__(self, table: Table) -> Chosen | None:
        """The mapping and what to say of it; None where the user said nothing that concerns this table.

        Raises:
            MappingError: an option names a column that the table does not have.
        """
        if self._mapping:
            return self._mapping, ("columns as the mapping file has them",)
        header = {name.strip().casefold() for name in table.header}
        named = {
            role: tuple(c for c in columns if c.strip().casefold() in header) for role, columns in self._given.items()
        }
        if not any(named.values()) and "text" not in self._given:
            return None
        self._refuse_missing(table, named)
        self._used.update(column for columns in named.values() for column in columns)
        base, explained = self._guess(table)
        values = {role: columns if role in SEVERAL else columns[0] for role, columns in named.items() if columns}
        said = tuple(f"{role}: {', '.join(columns)}, as you named it" for role, columns in named.items() if columns)
        told = tuple(line for line in explained if line.partition(":")[0] not in values)
        return Mapping.model_validate({**base, **values}), (*said, *told)

    def _refuse_missing(self, table: Table, named: dict[str, tuple[str, ...]]) -> None:
        for role, columns in self._given.items():
            missing = [column for column in columns if column not in named[role]]
            if missing and role not in STUDY_VALUES:
                raise MappingError(
                    f"--{role}: there is no column {missing[0]!r}; the columns are {', '.join(table.header)}"
                )

    def _guess(self, table: Table) -> tuple[dict, tuple[str, ...]]:
        """The fields that can be guessed; a table whose text the user names need not be told by its looks."""
        try:
            mapping, explained = guess_mapping(table)
        except MappingError:
            if "text" not in self._given:
                raise
            return {}, ()
        return mapping.model_dump(exclude_unset=True), explained
