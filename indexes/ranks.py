"""What a search answers: every id found in order, with why. Kept as arrays; a hit is made when it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from pyroaring import BitMap


@dataclass(frozen=True)
class Boost:
    """A reason to rank some ids higher: `weight` is added to their score, which is 0 to 1 before."""

    label: str
    ids: BitMap
    weight: float


@dataclass(frozen=True)
class Ranked:
    """One id found, and why.

    Ranks count from 1 and are None where that engine did not bring it. `keyword_score` is the engine's own (BM25),
    `meaning_score` the cosine, known for keyword hits too. `boosts` are the labels of what raised `score`.
    `more_from_study`: how many hits of its study stand further down because they would have crowded the first ones.
    """

    id: int
    score: float
    keyword_rank: int | None = None
    meaning_rank: int | None = None
    keyword_score: float | None = None
    meaning_score: float | None = None
    boosts: tuple[str, ...] = ()
    more_from_study: int = 0


@dataclass(frozen=True, eq=False)
class Ranks(Mapping[int, Ranked]):
    """The hits by id, in order. Arrays of one row for each; ranks are 0 and scores NaN where there is none."""

    numbers: np.ndarray
    scores: np.ndarray
    keyword_ranks: np.ndarray
    meaning_ranks: np.ndarray
    keyword_scores: np.ndarray
    meaning_scores: np.ndarray
    boosts: tuple[Boost, ...] = ()
    more: Mapping[int, int] = field(default_factory=dict)

    @cached_property
    def _rows(self) -> dict[int, int]:
        return dict(zip(self.numbers.tolist(), range(len(self.numbers)), strict=True))

    def __getitem__(self, number: int) -> Ranked:
        row = self._rows[number]
        return Ranked(
            id=number,
            score=float(self.scores[row]),
            keyword_rank=int(self.keyword_ranks[row]) or None,
            meaning_rank=int(self.meaning_ranks[row]) or None,
            keyword_score=_known(self.keyword_scores[row]),
            meaning_score=_known(self.meaning_scores[row]),
            boosts=tuple(boost.label for boost in self.boosts if number in boost.ids),
            more_from_study=self.more.get(number, 0),
        )

    def __iter__(self) -> Iterator[int]:
        return iter(self.numbers.tolist())

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def with_words(self) -> int:
        """How many the keyword engine brought."""
        return int(np.count_nonzero(self.keyword_ranks))

    @property
    def best_score(self) -> float | None:
        """The highest score; None where nothing was found."""
        return _known(self.scores.max(initial=-np.inf)) if len(self.scores) else None

    @property
    def best_cosine(self) -> float | None:
        """The highest cosine; None where none is known."""
        known = self.meaning_scores[~np.isnan(self.meaning_scores)]
        return float(known.max()) if len(known) else None

    def with_more(self, more: Mapping[int, int]) -> Ranks:
        """The same, with `Ranked.more_from_study` of these ids."""
        return replace(self, more=more)


@dataclass(frozen=True)
class Ranking:
    """The answer. `found` are the ids of `ranks` as a set, which totals and facets count; `capped` where an engine had
    more, `keyword_capped` where the keyword engine had; `meaning_off` where meaning was asked for and could not be had.
    """

    ranks: Ranks
    found: BitMap
    capped: bool
    meaning_off: bool
    keyword_capped: bool = False

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids in order."""
        return tuple(self.ranks.numbers.tolist())

    @property
    def hits(self) -> tuple[Ranked, ...]:
        """Every hit in order: made anew each time, so for few."""
        return tuple(self.ranks.values())


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
