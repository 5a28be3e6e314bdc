"""How many were invited and answered, from a small table or by number."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from insightrepo.accounts.access import Forbidden, Reader
from insightrepo.models import ResponseCount, Segment, User, Wave
from insightrepo.scores.computing.computing import WaveFrozen
from insightrepo.scores.intake.columns import ColumnsUnclear
from insightrepo.scores.waves.response_tables import COUNTS, Response, put_responses, read_responses
from insightrepo.scores.waves.responses import CountsWrong


@pytest.fixture
def reader(database):
    with database.writing() as session:
        user = User(email="rita@example.com", password_hash="x", role="researcher")
        session.add(user)
        session.flush()
        return Reader(user.id, user.email, "researcher")


@pytest.fixture
def put(database, reader, answered):
    answered("2025-Q1", (5, "5"))

    def do(rows, who=None):
        with database.writing() as session:
            wave = session.scalars(select(Wave)).one()
            return put_responses(session, who or reader, wave, rows)

    return do


def counts(database):
    query = select(Segment.code, *(getattr(ResponseCount, name) for name in COUNTS))
    with database.reading() as session:
        rows = session.execute(
            query.select_from(ResponseCount).outerjoin(Segment, Segment.id == ResponseCount.segment_id)
        )
        return {code: tuple(numbers) for code, *numbers in rows}


def read(database, table):
    with database.reading() as session:
        return read_responses(session, table)


def test_a_small_table_says_invited_answered_and_target_by_segment(database, reader, put, table):
    rows = read(database, table("Segment Invited Completes Quota", "all 1,000 220 200", "parents 400 90 -"))
    assert put(rows) == 2
    assert put(rows) == 0
    assert counts(database) == {None: (1000, 220, 200), "parents": (400, 90, None)}


def test_what_is_not_said_stays(database, reader, put):
    put([Response(None, invited=1000, target=200)])
    assert put([Response(None, answered=220)]) == 1
    assert counts(database) == {None: (1000, 220, 200)}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (("segment invited", "nobody 5"), "row 2, segment: no segment is called 'nobody'"),
        (("segment invited answered", "all 5 6"), "row 2: 6 answered of 5 invited cannot be"),
        (("segment invited", "all -5"), "row 2, invited: '-5' is not 0 or more"),
        (("segment invited", "all 5", "total 6"), "a segment is there twice"),
    ],
)
def test_a_table_that_cannot_be_says_which_row(database, table, rows, said):
    with pytest.raises(ValueError, match=said):
        read(database, table(*rows))


def test_a_table_without_counts_says_so(database, table):
    with pytest.raises(ColumnsUnclear, match="no column for invited"):
        read(database, table("segment mood", "all good"))


def test_counts_are_for_researchers_and_an_open_wave(database, reader, put):
    with pytest.raises(Forbidden):
        put([Response(None, invited=5)], Reader(9, "vera@example.com", "viewer"))
    put([Response(None, invited=9)])
    with pytest.raises(CountsWrong):
        put([Response(None, answered=10)])
    with database.writing() as session:
        wave = session.scalars(select(Wave)).one()
        wave.state, wave.frozen_at = "frozen", dt.datetime.now(dt.UTC)
    with pytest.raises(WaveFrozen):
        put([Response(None, invited=10)])
