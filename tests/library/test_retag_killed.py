"""Tagging again that is killed half way: `check` says that it waits, and the next one finishes it."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from pathlib import Path

import pytest
from contents import TAXONOMY, add_taxonomy, bring
from corpus import write_corpus
from homes import open_home, reader_of
from sqlalchemy import event, select
from sqlalchemy.engine import Engine

from insightrepo.library.indexing.checking import check
from insightrepo.library.indexing.indexing import drain
from insightrepo.library.tagging import retagging
from insightrepo.library.tagging.retagging import retag
from insightrepo.models import Job, Tag, Vote
from insightrepo.workspace import Workspace

FORK = multiprocessing.get_context("fork")
CHANGED = TAXONOMY.replace("[boring, playground]", "[boring, great]").replace("[price, fee, fees]", "[far]")
WAITS = "evidence waits to be tagged again: run 'insightrepo retag'"


@pytest.fixture(scope="module")
def stored(made_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a small library, to be copied."""
    root = tmp_path_factory.mktemp("retag")
    shutil.copytree(made_home, root / "home")
    made = open_home(root / "home")
    add_taxonomy(made, reader_of(made, "ada"))
    bring(made, reader_of(made, "ada"), write_corpus(root), publish=True)
    made.close()
    return root / "home"


def change_until(home: Path, moment: int, counted) -> None:
    """In a child: change the taxonomy, count the commits, and die right before commit `moment` (0: never)."""

    def step(_connection: object) -> None:
        counted.value += 1
        if counted.value == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    retagging.WRITE_BATCH = 15  # pieces of evidence a transaction, so that there are several of them
    workspace = open_home(home)
    event.listen(Engine, "commit", step)
    add_taxonomy(workspace, reader_of(workspace, "ada"), CHANGED)


def in_child(home: Path, moment: int) -> tuple[int | None, int]:
    counted = FORK.Value("i", 0)
    child = FORK.Process(target=change_until, args=(home, moment, counted))
    child.start()
    child.join()
    return child.exitcode, counted.value


def decided(workspace: Workspace) -> tuple[set, set]:
    """All tags and all votes as values."""
    with workspace.database.reading() as session:
        tags = session.execute(select(Tag.evidence_id, Tag.term_id, Tag.state, Tag.origin)).tuples()
        votes = session.execute(select(Vote.evidence_id, Vote.term_id, Vote.source_key, Vote.in_favour)).tuples()
        return set(tags), set(votes)


def test_a_killed_retag_is_reported_and_finished_by_the_next(stored: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    shutil.copytree(stored, whole)
    workspace = open_home(whole)
    before = decided(workspace)
    workspace.close()
    exit_code, commits = in_child(whole, moment=0)
    assert (exit_code, commits > 6) == (0, True)
    workspace = open_home(whole)
    expected = decided(workspace)
    workspace.close()
    assert before[0] != expected[0]

    seen_half_done, reported = 0, 0
    for moment in range(1, commits + 1):
        home = tmp_path / f"killed-{moment}"
        shutil.copytree(stored, home)
        assert in_child(home, moment) == (-signal.SIGKILL, moment)
        workspace = open_home(home)
        half, problems = decided(workspace), check(workspace)
        seen_half_done += half not in (before, expected)
        reported += WAITS in problems
        if moment == 1:  # nothing was committed: the taxonomy is as it was
            assert (half, problems) == (before, [])
            add_taxonomy(workspace, reader_of(workspace, "ada"), CHANGED)
        elif WAITS in problems:
            retag(workspace)
        else:  # it had come to its end, and only the indexes lag behind
            assert half == expected
            drain(workspace, wait_seconds=10)
        assert decided(workspace) == expected, f"killed at commit {moment} of {commits}"
        assert check(workspace) == []
        with workspace.database.reading() as session:
            assert set(session.scalars(select(Job.state).where(Job.kind == "retag"))) == {"done"}
        workspace.close()
        shutil.rmtree(home)
    assert reported >= seen_half_done > 0


def test_the_same_taxonomy_again_finishes_what_was_killed(stored: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(stored, home)
    in_child(home, 2)
    workspace = open_home(home)
    assert WAITS in check(workspace)
    add_taxonomy(workspace, reader_of(workspace, "ada"), CHANGED)
    assert check(workspace) == []
    workspace.close()
