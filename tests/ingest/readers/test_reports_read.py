"""PDF, Word and PowerPoint beyond the samples."""

from __future__ import annotations

from io import BytesIO

import docx
import pptx
import pytest
from pptx.util import Inches
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

from ingest.readers import read_file
from ingest.readers.base import SourceFile, Unreadable


def saved(thing, name):
    stream = BytesIO()
    thing.save(stream)
    return read_file(SourceFile(name, stream.getvalue()), 10_000_000)


def pdf(*pages, size=11):
    """A PDF of pages of lines; an empty page stays empty."""
    stream = BytesIO()
    page = canvas.Canvas(stream, pagesize=A4)
    for lines in pages:
        page.setFont("Helvetica", size)
        for place, line in enumerate(lines):
            page.drawString(72, 760 - 14 * place, line)
        page.showPage()
    page.save()
    return read_file(SourceFile("a.pdf", stream.getvalue()), 10_000_000)


def blocks(document):
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


WORDS = "Parents told us at length how they had planned the trip and what had gone wrong"


def test_a_sentence_that_crosses_pages_is_one_paragraph_at_its_first_page():
    document = pdf([f"{WORDS}, and that the"], ["children had been asleep for most of it."])
    assert blocks(document) == [("paragraph", f"{WORDS}, and that the children had been asleep for most of it.")]
    assert document.blocks[0].locator.page == 1


def test_running_heads_and_page_numbers_are_dropped_but_a_repeated_sentence_inside_is_not():
    pages = [
        [
            "Study 7",
            f"{WORDS} {n}.",
            "We stopped.",
            f"{WORDS} still {n}.",
            "More.",
            f"It was page {'abcdefg'[n]}.",
            f"- {n} -",
        ]
        for n in range(1, 7)
    ]
    text = pdf(*pages).text
    assert "Study 7" not in text
    assert "- 3 -" not in text
    assert text.count(WORDS) == 12


def test_pages_without_text_are_named_as_a_stretch():
    document = pdf([f"{WORDS}."], [], [], [f"{WORDS} again."])
    assert document.warnings == ("pages 2-3 are empty",)
    assert document.blocks[-1].locator.page == 4


def test_a_numbered_list_in_a_pdf_is_items_and_no_headings():
    document = pdf(["They did this:", "1. Asked the children", "2. Compared prices on", "the phone"])
    assert blocks(document)[1:] == [("list_item", "Asked the children"), ("list_item", "Compared prices on the phone")]


def test_word_headings_follow_styles_outline_levels_and_custom_styles():
    report = docx.Document()
    own = report.styles.add_style("Chapter of ours", 1)
    own.base_style = report.styles["Heading 2"]
    report.add_paragraph("Top", style="Title")
    report.add_paragraph("Ours", style="Chapter of ours")
    report.add_paragraph("Words.")
    document = saved(report, "a.docx")
    assert [(b.kind, b.level) for b in document.blocks] == [("heading", 1), ("heading", 2), ("paragraph", 0)]
    assert document.blocks[-1].locator.heading_path == ("Top", "Ours")


def test_merged_cells_of_a_word_table_are_read_once():
    report = docx.Document()
    table = report.add_table(rows=2, cols=3)
    for cell, words in zip(table.rows[0].cells, ("Stop", "Clean", "Loud"), strict=True):
        cell.text = words
    table.cell(1, 0).merge(table.cell(1, 1)).text = "Lake"
    table.cell(1, 2).text = "no"
    assert saved(report, "a.docx").text == "Stop: Lake; Loud: no"


def test_a_word_document_without_words_is_refused():
    with pytest.raises(Unreadable, match="holds no words"):
        saved(docx.Document(), "a.docx")


def test_a_slide_without_a_title_stands_under_no_heading():
    deck = pptx.Presentation()
    deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = "First"
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    slide.shapes.add_textbox(Inches(1), Inches(1), Inches(2), Inches(1)).text_frame.text = "Loose words"
    document = saved(deck, "a.pptx")
    assert document.blocks[-1].locator.as_dict() == {"slide": 2}
    assert document.warnings == ()


def test_a_slide_with_notes_only_is_named_and_its_notes_are_kept():
    deck = pptx.Presentation()
    deck.slides.add_slide(deck.slide_layouts[6]).notes_slide.notes_text_frame.text = "Say hello."
    document = saved(deck, "a.pptx")
    assert blocks(document) == [("note", "Say hello.")]
    assert document.warnings == ("slide 1 is empty",)
