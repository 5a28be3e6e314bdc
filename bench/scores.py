"""How long scores take: 51 outcomes x 4 segments x 6 products x 24 waves, 2,000 respondents a wave who answer all.

Run as ``python -m bench.scores [WAVES [RESPONDENTS]]``; times are of the processor. The promise: all waves under 60
seconds, the read of one outcome's page under 50 ms.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sqlalchemy import func, insert, select

from insightrepo.accounts.access import Reader
from insightrepo.database import Database
from insightrepo.library.terms.outcomes import read_outcome
from insightrepo.models import Answer, Base, Instrument, Membership, Outcome, Product, Respondent, Score, Segment, Wave
from insightrepo.scores.computing.computing import recompute_all
from insightrepo.scores.reading import ScoreQuery, read_scores
from insightrepo.scores.waves.waves import ensure_instrument, ensure_wave

OUTCOMES, SEGMENTS, PRODUCTS = 51, 4, 6
READER = Reader(0, "bench@example.com", "administrator")
READS = 20


def fill(database: Database, waves: int, respondents: int) -> list[int]:
    """A workspace of that size; the ids of its waves in time."""
    rng = np.random.default_rng(1)
    Base.metadata.create_all(database.engine)
    with database.writing() as session:
        outcomes = [Outcome(code=f"O-{n:02}", name=f"Get {n} done", job="get it done") for n in range(OUTCOMES)]
        segments = [Segment(code=f"S-{n}", name=f"Segment {n}", dimension="household") for n in range(SEGMENTS)]
        products = [Product(code=f"P-{n}", name=f"Product {n}") for n in range(PRODUCTS)]
        instrument = ensure_instrument(session, "Survey", 1, 5)
        session.add_all([*outcomes, *segments, *products])
        session.flush()
        ids = [[one.id for one in some] for some in (outcomes, segments, products)]
        instrument_id = instrument.id
    found = []
    for number in range(waves):
        with database.writing() as session:
            code = f"{2010 + number // 4}-Q{number % 4 + 1}"
            wave = ensure_wave(session, code, session.get_one(Instrument, instrument_id))
            people = [Respondent(key=f"{number} {n}") for n in range(respondents)]
            session.add_all(people)
            session.flush()
            who = [person.id for person in people]
            where = rng.choice(ids[1], respondents).tolist()
            session.connection().execute(insert(Membership), [
                {"wave_id": wave.id, "respondent_id": one, "segment_id": segment}
                for one, segment in zip(who, where, strict=True)
            ])  # fmt: skip
            session.connection().execute(insert(Answer), list(_answers(rng, wave.id, who, ids)))
            found.append(wave.id)
    return found


def _answers(rng: np.random.Generator, wave_id: int, who: list[int], ids: list[list[int]]) -> Iterator[dict]:
    products = rng.choice(ids[2], len(who)).tolist()
    for outcome in ids[0]:
        happy, wanted = rng.integers(1, 6, (2, len(who))).tolist()
        for person, product, satisfaction, importance in zip(who, products, happy, wanted, strict=True):
            yield {
                "wave_id": wave_id, "identity": f"{person} {outcome}", "respondent_id": person, "outcome_id": outcome,
                "product_id": product, "satisfaction": satisfaction, "importance": importance,
            }  # fmt: skip


def main(waves: int = 24, respondents: int = 2000) -> None:
    """Print what computing and reading take."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'scores.db'}")
        ids = fill(database, waves, respondents)
        began = time.process_time()
        recompute_all(database, ids)
        computing = time.process_time() - began
        with database.reading() as session:
            scores = session.scalar(select(func.count()).select_from(Score))
            answers = session.scalar(select(func.count()).select_from(Answer))
            last = session.scalars(select(Wave.code).order_by(Wave.first_day.desc())).first()
        print(f"{answers:,} answers, {scores:,} scores of {waves} waves: {computing:.1f} s of processor")
        pages = [_timed(database, lambda session: read_outcome(session, READER, "O-07")) for _ in range(READS)]
        query = ScoreQuery(waves=(last or "",), outcomes=("O-07",))
        rows = [_timed(database, lambda session: read_scores(session, READER, query)) for _ in range(READS)]
        print(f"an outcome's page: {1000 * float(np.median(pages)):.1f} ms, its scores of a wave: "
              f"{1000 * float(np.median(rows)):.1f} ms (median of {READS})")  # fmt: skip


def _timed(database: Database, read) -> float:
    with database.reading() as session:
        began = time.process_time()
        read(session)
        return time.process_time() - began


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
