"""How exactly a validation study's proposal finds the candidates that truly matter to nobody.

63 candidates, 2,000 people in four segments, 12 candidates below the cut in every segment; over some seeds. Prints a
line a seed: how many were kept, how many of the 12 were left, what was confused, and seconds.

    python bench/validation_cut.py [SEEDS]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "scores")]

from candidates import survey  # noqa: E402

from insightrepo.accounts.access import Reader  # noqa: E402
from insightrepo.database import Database  # noqa: E402
from insightrepo.models import Base  # noqa: E402
from insightrepo.scores.validation import create_validation  # noqa: E402
from insightrepo.scores.validation_reading import read_study  # noqa: E402

READER = Reader(1, "bench@example.com", "administrator")


def run(seed: int, folder: Path) -> str:
    """One seed in a database of its own, as a line."""
    database = Database(f"sqlite:///{folder / f'{seed}.db'}")
    Base.metadata.create_all(database.engine)
    below = survey(database, seed)
    started = time.perf_counter()
    with database.writing() as session:
        reader = Reader(_user(session), READER.email, READER.role)
        study = read_study(session, reader, create_validation(session, reader, "Candidates", "2025-Q1", above=50))
    seconds = time.perf_counter() - started
    database.close()
    left = {one.code for one in study.candidates if not one.keep}
    widths = sorted(one.whole.place.high - one.whole.place.low for one in study.candidates if one.whole.place)
    return (
        f"seed {seed}: kept {study.kept} of {len(study.candidates)}, left {len(left & below)} of {len(below)} that are "
        f"below; wrongly left {sorted(left - below) or 'none'}, wrongly kept {sorted(below - left) or 'none'}; "
        f"rank intervals span {widths[len(widths) // 2]} places (median); read in {seconds:.1f} s"
    )


def _user(session) -> int:
    from insightrepo.accounts.users import add_user

    return add_user(session, READER.email, READER.role, "a long enough password").id


def main() -> None:
    """Every seed from 1 on."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(1, seeds + 1):
            print(run(seed, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
