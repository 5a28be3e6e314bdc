"""Fills a workspace with FamilyTrip, through the same functions that the commands call."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select

from ingest.readers import read_file
from ingest.readers.base import SourceFile, Table
from insightrepo.accounts.access import Reader
from insightrepo.accounts.users import acting_reader, add_user
from insightrepo.demo import FEEDS, INSTRUMENT, METRICS, TAXONOMY, WAVES, DemoFeed, DemoStudy, DemoWave, studies
from insightrepo.demo.story import PEOPLE, RESEARCHER
from insightrepo.demo.telling import is_told, tell
from insightrepo.library.imports.import_options import ImportOptions
from insightrepo.library.imports.importing import import_paths
from insightrepo.library.tagging.tagging import Progress
from insightrepo.library.terms.taxonomy_changes import import_taxonomy
from insightrepo.models import Study, User, Wave
from insightrepo.scores.intake.importing import Scale, import_answers
from insightrepo.scores.intake.metric_points import import_metrics
from insightrepo.scores.intake.trials import import_trials
from insightrepo.scores.metric_schema import load_metrics
from insightrepo.scores.metrics import define_metrics
from insightrepo.scores.waves.responses import set_counts
from insightrepo.scores.waves.waves import ensure_instrument, find_wave, freeze
from insightrepo.workspace import Workspace

DEMO_EMAIL = "demo@example.com"
DEMO_PASSWORD = "family-trip-demo"
MAX_BYTES = 50 * 2**20
WORDED = ("wording", "importance_wording", "low_label", "high_label", "channel", "timing", "level")  # of the instrument

Say = Callable[[str], None]


def load_demo(workspace: Workspace, say: Say, progress: Progress | None = None) -> None:
    """Load people, taxonomy, studies, verbatims, metrics and waves, published and frozen, then what people wrote of
    them; what is there stays as it is."""
    with workspace.database.reading() as session:
        reader = acting_reader(session, None)
    _add_people(workspace)
    changes = import_taxonomy(workspace, reader, TAXONOMY.read_text(encoding="utf-8"), TAXONOMY.name)
    say(f"taxonomy: {changes.created} terms and tasks")
    for study in studies():
        report = import_paths(workspace, reader, [study.folder], _study_options(study), progress)
        _complete(workspace, study.title, study.started_on, study.ended_on, study.sharing_terms)
        say(f"{study.title}: {report.stored} passages and verbatims")
    for feed in FEEDS:
        report = import_paths(workspace, reader, [feed.path], _feed_options(feed), progress)
        _complete(workspace, feed.title, feed.started_on, feed.ended_on, "")
        say(f"{feed.title}: {report.stored} verbatims")
    say(f"metrics: {_define_metrics(workspace, reader)}")
    for wave in WAVES:
        _load_wave(workspace, reader, wave)
        say(f"wave {wave.code}: frozen")
    say(f"insights: {tell(workspace, reader)}")


def is_loaded(workspace: Workspace) -> bool:
    """Whether the demo is wholly there: every wave is frozen, and the last thing is told."""
    with workspace.database.reading() as session:
        frozen = set(session.scalars(select(Wave.code).where(Wave.state == "frozen")))
        return frozen >= {wave.code for wave in WAVES} and is_told(session)


def _add_people(workspace: Workspace) -> None:
    with workspace.database.writing() as session:
        known = set(session.scalars(select(User.email)))
        for person in PEOPLE:
            if person.email not in known:
                password = secrets.token_urlsafe(24)
                add_user(session, person.email, person.role, password, person.name, teams=(person.team,))


def _study_options(study: DemoStudy) -> ImportOptions:
    return ImportOptions(
        columns={"product": study.products, "segment": study.segments, "date": (study.started_on.isoformat(),)},
        study_title=study.title,
        method=study.method,
        level=study.level,
        sensitivity=study.sensitivity,
        publish=True,
    )


def _feed_options(feed: DemoFeed) -> ImportOptions:
    return ImportOptions(
        columns={"product": feed.products},
        mapping=feed.mapping,
        study_title=feed.title,
        method=feed.method,
        level=feed.level,
        sensitivity=feed.sensitivity,
        publish=True,
    )


def _complete(workspace: Workspace, title: str, first: dt.date, last: dt.date, sharing_terms: str) -> None:
    """Set what no file says: the days, the terms of sharing and who owns the study."""
    with workspace.database.writing() as session:
        owner = session.scalar(select(User.id).where(User.email == RESEARCHER))
        study = session.scalars(select(Study).where(Study.title == title)).one()
        study.started_on, study.ended_on, study.date_precision = first, last, "day"
        study.sharing_terms, study.owner_id = sharing_terms, owner


def _define_metrics(workspace: Workspace, reader: Reader) -> int:
    entries, lines = load_metrics(METRICS.read_text(encoding="utf-8"), METRICS.name)
    with workspace.database.writing() as session:
        define_metrics(session, reader, entries, lines, METRICS.name)
    return len(entries)


def _load_wave(workspace: Workspace, reader: Reader, wave: DemoWave) -> None:
    with workspace.database.reading() as session:
        query = select(Wave.id).where(Wave.code == wave.code, Wave.state == "frozen")
        if session.scalar(query):
            return
    _make_instrument(workspace)
    import_answers(
        workspace.database,
        workspace.pseudonyms,
        wave.code,
        _table(wave.path),
        scale=Scale(INSTRUMENT.scale_low, INSTRUMENT.scale_high, INSTRUMENT.best),
        instrument=INSTRUMENT.name,
        first_day=wave.first_day,
        last_day=wave.last_day,
        compute=False,
    )
    import_trials(workspace.database, workspace.pseudonyms, wave.code, _table(wave.trials), compute=False)
    for path in (wave.figures, wave.ratings):
        import_metrics(workspace.database, workspace.pseudonyms, wave.code, _table(path), compute=False)
    with workspace.database.writing() as session:
        found = find_wave(session, wave.code)
        for segment, invited in wave.invited.items():
            set_counts(session, reader, found, segment, invited=invited)
        set_counts(session, reader, found, None, invited=sum(wave.invited.values()))
        freeze(session, found, session.get_one(User, reader.user_id))


def _make_instrument(workspace: Workspace) -> None:
    details = {name: getattr(INSTRUMENT, name) for name in WORDED}
    with workspace.database.writing() as session:
        ensure_instrument(
            session, INSTRUMENT.name, INSTRUMENT.scale_low, INSTRUMENT.scale_high, INSTRUMENT.best, **details
        )


def _table(path: Path) -> Table:
    return read_file(SourceFile(path.name, path.read_bytes()), MAX_BYTES).tables[0]
