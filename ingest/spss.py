"""SPSS files (.sav, .zsav): a table of codes, with what the file says of each variable and of each code.

The file is read from memory; nothing of it is written to disk.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from ingest.readers.base import Row, SourceFile, Table, Unreadable

SUFFIXES = (".sav", ".zsav")
DONT_KNOW = "don't know"  # what a code that means so becomes; an empty cell is "not asked"
_NOT_ASKED = re.compile(
    r"\b(?:not (?:asked|shown|presented|displayed)|skip(?:ped)?|filter(?:ed)?|routing|system.?missing)\b",
    re.I,
)
_DONT_KNOW = re.compile(
    r"\b(?:do(?:es)? ?n[o'’]?t know|don[’']?t know|dk|no (?:answer|opinion|response)|not sure|unsure"
    r"|can(?:no|[’'])t say|refused?|prefer not|declined|n/a|not applicable)\b",
    re.I,
)


@dataclass(frozen=True)
class SpssFile:
    """`table` holds codes as text ("4"), "don't know" and "" for what was not asked; `wording` the variable labels in
    the order of the columns; `labels` the texts of the codes of each column that has any.
    """

    table: Table
    wording: tuple[str, ...]
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def accepts(file: SourceFile) -> bool:
    """By its name."""
    return file.suffix in SUFFIXES


def read(file: SourceFile) -> SpssFile:
    """Read it whole.

    A code that the file declares missing is "don't know" unless its label says that it was not asked; a code whose
    label says one of the two is that, declared or not. System-missing is not asked.

    Raises:
        Unreadable: damaged, or not an SPSS file.
    """
    import pyreadstat  # slow to import, and few files need it

    try:
        columns, about = pyreadstat.read_sav(BytesIO(file.data), user_missing=True, output_format="dict")
    except Exception as error:  # pyreadstat raises a class of its own and more besides
        cause = " ".join(str(error).split()) or type(error).__name__
        raise Unreadable(f"the SPSS file cannot be read ({cause}); save it again as .sav from SPSS") from error
    names = tuple(about.column_names)
    if not names or not about.number_rows:
        raise Unreadable("the SPSS file has no rows")
    labels = {
        name: {_written(code): " ".join(str(text).split()) for code, text in codes.items()}
        for name, codes in about.variable_value_labels.items()
    }
    cells = [
        [_cell(value, labels.get(name, {}), about.missing_ranges.get(name, ())) for value in columns[name]]
        for name in names
    ]
    rows = tuple(Row(number, values) for number, values in enumerate(zip(*cells, strict=True), start=1))
    wording = tuple(" ".join((label or "").split()) for label in about.column_labels)
    return SpssFile(Table(names, rows), wording, labels)


def _cell(value: Any, labels: Mapping[str, str], missing: Any) -> str:
    text = _written(value)
    label = labels.get(text, "")
    if not text or _NOT_ASKED.search(label):
        return ""
    if _DONT_KNOW.search(label) or any(_within(value, span) for span in missing):
        return DONT_KNOW
    return text


def _within(value: Any, span: Mapping[str, Any]) -> bool:
    try:
        return bool(span["lo"] <= value <= span["hi"])
    except TypeError:  # a text beside a range of numbers
        return False


def _written(value: Any) -> str:
    """A value as a cell: whole numbers without a point, days in ISO form, "" for what is missing."""
    if value is None or value != value:  # NaN and NaT differ from themselves
        return ""
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else value.isoformat()
    if isinstance(value, str):
        return value.strip()
    number = float(value)
    return str(int(number)) if number.is_integer() else repr(number)
