"""A small library with people of every role: what the tests of the pages look at."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest
from once import made_once
from sqlalchemy.orm import Session

from config import Settings
from insightrepo.accounts.users import add_user
from insightrepo.library.indexing.indexing import drain, enqueue
from insightrepo.models import (
    Document,
    Evidence,
    EvidenceLink,
    Instrument,
    Outcome,
    Place,
    Product,
    Respondent,
    Score,
    Segment,
    Study,
    Tag,
    Task,
    Team,
    Vote,
    Wave,
)
from insightrepo.schema import upgrade
from insightrepo.workspace import Workspace

PASSWORD = "correct horse battery"
HOSTILE = "<script>alert('x')</script>\"'&{{7*7}}"
ROLES = ("viewer", "contributor", "researcher", "administrator")
SECTIONS = [
    ("heading", 1, "Diary study: planning a week away"),
    (
        "paragraph",
        0,
        "Twelve families kept a diary for three weeks before their summer trip. We asked what they did, "
        "when, and what got in the way.",
    ),
    ("heading", 2, "Agreeing on dates"),
    (
        "paragraph",
        0,
        "Parents could not find the shared calendar. Nine of twelve sent dates to and fro by text, "
        "and four booked a week that one of the children could not make.",
    ),
    ("list_item", 0, "“I never know which version of the plan is the real one.”"),
    ("list_item", 0, "“We gave up and my sister decided for all of us.”"),
    ("heading", 2, "Keeping to a budget"),
    (
        "paragraph",
        0,
        "Families set a budget in the first evening and did not look at it until the card was charged. "
        "The total in the app left out taxes and the price of the rental car.",
    ),
    ("table", 0, "Item: Hotel; Planned: 900; Paid: 1,140\nItem: Car; Planned: 300; Paid: 460"),
]
VERBATIMS = [
    ("The calendar is impossible to find on the phone, I gave up twice.", 2.0),
    ("Love how quickly we agreed on a week. The poll for dates is great!", 5.0),
    ("Taxes were not in the total, so our budget was blown on day one.", 1.0),
    ("I could not share the plan with my mother, she has no account.", 2.0),
    ("Packing list saved us. My kids tick things off themselves.", 5.0),
    ("Why does it ask me for the dates again after I chose them?", 3.0),
]


@dataclass
class Library:
    """What was put in, by name: ids of users, studies, documents and evidence."""

    users: dict[str, int] = field(default_factory=dict)
    studies: dict[str, int] = field(default_factory=dict)
    documents: dict[str, int] = field(default_factory=dict)
    evidence: dict[str, int] = field(default_factory=dict)


def filled_home(factory: pytest.TempPathFactory, home: Path) -> tuple[Workspace, Library]:
    """A workspace in `home` with all that `populate` puts in, which is made once in a run and copied."""
    made = made_once(factory, "populated", _make_home)
    shutil.copytree(made / "home", home)
    return _open(home), Library(**json.loads((made / "library.json").read_text()))


def _make_home(folder: Path) -> None:
    workspace = _open(folder / "home")
    workspace.make_master_key()
    upgrade(workspace.database.engine)
    (folder / "library.json").write_text(json.dumps(asdict(populate(workspace))))
    workspace.close()


def _open(home: Path) -> Workspace:
    return Workspace(Settings(home=home, embedding_model="hashing"))


def populate(workspace: Workspace) -> Library:
    """Fill an empty workspace: people, taxonomy, studies of every state and sensitivity, evidence, scores, indexes."""
    library = Library()
    with workspace.database.writing() as session:
        terms = _taxonomy(session)
        _people(session, library)
        _studies(workspace, session, library, terms)
        _scores(session, terms)
    drain(workspace, wait_seconds=30)
    return library


def _taxonomy(session: Session) -> dict[str, Outcome | Segment | Product]:
    terms: dict[str, Outcome | Segment | Product] = {
        "DATES": Outcome(
            code="PLAN-01",
            name="Minimize the time it takes to agree on dates that suit the whole family",
            job="agree on dates that suit the whole family",
            success_measure="minimize the time it takes",
            category="Planning",
            journey_stage="Before the trip",
            aliases=["finding a week", "shared calendar"],
        ),
        "BUDGET": Outcome(
            code="PLAN-02",
            name="Minimize the likelihood of spending more than the family set aside",
            job="keep to the budget",
            success_measure="minimize the likelihood of overspending",
            category="Planning",
            journey_stage="Before the trip",
            aliases=[],
        ),
        "PACK": Outcome(
            code="PACK-01",
            name="Minimize the number of things that are forgotten at home",
            job="pack",
            success_measure="minimize the number of things forgotten",
            category="Packing",
            aliases=[],
            status="validated",
        ),
        "TODDLER": Segment(code="TODDLER", name="Parents of toddlers", dimension="age of children", aliases=[]),
        "TEENS": Segment(code="TEENS", name="Parents of teenagers", dimension="age of children", aliases=[]),
        "APP": Product(code="APP", name="FamilyTrip app", aliases=[]),
        "WEB": Product(code="WEB", name="FamilyTrip web", aliases=[]),
    }
    session.add_all(terms.values())
    session.flush()
    calendar = Product(code="CALENDAR", name="Shared calendar", aliases=[], parent_id=terms["APP"].id)
    session.add(calendar)
    session.flush()
    session.add(Task(code="T-1", name="Propose three weeks", product=calendar, outcomes=[terms["DATES"]]))
    return terms


def _people(session: Session, library: Library) -> None:
    for role in ROLES:
        library.users[role] = add_user(session, f"{role}@example.org", role, PASSWORD, f"Ann {role.title()}").id
        scoped = add_user(session, f"scoped-{role}@example.org", role, PASSWORD, scopes=("product:WEB",))
        library.users[f"scoped-{role}"] = scoped.id
    library.users["owner"] = add_user(session, "owner@example.org", "contributor", PASSWORD, "Olga Owner").id
    library.users["member"] = add_user(session, "member@example.org", "viewer", PASSWORD, teams=("Trips",)).id


def _studies(workspace: Workspace, session: Session, library: Library, terms: dict) -> None:
    team = session.query(Team).filter_by(name="Trips").one()
    common = {
        "method": "diary study",
        "started_on": dt.date(2025, 2, 3),
        "ended_on": dt.date(2025, 2, 21),
        "participants_n": 12,
    }
    plans = {
        "published": {"title": "Diaries of twelve families", "products": [terms["APP"]]},
        "public": {"title": "A week in spring", "sensitivity": "public"},
        "confidential": {"title": "Pricing interviews", "sensitivity": "confidential"},
        "personal": {"title": "Home visits", "sensitivity": "personal"},
        "draft": {
            "title": "Unfinished draft",
            "state": "draft",
            "owner_id": library.users["owner"],
            "team_id": team.id,
        },
        "withdrawn": {
            "title": "Withdrawn survey",
            "state": "withdrawn",
            "owner_id": library.users["owner"],
            "state_reason": "The sample was wrong.",
        },
        "web": {"title": "Web only study", "products": [terms["WEB"]]},
        "hostile": {"title": HOSTILE, "method": HOSTILE, "sharing_terms": HOSTILE, "stage": "live"},
    }
    for name, fields in plans.items():
        study = Study(**({"key": name, "state": "published", **common} | fields))
        session.add(study)
        session.flush()
        library.studies[name] = study.id
        _report(workspace, session, library, name, study, terms)
    _feed(workspace, session, library, terms)
    ids = library.evidence
    session.add(EvidenceLink(from_id=ids["feed 0"], to_id=ids["published 0"], kind="supports"))
    session.add(EvidenceLink(from_id=ids["published 0"], to_id=ids["personal 0"], kind="duplicates"))


def _report(workspace: Workspace, session: Session, library: Library, name: str, study: Study, terms: dict) -> None:
    text, blocks, path = "", [], []
    for kind, level, words in SECTIONS:
        words = HOSTILE if name == "hostile" else f"{words} ({name})" if kind == "paragraph" else words
        text += "\n\n" if text else ""
        path = [*path[: level - 1], words] if level else path
        locator = {"heading_path": path[:-1] if level else path}
        blocks.append([kind, len(text), len(text) + len(words), level, {k: v for k, v in locator.items() if v}])
        text += words
    original = f"{name}: {text}".encode()
    document = Document(
        study_id=study.id,
        name=HOSTILE if name == "hostile" else f"{name}/report.md",
        sha256=workspace.originals.put(original),
        size=len(original),
        title=study.title,
        text=text,
        blocks=blocks,
        complete=True,
        warnings=["page 4 is only an image"],
    )
    session.add(document)
    session.flush()
    library.documents[name] = document.id
    for number, (first, last) in enumerate([(1, 1), (3, 5), (7, 8)]):
        start, end = blocks[first][1], blocks[last][2]
        evidence = _evidence(session, study, f"{name} {number}", "passage", text[start:end])
        session.add(Place(evidence=evidence, document_id=document.id, locator=blocks[first][4], start=start, end=end))
        library.evidence[f"{name} {number}"] = evidence.id
        outcome = terms["DATES"] if number < 2 else terms["BUDGET"]
        _tag(session, evidence, outcome, "automatic" if number else "suggested", "rule" if number else "words")


def _feed(workspace: Workspace, session: Session, library: Library, terms: dict) -> None:
    study = Study(
        key="feed", title="App store reviews", method="feed of verbatims", state="published", level="relationship"
    )
    original = b"text,rating\n"
    session.add(study)
    session.flush()
    document = Document(
        study_id=study.id,
        name="reviews.csv",
        sha256=workspace.originals.put(original),
        size=len(original),
        complete=True,
    )
    session.add(document)
    session.flush()
    library.studies["feed"], library.documents["feed"] = study.id, document.id
    for number in range(60):
        words, rating = VERBATIMS[number % len(VERBATIMS)]
        evidence = _evidence(session, study, f"feed {number}", "verbatim", f"{words} ({number})")
        evidence.respondent = None
        evidence.rating, evidence.rating_best = rating, 5.0
        evidence.said_on, evidence.date_precision = dt.date(2025, 1 + number % 6, 1), "month"
        evidence.context = "What could be better?"
        respondent = Respondent(key=hashlib.sha256(str(number // 2).encode()).hexdigest()) if number % 2 == 0 else None
        if respondent:
            session.add(respondent)
            session.flush()
            evidence.respondent_id = respondent.id
        session.add(Place(evidence=evidence, document_id=document.id, locator={"row": number + 2}))
        library.evidence[f"feed {number}"] = evidence.id
        _tag(session, evidence, terms["TODDLER" if number % 3 else "TEENS"], "accepted", "import")
        if number % 6 in (0, 1, 5):
            _tag(
                session,
                evidence,
                terms["DATES"],
                "accepted" if number % 6 else "automatic",
                "person" if number % 6 else "rule",
            )
        if number % 6 == 2:
            _tag(session, evidence, terms["BUDGET"], "automatic", "rule")
        if number % 6 == 3:
            _tag(session, evidence, terms["DATES"], "rejected", "person")


def _evidence(session: Session, study: Study, name: str, kind: str, text: str) -> Evidence:
    digest = hashlib.sha256(f"{name}".encode()).hexdigest()
    evidence = Evidence(
        study_id=study.id,
        identity=digest,
        kind=kind,
        text=text,
        content_hash=hashlib.sha256(text.encode()).hexdigest(),
        said_on=study.ended_on,
        date_precision="day" if study.ended_on else None,
    )
    session.add(evidence)
    session.flush()
    enqueue(session, [evidence.id])
    return evidence


def _tag(session: Session, evidence: Evidence, term: Outcome | Segment | Product, state: str, source: str) -> None:
    reasons = {
        "rule": {"kind": "phrase", "words": "could not find"},
        "words": {"phrase": "shared calendar", "threshold": 0.5},
        "person": {"by": "researcher@example.org"},
        "import": {"value": term.name},
    }
    session.add(Tag(evidence_id=evidence.id, term_id=term.id, state=state, origin=source))
    session.add(
        Vote(
            evidence_id=evidence.id,
            term_id=term.id,
            source=source,
            source_key=f"{source}:1",
            in_favour=state != "rejected",
            effect="force",
            value=0.62 if source == "words" else 1.0,
            reason=reasons[source],
            evidence_revision=1,
        )
    )


def _scores(session: Session, terms: dict) -> None:
    instrument = Instrument(name="Outcome survey", scale_low=1, scale_high=5, best="high")
    session.add(instrument)
    session.flush()
    before = None
    for quarter, (satisfaction, verdict) in enumerate(
        [(71.0, "not enough data"), (70.0, "no evidence of change"), (52.0, "worse")]
    ):
        wave = Wave(
            code=f"2025-Q{quarter + 1}",
            first_day=dt.date(2025, 1 + 3 * quarter, 1),
            last_day=dt.date(2025, 3 + 3 * quarter, 28),
            state="frozen",
            instrument_id=instrument.id,
        )
        session.add(wave)
        session.flush()
        for segment, shift in ((None, 0.0), (terms["TODDLER"], -9.0), (terms["TEENS"], 6.0)):
            _score(session, wave, terms["DATES"], segment, None, satisfaction + shift, verdict, before)
        _score(session, wave, terms["DATES"], None, terms["APP"], satisfaction - 2, verdict, before)
        _score(session, wave, terms["DATES"], None, terms["WEB"], satisfaction + 4, "no evidence of change", before)
        _score(
            session,
            wave,
            terms["BUDGET"],
            None,
            None,
            44.0 + 8 * quarter,
            "better" if quarter else "not enough data",
            before,
        )
        before = wave
    session.add(
        Score(wave_id=before.id, outcome_id=terms["PACK"].id, measure="satisfaction", n=None, note="suppressed")
    )


def _score(
    session: Session, wave: Wave, outcome: Outcome, segment, product, value: float, verdict: str, before
) -> None:
    cell = {
        "wave_id": wave.id,
        "outcome_id": outcome.id,
        "segment_id": segment.id if segment else None,
        "product_id": product.id if product else None,
        "n": 412 if segment is None else 24,
    }
    note = "indicative" if segment is not None else None
    change = {"worse": -18.0, "better": 8.0}.get(verdict)
    session.add(
        Score(
            **cell,
            measure="satisfaction",
            value=value,
            low=value - 4.6,
            high=value + 4.6,
            note=note,
            verdict=verdict,
            change=change,
            previous_wave_id=before.id if before else None,
        )
    )
    session.add(Score(**cell, measure="opportunity", value=12.4, low=11.2, high=13.7, note=note))
