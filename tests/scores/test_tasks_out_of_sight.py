"""A task index never tells the rate of the one task outside a reader's scopes: in lists, issues, chips and trends."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from insightrepo.accounts.access import Reader
from insightrepo.models import Outcome, Product, Task, Team, Term
from insightrepo.scores.chips import CellWanted, chips, history
from insightrepo.scores.reading import ScoreQuery, read_scores
from insightrepo.scores.waves.issue_differences import differences
from insightrepo.scores.waves.issue_reading import read_issue
from insightrepo.scores.waves.issues import freeze, reissue
from insightrepo.scores.waves.waves import find_wave

ADA = Reader(0, "ada@example.com", "administrator")  # sees all
YES, NO = {"completed": True}, {"completed": False}


@pytest.fixture
def sam(database):
    """A reader who is limited to search: T-1 is of it, T-2 and T-3 are not."""
    with database.reading() as session:
        search = session.scalars(select(Product.id).where(Product.code == "search")).one()
    return Reader(1, "sam@example.com", "researcher", products=frozenset({search}))


def _serves(database, code):
    with database.writing() as session:
        task = session.scalars(select(Task).where(Task.code == code)).one()
        task.outcomes.append(session.scalars(select(Outcome).where(Outcome.code == "TRIP-1")).one())


def _freeze(database, code):
    with database.writing() as session:
        freeze(session, find_wave(session, code), None)


def _indexes(scores):
    return {(score.segment, score.product) for score in scores if score.outcome and score.measure == "success"}


def _read(database, reader, code, number=1):
    with database.reading() as session:
        return _indexes(read_issue(session, reader, find_wave(session, code), number).scores)


def test_an_index_that_would_tell_the_one_task_outside_the_scopes_is_not_there(database, tried, sam):
    tried("2025-Q1", "T-1", (30, YES), (10, NO), compute=False)
    tried("2025-Q1", "T-2", (20, YES), (20, NO))
    _serves(database, "T-3")
    for code in ("2025-Q2", "2025-Q3"):  # with two tasks outside neither follows
        for task in ("T-1", "T-2", "T-3"):
            tried(code, task, (30, YES), (10, NO), compute=task == "T-3")
    with database.reading() as session:
        found = read_scores(session, sam, ScoreQuery(outcomes=("TRIP-1",)))
    assert {(row.wave, row.product) for row in found} == {
        ("2025-Q1", "search"), ("2025-Q2", "search"), ("2025-Q2", None), ("2025-Q3", "search"), ("2025-Q3", None)
    }  # fmt: skip
    assert [row.change for row in found if (row.wave, row.product) == ("2025-Q2", None)] == [None]  # of other tasks
    with database.reading() as session:
        assert len(read_scores(session, ADA, ScoreQuery(outcomes=("TRIP-1",), products=("all",)))) == 3


def test_an_index_tells_the_one_task_outside_also_when_the_task_serves_something_else_now(database, tried, sam):
    tried("2025-Q1", "T-1", (30, YES), (10, NO), compute=False)
    tried("2025-Q1", "T-2", (20, YES), (20, NO))
    _freeze(database, "2025-Q1")
    with database.writing() as session:
        task = session.scalars(select(Task).where(Task.code == "T-2")).one()
        task.outcomes.clear()
    with database.reading() as session:
        found = read_scores(session, sam, ScoreQuery(outcomes=("TRIP-1",)))
    assert [row.product for row in found] == ["search"]


def test_an_issue_has_no_index_that_would_tell_the_one_task_outside_the_scopes(database, tried, sam):
    tried("2025-Q1", "T-1", (30, YES, "parents"), (10, NO, "parents"), compute=False)
    tried("2025-Q1", "T-2", (20, YES, "parents"), (20, NO, "parents"))
    _freeze(database, "2025-Q1")
    assert _read(database, sam, "2025-Q1") == {("parents", "search"), (None, "search")}
    assert {cell for cell in _read(database, ADA, "2025-Q1") if cell[1] is None} == {(None, None), ("parents", None)}


def test_an_issue_has_the_index_of_which_two_tasks_are_outside_the_scopes(database, tried, sam):
    _serves(database, "T-3")
    for task in ("T-1", "T-2", "T-3"):
        tried("2025-Q1", task, (30, YES), (10, NO))
    _freeze(database, "2025-Q1")
    assert _read(database, sam, "2025-Q1") == {(None, None), (None, "search")}


def test_two_issues_compared_do_not_tell_the_one_task_either(database, tried, sam):
    tried("2025-Q1", "T-1", (30, YES), (10, NO), compute=False)
    tried("2025-Q1", "T-2", (20, YES), (20, NO))
    _freeze(database, "2025-Q1")
    with database.writing() as session:
        reissue(session, find_wave(session, "2025-Q1"), None, "forty trials came in late")
    tried("2025-Q1", "T-2", (40, YES), who="late")
    with database.reading() as session:
        wave = find_wave(session, "2025-Q1")
        assert _indexes(pair.shown for pair in differences(session, sam, wave, 1)) == set()
        assert (None, None) in _indexes(pair.shown for pair in differences(session, ADA, wave, 1))


def test_an_issue_does_not_tell_the_one_task_of_another_team(database, tried):
    tried("2025-Q1", "T-1", (30, YES), (10, NO), compute=False)
    tried("2025-Q1", "T-2", (20, YES), (20, NO))
    _freeze(database, "2025-Q1")
    with database.writing() as session:
        team = Team(name="Ours")
        session.add(team)
        session.flush()
        session.scalars(select(Product).where(Product.code == "booking")).one().team_id = team.id
        member = Reader(2, "m@example.com", "viewer", teams=frozenset({team.id}))
    assert (None, None) not in _read(database, Reader(3, "v@example.com", "viewer"), "2025-Q1")
    assert (None, None) in _read(database, member, "2025-Q1")


@pytest.fixture
def led_by_success(database, tried):
    """TRIP-1 leads with task success, of T-1 and T-2; its id."""
    tried("2025-Q1", "T-1", (30, YES), (10, NO), compute=False)
    tried("2025-Q1", "T-2", (20, YES), (20, NO))
    with database.writing() as session:
        outcome = session.scalars(select(Outcome).where(Outcome.code == "TRIP-1")).one()
        outcome.lead_measure = "success"
        return outcome.id


def test_no_chip_tells_the_one_task_outside_the_scopes(database, led_by_success, sam):
    with database.reading() as session:
        search = session.scalars(select(Term.id).where(Term.code == "search")).one()
        whole, of_search = CellWanted(led_by_success), CellWanted(led_by_success, None, search)
        for _ in range(2):  # what is remembered of one reader is not another's
            assert chips(session, ADA, [whole])[whole].value == pytest.approx(62.5)
            found = chips(session, sam, [whole, of_search])
            assert found[whole] is None
            assert found[of_search].value == pytest.approx(75)


def test_a_chip_is_remembered_for_readers_of_the_same_role_and_teams_only(database, led_by_success):
    with database.writing() as session:
        team = Team(name="Ours")
        session.add(team)
        session.flush()
        session.scalars(select(Product).where(Product.code == "booking")).one().team_id = team.id
        member = Reader(2, "m@example.com", "viewer", teams=frozenset({team.id}))
    whole, outside = CellWanted(led_by_success), Reader(3, "v@example.com", "viewer")
    with database.reading() as session:
        seen = [chips(session, reader, [whole])[whole] is not None for reader in (ADA, outside, member, ADA)]
    assert seen == [True, False, True, True]


def test_no_trend_tells_the_one_task_outside_the_scopes(database, led_by_success, sam):
    with database.reading() as session:
        assert history(session, sam, led_by_success, measure="success") == []
        assert [round(point.value, 1) for point in history(session, ADA, led_by_success, measure="success")] == [62.5]
