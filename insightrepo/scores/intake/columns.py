"""Which column of a survey file says what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from rapidfuzz import process

NAMES = {  # what headers usually call a field, the likeliest first
    "respondent": ("respondent", "respondent_id", "participant", "participant_id", "customer", "customer_id",
                   "user_id", "person", "person_id", "panelist", "response_id", "responseid", "respondentid",
                   "respondent_key", "caseid", "case_id", "token"),
    "outcome": ("outcome", "outcomes", "outcome_code", "outcome_id", "theme", "themes", "label", "labels", "code"),
    "satisfaction": ("satisfaction", "satisfied", "sat", "satisfaction_rating", "rating", "answer", "score"),
    "importance": ("importance", "important", "imp", "importance_rating"),
    "segment": ("segment", "segment_code", "customer_segment", "persona"),
    "product": ("product", "product_code", "service", "app"),
    "date": ("date", "day", "answered_on", "answered_at", "submitted_at", "timestamp", "completed_at",
             "recorded_date", "recordeddate"),
    "started": ("started", "started_at", "start_date", "startdate", "start_time"),
    "ended": ("ended", "ended_at", "end_date", "enddate", "end_time"),
}  # fmt: skip
REQUIRED = ("outcome", "satisfaction")


class ColumnsUnclear(ValueError):
    """A column is missing or not in the file; the message names it, the header and what to write."""


@dataclass(frozen=True)
class AnswerColumns:
    """The header names of an answer's fields; None: the file does not have it.

    `respondent` may name a column of row ids: then each row is a respondent of its own. `row` names row ids that stand
    in where the respondent is empty or not in the file; such a respondent is known in one wave only.
    `started` and `ended` say when it was answered where `date` does not; what ended before it started is refused.
    `segments` are further columns of segments, each of a dimension of its own.
    `separator` cuts an outcome cell that holds several codes or names.
    """

    respondent: str | None = None
    outcome: str | None = None
    satisfaction: str | None = None
    importance: str | None = None
    segment: str | None = None
    product: str | None = None
    date: str | None = None
    row: str | None = None
    started: str | None = None
    ended: str | None = None
    separator: str = "|"
    segments: tuple[str, ...] = ()

    @property
    def named(self) -> dict[str, str]:
        """The column of each field that has one; a further column of segments is a field of its own name."""
        single = {name: getattr(self, name) for name in ONE_COLUMN if getattr(self, name) is not None}
        return {**single, **{column: column for column in self.segments}}

    @property
    def of_segments(self) -> tuple[str, ...]:
        """Every column that says a segment of the respondent."""
        return (*([self.segment] if self.segment else []), *self.segments)


def resolved(
    header: Sequence[str], given: AnswerColumns | None = None, dimensions: Iterable[str] = ()
) -> AnswerColumns:
    """The columns to read: those given, the rest guessed from the header (names apart from case and punctuation).

    A column that is called as one of the `dimensions` of segments is one of its segments.

    Raises:
        ColumnsUnclear: a given column is not in the header, or outcome, satisfaction or the respondent has no column.
    """
    columns = given or AnswerColumns()
    columns = _with(columns, "segments", tuple(_present(name, "segments", header) for name in columns.segments))
    for name in ONE_COLUMN:
        wanted = getattr(columns, name)
        if wanted is not None:
            columns = _with(columns, name, _present(wanted, name, header))
        elif name in NAMES and not (name == "respondent" and columns.row):
            columns = _with(columns, name, _guessed(name, header, columns))
    named, taken = {plain(name) for name in dimensions}, _taken(columns)
    of_dimensions = [column for column in header if plain(column) in named and column not in taken]
    columns = _with(columns, "segments", (*columns.segments, *of_dimensions))
    missing = [name for name in REQUIRED if getattr(columns, name) is None]
    if columns.respondent is None and columns.row is None:
        missing.insert(0, "respondent")
    if missing:
        raise ColumnsUnclear(
            f"no column for {', '.join(missing)} in the header {', '.join(header)}: "
            f"say which it is, on the page or by an option ({' '.join(f'--{name} COLUMN' for name in missing)})"
        )
    return columns


ONE_COLUMN = tuple(field.name for field in fields(AnswerColumns) if field.name not in ("separator", "segments"))


def _taken(columns: AnswerColumns) -> set[str]:
    return {*filter(None, (getattr(columns, name) for name in ONE_COLUMN)), *columns.segments}


def _with(columns: AnswerColumns, name: str, header: str | tuple[str, ...] | None) -> AnswerColumns:
    changed: dict[str, Any] = {name: header}
    return replace(columns, **changed)


def _present(wanted: str, name: str, header: Sequence[str]) -> str:
    found = [column for column in header if column == wanted] or [c for c in header if plain(c) == plain(wanted)]
    if found:
        return found[0]
    closest = process.extractOne(wanted, header, score_cutoff=50)
    hint = f"; the closest is {closest[0]!r}" if closest else ""
    raise ColumnsUnclear(f"{name}: the file has no column {wanted!r}{hint}; it has {', '.join(header)}")


def _guessed(name: str, header: Sequence[str], columns: AnswerColumns) -> str | None:
    taken = _taken(columns)
    spelled = {plain(column): column for column in reversed(header) if column not in taken}
    return next((spelled[likely] for likely in NAMES[name] if likely in spelled), None)


def plain(name: str) -> str:
    """A column's name in lower case, its words joined by one underscore, so that spelling does not matter."""
    return re.sub(r"[\W_]+", "_", name.casefold()).strip("_")
