"""Tries at tasks come in once, by row or added up; every row that does not says why."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from ingest.readers.base import Row, Table
from insightrepo.models import Membership, Metric, Outcome, Product, Rating, Segment, Task, Trial, TrialSummary, Wave
from insightrepo.scores.computing.computing import WaveFrozen
from insightrepo.scores.intake.columns import ColumnsUnclear
from insightrepo.scores.intake.trial_columns import questionnaire_columns, trial_columns
from insightrepo.scores.intake.trials import duration, import_trials, log_normal, log_sd_beside_geometric_mean

SHORT = "participant task completed seconds ease"


@pytest.fixture
def database(database):
    """With two tasks of the product app, both for TRIP-1."""
    with database.writing() as session:
        app = session.scalar(select(Product).where(Product.code == "app"))
        outcome = session.scalar(select(Outcome).where(Outcome.code == "TRIP-1"))
        session.add_all(
            Task(code=code, name=name, product_id=app.id, outcomes=[outcome])
            for code, name in (("T1", "Find a stop"), ("T2", "Share the plan"))
        )
    return database


@pytest.fixture
def bring(database, pseudonyms, table):
    def do(header, *rows, wave="2025-Q1", **options):
        return import_trials(database, pseudonyms, wave, table(header, *rows), **options)

    return do


def trials(database):
    with database.reading() as session:
        columns = (Task.code, Trial.completed, Trial.seconds, Trial.ease)
        return [tuple(row) for row in session.execute(select(*columns).join(Task).order_by(Trial.id))]


def sums(database):
    with database.reading() as session:
        columns = (TrialSummary.measure, TrialSummary.n, TrialSummary.value, TrialSummary.sd)
        return {measure: tuple(row) for measure, *row in session.execute(select(*columns))}


def refused(report):
    return [(one.row, one.field, one.cause) for one in report.refused]


def test_a_row_is_a_try(database, bring):
    report = bring(SHORT, "p1 T1 yes 75 6", "p2 t1 0 1:15 2", "p1 T2 TRUE 0:01:15 -", "p2 T2 - - -")
    assert trials(database) == [("T1", True, 75, 6), ("T1", False, 75, 2), ("T2", True, 75, None)]
    assert (report.read, report.stored, report.skipped, report.refused) == (4, 3, 1, [])
    assert report.columns["respondent"] == "participant"
    assert report.notes == ["each row is a try"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("75", 75), ("75.5 s", 75.5), ("75,5", 75.5), ("1:15", 75), ("01:01:15", 3675), ("90 sec", 90)],
)
def test_a_time_is_read_as_people_write_it(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["-5", "0", "0:00", "soon", "1:75", "1:75:00", "nan", "inf"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match=r"above 0|not a time|no time"):
        duration(text)


def test_each_bad_row_names_row_field_and_cause_and_the_good_ones_go_in(database, bring):
    header = "participant task completed seconds ease date started ended"
    report = bring(
        header,
        "p1 T1 yes 10 7 2025-01-05 - -",
        "p1 T3 yes 10 7 - - -",
        "p2 T1 maybe 10 7 - - -",
        "p3 T1 yes -10 7 - - -",
        "p4 T1 yes 10 8 - - -",
        "- T1 yes 10 7 - - -",
        "p6 T1 yes 10 7 - 2025-01-06 2025-01-05",
        "p7 T1 yes 10 7 2025-06-01 - -",
        "p8 - yes 10 7 - - -",
        "p9 T1 yes 10 5.5 - - -",
    )
    assert [(row, field) for row, field, _ in refused(report)] == [
        (3, "task"), (4, "completed"), (5, "seconds"), (6, "ease"), (7, "participant"), (8, "ended"), (10, "task"),
        (11, "ease"),
    ]  # fmt: skip
    causes = {row: cause for row, _, cause in refused(report)}
    assert causes[3] == "no task is called 'T3': known are T1, T2"
    assert "neither yes nor no" in causes[4]
    assert "not above 0" in causes[5]
    assert "from 1 to 7" in causes[6]
    assert "before it started" in causes[8]
    assert (report.stored, report.outside) == (1, 1)


def test_the_same_file_twice_changes_nothing_and_another_value_is_refused(database, bring):
    rows = ("p1 T1 yes 75 6", "p2 T1 no 80 2")
    bring(SHORT, *rows)
    again = bring(SHORT, *rows)
    assert (again.stored, again.already_here, again.refused) == (0, 2, [])
    other = bring(SHORT, "p1 T1 yes 76 6")
    assert [(row, field) for row, field, _ in refused(other)] == [(2, "seconds")]
    assert "p1" not in other.refused[0].cause
    assert len(trials(database)) == 2


def test_further_attempts_of_one_person_are_told_apart_by_a_column(database, bring):
    report = bring("participant task attempt completed", "p1 T1 1 no", "p1 T1 2 yes")
    assert (report.stored, report.refused) == (2, [])


def test_a_dry_run_writes_nothing_and_says_the_same(database, bring):
    rows = ("p1 T1 yes 75 6", "p1 T1 yes 70 6", "p1 T1 yes 75 6", "p2 T9 no 80 2", "p3 T2 no 80 2")
    dry = bring(SHORT, *rows, dry_run=True)
    with database.reading() as session:
        assert session.scalar(select(func.count(Wave.id))) == 0
    wet = bring(SHORT, *rows)
    assert (dry.stored, dry.already_here, dry.refused) == (wet.stored, wet.already_here, wet.refused)
    assert (wet.stored, wet.already_here, len(wet.refused)) == (2, 1, 2)
    assert dry.dry_run
    assert dry.scores is None


def test_a_segment_column_and_columns_called_like_dimensions_are_memberships(database, bring):
    header = "participant task completed household tenure"
    report = bring(header, "p1 T1 yes parents new", "p2 T1 yes couples -", "p1 T2 yes couples new", "p3 T1 yes new -")
    with database.reading() as session:
        rows = session.execute(select(Segment.code, func.count()).join(Membership).group_by(Segment.code))
        assert dict(rows.tuples().all()) == {"parents": 1, "couples": 1, "new": 2}
    assert [(row, field) for row, field, _ in refused(report)] == [(4, "household")]
    assert "already in parents (household), not in couples" in report.refused[0].cause


def test_a_refused_row_leaves_no_membership(database, bring):
    bring("participant task completed", "p1 T1 yes")
    report = bring("participant task completed household", "p1 T1 no parents")
    assert len(report.refused) == 1
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Membership)) == 0


def test_a_frozen_wave_takes_no_trials(database, bring):
    bring(SHORT, "p1 T1 yes 75 6")
    with database.writing() as session:
        wave = session.scalar(select(Wave))
        wave.state, wave.frozen_at = "frozen", dt.datetime.now(dt.UTC)
    with pytest.raises(WaveFrozen):
        bring(SHORT, "p2 T1 yes 75 6")


def test_seconds_follow_from_start_and_end_where_no_column_has_them(database, bring):
    bring("participant task completed started ended", "p1 T1 yes 2025-01-05T10:00:00 2025-01-05T10:01:15")
    assert trials(database) == [("T1", True, 75, None)]


def test_rows_of_many_tries_are_kept_as_sums_with_n(database, bring):
    header = "task n completed seconds seconds_sd ease ease_sd"
    report = bring(header, "T1 10 7 60 30 5.5 1.2")
    assert report.notes == ["each row holds many tries"]
    found = sums(database)
    middle, sd = log_normal(60, 30)
    assert found["success"] == (10, 0.7, None)
    assert found["time"] == (7, pytest.approx(middle), pytest.approx(sd))
    assert found["ease"] == (10, 5.5, 1.2)
    again = bring(header, "T1 10 7 60 30 5.5 1.2")
    assert (again.stored, again.already_here) == (0, 3)


@pytest.mark.parametrize("share", ["0.7", "70%", "69.8%"])
def test_a_share_becomes_a_whole_number_of_tries(database, bring, share):
    bring("task n success_rate", f"T1 10 {share}")
    assert sums(database) == {"success": (10, 0.7, None)}


def test_shares_under_the_name_completed_are_known_by_their_looks(database, bring):
    bring("task n completed segment", "T1 10 0.5 parents", "T1 4 1 couples")
    with database.reading() as session:
        rows = session.execute(select(Segment.code, TrialSummary.value).join(Segment))
        assert dict(rows.tuples().all()) == {"parents": 0.5, "couples": 1.0}


def test_sums_that_cannot_be_are_refused(database, bring):
    header = "task n completed seconds seconds_sd geometric_seconds"
    report = bring(header, "T1 10 11 - - -", "T1 0 0 - - -", "T1 10 7 60 - -", "T1 10 0 - - 60", "T2 10 7 - - 60")
    assert [(row, field) for row, field, _ in refused(report)] == [
        (2, "completed"), (3, "n"), (4, "seconds"), (5, "geometric_seconds"),
    ]  # fmt: skip
    assert sums(database)["time"] == (7, 60, None)


def test_moments_of_log_normal_times_come_back():
    """Drawn with known parameters: mean and sd of 400,000 times give the sd of logs and the geometric mean back."""
    drawn = np.random.default_rng(1).lognormal(math.log(60), 0.5, 400_000)
    middle, sd = log_normal(float(drawn.mean()), float(drawn.std()))
    assert (middle, sd) == (pytest.approx(60, rel=0.01), pytest.approx(0.5, rel=0.01))
    assert log_sd_beside_geometric_mean(60, float(drawn.std())) == pytest.approx(0.5, rel=0.01)


def test_columns_that_do_not_make_trials_say_what_is_missing():
    with pytest.raises(ColumnsUnclear, match=r"no column for respondent in the header task, completed"):
        trial_columns(["task", "completed"])
    with pytest.raises(ColumnsUnclear, match=r"no column for task, completed"):
        trial_columns(["participant", "mood"])
    with pytest.raises(ColumnsUnclear, match=r"no column 'Zeit'; the closest is 'Zeiten'"):
        trial_columns(["participant", "task", "Zeiten"], given={"seconds": "Zeit"})
    with pytest.raises(ColumnsUnclear, match=r"'speed' is not a field of trials"):
        trial_columns(["participant", "task", "done"], given={"speed": "done"})


def test_a_given_column_wins_over_the_guess():
    columns = trial_columns(["who", "task", "done", "time", "T2"], given={"respondent": "Who", "seconds": "T2"})
    assert (columns.fields["respondent"], columns.fields["seconds"]) == ("who", "T2")


def test_items_of_questionnaires_are_known_by_their_names():
    header = ["SUS_01", "sus 2", "SUS Q10", "SUS11", "UMUX-Lite 1", "umux_lite_q2", "UX-Lite usefulness", "uxlite_ease"]
    assert questionnaire_columns(header) == {
        "sus_1": "SUS_01", "sus_2": "sus 2", "sus_10": "SUS Q10", "umux_lite_1": "UMUX-Lite 1",
        "umux_lite_2": "umux_lite_q2", "ux_lite_2": "UX-Lite usefulness", "ux_lite_1": "uxlite_ease",
    }  # fmt: skip


def test_ten_sus_items_beside_trials_are_one_rating_a_person(database, bring):
    items = " ".join(f"SUS{n}" for n in range(1, 11))
    report = bring(
        f"participant task completed {items} umux_lite_1 umux_lite_2",
        "p1 T1 yes 4 2 4 2 4 2 4 2 4 2 6 5",
        "p1 T2 yes 4 2 4 2 4 2 4 2 4 2 - -",
        "p2 T1 yes 3 3 3 3 3 3 3 3 3 - - -",
        "p3 T1 yes - - - - - - - - - - - -",
    )
    with database.reading() as session:
        rows = session.execute(select(Metric.code, Rating.value).join(Metric)).tuples().all()
    assert dict(rows) == {"SUS": 75.0, "UMUX-LITE": 75.0}
    assert len(rows) == 2
    assert [(row, field) for row, field, _ in refused(report)] == [(4, "SUS10")]
    assert len(trials(database)) == 3
    assert "System Usability Scale from 10 items on 5 points" in report.notes


def test_a_sus_with_nine_columns_is_refused_as_a_whole(bring):
    items = " ".join(f"SUS{n}" for n in range(1, 10))
    with pytest.raises(ColumnsUnclear, match="no column for item 10"):
        bring(f"participant {items}", "p1 4 2 4 2 4 2 4 2 4")


def test_umux_lite_may_have_five_points(database, bring):
    bring("participant umux_lite_1 umux_lite_2", "p1 4 5", points={"umux_lite": 5})
    with database.reading() as session:
        assert session.scalar(select(Rating.value)) == 87.5


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", ""]), st.sampled_from(["T1", "Share the plan", "T9", ""]),
        st.sampled_from(["yes", "0", "", "maybe"]), st.sampled_from(["75", "1:15", "-3", ""]),
        st.sampled_from(["parents", "couples", "nobody", ""]),
    ),
    max_size=10,
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(ROWS)
def test_every_row_is_accounted_for_and_importing_twice_changes_nothing(database, pseudonyms, rows):
    header = ("respondent", "task", "completed", "seconds", "segment")
    source = Table(header, tuple(Row(number, row) for number, row in enumerate(rows, 2)))
    dry = import_trials(database, pseudonyms, "2025-Q1", source, dry_run=True)
    first = import_trials(database, pseudonyms, "2025-Q1", source)
    before = trials(database)
    again = import_trials(database, pseudonyms, "2025-Q1", source)
    assert trials(database) == before
    assert (dry.stored, dry.already_here, dry.refused) == (first.stored, first.already_here, first.refused)
    assert (again.stored, again.refused) == (0, first.refused)
    assert first.read == first.stored + first.already_here + first.outside + first.skipped + len(first.refused)
