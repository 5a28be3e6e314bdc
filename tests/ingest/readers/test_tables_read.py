"""Delimited files and workbooks become tables whose rows are numbered as a spreadsheet numbers them."""

from __future__ import annotations

import csv
import datetime as dt
from io import BytesIO, StringIO

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.readers import read_file
from ingest.readers.base import SourceFile, Unreadable
from ingest.readers.table import delimiter_of


def read(text, name="a.csv"):
    return read_file(SourceFile(name, text.encode()), 10_000_000)


def rows(document):
    (table,) = document.tables
    return [(row.number, *row.values) for row in table.rows]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_delimiter_is_found(delimiter):
    lines = [["id", "comment", "stars"], ["1", "Slow", "2"], ["2", "Good", "5"]]
    document = read("\n".join(delimiter.join(line) for line in lines))
    assert document.tables[0].header == ("id", "comment", "stars")
    assert rows(document) == [(2, "1", "Slow", "2"), (3, "2", "Good", "5")]


def test_commas_in_sentences_and_decimals_do_not_hide_the_semicolon():
    assert delimiter_of("comment;stars\nslow, dull, dear;2,5\nfine, really;3,5\n") == ";"


def test_semicolons_in_quoted_sentences_do_not_hide_the_comma():
    assert delimiter_of('id,comment\n1,"a; b; c"\n2,"d; e; f"\n') == ","


def test_one_column_of_sentences_is_one_column():
    document = read('comment\n"Slow, dull"\nit was good, really, good\nfine\n')
    assert document.tables[0].header == ("comment",)
    assert rows(document)[1] == (3, "it was good, really, good")


def test_line_ends_and_quotes_within_cells_are_kept_and_blank_rows_are_counted():
    document = read('id,comment\n1,"first\nsecond ""line"""\n\n,\n2,end\n')
    assert rows(document) == [(2, "1", 'first\nsecond "line"'), (5, "2", "end")]


def test_a_title_above_the_header_is_left_out_with_a_warning():
    document = read("Feedback of March\n\nid;stars\n1;5\n")
    assert document.tables[0].header == ("id", "stars")
    assert rows(document) == [(4, "1", "5")]
    assert document.warnings == ("row 1 above the header: left out",)


def test_ragged_rows_are_fitted_and_named():
    document = read("a,b,c\n1,2\n1,2,3,4\n1,2,3,\n1,2,3\n")
    assert rows(document) == [(2, "1", "2", ""), (3, "1", "2", "3"), (4, "1", "2", "3"), (5, "1", "2", "3")]
    assert document.warnings[0].startswith("row 2: fewer cells")
    assert document.warnings[1].startswith("row 3: more cells")


def test_many_ragged_rows_make_one_warning_that_counts():
    (warning,) = read("a,b\n" + "1\n" * 30).warnings
    assert "rows 2, 3, 4" in warning
    assert "and 10 more" in warning


def test_columns_without_a_name_or_with_the_same_one_are_told_apart():
    document = read("id,note,note,,\n1,a,b,c,\n")
    assert document.tables[0].header == ("id", "note", "note (2)", "column 4")


def test_a_quote_that_never_closes_does_not_swallow_the_rest():
    document = read('a,b\n1,"open\n2,x\n3,y\n')
    assert rows(document) == [(2, "1", '"open'), (3, "2", "x"), (4, "3", "y")]
    assert "row 2: a quote is opened and never closed" in document.warnings[0]


def test_excels_hint_of_the_delimiter_is_no_row():
    document = read("sep=|\na|b\n1|2\n")
    assert rows(document) == [(2, "1", "2")]


@pytest.mark.parametrize("text", [",,\n,,\n", "sep=;\n", "sep=;\n;;\n", '"",""\n'])
def test_a_table_of_delimiters_only_is_refused(text):
    with pytest.raises(Unreadable, match="nothing but delimiters"):
        read(text)


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=6), st.sampled_from([",", ";", "\t"]))
def test_what_the_csv_module_writes_is_read_back(values, delimiter):
    stream = StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("x", "y", "z"), *values])
    document = read(stream.getvalue())
    assert document.tables[0].header == ("x", "y", "z")
    assert [row[1:] for row in rows(document)] == values


def test_a_hundred_thousand_rows_keep_their_numbers():
    document = read("id,comment\n" + "".join(f'{n},"slow, very {n}"\n' for n in range(100_000)))
    assert rows(document)[-1] == (100_001, "99999", "slow, very 99999")
    assert document.warnings == ()


def workbook(fill):
    book = openpyxl.Workbook()
    fill(book)
    stream = BytesIO()
    book.save(stream)
    return read_file(SourceFile("a.xlsx", stream.getvalue()), 10_000_000)


def test_cells_of_a_workbook_read_as_people_would_write_them():
    def fill(book):
        book.active.append(["when", "at", "n", "share", "yes", "text"])
        book.active.append([dt.date(2025, 3, 1), dt.datetime(2025, 3, 1, 7, 5), 4.0, 0.1 + 0.2, True, " 007 "])

    assert rows(workbook(fill)) == [(2, "2025-03-01", "2025-03-01T07:05:00", "4", "0.3", "TRUE", "007")]


def test_empty_cells_at_the_end_of_a_worksheets_row_are_no_fault():
    def fill(book):
        book.active.append(["id", "comment", "reply"])
        book.active.append(["1", "Slow"])

    document = workbook(fill)
    assert rows(document) == [(2, "1", "Slow", "")]
    assert document.warnings == ()


def test_sheets_have_their_names_and_a_gap_of_rows_is_counted():
    def fill(book):
        book.active.title = "Spring"
        book.active["A1"], book.active["B1"], book.active["A9"] = "id", "comment", 1
        book.create_sheet("Nothing")
        book.create_sheet("Autumn").append(["a", "b"])

    document = workbook(fill)
    assert [table.sheet for table in document.tables] == ["Spring", "Autumn"]
    assert [row.number for row in document.tables[0].rows] == [9]


def test_a_workbook_without_content_is_refused():
    with pytest.raises(Unreadable, match="no sheet of the workbook has content"):
        workbook(lambda book: None)
