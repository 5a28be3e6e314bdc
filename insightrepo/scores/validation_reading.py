"""A validation study as its page, command and export show it: one row a candidate, within the reader's scopes."""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_segments, visible_terms
from insightrepo.models import Outcome, Segment, User, Validation
from insightrepo.scores.reading import ALL, ScoreQuery, ScoreRow, read_scores
from insightrepo.scores.validation import Plan, decided, plan_of, proposed, rank_candidates


@dataclass(frozen=True)
class Placed:
    """A rank with its 95% interval among the candidates."""

    rank: int
    low: int
    high: int


@dataclass(frozen=True)
class CellShown:
    """A candidate's score in a segment (None: everybody) and its place there; no place where it is not shown."""

    segment: str | None
    score: ScoreRow | None
    place: Placed | None


@dataclass(frozen=True)
class DecisionShown:
    """The decision in force."""

    to: str
    reason: str
    by: str | None
    at: dt.datetime


@dataclass(frozen=True)
class Candidate:
    """A candidate: everybody's cell, its segments' in the order of `StudyShown.segments`, what the rule proposes."""

    code: str
    name: str
    status: str
    whole: CellShown
    segments: tuple[CellShown, ...]
    keep: bool
    passes: tuple[str, ...]  # segments in which it passes the bound, those that the reader may see
    decision: DecisionShown | None


@dataclass(frozen=True)
class StudyShown:
    """The study: its candidates by rank, those without a score last."""

    id: int
    name: str
    wave: str
    provisional: bool
    plan: Plan
    weighted: bool
    people: int | None
    segments: tuple[tuple[str, str], ...]
    candidates: tuple[Candidate, ...]
    open: bool  # whether a candidate is left without a decision

    @property
    def kept(self) -> int:
        """How many the rule would keep."""
        return sum(candidate.keep for candidate in self.candidates)

    def counted(self, status: str) -> int:
        """How many were decided so."""
        return sum(c.decision is not None and c.decision.to == status for c in self.candidates)


@dataclass(frozen=True)
class StudyLine:
    """A study in the list."""

    id: int
    name: str
    wave: str
    candidates: int
    decided: int


def list_studies(session: Session, reader: Reader) -> tuple[StudyLine, ...]:
    """All studies, the newest first."""
    seen = set(session.scalars(visible_terms(reader)))
    rows = session.scalars(select(Validation).order_by(Validation.id.desc())).all()
    return tuple(
        StudyLine(
            row.id,
            row.name,
            row.wave.code,
            len(seen.intersection(plan_of(row).outcomes)),
            len(seen.intersection(decided(session, row))),
        )
        for row in rows
    )


def read_study(session: Session, reader: Reader, validation: Validation) -> StudyShown:
    """A study with its ranking, proposal and decisions. Ranks are of all people; scores of segments outside the
    reader's scopes are left out, and a cell whose score is not shown has no rank.
    """
    plan, wave = plan_of(validation), validation.wave
    seen = Outcome.id.in_(visible_terms(reader))
    outcomes = {row.id: row for row in session.scalars(select(Outcome).where(Outcome.id.in_(plan.outcomes), seen))}
    ranks = _ranks(session, validation)
    keep = proposed(session, validation, {outcome: place[0] for outcome, place in ranks.get(None, {}).items()})
    segments = _segments(session, reader, ranks)
    scores = _scores(session, reader, wave.code, plan.measure)
    decisions = _decisions(session, validation)
    found = []
    for number, row in outcomes.items():
        cells = [
            _cell(scores.get((row.code, code)), code, ranks.get(segment_id, {}).get(number))
            for segment_id, code in ((None, None), *((segment_id, code) for segment_id, code, _ in segments))
        ]
        passes = tuple(code for segment_id, code, _ in segments if segment_id in keep.get(number, ()))
        decision = decisions.get(number)
        found.append(
            Candidate(row.code, row.name, row.status, cells[0], tuple(cells[1:]), number in keep, passes, decision)
        )
    found.sort(key=lambda one: (one.whole.place.rank if one.whole.place else len(found) + 1, one.code))
    counts = [one.whole.score.n for one in found if one.whole.score and one.whole.score.n]
    return StudyShown(
        id=validation.id,
        name=validation.name,
        wave=wave.code,
        provisional=wave.state != "frozen",
        plan=plan,
        weighted=bool((wave.definition or {}).get("weighting")),
        people=max(counts, default=None),
        segments=tuple((code, name) for _, code, name in segments),
        candidates=tuple(found),
        open=any(one.decision is None for one in found),
    )


def as_rows(study: StudyShown) -> list[dict[str, Any]]:
    """The table of a study as plain values, for JSON and CSV; None where a cell is not shown."""
    return [_row(candidate) for candidate in study.candidates]


def as_csv(study: StudyShown) -> str:
    """The table of a study; a name that a spreadsheet could take for a formula gets an apostrophe before it."""
    rows = as_rows(study)
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _plain(value) for key, value in row.items()})
    return stream.getvalue()


def _plain(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value


def _row(candidate: Candidate) -> dict[str, Any]:
    row: dict[str, Any] = {"outcome": candidate.code, "statement": candidate.name, "status": candidate.status}
    for cell in (candidate.whole, *candidate.segments):
        name, score, place = cell.segment or "all", cell.score, cell.place
        row |= {
            f"rank {name}": place and place.rank, f"rank low {name}": place and place.low,
            f"rank high {name}": place and place.high, f"value {name}": score and score.value,
            f"low {name}": score and score.low, f"high {name}": score and score.high, f"n {name}": score and score.n,
            f"note {name}": score.note if score else "not enough data",
        }  # fmt: skip
    decision = candidate.decision
    return row | {
        "proposal": "keep" if candidate.keep else "leave",
        "decision": decision.to if decision else None,
        "reason": decision.reason if decision else None,
    }


def _ranks(session: Session, validation: Validation) -> dict[int | None, dict[int, tuple[int, int, int]]]:
    """The ranks, computed once as long as the wave's scores are the same."""
    definition = validation.wave.definition or {}
    stamp = repr((validation.settings, sorted(definition.items(), key=str), validation.wave.issue))
    key = (str(session.get_bind().engine.url), validation.id, stamp)
    kept = _kept(key)
    if not kept:
        kept.update(rank_candidates(session, validation))
    return kept


@lru_cache(maxsize=32)
def _kept(_key: tuple[str, int, str]) -> dict[int | None, dict[int, tuple[int, int, int]]]:
    return {}


def _segments(session: Session, reader: Reader, ranks: dict) -> list[tuple[int, str, str]]:
    """The segments of the wave that the reader may see: (id, code, name)."""
    query = select(Segment.id, Segment.code, Segment.name).where(
        Segment.id.in_([number for number in ranks if number is not None]), Segment.id.in_(visible_segments(reader))
    )
    return [tuple(row) for row in session.execute(query.order_by(Segment.dimension, Segment.id))]


def _scores(session: Session, reader: Reader, wave: str, measure: str) -> dict[tuple[str, str | None], ScoreRow]:
    query = ScoreQuery(waves=(wave,), tasks=("none",), products=(ALL,), measures=(measure,))
    return {(row.outcome, row.segment): row for row in read_scores(session, reader, query) if row.outcome}


def _cell(score: ScoreRow | None, segment: str | None, place: tuple[int, int, int] | None) -> CellShown:
    shown = score is not None and score.value is not None and place is not None
    return CellShown(segment, score, Placed(*place) if shown and place else None)


def _decisions(session: Session, validation: Validation) -> dict[int, DecisionShown]:
    steps = decided(session, validation)
    names = dict(session.execute(select(User.id, func.coalesce(func.nullif(User.name, ""), User.email))).tuples().all())
    return {
        number: DecisionShown(step.to_status, step.reason, names.get(step.decided_by_id or 0), step.decided_at)
        for number, step in steps.items()
    }
