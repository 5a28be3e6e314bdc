"""Writes into the demo what its people wrote: annotations, insights with their evidence, targets and decisions."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.redact import Redactor
from insightrepo.accounts.access import Reader
from insightrepo.demo.story import ANNOTATIONS, DECISIONS, INSIGHTS, TARGETS, DemoInsight
from insightrepo.library.imports.safe_names import workspace_redactor
from insightrepo.library.studies.insights import write_insight
from insightrepo.library.terms.decisions import decide
from insightrepo.models import Decision, Evidence, Outcome, Product, Study, Target, Team
from insightrepo.scores.acting.targets import report_target, set_target
from insightrepo.scores.waves.annotations import annotate, annotations_between
from insightrepo.workspace import Workspace


def tell(workspace: Workspace, reader: Reader) -> int:
    """Write down what is not written yet; the number of insights."""
    for insight in INSIGHTS:
        _write(workspace, reader, insight)
    redactor = workspace_redactor(workspace)
    with workspace.database.writing() as session:
        _annotate(session, reader)
        _aim(session, reader, redactor)
    _decide(workspace, reader)
    return len(INSIGHTS)


def is_told(session: Session) -> bool:
    """Whether the last of it is written down."""
    return session.scalar(select(Decision.id).where(Decision.text == DECISIONS[-1].text)) is not None


def _write(workspace: Workspace, reader: Reader, insight: DemoInsight) -> None:
    with workspace.database.reading() as session:
        study = session.scalars(select(Study.id).where(Study.title == insight.study)).one()
        supports, contradicts = (
            [_evidence(session, stretch) for stretch in stretches]
            for stretches in (insight.supports, insight.contradicts)
        )
    write_insight(
        workspace, reader, study, insight.text,
        outcomes=insight.outcomes, supports=supports, contradicts=contradicts,
    )  # fmt: skip


def _evidence(session: Session, stretch: str) -> int:
    """The first piece of evidence that holds these words, whatever its line breaks."""
    rows = session.execute(select(Evidence.id, Evidence.text).where(Evidence.kind != "insight").order_by(Evidence.id))
    for row in rows:
        if stretch in " ".join(row.text.split()):
            return row.id
    raise LookupError(f"no evidence of the demo says {stretch!r}: correct it in demo/story.py")


def _annotate(session: Session, reader: Reader) -> None:
    said = {item.text for item in annotations_between(session, reader)}
    for item in ANNOTATIONS:
        if item.text not in said:
            annotate(session, reader, item.kind, item.first_day, item.text, **item.about)  # type: ignore[arg-type]


def _aim(session: Session, reader: Reader, redactor: Redactor) -> None:
    known = set(session.scalars(select(Target.name)))
    for target in TARGETS:
        if target.asked.name in known:
            continue
        asked = replace(
            target.asked,
            team_id=session.scalars(select(Team.id).where(Team.name == target.team)).one(),
            product_id=session.scalars(select(Product.id).where(Product.code == target.product)).one(),
            outcome_id=session.scalars(select(Outcome.id).where(Outcome.code == target.outcome)).one(),
        )  # fmt: skip
        made = set_target(session, reader, asked, redactor)
        if target.reached is not None:
            report_target(session, reader, made.id, target.reached)


def _decide(workspace: Workspace, reader: Reader) -> None:
    with workspace.database.reading() as session:
        known = set(session.scalars(select(Decision.text)))
    for item in DECISIONS:
        if item.text not in known:
            decide(workspace, reader, item.outcome, item.text, item.state, item.reason, item.day)
