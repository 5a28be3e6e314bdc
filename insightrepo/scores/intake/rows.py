"""Which column is which field, and what stands in a cell: text, numbers, days, yes or no; what is wrong is refused."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import process
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ingest.dates import Moment, guess_day_first, parse_moment
from ingest.names import plain_header
from ingest.readers.base import Row, Table
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.scores.intake.columns import ColumnsUnclear
from insightrepo.scores.waves.memberships import Belonging, SegmentFinder, SegmentRefused

DONT_KNOW = frozenset({
    "don't know", "don’t know", "dont know", "dont_know", "do not know", "dk", "d/k", "n/a", "na", "not applicable",
    "not sure", "unsure", "no answer", "no_answer", "did not answer", "prefer not to say", "refused",
})  # fmt: skip
NOT_ASKED = frozenset({"", "not asked", "not_asked"})
NO_VALUE = DONT_KNOW | NOT_ASKED | {"-", "–", "none", "nan"}
NUMBER = re.compile(r"[-+]?(?:\d+(?:[.,]\d+)?|[.,]\d+)(?:e[-+]?\d+)?", re.I)
THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
YES = frozenset({"1", "1.0", "yes", "y", "true", "t", "x", "✓", "completed", "complete", "success", "successful",
                 "pass", "passed", "done", "solved"})  # fmt: skip
NO = frozenset({"0", "0.0", "no", "n", "false", "f", "failed", "fail", "failure", "not completed", "incomplete",
                "gave up", "abandoned", "unsuccessful"})  # fmt: skip


class RowRefused(ValueError):
    """A row cannot be taken: the field, and why in words."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(cause)
        self.field = name


@dataclass(frozen=True)
class WaveFacts:
    """A wave as an import needs it; `id` None: a dry run, and the wave is not made yet."""

    id: int | None
    code: str
    first_day: dt.date
    last_day: dt.date
    scale: tuple[int, int]  # lowest and highest point of the answers
    ends: Mapping[str, int] = field(default_factory=dict)  # what the named points of the scale are called, folded


def found_columns(
    header: Sequence[str], names: Mapping[str, Sequence[str]], given: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The column of each field: as given, else the first of `names` that the header has, whatever the spelling.

    Raises:
        ColumnsUnclear: a given field is unknown, or its column is not in the header.
    """
    spelled = {plain_header(column): column for column in reversed(header)}
    columns: dict[str, str] = {}
    for name, column in (given or {}).items():
        if column not in header and plain_header(column) not in spelled:
            near = process.extractOne(column, header, score_cutoff=50)
            hint = f"; the closest is {near[0]!r}" if near else ""
            raise ColumnsUnclear(f"{name}: the file has no column {column!r}{hint}; it has {', '.join(header)}")
        columns[name] = column if column in header else spelled[plain_header(column)]
    for name, likely in names.items():
        free = {spelling: column for spelling, column in spelled.items() if column not in columns.values()}
        if name not in columns and (found := next((free[called] for called in likely if called in free), None)):
            columns[name] = found
    return columns


def load_columns(text: str, file: str, known: Iterable[str]) -> dict[str, str]:
    """A mapping file: YAML with a line ``field: column`` each.

    Raises:
        ColumnsUnclear: not such a file, or a field that is not known.
    """
    try:
        values = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError) as error:
        raise ColumnsUnclear(f"{file}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise ColumnsUnclear(f"{file}: write one field a line, as in 'task: Task name'")
    fields = tuple(known)
    for name in values:
        if name not in fields:
            near = process.extractOne(str(name), fields, score_cutoff=60)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ColumnsUnclear(f"{file}: {name!r} is not a field{hint} (known are {', '.join(fields)})")
    return {str(name): str(column) for name, column in values.items() if column is not None}


class Cells:
    """Reads cells of a table by field, as text, numbers, days and answers; what is wrong raises `RowRefused`."""

    def __init__(self, table: Table, columns: Mapping[str, str], timezone: str = "UTC") -> None:
        self._columns, self._timezone = columns, timezone
        self._place = {name: number for number, name in reversed(list(enumerate(table.header)))}
        dates = (self.text(row, name) for row in table.rows for name in ("date", "started", "ended"))
        self._day_first = guess_day_first(dates)

    def column(self, name: str) -> str:
        """What the file calls a field."""
        return self._columns.get(name, name)

    def text(self, row: Row, name: str) -> str:
        """The cell of a field, "" where the file does not have it."""
        place = self._place[self._columns[name]] if name in self._columns else len(row.values)
        return row.values[place].strip() if place < len(row.values) else ""

    def given(self, row: Row, name: str) -> str:
        """The cell, "" where it says that there is no answer."""
        text = self.text(row, name)
        return "" if text.casefold() in NO_VALUE else text

    def refuse(self, name: str, cause: str) -> RowRefused:
        """The refusal of a cell of this field."""
        return RowRefused(self.column(name), cause)

    def number(self, row: Row, name: str, low: float | None = None, high: float | None = None) -> float | None:
        """A number within the bounds, both inclusive; None where there is none."""
        text = self.given(row, name)
        if not text:
            return None
        if THOUSANDS.fullmatch(text):
            text = text.replace(",", "")
        if not NUMBER.fullmatch(text):
            raise self.refuse(name, f"{text[:60]!r} is not a number: write it in figures")
        value = float(text.replace(",", "."))
        if (low is not None and value < low) or (high is not None and value > high) or value in (float("inf"),):
            raise self.refuse(name, f"{text[:60]!r} is not {_bounds(low, high)}: correct it")
        return value

    def count(self, row: Row, name: str, low: int = 0) -> int | None:
        """A whole number of at least `low`; None where there is none."""
        value = self.number(row, name, low)
        if value is not None and not value.is_integer():
            raise self.refuse(name, f"{value:g} is not a whole number: it counts people or tries")
        return None if value is None else int(value)

    def point(self, row: Row, name: str, low: int, high: int) -> int | None:
        """A point of a scale; None where there was no answer."""
        value = self.number(row, name)
        if value is None:
            return None
        if value not in range(low, high + 1):
            raise self.refuse(name, f"{self.text(row, name)[:60]!r} is not a point of the scale from {low} to {high}")
        return int(value)

    def yes(self, row: Row, name: str) -> bool | None:
        """Yes or no; None where it was not measured."""
        text = self.given(row, name).casefold()
        if not text:
            return None
        if text in YES or text in NO:
            return text in YES
        raise self.refuse(name, f"{text[:60]!r} is neither yes nor no: write yes or no, 1 or 0")

    def moment(self, row: Row, name: str) -> Moment | None:
        """A day or a moment; None where there is none."""
        text = self.given(row, name)
        try:
            return parse_moment(text, self._timezone, self._day_first) if text else None
        except ValueError as error:
            raise self.refuse(name, str(error)) from error

    def as_written(self, row: Row, name: str, text: str) -> str:
        """A cell as it is kept: a day in ISO form, so that it means the same without the rows around it."""
        if name not in ("date", "started", "ended") or not text:
            return text
        try:
            moment = self.moment(row, name)
        except RowRefused:
            return text
        if moment is None or moment.precision != "day":
            return text
        return moment.at.isoformat() if moment.at else moment.day.isoformat()

    def day(self, row: Row, wave: WaveFacts) -> tuple[dt.date | None, bool]:
        """(the day a row is of, whether it lies outside the wave); refuses what ended before it started."""
        started, ended = self.moment(row, "started"), self.moment(row, "ended")
        if started and ended and (ended.day < started.day or (ended.at and started.at and ended.at < started.at)):
            said = f"it ended ({self.text(row, 'ended')}) before it started ({self.text(row, 'started')})"
            raise self.refuse("ended", f"{said}: correct one of them")
        found = self.moment(row, "date") or ended or started
        if found is None:
            return None, False
        return found.day, not (wave.first_day <= found.day and found.last_day <= wave.last_day)


def respondent_key(cells: Cells, row: Row, pseudonyms: Pseudonyms, wave: WaveFacts) -> str:
    """The key of who a row is of; a row's id stands in where the respondent is empty, within its wave only."""
    if source := cells.text(row, "respondent"):
        try:
            return pseudonyms.key_of(source)
        except ValueError as error:
            raise cells.refuse("respondent", str(error)) from error
    if number := cells.text(row, "row"):
        return pseudonyms.key(f"{wave.code} row {number}")
    raise cells.refuse("respondent", "is empty: everyone who took part needs an id")


def segments_in(cells: Cells, row: Row, fields: Iterable[str], finder: SegmentFinder) -> tuple[Belonging, ...]:
    """The segments that a row names in these fields."""
    try:
        return finder.find({name: cells.given(row, name) for name in fields})
    except SegmentRefused as error:
        raise cells.refuse(error.field, str(error)) from error


def _bounds(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"between {low:g} and {high:g}"
    return f"{low:g} or more" if low is not None else f"at most {high:g}"
