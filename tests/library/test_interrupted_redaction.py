"""An import that is killed before its end, and a name that redaction learns meanwhile: the next one starts anew."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
from pathlib import Path

import pytest
from contents import bring, evidence
from homes import open_home, reader_of
from sqlalchemy import event, select
from sqlalchemy.engine import Engine

from insightrepo.library.indexing.checking import check
from insightrepo.models import Document, Evidence, Place
from insightrepo.workspace import Workspace

FORK = multiprocessing.get_context("fork")
NAME = "Wilhelmina Storch"
REPORT = "# Findings\n\n" + "\n\n".join(
    f"## Part {number}\n\nFamily {number} went on without a stop. {NAME} told us that part {number} was too far away."
    for number in range(1, 80)
)


def import_until(home: Path, path: Path, names: Path | None, moment: int, counted) -> None:
    """In a child: import, count the commits, and die by SIGKILL right before commit `moment` (0: never)."""

    def step(_connection: object) -> None:
        counted.value += 1
        if counted.value == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    workspace = open_home(home, names_file=names)
    event.listen(Engine, "commit", step)
    bring(workspace, reader_of(workspace, "ada"), path, publish=True)


def in_child(home: Path, path: Path, moment: int) -> tuple[int | None, int]:
    counted = FORK.Value("i", 0)
    child = FORK.Process(target=import_until, args=(home, path, None, moment, counted))
    child.start()
    child.join()
    return child.exitcode, counted.value


def contents(workspace: Workspace) -> list[tuple]:
    """What is live: text and where it stands, by values that do not depend on ids."""
    with workspace.database.reading() as session:
        query = select(Evidence.text, Document.name, Document.current, Document.text, Place.start, Place.end)
        rows = session.execute(query.select_from(Place).join(Evidence).join(Document).where(~Evidence.withdrawn)).all()
    assert all(whole[start:end] == text for text, _, _, whole, start, end in rows)
    return sorted((text, name, current, start, end) for text, name, current, _, start, end in rows)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of some eighty passages that names somebody in each."""
    path = tmp_path_factory.mktemp("report") / "findings.md"
    path.write_text(REPORT, encoding="utf-8")
    return path


def test_an_import_killed_before_a_name_was_known_leaves_the_name_in_nothing_live(
    home: Path, report: Path, tmp_path: Path
) -> None:
    names = tmp_path / "names.txt"
    names.write_text(f"{NAME}\n", encoding="utf-8")
    whole = tmp_path / "whole"
    shutil.copytree(home, whole)
    workspace = open_home(whole, names_file=names)
    bring(workspace, reader_of(workspace, "ada"), report, publish=True)
    expected = contents(workspace)
    workspace.close()
    assert len(expected) > 60
    assert any("[name]" in row[0] for row in expected)

    scratch = tmp_path / "scratch"
    shutil.copytree(home, scratch)
    exit_code, commits = in_child(scratch, report, moment=0)
    assert (exit_code, commits > 5) == (0, True)

    for moment in range(1, commits + 1):
        killed = tmp_path / f"killed-{moment}"
        shutil.copytree(home, killed)
        assert in_child(killed, report, moment) == (-signal.SIGKILL, moment)
        workspace = open_home(killed, names_file=names)
        found = bring(workspace, reader_of(workspace, "ada"), report, publish=True)
        assert found.read == found.stored + found.already_here == len(expected)
        assert contents(workspace) == expected, f"killed at commit {moment} of {commits}"
        with workspace.database.reading() as session:
            (document,) = session.scalars(select(Document))
        assert document.complete
        assert NAME not in document.text
        assert not any(NAME in row.text for row in evidence(workspace) if not row.withdrawn)
        assert check(workspace) == []
        again = bring(workspace, reader_of(workspace, "ada"), report, publish=True)
        assert (again.stored, again.already_here) == (0, len(expected))  # by the stamp it is known to be read as now
        assert contents(workspace) == expected
        workspace.close()
        shutil.rmtree(killed)


def test_a_name_that_the_list_learns_later_is_gone_from_what_is_live_after_the_next_import(
    home: Path, report: Path, tmp_path: Path
) -> None:
    workspace = open_home(home)
    bring(workspace, reader_of(workspace, "ada"), report, publish=True)
    before = contents(workspace)
    assert any(NAME in row[0] for row in before)
    workspace.close()
    names = tmp_path / "names.txt"
    names.write_text(f"{NAME}\n", encoding="utf-8")
    workspace = open_home(home, names_file=names)
    found = bring(workspace, reader_of(workspace, "ada"), report, publish=True)
    assert found.already_here == 0
    assert not any(NAME in json.dumps(row) for row in contents(workspace))
    assert check(workspace) == []
    assert len(contents(workspace)) == len(before)
    workspace.close()
