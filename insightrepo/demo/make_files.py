"""Makes the demo's binary files and tables of waves from `sources/`, `waves.py` and `trials.py`, once these changed.

python -m insightrepo.demo.make_files
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from docx import Document
from openpyxl import Workbook
from openpyxl.styles import Font
from pptx import Presentation

from insightrepo.demo import FILES, WAVES, trials, waves

SOURCES = Path(__file__).parent / "sources"
STUDIES = FILES / "studies"
MADE_ON = dt.datetime(2026, 10, 1)
IN_ZIP = (2026, 10, 1, 0, 0, 0)
AUTHOR = "FamilyTrip research"


@dataclass
class Part:
    """A stretch of a source: its kind (h1, h2, h3, text, bullet, quote, table) and its lines or cells."""

    kind: str
    lines: list[str] = field(default_factory=list)

    @property
    def cells(self) -> list[list[str]]:
        """The rows of a table, the rule under its header left out."""
        found = [[cell.strip() for cell in line.strip("|").split("|")] for line in self.lines]
        return [row for row in found if not set("".join(row)) <= set("- ")]


def parts(text: str) -> Iterator[Part]:
    """The parts of a source in order. It is Markdown of the plainest kind: one line a paragraph."""
    marks = {"# ": "h1", "## ": "h2", "### ": "h3", "- ": "bullet", "> ": "quote", "| ": "table"}
    current: Part | None = None
    for line in [*text.splitlines(), ""]:
        mark = next((mark for mark in marks if line.startswith(mark)), "")
        kind = marks.get(mark, "text") if line.strip() else ""
        joined = current is not None and kind == current.kind and kind in ("quote", "table")
        if current is not None and not joined:
            yield current
            current = None
        if kind:
            current = current or Part(kind)
            current.lines.append(line if kind == "table" else line.removeprefix(mark))


def make_docx(source: str, target: Path) -> None:
    """A Word document with headings, quotes, lists and tables."""
    document = Document()
    properties = document.core_properties
    properties.author, properties.created, properties.modified = AUTHOR, MADE_ON, MADE_ON
    styles = {"bullet": "List Bullet", "quote": "Quote", "text": "Normal"}
    for part in parts(source):
        if part.kind == "table":
            _docx_table(document, part.cells)
        elif part.kind.startswith("h"):
            properties.title = properties.title or part.lines[0]
            document.add_heading(part.lines[0], level=int(part.kind[1]))
        else:
            for line in part.lines:
                document.add_paragraph(line, style=styles[part.kind])
    document.save(str(target))
    _settle(target)


def _docx_table(document, cells: list[list[str]]) -> None:
    table = document.add_table(rows=0, cols=len(cells[0]), style="Light Grid Accent 1")
    for values in cells:
        for cell, value in zip(table.add_row().cells, values, strict=True):
            cell.text = value


def make_pptx(source: str, target: Path) -> None:
    """A deck: each heading begins a slide, bullets are its body, the line that begins with "Notes:" is spoken."""
    deck = Presentation()
    properties = deck.core_properties
    properties.author, properties.created, properties.modified = AUTHOR, MADE_ON, MADE_ON
    slide = None
    for part in parts(source):
        if part.kind == "h1":
            properties.title = properties.title or part.lines[0]
            slide = deck.slides.add_slide(deck.slide_layouts[1])
            slide.shapes.title.text = part.lines[0]
            body = slide.placeholders[1].text_frame
        elif part.kind == "bullet":
            paragraph = body.paragraphs[0] if not body.text else body.add_paragraph()
            paragraph.text = part.lines[0]
        elif slide is not None:
            slide.notes_slide.notes_text_frame.text = part.lines[0].removeprefix("Notes: ")
    deck.save(str(target))
    _settle(target)


def make_pdf(source: str, target: Path) -> None:
    """A report of several pages (reportlab is a development dependency)."""
    from reportlab.lib.pagesizes import A5
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

    styles = getSampleStyleSheet()
    looks = {"h1": "Title", "h2": "Heading2", "h3": "Heading3", "text": "BodyText", "quote": "Italic"}
    story = []
    for part in parts(source):
        bullet = "•" if part.kind == "bullet" else None
        for line in part.lines:
            story.append(Paragraph(line, styles[looks.get(part.kind, "BodyText")], bulletText=bullet))
        story.append(Spacer(1, 6))
    title = source.splitlines()[0].removeprefix("# ")
    SimpleDocTemplate(str(target), pagesize=A5, title=title, author=AUTHOR, invariant=1).build(story)


def make_xlsx(source: str, target: Path) -> None:
    """A workbook with one sheet under a bold header; the first column holds real dates."""
    workbook = Workbook()
    workbook.properties.creator, workbook.properties.created, workbook.properties.modified = AUTHOR, MADE_ON, MADE_ON
    sheet = workbook.active
    sheet.title = "Sheet"
    header, *entries = csv.reader(io.StringIO(source))
    sheet.append(header)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for day, *values in entries:
        sheet.append([dt.date.fromisoformat(day), *values])
    workbook.save(target)
    _settle(target)


def _settle(target: Path) -> None:
    """Write an Office file again without the time at which it was made: the same source gives the same bytes."""
    with zipfile.ZipFile(target) as file:
        parts_of_it = {name: file.read(name) for name in sorted(file.namelist())}
    stamp = MADE_ON.isoformat().encode() + b"Z"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts_of_it.items():
            if name == "docProps/core.xml":
                data = re.sub(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*", rb"\g<1>" + stamp, data)
            file.writestr(zipfile.ZipInfo(name, IN_ZIP), data, zipfile.ZIP_DEFLATED)


def answers_csv(code: str) -> str:
    """The CSV text of a wave's answers."""
    return _csv(waves.HEADER, waves.rows(_quarter(code)))


def trials_csv(code: str) -> str:
    """The CSV text of a wave's trials."""
    return _csv(trials.HEADER, trials.rows(_quarter(code)))


def ratings_csv(code: str) -> str:
    """The CSV text of what the people of a wave's trials said of a product."""
    return _csv(trials.RATING_HEADER, trials.ratings(_quarter(code)))


def _quarter(code: str) -> waves.Quarter:
    return next(quarter for quarter in waves.QUARTERS if quarter.code == code)


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def main() -> None:
    """Make every file."""
    for name, (make, target) in MADE.items():
        make((SOURCES / name).read_text(encoding="utf-8"), target)
    for wave in WAVES:
        wave.path.write_text(answers_csv(wave.code), encoding="utf-8")
        wave.trials.write_text(trials_csv(wave.code), encoding="utf-8")
        wave.ratings.write_text(ratings_csv(wave.code), encoding="utf-8")


MADE: dict[str, tuple[Callable[[str, Path], None], Path]] = {
    "stops-findings.md": (make_docx, STUDIES / "2026-03 Stops usability test" / "findings.docx"),
    "booking-results.md": (make_pptx, STUDIES / "2026-06 Booking interviews" / "results.pptx"),
    "offline-report.md": (make_pdf, STUDIES / "2026-09 Offline diary study" / "report.pdf"),
    "offline-diary.csv": (make_xlsx, STUDIES / "2026-09 Offline diary study" / "diary.xlsx"),
    "packing-findings.md": (make_docx, STUDIES / "2025-11 Packing list concept test" / "findings.docx"),
    "tickets-report.md": (make_pptx, STUDIES / "2025-12 Support ticket analysis" / "report.pptx"),
    "train-report.md": (make_docx, STUDIES / "2026-01 Train journeys field visit" / "report.docx"),
    "benchmark-summary.md": (make_pdf, STUDIES / "2026-02 Stop suggestions benchmark" / "summary.pdf"),
    "benchmark-results.csv": (make_xlsx, STUDIES / "2026-02 Stop suggestions benchmark" / "results.xlsx"),
    "desk-findings.md": (make_docx, STUDIES / "2026-04 Reception desk interviews" / "findings.docx"),
    "children-report.md": (make_pdf, STUDIES / "2026-05 Children tell the trip" / "report.pdf"),
    "experiment-results.md": (make_pptx, STUDIES / "2026-07 Stop list experiment" / "results.pptx"),
    "beds-review.md": (make_docx, STUDIES / "2026-08 Beds counted review" / "review.docx"),
    "readout.md": (make_pdf, STUDIES / "2026-09 Outcome survey readout" / "report.pdf"),
    "tickets.csv": (make_xlsx, FILES / "feeds" / "tickets.xlsx"),
}


if __name__ == "__main__":
    main()
