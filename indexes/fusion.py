"""Pure functions over ranked lists: how two engines' answers become one.

A convex combination of normalised scores (Bruch, Gai and Ingber 2023, "An analysis of fusion functions for hybrid
retrieval") with one fixed weight. Both scales are absolute, so that neither engine's best counts as good for being its
best: a cosine counts from that of unrelated texts to 1, a keyword score by how much of the query its list's best holds.
The figures that chose this are in docs/measurements.md; reciprocal rank fusion is here to compare with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from indexes.base import Scored

RANK_CONSTANT = 60  # Cormack, Clarke and Buettcher 2009
MEANING_WEIGHT = 0.55  # best on the tuning half: nDCG@10 .733, .730 at .5, .732 at .6, .731 at .65
# The share of a query's idf from which on a hit holds it. With plain squares instead, a rare word beside one of another
# text had its text first for .69 to .73 of 160 queries, with this for .81; on docstrings it costs .002 to .004.
NEARLY_ALL = 0.75
# A cosine below this says nothing: with all-MiniLM-L6-v2 68% of 4,823 unrelated pairs of question and evidence lie
# below it, and 2 of 40 related ones. The order hardly depends on it (with squares .734 at 0, .735 at .1, .15 and .2).
MEANING_FLOOR = 0.15


class Fit(Protocol):
    """How well a word of the query is met; see `indexes.keyword.WordFit`."""

    @property
    def idf(self) -> float: ...
    @property
    def share(self) -> float: ...


def reciprocal_rank(lists: Sequence[Sequence[int]], k: int = RANK_CONSTANT) -> dict[int, float]:
    """The sum of 1 / (k + rank) over the lists an id is in, ranks from 1; best first."""
    sums: dict[int, float] = {}
    for ranked in lists:
        for rank, number in enumerate(ranked, start=1):
            sums[number] = sums.get(number, 0.0) + 1 / (k + rank)
    return _sorted(sums)


def coverage(words: Sequence[Fit]) -> float:
    """The share of the query's idf that the looked-at hits hold, 0 to 1: ``sum(idf * share) / sum(idf)``.

    A word that is nowhere weighs most, so a question in other words than the evidence has a low coverage. 0 without
    words.
    """
    mass = sum(word.idf for word in words)
    return sum(word.idf * word.share for word in words) / mass if mass > 0 else 0.0


def keyword_shares(scores: Sequence[Scored], covered: float) -> dict[int, float]:
    """BM25 scores as 0 to 1: ``score / best * min(covered / .75, 1)**3``, where the best hit covers that share of the
    query.

    A lone hit that holds the query is worth 1, however long its text and though a word beside a name is missing. One
    that holds a third is worth .09: where the words are someone else's, the best of them must not outrank what is near
    in meaning.
    """
    best = max((scored.score for scored in scores), default=0.0)
    scale = min(covered / NEARLY_ALL, 1.0) ** 3 / best if best > 0 else 0.0
    return {scored.id: scored.score * scale for scored in scores}


def meaning_shares(scores: Sequence[Scored]) -> dict[int, float]:
    """Cosines as shares of the way from `MEANING_FLOOR` to 1; what is below is 0."""
    return {scored.id: max(scored.score - MEANING_FLOOR, 0.0) / (1 - MEANING_FLOOR) for scored in scores}


def convex(
    keyword: Sequence[Scored], meaning: Sequence[Scored], covered: float, weight: float = MEANING_WEIGHT
) -> dict[int, float]:
    """``weight * meaning + (1 - weight) * keyword`` of the shares; an id missing from a list has 0 there.

    `covered` is the `coverage` of the best keyword hit; `weight` is 0 (keywords alone) to 1. Give exact cosines of the
    keyword hits within `meaning`. Best first, in the keyword list's order where equal; scores are 0 to 1.
    """
    by_keyword, by_meaning = keyword_shares(keyword, covered), meaning_shares(meaning)
    return _sorted(
        {
            number: weight * by_meaning.get(number, 0.0) + (1 - weight) * by_keyword.get(number, 0.0)
            for number in {**by_keyword, **by_meaning}
        }
    )


def boosted(scores: Mapping[int, float], additions: Mapping[int, float]) -> dict[int, float]:
    """Scores with additions for some ids; ids without a score are passed over. Best first."""
    return _sorted({number: score + additions.get(number, 0.0) for number, score in scores.items()})


def _sorted(scores: Mapping[int, float]) -> dict[int, float]:
    return dict(sorted(scores.items(), key=lambda pair: -pair[1]))
