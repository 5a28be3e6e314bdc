"""Brings a workspace to this version: a copy of the database, migrations, the model, the indexes; says what it did."""

from __future__ import annotations

from collections.abc import Callable

from filelock import Timeout

from indexes.embedder import ModelUnavailable, prepare
from indexes.parts import IndexDamaged, IndexMismatch
from insightrepo.backups import keep_database
from insightrepo.library.indexing import indexing
from insightrepo.schema import REVISION, UpgradeRefused, require_current, revision, upgrade
from insightrepo.scores.waves.issues import keep_earlier_issues
from insightrepo.workspace import Workspace

Say = Callable[[str], None]
Progress = Callable[[int, int], None]
LOCK_SECONDS = 10.0


def upgrade_workspace(workspace: Workspace, say: Say, draw: Progress | None = None, backed_up: bool = False) -> None:
    """Everything that this version needs of a workspace that is there; what is up to date is left as it is.

    `backed_up`: a database that is not in the workspace has been backed up by whoever asks.

    Raises:
        WorkspaceMissing: there is no workspace.
        UpgradeRefused: an import is going on, or nobody said that the database is backed up.
        SchemaMismatch: a newer version made the database.
    """
    _ = workspace.master_key
    try:
        with workspace.import_lock.acquire(timeout=LOCK_SECONDS):
            upgrade_schema(workspace, say, backed_up)
    except Timeout as error:
        raise UpgradeRefused(
            "something is being imported or tagged: wait until it is done, stop the server, then try again"
        ) from error
    prepare_model(workspace, say)
    renew_indexes(workspace, say, draw)


def upgrade_schema(workspace: Workspace, say: Say, backed_up: bool = False) -> None:
    """The tables of this version; the SQLite database is copied before one that holds anything is changed."""
    engine = workspace.database.engine
    before = revision(engine)
    if before == REVISION:
        say(f"database: schema {REVISION}, as this version needs it")
    elif before is None:
        upgrade(engine)
    elif before > REVISION:
        require_current(engine)  # raises, and says what to do
    else:
        _keep(workspace, before, say, backed_up)
        upgrade(engine)
        say(f"database: schema {before} → {REVISION}")
    with workspace.database.writing() as session:
        for code in keep_earlier_issues(session):
            say(f"wave {code}: what an earlier version froze is kept as issue 1")


def _keep(workspace: Workspace, before: str, say: Say, backed_up: bool) -> None:
    path = keep_database(workspace, before)
    if path is not None:
        say(f"database: copied to {path} before anything is changed")
    elif not backed_up:
        raise UpgradeRefused(
            "the database is not in the workspace and is not copied by this command: back it up (pg_dump), "
            "then run 'insightrepo upgrade --backed-up'"
        )


def prepare_model(workspace: Workspace, say: Say) -> None:
    """Export the embedding model once; without a model meaning search is off, and that is said."""
    settings = workspace.settings
    try:
        model = prepare(settings.embedding_model, workspace.model_folder, settings.threads)
    except ModelUnavailable as error:
        say(f"meaning search is off: {error}; keyword search and rules work")
        return
    workspace.__dict__.pop("embedder", None)
    say(f"embedding model {model.key}" if model else "meaning search is off, as set")


def renew_indexes(workspace: Workspace, say: Say, draw: Progress | None = None, anew: bool = False) -> None:
    """Build indexes anew that another version or model has made, that are damaged, or all (`anew`)."""
    try:
        damage = "indexes are made from the database" if anew else workspace.indexes.damage
    except (IndexMismatch, IndexDamaged) as error:
        damage = str(error).partition(": run ")[0]
    if not damage:
        indexing.drain(workspace)
        say("indexes: as this version needs them")
        return
    say(damage)
    say(f"indexed {indexing.rebuild(workspace, draw):,} pieces of evidence anew")
