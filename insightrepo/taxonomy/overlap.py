"""Pairs of outcomes that may be one: alike in meaning, side by side for a person to judge.

The score of a pair is the mean of two cosines: of the jobs, and of the whole statements. Chosen on 54 judged pairs of
many domains (tests/judged/outcome_pairs.tsv; 18 the same in other words, 18 hard neighbours such as understanding and
paying a bill, 18 unrelated) with all-MiniLM-L6-v2: from `MEANING` on it finds 13 of the 18, with 5 neighbours and
nothing unrelated among them. So it is a list to read through, not a verdict. Cosines of other models mean other things;
with those, or with none, only statements that share most of their words are found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import snowballstemmer
from rapidfuzz import fuzz, process

from indexes.embedder import PACKAGED, Embedder
from insightrepo.taxonomy.linter import Statement
from insightrepo.taxonomy.schema import statement as rendered
from insightrepo.taxonomy.statement_words import statement_words, tokens

MEANING = 0.50  # mean cosine from which a pair is shown
WORDS = 85  # rapidfuzz's token set ratio (0 to 100) of the jobs from which a pair is shown without a model
MOST = 30  # pairs shown; a register with more needs a rewrite, not a longer list

Embed = Callable[[tuple[str, ...]], np.ndarray]


@dataclass(frozen=True)
class Overlap:
    """Two statements (their places in the list, the smaller first) that may be one outcome. `score` is 0 to 1."""

    first: int
    second: int
    score: float
    by: Literal["meaning", "words"]
    shared: tuple[str, ...]


def overlaps(statements: Sequence[Statement], embed: Embed | None, most: int = MOST) -> tuple[Overlap, ...]:
    """The pairs that are alike, the most alike first, at most `most`.

    `embed` turns texts into vectors of length 1 of the packaged model (see `embed_with`); None: words are compared.
    """
    if len(statements) < 2:
        return ()
    scores, least = _meaning(statements, embed) if embed else _words(statements)
    rows, columns = np.triu_indices(len(statements), k=1)
    values = scores[rows, columns]
    order = [place for place in np.argsort(-values, kind="stable")[:most] if values[place] >= least]
    by: Literal["meaning", "words"] = "meaning" if embed else "words"
    return tuple(
        Overlap(int(rows[k]), int(columns[k]), round(float(values[k]), 2), by, _shared(statements, rows[k], columns[k]))
        for k in order
    )


def near(statement: Statement, others: Sequence[Statement], embed: Embed | None, most: int = 5) -> tuple[Overlap, ...]:
    """Those of `others` that may be the same outcome as the statement, the most alike first; `second` is their
    place."""
    if not others or not statement.job.strip():
        return ()
    if embed:
        jobs, wholes = (embed(tuple(texts)) for texts in _texts(others))
        job, whole = (embed(tuple(texts)) for texts in _texts([statement]))
        scores, least = ((jobs @ job.T + wholes @ whole.T) / 2)[:, 0], MEANING
    else:
        known = [item.job.casefold() for item in others]
        scorer = fuzz.token_set_ratio
        scores = process.cdist([statement.job.casefold()], known, scorer=scorer, dtype=np.float32)[0] / 100
        least = WORDS / 100
    by: Literal["meaning", "words"] = "meaning" if embed else "words"
    pair = [statement, *others]
    return tuple(
        Overlap(0, int(place), round(float(scores[place]), 2), by, _shared(pair, 0, int(place) + 1))
        for place in np.argsort(-scores, kind="stable")[:most]
        if scores[place] >= least
    )


def _texts(statements: Sequence[Statement]) -> tuple[list[str], list[str]]:
    return [item.job for item in statements], [rendered(item.job, item.success) for item in statements]


def embed_with(embedder: Embedder | None) -> Embed | None:
    """How this model's vectors are had, each list of texts once a process; None where its cosines are not known."""
    if embedder is None or not embedder.key.startswith(f"{PACKAGED}:"):
        return None
    return lambda texts: _embedded(embedder, texts)  # type: ignore[arg-type]  # any object is hashable by identity


@lru_cache(maxsize=16)
def _embedded(embedder: Embedder, texts: tuple[str, ...]) -> np.ndarray:
    return embedder.embed_documents(texts)


def _meaning(statements: Sequence[Statement], embed: Embed) -> tuple[np.ndarray, float]:
    jobs, wholes = (embed(tuple(texts)) for texts in _texts(statements))
    return (jobs @ jobs.T + wholes @ wholes.T) / 2, MEANING


def _words(statements: Sequence[Statement]) -> tuple[np.ndarray, float]:
    jobs = [item.job.casefold() for item in statements]
    return process.cdist(jobs, jobs, scorer=fuzz.token_set_ratio, dtype=np.float32) / 100, WORDS / 100


def _shared(statements: Sequence[Statement], first: int, second: int) -> tuple[str, ...]:
    """The telling words that both statements have, inflected or not, as the first has them."""
    left, right = dict(_telling(statements[first])), dict(_telling(statements[second]))
    return tuple(word for stem, word in left.items() if stem in right)


def _telling(item: Statement) -> Iterator[tuple[str, str]]:
    lists = statement_words()
    plain = lists.openers_of_an_object | lists.measure_openers | lists.circumstances | lists.directions
    stemmer = snowballstemmer.stemmer("english")
    for token in tokens(rendered(item.job, item.success)):
        if token.key not in plain and len(token.key) > 2 and token.key not in ("and", "are", "was", "has", "get"):
            yield stemmer.stemWord(token.key), token.key
