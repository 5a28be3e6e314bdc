"""A workspace in a temporary folder, for measuring: our own code on somebody's corpus, and nothing left behind."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ingest.pipeline import Draft
from insightrepo.accounts.access import Reader, reader_for
from insightrepo.library.imports.import_options import ImportOptions
from insightrepo.library.imports.import_report import ImportReport
from insightrepo.library.imports.storing import EvidenceStore
from insightrepo.library.tagging.tagging import make_tagger
from insightrepo.models import Document, Study, User
from insightrepo.schema import upgrade
from insightrepo.workspace import Workspace


@contextmanager
def trial_workspace(like: Workspace) -> Iterator[Workspace]:
    """An empty workspace with the settings and the embedding model of another, on SQLite; removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="insightrepo-trial-") as folder:
        settings = like.settings.model_copy(update={"home": Path(folder), "database_url": ""})
        trial = Workspace(settings, model_folder=like.model_folder)
        trial.make_master_key()
        upgrade(trial.database.engine)
        try:
            yield trial
        finally:
            trial.close()


def trial_reader(workspace: Workspace) -> Reader:
    """An administrator who cannot sign in."""
    with workspace.database.writing() as session:
        user = User(email="trial@localhost", role="administrator", password_hash="", active=False)
        session.add(user)
        session.flush()
        return reader_for(session, user)


def fill(workspace: Workspace, title: str, documents: Mapping[str, Sequence[Draft]]) -> None:
    """Store drafts, by the name of their document, as one published study through the importer's own store."""
    with workspace.database.writing() as session:
        study = Study(key=title, title=title, state="published")
        session.add(study)
        session.flush()
        rows = {name: Document(study_id=study.id, name=name, sha256="", size=0, complete=True) for name in documents}
        session.add_all(rows.values())
        session.flush()
    store = EvidenceStore(workspace, make_tagger(workspace), ImportReport(), ImportOptions())
    for name, drafts in documents.items():
        store.store(study.id, rows[name].id, name, name, drafts)
