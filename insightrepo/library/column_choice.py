"""The columns of a table of verbatims as the user named them, in a mapping file or by options; the rest is guessed."""

from __future__ import annotations

from pathlib import Path

from ingest.readers.base import Table
from ingest.verbatims import Mapping, MappingError, guess_mapping, load_mapping
from insightrepo.library.import_options import STUDY_VALUES, ImportOptions

SEVERAL = ("text", "segment", "product", "labels")


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
        file = options.mapping
        self._mapping = load_mapping(_text(file), file.name) if file else None

    def __call__(self, table: Table) -> tuple[Mapping, tuple[str, ...]] | None:
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
