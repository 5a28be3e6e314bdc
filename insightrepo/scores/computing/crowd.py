"""Who took part in a wave: people, their segments and weights, and what is left out of the wave's scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import Select, select, union
from sqlalchemy.orm import Session

from insightrepo.models import Answer, Exclusion, Membership, Product, Rating, Segment, Trial, Wave
from insightrepo.scores.computing.weights import Margin, WeightsRefused, rake
from insightrepo.scores.waves.settings import wave_settings


@dataclass(frozen=True)
class Crowd:
    """The people of a wave. `ids` ascending; a segment's mask is over them, and so are the weights.

    `weighting` is what the wave's definition says of its weights; empty: it has none. People who only tried tasks are
    not weighted: a usability test is no sample of a population.
    """

    ids: np.ndarray
    segments: Mapping[int, np.ndarray]
    exclusions: Sequence[Exclusion]
    parents: Mapping[int, int | None]
    weights: np.ndarray | None = None
    weighting: Mapping[str, Any] = field(default_factory=dict)

    def places(self, respondents: np.ndarray) -> np.ndarray:
        """Where respondents (ids, all of the crowd) stand in `ids`."""
        return np.searchsorted(self.ids, respondents)

    def left_out(
        self, respondents: np.ndarray, products: np.ndarray, outcomes: np.ndarray | None, tasks: np.ndarray | None
    ) -> np.ndarray:
        """Which rows (of answers, trials or ratings) an exclusion takes out of the scores.

        An exclusion takes what all its parts match; one of an outcome takes no trials, one of a task only trials. A
        product stands for itself and all below it. `products` may hold NaN.
        """
        out = np.zeros(len(respondents), dtype=bool)
        for exclusion in self.exclusions:
            wanted = ((exclusion.outcome_id, outcomes), (exclusion.task_id, tasks))
            if any(one is not None and column is None for one, column in wanted):
                continue
            match = np.ones(len(respondents), dtype=bool)
            for one, column in (*wanted, (exclusion.respondent_id, respondents)):
                if one is not None and column is not None:
                    match &= column == one
            if exclusion.segment_id is not None:
                inside = self.segments.get(exclusion.segment_id, np.zeros(len(self.ids), dtype=bool))
                match &= inside[self.places(respondents)]
            if exclusion.product_id is not None:
                match &= np.isin(products, below(exclusion.product_id, self.parents))
            out |= match
        return out


def plain_table(session: Session, query: Select[Any], width: int) -> np.ndarray:
    """The rows of a query of numbers as an array of floats, None as NaN; the driver's own rows, for there are many."""
    cursor = session.connection().execute(query).cursor
    rows = cursor.fetchall() if cursor is not None else []
    return np.array(rows, dtype=float).reshape(-1, width)


def product_parents(session: Session) -> dict[int, int | None]:
    """Each product's parent."""
    return dict(session.execute(select(Product.id, Product.parent_id)).tuples().all())


def chain(product: int, parents: Mapping[int, int | None]) -> list[int]:
    """A product and all above it, itself first; a loop in the tree ends where it closes."""
    found: list[int] = []
    node: int | None = product
    while node is not None and node not in found:
        found.append(node)
        node = parents.get(node)
    return found


def below(product: int, parents: Mapping[int, int | None]) -> list[int]:
    """A product and all below it."""
    return [one for one in {*parents, product} if product in chain(one, parents)]


def read_crowd(
    session: Session, wave: Wave, parents: Mapping[int, int | None] | None = None, outcome: int | None = None
) -> Crowd:
    """The people who gave a wave something, with the weights that its settings ask for.

    A frozen wave is weighted to the populations it was frozen with. With an `outcome` (id) only those who were asked
    about it or tried a task are read, where nobody is weighted: the others make no difference to it.

    Raises:
        WeightsRefused: the settings ask for weights that cannot be made; the message names the segment.
        SettingsWrong: the wave's settings do not read.
    """
    asked = select(Answer.respondent_id).where(Answer.wave_id == wave.id)
    tried, rated = (select(table.respondent_id).where(table.wave_id == wave.id) for table in (Trial, Rating))
    if outcome is not None and wave_settings(wave).weighting.scheme == "none":
        everybody = union(asked.where(Answer.outcome_id == outcome), tried)
    else:
        everybody = union(asked, tried, rated)
    ids = np.array(sorted(session.scalars(everybody)), dtype=np.int64)
    crowd = Crowd(
        ids=ids,
        segments=_segments(session, wave, ids),
        exclusions=session.scalars(select(Exclusion).where(Exclusion.wave_id == wave.id).order_by(Exclusion.id)).all(),
        parents=product_parents(session) if parents is None else parents,
    )
    return _weighted(session, wave, crowd)


def _segments(session: Session, wave: Wave, ids: np.ndarray) -> dict[int, np.ndarray]:
    query = select(Membership.respondent_id, Membership.segment_id).where(Membership.wave_id == wave.id)
    rows = plain_table(session, query, 2).astype(np.int64)
    rows = rows[np.isin(rows[:, 0], ids)]
    places, masks = np.searchsorted(ids, rows[:, 0]), {}
    for segment in np.unique(rows[:, 1]):
        masks[int(segment)] = np.zeros(len(ids), dtype=bool)
        masks[int(segment)][places[rows[:, 1] == segment]] = True
    return masks


def _weighted(session: Session, wave: Wave, crowd: Crowd) -> Crowd:
    settings = wave_settings(wave).weighting
    if settings.scheme == "none":
        return crowd
    surveyed = _surveyed(session, wave, crowd)
    if not surveyed.any():
        return crowd
    margins = [_margin(session, wave, crowd, surveyed, dimension) for dimension in settings.dimensions]
    raked = rake(margins)
    weights = np.ones(len(crowd.ids))
    weights[surveyed] = raked.values
    weighting = {
        "scheme": settings.scheme, "dimensions": list(settings.dimensions), "n": int(surveyed.sum()),
        "populations": {
            margin.dimension: dict(zip(margin.names, margin.populations, strict=True)) for margin in margins
        },
        "n_eff": raked.n_eff, "deff": raked.deff, "rounds": raked.rounds, "converged": raked.converged,
        "capped": raked.capped, "unplaced": raked.unplaced, "lowest": float(raked.values.min()),
        "highest": float(raked.values.max()),
    }  # fmt: skip
    return Crowd(crowd.ids, crowd.segments, crowd.exclusions, crowd.parents, weights, weighting)


def _surveyed(session: Session, wave: Wave, crowd: Crowd) -> np.ndarray:
    """Who has an answer or a rating that is not left out."""
    found = np.zeros(len(crowd.ids), dtype=bool)
    for table in (Answer, Rating):
        query = select(table.respondent_id, table.product_id, table.outcome_id).where(table.wave_id == wave.id)
        rows = plain_table(session, query.distinct(), 3)
        kept = rows[~crowd.left_out(rows[:, 0], rows[:, 1], rows[:, 2], None), 0]
        found[crowd.places(kept.astype(np.int64))] = True
    return found


def _margin(session: Session, wave: Wave, crowd: Crowd, surveyed: np.ndarray, dimension: str) -> Margin:
    query = select(Segment.id, Segment.code, Segment.population)
    rows = session.execute(query.where(Segment.dimension == dimension).order_by(Segment.id)).all()
    kept = ((wave.definition or {}).get("weighting") or {}).get("populations", {}).get(dimension)
    if wave.state == "frozen" and kept is not None:
        rows = [(identifier, code, kept[code]) for identifier, code, _ in rows if code in kept]
    members = np.full(len(crowd.ids), -1)
    for place, (identifier, _, _) in enumerate(rows):
        if identifier in crowd.segments:
            members[crowd.segments[identifier]] = place
    if not rows:
        raise WeightsRefused(f"no segment is on the dimension {dimension!r}: weight by one that segments have")
    codes, populations = [row[1] for row in rows], [row[2] for row in rows]
    return Margin(dimension, tuple(codes), members[surveyed], tuple(populations))
