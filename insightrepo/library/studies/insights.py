"""Insights: claims that a person writes into a study, linked to the evidence that supports or contradicts them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.duplicates import content_hash, normalised
from ingest.quantities import Quantity
from ingest.quantities import quantities as read_quantities
from ingest.tagger import Vote as VoteCast
from insightrepo.accounts.access import Forbidden, Reader, visible_studies, visible_terms
from insightrepo.accounts.audit import record
from insightrepo.library.bulk import insert_rows
from insightrepo.library.imports.import_options import may_change
from insightrepo.library.imports.safe_names import workspace_redactor
from insightrepo.library.indexing.indexing import drain, embed, enqueue
from insightrepo.library.studies.insight_steps import take_step
from insightrepo.library.studies.quantities import store_quantities
from insightrepo.library.tagging.tagging import NotThere, make_tagger, settle_new, vote_values
from insightrepo.locales import grouped
from insightrepo.models import Evidence, EvidenceLink, Study, Term, Vote, utcnow
from insightrepo.taxonomy.reading import find_term
from insightrepo.workspace import Workspace

LONGEST = 2_000  # characters of a claim
SHORTEST = 3  # words


class InsightRefused(ValueError):
    """The insight cannot be kept as it is; the message says why and what to do."""


def questions_of(text: str) -> tuple[tuple[Quantity, str], ...]:
    """What has to be settled about the numbers of a claim, before it is saved: each quantity with its question."""
    return tuple((stated, question) for stated in read_quantities(text) for question in stated.questions)


def write_insight(
    workspace: Workspace,
    reader: Reader,
    study_id: int,
    text: str,
    *,
    outcomes: Collection[str] = (),
    supports: Collection[int] = (),
    contradicts: Collection[int] = (),
) -> int:
    """Keep a claim as evidence of a study and tag it; the id of it. The same claim again is the one that is there.

    Args:
        text: the claim; personal data is redacted.
        outcomes: codes or names of the outcomes that the writer says it speaks to, beside what the machines find.
        supports, contradicts: ids of the evidence that speaks for and against it.

    Raises:
        NotThere: the study or a piece of evidence is not there for the reader.
        Forbidden: the reader may see the study and not add to it.
        UnknownTerm: an outcome is unknown to the reader.
        InsightRefused: it is too short or too long, or the same evidence speaks for and against it.
    """
    reader.require("contributor")
    claim = " ".join(workspace_redactor(workspace).redact(text).text.split())
    check_claim(claim, supports, contradicts)
    hashed = content_hash("", claim)
    [machines] = make_tagger(workspace).tag([claim], embed(workspace, [(hashed, claim)]))
    with workspace.database.writing() as session:
        study = _study(session, reader, study_id)
        identity = claim_identity(workspace, claim)
        known = session.scalar(select(Evidence).where(Evidence.study_id == study.id, Evidence.identity == identity))
        if known is not None and known.withdrawn:
            raise InsightRefused(f"this claim was withdrawn, as evidence {known.id}: see there why, and bring it back")
        if known is not None:
            return known.id
        seen_evidence(session, reader, {*supports, *contradicts})
        mine = [_vote(session, reader, name) for name in dict.fromkeys(outcomes)]
        row = Evidence(study_id=study.id, identity=identity, kind="insight", text=claim, content_hash=hashed,
                       said_on=utcnow().date(), date_precision="day")  # fmt: skip
        session.add(row)
        session.flush()
        cast: list[VoteCast] = [*machines, *mine]
        insert_rows(session, Vote, [vote_values(vote, row.id, 1) for vote in cast])
        wanted = {(number, "supports") for number in supports} | {(number, "contradicts") for number in contradicts}
        link_evidence(session, reader, row.id, wanted)
        store_quantities(session, {row.id: (1, read_quantities(claim))})
        if row.id not in settle_new(session, {row.id: cast}):
            enqueue(session, [row.id])
        take_step(session, reader, row, "written")
        record(session, reader.user_id, "insight.write", f"evidence:{row.id}", study=study.id)
        written = row.id
    drain(workspace, work_seconds=2)  # somebody waits for the page
    return written


def check_claim(claim: str, supports: Collection[int], contradicts: Collection[int]) -> None:
    """Raises InsightRefused where a claim is too short or too long, or the same evidence speaks for and against it."""
    if len(claim.split()) < SHORTEST:
        raise InsightRefused(f"an insight is a claim of {SHORTEST} words or more")
    if len(claim) > LONGEST:
        raise InsightRefused(
            f"an insight is one claim: this has {grouped(len(claim))} characters, use at most {grouped(LONGEST)}"
        )
    if both := set(supports) & set(contradicts):
        raise InsightRefused(f"evidence {min(both)} cannot speak for and against the same claim")


def claim_identity(workspace: Workspace, claim: str) -> str:
    """What a claim is known by within its study."""
    return workspace.pseudonyms.keyed_hash(f"insight\x1f{normalised(claim)}")


def _study(session: Session, reader: Reader, study_id: int) -> Study:
    study = session.scalar(select(Study).where(Study.id == study_id, Study.id.in_(visible_studies(reader))))
    if study is None:
        raise NotThere(f"there is no study {study_id}")
    if not may_change(study, reader):
        raise Forbidden("only its owner and researchers may add to a study")
    return study


def seen_evidence(session: Session, reader: Reader, ids: Collection[int]) -> None:
    """Raises NotThere where one of these pieces of evidence is not there for the reader."""
    seen = select(Evidence.id).where(Evidence.id.in_(ids), Evidence.study_id.in_(visible_studies(reader)))
    if missing := sorted(set(ids) - set(session.scalars(seen))) if ids else []:
        raise NotThere(f"there is no evidence {missing[0]}")


def link_evidence(session: Session, reader: Reader, to_id: int, wanted: Collection[tuple[int, str]]) -> None:
    """Link evidence to an insight, by id and kind: supports or contradicts.

    Raises:
        InsightRefused: the insight is named as evidence for or against itself.
    """
    for number, kind in sorted(wanted):
        if number == to_id:
            raise InsightRefused(f"{kind}: evidence {number} is this insight itself, name other evidence")
    reason = {"by": reader.email}
    insert_rows(session, EvidenceLink, [
        {"from_id": number, "to_id": to_id, "kind": kind, "reason": reason} for number, kind in sorted(wanted)
    ])  # fmt: skip


def _vote(session: Session, reader: Reader, name: str) -> VoteCast:
    term = find_term(session, "outcome", name, Term.id.in_(visible_terms(reader)))
    return VoteCast(term.id, "person", f"person:{reader.user_id}", True, "force", 1.0, {"by": reader.email})
