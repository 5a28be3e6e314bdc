"""What Whoosh keeps on disk, read into arrays: the postings, positions, ids and lengths of an index at one commit.

Whoosh's own searcher and filters are not used: they walk every posting in Python and cannot take a bitmap.
"""

from __future__ import annotations

import warnings
from array import array
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from math import log
from typing import Any

import numpy as np
from pyroaring import BitMap

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Whoosh dates from 2016: its escapes and "is 0" are told of when it is compiled
    from whoosh import columns, fields, formats

K1, B = 1.2, 0.75  # BM25's saturation and length norm, the values its authors recommend
CACHED_POSTINGS = 4_000_000  # of 12 bytes

Row = tuple[str, ...]  # tokens at neighbouring positions; one token is a row of one
Postings = tuple[np.ndarray, np.ndarray]  # document numbers, ascending, int64; weights or counts, float32


class _Content(fields.FieldType):  # type: ignore[misc]
    """A Whoosh field that takes (token, position, weight) and keeps summed weights and positions."""

    def __init__(self) -> None:
        super().__init__(formats.Positions(), None)

    def index(self, value: Iterable[tuple[str, int, float]], **_: Any) -> Iterator[tuple[bytes, int, float, bytes]]:
        places: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
        weights: defaultdict[str, float] = defaultdict(float)
        for token, position, weight in value:
            places[token].append(position)
            weights[token] += weight
        for token, positions in places.items():
            yield token.encode(), len(positions), weights[token], positions.tobytes()


_NUMBER = columns.NumericColumn("I")
_FIELD = _Content()
SCHEMA = fields.Schema(content=_FIELD, id=fields.COLUMN(_NUMBER), size=fields.COLUMN(_NUMBER))


class _Segment:
    """One Whoosh segment: its postings, and each document's id and length. Documents are numbered from `start` on."""

    def __init__(self, reader: Any, start: int, known: _Segment | None) -> None:
        self.start, self.name, self.count = start, reader.segment().segment_id(), reader.doc_count_all()
        self.terms: Any = known.terms if known else reader.codec().terms_reader(reader.storage(), reader.segment())
        self.ids: np.ndarray = known.ids if known else self._column(reader, "id", np.int64)
        self.sizes: np.ndarray = known.sizes if known else self._column(reader, "size", np.float32)
        self.alive = np.ones(self.count, dtype=bool)
        self.alive[list(reader.segment().deleted_docs())] = False

    @staticmethod
    def _column(reader: Any, name: str, kind: type) -> np.ndarray:
        return np.array(reader.column_reader(name, translate=False).load(), dtype=kind)

    def __contains__(self, token: str) -> bool:
        return ("content", token.encode()) in self.terms

    def cursor(self, token: str) -> Any:
        """Whoosh's cursor over a token's postings, deleted documents included; the token has to be there."""
        return self.terms.matcher("content", token.encode(), _FIELD.format)

    def postings(self, token: str) -> Postings:
        """The living documents with a token, and its weights."""
        ids, weights = array("q"), array("f")
        cursor = self.cursor(token) if token in self else None
        while cursor is not None and cursor.is_active():
            ids.append(cursor.id())
            weights.append(cursor.weight())
            cursor.next()
        docs = np.array(ids, dtype=np.int64)
        alive = self.alive[docs]
        return docs[alive] + self.start, np.array(weights, dtype=np.float32)[alive]

    def positions(self, token: str, docs: np.ndarray) -> Iterator[array[int]]:
        """The token's positions in each of these documents, ascending, that all have it."""
        cursor = self.cursor(token)
        for doc in docs - self.start:
            cursor.skip_to(int(doc))
            yield array("I", bytes(cursor.value()))


class Snapshot:
    """The index at one commit: arrays over all documents, and postings kept in memory once read."""

    def __init__(self, reader: Any, generation: int, before: Snapshot | None = None) -> None:
        known: dict[Any, _Segment] = {segment.name: segment for segment in before.segments} if before else {}
        leaves = [(leaf, start) for leaf, start in reader.leaf_readers() if leaf.doc_count_all()]
        self.generation = generation
        self.segments: list[_Segment] = [
            _Segment(leaf, start, known.get(leaf.segment().segment_id())) for leaf, start in leaves
        ]
        self.ids = _join([segment.ids for segment in self.segments], np.int64)
        self.alive = _join([segment.alive for segment in self.segments], bool)
        sizes = _join([segment.sizes for segment in self.segments], np.float32)
        self.count = int(self.alive.sum())
        self.norm = K1 * (1 - B + B * sizes / max(float(sizes[self.alive].mean()) if self.count else 1.0, 1.0))
        self._by_id = np.flatnonzero(self.alive)[np.argsort(self.ids[self.alive], kind="stable")]
        self._sorted_ids = self.ids[self._by_id]
        self._cache: OrderedDict[Row, Postings] = OrderedDict()
        self._cached = 0

    def documents(self, ids: np.ndarray) -> np.ndarray:
        """The numbers of the living documents with these ids; ids that are not there are passed over."""
        if not self.count or not len(ids):
            return np.empty(0, dtype=np.int64)
        at = np.minimum(np.searchsorted(self._sorted_ids, ids), self.count - 1)
        return self._by_id[at[self._sorted_ids[at] == ids]]

    def mask(self, allowed: BitMap | None) -> np.ndarray:
        """True for each living document that is allowed."""
        if allowed is None:
            return self.alive.copy()
        mask = np.zeros(len(self.ids), dtype=bool)
        mask[self.documents(np.array(allowed.to_array(), dtype=np.int64))] = True
        return mask

    def knows(self, token: str) -> bool:
        """Whether the token is in the index."""
        return any(token in segment for segment in self.segments)

    def postings(self, row: Row) -> Postings:
        """The living documents in which these tokens stand in a row, with the token's weights or the row's counts."""
        if row in self._cache:
            self._cache.move_to_end(row)
            return self._cache[row]
        found = self._token(row[0]) if len(row) == 1 else self._phrase(row)
        self._cache[row] = found
        self._cached += len(found[0])
        while self._cached > CACHED_POSTINGS and len(self._cache) > 1:
            self._cached -= len(self._cache.popitem(last=False)[1][0])
        return found

    def _token(self, token: str) -> Postings:
        found = [segment.postings(token) for segment in self.segments]
        return _join([docs for docs, _ in found], np.int64), _join([weights for _, weights in found], np.float32)

    def _phrase(self, row: Row) -> Postings:
        """Documents with all tokens, then those where some place has them one after the other."""
        docs = self.postings(row[:1])[0]
        for token in sorted(set(row[1:]), key=lambda token: len(self.postings((token,))[0])):
            docs = np.intersect1d(docs, self.postings((token,))[0], assume_unique=True)
        counts = np.zeros(len(docs), dtype=np.float32)
        for segment in self.segments:
            low, high = np.searchsorted(docs, [segment.start, segment.start + segment.count])
            if low < high:
                counts[low:high] = _in_a_row([segment.positions(token, docs[low:high]) for token in row])
        return docs[counts > 0], counts[counts > 0]

    def idf(self, documents: int) -> float:
        """Rarity of what stands in so many documents, log(1 + (N - n + .5) / (n + .5)): never negative."""
        return log(1 + (self.count - documents + 0.5) / (documents + 0.5)) if self.count else 0.0

    def scores(self, row: Row) -> Postings:
        """Documents and BM25F scores of a row (Robertson and Zaragoza 2009: weights are summed over fields first)."""
        docs, weights = self.postings(row)
        return docs, self.idf(len(docs)) * weights * (K1 + 1) / (weights + self.norm[docs])


def _join(parts: Sequence[np.ndarray], kind: type) -> np.ndarray:
    return np.concatenate(parts) if parts else np.empty(0, dtype=kind)


def _in_a_row(cursors: Sequence[Iterator[array[int]]]) -> list[int]:
    """For each document, at how many places its tokens follow one another."""
    counts = []
    for places in zip(*cursors, strict=True):
        starts = set(places[0])
        for distance, positions in enumerate(places):
            starts &= {position - distance for position in positions}
        counts.append(len(starts))
    return counts
