"""What a study that is given no title is called: as its first report is headed, else as its files are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from ingest.pipeline import Pipeline
from ingest.readers import read_file, reader_for
from ingest.readers.base import Document, SourceFile, Unreadable
from ingest.redact import Redactor
from ingest.studies import readable
from insightrepo.library.imports.safe_names import SafeNames
from insightrepo.library.pseudonyms import Pseudonyms

LONGEST = 300  # characters that a title may have


def title_found(files: Sequence[SourceFile], redactor: Redactor, pseudonyms: Pseudonyms, max_bytes: int) -> str:
    """A title from these files, one at least, without personal data that they give away."""
    names = frozenset().union(*(_names(file, redactor, max_bytes) for file in files))
    knowing = redactor.with_names(names)
    headed = (_heading(file, knowing, max_bytes) for file in files)
    title = next(filter(None, headed), "") or SafeNames(knowing, pseudonyms).words(_called(files))
    return " ".join(title.split())[:LONGEST]


def _called(files: Sequence[SourceFile]) -> str:
    """The name of the folder that holds all files, else of the first file, as words."""
    folders = {file.name.split("/")[0] if "/" in file.name else "" for file in files}
    folder = folders.pop() if len(folders) == 1 else ""
    return readable(folder or PurePosixPath(files[0].name).stem)


def _names(file: SourceFile, redactor: Redactor, max_bytes: int) -> frozenset[str]:
    try:
        return Pipeline(redactor, None, max_bytes).names_given(file)
    except Unreadable:
        return frozenset()  # the page says why


def _heading(file: SourceFile, redactor: Redactor, max_bytes: int) -> str:
    """The first heading of a report, else its title; "" of a table or transcript and of what cannot be read."""
    try:
        if reader_for(file).KIND != "report":
            return ""
        document = redactor.redact_document(read_file(file, max_bytes)).document
    except Unreadable:
        return ""
    return _first_heading(document) or document.title or ""


def _first_heading(document: Document) -> str:
    headings = (document.text[block.start : block.end] for block in document.blocks if block.kind == "heading")
    return next(headings, "")
