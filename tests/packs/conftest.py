"""A workspace with two frozen waves, quotes of every sensitivity, and people of every kind."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from once import made_once
from packed import SECRET

from config import Settings
from ingest.readers.base import Row, Table
from insightrepo.accounts.access import reader_for
from insightrepo.accounts.users import add_user
from insightrepo.models import (
    Annotation,
    Evidence,
    Outcome,
    Product,
    Respondent,
    SearchGap,
    Segment,
    Study,
    Tag,
    Target,
    Team,
    User,
)
from insightrepo.schema import upgrade
from insightrepo.scores.intake.importing import import_answers
from insightrepo.scores.waves.issues import freeze
from insightrepo.scores.waves.waves import find_wave
from insightrepo.workspace import Workspace

HEADER = ("respondent", "outcome", "satisfaction", "importance", "segment", "product")
PASSWORD = "a long enough password"


@pytest.fixture
def workspace(tmp_path_factory, tmp_path):
    """In 2025-Q2 180 of 200 found a stop, in 2025-Q3 100 of 200; three of them are pilots: too few to show."""
    made = made_once(tmp_path_factory, "packs", _make)
    shutil.copytree(made / "home", tmp_path / "home")
    opened = _open(tmp_path / "home")
    yield opened
    opened.close()


def _open(home: Path) -> Workspace:
    return Workspace(Settings(home=home, embedding_model="hashing"))


def _make(folder: Path) -> None:
    workspace = _open(folder / "home")
    workspace.make_master_key()
    upgrade(workspace.database.engine)
    with workspace.database.writing() as session:
        _people_and_terms(session)
        _evidence(session)
    for wave, happy, sure in (("2025-Q2", 180, 120), ("2025-Q3", 100, 120)):
        _answers(workspace, wave, happy, sure)
        with workspace.database.writing() as session:
            freeze(session, find_wave(session, wave), None)
    workspace.close()


def _people_and_terms(session) -> None:
    app = Product(code="app", name="The app")
    team = Team(name="Ferries")
    session.add_all([app, Product(code="web", name="The web"), team])
    session.flush()
    session.add_all(
        [
            Product(code="maps", name="Maps", parent_id=app.id),
            Outcome(code="STOP", name="Find a stop", job="find a stop"),
            Outcome(code="COST", name="Know the cost", job="know the cost"),
            Outcome(code="MUTE", name="Hear nothing of it", job="hear nothing"),
            Outcome(code="FERRY", name="Only for the team", job="sail", team_id=team.id),
            Segment(code="many", name="Most people", dimension="kind"),
            Segment(code="pilots", name="Pilots of airliners", dimension="kind"),
            Segment(code="rest", name="All the rest", dimension="kind"),
        ]
    )
    session.flush()
    for role in ("viewer", "contributor", "researcher", "administrator"):
        add_user(session, f"{role}@example.org", role, PASSWORD)
    add_user(session, "other@example.org", "contributor", PASSWORD)
    add_user(session, "member@example.org", "contributor", PASSWORD, teams=("Ferries",))
    for role in ("contributor", "administrator"):
        add_user(session, f"scoped-{role}@example.org", role, PASSWORD, scopes=("product:maps",))


def _evidence(session) -> None:
    day = dt.date(2025, 8, 2)
    stop = session.query(Outcome).filter_by(code="STOP").one()
    owner = session.query(User).filter_by(email="contributor@example.org").one()
    studies = {
        "internal": Study(key="a", title="Diaries", method="diary study", state="published"),
        "confidential": Study(key="b", title="Price talks", state="published", sensitivity="confidential"),
        "draft": Study(key="c", title="Half done", state="draft", owner_id=owner.id),
        "withdrawn": Study(key="d", title="Taken back", state="withdrawn", owner_id=owner.id),
        "team": Study(key="e", title="Ferry talks", state="draft", team_id=session.query(Team).one().id),
    }
    session.add_all(studies.values())
    session.flush()
    who = Respondent(key="k" * 64)
    session.add(who)
    session.flush()
    said = {**SECRET, "internal": "We stopped at a furniture shop <b>again</b>"}
    for name, text in said.items():
        row = Evidence(study_id=studies[name].id, identity=name, kind="verbatim", text=text, content_hash=name,
                       said_on=day, date_precision="day", respondent_id=who.id)  # fmt: skip
        session.add(row)
        session.flush()
        session.add(Tag(evidence_id=row.id, term_id=stop.id, state="accepted", origin="person"))
    old = Evidence(study_id=studies["internal"].id, identity="old", kind="verbatim", text="Said in spring",
                   content_hash="old", said_on=dt.date(2025, 4, 2), date_precision="day")  # fmt: skip
    session.add_all([
        old, Annotation(kind="intervention", first_day=day, text="A new list of stops"),
        Target(name="improvements", first_day=dt.date(2025, 7, 1), last_day=dt.date(2025, 9, 30), wanted=12,
               reached=19),
        SearchGap(question="q" * 64, words="ferry with a pram", filters="", hits=0,
                  first_at=dt.datetime(2025, 8, 1, tzinfo=dt.UTC), last_at=dt.datetime(2025, 8, 3, tzinfo=dt.UTC)),
    ])  # fmt: skip


def _answers(workspace: Workspace, wave: str, happy: int, sure: int) -> None:
    rows = []
    for number in range(200):
        segment = "pilots" if number % 66 == 0 and number < 190 else "many" if number % 2 else "rest"
        for outcome, satisfied in (("STOP", number * 7 % 200 < happy), ("COST", number * 3 % 200 < sure)):
            values = (
                f"{wave} {number}",
                outcome,
                "5" if satisfied else "2",
                "5" if number % 10 else "2",
                segment,
                "maps",
            )
            rows.append(Row(len(rows) + 2, values))
    import_answers(workspace.database, workspace.pseudonyms, wave, Table(HEADER, tuple(rows)))


@pytest.fixture
def reader(workspace):
    """``reader("viewer")`` is the reader of that name."""

    def of(name):
        with workspace.database.reading() as session:
            return reader_for(session, session.query(User).filter_by(email=f"{name}@example.org").one())

    return of


@pytest.fixture
def kit(workspace, reader):
    """What the tests of packs do: ``kit.make("contributor")``, ``kit.read("viewer", pack)``."""
    from insightrepo.packs.content import Wanted
    from insightrepo.packs.packs import PackMissing, make_pack, read_pack
    from insightrepo.packs.periods import read_period

    def make(name="contributor", product=None, sensitive=False, kind="quarterly", period="2025-Q3"):
        return make_pack(workspace, reader(name), Wanted(read_period(kind, period), product, sensitive))

    def read(name, pack_id):
        with workspace.database.reading() as session:
            return read_pack(session, reader(name), pack_id)

    def sees(name, pack_id):
        try:
            return bool(read(name, pack_id))
        except PackMissing:
            return False

    return SimpleNamespace(make=make, read=read, sees=sees)
