"""Fills a workspace with FamilyTrip, through the same functions that the commands call."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from ingest.readers import read_file
from ingest.readers.base import SourceFile
from insightrepo.accounts.access import Reader
from insightrepo.accounts.users import acting_reader
from insightrepo.demo import INSTRUMENT, STUDIES, TAXONOMY, VERBATIMS, WAVES, DemoStudy, DemoWave
from insightrepo.library.import_options import ImportOptions
from insightrepo.library.importing import import_paths
from insightrepo.library.tagging import Progress
from insightrepo.library.taxonomy_changes import import_taxonomy
from insightrepo.models import User, Wave
from insightrepo.scores.importing import Scale, import_answers
from insightrepo.scores.waves import find_wave, freeze
from insightrepo.workspace import Workspace

DEMO_EMAIL = "demo@example.com"
DEMO_PASSWORD = "family-trip-demo"
MAX_BYTES = 50 * 2**20

Say = Callable[[str], None]


def load_demo(workspace: Workspace, say: Say, progress: Progress | None = None) -> None:
    """Load taxonomy, studies, verbatims and waves, published and frozen; what is there already stays as it is."""
    with workspace.database.reading() as session:
        reader = acting_reader(session, None)
    changes = import_taxonomy(workspace, reader, TAXONOMY.read_text(encoding="utf-8"), TAXONOMY.name)
    say(f"taxonomy: {changes.created} terms and tasks")
    for study in STUDIES:
        report = import_paths(workspace, reader, [study.folder], _study_options(study), progress)
        say(f"{study.title}: {report.stored} passages and verbatims")
    report = import_paths(workspace, reader, [VERBATIMS.path], _verbatim_options(), progress)
    say(f"{VERBATIMS.title}: {report.stored} verbatims")
    for wave in WAVES:
        _load_wave(workspace, reader, wave)
        say(f"wave {wave.code}: frozen")


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


def _load_wave(workspace: Workspace, reader: Reader, wave: DemoWave) -> None:
    with workspace.database.reading() as session:
        query = select(Wave.id).where(Wave.code == wave.code, Wave.state == "frozen")
        if session.scalar(query):
            return
    table = read_file(SourceFile(wave.path.name, wave.path.read_bytes()), MAX_BYTES).tables[0]
    scale = Scale(INSTRUMENT.scale_low, INSTRUMENT.scale_high, INSTRUMENT.best)
    import_answers(
        workspace.database,
        workspace.pseudonyms,
        wave.code,
        table,
        scale=scale,
        instrument=INSTRUMENT.name,
        first_day=wave.first_day,
        last_day=wave.last_day,
    )
    with workspace.database.writing() as session:
        freeze(session, find_wave(session, wave.code), session.get_one(User, reader.user_id))
