"""Two rebuilds at one time, and an import meanwhile, end with one good index."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from contents import add_taxonomy, ask, bring, evidence
from corpus import write_corpus
from homes import open_home, reader_of
from sqlalchemy import select

from insightrepo.library.indexing.checking import check
from insightrepo.library.indexing.indexing import drain, enqueue, rebuild
from insightrepo.models import Outbox
from insightrepo.workspace import Workspace

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def small(made_home: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A small library of its own."""
    shutil.copytree(made_home, tmp_path / "home")
    made = open_home(tmp_path / "home")
    add_taxonomy(made, reader_of(made, "ada"))
    bring(made, reader_of(made, "ada"), write_corpus(tmp_path), publish=True)
    yield made
    made.close()


def rebuild_three_times(home: Path, start) -> None:
    workspace = open_home(home)
    start.wait(30)
    for _ in range(3):
        rebuild(workspace)
    workspace.close()


def change_all(home: Path, start) -> None:
    workspace = open_home(home)
    ids = [row.id for row in evidence(workspace)]
    start.wait(30)
    for evidence_id in ids:
        with workspace.database.writing() as session:
            enqueue(session, [evidence_id])
        drain(workspace)
    workspace.close()


def test_two_rebuilds_at_once_and_a_writer_leave_one_good_index(small: Workspace) -> None:
    ids = {row.id for row in evidence(small)}
    small.close()
    start = FORK.Barrier(3)
    works = (rebuild_three_times, rebuild_three_times, change_all)
    children = [FORK.Process(target=work, args=(small.home, start)) for work in works]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0, 0]
    after = open_home(small.home)
    drain(after, wait_seconds=30)
    with after.database.reading() as session:
        assert session.scalars(select(Outbox)).all() == []
    assert check(after) == []
    assert all(set(held) == ids for held in after.indexes.ids().values())
    assert ask(after, reader_of(after, "ada"), "boring stops").total > 0
    after.close()
