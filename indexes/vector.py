"""Vectors by id: append-only segments that are mapped into memory, not loaded; scores given out are exact cosines.

A commit writes one segment: the ids and vectors it adds and the ids it removes from the segments before it. The newest
segment wins. Files are never changed; which of them count is the manifest's to say (`names`). A large segment may have
a sketch (indexes/sketch.py), built later than the segment, to find candidates without looking at every vector.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from weakref import WeakValueDictionary

import faiss
import numpy as np
from pyroaring import BitMap

from indexes.base import ScoredIds
from indexes.manifest import written_aside
from indexes.sketch import ENOUGH, Sketch, SketchError, build, fetch_for

MAX_SEGMENTS = 8
GROWTH = 4  # a segment is merged into the newer ones once it is no longer than this many times all of them
SKETCH_GROWTH = 2  # the same where it has a sketch, which is lost then: the newer ones are half as long as it
DEAD_SHARE = 0.25  # a segment with a sketch is written anew once more of its rows are dead: all cost 1.33 times as much
SKETCH_FROM = 20_000  # rows; exact search of as many takes 4 ms, by a sketch 1
CHUNK = 16_384  # rows of vectors held at once while segments are merged

# A forked child hangs in a search if its parent searched with more than one OpenMP thread.
faiss.omp_set_num_threads(1)


class VectorError(Exception):
    """A segment cannot be read, or does not fit the index; the message names the file."""


@dataclass(frozen=True)
class _Stored:
    """What the files of a segment hold: `ids` ascending int64, `vectors` float32 (n, d), `whole` the ids as a set.

    `places`: the row of each number from the first id on, where that takes little room.
    """

    name: str
    ids: np.ndarray
    vectors: np.ndarray
    removed: BitMap
    whole: BitMap
    places: np.ndarray | None

    def rows(self, ids: BitMap) -> np.ndarray:
        """The rows of ids that are here; int64."""
        return np.arange(len(ids)) if len(ids) == len(self.ids) else self.rows_of(_numbers(ids))

    def rows_of(self, numbers: np.ndarray) -> np.ndarray:
        """The rows of these int64 ids, which are all here; int64."""
        if self.places is None:
            return np.searchsorted(self.ids, numbers)
        return self.places[numbers - self.ids[0]].astype(np.int64)


@dataclass(frozen=True)
class _Segment:
    """`live`: the ids stored here that no newer segment took back."""

    stored: _Stored
    live: BitMap
    sketch: Sketch | None = None

    @property
    def name(self) -> str:
        return self.stored.name

    @property
    def dead(self) -> int:
        return len(self.stored.ids) - len(self.live)

    def without(self, ids: BitMap) -> _Segment:
        return replace(self, live=self.live - ids)


class FaissIndex:
    """Keeps `indexes.base.VectorIndex`. Reading is thread-safe, also during `apply`; one thread at a time applies."""

    def __init__(self, folder: Path, dimension: int, names: Iterable[str] = ()) -> None:
        """Open the state made of these files (from `names()`) in `folder`; no names: empty.

        Raises:
            VectorError: a file is missing, cut short or of another dimension.
        """
        self.folder = Path(folder)
        self.dimension = dimension
        listed = set(names)
        stems = sorted({name.split(".")[0] for name in listed})
        segments = _without_dead([_open(self.folder, stem, dimension) for stem in stems])
        self._segments = tuple(self._sketched(s) if f"{s.name}.{_SKETCH}" in listed else s for s in segments)

    def names(self) -> list[str]:
        """The names of the files in `folder` that make up this state."""
        return [
            f"{s.name}.{suffix}" for s in self._segments for suffix in (*_SUFFIXES, *([_SKETCH] if s.sketch else []))
        ]

    def copy(self) -> FaissIndex:
        """The same state to go on from; what is applied to the copy does not show here. Costs nothing."""
        other = FaissIndex(self.folder, self.dimension)
        other._segments = self._segments
        return other

    def without_sketch(self) -> tuple[str, ...]:
        """The names of the segments that are large enough for a sketch and have none."""
        return tuple(s.name for s in self._segments if s.sketch is None and len(s.live) >= SKETCH_FROM)

    def build_sketch(self, name: str, threads: int = 1) -> None:
        """Write the sketch of a segment beside it: minutes of work that reads only what never changes.

        It counts once `with_sketch` took it up. A kill leaves nothing half. `threads`: see `sketch.build`.

        Raises:
            ValueError: there is no such segment (any more).
        """
        build(self._segment(name).stored.vectors, self.folder / f"{name}.{_SKETCH}", threads)

    def with_sketch(self, name: str) -> FaissIndex:
        """A copy that uses the sketch which `build_sketch` wrote for this segment, and names its file.

        Raises:
            ValueError: there is no such segment (any more).
            VectorError: the sketch is missing or damaged.
        """
        sketched = self._sketched(self._segment(name))
        other = self.copy()
        other._segments = tuple(sketched if segment.name == name else segment for segment in self._segments)
        return other

    def _segment(self, name: str) -> _Segment:
        for segment in self._segments:
            if segment.name == name:
                return segment
        raise ValueError(f"there is no segment {name} in {self.folder}: it was merged into another one")

    def _sketched(self, segment: _Segment) -> _Segment:
        path = self.folder / f"{segment.name}.{_SKETCH}"
        return replace(segment, sketch=_open_sketch(path, len(segment.stored.ids), self.dimension))

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
        added, whole = added[order], _bitmap(added)
        stored = _Stored(self._next_name(), added, rows.reshape(-1, self.dimension)[order], gone, whole, None)
        segments = [*(segment.without(gone | whole) for segment in self._segments), _Segment(stored, whole)]
        start = _merge_from(segments)
        _write_merged(self.folder, segments[start:], first=start == 0)
        kept = _open(self.folder, stored.name, self.dimension)
        self._segments = (*segments[:start], _Segment(kept, kept.whole))

    def _next_name(self) -> str:
        numbers = [int(path.name.split(".")[0]) for path in self.folder.glob("[0-9]*.npy")]
        return f"{max(numbers, default=0) + 1:08d}"

    def search(self, vector: np.ndarray, allowed: BitMap | None, limit: int) -> ScoredIds:
        """The nearest `limit` of the allowed ids (None: all), nearest first; equals in order of id.

        Exact, but for a segment with a sketch where most of it is allowed: a few of the far ones may be missing there.
        Scores are exact always, and no fewer are found than there are.
        """
        query = np.ascontiguousarray(vector, dtype=np.float32)
        found = [_nearest(segment, query, allowed, max(limit, 0)) for segment in self._segments]
        ids = np.concatenate([np.empty(0, np.int64), *(pair[0] for pair in found)])
        scores = np.concatenate([np.empty(0, np.float32), *(pair[1] for pair in found)])
        best = np.lexsort((ids, -scores))[: max(limit, 0)]
        return ScoredIds(ids[best], scores[best])

    def scores(self, vector: np.ndarray, ids: Sequence[int]) -> np.ndarray:
        """Exact cosines of these ids, NaN where an id is not there; shape (len(ids),)."""
        wanted, query = np.asarray(ids, dtype=np.int64), np.ascontiguousarray(vector, dtype=np.float32)
        result = np.full(len(wanted), np.nan, dtype=np.float32)
        for segment, at, rows in self._placed(wanted):
            result[at] = _cosines(segment.stored.vectors, query, rows)
        return result

    def vectors(self, ids: Sequence[int]) -> np.ndarray:
        """The stored vectors of these ids, NaN where an id is not there; float32 of shape (len(ids), dimension)."""
        wanted = np.asarray(ids, dtype=np.int64)
        result = np.full((len(wanted), self.dimension), np.nan, dtype=np.float32)
        for segment, at, rows in self._placed(wanted):
            result[at] = segment.stored.vectors[rows]
        return result

    def _placed(self, wanted: np.ndarray) -> Iterator[tuple[_Segment, np.ndarray, np.ndarray]]:
        """Which of these ids each segment has: their places among the wanted, and their rows."""
        asked = BitMap(array("I", wanted.astype(np.uint32).tobytes()))
        for segment in self._segments:
            if here := segment.live & asked:
                at = np.flatnonzero(np.isin(wanted, _numbers(here)))
                yield segment, at, segment.stored.rows_of(wanted[at])

    def ids(self) -> BitMap:
        """Every id in the index."""
        return BitMap.union(BitMap(), *(segment.live for segment in self._segments))


_SUFFIXES = ("ids.npy", "vectors.npy", "removed.bin")
_SKETCH = "sketch.faiss"
_Opened = tuple[Path, tuple[tuple[int, int, int], ...]]
# What is open already, by path and identity of the files: another state of the same index shares it.
_segments: WeakValueDictionary[_Opened, _Stored] = WeakValueDictionary()
_sketches: WeakValueDictionary[_Opened, Sketch] = WeakValueDictionary()


def _bitmap(ids: np.ndarray) -> BitMap:
    """A set of ascending ids; one from `array` takes half as long as one from numpy."""
    if len(ids) and ids[-1] - ids[0] + 1 == len(ids):
        return BitMap(range(int(ids[0]), int(ids[-1]) + 1))
    return BitMap(array("I", ids.astype(np.uint32).tobytes()))


def _numbers(ids: BitMap) -> np.ndarray:
    return np.asarray(ids.to_array(), dtype=np.int64)


def _places(ids: np.ndarray) -> np.ndarray | None:
    """See `_Stored`. Finding 100k of 1M ids takes 1 ms by it, by bisection 30."""
    if not len(ids) or ids[-1] - ids[0] >= 4 * len(ids):
        return None
    places = np.zeros(int(ids[-1] - ids[0]) + 1, dtype=np.int32)
    places[ids - ids[0]] = np.arange(len(ids), dtype=np.int32)
    return places


def _write_merged(folder: Path, segments: Sequence[_Segment], *, first: bool) -> None:
    """Write one segment in place of these, named as the last; the `first` of an index has none before it."""
    folder.mkdir(parents=True, exist_ok=True)
    name, dimension = segments[-1].name, segments[-1].stored.vectors.shape[1]
    rows = [segment.stored.rows(segment.live) for segment in segments]
    ids = np.concatenate([segment.stored.ids[mine] for segment, mine in zip(segments, rows, strict=True)])
    order = np.argsort(ids)
    paths = [folder / f"{name}.{suffix}" for suffix in _SUFFIXES]
    with written_aside(paths[0]) as file:
        np.save(file, ids[order])
    with written_aside(paths[1]) as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (len(ids), dimension)}
        np.lib.format.write_array_header_1_0(file, header)
        for chunk in _vectors_in(order, [segment.stored.vectors for segment in segments], rows):
            file.write(chunk.data)
    with written_aside(paths[2]) as file:
        file.write((BitMap() if first else _taken(segments) - _bitmap(ids[order])).serialize())


def _vectors_in(order: np.ndarray, vectors: Sequence[np.ndarray], rows: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """The rows of several arrays, one after the other, in another order, a chunk at a time."""
    source = np.repeat(np.arange(len(rows)), [len(mine) for mine in rows])[order]
    row = np.concatenate(rows)[order]
    for start in range(0, len(order), CHUNK):
        here = slice(start, start + CHUNK)
        chunk = np.empty((len(row[here]), vectors[0].shape[1]), dtype=np.float32)
        for number, array_ in enumerate(vectors):
            mine = source[here] == number
            chunk[mine] = array_[row[here][mine]]
        yield chunk


def _taken(segments: Iterable[_Segment]) -> BitMap:
    """What these take away from the segments before them."""
    return BitMap.union(BitMap(), *(s.stored.removed | s.stored.whole for s in segments))


def _open(folder: Path, name: str, dimension: int) -> _Stored:
    path = folder / f"{name}.vectors.npy"
    try:
        key = (path, tuple(_identity(folder / f"{name}.{suffix}") for suffix in _SUFFIXES))
        stored = _segments.get(key) or _read(folder, name)
    except (OSError, ValueError) as error:
        raise VectorError(f"{path} and its neighbours cannot be read: {error}") from error
    if stored.vectors.shape != (len(stored.ids), dimension):
        raise VectorError(f"{path} is of shape {stored.vectors.shape}, expected is ({len(stored.ids)}, {dimension})")
    return _segments.setdefault(key, stored)


def _read(folder: Path, name: str) -> _Stored:
    ids = np.load(folder / f"{name}.ids.npy")
    # An empty file cannot be mapped; a plain array over the map is what FAISS takes.
    vectors = np.asarray(np.load(folder / f"{name}.vectors.npy", mmap_mode="r" if len(ids) else None))
    removed = BitMap.deserialize((folder / f"{name}.removed.bin").read_bytes())
    return _Stored(name, ids, vectors, removed, _bitmap(ids), _places(ids))


def _open_sketch(path: Path, rows: int, dimension: int) -> Sketch:
    try:
        key = (path, (_identity(path),))
        return _sketches.get(key) or _sketches.setdefault(key, Sketch(path, rows, dimension))
    except (OSError, SketchError) as error:
        raise VectorError(f"{path} cannot be read: {error}") from error


def _identity(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


def _without_dead(stored: Sequence[_Stored]) -> tuple[_Segment, ...]:
    """The segments, oldest first, each with what the newer ones leave alive."""
    taken = BitMap()
    result: list[_Segment] = []
    for one in reversed(stored):
        result.append(_Segment(one, one.whole - taken))
        taken |= one.removed | one.whole
    return tuple(reversed(result))


def _merge_from(segments: Sequence[_Segment]) -> int:
    """From which segment on all are written as one: keeps few segments, and rewrites a row only a few times."""
    sizes = [len(segment.live) for segment in segments]
    if sum(segment.dead for segment in segments[:-1]) > sum(sizes):
        return 0
    start = len(segments) - 1
    for index in range(len(segments) - 2, -1, -1):
        if _is_worn(segments[index], sum(sizes[index + 1 :])):
            start = index
    return min(start, MAX_SEGMENTS - 1)


def _is_worn(segment: _Segment, newer: int) -> bool:
    """Whether it is written anew with the `newer` rows behind it. Small commits leave a sketch alone."""
    if segment.sketch is None:
        return len(segment.live) <= GROWTH * newer
    return len(segment.live) <= SKETCH_GROWTH * newer or segment.dead > DEAD_SHARE * len(segment.stored.ids)


def _nearest(segment: _Segment, query: np.ndarray, allowed: BitMap | None, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Ids and exact cosines of the best `limit` of one segment, in no order; more where some are equally near."""
    ids = segment.live if allowed is None else segment.live & allowed
    rows = _candidates(segment, query, ids, limit) if limit else np.empty(0, np.int64)
    scores = _cosines(segment.stored.vectors, query, rows)
    if limit < len(rows):
        best = scores >= np.partition(scores, -limit)[-limit]
        rows, scores = rows[best], scores[best]
    return segment.stored.ids[rows], scores


def _candidates(segment: _Segment, query: np.ndarray, ids: BitMap, limit: int) -> np.ndarray:
    """The rows to be scored: of all these ids, or of those that the sketch says are nearest."""
    total = len(segment.stored.ids)
    if segment.sketch and (fetch := fetch_for(total, len(ids), limit)):
        near = segment.sketch.nearest(query, fetch)
        if len(ids) < total:
            allowed = np.zeros(total, dtype=bool)
            allowed[segment.stored.rows(ids)] = True
            near = near[allowed[near]]
        if len(near) >= ENOUGH * limit:
            return near
    return segment.stored.rows(ids)


def _cosines(vectors: np.ndarray, query: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Inner products with some rows, which FAISS takes from the map without a copy of them; float32."""
    faiss.omp_set_num_threads(1)  # of the thread that asks
    scores = np.empty(len(rows), dtype=np.float32)
    pointers = [faiss.swig_ptr(array_) for array_ in (scores, query, vectors, rows)]
    faiss.fvec_inner_products_by_idx(*pointers, vectors.shape[1], 1, len(rows))  # type: ignore[attr-defined]
    return scores
