"""Products: the tree with the worst gap of each, and one with its outcomes, tasks, metrics and evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_products
from insightrepo.library.terms.coverage import Evidence
from insightrepo.library.terms.tasks import TaskLine, list_tasks
from insightrepo.library.terms.term_pages import Said, TermHead, find_row, head_of, said_of
from insightrepo.models import Metric, Product, Task
from insightrepo.scores.acting.cell_outcomes import CellOutcome, cell_outcomes, current, sort_outcomes
from insightrepo.scores.acting.choosing import choose, outcomes_in_use
from insightrepo.scores.acting.portfolio import Cell, read_portfolio
from insightrepo.scores.chips import Point, points_of
from insightrepo.scores.reading import ALL, NONE, ScoreQuery, ScoreRow, read_scores
from insightrepo.scores.waves.annotations import AnnotationShown, annotations_between
from insightrepo.taxonomy.register import register, seen_terms
from insightrepo.workspace import Workspace


@dataclass(frozen=True)
class ProductLine:
    """A product in the tree, `depth` steps below its root. `measured` outcomes have a gap between importance and
    satisfaction, `short` of them surely satisfy less than they matter; `worst` is the largest gap.
    """

    id: int
    code: str
    name: str
    depth: int
    wave: str | None
    measured: int
    short: int
    worst: Cell | None
    tasks: int
    pieces: int
    people: int
    studies: int


@dataclass(frozen=True)
class MetricShown:
    """A metric of a product: its current score and history."""

    name: str
    nature: str
    score: ScoreRow
    points: tuple[Point, ...]


@dataclass(frozen=True)
class ProductReading:
    """A product with everything its page shows; `path` leads to it from the root, (code, name).

    `within`: whether its scores and tasks are the reader's to see; else only its definition is here.
    """

    head: TermHead
    within: bool
    path: tuple[tuple[str, str], ...]
    below: tuple[ProductLine, ...]
    outcomes: tuple[CellOutcome, ...]
    not_asked: int  # outcomes in use without any score of this product
    tasks: tuple[TaskLine, ...]
    metrics: tuple[MetricShown, ...]
    said: Said
    happened: tuple[AnnotationShown, ...]


def list_products(workspace: Workspace, session: Session, reader: Reader) -> list[ProductLine]:
    """The products in use whose scores the reader may see, each followed by those below it."""
    choice = choose(session, reader)
    summaries = {one.product.code: one for one in read_portfolio(session, reader, choice).summaries}
    evidence, terms = Evidence(workspace, session, reader, ()), register(session)
    tasks = _tasks(session, reader)
    shown = {product.id for product in choice.products}
    lines = []
    for product in choice.products:
        below = terms.with_below([product.id]) & shown
        found = summaries.get(product.code)
        lines.append(ProductLine(
            product.id, product.code, product.name, len(_parents(session, product.id, shown)), choice.wave,
            found.measured if found else 0, found.short if found else 0, found.worst if found else None,
            sum(tasks.get(number, 0) for number in below), *evidence.counts_of(below),
        ))  # fmt: skip
    return lines


def read_product(
    workspace: Workspace, session: Session, reader: Reader, code: str, sort: str = "opportunity"
) -> ProductReading:
    """A product by its code, whatever the case; its outcomes sorted as `cell_outcomes.SORTS` has it.

    Raises:
        NotVisible: there is none that the reader may see.
    """
    row = find_row(session, reader, Product, code)
    within = reader.sees_cell(None, row.id)
    seen = seen_terms(session, reader).by_id
    ids = register(session).with_below([row.id]) & seen.keys()
    tasks = list_tasks(session, reader, Task.product_id.in_(ids)) if within else []
    served = {code for task in tasks for code, _ in task.outcomes}
    outcomes = cell_outcomes(session, reader, outcomes_in_use(session, reader), product=row.code) if within else []
    below = [line for line in list_products(workspace, session, reader) if line.id in ids and line.id != row.id]
    return ProductReading(
        head=head_of(session, row),
        within=within,
        path=tuple((seen[number].code, seen[number].name) for number in _parents(session, row.id, seen.keys())),
        below=tuple(below) if within else (),
        outcomes=tuple(sort_outcomes(
            (one for one in outcomes if one.asked or one.outcome.code in served), sort
        )),
        not_asked=sum(1 for one in outcomes if not one.asked),
        tasks=tuple(tasks),
        metrics=_metrics(session, reader, row.code) if within else (),
        said=said_of(workspace, session, reader, row, ids),
        happened=tuple(
            one for one in annotations_between(session, reader, product=row.code)
            if one.product or one.concerns == "everything"
        ) if within else (),
    )  # fmt: skip


def _tasks(session: Session, reader: Reader) -> dict[int, int]:
    query = select(Task.product_id, func.count()).where(Task.product_id.in_(visible_products(reader)))
    return dict(session.execute(query.group_by(Task.product_id)).tuples().all())


def _parents(session: Session, product_id: int, shown: Collection[int]) -> list[int]:
    """What a product is in, from the root; what is not shown is left out."""
    terms = register(session).by_id
    found: list[int] = []
    parent = terms[product_id].parent_id
    while parent is not None and parent not in found:
        found.append(parent)
        parent = terms[parent].parent_id
    return [number for number in reversed(found) if number in shown]


def _metrics(session: Session, reader: Reader, code: str) -> tuple[MetricShown, ...]:
    """The metrics of a product as a whole, by name."""
    known = {metric.code: metric for metric in session.scalars(select(Metric))}
    rows: dict[str, list[ScoreRow]] = defaultdict(list)
    query = ScoreQuery(outcomes=(NONE,), tasks=(NONE,), segments=(ALL,), products=(code,))
    for row in read_scores(session, reader, query):
        if row.measure in known:
            rows[row.measure].append(row)
    found = [(known[measure], current(some), some) for measure, some in rows.items()]
    shown = [MetricShown(m.name, m.nature, score, tuple(points_of(some))) for m, score, some in found if score]
    return tuple(sorted(shown, key=lambda one: one.name))
