"""What a section of a pack is made of: tables, bars, lines, quotes, lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Table:
    """Rows of text, the first cell names the row; `numeric` are places of columns of numbers.

    `about` says for each row what an address needs to say more of it, or None; "score" is that of its figure.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()
    about: tuple[dict[str, Any] | None, ...] = ()


@dataclass(frozen=True)
class Bars:
    """Horizontal bars, the first on top. `tones`: better, worse or plain; `labels` stand at the bars."""

    title: str
    categories: tuple[str, ...]
    values: tuple[float, ...]
    lows: tuple[float | None, ...]
    highs: tuple[float | None, ...]
    tones: tuple[str, ...]
    labels: tuple[str, ...]
    series: str
    decimals: int


@dataclass(frozen=True)
class Lines:
    """Lines over waves, in percent; None where a wave has no value that may be shown."""

    title: str
    categories: tuple[str, ...]
    series: tuple[tuple[str, tuple[float | None, ...]], ...]


@dataclass(frozen=True)
class Quote:
    """Words with who said them, when and where."""

    id: int
    kind: str
    text: str
    who: str


@dataclass(frozen=True)
class Bullets:
    """A short list under a title; `more` says how many are not named."""

    title: str
    items: tuple[str, ...]
    more: str = ""


@dataclass(frozen=True)
class Section:
    """A part of a pack: what it says first, then what it shows. Empty parts are not there."""

    key: str
    title: str
    lead: tuple[str, ...] = ()
    bars: Bars | None = None
    lines: Lines | None = None
    table: Table | None = None
    more: str = ""
    quotes: tuple[Quote, ...] = ()
    bullets: tuple[Bullets, ...] = ()
    notes: tuple[str, ...] = field(default=())
