"""Cuts what was typed into tokens with their places; what they mean is decided in indexes/query.py.

A token is a word, a quoted text or ``name:value,value``, each maybe with a minus before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

QUOTES = '"“”„‟«»＂'

_SKIPPED = re.compile(r"\s+|-(?=\s|\Z)|-{2,}|(?<=\S)-+")  # blanks, and dashes that are no minus
_HEAD = re.compile(r"(?P<minus>-)?(?:(?P<name>[^\W\d_]+):(?=\S))?")
_QUOTED = re.compile(rf"[{QUOTES}][^{QUOTES}]*[{QUOTES}]")
_ITEM = re.compile(rf"(?P<quoted>{_QUOTED.pattern})|[^\s,]+")
_VALUES = re.compile(rf"(?:{_QUOTED.pattern}|[^\s,]*)(?:,(?:{_QUOTED.pattern}|[^\s,]*))*")
_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Item:
    """One value of ``name:value,value``, at ``typed[start:end]``, without its quotes."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Token:
    """A piece of what was typed, at ``typed[start:end]``.

    `text` is the word or what is within the quotes, without the minus; of ``name:value`` it is "". `name` is in lower
    case, and `items` are its values.
    """

    start: int
    end: int
    text: str = ""
    quoted: bool = False
    minus: bool = False
    name: str = ""
    items: tuple[Item, ...] = ()


def tokens(typed: str, names: frozenset[str]) -> Iterator[Token]:
    """The tokens in order, without overlap; whatever is a letter or a digit is in one of them. Never fails.

    Only a name that is one of `names` takes values; with another, ``name:value`` is a word, and ``name:"two words"`` a
    word and a quoted text.
    """
    at = 0
    while at < len(typed):
        skipped = _SKIPPED.match(typed, at)
        if skipped:
            at = skipped.end()
            continue
        for token in _at(typed, at, names):
            yield token
            at = token.end


def _at(typed: str, start: int, names: frozenset[str]) -> tuple[Token, ...]:
    """What begins here: one token, or the two of ``name:"two words"`` where there is no such name."""
    head = _HEAD.match(typed, start)
    assert head, "all of it may be missing"
    minus, name = bool(head["minus"]), head["name"] or ""
    if name.lower() in names:
        end = _end(_VALUES, typed, head.end())
        return (Token(start, end, minus=minus, name=name.lower(), items=tuple(_items(typed, head.end(), end))),)
    end = _end(_QUOTED, typed, head.end())
    if end > head.end():
        text = typed[head.end() + 1 : end - 1].strip()
        quoted = Token(head.end() if name else start, end, text, True, minus)
        return (Token(start, head.end(), name, minus=minus), quoted) if name else (quoted,)
    end = _end(_WORD, typed, head.end())
    return (Token(start, end, typed[start + minus : end], minus=minus),)


def _end(pattern: re.Pattern[str], typed: str, at: int) -> int:
    match = pattern.match(typed, at)
    return match.end() if match else at


def _items(typed: str, start: int, end: int) -> Iterator[Item]:
    for match in _ITEM.finditer(typed, start, end):
        text = match[0][1:-1].strip() if match["quoted"] else match[0].strip(QUOTES)
        yield Item(text, *match.span())
