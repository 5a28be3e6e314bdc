"""Satisfaction, importance and opportunity of outcomes, from the people of each cell."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from insightrepo.scores.computing.cells import COLUMNS, CellKey, People
from insightrepo.scores.computing.opportunity import estimate_opportunity, from_draws, needs_bootstrap
from insightrepo.scores.computing.score_rows import Interval, Rows, Seeds, score_row
from insightrepo.scores.computing.statistics import Estimate, proportion_interval
from insightrepo.scores.computing.verdicts import drawn
from insightrepo.scores.measures import SMALLEST_SHOWN


def outcome_rows(cells: Mapping[CellKey, People], seeds: Seeds) -> Rows:
    """The rows of every cell where someone gave a satisfaction, an importance, or both."""
    return {**_shares(cells), **_opportunities(cells, seeds)}


def _shares(cells: Mapping[CellKey, People]) -> Rows:
    rows: Rows = {}
    for name, column in COLUMNS.items():
        asked = [key for key, people in cells.items() if people.n(name)]
        if not asked:
            continue
        some = [cells[key] for key in asked]
        tops = [float(people.kinds.tops[column]) for people in some]
        weighted = _intervals([people.share(column) for people in some])
        counts = [people.given[column] for people in some]
        plain = _intervals([(top / n, float(n)) for top, n in zip(tops, counts, strict=True)])
        for key, people, top, interval, unweighted in zip(asked, some, tops, weighted, plain, strict=True):
            n_eff = people.share(column)[1]
            rows[key, name] = score_row(
                key, name, interval, people.given[column], n_eff=n_eff, answers=people.answers[column],
                excluded=people.excluded, unweighted=None if people.weights is None else unweighted,
                detail={"top": round(top, 6), "method": "adjusted Wald interval of a share"},
            )  # fmt: skip
    return rows


def _intervals(shares: list[tuple[float, float]]) -> list[Interval]:
    """In percent, of shares (0 to 1) with their effective n."""
    share, n = np.array(shares).T
    lows, highs = proportion_interval(np.clip(share, 0, 1) * n, n)
    return [tuple(map(float, found)) for found in zip(100 * share, 100 * lows, 100 * highs, strict=True)]  # type: ignore[misc]


def _opportunities(cells: Mapping[CellKey, People], seeds: Seeds) -> Rows:
    rows: Rows = {}
    for key, people in cells.items():
        n = people.n("opportunity")
        if not n:
            continue
        estimate, method = _estimate(people, seeds.of(key))
        unweighted = None
        if people.weights is not None:
            found = estimate_opportunity(people.tops, seeds.of(key))
            unweighted = (found.value, found.low, found.high)
        rows[key, "opportunity"] = score_row(
            key, "opportunity", (estimate.value, estimate.low, estimate.high), n,
            n_eff=min(people.share(column)[1] for column in COLUMNS.values()), answers=min(people.answers),
            excluded=people.excluded, unweighted=unweighted, detail=_detail(people, method),
        )  # fmt: skip
    return rows


def _estimate(people: People, seed: list[int]) -> tuple[Estimate, str]:
    if people.n("opportunity") < SMALLEST_SHOWN:  # it is going to be hidden: not worth a bootstrap
        return Estimate(0.0, 0.0, 0.0, 0.0), ""
    if needs_bootstrap(people.kinds):
        return from_draws(people.kinds, drawn(people, seed)), "bootstrap percentiles"
    return estimate_opportunity(people.kinds, seed), "normal interval, far from the kink"


def _detail(people: People, method: str) -> dict[str, float | str]:
    (satisfaction, _), (importance, _) = people.share(0), people.share(1)
    return {"importance": round(10 * importance, 9), "satisfaction": round(10 * satisfaction, 9), "method": method}
