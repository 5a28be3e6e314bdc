"""Comparing and rebuilding the indexes as jobs that an administrator starts in the browser and that run aside."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.accounts.audit import record
from insightrepo.accounts.people import require_administration
from insightrepo.library.imports.import_jobs import UNDER_WAY, NotNow, is_runner_alive, words_of
from insightrepo.library.indexing import checking, indexing
from insightrepo.library.indexing.background import ask_for
from insightrepo.locales import moment
from insightrepo.models import Job, utcnow
from insightrepo.workspace import Workspace

CHECK, REINDEX = "check", "reindex"
KINDS = (CHECK, REINDEX)
MOST_PROBLEMS = 50  # that a job keeps


@dataclass(frozen=True)
class UpkeepShown:
    """The latest job of a kind; `problems` is None until a check has ended."""

    kind: str
    state: str
    started: str
    finished: str
    words: str
    problems: tuple[str, ...] | None

    @property
    def under_way(self) -> bool:
        """Whether it waits or runs."""
        return self.state in UNDER_WAY


def start_upkeep(workspace: Workspace, reader: Reader, kind: str) -> None:
    """Let a check or a rebuild run aside.

    Raises:
        Forbidden: the reader does not administrate.
        NotNow: one is under way.
    """
    require_administration(reader)
    with workspace.database.writing() as session:
        latest = latest_upkeep(workspace, session, kind)
        if latest and latest.under_way:
            raise NotNow(f"a {kind} is under way")
        job = Job(kind=kind, state="waiting", user_id=reader.user_id)
        session.add(job)
        session.flush()
        record(session, reader.user_id, f"index.{kind}", f"job:{job.id}")
    ask_for(workspace, "jobs", "run")


def latest_upkeep(workspace: Workspace, session: Session, kind: str) -> UpkeepShown | None:
    """The latest job of a kind, None where there was none; one that waits and nobody is at is started."""
    job = session.scalar(select(Job).where(Job.kind == kind).order_by(Job.id.desc()).limit(1))
    if job is None:
        return None
    state = job.state
    if state in UNDER_WAY and not is_runner_alive(workspace):
        if state == "waiting":
            ask_for(workspace, "jobs", "run")
        else:
            state = "interrupted"
    problems = job.report.get("problems")
    ended = moment(job.finished_at) if job.finished_at else ""
    words = words_of(job.report) if problems is None else ""
    return UpkeepShown(kind, state, moment(job.started_at), ended, words, None if problems is None else tuple(problems))


def run_upkeep(workspace: Workspace, kind: str) -> dict[str, object]:
    """Do it; what came of it, as the job's report."""
    if kind == CHECK:
        problems = checking.check(workspace)
        more = [f"and {len(problems) - MOST_PROBLEMS} more"] if len(problems) > MOST_PROBLEMS else []
        return {"problems": problems[:MOST_PROBLEMS] + more}
    count = indexing.rebuild(workspace)
    indexing.maintain(workspace)
    return {"indexed": count, "at": utcnow().isoformat()}
