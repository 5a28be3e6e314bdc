"""The keyword engine on Whoosh: it keeps the postings on disk, we read them into arrays and score them (BM25F).

Whoosh's own searcher, filters and query parser are not used: they walk every posting in Python. The index holds tokens,
positions, the numeric id and the length of each record, and no text.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from threading import RLock
from typing import Any, Literal

import numpy as np
from pyroaring import BitMap

with warnings.catch_warnings():
    warnings.simplefilter("ignore", SyntaxWarning)  # Whoosh of 2016 under a newer compiler
    from whoosh import columns, fields, formats, index
    from whoosh.matching import ListMatcher

from indexes.analyzer import SHORTEST_PART, Analyzer, Unit
from indexes.base import KeywordQuery, Record, Scored

K1, B = 1.2, 0.75
TEXT_WEIGHT, HEADINGS_WEIGHT, TITLE_WEIGHT = 1.0, 1.5, 0.75  # a title is shared by all passages of its study
FIELD_GAP = 100  # positions between text, headings and title, so that no phrase runs across them
LOCK_SECONDS = 30.0
CACHED_POSTINGS = 4_000_000  # 12 bytes each
TOP_HITS = 10  # the hits on which `fit` looks

Row = tuple[str, ...]  # tokens at neighbouring positions
Postings = tuple[np.ndarray, np.ndarray]  # document numbers in ascending order (int64), weights (float32)


class KeywordIndexBusy(Exception):
    """Another process is writing the keyword index, and did not finish in time."""


@dataclass(frozen=True)
class WordFit:
    """How well one word of a query is met: what `fusion.query_weight` goes by.

    `idf` is at least 0; `rarity` is `idf` over that of a word in a single record (0 to 1; 1 also for a word in none);
    `share` is the share of the best hits that have the word; `is_code` is true for W-2, R&D, CXO-12.
    """

    word: str
    idf: float
    rarity: float
    share: float
    is_code: bool


class _Content(fields.FieldType):  # type: ignore[misc]
    """A Whoosh field that takes our tokens as (token, position, weight) and keeps weights and positions."""

    def __init__(self) -> None:
        super().__init__(formats.Positions(), None)

    def index(self, value: Iterable[tuple[str, int, float]], **_: Any) -> Iterator[tuple[bytes, int, float, bytes]]:
        positions: defaultdict[str, list[int]] = defaultdict(list)
        weights: defaultdict[str, float] = defaultdict(float)
        for token, position, weight in value:
            positions[token].append(position)
            weights[token] += weight
        for token, places in positions.items():
            yield token.encode(), len(places), weights[token], self.format.encode(places)


def _schema() -> fields.Schema:
    number = columns.NumericColumn("I")
    return fields.Schema(content=_Content(), id=fields.COLUMN(number), size=fields.COLUMN(number))


class _Leaf:
    """One segment: its postings, and per document the id and length."""

    def __init__(self, reader: Any, start: int) -> None:
        self.start, self.count = start, reader.doc_count_all()
        self.terms = reader.codec().terms_reader(reader.storage(), reader.segment())
        self.ids = np.array(reader.column_reader("id", translate=False).load(), dtype=np.int64)
        self.sizes = np.array(reader.column_reader("size", translate=False).load(), dtype=np.float32)
        self.alive = np.ones(self.count, dtype=bool)
        self.alive[list(reader.segment().deleted_docs())] = False

    def matcher(self, token: str) -> Any | None:
        """Whoosh's cursor over a token's postings, those of deleted documents included."""
        key = ("content", token.encode())
        return self.terms.matcher(*key, _FORMAT) if key in self.terms else None

    def postings(self, token: str) -> Postings:
        """A token's documents, numbered over the whole index, and weights."""
        matcher, ids, weights = self.matcher(token), [], []
        while matcher is not None and matcher.is_active():
            ids.append(matcher.id())
            weights.append(matcher.weight())
            matcher.next()
        return np.array(ids, dtype=np.int64) + self.start, np.array(weights, dtype=np.float32)


_FORMAT = formats.Positions()
