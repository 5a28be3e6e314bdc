"""Counts of tries that all worker processes share: a small SQLite file of the workspace, apart from its database."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import blake2b
from pathlib import Path
from time import time

from limits.storage import MemoryStorage, Storage

from insightrepo.workspace import Workspace

logger = logging.getLogger(__name__)

SCHEME = "tries"
FILE = "tries.db"
PATIENCE = 1.0  # seconds that one worker waits for another
TABLE = "CREATE TABLE IF NOT EXISTS tries (key TEXT PRIMARY KEY, count INTEGER NOT NULL, ends REAL NOT NULL)"
INDEX = "CREATE INDEX IF NOT EXISTS tries_by_end ON tries (ends)"
BROKEN = sqlite3.Error, OSError  # what a file that is locked, damaged or on a full disk raises


def options_of(workspace: Workspace) -> dict[str, str | int]:
    """What `SharedTries` needs to know, as a limiter hands it on."""
    return {"path": str(workspace.home / FILE), "secret": workspace.master_key.hex()}


class SharedTries(Storage):
    """What the package limits counts in, for windows of fixed length.

    A file is opened anew for each count, so nothing is shared when a server forks. Keys hold the addresses of people:
    they are kept hashed under `secret` and only until their window ends. What cannot be counted in the file (locked,
    damaged, no room) this process counts by itself, so that guessing is slowed down all the same.
    """

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012 (declared so by the package)

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, *, path: str, secret: str) -> None:
        super().__init__(uri, wrap_exceptions)
        self._path = Path(path)
        self._secret = bytes.fromhex(secret)
        self._own = MemoryStorage()

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What may go wrong with the file."""
        return BROKEN

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount` more under a key, whose window of `expiry` seconds begins with the first; the count."""
        try:
            return self._add(key, expiry, amount) + self._own.get(key)
        except BROKEN as error:
            logger.warning("a try is counted in this process only: %s", error)
            self._own.incr(key, expiry, amount)
            return self.get(key)

    def _add(self, key: str, expiry: int, amount: int) -> int:
        now = time()
        with self._opened() as file:
            file.execute("DELETE FROM tries WHERE ends <= ?", (now,))
            found = file.execute(
                "INSERT INTO tries VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET count = count + excluded.count"
                " RETURNING count",
                (self._name(key), amount, now + expiry),
            )
            return int(found.fetchone()[0])

    def get(self, key: str) -> int:
        """The count under a key."""
        return int(self._row(key)[0]) + self._own.get(key)

    def get_expiry(self, key: str) -> float:
        """When the window of a key ends, in seconds since 1970; now where there is none."""
        ends = float(self._row(key)[1])
        return max(ends, self._own.get_expiry(key)) if self._own.get(key) else ends

    def check(self) -> bool:
        """Whether tries can be counted: they always can, if need be by this process alone."""
        return True

    def reset(self) -> int | None:
        """Forget all counts; how many the file had."""
        self._own.reset()
        with self._opened() as file:
            return file.execute("DELETE FROM tries").rowcount

    def clear(self, key: str) -> None:
        """Forget the count under a key."""
        self._own.clear(key)
        with self._opened() as file:
            file.execute("DELETE FROM tries WHERE key = ?", (self._name(key),))

    def _row(self, key: str) -> tuple[int, float]:
        now, found = time(), None
        try:
            with self._opened() as file:
                found = file.execute(
                    "SELECT count, ends FROM tries WHERE key = ? AND ends > ?", (self._name(key), now)
                ).fetchone()
        except BROKEN as error:
            logger.warning("the file of tries cannot be read: %s", error)
        return found or (0, now)

    def _name(self, key: str) -> str:
        return blake2b(key.encode(), key=self._secret, digest_size=16).hexdigest()

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        with closing(sqlite3.connect(self._path, timeout=PATIENCE, isolation_level="IMMEDIATE")) as file, file:
            file.execute(TABLE)
            file.execute(INDEX)
            yield file
