"""SQLite FTS5 (porter, BM25) and brute force over a numpy matrix, fused by reciprocal ranks: a script of a page."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from protocol import FIELDS, Query, fused, main


class Fts5AndNumpy:
    """A table of texts with an FTS5 index, the vectors in memory, filters as columns of both."""

    embeds = False

    def __init__(self, work: Path) -> None:
        self._path, self._vectors_path, self._columns_path = work / "docs.db", work / "vectors.npy", work / "facts.json"

    def build(self, documents: Iterator[dict[str, Any]], vectors: np.ndarray) -> None:
        """Index all documents, to disk."""
        self._path.unlink(missing_ok=True)
        facts: dict[str, list[str]] = {name: [] for name in FIELDS}
        with sqlite3.connect(self._path) as database:
            database.execute("CREATE VIRTUAL TABLE docs USING fts5(text, tokenize = 'porter unicode61')")
            columns = ", ".join(f"{name} TEXT" for name in FIELDS)
            database.execute(f"CREATE TABLE facts (id INTEGER PRIMARY KEY, {columns})")
            for document in documents:
                values = [document[name] for name in FIELDS]
                database.execute("INSERT INTO docs (rowid, text) VALUES (?, ?)", (document["id"], document["text"]))
                database.execute("INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?)", (document["id"], *values))
                for name, value in zip(FIELDS, values, strict=True):
                    facts[name].append(value)
            database.executescript("".join(f"CREATE INDEX by_{name} ON facts ({name});" for name in FIELDS))
        self._columns_path.write_text(json.dumps(facts), encoding="utf-8")
        np.save(self._vectors_path, vectors)

    def open(self, queries: list[Query]) -> None:
        """Open what was built."""
        self._database = sqlite3.connect(self._path)
        self._vectors = np.load(self._vectors_path)
        facts = json.loads(self._columns_path.read_text(encoding="utf-8"))
        self._facts = {name: np.array(values) for name, values in facts.items()}

    def search(self, query: Query, depth: int) -> list[tuple[int, str]]:
        """The best ten."""
        best = fused(self._by_words(query, depth), self._by_vector(query, depth))
        rows = f"SELECT rowid, text FROM docs WHERE rowid IN ({', '.join('?' * len(best))})"  # noqa: S608
        texts = dict(self._database.execute(rows, best))
        return [(number, texts[number]) for number in best]

    def _by_words(self, query: Query, depth: int) -> list[int]:
        words = re.findall(r"\w+", query.text)
        if not words:
            return []
        conditions = "".join(f" AND {name} = ?" for name in query.filters)
        joined = "JOIN facts ON facts.id = docs.rowid" if conditions else ""
        sql = f"SELECT docs.rowid FROM docs {joined} WHERE docs MATCH ?{conditions} ORDER BY bm25(docs) LIMIT ?"  # noqa: S608
        asked = " OR ".join(f'"{word}"' for word in words)
        return [number for (number,) in self._database.execute(sql, (asked, *query.filters.values(), depth))]

    def _by_vector(self, query: Query, depth: int) -> list[int]:
        scores = self._vectors @ query.vector
        for name, value in query.filters.items():
            scores[self._facts[name] != value] = -2.0
        best = np.argpartition(-scores, min(depth, len(scores) - 1))[:depth]
        best = best[np.argsort(-scores[best])]
        return [int(row) + 1 for row in best if scores[row] > -2.0]


if __name__ == "__main__":
    main(Fts5AndNumpy)
