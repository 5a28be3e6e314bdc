"""What an outcome's page asks the database: no kind of use that it shows anyway, and its ground at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from homes import Library
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from insightrepo.library.terms.grounding import grounding
from insightrepo.library.terms.outcome_hub import SHOWN_ELSEWHERE, read_hub
from insightrepo.models import Evidence, Outcome, Tag
from insightrepo.taxonomy import impact as uses
from insightrepo.taxonomy.impact import impact


def statements(session: Session, read: Callable[[], Any]) -> tuple[Any, int]:
    """What is read, and how many statements it took."""
    seen: list[str] = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note := lambda *args: seen.append(args[2]))
    try:
        return read(), len(seen)
    finally:
        event.remove(connection, "before_cursor_execute", note)


def test_kinds_of_use_that_are_left_out_are_not_read(library: Library) -> None:
    ada = library.readers["ada"]
    with library.workspace.database.reading() as session:
        outcome = session.scalars(select(Outcome).where(Outcome.code == "STOP")).one()
        everything, many = statements(session, lambda: impact(session, ada, outcome))
        some, few = statements(session, lambda: impact(session, ada, outcome, without=("tag", "study")))
        assert [use for use in everything if use.kind not in ("tag", "study")] == list(some)
        assert many - few == 2


def test_the_page_of_an_outcome_reads_no_use_that_it_shows_elsewhere(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_tags", "_studies", "_tasks", "_waves", "_annotations"):
        monkeypatch.setattr(uses, name, lambda *_: pytest.fail("read in vain"))
    with library.workspace.database.reading() as session:
        hub = read_hub(library.workspace, session, library.readers["ada"], "STOP")
    assert not {use.kind for use in hub.uses} & set(SHOWN_ELSEWHERE)


def test_what_an_outcome_rests_on_takes_two_statements(library: Library) -> None:
    with library.workspace.database.reading() as session:
        number = session.scalar(select(Outcome.id).where(Outcome.code == "STOP"))
        found, count = statements(session, lambda: grounding(session, library.readers["ada"], number))
    assert found.pieces > found.confirmed > 0
    assert count == 2


def test_a_study_whose_tagged_evidence_is_withdrawn_uses_the_outcome_no_more(library: Library) -> None:
    ada = library.readers["ada"]
    with library.workspace.database.reading() as session:
        outcome = session.scalars(select(Outcome).where(Outcome.code == "STOP")).one()
        assert {"tag", "study"} <= {use.kind for use in impact(session, ada, outcome)}
        tagged = select(Tag.evidence_id).where(Tag.term_id == outcome.id)
        session.execute(update(Evidence).where(Evidence.id.in_(tagged)).values(withdrawn=True))  # never committed
        assert not {"tag", "study"} & {use.kind for use in impact(session, ada, outcome)}
        session.rollback()
