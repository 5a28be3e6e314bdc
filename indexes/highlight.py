"""Which words of a text were looked for, and the stretch of it to show. Pure functions over text and offsets."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache

from indexes.analyzer import Analyzer, Unit

Span = tuple[int, int]

LENGTH = 320  # letters of a snippet
LEAD = 60  # letters before the first match that a snippet likes to show
_SENTENCE_START = re.compile(r"(?:(?<=[.!?…])[\"'”’)\]]*\s+|\n+\s*)(?=\S)")
_WORD_START = re.compile(r"(?<=\s)(?=\S)")
_WORD_END = re.compile(r"(?<=\S)(?=\s)")


def spans(text: str, words: Iterable[str], phrases: Iterable[str], analyzer: Analyzer) -> list[Span]:
    """Where the words and phrases stand in the text, as ascending ``(start, end)`` that do not overlap.

    A word matches in every form the keyword engine takes for it (stem, accents, ``e-mail`` and ``email``); stop words
    are marked only where nothing else was looked for. A phrase is marked from its first word to its last.
    """
    words, phrases = tuple(words), tuple(phrases)
    if not phrases and (tokens := _plain_tokens(words, analyzer)) is not None:
        return _merged(analyzer.spans_of(text, tokens))
    phrase_units = [_units(phrase, analyzer) for phrase in phrases]
    word_units = [unit for word in words for unit in _units(word, analyzer)]
    places = analyzer.places(text, _starts(unit for units in (*phrase_units, word_units) for unit in units))
    if not places:
        return []
    found: list[Span] = []
    for units in phrase_units:
        for row in analyzer.sequences(units, places.__contains__):
            found += _rows(row, places)
    only_stop = not any(phrase_units) and all(map(analyzer.is_stop, word_units))
    for at, unit in enumerate(word_units):
        if only_stop or not analyzer.is_stop(unit):
            for _, rows in analyzer.spellings(word_units, at, places.__contains__):
                found += [span for row in rows for span in _rows(row, places)]
    return _merged(found)


@lru_cache(maxsize=256)
def _units(looked_for: str, analyzer: Analyzer) -> tuple[Unit, ...]:
    """The units of a word or phrase, the same for every text of a page."""
    return tuple(analyzer.units(looked_for))


@lru_cache(maxsize=256)
def _plain_tokens(words: tuple[str, ...], analyzer: Analyzer) -> frozenset[str] | None:
    """The tokens to mark where each word is looked for by single tokens; None where one is a compound or a sign.

    Then it does not matter what stands beside what, and a text is gone through several times as fast.
    """
    units = [unit for word in words for unit in _units(word, analyzer)]
    if any(unit.link or unit.parts for unit in units):
        return None
    only_stop = all(map(analyzer.is_stop, units))
    weighty = [at for at, unit in enumerate(units) if only_stop or not analyzer.is_stop(unit)]
    spelt = [rows for at in weighty for _, rows in analyzer.spellings(units, at, lambda token: True)]
    return frozenset(token for rows in spelt for (token,) in rows)


def _starts(units: Iterable[Unit]) -> str:
    """What any token that the units may be found by begins with; "and" stands for "&"."""
    tokens = {token for unit in units for token in (unit.raw, *unit.forms, *(part for part, _, _ in unit.parts))}
    return "".join(sorted({token.lstrip(".")[:1] for token in tokens if token} | {"a"}))


def _rows(row: Sequence[str], places: dict[str, dict[int, Span]]) -> list[Span]:
    """Where these tokens stand one after the other, from the first's start to the last's end."""
    if any(token not in places for token in row):
        return []
    starts = [
        position
        for position in places[row[0]]
        if all(position + distance in places[token] for distance, token in enumerate(row))
    ]
    return [(places[row[0]][at][0], places[row[-1]][at + len(row) - 1][1]) for at in starts]


def _merged(found: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(found):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def snippet(text: str, marked: Sequence[Span], length: int = LENGTH) -> Span:
    """The stretch ``(start, end)`` of at most `length` letters that holds the most of `marked` (as `spans` gives them).

    It begins at a sentence where one begins shortly before the first match, else at a word, and ends at a word.
    A text that is short enough is shown whole; without matches the text's beginning is.
    """
    if len(text) <= length:
        return 0, len(text)
    if not marked:
        return 0, _end(text, 0, length, 0)
    starts = [start for start, _ in marked]
    ends = [end for _, end in marked]
    held = [bisect_left(ends, start + length + 1, at) - at for at, start in enumerate(starts)]
    first = held.index(max(held))
    last_end = ends[first + max(held) - 1] if max(held) else ends[first]
    start = _start(text, starts[first], max(last_end - length, starts[first] - LEAD, 0))
    return start, _end(text, start, length, min(last_end, start + length))


def _start(text: str, match: int, earliest: int) -> int:
    """Where to begin so that `match` is shown, not before `earliest`: a sentence, a word, or the match itself."""
    if earliest == 0:
        return 0
    sentences = [found.end() for found in _SENTENCE_START.finditer(text, earliest, match + 1)]
    words = [found.end() for found in _WORD_START.finditer(text, earliest, match + 1)]
    return sentences[-1] if sentences else words[0] if words else match


def _end(text: str, start: int, length: int, least: int) -> int:
    """Where to end within `length` letters of `start`: after a word, but not before `least`."""
    latest = start + length
    if latest >= len(text):
        return len(text)
    ends = [found.start() for found in _WORD_END.finditer(text, max(least - 1, start), latest + 1)]
    ends = [end for end in ends if least <= end <= latest and end > start]
    return ends[-1] if ends else latest
