"""Answers come in once, and every row that does not is accounted for."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from ingest.readers.base import Row, Table
from insightrepo.models import Answer, Respondent, Score, Wave
from insightrepo.scores.intake.columns import AnswerColumns, ColumnsUnclear, resolved
from insightrepo.scores.intake.importing import Scale, import_answers
from insightrepo.scores.waves.waves import WaveDiffers

SHORT = "respondent outcome satisfaction"


def stored(database):
    """All answers as (satisfaction, its reason, importance, its reason)."""
    with database.reading() as session:
        columns = (Answer.satisfaction, Answer.satisfaction_missing, Answer.importance, Answer.importance_missing)
        return [tuple(row) for row in session.execute(select(*columns).order_by(Answer.id))]


def only_refusal(report):
    (refused,) = report.refused
    return refused


@pytest.mark.parametrize("outcome", ["TRIP-1", "trip-1", "Find a place for everyone", "WHERE to  go"])
def test_an_outcome_is_known_by_code_name_or_alias(database, pseudonyms, outcome):
    report = import_answers(
        database, pseudonyms, "2025-Q1", Table(tuple(SHORT.split()), (Row(2, ("a", outcome, "4")),))
    )
    assert (report.read, report.stored, report.refused) == (1, 1, [])


def test_an_unknown_outcome_is_refused_with_row_field_value_and_the_closest_code(database, pseudonyms, table):
    report = import_answers(database, pseudonyms, "2025-Q1", table(SHORT, "a TRIP-1 4", "b TRIP-11 4"))
    refused = only_refusal(report)
    assert (refused.row, refused.field, report.stored) == (3, "outcome", 1)
    assert "'TRIP-11'" in refused.cause
    assert "TRIP-1 " in refused.cause


def test_an_alias_of_two_outcomes_is_refused(database, pseudonyms, table):
    report = import_answers(database, pseudonyms, "2025-Q1", table(SHORT, "a shared 4"))
    assert "TRIP-2, TRIP-3" in only_refusal(report).cause


def test_a_cell_of_several_labels_is_an_answer_for_each(database, pseudonyms, table):
    report = import_answers(
        database, pseudonyms, "2025-Q1", table(SHORT, "a TRIP-1|money|TRIP-1 4", "b TRIP-2|nothing-such 2", "c - 1")
    )
    assert (report.read, report.stored, report.skipped) == (3, 3, 1)
    assert only_refusal(report).row == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [("4", (4, None)), ("4.0", (4, None)), ("", (None, "not_asked")), ("DK", (None, "dont_know")),
     ("Don't know", (None, "dont_know")), ("n/a", (None, "dont_know")), ("weiß nicht", (None, "dont_know"))],
)  # fmt: skip
def test_not_asked_and_not_known_are_told_apart(database, pseudonyms, text, expected):
    source = Table(tuple(SHORT.split()), (Row(2, ("a", "TRIP-1", text)),))
    report = import_answers(database, pseudonyms, "2025-Q1", source, dont_know=["Weiß nicht"])
    assert (stored(database), report.refused) == ([(*expected, None, "not_asked")], [])


@pytest.mark.parametrize("text", ["0", "6", "4.5", "four", "nan", "inf", "-1"])
def test_what_is_not_a_point_of_the_scale_is_refused(database, pseudonyms, table, text):
    report = import_answers(database, pseudonyms, "2025-Q1", table(SHORT, f"a TRIP-1 {text}"))
    refused = only_refusal(report)
    assert (refused.row, refused.field, report.stored) == (2, "satisfaction", 0)
    assert text in refused.cause
    assert "from 1 to 5" in refused.cause


def test_a_respondent_answers_once_for_an_outcome_and_product(database, pseudonyms, table):
    header = "respondent outcome satisfaction product"
    rows = ("a TRIP-1 4 search", "a TRIP-1 2 search", "a TRIP-1 2 booking", "a TRIP-1 4 search")
    report = import_answers(database, pseudonyms, "2025-Q1", table(header, *rows))
    assert (report.stored, report.already_here) == (2, 1)
    refused = only_refusal(report)
    assert (refused.row, refused.field) == (3, "respondent")
    assert "TRIP-1 is already here with another satisfaction" in refused.cause


def test_answers_outside_the_wave_are_counted_and_not_refused(database, pseudonyms, table):
    header = "respondent outcome satisfaction date"
    rows = ("a TRIP-1 4 2025-01-01", "b TRIP-1 4 2025-03-31", "c TRIP-1 4 2025-04-01", "d TRIP-1 4 2024-Q4",
            "e TRIP-1 4 2025-Q1", "f TRIP-1 4 2025", "g TRIP-1 4 -", "h TRIP-1 4 soon")  # fmt: skip
    report = import_answers(database, pseudonyms, "2025-Q1", table(header, *rows))
    assert (report.stored, report.outside, len(report.refused)) == (4, 3, 1)
    assert (only_refusal(report).row, only_refusal(report).field) == (9, "date")


def test_a_file_of_several_quarters_goes_into_several_waves(database, pseudonyms, table):
    rows = table("respondent outcome satisfaction date", "a TRIP-1 4 2025-02-01", "a TRIP-1 2 2025-05-01")
    first = import_answers(database, pseudonyms, "2025-Q1", rows)
    second = import_answers(database, pseudonyms, "2025-Q2", rows)
    assert [(report.stored, report.outside) for report in (first, second)] == [(1, 1), (1, 1)]
    with database.reading() as session:
        assert session.scalar(select(func.count(Respondent.id))) == 1


def test_a_moment_counts_on_its_day_in_the_workspace(database, pseudonyms, table):
    rows = table("respondent outcome satisfaction date", "a TRIP-1 4 2025-03-31T23:30:00+00:00")
    report = import_answers(database, pseudonyms, "2025-Q1", rows, timezone="Europe/Berlin")
    assert (report.stored, report.outside) == (0, 1)


def test_who_answered_is_stored_only_as_a_keyed_hash(database, pseudonyms, table):
    import_answers(database, pseudonyms, "2025-Q1", table(SHORT, "mia@example.com TRIP-1 4"))
    with database.reading() as session:
        assert session.scalars(select(Respondent.key)).all() == [pseudonyms.key("mia@example.com")]


def test_a_missing_respondent_is_refused(database, pseudonyms, table):
    report = import_answers(database, pseudonyms, "2025-Q1", table(SHORT, "- TRIP-1 4"))
    assert (only_refusal(report).field, report.stored) == ("respondent", 0)


def test_a_row_id_stands_in_for_the_respondent_within_its_wave(database, pseudonyms, table):
    rows = table("id theme rating", "1 TRIP-1 4", "2 TRIP-1 4")
    columns = AnswerColumns(row="id")
    assert import_answers(database, pseudonyms, "2025-Q1", rows, columns=columns).stored == 2
    assert import_answers(database, pseudonyms, "2025-Q2", rows, columns=columns).stored == 2
    with database.reading() as session:  # row 1 of another quarter is somebody else
        assert session.scalar(select(func.count(Respondent.id))) == 4


def test_an_unknown_segment_or_product_is_refused(database, pseudonyms, table):
    header = "respondent outcome satisfaction segment product"
    report = import_answers(
        database, pseudonyms, "2025-Q1", table(header, "a TRIP-1 4 parent search", "b TRIP-1 4 - searching")
    )
    assert [(refused.row, refused.field) for refused in report.refused] == [(2, "segment"), (3, "product")]
    assert "parents" in report.refused[0].cause


def test_the_low_end_may_be_best(database, pseudonyms, table):
    rows = [f"r{n} TRIP-1 {1 if n < 6 else 4}" for n in range(10)]
    import_answers(database, pseudonyms, "2025-Q1", table(SHORT, *rows), scale=Scale(1, 5, "low"))
    with database.reading() as session:
        assert session.scalar(select(Score.value)) == pytest.approx(60)


def test_a_wave_of_another_scale_is_refused_and_keeps_its_own_when_none_is_given(database, pseudonyms, table):
    import_answers(database, pseudonyms, "2025-Q1", table(SHORT, "a TRIP-1 9"), scale=Scale(1, 10))
    assert import_answers(database, pseudonyms, "2025-Q1", table(SHORT, "b TRIP-1 10")).stored == 1
    with pytest.raises(WaveDiffers, match="1 to 10"):
        import_answers(database, pseudonyms, "2025-Q1", table(SHORT, "c TRIP-1 5"), scale=Scale(1, 5))


def test_a_wave_may_be_given_its_days(database, pseudonyms, table):
    days = {"first_day": dt.date(2025, 3, 1), "last_day": dt.date(2025, 5, 31)}
    import_answers(database, pseudonyms, "spring", table(SHORT, "a TRIP-1 4"), **days)
    with database.reading() as session:
        assert session.scalar(select(Wave.last_day)) == days["last_day"]


def test_columns_are_guessed_from_the_header():
    columns = resolved(["Participant ID", "Theme", "Rating", "Service", "Answered on", "Comment"])
    assert columns == AnswerColumns(
        respondent="Participant ID", outcome="Theme", satisfaction="Rating", product="Service", date="Answered on"
    )


def test_a_given_column_is_found_whatever_its_case():
    assert resolved(["Who", "Outcome", "SAT"], AnswerColumns(respondent="who")).respondent == "Who"


def test_a_missing_column_names_the_option_and_the_header():
    with pytest.raises(ColumnsUnclear, match=r"respondent, satisfaction in the header outcome, when.*--respondent"):
        resolved(["outcome", "when"])


def test_a_given_column_that_is_not_there_names_the_closest():
    with pytest.raises(ColumnsUnclear, match="'respondent'"):
        resolved(SHORT.split(), AnswerColumns(respondent="respondents"))


def test_an_interrupted_import_is_finished_by_the_next(database, pseudonyms, table):
    """Answers that were stored without the scores being computed are found by the counts in the definition."""
    rows = [f"r{n} TRIP-1 5" for n in range(10)]
    import_answers(database, pseudonyms, "2025-Q1", table(SHORT, *rows[:6]))
    import_answers(database, pseudonyms, "2025-Q1", table(SHORT, *rows))
    with database.writing() as session:  # as if killed before the last computing
        wave = session.scalar(select(Wave))
        wave.definition = {**wave.definition, "inputs": {**wave.definition["inputs"], "answer": 6}}
    report = import_answers(database, pseudonyms, "2025-Q1", table(SHORT, *rows))
    assert (report.stored, report.already_here, report.scores) == (0, 10, 1)


def test_answers_that_come_late_into_an_earlier_wave_renew_the_later_one(database, pseudonyms, table):
    early = [f"a{n} TRIP-1 {5 if n < 5 else 1}" for n in range(40)]
    late = [f"b{n} TRIP-1 {5 if n < 35 else 1}" for n in range(40)]
    import_answers(database, pseudonyms, "2025-Q2", table(SHORT, *late))
    import_answers(database, pseudonyms, "2025-Q1", table(SHORT, *early))
    with database.reading() as session:
        later = session.scalar(select(Score).join(Wave, Wave.id == Score.wave_id).where(Wave.code == "2025-Q2"))
        assert (later.verdict, later.previous_wave.code) == ("better", "2025-Q1")


def test_more_answers_than_fit_one_transaction(database, pseudonyms):
    rows = tuple(Row(n, (f"r{n}", f"TRIP-{n % 3 + 1}", str(n % 5 + 1))) for n in range(2, 2502))
    report = import_answers(database, pseudonyms, "2025-Q1", Table(tuple(SHORT.split()), rows))
    assert (report.stored, len(stored(database))) == (2500, 2500)


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", ""]), st.sampled_from(["TRIP-1", "TRIP-2|money", "nothing", ""]),
        st.sampled_from(["1", "5", "dk", "", "nine"]), st.sampled_from(["2025-02-01", "2025-09-01", ""]),
    ),
    max_size=12,
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(ROWS)
def test_importing_twice_changes_nothing(database, pseudonyms, rows):
    header = ("respondent", "outcome", "satisfaction", "date")
    source = Table(header, tuple(Row(number, row) for number, row in enumerate(rows, 2)))
    first = import_answers(database, pseudonyms, "2025-Q1", source)
    before = stored(database)
    again = import_answers(database, pseudonyms, "2025-Q1", source)
    assert stored(database) == before
    assert (again.stored, again.refused) == (0, first.refused)
    assert again.already_here == first.stored + first.already_here
    assert (again.read, again.outside, again.skipped) == (first.read, first.outside, first.skipped)
