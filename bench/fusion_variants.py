"""Compares ways of fusing the keyword and the meaning engine on judged sets, with a paired bootstrap.

The sets: what `docstring_corpus.py`, `manual_corpus.py` and `section_corpus.py` wrote into FOLDER/docstrings,
FOLDER/manuals and FOLDER/sections (the last without and with its headings), queries by a rare word of the docstrings,
and the questions of tests/judged/demo_questions.tsv to a workspace HOME that holds the demo. Vectors are kept in
FOLDER.

    insightrepo --home HOME demo
    for set in docstring manual section; do python bench/${set}_corpus.py FOLDER/${set}s; done
    python bench/fusion_variants.py FOLDER HOME
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).parents[1]))

from judged_files import HALVES, half

from config import load_settings
from indexes import fusion
from indexes.base import Record, WordFit
from indexes.embedder import Embedder
from indexes.evaluation import CorpusText, ndcg_at, read_corpus, read_judgments, read_queries
from indexes.keyword import WhooshIndex
from indexes.query import parse
from ingest.passages import embedded_text
from insightrepo.models import Evidence
from insightrepo.workspace import Workspace

JUDGED = Path(__file__).parents[1] / "tests" / "judged" / "demo_questions.tsv"
CORPORA = ("docstrings", "manuals", "sections")
RESAMPLES, RARE_QUERIES, COMMON, FEEDBACK = 10_000, 160, (40, 400), 5
CHOSEN = "chosen"


@dataclass(frozen=True)
class Asked:
    """What both engines said to one question of every text: scores, NaN where the text was not found; `grades` by its
    number, from 0. `query` is the question's vector, `vectors` those of the texts."""

    grades: Mapping[int, int]
    keyword: np.ndarray
    meaning: np.ndarray
    fits: tuple[WordFit, ...]
    query: np.ndarray
    vectors: np.ndarray


Variant = Callable[[Asked], np.ndarray]


@dataclass(frozen=True)
class Corpus:
    """Texts in the keyword index, numbered from 1 there, and their vectors."""

    keyword: WhooshIndex
    vectors: np.ndarray

    def ask(self, text: str, vector: np.ndarray, grades: Mapping[int, int]) -> Asked:
        """Ask both engines as `indexes.search` does; cosines are exact for all that is found."""
        query, count = parse(text).keywords, len(self.vectors)
        hits = self.keyword.search(query, None, count)
        keyword, meaning = np.full(count, np.nan), self.vectors @ vector
        keyword[[hit.id - 1 for hit in hits]] = [hit.score for hit in hits]
        meaning = np.where((meaning >= fusion.MEANING_FLOOR) | ~np.isnan(keyword), meaning, np.nan)
        within = self.keyword.matching(query)
        if within is not None:
            meaning[~np.isin(np.arange(1, count + 1), within.to_array())] = np.nan
        return Asked(
            grades, keyword, meaning, self.keyword.fit(query, [hit.id for hit in hits[:1]]), vector, self.vectors
        )


def plain_convex(asked: Asked) -> np.ndarray:
    """Both lists over their own best, the cosine from the list's lowest, .7 for meaning: no weight by the query."""
    known = np.nan_to_num(asked.meaning)
    width = max(float(known.max() - known.min()), 1e-9)
    return 0.7 * (known - known.min()) / width + 0.3 * fusion.keyword_shares(asked.keyword, 1.0)


def share_held(asked: Asked) -> float:
    """The share of the query's idf that the best keyword hit holds."""
    mass = sum(word.idf for word in asked.fits)
    return sum(word.idf * word.share for word in asked.fits) / mass if mass else 0.0


def by_share(power: float, enough: float, weight: float) -> Variant:
    """The keyword list is worth a power of the share that its best hit holds, `enough` being all."""

    def fused(asked: Asked) -> np.ndarray:
        held = min(share_held(asked) / enough, 1.0) ** (power / 3)
        return fusion.convex(asked.keyword, asked.meaning, held, weight)

    return fused


def chosen(asked: Asked, meaning: np.ndarray | None = None) -> np.ndarray:
    """What the product does."""
    covered = fusion.coverage(asked.fits, len(asked.keyword))
    return fusion.convex(asked.keyword, asked.meaning if meaning is None else meaning, covered)


def rocchio(weight: float) -> Variant:
    """The question's vector moved towards the mean of the first hits'."""

    def fused(asked: Asked) -> np.ndarray:
        best = np.argsort(-chosen(asked), kind="stable")[:FEEDBACK]
        mean = asked.vectors[best].mean(axis=0)
        moved = (1 - weight) * asked.query + weight * mean / np.linalg.norm(mean)
        return chosen(asked, asked.vectors @ (moved / np.linalg.norm(moved)))

    return fused


def reciprocal(asked: Asked) -> np.ndarray:
    """Reciprocal rank fusion."""
    lists = [np.argsort(-np.nan_to_num(values, nan=-9.0), kind="stable") for values in (asked.keyword, asked.meaning)]
    known = [
        order[: np.count_nonzero(~np.isnan(v))] for order, v in zip(lists, (asked.keyword, asked.meaning), strict=True)
    ]
    fused = fusion.reciprocal_rank([order.tolist() for order in known])
    return np.array([fused.get(number, 0.0) for number in range(len(asked.keyword))])


VARIANTS: dict[str, Variant] = {
    "keyword alone": lambda asked: np.nan_to_num(asked.keyword),
    "meaning alone": lambda asked: np.nan_to_num(asked.meaning),
    "reciprocal rank fusion": reciprocal,
    "plain convex .7": plain_convex,
    "share, .6": by_share(1, 1.0, 0.6),
    "square of share / .75, .6": by_share(2, 0.75, 0.6),
    "cube of share / .75, .55": by_share(3, 0.75, 0.55),
    "Rocchio .1": rocchio(0.1),
    "Rocchio .3": rocchio(0.3),
    CHOSEN: chosen,
}


def corpus_sets(folder: Path, embedder: Embedder, work: Path, titled: bool) -> Iterator[tuple[str, list[Asked]]]:
    """The halves of a corpus in a folder; `titled`: with the titles as headings, embedded and indexed."""
    documents, grades = read_corpus(folder / "docs.jsonl"), read_judgments(folder / "judgments.trec")
    numbers = {document.id: number for number, document in enumerate(documents)}
    corpus = _corpus(documents, folder, embedder, work / f"{folder.name}{titled}", titled)
    name = f"{folder.name} with headings" if titled else folder.name
    for side in HALVES:
        queries = {key: _plain(text) for key, text in read_queries(folder / f"{side}.tsv").items()}
        embedded = _kept(folder / f"{side}.npy", embedder.embed_query, list(queries.values()))
        yield (
            f"{name}, {side}",
            [
                corpus.ask(text, vector, {numbers[right]: grade for right, grade in grades[key].items()})
                for (key, text), vector in zip(queries.items(), embedded, strict=True)
            ],
        )
    if folder.name == "docstrings":
        for kind, asked in rare_queries([document.text for document in documents], corpus.keyword).items():
            yield kind, [corpus.ask(text, embedder.embed_query(text), {number: 1}) for number, text in asked]


def _corpus(documents: Sequence[CorpusText], folder: Path, embedder: Embedder, work: Path, titled: bool) -> Corpus:
    keyword = WhooshIndex.create(work)
    headings = [document.title if titled else "" for document in documents]
    rows = enumerate(zip(headings, documents, strict=True), start=1)
    keyword.apply([], [Record(number, document.text, heads, "", "", frozenset()) for number, (heads, document) in rows])
    texts = [embedded_text(heads, document.text) for heads, document in zip(headings, documents, strict=True)]
    path = folder / ("docs_titled.npy" if titled else "docs.npy")
    if not path.exists():
        np.save(path, embedder.embed_documents(texts))
    return Corpus(keyword, np.load(path))


def rare_queries(texts: Sequence[str], keyword: WhooshIndex) -> dict[str, list[tuple[int, str]]]:
    """A word that only one text has: alone, between two more words of that text, beside a word of another text."""
    made: dict[str, list[tuple[int, str]]] = {"rare": [], "rare, 2 of its words": [], "rare, 1 of others": []}
    other = "value"
    for number in sorted(range(len(texts)), key=lambda number: sha256(texts[number].encode()).digest()):
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


def _kept(path: Path, embed: Callable[[str], np.ndarray], texts: Sequence[str]) -> np.ndarray:
    if not path.exists():
        np.save(path, np.array([embed(text) for text in texts]))
    return np.load(path)


def demo_sets(workspace: Workspace) -> Iterator[tuple[str, list[Asked]]]:
    """The demo questions: by halves, and in other words than the evidence."""
    state, embedder = workspace.indexes.state, workspace.embedder
    if embedder is None or state.vectors is None:
        sys.exit("the workspace has no embedding model: run insightrepo --home HOME demo")
    with workspace.database.reading() as session:
        texts = {number: " ".join(text.split()) for number, text in session.execute(select(Evidence.id, Evidence.text))}
    corpus = Corpus(state.keyword, np.nan_to_num(state.vectors.vectors(range(1, max(texts) + 1))))
    sets: dict[str, list[Asked]] = {f"demo, {side}": [] for side in (*HALVES, "in other words")}
    for line in JUDGED.read_text(encoding="utf-8").splitlines():
        key, text, *fragments = line.split("\t")
        right = {n - 1: 1 for n, whole in texts.items() if any(fragment in whole for fragment in fragments)}
        asked = corpus.ask(text, embedder.embed_query(parse(text).text), right)
        sets[f"demo, {half(key)}"].append(asked)
        if not key.startswith(("same", "ask")):
            sets["demo, in other words"].append(asked)
    yield from sets.items()


def ndcg(scores: np.ndarray, grades: Mapping[int, int]) -> float:
    """nDCG@10 of the order of these scores."""
    best = np.argsort(-scores, kind="stable")[:10]
    return ndcg_at([str(number) for number in best], {str(number): grade for number, grade in grades.items()})


def report(name: str, asked: Sequence[Asked]) -> None:
    """nDCG@10 of every variant, and what the chosen one is ahead by, with its 95% interval."""
    gains = {label: np.array([ndcg(variant(one), one.grades) for one in asked]) for label, variant in VARIANTS.items()}
    draws = np.random.default_rng(0).integers(0, len(asked), (RESAMPLES, len(asked)))
    print(f"\n{name}: {len(asked)} queries")
    for label, values in gains.items():
        lead = gains[CHOSEN] - values
        low, high = np.percentile(lead[draws].mean(axis=1), [2.5, 97.5])
        print(f"  {label:28} {values.mean():.3f}   chosen {lead.mean():+.3f} [{low:+.3f}, {high:+.3f}]", flush=True)


def all_sets(folder: Path, workspace: Workspace, work: Path) -> Iterable[tuple[str, list[Asked]]]:
    """Every set that is there."""
    embedder = workspace.embedder
    if embedder is None:
        sys.exit("the workspace has no embedding model: run insightrepo --home HOME demo")
    yield from demo_sets(workspace)
    for name in CORPORA:
        if (folder / name).is_dir():
            yield from corpus_sets(folder / name, embedder, work, titled=False)
    if (folder / "sections").is_dir():
        yield from corpus_sets(folder / "sections", embedder, work, titled=True)


def main(folder: Path, home: Path) -> None:
    """Report every set."""
    workspace = Workspace(load_settings(home=home, database_url="", embedding_model=""))
    with TemporaryDirectory() as work:
        for name, asked in all_sets(folder, workspace, Path(work)):
            report(name, asked)
    workspace.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
