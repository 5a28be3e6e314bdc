"""An import that is killed at any moment is finished by the same import: nothing lost, nothing twice."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
from collections import Counter
from pathlib import Path

import pytest
from contents import add_taxonomy
from corpus import write_corpus
from sqlalchemy import select

from config import Settings
from indexes import manifest
from indexes.parts import IndexParts
from insightrepo.accounts.users import acting_reader, add_user
from insightrepo.database import Database
from insightrepo.library.imports.import_options import ImportOptions
from insightrepo.library.imports.importing import import_paths
from insightrepo.library.indexing.checking import check
from insightrepo.library.originals import Originals
from insightrepo.models import Evidence, Place, Tag
from insightrepo.schema import upgrade
from insightrepo.workspace import Workspace

MOMENTS = 10
FORK = multiprocessing.get_context("fork")
WATCHED = ((Database, "writing"), (Originals, "put"), (IndexParts, "apply"), (manifest, "write"))


def open_workspace(home: Path) -> Workspace:
    return Workspace(Settings(home=home, embedding_model="hashing", database_url=""))


def run_import(home: Path, corpus: Path) -> dict:
    workspace = open_workspace(home)
    with workspace.database.reading() as session:
        reader = acting_reader(session, None)
    report = import_paths(workspace, reader, [corpus], ImportOptions(publish=True))
    workspace.close()
    return report.as_dict()


def import_until(home: Path, corpus: Path, moment: int, counted) -> None:
    """In a child: count every step that changes something, and die by SIGKILL at step `moment` (0: never)."""

    def step() -> None:
        counted.value += 1
        if counted.value == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(original):
        def run(*args, **kwargs):
            step()
            result = original(*args, **kwargs)
            step()
            return result

        return run

    for owner, name in WATCHED:
        setattr(owner, name, watched(getattr(owner, name)))
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    event.listen(Engine, "commit", lambda _connection: step())
    run_import(home, corpus)


def in_child(home: Path, corpus: Path, moment: int) -> tuple[int | None, int]:
    counted = FORK.Value("i", 0)
    child = FORK.Process(target=import_until, args=(home, corpus, moment, counted))
    child.start()
    child.join()
    return child.exitcode, counted.value


def contents(home: Path) -> Counter:
    """All evidence with its places and tags, as values that do not depend on ids or keys."""
    workspace = open_workspace(home)
    with workspace.database.reading() as session:
        places = Counter(session.scalars(select(Place.evidence_id)))
        tags: dict[int, list] = {}
        for tag in session.scalars(select(Tag)):
            tags.setdefault(tag.evidence_id, []).append((tag.term_id, tag.state))
        found = Counter(
            (row.kind, row.text, str(row.said_on), row.withdrawn, places[row.id], tuple(sorted(tags.get(row.id, ()))))
            for row in session.scalars(select(Evidence))
        )
    workspace.close()
    return found


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An initialised home to copy, and the corpus."""
    root = tmp_path_factory.mktemp("killed")
    workspace = open_workspace(root / "home")
    workspace.make_master_key()
    upgrade(workspace.database.engine)
    with workspace.database.writing() as session:
        add_user(session, "ada@example.com", "administrator", "a long enough password")
    with workspace.database.reading() as session:
        add_taxonomy(workspace, acting_reader(session, None))
    workspace.close()
    return root / "home", write_corpus(root, count=170)


def test_an_import_killed_at_ten_moments_is_finished_by_the_next(ready: tuple[Path, Path], tmp_path: Path) -> None:
    home, corpus = ready
    whole = tmp_path / "whole"
    shutil.copytree(home, whole)
    exit_code, steps = in_child(whole, corpus, moment=0)
    assert exit_code == 0
    expected = contents(whole)
    assert expected.total() > 170
    assert any(tags for *_, tags in expected)

    for moment in random.Random(7).sample(range(1, steps), MOMENTS):
        killed = tmp_path / f"killed-{moment}"
        shutil.copytree(home, killed)
        exit_code, reached = in_child(killed, corpus, moment)
        assert (exit_code, reached) == (-signal.SIGKILL, moment)

        report = run_import(killed, corpus)
        assert report["read"] == report["stored"] + report["already_here"] == expected.total()
        assert contents(killed) == expected, f"killed at step {moment} of {steps}"
        workspace = open_workspace(killed)
        assert check(workspace) == []
        workspace.close()
