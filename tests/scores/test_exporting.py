"""Lists as CSV and XLSX: no cell that a spreadsheet would run, and what is suppressed stays so, in words."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from insightrepo.accounts.access import Reader
from insightrepo.scores.acting.exporting import DANGEROUS, Sheet, harmless, score_sheet, written
from insightrepo.scores.chips import show

ADA = Reader(0, "ada@example.com", "administrator")


def read_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def read_xlsx(content: bytes) -> list[tuple]:
    return list(load_workbook(io.BytesIO(content)).active.iter_rows())


@pytest.fixture
def exported(database, answered):
    answered("2025-Q1", (3, "5", "", "parents"), (30, "1", "", "couples"), (40, "5", "", "singles"))
    with database.reading() as session:
        return score_sheet(show(session, ADA))


def test_every_score_has_its_wave_measure_interval_n_and_version(exported):
    rows = read_csv(written(exported, "csv"))
    whole = next(row for row in rows if row["segment"] == "all")
    assert (whole["wave"], whole["measure"], whole["unit"], whole["n"]) == ("2025-Q1", "satisfaction", "percent", "73")
    assert float(whole["low"]) < float(whole["value"]) < float(whole["high"])
    assert (whole["definition_version"], whole["provisional"], whole["product"]) == ("1", "yes", "all")


def test_what_is_suppressed_is_said_in_words_and_has_no_number(exported):
    rows = read_csv(written(exported, "csv"))
    hidden = [row for row in rows if row["note"] == "suppressed"]
    assert "parents" in {row["segment"] for row in hidden}
    for row in hidden:
        assert row["shown"] == "suppressed: too few people"
        assert {row[name] for name in ("value", "low", "high", "n", "answers", "n_eff")} == {""}


def test_both_files_say_the_same(exported):
    table = read_csv(written(exported, "csv"))
    page = [[cell.value for cell in row] for row in read_xlsx(written(exported, "xlsx"))]
    assert page[0] == list(table[0])
    assert len(page) == len(table) + 1
    for mine, theirs in zip(page[1:], table, strict=True):
        assert [_text(value) for value in mine] == [_text(_number(value)) for value in theirs.values()]


def _number(text: str):
    try:
        return float(text)
    except ValueError:
        return text


def _text(value) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()[:10]
    return f"{value:.6g}" if isinstance(value, int | float) else str(value)


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_looks_like_a_formula_is_a_text_in_both_files(text):
    sheet = Sheet("List", ("name",), ((text,),))
    assert read_csv(written(sheet, "csv"))[0]["name"].startswith("'")
    cell = read_xlsx(written(sheet, "xlsx"))[1][0]
    assert cell.data_type == "s"
    assert cell.value.strip() == text.strip()


@given(st.text())
def test_no_csv_cell_begins_as_a_formula_does(text):
    assert not str(harmless(text)).startswith(DANGEROUS)


def test_negative_numbers_stay_numbers():
    assert harmless(-3.5) == -3.5
    assert read_xlsx(written(Sheet("L", ("x",), ((-3.5,),)), "xlsx"))[1][0].value == -3.5


def test_signs_that_xml_cannot_hold_do_not_break_a_file():
    sheet = Sheet("A/B [test]: " + "x" * 60, ("name",), (("a\x00b\x0bc",),))
    assert read_xlsx(written(sheet, "xlsx"))[1][0].value == "abc"


def test_another_kind_is_refused_by_name():
    with pytest.raises(ValueError, match="csv or xlsx"):
        written(Sheet("L", ("x",), ()), "ods")
