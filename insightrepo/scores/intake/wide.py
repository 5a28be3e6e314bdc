"""Wide tables of answers, one row a respondent and one column a question, as the long table that the importer takes."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rapidfuzz import fuzz, process

from ingest.readers.base import Row, Table

MEASURES = ("satisfaction", "importance")
WORDS = {  # what codes of items call a measure
    "sat": "satisfaction", "satisfaction": "satisfaction", "satisfied": "satisfaction", "s": "satisfaction",
    "imp": "importance", "importance": "importance", "important": "importance", "i": "importance",
}  # fmt: skip
IN_SENTENCES = {"satisfaction": re.compile(r"\bsatisf", re.I), "importance": re.compile(r"\bimportan", re.I)}
SURE = 95  # 0 to 100: how alike a wording and a statement must be
SHORTEST = 12  # characters of a statement that is looked for with small differences


class LayoutUnclear(ValueError):
    """The columns of a wide table cannot be told apart; the message names them and says what to do."""


class OutcomeWords(NamedTuple):
    """An outcome as the matching needs it: its code, and its statement and aliases."""

    code: str
    phrases: tuple[str, ...]


@dataclass(frozen=True)
class Item:
    """A question of a wide table: the column, the outcome it asks of, and what of it; `by` says how it was known."""

    column: str
    outcome: str
    measure: str
    by: str = "code"


def find_items(
    header: Sequence[str], wording: Sequence[str], outcomes: Sequence[OutcomeWords]
) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """The questions of a table, and the columns that look like questions and could not be joined to an outcome.

    A column is known by its code, with any of ``. _ - :`` or a blank between the parts and the measure before or
    behind (`CXO-12_sat`, `sat_CXO-12`, `CXO_12.imp`), else by the outcome's statement or an alias in its name or
    wording together with the word satisfied or important. A bare code is satisfaction.

    Raises:
        LayoutUnclear: two columns ask the same.
    """
    codes, words = _Codes(outcomes), _Statements(outcomes)
    items: list[Item] = []
    unknown: list[str] = []
    for column, sentence in zip(header, wording, strict=True):
        item = codes.item(column) or codes.item_in(sentence, column) or words.item(column, sentence)
        if item:
            items.append(item)
        elif _looks_like_an_item(column):
            unknown.append(column)
    _refuse_twice(items)
    return tuple(items), tuple(unknown)


def to_long(table: Table, items: Iterable[Item], kept: Mapping[str, str]) -> Table:
    """One row for each outcome that a respondent was asked: the kept columns, outcome, satisfaction, and importance
    where it was asked of any.

    Args:
        items: as `find_items` gives them.
        kept: the other columns that go over, and what they are called in the long table ("respondent", "date").

    What was not asked at all (all cells of the outcome are empty) makes no row. Rows keep their numbers.
    """
    place = {name: number for number, name in reversed(list(enumerate(table.header)))}
    by_outcome: dict[str, dict[str, int]] = defaultdict(dict)
    for item in items:
        by_outcome[item.outcome][item.measure] = place[item.column]
    asked = [name for name in MEASURES if name == MEASURES[0] or any(name in one for one in by_outcome.values())]
    places_kept = [place[column] for column in kept]
    rows = []
    for row in table.rows:
        facts = tuple(_cell(row, number) for number in places_kept)
        for outcome, places in by_outcome.items():
            answers = tuple(_cell(row, places.get(name)) for name in asked)
            if any(answers):
                rows.append(Row(row.number, (*facts, outcome, *answers)))
    return Table((*kept.values(), "outcome", *asked), tuple(rows), table.sheet)


def columns_of(items: Iterable[Item]) -> dict[tuple[str, str], str]:
    """The column in the file behind each (outcome, measure) of the long table, for messages."""
    return {(item.outcome, item.measure): item.column for item in items}


def _cell(row: Row, place: int | None) -> str:
    return row.values[place].strip() if place is not None and place < len(row.values) else ""


def _parts(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^\W_]+", text.casefold()))


class _Codes:
    """Finds codes of outcomes in names of columns, whatever sign stands between their parts."""

    def __init__(self, outcomes: Sequence[OutcomeWords]) -> None:
        several = Counter(_parts(outcome.code) for outcome in outcomes)
        self._by_parts = {
            parts: outcome.code for outcome in outcomes if several[parts := _parts(outcome.code)] == 1 and parts
        }
        run_together = Counter("".join(parts) for parts in self._by_parts)
        self._run_together = {
            "".join(parts): code for parts, code in self._by_parts.items() if run_together["".join(parts)] == 1
        }
        self._longest = max(map(len, self._by_parts), default=0)

    def item(self, column: str) -> Item | None:
        """The item of a column that is called by its code and nothing else."""
        parts = _parts(column)
        if code := self._code(parts):
            return Item(column, code, "satisfaction")
        for rest, word in ((parts[:-1], parts[-1:]), (parts[1:], parts[:1])):
            if word and word[0] in WORDS and (code := self._code(rest)):
                return Item(column, code, WORDS[word[0]])
        return None

    def item_in(self, sentence: str, column: str) -> Item | None:
        """The item of a column whose wording holds the code: "CXO-12.sat: How satisfied …"."""
        parts = _parts(sentence)
        for length in range(min(self._longest, len(parts)), 0, -1):
            for at in range(len(parts) - length + 1):
                code = self._by_parts.get(parts[at : at + length])
                if code is None or (length == 1 and not any(map(str.isdigit, parts[at]))):
                    continue
                beside = parts[at - 1 : at] + parts[at + length : at + length + 1] if at else parts[length : length + 1]
                named = {WORDS[word] for word in beside if word in WORDS} or set(_measures(f"{column} {sentence}"))
                if len(named) == 1:
                    return Item(column, code, named.pop(), "code in the wording")
        return None

    def _code(self, parts: tuple[str, ...]) -> str | None:
        return self._by_parts.get(parts) or self._run_together.get("".join(parts))


class _Statements:
    """Finds outcomes by their statement or an alias in a question's wording."""

    def __init__(self, outcomes: Sequence[OutcomeWords]) -> None:
        said: dict[str, set[str]] = defaultdict(set)
        for outcome in outcomes:
            for phrase in outcome.phrases:
                said[" ".join(_parts(phrase))].add(outcome.code)
        self._codes = {phrase: codes.copy().pop() for phrase, codes in said.items() if phrase and len(codes) == 1}

    def item(self, column: str, sentence: str) -> Item | None:
        whole = f"{column} {sentence}" if sentence != column else column
        measures = _measures(whole)
        if len(measures) != 1:
            return None
        code = self._outcome(" ".join(_parts(whole)))
        return Item(column, code, measures[0], "wording") if code else None

    def _outcome(self, text: str) -> str | None:
        """The outcome whose longest phrase stands in the text; nearly, where none does word for word."""
        held = [phrase for phrase in self._codes if f" {phrase} " in f" {text} "]
        if held:
            longest = max(held, key=len)
            rivals = {self._codes[phrase] for phrase in held if len(phrase) == len(longest)}
            return self._codes[longest] if len(rivals) == 1 else None
        choices = [phrase for phrase in self._codes if SHORTEST <= len(phrase) <= len(text)]
        near = process.extract(text, choices, scorer=fuzz.partial_ratio, score_cutoff=SURE, limit=2)
        codes = {self._codes[phrase] for phrase, _, _ in near}
        return codes.pop() if len(codes) == 1 else None


def _measures(text: str) -> list[str]:
    return [name for name, pattern in IN_SENTENCES.items() if pattern.search(text)]


def _looks_like_an_item(column: str) -> bool:
    parts = _parts(column)
    ends = {parts[0], parts[-1]} if len(parts) > 1 else set()
    return bool(ends & {"sat", "imp", "satisfaction", "importance"}) and any(
        letter.isdigit() for part in parts for letter in part
    )


def _refuse_twice(items: Sequence[Item]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for item in items:
        first = seen.setdefault((item.outcome, item.measure), item.column)
        if first != item.column:
            raise LayoutUnclear(
                f"two columns ask for the {item.measure} of {item.outcome}: {first!r} and {item.column!r}; "
                "rename or remove one of them"
            )
