"""The names of people that the files of a study give away, of which each file of it is redacted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from sqlalchemy import select

from ingest.pipeline import Pipeline
from ingest.readers import all_readers
from ingest.readers.base import SourceFile, Unreadable
from ingest.studies import StudyFiles
from ingest.verbatims import MappingError
from insightrepo.library.imports.column_choice import ColumnChooser
from insightrepo.library.originals import OriginalMissing
from insightrepo.models import Document, Study
from insightrepo.workspace import Workspace

_MARK = re.compile(r"~[0-9a-f]{8}\Z")  # stands behind the suffix of a stored name (safe_names.py)


class NamesBeside:
    """Reads them in the files of an import and in the originals that are stored of a study; once an import."""

    def __init__(self, workspace: Workspace, pipeline: Pipeline, choose: ColumnChooser) -> None:
        self._workspace, self._pipeline, self._choose = workspace, pipeline, choose
        # by the study's files, as its key may change: the names, and what may have been all of them before
        self._known: dict[tuple[str, ...], frozenset[str]] = {}
        self._fewer: dict[tuple[str, ...], frozenset[frozenset[str]]] = {}
        self.read: Callable[[str], bytes] = lambda name: b""  # gives a file of this import by its name; raises OSError

    def of(self, study: StudyFiles) -> frozenset[str]:
        """Of a study, called as it is stored; what a file that comes alone says of itself is not among them."""
        if study.files not in self._known:
            originals = self._originals(study.key)
            names = frozenset().union(*self._stored(originals))
            self._fewer[study.files] = frozenset({names, frozenset()} if originals else ())
            brought = study.files if len(study.files) > 1 else ()
            self._known[study.files] = names.union(*map(self._brought, brought))
        return self._known[study.files]

    def fewer(self, study: StudyFiles) -> frozenset[frozenset[str]]:
        """The sets of names that may have been all that was known when what is stored of the study came in."""
        self.of(study)
        return self._fewer[study.files]

    def _brought(self, name: str) -> frozenset[str]:
        try:
            return self._pipeline.names_given(SourceFile(name, self.read(name)), self._choose.of(name))
        except (OSError, Unreadable, MappingError):
            return frozenset()  # it is refused, and says why, when its turn comes

    def _originals(self, key: str) -> dict[str, str]:
        """The names of what stands in force, which of a feed are all revisions, by the hashes of the originals."""
        stands = Document.current | (Document.text == "")
        query = select(Document.name, Document.sha256).join(Study).where(Study.key == key, stands)
        with self._workspace.database.reading() as session:
            return {sha256: _MARK.sub("", name) for name, sha256 in session.execute(query)}

    def _stored(self, originals: Mapping[str, str]) -> Iterator[frozenset[str]]:
        for sha256, name in originals.items():
            if name.lower().endswith(_suffixes()):
                yield self._of_original(name, sha256)

    def _of_original(self, name: str, sha256: str) -> frozenset[str]:
        """Read with the columns that are named for this import where it has them, else with what is guessed."""
        try:
            file = SourceFile(name, self._workspace.originals.read(sha256))
        except OriginalMissing:
            return frozenset()  # `insightrepo check` says so
        for choose in (self._choose, _guess):
            try:
                return self._pipeline.names_given(file, choose)
            except (Unreadable, MappingError):
                continue
        return frozenset()


def _guess(table: object) -> None:
    return None


def _suffixes() -> tuple[str, ...]:
    """Those of formats that may say who people are."""
    return tuple(suffix for reader in all_readers() if reader.KIND != "report" for suffix in reader.SUFFIXES)
