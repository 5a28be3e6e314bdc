"""The files: opened again and checked for headings, charts and their values; suppressed cells are in none of them."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace

import pytest
from docx import Document
from pptx import Presentation
from pptx.util import Inches

from insightrepo.locales import speaking
from insightrepo.models import Outcome, Score, Segment, Wave
from insightrepo.packs.documents import docx_of
from insightrepo.packs.packs import PackReading, as_json, comment, sign
from insightrepo.packs.parts import Bullets
from insightrepo.packs.sections import sections
from insightrepo.packs.slide_text import LETTER, height_of
from insightrepo.packs.slides import pptx_of
from insightrepo.scores.reading import ScoreQuery, read_scores

QUOTE = "We stopped at a furniture shop <b>again</b>"


@pytest.fixture
def pack(kit, workspace, reader) -> PackReading:
    """A signed pack of the whole, with a commentary."""
    pack_id = kit.make()
    comment(workspace, reader("contributor"), pack_id, "The new list is not loved.\n\nWe take it back.")
    sign(workspace, reader("contributor"), pack_id)
    return kit.read("contributor", pack_id)


def slides_of(pack):
    return Presentation(io.BytesIO(pptx_of(pack)))


def charts(show):
    return {chart.chart_title.text_frame.text: chart for slide in show.slides for shape in slide.shapes
            if shape.has_chart for chart in [shape.chart]}  # fmt: skip


def words(data: bytes) -> str:
    """All text of a file, that of its charts' tables included."""
    found = []
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        for name in file.namelist():
            if name.endswith(".xlsx"):
                found.append(words(file.read(name)))
            elif name.endswith((".xml", ".rels")):
                found.append(file.read(name).decode())
    return "\n".join(found)


def test_a_soft_return_in_the_commentary_is_a_space_and_not_an_error(pack):
    document = Document(io.BytesIO(docx_of(replace(pack, commentary="First\x0bsecond\x01"))))
    assert "First second" in [paragraph.text.strip() for paragraph in document.paragraphs]


def test_the_document_has_headings_tables_and_quotes_in_their_styles(pack):
    document = Document(io.BytesIO(docx_of(pack)))
    styles = [(paragraph.style.name, paragraph.text) for paragraph in document.paragraphs]
    assert styles[0] == ("Title", "Quarterly review 2025-Q3")
    assert [text for style, text in styles if style == "Heading 1"] == [
        "In short", "Commentary", "What really changed", "Largest opportunities", "Over the waves", "New evidence",
        "Open questions", "Targets and what happened", "Where the figures come from", "Signature",
    ]  # fmt: skip
    assert [text for style, text in styles if style == "Quote"] == [f"“{QUOTE}”"]
    assert "We take it back." in [text for style, text in styles if style == "Normal"]
    changes, gaps, waves, sources = document.tables
    assert [cell.text for cell in changes.rows[0].cells][:4] == ["What", "Whose", "Measure", "From → to"]
    row = next(row for row in changes.rows if row.cells[1].text == "everybody")
    assert [row.cells[place].text for place in (0, 3, 4)] == ["STOP Find a stop", "90% → 50%", "▼ 40 points worse"]
    assert [cell.text for cell in gaps.columns[1].cells] == ["Opportunity", "13.0", "12.0"]
    assert [cell.text for cell in waves.rows[0].cells] == ["Outcome", "2025-Q2", "2025-Q3"]
    assert [len(cell.text) for cell in sources.columns[4].cells] == [6, 64, 64]
    assert document.core_properties.author == "contributor"
    assert pack.sha256 in document.core_properties.comments


def test_the_slides_have_charts_that_can_be_edited_with_the_values_of_the_pack(pack):
    found = charts(slides_of(pack))
    changes = found["Real changes in percentage points"].plots[0]
    shown = dict(zip(changes.categories, changes.series[0].values, strict=True))
    assert shown["STOP · everybody, n 200"] == pytest.approx(-40.0)
    gaps = found["Opportunity in 2025-Q3, 0 to 20"].plots[0]
    assert list(gaps.categories) == ["STOP Find a stop", "COST Know the cost"]
    assert list(gaps.series[0].values) == pytest.approx([13.0, 12.0])
    lines = found["Satisfied in percent, by wave"].plots[0]
    assert list(lines.categories) == ["2025-Q2", "2025-Q3"]
    assert {series.name: list(series.values) for series in lines.series} == {
        "STOP": [90.0, 50.0], "COST": [60.0, 60.0],
    }  # fmt: skip


def test_every_slide_has_a_title_and_its_sources_in_the_notes(pack):
    slides = list(slides_of(pack).slides)
    assert [slide.shapes.title.text for slide in slides] == [
        "Quarterly review 2025-Q3", "Commentary", "What really changed", "Largest opportunities", "Over the waves",
        "New evidence", "Open questions · targets and what happened", "Where the figures come from",
    ]  # fmt: skip
    for slide in slides:
        notes = slide.notes_slide.notes_text_frame.text
        assert pack.sha256 in notes
        assert all(f"{one['wave']} issue 1 sha256 {one['sha256']}" in notes for one in pack.content["waves"])
    assert all(chart._chartSpace is not None for chart in charts(slides_of(pack)).values())


def test_a_label_at_a_bar_never_runs_into_its_name(pack):
    long = json.loads(json.dumps(pack.content))
    row = long["changes"]["real"][0]
    long["changes"]["real"] = [row, {**row, "code": "T-PLAN-1", "measure": "success", "n": 30, "change": -50.0,
                                     "segment": "Families with young children"}]  # fmt: skip
    for shape in (shape for slide in slides_of(replace(pack, content=long)).slides for shape in slide.shapes):
        if not shape.has_chart or not hasattr(shape.chart.plots[0], "gap_width"):
            continue
        chart, wide = shape.chart, shape.width / Inches(1)
        x, w = (float(chart._chartSpace.chart.plotArea.xpath(f".//c:layout//c:{name}/@val")[0]) for name in "xw")
        axis, series = chart.value_axis, chart.plots[0].series[0]
        inch = w * wide / (axis.maximum_scale - axis.minimum_scale)
        for place, (name, value) in enumerate(zip(chart.plots[0].categories, series.values, strict=True)):
            label = series.points[place].data_label.text_frame.text
            room = value - axis.minimum_scale if value < 0 else axis.maximum_scale - value
            assert room * inch >= len(label) * LETTER * 12, label
            assert x * wide >= len(name) * LETTER * 12, name


def test_no_word_of_a_tables_heading_is_broken_in_the_document(pack):
    for table in Document(io.BytesIO(docx_of(pack))).tables:
        for cell in table.rows[0].cells:
            size = cell.paragraphs[0].runs[0].font.size.pt
            longest = max(map(len, re.split(r"[ -]", cell.text)))
            assert 0.72 * size * longest / 72 * 2.54 + 0.17 <= cell.width.cm, cell.text  # bold, of a wide font


def long_pack(pack: PackReading) -> PackReading:
    """The pack with more of everything than slides hold."""
    content = json.loads(json.dumps(pack.content))
    evidence = content["evidence"]
    evidence["said"] = [{**evidence["said"][0], "id": n, "text": "long words of a customer " * 40} for n in range(8)]
    evidence["said_total"] = 900
    content["changes"]["real"] = [{**content["changes"]["real"][0], "segment": f"Segment of a long name {n}"}
                                  for n in range(25)]  # fmt: skip
    content["changes"]["total"] = 60
    content["questions"]["silent"] = [{"code": f"O-{n}", "name": "something to get done " * 12} for n in range(5)]
    content["questions"]["silent_total"] = 40
    content["happened"] = [{"kind": "event", "when": f"2025-07-{n:02}", "text": "something happened " * 20,
                            "concerns": "everything"} for n in range(1, 28)]  # fmt: skip
    content["reconciliation"] = ["a figure differs from the pack before " * 4] * 30
    content["waves"] = content["waves"] * 15
    return PackReading(pack.line, content, "a word of the lead " * 420, pack.sha256, True, 0, False)


def test_nothing_overflows_a_slide_and_what_is_cut_is_counted(pack):
    show = slides_of(long_pack(pack))
    for slide in show.slides:
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.top >= 0
            assert shape.left + shape.width <= show.slide_width
            assert shape.top + shape.height <= show.slide_height, (slide.shapes.title.text, shape.name)
            if shape.has_text_frame and shape != slide.shapes.title and shape.text_frame.text:
                paragraphs = [paragraph for paragraph in shape.text_frame.paragraphs if paragraph.runs]
                size = paragraphs[0].runs[0].font.size.pt
                need = height_of([paragraph.text for paragraph in paragraphs], size, shape.width / Inches(1))
                assert shape.top / Inches(1) + need <= 7.5
    said = "\n".join(shape.text_frame.text for slide in show.slides for shape in slide.shapes if shape.has_text_frame)
    assert said.count("and ") >= 4
    assert "more" in said
    document = Document(io.BytesIO(docx_of(long_pack(pack))))
    assert "and 35 more" in [paragraph.text for paragraph in document.paragraphs]
    assert "and 892 more" in [paragraph.text for paragraph in document.paragraphs]


def test_suppressed_cells_are_in_no_file(kit, workspace, reader):
    with workspace.database.reading() as session:
        rows = read_scores(session, reader("administrator"), ScoreQuery(segments=("pilots",)))
        hidden = {row.note for row in rows}
        name = session.query(Segment).filter_by(code="pilots").one().name
    assert rows
    assert hidden == {"suppressed"}
    for product in (None, "maps"):
        pack = kit.read("contributor", kit.make(product=product))
        said = (words(docx_of(pack)), words(pptx_of(pack)), json.dumps(as_json(pack)))
        assert all(name not in text and "pilots" not in text for text in said)


def test_a_suppressed_point_of_a_line_has_no_number_anywhere(kit, workspace):
    with workspace.database.writing() as session:
        cost = session.query(Outcome).filter_by(code="COST").one()
        wave = session.query(Wave).filter_by(code="2025-Q2").one()
        cell = {"outcome_id": cost.id, "wave_id": wave.id, "segment_id": None, "product_id": None,
                "measure": "satisfaction"}  # fmt: skip
        row = session.query(Score).filter_by(**cell).one()
        row.value = row.low = row.high = row.n = None
        row.note = "suppressed"
    pack = kit.read("contributor", kit.make())
    [line] = [line for line in pack.content["trends"] if line["code"] == "COST"]
    assert (line["points"][0]["value"], line["points"][0]["n"]) == (None, None)
    lines = charts(slides_of(pack))["Satisfied in percent, by wave"].plots[0]
    assert {series.name: list(series.values) for series in lines.series}["COST"] == [None, 60.0]
    trends = next(section for section in sections(pack.content) if section.key == "trends")
    assert trends.table.rows[1][1] == "not shown"


def test_every_section_says_something_where_there_is_nothing(kit):
    pack = kit.read("contributor", kit.make(period="2024-Q1"))
    for section in sections(pack.content):
        assert section.lead or section.bullets or section.table
        assert all(isinstance(group, Bullets) and group.items for group in section.bullets)
    assert docx_of(pack)[:2] == pptx_of(pack)[:2] == b"PK"


def test_without_a_commentary_there_is_no_heading_and_no_slide_of_it(kit):
    bare = kit.read("contributor", kit.make())
    headings = [p.text for p in Document(io.BytesIO(docx_of(bare))).paragraphs if p.style.name == "Heading 1"]
    assert "Commentary" not in headings
    assert "Commentary" not in [slide.shapes.title.text for slide in slides_of(bare).slides]


def test_word_and_powerpoint_are_written_by_locale_and_json_is_not(pack):
    plain, as_kept = words(docx_of(pack)), as_json(pack)
    assert "2025-07-01 to 2025-09-30" in plain
    with speaking("de"):
        documents = words(docx_of(pack)), words(pptx_of(pack))
        assert as_json(pack) == as_kept
    for text in documents:
        assert "01.07.2025 to 30.09.2025" in text
        assert "2025-07-01" not in text
        assert re.search(r"\d,\d of 20", text)


def test_a_pack_made_by_a_german_reader_is_kept_as_any_other(kit):
    with speaking("de"):
        german = kit.read("contributor", kit.make()).content
    plain = kit.read("contributor", kit.make()).content
    left_out = ("made", "reconciliation")  # when it was made, and what differs from the pack before
    assert {key: german[key] for key in german if key not in left_out} == {
        key: plain[key] for key in plain if key not in left_out
    }
