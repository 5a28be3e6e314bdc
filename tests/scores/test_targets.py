"""Targets: "of" is not "over" (oracle 24), who may set them, and what they may be of."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from insightrepo.accounts.access import Forbidden, Reader
from insightrepo.models import Team, Term, User
from insightrepo.scores.targets import (
    TargetWrong,
    list_targets,
    of_target,
    report_target,
    set_target,
    total_words,
)

ADA = Reader(1, "ada@example.com", "administrator")
VERA = Reader(9, "vera@example.com", "viewer")
SAM_ID = 2
QUARTER = (dt.date(2025, 1, 1), dt.date(2025, 3, 31))


@pytest.fixture
def database(database):
    """With the two people who act."""
    with database.writing() as session:
        session.add(User(id=ADA.user_id, email=ADA.email, name="Ada", role=ADA.role, password_hash="-"))
        session.add(User(id=SAM_ID, email="sam@example.com", name="Sam", role="researcher", password_hash="-"))
    return database


@pytest.fixture
def known(database):
    with database.reading() as session:
        return dict(session.execute(select(Term.code, Term.id)).tuples().all())


@pytest.mark.parametrize(
    ("reached", "wanted", "words"),
    [
        (19, 12, "19 of 12 targeted (158%), 58% over"),
        (12, 12, "12 of 12 targeted (100%)"),
        (9, 12, "9 of 12 targeted (75%), 3 short"),
        (0, 12, "0 of 12 targeted (0%), 12 short"),
        (None, 12, "12 targeted, nothing reported yet"),
        (1.5, 2, "1.5 of 2 targeted (75%), 0.5 short"),
    ],
)
def test_of_target_is_not_over_target(reached, wanted, words):
    assert of_target(reached, wanted) == words


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_the_share_of_a_target_is_a_hundred_more_than_the_share_over_it(reached, wanted):
    words = of_target(reached, wanted)
    assert ("over" in words) == (reached > wanted)
    assert f"({100 * reached / wanted:.0f}%)" in words


def test_targets_of_all_teams_add_up_in_words(database):
    with database.writing() as session:
        for team, reached in (("Booking", 11), ("Search", 8)):
            made = Team(name=team)
            session.add(made)
            session.flush()
            target = set_target(session, ADA, "improvements", *QUARTER, 6, team_id=made.id)
            report_target(session, ADA, target.id, reached)
    with database.reading() as session:
        lines = list_targets(session, VERA)
        assert sorted(line.team for line in lines) == ["Booking", "Search"]
        assert total_words(lines) == "19 of 12 targeted (158%), 58% over"
        assert total_words(lines[:1]) == ""


def test_only_researchers_set_and_report_targets(database):
    with database.writing() as session, pytest.raises(Forbidden):
        set_target(session, VERA, "improvements", *QUARTER, 12)
    with database.writing() as session, pytest.raises(Forbidden):
        report_target(session, VERA, 1, 3)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": " "}, "name"),
        ({"wanted": 0}, "wanted"),
        ({"wanted": math.nan}, "wanted"),
        ({"last_day": dt.date(2024, 1, 1)}, "last day"),
        ({"product_id": 999}, "product"),
        ({"team_id": 999}, "team"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(database, fields, named):
    usual = {"name": "improvements", "first_day": QUARTER[0], "last_day": QUARTER[1], "wanted": 12}
    with database.writing() as session, pytest.raises(TargetWrong, match=f"^{named}: "):
        set_target(session, ADA, **{**usual, **fields})


def test_a_target_of_a_product_outside_the_scopes_is_as_if_not_there(database, known):
    with database.writing() as session:
        target = set_target(session, ADA, "improvements", *QUARTER, 12, product_id=known["booking"])
    sam = Reader(SAM_ID, "sam@example.com", "researcher", products=frozenset({known["search"]}))
    with database.writing() as session:
        assert list_targets(session, sam) == []
        assert report_target(session, sam, target.id, 3) is None
        with pytest.raises(TargetWrong, match="product"):
            set_target(session, sam, "improvements", *QUARTER, 12, product_id=known["booking"])
