"""One way to read scores: by codes, within the reader's scopes."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from insightrepo.accounts.access import Reader
from insightrepo.models import Product, Score, Task, Team, Term
from insightrepo.scores.computing.computing import compute_wave
from insightrepo.scores.intake.importing import Scale
from insightrepo.scores.reading import ScoreQuery, read_scores
from insightrepo.scores.waves.waves import find_wave

ADA = Reader(0, "ada@example.com", "administrator")  # sees all


@pytest.fixture
def read(database):
    def get(reader=ADA, **wanted):
        with database.reading() as session:
            return read_scores(session, reader, ScoreQuery(**wanted))

    return get


def named(rows) -> list[tuple]:
    return [(row.wave, row.outcome, row.segment, row.product, row.measure) for row in rows]


def test_a_row_says_everything_of_a_score(answered, read):
    answered("2025-Q1", (80, "5", "5"), (120, "1", "5"))
    answered("2025-Q2", (120, "5", "5"), (80, "1", "5"))
    (row,) = read(waves=("2025-Q2",), measures=("satisfaction",))
    assert (row.outcome, row.task, row.segment, row.product) == ("TRIP-1", None, None, None)
    assert (row.value, row.n, row.unit, row.better) == (pytest.approx(60), 200, "percent", "higher")
    assert (row.first_day, row.last_day, row.provisional, row.issue) == (
        dt.date(2025, 4, 1), dt.date(2025, 6, 30), True, 1,
    )  # fmt: skip
    assert (row.verdict, row.change, row.previous_wave) == ("better", pytest.approx(20), "2025-Q1")
    assert (row.band, row.instrument) == (None, "Survey, 1 to 5, high end best")


def test_all_is_the_cell_of_everybody_and_codes_are_their_own(answered, read):
    answered("2025-Q1", (20, "5", "", "parents", "search"), (20, "1", "", "couples", "search"))
    assert named(read(segments=("all",), products=("all",))) == [("2025-Q1", "TRIP-1", None, None, "satisfaction")]
    assert {row.segment for row in read(segments=("all", "parents"))} == {None, "parents"}
    assert {row.product for row in read(products=("search",))} == {"search"}
    assert read(segments=()) == read(outcomes=("nobody",)) == []


def test_rows_are_in_time_and_then_by_outcome(answered, read):
    answered("2025-Q2", (20, "5"), outcome="TRIP-2")
    answered("2025-Q1", (20, "5"), outcome="TRIP-3")
    answered("2025-Q2", (20, "5"), outcome="TRIP-1")
    assert [(row.wave, row.outcome) for row in read()] == [
        ("2025-Q1", "TRIP-3"), ("2025-Q2", "TRIP-1"), ("2025-Q2", "TRIP-2"),
    ]  # fmt: skip


def test_an_opportunity_has_the_band_of_its_wave(database, answered, read):
    answered("2025-Q1", (30, "5", "5"), (50, "2", "4"), (20, "1", "1"))
    assert [row.band for row in read(measures=("opportunity",))] == ["solid"]
    with database.writing() as session:
        wave = find_wave(session, "2025-Q1")
        wave.settings = {"bands": [[12.5, "act now"], [10, "watch"]]}
        compute_wave(session, wave)
    assert [row.band for row in read(measures=("opportunity",))] == ["act now"]


def test_waves_of_two_instruments_say_so(answered, read):
    answered("2025-Q1", (40, "5"))
    answered("2025-Q2", (40, "10"), scale=Scale(1, 10))
    first, second = read()
    assert first.instrument != second.instrument
    assert second.note == "break"


def test_what_is_outside_the_scopes_is_not_there(database, answered, read):
    answered("2025-Q1", (20, "5", "", "parents", "search"), (20, "1", "", "couples", "booking"))
    with database.writing() as session:
        ids = dict(session.execute(select(Term.code, Term.id)).tuples().all())
        wave = find_wave(session, "2025-Q1")
        for code in ("search", "booking"):
            task = Task(code=f"T-{code}", name="A task", product_id=ids[code])
            session.add(task)
            session.flush()
            session.add(
                Score(wave_id=wave.id, task_id=task.id, measure="success", value=50.0, low=40.0, high=60.0, n=9)
            )
    scoped = Reader(0, "web@example.com", "viewer", products=frozenset({ids["search"]}))
    assert {row.product for row in read(scoped)} == {None, "search"}
    assert [row.task for row in read(scoped, outcomes=("none",))] == ["T-search"]
    assert [row.task for row in read(tasks=("T-booking",))] == ["T-booking"]
    assert {row.task for row in read(tasks=("none",))} == {None}
    parents = Reader(0, "p@example.com", "viewer", segments=frozenset({ids["parents"]}))
    assert {row.segment for row in read(parents)} == {None, "parents"}


def test_a_teams_own_terms_are_for_its_members(database, answered, read):
    answered("2025-Q1", (20, "5", "", "parents", "search"))
    with database.writing() as session:
        team = Team(name="Ours")
        session.add(team)
        session.flush()
        session.scalars(select(Product).where(Product.code == "search")).one().team_id = team.id
    assert "search" not in {row.product for row in read(Reader(0, "v@example.com", "viewer"))}
    assert "search" in {row.product for row in read(Reader(0, "v@example.com", "viewer", teams=frozenset({team.id})))}


def test_what_was_kept_with_a_score_is_read_only_where_it_tells_why_there_is_no_arrow(database, answered, read):
    answered("2025-Q1", (80, "5"), (120, "1"))
    answered("2025-Q2", (82, "5"), (118, "1"))
    with database.writing() as session:
        session.connection().exec_driver_sql("UPDATE score SET detail = 'no JSON'")
    assert [row.no_arrow for row in read()] == ["", ""]
    with database.writing() as session:
        session.connection().exec_driver_sql(
            "UPDATE score SET change_low = 0.5, change_high = 2, q_value = 0.04, "
            """detail = '{"q_all": 0.2, "tests_all": 204}' WHERE previous_wave_id IS NOT NULL"""
        )
    assert read(waves=("2025-Q2",))[0].no_arrow == (
        "alone it would count; not beyond chance among all 204 comparisons of this wave"
    )
