"""Asks a workspace of the bench through the product's own search, and measures; each call is a process of its own.

    python bench/latency.py grid HOME --engine tantivy --corpus FOLDER --cache FOLDER --out FILE

grid: every cell of mode, words and selectivity. headline: the two cells of issue 3's table. page: the page of results,
rendered, signed in. memory: what a process holds after searching, and the search command. embed: the queries of the
peers with vectors, each with its time. judge: the first ten ids of every judged query.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from cells import FILTERS, GRID, HEADLINE, MEMORY, OURS, PAGE, PEERS, Cell
from queries import read_queries
from workspaces import EMAIL, PASSWORD, arguments, open_workspace

from indexes.analyzer import Analyzer
from insightrepo.accounts.users import acting_reader
from insightrepo.library.search.hits import SearchQuery
from insightrepo.library.search.search import find, search
from insightrepo.workspace import Workspace

WARM_UP = 20  # queries of a cell that are asked first and not counted; there may be fewer than 11 times as many
HITS = 10
COMMANDS = 3
Ask = Callable[[str], object]


class Asker:
    """Searches a workspace as its administrator, each query in a session of its own as a request has one."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        with workspace.database.reading() as session:
            self._reader = acting_reader(session, None)

    def of(self, cell: Cell) -> Ask:
        """What asks a query of this cell."""
        mode = cell.mode if cell.mode in ("keyword", "meaning") else "hybrid"
        way = find if cell.mode == "ids" else search

        def ask(words: str) -> object:
            query = SearchQuery(words=words, filters=OURS[cell.selectivity], mode=mode, limit=HITS)
            with self._workspace.database.reading() as session:
                return way(self._workspace, session, self._reader, query)

        return ask

    def ranking(self, words: str, mode: str) -> list[int]:
        """The first ids of a query."""
        query = SearchQuery(words=words, mode=mode, limit=HITS)
        with self._workspace.database.reading() as session:
            return list(find(self._workspace, session, self._reader, query).ids[:HITS])

    def share(self, selectivity: str) -> float:
        """Which part of all evidence the filters of a selectivity let through."""
        with self._workspace.database.reading() as session:
            counts = [
                search(self._workspace, session, self._reader, SearchQuery(filters=filters)).total
                for filters in (OURS[selectivity], {})
            ]
        return counts[0] / counts[1]


def timed(ask: Ask, queries: Sequence[str]) -> list[float]:
    """Milliseconds of each query after the warm-up."""
    warm_up = min(WARM_UP, len(queries) // 11)
    for words in queries[:warm_up]:
        ask(words)
    taken = []
    for words in queries[warm_up:]:
        started = time.perf_counter()
        ask(words)
        taken.append(1000 * (time.perf_counter() - started))
    return taken


def of_cells(workspace: Workspace, cells: Iterable[Cell], corpus: Path) -> dict[str, Any]:
    """Milliseconds by cell."""
    asker, queries = Asker(workspace), read_queries(corpus)
    return {cell.name: timed(asker.of(cell), queries[cell.name]) for cell in cells}


def of_page(workspace: Workspace, corpus: Path) -> dict[str, Any]:
    """Milliseconds of the page of results through Flask's test client, and the memory of the process afterwards."""
    from insightrepo.web import create_app

    client = create_app(workspace, WTF_CSRF_ENABLED=False).test_client()
    signed_in = client.post("/sign-in", data={"email": EMAIL, "password": PASSWORD})
    if signed_in.status_code != 302:
        sys.exit(f"the bench could not sign in: {signed_in.status}")
    queries = read_queries(corpus)

    def asks(cell: Cell) -> Ask:
        def ask(words: str) -> None:
            filters = {facet: list(values) for facet, values in OURS[cell.selectivity].items()}
            page = client.get("/search", query_string={"q": words, **filters})
            if page.status_code != 200 or not page.get_data(as_text=True).rstrip().endswith("</html>"):
                sys.exit(f"the page of results of {words!r} failed: {page.status}")

        return ask

    taken = {cell.name: timed(asks(cell), queries[cell.name]) for cell in PAGE}
    return {"cells": taken, "memory": memory()}


def of_memory(workspace: Workspace, corpus: Path) -> dict[str, Any]:
    """MB after a cell of searches, what the filters let through, and seconds of `insightrepo search` as a command."""
    asker, queries = Asker(workspace), read_queries(corpus)[MEMORY.name]
    ask = asker.of(MEMORY)
    for words in queries:
        ask(words)
    found = {"memory": memory(), "shares": {name: asker.share(name) for name in FILTERS}}
    return found | {"command_s": [_command(workspace, words) for words in queries[:COMMANDS]]}


def _command(workspace: Workspace, words: str) -> float:
    """Seconds of the search command, from the start of its process to its end."""
    settings = workspace.settings
    named = {
        "INSIGHTREPO_HOME": settings.home, "INSIGHTREPO_KEYWORD_ENGINE": settings.keyword_engine,
        "INSIGHTREPO_EMBEDDING_MODEL": settings.embedding_model, "PYTHONPATH": Path(__file__).parents[1],
    }  # fmt: skip
    environment = os.environ | {name: str(value) for name, value in named.items()}
    started = time.perf_counter()
    command = [sys.executable, "-m", "insightrepo", "search", words]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def memory() -> dict[str, float]:
    """MB of this process: all of it, of which its own (the rest is mapped files, which the system may take back)."""
    status = Path("/proc/self/status")
    if not status.exists():  # not Linux: the peak is all there is
        return {"all": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return {name: int(lines[key].split()[0]) / 1024 for name, key in (("all", "VmRSS"), ("own", "RssAnon"))}


def embed_for_peers(workspace: Workspace, corpus: Path) -> dict[str, Any]:
    """Write ``peer_queries.jsonl`` and ``query_vectors.npy``: the same queries, tokens, vectors and embedding time."""
    by_cell = read_queries(corpus)
    asked = [(cell.name, words, FILTERS[cell.selectivity]) for cell in PEERS for words in by_cell[cell.name]]
    return _embedded(workspace, corpus, asked)


def _embedded(workspace: Workspace, corpus: Path, asked: list[tuple[str, str, dict[str, str]]]) -> dict[str, Any]:
    embedder, analyzer = workspace.embedder, Analyzer(workspace.settings.language)
    if embedder is None:
        sys.exit("the bench needs an embedding model")
    for number in range(WARM_UP):
        embedder.embed_query(f"warming up {number}")
    vectors, lines, taken = [], [], []
    for name, words, filters in asked:
        started = time.perf_counter()
        vectors.append(embedder.embed_query(words))
        taken.append(1000 * (time.perf_counter() - started))
        weighty = [unit for unit in analyzer.units(words) if not analyzer.is_stop(unit)]
        lines.append({"cell": name, "text": words, "tokens": [unit.key for unit in weighty], "filters": filters,
                      "embed_ms": taken[-1]})  # fmt: skip
    np.save(corpus / "query_vectors.npy", np.array(vectors, dtype=np.float32))
    (corpus / "peer_queries.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return {"embed_ms": taken}


def judge(workspace: Workspace, corpus: Path) -> dict[str, Any]:
    """The first ids of every judged query, by mode; the same queries are written for the peers."""
    asker, words = Asker(workspace), read_queries(corpus)["judged"]
    _embedded(workspace, corpus, [("judged", text, {}) for text in words])
    modes = ("hybrid", "keyword", "meaning")
    return {"rankings": {mode: [asker.ranking(text, mode) for text in words] for mode in modes}}


def main() -> None:
    """Measure one thing and write it."""
    given = arguments("grid", "headline", "page", "memory", "embed", "judge").parse_args()
    workspace = open_workspace(given.home, given.cache, given.model, given.engine)
    ways: dict[str, Callable[[], dict[str, Any]]] = {
        "grid": lambda: of_cells(workspace, GRID, given.corpus),
        "headline": lambda: of_cells(workspace, HEADLINE, given.corpus),
        "page": lambda: of_page(workspace, given.corpus),
        "memory": lambda: of_memory(workspace, given.corpus),
        "embed": lambda: embed_for_peers(workspace, given.corpus),
        "judge": lambda: judge(workspace, given.corpus),
    }
    given.out.write_text(json.dumps(ways[given.what]()), encoding="utf-8")
    workspace.close()


if __name__ == "__main__":
    main()
