"""A wave's answers, read once and grouped into cells of people."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.models import Answer, Wave
from insightrepo.scores.computing.crowd import Crowd, chain, plain_table, product_parents, read_crowd
from insightrepo.scores.computing.kinds import Kinds, from_counts, kinds_of
from insightrepo.scores.computing.statistics import top_two_box
from insightrepo.scores.computing.weights import weighted_share
from insightrepo.taxonomy.applicability import Excluded, not_applicable_in

__all__ = ["COLUMNS", "CellKey", "People", "not_applying", "product_masks", "product_parents", "read_cells"]

COLUMNS = {"satisfaction": 0, "importance": 1}  # of People.tops
CODES = 9  # kinds of people: either was not given, out of or in the top box
GAVE = np.array([[code % 3 > 0, code // 3 > 0] for code in range(CODES)], dtype=int)  # satisfaction, importance


class CellKey(NamedTuple):
    """Outcome or task x segment x product, by id; None stands for all, and for neither outcome nor task."""

    outcome: int | None
    segment: int | None
    product: int | None
    task: int | None = None


@dataclass(frozen=True)
class People:
    """The respondents of one cell, each once: `ids` ascending; `tops` is n x 2, satisfaction and importance.

    A person's value is the share of their answers in the top box (0 or 1 unless they answered for several products),
    NaN where they did not know or were not asked. `weights` where the wave is weighted. `answers` (satisfaction,
    importance) were given by these people; `excluded` more are left out of the cell.
    """

    ids: np.ndarray
    tops: np.ndarray
    weights: np.ndarray | None = None
    answers: tuple[int, int] = (0, 0)
    excluded: int = 0
    drawn: dict[tuple[int, ...], np.ndarray] = field(default_factory=dict, repr=False, compare=False)  # by seed
    counts: np.ndarray | None = field(default=None, repr=False, compare=False)  # as `from_counts` takes them, if known

    @cached_property
    def kinds(self) -> Kinds:
        """The people counted by what they gave and weigh."""
        if self.counts is not None and self.weights is None:
            return from_counts(self.counts)
        return kinds_of(self.tops, self.weights)

    @cached_property
    def given(self) -> tuple[int, int]:
        """How many gave a satisfaction, and how many an importance."""
        satisfaction, importance = self.kinds.given
        return int(satisfaction), int(importance)

    def n(self, measure: str) -> int:
        """How many people the measure rests on; opportunity on the fewer of those who gave either."""
        return self.given[COLUMNS[measure]] if measure in COLUMNS else min(self.given)

    def having(self, column: int) -> People:
        """Only those with a value in a column (0 satisfaction, 1 importance)."""
        if self.given[column] == len(self.ids):
            return self
        some = ~np.isnan(self.tops[:, column])
        weights = None if self.weights is None else self.weights[some]
        return People(self.ids[some], self.tops[some], weights, self.answers, self.excluded)

    def share(self, column: int) -> tuple[float, float]:
        """The top-box share (0 to 1) of those with a value, weighted where there are weights, and its effective n."""
        return self._shares[column]

    @cached_property
    def _shares(self) -> tuple[tuple[float, float], ...]:
        if self.weights is None:
            return tuple((float(share), float(n)) for share, n in zip(self.kinds.shares, self.given, strict=True))
        some = [self.having(column) for column in COLUMNS.values()]
        return tuple(
            weighted_share(people.tops[:, column], people.weights) if len(people.ids) else (math.nan, 0.0)
            for column, people in enumerate(some)
        )


def read_cells(
    session: Session, wave: Wave, parents: Mapping[int, int | None], crowd: Crowd | None = None
) -> dict[CellKey, People]:
    """Every cell of the wave that has answers: all, by each segment of every dimension, by product (children's answers
    count in their parents), and by segment and product. What the wave's exclusions leave out is counted and not in it;
    answers of people in a segment that the outcome does not apply to are in no cell of it, the cell of all included.
    """
    crowd = crowd or read_crowd(session, wave, parents)
    query = select(
        Answer.outcome_id, Answer.respondent_id, Answer.product_id, Answer.satisfaction, Answer.importance
    ).where(Answer.wave_id == wave.id)
    table = plain_table(session, query, 5)
    if not len(table):
        return {}
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    instrument = wave.instrument
    top = top_two_box(instrument.scale_low, instrument.scale_high, instrument.best)
    table[:, 3:5] = np.where(np.isnan(table[:, 3:5]), np.nan, top(table[:, 3:5]))
    left_out = crowd.left_out(table[:, 1], table[:, 2], table[:, 0], None)
    places = crowd.places(table[:, 1].astype(np.int64))
    applies = ~not_applying(table[:, 0], places, crowd, not_applicable_in(session, wave))
    table, places, left_out = table[applies], places[applies], left_out[applies]
    outcomes, starts = np.unique(table[:, 0], return_index=True)
    ends = [*starts[1:], len(table)]
    cells: dict[CellKey, People] = {}
    for outcome, start, end in zip(outcomes, starts, ends, strict=True):
        part = slice(start, end)
        cells.update(_of_outcome(int(outcome), table[part], places[part], left_out[part], crowd))
    return cells


def not_applying(outcomes: np.ndarray, places: np.ndarray, crowd: Crowd, excluded: Excluded) -> np.ndarray:
    """Which rows are of a person in a segment that their outcome does not apply to."""
    out = np.zeros(len(outcomes), dtype=bool)
    for outcome, segments in excluded.items():
        asked = outcomes == outcome
        for segment in segments & crowd.segments.keys():
            out |= asked & crowd.segments[segment][places]
    return out


def _of_outcome(
    outcome: int, part: np.ndarray, places: np.ndarray, left_out: np.ndarray, crowd: Crowd
) -> Iterator[tuple[CellKey, People]]:
    everybody = np.ones(len(part), dtype=bool)
    in_segment: dict[int | None, np.ndarray] = {None: everybody}
    for segment, members in crowd.segments.items():
        if (mask := members[places]).any():
            in_segment[segment] = mask
    in_product = {None: everybody, **product_masks(part[:, 2], crowd.parents)}
    weights = None if crowd.weights is None else crowd.weights[places]
    some_out, kept = left_out.any(), ~left_out
    once = bool((part[1:, 1] != part[:-1, 1]).all())
    codes = (np.nan_to_num(part[:, 3:5] + 1) @ [1.0, 3.0]).astype(np.int64) if once else None
    for segment, first in in_segment.items():
        for product, second in in_product.items():
            both = first & second
            excluded = int((both & left_out).sum()) if some_out else 0
            chosen = np.flatnonzero(both & kept)
            if len(chosen):
                key = CellKey(outcome, segment, product)
                yield key, _people(part[chosen], weights, chosen, excluded, codes)


def product_masks(column: np.ndarray, parents: Mapping[int, int | None]) -> dict[int, np.ndarray]:
    """Which rows are of each product or of one below it; `column` holds product ids, NaN: none."""
    masks: dict[int, np.ndarray] = {}
    for product in np.unique(column[~np.isnan(column)]):
        mask = column == product
        for node in chain(int(product), parents):
            masks[node] = masks[node] | mask if node in masks else mask
    return masks


def _people(
    rows: np.ndarray, weights: np.ndarray | None, chosen: np.ndarray, excluded: int, codes: np.ndarray | None
) -> People:
    """Rows of one cell, sorted by respondent, as people. `codes` are of all rows, None where people have several."""
    ids, tops = rows[:, 1].astype(np.int64), rows[:, 3:5]
    if codes is not None:
        of_rows = None if weights is None else weights[chosen]
        counts = np.bincount(codes[chosen], minlength=CODES)
        satisfaction, importance = (counts @ GAVE).tolist()
        return People(ids, tops, of_rows, (satisfaction, importance), excluded, counts=counts)
    given = (~np.isnan(tops)).sum(axis=0)
    answers = (int(given[0]), int(given[1]))
    of_rows = None if weights is None else weights[chosen]
    starts = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]]))
    if len(starts) == len(ids):
        return People(ids, tops, of_rows, answers, excluded)
    counts = np.add.reduceat((~np.isnan(tops)).astype(float), starts, axis=0)
    totals = np.add.reduceat(np.nan_to_num(tops), starts, axis=0)
    means = np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)
    return People(ids[starts], means, None if of_rows is None else of_rows[starts], answers, excluded)
