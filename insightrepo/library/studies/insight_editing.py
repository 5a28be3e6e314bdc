"""An insight after it was written: reworded, looked at again, withdrawn with a reason, brought back."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ingest.duplicates import content_hash
from ingest.quantities import quantities as read_quantities
from ingest.tagger import Vote as VoteCast
from insightrepo.accounts.access import Forbidden, Reader, visible_studies
from insightrepo.accounts.audit import record
from insightrepo.library.bulk import insert_rows
from insightrepo.library.imports.import_options import may_change
from insightrepo.library.imports.safe_names import workspace_redactor
from insightrepo.library.indexing.indexing import drain, embed, enqueue
from insightrepo.library.studies.insight_steps import take_step
from insightrepo.library.studies.insights import (
    InsightRefused,
    check_claim,
    claim_identity,
    link_evidence,
    seen_evidence,
)
from insightrepo.library.studies.quantities import store_quantities
from insightrepo.library.tagging.tagging import MACHINES, NotThere, make_tagger, settle, vote_values
from insightrepo.models import Evidence, EvidenceLink, Study, Vote
from insightrepo.workspace import Workspace

LEAST_REASON = 10  # characters: others read it where the claim was
LONGEST_REASON = 500


def edit_insight(
    workspace: Workspace,
    reader: Reader,
    evidence_id: int,
    text: str,
    reason: str,
    *,
    supports: Collection[int] | None = None,
    contradicts: Collection[int] | None = None,
) -> bool:
    """Reword a claim, or (unless None) change what speaks for and against it; whether anything was changed.

    Other words are a new revision: the one before is kept with the reason, machines read the new one, people's tags
    stay. From then on the claim is held against the scores of now.

    Raises:
        NotThere: the insight or a piece of evidence is not there for the reader.
        Forbidden: the reader is neither a researcher nor the owner of its study.
        InsightRefused: claim or reason cannot be kept, the study has the same claim already, it is withdrawn, or named
            as its own evidence.
    """
    redactor = workspace_redactor(workspace)
    claim = " ".join(redactor.redact(text).text.split())
    check_claim(claim, supports or (), contradicts or ())
    hashed = content_hash("", claim)
    [machines] = make_tagger(workspace).tag([claim], embed(workspace, [(hashed, claim)]))
    with workspace.database.writing() as session:
        row = changeable_insight(session, reader, evidence_id)
        if row.withdrawn:
            raise InsightRefused("it is withdrawn: bring it back before you change it")
        relinked = _relink(session, reader, row.id, supports, contradicts)
        if relinked:
            record(session, reader.user_id, "insight.link", f"evidence:{row.id}")
        if claim == row.text:
            return relinked
        why = _reason(redactor.redact(reason).text)
        row.identity = _free_identity(workspace, session, row, claim)
        row.text, row.content_hash, row.revision = claim, hashed, row.revision + 1
        session.flush()
        _read_again(session, row, machines)
        take_step(session, reader, row, "edited", why)
        record(session, reader.user_id, "insight.edit", f"evidence:{row.id}", revision=row.revision)
    drain(workspace, work_seconds=2)  # somebody waits for the page
    return True


def _free_identity(workspace: Workspace, session: Session, row: Evidence, claim: str) -> str:
    """What the claim is known by, where no other insight of the study says the same."""
    identity = claim_identity(workspace, claim)
    same = Evidence.study_id == row.study_id, Evidence.identity == identity, Evidence.id != row.id
    if (other := session.scalar(select(Evidence.id).where(*same))) is not None:
        raise InsightRefused(f"its study has this claim already, as evidence {other}")
    return identity


def _read_again(session: Session, row: Evidence, machines: Sequence[VoteCast]) -> None:
    """Tags and quantities of the new words; what people said of its tags stays."""
    session.execute(delete(Vote).where(Vote.evidence_id == row.id, Vote.source.in_(MACHINES)))
    insert_rows(session, Vote, [vote_values(vote, row.id, row.revision) for vote in machines])
    store_quantities(session, {row.id: (row.revision, read_quantities(row.text))})
    if row.id not in settle(session, [row.id]):
        enqueue(session, [row.id])


def confirm_insight(workspace: Workspace, reader: Reader, evidence_id: int, reason: str) -> None:
    """Say that a claim still holds beside the scores of now; it is held against these from then on.

    Raises:
        NotThere, Forbidden, InsightRefused: as `edit_insight`.
    """
    _step(workspace, reader, evidence_id, "confirmed", reason, withdrawn=False)


def withdraw_insight(workspace: Workspace, reader: Reader, evidence_id: int, reason: str) -> None:
    """Take a claim back: it is found and counted nowhere from then on; its page says why, for whoever cited it.

    Raises:
        NotThere, Forbidden, InsightRefused: as `edit_insight`.
    """
    _step(workspace, reader, evidence_id, "withdrawn", reason, withdrawn=False)


def restore_insight(workspace: Workspace, reader: Reader, evidence_id: int, reason: str) -> None:
    """Bring a withdrawn claim back.

    Raises:
        NotThere, Forbidden, InsightRefused: as `edit_insight`.
    """
    _step(workspace, reader, evidence_id, "restored", reason, withdrawn=True)


def changeable_insight(session: Session, reader: Reader, evidence_id: int) -> Evidence:
    """The insight, if it is the reader's to change; locked where the session writes.

    Raises:
        NotThere: there is no such insight for the reader.
        Forbidden: the reader is a viewer, or it is another's and the reader no researcher.
    """
    query = select(Evidence, Study).join(Study, Study.id == Evidence.study_id)
    query = query.where(
        Evidence.id == evidence_id, Evidence.kind == "insight", Study.id.in_(visible_studies(reader))
    ).with_for_update(of=Evidence)
    found = session.execute(query).first()
    if found is None:
        raise NotThere(f"there is no insight {evidence_id}")
    insight, study = found
    reader.require("contributor")
    if not may_change(study, reader):
        raise Forbidden("only the owner of its study and researchers may change an insight")
    return insight


def may_change_insight(session: Session, reader: Reader, study_id: int) -> bool:
    """Whether the insights of a study that the reader sees are theirs to change."""
    study = session.get(Study, study_id)
    return study is not None and may_change(study, reader)


def _step(workspace: Workspace, reader: Reader, evidence_id: int, kind: str, reason: str, *, withdrawn: bool) -> None:
    why = _reason(workspace_redactor(workspace).redact(reason).text)
    with workspace.database.writing() as session:
        row = changeable_insight(session, reader, evidence_id)
        if row.withdrawn != withdrawn:
            raise InsightRefused("it is withdrawn already" if row.withdrawn else "it is not withdrawn")
        if kind in ("withdrawn", "restored"):
            row.withdrawn = kind == "withdrawn"
            enqueue(session, [row.id])
        take_step(session, reader, row, kind, why)
        record(session, reader.user_id, f"insight.{kind}", f"evidence:{row.id}", revision=row.revision)
    drain(workspace, work_seconds=2)


def _reason(text: str) -> str:
    why = " ".join(text.split())
    if len(why) < LEAST_REASON:
        raise InsightRefused(f"say why in {LEAST_REASON} characters or more: others will read it beside the claim")
    if len(why) > LONGEST_REASON:
        raise InsightRefused(f"say why in at most {LONGEST_REASON} characters")
    return why


def _relink(
    session: Session, reader: Reader, to_id: int, supports: Collection[int] | None, contradicts: Collection[int] | None
) -> bool:
    """Bring the links to an insight to what is wanted, but for those to what the reader may not see; whether any
    changed.
    """
    wanted = {
        (number, kind) for kind, ids in (("supports", supports), ("contradicts", contradicts)) for number in ids or ()
    }
    kinds = [kind for kind, ids in (("supports", supports), ("contradicts", contradicts)) if ids is not None]
    query = select(EvidenceLink.from_id, EvidenceLink.kind).where(
        EvidenceLink.to_id == to_id, EvidenceLink.kind.in_(kinds), EvidenceLink.from_id.in_(
            select(Evidence.id).where(Evidence.study_id.in_(visible_studies(reader)))
        )
    )  # fmt: skip
    there = set(session.execute(query).tuples()) if kinds else set()
    seen_evidence(session, reader, {number for number, _ in wanted - there})
    for number, kind in there - wanted:
        session.execute(delete(EvidenceLink).where(
            EvidenceLink.from_id == number, EvidenceLink.to_id == to_id, EvidenceLink.kind == kind
        ))  # fmt: skip
    link_evidence(session, reader, to_id, wanted - there)
    return there != wanted
