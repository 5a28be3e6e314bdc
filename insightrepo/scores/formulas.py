"""How a score is computed, in words and symbols with its own numbers put in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from insightrepo.locales import decimal, grouped, percent, short
from insightrepo.scores.computing.companions import ROUNDED
from insightrepo.scores.computing.statistics import Z
from insightrepo.scores.reading import ScoreRow

TIMES = "time"


@dataclass(frozen=True)
class Line:
    """One step: what it is in words, its symbols, and the numbers put in."""

    words: str
    symbols: str
    numbers: str


def formula(row: ScoreRow, detail: Mapping[str, Any]) -> Iterator[Line]:
    """The steps from inputs to value, interval and unweighted value; none where the cell has no value."""
    if row.value is None or row.n is None or row.low is None or row.high is None:
        return
    if not detail:
        yield Line("computed by an earlier version: its inputs are not kept", "", f"{decimal(row.value, 1)} {row.unit}")
        return
    if ROUNDED in detail:
        yield Line(
            "weighted, and rounded: a segment that the wave is weighted by is hidden, and more digits would tell of it",
            str(detail.get("method", "")), f"{short(row.value)} ({short(row.low)} to {short(row.high)})",
        )  # fmt: skip
        return
    yield from _kind(row, detail)(row, detail)
    if row.unweighted_value is not None and row.unweighted_low is not None and row.unweighted_high is not None:
        yield Line(
            "without weights, for comparison", "",
            f"{decimal(row.unweighted_value, 1)} ({decimal(row.unweighted_low, 1)} to "
            f"{decimal(row.unweighted_high, 1)}), n {grouped(row.n)}",
        )  # fmt: skip
    if row.band is not None:
        yield Line("band of this opportunity", "", f"{decimal(row.value, 1)} is {row.band!r}")


Steps = Callable[[ScoreRow, Mapping[str, Any]], Iterator[Line]]


def _kind(row: ScoreRow, detail: Mapping[str, Any]) -> Steps:
    if row.measure == "opportunity":
        return _opportunity
    if "tasks" in detail:
        return _index
    if "top" in detail:
        return _share
    if row.measure == TIMES:
        return _time
    return _nps if str(detail.get("method", "")).startswith("promoters") else _mean


def _share(row: ScoreRow, detail: Mapping[str, Any]) -> Iterator[Line]:
    assert row.value is not None
    n, share = row.n_eff or row.n or 0, row.value / 100
    if row.unweighted_value is None:
        what = "who completed" if row.measure == "success" else "in the top box"
        yield Line(f"the share of people {what}", "p = x / n",
                   f"{short(detail['top'])} / {grouped(row.n)} = {percent(row.value, 1)}")  # fmt: skip
    else:
        yield Line("the weighted share of people in the top box", "p = Σ w·x / Σ w", percent(row.value, 1))
        yield Line(
            "weights cost precision (Kish)", "n_eff = (Σ w)² / Σ w²", f"{decimal(n, 1)} of {grouped(row.n)} people"
        )
    shrunk_n, shrunk = n + Z**2, (share * n + Z**2 / 2) / (n + Z**2)
    half = Z * math.sqrt(shrunk * (1 - shrunk) / shrunk_n)
    yield Line(
        "95% interval, adjusted Wald (Agresti and Coull), kept within 0 and 100%",
        "p̃ = (p·n + z²/2) / (n + z²);  p̃ ± z·√(p̃(1 − p̃) / (n + z²)),  z = 1.96",
        f"p̃ = {percent(100 * shrunk, 1)}, ± {decimal(100 * half, 1)}: {percent(row.low, 1)} to {percent(row.high, 1)}",
    )


def _opportunity(row: ScoreRow, detail: Mapping[str, Any]) -> Iterator[Line]:
    importance, satisfaction = detail.get("importance", 0.0), detail.get("satisfaction", 0.0)
    yield Line("ten times the share who rate importance in the top box", "I = 10·p(importance)", decimal(importance, 2))
    yield Line("ten times the share who are satisfied", "S = 10·p(satisfaction)", decimal(satisfaction, 2))
    yield Line("opportunity (Ulwick), 0 to 20", "I + max(I − S, 0)",
               f"{decimal(importance, 2)} + max({decimal(importance, 2)} − {decimal(satisfaction, 2)}, 0) = "
               f"{decimal(row.value, 2)}")  # fmt: skip
    yield Line("95% interval", str(detail.get("method", "")), f"{decimal(row.low, 1)} to {decimal(row.high, 1)}")


def _index(row: ScoreRow, detail: Mapping[str, Any]) -> Iterator[Line]:
    parts = [(weight, share) for _, weight, share, _ in detail["tasks"]]
    sums = " + ".join(f"{short(weight)}·{percent(share, 1)}" for weight, share in parts)
    total = (
        f"({sums}) / {short(sum(weight for weight, _ in parts))} = " if parts else "(with tasks outside your scopes) "
    )
    yield Line("the weighted success of the outcome's tasks", "Σ w·p / Σ w", f"{total}{percent(row.value, 1)}")
    yield Line("95% interval from each task's adjusted share and the people who tried several", "index ± z·SE",
               f"{percent(row.low, 1)} to {percent(row.high, 1)}")  # fmt: skip


def _time(row: ScoreRow, detail: Mapping[str, Any]) -> Iterator[Line]:
    if str(detail.get("method", "")).startswith("median"):
        yield Line("the median of the successful people's times", "", f"{decimal(row.value, 1)} seconds")
        yield Line("95% interval from order statistics (binomial), no shape assumed", "", _range(row, "seconds"))
    else:
        mean, sd = detail.get("mean_log") or 0.0, detail.get("sd_log") or 0.0
        yield Line("the geometric mean of the successful people's times", "exp(mean of ln t)",
                   f"exp({decimal(mean, 3)}) = {decimal(row.value, 1)} seconds")  # fmt: skip
        yield Line(
            "95% t interval on the logarithms", "exp(mean ± t·sd/√n)", f"sd {decimal(sd, 3)}: {_range(row, 'seconds')}"
        )
    failed = int(detail.get("censored") or 0)
    yield Line(
        "tries that failed are censored: counted under success, never averaged in", "", f"{grouped(failed)} of them"
    )


def _nps(row: ScoreRow, detail: Mapping[str, Any]) -> Iterator[Line]:
    yield Line("promoters (9 and 10) less detractors (0 to 6)", "100·(p − d)", f"{decimal(row.value, 1)} points")
    yield Line("95% interval", "p − d ± z·√((p + d − (p − d)²) / n)",
               f"sd {decimal(detail.get('sd') or 0, 3)}: {_range(row, 'points')}")  # fmt: skip


def _mean(row: ScoreRow, detail: Mapping[str, Any]) -> Iterator[Line]:
    yield Line("the mean over people, each by the mean of what they gave", "m = Σ x / n", decimal(row.value, 2))
    yield Line(
        "95% t interval",
        "m ± t·sd/√n",
        f"sd {decimal(detail.get('sd') or 0, 2)}, n {grouped(row.n)}: {_range(row, row.unit)}",
    )


def _range(row: ScoreRow, unit: str) -> str:
    return f"{decimal(row.low, 1)} to {decimal(row.high, 1)} {unit}"
