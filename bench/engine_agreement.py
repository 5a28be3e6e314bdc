"""How far the two keyword engines agree: the share of the top ten in common, over the docstring corpus.

FOLDER is what `docstring_corpus.py` wrote. A record's text is the prose, its headings are the module's dotted name, its
title is the package. Words are drawn from the queries, a third of them each 1, 3 and 8 words long.

    python bench/docstring_corpus.py FOLDER && python bench/engine_agreement.py FOLDER
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

from indexes.base import KeywordQuery, Record
from indexes.engines import KeywordPart, create_keyword
from indexes.evaluation import read_corpus, read_queries

QUERIES, SEED, TOP = 300, 7, 10


def records(folder: Path) -> list[Record]:
    """The corpus as records with headings and a title."""
    found = []
    for number, document in enumerate(read_corpus(folder / "docs.jsonl"), start=1):
        package, *rest = document.id.split(".")
        found.append(Record(number, document.text, " ".join(rest), package, "", frozenset()))
    return found


def top(index: KeywordPart, words: tuple[str, ...]) -> set[int]:
    """The ids of the best ten."""
    return {hit.id for hit in index.search(KeywordQuery(words), None, TOP)}


def agreement(one: KeywordPart, other: KeywordPart, queries: list[tuple[str, ...]]) -> tuple[float, float]:
    """The mean share of the top ten in common, and the share of queries whose first hit is in both."""
    shares, firsts = [], []
    for words in queries:
        mine, theirs = top(one, words), top(other, words)
        if mine or theirs:
            shares.append(len(mine & theirs) / max(len(mine), len(theirs)))
            best = one.search(KeywordQuery(words), None, 1)[0].id
            firsts.append(best == other.search(KeywordQuery(words), None, 1)[0].id)
    return sum(shares) / len(shares), sum(firsts) / len(firsts)


def main(folder: Path) -> None:
    """Print a line for each length of query."""
    made, rng = records(folder), random.Random(SEED)
    typed = [text.split() for half in ("tuning", "heldout") for text in read_queries(folder / f"{half}.tsv").values()]
    with TemporaryDirectory() as work:
        whoosh, tantivy = (create_keyword(name, Path(work) / name, "en") for name in ("whoosh", "tantivy"))
        for index in (whoosh, tantivy):
            index.apply([], made)
        for length in (1, 3, 8):
            long_enough = [words for words in typed if len(words) >= length]
            queries = [tuple(rng.sample(rng.choice(long_enough), length)) for _ in range(QUERIES)]
            share, first = agreement(whoosh, tantivy, queries)
            print(f"{length} words: top {TOP} in common {share:.3f}, the same first hit {first:.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
