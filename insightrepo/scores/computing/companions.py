"""What stands beside a weighted score and would give a hidden segment away: the effective n, the unweighted value, and
more digits than are needed.

A weight is a population over its people. Where a segment that the wave is weighted by is hidden, everybody's weighted
value, effective n and interval are equations in the few people of that segment; with the unweighted value beside them
they can be solved. So these scores keep their n, and their weighted value in whole steps, with an interval that holds
the exact one.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from insightrepo.scores.computing.score_rows import Rows

ROUNDED = "rounded"  # in a score's detail
STEPS = {"opportunity": 0.5}  # of the others: 1, in the measure's unit
EMPTIED = ("unweighted_value", "unweighted_low", "unweighted_high", "n_eff")


def round_companions(rows: Rows, dimensions: Mapping[int, str], weighted_by: Collection[str]) -> None:
    """Empty and round what would give a hidden segment of the dimensions `weighted_by` away; `dimensions` by segment.

    Rows of segments of the same dimension stay as they are: within a segment that is shown all weigh the same but for
    the other dimensions.
    """
    hiding: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for (key, name), row in rows.items():
        if row["note"] == "suppressed" and key.segment is not None:
            hiding[key.outcome, key.task, name, key.product].add(dimensions[key.segment])
    for (key, name), row in rows.items():
        found = hiding.get((key.outcome, key.task, name, key.product), set()) & set(weighted_by)
        own = dimensions[key.segment] if key.segment is not None else None
        if row["unweighted_value"] is not None and found - {own}:
            _round(row, STEPS.get(name, 1.0))


def is_rounded(n: int | None, n_eff: float | None) -> bool:
    """Whether a stored score is one of those: it has people and no effective n."""
    return n is not None and n_eff is None


def round_change(row: dict[str, Any], step: float) -> None:
    """A change from or to a rounded value in whole steps: else the value would follow from the other one."""
    for name, rounding in (("change", round), ("change_low", math.floor), ("change_high", math.ceil)):
        if row[name] is not None:
            row[name] = rounding(row[name] / step) * step
    for name in ("p_value", "q_value"):
        if row[name] is not None:
            row[name] = float(f"{row[name]:.1g}")


def _round(row: dict[str, Any], step: float) -> None:
    row.update(dict.fromkeys(EMPTIED))
    if row["value"] is not None:
        row["value"] = round(row["value"] / step) * step
        row["low"] = min(math.floor(row["low"] / step) * step, row["value"])
        row["high"] = max(math.ceil(row["high"] / step) * step, row["value"])
    row["detail"] = {"method": row["detail"].get("method", ""), ROUNDED: step}
