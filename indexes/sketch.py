"""A sketch of the vectors of one large segment: finds candidates quickly, which are then scored exactly elsewhere.

Product quantisation: each two numbers of a vector become a code of 4 bits, and all codes are gone through with every
question, by vector instructions (FAISS's PQFastScan; Andre, Kermarrec and Le Scouarnec 2015). It knows rows (0 to
n - 1), not ids, and nothing of filters: who asks takes more candidates than are wanted and drops what is not allowed.
"""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from indexes.manifest import written_aside

# 100k x 384 on two cores that others use too, CPU of one thread (docs/measurements.md, "Vectors"): built in 3.6 s,
# 2,500 candidates in 1.6 ms where scoring all takes 18; the nearest 20 are all among them, of the nearest 1,000 .990.
# With codes of four numbers each half the time, and .885 of the 1,000.
NUMBERS_A_CODE, CODE_BITS = 2, 4
LEAST = 1000  # candidates
OVER = 2.5  # candidates a wanted one
ENOUGH = 1.2  # allowed among them a wanted one; fewer: what is allowed lies elsewhere, so score each of the allowed
SCAN_COST, FETCH_COST = 0.1, 2  # of a row that is gone through and of a candidate, in rows that are scored exactly
TRAINING_ROWS = 25_000
BLOCK = 32  # rows whose codes lie together
CHUNK = 10_000  # rows added at once: a signal is heard between two chunks


class SketchError(Exception):
    """A sketch cannot be read, or is not of these vectors; the message names the file."""


def fetch_for(rows: int, candidates: int, limit: int) -> int | None:
    """How many nearest of all `rows` to take so that `limit` of the `candidates` among them are found.

    None where it is quicker to score each candidate.
    """
    fetch = ceil(max(LEAST, OVER * limit) * rows / max(candidates, 1))
    return fetch if SCAN_COST * rows + FETCH_COST * fetch < candidates else None


def build(vectors: np.ndarray, path: Path, threads: int = 1) -> None:
    """Write the sketch of these vectors (float32, (n, d), of length 1) to `path`, aside until it is whole.

    100k x 384 takes 4 s. With `threads` above 1 no process may be forked by this thread meanwhile.
    """
    dimension = vectors.shape[1]
    index: Any = faiss.IndexPQFastScan(dimension, _codes(dimension), CODE_BITS, faiss.METRIC_INNER_PRODUCT)
    index.pq.cp.min_points_per_centroid = 1  # else it warns of small ones
    sample = np.sort(np.random.default_rng(0).permutation(len(vectors))[:TRAINING_ROWS])
    rows = np.resize(vectors[sample], (max(len(sample), 2**CODE_BITS), dimension))  # it needs one for each code
    faiss.omp_set_num_threads(1)  # thousands of short steps, in which threads only wait for each other
    index.train(rows)
    faiss.omp_set_num_threads(threads)
    try:
        for start in range(0, len(vectors), CHUNK):
            index.add(np.ascontiguousarray(vectors[start : start + CHUNK]))
    finally:
        faiss.omp_set_num_threads(1)  # the setting is this thread's own; a fork after it finds one thread again
    with written_aside(path) as file:
        faiss.write_index(index, faiss.PyCallbackIOWriter(file.write))  # type: ignore[attr-defined]


def _codes(dimension: int) -> int:
    """How many codes a vector has."""
    return dimension // NUMBERS_A_CODE if dimension % NUMBERS_A_CODE == 0 else dimension


class Sketch:
    """An opened sketch, held in memory: 96 bytes a vector of 384 numbers. Thread-safe."""

    def __init__(self, path: Path, rows: int, dimension: int) -> None:
        """Read the file; it must be of `rows` vectors of this dimension.

        Raises:
            SketchError: it is missing, damaged, or of other vectors. Flipped bits within are the manifest's to find.
        """
        try:
            index = faiss.read_index(str(path))
        except RuntimeError as error:
            raise SketchError(f"{path} cannot be read: {error}") from error
        if not isinstance(index, faiss.IndexPQFastScan) or not _fits(index, rows, dimension):
            raise SketchError(f"{path} is not a sketch of {rows} vectors of {dimension} numbers")
        self._index = index

    def nearest(self, query: np.ndarray, fetch: int) -> np.ndarray:
        """About `fetch` rows that are nearest to the query among all, in no order worth trusting; int64."""
        faiss.omp_set_num_threads(1)  # of the thread that asks
        _, rows = self._index.search(query[None], min(fetch, self._index.ntotal))
        return rows[0][rows[0] >= 0]


def _fits(index: Any, rows: int, dimension: int) -> bool:
    """Whether every size in the file is that of such vectors: FAISS itself reads past the end of one that is not."""
    codes = _codes(dimension)
    found = (index.metric_type, index.ntotal, index.d, index.pq.d, index.pq.M, index.pq.nbits, index.codes.size())
    held = ceil(rows / BLOCK) * BLOCK * ceil(codes / 2)
    wanted = (faiss.METRIC_INNER_PRODUCT, rows, dimension, dimension, codes, CODE_BITS, held)
    return found == wanted and index.pq.centroids.size() == dimension * 2**CODE_BITS
