"""Tasks of products: how people did at them, wave by wave, and the outcomes that they serve."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, selectinload

from insightrepo.accounts.access import Reader, visible_products
from insightrepo.library.reading import NotVisible
from insightrepo.models import Task, Term
from insightrepo.scores.acting.cell_outcomes import CellOutcome, cell_outcomes, current
from insightrepo.scores.acting.choosing import outcomes_in_use
from insightrepo.scores.chips import Point, points_of
from insightrepo.scores.reading import ALL, ScoreQuery, ScoreRow, read_scores
from insightrepo.scores.waves.annotations import AnnotationShown, annotations_between
from insightrepo.taxonomy.versions import VersionShown, versions

SHOWN = ("success", "time", "ease")  # measures of a task in a list
MEASURED = (*SHOWN, "difficulty", "confidence", "usefulness")


@dataclass(frozen=True)
class TaskLine:
    """A task in a list: (code, name) of its product and of the outcomes that it serves; `scores` are everybody's of
    the latest frozen wave in which it was tried, by measure; `points` the history of its success.
    """

    id: int
    code: str
    name: str
    product: tuple[str, str]
    outcomes: tuple[tuple[str, str], ...]
    wave: str | None
    scores: dict[str, ScoreRow]
    points: tuple[Point, ...]


@dataclass(frozen=True)
class TaskWave:
    """How everybody did in one wave, by measure."""

    wave: str
    provisional: bool
    scores: dict[str, ScoreRow]


@dataclass(frozen=True)
class TaskReading:
    """A task with everything its page shows. `by_segment` are (code, name, scores by measure) in the line's wave."""

    line: TaskLine
    waves: tuple[TaskWave, ...]  # the latest first
    by_segment: tuple[tuple[str, str, dict[str, ScoreRow]], ...]
    outcomes: tuple[CellOutcome, ...]
    happened: tuple[AnnotationShown, ...]
    versions: tuple[VersionShown, ...]


def list_tasks(session: Session, reader: Reader, *conditions: ColumnElement[bool]) -> list[TaskLine]:
    """The tasks of products that the reader may see and that the conditions on `Task` keep, by code."""
    tasks = _tasks(session, reader, *conditions)
    rows = _rows(session, reader, [task.code for task in tasks], (ALL,), SHOWN)
    return [_line(reader, task, rows.get(task.code, [])) for task in tasks]


def read_task(session: Session, reader: Reader, code: str) -> TaskReading:
    """A task by its code, whatever the case.

    Raises:
        NotVisible: there is none of a product that the reader may see.
    """
    found = _tasks(session, reader, func.lower(Task.code) == code.lower())
    if not found:
        raise NotVisible(f"task {code}")
    task = found[0]
    rows = _rows(session, reader, [task.code], None, MEASURED).get(task.code, [])
    everybody = [row for row in rows if row.segment is None]
    line = _line(reader, task, everybody)
    served = {code for code, _ in line.outcomes}
    return TaskReading(
        line=line,
        waves=_waves(everybody),
        by_segment=_by_segment(session, [row for row in rows if row.segment and row.wave == line.wave]),
        outcomes=tuple(cell_outcomes(
            session, reader, [one for one in outcomes_in_use(session, reader) if one.code in served]
        )),
        happened=tuple(annotations_between(session, reader, task=task.code, product=task.product.code)),
        versions=versions(session, task),
    )  # fmt: skip


def _tasks(session: Session, reader: Reader, *conditions: ColumnElement[bool]) -> Sequence[Task]:
    query = select(Task).where(Task.product_id.in_(visible_products(reader)), *conditions).order_by(Task.code)
    return session.scalars(query.options(selectinload(Task.product), selectinload(Task.outcomes))).all()


def _rows(
    session: Session, reader: Reader, codes: Sequence[str], segments: tuple[str, ...] | None, measures: Sequence[str]
) -> dict[str, list[ScoreRow]]:
    """Scores of tasks in all waves, by task, in time."""
    found: dict[str, list[ScoreRow]] = defaultdict(list)
    if codes:
        query = ScoreQuery(tasks=tuple(codes), segments=segments, measures=tuple(measures))
        for row in read_scores(session, reader, query):
            found[str(row.task)].append(row)
    return found


def _line(reader: Reader, task: Task, rows: Sequence[ScoreRow]) -> TaskLine:
    success = [row for row in rows if row.measure == "success"]
    shown = current(success) or current(rows)
    return TaskLine(
        id=task.id,
        code=task.code,
        name=task.name,
        product=(task.product.code, task.product.name),
        outcomes=tuple(
            (one.code, one.name) for one in sorted(task.outcomes, key=lambda one: one.code) if reader.sees_term(one)
        ),
        wave=shown.wave if shown else None,
        scores={row.measure: row for row in rows if shown and row.wave == shown.wave},
        points=tuple(points_of(success)),
    )


def _waves(rows: Sequence[ScoreRow]) -> tuple[TaskWave, ...]:
    by_wave: dict[str, list[ScoreRow]] = defaultdict(list)
    for row in rows:
        by_wave[row.wave].append(row)
    return tuple(
        TaskWave(wave, some[0].provisional, {row.measure: row for row in some})
        for wave, some in reversed(by_wave.items())
    )


def _by_segment(session: Session, rows: Sequence[ScoreRow]) -> tuple[tuple[str, str, dict[str, ScoreRow]], ...]:
    by_code: dict[str, dict[str, ScoreRow]] = defaultdict(dict)
    for row in rows:
        by_code[str(row.segment)][row.measure] = row
    names = select(Term.code, Term.name).where(Term.axis == "segment", Term.code.in_(by_code)).order_by(Term.id)
    return tuple((code, name, by_code[code]) for code, name in session.execute(names))
