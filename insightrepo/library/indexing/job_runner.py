"""Runs the jobs that wait, one after the other, in the process of `insightrepo jobs run`: imports, checks, rebuilds."""

from __future__ import annotations

import logging
import time
import traceback
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.dates import parse_moment
from ingest.verbatims import MappingError
from insightrepo.accounts.access import Forbidden, Reader, reader_for
from insightrepo.library.imports.import_jobs import LOCK, PURPOSE, RUN_ASIDE, own_key, sweep_imports
from insightrepo.library.imports.import_options import ImportOptions
from insightrepo.library.imports.import_preview import from_json
from insightrepo.library.imports.import_report import ImportReport
from insightrepo.library.imports.importing import FoundFile, import_files
from insightrepo.library.imports.safe_names import workspace_redactor
from insightrepo.library.imports.uploads import UploadMissing
from insightrepo.library.indexing.upkeep_jobs import KINDS as UPKEEP
from insightrepo.library.indexing.upkeep_jobs import run_upkeep
from insightrepo.models import Job, Study, User, utcnow
from insightrepo.workspace import Workspace

log = logging.getLogger(__name__)

REFUSED_SHOWN = 100  # refused rows that a job keeps; the file has all
TOLD_SECONDS = 0.5  # between two notes of how far it is


class Cancelled(Exception):
    """Somebody wants the job to stop."""


def run_waiting(workspace: Workspace) -> list[int]:
    """Run every job that waits; the ids of those that ran. Nothing where another process is at it."""
    done = []
    try:
        with FileLock(workspace.home / LOCK).acquire(timeout=1):  # who only looks holds it for a moment
            _mark_interrupted(workspace)
            sweep_imports(workspace)
            while (job_id := _next(workspace)) is not None:
                _run(workspace, job_id)
                done.append(job_id)
    except Timeout:
        log.info("another process runs the jobs")
    return done


def _mark_interrupted(workspace: Workspace) -> None:
    """We hold the lock, so whatever says that it is running has lost its process."""
    with workspace.database.writing() as session:
        left = select(Job).where(Job.kind.in_(RUN_ASIDE), Job.state.in_(("running", "cancelling")))
        for job in session.scalars(left):
            job.state = "interrupted"


def _next(workspace: Workspace) -> int | None:
    with workspace.database.writing() as session:
        waiting = select(Job).where(Job.kind.in_(RUN_ASIDE), Job.state == "waiting")
        job = session.scalar(waiting.order_by(Job.started_at, Job.id).limit(1))
        if job is None:
            return None
        job.state = "running"
        return job.id


def _run(workspace: Workspace, job_id: int) -> None:
    with workspace.database.reading() as session:
        kind = session.get_one(Job, job_id).kind
    try:
        if kind in UPKEEP:
            _finish(workspace, job_id, "done", run_upkeep(workspace, kind))
            return
        report = _import(workspace, job_id)
    except Cancelled:
        _finish(workspace, job_id, "cancelled", {"cause": "stopped by a person; what was stored before stays"})
    except (Forbidden, MappingError, UploadMissing, OSError) as error:
        _failed(workspace, job_id, str(error), gone=isinstance(error, UploadMissing))
    except Exception as error:  # whatever it is, the page must say that it ended, and the next job must run
        log.error("job %s failed: %s", job_id, _place(error))
        _failed(workspace, job_id, f"{type(error).__name__}: the log of the jobs says more")
    else:
        _well(workspace, job_id, report)


def _place(error: BaseException) -> str:
    """What went wrong and where in the code. Not its message: readers of files quote cells in theirs."""
    calls = traceback.extract_tb(error.__traceback__)
    where = " > ".join(f"{Path(call.filename).name}:{call.lineno} {call.name}" for call in calls)
    return f"{type(error).__module__}.{type(error).__qualname__} at {where}"


def _import(workspace: Workspace, job_id: int) -> ImportReport:
    with workspace.database.reading() as session:
        job = session.get_one(Job, job_id)
        user = session.get(User, job.user_id)
        if user is None or not user.active:
            raise Forbidden("whoever sent it has no active account any more")
        reader, arguments = reader_for(session, user), job.arguments
        key = _study_key(session, arguments["options"], job_id)
    files = [_found(workspace, reader, number, file["token"]) for number, file in enumerate(arguments["files"])]
    names = [file.name for file in files]
    tables = {
        name: [from_json(table.get("choice") or table["guess"]) for table in file["tables"]]
        for name, file in zip(names, arguments["files"], strict=True)
        if "tables" in file
    }
    options = import_options(arguments["options"], arguments["dry_run"], tables, key, job_id)
    told = _Told(workspace, job_id, len(files))
    return import_files(workspace, reader, files, options, job_id, told.files, told.pieces)


def _study_key(session: Session, options: dict[str, Any], job_id: int) -> str | None:
    """The key of the study that the files go into; None: each folder is one."""
    if options.get("study"):
        return session.scalar(select(Study.key).where(Study.id == options["study"]))
    return own_key(job_id) if options.get("title") else None


def _found(workspace: Workspace, reader: Reader, number: int, token: str) -> FoundFile:
    """A sealed file; it is opened twice, for its name and for its bytes, so that one at a time is in memory."""
    name = workspace.uploads.read(reader.user_id, token, PURPOSE).name
    return FoundFile(
        Path(f"/upload/{number}"), name, lambda: workspace.uploads.read(reader.user_id, token, PURPOSE).data
    )


def import_options(
    chosen: dict[str, Any], dry_run: bool, tables: dict[str, Any], key: str | None, job_id: int
) -> ImportOptions:
    """The options of an import as a job keeps them (see `insightrepo.web.importing`)."""
    started, ended = (parse_moment(chosen[name]) if chosen.get(name) else None for name in ("started", "ended"))
    texts = {name: chosen.get(name) or None for name in ("method", "level", "stage", "sensitivity", "sharing_terms")}
    return ImportOptions(
        **texts,
        study_title=chosen.get("title") or None,
        study_key=key,
        job_id=job_id,
        started=started,
        ended=ended.last_day if ended else None,
        participants_n=chosen.get("participants_n"),
        products=tuple(chosen.get("products", ())),
        segments=tuple(chosen.get("segments", ())),
        team_id=chosen.get("team_id") or None,
        publish=bool(chosen.get("publish")),
        dry_run=dry_run,
        tables=tables,
    )


class _Told:
    """Notes in the job how far it is, and looks whether somebody wants it to stop."""

    def __init__(self, workspace: Workspace, job_id: int, files: int) -> None:
        self._workspace, self._job_id = workspace, job_id
        self._at = 0.0
        self._progress: dict[str, int] = {"done": 0, "of": files}

    def files(self, done: int, of: int) -> None:
        """So many files are done."""
        self._progress = {"done": done, "of": of}
        self._note(done == of)

    def pieces(self, done: int, of: int) -> None:
        """So many pieces of evidence of the file under way are stored."""
        self._progress = {**self._progress, "pieces": done, "of_pieces": of}
        self._note(False)

    def _note(self, at_once: bool) -> None:
        if not at_once and time.monotonic() - self._at < TOLD_SECONDS:
            return
        self._at = time.monotonic()
        with self._workspace.database.writing() as session:
            job = session.get_one(Job, self._job_id)
            if job.state == "cancelling":
                raise Cancelled
            job.report = {"progress": self._progress}


def _well(workspace: Workspace, job_id: int, report: ImportReport) -> None:
    with workspace.database.reading() as session:
        arguments = session.get_one(Job, job_id).arguments
    rows = [[row.file, row.row, row.field, row.cause] for row in report.refused_rows[:REFUSED_SHOWN]]
    found = {**report.as_dict(), "refused_rows": rows, "dry_run": arguments["dry_run"]}
    if arguments["dry_run"]:
        _finish(workspace, job_id, "prepared", found)
        return
    _finish(workspace, job_id, "done", found, forget_files=True)
    for file in arguments["files"]:
        workspace.uploads.remove(file["token"])


def _failed(workspace: Workspace, job_id: int, cause: str, gone: bool = False) -> None:
    _finish(workspace, job_id, "failed", {"cause": workspace_redactor(workspace).redact(cause).text}, files_gone=gone)


def _finish(
    workspace: Workspace, job_id: int, state: str, report: dict[str, Any], *, forget_files: bool = False,
    files_gone: bool = False,
) -> None:  # fmt: skip
    with workspace.database.writing() as session:
        job = session.get_one(Job, job_id)
        job.state, job.report, job.finished_at = state, report, utcnow()
        if forget_files:
            job.arguments = {name: job.arguments[name] for name in ("paths", "options", "dry_run", "since")}
        elif files_gone:
            job.arguments = {**job.arguments, "files_gone": True}
