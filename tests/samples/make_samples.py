"""Makes the samples that the readers are tested on, and writes down how they are read.

    python tests/samples/make_samples.py             makes the sample files
    python tests/samples/make_samples.py --expected  writes <name>.expected.json from the readers as they are now

Read the difference before you commit an expectation: it is what the tests hold the readers to.
All research in here is invented: FamilyTrip is an app for planning family vacations.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from io import BytesIO
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

import docx  # noqa: E402
import openpyxl  # noqa: E402
import pptx  # noqa: E402
from docx.oxml import OxmlElement  # noqa: E402
from PIL import Image, ImageDraw  # noqa: E402
from pptx.chart.data import CategoryChartData  # noqa: E402
from pptx.enum.chart import XL_CHART_TYPE  # noqa: E402
from pptx.util import Inches  # noqa: E402
from pypdf import PdfReader, PdfWriter  # noqa: E402
from reportlab import rl_config  # noqa: E402
from reportlab.lib.pagesizes import A4, landscape  # noqa: E402
from reportlab.lib.styles import getSampleStyleSheet  # noqa: E402
from reportlab.pdfgen import canvas  # noqa: E402
from reportlab.platypus import ListFlowable, PageBreak, Paragraph, SimpleDocTemplate, Table  # noqa: E402

from ingest.readers import read_file  # noqa: E402
from ingest.readers.base import Document, SourceFile, Unreadable  # noqa: E402

rl_config.invariant = 1  # the same bytes at every run
WHEN = dt.datetime(2025, 3, 14, 9, 30)

NOTES_TXT = """FIELD NOTES
===========

We met eleven parents at their kitchen tables in March. Each of them showed us how
the last vacation had been planned, from the first idea to the packed car.

What they did first:
- asked the children where they wanted to go
- opened three or four booking sites side by side,
  mostly on the phone
- wrote prices on paper

Müller family: "Wir planen abends, wenn die Kinder schlafen." The café list was kept on the fridge.
"""

REPORT_MD = """---
title: Planning with toddlers
Authors: [Ines Brandt, Tom Okafor]
date: 2025-03-14
Methodology: Diary study
n: 14
tags:
  - planning
  - stops
---
# Planning with toddlers

Parents plan **around naps**, not around sights; see [the diary guide](https://example.org/guide "Guide")
for the wording. ![A car with three child seats](car.jpg)

Method
------

1. Fourteen families kept a diary for *two weeks*.
2. Each evening they noted
   - what was planned
   - what happened `instead`
3. A closing call of 30 minutes

> "We stop every ninety minutes, whatever the app says."

### What went wrong

| Problem | Families | Consequence |
| --- | ---: | --- |
| Stops without a toilet | 9 | Detour of 20 minutes |
| No changing table | 6 | Stop was cut short |

```
stop = nap_end + 15 minutes
```

<div class="note">Two families left the study early.</div>
"""

PAGE_HTML = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Booking interviews | FamilyTrip research</title>
<meta name="author" content="Ines Brandt"><meta name="description" content="Why families give up a booking.">
<meta property="article:published_time" content="2025-06-02">
<style>p { color: red }</style><script>var tracked = "yes";</script></head>
<body><nav><a href="/">Home</a> <a href="/studies">Studies</a></nav>
<header class="site-header">FamilyTrip research portal</header>
<main><h1>Why families give up a booking</h1>
<p>Twelve parents booked a trip while we
watched. <em>Seven</em> gave up at the <a href="/rooms">room page</a>.</p>
<h2>Reasons</h2>
<ul><li>The price changed after the children's ages were entered
<ul><li>for four families by more than 100&nbsp;euros</li></ul></li><li>Beds for children could not be chosen</li></ul>
<table><tr><th>Step</th><th>Gave up</th><th>Share</th></tr><tr><td>Rooms</td><td>7</td><td>58%</td></tr>
<tr><td>Payment</td><td>1</td><td>8%</td></tr></table>
<blockquote>I will not pay before I know where my baby sleeps.</blockquote>
</main><footer>Internal use only</footer></body></html>
"""

INTERVIEW_VTT = """WEBVTT - Interview with P3

NOTE recorded on 4 June 2025

1
00:00:01.000 --> 00:00:04.200
<v Moderator>How did you book your last trip?</v>

2
00:00:04.500 --> 00:00:08.000 align:start
<v P3>On my phone, in bed.</v>

3
00:00:08.000 --> 00:00:12.750
<v P3>My wife had <i>three</i> tabs open &amp; I had two.</v>

4
00:00:13.000 --> 00:00:15.000
<v Moderator>And then?</v>
<v P3>Then the price had changed.</v>
"""

CALL_SRT = """1
00:00:00,500 --> 00:00:03,000
Interviewer: What did you miss on the road?

2
00:00:03,200 --> 00:00:06,000
Dana: A list of playgrounds.

3
00:00:06,100 --> 00:00:09,400
One that works without a signal.

4
00:01:02,000 --> 00:01:04,000
Interviewer: Did the app help?

5
00:01:04,500 --> 00:01:07,000
Dana: No: it only knows petrol stations.
"""

ROLLING_VTT = """WEBVTT

00:00:00.000 --> 00:00:02.000
we packed the car

00:00:02.000 --> 00:00:04.000
we packed the car
and left at five

00:00:04.000 --> 00:00:06.000
and left at five
so that the kids would sleep.

00:00:06.000 --> 00:00:08.000
so that the kids would sleep.
It worked

00:00:12.000 --> 00:00:14.000
until Hanover.
"""

FEEDBACK_CSV = (
    "Datum;Segment;Kommentar;Note\r\n"
    '01.03.2025;Eltern;"Schöne Übersicht, aber die Preise ändern sich\nwährend ich buche";3,5\r\n'
    "02.03.2025;Großeltern;Die Schrift ist zu klein – ich finde nichts;2,0\r\n"
    "\r\n"
    "03.03.2025;Eltern;Für 40 € mehr hätte ich gern das Kinderbett gesehen\r\n"
)

FEEDBACK_TSV = "id\tcomment\tstars\n1\tThe map froze, twice\t2\n2\tGood for road trips; bad for trains\t4\textra\n"


def picture() -> BytesIO:
    """A small drawing: a photograph of a whiteboard, as far as the readers are concerned."""
    image = Image.new("RGB", (240, 160), "white")
    ImageDraw.Draw(image).rectangle((40, 40, 200, 120), outline="black")
    stream = BytesIO()
    image.save(stream, "PNG")
    stream.seek(0)
    return stream


def make_docx(path: Path) -> None:
    """A report with styles, lists, a table in its place and a footnote-free body; header and footer to be left out."""
    report = docx.Document()
    core = report.core_properties
    core.title, core.author, core.created, core.modified = "Stops usability test", "Tom Okafor", WHEN, WHEN
    core.comments = ""
    report.sections[0].header.paragraphs[0].text = "FamilyTrip confidential header"
    report.sections[0].footer.paragraphs[0].text = "Page 1"
    report.add_paragraph("Stops usability test", style="Title")
    report.add_paragraph("Eight parents planned a drive from Leipzig to the sea on a prototype.")
    report.add_heading("Findings", 1)
    report.add_heading("Choosing a stop", 2)
    line = report.add_paragraph("Parents look for ")
    line.add_run("toilets").bold = True
    line.add_run(" first and for food second.")
    report.add_paragraph("Filters were found by three of eight.", style="List Bullet")
    report.add_paragraph("Opening hours were missed by all.", style="List Bullet")
    report.add_paragraph("Rename the filter.", style="List Number")
    cells = [
        ("Task", "Success", "Median time"),
        ("Find a playground", "5 of 8", "94 s"),
        ("Add a stop", "8 of 8", "31 s"),
    ]
    table = report.add_table(rows=3, cols=3)
    for row, values in zip(table.rows, cells, strict=True):
        for cell, value in zip(row.cells, values, strict=True):
            cell.text = value
    after = report.add_paragraph("Nobody used the voice search")
    _deleted(after, " which surprised us")
    after.add_run(".")
    report.add_heading("Next", 1)
    report.add_paragraph("We test again in May.")
    report.save(str(path))


def _deleted(paragraph: object, words: str) -> None:
    """A tracked deletion: Word shows it struck through, readers leave it out."""
    deletion, run, text = OxmlElement("w:del"), OxmlElement("w:r"), OxmlElement("w:delText")
    text.text = words
    run.append(text)
    deletion.append(run)
    paragraph._p.append(deletion)  # type: ignore[attr-defined]


def make_pptx(path: Path) -> None:
    """A deck: cover, bullets with notes and two columns, a slide that is only a picture, a table, a chart, a group."""
    deck = pptx.Presentation()
    deck.core_properties.title, deck.core_properties.author = "PowerPoint Presentation", "Ines Brandt"
    deck.core_properties.created = deck.core_properties.modified = WHEN
    cover = deck.slides.add_slide(deck.slide_layouts[0])
    cover.shapes.title.text, cover.placeholders[1].text = "Offline diary study", "Readout, September 2025"
    bullets = deck.slides.add_slide(deck.slide_layouts[1])
    bullets.shapes.title.text = "Maps are needed most where there is no signal"
    bullets.placeholders[1].text = "Nine of ten families lost the map\nSix printed it beforehand"
    bullets.notes_slide.notes_text_frame.text = "Play the clip of P7 here.\nAsk the team to guess the number first."
    deck.slides.add_slide(deck.slide_layouts[6]).shapes.add_picture(picture(), Inches(1), Inches(1))
    _slide_of_things(deck.slides.add_slide(deck.slide_layouts[5]))
    _slide_of_boxes(deck.slides.add_slide(deck.slide_layouts[6]))
    deck.save(str(path))


def _slide_of_things(slide: object) -> None:
    slide.shapes.title.text = "How often the map was missing"  # type: ignore[attr-defined]
    shapes = slide.shapes  # type: ignore[attr-defined]
    table = shapes.add_table(2, 3, Inches(1), Inches(2), Inches(6), Inches(1)).table
    for row, values in enumerate((("Country", "Days", "Without map"), ("Norway", "21", "8"))):
        for column, value in enumerate(values):
            table.cell(row, column).text = value
    data = CategoryChartData()
    data.categories = ["Week 1", "Week 2"]
    data.add_series("Families without map", (4, 9))
    data.add_series("Families that printed", (1, 6))
    shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(4), Inches(6), Inches(3), data)


def _slide_of_boxes(slide: object) -> None:
    """No title; the boxes are drawn in another order than they are read in."""
    shapes = slide.shapes  # type: ignore[attr-defined]
    shapes.add_textbox(Inches(5), Inches(1), Inches(3), Inches(1)).text_frame.text = "Right: what we will do"
    shapes.add_textbox(Inches(1), Inches(1), Inches(3), Inches(1)).text_frame.text = "Left: what we learned"
    group = shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(5), Inches(3), Inches(1)).text_frame.text = "Save maps at home"
    group.shapes.add_textbox(Inches(1), Inches(4), Inches(3), Inches(1)).text_frame.text = "In the group"


def make_pdf(path: Path) -> None:
    """Three A4 pages with a running head and foot; the second is only a picture."""
    styles = getSampleStyleSheet()
    body = styles["BodyText"]

    def frame(page: canvas.Canvas, template: SimpleDocTemplate) -> None:
        page.setFont("Helvetica", 8)
        page.drawString(60, 815, "FamilyTrip research · Booking interviews")
        page.drawString(280, 25, f"Page {template.page} of 3")
        if template.page == 2:
            from reportlab.lib.utils import ImageReader

            page.drawImage(ImageReader(picture()), 100, 400, 240, 160)

    sentence = (
        "Twelve parents were asked to book a week at the sea for two adults and two children. They thought aloud, "
        "used the phone they always use, and stopped as soon as they would have at home. The long-term costs "
        "of a booking that goes wrong were discussed afterwards. "
    )
    steps = ["The price rises once ages are entered.", "Beds cannot be chosen before payment."]
    story = [
        Paragraph("Booking interviews", styles["Title"]),
        Paragraph("What we did", styles["Heading2"]),
        Paragraph(sentence * 2, body),
        Paragraph("A second round with four grandparents followed in May. It confirmed the first.", body),
        PageBreak(),
        Paragraph("&nbsp;", body),
        PageBreak(),
        Paragraph("What we learned", styles["Heading2"]),
        ListFlowable([Paragraph(step, body) for step in steps], bulletType="bullet"),
        Table([["Step", "Gave up", "Share"], ["Rooms", "7", "58%"], ["Payment", "1", "8%"]]),
        Paragraph("We recommend to ask for the ages first.", body),
    ]
    template = SimpleDocTemplate(str(path), pagesize=A4, title="Booking interviews, readout", author="Ines Brandt")
    template.build(story, onFirstPage=frame, onLaterPages=frame)


def make_hyphen_pdf(path: Path) -> None:
    """Lines set by hand: words cut at line ends, one of them a true compound."""
    page = canvas.Canvas(str(path), pagesize=A4, invariant=1)
    page.setTitle("untitled")
    lines = [
        "Families told us that the most impor-",
        "tant thing about a stop is that it is clean. The follow-",
        "up in May showed the same. One follow-up call was missed.",
    ]
    page.setFont("Helvetica-Bold", 11)
    page.drawString(72, 760, "2.1 Clean stops")
    page.setFont("Helvetica", 11)
    for number, line in enumerate(lines):
        page.drawString(72, 740 - 14 * number, line)
    page.drawString(72, 680, "A paragraph after a gap that is wide enough to be seen as one.")
    page.save()


def make_slides_pdf(path: Path) -> None:
    """A deck printed as PDF: landscape pages, large titles, short lines, a big figure."""
    page = canvas.Canvas(str(path), pagesize=landscape(A4), invariant=1)
    slides = [
        ("Offline diary study", ["Readout for the road trip team", "September 2025"], ""),
        ("Maps get lost where they are needed", ["• Nine of ten families lost the map", "• Six printed it"], "90 %"),
        ("What we propose", ["• Save the map at home without being", "asked to", "• Show what is saved"], ""),
    ]
    for number, (title, lines, figure) in enumerate(slides, start=1):
        page.setFont("Helvetica-Bold", 30)
        page.drawString(60, 500, title)
        page.setFont("Helvetica", 60)
        page.drawString(600, 300, figure)
        page.setFont("Helvetica", 18)
        for place, line in enumerate(lines):
            page.drawString(60, 420 - 26 * place, line)
        page.setFont("Helvetica", 9)
        page.drawString(60, 20, f"FamilyTrip {number}")
        page.showPage()
    page.save()


def encrypt(source: Path, target: Path, password: str) -> None:
    """A copy that opens with `password` only (an empty one: opens without being asked)."""
    writer = PdfWriter(clone_from=PdfReader(source))
    writer.encrypt(user_password=password, owner_password="the owner's", algorithm="RC4-128")
    writer.write(target)


def make_xlsx(path: Path) -> None:
    """Two sheets with content and an empty one: dates, numbers, a title above the header, a ragged row."""
    book = openpyxl.Workbook()
    first = book.active
    first.title = "Answers"
    first.append(["FamilyTrip survey, first wave"])
    first.append([])
    first.append(["Respondent", "Date", "Comment", "Satisfied", "Hours"])
    first.append(["r-1", dt.date(2025, 3, 1), "Booking took all evening", True, 2.5])
    first.append(["r-2", dt.datetime(2025, 3, 2, 20, 15), "Fine,\nbut slow", False, 3.0])
    first.append([None, None, None, None, None])
    first.append(["r-3", None, "007 is our car", None, 0.1 + 0.2, "stray"])
    second = book.create_sheet("Stops")
    second.append(["Stop", "Visits"])
    second.append(["Rest area Dresden", 12])
    book.create_sheet("Empty")
    book.properties.title, book.properties.creator, book.properties.created = "Survey, wave 1", "Ines Brandt", WHEN
    book.save(path)


def make_all() -> None:
    """Write every sample."""
    texts = {"notes.txt": NOTES_TXT, "report.md": REPORT_MD, "page.html": PAGE_HTML, "interview.vtt": INTERVIEW_VTT}
    texts |= {"call.srt": CALL_SRT, "rolling.vtt": ROLLING_VTT, "feedback.tsv": FEEDBACK_TSV}
    for name, text in texts.items():
        (HERE / name).write_bytes(text.encode("utf-8"))
    (HERE / "notes-utf16.txt").write_bytes(NOTES_TXT.encode("utf-16"))
    (HERE / "feedback-cp1252.csv").write_bytes(FEEDBACK_CSV.encode("cp1252"))
    make_docx(HERE / "stops.docx")
    make_pptx(HERE / "diary.pptx")
    make_pdf(HERE / "booking.pdf")
    make_hyphen_pdf(HERE / "hyphens.pdf")
    make_slides_pdf(HERE / "slides.pdf")
    encrypt(HERE / "hyphens.pdf", HERE / "opens-without-password.pdf", "")
    encrypt(HERE / "hyphens.pdf", HERE / "encrypted.pdf", "sesame")
    make_xlsx(HERE / "survey.xlsx")


def samples() -> list[Path]:
    """The sample files, without their expectations and this script."""
    return sorted(p for p in HERE.iterdir() if p.is_file() and p.suffix not in (".json", ".py"))


def reading(path: Path) -> dict[str, object]:
    """How a sample is read, ready for JSON: its blocks, tables, title, metadata and warnings, or why it is refused."""
    try:
        return as_values(read_file(SourceFile(path.name, path.read_bytes()), 10_000_000))
    except Unreadable as error:
        return {"unreadable": str(error)}


def as_values(document: Document) -> dict[str, object]:
    """A document as plain values."""
    blocks = [
        {"kind": b.kind, "level": b.level, "text": document.text[b.start : b.end], "locator": b.locator.as_dict()}
        for b in document.blocks
    ]
    tables = [
        {"sheet": t.sheet, "header": list(t.header), "rows": [[row.number, *row.values] for row in t.rows]}
        for t in document.tables
    ]
    return {
        "title": document.title,
        "metadata": dict(document.metadata),
        "warnings": list(document.warnings),
        "blocks": blocks,
        "tables": tables,
    }


def write_expectations() -> None:
    """Write the reading of every sample beside it."""
    for path in samples():
        text = json.dumps(reading(path), indent=1, ensure_ascii=False, sort_keys=True)
        path.with_name(f"{path.name}.expected.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    write_expectations() if "--expected" in sys.argv else make_all()
