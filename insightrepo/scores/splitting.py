"""Reads the answers of two waves and splits the change of an outcome by segment and by product, its task index by task.

A cell that the scores hide, and one outside the reader's scopes, goes to "others and not shown": then what is shown
here follows from the scores that are shown anyway, and nothing that they hide follows from it. With a segment chosen
the change is split by product only: two segments crossed are cells that no score is kept of, so nothing guards them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.models import Answer, Product, Segment, Wave
from insightrepo.scores.cells import not_applying
from insightrepo.scores.crowd import Crowd, read_crowd
from insightrepo.scores.decomposition import NOBODY, Decomposition, Group, Part, decompose
from insightrepo.scores.reading import ScoreRow
from insightrepo.scores.settings import wave_settings
from insightrepo.scores.statistics import top_two_box
from insightrepo.taxonomy.applicability import not_applicable_in

OTHERS = "others and not shown"


@dataclass(frozen=True)
class Spoken:
    """One answer: whose, of which product, whether in the top box (1 or 0), and what it weighs.

    A person's answers of one outcome weigh together what the person weighs.
    """

    respondent: int
    product: int | None
    value: float
    weight: float
    segments: frozenset[int]


@dataclass(frozen=True)
class Cell:
    """The cell whose change is split: an outcome, a segment or all, a product (with those below it) or all."""

    outcome_id: int
    segment_id: int | None = None
    product_id: int | None = None
    products: frozenset[int] = field(default_factory=frozenset)  # product_id and what is below it


@dataclass(frozen=True)
class PartShown:
    """A part of a change with its name and what its own score says of it (None: no such score, or not these waves)."""

    code: str | None
    name: str
    part: Part[str]
    score: ScoreRow | None


@dataclass(frozen=True)
class SplitShown:
    """A change split on one axis: `title` is the dimension of the segments, "product" or "task"."""

    title: str
    axis: str
    split: Decomposition[str]
    parts: tuple[PartShown, ...]


def spoken(session: Session, wave: Wave, cell: Cell, crowd: Crowd | None = None) -> list[Spoken]:
    """What was answered on satisfaction in a wave and a cell, with the wave's weights and without its exclusions."""
    crowd = crowd or read_crowd(session, wave)
    query = select(Answer.respondent_id, Answer.product_id, Answer.satisfaction).where(
        Answer.wave_id == wave.id, Answer.outcome_id == cell.outcome_id, Answer.satisfaction.is_not(None)
    )
    rows = session.execute(query).all()
    if not rows:
        return []
    table = np.array([tuple(row) for row in rows], dtype=float)  # None becomes NaN
    keep = ~crowd.left_out(table[:, 0], table[:, 1], np.full(len(table), cell.outcome_id), None)
    if cell.product_id is not None:
        keep &= np.isin(table[:, 1], list(cell.products))
    people = crowd.places(table[:, 0].astype(np.int64))
    asked = np.full(len(table), cell.outcome_id)
    keep &= ~not_applying(asked, people, crowd, not_applicable_in(session, wave))
    if cell.segment_id is not None:
        keep &= crowd.segments.get(cell.segment_id, np.zeros(len(crowd.ids), dtype=bool))[people]
    table, people = table[keep], people[keep]
    answers = np.bincount(people, minlength=len(crowd.ids))[people]
    weights = (1.0 if crowd.weights is None else crowd.weights[people]) / np.maximum(answers, 1)
    instrument = wave.instrument
    tops = top_two_box(instrument.scale_low, instrument.scale_high, instrument.best)(table[:, 2])
    segments = _segments(crowd)
    return [
        Spoken(int(person), None if math.isnan(product) else int(product), float(top), float(weight), segments[place])
        for person, product, top, weight, place in zip(table[:, 0], table[:, 1], tops, weights, people, strict=True)
    ]


def _segments(crowd: Crowd) -> list[frozenset[int]]:
    """The segments of each person of the crowd."""
    found: list[set[int]] = [set() for _ in crowd.ids]
    for segment, members in crowd.segments.items():
        for place in np.flatnonzero(members):
            found[place].add(segment)
    return [frozenset(segments) for segments in found]


def grouped(answers: Iterable[Spoken], key: Callable[[Spoken], str | None]) -> dict[str | None, Group]:
    """The answers as groups; people are counted once in each."""
    people: defaultdict[str | None, set[int]] = defaultdict(set)
    sums: defaultdict[str | None, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for answer in answers:
        name = key(answer)
        people[name].add(answer.respondent)
        sums[name][0] += answer.weight
        sums[name][1] += answer.weight * answer.value
    return {name: Group(len(people[name]), *sums[name]) for name in people}


Answers = tuple[Sequence[Spoken], Sequence[Spoken]]  # of the earlier and of the later wave
Rows = tuple[Mapping[str, ScoreRow], Mapping[str, ScoreRow]]  # by the code of the part, of the same two waves


def by_segment(session: Session, answers: Answers, rows: Rows) -> tuple[SplitShown, ...]:
    """The change split by each dimension of segments that somebody is on. `rows` are the scores of the segments (of
    the chosen product) that the reader may see.
    """
    known = {segment.id: segment for segment in session.scalars(select(Segment).order_by(Segment.id))}
    dimensions = sorted({known[i].dimension for wave in answers for answer in wave for i in answer.segments})
    names = {segment.code: segment.name for segment in known.values()}
    splits = []
    for dimension in dimensions:
        codes = {segment.id: segment.code for segment in known.values() if segment.dimension == dimension}

        def key(answer: Spoken, codes: dict[int, str] = codes) -> str | None:
            return next((codes[i] for i in sorted(answer.segments) if i in codes), None)

        splits += _split(dimension, "segment", answers, key, rows, names)
    return tuple(splits)


def by_product(session: Session, answers: Answers, rows: Rows, product_id: int | None) -> tuple[SplitShown, ...]:
    """The change split by the products below the chosen one (None: from the top of the tree), on the first level where
    there is more than one; empty where there is none.
    """
    products = {product.id: product for product in session.scalars(select(Product).order_by(Product.id))}
    names = {product.code: product.name for product in products.values()}
    asked = {answer.product for wave in answers for answer in wave}
    while True:
        child = {number: _below(products, number, product_id) for number in asked}
        groups = set(child.values())
        if len(groups) != 1 or None in groups:
            break
        (product_id,) = groups
    if not groups - {None}:
        return ()
    codes = {number: products[top].code if top is not None else None for number, top in child.items()}
    return tuple(_split("product", "product", answers, lambda answer: codes[answer.product], rows, names))


def _below(products: Mapping[int, Product], number: int | None, top: int | None) -> int | None:
    """The product right below `top` that this one is or belongs to; None where there is none."""
    path: list[int] = []
    while number is not None and number != top and number not in path:
        path.append(number)
        number = products[number].parent_id
    return path[-1] if path and number == top else None


def _split(
    title: str,
    axis: str,
    answers: Answers,
    key: Callable[[Spoken], str | None],
    rows: Rows,
    names: Mapping[str, str],
) -> list[SplitShown]:
    before, after = (grouped(wave, key) for wave in answers)
    if not before or not after:
        return []
    return [_shown(title, axis, before, after, rows, names)]


def _shown(
    title: str,
    axis: str,
    before: Mapping[str | None, Group],
    after: Mapping[str | None, Group],
    rows: Rows,
    names: Mapping[str, str],
) -> SplitShown:
    """What has people and no score that may be shown, in either wave, is hidden."""
    hidden = {
        code
        for groups, scores in zip((before, after), rows, strict=True)
        for code, group in groups.items()
        if code is not None and group.n and (code not in scores or scores[code].value is None)
    }
    split = decompose(before, after, hidden)
    parts = tuple(
        PartShown(part.key, OTHERS if part.key is None else names[part.key], part, rows[1].get(part.key or ""))
        for part in split.parts
    )
    return SplitShown(title, axis, split, parts)


def by_task(
    waves: tuple[Wave, Wave], index: tuple[ScoreRow, ScoreRow], rows: Rows, names: Mapping[str, str]
) -> SplitShown | None:
    """The outcome's task index split by task: the mean of the completion rates, weighted as the wave's settings say.

    `index` are the scores of the index, `rows` those of the completion of all its tasks; the index rests on those that
    are shown. `names` are the tasks that the reader may see, by code: the rest is together. None where a wave has no
    index, or where one hidden task alone would be the rest.
    """
    if index[0].value is None or index[1].value is None or one_task_is_hidden(rows, names):
        return None
    before, after = (_tasks(wave, scores, names) for wave, scores in zip(waves, rows, strict=True))
    return _shown("task", "task", before, after, rows, names) if before and after else None


def one_task_is_hidden(rows: Rows, names: Mapping[str, str]) -> bool:
    """Whether in one of the waves exactly one measured task is not the reader's: "others" would be its own score."""
    return any(sum(row.value is not None for code, row in wave.items() if code not in names) == 1 for wave in rows)


def _tasks(wave: Wave, scores: Mapping[str, ScoreRow], names: Mapping[str, str]) -> dict[str | None, Group]:
    weights = wave_settings(wave).task_weights
    groups: dict[str | None, Group] = {}
    for code, row in scores.items():
        if row.value is not None:
            weight, key = weights.get(code, 1.0), code if code in names else None
            groups[key] = groups.get(key, NOBODY) + Group(row.n or 0, weight, weight * row.value / 100)
    return groups
