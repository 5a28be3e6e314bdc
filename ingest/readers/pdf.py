"""PDF: paragraphs, items and headings with their page; pages that are only an image are named."""

from __future__ import annotations

import logging
from io import BytesIO
from itertools import groupby
from typing import Any

from pypdf import PasswordType, PdfReader

from ingest.readers.base import Document, DocumentBuilder, SourceFile, Unreadable
from ingest.readers.contents import PDF, expect
from ingest.readers.failures import parsing
from ingest.readers.metadata import described, first_heading, useful_title
from ingest.readers.pdf_layout import Layout, without_running_heads
from ingest.readers.pdf_page import Line, has_picture, page_lines

SUFFIXES: tuple[str, ...] = (".pdf",)
KIND = "report"

_UNSAID = ("", "anonymous", "(anonymous)", "unspecified", "(unspecified)", "untitled")
# pypdf logs each flaw it works around, with words of the file; what matters comes back as a warning or a refusal.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def accepts(file: SourceFile) -> bool:
    """By its name."""
    return file.suffix in SUFFIXES


def read(file: SourceFile) -> Document:
    """Read it whole. Raises Unreadable: damaged, encrypted with a password, or no PDF."""
    expect(file, PDF)
    with parsing("the PDF"):
        source = PdfReader(BytesIO(file.data))
        if source.is_encrypted and source.decrypt("") == PasswordType.NOT_DECRYPTED:
            raise Unreadable("the PDF is encrypted with a password; save a copy without one")
        found = [_page(page, number) for number, page in enumerate(source.pages, start=1)]
        metadata = described(_properties(source))
    if not found or all(lines is None for lines, _ in found):
        raise Unreadable("no page of the PDF can be read; it is damaged: save it anew and try again")
    pages = without_running_heads([lines or [] for lines, _ in found])
    builder = DocumentBuilder()
    Layout(builder, pages).add_all()
    document = builder.build()
    title = useful_title(str(metadata.get("title", "")), first_heading(document.text, document.blocks))
    return builder.build(title=title, metadata=metadata, warnings=_warnings(pages, found))


def _page(page: Any, number: int) -> tuple[list[Line] | None, bool]:
    """(the lines, or None where the page is damaged; whether it draws pictures)."""
    try:
        with parsing(f"page {number}"):
            return page_lines(page, number), has_picture(page)
    except Unreadable:
        return None, False


def _properties(source: PdfReader) -> dict[str, Any]:
    """The document information; dates as PDF writes them are left out where they make no sense."""
    info: Any = source.metadata or {}
    found: dict[str, Any] = {
        name: str(info.get(f"/{name.title()}") or "") for name in ("title", "author", "subject", "keywords")
    }
    try:
        found["created"] = getattr(info, "creation_date", None)
    except ValueError:
        found["created"] = None
    return {name: value for name, value in found.items() if value not in _UNSAID}


def _warnings(pages: list[list[Line]], found: list[tuple[list[Line] | None, bool]]) -> tuple[str, ...]:
    """One sentence for each stretch of pages from which nothing was read."""
    states = []
    for lines, (read_lines, pictured) in zip(pages, found, strict=True):
        damaged = read_lines is None
        states.append("damaged" if damaged else "" if lines else "only an image" if pictured else "empty")
    warnings = []
    for state, run in groupby(enumerate(states, start=1), key=lambda numbered: numbered[1]):
        numbers = [number for number, _ in run]
        if state:
            warnings.append(_sentence(state, numbers[0], numbers[-1]))
    return tuple(warnings)


def _sentence(state: str, first: int, last: int) -> str:
    if first == last:
        return f"page {first} is {state}"
    return f"pages {first}-{last} are {'only images' if state == 'only an image' else state}"
