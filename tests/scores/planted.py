"""A workspace with a planted story: one outcome falls by 18 points in one segment and its one task's completion with
it; nothing else moves. What is drawn differs by seed, what is true does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select

from ingest.readers.base import Row, Table
from insightrepo.database import Database
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.models import Membership, Outcome, Product, Respondent, Segment, Task, Trial, Wave
from insightrepo.scores.computing.computing import recompute_all, stale_waves
from insightrepo.scores.intake.importing import import_answers

SEGMENTS = ("parents", "couples", "singles", "seniors")
OUTCOMES = tuple(f"TRIP-{number:02}" for number in range(1, 13))
FELL, WHERE, TASK = OUTCOMES[4], SEGMENTS[1], "T-05"
FALL = 0.18  # of the share satisfied and of the share completed
HEADER = ("respondent", "outcome", "satisfaction", "importance", "segment")


@dataclass(frozen=True)
class Plan:
    """How large the story is. The fall is in the last wave; people of two waves are different ones."""

    seed: int
    respondents: int = 2000
    waves: int = 2
    tries: int = 400  # of each task in each segment and wave

    @property
    def codes(self) -> list[str]:
        """The waves' codes, in time."""
        return [f"{2024 + number // 4}-Q{number % 4 + 1}" for number in range(self.waves)]


def plant(database: Database, pseudonyms: Pseudonyms, plan: Plan) -> None:
    """Fill an empty database with the story, through the import and the computation that everything goes through."""
    rng = np.random.default_rng(plan.seed)
    _taxonomy(database)
    satisfied = rng.uniform(0.45, 0.75, len(OUTCOMES))
    important = rng.uniform(0.5, 0.9, len(OUTCOMES))
    completed = rng.uniform(0.6, 0.85, len(OUTCOMES))
    for number, code in enumerate(plan.codes):
        last = number == plan.waves - 1
        table = _answers(rng, plan, code, satisfied, important, last)
        import_answers(database, pseudonyms, code, table)
        _trials(database, pseudonyms, rng, plan, code, completed, last)
    with database.reading() as session:
        first = session.scalars(select(Wave).order_by(Wave.first_day)).first()
        stale = stale_waves(session, first) if first else []
    recompute_all(database, stale)


def _taxonomy(database: Database) -> None:
    with database.writing() as session:
        app = Product(code="app", name="The app")
        session.add(app)
        session.add_all(Segment(code=code, name=code.title(), dimension="household") for code in SEGMENTS)
        session.flush()
        for number, code in enumerate(OUTCOMES, 1):
            outcome = Outcome(code=code, name=f"Get thing {number} done", job=f"get thing {number} done")
            task = Task(code=f"T-{number:02}", name=f"Do thing {number}", product_id=app.id)
            outcome.tasks.append(task)
            session.add(outcome)


def _answers(
    rng: np.random.Generator, plan: Plan, code: str, satisfied: np.ndarray, important: np.ndarray, last: bool
) -> Table:
    segments = rng.choice(len(SEGMENTS), plan.respondents)
    rows = []
    for place, outcome in enumerate(OUTCOMES):
        chance = np.full(plan.respondents, satisfied[place])
        if last and outcome == FELL:
            chance[segments == SEGMENTS.index(WHERE)] -= FALL
        happy, wanted = _ratings(rng, chance), _ratings(rng, np.full(plan.respondents, important[place]))
        for person in range(plan.respondents):
            cells = (f"{code} {person}", outcome, str(happy[person]), str(wanted[person]), SEGMENTS[segments[person]])
            rows.append(Row(len(rows) + 2, cells))
    return Table(HEADER, tuple(rows))


def _ratings(rng: np.random.Generator, chances: np.ndarray) -> np.ndarray:
    """Answers from 1 to 5, with the chances of a 4 or a 5."""
    top = rng.random(len(chances)) < chances
    return np.where(top, rng.integers(4, 6, len(chances)), rng.integers(1, 4, len(chances)))


def _trials(
    database: Database, pseudonyms: Pseudonyms, rng: np.random.Generator, plan: Plan, code: str,
    completed: np.ndarray, last: bool,
) -> None:  # fmt: skip
    """Tries of each task by people of each segment who gave no answers: usually they are others."""
    with database.writing() as session:
        wave = session.scalars(select(Wave).where(Wave.code == code)).one()
        segments = dict(session.execute(select(Segment.code, Segment.id)).tuples().all())
        tasks = dict(session.execute(select(Task.code, Task.id)).tuples().all())
        people: list[tuple[Respondent, str]] = []
        for segment in SEGMENTS:
            people += [(Respondent(key=pseudonyms.key(f"{code} {segment} {n}")), segment) for n in range(plan.tries)]
        session.add_all(person for person, _ in people)
        session.flush()
        wave_id, ids = wave.id, [(person.id, segment) for person, segment in people]
        session.connection().execute(
            Membership.__table__.insert(),
            [{"wave_id": wave_id, "respondent_id": one, "segment_id": segments[segment]} for one, segment in ids],
        )
        session.connection().execute(Trial.__table__.insert(), _rows(rng, wave_id, ids, tasks, completed, last))


def _rows(
    rng: np.random.Generator, wave_id: int, people: Sequence[tuple[int, str]], tasks: dict[str, int],
    completed: np.ndarray, last: bool,
) -> list[dict[str, object]]:  # fmt: skip
    rows: list[dict[str, object]] = []
    for place, (code, task) in enumerate(sorted(tasks.items())):
        for person, segment in people:
            chance = completed[place] - (FALL if last and (code, segment) == (TASK, WHERE) else 0.0)
            rows.append({
                "wave_id": wave_id, "identity": f"{task} {person}", "task_id": task, "respondent_id": person,
                "completed": bool(rng.random() < chance),
            })  # fmt: skip
    return rows


TRUE_CELLS = {  # what really moved: (outcome, task, segment), the measure
    *(((FELL, None, segment), measure) for segment in (WHERE, None) for measure in ("satisfaction", "opportunity")),
    *(((FELL, None, segment), "success") for segment in (WHERE, None)),
    *(((None, TASK, segment), "success") for segment in (WHERE, None)),
}
