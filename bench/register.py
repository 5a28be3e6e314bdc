"""The taxonomy of a bench workspace and the scores of its two waves, through the product's own imports."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator

from cells import PRODUCTS, REGIONS, SEED, SIZES, SUITES

from ingest.readers.base import Row, Table
from insightrepo.accounts.users import acting_reader
from insightrepo.library.terms.taxonomy_changes import import_taxonomy
from insightrepo.models import User
from insightrepo.scores.intake.importing import import_answers
from insightrepo.scores.waves.waves import find_wave, freeze
from insightrepo.taxonomy.files import dump
from insightrepo.taxonomy.schema import DimensionEntry, OutcomeEntry, ProductEntry, SegmentEntry, TaxonomyFile
from insightrepo.workspace import Workspace

OUTCOMES, CATEGORIES = 51, ("find", "decide", "order", "use", "change", "pay", "leave", "return")
WAVES = {"2025-Q2": (dt.date(2025, 4, 1), dt.date(2025, 6, 30)), "2025-Q3": (dt.date(2025, 7, 1), dt.date(2025, 9, 30))}
ANSWERS = 25  # an outcome, size and wave
HEADER = ("respondent", "outcome", "satisfaction", "importance", "segment", "date")


def load(workspace: Workspace, scores: bool = True) -> None:
    """Import taxonomy and, with `scores`, waves, and freeze these."""
    with workspace.database.reading() as session:
        reader = acting_reader(session, None)
    import_taxonomy(workspace, reader, dump(taxonomy()), "bench.yaml")
    for code, (first, last) in WAVES.items() if scores else ():
        table = Table(HEADER, tuple(_answers(code, first, last)))
        days = {"first_day": first, "last_day": last}
        import_answers(workspace.database, workspace.pseudonyms, code, table, **days)
        with workspace.database.writing() as session:
            freeze(session, find_wave(session, code), session.get_one(User, reader.user_id))


def taxonomy() -> TaxonomyFile:
    """51 outcomes in 8 categories, two dimensions of segments, and products in suites of two."""
    outcomes = [
        OutcomeEntry(
            code=f"CXO-{number}",
            job=f"{CATEGORIES[number % len(CATEGORIES)].title()} what concern number {number} is about",
            success="in less time and with fewer doubts",
            category=CATEGORIES[number % len(CATEGORIES)],
            policy="suggest",
        )
        for number in range(1, OUTCOMES + 1)
    ]
    sizes = [SegmentEntry(code=name, name=f"{name} households".capitalize()) for name in SIZES]
    regions = [SegmentEntry(code=f"region-{n}", name=f"Region number {n}") for n in range(REGIONS)]
    dimensions = (DimensionEntry(dimension="size", members=sizes), DimensionEntry(dimension="region", members=regions))
    return TaxonomyFile(outcomes=outcomes, segments=dimensions, products=[_suite(n) for n in range(SUITES)])


def _suite(number: int) -> ProductEntry:
    width = PRODUCTS // SUITES
    below = [ProductEntry(code=f"P-{n}", name=f"Ware {n}") for n in range(number * width, (number + 1) * width)]
    return ProductEntry(code=f"suite-{number}", name=f"Suite number {number}", children=below)


def _answers(wave: str, first: dt.date, last: dt.date) -> Iterator[Row]:
    chance, number = random.Random(f"{SEED} {wave}"), 1
    for outcome in range(1, OUTCOMES + 1):
        satisfied, important = chance.uniform(0.3, 0.8), chance.uniform(0.4, 0.9)
        for person in range(ANSWERS * len(SIZES)):
            number += 1
            day = first + dt.timedelta(days=chance.randrange((last - first).days + 1))
            answers = (str(chance.choice((4, 5) if chance.random() < p else (1, 2, 3))) for p in (satisfied, important))
            who = f"{wave}-{person}", f"CXO-{outcome}"
            yield Row(number, (*who, *answers, SIZES[person % len(SIZES)], day.isoformat()))
