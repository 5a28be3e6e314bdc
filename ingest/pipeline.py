"""The order of the steps: read, redact, cut. What comes out is ready to be stored, and personal data is gone from it.

Tagging (ingest/tagger.py) and duplicates (ingest/duplicates.py) follow once a piece is known to be new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import zip_longest
from typing import Literal

from ingest.column_guess import guess_mapping, looks_like_verbatims
from ingest.dates import Moment
from ingest.duplicates import content_hash
from ingest.names import is_bare_role, is_names_header, names_in_document, names_in_table
from ingest.names_beyond import NamesBeyond
from ingest.passages import Passage, cut, heading_context
from ingest.quantities import Quantity, quantities
from ingest.readers import read_file, reader_for
from ingest.readers.base import Document, Locator, Row, SourceFile, Table
from ingest.redact import Redactor
from ingest.verbatims import (
    Mapping,
    RefusedRow,
    VerbatimRow,
    names_in,
    rows,
    table_document,
)

AS_TEXT: Literal["text"] = "text"  # a table that somebody says holds no verbatims
# a table's mapping and notes on it; None: guess. Asked once for each table of a file, in their order.
Chooser = Callable[[Table], tuple[Mapping, tuple[str, ...]] | Literal["text"] | None]

Mapped = tuple[Table, Mapping, tuple[str, ...]]


@dataclass(frozen=True)
class Draft:
    """A piece of evidence before it has an id. Texts are redacted; `source_id` and `respondent` are raw, to be keyed.

    `headings` is what is embedded before the text of a passage; `start` and `end` are offsets into the document's text.
    `quantities` are the numbers that a passage states; what a customer said stays as it was said.
    """

    kind: str
    text: str
    locator: Locator
    content_hash: str
    headings: str = ""
    context: str = ""
    start: int | None = None
    end: int | None = None
    source_id: str | None = None
    respondent: str | None = None
    moment: Moment | None = None
    rating: float | None = None
    rating_best: float | None = None
    channel: str = ""
    segments: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    quantities: tuple[Quantity, ...] = ()


@dataclass(frozen=True)
class Refused:
    """A row or a file that did not go in: where, why, and what it held, redacted."""

    file: str
    row: int | None
    field: str
    cause: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prepared:
    """A file, read. `empty` counts rows without an answer; `notes` tell what was guessed and what could not be read.

    `names`: of people, raw, that the file or those beside it gave away; whatever else is kept of it is to be redacted
    with them. `earlier`: the drafts, one for one, as they were redacted while fewer names were known.
    """

    document: Document
    drafts: tuple[Draft, ...]
    refused: tuple[Refused, ...] = ()
    empty: int = 0
    notes: tuple[str, ...] = ()
    names: frozenset[str] = field(default=frozenset(), repr=False)
    earlier: tuple[tuple[Draft, ...], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Pipeline:
    """The steps with their settings. `count_pieces` counts the embedding model's word pieces; None: no model.

    `ordinary` are words in small letters that are no names here, whatever a file calls somebody.
    """

    redactor: Redactor
    count_pieces: Callable[[str], int] | None
    max_bytes: int
    timezone: str = "UTC"
    ordinary: frozenset[str] = frozenset()

    def names_given(self, file: SourceFile, choose: Chooser = lambda table: None) -> frozenset[str]:
        """The names of people that a file gives away and that are to be redacted in the files beside it as well.

        Raises:
            Unreadable, MappingError: as `prepare`.
        """
        if reader_for(file).KIND == "report":
            return frozenset()
        document = read_file(file, self.max_bytes)
        mapped = {id(table): mapping for table, mapping, _ in _mapped(document.tables, choose)}
        beyond = NamesBeyond(self.ordinary)
        speakers = beyond.of_speakers(block.locator.speaker for block in document.blocks if block.locator.speaker)
        return speakers.union(*(_names_beyond(beyond, table, mapped.get(id(table))) for table in document.tables))

    def prepare(
        self, file: SourceFile, choose: Chooser = lambda table: None, known: frozenset[str] = frozenset()
    ) -> Prepared:
        """Read, redact and cut one file; `known` are names of people that the files beside it give away.

        Raises:
            Unreadable: the file as a whole cannot be read.
            MappingError: a mapping names a column that is not there.
        """
        document = read_file(file, self.max_bytes)
        verbatims = list(_mapped(document.tables, choose))
        names = known.union(names_in_document(document), *(names_in(table, mapping) for table, mapping, _ in verbatims))
        knowing = replace(self, redactor=self.redactor.with_names(names))
        if verbatims:
            return replace(knowing._verbatims(file, document, verbatims), names=names)
        removed = Counter[str]()
        if document.tables:
            tables = [_without_names(table, removed) for table in document.tables]
            document = replace(table_document(tables), title=document.title, warnings=document.warnings)
        return replace(knowing._prose(file, document, removed), names=names)

    def prepare_again(
        self,
        file: SourceFile,
        choose: Callable[[], Chooser],
        known: frozenset[str],
        fewer: Iterable[frozenset[str]],
    ) -> Prepared:
        """As `prepare`, of a file that may have been brought in while only one of these sets of names was known."""
        prepared = self.prepare(file, choose(), known)
        if not any("[name]" in draft.text + draft.context for draft in prepared.drafts):
            return prepared
        others = (self.prepare(file, choose(), names).drafts for names in fewer if names != known)
        alike = tuple(drafts for drafts in others if len(drafts) == len(prepared.drafts))
        return replace(prepared, earlier=tuple(drafts for drafts in alike if drafts != prepared.drafts))

    def _prose(self, file: SourceFile, document: Document, removed: Counter[str]) -> Prepared:
        redacted, counts, speakers = self.redactor.redact_document(document)
        respondents = {label: _respondent(file, raw) for label, raw in speakers.items()}
        drafts = tuple(_draft(passage, respondents) for passage in cut(redacted, self.count_pieces))
        return Prepared(redacted, drafts, notes=(*redacted.warnings, *_redacted_note(counts + removed)))

    def _verbatims(self, file: SourceFile, document: Document, mapped: list[Mapped]) -> Prepared:
        redactor = self.redactor
        drafts: list[Draft] = []
        refused: list[Refused] = []
        notes: list[str] = list(document.warnings)
        empty, counts = 0, Counter[str]()
        said = partial(redactor.counted, counts=counts)
        for table, mapping, explained in mapped:
            notes.extend(explained)
            for row in rows(table, mapping, self.timezone):
                if isinstance(row, VerbatimRow):
                    drafts.append(_row_draft(redactor, said, table, mapping, row))
                elif isinstance(row, RefusedRow):
                    refused.append(_refused(redactor, file, table, mapping, row))
                else:
                    empty += 1
        taken = [table for table, _, _ in mapped]
        left = [table.sheet for table in document.tables if table not in taken]
        notes.extend(f"sheet {sheet} holds no verbatims and was left out" for sheet in left)
        notes.extend(_redacted_note(counts))
        title = document.title and redactor.redact(document.title).text
        bare = Document(title=title, warnings=_all_redacted(redactor, document.warnings))
        return Prepared(bare, tuple(drafts), tuple(refused), empty, _all_redacted(redactor, notes))


def _names_beyond(beyond: NamesBeyond, table: Table, mapping: Mapping | None) -> frozenset[str]:
    if mapping is None:
        return beyond.of_table(table)
    return beyond.of_table(table, mapping.columns_of_names(), filter(None, [mapping.respondent]))


def _mapped(tables: Iterable[Table], choose: Chooser) -> Iterator[Mapped]:
    """The tables of verbatims, each with its mapping: what the user said, else a guess."""
    for table in tables:
        chosen = choose(table)
        if chosen == AS_TEXT:
            continue
        chosen = chosen or (guess_mapping(table) if looks_like_verbatims(table) else None)
        if chosen:
            yield table, *chosen


def _without_names(table: Table, removed: Counter[str]) -> Table:
    """The table with the cells of its columns of names replaced and counted.

    As prose, a name like Grace would be a common word."""
    places = {place for place, header in enumerate(table.header) if is_names_header(header)}
    known = names_in_table(table)

    def cells(row: Row) -> tuple[str, ...]:
        taken = {n for n, value in enumerate(row.values) if n in places and " ".join(value.split()) in known}
        removed["name"] += len(taken)
        return tuple("[name]" if n in taken else value for n, value in enumerate(row.values))

    return replace(table, rows=tuple(replace(row, values=cells(row)) for row in table.rows))


def _respondent(file: SourceFile, speaker: str) -> str:
    """The id of who spoke: "Participant" in one recording is somebody else than "Participant" in another."""
    return f"{file.name}\x1f{speaker}" if is_bare_role(speaker) else speaker


def _row_draft(
    redactor: Redactor, said: Callable[[str], str], table: Table, mapping: Mapping, row: VerbatimRow
) -> Draft:
    """A row as it may be stored; `said` redacts and counts, which the question of all rows is not."""
    text = said(row.text)
    return Draft(
        kind="verbatim",
        text=text,
        locator=Locator(sheet=table.sheet and redactor.redact(table.sheet).text, row=row.number),
        content_hash=content_hash("", text),
        context=redactor.redact(row.question).text,
        source_id=row.source_id,
        respondent=row.respondent,
        moment=row.moment,
        rating=row.rating,
        rating_best=mapping.best if row.rating is not None else None,
        channel=said(row.channel),
        segments=tuple(map(said, row.segments)),
        products=tuple(map(said, row.products)),
        labels=tuple(map(said, row.labels)),
    )


def _all_redacted(redactor: Redactor, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(redactor.redact(name).text for name in names)


def _refused(redactor: Redactor, file: SourceFile, table: Table, mapping: Mapping, row: RefusedRow) -> Refused:
    """A refused row as it may be written down: redacted, and without the id of who spoke."""
    speaker = (mapping.respondent or "").strip().casefold()
    values = tuple(
        "[respondent]"
        if value and speaker and head.strip().casefold() == speaker
        else redactor.redact(value, head).text
        for value, head in zip_longest(row.values, table.header[: len(row.values)], fillvalue="")
    )
    name = redactor.redact(file.name).text
    return Refused(name, row.number, row.field, redactor.redact(row.cause).text, values)


def _draft(passage: Passage, respondents: dict[str, str]) -> Draft:
    embedded = heading_context(passage.heading_path) if passage.kind == "passage" else ""
    return Draft(
        kind=passage.kind,
        text=passage.text,
        locator=passage.locator,
        content_hash=content_hash(embedded, passage.text),
        headings=embedded,
        context=passage.context,
        start=passage.start,
        end=passage.end,
        respondent=respondents[passage.speaker] if passage.kind == "verbatim" and passage.speaker else None,
        quantities=tuple(quantities(passage.text)) if passage.kind == "passage" else (),
    )


def _redacted_note(counts: Counter[str]) -> Iterator[str]:
    if counts:
        yield "redacted " + ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items()))
