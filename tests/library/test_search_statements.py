"""A search asks the database the same number of questions, however many hits and terms there are."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from homes import Library
from sqlalchemy import event

from insightrepo.accounts.access import Reader
from insightrepo.library.indexing import indexing
from insightrepo.library.search.hits import SearchQuery, SearchResult
from insightrepo.library.search.search import search
from insightrepo.models import Outcome, Product, Segment
from insightrepo.workspace import Workspace


def counted(workspace: Workspace, reader: Reader, query: SearchQuery) -> tuple[SearchResult, int]:
    """The answer, and how many statements it took where nothing is remembered of the search before."""
    workspace.database.close()
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(workspace.database.engine, "before_cursor_execute", note)
    try:
        with workspace.database.reading() as session:
            return search(workspace, session, reader, query), len(statements)
    finally:
        event.remove(workspace.database.engine, "before_cursor_execute", note)


@pytest.fixture(autouse=True)
def always_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every search looks for changes left behind, not only one now and then."""
    monkeypatch.setattr(indexing, "LOOK_SECONDS", 0.0)


def test_many_hits_take_no_more_statements_than_few(library: Library) -> None:
    reader = library.readers["ada"]
    one, few = counted(library.workspace, reader, SearchQuery(limit=1))
    all_, many = counted(library.workspace, reader, SearchQuery(limit=1000))
    assert len(one.hits) == 1
    assert len(all_.hits) == all_.total > 20
    assert many == few


def test_many_terms_take_no_more_statements_than_few(fresh: Workspace, person: Callable[[str], Reader]) -> None:
    def add(numbers: range) -> None:
        with fresh.database.writing() as session:
            for number in numbers:
                session.add(Outcome(code=f"O{number}", name=f"Outcome {number}", job="do it", category="Plan"))
                session.add(Product(code=f"P{number}", name=f"Product {number}"))
                session.add(Segment(code=f"S{number}", name=f"Segment {number}", dimension="stage"))

    add(range(2))
    _, few = counted(fresh, person("ada"), SearchQuery("outcome"))
    add(range(2, 40))
    _, many = counted(fresh, person("ada"), SearchQuery("outcome"))
    assert many == few


def test_a_second_search_reads_only_what_its_hits_need(library: Library) -> None:
    reader, asked = library.readers["ada"], SearchQuery("calendar", limit=1000)
    first, cold = counted(library.workspace, reader, asked)
    asked_for: list[str] = []
    event.listen(library.workspace.database.engine, "before_cursor_execute", lambda *call: asked_for.append(call[2]))
    with library.workspace.database.reading() as session:
        assert search(library.workspace, session, reader, asked) == first
    tables = {table for text in asked_for for table in re.findall(r"\bFROM (\w+)", text)}
    assert tables == {"evidence", "place", "tag", "vote", "outbox"}
    assert len(asked_for) < cold
