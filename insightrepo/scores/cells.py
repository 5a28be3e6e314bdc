"""A wave's answers, read once and grouped into cells of people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.models import Answer, Product, Wave
from insightrepo.scores.statistics import top_two_box

COLUMNS = {"satisfaction": 0, "importance": 1}  # of People.tops


class CellKey(NamedTuple):
    """Outcome x segment x product, by id; None stands for all."""

    outcome: int
    segment: int | None
    product: int | None


@dataclass(frozen=True)
class People:
    """The respondents of one cell, each once: `ids` ascending; `tops` is n x 2, satisfaction and importance.

    A person's value is the share of their answers in the top box (0 or 1 unless they answered for several products),
    NaN where they did not know or were not asked.
    """

    ids: np.ndarray
    tops: np.ndarray

    def n(self, measure: str) -> int:
        """How many people the measure rests on; opportunity on the fewer of those who gave either."""
        given = (~np.isnan(self.tops)).sum(axis=0)
        return int(given[COLUMNS[measure]] if measure in COLUMNS else given.min())

    def having(self, column: int) -> People:
        """Only those with a value in a column (0 satisfaction, 1 importance)."""
        some = ~np.isnan(self.tops[:, column])
        return People(self.ids[some], self.tops[some])


def product_parents(session: Session) -> dict[int, int | None]:
    """Each product's parent."""
    return dict(session.execute(select(Product.id, Product.parent_id)).tuples().all())


def read_cells(session: Session, wave: Wave, parents: Mapping[int, int | None]) -> dict[CellKey, People]:
    """Every cell of the wave that has answers: all, by segment, by product (children's answers count in their
    parents), and by segment and product.
    """
    query = select(
        Answer.outcome_id, Answer.respondent_id, Answer.segment_id, Answer.product_id,
        Answer.satisfaction, Answer.importance,
    ).where(Answer.wave_id == wave.id)  # fmt: skip
    rows = session.execute(query).all()
    if not rows:
        return {}
    table = np.array([tuple(row) for row in rows], dtype=float)  # None becomes NaN
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    instrument = wave.instrument
    top = top_two_box(instrument.scale_low, instrument.scale_high, instrument.best)
    table[:, 4:6] = np.where(np.isnan(table[:, 4:6]), np.nan, top(table[:, 4:6]))
    outcomes, starts = np.unique(table[:, 0], return_index=True)
    cells: dict[CellKey, People] = {}
    for outcome, part in zip(outcomes, np.split(table, starts[1:]), strict=True):
        cells.update(_of_outcome(int(outcome), part, parents))
    return cells


def _of_outcome(outcome: int, part: np.ndarray, parents: Mapping[int, int | None]) -> Iterator[tuple[CellKey, People]]:
    in_segment: dict[int | None, np.ndarray] = {None: np.ones(len(part), dtype=bool)}
    for segment in np.unique(part[:, 2][~np.isnan(part[:, 2])]):
        in_segment[int(segment)] = part[:, 2] == segment
    in_product = {None: in_segment[None], **_product_masks(part[:, 3], parents)}
    for segment, first in in_segment.items():
        for product, second in in_product.items():
            both = first & second
            if both.any():
                yield CellKey(outcome, segment, product), _people(part[both])


def _product_masks(column: np.ndarray, parents: Mapping[int, int | None]) -> dict[int | None, np.ndarray]:
    masks: dict[int | None, np.ndarray] = {}
    for product in np.unique(column[~np.isnan(column)]):
        mask = column == product
        node: int | None = int(product)
        seen: set[int] = set()
        while node is not None and node not in seen:
            masks[node] = masks[node] | mask if node in masks else mask
            seen.add(node)
            node = parents.get(node)
    return masks


def _people(rows: np.ndarray) -> People:
    """Rows of one cell, sorted by respondent, as people."""
    ids, tops = rows[:, 1].astype(np.int64), rows[:, 4:6]
    starts = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]]))
    if len(starts) == len(ids):
        return People(ids, tops)
    counts = np.add.reduceat((~np.isnan(tops)).astype(float), starts, axis=0)
    totals = np.add.reduceat(np.nan_to_num(tops), starts, axis=0)
    means = np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)
    return People(ids[starts], means)
