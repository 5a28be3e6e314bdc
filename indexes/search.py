"""One query path over all engines: within the filter, ranked, and with every reason kept.

What is found, with words, is the best `Request.limit` of each engine within the filter and the hard conditions, united.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from typing import Literal, TypeVar

import numpy as np
from pyroaring import BitMap

from indexes import fusion
from indexes.base import KeywordIndex, KeywordQuery, ScoredIds, VectorIndex
from indexes.fusion import MEANING_FLOOR
from indexes.ranks import Boost, Ranked, Ranking, Ranks

__all__ = ["LIMIT", "Boost", "Mode", "Ranked", "Ranking", "Ranks", "Request", "search", "whole"]

Answer = TypeVar("Answer")
Mode = Literal["hybrid", "keyword", "meaning"]

LIMIT = 1000  # of each engine


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
class _Answer:
    """What one engine says: ids and scores, the best first, and whether it had more."""

    ids: np.ndarray
    scores: np.ndarray
    capped: bool = False

    @classmethod
    def of(cls, hits: ScoredIds, limit: int) -> _Answer:
        """The first `limit` of these hits."""
        return cls(hits.ids[:limit], hits.scores[:limit], len(hits) > limit)


_NOTHING = _Answer(np.empty(0, dtype=np.int64), np.empty(0))


def whole(
    allowed: BitMap | None, live: BitMap, keyword: KeywordIndex | None = None, query: KeywordQuery | None = None
) -> BitMap:
    """What is found without words: the whole filter, less what the query's exclusions take away."""
    inside = live if allowed is None else live & allowed
    conditions = keyword.matching(query) if keyword and query else None
    return inside.copy() if conditions is None else inside & conditions


def search(
    request: Request,
    keyword: KeywordIndex,
    vector: VectorIndex | None,
    embed_query: Callable[[str], np.ndarray] | None,
    live: BitMap,
) -> Ranking:
    """Ask the engines the mode names and fuse their answers. `live` are the ids that exist and may be shown at all.

    Where both are asked, they work at the same time: what they do needs no Python for most of it.

    `embed_query` gives a float32 vector of length 1. Without it or `vector` meaning is off and keywords answer. A query
    without words or phrases is for `whole`, not for here.
    """
    inside = live if request.allowed is None else live & request.allowed
    off = request.mode != "keyword" and (vector is None or embed_query is None)
    by_keyword, by_meaning, cosines, covered, meant = _NOTHING, _NOTHING, None, 1.0, None
    if request.mode != "keyword" and vector is not None and embed_query is not None and request.text.strip():
        meant = _Meant(request, keyword, vector, embed_query, inside)
    if request.mode != "meaning" or off:
        by_keyword = _Answer.of(keyword.search(request.query, inside, request.limit + 1), request.limit)
        if request.mode == "hybrid" and not off:
            covered = fusion.coverage(keyword.fit(request.query, by_keyword.ids[:1].tolist()), len(live))
    if meant is not None and vector is not None:
        cosines = vector.scores(meant.asked.result(), by_keyword.ids) if len(by_keyword.ids) else None
        by_meaning = _near(meant.nearest.result(), by_keyword.ids, request.limit)
    return _ranking(request, by_keyword, by_meaning, cosines, covered, off)


class _Meant:
    """The meaning of what is asked, and what is nearest to it: begun at once, in threads that end with it."""

    def __init__(
        self,
        request: Request,
        keyword: KeywordIndex,
        vector: VectorIndex,
        embed_query: Callable[[str], np.ndarray],
        inside: BitMap,
    ) -> None:
        self.asked = _aside(lambda: np.asarray(embed_query(request.text), dtype=np.float32))
        conditions = keyword.matching(request.query)
        within = inside if conditions is None else inside & conditions
        self.nearest = _aside(lambda: vector.search(self.asked.result(), within, request.limit + 1))


def _aside(work: Callable[[], Answer]) -> Future[Answer]:
    """What this gives, or raises, from a thread of its own."""
    future: Future[Answer] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # raised where the result is asked for; tokenizers panics with no Exception
            future.set_exception(error)

    Thread(target=run, name="meaning", daemon=True).start()
    return future


def _near(nearest: ScoredIds, found: np.ndarray, limit: int) -> _Answer:
    """The nearest that are near at all, and whether there were more.

    Below `MEANING_FLOOR` they do not count as found, unless by a keyword.
    """
    answer = _Answer.of(nearest, limit)
    near = answer.scores >= MEANING_FLOOR
    if not near.all():
        near |= np.isin(answer.ids, found)
    capped = bool((nearest.scores[limit:] >= MEANING_FLOOR).any())
    return _Answer(answer.ids[near], answer.scores[near], capped)


def _ranking(
    request: Request,
    by_keyword: _Answer,
    by_meaning: _Answer,
    cosines: np.ndarray | None,
    covered: float,
    off: bool,
) -> Ranking:
    """One row for each id: those of the keyword engine in its order, then what only meaning brought."""
    count = len(by_keyword.ids)
    new = _ranks(by_keyword, by_meaning.ids) == 0
    numbers = np.concatenate([by_keyword.ids, by_meaning.ids[new]])
    more = len(numbers) - count
    keyword_scores = np.concatenate([by_keyword.scores, np.full(more, np.nan)])
    meaning_scores = np.concatenate([np.full(count, np.nan) if cosines is None else cosines, by_meaning.scores[new]])
    found = BitMap(array("I", np.sort(numbers).astype(np.uint32).tobytes()))  # unsorted it takes four times as long
    scores = _fused(request, keyword_scores, meaning_scores, covered, off)
    for boost in request.boosts:
        scores = scores + boost.weight * np.isin(numbers, (boost.ids & found).to_array())
    order = np.argsort(-scores, kind="stable")
    keyword_ranks = np.concatenate([np.arange(1, count + 1), np.zeros(more, dtype=np.int64)])
    columns = numbers, scores, keyword_ranks, _ranks(by_meaning, numbers), keyword_scores, meaning_scores
    ranks = Ranks(*(column[order] for column in columns), boosts=request.boosts)
    return Ranking(ranks, found, by_keyword.capped or by_meaning.capped, off, by_keyword.capped)


def _fused(
    request: Request, keyword_scores: np.ndarray, meaning_scores: np.ndarray, covered: float, off: bool
) -> np.ndarray:
    """The scores of all that was found, 0 to 1. One engine that was asked alone counts fully."""
    if request.mode == "keyword" or off:
        return fusion.keyword_shares(keyword_scores, covered=1.0)
    if request.mode == "meaning":
        return fusion.meaning_shares(meaning_scores)
    return fusion.convex(keyword_scores, meaning_scores, covered)


def _ranks(answer: _Answer, numbers: np.ndarray) -> np.ndarray:
    """The rank of each of these ids in an answer, from 1; 0 where it is not in it."""
    if not len(answer.ids):
        return np.zeros(len(numbers), dtype=np.int64)
    order = np.argsort(answer.ids)
    at = order[np.minimum(np.searchsorted(answer.ids[order], numbers), len(order) - 1)]
    return np.where(answer.ids[at] == numbers, at + 1, 0)
