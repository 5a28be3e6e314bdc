"""Excel: each worksheet with content is a table; the values are those that Excel last computed."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

import openpyxl

from ingest.readers.base import Document, SourceFile, Table, Unreadable
from ingest.readers.contents import WORKBOOK, expect
from ingest.readers.failures import parsing
from ingest.readers.grid import table_of
from ingest.readers.metadata import as_text, described, useful_title
from ingest.readers.prose import clean

SUFFIXES: tuple[str, ...] = (".xlsx", ".xlsm")
KIND = "table"


def accepts(file: SourceFile) -> bool:
    """By its name."""
    return file.suffix in SUFFIXES


def read(file: SourceFile) -> Document:
    """Read every sheet. Raises Unreadable: damaged, protected, no workbook, or no sheet with content."""
    expect(file, WORKBOOK)
    tables: list[Table] = []
    warnings: list[str] = []
    with parsing("the Excel workbook"), python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore")  # openpyxl warns of styles and validations, which are not read
        source = openpyxl.load_workbook(BytesIO(file.data), read_only=True, data_only=True)
        for sheet in source.worksheets:
            records = list(_records(sheet))
            if records:
                table, found = table_of(records, clean(sheet.title))
                tables.append(table)
                warnings += found
        core = source.properties
        metadata = described({"title": core.title, "author": core.creator, "subject": core.subject})
    if not tables:
        raise Unreadable("no sheet of the workbook has content")
    return Document(tables=tuple(tables), title=useful_title(core.title), metadata=metadata, warnings=tuple(warnings))


def _records(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    """Numbered records with content."""
    sheet.reset_dimensions()  # some programs write a range that is too small
    for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        if any(value is not None for value in values):
            cells = _cells(values)
            if any(cells):
                yield number, cells


def _cells(values: Iterable[Any]) -> list[str]:
    """Line ends within a text cell are kept."""
    return [clean(value).strip() if isinstance(value, str) else as_text(value) for value in values]
