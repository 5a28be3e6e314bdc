"""The lines of a PDF page with the size, weight and place of their letters, as pypdf reports them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ingest.readers.prose import one_line

_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
_BULLET_CODES = {"\x7f": "•", "\uf0b7": "•", "\uf0a7": "•", "\uf0d8": "•"}  # symbol fonts without a mapping
_BULLETS = ("•", "-", "–", "o", "▪", "●", "*")
_SOFT_HYPHEN = "\u00ad"


@dataclass(frozen=True)
class Line:
    """One line: `size` and the place of its beginning (`x`, `y`, from the lower left) are in points."""

    text: str
    size: float
    bold: bool
    x: float
    y: float
    page: int
    tall: bool = True  # whether the page is higher than wide
    cells: tuple[str, ...] = ()  # two or more where the line is a row of a table

    @property
    def right(self) -> float:
        """About where the line ends: letters are half as wide as high, capitals wider."""
        return self.x + len(self.text) * self.size * (0.65 if self.text.isupper() else 0.5)


@dataclass
class _Collector:
    """Takes what pypdf's visitor reports and cuts it into lines."""

    page: int
    tall: bool
    lines: list[Line] = field(default_factory=list)
    _pieces: list[tuple[str, float, bool, float, float]] = field(default_factory=list)

    def visit(self, text: str, outer: Sequence[float], inner: Sequence[float], font: Any, size: float) -> None:
        """pypdf's visitor: the text, the two matrices, the font and its nominal size."""
        scale = math.hypot(inner[2], inner[3]) * math.hypot(outer[2], outer[3])
        x = inner[4] * outer[0] + inner[5] * outer[2] + outer[4]
        y = inner[4] * outer[1] + inner[5] * outer[3] + outer[5]
        name = str(font.get("/BaseFont", "")).lower() if font else ""
        bold = any(word in name for word in ("bold", "black", "heavy", "semibold"))
        for at, part in enumerate(text.split("\n")):
            if at:
                self.close()
            if part:
                self._pieces.append((part, size * scale, bold, x, y))

    def close(self) -> None:
        """End the line in hand."""
        pieces, self._pieces = [piece for piece in self._pieces if piece[0].strip()], []
        raw = "".join(piece[0] for piece in self._pieces or pieces)
        if not pieces:
            return
        text = _plain(raw)
        main = max(pieces, key=lambda piece: len(piece[0]))
        heavy = sum(len(piece[0]) for piece in pieces if piece[2]) > 0.8 * sum(len(piece[0]) for piece in pieces)
        if text:
            self.lines.append(Line(text, main[1], heavy, pieces[0][3], pieces[0][4], self.page, self.tall))


def _plain(raw: str) -> str:
    """Cleaned words; a soft hyphen at the end of a line stays visible as "-", so that the word can be mended."""
    for code, bullet in _BULLET_CODES.items():
        raw = raw.replace(code, bullet)
    if raw.rstrip().endswith(_SOFT_HYPHEN):
        raw = raw.rstrip().removesuffix(_SOFT_HYPHEN) + "-"
    return one_line(raw.translate(_LIGATURES))


def page_lines(page: Any, number: int) -> list[Line]:
    """The lines of a pypdf page in the order of its content; cells on one level are joined by "; "."""
    box = page.mediabox
    width, height = (box.width, box.height) if page.rotation % 180 == 0 else (box.height, box.width)
    collector = _Collector(number, float(height) >= float(width))
    page.extract_text(visitor_text=collector.visit)
    collector.close()
    lines: list[Line] = []
    end = 0.0  # of the cell before
    for line in collector.lines:
        if lines and _same_level(lines[-1], line, end):
            lines[-1] = _beside(lines[-1], line, line.x - end)
        else:
            lines.append(line)
        end = line.right
    return lines


def _beside(before: Line, line: Line, gap: float) -> Line:
    """One line of two that stand side by side: a wide gap between them parts two cells."""
    size = max(before, line, key=lambda one: len(one.text)).size
    if gap <= line.size or before.text in _BULLETS:
        joined = " ".join([(before.cells or (before.text,))[-1], line.text])
        cells = (*before.cells[:-1], joined) if before.cells else ()
        return replace(before, text=f"{before.text} {line.text}", size=size, cells=cells)
    cells = (*(before.cells or (before.text,)), line.text)
    return replace(before, text="; ".join(cells), size=size, cells=cells)


def _same_level(before: Line, after: Line, end: float) -> bool:
    return abs(before.y - after.y) < 0.25 * max(after.size, 1) and after.x > before.x and after.x > end - after.size


def has_picture(page: Any) -> bool:
    """Whether a page draws pictures or forms that may hold them."""
    resources = page.get("/Resources")
    drawn = resources.get_object().get("/XObject") if resources is not None else None
    return bool(drawn is not None and len(drawn.get_object()))
