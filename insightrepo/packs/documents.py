"""A pack as a Word document: headings, tables and quotes in their own styles, so that it can be edited and outlined."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from docx import Document
from docx.document import Document as Docx
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.table import _Cell, _Row
from docx.text.paragraph import Paragraph

from insightrepo.locales import day, days, moment
from insightrepo.packs.packs import PackReading
from insightrepo.packs.parts import Bullets, Quote, Section, Table
from insightrepo.packs.sections import in_short, sections

INK, SOFT, ACCENT = RGBColor(0x1D, 0x25, 0x28), RGBColor(0x56, 0x61, 0x65), RGBColor(0x17, 0x60, 0x5C)
BETTER, WORSE = RGBColor(0x1C, 0x6A, 0x3D), RGBColor(0xAB, 0x2F, 0x1F)
SHADE, LINE = "E6F0EE", "DFDCD3"
FONT = "Calibri"
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
HEADING = 7.5  # points: of a table, so that no word of it is broken in another font than ours
PAGE_WIDTH, MARGIN = 21.0, 2.0  # centimetres: A4
WIDTHS = {  # of columns, in centimetres, by section
    "changes": (3.4, 2.2, 2.4, 2.2, 2.2, 1.9, 1.5, 1.2),
    "gaps": (3.7, 2.3, 1.7, 2.3, 2.2, 1.9, 1.9, 1.0),
    "sources": (1.7, 3.0, 3.0, 2.8, 6.5),
}


def docx_of(pack: PackReading) -> bytes:
    """The document, as the bytes of a .docx file."""
    pack = replace(pack, content=_printable(pack.content), commentary=_printable(pack.commentary))
    document = Document()
    _set_up(document, pack)
    document.add_heading(pack.line.title, 0)
    _quiet(document, subtitle(pack))
    document.add_heading("In short", 1)
    for sentence in in_short(pack.content):
        document.add_paragraph(sentence, style="List Bullet")
    if pack.commentary:
        document.add_heading("Commentary", 1)
    for text in pack.commentary.split("\n"):
        if text.strip():
            document.add_paragraph(text.strip())
    for section in sections(pack.content, pack.withheld):
        _section(document, section)
    document.add_heading("Signature", 1)
    document.add_paragraph(signature(pack))
    _quiet(document, f"sha256 {pack.sha256}")
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _printable(value: Any) -> Any:
    """The value with every text in it without control characters, which XML cannot hold; a soft return is a space."""
    if isinstance(value, str):
        return CONTROL.sub(" ", value)
    if isinstance(value, Mapping):
        return {key: _printable(item) for key, item in value.items()}
    return [_printable(item) for item in value] if isinstance(value, list | tuple) else value


def subtitle(pack: PackReading) -> str:
    """Days, owner and state in a line."""
    content = pack.content
    made = f"made by {pack.line.owner} on {day(content['made']['at'][:10])}"
    return f"{days(content['first_day'], content['last_day'])} · {made} · {'signed' if pack.signed else 'draft'}"


def signature(pack: PackReading) -> str:
    """Who signed it and when; that nobody did."""
    line = pack.line
    if line.signed_at is None:
        return "Not signed: a draft may still change."
    return f"Signed by {line.signed_by} on {moment(line.signed_at)} UTC. Nothing of it has changed since."


def _set_up(document: Docx, pack: PackReading) -> None:
    properties = document.core_properties
    properties.title, properties.author = pack.line.title, pack.line.owner
    properties.created = properties.modified = pack.line.created_at.replace(tzinfo=None)
    properties.comments, properties.language = f"InsightRepo, sha256 {pack.sha256}", "en"
    page = document.sections[0]
    page.page_width, page.page_height = Cm(PAGE_WIDTH), Cm(29.7)
    page.left_margin = page.right_margin = Cm(MARGIN)
    page.top_margin = page.bottom_margin = Cm(1.8)
    styles = document.styles
    for name, size, colour in (
        ("Normal", 10, INK),
        ("Title", 20, INK),
        ("Heading 1", 14, ACCENT),
        ("Heading 2", 11, INK),
    ):
        style = styles[name]
        style.font.name, style.font.size, style.font.color.rgb = FONT, Pt(size), colour
        _one_font(style)
    styles["Normal"].paragraph_format.space_after = Pt(4)
    styles["Heading 1"].paragraph_format.space_before = Pt(14)
    styles["Heading 1"].paragraph_format.space_after = Pt(4)
    styles["Quote"].font.color.rgb = INK
    styles["Quote"].paragraph_format.left_indent = Cm(0.6)
    styles["Quote"].paragraph_format.space_after = Pt(0)
    styles["Quote"].paragraph_format.keep_with_next = True
    styles["List Bullet"].paragraph_format.space_after = Pt(2)
    _footer(page.footer.paragraphs[0], f"{pack.line.title} · {'signed' if pack.signed else 'draft'} · page ")


def _one_font(style: Any) -> None:
    """The theme's fonts would win over the name that was set."""
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{name}"), None)
    for name in ("ascii", "hAnsi", "cs"):
        fonts.set(qn(f"w:{name}"), FONT)


def _footer(paragraph: Paragraph, text: str) -> None:
    run = paragraph.add_run(text)
    number = paragraph.add_run()
    for kind, said in (("begin", None), (None, "PAGE"), ("end", None)):
        element = OxmlElement("w:instrText" if said else "w:fldChar")
        if said:
            element.text = said
        else:
            element.set(qn("w:fldCharType"), str(kind))
        number._r.append(element)
    for one in (run, number):
        one.font.size, one.font.color.rgb = Pt(8), SOFT


def _section(document: Docx, section: Section) -> None:
    document.add_heading(section.title, 1)
    for text in section.lead:
        document.add_paragraph(text).paragraph_format.keep_with_next = section.table is not None
    if section.table:
        _table(document, section.table, WIDTHS.get(section.key))
    for quote in section.quotes:
        _quote(document, quote)
    if section.more:
        _quiet(document, section.more)
    for group in section.bullets:
        _bullets(document, group)
    for note in section.notes:
        _quiet(document, note)


def _table(document: Docx, table: Table, widths: tuple[float, ...] | None) -> None:
    made = document.add_table(rows=1, cols=len(table.headings))
    made.style, made.alignment, made.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
    room = PAGE_WIDTH - 2 * MARGIN
    if widths is None:
        first = 5.0
        widths = (first, *((room - first) / (len(table.headings) - 1),) * (len(table.headings) - 1))
    _repeat(made.rows[0])
    for place, text in enumerate(table.headings):
        _write(made.rows[0].cells[place], text, bold=True, right=place in table.numeric)
        made.rows[0].cells[place].paragraphs[0].paragraph_format.keep_with_next = True
        _shade(made.rows[0].cells[place])
    for values in table.rows:
        row = made.add_row()
        _whole(row)
        for place, text in enumerate(values):
            _write(row.cells[place], text, right=place in table.numeric)
    for place, width in enumerate(widths):
        made.columns[place].width = Cm(width)  # some readers go by the column, others by its cells
        for row in made.rows:
            row.cells[place].width = Cm(width)
    _thin(made)
    document.add_paragraph().paragraph_format.space_after = Pt(0)


def _write(cell: _Cell, text: str, bold: bool = False, right: bool = False) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_after = Pt(0)
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    run = paragraph.add_run(text)
    run.font.size, run.bold = Pt(HEADING if bold else 8.5), bold or None
    if text.endswith((" better", " worse")):
        run.font.color.rgb = BETTER if text.endswith("better") else WORSE


def _repeat(row: _Row) -> None:
    """The headings stand again on the next page."""
    _whole(row)
    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _whole(row: _Row) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def _shade(cell: _Cell) -> None:
    shading = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", SHADE)):
        shading.set(qn(f"w:{name}"), value)
    cell._tc.get_or_add_tcPr().append(shading)


def _thin(table: Any) -> None:
    """Lines between the rows only, and little air beside the words."""
    properties = table._tbl.tblPr
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), "50")
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    properties.insert_element_before(margins, "w:tblLook")
    borders = OxmlElement("w:tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        line = OxmlElement(f"w:{side}")
        shown = "nil" if side in ("left", "right", "insideV") else "single"
        for name, value in (("val", shown), ("sz", "4"), ("color", LINE)):
            line.set(qn(f"w:{name}"), value)
        borders.append(line)
    properties.insert_element_before(borders, "w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook")


def _quote(document: Docx, quote: Quote) -> None:
    if quote.kind == "insight":
        paragraph = document.add_paragraph(quote.text)
        paragraph.paragraph_format.keep_with_next = True
    else:
        document.add_paragraph(f"“{quote.text}”", style="Quote")
    _quiet(document, quote.who, indent=0.6)


def _bullets(document: Docx, group: Bullets) -> None:
    document.add_heading(group.title, 2)
    for item in group.items:
        document.add_paragraph(item, style="List Bullet")
    if group.more:
        _quiet(document, group.more)


def _quiet(document: Docx, text: str, indent: float = 0.0) -> None:
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.left_indent = Cm(indent)
    run = paragraph.add_run(text)
    run.font.size, run.font.color.rgb = Pt(8.5), SOFT
