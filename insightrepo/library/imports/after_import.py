"""What a researcher wants to know right after an upload: outcomes touched, earlier studies alike, tags to look at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from pyroaring import BitMap
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from indexes.parts import IndexMismatch, State
from indexes.state import IndexDamaged
from insightrepo.accounts.access import Reader, studies_in_use, visible_studies, visible_terms
from insightrepo.library.indexing.indexing import follow
from insightrepo.library.search.hits import VoteShown
from insightrepo.library.search.loading import votes_shown
from insightrepo.library.wording import date_words
from insightrepo.models import Evidence, Study, Tag, Term, Vote
from insightrepo.workspace import Workspace

OUTCOMES, UNCERTAIN, ALIKE = 12, 10, 5  # that are shown
LOOKED_AT = 300  # pieces of a study whose vectors are averaged
NEAREST = 200  # pieces of other studies that are near
BEST_OF = 3  # pieces of a study that speak for it, so that a large feed does not win by its size
NEAR = 0.35  # the least cosine, averaged over these, of a study that is alike


@dataclass(frozen=True)
class Touched:
    """An outcome, and how many of the new pieces of evidence are tagged with it (suggestions apart)."""

    code: str
    name: str
    pieces: int
    suggested: int


@dataclass(frozen=True)
class Uncertain:
    """A tag that a machine only suggests; `value` is its certainty, 0 to 1, and `votes` say why."""

    evidence_id: int
    text: str
    axis: str
    code: str
    name: str
    value: float
    votes: tuple[VoteShown, ...]


@dataclass(frozen=True)
class Alike:
    """An earlier study that says near things."""

    study_id: int
    title: str
    method: str
    when: str


@dataclass(frozen=True)
class AfterImport:
    """All of it; `alike_off` where meaning search is off, so that nothing can be said of studies alike."""

    outcomes: tuple[Touched, ...]
    uncertain: tuple[Uncertain, ...]
    uncertain_total: int
    alike: tuple[Alike, ...]
    alike_off: bool


def after_import(
    workspace: Workspace, session: Session, reader: Reader, study_ids: Collection[int], since: dt.datetime
) -> AfterImport:
    """What came into these studies since a moment, within what the reader may see."""
    seen = frozenset(
        session.scalars(select(Study.id).where(Study.id.in_(study_ids), Study.id.in_(visible_studies(reader))))
    )
    fresh = Evidence.study_id.in_(seen) & Evidence.withdrawn.is_(False) & (Evidence.created_at >= since)
    outcomes = _outcomes(session, reader, fresh)
    total, uncertain = _uncertain(session, reader, fresh)
    alike = _alike(workspace, session, reader, seen)
    return AfterImport(outcomes, uncertain, total, alike or (), alike is None)


def _outcomes(session: Session, reader: Reader, fresh: ColumnElement[bool]) -> tuple[Touched, ...]:
    number = func.count()
    rows = session.execute(
        select(Term.code, Term.name, Tag.state, number)
        .join(Tag, Tag.term_id == Term.id)
        .join(Evidence, Evidence.id == Tag.evidence_id)
        .where(fresh, Term.axis == "outcome", Term.id.in_(visible_terms(reader)), Tag.state != "rejected")
        .group_by(Term.code, Term.name, Tag.state)
    )
    found: dict[str, Touched] = {}
    for code, name, state, count in rows:
        before = found.get(code) or Touched(code, name, 0, 0)
        sure = state != "suggested"
        found[code] = Touched(code, name, before.pieces + count * sure, before.suggested + count * (not sure))
    return tuple(sorted(found.values(), key=lambda one: (-one.pieces, -one.suggested, one.code))[:OUTCOMES])


def _uncertain(
    session: Session, reader: Reader, fresh: ColumnElement[bool]
) -> tuple[int, tuple[Uncertain, ...]]:  # fmt: skip
    value = func.max(Vote.value)
    query = (
        select(Evidence.id, Evidence.text, Term.axis, Term.code, Term.name, value, Term.id)
        .join(Tag, Tag.evidence_id == Evidence.id)
        .join(Term, Term.id == Tag.term_id)
        .join(Vote, (Vote.evidence_id == Evidence.id) & (Vote.term_id == Term.id) & Vote.in_favour)
        .where(fresh, Tag.state == "suggested", Term.id.in_(visible_terms(reader)))
        .group_by(Evidence.id, Evidence.text, Term.axis, Term.code, Term.name, Term.id)
    )
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.execute(query.order_by(value.desc(), Evidence.id).limit(UNCERTAIN)).all()
    votes = votes_shown(session, reader, [row.id for row in rows])
    return total, tuple(
        Uncertain(*row[:6], tuple(vote for vote in votes[row.id, row[6]] if vote.in_favour)) for row in rows
    )


def _alike(
    workspace: Workspace, session: Session, reader: Reader, study_ids: frozenset[int]
) -> tuple[Alike, ...] | None:
    """Other studies whose best pieces are nearest to what these say on the whole; None without vectors."""
    try:
        state = follow(workspace)
    except (IndexMismatch, IndexDamaged):
        return None
    if state.vectors is None:
        return None
    own = state.bitmaps.any(f"study:{number}" for number in study_ids)
    mean = _mean(state, own)
    if mean is None:
        return ()
    others = session.scalars(studies_in_use(reader).where(Study.id.not_in(study_ids)))
    found = state.vectors.search(mean, state.bitmaps.any(f"study:{number}" for number in others), NEAREST)
    near: dict[int, list[float]] = {}
    for study_id, score in zip(state.bitmaps.column("study", found.ids.tolist()).tolist(), found.scores.tolist(),
                               strict=True):  # fmt: skip
        near.setdefault(study_id, []).append(score)
    means = {number: sum(scores[:BEST_OF]) / BEST_OF for number, scores in near.items()}
    best = sorted((n for n in means if means[n] >= NEAR), key=lambda n: -means[n])[:ALIKE]
    rows = {study.id: study for study in session.scalars(select(Study).where(Study.id.in_(best)))}
    return tuple(_as_alike(rows[number]) for number in best)


def _mean(state: State, own: BitMap) -> np.ndarray | None:
    ids = list(own)[:: max(1, len(own) // LOOKED_AT)]
    vectors = state.vectors.vectors(ids) if state.vectors is not None and ids else np.empty((0, 0))
    vectors = vectors[~np.isnan(vectors).any(axis=1)] if len(vectors) else vectors
    if not len(vectors):
        return None
    mean = vectors.mean(axis=0)
    return mean / max(float(np.linalg.norm(mean)), 1e-9)


def _as_alike(study: Study) -> Alike:
    when = date_words(study.ended_on or study.started_on, study.date_precision)
    return Alike(study.id, study.title, study.method, when)
