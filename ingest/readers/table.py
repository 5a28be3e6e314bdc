"""CSV and its kin: the delimiter is found, line ends in cells are kept, rows are numbered as a sheet shows them."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable
from io import StringIO

from ingest.readers.base import Document, SourceFile, Unreadable
from ingest.readers.encoding import text_of
from ingest.readers.grid import table_of

SUFFIXES: tuple[str, ...] = (".csv", ".tsv", ".tab")
KIND = "table"

_DELIMITERS = (",", ";", "\t", "|")
_NO_DELIMITER = "\x1f"  # `clean` leaves none of these in a text: the file has one column
_SAMPLE = 200_000  # characters looked at to find the delimiter
_SAMPLE_RECORDS = 200
_HINT = re.compile(r"sep=([,;\t|:])\n")  # what Excel writes into the first line
csv.field_size_limit(10_000_000)

Record = tuple[int, list[str]]


class _Quotes(csv.excel):
    """Quotes enclose a cell."""


class _PlainQuotes(csv.excel):
    """Quotes are characters like any other."""

    quoting = csv.QUOTE_NONE


def accepts(file: SourceFile) -> bool:
    """By its name."""
    return file.suffix in SUFFIXES


def read(file: SourceFile) -> Document:
    """Read it whole into one table. Raises Unreadable: not text, no content, or a quote gone astray."""
    text = text_of(file)
    hint = _HINT.match(text)
    delimiter = hint[1] if hint else delimiter_of(text, prefer="\t" if file.suffix != ".csv" else ",")
    body = text[hint.end() :] if hint else text
    records, warnings = _records(body, delimiter)
    if not re.search(r"\w", body) or not any(any(cells) for _, cells in records):
        raise Unreadable("the table holds nothing but delimiters")
    table, ragged = table_of(records)
    return Document(tables=(table,), warnings=(*warnings, *ragged))


def delimiter_of(text: str, prefer: str = ",") -> str:
    """The delimiter under which the first records have most evenly the same number of cells; `prefer` wins a draw.

    Commas in sentences or decimals are uneven, so they lose against the true delimiter. A file of one column gets
    a character that does not occur.
    """
    sample = text[:_SAMPLE]
    if len(text) > _SAMPLE:
        sample = sample[: sample.rfind("\n") + 1] or sample
    scores = {delimiter: _evenness(sample, delimiter) for delimiter in (prefer, *_DELIMITERS)}
    best = max(scores, key=lambda delimiter: scores[delimiter])
    return best if scores[best] > (0.0, 0) else _NO_DELIMITER


def _evenness(sample: str, delimiter: str) -> tuple[float, int]:
    """(share of records as wide as the header, that width), or (0, 0) where the delimiter does not part the header."""
    try:
        reader = csv.reader(StringIO(sample, newline=""), delimiter=delimiter)
        widths = [len(cells) for cells, _ in zip(reader, range(_SAMPLE_RECORDS), strict=False) if any(cells)]
    except csv.Error:
        return 0.0, 0
    if not widths:
        return 0.0, 0
    usual = Counter(widths).most_common(1)[0][0]
    if usual < 2 and max(widths[0], usual) < 2:
        return 0.0, 0
    share = sum(width == usual for width in widths) / len(widths)
    headed = 1.0 if widths[0] == usual else 0.5
    return round(share * headed, 2) if usual >= 2 else 0.0, usual


def _records(text: str, delimiter: str) -> tuple[list[Record], tuple[str, ...]]:
    """Numbered records, with a warning where a quote is opened and never closed (it would swallow the rest)."""
    records, last_line = _parsed(StringIO(text, newline=""), delimiter)
    if not records or "\n" not in "".join(records[-1][1]):
        return records, ()
    tail = "".join(text.splitlines(keepends=True)[last_line:])
    if not _is_open(tail, delimiter):
        return records, ()
    number = records[-1][0]
    rest, _ = _parsed(StringIO(tail, newline=""), delimiter, first=number, plain_quotes=True)
    warning = f"row {number}: a quote is opened and never closed; from there quotes are read as plain characters"
    return records[:-1] + rest, (warning,)


def _parsed(
    lines: Iterable[str], delimiter: str, first: int = 1, plain_quotes: bool = False
) -> tuple[list[Record], int]:
    """(records, index of the line on which the last record begins)."""
    reader = csv.reader(lines, _PlainQuotes if plain_quotes else _Quotes, delimiter=delimiter)
    records: list[Record] = []
    begun = ended = 0
    try:
        for number, cells in enumerate(reader, start=first):
            records.append((number, [cell.strip() for cell in cells]))
            begun, ended = ended, reader.line_num
    except csv.Error as error:
        raise Unreadable(f"row {first + len(records)} cannot be read ({error}); look for a stray quote") from error
    return records, begun


def _is_open(tail: str, delimiter: str) -> bool:
    try:
        list(csv.reader(StringIO(tail, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False
