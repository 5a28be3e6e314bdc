"""Files of surveys as tools export them: one table, its up to three header rows taken apart, codes with labels."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ingest import spss
from ingest.names import RESPONDENT_HEADERS, plain_header
from ingest.readers import read_file
from ingest.readers.base import Row, SourceFile, Table, Unreadable
from insightrepo.locales import decimal

SUFFIXES = (".csv", ".tsv", ".tab", ".xlsx", ".xlsm", *spss.SUFFIXES)
IMPORT_ID = re.compile(r"""^\{\s*["']ImportId["']""")
LOOKED_AT = 200  # rows below, to tell a column of numbers
NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?")
RESPONDENTS = frozenset({*RESPONDENT_HEADERS.split("|"), "response id", "case id", "person id", "panelist", "token"})
HAS_WORDS = 2  # a wording has several words, a stray answer seldom


@dataclass(frozen=True)
class SurveyFile:
    """`table` without the extra header rows; `wording` is what the file says of each column beside its name, "" where
    nothing; `labels` the texts of coded answers by column; `notes` what was found, in words.
    """

    table: Table
    wording: tuple[str, ...]
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def labelled(self, numbers: Collection[str] = ()) -> Table:
        """The table with the text of each code in its place, but for the columns in `numbers`: those are ratings."""
        known = [self.labels.get(name, {}) if name not in numbers else {} for name in self.table.header]
        if not any(known):
            return self.table
        rows = tuple(
            Row(row.number, tuple(texts.get(cell, cell) for texts, cell in zip(known, row.values, strict=True)))
            for row in self.table.rows
        )
        return replace(self.table, rows=rows)


def as_survey(table: Table | SurveyFile) -> SurveyFile:
    """A bare table as a file of a survey that says nothing more."""
    return table if isinstance(table, SurveyFile) else SurveyFile(table, _nothing(table))


def read_survey(file: SourceFile, max_bytes: int) -> SurveyFile:
    """Read a file of answers, trials or metrics: CSV, TSV, XLSX or SPSS; nothing of it is written to disk.

    Raises:
        Unreadable: not a table, several tables, damaged or too large; the message begins with the file's name.
    """
    if spss.accepts(file):
        return _from_spss(file, max_bytes)
    if file.suffix not in SUFFIXES:
        raise Unreadable(f"{file.name}: not a table; send one of {', '.join(SUFFIXES)}")
    tables = read_file(file, max_bytes).tables
    if len(tables) != 1:
        sheets = ", ".join(table.sheet or "?" for table in tables)
        raise Unreadable(f"{file.name}: one table is read, and this file has {len(tables)} ({sheets}); keep one sheet")
    return unfolded(tables[0])


def _from_spss(file: SourceFile, max_bytes: int) -> SurveyFile:
    if len(file.data) > max_bytes:
        raise Unreadable(
            f"{file.name}: it has {decimal(len(file.data) / 1e6, 1)} MB, at most {decimal(max_bytes / 1e6, 1)} are read"
        )
    try:
        found = spss.read(file)
    except Unreadable as error:
        raise Unreadable(f"{file.name}: {error}") from error
    return SurveyFile(found.table, found.wording, found.labels, ("variable and value labels as SPSS has them",))


def unfolded(table: Table) -> SurveyFile:
    """A table with its second and third header row taken out of the rows.

    Known are codes, wording and import ids (Qualtrics), questions with sub-questions under them (SurveyMonkey), and
    codes with the wording under them.
    """
    rows = table.rows
    if len(rows) > 1 and _is_import_ids(rows[1]):
        return SurveyFile(
            _without(table, 2), rows[0].values, notes=("rows 1 to 3 are its header (codes, wording, ids)",)
        )
    if rows and _is_import_ids(rows[0]):
        return SurveyFile(_without(table, 1), _nothing(table), notes=("rows 1 and 2 are its header (codes, ids)",))
    if rows and _is_sub_questions(table):
        header = _joined(table.header, rows[0].values)
        whole = replace(_without(table, 1), header=header)
        return SurveyFile(whole, header, notes=("rows 1 and 2 are its header (questions, sub-questions)",))
    if rows and _is_wording(table):
        return SurveyFile(_without(table, 1), rows[0].values, notes=("rows 1 and 2 are its header (codes, wording)",))
    return SurveyFile(table, _nothing(table))


def is_respondent(name: str) -> bool:
    """Whether a column of this header tells respondents, or responses, apart."""
    return plain_header(name) in RESPONDENTS


def _nothing(table: Table) -> tuple[str, ...]:
    return ("",) * len(table.header)


def _without(table: Table, count: int) -> Table:
    return replace(table, rows=table.rows[count:])


def _is_import_ids(row: Row) -> bool:
    filled = [cell for cell in row.values if cell]
    return bool(filled) and sum(bool(IMPORT_ID.match(cell)) for cell in filled) > len(filled) / 2


def _is_sub_questions(table: Table) -> bool:
    """Whether the header has gaps that the first row fills, which belongs to nobody."""
    cells = table.rows[0].values
    gaps = [place for place, name in enumerate(table.header) if _is_nameless(name, place) and cells[place]]
    who = next((place for place, name in enumerate(table.header) if is_respondent(name)), None)
    answers_nothing = not any(NUMBER.fullmatch(cell) for cell in cells)
    return bool(gaps) and who is not None and not cells[who] and answers_nothing


def _is_nameless(name: str, place: int) -> bool:
    return name == f"column {place + 1}"


def _joined(header: Sequence[str], below: Sequence[str]) -> tuple[str, ...]:
    """Questions with their sub-questions; a question reaches over the gaps behind it."""
    names: list[str] = []
    question = ""
    for place, (name, sub) in enumerate(zip(header, below, strict=True)):
        question = question if _is_nameless(name, place) else name
        whole = f"{question} – {sub}" if sub and plain_header(sub) not in ("response", "open ended response") else name
        names.append(whole if whole not in names else f"{whole} ({place + 1})")
    return tuple(names)


def _is_wording(table: Table) -> bool:
    """Whether the first row has different sentences where all others have numbers, in two columns at least."""
    first, below = table.rows[0], table.rows[1 : 1 + LOOKED_AT]
    places = [place for place in range(len(table.header)) if _is_numeric([row.values[place] for row in below])]
    texts = [first.values[place] for place in places if first.values[place]]
    sentences = all(len(text.split()) >= HAS_WORDS and not NUMBER.match(text) for text in texts)
    return len(texts) >= 2 and sentences and len(set(texts)) == len(texts)


def _is_numeric(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and sum(bool(NUMBER.fullmatch(cell)) for cell in filled) >= 0.8 * len(filled)
