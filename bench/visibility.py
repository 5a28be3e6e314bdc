"""How long until a second process finds what a first one committed: an accepted tag, a new verbatim.

    python bench/visibility.py measure HOME --engine tantivy --cache FOLDER --out FILE

The second process asks the product's search every few milliseconds. Time runs from the call of the first one, before
its commit, to the end of the first search that shows the change.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from workspaces import arguments, open_workspace

from ingest.duplicates import content_hash
from insightrepo.accounts.access import Reader
from insightrepo.accounts.users import acting_reader
from insightrepo.library.hits import SearchQuery
from insightrepo.library.indexing import drain, enqueue
from insightrepo.library.search import find
from insightrepo.library.tagging import vote
from insightrepo.models import Evidence, Outcome, Study, Tag
from insightrepo.workspace import Workspace

PAUSE = 0.002  # seconds between two searches of the second process
PATIENCE = 60.0  # seconds until it gives up


def watch(workspace: Workspace) -> None:
    """The second process: reads ``id<TAB>words`` a line, says "looking", and the moment at which it was found."""
    with workspace.database.reading() as session:
        reader = acting_reader(session, None)
    print("ready", flush=True)
    for line in sys.stdin:
        number, _, words = line.rstrip("\n").partition("\t")
        there = _finds(workspace, reader, int(number), words)
        print("there already" if there else "looking", flush=True)
        deadline = time.monotonic() + PATIENCE
        while not there and time.monotonic() < deadline:
            time.sleep(PAUSE)
            there = _finds(workspace, reader, int(number), words)
        print(time.monotonic() if there else "never", flush=True)


def _finds(workspace: Workspace, reader: Reader, number: int, words: str) -> bool:
    with workspace.database.reading() as session:
        return number in find(workspace, session, reader, SearchQuery(words=words, mode="keyword")).within


class Watcher:
    """The second process as the first one sees it."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._expect("ready")

    def seconds(self, number: int, words: str, change: Callable[[], object]) -> float:
        """Make the change, and tell how long it took until the evidence was found by these words."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{number}\t{words}\n")
        self._process.stdin.flush()
        self._expect("looking")
        started = time.monotonic()
        change()
        return float(self._line()) - started

    def close(self) -> None:
        """End it."""
        self._process.communicate()

    def _expect(self, wanted: str) -> None:
        if (line := self._line()) != wanted:
            sys.exit(f"the second process says {line!r} instead of {wanted!r}")

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def measure(workspace: Workspace, watcher: Watcher, times: int) -> dict[str, list[float]]:
    """Seconds to visibility of tags and of verbatims, each so many times after one that is not counted."""
    with workspace.database.reading() as session:
        reader = acting_reader(session, None)
        code, untagged = _untagged(session, times + 1)
        study = session.scalar(select(func.min(Study.id))) or 0
        newest = session.scalar(select(func.max(Evidence.id))) or 0
    tags = [
        watcher.seconds(number, f"outcome:{code}", lambda number=number: _accept(workspace, reader, number, code))
        for number in untagged
    ]
    verbatims = []
    for number in range(newest + 1, newest + 2 + times):
        word = f"unheardof{number}"
        verbatims.append(watcher.seconds(number, word, lambda n=number, w=word: _say(workspace, study, n, w)))
    return {"tag_s": tags[1:], "verbatim_s": verbatims[1:]}


def _untagged(session: Session, count: int) -> tuple[str, list[int]]:
    """An outcome, and so many pieces of evidence that are not tagged with it."""
    outcome = session.scalars(select(Outcome).order_by(Outcome.id).limit(1)).one()
    tagged = select(Tag.evidence_id).where(Tag.term_id == outcome.id)
    query = select(Evidence.id).where(Evidence.id.not_in(tagged)).order_by(Evidence.id).limit(count)
    return outcome.code, list(session.scalars(query))


def _accept(workspace: Workspace, reader: Reader, number: int, code: str) -> None:
    vote(workspace, reader, number, "outcome", code, in_favour=True)


def _say(workspace: Workspace, study: int, number: int, word: str) -> None:
    """Commit a verbatim with its outbox row, as an import does, and bring the indexes up to it."""
    text = f"It is {word} that such a thing happens to a customer twice."
    with workspace.database.writing() as session:
        known = {"id": number, "study_id": study, "identity": word, "content_hash": content_hash("", text)}
        session.add(Evidence(kind="verbatim", text=text, **known))
        session.flush()
        enqueue(session, [number])
    drain(workspace, wait_seconds=30)


def main() -> None:
    """Be the first or the second process."""
    parser = arguments("measure", "watch")
    parser.add_argument("--times", type=int, default=20)
    given = parser.parse_args()
    workspace = open_workspace(given.home, given.cache, given.model, given.engine)
    if given.what == "watch":
        watch(workspace)
        return
    watcher = Watcher([sys.executable, __file__, "watch", *sys.argv[2:]])
    given.out.write_text(json.dumps(measure(workspace, watcher, given.times)), encoding="utf-8")
    watcher.close()
    workspace.close()


if __name__ == "__main__":
    main()
