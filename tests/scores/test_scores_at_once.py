"""Two imports into one wave, and a freeze meanwhile: nothing is lost, nothing stands twice. On both databases."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import event, select

from ingest.readers.base import Row, Table
from insightrepo.database import Database
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.models import Answer, Base, Instrument, Outcome, Respondent, Score, Wave
from insightrepo.scores.computing.computing import WaveFrozen, computed, recompute
from insightrepo.scores.intake import importing
from insightrepo.scores.intake.importing import import_answers
from insightrepo.scores.waves.waves import find_wave, freeze, verify_frozen

HEADER = ("respondent", "outcome", "satisfaction")
KEYS = Pseudonyms(bytes(range(32)))


@pytest.fixture
def both(database_url: str) -> Iterator[Database]:
    """A database of each kind in turn, with two outcomes."""
    made = Database(database_url)
    Base.metadata.create_all(made.engine)
    with made.writing() as session:
        session.add_all([Outcome(code=code, name=f"Outcome {code}", job="do it") for code in ("A", "B")])
    yield made
    made.close()


def answers(people: range, outcome: str = "A") -> Table:
    values = ((f"p{number}", outcome, "5" if number % 4 else "1") for number in people)
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


def rows(database: Database, column) -> list:
    with database.reading() as session:
        return list(session.scalars(select(column)))


def cells_stored(database: Database) -> Counter:
    with database.reading() as session:
        return Counter(session.execute(select(Score.wave_id, Score.outcome_id, Score.measure)).tuples())


def test_two_files_into_one_new_wave_at_once(both: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "CHUNK", 20)

    def bring(people: range, outcome: str):
        return lambda: import_answers(both, KEYS, "2025-Q1", answers(people, outcome))

    reports = at_once(
        bring(range(200), "A"), bring(range(100, 300), "A"), bring(range(200), "B"), bring(range(200), "A")
    )
    assert [type(report).__name__ for report in reports] == ["ImportReport"] * 4, reports
    assert sum(report.stored for report in reports) == len(rows(both, Answer.id)) == 500
    assert sum(report.already_here for report in reports) == 300
    assert len(rows(both, Respondent.id)) == 300
    assert (len(rows(both, Wave.id)), len(rows(both, Instrument.id))) == (1, 1)
    assert set(cells_stored(both).values()) == {1}
    with both.reading() as session:
        wave = find_wave(session, "2025-Q1")
        definition, expected = computed(session, wave)
        stored = {(s.outcome_id, s.measure): (s.n, s.value) for s in session.scalars(select(Score))}
        assert wave.definition == definition
    assert stored == {(row["outcome_id"], row["measure"]): (row["n"], row["value"]) for row in expected}
    assert {n for n, _ in stored.values()} == {300, 200}


def test_scores_of_older_answers_are_not_put_over_newer_ones(both: Database) -> None:
    import_answers(both, KEYS, "2025-Q1", answers(range(50)))
    wave_id = rows(both, Wave.id)[0]
    brought = threading.Event()

    def bring_more(connection, *_: object) -> None:  # between our computing and our storing
        if not brought.is_set() and connection.get_execution_options().get("writes"):
            brought.set()
            import_answers(both, KEYS, "2025-Q1", answers(range(50, 80)))

    event.listen(both.engine, "engine_connect", bring_more)
    recompute(both, wave_id)
    assert brought.is_set()
    assert rows(both, Score.n) == [80]


def test_a_wave_that_is_scored_twice_at_once_has_each_cell_once(both: Database) -> None:
    import_answers(both, KEYS, "2025-Q1", answers(range(60)))
    wave_id = rows(both, Wave.id)[0]
    for _ in range(3):
        assert at_once(*[lambda: recompute(both, wave_id)] * 4) == [1] * 4
        assert set(cells_stored(both).values()) == {1}


def test_what_comes_while_a_wave_is_frozen_is_in_it_wholly_or_refused(
    both: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 10)
    import_answers(both, KEYS, "2025-Q1", answers(range(40)))

    def freeze_it() -> str:
        with both.writing() as session:
            return freeze(session, find_wave(session, "2025-Q1"), None).frozen_hash

    brought, frozen = at_once(lambda: import_answers(both, KEYS, "2025-Q1", answers(range(40, 240))), freeze_it)
    assert isinstance(frozen, str), frozen
    with both.reading() as session:
        wave = find_wave(session, "2025-Q1")
        assert verify_frozen(session, wave)
        # every answer that is stored is counted in the frozen score; none came in behind it
        assert wave.definition["inputs"]["answer"] == len(rows(both, Answer.id))
        assert session.scalar(select(Score.n)) == len(rows(both, Answer.id))
    assert isinstance(brought, WaveFrozen) or brought.stored == 200
    with pytest.raises(WaveFrozen):
        import_answers(both, KEYS, "2025-Q1", answers(range(300, 310)))
