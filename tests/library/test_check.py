"""`check` finds every kind of damage, `reindex` heals it, and the outbox is drained whoever holds the lock."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from contents import add_taxonomy, ask, bring, evidence, files_in
from corpus import write_corpus
from homes import open_home, reader_of
from sqlalchemy import delete, select, update

from insightrepo.library.indexing.checking import check
from insightrepo.library.indexing.indexing import drain, enqueue, rebuild
from insightrepo.models import Document, Evidence, Outbox, Study, Tag
from insightrepo.workspace import Workspace

FORK = multiprocessing.get_context("fork")
Damage = Callable[[Workspace], None]


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
def small(stored: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A copy of the small library."""
    shutil.copytree(stored, tmp_path / "home")
    made = open_home(tmp_path / "home")
    yield made
    made.close()


def again(workspace: Workspace) -> Workspace:
    """The same home as another process would open it."""
    workspace.close()
    return open_home(workspace.home, embedding_model=workspace.settings.embedding_model)


def behind_its_back(workspace: Workspace, statement) -> None:
    with workspace.database.writing() as session:
        session.execute(statement)


# ---- damage


def missing_id(workspace: Workspace) -> None:
    with workspace.indexes.writer_lock():
        workspace.indexes.apply({7}, [], {}, 0)


def extra_id(workspace: Workspace) -> None:
    behind_its_back(workspace, update(Evidence).where(Evidence.id == 7).values(withdrawn=True))


def wrong_key(workspace: Workspace) -> None:
    behind_its_back(workspace, update(Tag).where(Tag.state == "automatic").values(state="suggested"))


def other_words(workspace: Workspace) -> None:
    behind_its_back(workspace, update(Evidence).where(Evidence.id == 7).values(text="other words"))


def other_title(workspace: Workspace) -> None:
    behind_its_back(workspace, update(Study).values(title="Another title"))


def waiting(workspace: Workspace) -> None:
    with workspace.database.writing() as session:
        enqueue(session, [7])


def damaged(part: str) -> Damage:
    """Turns one bit in the largest file of a part, with its times as before."""

    def damage(workspace: Workspace) -> None:
        files = [path for path in workspace.index_folder.rglob(f"{part}/**/*") if path.is_file()]
        _flip(max(files, key=lambda path: path.stat().st_size))

    return damage


def cut_short(workspace: Workspace) -> None:
    path = next(workspace.index_folder.rglob("bitmaps/*"))
    path.write_bytes(path.read_bytes()[:-9])


def no_pointer(workspace: Workspace) -> None:
    (workspace.index_folder / "current.json").write_text("{}")


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _original(workspace: Workspace) -> Path:
    return next(path for path in (workspace.home / "originals").rglob("*") if path.is_file())


def missing_original(workspace: Workspace) -> None:
    _original(workspace).unlink()


def changed_original(workspace: Workspace) -> None:
    _flip(_original(workspace))


def incomplete(workspace: Workspace) -> None:
    behind_its_back(workspace, update(Document).where(Document.name.contains("plan")).values(complete=False))


HEALED = {
    "lacks 1 pieces of evidence (7)": missing_id,
    "holds 1 that are not in the database (7)": extra_id,
    "the bitmap term:": wrong_key,
    "1 entries (7) are of other words": other_words,
    "entries (1, 2, 3, 4, 5, …) are of other words": other_title,
    "1 changes wait in the outbox": waiting,
    "keyword": damaged("keyword"),
    "vectors": damaged("vectors"),
    "bitmaps": damaged("bitmaps"),
    "bytes": cut_short,
    "current.json cannot be read": no_pointer,
}
NOT_HEALED = {
    "is not in the store": missing_original,
    "is damaged": changed_original,
    "was not stored to its end": incomplete,
}


def test_nothing_is_wrong_after_an_import(small: Workspace) -> None:
    assert check(small) == []


@pytest.mark.parametrize("said", HEALED)
def test_damage_of_the_indexes_is_named_and_reindex_heals_it(small: Workspace, said: str) -> None:
    HEALED[said](small)
    reopened = again(small)
    problems = check(reopened)
    assert any(said in problem for problem in problems), problems
    assert any("insightrepo reindex" in problem or "insightrepo maintain" in problem for problem in problems)
    rebuild(reopened)
    assert check(reopened) == []
    assert ask(reopened, reader_of(reopened, "ada"), "detour").total > 0
    reopened.close()


@pytest.mark.parametrize("said", NOT_HEALED)
def test_damage_of_originals_is_named_by_document(small: Workspace, said: str) -> None:
    NOT_HEALED[said](small)
    (problem,) = check(small)
    assert said in problem
    assert problem.startswith("document ")


def test_a_document_that_was_not_finished_is_finished_by_the_same_import(small: Workspace, tmp_path: Path) -> None:
    incomplete(small)
    assert bring(small, reader_of(small, "ada"), write_corpus(tmp_path), publish=True).stored == 0
    assert check(small) == []


# ---- rebuilding


def test_a_rebuild_embeds_nothing_twice_and_finds_the_same(small: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = reader_of(small, "ada")
    before = [hit.id for hit in ask(small, ada, "boring stops", limit=100).hits]
    embedded: list[str] = []
    plain = type(small.embedder).embed_documents
    monkeypatch.setattr(
        type(small.embedder), "embed_documents", lambda self, texts: [embedded.extend(texts), plain(self, texts)][1]
    )
    assert rebuild(small) == len(evidence(small))
    assert embedded == []
    assert [hit.id for hit in ask(small, ada, "boring stops", limit=100).hits] == before
    embedded.clear()  # the query
    shutil.rmtree(small.index_folder)
    reopened = again(small)
    rebuild(reopened)
    assert embedded == []
    assert check(reopened) == []
    reopened.close()


def test_only_what_is_new_is_embedded(small: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded: list[str] = []
    plain = type(small.embedder).embed_documents
    terms = {text for text in ("", *_term_words(small))}
    monkeypatch.setattr(
        type(small.embedder), "embed_documents", lambda self, texts: [embedded.extend(texts), plain(self, texts)][1]
    )
    corpus = write_corpus(tmp_path)
    feedback = corpus / "feedback.csv"
    feedback.write_text(feedback.read_text() + "v999,2025-01-01,c999,Nobody said this before us.,3\n")
    bring(small, reader_of(small, "ada"), corpus)
    assert [text for text in embedded if text not in terms] == ["Nobody said this before us."]


def _term_words(workspace: Workspace) -> set[str]:
    from insightrepo.taxonomy.reading import profiles

    with workspace.database.reading() as session:
        return {word for profile in profiles(session) for word in profile.words}


def test_an_index_of_another_model_is_named_and_rebuilt(small: Workspace) -> None:
    small.close()
    without = open_home(small.home, embedding_model="none")
    rebuild(without)
    assert check(without) == []
    without.close()
    with_model = open_home(small.home)
    (problem,) = check(with_model)
    assert "made with model none" in problem
    rebuild(with_model)
    assert check(with_model) == []
    with_model.close()


# ---- several processes


def test_while_another_process_writes_nobody_waits_and_nothing_is_lost(small: Workspace) -> None:
    with small.database.writing() as session:
        enqueue(session, [1, 2, 3])
    held, release = FORK.Event(), FORK.Event()

    def hold(home: Path) -> None:
        other = open_home(home)
        with other.indexes.writer_lock():
            held.set()
            release.wait(30)

    small.close()
    child = FORK.Process(target=hold, args=(small.home,))
    child.start()
    assert held.wait(30)
    assert drain(small) == 0
    with small.database.reading() as session:
        assert len(session.scalars(select(Outbox)).all()) == 3
    release.set()
    child.join()
    assert drain(small, wait_seconds=10) == 3
    assert check(small) == []


def test_processes_that_change_tags_and_drain_at_once_lose_nothing(small: Workspace) -> None:
    ids = [row.id for row in evidence(small)]
    small.close()

    def change(home: Path, mine: list[int]) -> None:
        other = open_home(home)
        for evidence_id in mine:
            with other.database.writing() as session:
                session.execute(delete(Tag).where(Tag.evidence_id == evidence_id))
                session.add(Tag(evidence_id=evidence_id, term_id=1, state="accepted", origin="person"))
                enqueue(session, [evidence_id])
            drain(other)
        other.close()

    children = [FORK.Process(target=change, args=(small.home, ids[start::3])) for start in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0, 0]
    drain(small, wait_seconds=30)
    assert check(small) == []
    assert len(small.indexes.bitmaps.get("verified:1")) == len(ids)


# ---- without a model


def test_without_a_model_everything_works_by_keywords_and_says_so(home: Path, tmp_path: Path) -> None:
    workspace = open_home(home, embedding_model="none")
    ada = reader_of(workspace, "ada")
    add_taxonomy(workspace, ada)
    found = bring(workspace, ada, write_corpus(tmp_path), publish=True)
    assert found.read == found.stored > 60
    for mode in ("hybrid", "meaning"):
        result = ask(workspace, ada, "boring stops", mode=mode)
        assert result.total > 0
        assert any("meaning search is off" in note for note in result.notes)
        assert {hit.meaning_rank for hit in result.hits} == {None}
    assert ask(workspace, ada, "boring stops", mode="keyword").notes == ()
    assert any(tag.code == "STOP" and tag.origin == "rule" for tag in ask(workspace, ada, "boring").hits[0].tags)
    assert not list((workspace.index_folder).rglob("vectors/*.npy"))
    assert check(workspace) == []
    before = {hit.id for hit in ask(workspace, ada, "boring stops", limit=100).hits}
    rebuild(workspace)
    assert {hit.id for hit in ask(workspace, ada, "boring stops", limit=100).hits} == before
    assert files_in(workspace.index_folder)
    workspace.close()
