"""A row a respondent or a row an answer: the same answers give the same database; refused cells wait and come back."""

from __future__ import annotations

import csv
import io

import pandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import case, delete, func, select

from ingest.readers.base import Row, SourceFile, Table
from insightrepo.accounts.access import Reader
from insightrepo.models import (
    Answer,
    Instrument,
    Membership,
    Outcome,
    QuarantinedRow,
    Respondent,
    Score,
    Segment,
    Wave,
)
from insightrepo.scores.intake.columns import AnswerColumns
from insightrepo.scores.intake.importing import import_answers
from insightrepo.scores.intake.quarantine import Keeping, as_csv, as_table, waiting_rows
from insightrepo.scores.intake.survey_files import read_survey
from insightrepo.scores.waves.waves import find_wave

WAVE = "2025-Q1"
CODES = ("TRIP-1", "TRIP-2", "TRIP-3")
WIDE = ("respondent", "household", *(f"{code}.{word}" for code in CODES for word in ("sat", "imp")))
RITA = Reader(0, "rita@example.com", "researcher")
KEEPING = Keeping("wave.csv", str)


@pytest.fixture
def bring(database, pseudonyms):
    def do(table, **options):
        return import_answers(database, pseudonyms, WAVE, table, **options)

    return do


def contents(database):
    """Answers, memberships and scores without ids."""
    who, outcome, segment = Respondent.key, Outcome.code, Segment.code
    names = ("identity", "satisfaction", "satisfaction_missing", "importance", "importance_missing", "answered_on")
    answers = select(who, outcome, *(getattr(Answer, name) for name in names))
    answers = answers.select_from(Answer).join(Respondent).join(Outcome, Outcome.id == Answer.outcome_id)
    members = select(who, segment).select_from(Membership).join(Respondent).join(Segment)
    drawn = Score.measure == "opportunity"  # its interval is a bootstrap's, seeded by the wave's id: another each time
    low, high = (case((drawn, None), else_=column) for column in (Score.low, Score.high))
    scores = select(Score.outcome_id, Score.segment_id, Score.measure, Score.value, low, high, Score.n)
    with database.reading() as session:
        return tuple(sorted(map(tuple, session.execute(query)), key=str) for query in (answers, members, scores))


def emptied(database):
    with database.writing() as session:
        for model in (QuarantinedRow, Score, Answer, Membership, Wave, Respondent):
            session.execute(delete(model))


PEOPLE = st.dictionaries(
    st.integers(1, 8),
    st.tuples(
        st.sampled_from(["parents", "couples", ""]),
        st.dictionaries(
            st.sampled_from(CODES),
            st.tuples(st.sampled_from(["1", "4", "5", "dk"]), st.sampled_from(["", "2", "5", "dk", "not asked"])),
        ),
    ),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(PEOPLE)
def test_wide_and_long_imports_of_the_same_answers_give_the_same_database(database, bring, people):
    wide, long = [], []
    for number, (segment, answers) in people.items():
        cells = [cell for code in CODES for cell in answers.get(code, ("", ""))]
        wide.append(Row(number + 1, (f"r{number}", segment, *cells)))
        for code, (sat, imp) in answers.items():
            long.append(Row(len(long) + 2, (f"r{number}", segment, code, sat, imp)))
    found = []
    header = ("respondent", "household", "outcome", "satisfaction", "importance")
    for table in (Table(WIDE, tuple(wide)), Table(header, tuple(long))):
        emptied(database)
        first = bring(table)
        again = bring(table)
        assert first.refused == again.refused == []
        assert (again.stored, again.already_here) == (0, first.stored)
        found.append(contents(database))
    assert found[0] == found[1]
    assert len(found[0][0]) == len(long)


def test_a_wide_report_counts_rows_of_the_file_and_names_its_columns(database, bring):
    rows = (
        ("a", "parents", "4", "5", "", "", "9", "1"),
        ("b", "", "", "", "", "", "", ""),
        ("", "", "4", "", "", "", "", ""),
    )
    report = bring(Table(WIDE, tuple(Row(n, row) for n, row in enumerate(rows, 2))))
    assert (report.read, report.stored, report.skipped) == (3, 1, 1)
    assert [(one.row, one.field) for one in report.refused] == [(2, "TRIP-3.sat"), (4, "respondent")]
    assert report.notes == ["each row is a respondent: satisfaction of 3 outcomes, importance of 3 outcomes"]
    assert report.columns["household"] == "household"
    assert {(item.column, item.outcome) for item in report.items} >= {("TRIP-1.sat", "TRIP-1")}


def test_rows_outside_of_the_wave_are_counted_once(bring):
    header = ("id", "EndDate", "TRIP-1.sat", "TRIP-2.sat")
    rows = (("1", "2025-07-01 10:00:00", "4", "5"), ("2", "2025-02-01 10:00:00", "4", "5"))
    report = bring(Table(header, tuple(Row(n, row) for n, row in enumerate(rows, 2))))
    assert (report.outside, report.stored) == (1, 2)
    assert (report.columns["row"], report.columns["ended"]) == ("id", "EndDate")


def test_what_ended_before_it_started_is_refused(bring):
    header = ("respondent", "outcome", "satisfaction", "StartDate", "EndDate")
    row = ("a", "TRIP-1", "4", "2025-02-02 10:00:00", "2025-02-02 09:00:00")
    (refused,) = bring(Table(header, (Row(2, row),))).refused
    assert refused.field == "EndDate"
    assert "before it started" in refused.cause


@pytest.mark.parametrize(
    ("text", "point"), [("5 - Completely", 5), ("2: hardly", 2), ("4 (good)", 4), ("Completely satisfied", 5)]
)
def test_a_point_may_come_with_its_label_or_as_the_name_of_an_end(database, bring, text, point):
    header = ("respondent", "outcome", "satisfaction")
    bring(Table(header, (Row(2, ("x", "TRIP-1", "1")),)))
    with database.writing() as session:
        session.scalars(select(Instrument)).one().high_label = "Completely satisfied"
    assert bring(Table(header, (Row(2, ("a", "TRIP-1", text)),))).refused == []
    with database.reading() as session:
        assert session.scalars(select(Answer.satisfaction).order_by(Answer.id)).all() == [1, point]


@pytest.mark.parametrize("text", ["5 of 7", "4 5", "5th", "45 - x"])
def test_what_only_looks_like_a_labelled_point_is_refused(bring, text):
    report = bring(Table(("respondent", "outcome", "satisfaction"), (Row(2, ("a", "TRIP-1", text)),)))
    assert len(report.refused) == 1


def test_an_spss_file_goes_in_with_its_labels_and_its_missing_codes(database, bring, tmp_path):
    import pyreadstat

    frame = pandas.DataFrame({"caseid": [1, 2, 3], "TRIP_1_sat": [5, 99, 4], "v3": [98.0, 2, float("nan")],
                              "household": [1.0, 2, 1]})  # fmt: skip
    pyreadstat.write_sav(
        frame, tmp_path / "w.sav", column_labels=["", "", "How important is it: find a place for everyone", ""],
        variable_value_labels={"TRIP_1_sat": {99: "Don't know"}, "household": {1: "Parents", 2: "Couples"},
                               "v3": {98: "Not asked"}},
        missing_ranges={"TRIP_1_sat": [99], "v3": [98]},
    )  # fmt: skip
    survey = read_survey(SourceFile("w.sav", (tmp_path / "w.sav").read_bytes()), 10**6)
    report = bring(survey)
    assert report.refused == []
    assert any("'v3' is the importance of TRIP-1" in note for note in report.notes)
    with database.reading() as session:
        columns = (Answer.satisfaction, Answer.satisfaction_missing, Answer.importance, Answer.importance_missing)
        assert [tuple(row) for row in session.execute(select(*columns).order_by(Answer.id))] == [
            (5, None, None, "not_asked"), (None, "dont_know", 2, None), (4, None, None, "not_asked"),
        ]  # fmt: skip
        codes = session.execute(select(Segment.code, func.count()).join(Membership).group_by(Segment.code)).tuples()
        assert dict(codes.all()) == {"parents": 2, "couples": 1}


def test_a_dry_run_of_answers_writes_nothing_and_says_the_same(database, bring):
    rows = (("a", "parents", "4", "5", "9", "", "", ""), ("a", "couples", "4", "5", "", "", "", ""),
            ("a", "parents", "3", "5", "", "", "", ""))  # fmt: skip
    table = Table(WIDE, tuple(Row(n, row) for n, row in enumerate(rows, 2)))
    dry = bring(table, dry_run=True)
    with database.reading() as session:
        assert [session.scalar(select(func.count()).select_from(model)) for model in (Wave, Instrument, Answer)] == [
            0
        ] * 3
    wet = bring(table)
    assert (dry.stored, dry.already_here, dry.refused) == (wet.stored, wet.already_here, wet.refused)
    assert (wet.stored, len(wet.refused)) == (1, 3)


def waiting(database):
    with database.reading() as session:
        return waiting_rows(session, RITA, find_wave(session, WAVE))


def test_a_refused_cell_of_a_wide_table_waits_and_is_repaired_alone(database, pseudonyms, bring):
    rows = (Row(2, ("a", "parents", "9", "", "8", "", "4", "")),)
    bring(Table(WIDE, rows), keeping=KEEPING)
    first, second = waiting(database)
    assert first.values == {
        "respondent": pseudonyms.token(pseudonyms.key("a")), "household": "parents", "outcome": "TRIP-1",
        "satisfaction": "9", "importance": "",
    }  # fmt: skip
    assert (first.field, second.field) == ("TRIP-1.sat", "TRIP-2.sat")
    report = bring(as_table(first, {"satisfaction": "5"}), keeping=KEEPING)
    assert (report.stored, report.refused) == (1, [])
    assert [row.id for row in waiting(database)] == [second.id]
    bring(Table(WIDE, (Row(2, ("a", "parents", "5", "", "2", "", "4", "")),)), keeping=KEEPING)  # the file, repaired
    assert waiting(database) == []
    with database.reading() as session:
        assert sorted(session.scalars(select(Answer.satisfaction))) == [2, 4, 5]
        assert session.scalar(select(func.count(Respondent.id))) == 1


def test_a_download_of_long_rows_keeps_columns_of_segments_of_any_name(database, bring):
    columns = AnswerColumns(segment="home", segments=("since",))
    header = ("respondent", "outcome", "satisfaction", "home", "since")
    bring(Table(header, (Row(2, ("a", "TRIP-1", "9", "parents", "new")),)), columns=columns, keeping=KEEPING)
    header, cells = csv.reader(io.StringIO(as_csv(waiting(database))))
    repaired = ["4" if name == "satisfaction" else cell for name, cell in zip(header, cells, strict=True)]
    report = bring(Table(tuple(header), (Row(2, tuple(repaired)),)), keeping=KEEPING)
    assert (report.stored, report.refused, waiting(database)) == (1, [], [])
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Membership)) == 2
