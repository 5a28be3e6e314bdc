"""Names of files and folders without personal data, still telling two files apart.

Redaction knows people's names from the workspace's list; others it learns by reading a file. So a file may have been
stored under another name than it has before it is read: it is found again by a keyed hash, its mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import InstrumentedAttribute

from config import ConfigurationError
from ingest.redact import Redactor
from ingest.studies import StudyFiles
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.models import Document, Study
from insightrepo.workspace import Workspace

LONGEST = 400  # characters that the name of a document or the key of a study may have


def listed_names(workspace: Workspace) -> list[str]:
    """The names that redaction removes everywhere, from the file that the settings name.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    path = workspace.settings.names_file
    try:
        return path.read_text(encoding="utf-8").splitlines() if path else []
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"INSIGHTREPO_NAMES_FILE: {path} cannot be read as UTF-8 text: {error}") from error


def workspace_redactor(workspace: Workspace) -> Redactor:
    """The redactor with the workspace's names and region.

    Raises:
        ConfigurationError: as `listed_names`.
    """
    return Redactor(listed_names(workspace), workspace.settings.phone_region)


class SafeNames:
    """Redacts names. In a name `_` and `-` stand for blanks, so that ``anna_schmidt.md`` is read as a name too."""

    def __init__(self, redactor: Redactor, pseudonyms: Pseudonyms) -> None:
        self._redactor = redactor
        self._pseudonyms = pseudonyms

    def knowing(self, names: Iterable[str]) -> SafeNames:
        """The same, with these names of people redacted as well."""
        return SafeNames(self._redactor.with_names(names), self._pseudonyms)

    def words(self, name: str) -> str:
        """The name without personal data, for people to read."""
        redacted = self._redactor.redact(name).text
        spaced = re.sub(r"[_-]+", " ", redacted)
        return redacted if (found := self._redactor.redact(spaced).text) == spaced else found

    def mark(self, name: str) -> str:
        """What is added to a name of which something was taken out."""
        return f"~{self._pseudonyms.keyed_hash(name)[:8]}"

    def __call__(self, name: str) -> str:
        """The name to know it by again: where something was taken out or cut off, its mark is added."""
        safe = self.words(name)
        if safe == name and len(name) <= LONGEST:
            return name
        return f"{safe[: LONGEST - 9]}{self.mark(name)}"


@dataclass(frozen=True)
class Called:
    """What a file of an import and its study are called. `first` is the file's name before it is read: it never
    changes, so it is what passages are known by; it is not to be stored or shown.
    """

    study: StudyFiles
    name: str
    first: str


def stored_key(session: Session, safe: SafeNames, key: str) -> str:
    """The key under which a study is stored, whatever was taken out of it; the given one where it is new."""
    return session.scalar(select(Study.key).where(_known_as(Study.key, safe, key)).order_by(Study.key == key)) or key


def as_stored(session: Session, safe: SafeNames, study: StudyFiles, name: str) -> Called:
    """What an earlier import called this study and file; as given where they are new."""
    key = stored_key(session, safe, study.key)
    query = select(Document.name).join(Study).where(Study.key == key, _known_as(Document.name, safe, name))
    return Called(replace(study, key=key), session.scalar(query.order_by(Document.name == name)) or name, name)


def _known_as(column: InstrumentedAttribute[str], safe: SafeNames, name: str):
    return (column == name) | column.contains(safe.mark(name), autoescape=True)


def without_people(called: Called, safe: SafeNames, beside: SafeNames) -> Called:
    """The same without the names that `safe` knows; what files share is called without those that `beside` knows."""
    study, of_study = called.study, safe if len(called.study.files) == 1 else beside
    study = replace(study, key=of_study(study.key), title=of_study.words(study.title))
    return replace(called, study=study, name=safe(called.name))


def rename(session: Session, study: Study, before: Called, now: Called, beside: SafeNames) -> None:
    """Take names that were learnt since out of what is stored of a study and of all revisions of its files."""
    if study.title == before.study.title:
        study.title = now.study.title
    study.key = now.study.key
    for name in set(session.scalars(select(Document.name).where(Document.study_id == study.id))):
        renamed = now.name if name == before.name else beside(name)
        same = Document.study_id == study.id, Document.name == name
        session.execute(update(Document).where(*same).values(name=renamed))
