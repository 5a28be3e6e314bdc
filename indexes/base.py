"""What goes into an index and what comes out: the contracts that every engine keeps.

Nothing of Whoosh or FAISS shows above these. An engine may be replaced by a server that keeps the same promises.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from pyroaring import BitMap


@dataclass(frozen=True)
class Record:
    """A piece of evidence as the indexes need it. The indexes keep no text that could be shown.

    `keys` are the names of the bitmaps it belongs to, such as ``term:12``, ``kind:verbatim``, ``study:4``,
    ``day:2025-03-31``. `study` and `respondent` are ids for counting (0: none); `day` is the number of days
    since 1970-01-01 for sorting (-2**31: unknown).
    """

    id: int
    text: str
    headings: str
    title: str
    content_hash: str
    keys: frozenset[str]
    study: int = 0
    respondent: int = 0
    day: int = -(2**31)


@dataclass(frozen=True)
class KeywordQuery:
    """What is asked of a keyword engine, already free of syntax. `phrases` and `excluded` are hard conditions."""

    words: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


class Scored(NamedTuple):
    """An id with an engine's own score: larger is better; BM25 is at least 0, a cosine is -1 to 1."""

    id: int
    score: float


class ScoredIds(Sequence[Scored]):
    """What an engine found, the best first: arrays, since a search finds thousands; a hit is made when it is asked for.

    `ids` are int64, `scores` float64, a row for each.
    """

    __slots__ = ("ids", "scores")

    def __init__(self, ids: np.ndarray | Sequence[int] = (), scores: np.ndarray | Sequence[float] = ()) -> None:
        self.ids = np.asarray(ids, dtype=np.int64)
        self.scores = np.asarray(scores, dtype=np.float64)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, at):
        if isinstance(at, slice):
            return ScoredIds(self.ids[at], self.scores[at])
        return Scored(int(self.ids[at]), float(self.scores[at]))

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    def __repr__(self) -> str:
        return repr(list(self))


@dataclass(frozen=True)
class WordFit:
    """How well one word of a query is met: what `fusion.coverage` goes by.

    `idf` is the word's rarity, at least 0; `share` is the share of the looked-at hits that have it.
    """

    word: str
    idf: float
    share: float


class KeywordIndexBusy(Exception):
    """Another process is writing the keyword index and did not finish in time."""


class KeywordIndex(Protocol):
    """A keyword engine over text, headings and title. Reads see a consistent state; one process writes at a time."""

    def apply(self, removed: Iterable[int], added: Sequence[Record]) -> None:
        """Remove these ids, then add these records (an id that was there is replaced), in one commit."""

    def search(self, query: KeywordQuery, allowed: BitMap | None, limit: int) -> ScoredIds:
        """The best `limit` of the allowed ids (None: all), best first; a record needs any word and every condition."""

    def matching(self, query: KeywordQuery) -> BitMap | None:
        """All ids that meet the hard conditions (phrases, exclusions); None where the query has none."""

    def fit(self, query: KeywordQuery, ids: Sequence[int]) -> tuple[WordFit, ...]:
        """How rare each word of the query is (its phrases' words too), and in which share of these ids it stands."""

    def has(self, token: str, within: BitMap) -> bool:
        """Whether any of these ids has the token, as `Analyzer` spells it."""

    def ids(self) -> BitMap:
        """Every id in the index."""


class VectorIndex(Protocol):
    """Vectors by id, normalised to length 1, searched by inner product."""

    def apply(self, removed: Iterable[int], ids: Sequence[int], vectors: np.ndarray) -> None:
        """Remove, then add: `vectors` is float32 of shape (len(ids), dimension). An id that was there is replaced."""

    def search(self, vector: np.ndarray, allowed: BitMap | None, limit: int) -> ScoredIds:
        """The nearest `limit` of the allowed ids, nearest first; `vector` is float32 of shape (dimension,)."""

    def scores(self, vector: np.ndarray, ids: Sequence[int]) -> np.ndarray:
        """Exact cosines of these ids, NaN where an id is not there; shape (len(ids),)."""

    def ids(self) -> BitMap:
        """Every id in the index."""
