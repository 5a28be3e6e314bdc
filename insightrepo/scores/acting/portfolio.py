"""The portfolio: outcomes by product, so that the largest experience gaps can be seen and sorted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from insightrepo.accounts.access import Reader
from insightrepo.models import Task, Term
from insightrepo.models.taxonomy import task_outcome
from insightrepo.scores.acting.choosing import Choice, OutcomeShown, TermShown, outcomes_in_use
from insightrepo.scores.acting.gaps import Gap, gap
from insightrepo.scores.reading import ScoreQuery, ScoreRow, read_scores

SHOWN = {  # what a cell may show: its name, unit, and whether a higher value is the worse one
    "gap": ("gap between importance and satisfaction", "points", True),
    "opportunity": ("opportunity", "points of 20", True),
    "satisfaction": ("satisfaction", "percent", False),
    "success": ("task success", "percent", False),
}
READ = ("importance", "satisfaction", "opportunity")


@dataclass(frozen=True)
class TaskScore:
    """How a task of a product went: its success score."""

    code: str
    name: str
    score: ScoreRow


@dataclass(frozen=True)
class Cell:
    """A product x outcome. `value` with interval and n in the unit of what is shown; without one `words` say why not.

    `tasks` are the tasks of the product that serve the outcome: they stand in where it was not asked.
    """

    outcome: OutcomeShown
    product: TermShown
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    note: str | None
    verdict: str | None
    words: str
    tasks: tuple[TaskScore, ...]
    scores: tuple[ScoreRow, ...] = ()  # what the value is made of, to be explained


@dataclass(frozen=True)
class ProductSummary:
    """A product: how many cells have a value, the worst, and how many outcomes surely satisfy less than they matter."""

    product: TermShown
    measured: int
    worst: Cell | None
    short: int


@dataclass(frozen=True)
class Portfolio:
    """Cells by (outcome code, product code). `ranked` are those with a value, the worst first."""

    choice: Choice
    show: str
    unit: str
    outcomes: tuple[OutcomeShown, ...]
    products: tuple[TermShown, ...]
    cells: dict[tuple[str, str], Cell]
    ranked: tuple[Cell, ...]
    summaries: tuple[ProductSummary, ...]
    not_applicable: tuple[OutcomeShown, ...]


@dataclass(frozen=True)
class _Scores:
    cells: dict[tuple[str | None, str | None], dict[str, ScoreRow]]
    tasks: dict[tuple[str, str], list[TaskScore]]

    def gap(self, key: tuple[str, str]) -> Gap | None:
        found = self.cells.get(key, {})
        return gap(found.get("importance"), found.get("satisfaction"))


def read_portfolio(
    session: Session, reader: Reader, choice: Choice, show: str = "gap", sort: str | None = None
) -> Portfolio:
    """Every outcome that applies to the chosen segment in every product that the reader may see, in the chosen wave.

    `sort` is a product's code: outcomes by that column, the worst first; else by their worst cell. A cell that was not
    asked shows the tasks of the product that serve the outcome. Where a product is chosen only it and what is below it.

    Raises:
        ValueError: nothing is shown under that name.
    """
    if show not in SHOWN:
        raise ValueError(f"a portfolio shows {', '.join(SHOWN)}, not {show!r}")
    outcomes = outcomes_in_use(session, reader)
    applicable = [outcome for outcome in outcomes if outcome.applies_to(choice.segment)]
    products = _below(choice)
    scores = _read(session, reader, choice)
    cells = {
        (outcome.code, product.code): _cell(outcome, product, scores, show)
        for outcome in applicable for product in products
    }  # fmt: skip
    measured = [product for product in products if any(_has_anything(cells[o.code, product.code]) for o in applicable)]
    rank = _worst_first(show)
    ranked = sorted((cell for cell in cells.values() if cell.value is not None), key=rank)
    return Portfolio(
        choice=choice, show=show, unit=SHOWN[show][1], outcomes=_sorted(applicable, ranked, sort),
        products=tuple(measured), cells=cells, ranked=tuple(ranked),
        summaries=_summaries(measured, applicable, ranked, scores),
        not_applicable=tuple(outcome for outcome in outcomes if not outcome.applies_to(choice.segment)),
    )  # fmt: skip


def as_json(found: Portfolio) -> dict[str, Any]:
    """The portfolio as scripts read it. Keys are added, never renamed or removed."""
    return {
        "wave": found.choice.wave,
        "provisional": found.choice.provisional,
        "segment": found.choice.segment.code if found.choice.segment else None,
        "show": found.show,
        "unit": found.unit,
        "cells": [_cell_json(cell) for cell in found.cells.values()],
        "products": [
            {"product": s.product.code, "measured": s.measured, "short": s.short,
             "worst": s.worst.outcome.code if s.worst else None}
            for s in found.summaries
        ],
    }  # fmt: skip


def _cell_json(cell: Cell) -> dict[str, Any]:
    names = ("value", "low", "high", "n", "note", "verdict", "words")
    tasks = [{"task": t.code, "success": t.score.value, "low": t.score.low, "high": t.score.high, "n": t.score.n}
             for t in cell.tasks]  # fmt: skip
    return {
        "outcome": cell.outcome.code,
        "product": cell.product.code,
        **{name: getattr(cell, name) for name in names},
        "tasks": tasks,
    }


def _below(choice: Choice) -> list[TermShown]:
    """The chosen product and those under it, which follow it in the tree's order; all where none is chosen."""
    if choice.product is None:
        return list(choice.products)
    names = {choice.product.name}
    kept = [choice.product]
    for product in choice.products:
        if product.group in names and product.code != choice.product.code:
            names.add(product.name)
            kept.append(product)
    return kept


def _read(session: Session, reader: Reader, choice: Choice) -> _Scores:
    if choice.wave is None:
        return _Scores({}, {})
    cells: dict[tuple[str | None, str | None], dict[str, ScoreRow]] = defaultdict(dict)
    query = ScoreQuery(waves=(choice.wave,), segments=(choice.segment_code,), measures=(*READ, "success"))
    by_task: dict[str, ScoreRow] = {}
    for row in read_scores(session, reader, query):
        if row.task is not None:
            by_task[row.task] = row
        elif row.outcome is not None and row.product is not None:
            cells[row.outcome, row.product][row.measure] = row
    return _Scores(cells, _tasks(session, by_task))


def _tasks(session: Session, scores: dict[str, ScoreRow]) -> dict[tuple[str, str], list[TaskScore]]:
    """Scores of tasks by the outcome that they serve and their product; the scores read say what may be seen."""
    if not scores:
        return {}
    outcome, product = aliased(Term.__table__), aliased(Term.__table__)
    query = (
        select(outcome.c.code.label("outcome"), product.c.code.label("product"), Task.code, Task.name)
        .join(task_outcome, task_outcome.c.task_id == Task.id)
        .join(outcome, outcome.c.id == task_outcome.c.outcome_id)
        .join(product, product.c.id == Task.product_id)
        .where(Task.code.in_(scores))
        .order_by(Task.code)
    )
    found: dict[tuple[str, str], list[TaskScore]] = defaultdict(list)
    for row in session.execute(query):
        found[row.outcome, row.product].append(TaskScore(row.code, row.name, scores[row.code]))
    return found


def _cell(outcome: OutcomeShown, product: TermShown, scores: _Scores, show: str) -> Cell:
    key = (outcome.code, product.code)
    found = scores.cells.get(key, {})
    tasks = tuple(scores.tasks.get(key, ()))
    lead = found.get("satisfaction")
    verdict = lead.verdict if lead else None
    if show == "gap":
        between = scores.gap(key)
        if between:
            parts = (between.value, between.low, between.high, between.n, between.note)
            return Cell(outcome, product, *parts, verdict, "", tasks, (found["importance"], found["satisfaction"]))
        return _empty(outcome, product, found, ("importance", "satisfaction"), tasks)
    row = found.get(show)
    if row is not None and row.value is not None:
        return Cell(outcome, product, row.value, row.low, row.high, row.n, row.note, row.verdict, "", tasks, (row,))
    return _empty(outcome, product, found, (show,), tasks)


def _empty(
    outcome: OutcomeShown, product: TermShown, found: dict[str, ScoreRow], needed: Sequence[str],
    tasks: tuple[TaskScore, ...],
) -> Cell:  # fmt: skip
    rows = [found.get(measure) for measure in needed]
    if any(row is not None and row.note == "suppressed" for row in rows):
        words, tasks = "not shown: too few people", ()
    elif all(row is None for row in rows):
        words = "not asked"
    elif None in rows:
        words = f"{needed[rows.index(None)]} not asked"
    else:
        words = "not enough data"
    return Cell(outcome, product, None, None, None, None, None, None, words, tasks)


def _has_anything(cell: Cell) -> bool:
    return cell.value is not None or bool(cell.tasks) or cell.words != "not asked"


def _worst_first(show: str):
    sign = -1 if SHOWN[show][2] else 1
    return lambda cell: (sign * (cell.value or 0.0), cell.outcome.code, cell.product.code)


def _sorted(outcomes: Iterable[OutcomeShown], ranked: Sequence[Cell], sort: str | None) -> tuple[OutcomeShown, ...]:
    """Outcomes by their first cell in the ranking (of one product where one is named); without any at the end."""
    places: dict[str, int] = {}
    for place, cell in enumerate(ranked):
        if sort is None or cell.product.code == sort:
            places.setdefault(cell.outcome.code, place)
    return tuple(sorted(outcomes, key=lambda outcome: places.get(outcome.code, len(ranked))))


def _summaries(
    products: Iterable[TermShown], outcomes: Sequence[OutcomeShown], ranked: Sequence[Cell], scores: _Scores
) -> tuple[ProductSummary, ...]:
    """The products by their worst cell; those without a value at the end."""
    found = [_summary(product, outcomes, ranked, scores) for product in products]
    places = {id(cell): place for place, cell in enumerate(ranked)}
    return tuple(sorted(found, key=lambda s: places[id(s.worst)] if s.worst else len(ranked)))


def _summary(
    product: TermShown, outcomes: Iterable[OutcomeShown], ranked: Sequence[Cell], scores: _Scores
) -> ProductSummary:
    mine = [cell for cell in ranked if cell.product.code == product.code]
    gaps = [scores.gap((outcome.code, product.code)) for outcome in outcomes]
    short = sum(1 for between in gaps if between is not None and between.sign > 0)
    return ProductSummary(product, len(mine), mine[0] if mine else None, short)
