"""What is said of an outcome: quotes from both sides, insights, contradictions, studies, open questions."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import Session, aliased

from indexes.query import parse
from insightrepo.accounts.access import Reader, studies_in_use
from insightrepo.library.search.filters import NO_FILTER
from insightrepo.library.search.hits import Hit
from insightrepo.library.search.loading import load_hits
from insightrepo.library.search.questions import in_words
from insightrepo.library.search.search_gaps import list_gaps
from insightrepo.library.wording import date_words
from insightrepo.locales import day
from insightrepo.models import IN_FORCE, Evidence, EvidenceLink, Outcome, Study, Tag
from insightrepo.workspace import Workspace

EACH = 3  # quotes of each kind
MOST_STUDIES, MOST_GAPS, MOST_PAIRS = 12, 8, 6
LOW, HIGH = 0.4, 0.8  # of the best rating: 2 and 4 of 5
LOOKED_AT = 300  # questions without an answer that are looked through


@dataclass(frozen=True)
class SpeakingStudy:
    """A study that speaks of the outcome: pieces of evidence, and known people among them."""

    id: int
    title: str
    method: str
    when: str | None
    participants_n: int | None
    pieces: int
    people: int


@dataclass(frozen=True)
class Contradiction:
    """Two pieces of evidence at odds; `kind` is contradicts or supersedes, read from the first to the second."""

    kind: str
    first: tuple[int, str, str]  # id, text, study
    second: tuple[int, str, str]


@dataclass(frozen=True)
class OpenQuestion:
    """A question that the library had no good answer to, with its filters in words."""

    words: str
    filters: str
    days: int
    last_on: str


@dataclass(frozen=True)
class OutcomeSaid:
    """All within the reader's scope. `badly` and `well` go by the rating that each person gave; `others` have none."""

    total: int
    badly: tuple[Hit, ...]
    badly_total: int
    well: tuple[Hit, ...]
    well_total: int
    others: tuple[Hit, ...]
    insights: tuple[Hit, ...]
    insights_total: int
    contradictions: tuple[Contradiction, ...]
    studies: tuple[SpeakingStudy, ...]
    more_studies: int
    questions: tuple[OpenQuestion, ...]  # for researchers: they are the words of others


def read_said(workspace: Workspace, session: Session, reader: Reader, outcome_id: int) -> OutcomeSaid:
    """What is said of an outcome that the reader may see; confirmed tags first, then the newest."""
    outcome = session.get_one(Outcome, outcome_id)
    spoken = Evidence.kind != "insight"
    rated = and_(spoken, Evidence.rating.is_not(None), Evidence.rating_best > 1)
    share = Evidence.rating / Evidence.rating_best
    wanted = {
        "badly": and_(rated, share <= LOW),
        "well": and_(rated, share >= HIGH, share <= 1),
        "others": and_(spoken, Evidence.rating.is_(None)),
        "insights": Evidence.kind == "insight",
    }
    counts = _counts(session, reader, outcome_id, wanted)
    ids = {name: _best(session, reader, outcome_id, condition) for name, condition in wanted.items()}
    hits = hits_by_id(workspace, session, reader, [number for some in ids.values() for number in some])
    studies = _studies(session, reader, outcome_id)
    tagged = select(Tag.evidence_id).where(Tag.term_id == outcome_id, Tag.state.in_(IN_FORCE))
    return OutcomeSaid(
        total=counts["all"],
        badly_total=counts["badly"],
        well_total=counts["well"],
        insights_total=counts["insights"],
        **{name: tuple(hits[number] for number in some if number in hits) for name, some in ids.items()},
        contradictions=contradictions(session, reader, tagged),
        studies=studies[:MOST_STUDIES],
        more_studies=max(0, len(studies) - MOST_STUDIES),
        questions=_questions(session, reader, outcome) if reader.at_least("researcher") else (),
    )


def _of(reader: Reader, outcome_id: int) -> list[ColumnElement[bool]]:
    """Conditions on `Evidence` and `Tag`: live evidence of the outcome that the reader may see."""
    return [
        Tag.term_id == outcome_id, Tag.state.in_(IN_FORCE), Evidence.withdrawn.is_(False),
        Evidence.study_id.in_(studies_in_use(reader)),
    ]  # fmt: skip


def _counts(
    session: Session, reader: Reader, outcome_id: int, wanted: dict[str, ColumnElement[bool]]
) -> dict[str, int]:
    columns = [func.sum(case((condition, 1), else_=0)).label(name) for name, condition in wanted.items()]
    query = select(func.count().label("all"), *columns).select_from(Evidence).join(Tag, Tag.evidence_id == Evidence.id)
    row = session.execute(query.where(*_of(reader, outcome_id))).one()
    return {name: value or 0 for name, value in row._mapping.items()}


def _best(session: Session, reader: Reader, outcome_id: int, condition: ColumnElement[bool]) -> list[int]:
    """Confirmed first, then the newest; what repeats another word for word is left out."""
    repeats = select(EvidenceLink.from_id).where(EvidenceLink.kind == "duplicates")
    query = select(Evidence.id).join(Tag, Tag.evidence_id == Evidence.id)
    query = query.where(*_of(reader, outcome_id), condition, Evidence.id.not_in(repeats))
    confirmed = case((Tag.state == "accepted", 0), else_=1)
    newest = (Evidence.said_on.is_(None), Evidence.said_on.desc(), Evidence.id.desc())
    return list(session.scalars(query.order_by(confirmed, *newest).limit(EACH)))


def hits_by_id(workspace: Workspace, session: Session, reader: Reader, ids: list[int]) -> dict[int, Hit]:
    """Hits of evidence that the reader may see, by id."""
    found = load_hits(session, reader, ids, NO_FILTER, {}, parse(""), workspace.settings.language)
    return {hit.id: hit for hit in found}


def contradictions(session: Session, reader: Reader, ids: Select[tuple[int]]) -> tuple[Contradiction, ...]:
    """Where evidence of these ids contradicts or supersedes other evidence or the reverse, both of studies in use."""
    first, second, of_first, of_second = aliased(Evidence), aliased(Evidence), aliased(Study), aliased(Study)
    seen = studies_in_use(reader)
    query = (
        select(EvidenceLink.kind, first.id, first.text, of_first.title, second.id, second.text, of_second.title)
        .join(first, first.id == EvidenceLink.from_id)
        .join(second, second.id == EvidenceLink.to_id)
        .join(of_first, of_first.id == first.study_id)
        .join(of_second, of_second.id == second.study_id)
        .where(EvidenceLink.kind.in_(("contradicts", "supersedes")), first.withdrawn.is_(False),
               second.withdrawn.is_(False), first.study_id.in_(seen), second.study_id.in_(seen),
               EvidenceLink.from_id.in_(ids) | EvidenceLink.to_id.in_(ids))
        .order_by(EvidenceLink.id.desc())
        .limit(MOST_PAIRS)
    )  # fmt: skip
    return tuple(Contradiction(row[0], tuple(row[1:4]), tuple(row[4:7])) for row in session.execute(query))


def _studies(session: Session, reader: Reader, outcome_id: int) -> tuple[SpeakingStudy, ...]:
    """The studies that speak of it, those with the most evidence first."""
    pieces = func.count().label("pieces")
    columns = (Study.id, Study.title, Study.method, Study.ended_on, Study.started_on, Study.date_precision,
               Study.participants_n)  # fmt: skip
    query = (
        select(*columns, pieces, func.count(Evidence.respondent_id.distinct()).label("people"))
        .join(Evidence, Evidence.study_id == Study.id)
        .join(Tag, Tag.evidence_id == Evidence.id)
        .where(*_of(reader, outcome_id))
        .group_by(*columns)
        .order_by(pieces.desc(), Study.id)
    )
    return tuple(
        SpeakingStudy(row.id, row.title, row.method, date_words(row.ended_on or row.started_on, row.date_precision),
                      row.participants_n, row.pieces, row.people)
        for row in session.execute(query)
    )  # fmt: skip


def _questions(session: Session, reader: Reader, outcome: Outcome) -> tuple[OpenQuestion, ...]:
    """Questions without a good answer whose filter names the outcome, or whose words its code or an alias."""
    names = [name.casefold() for name in (outcome.code, outcome.name, *outcome.aliases)]
    found = [
        OpenQuestion(gap.words, in_words(gap.filters), gap.days, day(gap.last_at))
        for gap in list_gaps(session, reader, LOOKED_AT)
        if _speaks_of(gap.words, json.loads(gap.filters).get("outcome", ()), outcome.code, names)
    ]
    return tuple(found[:MOST_GAPS])


def _speaks_of(words: str, filtered: Collection[str], code: str, names: Iterable[str]) -> bool:
    folded = f" {' '.join(words.casefold().split())} "
    return code in filtered or any(f" {name} " in folded or f":{name} " in folded for name in names)
