"""txtai's hybrid search as it comes: FAISS and its own BM25, texts and filters in its SQLite.

The documents' vectors are ours (its "external" method). The queries' are ours too, or, with BENCH_TXTAI_MODEL=PATH,
made by its own model of that path for each query, as its usual user has it. With filters it is asked for 1,000
candidates: it filters after ranking, and by default too few are left.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from protocol import FIELDS, HITS, Query, main
from txtai import Embeddings
from txtai.vectors import VectorsFactory

CANDIDATES = 1000


class Txtai:
    """One embeddings database."""

    embeds = bool(os.environ.get("BENCH_TXTAI_MODEL"))

    def __init__(self, work: Path) -> None:
        self._folder = str(work / "index")

    def build(self, documents: Iterator[dict[str, Any]], vectors: np.ndarray) -> None:
        """Index all documents, to disk."""
        place = 0

        def transform(texts: list[str]) -> np.ndarray:
            nonlocal place
            place += len(texts)
            return vectors[place - len(texts) : place]

        made = Embeddings(hybrid=True, content=True, method="external", transform=transform)
        kept = ("text", *FIELDS)
        made.index((document["id"], {name: document[name] for name in kept}, None) for document in documents)
        made.config.pop("transform", None)
        made.save(self._folder)

    def open(self, queries: list[Query]) -> None:
        """Open what was built."""
        self._database = Embeddings()
        self._database.load(self._folder)
        model = self._database.model
        known = {query.text: query.vector for query in queries}
        if path := os.environ.get("BENCH_TXTAI_MODEL"):
            own = VectorsFactory.create({"path": path, "method": "transformers"}, None)
            model.transform = lambda texts: own.encode(texts)
        else:
            model.transform = lambda texts: np.array([known[text] for text in texts])

    def search(self, query: Query, depth: int) -> list[tuple[int, str]]:
        """The best ten."""
        if not query.filters:
            found = self._database.search(query.text, depth)
        else:
            conditions = " AND ".join(f"{name} = :{name}" for name in query.filters)
            candidates = max(CANDIDATES, depth)
            sql = f"SELECT id, text, score FROM txtai WHERE similar(:words, {candidates}) AND {conditions}"  # noqa: S608
            found = self._database.search(sql, depth, parameters={"words": query.text, **query.filters})
        return [(int(hit["id"]), hit["text"]) for hit in found[:HITS]]


if __name__ == "__main__":
    main(Txtai)
