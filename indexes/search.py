"""One query path over all engines: within the filter, ranked, and with every reason kept.

What is found, with words, is the best `Request.limit` of each engine within the filter and the hard conditions, united.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from pyroaring import BitMap

from indexes import fusion
from indexes.base import KeywordIndex, KeywordQuery, Scored, VectorIndex
from indexes.fusion import MEANING_FLOOR
from indexes.keyword import WordFit

Mode = Literal["hybrid", "keyword", "meaning"]

LIMIT = 1000  # of each engine


class RankingKeywordIndex(KeywordIndex, Protocol):
    """A keyword engine that also tells how the words of a query are met; the default engine does."""

    def fit(self, query: KeywordQuery, ids: Sequence[int]) -> tuple[WordFit, ...]:
        """For each word of the query: its idf, and the share of these ids that have it."""


@dataclass(frozen=True)
class Boost:
    """A reason to rank some ids higher: `weight` is added to their score, which is 0 to 1 before."""

    label: str
    ids: BitMap
    weight: float


@dataclass(frozen=True)
class Request:
    """What is searched for. `text` is what is embedded; `allowed` is the filter (None: everything alive)."""

    query: KeywordQuery
    text: str
    allowed: BitMap | None = None
    mode: Mode = "hybrid"
    boosts: tuple[Boost, ...] = ()
    limit: int = LIMIT


@dataclass(frozen=True)
class Ranked:
    """One id found, and why.

    Ranks count from 1 and are None where that engine did not bring it. `keyword_score` is the engine's own (BM25),
    `meaning_score` the cosine, known for keyword hits too. `boosts` are the labels of what raised `score`.
    """

    id: int
    score: float
    keyword_rank: int | None = None
    meaning_rank: int | None = None
    keyword_score: float | None = None
    meaning_score: float | None = None
    boosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ranking:
    """The answer. `hits` are in order; `found` is the same as a set, which totals and facets count; `capped` where an
    engine had more; `meaning_off` where meaning was asked for and could not be had."""

    hits: tuple[Ranked, ...]
    found: BitMap
    capped: bool
    meaning_off: bool

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids in order."""
        return tuple(hit.id for hit in self.hits)


def whole(
    allowed: BitMap | None, live: BitMap, keyword: KeywordIndex | None = None, query: KeywordQuery | None = None
) -> BitMap:
    """What is found without words: the whole filter, less what the query's exclusions take away."""
    inside = live if allowed is None else live & allowed
    conditions = keyword.matching(query) if keyword and query else None
    return inside.copy() if conditions is None else inside & conditions


def search(
    request: Request,
    keyword: RankingKeywordIndex,
    vector: VectorIndex | None,
    embed_query: Callable[[str], np.ndarray] | None,
    live: BitMap,
) -> Ranking:
    """Ask the engines the mode names and fuse their answers. `live` are the ids that exist and may be shown at all.

    `embed_query` gives a float32 vector of length 1. Without it or `vector` meaning is off and keywords answer. A query
    without words or phrases is for `whole`, not for here.
    """
    inside = live if request.allowed is None else live & request.allowed
    off = request.mode != "keyword" and (vector is None or embed_query is None)
    by_keyword: list[Scored] = []
    by_meaning: list[Scored] = []
    capped = False
    if request.mode != "meaning" or off:
        by_keyword = keyword.search(request.query, inside, request.limit + 1)
        by_keyword, capped = by_keyword[: request.limit], len(by_keyword) > request.limit
    if request.mode != "keyword" and vector is not None and embed_query is not None and request.text.strip():
        conditions = keyword.matching(request.query)
        within = inside if conditions is None else inside & conditions
        asked = np.asarray(embed_query(request.text), dtype=np.float32)
        by_meaning, cut = _by_meaning(asked, vector, within, by_keyword, request.limit)
        return _ranking(
            request, keyword, by_keyword, by_meaning, _cosines(asked, vector, by_keyword), capped or cut, off
        )
    return _ranking(request, keyword, by_keyword, by_meaning, [], capped, off)


def _by_meaning(
    asked: np.ndarray, vector: VectorIndex, within: BitMap, by_keyword: Sequence[Scored], limit: int
) -> tuple[list[Scored], bool]:
    """The nearest `limit` that are near at all, and whether there were more.

    Below `MEANING_FLOOR` they do not count as found, unless by a keyword.
    """
    found = {scored.id for scored in by_keyword}
    nearest = vector.search(asked, within, limit + 1)
    near = [scored for scored in nearest[:limit] if scored.score >= MEANING_FLOOR or scored.id in found]
    return near, any(scored.score >= MEANING_FLOOR for scored in nearest[limit:])


def _cosines(asked: np.ndarray, vector: VectorIndex, hits: Sequence[Scored]) -> list[Scored]:
    """The exact cosines of these hits, without those that have no vector yet."""
    ids = [scored.id for scored in hits]
    values = vector.scores(asked, ids) if ids else ()
    return [Scored(number, float(value)) for number, value in zip(ids, values, strict=True) if not math.isnan(value)]


def _ranking(
    request: Request,
    keyword: RankingKeywordIndex,
    by_keyword: Sequence[Scored],
    by_meaning: Sequence[Scored],
    cosines: Sequence[Scored],
    capped: bool,
    off: bool,
) -> Ranking:
    meaning = {scored.id: scored.score for scored in (*cosines, *by_meaning)}
    fused = _fused(request, keyword, by_keyword, [Scored(*pair) for pair in meaning.items()], off)
    labels, additions = _boosts(request.boosts, fused)
    keyword_scores = {scored.id: scored.score for scored in by_keyword}
    keyword_ranks, meaning_ranks = _ranks(by_keyword), _ranks(by_meaning)
    hits = tuple(
        Ranked(
            number, score, keyword_ranks.get(number), meaning_ranks.get(number),
            keyword_scores.get(number), meaning.get(number), tuple(labels.get(number, ())),
        )
        for number, score in fusion.boosted(fused, additions).items()
    )  # fmt: skip
    return Ranking(hits, BitMap(fused), capped, off)


def _fused(
    request: Request,
    keyword: RankingKeywordIndex,
    by_keyword: Sequence[Scored],
    by_meaning: Sequence[Scored],
    off: bool,
) -> dict[int, float]:
    """The scores of all that was found, 0 to 1. One engine that was asked alone counts fully."""
    if request.mode == "keyword" or off:
        return fusion.convex(by_keyword, [], covered=1.0, weight=0.0)
    if request.mode == "meaning":
        return fusion.convex([], by_meaning, covered=0.0, weight=1.0)
    covered = fusion.coverage(keyword.fit(request.query, [scored.id for scored in by_keyword[:1]]))
    return fusion.convex(by_keyword, by_meaning, covered)


def _ranks(scored: Sequence[Scored]) -> dict[int, int]:
    return {hit.id: rank for rank, hit in enumerate(scored, start=1)}


def _boosts(boosts: Sequence[Boost], ids: Iterable[int]) -> tuple[dict[int, list[str]], dict[int, float]]:
    """For each id that a boost raises, the labels and the sum of the weights."""
    found = BitMap(ids)
    labels: dict[int, list[str]] = {}
    additions: dict[int, float] = {}
    for boost in boosts:
        for number in boost.ids & found:
            labels.setdefault(number, []).append(boost.label)
            additions[number] = additions.get(number, 0.0) + boost.weight
    return labels, additions
