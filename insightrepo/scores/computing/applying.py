"""Scores after a change of the taxonomy: open waves are computed again, frozen ones stay as they are."""

from __future__ import annotations

from sqlalchemy import select

from insightrepo.database import Database
from insightrepo.models import Wave
from insightrepo.scores.computing.computing import Memory, WaveFrozen, recompute, stale_waves
from insightrepo.scores.computing.weights import WeightsRefused


def recompute_stale(database: Database) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Compute every open wave again that is older than what went into it, in the order of time.

    The codes of the waves that were computed, and a sentence for each that could not be: it keeps its scores.
    """
    with database.reading() as session:
        stale = stale_waves(session)
        codes = dict(session.execute(select(Wave.id, Wave.code).where(Wave.id.in_(stale))).tuples().all())
        memory = Memory(session)
    done, refused = [], []
    for number in stale:
        try:
            recompute(database, number, memory)
        except WaveFrozen:
            continue  # frozen meanwhile: it keeps what it was frozen with
        except WeightsRefused as error:
            refused.append(f"the wave {codes[number]} keeps its scores: {error}")
        else:
            done.append(codes[number])
    return tuple(done), tuple(refused)
