"""Plain text: paragraphs between blank lines, list items by their bullets, headings only where underlined."""

from __future__ import annotations

import re

from ingest.readers.base import Document, DocumentBuilder, SourceFile
from ingest.readers.encoding import text_of
from ingest.readers.metadata import first_heading
from ingest.readers.prose import one_line, tidy_lines, without_bullet

SUFFIXES: tuple[str, ...] = (".txt", ".text")
KIND = "report"

_UNDERLINE = re.compile(r"(=|-|~)\1{2,}\s*")
_WRAPPED = 45  # characters: a line this long that does not end its paragraph was wrapped by an editor


def accepts(file: SourceFile) -> bool:
    """By its name."""
    return file.suffix in SUFFIXES


def read(file: SourceFile) -> Document:
    """Read it whole. Raises Unreadable: not text, or no words."""
    builder = DocumentBuilder()
    for paragraph in re.split(r"\n[ \t]*\n", text_of(file)):
        lines = [line for line in paragraph.split("\n") if line.strip()]
        if len(lines) >= 2 and _UNDERLINE.fullmatch(lines[1].strip()) and len(lines[0]) <= 120:
            builder.heading(lines[0], 1 if lines[1].strip()[0] == "=" else 2)
            lines = lines[2:]
        _add_paragraph(builder, lines)
    document = builder.build()
    return builder.build(title=first_heading(document.text, document.blocks))


def _add_paragraph(builder: DocumentBuilder, lines: list[str]) -> None:
    """Lines before the first bullet are a paragraph; each bullet starts an item that runs to the next."""
    prose: list[str] = []
    items: list[list[str]] = []
    for line in lines:
        if _UNDERLINE.fullmatch(line.strip()):
            continue
        item = without_bullet(line)
        if item is not None and _is_item(line, items, len(lines)):
            items.append([item])
        elif items:
            items[-1].append(line)
        else:
            prose.append(line)
    builder.add("paragraph", unwrapped(prose))
    for item_lines in items:
        builder.add("list_item", one_line(" ".join(item_lines)))


def _is_item(line: str, items: list[list[str]], count: int) -> bool:
    """An initial such as "A. Miller said" is no list; a bullet is, and so is a number or letter in a list."""
    return not line.lstrip()[0].isalpha() or bool(items) or count > 1


def unwrapped(lines: list[str]) -> str:
    """Lines that an editor wrapped are joined; short lines that stand alone stay lines."""
    text = ""
    for line, following in zip(lines, [*lines[1:], ""], strict=False):
        words = one_line(line)
        wrapped = len(words) >= _WRAPPED or following.lstrip()[:1].islower()
        text += words + (" " if wrapped else "\n")
    return tidy_lines(text)
