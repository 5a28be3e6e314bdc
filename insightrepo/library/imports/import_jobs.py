"""Imports that are sent in the browser: files sealed, choices kept in a job, and the steps from one state to the next.

A job is *prepared* (its mapping can be corrected), *waiting*, *running* (or *cancelling*), then *done*, *failed*,
*interrupted* (its process is gone) or *cancelled*; from the last three, and after a dry run, it can be started again.
`insightrepo.library.indexing.job_runner` runs what waits. Job rows hold nothing personal: names of files are redacted,
and the files themselves are sealed uploads of their sender.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ingest.archives import SUFFIX, unpack
from ingest.readers.base import SourceFile, Unreadable
from ingest.redact import Redactor
from insightrepo.accounts.access import Reader, visible_studies, visible_terms
from insightrepo.accounts.people import require_administration
from insightrepo.library.imports.import_options import may_change
from insightrepo.library.imports.import_preview import preview
from insightrepo.library.imports.safe_names import SafeNames, workspace_redactor
from insightrepo.library.imports.study_facts import TITLE
from insightrepo.library.imports.titles import title_found
from insightrepo.library.imports.uploads import Upload
from insightrepo.library.indexing.background import ask_for
from insightrepo.library.reading import NotVisible
from insightrepo.library.studies.study_states import seen_study
from insightrepo.locales import grouped, moment
from insightrepo.models import Job, Segment, Study, User, utcnow
from insightrepo.workspace import Workspace

KIND = "upload"
RUN_ASIDE = (KIND, "check", "reindex")  # the kinds that `insightrepo jobs run` runs
PURPOSE = "study import"
LOCK = "jobs.lock"
MOST_FILES = 300
UNPACKED = 4  # times the size limit of a file: what the archives of one import may unpack to
STARTABLE = ("prepared", "failed", "interrupted", "cancelled")
UNDER_WAY = ("waiting", "running", "cancelling")
LISTED = 20
TYPED = ("title", "method", "stage", "sharing_terms")


class ImportRefused(ValueError):
    """The files cannot be taken; the message says why and what to do."""


class TitleTaken(ImportRefused):
    """A study of this title is there; `study_id` is one that the reader may add to instead, None: they may not."""

    def __init__(self, title: str, study_id: int | None) -> None:
        super().__init__("a study of this title is here already: give yours another")
        self.title, self.study_id = title, study_id


class NotNow(Exception):
    """The job is in another state by now; the message says which."""


@dataclass(frozen=True)
class JobShown:
    """A job as its page needs it. `state` is *interrupted* where it says running and no process is at it."""

    id: int
    state: str
    user_id: int | None
    arguments: Mapping[str, Any]
    report: Mapping[str, Any]
    started: str
    finished: str

    @property
    def files(self) -> Sequence[Mapping[str, Any]]:
        """The files: safe name, size, and what is guessed of each."""
        return self.arguments.get("files", ())

    @property
    def is_trial(self) -> bool:
        """Whether what was started last is a dry run."""
        return bool(self.arguments.get("dry_run"))


def prepare_import(workspace: Workspace, reader: Reader, sent: Sequence[SourceFile], options: dict[str, Any]) -> int:
    """Take files: archives are unpacked, each file is sealed and its tables looked at; the id of the job.

    Raises:
        Forbidden: the reader may not import, or not add to the study that the settings name.
        NotVisible: there is no such study that the reader may see.
        TitleTaken: the reader sees a study of this title already.
        ImportRefused: no file, too many, an archive that cannot be taken, or two files of one name.
    """
    reader.require("contributor")
    sweep_imports(workspace)
    redactor = workspace_redactor(workspace)
    safe = SafeNames(redactor, workspace.pseudonyms)
    with workspace.database.reading() as session:
        if options.get("study") is not None:
            seen_study(session, reader, options["study"])
        dimensions = list(session.scalars(select(Segment.dimension).where(Segment.id.in_(visible_terms(reader)))))
    most = workspace.settings.max_file_megabytes * 2**20
    files = _unpacked(sent, most)
    found = title_found(files, redactor, workspace.pseudonyms, most)
    options = _titled(options, found)
    with workspace.database.reading() as session:
        _require_free_title(session, reader, safe, options)
    kept = []
    for file in files:
        token = workspace.uploads.put(reader.user_id, Upload(file.name, file.data, PURPOSE))
        looked = preview(file, redactor, most, dimensions)
        kept.append({"token": token, "name": safe(file.name), "size": len(file.data), **looked})
    arguments = {
        "paths": [file["name"] for file in kept],
        "files": kept,
        "options": _redacted(redactor, options),
        "title_found": found,
        "dry_run": False,
    }
    with workspace.database.writing() as session:
        job = Job(kind=KIND, state="prepared", user_id=reader.user_id, arguments=arguments)
        session.add(job)
        session.flush()
        return job.id


def own_key(job_id: int) -> str:
    """What the study that an import makes by its title is known by: never that of another study."""
    return f"import:{job_id}"


def _require_free_title(session: Session, reader: Reader, safe: SafeNames, options: Mapping[str, Any],
                        job_id: int | None = None) -> None:  # fmt: skip
    """Raises TitleTaken where the reader sees another study of this title; of hidden ones nothing is said."""
    title = safe.words(options.get("title") or "")[:TITLE]
    same = (Study.title == title) | (func.lower(Study.title) == title.lower())
    query = select(Study).where(same, Study.id.in_(visible_studies(reader))).order_by(Study.id)
    if job_id is not None:
        query = query.where(Study.key != own_key(job_id))
    if title and (there := session.scalars(query).all()):
        raise TitleTaken(title, next((study.id for study in there if may_change(study, reader)), None))


def _titled(options: Mapping[str, Any], found: str) -> dict[str, Any]:
    """The settings; one new study that is given no title is called as its files say."""
    untitled = options.get("study") is None and options.get("shape") == "one" and not options.get("title")
    return {**options, "title": found} if untitled else dict(options)


def _redacted(redactor: Redactor, options: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without personal data in what is typed."""
    typed = {name: redactor.redact(options[name]).text for name in TYPED if options.get(name)}
    return {**options, **typed}


def _unpacked(sent: Sequence[SourceFile], max_bytes: int) -> list[SourceFile]:
    found: list[SourceFile] = []
    left = UNPACKED * max_bytes  # of all archives together, so that many small ones are no way around it
    for file in sent:
        if len(found) >= MOST_FILES:
            raise ImportRefused(
                f"these are more than {MOST_FILES} files, the most that is taken at once: send some later"
            )
        if file.suffix != SUFFIX:
            found.append(file)
            continue
        try:
            inside = unpack(file, MOST_FILES - len(found), left)
        except Unreadable as error:
            raise ImportRefused(f"{file.name}: {error}") from error
        left -= sum(len(one.data) for one in inside)
        found += _in_one_folder(file.name, inside)
    if not found:
        raise ImportRefused("choose at least one file")
    names = [file.name for file in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ImportRefused(f"two files are called {twice}: put them into folders of one ZIP archive")
    return found


def _in_one_folder(name: str, files: Sequence[SourceFile]) -> list[SourceFile]:
    """What an archive holds loosely stands in a folder of its name, as if its folder had been imported."""
    if len({file.name.split("/")[0] for file in files if "/" in file.name}) == 1 and all("/" in f.name for f in files):
        return list(files)
    stem = PurePosixPath(name).stem
    return [SourceFile(f"{stem}/{file.name}", file.data) for file in files]


def may_see_job(reader: Reader, user_id: int | None) -> bool:
    """Whether a job is the reader's to see: their own, or any for an administrator without limits."""
    return user_id == reader.user_id or (reader.at_least("administrator") and reader.may_change_global)


def read_job(workspace: Workspace, session: Session, reader: Reader, job_id: int) -> JobShown:
    """A job of an import in the browser.

    Raises:
        NotVisible: there is none that the reader may see.
    """
    job = session.get(Job, job_id)
    if job is None or job.kind != KIND or not may_see_job(reader, job.user_id):
        raise NotVisible(f"job {job_id}")
    return shown(workspace, job)


def shown(workspace: Workspace, job: Job) -> JobShown:
    """The job with the state that it is really in."""
    state = job.state
    if state in ("running", "cancelling") and not is_runner_alive(workspace):
        state = "interrupted"
    ended = moment(job.finished_at) if job.finished_at else ""
    return JobShown(job.id, state, job.user_id, job.arguments, job.report, moment(job.started_at), ended)


def list_jobs(workspace: Workspace, session: Session, reader: Reader) -> list[JobShown]:
    """The reader's own latest imports, newest first; what was forgotten is left out."""
    query = select(Job).where(Job.kind == KIND, Job.user_id == reader.user_id, Job.state != "forgotten")
    return [shown(workspace, job) for job in session.scalars(query.order_by(Job.id.desc()).limit(LISTED))]


@dataclass(frozen=True)
class JobLine:
    """A job in a list of all; `words` say what came of it."""

    id: int
    kind: str
    state: str
    who: str
    started: str
    finished: str
    words: str

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return self.__dict__.copy()


def list_all_jobs(workspace: Workspace, session: Session, reader: Reader, most: int = 50) -> list[JobLine]:
    """The latest jobs of everybody, newest first; without the names of files, which their studies may hide.

    Raises:
        Forbidden: the reader is not an administrator without limits.
    """
    require_administration(reader)
    query = select(Job, User.email).outerjoin(User, User.id == Job.user_id).where(Job.state != "forgotten")
    rows = session.execute(query.order_by(Job.id.desc()).limit(most)).all()
    by_us = [job.kind in RUN_ASIDE for job, _ in rows]
    return [_line(shown(workspace, job) if ours else job, job, email)
            for ours, (job, email) in zip(by_us, rows, strict=True)]  # fmt: skip


def _line(state: JobShown | Job, job: Job, email: str | None) -> JobLine:
    ended = moment(job.finished_at) if job.finished_at else ""
    return JobLine(job.id, job.kind, state.state, email or "", moment(job.started_at), ended,
                   words_of(job.report))  # fmt: skip


def words_of(report: Mapping[str, Any]) -> str:
    """What came of a job, in words: its cause, its counts, or how far it is."""
    if report.get("cause"):
        return str(report["cause"])
    if "indexed" in report:
        return f"indexed {grouped(report['indexed'])} pieces of evidence"
    if "problems" in report:
        return f"{len(report['problems'])} differences" if report["problems"] else "nothing differs"
    if "read" in report:
        names = (("stored", "stored"), ("already here", "already_here"), ("refused", "refused"))
        return ", ".join(f"{grouped(report.get(key, 0))} {name}" for name, key in names)
    progress = report.get("progress")
    return f"{progress['done']} of {progress['of']} files" if progress and progress["of"] else ""


def is_runner_alive(workspace: Workspace) -> bool:
    """Whether some process runs jobs of this workspace."""
    try:
        with FileLock(workspace.home / LOCK).acquire(timeout=0):
            return False
    except Timeout:
        return True


def look_after(workspace: Workspace, job: JobShown) -> None:
    """Start the runner where a job waits and nobody is at it; called by whoever looks at the job."""
    if job.state == "waiting" and not is_runner_alive(workspace):
        ask_for(workspace, "jobs", "run")


def change_choices(workspace: Workspace, reader: Reader, job_id: int, options: dict[str, Any],
                   choices: Mapping[tuple[int, int], dict[str, Any]]) -> None:  # fmt: skip
    """Keep the settings and the mapping of each table, by the places of file and table.

    Raises:
        NotVisible, NotNow.
        TitleTaken: as `prepare_import`.
    """
    redactor = workspace_redactor(workspace)
    with workspace.database.writing() as session:
        job = _own(workspace, session, reader, job_id, STARTABLE)
        options = _titled(options, job.arguments.get("title_found", ""))
        _require_free_title(session, reader, SafeNames(redactor, workspace.pseudonyms), options, job_id)
        files = [dict(file) for file in job.arguments["files"]]
        for (place, number), choice in choices.items():
            tables = [dict(table) for table in files[place]["tables"]]
            tables[number]["choice"] = choice
            files[place]["tables"] = tables
        options = _redacted(redactor, options)
        job.arguments = {**job.arguments, "files": files, "options": options}


def start_job(workspace: Workspace, reader: Reader, job_id: int, *, dry_run: bool = False) -> None:
    """Let a job run, or go on where it was broken off; a process of its own begins with it.

    Raises:
        NotVisible, NotNow.
    """
    with workspace.database.writing() as session:
        job = _own(workspace, session, reader, job_id, STARTABLE)
        if job.arguments.get("files_gone"):
            raise NotNow("its files are not here any more: send them again")
        since = job.arguments.get("since") or utcnow().isoformat()  # what is stored from here on is this import's
        job.arguments = {**job.arguments, "dry_run": dry_run, **({} if dry_run else {"since": since})}
        job.state, job.report, job.finished_at = "waiting", {}, None
        job.started_at = utcnow()
    ask_for(workspace, "jobs", "run")


def cancel_job(workspace: Workspace, reader: Reader, job_id: int) -> None:
    """Stop a job: at once where it waits, else at the next file or batch. What is stored stays.

    Raises:
        NotVisible, NotNow.
    """
    with workspace.database.writing() as session:
        job = _own(workspace, session, reader, job_id, UNDER_WAY)
        job.state = "cancelled" if job.state == "waiting" else "cancelling"


def forget_job(workspace: Workspace, reader: Reader, job_id: int) -> None:
    """Forget a job that is not under way, and remove its files.

    Raises:
        NotVisible, NotNow.
    """
    with workspace.database.writing() as session:
        job = _own(workspace, session, reader, job_id, STARTABLE)
        tokens = [file["token"] for file in job.arguments["files"]]
        job.state, job.finished_at = "forgotten", utcnow()
        job.arguments = {"paths": job.arguments["paths"]}
    for token in tokens:
        workspace.uploads.remove(token)


def sweep_imports(workspace: Workspace) -> None:
    """Remove uploads that were kept for their time, and with them the cells that their jobs show.

    A job that never ran is forgotten; another one keeps what came of it, and cannot be started again.
    """
    workspace.uploads.sweep()
    with workspace.database.writing() as session:
        left = select(Job).where(Job.kind == KIND, Job.state.in_(STARTABLE))
        for job in session.scalars(left):
            files = job.arguments.get("files", ())
            if not files or all(workspace.uploads.has(file["token"]) for file in files):
                continue
            if job.state == "prepared":
                job.state, job.finished_at = "forgotten", utcnow()
                job.arguments = {"paths": job.arguments["paths"]}
            else:
                job.arguments = {**job.arguments, "files_gone": True, "files": [_without_cells(file) for file in files]}


def _without_cells(file: Mapping[str, Any]) -> dict[str, Any]:
    tables = [{**table, "samples": [[] for _ in table["columns"]]} for table in file.get("tables", ())]
    return {**file, "tables": tables} if "tables" in file else dict(file)


def _own(workspace: Workspace, session: Session, reader: Reader, job_id: int, states: Sequence[str]) -> Job:
    job = session.get(Job, job_id)
    if job is None or job.kind != KIND or not may_see_job(reader, job.user_id):
        raise NotVisible(f"job {job_id}")
    state = shown(workspace, job).state
    if state not in states:
        raise NotNow(f"this import is {state} by now")
    return job
