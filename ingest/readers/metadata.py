"""What a file says of itself, under names that do not depend on its format."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ingest.readers.prose import one_line

_ALIASES = {
    "title": ("study title", "study", "headline"),
    "author": ("authors", "creator", "researcher", "researchers", "by", "dc.creator", "article:author"),
    "date": ("dates", "published", "publish date", "fieldwork", "dc.date", "article:published_time"),
    "method": ("methods", "methodology", "research method", "study type"),
    "participants": ("participant count", "number of participants", "sample size", "respondents", "n"),
    "level": ("research level", "study level"),
}
_USUAL_NAME = {alias: name for name, aliases in _ALIASES.items() for alias in aliases}
_MOST_VALUES = 1000  # a front matter of nested anchors could grow without end
_EMPTY_TITLES = re.compile(
    r"(?:untitled|(?:word |pdf )?document ?\d*|powerpoint[ -]presentation|presentation ?\d*|slide \d+|title|book\d+|"
    r"microsoft (?:word|powerpoint|excel) - .*|.*\.(?:docx?|pptx?|xlsx?|indd|pdf|html?|txt|md))",
    re.I,
)


def described(values: Mapping[Any, Any]) -> dict[str, str | list[str]]:
    """The values as text or lists of text under lower-case names, empty ones left out; nested names joined by ".".

    Common names are made the same in every format: title, author, date, method, participants, level.

    Raises:
        ValueError: more than 1,000 values.
    """
    found: dict[str, str | list[str]] = {}
    for name, value in _flat(values, "", [0]):
        if value:
            found.setdefault(name, value)
    for name in list(found):
        usual = _USUAL_NAME.get(name) or _USUAL_NAME.get(name.replace("_", " ").replace("-", " "), name)
        if usual not in found:
            found[usual] = found.pop(name)
    return found


def _flat(values: Mapping[Any, Any], prefix: str, seen: list[int]) -> Iterable[tuple[str, str | list[str]]]:
    for key, value in values.items():
        name = prefix + one_line(str(key)).lower()
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}.", seen)
        elif isinstance(value, list | tuple | set):
            yield name, [item for item in _items(value, seen) if item]
        else:
            _count(seen)
            yield name, as_text(value)


def _items(values: Iterable[Any], seen: list[int]) -> Iterable[str]:
    for value in values:
        if isinstance(value, list | tuple | set):
            yield from _items(value, seen)
        elif isinstance(value, Mapping):
            yield "; ".join(f"{key}: {item}" for key, item in _flat(value, "", seen))
        else:
            _count(seen)
            yield as_text(value)


def _count(seen: list[int]) -> None:
    seen[0] += 1
    if seen[0] > _MOST_VALUES:
        raise ValueError(f"more than {_MOST_VALUES} values")


def as_text(value: Any) -> str:
    """One value as text: dates in ISO form (the time left out at midnight), whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        midnight = value.timetz() == dt.time(0)
        return value.date().isoformat() if midnight else value.replace(microsecond=0).isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return format(value, ".15g")
    return one_line(str(value))


def useful_title(*candidates: str | None) -> str | None:
    """The first candidate that says something; "untitled", file names and the like do not."""
    titles = (one_line(candidate or "") for candidate in candidates)
    return next((title for title in titles if title and not _EMPTY_TITLES.fullmatch(title)), None)


def first_heading(document_text: str, blocks: Iterable[Any]) -> str | None:
    """The words of the first heading of level 1, or of the first heading where there is none."""
    headings = [block for block in blocks if block.kind == "heading"]
    chosen = next((block for block in headings if block.level == 1), headings[0] if headings else None)
    return document_text[chosen.start : chosen.end] if chosen else None
