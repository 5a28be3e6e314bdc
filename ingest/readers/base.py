"""What every reader promises, on one page.

A reader is a module with two functions, ``accepts(file)`` and ``read(file)``; it is listed once in
``ingest/readers/__init__.py``. It turns bytes into a `Document` of plain values and knows nothing of
databases, redaction or tagging.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

BlockKind = Literal["heading", "paragraph", "list_item", "table", "note", "turn"]


class Unreadable(Exception):
    """The file cannot be read. The message says why and what to do, in words a user understands."""


@dataclass(frozen=True)
class SourceFile:
    """A file as it came in. `name` is its path relative to what the user named, with forward slashes."""

    name: str
    data: bytes

    @property
    def suffix(self) -> str:
        """The lower-case extension with its dot, or ``""``."""
        stem = self.name.rsplit("/", 1)[-1]
        return "." + stem.rsplit(".", 1)[-1].lower() if "." in stem else ""


@dataclass(frozen=True)
class Locator:
    """Where something stands in its source. What a format does not have stays None or empty."""

    heading_path: tuple[str, ...] = ()
    page: int | None = None  # from 1
    slide: int | None = None  # from 1
    sheet: str | None = None
    row: int | None = None  # as a spreadsheet numbers it: the header is row 1
    speaker: str | None = None
    start_seconds: float | None = None
    end_seconds: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Only the fields that are set, ready for JSON."""
        values = {**self.__dict__, "heading_path": list(self.heading_path)}
        return {name: value for name, value in values.items() if value not in (None, [])}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Locator:
        """The inverse of `as_dict`."""
        return cls(**{**values, "heading_path": tuple(values.get("heading_path", ()))})


@dataclass(frozen=True)
class Block:
    """A stretch ``text[start:end]`` of a document: one heading, paragraph, list item, table, note or turn."""

    kind: BlockKind
    start: int
    end: int
    locator: Locator
    level: int = 0  # depth of a heading, 1 is the topmost; 0 elsewhere


@dataclass(frozen=True)
class Row:
    """One row of a table; `number` is the row's number in the file (the header is usually 1)."""

    number: int
    values: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows under a header, as a CSV file or one worksheet gives them. Every cell is text, stripped."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    sheet: str | None = None


@dataclass(frozen=True)
class Document:
    """What a reader hands on.

    Prose has `text` and `blocks` (in reading order, not overlapping, separated by blank lines in `text`);
    a data file has `tables` and no text. `metadata` holds what the file says of itself (front matter,
    document properties): lower-case names, values as text, lists as lists of text.
    `warnings` name what could not be read ("page 4 is only an image").
    """

    text: str = ""
    blocks: tuple[Block, ...] = ()
    tables: tuple[Table, ...] = ()
    title: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class Reader(Protocol):
    """The shape of a reader module."""

    SUFFIXES: tuple[str, ...]  # the lower-case extensions it reads, as users are told them
    KIND: Literal["report", "transcript", "table"]  # speakers and tables may say who people are, reports do not

    def accepts(self, file: SourceFile) -> bool:
        """Whether this reader is the one for the file: by its name and its first bytes, reading no further."""

    def read(self, file: SourceFile) -> Document:
        """Read it whole.

        Raises:
            Unreadable: corrupt, empty, encrypted, or not what its name says.
        """


class DocumentBuilder:
    """Collects blocks and keeps text, offsets and the heading path in step; readers use it so offsets cannot drift."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []
        self._headings: list[tuple[int, str]] = []

    def heading(self, text: str, level: int, **place: Any) -> None:
        """Add a heading; later blocks stand under it until a heading of the same or a higher rank."""
        text = " ".join(text.split())
        if not text:
            return
        self._headings = [(depth, title) for depth, title in self._headings if depth < level]
        path = tuple(title for _, title in self._headings)
        self._append("heading", text, Locator(heading_path=path, **place), level)
        self._headings.append((level, text))

    def leave_headings(self) -> None:
        """Later blocks stand under no heading until the next one: a new slide owes nothing to the one before."""
        self._headings = []

    def add(self, kind: BlockKind, text: str, **place: Any) -> None:
        """Add a block under the current headings; `place` takes the fields of `Locator`. Empty text is left out."""
        text = text.strip()
        if text:
            path = tuple(title for _, title in self._headings)
            self._append(kind, text, Locator(heading_path=path, **place), 0)

    def _append(self, kind: BlockKind, text: str, locator: Locator, level: int) -> None:
        if self._parts:
            self._parts.append("\n\n")
            self._length += 2
        self._parts.append(text)
        self._blocks.append(Block(kind, self._length, self._length + len(text), locator, level))
        self._length += len(text)

    def build(self, **fields: Any) -> Document:
        """The document so far; `fields` are the other fields of `Document`."""
        return Document(text="".join(self._parts), blocks=tuple(self._blocks), **fields)
