"""How soon a change is found: workspaces made directly, changes committed, another process asking until it sees them.

    python bench/living_index.py make FOLDER [PIECES] [MODEL]    a workspace of invented verbatims, indexed
    python bench/living_index.py measure FOLDER [MODEL]          from commit to visible, for four kinds of change
    python bench/living_index.py start FOLDER [MODEL]            first search and memory of a process that starts now

MODEL is the setting: hashing (default) or empty for the packaged one, whose vectors are then drawn by chance.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import multiprocessing
import os
import random
import resource
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert, select, update

from config import Settings
from indexes.parts import IndexParts
from insightrepo.accounts.users import acting_reader, add_user
from insightrepo.batches import batches
from insightrepo.library.indexing import indexing
from insightrepo.library.search.hits import SearchQuery
from insightrepo.library.search.search import search
from insightrepo.library.tagging import tagging
from insightrepo.models import Embedding, Evidence, Outcome, Product, Respondent, Segment, Study, Tag
from insightrepo.schema import upgrade
from insightrepo.workspace import Workspace

WORDS, STUDIES, PEOPLE, OUTCOMES, SEGMENTS, PRODUCTS = 30_000, 200, 20_000, 250, 20, 40
CHANGES = 20
SECONDS = 30.0  # to wait for a change at most


def workspace_in(folder: Path, model: str = "hashing") -> Workspace:
    """The workspace in a folder, made or not."""
    return Workspace(Settings(home=folder, database_url="", embedding_model=model))


def make(folder: Path, pieces: int = 100_000, model: str = "hashing") -> None:
    """A workspace of so many invented verbatims with tags, people and days, written as rows, indexed by a rebuild."""
    made = workspace_in(folder, model)
    made.make_master_key()
    upgrade(made.database.engine)
    with made.database.writing() as session:
        add_user(session, "ada@example.com", "administrator", "a long enough password")
        _terms(session)
        session.execute(insert(Study), [_study(number) for number in range(1, STUDIES + 1)])
        session.execute(insert(Respondent), [{"id": n, "key": f"{n:064d}"} for n in range(1, PEOPLE + 1)])
    chance = random.Random(1)
    words = [f"{a}{b}{c}" for a, b, c in itertools.product(_parts(), _parts(), _parts())][:WORDS]
    weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(WORDS)))
    for numbers in batches(range(1, pieces + 1), 5_000):
        rows = [_verbatim(number, chance, words, weights) for number in numbers]
        with made.database.writing() as session:
            session.execute(insert(Evidence), rows)
            session.execute(insert(Tag.__table__), [tag for row in rows for tag in _tags(row["id"], chance)])
        if made.embedder and model != "hashing":
            _keep_vectors(made, [row["content_hash"] for row in rows])
    started = time.monotonic()
    count = indexing.rebuild(made)
    print(f"indexed {count:,} in {time.monotonic() - started:.1f} s")
    made.close()


def _parts() -> list[str]:
    return [a + b for a in "bdfgklmnprst" for b in ("a", "e", "i", "o", "u", "ar", "en", "ol")]


def _terms(session: Any) -> None:
    made = [Outcome(code=f"O-{n}", name=f"Outcome {n}", job=f"job {n}", aliases=[]) for n in range(OUTCOMES)]
    made += [Segment(code=f"S-{n}", name=f"Segment {n}", dimension="group", aliases=[]) for n in range(SEGMENTS)]
    made += [Product(code=f"P-{n}", name=f"Product {n}", aliases=[]) for n in range(PRODUCTS)]
    session.add_all(made)


def _study(number: int) -> dict[str, Any]:
    return {"id": number, "key": f"study {number}", "title": f"Study {number}", "state": "published"}


def _verbatim(number: int, chance: random.Random, words: list[str], weights: list[float]) -> dict[str, Any]:
    text = " ".join(chance.choices(words, cum_weights=weights, k=chance.randint(6, 34)))
    return {
        "id": number,
        "study_id": chance.randint(1, STUDIES),
        "identity": f"{number:064d}",
        "kind": "verbatim",
        "text": text,
        "content_hash": hashlib.sha256(text.encode()).hexdigest(),
        "respondent_id": chance.randint(1, PEOPLE),
        "said_on": dt.date(2023, 1, 1) + dt.timedelta(days=chance.randrange(1000)),
    }


def _tags(number: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    some = (chance.randint(1, OUTCOMES), OUTCOMES + chance.randint(1, SEGMENTS + PRODUCTS))
    for term in some:
        yield {"evidence_id": number, "term_id": term, "state": "automatic", "origin": "rule"}


def _keep_vectors(made: Workspace, hashes: list[str]) -> None:
    assert made.embedder
    rows = np.random.default_rng(len(hashes)).standard_normal((len(hashes), made.embedder.dimension)).astype("<f4")
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    values = [
        {"content_hash": key, "model": made.embedder.key, "vector": row.tobytes()}
        for key, row in dict(zip(hashes, rows, strict=True)).items()
    ]
    with made.database.writing() as session:
        session.execute(insert(Embedding), values)


# ---- from commit to visible


class Clock:
    """When a change was committed, when the index began to take it in, and when it had; seconds of one system clock."""

    committed = began = indexed = 0.0

    def __init__(self) -> None:
        plain_drain, plain_apply = indexing.drain, IndexParts.apply

        def drain(*arguments: Any, **named: Any) -> int:
            self.committed = time.monotonic()
            rows = plain_drain(*arguments, **named)
            self.indexed = time.monotonic()
            return rows

        def apply(*arguments: Any) -> None:
            self.began = time.monotonic()
            plain_apply(*arguments)

        indexing.drain = tagging.drain = drain
        IndexParts.apply = apply  # type: ignore[method-assign]


class Changes:
    """The kinds of change: each commits one and gives the query whose total then is the number it gives too."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        with workspace.database.reading() as session:
            self.ada = acting_reader(session, "ada@example.com")
            self.outcome = session.get_one(Outcome, 7).code
            tagged = select(Tag.evidence_id).where(Tag.term_id == 7)
            live = select(Evidence.id).where(Evidence.withdrawn.is_(False), Evidence.id.not_in(tagged))
            self.free = list(session.scalars(live.order_by(Evidence.id.desc()).limit(2 * CHANGES)))
        self.words = f"w{int(time.time())}"

    def tag(self, number: int) -> tuple[SearchQuery, int]:
        """A person accepts a tag that was not there."""
        query = SearchQuery(filters={"outcome": (self.outcome,)}, limit=1)
        before = self.total(query)
        tagging.vote(self.workspace, self.ada, self.free[number], "outcome", self.outcome, True)
        return query, before + 1

    def verbatim(self, number: int) -> tuple[SearchQuery, int]:
        """A new verbatim comes in."""
        text = f"{self.words}n{number} was never said before"
        row = {
            "text": text,
            "content_hash": hashlib.sha256(text.encode()).hexdigest(),
            "study_id": 1,
            "kind": "verbatim",
        }
        with self.workspace.database.writing() as session:
            made = Evidence(**row, identity=hashlib.sha256(text.encode()).hexdigest())
            session.add(made)
            session.flush()
            indexing.enqueue(session, [made.id])
        indexing.drain(self.workspace)
        return SearchQuery(words=f'"{self.words}n{number}"', mode="keyword", limit=1), 1

    def rename(self, number: int) -> tuple[SearchQuery, int]:
        """A study, and with it all its pieces, gets another title."""
        title = f"{self.words} title {number}"
        with self.workspace.database.writing() as session:
            session.execute(update(Study).where(Study.id == 2 + number).values(title=title))
            ids = list(
                session.scalars(
                    select(Evidence.id).where(Evidence.study_id == 2 + number, Evidence.withdrawn.is_(False))
                )
            )
            indexing.enqueue(session, ids)
        indexing.drain(self.workspace)
        query = SearchQuery(words=f'"{title}"', mode="keyword", limit=1)
        return query, min(len(ids), 1000)

    def withdrawal(self, number: int) -> tuple[SearchQuery, int]:
        """A piece of evidence is withdrawn."""
        query = SearchQuery(limit=1)
        before = self.total(query)
        with self.workspace.database.writing() as session:
            gone = self.free[CHANGES + number]
            session.execute(update(Evidence).where(Evidence.id == gone).values(withdrawn=True))
            indexing.enqueue(session, [gone])
        indexing.drain(self.workspace)
        return query, before - 1

    def total(self, query: SearchQuery) -> int:
        """How many this finds now."""
        with self.workspace.database.reading() as session:
            return search(self.workspace, session, self.ada, query).total


def watch(folder: Path, model: str, connection: Any) -> None:
    """Another process that asks again and again, as a server does, and says when it saw what was to be seen."""
    workspace = workspace_in(folder, model)
    workspace.patience = 0.05
    with workspace.database.reading() as session:
        ada = acting_reader(session, "ada@example.com")
    longest = 0.0
    asked: tuple[SearchQuery, int] | None = None
    while True:
        if connection.poll(0 if asked else 0.02):
            asked = connection.recv()
            if asked is None:
                connection.send(longest)
                return
        query, wanted = asked or (SearchQuery(limit=1), -1)
        started = time.monotonic()
        with workspace.database.reading() as session:
            indexing.follow(workspace)
            total = search(workspace, session, ada, query).total
        longest = max(longest, time.monotonic() - started)
        if asked and total == wanted:
            connection.send((time.monotonic(), longest))
            asked = None


def measure(folder: Path, model: str = "hashing") -> None:
    """Print from commit to visible in another process, p50 and most of 20, for each kind of change."""
    here, there = multiprocessing.Pipe()
    watcher = multiprocessing.get_context("spawn").Process(target=watch, args=(folder, model, there), daemon=True)
    watcher.start()
    workspace, clock = workspace_in(folder, model), Clock()
    changes = Changes(workspace)
    everything = SearchQuery(limit=1)
    here.send((everything, changes.total(everything)))  # the other process is there and warm
    here.recv()
    for kind in ("tag", "verbatim", "rename", "withdrawal"):
        rows = []
        for number in range(CHANGES):
            here.send(getattr(changes, kind)(number))
            if not here.poll(SECONDS):
                raise SystemExit(f"{kind} {number} was not seen within {SECONDS} s")
            seen, _longest = here.recv()
            c = clock
            rows.append((seen - c.committed, c.began - c.committed, c.indexed - c.began, max(seen - c.indexed, 0)))
        parts = [
            f"{statistics.median(column) * 1000:.0f} ({max(column) * 1000:.0f})" for column in zip(*rows, strict=True)
        ]
        print(
            f"{kind}: visible {parts[0]} ms; outbox {parts[1]}, index commit {parts[2]}, reader {parts[3]}", flush=True
        )
    here.send(None)
    print(f"the longest answer meanwhile: {here.recv() * 1000:.0f} ms; load {os.getloadavg()[0]:.1f}")


def start(folder: Path, model: str = "hashing") -> None:
    """Print how long the first search of this process takes, the next, and how much memory it holds."""
    started = time.monotonic()
    workspace = workspace_in(folder, model)
    took = []
    for words in ("dakode baba", "dakode baba", "bebedo fafefi kaka", "bodaro"):
        with workspace.database.reading() as session:
            ada = acting_reader(session, "ada@example.com")
            search(workspace, session, ada, SearchQuery(words=words))
        took.append(time.monotonic() - started)
        started = time.monotonic()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    status = Path("/proc/self/status").read_text()
    now = int(status.split("VmRSS:")[1].split()[0]) / 1024
    own = int(status.split("RssAnon:")[1].split()[0]) / 1024
    print(f"searches {', '.join(f'{seconds * 1000:.0f}' for seconds in took)} ms after the imports")
    print(f"memory {now:.0f} MB, {own:.0f} of them its own, peak {peak:.0f} MB; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    what, folder, *rest = sys.argv[1:]
    if what == "make":
        make(Path(folder), int(rest[0]) if rest else 100_000, *rest[1:])
    else:
        {"measure": measure, "start": start}[what](Path(folder), *rest)
