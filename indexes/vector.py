"""Vectors by id: exact search over append-only segments that are mapped into memory, not loaded.

A commit writes one segment: the ids and vectors it adds and the ids it removes from the segments before it. The newest
segment wins. Files are never changed; which of them count is the manifest's to say (`names`).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import faiss
import numpy as np
from pyroaring import BitMap

from indexes.base import Scored
from indexes.manifest import written_aside

MAX_SEGMENTS = 8
GROWTH = 4  # a segment is merged into the newer ones once it is no longer than this many times all of them
# Measured at 100k x 384, best 1,000: gathering 500 / 2,000 rows takes .1 / .8 ms (FAISS with a bitmap: .5 / 1.0 ms),
# from 5,000 rows on the bitmap is as fast and at 50,000 six times faster.
GATHER_LIMIT = 4096

# A forked child hangs in a search if its parent searched with more than one OpenMP thread.
faiss.omp_set_num_threads(1)


class VectorError(Exception):
    """A segment cannot be read, or does not fit the index; the message names the file."""


@dataclass(frozen=True)
class _Segment:
    """`ids` ascending int64, `vectors` float32 (n, d); `live`: the ids here that no newer segment took back."""

    name: str
    ids: np.ndarray
    vectors: np.ndarray
    removed: BitMap
    live: BitMap

    @property
    def dead(self) -> int:
        return len(self.ids) - len(self.live)

    def rows(self, ids: BitMap) -> np.ndarray:
        """The rows of ids that are here."""
        return np.searchsorted(self.ids, _array(ids))


class FaissIndex:
    """Keeps `indexes.base.VectorIndex`. Reading is thread-safe, also during `apply`; one thread at a time applies."""

    def __init__(self, folder: Path, dimension: int, names: Iterable[str] = ()) -> None:
        """Open the state made of these files (from `names()`) in `folder`; no names: empty.

        Raises:
            VectorError: a file is missing, cut short or of another dimension.
        """
        self.folder = Path(folder)
        self.dimension = dimension
        stems = sorted({name.split(".")[0] for name in names})
        self._segments = _without_dead([_read(self.folder, stem, dimension) for stem in stems])

    def names(self) -> list[str]:
        """The names of the files in `folder` that make up this state."""
        return [f"{segment.name}.{suffix}" for segment in self._segments for suffix in _SUFFIXES]

    def copy(self) -> FaissIndex:
        """The same state to go on from; what is applied to the copy does not show here. Costs nothing."""
        other = FaissIndex(self.folder, self.dimension)
        other._segments = self._segments
        return other

    def apply(self, removed: Iterable[int], ids: Sequence[int], vectors: np.ndarray) -> None:
        """Remove, then add: `vectors` is float32 of shape (len(ids), dimension). An id that was there is replaced.

        Raises:
            ValueError: the shapes do not fit, or an id comes twice.
        """
        added, rows = np.asarray(ids, dtype=np.int64), np.asarray(vectors, dtype=np.float32)
        if len(added) and rows.shape != (len(added), self.dimension):
            raise ValueError(f"the vectors are of shape {rows.shape}, expected is ({len(added)}, {self.dimension})")
        if len(np.unique(added)) != len(added):
            raise ValueError("an id comes twice")
        gone = self.ids() & BitMap(removed)
        if not len(added) and not gone:
            return
        order = np.argsort(added)
        rows = rows.reshape(-1, self.dimension)[order]
        new = _Segment(self._next_name(), added[order], rows, gone, BitMap(added))
        whole = _without_dead([*self._segments, new])
        start = _merge_from(whole)
        merged = _merged(whole[start:], first=start == 0)
        _write(self.folder, merged)
        kept = replace(_read(self.folder, merged.name, self.dimension), live=merged.live)
        self._segments = (*whole[:start], kept)

    def _next_name(self) -> str:
        numbers = [int(path.name.split(".")[0]) for path in self.folder.glob("[0-9]*.npy")]
        return f"{max(numbers, default=0) + 1:08d}"

    def search(self, vector: np.ndarray, allowed: BitMap | None, limit: int) -> list[Scored]:
        """The nearest `limit` of the allowed ids (None: all), nearest first, exact; equals in order of id."""
        query = np.ascontiguousarray(vector, dtype=np.float32)
        found = [_nearest(segment, query, allowed, limit) for segment in self._segments]
        best = heapq.nsmallest(max(limit, 0), ((-score, id_) for pairs in found for id_, score in pairs))
        return [Scored(id_, -negative) for negative, id_ in best]

    def scores(self, vector: np.ndarray, ids: Sequence[int]) -> np.ndarray:
        """Exact cosines of these ids, NaN where an id is not there; shape (len(ids),)."""
        return self.vectors(ids) @ np.asarray(vector, dtype=np.float32)

    def vectors(self, ids: Sequence[int]) -> np.ndarray:
        """The stored vectors of these ids, NaN where an id is not there; float32 of shape (len(ids), dimension)."""
        wanted = np.asarray(ids, dtype=np.int64)
        result = np.full((len(wanted), self.dimension), np.nan, dtype=np.float32)
        for segment in self._segments:
            here = np.isin(wanted, _array(segment.live & BitMap(wanted)))
            result[here] = segment.vectors[np.searchsorted(segment.ids, wanted[here])]
        return result

    def ids(self) -> BitMap:
        """Every id in the index."""
        return BitMap.union(BitMap(), *(segment.live for segment in self._segments))


_SUFFIXES = ("ids.npy", "vectors.npy", "removed.bin")


def _array(ids: BitMap) -> np.ndarray:
    return np.asarray(ids.to_array(), dtype=np.int64)


def _write(folder: Path, segment: _Segment) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    ids, vectors, removed = (folder / f"{segment.name}.{suffix}" for suffix in _SUFFIXES)
    with written_aside(ids) as file:
        np.save(file, segment.ids)
    with written_aside(vectors) as file:
        np.save(file, segment.vectors)
    with written_aside(removed) as file:
        file.write(segment.removed.serialize())


def _read(folder: Path, name: str, dimension: int) -> _Segment:
    path = folder / f"{name}.vectors.npy"
    try:
        ids = np.load(folder / f"{name}.ids.npy")
        # An empty file cannot be mapped; a plain array over the map is what FAISS takes.
        vectors = np.asarray(np.load(path, mmap_mode="r" if len(ids) else None))
        removed = BitMap.deserialize((folder / f"{name}.removed.bin").read_bytes())
    except (OSError, ValueError) as error:
        raise VectorError(f"{path} and its neighbours cannot be read: {error}") from error
    if vectors.shape != (len(ids), dimension):
        raise VectorError(f"{path} is of shape {vectors.shape}, expected is ({len(ids)}, {dimension})")
    return _Segment(name, ids, vectors, removed, BitMap(ids))


def _without_dead(segments: Sequence[_Segment]) -> tuple[_Segment, ...]:
    """The segments, oldest first, each with what the newer ones leave alive."""
    taken = BitMap()
    result: list[_Segment] = []
    for segment in reversed(segments):
        result.append(replace(segment, live=BitMap(segment.ids) - taken))
        taken |= segment.removed
        taken |= BitMap(segment.ids)
    return tuple(reversed(result))


def _merge_from(segments: Sequence[_Segment]) -> int:
    """From which segment on all are written as one: keeps few segments, and rewrites a row only a few times."""
    sizes = [len(segment.live) for segment in segments]
    if sum(segment.dead for segment in segments[:-1]) > sum(sizes):
        return 0
    start = len(segments) - 1
    for index in range(len(segments) - 2, -1, -1):
        if sizes[index] <= GROWTH * sum(sizes[index + 1 :]):
            start = index
    return min(start, MAX_SEGMENTS - 1)


def _merged(segments: Sequence[_Segment], *, first: bool) -> _Segment:
    """One segment in place of these; the `first` of an index has nothing before it to remove from."""
    last = segments[-1]
    ids = np.concatenate([_array(segment.live) for segment in segments])
    vectors = np.concatenate([segment.vectors[segment.rows(segment.live)] for segment in segments])
    order = np.argsort(ids)
    before = BitMap.union(BitMap(), *(s.removed for s in segments), *(BitMap(s.ids) for s in segments))
    removed = BitMap() if first else before - BitMap(ids)
    return _Segment(last.name, ids[order], vectors[order], removed, BitMap(ids))


def _nearest(segment: _Segment, query: np.ndarray, allowed: BitMap | None, limit: int) -> list[tuple[int, float]]:
    """The best `limit` pairs of id and score of one segment, in no order."""
    ids = segment.live if allowed is None else segment.live & allowed
    count = min(limit, len(ids))
    if count <= 0:
        return []
    rows = segment.rows(ids)
    if len(rows) <= GATHER_LIMIT:
        scores = segment.vectors[rows] @ query
        best = np.argpartition(-scores, count - 1)[:count]
        return list(zip(segment.ids[rows[best]].tolist(), scores[best].tolist(), strict=True))
    scores, best = _scan(segment.vectors, query, rows, count)
    return list(zip(segment.ids[best].tolist(), scores.tolist(), strict=True))


def _scan(vectors: np.ndarray, query: np.ndarray, rows: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """FAISS over the mapped vectors, limited to some rows (no copy is made, unlike in an IndexFlatIP)."""
    length, dimension = vectors.shape
    mask = np.zeros(length, dtype=bool)
    mask[rows] = True
    bits = np.packbits(mask, bitorder="little")
    selector = None if len(rows) == length else faiss.IDSelectorBitmap(length, faiss.swig_ptr(bits))
    scores, best = np.empty(count, dtype=np.float32), np.empty(count, dtype=np.int64)
    pointers = [faiss.swig_ptr(array) for array in (query, vectors)]
    outputs = [faiss.swig_ptr(array) for array in (scores, best)]
    faiss.knn_inner_product(*pointers, dimension, 1, length, count, *outputs, selector)  # type: ignore[call-arg]
    return scores, best
