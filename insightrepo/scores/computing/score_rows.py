"""Rows of `Score` in the making: from a cell's estimate to what is stored, and what a hidden cell looks like."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from insightrepo.scores import measures
from insightrepo.scores.computing.cells import CellKey
from insightrepo.scores.computing.samples import Sample
from insightrepo.scores.computing.suppression import Cell, sums, suppressed
from insightrepo.scores.measures import Measure

Rows = dict[tuple[CellKey, str], dict[str, Any]]
Interval = tuple[float, float, float]  # value, low, high
HIDDEN = (
    "value", "low", "high", "unweighted_value", "unweighted_low", "unweighted_high", "n", "n_eff", "answers", "excluded"
)  # fmt: skip
SEED = 20250101  # of every bootstrap, with what the codes of the wave and of the cell's terms give behind it


class Tree(Protocol):
    """The axes along which cells add up: each segment's dimension, each product's parent."""

    @property
    def dimensions(self) -> Mapping[int, str]: ...

    @property
    def parents(self) -> Mapping[int, int | None]: ...


def score_row(
    key: CellKey,
    measure: str,
    interval: Interval,
    n: int,
    *,
    n_eff: float | None = None,
    answers: int | None = None,
    excluded: int = 0,
    unweighted: Interval | None = None,
    detail: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A row of `Score` without a verdict; the interval is kept around the value, whatever rounding did."""
    value, low, high = interval
    plain = unweighted or (None, None, None)
    return {
        "outcome_id": key.outcome, "task_id": key.task, "segment_id": key.segment, "product_id": key.product,
        "measure": measure, "value": float(value), "low": float(min(low, value)), "high": float(max(high, value)),
        "unweighted_value": plain[0], "unweighted_low": plain[1], "unweighted_high": plain[2], "n": n,
        "n_eff": float(n if n_eff is None else n_eff), "answers": answers, "excluded": excluded or None,
        "note": "indicative" if n < measures.SMALLEST_FIRM else None, "previous_wave_id": None, "change": None,
        "change_low": None, "change_high": None, "p_value": None, "q_value": None, "verdict": measures.NOT_ENOUGH,
        "detail": detail or {}, "definition_version": 1,
    }  # fmt: skip


def sample_row(key: CellKey, measure: Measure, sample: Sample) -> dict[str, Any]:
    """The row of a task's or a metric's sample. Without an interval (its spread is not known) it has no value."""
    detail = {**sample.detail, "answers": sample.answers}
    row = score_row(
        key, measure.name, _clipped(sample, measure), sample.n, n_eff=sample.n_eff, answers=sample.answers,
        excluded=sample.excluded, unweighted=_clipped(sample.plain, measure) if sample.plain else None, detail=detail,
    )  # fmt: skip
    if not math.isfinite(sample.estimate().low):
        row.update(value=None, low=None, high=None, unweighted_value=None, unweighted_low=None, unweighted_high=None)
        row["note"] = "no interval"
    return row


def _clipped(sample: Sample, measure: Measure) -> Interval:
    """The interval within the range that the measure's values have."""
    found = sample.estimate()
    return found.value, max(found.low, min(measure.low, found.value)), min(found.high, max(measure.high, found.value))


def hide(row: dict[str, Any]) -> None:
    """Empty a row that may not be shown: of its numbers nothing is left."""
    row.update({name: None for name in HIDDEN}, note="suppressed", detail={})


def hide_small(
    rows: Rows,
    tree: Tree,
    also: Callable[[CellKey, str], list[tuple[CellKey, str]]] = lambda _key, _measure: [],
    spared: Collection[str] = (),
) -> None:
    """Empty the rows of cells that may not be shown, and those that `also` says go with them.

    Of one outcome, task or metric and one measure at a time, by the n of each row. The measures in `spared` are only
    emptied through `also`; a row that rests on nobody known has nothing to hide.
    """
    groups: dict[tuple[int | None, int | None, str], dict[Cell, int]] = defaultdict(dict)
    for (key, name), row in rows.items():
        if name not in spared and row["n"] is not None:
            groups[key.outcome, key.task, name][key.segment, key.product] = row["n"]
    for (outcome, task, name), people in groups.items():
        for segment, product in suppressed(people, sums(people, tree.dimensions, tree.parents)):
            key = CellKey(outcome, segment, product, task)
            for cell in ((key, name), *also(key, name)):
                if cell in rows:
                    hide(rows[cell])


class Seeds:
    """The seeds of the bootstraps of a wave's cells: by codes, not by ids, so that two workspaces that hold the same
    give the same intervals. `codes` are those of terms by id.
    """

    def __init__(self, wave: str, codes: Mapping[int, str]) -> None:
        self._wave = wave
        self._codes = codes

    def of(self, key: CellKey) -> list[int]:
        """The seed of a cell's bootstrap."""
        terms = ("" if term is None else self._codes[term] for term in (key.outcome, key.segment, key.product))
        return [SEED, number_of(self._wave, *terms)]


def number_of(*codes: str) -> int:
    """A number that stands for codes, the same everywhere and always."""
    return int.from_bytes(hashlib.sha256("\n".join(codes).encode()).digest()[:8], "big")
