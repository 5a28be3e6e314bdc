"""Answers of a made-up survey of candidates: most matter to some segment, a few truly matter to none."""

from __future__ import annotations

import datetime as dt
import hashlib

import numpy as np
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from insightrepo.database import Database
from insightrepo.models import Answer, Instrument, Membership, Outcome, Respondent, Segment, Wave
from insightrepo.scores.computing.computing import compute_wave

SEGMENTS = ("toddlers", "school", "teens", "grown")


def survey(
    database: Database, seed: int, candidates: int = 63, below: int = 12, people: int = 2000, wave: str = "2025-Q1"
) -> frozenset[str]:
    """Bring in a wave of `people` in four equal segments who rate every candidate's importance and satisfaction on 1 to
    5; the codes of the `below` candidates whose importance is truly 42% or less in every segment.

    Of the others the segment that cares most has 60 to 90%, the rest 5 to 25 points less.
    """
    rng = np.random.default_rng(seed)
    truly_below = frozenset(f"C-{number:02d}" for number in rng.permutation(candidates)[:below] + 1)
    codes = [f"C-{number:02d}" for number in range(1, candidates + 1)]
    shares = np.array([_shares(rng, code in truly_below) for code in codes])  # candidates x segments
    inside = np.repeat(np.arange(4), people // 4)
    important = rng.random((people, candidates)) < shares[:, inside].T
    satisfied = rng.random((people, candidates)) < rng.uniform(0.3, 0.7, candidates)
    with database.writing() as session:
        ids = _register(session, codes, people, seed, wave, inside)
        rows = _answers(ids, important, satisfied, inside)
        session.execute(insert(Answer), rows)
        compute_wave(session, session.get_one(Wave, ids["wave"]))
    return truly_below


def _shares(rng: np.random.Generator, below: bool) -> np.ndarray:
    if below:
        return rng.uniform(0.20, 0.42, 4)
    best = rng.uniform(0.60, 0.90)
    shares = best - rng.uniform(0.05, 0.25, 4)
    shares[rng.integers(4)] = best
    return shares


def _register(session: Session, codes: list[str], people: int, seed: int, wave: str, inside: np.ndarray) -> dict:
    instrument = Instrument(name=f"Candidates {seed}", scale_low=1, scale_high=5)
    known = {row.code: row for row in session.scalars(select(Segment).where(Segment.code.in_(SEGMENTS)))}
    segments = [known.get(code) or Segment(code=code, name=code, dimension="children") for code in SEGMENTS]
    outcomes = [
        Outcome(code=code, name=f"Do {code}", job=f"Do {code}", aliases=[], status="candidate", category="Trip")
        for code in codes
    ]
    keys = [Respondent(key=hashlib.sha256(f"{seed}:{number}".encode()).hexdigest()) for number in range(people)]
    session.add_all([instrument, *segments, *outcomes, *keys])
    session.flush()
    made = Wave(code=wave, first_day=dt.date(2025, 1, 1), last_day=dt.date(2025, 3, 31), instrument_id=instrument.id)
    session.add(made)
    session.flush()
    session.execute(
        insert(Membership),
        [
            {"wave_id": made.id, "respondent_id": key.id, "segment_id": segments[place].id}
            for key, place in zip(keys, inside, strict=True)
        ],
    )
    return {
        "wave": made.id,
        "people": [key.id for key in keys],
        "outcomes": [outcome.id for outcome in outcomes],
        "segments": [segment.id for segment in segments],
    }


def _answers(ids: dict, important: np.ndarray, satisfied: np.ndarray, inside: np.ndarray) -> list[dict]:
    by_column = {"segment_id": True} if "segment_id" in Answer.__table__.c else {}
    return [
        {
            "wave_id": ids["wave"], "identity": f"{person}:{outcome}", "respondent_id": ids["people"][person],
            "outcome_id": ids["outcomes"][outcome], "satisfaction": 4 if satisfied[person, outcome] else 2,
            "importance": 5 if important[person, outcome] else 3,
            **({"segment_id": ids["segments"][inside[person]]} if by_column else {}),
        }
        for person in range(len(inside))
        for outcome in range(important.shape[1])
    ]  # fmt: skip
