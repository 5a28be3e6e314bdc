"""Importing: files and folders become studies, documents and evidence, with a report. Importing again changes nothing.

Each file is read, redacted and cut by `ingest.pipeline`; its evidence is stored in short transactions. A process that
is killed leaves a document marked incomplete; the same import finds what is there by identity and finishes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from sqlalchemy import func, select

from ingest.pipeline import Pipeline, Prepared, Refused
from ingest.readers import is_ignored
from ingest.readers.base import SourceFile, Unreadable
from ingest.redact import Redactor
from ingest.studies import StudyFiles, group
from ingest.verbatims import MappingError
from insightrepo.accounts.access import Reader
from insightrepo.library.column_choice import ColumnChooser
from insightrepo.library.import_options import ImportOptions
from insightrepo.library.import_report import ImportReport
from insightrepo.library.indexing import drain
from insightrepo.library.storing import EvidenceStore
from insightrepo.library.study_facts import ensure_study, finish_document, note_facts, start_document
from insightrepo.library.tagging import make_tagger
from insightrepo.models import Document, Job, Place, Study, utcnow
from insightrepo.workspace import Workspace

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class FoundFile:
    """A file to import: where it is, and its name relative to what the user named."""

    path: Path
    name: str


def import_paths(
    workspace: Workspace,
    reader: Reader,
    paths: Sequence[Path],
    options: ImportOptions,
    progress: Progress | None = None,
) -> ImportReport:
    """Import files and folders as this reader; one import runs at a time, another waits.

    What cannot be read is refused by name and cause, in the report; the rest goes in.

    Raises:
        Forbidden: the reader may not import, publish, or change one of the studies.
        MappingError: the mapping file is wrong.
    """
    reader.require("researcher" if options.publish else "contributor")
    with FileLock(workspace.home / "import.lock"):
        return _Import(workspace, reader, options).run(paths, progress)


class _Import:
    """One import under way."""

    def __init__(self, workspace: Workspace, reader: Reader, options: ImportOptions) -> None:
        self.workspace = workspace
        self.reader = reader
        self.options = options
        self.report = ImportReport()
        embedder = workspace.embedder
        self.pipeline = Pipeline(
            redactor=Redactor(_names(workspace), workspace.settings.phone_region),
            count_pieces=embedder.count_pieces if embedder else None,
            max_bytes=workspace.settings.max_file_megabytes * 2**20,
            timezone=workspace.settings.timezone,
        )
        self.choose = ColumnChooser(options)
        self.store = EvidenceStore(workspace, make_tagger(workspace), self.report, options)

    def run(self, paths: Sequence[Path], progress: Progress | None) -> ImportReport:
        files = {found.name: found for path in paths for found in find_files(path)}
        job_id = self._start_job(paths)
        try:
            self._import_files(files, progress)
        except BaseException:
            self._finish_job(job_id, "failed")
            raise
        self._note_unused()
        self._finish_job(job_id, "done")
        if not self.options.dry_run:
            drain(self.workspace, wait_seconds=60)
        return self.report

    def _import_files(self, files: dict[str, FoundFile], progress: Progress | None) -> None:
        order = [(study, files[name]) for study in self._studies(list(files)) for name in study.files]
        for done, (study, found) in enumerate(order, start=1):
            self._import_file(study, found)
            if progress:
                progress(done, len(order))

    def _note_unused(self) -> None:
        with self.workspace.database.reading() as session:
            self.report.notes.extend(self.options.unused(session, self.choose.used))

    def _studies(self, names: list[str]) -> list[StudyFiles]:
        title = self.options.study_title
        if title:
            return [StudyFiles(key=f"title:{title}", title=title, files=tuple(sorted(names)), moment=None)]
        return group(sorted(names))

    def _import_file(self, study: StudyFiles, found: FoundFile) -> None:
        file = SourceFile(found.name, found.path.read_bytes())
        shown = self.pipeline.redactor.redact(found.name).text
        self.report.files += 1
        sha256 = hashlib.sha256(file.data).hexdigest()
        if count := self._already_here(sha256, study):
            self.report.read += count
            self.report.already_here += count
            return
        try:
            prepared = self.pipeline.prepare(file, self.choose)
        except (Unreadable, MappingError) as error:
            cause = str(error).removeprefix(f"{file.name}: ")
            self.report.refuse(Refused(shown, None, "file", self.pipeline.redactor.redact(cause).text))
            return
        self.report.note(shown, prepared)
        if self.options.dry_run:
            self.store.count_only(study.key, shown, prepared.drafts)
        else:
            self._store(study, file, shown, prepared)

    def _already_here(self, sha256: str, study: StudyFiles) -> int:
        """How many pieces of evidence the same bytes gave before; 0 if they were not wholly stored."""
        with self.workspace.database.writing() as session:
            query = select(Document).where(Document.sha256 == sha256, Document.complete).order_by(Document.id)
            document = session.scalars(query).first()
            if document is None:
                return 0
            owner = session.get_one(Study, document.study_id)
            if not self.options.dry_run:
                self.options.apply_to(session, owner, self.reader)
            self.report.study(owner.id, owner.title)
            count = select(func.count()).select_from(Place).where(Place.document_id == document.id)
            return session.scalar(count) or 0

    def _store(self, study: StudyFiles, file: SourceFile, name: str, prepared: Prepared) -> None:
        sha256 = self.workspace.originals.put(file.data)
        with self.workspace.database.writing() as session:
            row = ensure_study(session, study, self.reader, self.options)
            note_facts(row, prepared, study.moment)
            document = start_document(session, row, name, sha256, len(file.data), prepared.document)
            study_id, document_id = row.id, document.id
            self.report.study(row.id, row.title)
        self.store.store(study_id, document_id, name, prepared.drafts)
        with self.workspace.database.writing() as session:
            self.report.withdrawn += finish_document(session, document_id)

    def _start_job(self, paths: Sequence[Path]) -> int | None:
        if self.options.dry_run:
            return None
        redact = self.pipeline.redactor.redact
        with self.workspace.database.writing() as session:
            for left in session.scalars(select(Job).where(Job.kind == "import", Job.state == "running")):
                left.state = "interrupted"  # we hold the import lock, so its process is gone
            names = [redact(path.name).text for path in paths]
            job = Job(kind="import", user_id=self.reader.user_id, arguments={"paths": names})
            session.add(job)
            session.flush()
            return job.id

    def _finish_job(self, job_id: int | None, state: str) -> None:
        self.report.write_refused(self.workspace.reports_folder, job_id)
        if job_id is None:
            return
        with self.workspace.database.writing() as session:
            job = session.get_one(Job, job_id)
            job.state, job.finished_at, job.report = state, utcnow(), self.report.as_dict()


def find_files(path: Path) -> list[FoundFile]:
    """The files of a path, recursively and in order; hidden files, lock files and links are left out."""
    if path.is_file():
        return [FoundFile(path, path.name)]
    root = path.resolve()
    found = (item for item in sorted(root.rglob("*")) if item.is_file() and not item.is_symlink())
    named = (FoundFile(item, item.relative_to(root.parent).as_posix()) for item in found)
    return [file for file in named if not is_ignored(file.name)]


def _names(workspace: Workspace) -> list[str]:
    """The names that redaction removes everywhere, from the file that the settings name."""
    path = workspace.settings.names_file
    return path.read_text(encoding="utf-8").splitlines() if path else []
