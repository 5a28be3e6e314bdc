"""The keyword index in memory: the postings, positions, ids and lengths of an index at one commit, as arrays.

Whoosh's own searcher and filters are not used: they walk every posting in Python and cannot take a bitmap.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from math import log
from typing import Any

import numpy as np
from pyroaring import BitMap

from indexes.clauses import Row
from indexes.codec import Block, TermsReader, open_terms
from indexes.kept import KeptPostings, Postings

K1, B = 1.2, 0.75  # BM25's saturation and length norm, the values its authors recommend
CACHED_POSTINGS = 4_000_000  # of 12 bytes


class _Segment:
    """One Whoosh segment: its postings, and each document's id and length. Documents are numbered from `start` on."""

    def __init__(self, storage: Any, segment: Any, start: int, known: _Segment | None) -> None:
        """`known`: the same segment as it was opened before; only what is deleted may differ."""
        self.start, self.name, self.count = start, segment.segment_id(), segment.doc_count_all()
        self.terms: TermsReader = known.terms if known else open_terms(storage, segment)
        self.ids, self.sizes = (known.ids, known.sizes) if known else _documents(self.terms)
        self.alive = np.ones(self.count, dtype=bool)
        self.alive[list(segment.deleted_docs())] = False
        self.is_whole = bool(self.alive.all())

    def knows(self, token: str) -> bool:
        """Whether a living document has the token."""
        return self.terms.knows(token) and (self.is_whole or len(self.postings(token)[0]) > 0)

    def postings(self, token: str) -> Postings:
        """The living documents with a token, and its weights."""
        block = self.terms.block(token)
        if block is None:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        alive = self.alive[block.docs]
        return block.docs[alive].astype(np.int64) + self.start, block.weights[alive]

    def rows(self, row: Row) -> Postings:
        """The living documents in which these tokens stand in a row, and how often."""
        blocks = [self.terms.block(token) for token in row]
        if any(block is None for block in blocks):
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        begins = [_places(block) - distance for distance, block in enumerate(blocks) if block]
        rarest, *others = sorted(begins, key=len)
        starts = np.unique(rarest)
        for other in others:
            starts = starts[other[np.minimum(np.searchsorted(other, starts), len(other) - 1)] == starts]
        docs, counts = np.unique(starts >> _POSITION_BITS, return_counts=True)
        alive = self.alive[docs]
        return docs[alive] + self.start, counts[alive].astype(np.float32)


def _documents(terms: TermsReader) -> tuple[np.ndarray, np.ndarray]:
    ids, sizes = terms.documents()
    return ids.astype(np.int64), sizes.astype(np.float32)


_POSITION_BITS = 32


def _places(block: Block) -> np.ndarray:
    """Where a token stands, ascending, a number each: the document in the upper half, the position in the lower."""
    return (np.repeat(block.docs.astype(np.int64), block.counts) << _POSITION_BITS) + block.places


class Snapshot:
    """The index at one commit: arrays over all documents, and postings kept in memory once read."""

    def __init__(self, commit: Any, storage: Any, before: Snapshot | None = None) -> None:
        """`commit` is Whoosh's TOC; segments that `before` has, of this or a linked folder, are taken from there."""
        known: dict[Any, _Segment] = {segment.name: segment for segment in before.segments} if before else {}
        self.generation = commit.generation
        self.segments: list[_Segment] = []
        start = 0
        for segment in commit.segments:
            if segment.doc_count_all():
                self.segments.append(_Segment(storage, segment, start, known.get(segment.segment_id())))
                start += segment.doc_count_all()
        self.ids = _join([segment.ids for segment in self.segments], np.int64)
        self.alive = _join([segment.alive for segment in self.segments], bool)
        sizes = _join([segment.sizes for segment in self.segments], np.float32)
        self.count = int(self.alive.sum())
        self.norm = K1 * (1 - B + B * sizes / max(float(sizes[self.alive].mean()) if self.count else 1.0, 1.0))
        self._by_id = np.flatnonzero(self.alive)[np.argsort(self.ids[self.alive], kind="stable")]
        self._sorted_ids = self.ids[self._by_id]
        self._living = BitMap(array("I", self._sorted_ids.astype(np.uint32).tobytes()))
        self._numbered = _numbered(self._sorted_ids, self._by_id)
        self._kept = KeptPostings(CACHED_POSTINGS)

    def documents(self, ids: np.ndarray) -> np.ndarray:
        """The numbers of the living documents with these ids; ids that are not there are passed over."""
        if not self.count or not len(ids):
            return np.empty(0, dtype=np.int64)
        if self._numbered is not None:
            first, last = int(self._sorted_ids[0]), int(self._sorted_ids[-1])
            found = self._numbered[ids[(ids >= first) & (ids <= last)] - first]
            return found[found >= 0].astype(np.int64)
        at = np.minimum(np.searchsorted(self._sorted_ids, ids), self.count - 1)
        return self._by_id[at[self._sorted_ids[at] == ids]]

    def mask(self, allowed: BitMap | None) -> np.ndarray:
        """True for each living document that is allowed."""
        if allowed is None or self._living.issubset(allowed):
            return self.alive.copy()
        mask = np.zeros(len(self.ids), dtype=bool)
        mask[self.documents(np.array(allowed.to_array(), dtype=np.int64))] = True
        return mask

    def knows(self, token: str) -> bool:
        """Whether a living document has the token."""
        return any(segment.knows(token) for segment in self.segments)

    def postings(self, row: Row) -> Postings:
        """The living documents in which these tokens stand in a row, with the token's weights or the row's counts."""
        return self._kept.get(row, lambda: self._read(row))

    def _read(self, row: Row) -> Postings:
        found = [segment.postings(row[0]) if len(row) == 1 else segment.rows(row) for segment in self.segments]
        return _join([docs for docs, _ in found], np.int64), _join([weights for _, weights in found], np.float32)

    def idf(self, documents: int) -> float:
        """Rarity of what stands in so many documents, log(1 + (N - n + .5) / (n + .5)): never negative."""
        return log(1 + (self.count - documents + 0.5) / (documents + 0.5)) if self.count else 0.0

    def scores(self, row: Row) -> Postings:
        """Documents and BM25F scores of a row (Robertson and Zaragoza 2009: weights are summed over fields first)."""
        docs, weights = self.postings(row)
        return docs, self.idf(len(docs)) * weights * (K1 + 1) / (weights + self.norm[docs])


def _numbered(ids: np.ndarray, documents: np.ndarray) -> np.ndarray | None:
    """The document of each number from the first id on, -1 where there is none; None where that took much room."""
    if not len(ids) or ids[-1] - ids[0] >= 4 * len(ids):
        return None
    numbered = np.full(int(ids[-1] - ids[0]) + 1, -1, dtype=np.int32)
    numbered[ids - ids[0]] = documents
    return numbered


def _join(parts: Sequence[np.ndarray], kind: type) -> np.ndarray:
    return np.concatenate(parts) if parts else np.empty(0, dtype=kind)
