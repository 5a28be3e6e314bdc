"""Names of files and folders without personal data, still telling two files apart."""

from __future__ import annotations

import re

from ingest.redact import Redactor
from insightrepo.library.pseudonyms import Pseudonyms

LONGEST = 400  # characters that the name of a document or the key of a study may have


class SafeNames:
    """Redacts names. In a name `_` and `-` stand for blanks, so that ``anna_schmidt.md`` is read as a name too."""

    def __init__(self, redactor: Redactor, pseudonyms: Pseudonyms) -> None:
        self._redactor = redactor
        self._pseudonyms = pseudonyms

    def words(self, name: str) -> str:
        """The name without personal data, for people to read."""
        redacted = self._redactor.redact(name).text
        spaced = re.sub(r"[_-]+", " ", redacted)
        return redacted if (found := self._redactor.redact(spaced).text) == spaced else found

    def __call__(self, name: str) -> str:
        """The name to know it by again: where something was taken out or cut off, a keyed hash of the whole is added."""
        safe = self.words(name)
        if safe == name and len(name) <= LONGEST:
            return name
        return f"{safe[: LONGEST - 9]}~{self._pseudonyms.keyed_hash(name)[:8]}"
