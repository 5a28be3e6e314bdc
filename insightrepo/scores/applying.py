"""Scores after a change of what outcomes apply to: open waves are computed again, frozen ones stay as they are."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from insightrepo.database import Database
from insightrepo.models import Answer, Outcome, Wave
from insightrepo.scores.computing import WaveFrozen, recompute


def recompute_open(database: Database, codes: Collection[str]) -> tuple[str, ...]:
    """Compute the open waves again that asked about these outcomes, in the order of time; their codes."""
    if not codes:
        return ()
    with database.reading() as session:
        asked = select(Answer.wave_id).join(Outcome, Outcome.id == Answer.outcome_id).where(Outcome.code.in_(codes))
        query = select(Wave.id, Wave.code).where(Wave.state == "open", Wave.id.in_(asked))
        waves = session.execute(query.order_by(Wave.first_day, Wave.id)).tuples().all()
    done = []
    for number, code in waves:
        try:
            recompute(database, number)
        except WaveFrozen:
            continue  # frozen meanwhile: it keeps what it was frozen with
        done.append(code)
    return tuple(done)
