"""Whoosh as its documentation shows it: StemmingAnalyzer, a stored text, QueryParser with OrGroup. Keywords only."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from protocol import FIELDS, HITS, Query, main

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of strings with a backslash, when Python first compiles it
    from whoosh import index
    from whoosh.analysis import StemmingAnalyzer
    from whoosh.fields import ID, TEXT, Schema
    from whoosh.qparser import OrGroup, QueryParser
    from whoosh.query import And, Term


class PlainWhoosh:
    """One index of texts; filters are terms of ID fields."""

    embeds = True  # there is nothing to embed: no time is added

    def __init__(self, work: Path) -> None:
        self._folder = work

    def build(self, documents: Iterator[dict[str, Any]], vectors: np.ndarray) -> None:
        """Index all documents, to disk."""
        text = TEXT(analyzer=StemmingAnalyzer(), stored=True)
        schema = Schema(id=ID(stored=True, unique=True), text=text, **{name: ID() for name in FIELDS})
        writer = index.create_in(str(self._folder), schema).writer(limitmb=256)
        for document in documents:
            facts = {name: document[name] for name in FIELDS}
            writer.add_document(id=str(document["id"]), text=document["text"], **facts)
        writer.commit()

    def open(self, queries: list[Query]) -> None:
        """Open what was built."""
        files = index.open_dir(str(self._folder))
        self._searcher = files.searcher()
        self._parser = QueryParser("text", files.schema, group=OrGroup)

    def search(self, query: Query, depth: int) -> list[tuple[int, str]]:
        """The best ten."""
        within = And([Term(*pair) for pair in query.filters.items()]) if query.filters else None
        found = self._searcher.search(self._parser.parse(query.text), limit=depth, filter=within)
        return [(int(hit["id"]), hit["text"]) for hit in found[:HITS]]


if __name__ == "__main__":
    main(PlainWhoosh)
