"""From answers to scores and verdicts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from ingest.readers.base import Row, Table
from insightrepo.accounts.access import Reader
from insightrepo.database import Database
from insightrepo.models import Base, Outcome, Score, Segment, Wave
from insightrepo.scores.chips import show
from insightrepo.scores.computing.cells import CellKey, People
from insightrepo.scores.computing.computing import compute_wave, stale_waves
from insightrepo.scores.computing.statistics import mcnemar_mid_p, two_proportions
from insightrepo.scores.computing.verdicts import Pair, judge
from insightrepo.scores.intake.importing import Scale, import_answers
from insightrepo.scores.waves.waves import find_wave

ADA = Reader(0, "ada@example.com", "administrator")  # sees all


def cell(database, wave="2025-Q1", measure="satisfaction", segment="all", product="all", outcome="TRIP-1"):
    """The one score of a cell, or None."""
    with database.reading() as session:
        rows = show(session, ADA, wave, outcome, segment, product, measure)
    assert len(rows) < 2
    return rows[0] if rows else None


def test_satisfaction_is_the_share_in_the_top_two_boxes_with_its_interval(database, answered):
    answered("2025-Q1", (4, "5"), (3, "4"), (2, "3"), (1, "1"))
    score = cell(database)
    assert (score["value"], score["n"], score["note"]) == (pytest.approx(70), 10, "indicative")
    assert (score["low"], score["high"]) == pytest.approx((39.23, 89.67), abs=0.01)


def test_thirty_people_are_no_longer_indicative(database, answered):
    answered("2025-Q1", (30, "5"))
    assert cell(database)["note"] is None


def test_who_does_not_know_is_left_out_of_n(database, answered):
    answered("2025-Q1", (6, "5"), (4, "1"), (7, "dk"), (3, ""))
    assert (cell(database)["n"], cell(database)["value"]) == (10, pytest.approx(60))


def test_without_importance_there_is_no_opportunity(database, answered):
    answered("2025-Q1", (40, "5"))
    with database.reading() as session:
        assert session.scalars(select(Score.measure).distinct()).all() == ["satisfaction"]


def test_opportunity_of_importance_and_satisfaction_as_they_are_shown(database, answered):
    answered("2025-Q1", (30, "5", "5"), (50, "2", "4"), (20, "1", "1"))
    shown = {name: cell(database, measure=name)["value"] for name in ("satisfaction", "importance", "opportunity")}
    assert shown == pytest.approx({"satisfaction": 30, "importance": 80, "opportunity": 13})
    assert cell(database, measure="opportunity")["n"] == 100


def test_cells_are_all_each_segment_each_product_and_both(database, answered):
    in_search = (20, "5", "", "parents", "search"), (20, "1", "", "couples", "search")
    answered("2025-Q1", *in_search, (20, "5", "", "parents"))
    with database.reading() as session:
        rows = show(session, ADA, measure="satisfaction")
    assert [(row["segment"], row["product"], row["value"], row["n"]) for row in rows] == [
        (None, None, pytest.approx(200 / 3), 60), ("couples", None, 0, 20), ("parents", None, 100, 40),
        (None, "app", 50, 40), (None, "search", 50, 40),
        ("couples", "app", 0, 20), ("parents", "app", 100, 20),
        ("couples", "search", 0, 20), ("parents", "search", 100, 20),
    ]  # fmt: skip


def test_a_product_holds_the_answers_of_those_below_it(database, answered):
    answered("2025-Q1", (20, "5", "", "", "search"), (10, "1", "", "", "booking"), (10, "5", "", "", "app"))
    found = {code: cell(database, product=code)["n"] for code in ("app", "search", "booking")}
    assert found == {"app": 40, "search": 20, "booking": 10}
    assert cell(database, product="app")["value"] == 75


def test_one_person_with_two_products_counts_once_where_they_meet(database, pseudonyms):
    header = ("respondent", "outcome", "satisfaction", "product")
    said = (("5", "search"), ("1", "booking"))
    values = [(f"r{n}", "TRIP-1", rating, product) for n in range(8) for rating, product in said]
    rows = tuple(Row(number, cells) for number, cells in enumerate(values, 2))
    import_answers(database, pseudonyms, "2025-Q1", Table(header, rows))
    assert (cell(database)["n"], cell(database)["value"]) == (8, 50)
    assert (cell(database, product="search")["n"], cell(database, product="search")["value"]) == (8, 100)


def test_fewer_than_five_people_and_the_cell_that_would_give_them_away_are_not_shown(database, answered):
    answered("2025-Q1", (3, "5", "5", "parents"), (20, "1", "4", "couples"), (40, "4", "2", "singles"))
    for code in ("parents", "couples"):
        for measure in ("satisfaction", "importance", "opportunity"):
            score = cell(database, segment=code, measure=measure)
            assert [score[name] for name in ("value", "low", "high", "n")] == [None] * 4
            assert (score["note"], score["verdict"]) == ("suppressed", "not enough data")
    assert cell(database, segment="singles")["n"] == 40
    with database.reading() as session:
        assert set(session.scalars(select(Score.n_eff).where(Score.note == "suppressed"))) == {None}


def test_few_people_without_a_segment_do_not_follow_from_the_scores_that_are_shown(database, answered):
    answered("2025-Q1", (21, "5", "", "parents"), (20, "1", "", "couples"), (2, "3"))
    shown = {code: cell(database, segment=code)["n"] for code in ("all", "parents", "couples")}
    assert shown == {"all": 43, "parents": 21, "couples": None}


def test_few_who_gave_an_importance_leave_satisfaction_shown(database, answered):
    answered("2025-Q1", (3, "5", "5"), (40, "4", "dk"))
    assert cell(database)["value"] == 100
    assert cell(database, measure="importance")["note"] == "suppressed"
    assert cell(database, measure="opportunity")["note"] == "suppressed"


def test_the_first_wave_has_nothing_to_be_compared_with(database, answered):
    answered("2025-Q1", (50, "5"))
    score = cell(database)
    assert (score["verdict"], score["previous_wave"], score["change"]) == ("not enough data", None, None)


def test_a_clear_rise_is_better_by_the_test_for_different_people(database, answered):
    answered("2025-Q1", (80, "5"), (120, "1"))
    answered("2025-Q2", (120, "5"), (80, "1"))
    score = cell(database, "2025-Q2")
    assert (score["verdict"], score["change"], score["previous_wave"]) == ("better", pytest.approx(20), "2025-Q1")
    with database.reading() as session:
        p_value = session.scalar(select(Score.p_value).where(Score.previous_wave_id.is_not(None)))
    assert p_value == pytest.approx(two_proportions(120, 200, 80, 200).p_value)


def test_the_same_people_are_compared_by_who_changed(database, answered):
    answered("2025-Q1", (30, "5"), (10, "1"), (20, "1"), who="panel")
    answered("2025-Q2", (30, "5"), (10, "5"), (19, "1"), (1, "1"), who="panel")
    with database.reading() as session:
        p_value = session.scalar(select(Score.p_value).where(Score.previous_wave_id.is_not(None)))
    assert p_value == pytest.approx(mcnemar_mid_p(10, 0))
    assert cell(database, "2025-Q2")["verdict"] == "better"


def test_a_rising_opportunity_is_worse(database, answered):
    answered("2025-Q1", (160, "5", "5"), (40, "1", "5"))
    answered("2025-Q2", (40, "5", "5"), (160, "1", "5"))
    score = cell(database, "2025-Q2", "opportunity")
    assert (score["verdict"], score["change"]) == ("worse", pytest.approx(6))
    assert cell(database, "2025-Q2")["verdict"] == "worse"


def test_a_small_difference_is_no_evidence_of_change(database, answered):
    answered("2025-Q1", (60, "5"), (60, "1"))
    answered("2025-Q2", (65, "5"), (55, "1"))
    assert cell(database, "2025-Q2")["verdict"] == "no evidence of change"


@pytest.mark.parametrize("groups", [((29, "5"), (100, "1")), ((100, "1"), (29, "5"))])
def test_fewer_than_thirty_in_either_wave_is_not_enough_data(database, answered, groups):
    answered("2025-Q1", groups[0])
    answered("2025-Q2", groups[1])
    score = cell(database, "2025-Q2")
    assert (score["verdict"], score["change"], score["previous_wave"]) == ("not enough data", None, "2025-Q1")


def test_a_change_below_the_smallest_of_interest_is_none(database, answered):
    answered("2025-Q1", (80, "5"), (120, "1"))
    answered("2025-Q2", (120, "5"), (80, "1"))
    with database.writing() as session:
        wave = find_wave(session, "2025-Q2")
        wave.settings = {"smallest_change": {"satisfaction": 25.0}}
        compute_wave(session, wave)
        kept = wave.definition["smallest_change"]
        assert [kept[name] for name in ("satisfaction", "importance", "opportunity")] == [25.0, 3.0, 1.0]
    assert cell(database, "2025-Q2")["verdict"] == "no evidence of change"


def test_the_previous_wave_is_the_latest_that_has_the_cell(database, answered):
    answered("2025-Q1", (80, "5"), (120, "1"))
    answered("2025-Q2", (200, "5"), outcome="TRIP-2")
    answered("2025-Q3", (120, "5"), (80, "1"))
    assert cell(database, "2025-Q3")["previous_wave"] == "2025-Q1"


def test_a_wave_that_contains_another_is_not_before_it(database, answered):
    answered("2025", (80, "5"), (120, "1"))
    answered("2025-Q3", (120, "5"), (80, "1"))
    assert cell(database, "2025-Q3")["previous_wave"] is None


def test_another_instrument_breaks_the_series(database, answered):
    answered("2025-Q1", (80, "5"), (120, "1"))
    answered("2025-Q2", (120, "10"), (80, "1"), scale=Scale(1, 10))
    score = cell(database, "2025-Q2")
    assert (score["verdict"], score["previous_wave"], score["note"]) == ("not enough data", None, "break")


def test_computing_again_gives_the_same_scores(database, answered):
    answered("2025-Q1", (30, "5", "5"), (35, "2", "4"), (20, "1", "1"))
    answered("2025-Q2", (30, "5", "5"), (30, "2", "4"), (25, "4", "1"))
    with database.reading() as session:
        before = show(session, ADA)
    with database.writing() as session:
        compute_wave(session, find_wave(session, "2025-Q2"))
    with database.reading() as session:
        assert show(session, ADA) == before
        assert stale_waves(session, find_wave(session, "2025-Q1")) == []


def test_two_workspaces_with_the_same_answers_have_the_same_intervals(database, pseudonyms, tmp_path):
    """Chance is drawn by codes: ids tell only in which order a workspace came to what it holds."""
    other = Database(f"sqlite:///{tmp_path / 'other.db'}")
    Base.metadata.create_all(other.engine)
    with other.writing() as session:
        session.add_all([Segment(code="couples", name="Couples", dimension="household"),
                         Segment(code="parents", name="Parents", dimension="household")])  # fmt: skip
        session.flush()
        session.add(Outcome(code="TRIP-1", name="Find a place for everyone", job="find a place"))
    groups = (("5", "5", "parents", 40), ("2", "5", "parents", 21), ("5", "2", "couples", 20), ("1", "1", "couples", 9))
    rows = [values for *values, count in groups for _ in range(count)]
    header = ("respondent", "satisfaction", "importance", "segment", "outcome")
    found = []
    for place, waves in ((database, ("2024-Q4", "2025-Q1", "2025-Q2")), (other, ("2025-Q1", "2025-Q2"))):
        for code in waves:
            taken = rows[8:] if code == "2025-Q2" else rows
            cells = [Row(n, (f"{code} {n}", *values, "TRIP-1")) for n, values in enumerate(taken, 2)]
            import_answers(place, pseudonyms, code, Table(header, tuple(cells)))
        with place.reading() as session:
            shown = show(session, ADA, "2025-Q1") + show(session, ADA, "2025-Q2")
            found.append([(row["segment"], row["measure"], row["low"], row["high"]) for row in shown])
            changed = select(Score.change_low, Score.p_value).join(Wave, Wave.id == Score.wave_id)
            changed = changed.where(Score.measure == "opportunity", Score.segment_id.is_(None), Wave.code == "2025-Q2")
            found[-1].append(session.execute(changed).one())
    other.close()
    assert found[0] == found[1]


def pair(p_like: int, product: int | None, outcome: int) -> Pair:
    """100 people now and before, of whom `p_like` more are satisfied now."""
    tops = np.zeros((100, 2))
    now = tops.copy()
    now[:p_like, 0] = 1.0
    return Pair("satisfaction", CellKey(outcome, None, product), 1, People(np.arange(100), now),
                People(np.arange(100, 200), tops), {})  # fmt: skip


def test_products_are_a_family_of_their_own():
    weak = [pair(2, None, number) for number in range(20)]
    alone, among = pair(5, 9, 99), pair(5, None, 99)
    judge([alone, among, *weak], {"satisfaction": 3.0}, 0.05)
    assert alone.score["p_value"] == among.score["p_value"]
    assert (alone.score["verdict"], among.score["verdict"]) == ("better", "no evidence of change")
    assert alone.score["q_value"] == alone.score["p_value"]


def test_a_panel_that_moved_against_the_waves_difference_shows_no_change():
    """Most stayed and got worse, but newcomers lift the wave: the panel's test must not be read as an improvement."""
    before, now = np.zeros((60, 2)), np.zeros((90, 2))
    before[:20, 0] = 1.0
    now[60:, 0] = 1.0
    key, later, earlier = CellKey(1, None, None), People(np.arange(90), now), People(np.arange(60), before)
    mixed = Pair("satisfaction", key, 1, later, earlier, {})
    judge([mixed], {"satisfaction": 0.0}, 0.05)
    assert mixed.score["verdict"] == "no evidence of change"


GROUPS = st.lists(
    st.tuples(
        st.integers(1, 45), st.sampled_from(["1", "3", "4", "5", "dk"]), st.sampled_from(["1", "5", ""]),
        st.sampled_from(["", "parents", "couples", "new"]), st.sampled_from(["", "app", "search", "booking"]),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12, deadline=None)
@given(GROUPS)
def test_every_score_shows_n_and_an_interval_around_it_or_nothing(database, answered, groups):
    with database.reading() as session:
        number = len(session.scalars(select(Wave.id)).all())
    code = f"{1900 + number}"
    answered(code, *groups)
    with database.reading() as session:
        for row in show(session, ADA, code):
            if row["note"] == "suppressed":
                assert [row[name] for name in ("value", "low", "high", "n", "change")] == [None] * 5
                continue
            top = 20 if row["measure"] == "opportunity" else 100
            assert 0 <= row["low"] <= row["value"] <= row["high"] <= top
            assert row["n"] >= 5
