"""Markdown (CommonMark with tables): front matter, headings, items, tables; links and marks reduced to their words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import frontmatter
from lxml import html as lxml_html
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.readers.base import Document, DocumentBuilder, SourceFile, Unreadable
from ingest.readers.encoding import text_of
from ingest.readers.failures import parsing
from ingest.readers.metadata import described, first_heading, useful_title
from ingest.readers.prose import one_line, table_text, tidy_lines

SUFFIXES: tuple[str, ...] = (".md", ".markdown", ".mdown")
KIND = "report"

_FRONT_MATTER = re.compile(r"\s*---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S | re.M)
_CHECKBOX = re.compile(r"\[[ xX]\]\s+")
_BREAK_TAG = re.compile(r"<br\s*/?>", re.I)
_MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def accepts(file: SourceFile) -> bool:
    """By its name."""
    return file.suffix in SUFFIXES


def read(file: SourceFile) -> Document:
    """Read it whole; a broken front matter is a warning. Raises Unreadable: not text, or no words."""
    metadata, body, warnings = _split(text_of(file))
    with parsing("the Markdown"):
        tokens = _MARKDOWN.parse(body)
    blocks = _Blocks()
    for token in tokens:
        blocks.take(token)
    document = blocks.builder.build(metadata=metadata, warnings=warnings)
    title = useful_title(_text(metadata.get("title")), first_heading(document.text, document.blocks))
    return blocks.builder.build(title=title, metadata=metadata, warnings=warnings)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _split(text: str) -> tuple[dict[str, Any], str, tuple[str, ...]]:
    """(metadata, body, warnings). A rule "---" at the top that opens no front matter stays in the body."""
    found = _FRONT_MATTER.match(text)
    if not found:
        return {}, text, ()
    body = text[found.end() :]
    try:
        with parsing("the front matter"):
            values = frontmatter.YAMLHandler().load(found[1])
            metadata = described(values) if isinstance(values, Mapping) else {}
    except Unreadable as error:
        cause = error.__cause__
        return {}, body, (f"the front matter cannot be read and was left out: {one_line(str(cause))[:200]}",)
    return (metadata, body, ()) if isinstance(values, Mapping) or not found[1].strip() else ({}, text, ())


class _Blocks:
    """Turns markdown-it's flat run of tokens into blocks."""

    def __init__(self) -> None:
        self.builder = DocumentBuilder()
        self._list_depth = 0
        self._heading_level = 0
        self._rows: list[list[str]] | None = None

    def take(self, token: Token) -> None:
        """Take the next token."""
        if token.type in ("fence", "code_block"):
            self.builder.add("paragraph", tidy_lines(token.content))
        elif token.type == "html_block":
            self._add(_text_of_html(token.content))
        elif token.type == "inline":
            self._add(_words(token))
        elif token.type == "heading_open":
            self._heading_level = int(token.tag[1])
        elif token.type == "heading_close":
            self._heading_level = 0
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            self._list_depth += 1
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            self._list_depth -= 1
        else:
            self._take_table(token)

    def _take_table(self, token: Token) -> None:
        if token.type == "table_open":
            self._rows = []
        elif token.type == "tr_open" and self._rows is not None:
            self._rows.append([])
        elif token.type == "table_close" and self._rows is not None:
            self.builder.add("table", table_text(self._rows))
            self._rows = None

    def _add(self, words: str) -> None:
        if self._rows:
            self._rows[-1].append(words)
        elif self._heading_level:
            self.builder.heading(words, self._heading_level)
        elif self._list_depth:
            self.builder.add("list_item", tidy_lines(_CHECKBOX.sub("", words, count=1)))
        else:
            self.builder.add("paragraph", tidy_lines(words))


def _words(token: Token) -> str:
    """The words of an inline token without its marks; a picture speaks by its alternative text."""
    parts: list[str] = []
    for child in token.children or []:
        if child.type == "softbreak":
            parts.append(" ")
        elif child.type == "hardbreak" or (child.type == "html_inline" and _BREAK_TAG.fullmatch(child.content)):
            parts.append("\n")
        elif child.type in ("text", "code_inline", "image", "text_special"):
            parts.append(child.content)
    return "".join(parts)


def _text_of_html(fragment: str) -> str:
    with parsing("the HTML inside the Markdown"):
        root = lxml_html.fragment_fromstring(fragment, create_parent="div")
        for dropped in root.xpath("//script | //style | //comment()"):
            dropped.drop_tree()
        return str(root.text_content())
