"""Bars of an SVG for what adds up to a change: coordinates only, so that the page needs no script and no style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from insightrepo.scores.computing.splitting import SplitShown

WIDTH, HEIGHT, GAP = 110, 16, 2.0


@dataclass(frozen=True)
class Bar:
    """A stretch beside the line of zero; `kind` is rate or mix, `sign` says which way it moves the whole."""

    x: float
    width: float
    kind: str
    sign: str


@dataclass(frozen=True)
class Bars:
    """One row of the drawing: where zero is, and its bars: rate first, mix behind it on the same side or the other."""

    width: int
    height: int
    zero: float
    bars: tuple[Bar, ...]


def effect_bars(split: SplitShown) -> tuple[Bars, ...]:
    """A row for each part of the split, all to one scale."""
    effects = [(shown.part.rate_effect, shown.part.mix_effect) for shown in split.parts]
    reach = [_reach(pair) for pair in effects]
    low = min((left for left, _ in reach), default=0.0)
    high = max((right for _, right in reach), default=0.0)
    scale = (WIDTH - 2 * GAP) / max(high - low, 1e-9)
    zero = GAP - low * scale
    return tuple(Bars(WIDTH, HEIGHT, round(zero, 1), _row(pair, zero, scale)) for pair in effects)


def _reach(pair: Sequence[float]) -> tuple[float, float]:
    """How far a row goes to the left and to the right: bars of one sign stand one behind the other."""
    return sum(value for value in pair if value < 0), sum(value for value in pair if value > 0)


def _row(pair: tuple[float, float], zero: float, scale: float) -> tuple[Bar, ...]:
    edges = {"down": zero, "up": zero}
    bars = []
    for kind, value in zip(("rate", "mix"), pair, strict=True):
        sign, width = ("down" if value < 0 else "up"), abs(value) * scale
        if width < 0.3:
            continue
        x = edges[sign] - width if value < 0 else edges[sign]
        edges[sign] += -width if value < 0 else width
        bars.append(Bar(round(x, 1), round(width, 1), kind, sign))
    return tuple(bars)
