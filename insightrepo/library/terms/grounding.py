"""What an outcome rests on: studies, interviews and people whose words are tagged with it, for one reader."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, studies_in_use
from insightrepo.library.terms.coverage import people_heard
from insightrepo.models import IN_FORCE, Evidence, Study, Tag

INTERVIEW = "interview"  # in a study's method


@dataclass(frozen=True)
class Grounding:
    """Counts of what is tagged with an outcome, within the reader's scope.

    `interviews` are the participants of interview studies (None: no such study says how many); `people` those whose
    words are tagged, counted as on the coverage map; `confirmed` the pieces that a person or an import stands behind.
    `methods` are (method, studies), the most frequent first. What researchers concluded is no observation: `insights`
    are counted beside the rest and in none of it, as the `further` studies that have nothing else. `drafts` of the
    studies are seen by their team only: others count less.
    """

    studies: int
    interviews: int | None
    people: int
    pieces: int
    confirmed: int
    methods: tuple[tuple[str, int], ...]
    insights: int = 0
    further: int = 0
    drafts: int = 0

    @property
    def ungrounded(self) -> bool:
        """Whether no person and no import confirmed any evidence: then it rests on its wording alone."""
        return self.confirmed == 0


def grounding(session: Session, reader: Reader, term_id: int) -> Grounding:
    """What a term is based on: live evidence tagged with it (accepted or automatic) in studies the reader may see."""
    rows = session.execute(
        select(Evidence.kind, Evidence.study_id, Evidence.respondent_id, Tag.state)
        .join(Tag, Tag.evidence_id == Evidence.id)
        .where(
            Tag.term_id == term_id,
            Tag.state.in_(IN_FORCE),
            Evidence.withdrawn.is_(False),
            Evidence.study_id.in_(studies_in_use(reader)),
        )
    ).all()
    insights = [row for row in rows if row.kind == "insight"]
    spoken = [row for row in rows if row.kind != "insight"]
    observed = {row.study_id for row in spoken}
    studies = session.execute(
        select(Study.method, Study.participants_n, Study.state).where(Study.id.in_(observed))
    ).all()
    interviewed = [n for method, n, _ in studies if INTERVIEW in (method or "").lower() and n is not None]
    methods = Counter(method or "method not said" for method, *_ in studies)
    return Grounding(
        studies=len(studies),
        interviews=sum(interviewed) if interviewed else None,
        people=people_heard(np.array([row.respondent_id or 0 for row in spoken], dtype=np.int64)),
        pieces=len(spoken),
        confirmed=sum(row.state == "accepted" for row in spoken),
        methods=tuple(sorted(methods.items(), key=lambda item: (-item[1], item[0]))),
        insights=len(insights),
        further=len({row.study_id for row in insights} - observed),
        drafts=sum(state == "draft" for *_, state in studies),
    )
