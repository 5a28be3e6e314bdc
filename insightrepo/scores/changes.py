"""What changed between two waves that follow each other: the real changes, largest first, and how much was nothing."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_products, visible_segments, visible_terms
from insightrepo.memory import remembered
from insightrepo.models import Metric, Outcome, Product, Score, Segment, Task, Term, Wave
from insightrepo.models.taxonomy import task_outcome
from insightrepo.scores.measures import LEVEL, MEASURES, NO_CHANGE, NOT_ENOUGH
from insightrepo.scores.reading import NONE, ScoreQuery, ScoreRow, read_scores
from insightrepo.scores.waves.waves import find_wave

REAL = ("better", "worse")
LEADING = ("satisfaction", "success", "ease", "time", "importance", "opportunity")  # who speaks for a cell
UNSURE = 12  # cells shown of those that may be chance
KINDS = ("outcome", "task", "metric")  # of subjects, in the order in which they are shown


@dataclass(frozen=True)
class Subject:
    """What a score is of: an outcome, a task or a metric, with the outcome whose page explains it (None: no one's)."""

    kind: str
    code: str
    name: str
    outcome: str | None


@dataclass(frozen=True)
class Change:
    """One measure of a cell that moved; values in the score's unit, `before` None where it is not shown."""

    before: float | None
    row: ScoreRow


@dataclass(frozen=True)
class ChangedCell:
    """A cell with the measures of it that moved, the one that speaks for it first; names, not codes, of its terms.

    `also` are narrower products that hold the same answers, so that their change is this one.
    """

    subject: Subject
    segment: str | None
    product: str | None
    changes: tuple[Change, ...]
    also: tuple[str, ...] = ()

    @property
    def lead(self) -> Change:
        """The measure that speaks for the cell."""
        return self.changes[0]


@dataclass(frozen=True)
class Step:
    """A wave and the one that its scores are compared with, by code."""

    before: str
    after: str
    provisional: bool


@dataclass(frozen=True)
class Changes:
    """What changed over a step. `small` are differences that are not chance and too small to matter, `unsure` those
    that one test alone would take for real and so many tests do not. The numbers count scores: `compared` is the sum of
    `moved`, `too_small`, `no_evidence` (the unsure ones among them) and `not_enough`. `steps` are all steps there are,
    the latest first.
    """

    step: Step | None
    steps: tuple[Step, ...]
    real: tuple[ChangedCell, ...]
    small: tuple[ChangedCell, ...]
    unsure: tuple[ChangedCell, ...] = ()
    moved: int = 0
    too_small: int = 0
    no_evidence: int = 0
    not_enough: int = 0
    compared: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """The cells that really changed, by the verdict of the measure that speaks for them."""
        verdicts = Counter(cell.lead.row.verdict for cell in self.real)
        return {word: verdicts[word] for word in REAL}


class NoSuchStep(ValueError):
    """The two waves are not compared with each other; the message says which are."""


def steps(session: Session) -> tuple[Step, ...]:
    """The pairs of waves that are compared with each other, the latest first."""
    pairs = select(Score.wave_id, Score.previous_wave_id).where(Score.previous_wave_id.is_not(None)).distinct()
    waves = {wave.id: wave for wave in session.scalars(select(Wave))}
    found = [(waves[after], waves[before]) for after, before in session.execute(pairs)]
    found.sort(key=lambda pair: (pair[0].first_day, pair[1].first_day, pair[0].code, pair[1].code), reverse=True)
    return tuple(Step(before.code, after.code, after.state != "frozen") for after, before in found)


def what_changed(
    session: Session,
    reader: Reader,
    before: str | None = None,
    after: str | None = None,
    measure: str | None = None,
    segment: str | None = None,
    product: str | None = None,
    tasks: Collection[str] | None = None,
) -> Changes:
    """The changes of a step, by default the latest; segment and product are codes, "all" keeps the cells of everybody.

    `tasks` are codes: only the scores of these (None: all scores).

    Raises:
        WaveUnknown: no wave has this code.
        NoSuchStep: the waves are not compared with each other.
    """
    chosen = None if tasks is None else tuple(sorted(tasks))
    asked = (before, after, measure, segment, product, chosen)
    return remembered(session, ("what changed", reader, *asked), lambda: _what_changed(session, reader, *asked))


def _what_changed(
    session: Session,
    reader: Reader,
    before: str | None,
    after: str | None,
    measure: str | None,
    segment: str | None,
    product: str | None,
    tasks: tuple[str, ...] | None,
) -> Changes:
    known = steps(session)
    step = _step(session, known, before, after)
    if step is None:
        return Changes(None, known, (), ())
    asked = ScoreQuery(
        waves=(step.after,), measures=(measure,) if measure else None, segments=(segment,) if segment else None,
        products=(product,) if product else None, tasks=tasks,
    )  # fmt: skip
    later = [row for row in read_scores(session, reader, asked) if row.previous_wave == step.before]
    real = [row for row in later if row.verdict in REAL]
    smallest = find_wave(session, step.after).definition.get("smallest_change", {})
    small = [row for row in later if _is_too_small(row, smallest)]
    verdicts = Counter(row.verdict for row in later)
    unsure = [row for row in later if _is_unsure(row, smallest)]
    earlier = _earlier(session, reader, replace(asked, waves=(step.before,)), [*real, *small, *unsure])
    names = _Names(session, reader, [*real, *small, *unsure])
    return Changes(
        step, known, names.cells(real, earlier), names.cells(small, earlier), names.cells(unsure, earlier)[:UNSURE],
        len(real), len(small), verdicts[NO_CHANGE] - len(small), verdicts[NOT_ENOUGH], len(later),
    )  # fmt: skip


def _earlier(session: Session, reader: Reader, asked: ScoreQuery, chosen: Sequence[ScoreRow]) -> dict[Any, ScoreRow]:
    """The rows of the wave before by cell, of the outcomes and measures of these rows: a wave has thousands."""
    if not chosen:
        return {}
    outcomes = tuple({row.outcome or NONE for row in chosen})
    measures = tuple({row.measure for row in chosen})
    rows = read_scores(session, reader, replace(asked, outcomes=outcomes, measures=measures))
    return {_cell(row): row for row in rows}


def _step(session: Session, known: Sequence[Step], before: str | None, after: str | None) -> Step | None:
    for code in filter(None, (before, after)):
        find_wave(session, code)
    fitting = [step for step in known if before in (None, step.before) and after in (None, step.after)]
    if not fitting and (before or after):
        pairs = ", ".join(f"{step.before} to {step.after}" for step in known[:6]) or "none yet"
        asked = " and ".join(filter(None, (before, after)))
        raise NoSuchStep(f"{asked}: each wave is compared with the one before it; compared are {pairs}")
    asked_for = bool(before or after)
    settled = [step for step in fitting if not step.provisional]  # an open wave says little before it is full
    return next(iter(fitting if asked_for else settled or fitting), None)


def _is_too_small(row: ScoreRow, smallest: Mapping[str, float]) -> bool:
    """Whether a change is not chance within its family and less than the smallest of interest."""
    if row.verdict != NO_CHANGE or row.q_value is None or row.change is None:
        return False
    return row.q_value <= LEVEL and abs(row.change) < smallest.get(row.measure, 0.0)


def _is_unsure(row: ScoreRow, smallest: Mapping[str, float]) -> bool:
    """Whether a change is large enough, and significant by its own test and not among all that were made."""
    if row.verdict != NO_CHANGE or row.p_value is None or row.change is None:
        return False
    return row.p_value <= LEVEL and abs(row.change) >= smallest.get(row.measure, 0.0)


def _cell(row: ScoreRow) -> tuple[str | None, ...]:
    return row.outcome, row.task, row.segment, row.product, row.measure


class _Names:
    """Puts names to rows, all read at once."""

    def __init__(self, session: Session, reader: Reader, rows: Sequence[ScoreRow]) -> None:
        codes = {
            (axis, code) for row in rows for axis in ("outcome", "segment", "product") if (code := getattr(row, axis))
        }
        terms = select(Term.axis, Term.code, Term.name).where(Term.code.in_({code for _, code in codes}))
        self.terms = {(axis, code): name for axis, code, name in session.execute(terms)}
        tasks = {row.task for row in rows if row.task}
        self.tasks = dict(session.execute(select(Task.code, Task.name).where(Task.code.in_(tasks))).tuples().all())
        served = (
            select(Task.code, Outcome.code)
            .join(task_outcome, task_outcome.c.task_id == Task.id)
            .join(Outcome, Outcome.id == task_outcome.c.outcome_id)
            .where(Task.code.in_(tasks), Outcome.id.in_(visible_terms(reader)))
            .order_by(Outcome.code.desc())
        )
        self.outcome_of = dict(session.execute(served).tuples().all())  # the first by code
        measures = {row.measure for row in rows} - MEASURES.keys()
        metrics = select(Metric.code, Metric.name).where(Metric.code.in_(measures))
        self.metrics = dict(session.execute(metrics).tuples().all())

    def cells(
        self, rows: Iterable[ScoreRow], earlier: Mapping[tuple[str | None, ...], ScoreRow]
    ) -> tuple[ChangedCell, ...]:
        """The rows as cells: outcomes, then tasks, then metrics; of each what got worse first, and the largest change.

        A metric without an outcome is a subject of its own.
        """
        grouped: defaultdict[tuple[str | None, ...], list[Change]] = defaultdict(list)
        for row in rows:
            was = earlier.get(_cell(row))
            own = row.measure if row.outcome is None and row.task is None else None
            key = row.outcome, row.task, own, row.segment, row.product
            grouped[key].append(Change(was.value if was else None, row))
        cells = _once([self._cell(changes) for changes in grouped.values()])
        return tuple(sorted(cells, key=_rank))

    def _cell(self, changes: list[Change]) -> ChangedCell:
        changes.sort(key=lambda change: (_place(change.row.measure), change.row.measure))
        row = changes[0].row
        return ChangedCell(
            self._subject(row), self.terms.get(("segment", row.segment or "")),
            self.terms.get(("product", row.product or "")), tuple(changes),
        )  # fmt: skip

    def _subject(self, row: ScoreRow) -> Subject:
        if row.task is not None:
            return Subject("task", row.task, self.tasks[row.task], self.outcome_of.get(row.task))
        if row.outcome is not None:
            return Subject("outcome", row.outcome, self.terms["outcome", row.outcome], row.outcome)
        return Subject("metric", row.measure, self.metrics.get(row.measure, row.measure), None)


def _rank(cell: ChangedCell) -> tuple[int, bool, float, str, str]:
    kind = KINDS.index(cell.subject.kind)
    return kind, cell.lead.row.verdict != "worse", -size(cell.lead), cell.subject.code, cell.segment or ""


def _once(cells: Sequence[ChangedCell]) -> list[ChangedCell]:
    """Cells of one subject and segment that hold the same answers, product by product, as the widest of them."""
    alike: defaultdict[tuple[Any, ...], list[ChangedCell]] = defaultdict(list)
    for cell in cells:
        numbers = tuple((c.row.measure, c.row.value, c.row.n, c.row.change, c.before) for c in cell.changes)
        alike[cell.subject, cell.segment, numbers].append(cell)
    found = []
    for same in alike.values():
        same.sort(key=lambda cell: (cell.product is not None, cell.product or ""))
        found.append(replace(same[0], also=tuple(cell.product for cell in same[1:] if cell.product)))
    return found


def _place(measure: str) -> int:
    return LEADING.index(measure) if measure in LEADING else len(LEADING)


def size(change: Change) -> float:
    """How large a change is beside the range of its measure, or, where that has no end, beside the value before."""
    measure = MEASURES.get(change.row.measure)
    moved = abs(change.row.change or 0.0)
    if measure is not None and math.isfinite(measure.high - measure.low):
        return moved / (measure.high - measure.low)
    return moved / max(abs(change.before or change.row.value or 1.0), 1e-9) if measure else moved / 100


@dataclass(frozen=True)
class Choices:
    """What a step can be narrowed to: measures by code, segments and products as (code, name)."""

    measures: tuple[str, ...]
    segments: tuple[tuple[str, str], ...]
    products: tuple[tuple[str, str], ...]


def choices(session: Session, reader: Reader) -> Choices:
    """What was ever measured of what the reader may see."""

    def terms(term: type[Segment] | type[Product], column: Any, seen: Any) -> tuple[tuple[str, str], ...]:
        scored = select(column).where(column.is_not(None)).distinct()
        query = select(term.code, term.name).where(term.id.in_(scored), term.id.in_(seen)).order_by(term.name)
        return tuple(session.execute(query).tuples())

    measures = sorted(session.scalars(select(Score.measure).distinct()), key=lambda name: (_place(name), name))
    return Choices(
        tuple(measures), terms(Segment, Score.segment_id, visible_segments(reader)),
        terms(Product, Score.product_id, visible_products(reader)),
    )  # fmt: skip
