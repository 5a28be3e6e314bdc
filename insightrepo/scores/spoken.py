"""What was answered on one item (satisfaction or importance) in a wave and a cell, a row an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.models import Answer, Wave
from insightrepo.scores.computing.cells import People, not_applying
from insightrepo.scores.computing.crowd import Crowd, plain_table, read_crowd
from insightrepo.scores.computing.statistics import top_two_box
from insightrepo.taxonomy.applicability import not_applicable_in


@dataclass(frozen=True)
class Cell:
    """The cell whose change is split: an outcome, a segment or all, a product (with those below it) or all."""

    outcome_id: int
    segment_id: int | None = None
    product_id: int | None = None
    products: frozenset[int] = field(default_factory=frozenset)  # product_id and what is below it


@dataclass(frozen=True)
class Spoken:
    """Answers, a row each: whose, of which product (NaN: none), whether in the top box (1 or 0), and what they weigh.

    A person's answers of one outcome weigh together what the person weighs. `segments` says by segment which rows are
    of its people.
    """

    respondents: np.ndarray
    products: np.ndarray
    values: np.ndarray
    weights: np.ndarray
    segments: Mapping[int, np.ndarray]

    def __len__(self) -> int:
        return len(self.respondents)

    def among(self, segment: int | None) -> Spoken:
        """Only the answers of people in a segment."""
        return self.only(self.segments.get(segment or 0, np.zeros(len(self), dtype=bool)))

    def only(self, rows: np.ndarray) -> Spoken:
        """Only these rows."""
        segments = {segment: members[rows] for segment, members in self.segments.items()}
        return Spoken(self.respondents[rows], self.products[rows], self.values[rows], self.weights[rows], segments)

    def by_person(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Ids of the people, ascending, what each weighs, and each one's share of answers in the top box."""
        ids, places = np.unique(self.respondents, return_inverse=True)
        weights = np.bincount(places, self.weights, minlength=len(ids))
        tops = np.bincount(places, self.weights * self.values, minlength=len(ids))
        return ids, weights, tops / np.where(weights > 0, weights, 1.0)


def spoken(
    session: Session, wave: Wave, cell: Cell, crowd: Crowd | None = None, measure: str = "satisfaction"
) -> Spoken:
    """What was answered in a wave and a cell, with the wave's weights and without its exclusions."""
    crowd = crowd or read_crowd(session, wave)
    item = Answer.importance if measure == "importance" else Answer.satisfaction
    query = select(Answer.respondent_id, Answer.product_id, item).where(
        Answer.wave_id == wave.id, Answer.outcome_id == cell.outcome_id, item.is_not(None)
    )
    table = plain_table(session, query, 3)  # None becomes NaN
    asked = np.full(len(table), cell.outcome_id)
    keep = ~crowd.left_out(table[:, 0], table[:, 1], asked, None)
    if cell.product_id is not None:
        keep &= np.isin(table[:, 1], list(cell.products))
    places = crowd.places(table[:, 0].astype(np.int64))
    keep &= ~not_applying(asked, places, crowd, not_applicable_in(session, wave))
    if cell.segment_id is not None:
        keep &= crowd.segments.get(cell.segment_id, np.zeros(len(crowd.ids), dtype=bool))[places]
    table, places = table[keep], places[keep]
    answers = np.bincount(places, minlength=len(crowd.ids))[places]
    instrument = wave.instrument
    tops = top_two_box(instrument.scale_low, instrument.scale_high, instrument.best)(table[:, 2])
    return Spoken(
        table[:, 0].astype(np.int64), table[:, 1], tops.astype(float),
        (1.0 if crowd.weights is None else crowd.weights[places]) / np.maximum(answers, 1),
        {segment: members[places] for segment, members in crowd.segments.items()},
    )  # fmt: skip


def people_of(satisfaction: Spoken, importance: Spoken | None = None) -> People:
    """The answers of a wave and cell as people, each once by the share of their answers in the top box."""
    given = [satisfaction.by_person(), *([importance.by_person()] if importance is not None else [])]
    ids = np.unique(np.concatenate([found[0] for found in given]))
    tops, weights = np.full((len(ids), 2), np.nan), np.ones(len(ids))
    for column, (who, each, values) in enumerate(given):
        places = np.searchsorted(ids, who)
        tops[places, column], weights[places] = values, each
    return People(ids, tops, None if np.allclose(weights, 1.0) else weights)
