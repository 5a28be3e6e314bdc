"""Measures search on a judged corpus, through the product's own import, index and query path."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from indexes.evaluation import (
    CorpusText,
    average_precision,
    ndcg_at,
    read_corpus,
    read_judgments,
    read_queries,
    recall_at,
)
from ingest.duplicates import content_hash
from ingest.passages import heading_context
from ingest.pipeline import Draft
from ingest.readers.base import Locator
from insightrepo.accounts.access import Reader
from insightrepo.library.indexing.indexing import rebuild
from insightrepo.library.search.hits import Mode, SearchQuery
from insightrepo.library.search.search import find, search
from insightrepo.library.tagging.trial_workspace import fill, trial_reader, trial_workspace
from insightrepo.models import Place
from insightrepo.workspace import Workspace

Progress = Callable[[int, int], None]


def evaluate_search(
    workspace: Workspace, corpus: Path, queries: Path, judgments: Path, mode: Mode, progress: Progress | None = None
) -> dict[str, float]:
    """Index the corpus in a temporary workspace and ask every judged query.

    Returns nDCG@10 (gain: the grade, at least 0), MAP, recall@100, and the latency of a page of 10 hits with facets
    and scores, the embedding of the query included, in milliseconds.

    Raises:
        Malformed: a line of a file is wrong; the message names file and line.
    """
    documents = read_corpus(corpus)
    asked, grades = read_queries(queries), read_judgments(judgments)
    judged = {key: words for key, words in asked.items() if any(grade > 0 for grade in grades.get(key, {}).values())}
    with trial_workspace(workspace) as trial:
        reader = trial_reader(trial)
        fill(trial, "corpus", {corpus.name: [_draft(row, document) for row, document in enumerate(documents, 1)]})
        rebuild(trial, progress)
        with trial.database.reading() as session:
            names = _names(session, documents)
            return _ask(trial, session, reader, judged, grades, names, mode)


def _draft(row: int, document: CorpusText) -> Draft:
    headings = heading_context((document.title,)) if document.title else ""
    return Draft(
        kind="passage",
        text=document.text,
        locator=Locator(row=row, heading_path=(document.title,) if document.title else ()),
        content_hash=content_hash(headings, document.text),
        headings=headings,
        source_id=document.id,
    )


def _names(session: Session, documents: list[CorpusText]) -> dict[int, str]:
    """The corpus's own id of each piece of evidence."""
    places = select(Place.evidence_id, Place.locator)
    return {evidence_id: documents[locator["row"] - 1].id for evidence_id, locator in session.execute(places)}


def _ask(
    trial: Workspace,
    session: Session,
    reader: Reader,
    judged: dict[str, str],
    grades: dict[str, dict[str, int]],
    names: dict[int, str],
    mode: Mode,
) -> dict[str, float]:
    measured: dict[str, list[float]] = {"ndcg_at_10": [], "map": [], "recall_at_100": [], "ms": []}
    for key, words in judged.items():
        query = SearchQuery(words=_plain(words), mode=mode, limit=10)
        started = time.perf_counter()
        search(trial, session, reader, query)
        measured["ms"].append(1000 * (time.perf_counter() - started))
        ranking = [names[evidence_id] for evidence_id in find(trial, session, reader, query).ids]
        measured["ndcg_at_10"].append(ndcg_at(ranking, grades[key], 10))
        measured["map"].append(average_precision(ranking, grades[key]))
        measured["recall_at_100"].append(recall_at(ranking, grades[key], 100))
    latency = measured.pop("ms")
    means = {name: round(float(np.mean(values)), 4) if values else 0.0 for name, values in measured.items()}
    p50, p95 = np.percentile(latency, [50, 95]) if latency else (0.0, 0.0)
    return {**means, "p50_ms": round(float(p50), 1), "p95_ms": round(float(p95), 1), "queries": len(judged)}


def _plain(words: str) -> str:
    """A judged query is prose: no quote or dash in it is meant as syntax."""
    return " ".join(words.replace('"', " ").replace(" -", " ").split())
