"""Plain words: what every reader does to text before it becomes a block."""

from __future__ import annotations

import re
from collections.abc import Sequence

_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile("[\u00a0\u2007\u202f]")
# Controls, soft hyphens, invisible marks and lone surrogates: they hide words from search and redaction.
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2060\ufeff\ud800-\udfff\ufffe\uffff]")
_BULLET = re.compile("(?:[•●▪■◦‣○∙·►➢✓]|[*+–—-](?=\\s))\\s*")
_ORDERED = re.compile(r"(?:\d{1,3}|[a-zA-Z]|[ivx]{2,4})[.)]\s+(?=\S)")


def clean(text: str) -> str:
    """The text with plain line ends and spaces, and without controls and invisible marks."""
    text = _SPACES.sub(" ", _LINE_ENDS.sub("\n", text))
    return _INVISIBLE.sub("", text)


def one_line(text: str) -> str:
    """The text cleaned, on one line, single-spaced."""
    return " ".join(clean(text).split())


def tidy_lines(text: str) -> str:
    """The text cleaned, each line single-spaced, empty lines left out."""
    lines = (" ".join(line.split()) for line in clean(text).split("\n"))
    return "\n".join(line for line in lines if line)


def without_bullet(line: str) -> str | None:
    """The words of a list item without their bullet or number; None where the line starts no item."""
    line = line.lstrip()
    mark = _BULLET.match(line) or _ORDERED.match(line)
    return line[mark.end() :].strip() if mark else None


def table_text(rows: Sequence[Sequence[str]]) -> str:
    """A table as lines that read and search well.

    Three columns and more: the first row is the header and each other row is "Header: cell; Header: cell".
    Two columns: "left: right". One column or one row: the cells. Empty cells are left out.
    """
    cells = [[one_line(cell) for cell in row] for row in rows]
    cells = [row for row in cells if any(row)]
    if not cells:
        return ""
    width = max(len(row) for row in cells)
    if len(cells) == 1 or width == 1:
        return "\n".join("; ".join(filter(None, row)) for row in cells)
    if width == 2:
        return "\n".join(": ".join(filter(None, row)) for row in cells)
    header, *body = cells
    return "\n".join(_labelled(header, row) for row in body)


def _labelled(header: Sequence[str], row: Sequence[str]) -> str:
    names = [*header, *[""] * len(row)]
    pairs = zip(names, row, strict=False)
    return "; ".join(f"{name.rstrip(':')}: {cell}" if name else cell for name, cell in pairs if cell)
