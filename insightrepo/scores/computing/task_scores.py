"""Scores of tasks from trials, single or aggregated, and the task index of their outcomes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.models import TRIAL_MEASURES, Task, Trial, TrialSummary, Wave
from insightrepo.models.taxonomy import task_outcome
from insightrepo.scores.computing.cells import CellKey
from insightrepo.scores.computing.crowd import Crowd, chain
from insightrepo.scores.computing.samples import Sample, pooled, sample, summed
from insightrepo.scores.computing.score_rows import Rows, sample_row, score_row
from insightrepo.scores.computing.statistics import Comparison, Z
from insightrepo.scores.measures import MEASURES

COLUMN = {
    "success": 2,
    "time": 3,
    "ease": 4,
    "difficulty": 5,
    "confidence": 6,
    "usefulness": 7,
}  # of the table of trials
KINDS = {"success": "share", "time": "time"}  # of the others: mean
Samples = dict[tuple[CellKey, str], Sample]


@dataclass(frozen=True)
class Index:
    """An outcome's task index: completion of its tasks, weighted. `parts` are (task, weight) with their samples."""

    parts: tuple[tuple[int, float, Sample], ...]

    @property
    def tasks(self) -> frozenset[int]:
        """The tasks it rests on."""
        return frozenset(task for task, _, _ in self.parts)

    @property
    def n(self) -> int:
        """People who tried any of the tasks; those of aggregated trials are counted for the largest task only."""
        known = [one.ids for _, _, one in self.parts if one.ids is not None]
        others = [one.n for _, _, one in self.parts if one.ids is None]
        return len(np.unique(np.concatenate(known))) + max(others, default=0) if known else max(others, default=0)

    @property
    def value(self) -> float:
        """Percent: the weighted mean of the tasks' completion."""
        return 100 * sum(weight * one.mean for _, weight, one in self.parts) / self._total

    @property
    def _total(self) -> float:
        return sum(weight for _, weight, _ in self.parts)

    @property
    def se(self) -> float:
        """Standard error in percent, each task's share adjusted as Agresti & Coull do, with the covariance that comes
        of people who tried several of the tasks.
        """
        variance = 0.0
        for _, weight, one in self.parts:
            n, share = one.n + Z**2, (one.mean * one.n + Z**2 / 2) / (one.n + Z**2)
            variance += weight**2 * share * (1 - share) / n
        return 100 * math.sqrt(max(variance + self._shared(), variance / 4)) / self._total

    def _shared(self) -> float:
        each: dict[int, list[float]] = defaultdict(list)
        for _, weight, one in self.parts:
            if one.ids is not None and one.values is not None:
                off = weight * (one.values - one.mean) / one.n
                for person, part in zip(one.ids.tolist(), off.tolist(), strict=True):
                    each[person].append(part)
        return sum(sum(parts) ** 2 - sum(part**2 for part in parts) for parts in each.values() if len(parts) > 1)

    def compared(self, before: Index) -> Comparison:
        """The change now minus before in percentage points: a normal test; both rest on the same tasks."""
        from scipy.special import ndtr

        difference, se = self.value - before.value, math.hypot(self.se, before.se)
        z = difference / se
        low, high = difference - Z * se, difference + Z * se
        test = "normal test of the task index"
        return Comparison(difference, z, float(2 * ndtr(-abs(z))), low=low, high=high, test=test)


def task_samples(session: Session, wave: Wave, crowd: Crowd) -> Samples:
    """What was measured of each task, for everybody and for each segment: trials of the wave and those that came
    aggregated. Exclusions are left out and counted. Where only segments came aggregated, everybody is the sum over the
    dimension that has the most people.
    """
    products = dict(session.execute(select(Task.id, Task.product_id)).tuples().all())
    found = _of_trials(session, wave, crowd, products)
    for cell, summary in _of_summaries(session, wave, crowd, products).items():
        found[cell] = pooled([found[cell], summary]) if cell in found else summary
    return found


def _of_trials(session: Session, wave: Wave, crowd: Crowd, products: Mapping[int, int]) -> Samples:
    columns = (Trial.completed, Trial.seconds, Trial.ease, Trial.difficulty, Trial.confidence, Trial.usefulness)
    query = select(Trial.task_id, Trial.respondent_id, *columns).where(Trial.wave_id == wave.id)
    rows = session.execute(query).all()
    if not rows:
        return {}
    table = np.array([tuple(row) for row in rows], dtype=float)
    table[:, 3] = np.where((table[:, 2] == 1) & (table[:, 3] > 0), table[:, 3], np.nan)  # failures are censored
    of_product = np.array([products[int(task)] for task in table[:, 0]], dtype=float)
    left_out = crowd.left_out(table[:, 1], of_product, None, table[:, 0])
    places = crowd.places(table[:, 1].astype(np.int64))
    segments: dict[int | None, np.ndarray] = {None: np.ones(len(table), dtype=bool)}
    segments.update({segment: members[places] for segment, members in crowd.segments.items()})
    found: Samples = {}
    for task in np.unique(table[:, 0]):
        for segment, mask in segments.items():
            inside = mask & (table[:, 0] == task)
            part, excluded = table[inside & ~left_out], int((inside & left_out).sum())
            for name, column in COLUMN.items():
                one = sample(KINDS.get(name, "mean"), part[:, 1], part[:, column], excluded=excluded)
                if one is not None:
                    failed = int((part[:, 2] == 0).sum()) if name == "time" else 0
                    found[CellKey(None, segment, None, int(task)), name] = replace(one, censored=failed)
    return found


def _of_summaries(session: Session, wave: Wave, crowd: Crowd, products: Mapping[int, int]) -> Samples:
    parts: dict[tuple[CellKey, str], list[Sample]] = defaultdict(list)
    for row in session.scalars(select(TrialSummary).where(TrialSummary.wave_id == wave.id)):
        if row.n < 1 or row.measure not in TRIAL_MEASURES or _excluded(row, crowd, products[row.task_id]):
            continue
        kind = KINDS.get(row.measure, "mean")
        mean = math.log(row.value) if kind == "time" else row.value
        sd = math.sqrt(mean * (1 - mean)) if kind == "share" else row.sd
        parts[CellKey(None, row.segment_id, None, row.task_id), row.measure].append(summed(kind, row.n, mean, sd))
    return {cell: pooled(some) for cell, some in parts.items()}


def _excluded(row: TrialSummary, crowd: Crowd, product: int) -> bool:
    """Whether an exclusion takes an aggregate out; of one respondent nothing can be taken out of it."""
    return any(
        one.respondent_id is None and one.outcome_id is None
        and one.task_id in (None, row.task_id) and one.segment_id in (None, row.segment_id)
        and (one.product_id is None or one.product_id in chain(product, crowd.parents))
        for one in crowd.exclusions
    )  # fmt: skip


def whole_from_segments(samples: Samples, dimensions: Mapping[int, str]) -> Samples:
    """The samples with everybody's cell added where only segments came, from the dimension that has the most people."""
    by_dimension: dict[tuple[int, str, str], list[Sample]] = defaultdict(list)
    for (key, name), one in samples.items():
        if key.segment is not None and key.task is not None and (key._replace(segment=None), name) not in samples:
            by_dimension[key.task, name, dimensions[key.segment]].append(one)
    best: dict[tuple[CellKey, str], Sample] = {}
    for (task, name, _), parts in sorted(by_dimension.items()):
        whole, cell = pooled(parts), (CellKey(None, None, None, task), name)
        if cell not in best or whole.n > best[cell].n:
            best[cell] = whole
    return {**samples, **best}


def task_rows(samples: Samples) -> Rows:
    """The rows of tasks x segments."""
    return {(key, name): sample_row(key, MEASURES[name], one) for (key, name), one in samples.items()}


def outcomes_of_tasks(session: Session) -> dict[int, list[int]]:
    """The outcomes that each task serves."""
    found: dict[int, list[int]] = defaultdict(list)
    for task, outcome in session.execute(select(task_outcome.c.task_id, task_outcome.c.outcome_id)):
        found[task].append(outcome)
    return found


def indexes(
    session: Session,
    samples: Samples,
    shown: Iterable[tuple[CellKey, str]],
    weights: Mapping[str, float],
    parents: Mapping[int, int | None],
) -> dict[CellKey, Index]:
    """The task index of every outcome x segment x product that has tasks measured: a product's holds the tasks of it
    and of all below it.

    Only cells of tasks that are `shown` go in: what is hidden of a task cannot be found through its outcome.
    `weights`: by task code, 1 where left out.
    """
    tasks = {row.id: row for row in session.execute(select(Task.id, Task.code, Task.product_id))}
    serves = outcomes_of_tasks(session)
    parts: dict[CellKey, list[tuple[int, float, Sample]]] = defaultdict(list)
    for key, name in shown:
        if name != "success" or key.task is None:
            continue
        task = tasks[key.task]
        part = (key.task, weights.get(task.code, 1.0), samples[key, name])
        for outcome in serves.get(key.task, ()):
            for product in (None, *chain(task.product_id, parents)):
                parts[CellKey(outcome, key.segment, product)].append(part)
    return {key: Index(tuple(sorted(some, key=lambda part: part[0]))) for key, some in parts.items()}


def index_rows(found: Mapping[CellKey, Index]) -> Rows:
    """The rows of the task index, with the measure `success` on the outcome."""
    rows: Rows = {}
    for key, one in found.items():
        value, half = one.value, Z * one.se
        answers, excluded = _total(one.parts, "answers"), _total(one.parts, "excluded")
        rows[key, "success"] = score_row(
            key, "success", (value, max(value - half, 0.0), min(value + half, 100.0)), one.n, answers=answers,
            excluded=excluded,
            detail={"method": "weighted completion of the outcome's tasks",
                    "tasks": [[task, weight, round(100 * part.mean, 6), part.n] for task, weight, part in one.parts]},
        )  # fmt: skip
    return rows


def _total(parts: Sequence[tuple[int, float, Sample]], name: str) -> int:
    return sum(getattr(part, name) for _, _, part in parts)
