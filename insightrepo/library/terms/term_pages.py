"""What the pages of a product, a segment and a task share: definition, people, versions, evidence."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, studies_in_use, visible_terms
from insightrepo.library.reading import NotVisible
from insightrepo.library.search.hits import Hit, SearchQuery
from insightrepo.library.search.loading import load_hits
from insightrepo.library.search.search import find
from insightrepo.library.terms.coverage import Evidence
from insightrepo.library.wording import date_words
from insightrepo.models import Product, Segment, Study, Team, User
from insightrepo.taxonomy.versions import VersionShown, versions
from insightrepo.workspace import Workspace

NEWEST = 4  # quotes on a page; the rest is a search away
MOST_STUDIES = 8

T = TypeVar("T", Product, Segment)


@dataclass(frozen=True)
class TermHead:
    """What a term is; `versions` are those of its definition, the newest first. Owner and steward None: nobody."""

    id: int
    axis: str
    code: str
    name: str
    status: str
    aliases: tuple[str, ...]
    owner: str | None
    steward: str | None
    team: str | None
    version: int
    versions: tuple[VersionShown, ...]


@dataclass(frozen=True)
class StudySet:
    """A study that a person set to a term."""

    id: int
    title: str
    method: str
    when: str | None
    participants_n: int | None


@dataclass(frozen=True)
class Said:
    """Evidence of a term that the reader may see: how much of it, the newest of it, and the studies set to the term."""

    pieces: int
    people: int
    studies: int
    newest: tuple[Hit, ...]
    set_to: tuple[StudySet, ...]
    more_set: int


def find_row(session: Session, reader: Reader, kind: type[T], code: str) -> T:
    """The product or segment of a code, whatever the case.

    Raises:
        NotVisible: there is none that the reader may see.
    """
    found = session.scalar(
        select(kind).where(func.lower(kind.code) == code.lower(), kind.id.in_(visible_terms(reader)))
    )
    if found is None:
        raise NotVisible(f"{kind.__name__.lower()} {code}")
    return found


def head_of(session: Session, row: Product | Segment) -> TermHead:
    """The head of a term's page."""
    ids = [number for number in (row.owner_id, row.steward_id) if number]
    people = dict(
        session.execute(select(User.id, func.coalesce(func.nullif(User.name, ""), User.email)).where(User.id.in_(ids)))
        .tuples()
        .all()
    )
    return TermHead(
        id=row.id,
        axis=row.axis,
        code=row.code,
        name=row.name,
        status=row.status,
        aliases=tuple(row.aliases),
        owner=people.get(row.owner_id),
        steward=people.get(row.steward_id),
        team=session.scalar(select(Team.name).where(Team.id == row.team_id)) if row.team_id else None,
        version=row.version,
        versions=versions(session, row),
    )


def said_of(
    workspace: Workspace, session: Session, reader: Reader, row: Product | Segment, ids: Collection[int]
) -> Said:
    """The evidence of a term; `ids` are the term and what is below it."""
    counts = Evidence(workspace, session, reader, ()).counts_of(ids)
    studies, more = _studies(session, reader, row, ids)
    return Said(*counts, newest_hits(workspace, session, reader, {row.axis: (row.code,)}), studies, more)


def newest_hits(
    workspace: Workspace, session: Session, reader: Reader, filters: dict[str, tuple[str, ...]], most: int = NEWEST
) -> tuple[Hit, ...]:
    """The newest evidence within filters of a search."""
    found = find(workspace, session, reader, SearchQuery(filters=filters, sort="newest"))
    ids = list(found.ids[:most])
    return load_hits(session, reader, ids, found.resolved, {}, found.parsed, workspace.settings.language)


def _studies(
    session: Session, reader: Reader, row: Product | Segment, ids: Collection[int]
) -> tuple[tuple[StudySet, ...], int]:
    """The newest studies that were set to a term or to one below it, and how many more there are."""
    kind = type(row)
    relation = Study.products if kind is Product else Study.segments
    query = select(Study).where(Study.id.in_(studies_in_use(reader)), relation.any(kind.id.in_(list(ids))))
    newest = func.coalesce(Study.ended_on, Study.started_on).desc()
    found = session.scalars(query.order_by(newest, Study.id.desc())).all()
    shown = tuple(
        StudySet(one.id, one.title, one.method, date_words(one.ended_on or one.started_on, one.date_precision),
                 one.participants_n)
        for one in found[:MOST_STUDIES]
    )  # fmt: skip
    return shown, max(0, len(found) - MOST_STUDIES)
