"""Lists as CSV and XLSX: what is suppressed in words, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Value = str | float | int | bool | dt.date | None
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")  # a text that begins so may be taken for a formula
SCORE_COLUMNS = (
    "wave", "first_day", "last_day", "provisional", "issue", "instrument", "outcome", "task", "segment", "product",
    "measure", "unit", "better", "value", "low", "high", "unweighted_value", "unweighted_low", "unweighted_high", "n",
    "n_eff", "answers", "excluded", "note", "shown", "verdict", "change", "change_low", "change_high", "p_value",
    "q_value", "previous_wave", "band", "definition_version",
)  # fmt: skip
FORMATS = ("csv", "xlsx")


@dataclass(frozen=True)
class Sheet:
    """A list to be taken away: a title, headings and rows as long as these."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


def score_sheet(rows: Iterable[dict[str, Any]]) -> Sheet:
    """Scores as `chips.show` gives them; segment and product "all" for everybody, `shown` says why a value is empty."""
    table = tuple(tuple(_score_value(row, name) for name in SCORE_COLUMNS) for row in rows)
    return Sheet("Scores", SCORE_COLUMNS, table)


def words_for(value: float | None, note: str | None) -> str:
    """What stands in for a value: "suppressed: fewer than 5 people", "not enough data", or that it is shown."""
    if note == "suppressed":
        return "suppressed: too few people"
    return "not enough data" if value is None else "shown"


def written(sheet: Sheet, kind: str) -> bytes:
    """The sheet as a file of this kind, csv (UTF-8 with a mark, so that spreadsheets read it as such) or xlsx.

    Raises:
        ValueError: the kind is another.
    """
    if kind not in FORMATS:
        raise ValueError(f"a list is written as {' or '.join(FORMATS)}, not {kind!r}")
    return _csv(sheet) if kind == "csv" else _xlsx(sheet)


def harmless(value: Value) -> Value:
    """A value for a CSV cell: a text that a spreadsheet would run as a formula begins with an apostrophe."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(DANGEROUS) else value
    if isinstance(value, dt.date):
        return value.isoformat()
    return ("yes" if value else "no") if isinstance(value, bool) else value


def _score_value(row: dict[str, Any], name: str) -> Value:
    if name == "shown":
        return words_for(row["value"], row["note"])
    if name in ("segment", "product"):
        return row[name] or "all"
    return row[name]


def _csv(sheet: Sheet) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(harmless(heading) for heading in sheet.headings)
    writer.writerows([harmless(value) for value in row] for row in sheet.rows)
    return text.getvalue().encode("utf-8-sig")


def _xlsx(sheet: Sheet) -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    page = book.create_sheet(_sheet_name(sheet.title))
    page.freeze_panes = "A2"
    for number, width in enumerate(_widths(sheet), start=1):
        page.column_dimensions[get_column_letter(number)].width = width

    def cell(value: Value, bold: bool = False) -> Any:
        made = WriteOnlyCell(page, _printable(value))
        if isinstance(value, str):
            made.data_type = "s"  # never a formula, whatever it begins with
            made.quotePrefix = value.startswith(DANGEROUS)  # type: ignore[attr-defined]
        if bold:
            made.font = Font(bold=True)
        return made

    page.append([cell(heading, bold=True) for heading in sheet.headings])
    for row in sheet.rows:
        page.append([cell(value) for value in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _printable(value: Value) -> Value:
    """Without the control signs that XML cannot hold."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str):
        return value
    return "".join(sign for sign in value if sign in "\t\n\r" or ord(sign) >= 32)


def _sheet_name(title: str) -> str:
    return "".join(sign for sign in title if sign not in "[]:*?/\\'")[:31] or "List"


def _widths(sheet: Sheet) -> Sequence[float]:
    columns = (
        zip(sheet.headings, *sheet.rows[:200], strict=True) if sheet.rows else ((name,) for name in sheet.headings)
    )
    return [min(60.0, 2.0 + max(len(str(harmless(value) or "")) for value in column)) for column in columns]
