"""Scores of the catalogue's metrics, from people's ratings and from points that came aggregated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.models import Metric, MetricPoint, Rating, Wave
from insightrepo.scores.computing.cells import CellKey, product_masks
from insightrepo.scores.computing.crowd import Crowd, chain
from insightrepo.scores.computing.samples import Sample, pooled, sample, summed
from insightrepo.scores.computing.score_rows import Rows, sample_row, score_row
from insightrepo.scores.computing.statistics import top_two_box
from insightrepo.scores.measures import metric_measure

PEOPLE = ("response", "user")  # units of analysis that a person's rating is one of
UNITS_MIXED = "units mixed"  # the note of a cell that cannot be aggregated
Samples = dict[tuple[CellKey, str], Sample]
Refusals = dict[tuple[CellKey, str], str]


class UnitsMixed(ValueError):
    """Values of two units of analysis, or of two versions of a metric, were to be added up; the message names them."""


def refuse_mixed(metric: Metric, units: Sequence[tuple[str, int]]) -> None:
    """Raise UnitsMixed unless all values have one (unit of analysis, version of the metric).

    Raises:
        UnitsMixed: they have not: accounts, users and transactions are never added up.
    """
    different = sorted(set(units))
    if len(different) > 1:
        words = " and ".join(f"{unit} (version {version})" for unit, version in different)
        raise UnitsMixed(
            f"{metric.code} is counted by {words} here: they are not added up; give each a metric of its own"
        )


def metric_samples(session: Session, wave: Wave, crowd: Crowd) -> tuple[Samples, Refusals, dict[str, Metric]]:
    """What was measured of each metric by outcome, segment and product; what could not be added up, with the reason;
    and the metrics by code.

    A rating counts in its outcome's cells, or in those of no outcome, by every segment of its respondent and by its
    product and all above. A point counts in the one cell that it was given for. Exclusions are left out and counted.
    """
    metrics = {metric.id: metric for metric in session.scalars(select(Metric))}
    parts: dict[tuple[CellKey, str], list[tuple[Sample, str, int]]] = defaultdict(list)
    for metric_id, key, one in _of_ratings(session, wave, crowd, metrics):
        metric = metrics[metric_id]
        unit = metric.unit_of_analysis if metric.unit_of_analysis in PEOPLE else "response"
        parts[key, metric.code].append((one, unit, metric.version))
    for point in session.scalars(select(MetricPoint).where(MetricPoint.wave_id == wave.id).order_by(MetricPoint.id)):
        if not _excluded(point, crowd):
            metric = metrics[point.metric_id]
            key = CellKey(point.outcome_id, point.segment_id, point.product_id)
            parts[key, metric.code].append((_of_point(metric, point), metric.unit_of_analysis, point.metric_version))
    by_code = {metric.code: metric for metric in metrics.values()}
    samples, refused = {}, {}
    for cell, some in parts.items():
        try:
            refuse_mixed(by_code[cell[1]], [(unit, version) for _, unit, version in some])
            samples[cell] = pooled([one for one, _, _ in some])
        except UnitsMixed as error:
            refused[cell] = str(error)
    used = {code: by_code[code] for _, code in parts}
    return samples, refused, used


def _of_ratings(
    session: Session, wave: Wave, crowd: Crowd, metrics: dict[int, Metric]
) -> list[tuple[int, CellKey, Sample]]:
    query = select(Rating.metric_id, Rating.outcome_id, Rating.respondent_id, Rating.product_id, Rating.value)
    rows = session.execute(query.where(Rating.wave_id == wave.id)).all()
    if not rows:
        return []
    table = np.array([tuple(row) for row in rows], dtype=float)
    out = crowd.left_out(table[:, 2], table[:, 3], table[:, 1], None)
    found = []
    for metric_id in np.unique(table[:, 0]):
        of_metric = table[:, 0] == metric_id
        for outcome in np.unique(table[of_metric, 1]):  # NaN: of no outcome
            inside = of_metric & (np.isnan(table[:, 1]) if np.isnan(outcome) else table[:, 1] == outcome)
            code = None if np.isnan(outcome) else int(outcome)
            cells = _cells(metrics[int(metric_id)], code, table[inside], out[inside], crowd)
            found += [(int(metric_id), key, one) for key, one in cells]
    return found


def _cells(
    metric: Metric, outcome: int | None, part: np.ndarray, out: np.ndarray, crowd: Crowd
) -> list[tuple[CellKey, Sample]]:
    places = crowd.places(part[:, 2].astype(np.int64))
    everybody = np.ones(len(part), dtype=bool)
    segments = {None: everybody, **{segment: members[places] for segment, members in crowd.segments.items()}}
    products = {None: everybody, **product_masks(part[:, 3], crowd.parents)}
    kind, values = _values(metric, part[:, 4])
    found = []
    for segment, first in segments.items():
        for product, second in products.items():
            both = first & second
            kept = both & ~out
            weights = None if crowd.weights is None else crowd.weights[places][kept]
            one = sample(kind, part[kept, 2], values[kept], weights, int((both & out).sum()))
            if one is not None:
                found.append((CellKey(outcome, segment, product), one))
    return found


def _values(metric: Metric, ratings: np.ndarray) -> tuple[str, np.ndarray]:
    """The kind of sample and each rating's value in it: CSAT by the top box, NPS as -1, 0 or 1, SUS and its like as
    their 0 to 100, CES as the top box where its unit is percent and else the mean, a rate of 0s and 1s.
    """
    if metric.kind == "nps":
        return "nps", np.where(ratings >= 9, 1.0, np.where(ratings <= 6, -1.0, 0.0))
    if metric.kind == "csat" or (metric.kind == "ces" and metric.unit == "percent"):
        low, high = metric.scale_low or 1, metric.scale_high or (5 if metric.kind == "csat" else 7)
        best = "low" if metric.kind == "ces" and metric.better == "lower" else "high"
        return "share", top_two_box(low, high, best)(ratings).astype(float)
    if metric.kind == "rate":
        return "share", (ratings > 0).astype(float)
    return "mean", ratings


def _of_point(metric: Metric, point: MetricPoint) -> Sample:
    """A point as a sample. A rate's n is its denominator; without n there is nobody it could rest on."""
    share_like = metric.kind in ("csat", "rate") or (metric.kind == "ces" and metric.unit == "percent")
    n = point.n if point.denominator is None else round(point.denominator)
    if share_like:
        exact = point.numerator is not None and point.denominator
        share = point.numerator / point.denominator if exact else point.value / 100  # type: ignore[operator]
        return summed("share", n or 0, min(max(share, 0.0), 1.0), 0.0)
    if metric.kind == "nps":
        return summed("nps", n or 0, point.value / 100, None if point.sd is None else point.sd / 100)
    return summed("mean", n or 0, point.value, point.sd)


def _excluded(point: MetricPoint, crowd: Crowd) -> bool:
    """Whether an exclusion takes a point out; of one respondent nothing can be taken out of it."""
    return any(
        one.respondent_id is None and one.task_id is None
        and one.outcome_id in (None, point.outcome_id) and one.segment_id in (None, point.segment_id)
        and (one.product_id is None
             or (point.product_id is not None and one.product_id in chain(point.product_id, crowd.parents)))
        for one in crowd.exclusions
    )  # fmt: skip


def metric_rows(samples: Samples, refused: Refusals, metrics: dict[str, Metric]) -> Rows:
    """The rows of metrics; a cell that could not be added up, or that rests on nobody known, has no value."""
    rows: Rows = {}
    for (key, code), one in samples.items():
        if one.n < 1:
            rows[key, code] = _without_value(key, code, "no n", {"refused": "the source does not say how many"})
        else:
            rows[key, code] = sample_row(key, metric_measure(metrics[code]), one)
    for (key, code), reason in refused.items():
        rows[key, code] = _without_value(key, code, UNITS_MIXED, {"refused": reason})
    for (_, code), row in rows.items():
        row["definition_version"] = metrics[code].version
    return rows


def _without_value(key: CellKey, code: str, note: str, detail: dict[str, Any]) -> dict[str, Any]:
    row = score_row(key, code, (0.0, 0.0, 0.0), 0, detail=detail)
    row.update(value=None, low=None, high=None, n=None, n_eff=None, note=note)
    return row
