"""The chip a page shows, and what it says when it fell back."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select

from insightrepo.accounts.access import Reader
from insightrepo.models import Outcome, Term
from insightrepo.scores.chips import CellWanted, as_json, cells, chips, history, show
from insightrepo.scores.intake.importing import Scale
from insightrepo.scores.waves.waves import WaveUnknown, find_wave, freeze
from insightrepo.taxonomy.reading import UnknownTerm

ADA = Reader(0, "ada@example.com", "administrator")  # sees all


@pytest.fixture
def ids(database):
    """Term ids by code."""
    with database.reading() as session:
        return dict(session.execute(select(Term.code, Term.id)).tuples().all())


@pytest.fixture
def chip(database, ids):
    """The chip of an outcome, segment and product, by code."""

    def get(outcome="TRIP-1", segment=None, product=None):
        wanted = CellWanted(ids[outcome], ids.get(segment), ids.get(product))
        with database.reading() as session:
            return chips(session, ADA, [wanted])[wanted]

    return get


def frozen(database, code):
    with database.writing() as session:
        freeze(session, find_wave(session, code), None)


def test_the_current_score_is_of_the_latest_frozen_wave(database, answered, chip):
    for code, top in (("2025-Q1", 10), ("2025-Q2", 20), ("2025-Q3", 30)):
        answered(code, (top, "5"), (40 - top, "1"))
    frozen(database, "2025-Q1")
    frozen(database, "2025-Q2")
    shown = chip()
    assert (shown.wave, shown.value, shown.provisional, shown.previous_wave) == ("2025-Q2", 50, False, "2025-Q1")
    assert (shown.n, shown.unit, shown.better, shown.fell_back) == (40, "percent", "higher", None)


def test_an_open_wave_is_provisional_where_no_frozen_one_has_the_cell(database, answered, chip):
    answered("2025-Q1", (40, "5"), outcome="TRIP-2")
    frozen(database, "2025-Q1")
    answered("2025-Q2", (40, "5"))
    assert (chip().wave, chip().provisional) == ("2025-Q2", True)


def test_an_outcome_that_was_never_measured_has_no_chip(chip):
    assert chip() is None


def test_an_unknown_outcome_has_no_chip(database):
    with database.reading() as session:
        assert chips(session, ADA, [CellWanted(10_000)]) == {CellWanted(10_000): None}
        assert chips(session, ADA, []) == {}


@pytest.mark.parametrize(
    ("segment", "product", "value", "words"),
    [
        ("parents", "search", 100, None), ("parents", "booking", 100, "all products"),
        ("singles", "search", 75, "all segments"), ("singles", "booking", 62.5, "all segments and products"),
        ("singles", None, 62.5, "all segments"), (None, "booking", 62.5, "all products"),
    ],
)  # fmt: skip
def test_a_cell_without_a_score_falls_back_and_says_so(answered, chip, segment, product, value, words):
    answered("2025-Q1", (30, "5", "", "parents", "search"), (10, "1", "", "couples", "search"), (20, "5"), (20, "1"))
    shown = chip(segment=segment, product=product)
    assert shown.fell_back == words
    if words == "all products" and segment:
        assert (shown.segment, shown.product, shown.value) == ("parents", None, 100)
    else:
        assert shown.value == pytest.approx(value)


def test_a_suppressed_cell_falls_back_to_the_wider_one(answered, chip):
    answered("2025-Q1", (3, "5", "", "parents"), (20, "1", "", "couples"), (40, "5", "", "singles"))
    shown = chip(segment="parents")
    assert (shown.n, shown.segment, shown.fell_back) == (63, None, "all segments")


def test_a_chip_of_too_few_people_says_so_where_nothing_wider_can_be_shown(answered, chip):
    answered("2025-Q1", (3, "5", "", "parents"))
    shown = chip(segment="parents")
    assert (shown.value, shown.n, shown.note) == (None, None, "suppressed")
    assert (shown.segment, shown.fell_back) == ("parents", None)


def test_opportunity_stands_beside_satisfaction_of_the_same_wave_only(database, answered, chip):
    answered("2025-Q1", (20, "1", "5"), (20, "5", "5"))
    frozen(database, "2025-Q1")
    assert chip().opportunity == pytest.approx(15)
    answered("2025-Q2", (40, "5"))  # importance was not asked
    frozen(database, "2025-Q2")
    assert (chip().wave, chip().opportunity) == ("2025-Q2", None)


def test_an_outcome_may_lead_with_another_measure(database, answered, chip):
    answered("2025-Q1", (20, "1", "5"), (20, "5", "5"))
    with database.writing() as session:
        session.scalars(select(Outcome).where(Outcome.code == "TRIP-1")).one().lead_measure = "opportunity"
    assert (chip().measure, chip().value, chip().better) == ("opportunity", pytest.approx(15), "lower")


def test_a_page_of_chips_takes_four_queries_however_many_they_are(database, answered, ids):
    answered("2025-Q1", (30, "5", "5", "parents", "search"), (30, "1", "5", "couples", "booking"))
    wanted = [
        CellWanted(ids[outcome], segment, product)
        for outcome in ("TRIP-1", "TRIP-2", "TRIP-3")
        for segment in (None, ids["parents"], ids["new"])
        for product in (None, ids["app"], ids["search"])
    ]
    statements = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    with database.reading() as session:
        found = chips(session, ADA, wanted)
    assert sum(statement.startswith("SELECT") for statement in statements) == 4  # terms, scores, versions, new meanings
    assert list(found) == wanted
    assert sum(shown is not None for shown in found.values()) == 9


def test_the_chip_as_scripts_read_it(answered, chip):
    answered("2025-Q1", (20, "1", "5"), (20, "5", "5"))
    shown = as_json(chip(segment="parents"))
    assert list(shown) == ["measure", "value", "unit", "better", "low", "high", "n", "segment", "product", "wave",
                           "verdict", "opportunity", "provisional", "note", "fell_back", "disagreement",
                           "asked_with"]  # fmt: skip
    assert (shown["measure"], shown["value"], shown["segment"], shown["n"]) == ("satisfaction", 50, None, 40)


def test_scripts_read_what_to_hold_against_a_chip(answered, chip):
    answered("2025-Q1", (20, "1"), (5, "5"))
    shown = as_json(chip(segment="parents"))
    assert (shown["provisional"], shown["note"], shown["fell_back"]) == (True, "indicative", "all segments")


def test_a_history_is_in_time_and_marks_where_the_instrument_changed(database, answered, ids):
    answered("2025-Q3", (30, "9"), (10, "1"), scale=Scale(1, 10))
    answered("2025-Q1", (20, "5"), (20, "1"))
    answered("2025-Q2", (30, "5"), (10, "1"))
    frozen(database, "2025-Q1")
    with database.reading() as session:
        points = history(session, ADA, ids["TRIP-1"])
    assert [(point.wave, point.value, point.starts_series, point.provisional) for point in points] == [
        ("2025-Q1", 50, False, False), ("2025-Q2", 75, False, True), ("2025-Q3", 75, True, True),
    ]  # fmt: skip


def test_a_history_is_of_one_cell(database, answered, ids):
    answered("2025-Q1", (20, "5", "", "parents"), (20, "1", "", "couples"))
    with database.reading() as session:
        assert [point.value for point in history(session, ADA, ids["TRIP-1"], ids["parents"])] == [100]
        assert history(session, ADA, ids["TRIP-1"], ids["parents"], ids["app"]) == []


def test_the_cells_of_an_outcome_begin_with_the_whole(database, answered, ids):
    answered("2025-Q1", (20, "5", "", "parents", "search"), (20, "1", "", "couples"))
    with database.reading() as session:
        rows = cells(session, ADA, ids["TRIP-1"], find_wave(session, "2025-Q1").id)
    assert [(row["segment"], row["product"]) for row in rows][:5] == [
        (None, None), ("couples", None), ("parents", None), (None, "app"), (None, "search"),
    ]  # fmt: skip


def test_scores_are_shown_by_what_people_write(database, answered):
    answered("2025-Q1", (20, "5", "", "parents", "search"), (20, "1", "", "couples"))
    with database.reading() as session:
        rows = show(session, ADA, wave="2025-Q1", outcome="where to go", segment="Parents", product="all")
        assert [(row["outcome"], row["segment"], row["product"]) for row in rows] == [("TRIP-1", "parents", None)]
        assert show(session, ADA, product="booking") == []


def test_a_filter_that_names_nothing_is_said(database):
    with database.reading() as session:
        with pytest.raises(WaveUnknown):
            show(session, ADA, wave="2031")
        with pytest.raises(UnknownTerm):
            show(session, ADA, outcome="no such outcome")
        with pytest.raises(ValueError, match="satisfaction, importance, opportunity"):
            show(session, ADA, measure="happiness")
