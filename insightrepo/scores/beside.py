"""What moved beside a score: the tasks of the outcome, and metrics of its use over the waves. "Goes with", no more.

Answers and tries usually come from different people. Only where the same people gave both in the later wave is the
association within persons computed, and that is what is said then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_products
from insightrepo.models import Metric, Outcome, Task, Trial, Wave
from insightrepo.models.answers import metric_outcome
from insightrepo.scores.computing.association import Association, Fourfold, phi, rank_correlation
from insightrepo.scores.computing.crowd import Crowd, plain_table
from insightrepo.scores.computing.movement import Movement, moved
from insightrepo.scores.measures import SMALLEST_SHOWN
from insightrepo.scores.reading import ALL, NONE, ScoreQuery, ScoreRow, read_scores
from insightrepo.scores.spoken import Spoken

TASK_MEASURES = ("success", "time", "ease")


@dataclass(frozen=True)
class TaskMeasure:
    """A measure of a task in both waves; `movement` is in `unit`."""

    measure: str
    unit: str
    movement: Movement


@dataclass(frozen=True)
class SamePeople:
    """How completing the task goes with being satisfied among those who gave both in the later wave.

    The shares satisfied (percent) of those who completed and of those who failed; None where a group is too small.
    """

    association: Association
    satisfied_if_done: float | None
    satisfied_if_failed: float | None


@dataclass(frozen=True)
class TaskBeside:
    """A task of the outcome. `goes_with`: one of its measures really moved the same way, better or worse, as the score
    did; `segment` is whose tries are shown (None: everybody's).
    """

    code: str
    name: str
    product: str
    segment: str | None
    measures: tuple[TaskMeasure, ...]
    same_people: SamePeople | None
    verdict: str  # of the score it stands beside

    @property
    def goes_with(self) -> bool:
        """Whether it moved with the score."""
        return bool(self.moving)

    @property
    def moving(self) -> tuple[TaskMeasure, ...]:
        """The measures that moved the way the score did."""
        real = (item for item in self.measures if item.movement.is_real)
        return tuple(item for item in real if item.movement.verdict == self.verdict)

    @property
    def against(self) -> tuple[TaskMeasure, ...]:
        """The measures that moved the other way."""
        return tuple(item for item in self.measures if item.movement.is_real and item not in self.moving)


@dataclass(frozen=True)
class MetricBeside:
    """A metric of the outcome and how its waves rank beside those of the score."""

    code: str
    name: str
    nature: str
    unit: str
    association: Association
    points: tuple[tuple[str, float, float], ...]  # wave, score, metric


def tasks_of(session: Session, reader: Reader, outcome_id: int) -> dict[str, Task]:
    """The outcome's tasks by code, of products that the reader may see."""
    query = (
        select(Task)
        .join(Task.outcomes)
        .where(Outcome.id == outcome_id, Task.product_id.in_(visible_products(reader)))
        .order_by(Task.code)
    )
    return {task.code: task for task in session.scalars(query)}


def tasks_beside(
    session: Session,
    reader: Reader,
    tasks: Mapping[str, Task],
    waves: tuple[Wave, Wave],
    segment: str | None,
    answers: Spoken,
    crowd: Crowd,
    verdict: str,
) -> tuple[TaskBeside, ...]:
    """The tasks with what was measured of them in the two waves, those that go with the score first.

    `answers` and `crowd` are those of the later wave, `verdict` that of the score. Where nothing was measured of the
    segment, the tries of everybody stand in.
    """
    if not tasks:
        return ()
    rows = read_scores(session, reader, ScoreQuery(
        waves=(waves[0].code, waves[1].code), tasks=tuple(tasks), segments=(segment, ALL) if segment else (ALL,),
        products=(ALL,), measures=TASK_MEASURES,
    ))  # fmt: skip
    found = [
        _beside(
            task,
            [row for row in rows if row.task == code],
            waves,
            segment,
            verdict,
            _same_people(session, task, waves[1].id, answers, crowd),
        )
        for code, task in tasks.items()
    ]
    shown = [task for task in found if task.measures]
    return tuple(sorted(shown, key=lambda task: (not task.goes_with, _largest(task.moving), task.code)))


def _beside(
    task: Task,
    rows: Sequence[ScoreRow],
    waves: tuple[Wave, Wave],
    segment: str | None,
    verdict: str,
    people: SamePeople | None,
) -> TaskBeside:
    whose = segment if any(row.segment == segment for row in rows) else None
    by_wave = {(row.wave, row.measure): row for row in rows if row.segment == whose}
    measures = []
    for name in TASK_MEASURES:
        pair = [by_wave.get((wave.code, name)) for wave in waves]
        row = pair[1] or pair[0]
        if row is not None:
            measures.append(TaskMeasure(name, row.unit, moved(*pair)))
    return TaskBeside(task.code, task.name, task.product.name, whose, tuple(measures), people, verdict)


def _largest(measures: Iterable[TaskMeasure]) -> float:
    """For the order: completion first, then by how far it moved beside its size."""
    sizes = [
        (item.measure == "success", abs(item.movement.change or 0) / max(abs(item.movement.before or 1), 1e-9))
        for item in measures
    ]
    return -max((10 * completion + size for completion, size in sizes), default=0.0)


def _same_people(session: Session, task: Task, wave_id: int, answers: Spoken, crowd: Crowd) -> SamePeople | None:
    """None where fewer than five people gave both; of several tries the last counts."""
    query = select(Trial.respondent_id, Trial.completed).where(
        Trial.task_id == task.id, Trial.wave_id == wave_id, Trial.completed.is_not(None)
    )
    tries = plain_table(session, query.order_by(Trial.id), 2)
    of_task, of_product = np.full(len(tries), task.id), np.full(len(tries), task.product_id)
    kept = tries[~crowd.left_out(tries[:, 0], of_product, None, of_task)]
    done = {int(person): bool(completed) for person, completed in kept}
    people, _, values = answers.by_person()
    both = [
        (done[int(people[place])], bool(values[place] >= 0.5)) for place in np.flatnonzero(np.isin(people, list(done)))
    ]
    if len(both) < SMALLEST_SHOWN:
        return None
    table = Fourfold(*(both.count(kind) for kind in ((True, True), (True, False), (False, True), (False, False))))
    shares: list[float | None] = [None, None]
    if min(table.cells) >= SMALLEST_SHOWN:
        shares = [100 * table.done_yes / (table.done_yes + table.done_no),
                  100 * table.failed_yes / (table.failed_yes + table.failed_no)]  # fmt: skip
    return SamePeople(phi(table), shares[0], shares[1])


def metrics_beside(
    session: Session, reader: Reader, outcome: Outcome, history: Sequence[ScoreRow], product: str | None
) -> tuple[MetricBeside, ...]:
    """The metrics of the outcome, behaviour first, ranked against its score over the waves of one instrument.

    `history` is the score's, of one cell and one instrument. A metric's own values of the outcome count, else those of
    the product, else those of the whole, else those of the product that has most of them.
    """
    linked = select(metric_outcome.c.metric_id).where(metric_outcome.c.outcome_id == outcome.id)
    metrics = session.scalars(select(Metric).where(Metric.id.in_(linked), Metric.status == "active")).all()
    if not metrics:
        return ()
    rows = read_scores(session, reader, ScoreQuery(
        outcomes=(outcome.code, NONE), tasks=(NONE,), segments=(ALL,),
        measures=tuple(metric.code for metric in metrics),
    ))  # fmt: skip
    scores = {row.wave: row.value for row in history if row.value is not None}
    found = [
        _metric(metric, [row for row in rows if row.measure == metric.code], scores, product) for metric in metrics
    ]
    return tuple(sorted(found, key=lambda item: (item.nature != "behaviour", item.code)))


def _metric(metric: Metric, rows: Sequence[ScoreRow], scores: Mapping[str, float], product: str | None) -> MetricBeside:
    cells: dict[tuple[bool, str | None], dict[str, float]] = {}
    for row in rows:
        if row.value is not None:
            cells.setdefault((row.outcome is None, row.product), {})[row.wave] = row.value

    def farness(cell: tuple[bool, str | None]) -> tuple[bool, int, int, str]:
        of_no_outcome, of_product = cell
        far = 0 if of_product == product else 1 if of_product is None else 2
        return of_no_outcome, far, -len(cells[cell]), of_product or ""

    nearest = cells[min(cells, key=farness)] if cells else {}
    points = tuple((wave, value, nearest[wave]) for wave, value in scores.items() if wave in nearest)
    association = rank_correlation([point[1] for point in points], [point[2] for point in points])
    return MetricBeside(metric.code, metric.name, metric.nature, metric.unit, association, points)
