"""Files that somebody is about to import: sealed like originals, for their sender only, and gone when they are done."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

from insightrepo.library.originals import OriginalMissing, Originals

KEPT_SECONDS = 24 * 3600


class UploadMissing(LookupError):
    """There is no such upload of this user; the message says what to do."""


@dataclass(frozen=True)
class Upload:
    """A file as it was sent: its name, its bytes, and what it was sent for ("2025-Q3 trials")."""

    name: str
    data: bytes
    purpose: str


class Uploads:
    """Uploads of a workspace, in `folder`; `master_key` is the workspace's 32 bytes. Nothing is in clear on disk."""

    def __init__(self, folder: Path, master_key: bytes) -> None:
        self._folder = folder
        self._store = Originals(folder, master_key)

    def put(self, user_id: int, upload: Upload) -> str:
        """Keep a file for a user; what it is called by from now on, which nobody can guess. Old ones are removed."""
        self.sweep()
        about = {"user": user_id, "name": upload.name, "purpose": upload.purpose, "salt": os.urandom(16).hex()}
        return self._store.put(json.dumps(about).encode() + b"\n" + upload.data)

    def read(self, user_id: int, token: str, purpose: str) -> Upload:
        """The file.

        Raises:
            UploadMissing: it is not there (any more), somebody else's, or was sent for something else.
        """
        gone = UploadMissing("this file is not here any more: send it again")
        if len(token) != 64 or not set(token) <= set("0123456789abcdef"):
            raise gone
        try:
            head, _, data = self._store.read(token).partition(b"\n")
        except OriginalMissing as error:
            raise gone from error
        about = json.loads(head)
        if (about["user"], about["purpose"]) != (user_id, purpose):
            raise gone
        return Upload(about["name"], data, about["purpose"])

    def has(self, token: str) -> bool:
        """Whether a file is still here."""
        return self._store.has(token)

    def remove(self, token: str) -> None:
        """Forget a file; nothing happens where it is gone already."""
        self._store.remove(token)

    def sweep(self, older_than: float = KEPT_SECONDS) -> int:
        """Remove what was kept for more than so many seconds; how many were."""
        edge, count = time.time() - older_than, 0
        for path in self._folder.glob("??/*"):
            try:
                if path.stat().st_mtime < edge:
                    path.unlink()
                    count += 1
            except FileNotFoundError:  # another process sweeps too
                continue
        return count
