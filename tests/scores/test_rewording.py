"""An outcome that was reworded: scores say which wording they were asked with, a new meaning breaks the series."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from insightrepo.accounts.access import Reader
from insightrepo.models import Outcome, Score, Wave
from insightrepo.scores.chips import CellWanted, chips, history
from insightrepo.scores.explaining import explain
from insightrepo.scores.waves.issues import freeze
from insightrepo.taxonomy.versions import keep_version, versions, wording
from insightrepo.web.trend import draw

ADA = Reader(1, "ada@example.com", "administrator")


@pytest.fixture
def measured(database, answered):
    """Waves of 200 people, frozen, between which the outcome is reworded: ``measured("new")``."""

    def run(meaning: str, third: bool = False) -> int:
        _wave(database, answered, "2025-Q1", 140)
        with database.writing() as session:
            row = session.scalars(select(Outcome).where(Outcome.code == "TRIP-1")).one()
            before = wording(row)
            row.job = "find a place that everybody likes"
            session.flush()
            keep_version(session, row, before, None, "clearer", meaning == "new")
            number = row.id
        if third:
            _wave(database, answered, "2025-Q2", 60)
        return number

    return run


def _wave(database, answered, code: str, satisfied: int) -> None:
    answered(code, (satisfied, "5", "5"), (200 - satisfied, "1", "5"))
    with database.writing() as session:
        freeze(session, session.scalars(select(Wave).where(Wave.code == code)).one(), None)


@pytest.mark.parametrize(
    ("meaning", "said"),
    [("same", "asked with version 1’s wording"),
     ("new", "asked with version 1’s wording, which meant something else")],
)  # fmt: skip
def test_a_score_asked_with_an_earlier_wording_says_so_on_its_chip_and_in_its_explanation(
    database, measured, meaning, said
):
    outcome_id = measured(meaning)
    with database.reading() as session:
        [chip] = chips(session, ADA, [CellWanted(outcome_id)]).values()
        assert chip.asked_with == said
        assert explain(session, ADA, chip.id).score.asked_with == said
        assert [point.asked_with for point in history(session, ADA, outcome_id)] == [said]


def test_the_same_meaning_goes_on_in_one_series_and_is_compared(database, measured):
    outcome_id = measured("same", third=True)
    with database.reading() as session:
        points = history(session, ADA, outcome_id)
        assert [(point.asked_with, point.starts_series) for point in points] == [
            ("asked with version 1’s wording", False), (None, False)
        ]  # fmt: skip
        assert points[1].verdict == "worse"
        assert draw(points, "satisfaction", "percent").breaks == ()


def test_a_new_meaning_breaks_the_series_is_never_compared_and_marked_in_the_trend(database, measured):
    outcome_id = measured("new", third=True)
    with database.reading() as session:
        points = history(session, ADA, outcome_id)
        assert [(point.new_meaning, point.starts_series, point.change) for point in points] == [
            (False, False, None), (True, True, None)
        ]  # fmt: skip
        rows = session.execute(select(Score.previous_wave_id, Score.note).where(Score.definition_version == 2)).all()
        assert rows
        assert {(row.previous_wave_id, row.note) for row in rows} == {(None, "break")}
        trend = draw(points, "satisfaction", "percent")
        assert (len(trend.lines), len(trend.breaks)) == (2, 1)
        assert [one.new_meaning for one in versions(session, session.get_one(Outcome, outcome_id))] == [True, False]
