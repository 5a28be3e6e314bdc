"""Pure functions over scores: how two engines' answers become one list, and how one study does not fill its first page.

A convex combination of normalised scores (Bruch, Gai and Ingber 2023, "An analysis of fusion functions for hybrid
retrieval") with one fixed weight. Both scales are absolute, so that neither engine's best counts as good for being its
best: a cosine counts from that of unrelated texts to 1, a keyword score by how much of the query its list's best holds.
The figures that chose this are in docs/measurements.md; reciprocal rank fusion is here to compare with.

Arrays are of one row for each id that either engine found: the keyword score and the cosine, NaN where there is none.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from math import log
from typing import Protocol

import numpy as np

RANK_CONSTANT = 60  # Cormack, Clarke and Buettcher 2009
MEANING_WEIGHT = 0.55  # best on the tuning half: nDCG@10 .733, .730 at .5, .732 at .6, .731 at .65
# The share of a query's idf from which on a hit holds it. With plain squares instead, a rare word beside one of another
# text had its text first for .69 to .73 of 160 queries, with this for .81; on docstrings it costs .002 to .004.
NEARLY_ALL = 0.75
# What a hit holds of a long question says enough from so many words on, each as rare as one of a single record, though
# much of the question be missing: most of what three sets gained by it came from questions of eight words or more.
ENOUGH_WORDS = 2.5
FEW_RECORDS = 1000  # among fewer no word is rarer than among so many
# A cosine below this says nothing: with all-MiniLM-L6-v2 68% of 4,823 unrelated pairs of question and evidence lie
# below it, and 2 of 40 related ones. The order hardly depends on it (with squares .734 at 0, .735 at .1, .15 and .2).
MEANING_FLOOR = 0.15
FIRST, OF_ONE_STUDY = 10, 3  # a study crowds the first ten with more than three
NEARLY_AS_GOOD = 0.7  # of a held-back hit's score, what another study's hit needs to go before it


class Fit(Protocol):
    """How well a word of the query is met; see `indexes.base.WordFit`."""

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
    return dict(sorted(sums.items(), key=lambda pair: -pair[1]))


def coverage(words: Sequence[Fit], records: int) -> float:
    """How well the looked-at hits hold the query, 0 to 1: the larger of two shares, each taken as whole from where on a
    hit may be believed.

    The share of the query's idf that they hold, ``sum(idf * share) / sum(idf)``, over `NEARLY_ALL`: a word that is
    nowhere weighs most, so a question in other words than the evidence has a low one. And the idf that they hold over
    that of `ENOUGH_WORDS` words that only one of so many `records` has: a long question is held by a part of it. 0
    without words.
    """
    mass, held = sum(word.idf for word in words), sum(word.idf * word.share for word in words)
    if mass <= 0:
        return 0.0
    rarest = log(1 + (max(records, FEW_RECORDS) - 0.5) / 1.5)
    return min(max(held / mass / NEARLY_ALL, held / (ENOUGH_WORDS * rarest)), 1.0)


def keyword_shares(scores: np.ndarray, covered: float) -> np.ndarray:
    """BM25 scores as 0 to 1: ``score / best * covered**3``, where `covered` is the `coverage` of the best hit; 0 for
    NaN.

    A lone hit that holds the query is worth 1, however long its text and though a word beside a name is missing. One
    that holds a third is worth .09: where the words are someone else's, the best of them must not outrank what is near
    in meaning.
    """
    known = np.nan_to_num(np.asarray(scores, dtype=np.float64))
    best = float(known.max(initial=0.0))
    return known / best * covered**3 if best > 0 else np.zeros_like(known)


def meaning_shares(cosines: np.ndarray) -> np.ndarray:
    """Cosines as shares of the way from `MEANING_FLOOR` to 1; what is below, and NaN, is 0."""
    known = np.nan_to_num(np.asarray(cosines, dtype=np.float64))
    return np.maximum(known - MEANING_FLOOR, 0.0) / (1 - MEANING_FLOOR)


def convex(keyword: np.ndarray, meaning: np.ndarray, covered: float, weight: float = MEANING_WEIGHT) -> np.ndarray:
    """``weight * meaning + (1 - weight) * keyword`` of the shares, 0 to 1, a row for each row of both.

    `covered` is the `coverage` of the best keyword hit; `weight` is 0 (keywords alone) to 1. Give exact cosines of the
    keyword hits within `meaning`.
    """
    return weight * meaning_shares(meaning) + (1 - weight) * keyword_shares(keyword, covered)


def uncrowded(
    ids: Sequence[int],
    scores: Sequence[float],
    studies: Sequence[int],
    most: int = OF_ONE_STUDY,
    first: int = FIRST,
    nearly: float = NEARLY_AS_GOOD,
) -> tuple[list[int], dict[int, int]]:
    """The ids in an order whose `first` ones have at most `most` of a study, and how many more some studies have.

    `ids` are in order of their falling `scores`, above 0 where anything is to go before them; `studies` are theirs (0:
    none, which never crowds). A hit too many of its study is held back behind those of other studies that are `nearly`
    as good: have that share of its score. So where there is no other, it stays. From `first` on the order is as it was.
    The second value names, for each study that was held back, its last id among the `first` and how many of its ids
    come after.
    """
    taken, held, seen = _first_ones(scores, studies, most, first, nearly)
    order = [ids[at] for at in (*taken, *held)]
    order += ids[seen:]
    moved = {studies[at] for at in held if at < first}
    if not moved:
        return order, {}
    shown = {studies[at]: ids[at] for at in taken}
    more = Counter(study for study in (*(studies[at] for at in held), *studies[seen:]) if study in moved)
    return order, {shown[study]: count for study, count in more.items()}


def _first_ones(
    scores: Sequence[float], studies: Sequence[int], most: int, first: int, nearly: float
) -> tuple[list[int], list[int], int]:
    """The places of the first ones, those still held back, and how many places were looked at."""
    taken: list[int] = []
    held: deque[int] = deque()
    counts: Counter[int] = Counter()
    at = 0
    while len(taken) < first and (held or at < len(scores)):
        if held and (at == len(scores) or scores[at] < nearly * scores[held[0]]):
            taken.append(held.popleft())
            continue
        if studies[at] and counts[studies[at]] >= most:
            held.append(at)
        else:
            counts[studies[at]] += 1
            taken.append(at)
        at += 1
    return taken, list(held), at
