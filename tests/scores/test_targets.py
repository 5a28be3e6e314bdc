"""Targets: "of" is not "over" (oracle 24), who may set them, and what they may be of."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from ingest.redact import Redactor
from insightrepo.accounts.access import Forbidden, Reader
from insightrepo.models import Outcome, Team, Term, User
from insightrepo.scores.acting.focus import FocusWrong, read_focus, set_focus
from insightrepo.scores.acting.targets import (
    TargetWanted,
    TargetWrong,
    change_target,
    list_targets,
    of_target,
    remove_target,
    report_target,
    set_target,
    target_history,
    total_words,
)

ADA = Reader(1, "ada@example.com", "administrator")
VERA = Reader(9, "vera@example.com", "viewer")
SAM_ID = 2
REDACTOR = Redactor(["Petra Lindqvist"])
QUARTER = (dt.date(2025, 1, 1), dt.date(2025, 3, 31))


def wanted(count=12, **of):
    return TargetWanted("improvements", *QUARTER, count, **of)


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
    assert f"({100 * reached / wanted:,.0f}%)" in words


def test_targets_of_all_teams_add_up_in_words(database):
    with database.writing() as session:
        for team, reached in (("Booking", 11), ("Search", 8)):
            made = Team(name=team)
            session.add(made)
            session.flush()
            target = set_target(session, ADA, wanted(count=6, team_id=made.id), REDACTOR)
            report_target(session, ADA, target.id, reached)
    with database.reading() as session:
        lines = list_targets(session, VERA)
        assert sorted(line.team for line in lines) == ["Booking", "Search"]
        assert total_words(lines) == "19 of 12 targeted (158%), 58% over"
        assert total_words(lines[:1]) == ""


def test_only_researchers_set_and_report_targets(database):
    with database.writing() as session, pytest.raises(Forbidden):
        set_target(session, VERA, wanted(), REDACTOR)
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
        set_target(session, ADA, TargetWanted(**{**usual, **fields}), REDACTOR)


def test_a_target_of_a_product_outside_the_scopes_is_as_if_not_there(database, known):
    with database.writing() as session:
        target = set_target(session, ADA, wanted(product_id=known["booking"]), REDACTOR)
    sam = Reader(SAM_ID, "sam@example.com", "researcher", products=frozenset({known["search"]}))
    with database.writing() as session:
        assert list_targets(session, sam) == []
        assert report_target(session, sam, target.id, 3) is None
        with pytest.raises(TargetWrong, match="product"):
            set_target(session, sam, wanted(product_id=known["booking"]), REDACTOR)


def test_how_a_target_stood_before_is_in_its_history(database, known):
    with database.writing() as session:
        number = set_target(session, ADA, wanted(), REDACTOR).id
    with database.writing() as session:
        change_target(session, ADA, number, wanted(count=15, outcome_id=known["TRIP-1"]), REDACTOR)
    with database.writing() as session:  # nothing is different
        change_target(
            session, ADA, number, wanted(count=15, outcome_id=known["TRIP-1"]), REDACTOR
        )  # nothing is different
        report_target(session, ADA, number, 19)
    with database.reading() as session:
        (line,) = list_targets(session, ADA)
        steps = [(step.what, step.words.removeprefix("improvements: ").split("; ")[0], step.by)
                 for step in target_history(session, ADA, number)]  # fmt: skip
    assert (line.wanted, line.outcome, line.words) == (15, "TRIP-1", "19 of 15 targeted (127%), 27% over")
    assert steps == [
        ("reported", "19 of 15 targeted (127%), 27% over", "Ada"),
        ("changed", "15 targeted, nothing reported yet", "Ada"),
        ("set", "12 targeted, nothing reported yet", "Ada"),
    ]


def test_a_removed_target_is_in_no_list_and_keeps_its_history(database):
    with database.writing() as session:
        number = set_target(session, ADA, wanted(), REDACTOR).id
        with pytest.raises(TargetWrong, match="say why"):
            remove_target(session, ADA, number, "  ", REDACTOR)
        remove_target(session, ADA, number, "set twice", REDACTOR)
    with database.writing() as session:
        assert list_targets(session, ADA) == []
        assert target_history(session, ADA, number)[0].what == "removed: set twice"
        assert change_target(session, ADA, number, wanted(count=1), REDACTOR) is None
        assert report_target(session, ADA, number, 3) is None


def test_targets_are_changed_and_removed_by_researchers(database):
    with database.writing() as session:
        number = set_target(session, ADA, wanted(), REDACTOR).id
        for act in (lambda: change_target(session, VERA, number, wanted(count=1), REDACTOR),
                    lambda: remove_target(session, VERA, number, "because", REDACTOR)):  # fmt: skip
            with pytest.raises(Forbidden):
                act()


def test_names_of_people_are_redacted_in_a_target_and_in_why_it_was_removed(database):
    named = TargetWanted("calls with Petra Lindqvist", *QUARTER, 3)
    with database.writing() as session:
        made = set_target(session, ADA, named, REDACTOR)
        change_target(session, ADA, made.id, TargetWanted("visits of petra@example.com", *QUARTER, 3), REDACTOR)
        remove_target(session, ADA, made.id, "Petra Lindqvist set it twice", REDACTOR)
    with database.reading() as session:
        told = " ".join(f"{step.what} {step.words}" for step in target_history(session, ADA, made.id))
    assert ("calls with" in told, "visits of" in told, "set it twice" in told) == (True, True, True)
    assert "etra" not in told


@pytest.fixture
def team(database):
    with database.writing() as session:
        session.add(Team(name="Planner"))
    return database


def codes(database, reader=ADA):
    with database.reading() as session:
        return {one.team: [code for code, *_ in one.outcomes] for one in read_focus(session, reader)}


def test_a_teams_focus_is_a_list_in_its_order(team):
    with team.writing() as session:
        set_focus(session, ADA, "planner", ["trip-2", "TRIP-1"])
    assert codes(team) == {"Planner": ["TRIP-2", "TRIP-1"]}
    with team.writing() as session:
        set_focus(session, ADA, "Planner", ["TRIP-1"])
    assert codes(team) == {"Planner": ["TRIP-1"]}
    with team.writing() as session:
        set_focus(session, ADA, "Planner", [])
    assert codes(team) == {"Planner": []}


def test_more_than_seven_are_advised_against_and_taken(team):
    with team.writing() as session:
        session.add_all(Outcome(code=f"MORE-{n}", name=f"More {n}", job=f"do more {n}") for n in range(8))
    with team.writing() as session:
        found = set_focus(session, ADA, "Planner", [f"MORE-{n}" for n in range(8)])
        assert found.advice == "8 outcomes are no focus: 7 at most is a list that a team can hold"
        assert set_focus(session, ADA, "Planner", [f"MORE-{n}" for n in range(7)]).advice == ""


@pytest.mark.parametrize(("name", "asked", "said"), [
    ("Planner", ["NONE-1"], "'NONE-1' is no outcome in use"), ("Planner", ["TRIP-1", "trip-1"], "named twice"),
    ("Nobody", ["TRIP-1"], "there are Planner"),
])  # fmt: skip
def test_what_is_not_known_is_named(team, name, asked, said):
    with team.writing() as session, pytest.raises(FocusWrong, match=said):
        set_focus(session, ADA, name, asked)


def test_a_limited_researcher_sets_the_focus_of_the_own_team_only(team):
    with team.reading() as session:
        number = session.scalars(select(Team.id)).one()
    limited = {"products": frozenset({1}), "segments": None}
    own = Reader(SAM_ID, "sam@example.com", "researcher", teams=frozenset({number}), **limited)
    other = Reader(SAM_ID, "sam@example.com", "researcher", teams=frozenset(), **limited)
    with team.writing() as session:
        with pytest.raises(Forbidden):
            set_focus(session, other, "Planner", ["TRIP-1"])
        assert set_focus(session, own, "Planner", ["TRIP-1"]).outcomes[0][0] == "TRIP-1"
