"""Milvus Lite: dense vectors and its BM25 function, fused by its RRF ranker.

Its English analyzer is not in Milvus Lite, so BM25 is fed the product's tokens, each as a word of letters and digits
that its standard tokenizer keeps whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from protocol import FIELDS, HITS, Query, main
from pymilvus import AnnSearchRequest, DataType, Function, FunctionType, MilvusClient, RRFRanker

BATCH = 1000
LONGEST = 65_535
NAME = "docs"


class MilvusLite:
    """One collection in a file."""

    embeds = False

    def __init__(self, work: Path) -> None:
        self._path = work / "milvus.db"

    def build(self, documents: Iterator[dict[str, Any]], vectors: np.ndarray) -> None:
        """Index all documents, to disk."""
        client = MilvusClient(str(self._path))
        schema = MilvusClient.create_schema(auto_id=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("text", DataType.VARCHAR, max_length=LONGEST)
        words = {"enable_analyzer": True, "analyzer_params": {"tokenizer": "standard"}}
        schema.add_field("tokens", DataType.VARCHAR, max_length=LONGEST, **words)
        for name in FIELDS:
            schema.add_field(name, DataType.VARCHAR, max_length=40)
        schema.add_field("dense", DataType.FLOAT_VECTOR, dim=vectors.shape[1])
        schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
        fields = {"input_field_names": ["tokens"], "output_field_names": ["sparse"]}
        schema.add_function(Function(name="bm25", function_type=FunctionType.BM25, **fields))
        indexes = client.prepare_index_params()
        indexes.add_index("dense", index_type="AUTOINDEX", metric_type="IP")
        indexes.add_index("sparse", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25")
        client.create_collection(NAME, schema=schema, index_params=indexes)
        while chunk := list(islice(documents, BATCH)):
            client.insert(NAME, [_row(document, vectors[document["id"] - 1]) for document in chunk])
        client.flush(NAME)
        client.close()

    def open(self, queries: list[Query]) -> None:
        """Open what was built."""
        self._client = MilvusClient(str(self._path))
        self._client.load_collection(NAME)

    def search(self, query: Query, depth: int) -> list[tuple[int, str]]:
        """The best ten."""
        expression = " and ".join(f'{name} == "{value}"' for name, value in query.filters.items())
        within = {"expr": expression} if expression else {}
        asked = [AnnSearchRequest([query.vector.tolist()], "dense", {"metric_type": "IP"}, limit=depth, **within)]
        if query.tokens:
            words = [_words(query.tokens)]
            asked.append(AnnSearchRequest(words, "sparse", {"metric_type": "BM25"}, limit=depth, **within))
        ranker = RRFRanker(60)
        found = self._client.hybrid_search(NAME, asked, ranker=ranker, limit=HITS, output_fields=["text"])
        return [(int(hit["id"]), hit["entity"]["text"]) for hit in found[0]]


def _row(document: dict[str, Any], vector: np.ndarray) -> dict[str, Any]:
    facts = {name: document[name] for name in FIELDS}
    words = _words(document["tokens"].split())
    return {"id": document["id"], "text": document["text"], "tokens": words, "dense": vector, **facts}


def _words(tokens: Iterable[str]) -> str:
    return " ".join(token if token.isalpha() and token.isascii() else f"x{token.encode().hex()}" for token in tokens)


if __name__ == "__main__":
    main(MilvusLite)
