"""What is committed is found at once, whoever drains; damage and a full disk cost nothing but time."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from contents import add_taxonomy, ask, bring, evidence
from corpus import write_corpus
from homes import open_home, reader_of
from sqlalchemy import func, select, update

from indexes import upkeep
from indexes.parts import DAMAGED_NOTE, IndexDamaged, IndexParts
from insightrepo.library.indexing import background, indexing
from insightrepo.library.indexing.checking import check
from insightrepo.library.indexing.indexing import drain, enqueue, follow, heal, maintain, notes, rebuild
from insightrepo.library.tagging.tagging import vote
from insightrepo.models import Embedding, Evidence, Outbox, utcnow
from insightrepo.workspace import Workspace


@pytest.fixture(scope="module")
def stored(made_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a small library, to be copied."""
    root = tmp_path_factory.mktemp("stored")
    shutil.copytree(made_home, root / "home")
    made = open_home(root / "home")
    add_taxonomy(made, reader_of(made, "ada"))
    bring(made, reader_of(made, "ada"), write_corpus(root), publish=True)
    made.close()
    return root / "home"


@pytest.fixture
def living(stored: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A copy of the small library whose last index commit, of piece 7, is one of its own."""
    shutil.copytree(stored, tmp_path / "home")
    made = open_home(tmp_path / "home")
    rename(made, 7, "a playground of words")
    drain(made)
    yield made
    made.close()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Workspace]:
    """Who asked for maintenance; nothing is started."""
    calls: list[Workspace] = []
    monkeypatch.setattr(indexing, "ask_for_maintenance", calls.append)
    return calls


def rename(workspace: Workspace, evidence_id: int, text: str) -> None:
    """New words for a piece of evidence, waiting in the outbox."""
    with workspace.database.writing() as session:
        values = {"text": text, "content_hash": f"hash of {text}"}
        session.execute(update(Evidence).where(Evidence.id == evidence_id).values(**values))
        enqueue(session, [evidence_id])


def waiting(workspace: Workspace) -> int:
    with workspace.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Outbox)) or 0


def damage_last_commit(workspace: Workspace) -> None:
    """Cut the bitmaps of the last commit short, for whoever opens the workspace anew."""
    path = max(workspace.index_folder.rglob("bitmaps/*.bin"))
    path.write_bytes(path.read_bytes()[:-9])
    workspace.__dict__.pop("indexes", None)


def damage_everything(workspace: Workspace) -> None:
    for path in workspace.index_folder.rglob("bitmaps/*.bin"):
        path.write_bytes(b"")
    workspace.__dict__.pop("indexes", None)


def found(workspace: Workspace, words: str) -> set[int]:
    return {hit.id for hit in ask(workspace, reader_of(workspace, "ada"), words, mode="keyword", limit=100).hits}


# ---- draining


def test_a_vote_is_in_the_facets_of_another_process_at_its_next_question(living: Workspace) -> None:
    other, ada = open_home(living.home), reader_of(living, "ada")
    before = ask(other, ada, filters={"outcome": ("CALM",)}).total
    vote(living, ada, 7, "outcome", "CALM", True)
    assert waiting(living) == 0
    result = ask(other, ada, filters={"outcome": ("CALM",)})
    assert result.total == before + 1
    assert {value.value: value.count for value in result.facets["outcome"]}["CALM"] == before + 1
    other.close()


def test_a_change_that_comes_as_the_drainer_goes_home_is_not_left_behind(
    living: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = open_home(living.home)
    plain = indexing._drain_all
    late: list[int] = []

    def drain_all(workspace: Workspace, deadline: float) -> int:
        applied = plain(workspace, deadline)
        if not late:  # it has seen an empty outbox and still holds the lock
            rename(other, 5, "a change in the last moment")
            late.append(1)
            monkeypatch.setattr(indexing, "_drain_all", plain)
            assert in_thread(lambda: drain(other)) == 0
        return applied

    monkeypatch.setattr(indexing, "_drain_all", drain_all)
    rename(living, 6, "a change in time")
    assert drain(living) == 2
    assert waiting(living) == 0
    assert found(living, "moment") == {5}
    other.close()


def in_thread(step: Callable[[], int]) -> int:
    """What another thread gets for an answer; the lock of this one is not its own."""
    got: list[int] = []
    thread = threading.Thread(target=lambda: got.append(step()))
    thread.start()
    thread.join(30)
    return got[0]


def test_what_is_left_when_time_is_up_is_done_in_the_background(living: Workspace, asked: list[Workspace]) -> None:
    rename(living, 5, "no time for this")
    assert drain(living, work_seconds=0) == 0
    assert asked == [living]
    maintain(living)
    assert found(living, "time") >= {5}


def test_who_searches_notices_changes_that_were_left_behind(living: Workspace, asked: list[Workspace]) -> None:
    follow(living)
    assert (asked, notes(living)) == ([], ())
    rename(living, 5, "left behind by a process that was killed")
    with living.database.writing() as session:
        session.execute(update(Outbox).values(at=utcnow() - indexing.dt.timedelta(seconds=60)))
    living.looked_at = 0.0
    with living.indexes.writer_lock():
        assert in_thread(lambda: len([follow(living)])) == 1
    assert asked == []  # somebody is at it
    living.looked_at = 0.0
    follow(living)
    assert asked == [living]
    assert "changes wait" in notes(living)[0]
    drain(living)
    living.looked_at = 0.0
    follow(living)
    assert notes(living) == ()


def test_readers_do_not_wait_for_a_state_that_takes_long_to_load(
    living: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = open_home(living.home)
    before, loading, go_on = follow(other), threading.Event(), threading.Event()
    plain = IndexParts._take

    def take(parts: IndexParts, state: object) -> None:
        if parts is other.indexes:
            loading.set()
            go_on.wait(30)
        plain(parts, state)

    rename(living, 5, "words that load slowly")
    drain(living)
    monkeypatch.setattr(IndexParts, "_take", take)
    other.patience = 0.01
    assert follow(other) is before
    assert loading.is_set()
    assert follow(other) is before
    go_on.set()
    other.patience = 30
    assert follow(other).manifest.generation == before.manifest.generation + 1
    other.close()


# ---- a full disk


def test_on_a_full_disk_the_change_is_kept_and_said_and_goes_in_when_there_is_room(
    living: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        vote(living, reader_of(living, "ada"), 7, "outcome", "CALM", True)  # saving does not depend on the index
    assert "is full: nothing is lost" in caplog.text
    assert "insightrepo maintain" in caplog.text
    assert waiting(living) == 1
    assert any("wait in the outbox" in problem for problem in check(living))
    assert maintain(living)[0] == "applied 1 changes"
    assert check(living) == []


# ---- damage


def test_damage_is_said_with_the_results_and_healed_in_the_background(
    living: Workspace, asked: list[Workspace]
) -> None:
    damage_last_commit(living)
    state = follow(living)
    assert asked == [living]
    assert notes(living) == (DAMAGED_NOTE,)
    assert len(state.bitmaps.live) == len(evidence(living))
    assert any("insightrepo reindex" in problem for problem in check(living))
    assert maintain(living)[0] == "rebuilt the damaged index"
    assert notes(living) == ()
    assert found(living, "playground") >= {7}
    assert check(living) == []


def test_a_change_on_a_damaged_index_waits_and_is_not_lost(living: Workspace, asked: list[Workspace]) -> None:
    damage_last_commit(living)
    rename(living, 5, "said while it was broken")
    assert drain(living) == 0
    assert asked == [living]
    assert heal(living) is True
    assert heal(living) is False
    drain(living)
    assert found(living, "broken") == {5}
    assert check(living) == []


def test_where_nothing_is_good_it_is_said_and_made_anew(living: Workspace, asked: list[Workspace]) -> None:
    damage_everything(living)
    with pytest.raises(IndexDamaged, match="bitmaps"):
        follow(living)
    assert asked == [living]
    assert check(living)
    assert maintain(living)[0] == "rebuilt the damaged index"
    assert check(living) == []


def test_the_background_process_heals(living: Workspace) -> None:
    damage_everything(living)
    assert background.ask_for_maintenance(living) is True
    assert background.ask_for_maintenance(living) is False  # one is enough
    _when, child = background._started[str(living.home.resolve()), "maintain"]
    assert child.wait(120) == 0
    assert "rebuilt the damaged index" in (living.home / "maintain.log").read_text()
    assert check(living) == []


def test_only_one_process_heals(living: Workspace) -> None:
    damage_last_commit(living)
    with indexing.FileLock(living.home / indexing.REBUILD_LOCK):
        assert in_thread(lambda: int(heal(living))) == 0
        assert living.indexes.damage


# ---- rebuilding


def test_what_is_drained_into_the_old_index_during_a_rebuild_is_in_the_new_one(
    living: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, ids = open_home(living.home), [row.id for row in evidence(living)]
    begin = IndexParts.begin_rebuild

    def begun(*arguments: object, **named: object) -> IndexParts:
        fresh = begin(*arguments, **named)
        plain_swap = fresh.writer_lock

        def lock(*values: object, **options: object) -> object:
            if not waited:
                waited.append(1)
                rename(other, ids[0], "changed while it was rebuilt")
                with other.database.writing() as session:
                    session.execute(update(Evidence).where(Evidence.id == ids[1]).values(withdrawn=True))
                    enqueue(session, [ids[1]])
                assert drain(other) == 2
            return plain_swap(*values, **options)

        fresh.writer_lock = lock  # type: ignore[method-assign]
        return fresh

    waited: list[int] = []
    monkeypatch.setattr(IndexParts, "begin_rebuild", begun)
    rebuild(living)
    assert waited
    assert waiting(living) == 0
    assert found(living, "rebuilt") == {ids[0]}
    assert check(living) == []
    other.close()


# ---- check


def test_vectors_that_are_not_those_of_the_words_are_found(living: Workspace) -> None:
    with living.database.writing() as session:
        kept = session.scalar(select(Evidence.content_hash).where(Evidence.id == 3))
        noise = np.random.default_rng(1).standard_normal(living.embedder.dimension).astype("<f4")
        row = session.scalar(select(Embedding).where(Embedding.content_hash == kept))
        row.vector = (noise / np.linalg.norm(noise)).tobytes()
    (problem,) = check(living)
    assert problem.startswith("the vectors of 1 (3) are not those of their words")
    rebuild(living)
    assert check(living) == []


def test_maintenance_is_asked_for_where_there_is_slow_work(
    living: Workspace, asked: list[Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    rename(living, 5, "one more")
    drain(living)
    assert asked == []
    monkeypatch.setattr(upkeep, "is_wanted", lambda _parts: True)
    rename(living, 5, "and one more")
    drain(living)
    assert asked == [living]
