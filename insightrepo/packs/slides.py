"""A pack as slides: one a section, with charts that PowerPoint can edit, and sources in the notes. Nothing overflows:
what does not fit is counted.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import (
    XL_CHART_TYPE,
    XL_LABEL_POSITION,
    XL_LEGEND_POSITION,
    XL_MARKER_STYLE,
    XL_TICK_LABEL_POSITION,
)
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.slide import Slide
from pptx.util import Inches, Pt

from insightrepo.locales import grouped
from insightrepo.packs.documents import signature, subtitle
from insightrepo.packs.packs import PackReading
from insightrepo.packs.parts import Bars, Bullets, Lines, Section, Table
from insightrepo.packs.section_of_sources import sources_words
from insightrepo.packs.sections import in_short, sections
from insightrepo.packs.slide_text import FONT, INK, LETTER, SMALLEST, cut, fitted, height_of, put, text_box

SOFT, ACCENT = RGBColor(0x56, 0x61, 0x65), RGBColor(0x17, 0x60, 0x5C)
TONES = {
    "better": RGBColor(0x1C, 0x6A, 0x3D), "worse": RGBColor(0xAB, 0x2F, 0x1F), "plain": RGBColor(0x0B, 0x62, 0xA3),
}  # fmt: skip
SERIES = (
    RGBColor(0x0B, 0x62, 0xA3),
    RGBColor(0xC0, 0x4A, 0x00),
    RGBColor(0x00, 0x77, 0x5A),
    RGBColor(0xA8, 0x49, 0x7F),
)
WIDE, HIGH, SIDE, TOP = 13.333, 7.5, 0.6, 1.55  # inches: the slide, its margin, where the body begins
BODY = HIGH - TOP - 0.65
MOST_NAMED, MOST_NAME = 0.43, 60  # of a chart's width: room for the names of its bars; letters of one
BAR_LETTERS, AIR = 12, 0.15  # size of the names and labels of bars; inches beside them
MOST_BARS, MOST_ROWS = 10, 8
HASH_LETTERS = 64
MOST_WHO = 260  # letters of whose words they are: the study and the row stand at the end


def pptx_of(pack: PackReading) -> bytes:
    """The slides, as the bytes of a .pptx file."""
    show = Presentation()
    show.slide_width, show.slide_height = Inches(WIDE), Inches(HIGH)
    properties = show.core_properties
    properties.title, properties.author = pack.line.title, pack.line.owner
    properties.created = properties.modified = pack.line.created_at.replace(tzinfo=None)
    properties.comments = f"InsightRepo, sha256 {pack.sha256}"
    notes = f"{sources_words(pack.content)}\nPack {pack.line.id}, sha256 {pack.sha256}. {signature(pack)}"
    _first(show, pack, notes)
    if pack.commentary:
        _commentary(show, pack, notes)
    made = {section.key: section for section in sections(pack.content, pack.withheld)}
    for key in ("changes", "gaps", "voices", "trends", "evidence"):
        if key in made:
            _section(show, pack, made[key], notes)
    _beside(show, pack, made["questions"], made["meanwhile"], notes)
    _section(show, pack, made["sources"], notes)
    buffer = io.BytesIO()
    show.save(buffer)
    return buffer.getvalue()


def _first(show: Any, pack: PackReading, notes: str) -> None:
    slide = _slide(show, pack.line.title, pack, notes, size=34)
    text_box(slide, SIDE, 1.2, WIDE - 2 * SIDE, 0.4, [subtitle(pack)], 14, SOFT)
    fitted(slide, SIDE, 1.95, WIDE - 2 * SIDE, HIGH - 2.75, in_short(pack.content), 22)


def _commentary(show: Any, pack: PackReading, notes: str) -> None:
    slide = _slide(show, "Commentary", pack, notes)
    said = [line.strip() for line in pack.commentary.split("\n") if line.strip()]
    fitted(slide, SIDE, TOP, WIDE - 2 * SIDE, BODY - 0.6, said, 18)
    text_box(slide, SIDE, HIGH - 1.25, WIDE - 2 * SIDE, 0.4, [signature(pack)], 14, SOFT)


def _section(show: Any, pack: PackReading, section: Section, notes: str) -> None:
    told = " ".join((*section.lead, *section.notes))
    slide = _slide(show, section.title, pack, f"{told}\n{_rows_told(section)}{notes}".strip())
    top = TOP - 0.35 + text_box(slide, SIDE, TOP - 0.35, WIDE - 2 * SIDE, 0.6, list(section.lead), 14, SOFT) + 0.1
    room = HIGH - 0.65 - top
    whole = WIDE - 2 * SIDE
    if section.bars:
        _bars(slide, section.bars, SIDE, top, whole, room - 0.3)
        hidden = len(section.bars.values) - MOST_BARS
        also = len(section.table.rows) - len(section.bars.values) if section.table else 0
        more = [
            f"and {grouped(hidden)} more" if hidden > 0 else section.more,
            "other measures are in the notes" if also > 0 else "",
        ]
        text_box(slide, SIDE, HIGH - 0.95, whole, 0.3, ["; ".join(filter(None, more))], SMALLEST, SOFT)
    elif section.lines:
        _lines(slide, section.lines, section.table, SIDE, top, whole, room)
    elif section.quotes:
        _quotes(slide, section, top, room)
    else:
        if section.table:
            top += _table(slide, section.table, section.more, SIDE, top, whole) + 0.2
        _groups(slide, section.bullets, SIDE, top, whole, HIGH - 0.7 - top)


def _beside(show: Any, pack: PackReading, left: Section, right: Section, notes: str) -> None:
    """Two short sections in two columns of one slide."""
    slide = _slide(show, f"{left.title} · {right.title[:1].lower()}{right.title[1:]}", pack, notes)
    width = (WIDE - 2 * SIDE - 0.6) / 2
    for place, section in enumerate((left, right)):
        groups = section.bullets or (Bullets(section.title, section.lead),)
        _groups(slide, groups, SIDE + place * (width + 0.6), TOP, width, BODY)


def _rows_told(section: Section) -> str:
    """The table behind a chart, for the notes."""
    if section.table is None:
        return ""
    heads = section.table.headings[1:]
    rows = [
        (row[0], *(f"{name} {cell}" for name, cell in zip(heads, row[1:], strict=True))) for row in section.table.rows
    ]
    return "\n".join(", ".join(row) for row in rows) + "\n"


def _slide(show: Any, title: str, pack: PackReading, notes: str, size: int = 28) -> Slide:
    """A slide with its title in the title's own place, a foot, and notes."""
    slide = show.slides.add_slide(show.slide_layouts[5])
    head = slide.shapes.title
    head.left, head.top, head.width, head.height = Inches(SIDE), Inches(0.35), Inches(WIDE - 2 * SIDE), Inches(0.85)
    frame = head.text_frame
    frame.word_wrap, frame.vertical_anchor = True, MSO_ANCHOR.MIDDLE
    put(frame, [title], size, INK, bold=True)
    frame.paragraphs[0].alignment = PP_ALIGN.LEFT
    frame.margin_left = 0
    foot = f"{pack.line.title} · {'signed' if pack.signed else 'draft'} · {len(show.slides)}"
    text_box(slide, SIDE, HIGH - 0.5, WIDE - 2 * SIDE, 0.3, [foot], 10, SOFT)
    slide.notes_slide.notes_text_frame.text = notes
    return slide


def _bars(slide: Slide, bars: Bars, left: float, top: float, width: float, height: float) -> None:
    most = slice(None, MOST_BARS)
    data = CategoryChartData(number_format="0.0")
    names = [cut(text, MOST_NAME) for text in bars.categories[most]]
    data.categories = names
    data.add_series(bars.series, [round(value, 4) for value in bars.values[most]])
    frame = slide.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, *map(Inches, (left, top, width, height)), data)
    chart = frame.chart
    _plain(chart, bars.title)
    _told(frame, f"{bars.title}: " + ", ".join(
        f"{name} {label}" for name, label in zip(bars.categories[most], bars.labels[most], strict=True)))  # fmt: skip
    categories, values = chart.category_axis, chart.value_axis
    categories.reverse_order, categories.tick_labels.font.size = True, Pt(BAR_LETTERS)
    categories.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    categories.format.line.color.rgb = SOFT
    values.visible, values.has_major_gridlines = False, False
    named = min(MOST_NAMED, max(map(_letters, names)) / width)
    values.minimum_scale, values.maximum_scale = _scale(bars.values[most], bars.labels[most], width * (0.99 - named))
    _place_plot(chart, named)
    plot = chart.plots[0]
    plot.gap_width, plot.vary_by_categories = 55, False
    series = plot.series[0]
    series.invert_if_negative = False
    for place, (tone, label) in enumerate(zip(bars.tones[most], bars.labels[most], strict=True)):
        point = series.points[place]
        point.format.fill.solid()
        point.format.fill.fore_color.rgb = TONES[tone]
        point.data_label.text_frame.word_wrap = False
        put(point.data_label.text_frame, [label], BAR_LETTERS, INK)
        point.data_label.position = XL_LABEL_POSITION.OUTSIDE_END


def _scale(values: Sequence[float], labels: Sequence[str], width: float) -> tuple[float, float]:
    """The ends of an axis of so many inches that leaves room for the labels at the ends of its bars."""
    room = [max((_letters(label) for value, label in zip(values, labels, strict=True) if (value < 0) is below),
                default=0.0) for below in (True, False)]  # fmt: skip
    lowest, highest = min(0.0, *values), max(0.0, *values)
    unit = (highest - lowest or 1.0) / (width - sum(room))  # of the values, an inch
    return lowest - room[0] * unit, highest + room[1] * unit


def _letters(text: str) -> float:
    """Inches that a name or a label of a bar takes in one line, with air."""
    return len(text) * LETTER * BAR_LETTERS + AIR


def _place_plot(chart: Any, named: float) -> None:
    """A fixed place of the bars, so that the names of the categories have theirs: else they are cut."""
    area = chart._chartSpace.chart.plotArea
    for known in area.findall(qn("c:layout")):
        area.remove(known)
    manual = parse_xml(
        f'<c:layout {nsdecls("c")}><c:manualLayout><c:layoutTarget val="inner"/><c:xMode val="edge"/>'
        f'<c:yMode val="edge"/><c:x val="{named:.4f}"/><c:y val="0.09"/><c:w val="{0.99 - named:.4f}"/>'
        '<c:h val="0.89"/>'
        "</c:manualLayout></c:layout>"
    )
    area.insert(0, manual)


def _lines(
    slide: Slide, lines: Lines, table: Table | None, left: float, top: float, width: float, height: float
) -> None:
    data = CategoryChartData(number_format="0.0")
    data.categories = list(lines.categories)
    for name, values in lines.series:
        data.add_series(name, [None if value is None else round(value, 4) for value in values])
    share = 0.6 if table else 1.0
    frame = slide.shapes.add_chart(
        XL_CHART_TYPE.LINE_MARKERS, *map(Inches, (left, top, width * share - 0.2, height)), data
    )
    chart = frame.chart
    _plain(chart, lines.title)
    _told(frame, f"{lines.title}; the values are beside it and in the notes")
    chart.has_legend = True
    chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    chart.legend.font.size = Pt(14)
    axis = chart.value_axis
    axis.minimum_scale, axis.maximum_scale, axis.major_unit = 0, 100, 25
    axis.tick_labels.number_format, axis.tick_labels.number_format_is_linked = '0"%"', False
    axis.tick_labels.font.size = chart.category_axis.tick_labels.font.size = Pt(12)
    axis.major_gridlines.format.line.color.rgb = RGBColor(0xDF, 0xDC, 0xD3)
    axis.format.line.fill.background()
    for place, series in enumerate(chart.plots[0].series):
        colour = SERIES[place % len(SERIES)]
        series.smooth = False
        series.format.line.color.rgb, series.format.line.width = colour, Pt(2.5)
        series.marker.style = (XL_MARKER_STYLE.CIRCLE, XL_MARKER_STYLE.SQUARE, XL_MARKER_STYLE.DIAMOND,
                               XL_MARKER_STYLE.TRIANGLE)[place % 4]  # fmt: skip
        series.marker.size = 9
        series.marker.format.fill.solid()
        series.marker.format.fill.fore_color.rgb = series.marker.format.line.color.rgb = colour
    if table:
        last = [f"{row[0]}: {row[-1]}" for row in table.rows]
        words = [f"In {table.headings[-1]}:", *last]
        fitted(slide, left + width * share, top + 0.2, width * (1 - share), height - 0.4, words, 16)


def _plain(chart: Any, title: str) -> None:
    chart.has_title, chart.has_legend = True, False
    chart.font.name, chart.font.color.rgb = FONT, INK
    put(chart.chart_title.text_frame, [title], 14, SOFT)
    chart.chart_title.include_in_layout = False


def _told(frame: Any, text: str) -> None:
    """What is said of the picture to who cannot see it."""
    frame._element.nvGraphicFramePr.find(qn("p:cNvPr")).set("descr", text[:1000])


def _table(slide: Slide, table: Table, more: str, left: float, top: float, width: float) -> float:
    """The table's height, in inches."""
    rows = table.rows[-MOST_ROWS:]
    shape = slide.shapes.add_table(
        len(rows) + 1, len(table.headings), *map(Inches, (left, top, width, 0.36 * (len(rows) + 1)))
    )
    made = shape.table
    rows = tuple(tuple(_short(text) for text in row) for row in rows)
    shares = [max(9, *(len(row[place]) for row in (table.headings, *rows))) for place in range(len(table.headings))]
    for place, share in enumerate(shares):
        made.columns[place].width = Inches(width * share / sum(shares))
    for number, values in enumerate((table.headings, *rows)):
        made.rows[number].height = Inches(0.36)
        for place, text in enumerate(values):
            cell = made.cell(number, place)
            cell.margin_top = cell.margin_bottom = Inches(0.03)
            cell.vertical_anchor = MSO_ANCHOR.MIDDLE
            cell.fill.solid()
            cell.fill.fore_color.rgb = ACCENT if number == 0 else RGBColor(0xFF, 0xFF, 0xFF)
            colour = RGBColor(0xFF, 0xFF, 0xFF) if number == 0 else INK
            put(cell.text_frame, [text], SMALLEST, colour, bold=number == 0)
            cell.text_frame.paragraphs[0].alignment = PP_ALIGN.RIGHT if place in table.numeric else PP_ALIGN.LEFT
    height = 0.36 * (len(rows) + 1)
    cut = len(table.rows) - len(rows)
    if cut or more:
        text_box(slide, left, top + height, width, 0.3, [f"and {grouped(cut)} more" if cut else more], SMALLEST, SOFT)
        height += 0.3
    return height


def _quotes(slide: Slide, section: Section, top: float, room: float) -> None:
    """Quotes in two columns, as many as fit; the others are counted."""
    columns, gap = 2, 0.5
    width = (WIDE - 2 * SIDE - gap) / columns
    used, shown = [0.0] * columns, 0
    for quote in section.quotes:
        said = quote.text if quote.kind == "insight" else f"“{quote.text}”"
        said, who = cut(said, 280), cut(quote.who, MOST_WHO)
        need = height_of([said], 15, width) + height_of([who], 11, width) + 0.18
        column = used.index(min(used))
        if used[column] + need > room - 0.35:
            continue
        _said(slide, SIDE + column * (width + gap), top + used[column], width, need - 0.18, said, who)
        used[column] += need
        shown += 1
    total = len(section.quotes) + _number(section.more)
    if total > shown:
        text_box(slide, SIDE, HIGH - 0.9, WIDE - 2 * SIDE, 0.3, [f"and {grouped(total - shown)} more"], SMALLEST, SOFT)


def _said(slide: Slide, left: float, top: float, width: float, height: float, said: str, who: str) -> None:
    """Words and, right under them, whose they are."""
    box = slide.shapes.add_textbox(*map(Inches, (left, top, width, height)))
    frame = box.text_frame
    frame.word_wrap = True
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    put(frame, [said], 15, INK, italic=said.startswith("“"))
    under = frame.add_paragraph().add_run()
    under.text = who
    under.font.name, under.font.size, under.font.color.rgb = FONT, Pt(11), SOFT


def _short(text: str) -> str:
    """The beginning of a hash; the notes have all of it."""
    return f"{text[:12]}…" if len(text) == HASH_LETTERS and " " not in text else text


def _number(more: str) -> int:
    digits = "".join(letter for letter in more if letter.isdigit())
    return int(digits) if digits else 0


def _groups(slide: Slide, groups: Sequence[Bullets], left: float, top: float, width: float, height: float) -> None:
    if not groups:
        return
    texts: list[str] = []
    heads: set[int] = set()
    for group in groups:
        heads.add(len(texts))
        texts += [group.title, *(f"• {item}" for item in group.items), *([group.more] if group.more else [])]
    fitted(slide, left, top, width, height, texts, 18, heads)
