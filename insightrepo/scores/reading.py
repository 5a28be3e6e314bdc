"""Scores as everything that shows them reads them: one query by codes, within the reader's scopes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from insightrepo.accounts.access import Reader, visible_products, visible_segments, visible_terms
from insightrepo.json_arrays import elements
from insightrepo.memory import remembered
from insightrepo.models import Instrument, Metric, Score, Task, Term, Wave
from insightrepo.scores.computing.chance import no_arrow
from insightrepo.scores.computing.opportunity import BANDS, band
from insightrepo.scores.measures import MEASURES, NO_CHANGE
from insightrepo.scores.waves.rewording import AS_FIRST_WORDED, Wordings, asked_with, wordings

# That no arrow stands beside a change without zero is told by the score's detail; of others it is not read.
UNEXPLAINED = and_(Score.verdict == NO_CHANGE, or_(Score.change_low > 0, Score.change_high < 0))
ALL = "all"  # in segments and products: the cells of everybody
NONE = "none"  # in outcomes and tasks: the scores that are of no outcome, of no task
STORED = (
    "id", "value", "low", "high", "unweighted_value", "unweighted_low", "unweighted_high", "n", "n_eff", "answers",
    "excluded", "note", "verdict", "change", "change_low", "change_high", "p_value", "q_value", "definition_version",
    "measure",
)  # fmt: skip


@dataclass(frozen=True)
class ScoreQuery:
    """Which scores are wanted, by code; None: any, nothing listed: nothing.

    In `segments` and `products` the word "all" is the cell of everybody; in `outcomes` and `tasks` the word "none"
    keeps scores of no outcome (tasks, metrics of a product or of the whole) and of no task.
    """

    waves: tuple[str, ...] | None = None
    outcomes: tuple[str, ...] | None = None
    tasks: tuple[str, ...] | None = None
    segments: tuple[str, ...] | None = None
    products: tuple[str, ...] | None = None
    measures: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One score. Values, intervals and changes are in `unit`; None where suppressed, not asked or not tested.

    Outcome, task, segment, product and waves are codes; None: the cell of all. A task's score names no outcome.
    `band` is that of an opportunity, by the wave's bands. `instrument` is its name: rows of two instruments in a
    series are not to be joined, nor those of two `meaning`s: the version since which the outcome has meant the same.
    `asked_with` says that the outcome was reworded since it was asked; None: it was not. `no_arrow` says why there is
    no evidence of a change whose interval leaves zero out; empty elsewhere.
    """

    id: int
    wave: str
    first_day: dt.date
    last_day: dt.date
    provisional: bool
    issue: int
    instrument: str
    outcome: str | None
    task: str | None
    segment: str | None
    product: str | None
    measure: str
    unit: str
    better: str
    value: float | None
    low: float | None
    high: float | None
    unweighted_value: float | None
    unweighted_low: float | None
    unweighted_high: float | None
    n: int | None
    n_eff: float | None
    answers: int | None
    excluded: int | None
    note: str | None
    verdict: str
    change: float | None
    change_low: float | None
    change_high: float | None
    p_value: float | None
    q_value: float | None
    previous_wave: str | None
    band: str | None
    definition_version: int
    meaning: int = 1
    asked_with: str | None = None
    no_arrow: str = ""


def read_scores(session: Session, reader: Reader, query: ScoreQuery) -> list[ScoreRow]:
    """The scores that a query asks for, in order of time, outcome, task, product, segment and measure.

    Left out is what has a segment or product outside the reader's scopes, a task of such a product, or a term that the
    reader may not see; the cells of all segments and products are for everyone, but a task index that would tell the
    rate of the one task that the reader may not see. A code that nobody knows finds nothing.
    """
    conditions = [
        *_among(Score.wave_id, query.waves, select(Wave.id).where(Wave.code.in_(query.waves or ())), None),
        *_among(Score.outcome_id, query.outcomes, _terms("outcome", query.outcomes), NONE),
        *_among(Score.task_id, query.tasks, select(Task.id).where(Task.code.in_(query.tasks or ())), NONE),
        *_among(Score.segment_id, query.segments, _terms("segment", query.segments), ALL),
        *_among(Score.product_id, query.products, _terms("product", query.products), ALL),
    ]
    if query.measures is not None:
        conditions.append(Score.measure.in_(query.measures))
    return score_rows(session, *within(reader), *conditions)


def _terms(axis: str, codes: Iterable[str] | None) -> Any:
    return select(Term.id).where(Term.axis == axis, Term.code.in_(codes or ()))


def _among(column: Any, codes: Sequence[str] | None, ids: Any, word: str | None) -> list[Any]:
    """The condition that a column is one of the codes, or empty where `word` is among them."""
    if codes is None:
        return []
    if word not in codes:
        return [column.in_(ids)]
    return [column.is_(None) if set(codes) == {word} else column.is_(None) | column.in_(ids)]


def within(reader: Reader) -> list[Any]:
    """The conditions on `Score` that keep what the reader may see."""
    products = visible_products(reader)
    conditions = [
        Score.outcome_id.is_(None) | Score.outcome_id.in_(visible_terms(reader)),
        Score.segment_id.is_(None) | Score.segment_id.in_(visible_segments(reader)),
        Score.product_id.is_(None) | Score.product_id.in_(products),
        Score.task_id.is_(None) | Score.task_id.in_(select(Task.id).where(Task.product_id.in_(products))),
    ]
    everything = reader.products is None and reader.at_least("administrator")
    return conditions if everything else [*conditions, _tells_no_hidden_task(products)]


def _tells_no_hidden_task(products: Select[tuple[int]]) -> ColumnElement[bool]:
    """Leaves out a task index of all products that rests on exactly one task outside `products`: with the rates of the
    other tasks that one's would follow from it. A change is between two indexes of the same tasks, so they decide on
    it too; which they are the index itself keeps, whatever the tasks serve today.
    """
    part = elements(Score.detail["tasks"])
    hidden = (
        select(func.count())
        .select_from(part)
        .where(part.c.value[0].as_integer().in_(select(Task.id).where(Task.product_id.not_in(products))))
        .correlate(Score)
        .scalar_subquery()
    )
    return or_(Score.measure != "success", Score.task_id.is_not(None), Score.product_id.is_not(None), hidden != 1)


def score_rows(session: Session, *conditions: Any) -> list[ScoreRow]:
    """The rows that conditions on `Score` and `Wave` keep, whoever asks: the caller has put `within` among them.

    Raises:
        KeyError: a score is of a measure that is neither known nor in the catalogue of metrics.
    """
    found = session.execute(_rows_query().where(*conditions)).all()
    waves = remembered(session, "waves of scores", lambda: _waves(session)) if found else {}
    measures = _measures(session, {row.measure for row in found})
    worded = wordings(session) if found else {}
    return sorted(
        (_row(row, waves, worded.get(row.outcome_id, AS_FIRST_WORDED), *measures[row.measure]) for row in found),
        key=_place,
    )  # fmt: skip


@cache
def _rows_query() -> Select[Any]:
    """Every score with the codes of its terms; made once, since making it takes longer than asking."""
    outcome, segment, product = (aliased(Term.__table__) for _ in range(3))
    return (
        select(
            *(getattr(Score, name) for name in STORED), case((UNEXPLAINED, Score.detail)).label("detail"),
            Score.wave_id, Score.previous_wave_id, Score.outcome_id,
            outcome.c.code.label("outcome"), Task.code.label("task"), segment.c.code.label("segment"),
            product.c.code.label("product"),
        )
        .join(Wave, Wave.id == Score.wave_id)
        .join(outcome, outcome.c.id == Score.outcome_id, isouter=True)
        .join(Task, Task.id == Score.task_id, isouter=True)
        .join(segment, segment.c.id == Score.segment_id, isouter=True)
        .join(product, product.c.id == Score.product_id, isouter=True)
    )  # fmt: skip


@dataclass(frozen=True)
class _WaveShown:
    code: str
    first_day: dt.date
    last_day: dt.date
    provisional: bool
    issue: int
    instrument: str
    bands: tuple[tuple[float, str], ...]


def _waves(session: Session) -> dict[int, _WaveShown]:
    query = select(
        Wave.id, Wave.code, Wave.first_day, Wave.last_day, Wave.state, Wave.issue, Wave.definition,
        Instrument.name.label("instrument"),
    ).join(Instrument, Instrument.id == Wave.instrument_id)  # fmt: skip
    return {
        wave.id: _WaveShown(
            wave.code, wave.first_day, wave.last_day, wave.state != "frozen", wave.issue, wave.instrument,
            tuple((floor, name) for floor, name in (wave.definition or {}).get("bands", []) if floor > 0) or BANDS,
        )
        for wave in session.execute(query)
    }  # fmt: skip


def _measures(session: Session, names: set[str]) -> dict[str, tuple[str, str]]:
    """Unit and better direction by measure."""
    known = {name: (MEASURES[name].unit, MEASURES[name].better) for name in names & MEASURES.keys()}
    if names - known.keys():
        query = select(Metric.code, Metric.unit, Metric.better).where(Metric.code.in_(names - known.keys()))
        known.update({row.code: (row.unit, row.better) for row in session.execute(query)})
    return known


def _row(row: Any, waves: dict[int, _WaveShown], worded: Wordings, unit: str, better: str) -> ScoreRow:
    wave, previous = waves[row.wave_id], waves.get(row.previous_wave_id)
    banded = row.measure == "opportunity" and row.value is not None
    return ScoreRow(
        id=row.id, wave=wave.code, first_day=wave.first_day, last_day=wave.last_day, provisional=wave.provisional,
        issue=wave.issue, instrument=wave.instrument, outcome=row.outcome, task=row.task, segment=row.segment,
        product=row.product, measure=row.measure, unit=unit, better=better, value=row.value, low=row.low,
        high=row.high, unweighted_value=row.unweighted_value, unweighted_low=row.unweighted_low,
        unweighted_high=row.unweighted_high, n=row.n, n_eff=row.n_eff, answers=row.answers, excluded=row.excluded,
        note=row.note, verdict=row.verdict, change=row.change, change_low=row.change_low,
        change_high=row.change_high, p_value=row.p_value, q_value=row.q_value,
        previous_wave=previous.code if previous else None, band=band(row.value, wave.bands) if banded else None,
        definition_version=row.definition_version, meaning=worded.meaning(row.definition_version),
        asked_with=asked_with(worded, row.measure, row.definition_version),
        no_arrow=no_arrow(row.verdict, row.change_low, row.change_high, row.q_value, row.detail),
    )  # fmt: skip


ORDER = {name: number for number, name in enumerate(MEASURES)}


def _place(row: ScoreRow) -> tuple[Any, ...]:
    return (
        row.first_day, row.wave, row.outcome is None, row.outcome or "", row.task or "", row.product is not None,
        row.segment is not None, row.product or "", row.segment or "", ORDER.get(row.measure, len(ORDER)), row.measure,
    )  # fmt: skip
