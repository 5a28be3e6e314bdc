"""Segments that an outcome does not apply to: no score of theirs, none of their answers in the score of all."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from insightrepo.accounts.access import Forbidden, Reader
from insightrepo.models import Outcome, Score, Segment, Team, User, Wave
from insightrepo.scores.computing.applying import recompute_stale
from insightrepo.scores.computing.computing import stale_waves
from insightrepo.scores.spoken import Cell, spoken
from insightrepo.taxonomy.applicability import NobodyLeft, applicability, not_applicable, set_applicability

RITA = Reader(1, "rita@example.com", "researcher")
WHO = ((40, "5", "", "parents"), (40, "1", "", "couples"), (20, "5", "", ""))  # of the last no segment is known


@pytest.fixture
def limited(database, answered):
    """TRIP-1 applies to parents and singles, not to couples, as far as household goes."""
    answered("2025-Q1", *WHO)
    with database.writing() as session:
        session.add(User(id=RITA.user_id, email=RITA.email, role=RITA.role, password_hash="none"))
    set_to(database, {"TRIP-1": ("parents", "singles", "new")})
    return database


def set_to(database, wanted, reader=RITA):
    with database.writing() as session:
        return set_applicability(session, reader, wanted)


def satisfaction(database, wave="2025-Q1", outcome="TRIP-1") -> dict[str | None, tuple[float, int]]:
    with database.reading() as session:
        query = select(Score.segment_id, Score.value, Score.n)
        rows = session.execute(
            query.join(Wave, Wave.id == Score.wave_id)
            .join(Outcome, Outcome.id == Score.outcome_id)
            .where(
                Wave.code == wave, Outcome.code == outcome, Score.measure == "satisfaction", Score.product_id.is_(None)
            )
        )
        codes = dict(session.execute(select(Segment.id, Segment.code)).tuples().all())
        return {codes.get(segment): (value, n) for segment, value, n in rows}


def test_an_outcome_for_all_counts_everybody(database, answered):
    answered("2025-Q1", *WHO)
    assert satisfaction(database) == {None: (60.0, 100), "parents": (100.0, 40), "couples": (0.0, 40)}


def test_the_score_of_all_is_of_the_segments_it_applies_to_and_of_people_whose_segment_is_not_known(limited):
    assert recompute_stale(limited) == (("2025-Q1",), ())
    assert satisfaction(limited) == {None: (100.0, 60), "parents": (100.0, 40)}


def test_a_wave_is_stale_once_the_applicability_changed_and_says_what_it_left_out(limited):
    with limited.reading() as session:
        wave = session.scalars(select(Wave)).one()
        assert stale_waves(session, wave) == [wave.id]
    recompute_stale(limited)
    with limited.reading() as session:
        wave = session.scalars(select(Wave)).one()
        assert stale_waves(session, wave) == []
        assert wave.definition["not_applicable"] == {"TRIP-1": ["couples"]}


def test_another_dimension_is_left_alone_and_so_are_other_outcomes(limited, answered):
    answered("2025-Q1", *WHO, outcome="TRIP-2", who="others")
    with limited.reading() as session:
        codes = dict(session.execute(select(Segment.id, Segment.code)).tuples().all())
        excluded = not_applicable(session)
    assert [sorted(codes[one] for one in segments) for segments in excluded.values()] == [["couples"]]
    assert satisfaction(limited, outcome="TRIP-2")[None] == (60.0, 100)


def test_all_ticked_is_the_same_as_for_everybody_also_for_segments_to_come(limited):
    everyone = ("parents", "couples", "singles", "new")
    assert set_to(limited, {"TRIP-1": everyone}) == ("TRIP-1",)
    assert set_to(limited, {"TRIP-1": everyone}) == ()
    with limited.writing() as session:
        session.add(Segment(code="friends", name="Friends", dimension="household"))
    with limited.reading() as session:
        assert not_applicable(session) == {}


def test_ticking_all_that_one_sees_does_not_reach_a_segment_of_another_team(limited):
    with limited.writing() as session:
        team = Team(name="Others")
        session.add(team)
        session.flush()
        session.add(Segment(code="friends", name="Friends", dimension="household", team_id=team.id))
    everyone = ("parents", "couples", "singles", "new")
    assert set_to(limited, {"TRIP-1": everyone}) == ("TRIP-1",)
    assert set_to(limited, {"TRIP-1": everyone}) == ()  # saving the matrix as it stands changes nothing
    with limited.reading() as session:
        outcome = session.scalars(select(Outcome).where(Outcome.code == "TRIP-1")).one()
        hidden = session.scalars(select(Segment.id).where(Segment.code == "friends")).one()
        assert not_applicable(session)[outcome.id] == {hidden}


def test_an_outcome_applies_to_somebody_on_every_dimension(limited):
    with pytest.raises(NobodyLeft, match="TRIP-1 would apply to nobody by household"):
        set_to(limited, {"TRIP-1": ("new",)})


def test_the_matrix_is_changed_by_those_who_may_and_seen_by_all(limited):
    viewer, scoped = Reader(2, "v@x.y", "viewer"), Reader(3, "s@x.y", "researcher", products=frozenset({1}))
    for reader in (viewer, scoped):
        with pytest.raises(Forbidden):
            set_to(limited, {"TRIP-1": ("parents", "new")}, reader)
        with limited.reading() as session:
            rows = {row.code: row for row in applicability(session, reader).rows}
        assert rows["TRIP-1"].applies == {"parents", "singles", "new"}
        assert not any(row.may_change for row in rows.values())


def test_a_change_is_split_by_the_people_that_the_score_counts(limited):
    with limited.reading() as session:
        wave = session.scalars(select(Wave)).one()
        trip = session.scalars(select(Outcome.id).where(Outcome.code == "TRIP-1")).one()
        assert len(spoken(session, wave, Cell(trip))) == 60
