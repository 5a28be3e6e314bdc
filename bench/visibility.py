"""How long until a second process finds what a first one committed: an accepted tag, a new verbatim, a new name of an
outcome; or no longer finds it: a withdrawn study. And how long its searches take meanwhile, the longest.

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
from dataclasses import replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from workspaces import arguments, open_workspace

from ingest.duplicates import content_hash
from insightrepo.accounts.access import Reader
from insightrepo.accounts.users import acting_reader
from insightrepo.library.imports.safe_names import workspace_redactor
from insightrepo.library.indexing.indexing import drain, enqueue
from insightrepo.library.search.hits import SearchQuery
from insightrepo.library.search.search import find
from insightrepo.library.studies.study_states import bring_back, withdraw
from insightrepo.library.tagging.tagging import vote
from insightrepo.models import Evidence, Outcome, Study, Tag
from insightrepo.taxonomy.editing import change_outcome, draft_of
from insightrepo.workspace import Workspace

PAUSE = 0.002  # seconds between two searches of the second process
PATIENCE = 60.0  # seconds until it gives up


def watch(workspace: Workspace) -> None:
    """The second process: reads ``id<TAB>words<TAB>there or gone`` a line and says "looking", then the moment at which
    it was so and the seconds of its longest search."""
    with workspace.database.reading() as session:
        reader = acting_reader(session, None)
    print("ready", flush=True)
    for line in sys.stdin:
        number, words, wanted = line.rstrip("\n").split("\t")
        done = _finds(workspace, reader, int(number), words) == (wanted == "there")
        print(f"{wanted} already" if done else "looking", flush=True)
        deadline, longest = time.monotonic() + PATIENCE, 0.0
        while not done and time.monotonic() < deadline:
            time.sleep(PAUSE)
            started = time.monotonic()
            done = _finds(workspace, reader, int(number), words) == (wanted == "there")
            longest = max(longest, time.monotonic() - started)
        print(f"{time.monotonic()} {longest}" if done else "never", flush=True)


def _finds(workspace: Workspace, reader: Reader, number: int, words: str) -> bool:
    with workspace.database.reading() as session:
        return number in find(workspace, session, reader, SearchQuery(words=words, mode="keyword")).within


class Watcher:
    """The second process as the first one sees it."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.searches: list[float] = []  # the longest during each change, seconds
        self._expect("ready")

    def seconds(self, number: int, words: str, change: Callable[[], object], wanted: str = "there") -> float:
        """Make the change, and tell how long it took until the evidence was found by these words, or was "gone"."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{number}\t{words}\t{wanted}\n")
        self._process.stdin.flush()
        self._expect("looking")
        started = time.monotonic()
        change()
        found, longest = map(float, self._line().split())
        self.searches.append(longest)
        return found - started

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
    """Seconds to visibility of each kind of change, so many times after one that is not counted; and of searches."""
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
    tagged = untagged[0]  # by now
    names = [f"newname{number}" for number in range(times + 1)]
    renames = [
        watcher.seconds(tagged, f"outcome:{name}", lambda name=name: _rename(workspace, reader, code, name))
        for name in names
    ]
    withdrawals = []
    for _ in range(times + 1):
        change = partial(_withdraw, workspace, reader, study)
        withdrawals.append(watcher.seconds(newest + 1, f"unheardof{newest + 1}", change, "gone"))
        with workspace.database.writing() as session:
            bring_back(session, reader, study)
    found = {"tag_s": tags, "verbatim_s": verbatims, "rename_s": renames, "withdrawal_s": withdrawals}
    return {name: taken[1:] for name, taken in found.items()} | {"searches_s": watcher.searches}


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


def _rename(workspace: Workspace, reader: Reader, code: str, name: str) -> None:
    with workspace.database.writing() as session:
        outcome = session.scalars(select(Outcome).where(Outcome.code == code)).one()
        change_outcome(session, reader, code, replace(draft_of(session, reader, outcome), aliases=(name,)))


def _withdraw(workspace: Workspace, reader: Reader, study: int) -> None:
    with workspace.database.writing() as session:
        withdraw(session, reader, study, "its consent was taken back", workspace_redactor(workspace))


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
