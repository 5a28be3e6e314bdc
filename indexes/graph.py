"""A graph over the vectors of one large segment: finds candidates quickly, which are then scored exactly elsewhere.

HNSW over vectors of 8 bits a number, in one file that is mapped into memory, not loaded. It knows rows (0 to n - 1),
not ids, and nothing of filters: who asks takes more candidates than are wanted and drops what is not allowed.
"""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from indexes.manifest import written_aside

# Measured by bench/vector_recall.py; docs/measurements.md, "Vectors", has the tables.
LINKS = 24  # 100k in clusters around 240 texts, ef 1,500, recall of the 1,000: .976; with 16 .971 and more outliers
BUILD_EF = 80  # the same with 16 links: .971; with 40 .907. 70 s of CPU for 100k
EF_LEAST = 1000  # the same, recall of the 20: .966 at 512, where some questions find none, .999 at 1,000
OVER = 1.5  # candidates a wanted one
ENOUGH = 1.2  # allowed among them a wanted one; fewer: what is allowed lies elsewhere, so score each of the allowed
EF_COST = 20  # one step of ef takes as long as scoring that many rows exactly
TRAINING_ROWS = 25_000
CHUNK = 10_000  # rows added at once: a signal is heard between two chunks


class GraphError(Exception):
    """A graph cannot be read, or is not of these vectors; the message names the file."""


def ef_for(rows: int, candidates: int, limit: int) -> int | None:
    """How many nearest of all `rows` to take so that `limit` of the `candidates` among them are found.

    None where it is quicker to score each candidate.
    """
    ef = ceil(max(EF_LEAST, OVER * limit) * rows / max(candidates, 1))
    return ef if ef * EF_COST < candidates else None


def build(vectors: np.ndarray, path: Path, threads: int = 1) -> None:
    """Write the graph of these vectors (float32, (n, d), of length 1) to `path`, aside until it is whole.

    1M x 384 takes minutes. With `threads` above 1 no process may be forked by this thread meanwhile.
    """
    eight_bits: Any = faiss.ScalarQuantizer.QT_8bit
    index: Any = faiss.IndexHNSWSQ(vectors.shape[1], eight_bits, LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = BUILD_EF
    # Links that HNSW prunes are kept while there is room: of 400 variants around one text each would have only the link
    # to that text, which has no room for so many back, and recall falls to .4. It takes three times as long to build.
    index.keep_max_size_level0 = True
    sample = np.random.default_rng(0).permutation(len(vectors))[:TRAINING_ROWS]
    faiss.omp_set_num_threads(threads)
    try:
        index.train(vectors[np.sort(sample)])
        for start in range(0, len(vectors), CHUNK):
            index.add(vectors[start : start + CHUNK])
    finally:
        faiss.omp_set_num_threads(1)  # the setting is this thread's own; a fork after it finds one thread again
    with written_aside(path) as file:
        faiss.write_index(index, faiss.PyCallbackIOWriter(file.write))  # type: ignore[attr-defined]


class Graph:
    """An opened graph. Thread-safe."""

    def __init__(self, path: Path, rows: int, dimension: int) -> None:
        """Map the file; it must be of `rows` vectors of this dimension.

        Raises:
            GraphError: it is missing, damaged, or of other vectors. Flipped bits within are the manifest's to find.
        """
        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise GraphError(f"{path} cannot be read: {error}") from error
        if not isinstance(index, faiss.IndexHNSWSQ) or not _fits(index, rows, dimension):
            raise GraphError(f"{path} is not a graph of {rows} vectors of {dimension} numbers")
        self._index = index

    def nearest(self, query: np.ndarray, ef: int) -> np.ndarray:
        """About `ef` rows that are nearest to the query among all, in no order worth trusting; int64."""
        # Unbounded: the bounded queue is gone through whole at each step; at ef 4,000 that takes half as long again.
        parameters = faiss.SearchParametersHNSW(efSearch=ef, bounded_queue=False)  # type: ignore[attr-defined]
        faiss.omp_set_num_threads(1)  # of the thread that asks
        _, rows = self._index.search(query[None], min(ef, self._index.ntotal), params=parameters)
        return rows[0][rows[0] >= 0]


def _fits(index: Any, rows: int, dimension: int) -> bool:
    """Whether every size in the file is that of such vectors: FAISS itself reads past the end of one that is not."""
    hnsw: Any = index.hnsw
    codes: Any = faiss.downcast_index(index.storage)
    found = (index.metric_type, index.ntotal, index.d, codes.ntotal, codes.codes.size(), hnsw.levels.size())
    if found != (faiss.METRIC_INNER_PRODUCT, rows, dimension, rows, rows * dimension, rows):
        return False
    links = hnsw.offsets.at(rows) if hnsw.offsets.size() == rows + 1 else None
    return hnsw.neighbors.size() == links and -1 < hnsw.entry_point < rows
