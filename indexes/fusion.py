"""Pure functions over ranked lists: how two engines' answers become one.

A convex combination of normalised scores is used (Bruch, Gai and Ingber 2023, "An analysis of fusion functions for
hybrid retrieval"); reciprocal rank fusion is here to compare with. How much the meaning engine is believed follows from
the query: see `query_weight`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from indexes.base import Scored

RANK_CONSTANT = 60  # Cormack, Clarke and Buettcher 2009
KEYWORD_MINIMUM = 0.0  # of BM25
MEANING_MINIMUM = -1.0  # of a cosine
LEAST_MEANING, MOST_MEANING = 0.35, 0.8  # what the meaning engine is believed for a code found whole; for plain talk
MOST_MEANING_QUOTED = 0.65  # who quotes words cares for the words


class Fit(Protocol):
    """How well a word of the query is met; see `indexes.keyword.WordFit`."""

    @property
    def idf(self) -> float: ...
    @property
    def rarity(self) -> float: ...
    @property
    def share(self) -> float: ...
    @property
    def is_code(self) -> bool: ...


def reciprocal_rank(lists: Sequence[Sequence[int]], k: int = RANK_CONSTANT) -> dict[int, float]:
    """The sum of 1 / (k + rank) over the lists an id is in, ranks from 1; best first."""
    sums: dict[int, float] = {}
    for ranked in lists:
        for rank, number in enumerate(ranked, start=1):
            sums[number] = sums.get(number, 0.0) + 1 / (k + rank)
    return _sorted(sums)


def normalised(scores: Sequence[Scored], minimum: float) -> dict[int, float]:
    """Scores as shares of the way from an engine's theoretical minimum to the best of this list: 0 to 1.

    The best is 1 even where it is the only one, which plain min-max would make 0. Where no score is above the minimum
    all are 0.
    """
    best = max((scored.score for scored in scores), default=minimum)
    if best <= minimum:
        return {scored.id: 0.0 for scored in scores}
    return {scored.id: max(scored.score - minimum, 0.0) / (best - minimum) for scored in scores}


def convex(keyword: Sequence[Scored], meaning: Sequence[Scored], weight: float) -> dict[int, float]:
    """``weight * meaning + (1 - weight) * keyword`` of the normalised scores; an id missing from a list has 0 there.

    `weight` is 0 to 1. Give exact cosines of the keyword hits within `meaning`: a missing one counts as the opposite in
    meaning. Best first, in the keyword list's order where equal; scores are 0 to 1.
    """
    by_keyword, by_meaning = normalised(keyword, KEYWORD_MINIMUM), normalised(meaning, MEANING_MINIMUM)
    return _sorted(
        {
            number: weight * by_meaning.get(number, 0.0) + (1 - weight) * by_keyword.get(number, 0.0)
            for number in {**by_keyword, **by_meaning}
        }
    )


def query_weight(words: Sequence[Fit], quoted: bool = False) -> float:
    """How much the meaning engine is believed, `LEAST_MEANING` to `MOST_MEANING`, given how the query's words are met.

    The keyword engine is trusted as far as the query is met by its best hits and tells records apart:
    ``trust = matched**2 * telling``. `matched` is the share of the words' idf that the best hits hold on average; where
    they hold only a part, someone else's words were used and meaning decides. `telling` is the mean of the words'
    rarity squared, weighted by idf; a code (W-2, CXO-12), which a model of meaning reads badly, counts as wholly rare.
    So a rare code that is found goes by the keywords, and a question in common words by its meaning. A quoted phrase
    caps the weight at `MOST_MEANING_QUOTED`. Without words: `MOST_MEANING`.
    """
    mass = sum(word.idf for word in words)
    most = MOST_MEANING_QUOTED if quoted else MOST_MEANING
    if mass <= 0:
        return most
    matched = sum(word.idf * word.share for word in words) / mass
    telling = sum(word.idf * (1.0 if word.is_code else word.rarity**2) for word in words) / mass
    return most - (most - LEAST_MEANING) * matched**2 * telling


def boosted(scores: Mapping[int, float], additions: Mapping[int, float]) -> dict[int, float]:
    """Scores with additions for some ids; ids without a score are passed over. Best first."""
    return _sorted({number: score + additions.get(number, 0.0) for number, score in scores.items()})


def _sorted(scores: Mapping[int, float]) -> dict[int, float]:
    return dict(sorted(scores.items(), key=lambda pair: -pair[1]))
