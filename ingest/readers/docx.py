"""Word: headings by style, list items, tables in their place, footnotes; headers, footers and deletions left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import docx
from docx.oxml.ns import qn
from docx.styles.style import BaseStyle
from lxml import etree

from ingest.readers.base import Document, DocumentBuilder, SourceFile, Unreadable
from ingest.readers.contents import WORD, expect
from ingest.readers.failures import parsing
from ingest.readers.metadata import described, first_heading, useful_title
from ingest.readers.prose import one_line, table_text, tidy_lines

SUFFIXES: tuple[str, ...] = (".docx",)
KIND = "report"

_HEADING_STYLE = re.compile(r"heading (\d)", re.I)
# Deleted words, the second copy of a text box, and boxes themselves (they are read as paragraphs of their own).
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_SKIPPED = {qn("w:del"), qn("w:moveFrom"), qn("w:txbxContent"), _FALLBACK}
_AS_TEXT = {qn("w:tab"): " ", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
_WRAPPERS = {qn("w:sdt"), qn("w:sdtContent"), qn("w:customXml"), qn("w:smartTag"), qn("w:ins"), qn("w:moveTo")}
_PROPERTIES = ("title", "author", "subject", "keywords", "created", "modified")


def accepts(file: SourceFile) -> bool:
    """By its name."""
    return file.suffix in SUFFIXES


def read(file: SourceFile) -> Document:
    """Read it whole. Raises Unreadable: damaged, protected, no Word document, or without words."""
    expect(file, WORD)
    with parsing("the Word document"):
        source = docx.Document(BytesIO(file.data))
        body = _Body(source)
        body.walk(source.element.body)
        metadata = described(properties_of(source.core_properties))
    document = body.builder.build()
    if not document.text:
        raise Unreadable("the document holds no words")
    title = useful_title(source.core_properties.title, first_heading(document.text, document.blocks))
    return body.builder.build(title=title, metadata=metadata)


def properties_of(core: Any) -> dict[str, Any]:
    """The properties of an Office file (python-docx, python-pptx) that say something of its content."""
    return {name: getattr(core, name) for name in _PROPERTIES}


class _Body:
    """Walks the body in document order."""

    def __init__(self, source: Any) -> None:
        self.builder = DocumentBuilder()
        self._styles = {style.style_id: style for style in source.styles}
        self._ranks: dict[str, tuple[int, bool, bool]] = {}
        self._notes = _footnotes(source.part)

    def walk(self, parent: Any) -> None:
        """Add every paragraph and table under an element."""
        for child in parent:
            if child.tag == qn("w:p"):
                self._paragraph(child)
            elif child.tag == qn("w:tbl"):
                self.builder.add("table", table_text(_rows(child)))
            elif child.tag in _WRAPPERS:
                self.walk(child)

    def _paragraph(self, element: Any) -> None:
        text = tidy_lines("".join(_runs(element)))
        level, is_item, is_contents = self._rank(element)
        if is_contents:
            return
        if level:
            self.builder.heading(text, level)
        else:
            self.builder.add("list_item" if is_item else "paragraph", text)
        for reference in element.iter(qn("w:footnoteReference"), qn("w:endnoteReference")):
            self.builder.add("note", self._notes.get((reference.tag, reference.get(qn("w:id"))), ""))
        for box in _boxes(element):
            self.walk(box)

    def _rank(self, element: Any) -> tuple[int, bool, bool]:
        """(heading level or 0, whether a list item, whether a line of the table of contents)."""
        style_id = element.style or ""
        if style_id not in self._ranks:
            self._ranks[style_id] = _style_rank(self._styles.get(style_id))
        level, is_item, is_contents = self._ranks[style_id]
        outline = element.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
        if outline is not None and int(outline.get(qn("w:val"), 9)) < 9:
            level = int(outline.get(qn("w:val"))) + 1
        return level, is_item or _is_numbered(element), is_contents


def _style_rank(style: BaseStyle | None) -> tuple[int, bool, bool]:
    level, is_item = 0, False
    seen: set[str] = set()
    while style is not None and style.style_id not in seen:
        seen.add(style.style_id)
        name = style.name or ""
        if name.lower().startswith("toc ") or name.lower() == "toc heading":
            return 0, False, True
        found = _HEADING_STYLE.fullmatch(name)
        level = level or (int(found[1]) if found else 1 if name.lower() == "title" else 0)
        is_item = is_item or (name.startswith("List ") and name != "List Paragraph") or _is_numbered(style.element)
        style = getattr(style, "base_style", None)
    return level, is_item, False


def _is_numbered(element: Any) -> bool:
    number = element.find(f"{qn('w:pPr')}/{qn('w:numPr')}/{qn('w:numId')}")
    return number is not None and number.get(qn("w:val")) != "0"


def _runs(element: Any) -> Iterator[str]:
    """The words of a paragraph, inserted ones and those of links and fields included."""
    for child in element:
        if child.tag == qn("w:t"):
            yield child.text or ""
        elif child.tag in _AS_TEXT and element.tag == qn("w:r"):
            yield _AS_TEXT[child.tag]
        elif child.tag not in _SKIPPED:
            yield from _runs(child)


def _boxes(element: Any) -> Iterator[Any]:
    """The text boxes anchored in a paragraph, each once."""
    for child in element:
        if child.tag == qn("w:txbxContent"):
            yield child
        elif child.tag not in _SKIPPED:
            yield from _boxes(child)


def _rows(table: Any) -> list[list[str]]:
    """Cells as text; a cell that continues one above is empty."""
    rows = [row for row in table.iter(qn("w:tr")) if next(row.iterancestors(qn("w:tbl"))) is table]
    return [[_cell(cell) for cell in _cells(row)] for row in rows]


def _cells(row: Any) -> Iterator[Any]:
    """The cells of a row; one that spans columns is followed by empty places (None)."""
    for cell in row.iter(qn("w:tc")):
        if next(cell.iterancestors(qn("w:tr"))) is row:
            yield cell
            span = cell.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}")
            yield from [None] * (min(int(span.get(qn("w:val"), 1)), 100) - 1 if span is not None else 0)


def _cell(cell: Any | None) -> str:
    if cell is None:
        return ""
    return one_line(" ".join("".join(_runs(paragraph)) for paragraph in cell.iter(qn("w:p"))))


def _footnotes(part: Any) -> dict[tuple[str, str | None], str]:
    """The words of foot- and endnotes by the tag and id they are referred to with."""
    found = {}
    for kind in ("footnote", "endnote"):
        for relation in part.rels.values():
            if relation.is_external or not relation.reltype.endswith(f"/{kind}s"):
                continue
            root = etree.fromstring(relation.target_part.blob, etree.XMLParser(resolve_entities=False))
            for note in root.iter(qn(f"w:{kind}")):
                words = one_line(" ".join("".join(_runs(paragraph)) for paragraph in note.iter(qn("w:p"))))
                found[(qn(f"w:{kind}Reference"), note.get(qn("w:id")))] = words
    return found
