"""A workspace with a story told in fixed numbers: one outcome falls in one segment and one task goes with it.

Satisfaction with finding stops (STOP) falls from 80 to 62%, all of it among families with school-age children, who are
60% of all; adding a stop falls from 84 to 61% completed; more people speak of it. Nothing else moves.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from insightrepo.models import (
    Annotation,
    Answer,
    Evidence,
    Instrument,
    Membership,
    Outcome,
    Product,
    Respondent,
    Segment,
    Study,
    Tag,
    Task,
    Trial,
    Wave,
)
from insightrepo.scores.computing.computing import compute_wave

WAVES = {"2025-Q2": (dt.date(2025, 4, 1), dt.date(2025, 6, 30)), "2025-Q3": (dt.date(2025, 7, 1), dt.date(2025, 9, 30))}
PEOPLE = {"school": 240, "young": 80, "teens": 80}  # in each wave
SATISFIED = {  # of ten, by outcome and wave; STOP: by segment
    ("STOP", "2025-Q2"): {"school": 8, "young": 8, "teens": 8},
    ("STOP", "2025-Q3"): {"school": 5, "young": 8, "teens": 8},
    ("COST", "2025-Q2"): {"school": 6, "young": 6, "teens": 6},
    ("COST", "2025-Q3"): {"school": 6, "young": 6, "teens": 6},
}
TRIES = 120  # of each task in each wave, by people who did not answer
COMPLETED = {("T-ADD", "2025-Q2"): 101, ("T-ADD", "2025-Q3"): 73, ("T-LIST", "2025-Q2"): 96, ("T-LIST", "2025-Q3"): 97}
SAID_BEFORE = ("The stops were fine and the children ran about.", "A nice place for lunch beside the road.")
SAID_AFTER = (
    "I could not add a stop on the route, the plus button is gone.",
    "Where is the plus button? We drove past the farm again.",
    "The plus button has vanished since the update, so no stop for us.",
)


@dataclass
class Story:
    """Ids of what the story is made of, by code or name."""

    terms: dict[str, int] = field(default_factory=dict)
    tasks: dict[str, int] = field(default_factory=dict)
    waves: dict[str, int] = field(default_factory=dict)
    studies: dict[str, int] = field(default_factory=dict)
    respondents: Iterator[int] = field(default_factory=lambda: iter(()))


def tell(session: Session) -> Story:
    """Put the story into an empty database: terms, two waves with answers and tries, a feed; scores are computed."""
    story = Story()
    _terms(session, story)
    instrument = Instrument(name="panel", scale_low=1, scale_high=5)
    session.add(instrument)
    for code, (first, last) in WAVES.items():
        wave = Wave(code=code, first_day=first, last_day=last, instrument=instrument, definition={})
        session.add(wave)
        session.flush()
        story.waves[code] = wave.id
        answer(session, story, code)
        tries(session, story, code)
        compute_wave(session, wave)
    _feed(session, story)
    session.flush()
    return story


def _terms(session: Session, story: Story) -> None:
    app = Product(code="app", name="The app")
    session.add(app)
    session.flush()
    terms = [
        Outcome(code="STOP", name="Find enriching stops, with ease", job="Find enriching stops"),
        Outcome(code="COST", name="Know the cost of the trip", job="Know the cost of the trip"),
        Segment(code="school", name="Families with school-age children", dimension="family"),
        Segment(code="young", name="Families with young children", dimension="family"),
        Segment(code="teens", name="Families with teenagers", dimension="family"),
        Product(code="planner", name="Planner", parent_id=app.id),
        Product(code="maps", name="Maps", parent_id=app.id),
    ]
    session.add_all(terms)
    session.flush()
    story.terms = {term.code: term.id for term in [app, *terms]}
    for code, name in (("T-ADD", "Add a stop on the route"), ("T-LIST", "Sort the list by distance")):
        task = Task(code=code, name=name, product_id=story.terms["planner"])
        task.outcomes.append(session.get_one(Outcome, story.terms["STOP"]))
        session.add(task)
        session.flush()
        story.tasks[code] = task.id


def people(session: Session, count: int) -> list[int]:
    """Ids of this many new respondents."""
    known = session.query(Respondent).count()
    made = [Respondent(key=hashlib.sha256(f"{known + n}".encode()).hexdigest()) for n in range(count)]
    session.add_all(made)
    session.flush()
    return [respondent.id for respondent in made]


def answer(session: Session, story: Story, wave: str, like: str | None = None) -> None:
    """What everybody of a wave answers, as those of the wave `like`; half of each segment of each product."""
    for segment, count in PEOPLE.items():
        ids = people(session, count)
        for place, person in enumerate(ids):
            session.add(Membership(wave_id=story.waves[wave], respondent_id=person, segment_id=story.terms[segment]))
            for outcome in ("STOP", "COST"):
                satisfied = place % 10 < SATISFIED[outcome, like or wave][segment]
                session.add(Answer(
                    wave_id=story.waves[wave], identity=f"{person} {outcome}", respondent_id=person,
                    outcome_id=story.terms[outcome],
                    product_id=story.terms["planner" if place // 10 % 2 else "maps"],
                    satisfaction=5 if satisfied else 2,
                ))  # fmt: skip
    session.flush()


def tries(session: Session, story: Story, wave: str) -> None:
    """What others tried in a wave."""
    for code, task_id in story.tasks.items():
        for place, person in enumerate(people(session, TRIES)):
            session.add(Trial(
                wave_id=story.waves[wave], identity=f"{person} {code}", task_id=task_id, respondent_id=person,
                completed=place < COMPLETED[code, wave], seconds=30.0 + place % 20,
            ))  # fmt: skip
    session.flush()


def _feed(session: Session, story: Story) -> None:
    study = Study(key="feed", title="In-app feedback", method="feedback form", state="published")
    hidden = Study(key="secret", title="Board interviews", state="published", sensitivity="personal")
    session.add_all([study, hidden])
    session.flush()
    story.studies = {"feed": study.id, "secret": hidden.id}
    for wave, texts in (("2025-Q2", SAID_BEFORE), ("2025-Q3", SAID_BEFORE[:1] * 2 + SAID_AFTER)):
        for place, person in enumerate(people(session, 30)):
            text = f"{texts[place % len(texts)]} Trip {place}."
            say(session, story, study.id, text, WAVES[wave][0] + dt.timedelta(days=place), person)
    say(session, story, hidden.id, "The plus button costs us the board meeting.", dt.date(2025, 8, 1), None)


def say(
    session: Session, story: Story, study_id: int, text: str, day: dt.date, person: int | None, *,
    tag: str = "accepted", segment: str = "school", rating: float | None = None, precision: str = "day",
) -> int:  # fmt: skip
    """A verbatim tagged with STOP and a segment; its id."""
    digest = hashlib.sha256(f"{study_id} {text} {person} {day}".encode()).hexdigest()
    evidence = Evidence(
        study_id=study_id, identity=digest, kind="verbatim", text=text, content_hash=digest, respondent_id=person,
        said_on=day, date_precision=precision, rating=rating, rating_best=5.0 if rating else None,
    )  # fmt: skip
    session.add(evidence)
    session.flush()
    session.add_all([
        Tag(evidence_id=evidence.id, term_id=story.terms["STOP"], state=tag, origin="import"),
        Tag(evidence_id=evidence.id, term_id=story.terms[segment], state="accepted", origin="import"),
    ])  # fmt: skip
    session.flush()
    return evidence.id


def annotate(session: Session, kind: str, day: dt.date, text: str, **concerns: int) -> None:
    """Something that happened."""
    session.add(Annotation(kind=kind, first_day=day, text=text, **concerns))
    session.flush()
