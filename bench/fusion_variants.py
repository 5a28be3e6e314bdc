"""Compares ways of fusing the keyword and the meaning engine on judged sets, with a paired bootstrap.

The sets: the two halves that `docstring_corpus.py` wrote into FOLDER, queries by a rare word of its documents, and the
questions of tests/judged/demo_questions.tsv to a workspace HOME that holds the demo. Vectors are kept in FOLDER.

    insightrepo --home HOME demo
    python bench/docstring_corpus.py FOLDER && python bench/fusion_variants.py FOLDER HOME
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from math import log2
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).parents[1]))

from config import load_settings
from indexes import fusion
from indexes.base import Record, Scored
from indexes.embedder import Embedder
from indexes.evaluation import read_corpus, read_queries
from indexes.keyword import WhooshIndex
from indexes.query import parse
from indexes.vector import FaissIndex
from insightrepo.models import Evidence
from insightrepo.workspace import Workspace

JUDGED = Path(__file__).parents[1] / "tests" / "judged" / "demo_questions.tsv"
LIMIT, RESAMPLES, RARE_QUERIES, COMMON = 1000, 10_000, 160, (40, 400)
CHOSEN, MEANING = "chosen: (c), (b), fixed .55", "meaning alone"


@dataclass(frozen=True)
class Asked:
    """What both engines said to one question, and which ids are right."""

    right: frozenset[int]
    keyword: list[Scored]
    meaning: list[Scored]
    covered: float
    mass: float


Variant = Callable[[Asked], Iterable[int]]


def ask(text: str, vector: np.ndarray, right: Iterable[int], keyword: WhooshIndex, vectors: FaissIndex) -> Asked:
    """Ask both engines as `indexes.search` does; cosines are exact for all hits."""
    query = parse(text).keywords
    found = keyword.search(query, None, LIMIT)
    cosines = {hit.id: hit.score for hit in vectors.search(vector, keyword.matching(query), len(vectors.ids()))}
    ids = {hit.id for hit in found}
    near = [Scored(*pair) for pair in cosines.items() if pair[1] >= fusion.MEANING_FLOOR or pair[0] in ids][:LIMIT]
    fits = keyword.fit(query, [hit.id for hit in found[:1]])
    return Asked(frozenset(right), found, near, fusion.coverage(fits), sum(fit.idf for fit in fits))


def convex(keyword: Callable[[Asked], float], floor: float, absolute: bool, weight: float) -> Variant:
    """Keyword scores times a factor, cosines from `floor` to 1 or to the list's best, and a fixed weight."""

    def fused(asked: Asked) -> Iterable[int]:
        best = 1.0 if absolute else max((hit.score for hit in asked.meaning), default=1.0)
        scale, width = keyword(asked), max(best - floor, 1e-9)
        scores = {hit.id: (1 - weight) * hit.score * scale for hit in asked.keyword}
        for hit in asked.meaning:
            scores[hit.id] = scores.get(hit.id, 0.0) + weight * max(hit.score - floor, 0.0) / width
        return sorted(scores, key=lambda number: -scores[number])

    return fused


def own_best(asked: Asked) -> float:
    """As before: the list's best is worth 1."""
    return 1 / asked.keyword[0].score if asked.keyword and asked.keyword[0].score else 0.0


def reachable(asked: Asked) -> float:
    """(a) What holds every word once in a text of usual length is worth 1: BM25 gives it the sum of the idf."""
    return 1 / max(asked.mass, asked.keyword[0].score) if asked.keyword and asked.mass else 0.0


def covered(power: float) -> Callable[[Asked], float]:
    """The list's best is worth a power of the share of the query that it holds."""
    return lambda asked: own_best(asked) * asked.covered**power


def variants() -> dict[str, Variant]:
    """What is compared, by name."""
    made: dict[str, Variant] = {
        "keyword alone": lambda asked: [hit.id for hit in asked.keyword],
        MEANING: lambda asked: [hit.id for hit in asked.meaning],
        "RRF": lambda asked: fusion.reciprocal_rank([[h.id for h in asked.keyword], [h.id for h in asked.meaning]]),
    }
    for weight in (0.5, 0.6, 0.7, 0.8, 0.9):
        made[f"as it was, fixed {weight}"] = convex(own_best, -1.0, False, weight)
        made[f"(a), fixed {weight}"] = convex(reachable, -1.0, False, weight)
        made[f"(b) to the list's best, fixed {weight}"] = convex(own_best, fusion.MEANING_FLOOR, False, weight)
        made[f"(b) to 1, fixed {weight}"] = convex(own_best, fusion.MEANING_FLOOR, True, weight)
        made[f"(a), (b), fixed {weight}"] = convex(reachable, fusion.MEANING_FLOOR, True, weight)
    for power, weight in ((1, 0.6), (2, 0.55), (2, 0.6)):
        made[f"covered**{power}, (b), fixed {weight}"] = convex(covered(power), fusion.MEANING_FLOOR, True, weight)
    made[CHOSEN] = lambda asked: fusion.convex(asked.keyword, asked.meaning, asked.covered)
    return made


def rank(ranking: Iterable[int], right: frozenset[int]) -> int:
    """The rank of the first right one, from 1; far down where there is none."""
    return next((at for at, number in enumerate(ranking, start=1) if number in right), 10**9)


def docstring_sets(folder: Path, embedder: Embedder, work: Path) -> Iterator[tuple[str, list[Asked]]]:
    """The halves of the docstring corpus, and the queries by rare words."""
    documents = read_corpus(folder / "docs.jsonl")
    numbers = {document.id: number for number, document in enumerate(documents, start=1)}
    texts = {numbers[document.id]: document.text for document in documents}
    keyword, vectors = WhooshIndex.create(work / "keyword"), FaissIndex(work / "vectors", embedder.dimension)
    keyword.apply([], [Record(number, text, "", "", "", frozenset()) for number, text in texts.items()])
    vectors.apply(
        [], list(texts), _vectors(folder / "docs.npy", lambda: embedder.embed_documents(list(texts.values())))
    )
    for half in ("tuning", "heldout"):
        queries = {key: _plain(text) for key, text in read_queries(folder / f"{half}.tsv").items()}
        asked = list(queries.values())
        embedded = _vectors(folder / f"{half}.npy", partial(_embed, embedder, asked))
        pairs = zip(queries.items(), embedded, strict=True)
        yield half, [ask(text, vector, [numbers[key]], keyword, vectors) for (key, text), vector in pairs]
    for kind, queries_ in rare_queries(texts, keyword).items():
        yield kind, [ask(text, embedder.embed_query(text), [n], keyword, vectors) for n, text in queries_]


def rare_queries(texts: Mapping[int, str], keyword: WhooshIndex) -> dict[str, list[tuple[int, str]]]:
    """A word that only one text has: alone, between two more words of that text, beside a word of another text."""
    made: dict[str, list[tuple[int, str]]] = {"rare": [], "rare, 2 of its words": [], "rare, 1 of others": []}
    other = "value"
    for number in sorted(texts, key=lambda number: sha256(texts[number].encode()).digest()):
        units = [unit for unit in keyword.analyzer.units(texts[number]) if not unit.link and len(unit.raw) > 3]
        counts = {unit: keyword.document_frequency(unit.key) for unit in units}
        rare = [unit.raw for unit in units if counts[unit] == 1]
        common = [unit.raw for unit in units if COMMON[0] < counts[unit] < COMMON[1]]
        if not rare or not common or len(made["rare"]) == RARE_QUERIES:
            continue
        made["rare"].append((number, rare[0]))
        made["rare, 2 of its words"].append((number, f"{common[0]} {rare[0]} {common[-1]}"))
        made["rare, 1 of others"].append((number, f"{rare[0]} {other}"))
        other = common[-1]
    return made


def _plain(text: str) -> str:
    """A summary line is prose: no quote or dash in it is meant as syntax."""
    return text.replace('"', " ").replace(" -", " ")


def _embed(embedder: Embedder, queries: Sequence[str]) -> np.ndarray:
    return np.array([embedder.embed_query(text) for text in queries])


def _vectors(path: Path, make: Callable[[], np.ndarray]) -> np.ndarray:
    if not path.exists():
        np.save(path, make())
    return np.load(path)


def demo_sets(home: Path) -> Iterator[tuple[str, list[Asked]]]:
    """The demo questions: in other words than the evidence, and in its words."""
    workspace = Workspace(load_settings(home=home, database_url="", embedding_model=""))
    state, embedder = workspace.indexes.state, workspace.embedder
    if embedder is None or state.vectors is None:
        sys.exit(f"{home} has no embedding model: run insightrepo --home {home} demo")
    with workspace.database.reading() as session:
        texts = {number: " ".join(text.split()) for number, text in session.execute(select(Evidence.id, Evidence.text))}
    lines = [line.split("\t") for line in JUDGED.read_text(encoding="utf-8").splitlines()]
    sets: dict[str, list[Asked]] = {"demo, other words": [], "demo, same words": []}
    for key, text, fragment in lines:
        right = [number for number, whole in texts.items() if fragment in whole]
        asked = ask(text, embedder.embed_query(parse(text).text), right, state.keyword, state.vectors)
        sets["demo, same words" if key.startswith("same") else "demo, other words"].append(asked)
    yield from sets.items()
    yield "demo", [asked for part in sets.values() for asked in part]
    workspace.close()


def report(name: str, asked: Sequence[Asked]) -> None:
    """nDCG@10, MRR and the share of firsts of every variant, and the chosen one's lead with its 95% interval."""
    gains: dict[str, np.ndarray] = {}
    print(f"\n{name}: {len(asked)} queries")
    for label, variant in variants().items():
        ranks = [rank(variant(one), one.right) for one in asked]
        gains[label] = np.array([1 / log2(at + 1) if at <= 10 else 0.0 for at in ranks])
        mrr, first = np.mean([1 / at for at in ranks]), np.mean([at == 1 for at in ranks])
        print(f"  {label:42} nDCG@10 {gains[label].mean():.3f}  MRR {mrr:.3f}  first {first:.3f}")
    draws = np.random.default_rng(0).integers(0, len(asked), (RESAMPLES, len(asked)))
    for label in gains:
        differences = (gains[CHOSEN] - gains[label])[draws].mean(axis=1)
        low, high = np.percentile(differences, [2.5, 97.5])
        print(f"  chosen less {label:42} {(gains[CHOSEN] - gains[label]).mean():+.3f} [{low:+.3f}, {high:+.3f}]")


def main(folder: Path, home: Path) -> None:
    """Report every set."""
    workspace = Workspace(load_settings(home=home, database_url="", embedding_model=""))
    embedder = workspace.embedder
    if embedder is None:
        sys.exit(f"{home} has no embedding model: run insightrepo --home {home} demo")
    with TemporaryDirectory() as work:
        for name, asked in docstring_sets(folder, embedder, Path(work)):
            report(name, asked)
    workspace.close()
    for name, asked in demo_sets(home):
        report(name, asked)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
