"""What was measured, as Markdown tables. A figure of several runs is the median of the runs' own figures."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from cells import FILTERS, HEADLINE, LABELS, LENGTHS, MODES, PAGE, PEERS

from indexes.evaluation import ndcg_at

GOALS: dict[str, dict[str, str]] = {  # of issue 3
    "100000": {
        "headline-3-none tantivy": "12 / 30", "headline-3-three tantivy": "12 / 30",
        "headline-3-none whoosh": "45 / 120",
        "page-3-none tantivy": "p95 80", "page-3-three tantivy": "p95 80",
        "rate tantivy": "5,000", "rate whoosh": "1,200",
    },
    "1000000": {
        "headline-3-none tantivy": "25 / 60", "headline-3-three tantivy": "25 / 60",
        "page-3-none tantivy": "p95 120", "page-3-three tantivy": "p95 120",
        "rate tantivy": "within 25% of 100k", "rate whoosh": "within 25% of 100k",
    },
}  # fmt: skip
LINES = {
    "headline-3-none": "hybrid, 3 words, no filter, p50 / p95 ms",
    "headline-3-three": "hybrid, 3 words, three filters of 2% together, p50 / p95 ms",
    "page-3-none": "page of results, rendered, 3 words, no filter, p50 / p95 ms",
    "page-3-three": "page of results, rendered, 3 words, three filters, p50 / p95 ms",
}


WAYS = {"hybrid": "hits with tags, scores, facets", "ids": "ranked ids", "keyword": "keywords only"}
NAMES = {
    "txtai": "txtai", "txtai-own": "txtai, embedding by itself", "milvus": "Milvus Lite",
    "fts5": "FTS5 and brute force", "whoosh": "plain Whoosh, keywords only",
}  # fmt: skip


def ndcg(rankings: Sequence[Sequence[int]], right: Sequence[int]) -> float:
    """The mean nDCG@10 of known items: one right document a query."""
    pairs = zip(rankings, right, strict=True)
    return mean(ndcg_at([str(number) for number in ranking], {str(wanted): 1}) for ranking, wanted in pairs)


def texts_facts(texts: Sequence[str]) -> dict[str, float]:
    """How many texts there are and how long they are."""
    return {"count": len(texts), "mean_words": mean(len(text.split()) for text in texts)}


def report(results: Mapping[str, Any]) -> str:
    """Everything, as one Markdown text."""
    parts = ["# Bench", "\n".join(f"- {label}: {value}" for label, value in results["machine"].items())]
    texts = results["texts"]
    parts.append(f"{texts['count']:,} real texts of {texts['mean_words']:.0f} words on average; the rest are repeats.")
    for size, measured in results["sizes"].items():
        parts += _size(size, measured)
    if results.get("judged"):
        parts += _judged(results["judged"])
    if len(results["sizes"]) > 1:
        parts += _growth(results["sizes"])
    return "\n\n".join(parts) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _size(size: str, measured: Mapping[str, Any]) -> list[str]:
    engines = measured["engines"]
    parts = [f"## {int(size):,} pieces of evidence", "### The issue's table", _goals(size, engines)]
    parts += ["### Indexes and memory", _building(measured["load"], engines)]
    for engine, found in engines.items():
        parts += [
            f"### Latency with {engine}, p50 / p95 / p99 ms, embedding of the query included",
            _grid(found["grid"]),
        ]
    parts += ["### Time to visibility, seconds", _visibility(engines)]
    if measured["peers"]:
        parts += ["### Side by side, p50 / p95 ms, embedding included", _peers(measured)]
        parts += ["### Side by side, building and memory", _peers_building(measured)]
    return parts


def _goals(size: str, engines: Mapping[str, Any]) -> str:
    goals, rows = GOALS.get(size, {}), []
    for engine, found in engines.items():
        runs = {**_by_run(found["headline"]), **_by_run([run["cells"] for run in found["page"]])}
        for cell in (*HEADLINE, *PAGE):
            p50, p95 = (_of_runs(runs[cell.name], share) for share in (50, 95))
            goal = goals.get(f"{cell.name} {engine}", "")
            rows.append((LINES[cell.name], engine, f"{p50:.1f} / {p95:.1f}", goal, str(len(runs[cell.name]))))
        rate = median(run["count"] / run["seconds"] for run in found["index"])
        label = "indexing without embedding, pieces a second, all indexes"
        rows.append((label, engine, f"{rate:,.0f}", goals.get(f"rate {engine}", ""), str(len(found["index"]))))
    return table(("", "keyword engine", "measured", "goal", "runs"), rows)


def _by_run(runs: Sequence[Mapping[str, list[float]]]) -> dict[str, list[list[float]]]:
    return {name: [run[name] for run in runs] for name in runs[0]}


def _of_runs(runs: Sequence[Sequence[float]], share: float) -> float:
    return median(float(np.percentile(run, share)) for run in runs)


def _building(load: Mapping[str, float], engines: Mapping[str, Any]) -> str:
    rows = []
    for engine, found in engines.items():
        seconds = median(run["seconds"] for run in found["index"])
        within = median(run["count"] / run["within_s"] for run in found["index"])
        peak = max(run["peak_mb"] for run in found["index"])
        parts = found["index"][-1]["parts_mb"]
        sizes = " + ".join(f"{parts[name]:,.0f}" for name in ("keyword", "vectors", "bitmaps"))
        whole = f"{sizes} = {sum(parts.values()):,.0f}"
        memories = _memory(found["memory"]["memory"]), _memory(found["page"][-1]["memory"])
        command = f"{median(found['memory']['command_s']):.2f}"
        rows.append((engine, f"{seconds:,.1f}", f"{within:,.0f}", f"{peak:,.0f}", whole, *memories, command))
    header = (
        "keyword engine", "rebuild s", "pieces a second within the indexes", "peak of the rebuild MB",
        "keyword + vectors + bitmaps MB", "memory of a search process MB", "of a web process MB",
        "`insightrepo search` as a command s",
    )  # fmt: skip
    notes = f"Database: {load['database_mb']:,.0f} MB, with the vectors. Memory: all (of it own, not mapped files)."
    shares = next(iter(engines.values()))["memory"]["shares"]
    notes += " Filters let through: " + ", ".join(f"{shares[name]:.2%} ({LABELS[name]})" for name in shares) + "."
    return table(header, rows) + "\n\n" + notes


def _memory(measured: Mapping[str, float]) -> str:
    own = f" ({measured['own']:,.0f})" if "own" in measured else ""
    return f"{measured['all']:,.0f}{own}" if measured else "unknown"


def _grid(grid: Mapping[str, list[float]]) -> str:
    rows = []
    for words in LENGTHS:
        for share in FILTERS:
            figures = [_percentiles(grid[f"{mode}-{words}-{share}"], (50, 95, 99)) for mode in MODES]
            rows.append((_words(words), LABELS[share], *figures))
    return table(("query", "filter", "hybrid", "hybrid, ids only", "keyword", "meaning"), rows)


def _words(count: int) -> str:
    return "1 word" if count == 1 else f"{count} words"


def _percentiles(taken: Sequence[float], shares: Sequence[float]) -> str:
    return " / ".join(f"{value:.1f}" for value in np.percentile(taken, shares))


def _visibility(engines: Mapping[str, Any]) -> str:
    rows = []
    for engine, found in engines.items():
        pairs = (
            ("an accepted tag", "tag_s"), ("a new verbatim", "verbatim_s"), ("a new name of an outcome", "rename_s"),
            ("a withdrawn study, gone", "withdrawal_s"), ("a search of the second process meanwhile", "searches_s"),
        )  # fmt: skip
        for label, name in pairs:
            taken = found["visibility"][name]
            rows.append((engine, label, f"{median(taken):.2f}", f"{max(taken):.2f}", str(len(taken))))
    return table(("keyword engine", "what", "median", "longest", "times"), rows)


def _peers(measured: Mapping[str, Any]) -> str:
    cells = sorted(PEERS, key=lambda cell: cell.selectivity != "none")
    header = ["", "asked of each engine", *(f"{_words(c.words)}, {LABELS[c.selectivity]}" for c in cells)]
    rows = []
    for engine, found in measured["engines"].items():
        for mode, way in WAYS.items():
            figures = (_two(found["grid"][f"{mode}-{c.words}-{c.selectivity}"]) for c in cells)
            rows.append((f"**InsightRepo, {engine}**, {way}", "1,000", *figures))
    for name, found in measured["peers"].items():
        runs = found.get("ask", [found])
        depths = sorted({int(key.split("@")[1]) for run in runs for key in run.get("cells", {})})
        for depth in depths:
            rows.append((NAMES[name], f"{depth:,}", *(_peer_cell(runs, f"{c.name}@{depth}") for c in cells)))
        rows += [(NAMES[name], run["ended"], *([""] * len(cells))) for run in runs if "ended" in run]
    embedding = _percentiles(measured["embed"]["embed_ms"], (50, 95))
    note = f"Embedding the query, {embedding} ms, is added to what FTS5, Milvus Lite and txtai took."
    return table(header, rows) + "\n\n" + note


def _two(taken: Sequence[float]) -> str:
    return _percentiles(taken, (50, 95))


def _peer_cell(runs: Sequence[Mapping[str, Any]], name: str) -> str:
    """p50 and p95, and how many hits there were on average where it is fewer than ten."""
    found = [run["cells"][name] for run in runs if name in run.get("cells", {})]
    if not found:
        return ""
    p50, p95 = (_of_runs([run["ms"] for run in found], share) for share in (50, 95))
    hits = found[0]["hits"]
    return f"{p50:.1f} / {p95:.1f}" + (f" ({hits:.1f} hits)" if hits < 9.95 else "")


def _peers_building(measured: Mapping[str, Any]) -> str:
    rows = []
    for engine, found in measured["engines"].items():
        rate = median(run["count"] / run["seconds"] for run in found["index"])
        size = sum(found["index"][-1]["parts_mb"].values())
        rows.append((f"**InsightRepo, {engine}**", f"{rate:,.0f}", f"{size:,.0f}", _memory(found["memory"]["memory"])))
    for name, found in measured["peers"].items():
        built, asked = found.get("build", {}), found.get("ask", [{}])[0]
        if "seconds" in built:
            rate = f"{built['count'] / built['seconds']:,.0f}"
            rows.append((NAMES[name], rate, f"{built['size_mb']:,.0f}", _memory(asked.get("memory", {}))))
        elif "ended" in found:
            rows.append((NAMES[name], found["ended"], "", ""))
    header = ("", "pieces a second, without embedding", "on disk MB", "memory of a process that searched MB")
    return table(header, rows) + "\n\nOurs without the database, which holds the texts; the peers' with the texts."


def _judged(judged: Mapping[str, Any]) -> list[str]:
    title = (
        f"## nDCG@10: {judged['queries']:,} summary lines to {judged['documents']:,} docstrings, the half kept aside"
    )
    rows = []
    for name, value in judged["ndcg"].items():
        peer, _, depth = name.partition("@")
        label = f"{NAMES[peer]}, {int(depth):,} asked of each engine" if depth else f"**InsightRepo**, {name}"
        rows.append((label, f"{value:.3f}"))
    return [title, table(("", "nDCG@10"), rows)]


def _growth(sizes: Mapping[str, Any]) -> list[str]:
    """How cost grows with size: the figures of each size side by side."""
    first = next(iter(sizes.values()))
    rows = [
        (f"{label}, {engine}", *(value(found["engines"][engine]) for found in sizes.values()))
        for engine in first["engines"]
        for label, value in GROWING.items()
        if all(engine in found["engines"] for found in sizes.values())
    ]
    return ["## How cost grows", table(("", *(f"{int(size):,}" for size in sizes)), rows)]


def _growing_cell(found: Mapping[str, Any], name: str) -> str:
    return f"{_of_runs([run[name] for run in found['headline']], 50):.1f}"


def _growing_page(found: Mapping[str, Any]) -> str:
    return f"{_of_runs([run['cells']['page-3-none'] for run in found['page']], 50):.1f}"


GROWING = {
    "hybrid, 3 words, no filter, p50 ms": lambda found: _growing_cell(found, "headline-3-none"),
    "hybrid, 3 words, three filters, p50 ms": lambda found: _growing_cell(found, "headline-3-three"),
    "page of results, p50 ms": lambda found: (
        f"{_of_runs([run['cells']['page-3-none'] for run in found['page']], 50):.1f}"
    ),
    "rebuild, s": lambda found: f"{median(run['seconds'] for run in found['index']):,.1f}",
    "indexes, MB": lambda found: f"{sum(found['index'][-1]['parts_mb'].values()):,.0f}",
    "memory of a search process, MB": lambda found: _memory(found["memory"]["memory"]),
    "a tag is visible after, s": lambda found: f"{median(found['visibility']['tag_s']):.2f}",
}
