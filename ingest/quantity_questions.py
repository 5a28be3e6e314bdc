"""What has to be settled about a number before it is quoted: two ways to read it, or arithmetic that does not hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ingest.quantity_patterns import FROM_TO, NET_SCORE, OVER, PERCENT, SHARE, TARGET, number

if TYPE_CHECKING:
    from ingest.quantities import Quantity

TOLERANCE = 0.6  # points by which a rounded share may differ from its counts
FEW = 30  # people; a share of fewer with decimals is finer than they can tell


def questions(sentence: str, quantity: Quantity, counts: Sequence[re.Match[str]]) -> Iterator[str]:
    """The questions of one number; offsets of `quantity` are those in the sentence, `counts` its matches of COUNT."""
    if quantity.unit == "percent":
        yield from _of_percent(sentence, quantity)
        yield from _of_counts(sentence, quantity, counts)
    elif quantity.unit == "count" and quantity.value > (quantity.n or 0) and not TARGET.search(sentence):
        yield f"{_said(quantity.value)} of {quantity.n} is more than all: a part of them, or a target that was passed?"


def _of_percent(sentence: str, quantity: Quantity) -> Iterator[str]:
    size = _said(abs(quantity.value))
    if NET_SCORE.search(sentence):
        yield f"a net promoter score is in points from -100 to 100: are {size} points meant, or the share of a group?"
    elif quantity.is_change:
        yield from _of_change(sentence, quantity, size)
    elif quantity.value > 100 and not TARGET.search(sentence):
        yield f"{size}% is more than all: of what is it a share, or is it a growth?"
    if not quantity.is_change and quantity.n and quantity.n < FEW and quantity.value % 1:
        yield f"{quantity.n} people cannot tell decimals of a percent: say how many of {quantity.n} it were"


def _of_change(sentence: str, quantity: Quantity, size: str) -> Iterator[str]:
    ends = FROM_TO.search(sentence)
    if ends and ends["unit"]:
        low, high = number(ends["low"]), number(ends["high"])
        points = high - low
        relative = 100 * points / low if low else float("inf")
        if abs(abs(points) - abs(quantity.value)) <= TOLERANCE < abs(abs(relative) - abs(quantity.value)):
            yield (
                f"from {_said(low)}% to {_said(high)}% are {_said(abs(points))} percentage points, "
                f"which is {_said(abs(relative), 1)}% of {_said(low)}%: write points"
            )
        elif abs(abs(relative) - abs(quantity.value)) > TOLERANCE:
            yield (
                f"from {_said(low)}% to {_said(high)}% are {_said(abs(points))} percentage points or "
                f"{_said(abs(relative), 1)}%, not {size}%"
            )
    elif SHARE.search(sentence):
        yield f"{size}% of what it was before, or {size} percentage points? A share that changes can be read both ways"


def _of_counts(sentence: str, quantity: Quantity, counts: Sequence[re.Match[str]]) -> Iterator[str]:
    """The one count of the sentence must give its one percentage."""
    if quantity.is_change or len(counts) != 1 or len(re.findall(PERCENT, sentence, re.IGNORECASE)) != 1:
        return
    part, whole = number(counts[0]["part"]), number(counts[0]["whole"])
    if not whole:
        return
    share = 100 * part / whole
    after = sentence[quantity.end : quantity.end + 20]
    if TARGET.search(sentence) and OVER.search(after):
        if abs(share - 100 - quantity.value) > TOLERANCE:
            over = _said(share - 100, 0)
            yield f"{_said(part)} of {_said(whole)} is {_said(share, 0)}% of the target, {over}% over it"
    elif abs(share - quantity.value) > TOLERANCE:
        yield f"{_said(part)} of {_said(whole)} is {_said(share, 0)}%, not {_said(quantity.value)}%"


def _said(value: float, decimals: int | None = None) -> str:
    """A number as short as it is: 12, 12.95."""
    return f"{value:.{decimals}f}" if decimals is not None else f"{value:g}"
