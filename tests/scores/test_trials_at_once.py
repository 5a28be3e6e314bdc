"""Trials, metrics and refused rows from two imports at once, on both databases: nothing is lost, nothing twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import func, select

from ingest.readers.base import Row, Table
from insightrepo.database import Database
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.models import Base, Membership, Metric, Product, QuarantinedRow, Rating, Segment, Task, Trial, Wave
from insightrepo.scores.intake.quarantine import Keeping
from insightrepo.scores.intake.trials import import_trials

KEYS = Pseudonyms(bytes(range(32)))
HEADER = ("respondent", "task", "completed", "segment", "umux_lite_1", "umux_lite_2")


@pytest.fixture
def both(database_url: str) -> Iterator[Database]:
    """A database of each kind in turn, with a task and a segment."""
    made = Database(database_url)
    Base.metadata.create_all(made.engine)
    with made.writing() as session:
        app = Product(code="app", name="The app")
        session.add_all([app, Segment(code="new", name="New", dimension="tenure")])
        session.flush()
        session.add(Task(code="T", name="A task", product_id=app.id))
    yield made
    made.close()


def tries(people: range) -> Table:
    values = ((f"p{n}", "NONE" if n % 10 == 0 else "T", "yes", "new", "6", "5") for n in people)
    return Table(HEADER, tuple(Row(row, cells) for row, cells in enumerate(values, start=2)))


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Run the calls in threads that start together; what each gives or raises."""
    start, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(place: int, call: Callable[[], object]) -> None:
        start.wait()
        try:
            results[place] = call()
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_files_of_trials_into_one_new_wave_at_once(both: Database) -> None:
    def bring(people: range):
        return lambda: import_trials(both, KEYS, "2025-Q1", tries(people), keeping=Keeping("t.csv", str))

    reports = at_once(bring(range(60)), bring(range(30, 90)))
    assert [type(report).__name__ for report in reports] == ["ImportReport"] * 2, reports
    with both.reading() as session:
        counts = {
            model.__name__: session.scalar(select(func.count()).select_from(model))
            for model in (Wave, Trial, Rating, Membership, Metric, QuarantinedRow)
        }
    assert counts == {"Wave": 1, "Trial": 81, "Rating": 81, "Membership": 81, "Metric": 1, "QuarantinedRow": 9}
