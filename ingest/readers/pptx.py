"""PowerPoint: a slide's title is a heading; text, tables and charts in reading order; speaker notes as notes."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pptx
from lxml import etree
from pptx.enum.shapes import MSO_SHAPE_TYPE, PP_PLACEHOLDER
from pptx.oxml.ns import qn

from ingest.readers.base import Document, DocumentBuilder, SourceFile, Unreadable
from ingest.readers.contents import DECK, expect
from ingest.readers.docx import properties_of
from ingest.readers.failures import parsing
from ingest.readers.metadata import as_text, described, first_heading, useful_title
from ingest.readers.prose import one_line, table_text, tidy_lines, without_bullet

SUFFIXES: tuple[str, ...] = (".pptx",)
KIND = "report"

_FURNITURE = {PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.HEADER}
_BULLETED = {PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.VERTICAL_BODY}
_BAND = 300_000  # EMU (a third of an inch): shapes whose tops differ by less are read from left to right


def accepts(file: SourceFile) -> bool:
    """By its name."""
    return file.suffix in SUFFIXES


def read(file: SourceFile) -> Document:
    """Read it whole; slides that are only pictures are named in the warnings. Raises Unreadable: damaged, protected."""
    expect(file, DECK)
    builder = DocumentBuilder()
    warnings = []
    with parsing("the PowerPoint deck"):
        deck = pptx.Presentation(BytesIO(file.data))
        for number, slide in enumerate(deck.slides, start=1):
            if not _add_slide(builder, slide, number):
                warnings.append(
                    f"slide {number} is only pictures" if _has_picture(slide) else f"slide {number} is empty"
                )
        metadata = described(properties_of(deck.core_properties))
    document = builder.build()
    if not document.blocks and not warnings:
        raise Unreadable("the deck has no slides")
    title = useful_title(deck.core_properties.title, first_heading(document.text, document.blocks))
    return builder.build(title=title, metadata=metadata, warnings=tuple(warnings))


def _add_slide(builder: DocumentBuilder, slide: Any, number: int) -> bool:
    """Add one slide; False where there is no text on it (its notes do not count)."""
    builder.leave_headings()
    heading = slide.shapes.title
    words = one_line(heading.text_frame.text) if heading is not None else ""
    builder.heading(words, 1, slide=number)
    added = bool(words)
    for shape in _in_reading_order(slide.shapes):
        if heading is None or shape.shape_id != heading.shape_id:
            added |= _add_shape(builder, shape, number)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        builder.add("note", tidy_lines(slide.notes_slide.notes_text_frame.text), slide=number)
    return added


def _in_reading_order(shapes: Any) -> Iterator[Any]:
    """Shapes from the top down and from left to right, the members of a group at the group's place."""

    def place(shape: Any) -> tuple[int, int]:
        return (shape.top or 0) // _BAND, shape.left or 0

    for shape in sorted(shapes, key=place):
        if shape.shape_type == MSO_SHAPE_TYPE.GROUP:
            yield from _in_reading_order(shape.shapes)
        else:
            yield shape


def _add_shape(builder: DocumentBuilder, shape: Any, number: int) -> bool:
    if shape.is_placeholder and shape.placeholder_format.type in _FURNITURE:
        return False
    if getattr(shape, "has_table", False):
        rows = [["" if cell.is_spanned else cell.text for cell in row.cells] for row in shape.table.rows]
        text = table_text(rows)
        builder.add("table", text, slide=number)
        return bool(text)
    if getattr(shape, "has_chart", False):
        return _add_chart(builder, shape.chart, number)
    if not shape.has_text_frame:
        return _add_diagram(builder, shape, number)
    return _add_frame(builder, shape, number)


def _add_frame(builder: DocumentBuilder, shape: Any, number: int) -> bool:
    paragraphs = [paragraph for paragraph in shape.text_frame.paragraphs if one_line(paragraph.text)]
    bulleted = shape.is_placeholder and shape.placeholder_format.type in _BULLETED and len(paragraphs) > 1
    for paragraph in paragraphs:
        words = tidy_lines(paragraph.text)
        bare = without_bullet(words)
        is_item = bare is not None or _has_bullet(paragraph, bulleted)
        builder.add("list_item" if is_item else "paragraph", bare or words, slide=number)
    return bool(paragraphs)


def _has_bullet(paragraph: Any, inherited: bool) -> bool:
    properties = paragraph._p.pPr
    if properties is None:
        return inherited
    if properties.find(qn("a:buNone")) is not None:
        return False
    own = properties.find(qn("a:buChar")) is not None or properties.find(qn("a:buAutoNum")) is not None
    return own or inherited


def _add_chart(builder: DocumentBuilder, chart: Any, number: int) -> bool:
    """A chart as the table behind it: categories down, series across."""
    title = one_line(chart.chart_title.text_frame.text) if chart.has_title and chart.chart_title.has_text_frame else ""
    builder.add("paragraph", title, slide=number)
    text = ""
    for plot in chart.plots:
        series = list(plot.series)
        rows = [["", *(one.name for one in series)]]
        columns = [[str(category) for category in plot.categories], *([as_text(v) for v in s.values] for s in series)]
        rows += [list(row) for row in zip(*columns, strict=False)]
        text = table_text(rows)
        builder.add("table", text, slide=number)
    return bool(title or text)


def _add_diagram(builder: DocumentBuilder, shape: Any, number: int) -> bool:
    """The words of a SmartArt diagram, one item a node."""
    added = False
    for ids in shape._element.iter("{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds"):
        data = shape.part.related_part(ids.get(qn("r:dm")))
        for paragraph in _paragraphs(data.blob):
            builder.add("list_item", paragraph, slide=number)
            added = True
    return added


def _paragraphs(blob: bytes) -> list[str]:
    root = etree.fromstring(blob, etree.XMLParser(resolve_entities=False))
    texts = ("".join(run.text or "" for run in p.iter(qn("a:t"))) for p in root.iter(qn("a:p")))
    return [one_line(text) for text in texts if one_line(text)]


def _has_picture(slide: Any) -> bool:
    return next(slide._element.iter(qn("p:pic"), qn("a:blip")), None) is not None
