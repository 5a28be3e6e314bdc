"""Fills a workspace with FamilyTrip, through the same functions that the commands call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select

from ingest.readers import read_file
from ingest.readers.base import SourceFile, Table
from insightrepo.accounts.access import Reader
from insightrepo.accounts.users import acting_reader
from insightrepo.demo import ANNOTATIONS, INSTRUMENT, METRICS, STUDIES, TAXONOMY, VERBATIMS, WAVES, DemoStudy, DemoWave
from insightrepo.library.import_options import ImportOptions
from insightrepo.library.importing import import_paths
from insightrepo.library.tagging import Progress
from insightrepo.library.taxonomy_changes import import_taxonomy
from insightrepo.models import User, Wave
from insightrepo.scores.annotations import annotate, annotations_between
from insightrepo.scores.importing import Scale, import_answers
from insightrepo.scores.metric_points import import_metrics
from insightrepo.scores.metric_schema import load_metrics
from insightrepo.scores.metrics import define_metrics
from insightrepo.scores.responses import set_counts
from insightrepo.scores.trials import import_trials
from insightrepo.scores.waves import ensure_instrument, find_wave, freeze
from insightrepo.workspace import Workspace

DEMO_EMAIL = "demo@example.com"
DEMO_PASSWORD = "family-trip-demo"
MAX_BYTES = 50 * 2**20
WORDED = ("wording", "importance_wording", "low_label", "high_label", "channel", "timing", "level")  # of the instrument

Say = Callable[[str], None]


def load_demo(workspace: Workspace, say: Say, progress: Progress | None = None) -> None:
    """Load taxonomy, studies, verbatims, metrics and waves, published and frozen; what is there stays as it is."""
    with workspace.database.reading() as session:
        reader = acting_reader(session, None)
    changes = import_taxonomy(workspace, reader, TAXONOMY.read_text(encoding="utf-8"), TAXONOMY.name)
    say(f"taxonomy: {changes.created} terms and tasks")
    for study in STUDIES:
        report = import_paths(workspace, reader, [study.folder], _study_options(study), progress)
        say(f"{study.title}: {report.stored} passages and verbatims")
    report = import_paths(workspace, reader, [VERBATIMS.path], _verbatim_options(), progress)
    say(f"{VERBATIMS.title}: {report.stored} verbatims")
    say(f"metrics: {_define_metrics(workspace, reader)}")
    for wave in WAVES:
        _load_wave(workspace, reader, wave)
        say(f"wave {wave.code}: frozen")
    _annotate(workspace, reader)


def is_loaded(workspace: Workspace) -> bool:
    """Whether the demo is wholly there: its last step freezes its last wave."""
    with workspace.database.reading() as session:
        query = select(Wave.id).where(Wave.code == WAVES[-1].code, Wave.state == "frozen")
        return session.scalar(query) is not None


def _study_options(study: DemoStudy) -> ImportOptions:
    return ImportOptions(
        columns={"product": study.products, "segment": study.segments, "date": (study.started_on.isoformat(),)},
        study_title=study.title,
        method=study.method,
        level=study.level,
        sensitivity=study.sensitivity,
        publish=True,
    )


def _verbatim_options() -> ImportOptions:
    return ImportOptions(
        columns=VERBATIMS.mapping | {"product": (*VERBATIMS.mapping["product"], *VERBATIMS.products)},
        study_title=VERBATIMS.title,
        method=VERBATIMS.method,
        level=VERBATIMS.level,
        sensitivity=VERBATIMS.sensitivity,
        publish=True,
    )


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
    )
    import_trials(workspace.database, workspace.pseudonyms, wave.code, _table(wave.trials))
    import_metrics(workspace.database, workspace.pseudonyms, wave.code, _table(wave.figures))
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


def _annotate(workspace: Workspace, reader: Reader) -> None:
    with workspace.database.writing() as session:
        said = {item.text for item in annotations_between(session, reader)}
        for item in ANNOTATIONS:
            if item.text not in said:
                annotate(session, reader, item.kind, item.first_day, item.text, **item.about)
