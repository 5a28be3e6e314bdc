"""A workspace: one folder with its settings, keys, database, indexes and originals, opened once a process."""

from __future__ import annotations

import logging
import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock

from config import Settings
from indexes.embedder import Embedder, ModelUnavailable, open_embedder
from indexes.parts import IndexParts
from insightrepo.database import Database
from insightrepo.library.imports.uploads import Uploads
from insightrepo.library.indexing.vectors import DatabaseVectors
from insightrepo.library.originals import Originals
from insightrepo.library.pseudonyms import Pseudonyms

log = logging.getLogger(__name__)


class WorkspaceMissing(Exception):
    """The workspace has not been made yet; the message says how to make it."""


class Workspace:
    """Everything the application needs to act; pass it on, keep no globals. Parts are opened when first asked for."""

    def __init__(self, settings: Settings, model_folder: Path | None = None) -> None:
        self.settings = settings
        self.home = Path(settings.home)
        self.model_folder = model_folder or self.home / "models"  # where exported models are cached
        self.database = Database(settings.url)
        self.patience = 5.0  # seconds a search waits for what was just committed; a server's readers wait less
        self.looked_at, self.left_behind = 0.0, False  # when changes left behind were looked for; whether there were

    @property
    def index_folder(self) -> Path:
        """Where the index parts are."""
        return self.home / "indexes"

    @property
    def reports_folder(self) -> Path:
        """Where reports of imports (refused rows, redacted) are."""
        return self.home / "reports"

    @cached_property
    def master_key(self) -> bytes:
        """32 random bytes of this workspace; other keys are derived from it and no original is readable without it."""
        path = self.home / "workspace.key"
        if not path.exists():
            raise WorkspaceMissing(f"no workspace in {self.home}: run 'insightrepo init' first")
        return bytes.fromhex(path.read_text().strip())

    def make_master_key(self) -> None:
        """Create the workspace's key if it has none; it and a folder that is made for it are their owner's only."""
        path = self.home / "workspace.key"
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists():
            return
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))

    @cached_property
    def import_lock(self) -> FileLock:
        """Held by what writes much evidence: imports, taxonomy changes, tagging again. One at a time, others wait."""
        return FileLock(self.home / "import.lock")

    @cached_property
    def originals(self) -> Originals:
        """The store of originals."""
        return Originals(self.home / "originals", self.master_key)

    @cached_property
    def uploads(self) -> Uploads:
        """Files that somebody is about to import."""
        return Uploads(self.home / "uploads", self.master_key)

    @cached_property
    def pseudonyms(self) -> Pseudonyms:
        """Keys of respondents and of rows."""
        return Pseudonyms(self.master_key)

    @cached_property
    def embedder(self) -> Embedder | None:
        """The embedding model, or None: then meaning search is off and keyword search and rules still work."""
        try:
            return open_embedder(self.settings.embedding_model, self.model_folder, self.settings.threads)
        except ModelUnavailable as error:
            log.warning("meaning search is off: %s", error)
            return None

    @cached_property
    def vectors(self) -> DatabaseVectors | None:
        """The kept vectors of the embedding model; None without one."""
        return DatabaseVectors(self.database, self.embedder.key) if self.embedder else None

    @cached_property
    def term_vectors(self) -> dict[str, Any]:
        """The vectors of the terms' words by text, so that one process embeds them once for all its taggers."""
        return {}

    @cached_property
    def indexes(self) -> IndexParts:
        """The indexes as they are on disk.

        Raises:
            IndexMismatch: they were made otherwise; `insightrepo reindex` rebuilds them.
            IndexDamaged: nothing good is left of them; `insightrepo maintain` rebuilds them.
        """
        return IndexParts.open(self.index_folder, **self.index_stamp)

    @property
    def index_stamp(self) -> dict[str, Any]:
        """What an index of this workspace must have been made with."""
        embedder = self.embedder
        return {
            "embedder_key": embedder.key if embedder else None,
            "dimension": embedder.dimension if embedder else None,
            "language": self.settings.language,
            "engine": self.settings.keyword_engine,
        }

    def close(self) -> None:
        """Give up connections and forget opened parts (after a fork, after a rebuild, in tests)."""
        self.database.close()
        for name in ("indexes", "embedder", "vectors", "term_vectors"):
            self.__dict__.pop(name, None)
