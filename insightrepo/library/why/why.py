"""Why did it move? An outcome's score between two waves, the tasks beside it, and what customers say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_products, visible_segments, visible_terms
from insightrepo.library.reading import NotVisible
from insightrepo.library.why.characteristic import Asked, Nearness, Words, characteristic
from insightrepo.library.why.voices import Voices
from insightrepo.library.why.why_opportunity import Beside, read_beside
from insightrepo.models import Outcome, Score, Segment, Task, Term, Wave
from insightrepo.models.taxonomy import task_outcome
from insightrepo.scores.acting.disagreements import read_disagreements
from insightrepo.scores.beside import MetricBeside, TaskBeside, metrics_beside, tasks_beside, tasks_of
from insightrepo.scores.computing.movement import Movement, any_rounded, moved, movement_between
from insightrepo.scores.computing.splitting import (
    PartShown,
    SplitShown,
    by_product,
    by_segment,
    by_task,
    one_task_is_hidden,
)
from insightrepo.scores.interventions import BeforeAfter, before_after, happened, in_days
from insightrepo.scores.reading import ALL, ScoreQuery, ScoreRow, read_scores, score_rows
from insightrepo.scores.spoken import Cell
from insightrepo.scores.waves.annotations import AnnotationShown
from insightrepo.scores.waves.waves import find_wave
from insightrepo.taxonomy.reading import find_term, product_and_below
from insightrepo.workspace import Workspace

MEASURE = "satisfaction"
WITHHELD = (
    "The success of its tasks is not split: one task is outside what you may see, and its score would stand alone."
)
ROUNDED = (
    "What the change is made of is not shown: scores are rounded here, because a segment that they are weighted by has "
    "too few people to be shown, and exact parts would give it away."
)
MOST = 0.5  # of the change: "most of it"


class NotMoved(ValueError):
    """There are no two waves to compare; the message says what is missing."""


@dataclass(frozen=True)
class Chosen:
    """A segment or a product that the question is narrowed to."""

    id: int
    code: str
    name: str


@dataclass(frozen=True)
class Question:
    """What is asked: an outcome, two waves in time, a segment or all, a product or all."""

    outcome: Outcome
    before: Wave
    after: Wave
    segment: Chosen | None
    product: Chosen | None


@dataclass(frozen=True)
class Why:
    """Everything the page shows. `history` is the cell's score by wave; `splits` are by segment, then by product.

    `tasks` are of everybody's tries (with a segment chosen, of its); where none of these went with the score, of those
    of the segment that moved it. `task_index` splits the success of the outcome's tasks. `interventions` are those
    of the time between the first and the last wave, tested; `annotations` are what happened from the first day of the
    earlier wave to the last of the later one.
    """

    question: Question
    before: ScoreRow | None
    after: ScoreRow | None
    history: tuple[ScoreRow, ...]
    movement: Movement
    splits: tuple[SplitShown, ...]
    task_index: SplitShown | None
    index_movement: Movement | None
    tasks: tuple[TaskBeside, ...]
    tasks_known: tuple[Task, ...]
    metrics: tuple[MetricBeside, ...]
    words: Words
    interventions: tuple[BeforeAfter, ...]
    annotations: tuple[AnnotationShown, ...]
    disagreement: str  # of segments in the later wave, a sentence; empty where there is none
    index_withheld: str = ""  # why there is no split of the task index, a sentence; empty where nothing is withheld
    beside: Beside = field(default_factory=Beside)
    importance_splits: tuple[SplitShown, ...] = ()  # as `splits`, where importance really moved
    split_withheld: str = ""  # why there is no split, or one fewer, a sentence; empty where nothing is withheld

    @property
    def moving_tasks(self) -> tuple[TaskBeside, ...]:
        """The tasks that moved the way the score did; none where the score did not really move."""
        return tuple(task for task in self.tasks if task.goes_with) if self.movement.is_real else ()


def why(
    session: Session,
    reader: Reader,
    workspace: Workspace,
    code: str,
    before: str | None = None,
    after: str | None = None,
    segment: str | None = None,
    product: str | None = None,
) -> Why:
    """Read why an outcome's satisfaction moved between two waves: by default the latest that has it and the one that it
    is compared with. The waves may be given either way round.

    Raises:
        NotVisible: there is no such outcome that the reader may see.
        UnknownTerm, WaveUnknown: a segment, a product or a wave is not known.
        NotMoved: the outcome was not measured in two waves.
    """
    question, history = _asked(session, reader, code, before, after, segment, product)
    rows = {row.wave: row for row in history}
    first, last = rows.get(question.before.code), rows.get(question.after.code)
    voices = Voices(session, _cell(session, question))
    waves = question.before, question.after
    movement = movement_between(first, last, lambda: voices.people(waves))
    tasks = tasks_of(session, reader, question.outcome.id)
    index, index_movement, withheld = _task_index(session, reader, question, tasks)
    splits, held = _splits(session, reader, question, voices, movement)
    shown = _tasks(session, reader, question, tasks, movement, splits, voices)
    codes = question.outcome.code, _code(question.segment), _code(question.product)
    beside = read_beside(session, reader, voices, waves, codes)
    important = beside.importance if beside.importance is not None and beside.importance.is_real else None
    important_splits, also = (
        _splits(session, reader, question, voices, important, "importance") if important else ((), False)
    )
    same = [row for row in history if last is not None and row.instrument == last.instrument]
    notes = happened(session, reader, question.outcome.code, tasks, _code(question.segment), _code(question.product))
    return Why(
        question, first, last, tuple(history), movement,
        splits, index, index_movement, shown, tuple(tasks.values()),
        metrics_beside(session, reader, question.outcome, same, _code(question.product)),
        _words(session, reader, workspace, question, movement, shown),
        _interventions(session, question, voices, notes, same),
        in_days(notes, question.before.first_day, question.after.last_day),
        _disagreement(session, reader, question), withheld, beside,
        important_splits, ROUNDED if held or also else "",
    )  # fmt: skip


def _tasks(
    session: Session,
    reader: Reader,
    question: Question,
    tasks: dict[str, Task],
    movement: Movement,
    splits: Sequence[SplitShown],
    voices: Voices,
) -> tuple[TaskBeside, ...]:
    """The tasks beside the score: everybody's tries, else those of the segment that moved it."""
    if not tasks:
        return ()
    waves = question.before, question.after
    answers, crowd = voices.of(question.after), voices.crowd(question.after)
    shown = tasks_beside(session, reader, tasks, waves, _code(question.segment), answers, crowd, movement.verdict)
    where = leading_part(splits, question, movement)
    if where is None or not movement.is_real or any(task.goes_with for task in shown):
        return shown
    segment = session.scalar(select(Segment.id).where(Segment.code == where.code))
    theirs = answers.among(segment)
    there = tasks_beside(session, reader, tasks, waves, where.code, theirs, crowd, movement.verdict)
    return there if any(task.goes_with for task in there) else shown


def leading_part(splits: Sequence[SplitShown], question: Question, movement: Movement) -> PartShown | None:
    """The segment whose own score really moved the same way and that makes up half of the change or more."""
    waves = question.before.code, question.after.code
    for split in splits:
        for part in split.parts if split.axis == "segment" and len(split.parts) > 1 else ():
            score = part.score
            moved = score is not None and (score.previous_wave, score.wave) == waves
            if moved and score.verdict == movement.verdict and part.part.effect / (movement.change or 1.0) >= MOST:
                return part
    return None


def _disagreement(session: Session, reader: Reader, question: Question) -> str:
    """How segments disagree in the later wave; it is known of everybody only."""
    if question.segment or question.product:
        return ""
    found = read_disagreements(session, reader, [question.outcome.id], question.after.code)
    return found[question.outcome.id].sentence if found else ""


def _asked(
    session: Session,
    reader: Reader,
    code: str,
    before: str | None,
    after: str | None,
    segment: str | None,
    product: str | None,
) -> tuple[Question, list[ScoreRow]]:
    seen = Outcome.id.in_(visible_terms(reader))
    outcome = session.scalar(select(Outcome).where(func.lower(Outcome.code) == code.lower(), seen))
    if outcome is None:
        raise NotVisible(f"outcome {code}")
    part = _chosen(session, reader, "segment", segment), _chosen(session, reader, "product", product)
    history = read_scores(session, reader, ScoreQuery(
        outcomes=(outcome.code,), segments=(part[0].code if part[0] else ALL,),
        products=(part[1].code if part[1] else ALL,), measures=(MEASURE,),
    ))  # fmt: skip
    waves = _waves(session, history, before, after)
    return Question(outcome, *waves, *part), history


def _chosen(session: Session, reader: Reader, axis: str, text: str | None) -> Chosen | None:
    """The term that the text names, within the reader's scopes; None where it is empty or "all"."""
    if not text or text == ALL:
        return None
    seen = visible_segments(reader) if axis == "segment" else visible_products(reader)
    term = find_term(session, axis, text, Term.id.in_(seen))
    return Chosen(term.id, term.code, term.name)


def _waves(session: Session, history: Sequence[ScoreRow], before: str | None, after: str | None) -> tuple[Wave, Wave]:
    shown = [row for row in history if row.value is not None]
    last = find_wave(session, after).code if after else next(
        (row.wave for row in reversed(shown) if not row.provisional), shown[-1].wave if shown else None
    )  # fmt: skip
    if last is None:
        raise NotMoved("no wave has measured it yet: there is nothing to compare")
    if not before:
        row = next((row for row in history if row.wave == last), None)
        earlier = [other.wave for other in shown if row is not None and other.last_day < row.first_day]
        before = (row.previous_wave if row else None) or (earlier[-1] if earlier else None)
    if before is None:
        raise NotMoved(f"only one wave has measured it ({last}): a change needs two")
    waves = sorted((find_wave(session, before), find_wave(session, last)), key=lambda wave: wave.first_day)
    if waves[0].id == waves[1].id:
        raise NotMoved(f"{last} was compared with itself: choose two waves")
    return waves[0], waves[1]


def _code(chosen: Chosen | None) -> str | None:
    return chosen.code if chosen else None


def _cell(session: Session, question: Question) -> Cell:
    product = question.product
    below = frozenset(product_and_below(session, [product.id])) if product else frozenset()
    segment = question.segment
    return Cell(question.outcome.id, segment.id if segment else None, product.id if product else None, below)


def _splits(
    session: Session,
    reader: Reader,
    question: Question,
    voices: Voices,
    movement: Movement,
    measure: str = MEASURE,
) -> tuple[tuple[SplitShown, ...], bool]:
    """By segment unless one is chosen, then by product; none where the whole is not shown or not to be compared, and
    none whose parts or whole are rounded in the scores: the exact parts would undo that. The last says whether one is
    withheld for it.
    """
    if movement.change is None:
        return (), False
    answers = voices.pair((question.before, question.after), measure)
    if not len(answers[0]) or not len(answers[1]):
        return (), False
    rows = read_scores(session, reader, ScoreQuery(
        waves=(question.before.code, question.after.code), outcomes=(question.outcome.code,), measures=(measure,),
    ))  # fmt: skip
    segment, product = _code(question.segment), _code(question.product)
    if any_rounded(*(row for row in rows if (row.segment, row.product) == (segment, product))):
        return (), True
    of_segments = [row for row in rows if row.segment is not None and row.product == product] if not segment else []
    of_products = [row for row in rows if row.product is not None and row.segment == segment]
    held = any_rounded(*of_segments), any_rounded(*of_products)
    splits: tuple[SplitShown, ...] = ()
    if segment is None and not held[0]:
        splits = by_segment(session, answers, _by(of_segments, "segment", question))
    if not held[1]:
        chosen = question.product.id if question.product else None
        splits += by_product(session, answers, _by(of_products, "product", question), chosen)
    return splits, any(held)


def _by(rows: Sequence[ScoreRow], axis: str, question: Question) -> tuple[dict[str, ScoreRow], dict[str, ScoreRow]]:
    """The rows of each of the two waves by their code on the axis."""
    first, last = (
        {getattr(row, axis): row for row in rows if row.wave == wave.code} for wave in (question.before, question.after)
    )
    return first, last


def _task_index(
    session: Session, reader: Reader, question: Question, tasks: dict[str, Task]
) -> tuple[SplitShown | None, Movement | None, str]:
    """The success of the outcome's tasks split by task; of everybody where the segment's was not measured. The last
    says why it is withheld.
    """
    if not tasks:
        return None, None, ""
    waves = question.before, question.after
    codes = tuple(wave.code for wave in waves)
    names, withheld = {code: task.name for code, task in tasks.items()}, ""
    for segment in dict.fromkeys((_code(question.segment), None)):
        of_tasks = _by(score_rows(session, *_of_all_tasks(question, segment)), "task", question)
        if one_task_is_hidden(of_tasks, names):
            withheld = WITHHELD
            continue
        cells = (segment or ALL,)
        index = read_scores(session, reader, ScoreQuery(
            waves=codes, outcomes=(question.outcome.code,), segments=cells, products=(ALL,), measures=("success",)
        ))  # fmt: skip
        by_wave = {row.wave: row for row in index}
        if len(by_wave) == 2:
            pair = by_wave[codes[0]], by_wave[codes[1]]
            return by_task(waves, pair, of_tasks, names), moved(*pair), ""
    return None, None, withheld


def _of_all_tasks(question: Question, segment: str | None) -> list[Any]:
    """The scores of success that the index rests on, also of tasks that the reader may not see."""
    served = select(task_outcome.c.task_id).where(task_outcome.c.outcome_id == question.outcome.id)
    of_segment = select(Segment.id).where(Segment.code == segment).scalar_subquery()
    return [
        Score.wave_id.in_((question.before.id, question.after.id)), Score.task_id.in_(served),
        Score.measure == "success",
        Score.segment_id == of_segment if segment else Score.segment_id.is_(None),
    ]  # fmt: skip


def _words(
    session: Session,
    reader: Reader,
    workspace: Workspace,
    question: Question,
    movement: Movement,
    tasks: Sequence[TaskBeside],
) -> Words:
    moving = [task.name for task in tasks if task.goes_with and movement.is_real]
    cell = _cell(session, question)
    asked = Asked(
        question.outcome.id, question.after.first_day, question.after.last_day, question.before.first_day,
        question.before.last_day, frozenset({cell.segment_id} - {None}), cell.products, tuple(moving),  # type: ignore[arg-type]
        movement.direction,
    )  # fmt: skip
    return characteristic(session, reader, asked, workspace.settings.language, _nearness(workspace) if moving else None)


def _nearness(workspace: Workspace) -> Nearness | None:
    """Cosines of stored vectors with phrases, the best of them; None without a model of meaning."""
    vectors, embedder = workspace.vectors, workspace.embedder
    if vectors is None or embedder is None:
        return None

    def near(hashes: Sequence[str], phrases: Sequence[str]) -> np.ndarray:
        kept = vectors.get(hashes)
        asked = [np.asarray(embedder.embed_query(phrase), dtype=np.float32) for phrase in phrases]
        return np.array([
            max(float(kept[key] @ vector) for vector in asked) if key in kept else np.nan for key in hashes
        ])  # fmt: skip

    return near


def _interventions(
    session: Session,
    question: Question,
    voices: Voices,
    notes: Sequence[AnnotationShown],
    history: Sequence[ScoreRow],
) -> tuple[BeforeAfter, ...]:
    """Every intervention of the time from the earlier to the later wave, tested on the score that is shown."""

    def compare(first: ScoreRow, last: ScoreRow) -> Movement:
        return movement_between(
            first, last, lambda: voices.people((find_wave(session, first.wave), find_wave(session, last.wave)))
        )

    within = in_days(notes, question.before.first_day, question.after.last_day)
    return tuple(before_after(note, notes, history, compare) for note in within if note.kind == "intervention")
