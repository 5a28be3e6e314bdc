"""Tables with a row a respondent and a column a question, whatever the survey tool calls its columns."""

from __future__ import annotations

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers.base import Row, SourceFile, Table, Unreadable
from insightrepo.scores.intake.survey_files import read_survey, unfolded
from insightrepo.scores.intake.wide import Item, LayoutUnclear, OutcomeWords, find_items, to_long

OUTCOMES = (
    OutcomeWords("CXO-1", ("Find a place for everyone", "where to go")),
    OutcomeWords("CXO-12", ("Agree on a date that suits all",)),
    OutcomeWords("CXO-12-B", ("Keep within the budget of the family", "money")),
)
LIMIT = 10_000_000


def items_of(*header, wording=None):
    """(outcome, measure) by column, as it was recognised."""
    items, _ = find_items(header, wording or ("",) * len(header), OUTCOMES)
    return {item.column: (item.outcome, item.measure) for item in items}


@pytest.mark.parametrize("sign", [".", "_", "-", ":", " ", "__"])
@pytest.mark.parametrize("code", ["CXO-12", "cxo_12", "CXO12", "CXO-12-B"])
@pytest.mark.parametrize(
    ("word", "measure"),
    [("sat", "satisfaction"), ("imp", "importance"), ("Satisfaction", "satisfaction"), ("IMPORTANCE", "importance")],
)
def test_a_code_is_known_with_any_sign_and_the_measure_before_or_behind(sign, code, word, measure):
    expected = ("CXO-12-B" if code.endswith("B") else "CXO-12", measure)
    column, turned = f"{code}{sign}{word}", f"{word}{sign}{code}"
    assert items_of(column) == {column: expected}
    assert items_of(turned) == {turned: expected}


def test_a_bare_code_is_satisfaction_and_a_code_within_another_is_the_longer_one():
    assert items_of("CXO-1", "CXO-12") == {"CXO-1": ("CXO-1", "satisfaction"), "CXO-12": ("CXO-12", "satisfaction")}


@pytest.mark.parametrize("column", ["CXO-12_comment", "CXO-1_sat_why", "date", "satisfaction", "respondent", "NPS"])
def test_what_is_no_rating_of_an_outcome_is_left_alone(column):
    assert items_of(column) == {}


def test_the_words_of_the_outcome_do_where_there_is_no_code():
    header = (
        "How satisfied are you when you: find a place for everyone?",
        "How important is it to you to agree on a date that suits all",
        "Importance – where to go",
        "How satisfied are you with the weather?",
        "Find a place for everyone",
    )
    assert items_of(*header) == {
        header[0]: ("CXO-1", "satisfaction"),
        header[1]: ("CXO-12", "importance"),
        header[2]: ("CXO-1", "importance"),
    }


def test_a_wording_with_a_slip_is_still_known():
    question = "How satisfied are you: keep within the budgets of the family"
    assert items_of(question) == {question: ("CXO-12-B", "satisfaction")}


def test_the_wording_under_a_tools_own_code_names_the_outcome():
    wording = ("CXO-12.sat: How satisfied are you?", "CXO-1: how important is this")
    assert items_of("Q7_1", "Q7_2", wording=wording) == {
        "Q7_1": ("CXO-12", "satisfaction"),
        "Q7_2": ("CXO-1", "importance"),
    }


def test_two_columns_that_ask_the_same_are_refused_by_name():
    with pytest.raises(LayoutUnclear, match=r"satisfaction of CXO-1: 'CXO-1_sat' and 'sat\.CXO-1'"):
        items_of("CXO-1_sat", "sat.CXO-1")


def test_a_column_that_looks_like_an_item_of_no_known_outcome_is_named():
    assert find_items(("CXO-99_sat", "note"), ("", ""), OUTCOMES) == ((), ("CXO-99_sat",))


def test_a_row_a_respondent_becomes_a_row_an_outcome():
    table = Table(
        ("id", "CXO-1_sat", "CXO-1_imp", "CXO-12_sat", "group"),
        (Row(2, ("a", "4", "5", "", "new")), Row(3, ("b", "", "dk", "1", "old"))),
    )
    items, _ = find_items(table.header, ("",) * 5, OUTCOMES)
    long = to_long(table, items, {"id": "respondent", "group": "segment"})
    assert long.header == ("respondent", "segment", "outcome", "satisfaction", "importance")
    assert [(row.number, *row.values) for row in long.rows] == [
        (2, "a", "new", "CXO-1", "4", "5"),
        (3, "b", "old", "CXO-1", "", "dk"),
        (3, "b", "old", "CXO-12", "1", ""),
    ]


ANSWERS = st.dictionaries(
    st.tuples(st.integers(1, 6), st.sampled_from([outcome.code for outcome in OUTCOMES])),
    st.tuples(st.sampled_from(["1", "5", "dk"]), st.sampled_from(["", "3", "dk"])),
)


@given(ANSWERS)
def test_every_answer_of_a_wide_table_is_in_the_long_one_and_nothing_else(answers):
    header = ("who", *(f"{one.code}.{word}" for one in OUTCOMES for word in ("sat", "imp")))
    rows = []
    for who in range(1, 7):
        cells = [cell for one in OUTCOMES for cell in answers.get((who, one.code), ("", ""))]
        rows.append(Row(who + 1, (str(who), *cells)))
    items, _ = find_items(header, ("",) * len(header), OUTCOMES)
    long = to_long(Table(header, tuple(rows)), items, {"who": "respondent"})
    assert {(int(who), code): (sat, imp) for _, (who, code, sat, imp) in _cells(long)} == answers
    assert len(long.rows) == len(answers)


def _cells(table):
    return [(row.number, row.values) for row in table.rows]


QUALTRICS = (
    "StartDate,ResponseId,QID1_1,QID1_2,QID2_1\n"
    'Start Date,Response ID,"How satisfied are you - Find a place for everyone",'
    '"How satisfied are you - Agree on a date that suits all","How important is it - Find a place for everyone"\n'
    '"{""ImportId"":""startDate""}","{""ImportId"":""_recordId""}","{""ImportId"":""QID1_1""}","{""ImportId"":""x""}",'
    '"{""ImportId"":""QID2_1""}"\n'
    "2025-02-01 10:00:00,R_1,4,2,5\n2025-02-02 11:00:00,R_2,5,,3\n"
)
SURVEYMONKEY = (
    "Respondent ID,Start Date,How satisfied are you?,,How important is it?,Anything else?\n"
    ",,Find a place for everyone,Agree on a date that suits all,Find a place for everyone,Open-Ended Response\n"
    "11,02/14/2025,4,2,5,nice\n12,02/15/2025,5,1,3,\n"
)


def test_three_header_rows_as_qualtrics_writes_them():
    file = read_survey(SourceFile("export.csv", QUALTRICS.encode()), LIMIT)
    assert [row.number for row in file.table.rows] == [4, 5]
    items, _ = find_items(file.table.header, file.wording, OUTCOMES)
    assert [(item.column, item.outcome, item.measure) for item in items] == [
        ("QID1_1", "CXO-1", "satisfaction"),
        ("QID1_2", "CXO-12", "satisfaction"),
        ("QID2_1", "CXO-1", "importance"),
    ]


def test_questions_with_sub_questions_under_them_as_surveymonkey_writes_them():
    file = read_survey(SourceFile("export.csv", SURVEYMONKEY.encode()), LIMIT)
    assert [row.number for row in file.table.rows] == [3, 4]
    items, _ = find_items(file.table.header, file.wording, OUTCOMES)
    assert [(item.outcome, item.measure) for item in items] == [
        ("CXO-1", "satisfaction"),
        ("CXO-12", "satisfaction"),
        ("CXO-1", "importance"),
    ]
    assert file.table.header[-1] == "Anything else?"


def test_codes_with_the_wording_under_them():
    text = "id;CXO-1.sat;CXO-1.imp\nthe respondent;How satisfied are you?;How important is it?\na;4;5\nb;2;1\n"
    file = read_survey(SourceFile("export.csv", text.encode()), LIMIT)
    assert [row.values for row in file.table.rows] == [("a", "4", "5"), ("b", "2", "1")]


@pytest.mark.parametrize(
    "first", [("a", "TRIP", "four", "very much"), ("a", "TRIP", "9", "x"), ("", "TRIP", "very good", "very good")]
)
def test_a_first_row_with_slips_in_it_is_not_taken_for_a_header(first):
    rows = (Row(2, first), *(Row(n, (f"r{n}", "TRIP", "4", "5")) for n in range(3, 9)))
    table = Table(("respondent", "outcome", "satisfaction", "importance"), rows)
    assert unfolded(table).table == table


@pytest.fixture
def spss(tmp_path):
    """Writes a .sav file and gives it as it is uploaded."""

    def make(frame, **about):
        import pyreadstat

        path = tmp_path / "file.sav"
        pyreadstat.write_sav(pandas.DataFrame(frame), path, **about)
        return SourceFile("file.sav", path.read_bytes())

    return make


def test_an_spss_file_gives_codes_labels_and_both_kinds_of_nothing(spss):
    file = spss(
        {"id": ["a", "b", "c"], "CXO_12_sat": [4, 99, float("nan")], "v2": [98.0, 3, 5], "group": [1.0, 2, 1]},
        column_labels=["Id", "", "How important is it: find a place for everyone", "Group"],
        variable_value_labels={
            "CXO_12_sat": {1: "Not at all", 99: "Don't know"}, "v2": {98: "Not asked"}, "group": {1: "New", 2: "Old"},
        },
        missing_ranges={"CXO_12_sat": [99], "v2": [{"lo": 90, "hi": 99}]},
    )  # fmt: skip
    read = read_survey(file, LIMIT)
    items, _ = find_items(read.table.header, read.wording, OUTCOMES)
    assert items == (
        Item("CXO_12_sat", "CXO-12", "satisfaction"),
        Item("v2", "CXO-1", "importance", "wording"),
    )
    table = read.labelled([item.column for item in items])
    assert [row.values for row in table.rows] == [
        ("a", "4", "", "New"),
        ("b", "don't know", "3", "Old"),
        ("c", "", "5", "New"),
    ]


def test_a_declared_missing_code_without_a_label_is_dont_know(spss):
    file = spss({"id": ["a"], "v": [9.0]}, missing_ranges={"v": [9]})
    assert read_survey(file, LIMIT).table.rows[0].values == ("a", "don't know")


@pytest.mark.parametrize(("name", "data"), [("x.sav", b"$FL2 nonsense"), ("x.docx", b"PK"), ("x.csv", b"")])
def test_what_cannot_be_read_says_so_with_its_name(name, data):
    with pytest.raises(Unreadable, match=f"^{name}: "):
        read_survey(SourceFile(name, data), LIMIT)
