"""From the lines of a PDF to its blocks: running heads dropped, lines joined, words mended, headings guessed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, takewhile
from statistics import median

from ingest.readers.base import DocumentBuilder
from ingest.readers.pdf_page import Line
from ingest.readers.prose import table_text, without_bullet

_PAGE_NUMBER = re.compile(
    r"(?:page|seite|slide|p\.?|[-–—|])?\s*\d{1,4}(?:\s*(?:/|of|von|\|)\s*\d{1,4})?\s*[-–—|]?", re.I
)
_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2}){1,3})\.?\s+[A-ZÄÖÜ]")
_ENDS = (".", "!", "?", ":", ";", "…", ".”", '."', ".)")
_EDGE = 3  # lines at the top and at the bottom of a page where running heads are looked for
_LARGER = 1.15  # times the size of the body text: a heading
_MOST_HEADING_WORDS = 20
_LETTERS = re.compile(r"[^\W\d_]{2,}.*[^\W\d_]|[^\W\d_]{3,}")


def body_size(lines: Iterable[Line]) -> float:
    """The size in points that most letters have; 0 where there are none."""
    letters: Counter[float] = Counter()
    for line in lines:
        letters[round(line.size * 2) / 2] += len(line.text)
    return letters.most_common(1)[0][0] if letters else 0.0


def without_running_heads(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """The pages without heads and feet that come again on other pages, and without bare page numbers.

    They are peeled off from the outside, so a sentence that is repeated inside pages stays.
    """
    size = body_size(line for page in pages for line in page)
    written = [page for page in pages if page]
    edges = Counter(key for page in written for key in {_key(line) for edge in _edges(page) for line in edge})
    enough = len(written) if len(written) <= 3 else max(3, round(0.4 * len(written)))
    repeated = {key for key, count in edges.items() if count >= max(2, enough)}

    def runs(line: Line) -> bool:
        is_number = _PAGE_NUMBER.fullmatch(line.text) is not None
        return line.size <= size * 1.05 and (is_number or _key(line) in repeated)

    dropped = {id(line) for page in written for edge in _edges(page) for line in takewhile(runs, edge)}
    return [[line for line in page if id(line) not in dropped] for page in pages]


def _edges(page: Sequence[Line]) -> list[Sequence[Line]]:
    """The outermost lines from outside in: first, last, highest and lowest, for a head may be drawn at any time."""
    lowest = sorted(page, key=lambda line: line.y)
    return [page[:_EDGE], page[::-1][:_EDGE], lowest[::-1][:_EDGE], lowest[:_EDGE]]


def _key(line: Line) -> str:
    """What running heads have in common: their words, without the numbers that a short one may count with."""
    words = line.text.lower()
    return re.sub(r"\d+", "#", words) if len(words.split()) <= 10 else words


@dataclass
class Layout:
    """Adds the lines of page after page to a builder."""

    builder: DocumentBuilder
    pages: Sequence[Sequence[Line]]
    _run: list[Line] = field(default_factory=list)
    _is_item: bool = False

    def __post_init__(self) -> None:
        lines = [line for page in self.pages for line in page]
        self._size = body_size(lines)
        large = {round(line.size) for line in lines if line.tall and self._is_large(line)}
        self._sizes = sorted(large, reverse=True)
        self._compounds = {word.lower() for line in lines for word in re.findall(r"\w+-\w+", line.text)}

    def add_all(self) -> None:
        """Add every page."""
        for page in self.pages:
            if page and not page[0].tall:
                self._close()
                self.builder.leave_headings()
                self._add_page(page, _slide_title(page))
            elif page:
                followed = zip(page, [*page[1:], None], strict=True)
                self._add_page(page, {id(line) for line, after in followed if self._is_heading(line, after)})
        self._close()

    def _add_page(self, page: Sequence[Line], headings: set[int]) -> None:
        leading, widest = _leading(page), max(len(line.text) for line in page)
        head: list[Line] = []
        for line in page:
            if id(line) in headings:
                self._close()
                if head and abs(head[-1].size - line.size) > 0.5:
                    self._close_heading(head)
                head.append(line)
                continue
            self._close_heading(head)
            if self._run and bool(line.cells) != bool(self._run[-1].cells):
                self._close()
            item = None if line.cells else without_bullet(line.text)
            apart = bool(self._run) and not line.cells and _breaks(self._run[-1], line, leading, widest)
            if item is not None or apart:
                self._close()
                self._is_item = item is not None
            self._run.append(line if item is None else replace(line, text=item))
        self._close_heading(head)

    def _close_heading(self, head: list[Line]) -> None:
        """Lines of one size in a row are one heading, unless they are too long to be one."""
        if not head:
            return
        text = self._joined(head)
        if len(text.split()) > _MOST_HEADING_WORDS:
            self.builder.add("paragraph", text, page=head[0].page)
        else:
            self.builder.heading(text, self._level(head[0]), page=head[0].page)
        head.clear()

    def _level(self, line: Line) -> int:
        numbered = _NUMBERED.match(line.text)
        if not line.tall:
            return 1
        if round(line.size) in self._sizes:
            return min(self._sizes.index(round(line.size)) + 1, 4)
        return min(len(self._sizes) + (numbered[1].count(".") if numbered else 1), 6)

    def _close(self) -> None:
        if self._run and self._run[0].cells:
            self.builder.add("table", _table(self._run), page=self._run[0].page)
        elif self._run:
            kind = "list_item" if self._is_item else "paragraph"
            self.builder.add(kind, self._joined(self._run), page=self._run[0].page)  # type: ignore[arg-type]
        self._run, self._is_item = [], False

    def _joined(self, lines: Sequence[Line]) -> str:
        text = lines[0].text
        for line in lines[1:]:
            before, hyphen, _ = text.rpartition("-")
            cut = hyphen and text.endswith("-") and before[-1:].isalpha() and line.text[:1].islower()
            if cut and not self._is_compound(before, line.text):
                text = before + line.text
            else:
                text += line.text if cut else f" {line.text}"
        return text

    def _is_compound(self, before: str, after: str) -> bool:
        """Whether the two halves are written with a hyphen elsewhere in the document, as "long-term" is."""
        left, right = re.search(r"\w+$", before), re.match(r"\w+", after)
        return bool(left and right) and f"{left[0]}-{right[0]}".lower() in self._compounds  # type: ignore[index]

    def _is_large(self, line: Line) -> bool:
        is_item = line.text[:1] in "•●▪○■–-*"
        return line.size >= self._size * _LARGER and _says_something(line) and not is_item and not line.cells

    def _is_heading(self, line: Line, following: Line | None) -> bool:
        """Larger letters; or a short bold or "2.1" line that no sentence ends and that another line follows."""
        if not _says_something(line):
            return False
        if self._is_large(line):
            return True
        short = len(line.text.split()) <= 12 and not line.text.endswith(_ENDS) and line.size >= self._size * 0.95
        stands_out = (line.bold and (following is None or not following.bold)) or _NUMBERED.match(line.text)
        return bool(short and stands_out and following is not None and without_bullet(line.text) is None)


def _table(rows: Sequence[Line]) -> str:
    """Rows of as many cells each are read under their header; others line by line."""
    if len({len(row.cells) for row in rows}) == 1:
        return table_text([row.cells for row in rows])
    return "\n".join(row.text for row in rows)


def _says_something(line: Line) -> bool:
    """A big "42 %" or an ornament is no heading."""
    return _LETTERS.search(line.text) is not None


def _slide_title(page: Sequence[Line]) -> set[int]:
    """The largest letters of a slide, where they stand together and above the rest in size."""
    worded = [line for line in page if _says_something(line)]
    if not worded:
        return set()
    largest = max(line.size for line in worded)
    start = next(place for place, line in enumerate(page) if line.size >= 0.95 * largest and line in worded)
    title = []
    for line in page[start:]:
        if abs(line.size - largest) > 0.05 * largest or not _says_something(line):
            break
        title.append(line)
    others = [line.size for line in page if line not in title]
    stands_out = not others or largest >= _LARGER * median(others)
    return {id(line) for line in title} if stands_out and len(title) <= 4 else set()


def _leading(page: Sequence[Line]) -> float:
    """The usual distance between two lines of a paragraph, in points."""
    gaps = [a.y - b.y for a, b in pairwise(page) if 0 < a.y - b.y < 2.5 * max(a.size, b.size)]
    return median(gaps) if gaps else 0.0


def _breaks(before: Line, line: Line, leading: float, widest: int) -> bool:
    """Whether a new paragraph begins: at a gap, a change of size, or after a line that ends early."""
    ends = before.text.endswith(_ENDS)
    if before.page != line.page:
        return ends or not line.text[:1].islower()
    gap = before.y - line.y
    if abs(before.size - line.size) > 0.1 * max(before.size, line.size) or (leading and gap > 1.35 * leading):
        return True
    if gap < 0:  # a new column
        return ends
    early = len(before.text) < (0.8 if ends else 0.5) * widest
    return early and not line.text[:1].islower()
