"""Recall and latency of meaning search with a sketch against exact search, by size, filter and number wanted.

The vectors are those of the docstring corpus's texts, each repeated with seeded noise up to SIZE: a repeat is its
original plus noise of length about NOISE in any direction, normalised. At .5 repeats of one text have a cosine of about
.80 (as paraphrases have), at 1.0 of .50 (as texts about one thing have). The questions are the corpus's own summary
lines. Filters keep a share of the vectors by chance ("random"), or all repeats of a share of the texts ("clustered").
HOME is a workspace with the embedding model; vectors and index are kept in FOLDER. Times are of the thread's CPU and of
the clock: on a machine that others use, only the first can be compared.

    insightrepo --home HOME init
    python bench/vector_recall.py FOLDER HOME --size 100000 --noise 0.5
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docstring_corpus
import numpy as np
from pyroaring import BitMap

sys.path.insert(0, str(Path(__file__).parents[1]))

from indexes import sketch
from indexes.embedder import open_embedder
from indexes.vector import FaissIndex

LIMITS = (20, 1001)  # a page; what a search of the product asks for
SHARES = (0.5, 0.1, 0.01)
BATCH = 5000  # as a rebuild applies them
SEARCHES = 100  # before memory is read


def base_vectors(folder: Path, home: Path) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of the corpus's documents and of the summary lines of its tuning half, embedded once."""
    paths = folder / "docs.npy", folder / "tuning.npy"
    if not all(path.exists() for path in paths):
        embedder = open_embedder("", home / "models", os.cpu_count() or 1)
        if embedder is None:
            sys.exit(f"{home} has no embedding model: run insightrepo --home {home} init")
        items = docstring_corpus.items()
        texts = [one.text for one in items], [one.query for one in items if one.half == "tuning"]
        for path, part in zip(paths, texts, strict=True):
            np.save(path, embedder.embed_documents(part))
    return np.load(paths[0]), np.load(paths[1])


def repeated(originals: np.ndarray, size: int, noise: float) -> Iterator[np.ndarray]:
    """Parts of the `size` vectors: first the originals, then repeat after repeat; row i is of text i % len."""
    random, (count, dimension) = np.random.default_rng(0), originals.shape
    for start in range(0, size, count):
        wide = random.standard_normal((count, dimension), dtype=np.float32) * (noise / dimension**0.5)
        rows = (originals + (wide if start else 0))[: size - start]
        yield rows / np.linalg.norm(rows, axis=1, keepdims=True)


def filters(size: int, texts: int) -> dict[str, BitMap | None]:
    """What is allowed, by name; ids are the rows."""
    random = np.random.default_rng(1)
    made: dict[str, BitMap | None] = {"none": None}
    for share in SHARES:
        made[f"{share:.0%} random"] = BitMap(np.flatnonzero(random.random(size) < share).tolist())
    for share in SHARES:
        kept = np.zeros(texts, dtype=bool)
        kept[random.permutation(texts)[: round(texts * share)]] = True
        made[f"{share:.0%} clustered"] = BitMap(np.flatnonzero(kept[np.arange(size) % texts]).tolist())
    return made


def timed(search: Callable[[np.ndarray], list[int]], questions: np.ndarray) -> tuple[list[list[int]], str]:
    """The answers, and p50 / p95 in milliseconds: of CPU, and by the clock in brackets."""
    answers, cpu, clock = [], [], []
    for question in questions:
        start = time.thread_time(), time.perf_counter()
        answers.append(search(question))
        cpu.append(1000 * (time.thread_time() - start[0]))
        clock.append(1000 * (time.perf_counter() - start[1]))
    parts = [f"{np.median(times):.1f} / {np.quantile(times, 0.95):.1f}" for times in (cpu, clock)]
    return answers, f"{parts[0]} ({parts[1]})"


def recall(found: list[list[int]], right: list[list[int]], at: int) -> float:
    """The share of the first `at` right ones that are among the first `at` found."""
    pairs = zip(found, right, strict=True)
    return float(np.mean([len(set(f[:at]) & set(r[:at])) / max(len(r[:at]), 1) for f, r in pairs]))


def compare(index: FaissIndex, exact: FaissIndex, questions: np.ndarray, allowed: dict[str, BitMap | None]) -> None:
    """A row a filter and limit, as Markdown."""
    print("\n| filter | wanted | ef | recall@20 | recall@1000 | p50 / p95 ms CPU (clock) | exact |")
    print("|---|---|---|---|---|---|---|")
    total = len(exact.ids())
    for name, ids in allowed.items():
        for limit in LIMITS:
            few = total if ids is None else len(ids)
            ef = sketch.fetch_for(total, few, limit) or "exact"
            found, quick = timed(lambda q: [hit.id for hit in index.search(q, ids, limit)], questions)  # noqa: B023
            right, slow = timed(lambda q: [hit.id for hit in exact.search(q, ids, limit)], questions)  # noqa: B023
            deep = f"{recall(found, right, 1000):.4f}" if limit >= 1000 else ""
            row = [name, limit, ef, f"{recall(found, right, 20):.4f}", deep, quick, slow]
            print("| " + " | ".join(map(str, row)) + " |", flush=True)


def resident(folder: Path, dimension: int, names: list[str], questions: np.ndarray) -> str:
    """What a fresh process holds after some searches, in MB: in all, and of its own (not of mapped files)."""
    start = time.perf_counter()
    index = FaissIndex(folder, dimension, names)
    opened = time.perf_counter() - start
    for at in range(SEARCHES):
        index.search(questions[at % len(questions)], None, LIMITS[-1])
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    whole, own = (int(lines[name].split()[0]) // 1024 for name in ("VmRSS", "RssAnon"))
    return f"opened in {1000 * opened:.0f} ms; resident after {SEARCHES} searches {whole} MB, {own} MB its own"


def in_batches(folder: Path, originals: np.ndarray, size: int, noise: float) -> None:
    """Builds the same index by batches, as a rebuild does, and says what was written."""
    index, written, first, times = FaissIndex(folder, originals.shape[1]), 0, 0, []
    rows = np.concatenate(list(repeated(originals, size, noise)))
    for first in range(0, size, BATCH):
        start, before = time.perf_counter(), set(index.names())
        index.apply([], range(first, min(first + BATCH, size)), rows[first : first + BATCH])
        times.append(time.perf_counter() - start)
        new = [folder / name for name in set(index.names()) - before]
        written += sum(path.stat().st_size for path in new)
        for name in before - set(index.names()):
            (folder / name).unlink()
    held = [len(np.load(folder / name)) for name in index.names() if name.endswith("ids.npy")]
    print(
        f"{size} in batches of {BATCH}: {sum(times):.0f} s, slowest {max(times):.1f} s, {written / 1e6:.0f} MB written"
    )
    print(f"rows of the segments: {held}")


def opened(folder: Path, originals: np.ndarray, size: int, noise: float, threads: int) -> FaissIndex:
    """The index of one segment with a sketch, made unless it is there."""
    index = FaissIndex(folder, originals.shape[1], [path.name for path in folder.glob("00000001.[irv]*")])
    if not index.names():
        index.apply([], range(size), np.concatenate(list(repeated(originals, size, noise))))
    if not (folder / "00000001.sketch.faiss").exists():
        start = time.process_time(), time.perf_counter()
        index.build_sketch("00000001", threads)
        cpu, clock = time.process_time() - start[0], time.perf_counter() - start[1]
        print(f"sketch built in {cpu:.0f} s of CPU, {clock:.0f} s by the clock, {threads} threads", flush=True)
    return index.with_sketch("00000001")


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("home", type=Path)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--noise", type=float, default=0.5)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1, help="for building the sketch")
    parser.add_argument("--batches", action="store_true", help="only build by batches, as a rebuild does")
    options = parser.parse_args()
    originals, asked = base_vectors(options.folder, options.home)
    folder = options.folder / f"{'batches' if options.batches else 'vectors'}-{options.size}-{options.noise}"
    folder.mkdir(exist_ok=True)
    print(f"{options.size} vectors, noise {options.noise}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    if options.batches:
        in_batches(folder, originals, options.size, options.noise)
        return
    index = opened(folder, originals, options.size, options.noise, options.threads)
    for name in index.names():
        print(f"{name}: {(folder / name).stat().st_size / 1e6:.0f} MB")
    questions = asked[np.random.default_rng(2).permutation(len(asked))[: options.questions]]
    exact = FaissIndex(folder, index.dimension, [name for name in index.names() if "sketch" not in name])
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for label, names in (("with the sketch", index.names()), ("exact", exact.names())):
            print(f"{label}: {pool.apply(resident, (folder, index.dimension, names, questions))}", flush=True)
    compare(index, exact, questions, filters(options.size, len(originals)))


if __name__ == "__main__":
    main()
