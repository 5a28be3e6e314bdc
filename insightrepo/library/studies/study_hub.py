"""Everything that a study's page shows: what it says by outcome, its insights, who spoke, how old it is."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from insightrepo import locales
from insightrepo.accounts.access import Reader, visible_terms
from insightrepo.library.reading import read_study
from insightrepo.library.readings import DocumentLine, StudyDetail
from insightrepo.library.search.hits import Hit
from insightrepo.library.studies.ages import DAYS_OF_YEAR, age_in_days, is_stale
from insightrepo.library.terms.outcome_said import Contradiction, contradictions, hits_by_id
from insightrepo.models import IN_FORCE, Evidence, Outcome, Place, Segment, Study, Tag
from insightrepo.models.library import study_product, study_segment
from insightrepo.scores.acting.disagreements import cautioned
from insightrepo.scores.chips import CellWanted, Chip, chips
from insightrepo.taxonomy.register import seen_terms
from insightrepo.workspace import Workspace

MOST_INSIGHTS = 5


@dataclass(frozen=True)
class StudyOutcome:
    """An outcome that the study speaks to: pieces of evidence, how many a person or an import confirmed, and where they
    stand: (document id, title, pieces). `chip` is the current score of everybody.
    """

    code: str
    name: str
    pieces: int
    confirmed: int
    where: tuple[tuple[int, str, int], ...]
    chip: Chip | None


@dataclass(frozen=True)
class Spoke:
    """The known people of a segment in the study, as a search in the study counts them."""

    code: str
    name: str
    dimension: str
    people: int


@dataclass(frozen=True)
class StudyHub:
    """A study's page. `said` are the first and last day of its evidence, in words. `age_days` counts from the day on
    which it ended, else from the last one; None where neither is known. `people` are known respondents, `unnamed` the
    pieces that name nobody. `suggested` has code, name and pieces of
    outcomes that a machine suggests and nobody accepted.
    """

    detail: StudyDetail
    products: tuple[tuple[str, str], ...]
    segments: tuple[tuple[str, str], ...]
    main: DocumentLine | None
    outcomes: tuple[StudyOutcome, ...]
    suggested: tuple[tuple[str, str, int], ...]
    insights: tuple[Hit, ...]
    insights_total: int
    contradictions: tuple[Contradiction, ...]
    people: int
    spoke: tuple[Spoke, ...]
    unnamed: int
    said: str
    age_days: int | None

    @property
    def stale(self) -> bool:
        """Whether it is old enough to be looked at before it is relied on."""
        return is_stale(self.age_days)

    @property
    def age(self) -> str:
        """How old it is, in words; empty where that is not known."""
        if self.age_days is None:
            return ""
        if self.age_days < 0:
            return "not over yet"
        if self.age_days < 60:
            return f"{self.age_days} day{'' if self.age_days == 1 else 's'} ago"
        months = round(self.age_days / DAYS_OF_YEAR * 12)
        return f"{months} months ago" if months < 24 else f"{months // 12} years ago"


def read_study_hub(
    workspace: Workspace, session: Session, reader: Reader, study_id: int, today: dt.date | None = None
) -> StudyHub:
    """A study that the reader may see.

    Raises:
        NotVisible: there is none.
    """
    detail = read_study(session, reader, study_id)
    row = session.get_one(Study, study_id)
    live = (Evidence.study_id == study_id, Evidence.withdrawn.is_(False))
    first, latest = session.execute(select(func.min(Evidence.said_on), func.max(Evidence.said_on)).where(*live)).one()
    known = row.ended_on or row.started_on
    ended = (known, row.date_precision) if known else (latest, "day")
    newest = select(Evidence.id).where(*live, Evidence.kind == "insight").order_by(Evidence.id.desc())
    insights = list(session.scalars(newest))
    shown = insights[:MOST_INSIGHTS]
    hits = hits_by_id(workspace, session, reader, shown)
    people, spoke, unnamed = _spoke(session, reader, study_id)
    return StudyHub(
        detail=detail,
        products=_set(session, reader, study_product.c.study_id, study_product.c.product_id, study_id),
        segments=_set(session, reader, study_segment.c.study_id, study_segment.c.segment_id, study_id),
        main=_main(detail.documents),
        outcomes=_outcomes(session, reader, study_id, detail.documents),
        suggested=_suggested(session, reader, study_id),
        insights=tuple(hits[number] for number in shown if number in hits),
        insights_total=len(insights),
        contradictions=contradictions(session, reader, select(Evidence.id).where(*live)),
        people=people,
        spoke=spoke,
        unnamed=unnamed,
        said=" to ".join(dict.fromkeys(locales.day(day) for day in (first, latest) if day)),
        age_days=age_in_days(*ended, today or dt.date.today()),
    )


def _set(session: Session, reader: Reader, study, term, study_id: int) -> tuple[tuple[str, str], ...]:
    """Code and name of what a person set on the study, of what the reader may see."""
    seen = seen_terms(session, reader).by_id
    ids = session.scalars(select(term).where(study == study_id).order_by(term))
    return tuple((seen[number].code, seen[number].name) for number in ids if number in seen)


def _main(documents: Sequence[DocumentLine]) -> DocumentLine | None:
    """What to read first: of the current texts the one with the most passages, else the table with the most rows."""
    current = [one for one in documents if one.current]
    texts = [one for one in current if not one.is_data]
    return max(texts or current, key=lambda one: (one.evidence, -one.id), default=None)


def _outcomes(
    session: Session, reader: Reader, study_id: int, documents: Sequence[DocumentLine]
) -> tuple[StudyOutcome, ...]:
    """By falling evidence; where a piece stands in several documents it is counted in each."""
    pieces, confirmed = func.count(), func.sum(case((Tag.state == "accepted", 1), else_=0))
    of_study = (Evidence.study_id == study_id, Evidence.withdrawn.is_(False), Tag.state.in_(IN_FORCE),
                Outcome.id.in_(visible_terms(reader)))  # fmt: skip
    joined = select(Outcome.id, Outcome.code, Outcome.name, pieces, confirmed).join(Tag, Tag.term_id == Outcome.id)
    joined = joined.join(Evidence, Evidence.id == Tag.evidence_id).where(*of_study)
    rows = session.execute(joined.group_by(Outcome.id, Outcome.code, Outcome.name)).all()
    places = select(Outcome.id, Place.document_id, func.count()).join(Tag, Tag.term_id == Outcome.id)
    places = places.join(Evidence, Evidence.id == Tag.evidence_id).join(Place, Place.evidence_id == Evidence.id)
    titles = {one.id: one.title for one in documents if one.current}
    where: defaultdict[int, list[tuple[int, str, int]]] = defaultdict(list)
    for outcome_id, document_id, number in session.execute(
        places.where(*of_study).group_by(Outcome.id, Place.document_id)
    ):
        if document_id in titles:
            where[outcome_id].append((document_id, titles[document_id], number))
    found = cautioned(session, reader, chips(session, reader, [CellWanted(row[0]) for row in rows]))
    shown = [
        StudyOutcome(code, name, number, sure or 0, tuple(sorted(where[outcome_id], key=lambda one: (-one[2], one[1]))),
                     found.get(CellWanted(outcome_id)))
        for outcome_id, code, name, number, sure in rows
    ]  # fmt: skip
    return tuple(sorted(shown, key=lambda one: (-one.pieces, one.code)))


def _suggested(session: Session, reader: Reader, study_id: int) -> tuple[tuple[str, str, int], ...]:
    """What is only suggested, by falling evidence."""
    pieces = func.count()
    found = (
        select(Outcome.code, Outcome.name, pieces)
        .join(Tag, Tag.term_id == Outcome.id)
        .join(Evidence, Evidence.id == Tag.evidence_id)
        .where(Evidence.study_id == study_id, Evidence.withdrawn.is_(False), Tag.state == "suggested",
               Outcome.id.in_(visible_terms(reader)))
        .group_by(Outcome.code, Outcome.name)
        .order_by(pieces.desc(), Outcome.code)
    )  # fmt: skip
    return tuple(session.execute(found).tuples())


def _spoke(session: Session, reader: Reader, study_id: int) -> tuple[int, tuple[Spoke, ...], int]:
    """Known people in all and by segment, and the pieces that name nobody.

    Their words can be opened one by one, each under its segment: the count says nothing that these do not.
    """
    live = (Evidence.study_id == study_id, Evidence.withdrawn.is_(False), Evidence.kind != "insight")
    everybody = func.count(Evidence.respondent_id.distinct())
    nobody = func.sum(case((Evidence.respondent_id.is_(None), 1), else_=0))
    total, unnamed = session.execute(select(everybody, nobody).where(*live)).one()
    by_segment = (
        select(Segment.id, Segment.code, Segment.name, Segment.dimension, everybody)
        .join(Tag, Tag.term_id == Segment.id)
        .join(Evidence, Evidence.id == Tag.evidence_id)
        .where(
            *live, Tag.state == "accepted", Evidence.respondent_id.is_not(None), Segment.id.in_(visible_terms(reader))
        )
        .group_by(Segment.id, Segment.code, Segment.name, Segment.dimension)
        .order_by(Segment.dimension, Segment.id)
    )
    spoke = tuple(Spoke(row.code, row.name, row.dimension, row[4]) for row in session.execute(by_segment))
    return total, spoke, unnamed or 0
