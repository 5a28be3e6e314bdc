"""A study from draft to published to withdrawn, and back: who may do it, with what reason, on record."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.redact import Redactor
from insightrepo.accounts.access import Forbidden, Reader, visible_studies
from insightrepo.accounts.audit import record
from insightrepo.library.imports.import_options import may_change
from insightrepo.library.reading import NotVisible
from insightrepo.models import Study

REASON = 500  # characters


class StateRefused(ValueError):
    """The study cannot take this step; the message says why."""


@dataclass(frozen=True)
class Steps:
    """What the reader may do with a study now."""

    publish: bool
    withdraw: bool
    bring_back: bool
    edit: bool


def steps_of(reader: Reader, state: str, owner_id: int | None) -> Steps:
    """What a reader who sees the study may do with it."""
    researcher = reader.at_least("researcher")
    changes = researcher or (owner_id == reader.user_id and reader.at_least("contributor"))
    return Steps(
        publish=state == "draft" and researcher,
        withdraw=state != "withdrawn" and changes,
        bring_back=state == "withdrawn" and changes,
        edit=changes,
    )


def seen_study(session: Session, reader: Reader, study_id: int, *, lock: bool = False) -> Study:
    """The study, if the reader sees it and may change it; `lock` keeps others from changing it meanwhile.

    Raises:
        NotVisible: there is none that the reader may see.
        Forbidden: the reader sees it and may not change it.
    """
    query = select(Study).where(Study.id == study_id, Study.id.in_(visible_studies(reader)))
    study = session.scalar(query.with_for_update() if lock else query)
    if study is None:
        raise NotVisible(f"study {study_id}")
    reader.require("contributor")
    if not may_change(study, reader):
        raise Forbidden("only its owner and researchers may change a study")
    return study


def publish(session: Session, reader: Reader, study_id: int) -> None:
    """Let everybody whose clearance and scopes allow it see a draft.

    Raises:
        NotVisible: as `seen_study`.
        Forbidden: the reader is not a researcher.
        StateRefused: it is no draft.
    """
    study = seen_study(session, reader, study_id, lock=True)
    reader.require("researcher")
    if study.state != "draft":
        raise StateRefused(f"it is {study.state} already")
    study.state, study.state_reason = "published", ""
    record(session, reader.user_id, "study.publish", f"study:{study.id}")


def withdraw(session: Session, reader: Reader, study_id: int, reason: str, redactor: Redactor) -> None:
    """Take a study out of everybody's sight but its owner's and administrators', with a reason that stays.

    Raises:
        NotVisible, Forbidden: as `seen_study`.
        StateRefused: it is withdrawn already, or there is no reason.
    """
    study = seen_study(session, reader, study_id, lock=True)
    said = " ".join(redactor.redact(reason).text.split())[:REASON]
    if not said:
        raise StateRefused("say why it is withdrawn")
    if study.state == "withdrawn":
        raise StateRefused("it is withdrawn already")
    record(session, reader.user_id, "study.withdraw", f"study:{study.id}", reason=said, before=study.state)
    study.state, study.state_reason = "withdrawn", said


def bring_back(session: Session, reader: Reader, study_id: int) -> str:
    """Undo a withdrawal: published again by a researcher, a draft by its owner; the state it has now.

    Raises:
        NotVisible, Forbidden: as `seen_study`.
        StateRefused: it is not withdrawn.
    """
    study = seen_study(session, reader, study_id, lock=True)
    if study.state != "withdrawn":
        raise StateRefused(f"it is not withdrawn but {study.state}")
    study.state = "published" if reader.at_least("researcher") else "draft"
    record(session, reader.user_id, "study.bring_back", f"study:{study.id}", reason=study.state_reason,
           state=study.state)  # fmt: skip
    study.state_reason = ""
    return study.state
