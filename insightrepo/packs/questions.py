"""What a period leaves open: numbers to settle, outcomes nobody speaks to, searches in vain, missing waves."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_studies, visible_terms
from insightrepo.library.search.search_gaps import list_gaps
from insightrepo.library.studies.quantities import QuantityShown, questioned
from insightrepo.models import IN_FORCE, Evidence, Outcome, Score, Tag, Task, Wave
from insightrepo.models.library import study_product
from insightrepo.packs.subject import Subject
from insightrepo.scores.waves.cadence import measured, series

MOST = 5  # of each kind that are named
MOST_GAPS = 500  # questions that are looked through for those of the period


def open_questions(session: Session, maker: Reader, reader: Reader, about: Subject) -> dict[str, Any]:
    """Each kind with its total and the first few. `gaps` are the words of others: None unless `reader` is a researcher,
    and of the whole only.
    """
    numbers = _numbers(session, maker, about)
    silent = _silent(session, maker, about)
    return {
        "numbers": [
            {"id": one.id, "evidence_id": one.evidence_id, "study_id": one.study_id, "study": one.study,
             "said": one.said, "question": one.question}
            for one in numbers[:MOST]
        ],
        "numbers_total": len(numbers),
        "silent": silent[:MOST],
        "silent_total": len(silent),
        "gaps": _gaps(session, reader, about) if reader.at_least("researcher") and about.code is None else None,
        "missing_waves": _missing(session, about),
    }  # fmt: skip


def _numbers(session: Session, maker: Reader, about: Subject) -> list[QuantityShown]:
    """The numbers to settle, newest first; of a product those of its studies."""
    first = questioned(session, maker)
    found = list(first.quantities)
    for page in range(2, first.pages + 1):
        found += questioned(session, maker, page).quantities
    if about.code is None:
        return found
    studies = set(session.scalars(
        select(study_product.c.study_id).where(study_product.c.product_id.in_(about.below))
    ))  # fmt: skip
    return [one for one in found if one.study_id in studies]


def _silent(session: Session, maker: Reader, about: Subject) -> list[dict[str, str]]:
    """The outcomes in use that no evidence speaks to, whenever; of a product those scored or tried there."""
    spoken = (
        select(Tag.term_id)
        .join(Evidence, Evidence.id == Tag.evidence_id)
        .where(
            Tag.state.in_(IN_FORCE),
            Evidence.withdrawn.is_(False),
            Evidence.kind != "insight",
            Evidence.study_id.in_(visible_studies(maker)),
        )
    )
    conditions = [Outcome.status != "retired", Outcome.id.in_(visible_terms(maker)), Outcome.id.not_in(spoken)]
    if about.code is not None:
        scored = select(Score.outcome_id).where(Score.product_id.in_(about.below), Score.outcome_id.is_not(None))
        tried = select(Outcome.id).join(Outcome.tasks).where(Task.product_id.in_(about.below))
        conditions.append(Outcome.id.in_(scored) | Outcome.id.in_(tried))
    rows = session.execute(select(Outcome.code, Outcome.name).where(*conditions).order_by(Outcome.code))
    return [{"code": row.code, "name": row.name} for row in rows]


def _gaps(session: Session, reader: Reader, about: Subject) -> dict[str, Any]:
    """Questions of the period that found nothing, or nothing near."""
    period = about.period
    found = [
        gap for gap in list_gaps(session, reader, MOST_GAPS)
        if gap.first_at.date() <= period.last_day and gap.last_at.date() >= period.first_day
    ]  # fmt: skip
    return {"words": [gap.words for gap in found[:MOST]], "total": len(found)}


def _missing(session: Session, about: Subject) -> list[str]:
    """The waves that a regular series lacks up to the last day of the period."""
    last = about.period.last_day
    ended = set(session.scalars(select(Wave.code).where(Wave.last_day <= last)))
    waves = [wave for wave in measured(session) if wave.code in ended]
    return [code for one in series(waves, last + dt.timedelta(days=1)) for code in (*one.missing, *one.due)]
