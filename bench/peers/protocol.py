"""What every peer is measured by. It needs numpy and nothing of the product, so it runs in the peers' environment.

    python bench/peers/fts5.py build CORPUS WORK OUT
    python bench/peers/fts5.py ask CORPUS WORK OUT [--depths 10,1000] [--cells hybrid-3-none]

Building and asking are processes of their own, so that the memory of one does not count for the other. A query's
vector and the milliseconds that the product's embedder took for it in the same run come with the query: these are
added to what the peer takes, unless it embeds for itself. Results are written after every cell: who runs out of time
has those that were done.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

import numpy as np

WARM_UP = 20
HITS = 10
FIELDS = ("kind", "size", "product", "suite", "region")
DEEP_CELLS = ("hybrid-3-none", "hybrid-3-three")  # asked as deep as the product asks its engines, too


@dataclass(frozen=True)
class Query:
    """What a peer is asked: words, the product's tokens of them, their vector, and filters (equality, all of them)."""

    cell: str
    text: str
    tokens: list[str]
    vector: np.ndarray
    filters: dict[str, str]
    embed_ms: float


class Peer(Protocol):
    """A search engine as its straightforward user has it, in a folder of its own."""

    embeds: bool  # whether it embeds queries for itself

    def __init__(self, work: Path) -> None: ...

    def build(self, documents: Iterator[dict[str, Any]], vectors: np.ndarray) -> None:
        """Index all documents, to disk."""

    def open(self, queries: list[Query]) -> None:
        """Open what was built. `queries` are for those that can only be given vectors ahead."""

    def search(self, query: Query, depth: int) -> list[tuple[int, str]]:
        """The best ten, id and text, of `depth` asked of each of its engines."""


def main(peer: type[Peer]) -> None:
    """Build or ask, and write what was measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("build", "ask"))
    parser.add_argument("corpus", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--depths", default="10,1000")
    parser.add_argument("--cells", default="")
    given = parser.parse_args()
    if given.what == "build":
        _write(given.out, _built(peer(given.work), given.corpus, given.work))
        return
    depths = [int(depth) for depth in given.depths.split(",")]
    _ask(peer(given.work), given.corpus, given.out, depths, set(filter(None, given.cells.split(","))))


def _built(peer: Peer, corpus: Path, work: Path) -> dict[str, Any]:
    vectors = np.load(corpus / "vectors.npy", mmap_mode="r")
    work.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    peer.build(_documents(corpus), vectors)
    seconds = time.perf_counter() - started
    size = sum(path.stat().st_size for path in work.rglob("*") if path.is_file()) / 2**20
    return {"seconds": seconds, "count": len(vectors), "size_mb": size}


def _documents(corpus: Path) -> Iterator[dict[str, Any]]:
    with (corpus / "docs.jsonl").open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def _queries(corpus: Path) -> list[Query]:
    vectors = np.load(corpus / "query_vectors.npy")
    lines = (corpus / "peer_queries.jsonl").read_text(encoding="utf-8").splitlines()
    return [Query(vector=vector, **json.loads(line)) for line, vector in zip(lines, vectors, strict=True)]


def _ask(peer: Peer, corpus: Path, out: Path, depths: list[int], wanted: set[str]) -> None:
    queries = [query for query in _queries(corpus) if not wanted or query.cell in wanted]
    peer.open(queries)
    result: dict[str, Any] = {"cells": {}}
    for depth in depths:
        for cell, group in groupby(queries, key=lambda query: query.cell):
            if depth == depths[0] or cell in DEEP_CELLS:
                result["cells"][f"{cell}@{depth}"] = _measured(peer, list(group), depth)
                result["memory"] = memory()
                _write(out, result)


def _measured(peer: Peer, queries: list[Query], depth: int) -> dict[str, Any]:
    warm_up = 0 if queries[0].cell == "judged" else min(WARM_UP, len(queries) // 11)
    for query in queries[:warm_up]:
        peer.search(query, depth)
    taken, found = [], []
    for query in queries[warm_up:]:
        started = time.perf_counter()
        hits = peer.search(query, depth)
        taken.append(1000 * (time.perf_counter() - started) + (0.0 if peer.embeds else query.embed_ms))
        found.append([number for number, _ in hits])
    ids = {"ids": found} if queries[0].cell == "judged" else {}
    return {"ms": taken, "hits": float(np.mean([len(hits) for hits in found])), **ids}


def memory() -> dict[str, float]:
    """MB of this process: all of it, of which its own and not mapped from files; empty where that cannot be told."""
    status = Path("/proc/self/status")
    if not status.exists():
        return {}
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return {name: int(lines[key].split()[0]) / 1024 for name, key in (("all", "VmRSS"), ("own", "RssAnon"))}


def _write(out: Path, result: dict[str, Any]) -> None:
    """Write beside and replace: a process that is stopped leaves whole results."""
    aside = out.with_suffix(".aside")
    aside.write_text(json.dumps(result), encoding="utf-8")
    aside.replace(out)


def fused(*rankings: list[int]) -> list[int]:
    """The first ten by reciprocal rank fusion, k = 60 (Cormack, Clarke and Buettcher 2009)."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, number in enumerate(ranking, start=1):
            scores[number] = scores.get(number, 0.0) + 1 / (60 + rank)
    return sorted(scores, key=lambda number: -scores[number])[:HITS]
