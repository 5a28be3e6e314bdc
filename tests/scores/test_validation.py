"""A validation study: 63 candidates and 2,000 people are ranked, 51 are kept, each decision stays on record."""

from __future__ import annotations

import csv
import io
import shutil

import pytest
from candidates import survey
from sqlalchemy import select

from insightrepo.accounts.access import Forbidden, Reader, reader_for
from insightrepo.accounts.users import add_user
from insightrepo.database import Database
from insightrepo.models import Base, Outcome, Product, Score, Segment, StatusChange, User, Validation
from insightrepo.scores.validation import (
    ValidationRefused,
    create_validation,
    find_validation,
    record_decisions,
)
from insightrepo.scores.validation_reading import as_csv, list_studies, read_study
from insightrepo.taxonomy.history import timeline
from insightrepo.taxonomy.life_cycle import StepRefused

PEOPLE = {"rita": ("researcher", ()), "vera": ("viewer", ()), "sam": ("researcher", ("segment:teens",))}


def _add_people(session) -> None:
    for name, (role, scopes) in PEOPLE.items():
        add_user(session, f"{name}@example.com", role, "a long enough password", scopes=scopes)


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory):
    """63 candidates, 2,000 people, one study; the codes truly below. Read only."""
    path = tmp_path_factory.mktemp("validation") / "survey.db"
    made = Database(f"sqlite:///{path}")
    Base.metadata.create_all(made.engine)
    below = survey(made, seed=1)
    with made.writing() as session:
        _add_people(session)
        rita = reader_for(session, session.scalars(select(User).where(User.email == "rita@example.com")).one())
        create_validation(session, rita, "Spring survey", "2025-Q1", above=50)
    yield made, below
    made.close()


@pytest.fixture(scope="module")
def small_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "small.db"
    made = Database(f"sqlite:///{path}")
    Base.metadata.create_all(made.engine)
    survey(made, seed=3, candidates=5, below=2, people=80)
    with made.writing() as session:
        _add_people(session)
        session.add(Product(code="app", name="App"))
    made.close()
    return path


@pytest.fixture
def small(small_file, tmp_path):
    """5 candidates, 80 people, to be changed."""
    shutil.copy(small_file, tmp_path / "small.db")
    made = Database(f"sqlite:///{tmp_path / 'small.db'}")
    yield made
    made.close()


def person(database: Database, name: str) -> Reader:
    with database.reading() as session:
        return reader_for(session, session.scalars(select(User).where(User.email == f"{name}@example.com")).one())


def study_of(database: Database, name: str = "rita"):
    with database.reading() as session:
        return read_study(session, person(database, name), find_validation(session, "1"))


def make(database: Database, **settings) -> None:
    with database.writing() as session:
        create_validation(session, person(database, "rita"), "Small", "2025-Q1", **settings)


def test_of_63_candidates_51_are_proposed_and_the_12_that_matter_to_nobody_are_not(surveyed):
    database, below = surveyed
    study = study_of(database)
    assert (len(study.candidates), study.kept, len(below)) == (63, 51, 12)
    assert {one.code for one in study.candidates if not one.keep} == below


def test_every_figure_and_every_rank_has_its_interval_for_all_and_in_each_segment(surveyed):
    study = study_of(surveyed[0])
    assert [code for code, _ in study.segments] == ["toddlers", "school", "teens", "grown"]
    assert (study.people, study.provisional, study.weighted) == (2000, True, False)
    for one in study.candidates:
        for cell in (one.whole, *one.segments):
            assert cell.score.low <= cell.score.value <= cell.score.high
            assert 1 <= cell.place.low <= cell.place.rank <= cell.place.high <= 63
        assert one.whole.score.n == 2000
        assert all(cell.score.n == 500 for cell in one.segments)
    assert [one.whole.place.rank for one in study.candidates] == sorted(
        one.whole.place.rank for one in study.candidates
    )


def test_a_reader_limited_to_a_segment_sees_its_column_and_no_other(surveyed):
    study = study_of(surveyed[0], "sam")
    assert [code for code, _ in study.segments] == ["teens"]
    assert {code for one in study.candidates for code in one.passes} <= {"teens"}
    assert "toddlers" not in as_csv(study)
    assert study.kept == 51  # the proposal does not depend on who looks


def test_the_export_has_a_row_a_candidate_with_ranks_intervals_and_n(surveyed):
    rows = list(csv.DictReader(io.StringIO(as_csv(study_of(surveyed[0])))))
    assert len(rows) == 63
    assert {"rank all", "rank low all", "value teens", "low teens", "high teens", "n teens", "proposal"} <= set(rows[0])


def test_the_first_so_many_is_a_rule_too(small):
    make(small, rule="top", top=2)
    study = study_of(small)
    assert [one.keep for one in study.candidates] == [True, True, False, False, False]


def test_a_cell_that_may_not_be_shown_has_no_figure_and_no_rank_and_passes_nothing(small):
    make(small)
    with small.writing() as session:
        teens = session.scalars(select(Segment.id).where(Segment.code == "teens")).one()
        for score in session.scalars(select(Score).where(Score.segment_id == teens)):
            score.value = score.low = score.high = score.n = None
            score.note = "suppressed"
    study = study_of(small)
    cells = [cell for one in study.candidates for cell in one.segments if cell.segment == "teens"]
    assert {cell.place for cell in cells} == {None}
    assert all("teens" not in one.passes for one in study.candidates)
    assert {row["rank teens"] for row in csv.DictReader(io.StringIO(as_csv(study)))} == {""}


def test_a_decision_is_a_step_with_the_study_and_the_scores_as_they_stood(small):
    make(small)
    rita = person(small, "rita")
    with small.writing() as session:
        record_decisions(session, rita, find_validation(session, "small"), {"C-01": "validated"}, "as ranked")
        row = session.scalars(select(Outcome).where(Outcome.code == "C-01")).one()
        [step] = timeline(session, rita, row.id)
        assert row.status == "validated"
    assert (step.words, step.reason, step.validation) == ("candidate → validated", "as ranked", (1, "Small"))
    assert (step.wave, step.provisional) == ("2025-Q1", True)
    assert {score.segment for score in step.scores} == {None, "toddlers", "school", "teens", "grown"}
    with small.reading() as session:
        assert {s.segment for s in timeline(session, person(small, "sam"), row.id)[0].scores} == {None, "teens"}


def test_a_decision_is_taken_back_by_another_and_both_stay(small):
    make(small)
    rita = person(small, "rita")
    for decision, reason in (("validated", "as ranked"), ("candidate", "asked of too few")):
        with small.writing() as session:
            record_decisions(session, rita, find_validation(session, "1"), {"C-01": decision}, reason)
    [one] = [one for one in study_of(small).candidates if one.code == "C-01"]
    assert (one.status, one.decision.to, one.decision.reason, one.decision.by) == (
        "candidate",
        "candidate",
        "asked of too few",
        "rita",
    )
    with small.reading() as session:
        assert len(session.scalars(select(StatusChange)).all()) == 2
        assert list_studies(session, rita)[0].decided == 1


def test_one_refused_decision_refuses_them_all(small):
    make(small)
    rita = person(small, "rita")
    with small.writing() as session:
        session.add(Outcome(code="X", name="Other", job="Other", aliases=[], status="candidate"))
    for wanted, error in (
        ({"C-01": "validated", "X": "validated"}, ValidationRefused),
        ({"C-01": "validated", "C-02": "active"}, ValidationRefused),
    ):
        with pytest.raises(error), small.writing() as session:
            record_decisions(session, rita, find_validation(session, "1"), wanted, "so")
    with pytest.raises(StepRefused, match="say why"), small.writing() as session:
        record_decisions(session, rita, find_validation(session, "1"), {"C-01": "validated"}, " ")
    with small.reading() as session:
        assert session.scalars(select(StatusChange)).all() == []


@pytest.mark.parametrize(
    ("name", "wave", "settings", "cause"),
    [
        ("", "2025-Q1", {}, "give the study a name"),
        ("Two", "2025-Q1", {"above": 100}, "importance goes to 100"),
        ("Two", "2025-Q1", {"above": "much"}, "above"),
        ("Two", "2025-Q1", {"top": 0}, "top"),
        ("Small", "2025-Q1", {}, "there is a study 'Small' already"),
    ],
)
def test_a_study_that_makes_no_sense_is_refused(small, name, wave, settings, cause):
    make(small)
    with pytest.raises(ValidationRefused, match=cause), small.writing() as session:
        create_validation(session, person(small, "rita"), name, wave, **settings)


def test_a_study_is_made_by_researchers_without_limits(small):
    with pytest.raises(Forbidden), small.writing() as session:
        create_validation(session, person(small, "vera"), "Mine", "2025-Q1")
    with pytest.raises(ValidationRefused, match="limited to a part"), small.writing() as session:
        create_validation(session, person(small, "sam"), "Mine", "2025-Q1")
    with small.reading() as session:
        assert session.scalars(select(Validation)).all() == []
