"""What people say of hits is kept by person, question and evidence; nobody judges what they may not see."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from contents import bring, evidence
from homes import Library
from sqlalchemy import delete, func, select

from insightrepo.accounts.access import Reader
from insightrepo.library.search.hits import SearchQuery
from insightrepo.library.search.judgements import NothingAsked, is_question, judge, judged, withdraw
from insightrepo.library.search.questions import asked, filters_text, in_words, question_key
from insightrepo.library.tagging.tagging import NotThere
from insightrepo.models import Evidence, Judgement, Place, Study, User
from insightrepo.workspace import Workspace

FEED = "comment\nThe stops were boring for our kids.\nThe fees at the gate were hidden.\n"
STOPS = SearchQuery("boring stops")


@pytest.fixture
def two(workspace: Workspace, ada: Reader, tmp_path: Path) -> tuple[int, int]:
    """The ids of two verbatims, on SQLite and on PostgreSQL."""
    path = tmp_path / "feedback.csv"
    path.write_text(FEED)
    bring(workspace, ada, path, text="comment", publish=True)
    first, second = evidence(workspace)
    return first.id, second.id


def say(workspace: Workspace, reader: Reader, query: SearchQuery, evidence_id: int, helpful: bool, rank: int = 1):
    with workspace.database.writing() as session:
        judge(workspace, session, reader, query, evidence_id, helpful, rank)


def said(workspace: Workspace, reader: Reader, query: SearchQuery, *ids: int) -> dict[int, bool]:
    with workspace.database.reading() as session:
        return judged(workspace, session, reader, query, ids)


def rows(workspace: Workspace) -> list[Judgement]:
    with workspace.database.reading() as session:
        return list(session.scalars(select(Judgement).order_by(Judgement.id)))


def test_a_judgement_is_kept_replaced_and_taken_back(workspace: Workspace, ada: Reader, two: tuple[int, int]) -> None:
    say(workspace, ada, STOPS, two[0], True, rank=3)
    say(workspace, ada, STOPS, two[1], False)
    assert said(workspace, ada, STOPS, *two) == {two[0]: True, two[1]: False}
    say(workspace, ada, STOPS, two[0], False, rank=2)
    assert said(workspace, ada, STOPS, *two) == {two[0]: False, two[1]: False}
    assert [(row.evidence_id, row.rank, row.words, row.filters, row.mode) for row in rows(workspace)] == [
        (two[0], 2, "boring stops", "{}", "hybrid"),
        (two[1], 1, "boring stops", "{}", "hybrid"),
    ]
    assert all("whoosh" in row.version and "hashing" in row.version for row in rows(workspace))
    with workspace.database.writing() as session:
        withdraw(workspace, session, ada, STOPS, two[0])
        withdraw(workspace, session, ada, SearchQuery("never asked"), two[1])
    assert said(workspace, ada, STOPS, *two) == {two[1]: False}


def test_two_clicks_at_once_are_one_judgement(workspace: Workspace, ada: Reader, two: tuple[int, int]) -> None:
    failures: list[BaseException] = []

    def click() -> None:
        try:
            say(workspace, ada, STOPS, two[0], True)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(rows(workspace)) == 1


def test_a_judgement_is_for_one_person_and_one_question(
    workspace: Workspace, ada: Reader, two: tuple[int, int], make_reader: Callable[..., Reader]
) -> None:
    vera = make_reader("viewer")
    say(workspace, ada, STOPS, two[0], True)
    say(workspace, vera, STOPS, two[0], False)
    assert said(workspace, ada, STOPS, two[0]) == {two[0]: True}
    assert said(workspace, vera, STOPS, two[0]) == {two[0]: False}
    same = (SearchQuery(" Boring   STOPS "), replace(STOPS, mode="keyword"), replace(STOPS, sort="newest", offset=20))
    assert all(said(workspace, ada, query, two[0]) == {two[0]: True} for query in same)
    others = (SearchQuery("boring stop"), replace(STOPS, filters={"kind": ("verbatim",)}), replace(STOPS, study=1))
    assert all(said(workspace, ada, query, two[0]) == {} for query in others)


def test_personal_data_in_what_was_asked_is_not_kept_and_the_question_is_known_again(
    workspace: Workspace, ada: Reader, two: tuple[int, int]
) -> None:
    query = SearchQuery("mail from anna.schmidt@example.com", {"method": ("anna.schmidt@example.com",)})
    say(workspace, ada, query, two[0], True)
    (row,) = rows(workspace)
    assert (row.words, row.filters) == ("mail from [mail]", '{"method": ["[mail]"]}')
    assert "anna" not in repr(row.__dict__)
    assert said(workspace, ada, query, two[0]) == {two[0]: True}
    assert said(workspace, ada, SearchQuery("mail from jo@example.com", query.filters), two[0]) == {}


def test_only_words_are_a_question(workspace: Workspace, ada: Reader, two: tuple[int, int]) -> None:
    for query in (SearchQuery(), SearchQuery("outcome:STOP"), SearchQuery(filters={"kind": ("verbatim",)})):
        assert not is_question(query)
        with pytest.raises(NothingAsked, match="type what you are looking for"):
            say(workspace, ada, query, two[0], True)
    assert rows(workspace) == []


def test_a_deleted_user_s_judgements_stay_without_a_name_and_erased_evidence_takes_its_own_along(
    workspace: Workspace, two: tuple[int, int], make_reader: Callable[..., Reader]
) -> None:
    vera, carl = make_reader("viewer"), make_reader("contributor")
    for reader in (vera, carl):
        for number in two:
            say(workspace, reader, STOPS, number, True)
    with workspace.database.writing() as session:
        session.execute(delete(User).where(User.id.in_([vera.user_id, carl.user_id])))
    assert [(row.user_id, row.evidence_id) for row in rows(workspace)] == [(None, number) for number in (*two, *two)]
    with workspace.database.writing() as session:
        session.execute(delete(Evidence).where(Evidence.id == two[0]))
        assert session.scalar(select(func.count()).select_from(Place)) == 1
    assert {row.evidence_id for row in rows(workspace)} == {two[1]}


def test_everybody_judges_what_they_see_and_nothing_else(library: Library) -> None:
    workspace, query = library.workspace, SearchQuery("hidden fees")
    with workspace.database.reading() as session:
        found = dict(
            session.execute(select(Study.title, func.min(Evidence.id)).join(Evidence).group_by(Study.title)).all()
        )
    for name, sees in {"vera": "Stops", "carl": "Sketch", "rita": "Layoffs", "ada": "Gone", "sam": "Stops"}.items():
        say(workspace, library.readers[name], query, found[sees], True)
        assert said(workspace, library.readers[name], query, found[sees]) == {found[sees]: True}
    for name, hidden in {
        "vera": "Layoffs",
        "carl": "Layoffs",
        "rita": "Sketch",
        "sam": "Prices",
        "sue": "Stops",
    }.items():
        with pytest.raises(NotThere, match=f"there is no evidence {found[hidden]}"):
            say(workspace, library.readers[name], query, found[hidden], True)
        with workspace.database.writing() as session, pytest.raises(NotThere):
            withdraw(workspace, session, library.readers[name], query, found[hidden])
    with workspace.database.writing() as session:
        session.execute(delete(Judgement))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_kept_question_is_asked_again_as_it_was(workspace: Workspace) -> None:
    from datetime import date

    filters = {"outcome": ("B", "A"), "method": ("diary | study: “x”",)}
    query = SearchQuery("Words", filters, 4, date(2025, 1, 1), date(2025, 3, 31), True, "meaning")
    kept = filters_text(query)
    again = asked("Words", kept, "meaning")
    assert again == replace(query, filters={"method": ("diary | study: “x”",), "outcome": ("A", "B")})
    assert question_key(workspace.pseudonyms, again) == question_key(workspace.pseudonyms, query)
    assert in_words(kept).startswith("method diary | study: “x”, outcome A or B, since 2025-01-01, study 4")
    assert (asked("x", filters_text(SearchQuery()), "hybrid"), in_words("{}")) == (SearchQuery("x"), "")
