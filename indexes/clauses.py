"""What a query asks of a keyword engine, in tokens: the same for every engine, so that all find the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from indexes.analyzer import Analyzer, Unit
from indexes.base import KeywordQuery

Row = tuple[str, ...]  # tokens at neighbouring positions; one token is a row of one
Known = Callable[[str], bool]  # whether any living record has the token


@dataclass(frozen=True)
class Clause:
    """A word of a query: the rows by which it may be spelt. A record is scored by the best of them."""

    word: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Clauses:
    """A query in tokens.

    A record has to have any of `needed`, for each of `phrases` any of its rows, and none of the rows `excluded`; `more`
    are the words of the phrases, which count for the score only. A phrase without rows stands in no record.
    """

    needed: tuple[Clause, ...]
    more: tuple[Clause, ...]
    phrases: tuple[tuple[Row, ...], ...]
    excluded: tuple[Row, ...]
    has_conditions: bool

    @property
    def scored(self) -> tuple[Clause, ...]:
        """What a score is the sum of."""
        return self.needed + self.more


def read(query: KeywordQuery, analyzer: Analyzer, known: Known) -> Clauses:
    """The query in tokens. Stop words are looked for only where there is nothing else; a text without words says
    nothing."""
    words = [unit for word in query.words for unit in analyzer.units(word)]
    phrases = [units for units in map(analyzer.units, query.phrases) if units]
    excluded = [units for units in map(analyzer.units, query.excluded) if units]
    quoted = [unit for units in phrases for unit in units]
    only_stop = all(map(analyzer.is_stop, (*words, *quoted)))
    needed, more = (_clauses(units, analyzer, known, only_stop) for units in (words, quoted))
    return Clauses(
        needed=tuple(needed),
        more=tuple(clause for clause in more if clause not in needed),
        phrases=tuple(tuple(analyzer.sequences(units, known)) for units in phrases),
        excluded=tuple(row for units in excluded for row in analyzer.sequences(units, known)),
        has_conditions=bool(phrases or excluded),
    )


class Reading:
    """Reads queries, and keeps the last one: a search asks an engine the same three times. Safe in threads."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._last: tuple[object, KeywordQuery, Clauses] | None = None

    def read(self, query: KeywordQuery, commit: object, known: Known) -> Clauses:
        """As `read`; `commit` is what `known` looks into, and is another object after every commit."""
        last = self._last
        if last is None or last[0] is not commit or last[1] != query:
            last = self._last = commit, query, read(query, self._analyzer, known)
        return last[2]


def _clauses(units: Sequence[Unit], analyzer: Analyzer, known: Known, with_stop: bool) -> Iterable[Clause]:
    """The clauses of neighbouring units, each once."""
    weighty = [at for at, unit in enumerate(units) if with_stop or not analyzer.is_stop(unit)]
    return dict.fromkeys(Clause(*found) for at in weighty for found in analyzer.spellings(units, at, known))
