"""Makes a workspace of a corpus folder, and builds its indexes with the product's own `rebuild`.

Rows go into the database in bulk and the vectors into its vector store, so that a rebuild embeds nothing. There are 51
outcomes with the scores of two waves, two dimensions of segments, products in two levels, and votes behind every tag.

    python bench/workspaces.py load HOME --corpus FOLDER --cache FOLDER --out FILE
    python bench/workspaces.py index HOME --engine tantivy --cache FOLDER --out FILE
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import func, insert, select

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench_corpus import read_documents
from cells import SEED

from config import load_settings
from indexes.parts import IndexParts
from ingest.duplicates import content_hash
from insightrepo.accounts.users import add_user
from insightrepo.library.indexing.indexing import rebuild
from insightrepo.models import Base, Document, Evidence, Place, Respondent, Study, Tag, Term, Vote, utcnow
from insightrepo.schema import upgrade
from insightrepo.workspace import Workspace

EMAIL, PASSWORD = "bench@example.com", "a bench needs no secrets"
CHUNK = 5_000  # documents a transaction
VECTORS_CHUNK = 20_000
FIRST_DAY, DAYS = dt.date(2023, 1, 1), 1095
METHODS = ("interviews", "usability test", "feedback form", "diary study")


def open_workspace(home: Path, cache: Path, model: str, engine: str = "whoosh") -> Workspace:
    """A workspace of the bench: on SQLite, its exported model in `cache`."""
    settings = load_settings(home=home, database_url="", embedding_model=model, keyword_engine=engine)
    return Workspace(settings, model_folder=cache / "models")


def load(workspace: Workspace, corpus: Path, cache: Path, scores: bool = True) -> dict[str, float]:
    """Fill an empty workspace with a corpus; seconds by step."""
    started = time.perf_counter()
    workspace.make_master_key()
    upgrade(workspace.database.engine)
    with workspace.database.writing() as session:
        add_user(session, EMAIL, "administrator", PASSWORD)
    (workspace.home / "models").symlink_to(cache.resolve() / "models")  # where the search command looks
    _load_register(workspace, scores)
    registered = time.perf_counter()
    _load_evidence(workspace, corpus)
    stored = time.perf_counter()
    _keep_vectors(workspace, corpus)
    return {
        "register_s": registered - started,
        "rows_s": stored - registered,
        "vectors_s": time.perf_counter() - stored,
        "database_mb": _megabytes(workspace.home / "insightrepo.db"),
    }


def _load_register(workspace: Workspace, scores: bool) -> None:
    from register import load as load_register  # what it needs would count as memory of a search

    load_register(workspace, scores)


def _load_evidence(workspace: Workspace, corpus: Path) -> None:
    count = len(np.load(corpus / "vectors.npy", mmap_mode="r"))
    studies, people = max(4, min(400, count // 250)), max(1, count // 3)
    with workspace.database.writing() as session:
        session.execute(insert(Study.__table__), [_study(number) for number in range(1, studies + 1)])
        session.execute(insert(Document.__table__), [_document(number) for number in range(1, studies + 1)])
        first = (session.scalar(select(func.max(Respondent.id))) or 0) + 1
        respondents = range(first, first + people)
        session.execute(insert(Respondent.__table__), [{"id": n, "key": f"{n:064x}"} for n in respondents])
        terms = {term.code: term.id for term in session.execute(select(Term.code, Term.id))}
    maker = _Maker(count, studies, respondents, terms)
    documents = read_documents(corpus)
    while chunk := list(islice(documents, CHUNK)):
        with workspace.database.writing() as session:
            for model, rows in maker.rows(chunk).items():
                session.execute(insert(model.__table__), rows)


def _study(number: int) -> dict[str, Any]:
    method = METHODS[number % len(METHODS)]
    level = ("relationship", "interaction")[number % 2]
    return {"id": number, "key": f"bench-{number}", "title": f"{method} {number}", "method": method, "level": level,
            "state": "published"}  # fmt: skip


def _document(number: int) -> dict[str, Any]:
    return {"id": number, "study_id": number, "name": f"answers-{number}.csv", "sha256": f"{number:064x}", "size": 0,
            "complete": True}  # fmt: skip


class _Maker:
    """Turns documents of the corpus into rows; what is drawn is drawn by a seed."""

    def __init__(self, count: int, studies: int, people: range, terms: dict[str, int]) -> None:
        self._count, self._studies, self._people, self._terms = count, studies, people, terms
        self._chance, self._now = random.Random(SEED), utcnow()
        self._outcomes = [code for code in terms if code.startswith("CXO-")]
        self._weights = [1 / (place + 3) for place in range(len(self._outcomes))]

    def rows(self, documents: list[dict[str, str]]) -> dict[type[Base], list[dict[str, Any]]]:
        """The rows of some documents, by table."""
        made: dict[type[Base], list[dict[str, Any]]] = {Evidence: [], Place: [], Tag: [], Vote: []}
        for document in documents:
            number = int(document["id"])
            study = (number - 1) * self._studies // self._count + 1
            made[Evidence].append(self._evidence(number, study, document))
            made[Place].append({"evidence_id": number, "document_id": study, "locator": {"row": number + 1},
                                "start": None, "end": None, "facts": {}})  # fmt: skip
            for code, state, vote in self._votes(document, study):
                term = {"evidence_id": number, "term_id": self._terms[code]}
                made[Tag].append({**term, "state": state, "origin": vote["source"]})
                made[Vote].append({**term, **vote, "in_favour": True, "evidence_revision": 1, "at": self._now})
        return made

    def _evidence(self, number: int, study: int, document: dict[str, str]) -> dict[str, Any]:
        verbatim = document["kind"] == "verbatim"
        return {
            "id": number, "study_id": study, "identity": f"{number:x}", "kind": document["kind"],
            "text": document["text"], "context": "", "content_hash": content_hash("", document["text"]), "revision": 1,
            "respondent_id": self._chance.choice(self._people) if verbatim else None,
            "said_on": FIRST_DAY + dt.timedelta(days=self._chance.randrange(DAYS)), "said_at": None,
            "utc_offset": None, "date_precision": "day", "channel": "", "rating": None, "rating_best": None,
            "withdrawn": False, "created_at": self._now,
        }  # fmt: skip

    def _votes(self, document: dict[str, str], study: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Term, state of the tag and vote: what the data says, and one or two outcomes that machines found."""
        for axis, name in (("segment", "size"), ("segment", "region"), ("product", "product")):
            reason = {"column": axis, "value": document[name]}
            yield document[name], "accepted", _vote("import", f"import:{study}", "force", 1.0, reason)
        drawn = self._chance.choices(self._outcomes, self._weights, k=1 + (self._chance.random() < 0.3))
        for code in dict.fromkeys(drawn):
            if self._chance.random() < 0.8:
                reason = {"kind": "phrase", "words": document["text"][:24]}
                yield code, "automatic", _vote("rule", "rule:1", "force", 1.0, reason)
            else:
                reason = {"phrase": document["text"][:24], "threshold": 0.4}
                yield code, "suggested", _vote("words", "words:bench", "suggest", 0.5, reason)


def _vote(source: str, key: str, effect: str, value: float, reason: dict[str, Any]) -> dict[str, Any]:
    return {"source": source, "source_key": key, "effect": effect, "value": value, "reason": reason}


def _keep_vectors(workspace: Workspace, corpus: Path) -> None:
    """Put the vectors into the workspace's store in the order of their hashes: a random order is slow in a B-tree."""
    vectors = np.load(corpus / "vectors.npy", mmap_mode="r")
    with workspace.database.reading() as session:
        kept = sorted(tuple(row) for row in session.execute(select(Evidence.content_hash, Evidence.id)))
    for start in range(0, len(kept), VECTORS_CHUNK):
        workspace.vectors.put({name: vectors[number - 1] for name, number in kept[start : start + VECTORS_CHUNK]})


def build_indexes(workspace: Workspace) -> dict[str, Any]:
    """Rebuild the indexes of a workspace: seconds, of which within the indexes, MB on disk by part, peak MB."""
    started = time.perf_counter()
    with _timed(IndexParts, "apply", "swap") as within:
        count = rebuild(workspace)
    seconds = time.perf_counter() - started
    home = workspace.indexes.state.home
    parts = {name: _megabytes(home / name) for name in ("keyword", "vectors", "bitmaps")}
    return {"count": count, "seconds": seconds, "within_s": sum(within), "parts_mb": parts, "peak_mb": _peak()}


def _peak() -> float:
    """The most MB that this process held; `getrusage` would count what its parent held when it started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) / 1024


@contextmanager
def _timed(owner: type, *names: str) -> Iterator[list[float]]:
    """The seconds of every call of these methods."""
    seconds: list[float] = []
    originals = {name: getattr(owner, name) for name in names}

    def watched(original: Any) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            started = time.perf_counter()
            try:
                return original(*args, **options)
            finally:
                seconds.append(time.perf_counter() - started)

        return call

    for name, original in originals.items():
        setattr(owner, name, watched(original))
    try:
        yield seconds
    finally:
        for name, original in originals.items():
            setattr(owner, name, original)


def _megabytes(path: Path) -> float:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file()) / 2**20


def arguments(*names: str) -> argparse.ArgumentParser:
    """What every script of the bench takes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=names)
    parser.add_argument("home", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--engine", default="whoosh")
    parser.add_argument("--model", default="")
    return parser


def main() -> None:
    """Do one step and write what was measured."""
    given = arguments("load", "load-bare", "index").parse_args()
    workspace = open_workspace(given.home, given.cache, given.model, given.engine)
    if given.what == "index":
        measured = build_indexes(workspace)
    else:
        measured = load(workspace, given.corpus, given.cache, scores=given.what == "load")
    workspace.close()
    given.out.write_text(json.dumps(measured), encoding="utf-8")


if __name__ == "__main__":
    main()
