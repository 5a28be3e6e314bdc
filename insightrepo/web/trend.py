"""A small drawing of a score over its waves, as coordinates for an inline SVG with a text that says the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from insightrepo.scores.chips import Point
from insightrepo.scores.wording import number

LABELS = 5  # more would touch each other


@dataclass(frozen=True)
class Frame:
    """The size of a drawing and the room at its edges, in pixels."""

    width: int
    height: int
    side: int
    top: int
    bottom: int


FULL = Frame(420, 124, 30, 24, 26)  # with room for the labels of the waves
SPARK = Frame(88, 20, 4, 4, 4)


@dataclass(frozen=True)
class Dot:
    """A wave: where it is drawn, its interval from `top` to `bottom` (None: it has none), its label."""

    x: float
    y: float
    top: float | None
    bottom: float | None
    provisional: bool
    label: str


@dataclass(frozen=True)
class Mark:
    """Where something happened, with the number of its line in the list below and its words."""

    x: float
    number: int
    words: str


@dataclass(frozen=True)
class Trend:
    """Dots and the lines between them ("x,y x,y"); a new instrument breaks the line: `breaks` are where. `words` is
    the alternative.
    """

    width: int
    height: int
    dots: tuple[Dot, ...]
    lines: tuple[str, ...]
    words: str
    breaks: tuple[float, ...] = ()
    marks: tuple[Mark, ...] = ()

    @property
    def labelled(self) -> tuple[Dot, ...]:
        """The dots whose wave is named under the drawing: all of few, else the first and the last."""
        return self.dots if len(self.dots) <= LABELS else (self.dots[0], self.dots[-1])


def sparkline(points: Sequence[Point], measure: str, unit: str) -> Trend | None:
    """The drawing of a history in a line of a list, without its intervals; the values are in its words."""
    return draw([replace(point, low=None, high=None) for point in points], measure, unit, SPARK)


def draw(
    points: Sequence[Point], measure: str, unit: str, frame: Frame = FULL, events: Sequence[tuple[dt.date, str]] = ()
) -> Trend | None:
    """The drawing of a history, or None where fewer than two waves have a value. `events` are marked on their days as
    far as these are between the first and the last wave; their numbers count all of them, from 1.
    """
    shown = [(place, point, point.value) for place, point in enumerate(points) if point.value is not None]
    if len(shown) < 2:
        return None
    edges = [edge for _, point, value in shown for edge in (value, point.low, point.high) if edge is not None]
    low, high = min(edges), max(edges)
    if low == high:
        low, high = low - 1, high + 1
    step = (frame.width - 2 * frame.side) / (len(points) - 1)
    dots: list[Dot] = []
    lines: list[list[str]] = []
    breaks: list[float] = []
    for place, point, value in shown:
        dot = _dot(point, value, frame, frame.side + place * step, low, high)
        if dots and point.starts_series:
            breaks.append(round(dot.x - step / 2, 1))
        if not lines or point.starts_series or points[place - 1].value is None:
            lines.append([])
        lines[-1].append(f"{dot.x:.1f},{dot.y:.1f}")
        dots.append(dot)
    said = ", ".join(f"{point.wave} {number(value, measure, unit)}" for _, point, value in shown)
    return Trend(
        frame.width, frame.height, tuple(dots), tuple(" ".join(line) for line in lines), f"{measure} by wave: {said}",
        tuple(breaks), _marks(points, events, frame, step),
    )  # fmt: skip


def _marks(
    points: Sequence[Point], events: Sequence[tuple[dt.date, str]], frame: Frame, step: float
) -> tuple[Mark, ...]:
    """Waves stand evenly, in the middle of their days; a day between two middles is placed between them."""
    middles = [_middle(point) for point in points] if events else []
    marks = []
    for order, (day, words) in enumerate(events, start=1):
        at = day.toordinal()
        for place, (left, right) in enumerate(pairwise(middles)):
            if left <= at <= right and left < right:
                x = frame.side + (place + (at - left) / (right - left)) * step
                marks.append(Mark(round(x, 1), order, words))
                break
    return tuple(marks)


def _middle(point: Point) -> float:
    first, last = (dt.date.fromisoformat(day).toordinal() for day in (point.first_day, point.last_day))
    return (first + last) / 2


def _dot(point: Point, value: float, frame: Frame, x: float, low: float, high: float) -> Dot:
    def y(at: float) -> float:
        inner = frame.height - frame.top - frame.bottom
        return round(frame.height - frame.bottom - (at - low) / (high - low) * inner, 1)

    return Dot(
        x=round(x, 1),
        y=y(value),
        top=y(point.high) if point.high is not None else None,
        bottom=y(point.low) if point.low is not None else None,
        provisional=point.provisional,
        label=point.wave,
    )
