"""Tables of verbatims: which column means what, and rows as customers' words or as refusals with their cause.

Rows are read from the raw table, because ids and respondents must be told apart; what `rows` gives is not redacted yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from ruamel.yaml import YAML, CommentedMap
from ruamel.yaml.error import MarkedYAMLError

from ingest.dates import Moment, guess_day_first, parse_moment
from ingest.names import is_names_header, names_in_table
from ingest.readers.base import Document, DocumentBuilder, Row, Table

NO_ANSWER = ("", "n/a", "na", "none", "nothing", "nothing.", "no answer", "did not answer", "-", ".")


class MappingError(Exception):
    """A mapping is wrong or cannot be guessed; the message names line, field or column and says what to do."""


class SegmentColumn(BaseModel):
    """A column with a fact about the respondent, on a named dimension or on none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str
    dimension: str = ""


class Mapping(BaseModel):
    """Which column holds what. Columns are named as in the header; case and outer spaces do not matter.

    With several `text` columns each answered one is a verbatim of its own, and its header the question. `rating_best`
    is the best end of the scale: "high", "low" or that number. `labels` hold names split by `label_separator`; with
    several label columns a cell such as 1, x or yes means the column's header.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: tuple[str, ...] = Field(min_length=1)
    id: str | None = None
    date: str | None = None
    respondent: str | None = None
    segment: tuple[SegmentColumn, ...] = ()
    product: tuple[str, ...] = ()
    rating: str | None = None
    question: str | None = None
    labels: tuple[str, ...] = ()
    label_separator: str = Field("|", min_length=1)
    channel: str | None = None
    names: tuple[str, ...] = ()
    rating_best: Literal["high", "low"] | float = "high"
    scale: tuple[float, float] | None = None
    no_answer: tuple[str, ...] = NO_ANSWER
    day_first: bool | None = None

    @field_validator("text", "product", "labels", "names", "segment", "no_answer", mode="before")
    @classmethod
    def _many(cls, value: Any, info: ValidationInfo) -> Any:
        several = () if value is None else (value,) if isinstance(value, str | dict | SegmentColumn) else value
        plain = info.field_name != "segment"
        return several if plain else tuple({"column": one} if isinstance(one, str) else one for one in several)

    @field_validator("scale")
    @classmethod
    def _ordered(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value and value[0] >= value[1]:
            raise ValueError("write the lowest number first, as in [1, 5]")
        return value

    @property
    def best(self) -> float | None:
        """The best number of the scale, None where the scale is not known."""
        if isinstance(self.rating_best, float):
            return self.rating_best
        return self.scale and self.scale[self.rating_best == "high"]

    def columns_of_names(self) -> tuple[str, ...]:
        """The columns of names: also that of the respondents where it is called so."""
        who = self.respondent if self.respondent and is_names_header(self.respondent) else None
        return tuple(dict.fromkeys((*self.names, *filter(None, [who]))))

    def columns(self) -> dict[str, tuple[str, ...]]:
        """The columns of each field that is set."""
        names = ("text", "id", "date", "respondent", "product", "rating", "question", "labels", "channel", "names")
        fields = {name: getattr(self, name) for name in names} | {"segment": tuple(one.column for one in self.segment)}
        return {name: (value,) if isinstance(value, str) else value for name, value in fields.items() if value}


def load_mapping(text: str, name: str = "mapping file") -> Mapping:
    """A mapping from the text of a YAML file called `name`.

    Raises:
        MappingError: not YAML, an unknown field or a wrong value; names the line and the field.
    """
    try:
        values = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise MappingError(f"{name}, line {line}: {error.problem}") from error
    if not isinstance(values, CommentedMap):
        raise MappingError(f"{name}, line 1: write one field a line, as in 'text: comment'")
    try:
        return Mapping.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        line = values.lc.key(field)[0] + 1 if field in values else 1
        known = f"; known are {', '.join(Mapping.model_fields)}" if first["type"] == "extra_forbidden" else ""
        raise MappingError(f"{name}, line {line}, field {field}: {first['msg']}{known}") from error


@dataclass(frozen=True)
class VerbatimRow:
    """A customer's words as the table has them. `number` is the row's number in the file.

    `source_id` is the row's own id, with the question behind it where a row holds several answers. `dimensions` has
    one name for each of `segments`, "" where the mapping names none.
    """

    number: int
    text: str
    source_id: str | None = None
    respondent: str | None = None
    moment: Moment | None = None
    rating: float | None = None
    question: str = ""
    segments: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    channel: str = ""


@dataclass(frozen=True)
class RefusedRow:
    """A row that cannot be stored, the field that is wrong, why, and the cells as they are (not redacted)."""

    number: int
    field: str
    cause: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class SkippedRow:
    """A row in which nobody said anything."""

    number: int
    cause: str


class _Wrong(Exception):
    """A cell refuses its row; the arguments are field and cause."""


def rows(table: Table, mapping: Mapping, timezone: str = "UTC") -> Iterator[VerbatimRow | RefusedRow | SkippedRow]:
    """Every row of the table, in order, as verbatims (one an answered question), a refusal or a skip.

    Raises:
        MappingError: the mapping names a column that the table does not have.
    """
    reading = _Reading(table, mapping, timezone)
    for row in table.rows:
        try:
            yield from reading.read(row)
        except _Wrong as wrong:
            field, cause = wrong.args
            yield RefusedRow(row.number, field, cause, row.values)


def names_in(table: Table, mapping: Mapping) -> frozenset[str]:
    """The names that stand in a table: in the mapping's name columns, in others that are called so, as respondents."""
    return names_in_table(table, mapping.columns_of_names(), filter(None, [mapping.respondent]))


class _Reading:
    """One table read with one mapping."""

    def __init__(self, table: Table, mapping: Mapping, timezone: str) -> None:
        self._mapping, self._timezone = mapping, timezone
        self._places = _places(table, mapping)
        self._no_answer = {word.strip().casefold() for word in mapping.no_answer}
        self._day_first = mapping.day_first
        if mapping.date and mapping.day_first is None:
            self._day_first = guess_day_first(self.cell(row, mapping.date) for row in table.rows)

    def cell(self, row: Row, column: str | None) -> str:
        """The cell in a mapped column, "" where there is none."""
        place = self._places.get(column or "", len(row.values))
        return row.values[place].strip() if place < len(row.values) else ""

    def given(self, row: Row, column: str | None) -> str:
        """The cell, "" where it holds no answer."""
        cell = self.cell(row, column)
        return "" if cell.casefold() in self._no_answer else cell

    def read(self, row: Row) -> Iterator[VerbatimRow | SkippedRow]:
        mapping, wide = self._mapping, len(self._mapping.text) > 1
        answers = [(column, answer) for column in mapping.text if (answer := self.given(row, column))]
        if not answers:
            cause = f"no answer in {' or '.join(mapping.text)}" if any(map(str.strip, row.values)) else "empty row"
            yield SkippedRow(row.number, cause)
            return
        moment, rating = self._moment(row), self._rating(row)
        facts = [(self.given(row, one.column), one.dimension) for one in mapping.segment]
        source_id = self.given(row, mapping.id) or None
        for column, answer in answers:
            yield VerbatimRow(
                number=row.number,
                text=answer,
                source_id=f"{source_id}#{column}" if source_id and wide else source_id,
                respondent=self.given(row, mapping.respondent) or None,
                moment=moment,
                rating=rating,
                question=column if wide else self.given(row, mapping.question),
                segments=tuple(value for value, _ in facts if value),
                dimensions=tuple(dimension for value, dimension in facts if value),
                products=tuple(value for product in mapping.product if (value := self.given(row, product))),
                labels=self._labels(row),
                channel=self.given(row, mapping.channel),
            )

    def _moment(self, row: Row) -> Moment | None:
        cell = self.given(row, self._mapping.date)
        try:
            return parse_moment(cell, self._timezone, self._day_first) if cell else None
        except ValueError as error:
            raise _Wrong("date", str(error)) from error

    def _rating(self, row: Row) -> float | None:
        cell, scale = self.given(row, self._mapping.rating), self._mapping.scale
        if not cell:
            return None
        rating = number_in(cell)
        if rating is None:
            raise _Wrong("rating", f"{cell!r} is not one number; write the number, or list the words under no_answer")
        if scale and not scale[0] <= rating <= scale[1]:
            raise _Wrong(
                "rating", f"{cell!r} is outside the scale {scale[0]:g} to {scale[1]:g}; correct it or the scale"
            )
        return rating

    def _labels(self, row: Row) -> tuple[str, ...]:
        columns, found = self._mapping.labels, []
        for column in columns:
            cell = self.given(row, column)
            if len(columns) > 1 and cell.casefold() in _YES | _NO:
                found += [column] if cell.casefold() in _YES else []
            else:
                found += [label.strip() for label in cell.split(self._mapping.label_separator)]
        return tuple(dict.fromkeys(label for label in found if label))


_YES, _NO = {"1", "1.0", "x", "yes", "true", "✓"}, {"0", "0.0", "no", "false"}
_NUMBER = re.compile(r"(?<![\w.,])[-+]?\d+(?:[.,]\d+)?(?![\w.,]*\d)")
_OUT_OF = re.compile(r"([-+]?\d+(?:[.,]\d+)?)\s*(?:/|out of|of)\s*\d+\b.*", re.I | re.S)


def number_in(cell: str) -> float | None:
    """The number that a cell clearly gives: "4", "4,5", "4 - good", "4/5", "4 out of 5", "★★★★"; None if unclear."""
    out_of = _OUT_OF.fullmatch(cell.strip())
    numbers = [out_of.group(1)] if out_of else _NUMBER.findall(cell)
    if not numbers and (stars := cell.count("★") or cell.count("⭐")):
        return float(stars)
    return float(numbers[0].replace(",", ".")) if len(numbers) == 1 else None


def _places(table: Table, mapping: Mapping) -> dict[str, int]:
    """Where each mapped column stands."""
    plain = [name.strip().casefold() for name in table.header]
    places = {}
    for field, columns in mapping.columns().items():
        for column in columns:
            if column.strip().casefold() not in plain:
                raise MappingError(f"{field}: there is no column {column!r}; the columns are {', '.join(table.header)}")
            places[column] = plain.index(column.strip().casefold())
    return places


def table_document(tables: Iterable[Table]) -> Document:
    """Tables that are not verbatims as readable text: one block a row, "Header: value; …", under the sheet's name."""
    builder = DocumentBuilder()
    for table in tables:
        if table.sheet:
            builder.heading(table.sheet, 1, sheet=table.sheet)
        for row in table.rows:
            cells = zip_longest(table.header[: len(row.values)], row.values, fillvalue="")
            parts = [(" ".join(name.split()), " ".join(value.split())) for name, value in cells]
            line = "; ".join(f"{name}: {value}" if name else value for name, value in parts if value)
            builder.add("table", line, sheet=table.sheet, row=row.number)
    return builder.build()
