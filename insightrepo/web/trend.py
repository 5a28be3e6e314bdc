"""A small drawing of a score over its waves, as coordinates for an inline SVG with a text that says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from insightrepo.scores.chips import Point
from insightrepo.web.formatting import number

WIDTH, HEIGHT = 420, 110
SIDE, TOP, BOTTOM = 30, 10, 26  # room for the labels of the waves
LABELS = 5  # more would touch each other


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
class Trend:
    """Dots and the lines between them ("x,y x,y"); a new instrument breaks the line. `words` is the alternative."""

    width: int
    height: int
    dots: tuple[Dot, ...]
    lines: tuple[str, ...]
    words: str

    @property
    def labelled(self) -> tuple[Dot, ...]:
        """The dots whose wave is named under the drawing: all of few, else the first and the last."""
        return self.dots if len(self.dots) <= LABELS else (self.dots[0], self.dots[-1])


def draw(points: Sequence[Point], measure: str, unit: str) -> Trend | None:
    """The drawing of a history, or None where fewer than two waves have a value."""
    shown = [(place, point) for place, point in enumerate(points) if point.value is not None]
    if len(shown) < 2:
        return None
    edges = [edge for _, point in shown for edge in (point.value, point.low, point.high) if edge is not None]
    low, high = min(edges), max(edges)
    if low == high:
        low, high = low - 1, high + 1
    step = (WIDTH - 2 * SIDE) / (len(points) - 1)
    dots: list[Dot] = []
    lines: list[list[str]] = []
    for place, point in shown:
        dot = _dot(point, SIDE + place * step, low, high)
        if not lines or point.starts_series or points[place - 1].value is None:
            lines.append([])
        lines[-1].append(f"{dot.x:.1f},{dot.y:.1f}")
        dots.append(dot)
    said = ", ".join(f"{point.wave} {number(point.value, measure, unit)}" for _, point in shown)  # type: ignore[arg-type]
    return Trend(WIDTH, HEIGHT, tuple(dots), tuple(" ".join(line) for line in lines), f"{measure} by wave: {said}")


def _dot(point: Point, x: float, low: float, high: float) -> Dot:
    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    return Dot(
        x=round(x, 1),
        y=y(point.value),  # type: ignore[arg-type]
        top=y(point.high) if point.high is not None else None,
        bottom=y(point.low) if point.low is not None else None,
        provisional=point.provisional,
        label=point.wave,
    )
