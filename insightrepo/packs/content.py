"""What a pack says: the snapshot of a period as plain data, from which page, DOCX and PPTX are made.

No score is computed here: every number is read where the pages read it, with what they suppress left out.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import CLEARANCE, Reader, visible_products
from insightrepo.locales import ISO, speaking
from insightrepo.models import ROLES, Task, Term, Wave, utcnow
from insightrepo.packs.decisions import decided
from insightrepo.packs.evidence import new_evidence
from insightrepo.packs.measured import changes_of, gaps_of, trends_of
from insightrepo.packs.periods import Period
from insightrepo.packs.questions import open_questions
from insightrepo.packs.reconciling import reconciliation, snapshots
from insightrepo.packs.subject import Subject
from insightrepo.packs.targets import targets_of
from insightrepo.packs.voices import voices_of
from insightrepo.scores.waves.annotations import annotations_between
from insightrepo.taxonomy.reading import find_term, product_and_below
from insightrepo.workspace import Workspace

VERSION = 1  # of the content's form


@dataclass(frozen=True)
class Wanted:
    """What a pack is to be of. `product` is a code or name, None: the whole; `sensitive` quotes all that its maker may
    read instead of public and internal studies only.
    """

    period: Period
    product: str | None = None
    sensitive: bool = False


@speaking(ISO)  # it is kept, whatever the locale of who reads it
def build(
    workspace: Workspace, session: Session, reader: Reader, wanted: Wanted, earlier: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The snapshot, as JSON; `earlier` is the content of the pack before it of the same product, to be reconciled with.

    Made of what is common: terms of a team, drafts and withdrawn studies are left out, and what is beyond the maker's
    scopes. Questions without an answer are there for a researcher's pack only.

    Raises:
        UnknownTerm: there is no such product that the reader may see.
    """
    maker = making_reader(reader, wanted.sensitive)
    about = _subject(session, maker, wanted)
    changes, gaps = changes_of(session, maker, about), gaps_of(workspace, session, maker, about)
    trends = trends_of(session, maker, about, changes, gaps)
    evidence = new_evidence(session, maker, about, [row["outcome"] for row in changes["real"] if row["outcome"]])
    told = {row["outcome"] for row in changes["real"] if row["outcome"]} | {row["code"] for row in gaps["rows"]}
    used = {code for step in changes["steps"] for code in (step["from"], step["to"])}
    used |= {gaps["wave"]} - {None} | {point["wave"] for trend in trends for point in trend["points"]}
    content = {
        "version": VERSION,
        "kind": wanted.period.kind,
        "period": wanted.period.code,
        "first_day": wanted.period.first_day.isoformat(),
        "last_day": wanted.period.last_day.isoformat(),
        "product": {"code": about.code, "name": about.name} if about.code else None,
        "made": {
            "at": utcnow().isoformat(timespec="seconds"),
            "by": reader.email,
            "limits": limits_of(reader),
            "sensitivity": CLEARANCE[maker.role],
        },
        "changes": changes,
        "gaps": gaps,
        "trends": trends,
        "evidence": evidence,
        "voices": voices_of(session, maker, about, gaps, [one["id"] for one in evidence["said"]]),
        "questions": open_questions(session, maker, reader, about),
        "decisions": decided(session, maker, told),
        "targets": targets_of(session, maker, about),
        "happened": _happened(session, maker, about),
        "waves": snapshots(session, used),
    }
    content["reconciliation"] = reconciliation(session, about, content, earlier)
    return content


def making_reader(reader: Reader, sensitive: bool = False) -> Reader:
    """Whose eyes a pack is made with: the reader's scopes, no team, no study of one's own, and the clearance of a
    viewer or, for a sensitive pack, of the reader's role.
    """
    role = ROLES[min(ROLES.index(reader.role), ROLES.index("researcher"))] if sensitive else "viewer"
    return replace(reader, user_id=0, teams=frozenset(), role=role)


def limits_of(reader: Reader) -> str:
    """The reader's scopes as text; empty: none. Two readers of the same text see the same cells."""
    parts = []
    for axis, ids in (("products", reader.products), ("segments", reader.segments)):
        if ids is not None:
            parts.append(f"{axis} {','.join(map(str, sorted(ids)))}")
    return "; ".join(parts)


def _subject(session: Session, maker: Reader, wanted: Wanted) -> Subject:
    if wanted.product is None:
        return Subject(wanted.period, _last_wave(session, wanted.period.last_day))
    term = find_term(session, "product", wanted.product, Term.id.in_(visible_products(maker)))
    below = frozenset(product_and_below(session, [term.id]))
    tasks = session.scalars(select(Task.code).where(Task.product_id.in_(below)).order_by(Task.code))
    return Subject(wanted.period, _last_wave(session, wanted.period.last_day), term.id, term.code, term.name, below,
                   tuple(tasks))  # fmt: skip


def _last_wave(session: Session, day: dt.date) -> str | None:
    """The code of the last wave that ended by a day; of several that end together the frozen one."""
    query = select(Wave.code).where(Wave.last_day <= day)
    return session.scalars(query.order_by(Wave.last_day.desc(), Wave.state, Wave.id.desc()).limit(1)).first()


def _happened(session: Session, maker: Reader, about: Subject) -> list[dict[str, Any]]:
    period = about.period
    found = annotations_between(session, maker, period.first_day, period.last_day, product=about.code)
    return [{"kind": one.kind, "when": one.when, "text": one.text, "concerns": one.concerns} for one in found]
