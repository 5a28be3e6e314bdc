"""Importing: files and folders become studies, documents and evidence, with a report. Importing again changes nothing.

Each file is read, redacted and cut by `ingest.pipeline`; its evidence is stored in short transactions. A process that
is killed leaves a document marked incomplete; the same import finds what is there by identity and finishes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.pipeline import Pipeline, Prepared, Refused
from ingest.readers import is_ignored
from ingest.readers.base import SourceFile, Unreadable
from ingest.studies import StudyFiles, group
from ingest.verbatims import MappingError
from insightrepo.accounts.access import Forbidden, Reader, visible_studies
from insightrepo.library.imports.column_choice import ColumnChooser
from insightrepo.library.imports.dry_run import DryRun
from insightrepo.library.imports.facts import FactVotes
from insightrepo.library.imports.identities import identities
from insightrepo.library.imports.import_options import ImportOptions
from insightrepo.library.imports.import_report import ImportReport
from insightrepo.library.imports.names_beside import NamesBeside
from insightrepo.library.imports.safe_names import (
    Called,
    SafeNames,
    as_stored,
    rename,
    stored_key,
    without_people,
    workspace_redactor,
)
from insightrepo.library.imports.storing import EvidenceStore
from insightrepo.library.imports.study_facts import (
    Unrelated,
    ensure_study,
    find_study,
    finish_document,
    note_facts,
    on_evidence,
    pieces_of,
    refuse_unrelated,
    renew_evidence,
    same_bytes,
    start_document,
)
from insightrepo.library.indexing.indexing import drain
from insightrepo.library.tagging.tagging import make_tagger
from insightrepo.models import Job, Study, Term, utcnow
from insightrepo.workspace import Workspace

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class FoundFile:
    """A file to import: where it is, and its name relative to what the user named.

    `of` gives the bytes of one that lies on no disk; `path` only tells it from others then.
    """

    path: Path
    name: str
    of: Callable[[], bytes] | None = None

    def read(self) -> bytes:
        """Its bytes. Raises OSError."""
        return self.of() if self.of else self.path.read_bytes()


def import_paths(
    workspace: Workspace,
    reader: Reader,
    paths: Sequence[Path],
    options: ImportOptions,
    progress: Progress | None = None,
) -> ImportReport:
    """Import files and folders as this reader; one import runs at a time, another waits.

    What cannot be read is refused by name and cause, in the report, and so is each file of a study that the reader may
    not add to; the rest goes in.

    Raises:
        Forbidden: the reader may not import or publish, or would not see what they import with these options.
        MappingError: the mapping file is wrong.
    """
    reader.require("researcher" if options.publish else "contributor")
    with workspace.import_lock:
        return _Import(workspace, reader, options).run(paths, progress)


def import_files(
    workspace: Workspace,
    reader: Reader,
    files: Sequence[FoundFile],
    options: ImportOptions,
    job_id: int,
    progress: Progress,
    pieces: Progress,
) -> ImportReport:
    """As `import_paths`, of files that were found already, for a job that the caller keeps.

    `pieces` is told how much of a file's evidence is stored. What is stored when it is broken off stays.
    """
    reader.require("researcher" if options.publish else "contributor")
    with workspace.import_lock:
        bringing = _Import(workspace, reader, options)
        bringing.store.told = pieces
        try:
            bringing.import_all(files, progress)
        finally:
            bringing.report.write_refused(workspace.reports_folder, job_id)
            drain(workspace, wait_seconds=60)
    return bringing.report


class _Import:
    """One import under way."""

    def __init__(self, workspace: Workspace, reader: Reader, options: ImportOptions) -> None:
        self.workspace = workspace
        self.reader = reader
        self.options = options
        self.report = ImportReport()
        embedder = workspace.embedder
        self.pipeline = Pipeline(
            redactor=workspace_redactor(workspace),
            count_pieces=embedder.count_pieces if embedder else None,
            max_bytes=workspace.settings.max_file_megabytes * 2**20,
            timezone=workspace.settings.timezone,
            ordinary=_words_of_terms(workspace),
        )
        self.redaction = self.pipeline.redactor.stamp
        self.choose = ColumnChooser(options)
        self.safe = SafeNames(self.pipeline.redactor, workspace.pseudonyms)
        self.people: frozenset[str] = frozenset()  # the names that the files have given away so far
        self.beside = NamesBeside(workspace, self.pipeline, self.choose)
        self.called: dict[str, str] = {}  # by what a file was named, the name under which it is stored
        self.store = EvidenceStore(workspace, make_tagger(workspace), self.report, options)
        self.dry_run = DryRun(workspace, self.store, self.report, self.redaction) if options.dry_run else None

    def run(self, paths: Sequence[Path], progress: Progress | None) -> ImportReport:
        job_id = self._start_job(paths)
        try:
            self.import_all([found for path in paths for found in find_files(path)], progress)
        except BaseException:
            self._finish_job(job_id, "failed", paths)
            drain(self.workspace)  # what is stored shall be found all the same
            raise
        self._finish_job(job_id, "done", paths)
        if not self.options.dry_run:
            drain(self.workspace, wait_seconds=60)
        return self.report

    def import_all(self, found: Sequence[FoundFile], progress: Progress | None) -> None:
        """Import these files into their studies."""
        self._import_files(self._files(found), progress)
        self._note_unused()

    def _files(self, all_found: Sequence[FoundFile]) -> dict[str, FoundFile]:
        """The files by name; a second one of the same name cannot be told from a revision and is refused."""
        files: dict[str, FoundFile] = {}
        for found in all_found:
            first = files.setdefault(found.name, found)
            if first.path.resolve() != found.path.resolve():
                self.report.files += 1
                self._refuse(found.name, "another file of this name is imported with it: import their folders instead")
        return files

    def _import_files(self, files: dict[str, FoundFile], progress: Progress | None) -> None:
        studies = self._studies(list(files))
        self._require_seen_after(studies)
        order = [(study, files[name]) for study in studies for name in study.files]
        self.beside.read = lambda name: files[name].read()
        for done, (study, found) in enumerate(order, start=1):
            self._import_file(study, found)
            if progress:
                progress(done, len(order))

    def _require_seen_after(self, studies: Sequence[StudyFiles]) -> None:
        with self.workspace.database.reading() as session:
            keys = {stored_key(session, self.safe, study.key) for study in studies}
            new = keys - set(session.scalars(select(Study.key)))
            self.options.require_seen_after(session, self.reader, bool(new))

    def _note_unused(self) -> None:
        with self.workspace.database.reading() as session:
            unused = self.options.unused(session)
            self.report.near = FactVotes.near(session, self.reader, self.report.unknown)
        self.report.notes.extend(self.pipeline.redactor.redact(note).text for note in unused)

    def _studies(self, names: list[str]) -> list[StudyFiles]:
        title, key = self.options.study_title, self.options.study_key
        if key:
            found = [StudyFiles(key=key, title=title or key, files=tuple(sorted(names)), moment=None)]
        elif title:
            found = [StudyFiles(key=f"title:{title}", title=title, files=tuple(sorted(names)), moment=None)]
        else:
            found = group(sorted(names))
        named = [replace(study, key=self.safe(study.key), title=self.safe.words(study.title)) for study in found]
        return named if key or self.options.job_id is None else [self._apart(study) for study in named]

    def _apart(self, study: StudyFiles) -> StudyFiles:
        """The study, or one of its own where the reader does not see that of its key and is not to learn of it."""
        hidden = Study.id.not_in(visible_studies(self.reader))
        with self.workspace.database.reading() as session:
            stored = stored_key(session, self.safe, study.key)
            if session.scalar(select(Study.id).where(Study.key == stored, hidden)) is None:
                return study
        return replace(study, key=self.safe(f"{study.key} of import {self.options.job_id}"))

    def _import_file(self, study: StudyFiles, found: FoundFile) -> None:
        self.report.files += 1
        try:
            file = SourceFile(found.name, found.read())
        except OSError as error:
            self._refuse(found.name, f"the system does not give it out: {error.strerror}")
            return
        sha256 = hashlib.sha256(file.data).hexdigest()
        name = self.safe(found.name)
        try:
            self._bring(study, file, name, sha256)
        except (Forbidden, MappingError, Unreadable, Unrelated) as error:
            self._refuse(found.name, str(error).removeprefix(f"{file.name}: "))

    def _bring(self, study: StudyFiles, file: SourceFile, name: str, sha256: str) -> None:
        with self.workspace.database.reading() as session:
            before = as_stored(session, self.safe, study, name)
        self.called[file.name] = before.name
        if count := self._already_here(before.study, before.name, sha256):
            self.report.read += count
            self.report.already_here += count
            return
        names = self.beside.of(before.study)
        fewer = self.beside.fewer(before.study)
        prepared = self.pipeline.prepare_again(file, lambda: self.choose.of(file.name), names, fewer)
        self.people |= prepared.names
        beside = self.safe.knowing(names)
        called = without_people(before, self.safe.knowing(prepared.names), beside)
        self.called[file.name] = called.name
        if prepared.document.text:
            self._refuse_unrelated(before, sha256, prepared)
        self.report.note(called.name, prepared)
        if self.dry_run:
            self.dry_run.count(self.reader, before, called.name, sha256, prepared)
        else:
            self._store(file, before, called, prepared, beside)

    def _refuse_unrelated(self, stored: Called, sha256: str, prepared: Prepared) -> None:
        known = identities(self.workspace.pseudonyms, stored.first, prepared.drafts, prepared.earlier)
        known_by = {identity for item in known for identity in (item.identity, *item.earlier)}
        with self.workspace.database.reading() as session:
            if study := find_study(session, stored.study.key, self.reader):
                refuse_unrelated(session, study, stored.name, sha256, self.redaction, known_by)

    def _refuse(self, name: str, cause: str) -> None:
        cause = self.pipeline.redactor.with_names(self.people).redact(cause).text
        self.report.refuse(Refused(self._shown(name), None, "file", cause))

    def _shown(self, name: str) -> str:
        """The name of a file or folder as it may be written down, by all that is known."""
        if name in self.called:
            return self.called[name]
        with self.workspace.database.reading() as session:
            return self.safe.knowing(self.people)(stored_key(session, self.safe, self.safe(name)))

    def _already_here(self, study: StudyFiles, name: str, sha256: str) -> int:
        """How many pieces of evidence the same bytes gave this study before; 0 if they were not wholly stored.

        Raises:
            Forbidden: the reader may not see or change the study.
        """
        if self.dry_run:
            return self.dry_run.already_here(self.reader, study.key, name, sha256)
        with self.workspace.database.writing() as session:
            row = find_study(session, study.key, self.reader)
            document = same_bytes(session, row, name, sha256, self.redaction) if row else None
            if row is None or document is None:
                return 0
            before = on_evidence(row)
            self._apply(session, row, is_new=False)
            renew_evidence(session, row, before)
            self.report.study(row.id, row.title)
            return pieces_of(session, document)

    def _apply(self, session: Session, study: Study, *, is_new: bool) -> None:
        """Set what the user asked for. A form always says something: what is there already keeps what people set."""
        if is_new or self.options.job_id is None:
            self.options.apply_to(session, study, self.reader)

    def _store(self, file: SourceFile, stored: Called, called: Called, prepared: Prepared, beside: SafeNames) -> None:
        sha256 = self.workspace.originals.put(file.data)
        with self.workspace.database.writing() as session:
            if known := find_study(session, stored.study.key, self.reader):
                rename(session, known, stored, called, beside)
            row = known or ensure_study(session, called.study, self.reader)
            before = on_evidence(row)
            self._apply(session, row, is_new=known is None)
            note_facts(row, prepared, called.study.moment)
            renew_evidence(session, row, before)
            original = (sha256, len(file.data))
            document = start_document(session, row, called.name, original, prepared.document, self.redaction)
            study_id, document_id = row.id, document.id
            self.report.study(row.id, row.title)
        self.store.store(study_id, document_id, called.name, called.first, prepared.drafts, prepared.earlier)
        with self.workspace.database.writing() as session:
            self.report.withdrawn += finish_document(session, document_id)

    def _start_job(self, paths: Sequence[Path]) -> int | None:
        if self.options.dry_run:
            return None
        with self.workspace.database.writing() as session:
            for left in session.scalars(select(Job).where(Job.kind == "import", Job.state == "running")):
                left.state = "interrupted"  # we hold the import lock, so its process is gone
            # the name of a file or folder may be that of a person whom only reading it makes known
            names = ["*" if path.is_dir() else f"*{path.suffix}" for path in paths]
            job = Job(kind="import", user_id=self.reader.user_id, arguments={"paths": names})
            session.add(job)
            session.flush()
            return job.id

    def _finish_job(self, job_id: int | None, state: str, paths: Sequence[Path]) -> None:
        self.report.write_refused(self.workspace.reports_folder, job_id)
        if job_id is None:
            return
        with self.workspace.database.writing() as session:
            job = session.get_one(Job, job_id)
            job.state, job.finished_at, job.report = state, utcnow(), self.report.as_dict()
            job.arguments = {"paths": [self._shown(path.name) for path in paths]}


def _words_of_terms(workspace: Workspace) -> frozenset[str]:
    """The words that the taxonomy calls its terms by, in small letters: they are nobody's name."""
    with workspace.database.reading() as session:
        called = session.execute(select(Term.name, Term.aliases)).tuples().all()
    texts = (text for name, aliases in called for text in (name, *aliases))
    return frozenset(word for text in texts for word in re.findall(r"\w+", text.casefold()))


def find_files(path: Path) -> list[FoundFile]:
    """The files of a path, recursively and in order; hidden files, lock files and links are left out."""
    if path.is_file():
        return [FoundFile(path, path.name)]
    root = path.resolve()
    found = (item for item in sorted(root.rglob("*")) if item.is_file() and not item.is_symlink())
    named = (FoundFile(item, item.relative_to(root.parent).as_posix()) for item in found)
    return [file for file in named if not is_ignored(file.name)]
