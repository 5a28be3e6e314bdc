"""The coverage map: its formula by hand, and that it counts only what the reader may see."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from contents import ask
from hypothesis import given
from hypothesis import strategies as st

from insightrepo.library.terms.coverage import (
    Evidence,
    Strength,
    as_json,
    people_heard,
    quadrant,
    read_coverage,
    strength_parts,
)
from insightrepo.scores.acting.choosing import choose, outcomes_in_use

TODAY = dt.date(2025, 7, 1)
STRONG = Strength(20, 5, 9, 3, 4, 4, None, 0.8, (1.0,) * 6)


def test_the_six_parts_by_hand():
    parts = strength_parts(studies=2, people=9, methods=1, segments=1, segments_of=4, age_days=455, reviewed=0.8)
    assert parts == pytest.approx((2 / 3, 0.75, 0.5, 0.25, 0.5, 0.8))


def test_enough_is_enough_and_nothing_is_nothing():
    assert strength_parts(9, 500, 5, 4, 4, 10, 1.0) == (1.0,) * 6
    assert strength_parts(0, 0, 0, 0, 0, None, 0.0) == (0.0,) * 6
    assert strength_parts(0, 0, 0, 0, 3, 800, 0.0)[4] == 0.0
    assert strength_parts(0, 0, 0, 0, 3, -5, 0.0)[4] == 1.0


@given(st.integers(0, 50), st.integers(0, 500), st.integers(0, 9), st.integers(0, 6), st.integers(0, 4000))
def test_more_evidence_is_never_weaker(studies, people, methods, segments, age):
    def strength(more: int, younger: int) -> float:
        return sum(strength_parts(studies + more, people + more, methods, segments, 6, max(age - younger, 0), 0.5))

    assert strength(0, 0) <= strength(1, 0) <= strength(1, 30)


@pytest.mark.parametrize(
    ("opportunity", "strength", "expected"),
    [(10, 0.5, "act"), (10, 0.49, "research"), (9.96, 0.5, "act"), (9.9, 0.5, "less open"), (9.9, 0.49, "watch")],
)
def test_the_quadrants(opportunity, strength, expected):
    assert quadrant(opportunity, replace(STRONG, parts=(strength,) * 6)) == expected


@pytest.mark.parametrize("lacking", [{"people": 4}, {"reviewed": 0.2}, {"parts": (0.4,) * 6}])
def test_nothing_is_to_act_on_here_that_the_home_page_calls_thin(lacking):
    thin = replace(STRONG, **lacking)
    assert thin.thin
    assert [quadrant(opportunity, thin) for opportunity in (15, 5)] == ["research", "watch"]


@pytest.fixture
def evidence(library):
    """``evidence("vera")``: the evidence as that reader may see it, and the outcomes by code."""

    def made(name):
        reader = library.readers[name]
        with library.workspace.database.reading() as session:
            segments = choose(session, reader).segments
            outcomes = {outcome.code: outcome for outcome in outcomes_in_use(session, reader)}
            return Evidence(library.workspace, session, reader, segments, TODAY), outcomes

    return made


@pytest.mark.parametrize("name", ["ada", "rita", "vera", "sam", "sue"])
def test_evidence_is_counted_as_far_as_the_reader_may_see_it_as_the_search_counts_it(library, evidence, name):
    seen, outcomes = evidence(name)
    for code, outcome in outcomes.items():
        found = ask(library.workspace, library.readers[name], filters={"outcome": (code,)})
        assert seen.counts(outcome) == (found.total, found.people, found.studies)


def test_a_study_that_one_may_not_see_makes_no_evidence_stronger(evidence):
    (everything, outcomes), (little, _) = evidence("ada"), evidence("sam")
    of_all, of_one = everything.strength(outcomes["COST"]), little.strength(outcomes["COST"])
    assert (of_all.studies > of_one.studies, of_one.studies) == (True, 1)
    assert of_one.value < of_all.value
    assert of_one.people == 0


def test_people_known_by_name_are_counted_once_and_who_is_not_named_not_at_all():
    assert people_heard(np.array([7, 7, 8, 0, 0, 0])) == 2
    assert people_heard(np.array([], dtype=int)) == 0


def test_evidence_of_few_people_or_of_suggestions_carries_no_decision_however_strong_its_mean():
    strong = STRONG
    assert strong.thin == ""
    assert replace(strong, people=4).thin == "fewer than 5 people"
    assert replace(strong, reviewed=0.22).thin == "22% of its tags are reviewed"
    assert replace(strong, parts=(0.4,) * 6).thin == "strength 40 of 100"
    assert replace(strong, pieces=0, people=0).thin == "nobody spoke of it"


def test_the_people_of_an_outcome_are_those_that_the_search_counts(evidence):
    seen, outcomes = evidence("ada")
    for outcome in outcomes.values():
        assert seen.strength(outcome).people == seen.counts(outcome)[1]


def test_the_map_says_where_to_act_with_every_part(library):
    reader = library.readers["ada"]
    with library.workspace.database.reading() as session:
        found = as_json(read_coverage(library.workspace, session, reader, choose(session, reader), TODAY))
    rows = {row["outcome"]: row for row in found["outcomes"]}
    assert (found["wave"], rows["STOP"]["opportunity"]["value"]) == ("2025-Q2", pytest.approx(16))
    assert rows["STOP"]["quadrant"] in ("act", "research")
    assert rows["STOP"]["strength"] == pytest.approx(sum(rows["STOP"]["parts"].values()) / 6, abs=0.001)
    assert (rows["CALM"]["quadrant"], rows["CALM"]["why"]) == (None, "opportunity not asked")
