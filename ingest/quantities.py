"""Numbers that a text states, typed: value, unit, whether it is a change, of what, of how many, when.

A percentage that fell "12.95%" may have lost 12.95 of its 100 points or 12.95 hundredths of itself; 19 of 12 is 158% of
a target and 58% over it. Where a reader could take a number in two ways, or its own arithmetic does not hold, it
carries a question. English words; numbers as English and German write them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.quantity_patterns import (
    BASE,
    BETWEEN_VERB_AND_NUMBER,
    CHANGE_BEHIND,
    CHANGED,
    COUNT,
    FROM_TO,
    NET_SCORE,
    PERIOD,
    SAMPLE,
    SCALED,
    SENTENCE,
    SHARE,
    STATED,
    VERB,
    number,
)
from ingest.quantity_questions import questions

EXCERPT = 40  # characters before a number that a message repeats
NEAR = 60  # characters before a number, in its clause, in which its verb of change stands


@dataclass(frozen=True)
class Quantity:
    """A number as ``text[start:end]`` states it.

    `unit`: percent, percentage points, points, count, duration, currency or other. `is_change`: it says how much
    something rose or fell, falls with a negative value. `n` and `period` are those of its sentence, `base` what it is a
    share of; empty or None where the sentence does not say. `questions` are what has to be settled before it is quoted.
    """

    start: int
    end: int
    value: float
    unit: str
    is_change: bool = False
    base: str = ""
    n: int | None = None
    period: str = ""
    questions: tuple[str, ...] = ()


def quantities(text: str) -> list[Quantity]:
    """The typed quantities of a text in their order: percentages, points, counts of counts, durations, sums of money.

    Bare numbers (years, versions, numbered headings) are no quantities.
    """
    found: list[Quantity] = []
    for start, end in _sentences(text):
        found.extend(_of_sentence(text, start, end))
    return found


def excerpt(text: str, stated: Quantity) -> str:
    """The number with some words before it, for a message."""
    start = max(0, stated.start - EXCERPT)
    return ("…" if start else "") + text[start : stated.end].strip()


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for gap in SENTENCE.finditer(text):
        yield start, gap.start()
        start = gap.end()
    yield start, len(text)


def _of_sentence(text: str, start: int, end: int) -> Iterator[Quantity]:
    sentence = text[start:end]
    counts = list(COUNT.finditer(sentence))
    taken = [match.span() for match in counts]
    n = _sample(sentence, counts)
    stated: list[Quantity] = [_count(match) for match in counts]
    for match in STATED.finditer(sentence):
        if not _overlaps(match.span(), taken) and (unit := _unit(match, sentence)):
            stated.append(_typed(sentence, match, unit))
    for quantity in sorted(stated, key=lambda each: each.start):
        whole = replace(quantity, n=quantity.n or n, period=_period(sentence, quantity))
        asked = tuple(questions(sentence, whole, counts))
        yield replace(whole, start=start + whole.start, end=start + whole.end, questions=asked)


def _overlaps(span: tuple[int, int], taken: Sequence[tuple[int, int]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in taken)


def _count(match: re.Match[str]) -> Quantity:
    """ "7 of 12": seven, counted in twelve."""
    return Quantity(match.start(), match.end(), number(match["part"]), "count", n=round(number(match["whole"])))


def _unit(match: re.Match[str], sentence: str) -> str | None:
    if match["currency"]:
        return "currency"
    if match["points"]:
        return "percentage points"
    if match["percent"]:
        return "percent"
    if match["plain_points"]:
        is_share = SHARE.search(sentence) and not (NET_SCORE.search(sentence) or SCALED.search(sentence))
        return "percentage points" if is_share else "points"
    return "duration" if match["duration"] else None


def _typed(sentence: str, match: re.Match[str], unit: str) -> Quantity:
    value = number(match["number"])
    direction = _direction(sentence, match)
    change = direction is not None or bool(match["sign"] and unit in ("percent", "percentage points", "points"))
    negative = direction == "fall" or (match["sign"] or "") in ("-", "−", "–")
    end = match.start() + len(match.group().rstrip())
    return Quantity(match.start(), end, -value if change and negative else value, unit, change, _base(sentence, end))


def _direction(sentence: str, match: re.Match[str]) -> str | None:
    """rise, fall or change where the words beside the number make it one: "fell by 12%", "a drop of 12%", "12% less".

    The two ends of "from 60% to 48%" are levels.
    """
    if any(ends.start() <= match.start() < ends.end() for ends in FROM_TO.finditer(sentence)):
        return None
    before = re.split(r"[;:()]|,\s", sentence[max(0, match.start() - NEAR) : match.start()])[-1]
    verbs = list(CHANGED.finditer(before))
    if verbs and BETWEEN_VERB_AND_NUMBER.fullmatch(before[verbs[-1].end() :]):
        return _named(verbs[-1])
    behind = CHANGE_BEHIND.match(sentence[match.end() :])
    return _named(behind) if behind else None


def _named(match: re.Match[str]) -> str:
    groups = match.groupdict()
    return "rise" if groups.get("rise") else "fall" if groups.get("fall") else "change"


def _base(sentence: str, end: int) -> str:
    match = BASE.match(sentence[end:])
    if not match:
        return ""
    return VERB.split(match["base"], maxsplit=1)[0].strip()


def _sample(sentence: str, counts: Sequence[re.Match[str]]) -> int | None:
    """How many the sentence speaks of, where it says one number only."""
    sizes = {round(number(match["given"] or match["counted"])) for match in SAMPLE.finditer(sentence)}
    sizes |= {round(number(match["whole"])) for match in counts}
    if len(sizes) > 1 and counts:
        sizes = {round(number(match["whole"])) for match in counts}
    return sizes.pop() if len(sizes) == 1 else None


def _period(sentence: str, quantity: Quantity) -> str:
    """The period that is named nearest to the number, one behind it before one in front of it."""
    named = list(PERIOD.finditer(sentence))
    if not named:
        return ""
    nearest = min(named, key=lambda match: max(match.start() - quantity.end, 2 * (quantity.start - match.end())))
    return nearest.group().strip()
