"""Explain this number: everything behind it, within scopes, and nothing of what is suppressed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from insightrepo.accounts.access import Reader
from insightrepo.library.reading import NotVisible
from insightrepo.models import (
    Exclusion,
    Outcome,
    Product,
    Respondent,
    Score,
    Segment,
    Task,
    Term,
    TrialSummary,
    User,
    Wave,
)
from insightrepo.scores.computing.computing import compute_wave
from insightrepo.scores.computing.statistics import top_two_box
from insightrepo.scores.explaining import (
    _counted,
    _few_hidden,
    explain,
    explain_cell,
    explanation_json,
    explanation_lines,
)
from insightrepo.scores.reading import ScoreQuery, read_scores
from insightrepo.scores.waves.definitions import definition_for
from insightrepo.scores.waves.waves import ensure_instrument, ensure_wave, find_wave
from insightrepo.taxonomy.applicability import set_applicability

ADA = Reader(0, "ada@example.com", "administrator")  # sees all


@pytest.fixture
def explained(database):
    """The explanation of a cell: ``explained(measure="opportunity", segment="parents")``."""

    def get(reader=ADA, wave="2025-Q1", outcome="TRIP-1", segment="all", product="all", measure="satisfaction"):
        query = ScoreQuery((wave,), (outcome,), ("none",), (segment,), (product,), (measure,))
        with database.reading() as session:
            return explain_cell(session, reader, query)

    return get


def numbers(lines) -> str:
    return " | ".join(line.numbers for line in lines)


def test_a_share_is_explained_from_counts_to_interval(answered, explained):
    answered("2025-Q1", (20, "5"), (12, "4"), (8, "3"), (10, "1"), (6, "dk"))
    one = explained()
    assert [(line.symbols, line.numbers) for line in one.inputs if line.symbols] == [("n", "50"), ("x", "32")]
    assert "32 / 50 = 64.0%" in numbers(one.formula)
    assert f"{one.score.low:.1f}% to {one.score.high:.1f}%" in numbers(one.formula)
    assert [(point.label, point.count, point.top) for point in one.distribution["satisfaction"]] == [
        ("1", 10, False), ("2", 0, False), ("3", 8, False), ("4", 12, True), ("5", 20, True),
    ]  # fmt: skip
    assert one.untested.startswith("No earlier wave")


def test_an_opportunity_is_explained_by_its_two_halves(answered, explained):
    answered("2025-Q1", (30, "5", "5"), (50, "2", "4"), (20, "1", "1"))
    one = explained(measure="opportunity")
    assert "8.00 + max(8.00 − 3.00, 0) = 13.00" in numbers(one.formula)
    assert "13.0 is 'solid'" in numbers(one.formula)
    assert set(one.distribution) == {"importance", "satisfaction"}


def test_a_change_is_explained_with_its_test_and_family(answered, explained):
    answered("2025-Q1", (80, "5"), (120, "1"))
    answered("2025-Q2", (120, "5"), (80, "1"))
    tested = explained(wave="2025-Q2").tested
    assert (tested.previous_wave, tested.change, tested.test) == (
        "2025-Q1",
        pytest.approx(20),
        "N-1 two-proportion test",
    )
    assert (tested.family, tested.smallest_change, tested.alpha) == (1, 3.0, 0.05)
    assert tested.low < 20 < tested.high
    assert tested.p_value == tested.q_value < 0.001


def test_exclusions_are_told_with_their_reasons(database, answered, explained):
    answered("2025-Q1", (30, "5", "", "parents"), (30, "1", "", "couples"))
    with database.writing() as session:
        wave = find_wave(session, "2025-Q1")
        person = session.scalars(select(Respondent.id)).first()
        couples = session.scalars(select(Segment.id).where(Segment.code == "couples")).one()
        session.add(Exclusion(wave_id=wave.id, respondent_id=person, reason="answered in four seconds"))
        session.add(Exclusion(wave_id=wave.id, segment_id=couples, reason="asked another question"))
        session.flush()
        compute_wave(session, wave)
    whole = explained()
    assert [one.reason for one in whole.exclusions] == ["answered in four seconds", "asked another question"]
    assert whole.score.excluded in (30, 31)  # the person may be one of a couple
    assert [one.reason for one in explained(segment="parents").exclusions] == ["answered in four seconds"]


def test_weights_are_told(database, answered, explained):
    with database.writing() as session:
        for segment in session.scalars(select(Segment)):
            segment.population = {"parents": 500, "couples": 500}.get(segment.code, 0)
    answered("2025-Q1", (60, "5", "", "parents"), (40, "1", "", "couples"))
    with database.writing() as session:
        wave = find_wave(session, "2025-Q1")
        wave.settings = {"weighting": {"scheme": "post-stratification", "dimensions": ["household"]}}
        compute_wave(session, wave)
    one = explained()
    assert (one.weighting["scheme"], one.weighting["capped"]) == ("post-stratification", 0)
    assert "Σ w" in " ".join(line.symbols for line in one.formula)
    assert "60.0 (50.2 to 69.1), n 100" in numbers(one.formula)


def test_of_a_suppressed_cell_nothing_is_told_but_that_it_is(database, answered, explained):
    answered("2025-Q1", (3, "5", "5", "parents"), (23, "1", "4", "couples"), (41, "4", "2", "singles"))
    for code in ("parents", "couples"):
        for measure in ("satisfaction", "importance", "opportunity"):
            one = explained(segment=code, measure=measure)
            assert "Fewer than 5 people" in one.suppressed
            assert (one.inputs, one.formula, one.exclusions, one.tested) == ((), (), (), None)
            assert (dict(one.distribution), one.untested, dict(one.weighting), one.response) == ({}, "", {}, None)
            score = explanation_json(one)["score"]
            assert {name for name, value in score.items() if value is None} >= {
                "value", "low", "high", "n", "n_eff", "answers", "excluded", "unweighted_value", "change", "p_value",
            }  # fmt: skip
            assert "23" not in " ".join(explanation_lines(one))


def test_another_readers_cells_are_not_there(database, answered, explained):
    answered("2025-Q1", (20, "5", "", "parents", "search"), (20, "1", "", "couples", "booking"))
    with database.reading() as session:
        ids = dict(session.execute(select(Term.code, Term.id)).tuples().all())
        rows = {row.product: row.id for row in read_scores(session, ADA, ScoreQuery(segments=("all",)))}
    scoped = Reader(0, "web@example.com", "viewer", products=frozenset({ids["search"]}))
    assert explained(scoped, product="search").score.n == 20
    with pytest.raises(NotVisible):
        explained(scoped, product="booking")
    with database.reading() as session:
        assert explain(session, scoped, rows["search"]).score.product == "search"
        with pytest.raises(NotVisible):
            explain(session, scoped, rows["booking"])
        with pytest.raises(NotVisible):
            explain(session, ADA, 99_999)


def test_a_query_of_several_scores_is_asked_to_say_which(database, answered):
    answered("2025-Q1", (20, "5", "", "parents"))
    with database.reading() as session, pytest.raises(ValueError, match="2 scores fit"):
        explain_cell(session, ADA, ScoreQuery())


def test_the_json_is_json_and_the_lines_are_lines(answered, explained):
    answered("2025-Q1", (80, "5", "5"), (120, "1", "3"))
    answered("2025-Q2", (120, "5", "5"), (80, "1", "3"))
    for measure, word in (("satisfaction", "better"), ("opportunity", "worse")):
        one = explained(wave="2025-Q2", measure=measure)
        assert json.loads(json.dumps(explanation_json(one)))["score"]["wave"] == "2025-Q2"
        assert any(f"{word} than 2025-Q1" in line for line in explanation_lines(one))


def test_a_link_to_a_score_stays_good_when_it_is_computed_again(database, answered):
    answered("2025-Q1", (40, "5", "", "parents"))
    with database.reading() as session:
        before = {row.segment: row.id for row in read_scores(session, ADA, ScoreQuery())}
    answered("2025-Q1", (9, "1", "", "couples"), who="late")
    with database.writing() as session:
        compute_wave(session, session.scalars(select(Wave)).one())
    with database.reading() as session:
        after = {row.segment: row.id for row in read_scores(session, ADA, ScoreQuery())}
    assert before.items() <= after.items()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=5, max_size=5))
def test_small_counts_of_a_point_do_not_follow_from_the_sum_of_their_box(counts):
    answers = [point for point, count in enumerate(counts, 1) for _ in range(count)]
    shown = _counted(answers, range(1, 6), top_two_box(1, 5))
    for top in (True, False):
        box = [(point, counts[int(point.label) - 1]) for point in shown if point.top is top]
        hidden = [count for point, count in box if point.count is None]
        assert all(point.count == count for point, count in box if point.count is not None)
        assert not any(0 < count < 5 for point, count in box if point.count is not None)
        if hidden and sum(count > 0 for _, count in box) > 1:
            assert len(hidden) > 1


def test_a_score_of_an_earlier_version_is_given_no_formula_that_nobody_kept(database, answered, explained):
    answered("2025-Q1", (30, "5", "5"), (10, "1", "5"))
    with database.writing() as session:
        for score in session.scalars(select(Score)):
            score.detail = {}
    for measure in ("satisfaction", "opportunity"):
        (line,) = [one for one in explained(measure=measure).formula if not one.words.startswith("band")]
        assert line.words == "computed by an earlier version: its inputs are not kept"


def test_the_parts_of_an_index_are_printed_to_who_may_see_all_its_tasks_only(database):
    with database.writing() as session:
        products = {product.code: product.id for product in session.scalars(select(Product))}
        tasks = [
            Task(code=f"T-{code}-{number}", name=code, product_id=products[code])
            for number, code in enumerate(("search", "booking", "booking"))
        ]
        outcome = session.scalars(select(Outcome).where(Outcome.code == "TRIP-1")).one()
        outcome.tasks.extend(tasks)
        wave = ensure_wave(session, "2025-Q1", ensure_instrument(session, "Survey", 1, 5))
        session.flush()
        for task, share in zip(tasks, (0.5, 0.34, 0.42), strict=True):
            of = {"wave_id": wave.id, "task_id": task.id, "identity": task.code}
            session.add(TrialSummary(**of, measure="success", n=50, value=share))
        session.flush()
        compute_wave(session, wave)
    cell = ScoreQuery(outcomes=("TRIP-1",), segments=("all",), products=("all",), measures=("success",))
    with database.reading() as session:
        everything = numbers(explain_cell(session, ADA, cell).formula)
        limited = Reader(0, "sam@example.com", "researcher", products=frozenset({products["search"]}))
        part = numbers(explain_cell(session, limited, cell).formula)
    assert "(1·50.0% + 1·34.0% + 1·42.0%) / 3 = 42.0%" in everything
    assert "42.0%" in part
    assert "34.0%" not in part
    assert "50.0%" not in part


def test_answers_by_point_are_of_everybody_only(answered, explained):
    answered("2025-Q1", (10, "5", "", "parents"), (3, "5", "", "couples"), (20, "1", "", "parents"),
             (20, "1", "", "couples"))  # fmt: skip
    assert {point.label: point.count for point in explained().distribution["satisfaction"]}["5"] == 13
    for segment in ("parents", "couples"):
        one = explained(segment=segment)
        assert one.score.value is not None
        assert dict(one.distribution) == {}
        assert any("shown for everybody only" in line for line in explanation_lines(one))


def test_answers_of_segments_that_the_outcome_does_not_apply_to_are_in_no_point(database, answered, explained):
    with database.writing() as session:
        session.add(User(id=1, email="rita@example.com", role="researcher", password_hash="none"))
        session.flush()
        rita = Reader(1, "rita@example.com", "researcher")
        set_applicability(session, rita, {"TRIP-1": ("parents", "singles", "new")})
    answered("2025-Q1", (30, "5", "", "parents"), (30, "1", "", "couples"))
    one = explained()
    assert one.score.n == 30
    assert sum(point.count for point in one.distribution["satisfaction"]) == 30


@pytest.fixture
def weighted(database, answered, explained):
    """What is said of the weights of a wave with so many parents, couples, singles and people in no household."""

    def get(parents, couples, singles, unplaced=0):
        with database.writing() as session:
            for segment in session.scalars(select(Segment).where(Segment.dimension == "household")):
                segment.population = 500
        groups = (parents, "parents"), (couples, "couples"), (singles, "singles"), (unplaced, "")
        answered("2025-Q1", *((count, "5", "", segment) for count, segment in groups))
        with database.writing() as session:
            wave = find_wave(session, "2025-Q1")
            wave.settings = {"weighting": {"scheme": "post-stratification", "dimensions": ["household"]}}
            compute_wave(session, wave)
        return explained()

    return get


FACTS = ("lowest", "highest", "capped", "unplaced", "n_eff", "deff")


def test_beside_a_hidden_segment_nothing_is_said_from_which_its_weight_follows(weighted):
    one = weighted(60, 3, 40)
    assert [one.weighting[name] for name in FACTS] == [None] * 6
    assert any("capped: not shown" in line for line in explanation_lines(one))


def test_a_waves_definition_tells_no_weight_to_anybody(weighted, database):
    weighted(60, 3, 40)
    with database.reading() as session:
        kept = find_wave(session, "2025-Q1").definition["weighting"]
        told = definition_for(ADA, find_wave(session, "2025-Q1").definition)["weighting"]
    assert set(kept) - set(told) == set(FACTS)


def test_the_weights_of_shown_segments_are_told(weighted):
    said = weighted(60, 30, 40, unplaced=6).weighting
    assert (said["capped"], said["unplaced"]) == (0, 6)
    assert said["lowest"] < 1 < said["highest"]


def test_one_to_four_people_whose_weights_were_cut_or_who_are_in_no_segment_are_not_counted_out():
    said = {"dimensions": [], "lowest": 0.5, "highest": 3.0, "capped": 4, "unplaced": 1}
    assert _few_hidden(said, is_hiding=False) == {**said, "capped": None, "unplaced": None}
