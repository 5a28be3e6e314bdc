"""Measures tagging on labelled texts, through the product's own import, training and tagger."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ingest.duplicates import content_hash
from ingest.evaluation import sample_shots, tag_metrics
from ingest.pipeline import Draft
from ingest.readers import read_file
from ingest.readers.base import Locator, SourceFile, Table, Unreadable
from ingest.tagger import Tagger
from insightrepo.library.tagging.tagging import make_tagger
from insightrepo.library.tagging.training import train_heads
from insightrepo.library.tagging.trial_workspace import fill, trial_workspace
from insightrepo.taxonomy.files import load
from insightrepo.taxonomy.importing import apply
from insightrepo.taxonomy.reading import profiles
from insightrepo.taxonomy.schema import OutcomeEntry, TaxonomyFile
from insightrepo.workspace import Workspace

MAX_BYTES = 2**30
SEPARATOR = "|"


@dataclass(frozen=True)
class Labelled:
    """A text with the labels that are right for it; `group` is the document it came from, or empty."""

    text: str
    labels: frozenset[str]
    group: str


def evaluate_tags(
    workspace: Workspace,
    train: Path,
    test: Path,
    terms: Path | None = None,
    shots: int | None = None,
    seeds: int = 1,
) -> dict[str, float | None]:
    """Train on one table and tag another; each figure is the mean over `seeds` draws of `shots` examples a label.

    Raises:
        ValueError: a file is not such a table, or there is no embedding model.
    """
    if workspace.embedder is None:
        raise ValueError("tags are evaluated with an embedding model, and there is none")
    training, tested = _read(train), _read(test)
    taxonomy = _taxonomy(terms, training, tested)
    started = time.perf_counter()
    vectors = workspace.embedder.embed_documents([row.text for row in tested])
    runs = [_run(workspace, taxonomy, _drawn(training, shots, seed), tested, vectors) for seed in range(seeds)]
    figures = {name: _mean([run[name] for run in runs]) for name in runs[0]}
    return figures | {"seconds": round(time.perf_counter() - started, 1)}


def _mean(values: Sequence[float | None]) -> float | None:
    """The mean of the runs that have the figure; None where none has (no tag was automatic)."""
    known = [value for value in values if value is not None]
    return round(float(np.mean(known)), 4) if known else None


def _drawn(rows: Sequence[Labelled], shots: int | None, seed: int) -> Sequence[Labelled]:
    if shots is None:
        return rows
    return sample_shots(rows, shots, seed) if shots else ()


def _run(
    workspace: Workspace,
    taxonomy: TaxonomyFile,
    rows: Sequence[Labelled],
    tested: Sequence[Labelled],
    vectors: np.ndarray,
) -> dict[str, float | None]:
    with trial_workspace(workspace) as trial:
        with trial.database.writing() as session:
            apply(session, taxonomy, None)
        fill(trial, "train", _documents(rows))
        train_heads(trial)
        with trial.database.reading() as session:
            codes = {profile.id: profile.code for profile in profiles(session)}
        return _judge(make_tagger(trial), codes, tested, vectors)


def _judge(
    tagger: Tagger, codes: dict[int, str], tested: Sequence[Labelled], vectors: np.ndarray
) -> dict[str, float | None]:
    """The figures from the tagger's votes and from its probability of every term."""
    votes = tagger.tag([row.text for row in tested], vectors)
    probabilities = _probabilities(tagger, codes, vectors)
    return tag_metrics(
        truth=[set(row.labels) for row in tested],
        predicted=[{codes[vote.term_id] for vote in row if vote.in_favour} for row in votes],
        automatic=[{codes[vote.term_id] for vote in row if vote.in_favour and vote.effect == "force"} for row in votes],
        probabilities=probabilities,
    )


def _probabilities(tagger: Tagger, codes: dict[int, str], vectors: np.ndarray) -> list[dict[str, float]]:
    """For each text the probability of each term; a term without a head stands with its similarity, scaled below 1."""
    by_head, heads = tagger.probabilities(vectors)
    by_words, similarities = tagger.similarities(vectors)
    ids, scores = [*by_head, *by_words], np.hstack([heads, np.clip(similarities, 0, 1)])
    return [{codes[term_id]: float(score) for term_id, score in zip(ids, row, strict=True)} for row in scores]


def _documents(rows: Sequence[Labelled]) -> dict[str, list[Draft]]:
    """The drafts by document: rows of one group are passages of one, rows without a group are verbatims of a feed."""
    documents: defaultdict[str, list[Draft]] = defaultdict(list)
    for number, row in enumerate(rows, start=2):
        documents[row.group].append(_draft(number, row))
    return documents


def _draft(number: int, row: Labelled) -> Draft:
    return Draft(
        kind="passage" if row.group else "verbatim",
        text=row.text,
        locator=Locator(row=number),
        content_hash=content_hash("", row.text),
        source_id=str(number),
        labels=tuple(sorted(row.labels)),
    )


def _read(path: Path) -> list[Labelled]:
    table = _table(path)
    names = {name.strip().casefold(): place for place, name in enumerate(table.header)}
    if not {"text", "labels"} <= names.keys():
        raise ValueError(f"{path}: the header needs the columns text and labels; it has {', '.join(table.header)}")
    group = names.get("group")
    rows = [
        Labelled(
            text=row.values[names["text"]],
            labels=frozenset(label.strip() for label in row.values[names["labels"]].split(SEPARATOR) if label.strip()),
            group=row.values[group] if group is not None else "",
        )
        for row in table.rows
    ]
    return [row for row in rows if row.text]


def _table(path: Path) -> Table:
    try:
        tables = read_file(SourceFile(path.name, path.read_bytes()), MAX_BYTES).tables
    except Unreadable as error:
        raise ValueError(str(error)) from error
    if len(tables) != 1:
        raise ValueError(f"{path}: one table is needed, this file has {len(tables)}")
    return tables[0]


def _taxonomy(terms: Path | None, *tables: Sequence[Labelled]) -> TaxonomyFile:
    """The outcomes of the terms file, and each label that it does not name as its own words."""
    named = _terms(terms) if terms else TaxonomyFile()
    labels = sorted({label for rows in tables for row in rows for label in row.labels})
    known = {name.casefold() for entry in named.outcomes for name in (entry.code, *entry.aliases)}
    more = [_entry(label, (_readable(label),)) for label in labels if label.casefold() not in known]
    return named.model_copy(update={"outcomes": (*named.outcomes, *more)})


def _terms(path: Path) -> TaxonomyFile:
    if path.suffix.lower() in (".yaml", ".yml"):
        return load(path.read_text(encoding="utf-8"), path.name)
    table = _table(path)
    header = [name.strip().casefold() for name in table.header]
    if header[0] not in ("label", "code"):
        raise ValueError(f"{path}: the first column must be label, followed by words; it is {table.header[0]}")
    return TaxonomyFile(outcomes=tuple(_entry(row.values[0], row.values[1:]) for row in table.rows))


def _entry(label: str, words: Sequence[str]) -> OutcomeEntry:
    phrases = [phrase.strip() for cell in words for phrase in cell.split(SEPARATOR) if phrase.strip()]
    return OutcomeEntry(code=label, job=phrases[0] if phrases else _readable(label), aliases=tuple(phrases[1:]))


def _readable(label: str) -> str:
    return label.replace("_", " ").replace("-", " ")
