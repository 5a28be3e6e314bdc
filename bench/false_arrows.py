"""Arrows on a planted story: found or not, and how many of all arrows point at nothing, over 20 seeds.

Run as ``python -m bench.false_arrows [SEEDS [RESPONDENTS]]``. The promise is 5% of the arrows.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from insightrepo.accounts.access import Reader
from insightrepo.database import Database
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.models import Base
from insightrepo.scores.reading import ScoreQuery, read_scores
from tests.scores.planted import FELL, TASK, TRUE_CELLS, WHERE, Plan, plant

READER = Reader(0, "bench@example.com", "administrator")


def arrows(folder: Path, plan: Plan) -> set[tuple]:
    """The cells (outcome, task, segment) and measures of the last wave that say better or worse, with the word."""
    database = Database(f"sqlite:///{folder / f'{plan.seed}.db'}")
    Base.metadata.create_all(database.engine)
    plant(database, Pseudonyms(bytes(range(32))), plan)
    with database.reading() as session:
        rows = read_scores(session, READER, ScoreQuery(waves=(plan.codes[-1],), products=("all",)))
    database.close()
    return {
        ((row.outcome, row.task, row.segment), row.measure, row.verdict)
        for row in rows
        if row.verdict in ("better", "worse")
    }


def main(seeds: int = 20, respondents: int = 2000) -> None:
    """Print each seed's arrows and the sum of the false ones."""
    false, total, found, found_task = 0, 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(seeds):
            seen = arrows(Path(folder), Plan(seed, respondents))
            wrong = [arrow for arrow in seen if arrow[:2] not in TRUE_CELLS or arrow[2] != "worse"]
            outcome = ((FELL, None, WHERE), "satisfaction", "worse") in seen
            task = ((None, TASK, WHERE), "success", "worse") in seen
            false, total, found, found_task = false + len(wrong), total + len(seen), found + outcome, found_task + task
            said = ", ".join(f"{cell} {measure} {word}" for cell, measure, word in sorted(wrong, key=str)) or "none"
            print(
                f"seed {seed}: outcome {'found' if outcome else 'NOT found'}, task {'found' if task else 'NOT found'}, "
                f"arrows {len(seen)}, false {len(wrong)}: {said}",
                flush=True,
            )
    share = 100 * false / total if total else 0.0
    print(f"outcome found in {found} of {seeds}, task in {found_task}; false arrows {false} of {total} ({share:.1f}%)")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:3]))
