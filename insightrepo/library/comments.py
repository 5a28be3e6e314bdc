"""Comments on evidence and outcomes, and "this looks wrong": who may say and settle what, and whom it reaches.

A comment reaches the owner of the outcome or of the study; where there is none who is active, the researchers who see
it. Whoever sees the thing sees its comments.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.orm import Session, selectinload

from ingest.redact import Redactor
from insightrepo.accounts.access import Forbidden, Reader, visible_studies, visible_terms
from insightrepo.accounts.audit import record
from insightrepo.library.reading import NotVisible
from insightrepo.locales import day, grouped
from insightrepo.memory import remembered
from insightrepo.models import Comment, Evidence, InboxVisit, Outcome, Study, Term, User, utcnow
from insightrepo.upsert import upsert

LONGEST = 2_000  # characters
MOST = 200  # comments on one thing
INBOX = 100  # comments that an inbox shows
EXCERPT = 160  # characters of what a comment is on
KINDS = ("evidence", "outcome")


class CommentRefused(ValueError):
    """The comment cannot be kept; the message says why."""


@dataclass(frozen=True)
class CommentShown:
    """A comment as pages show it. `kind` and `key` name what it is on: an id of evidence, a code of an outcome."""

    id: int
    kind: str
    key: str
    about: str
    text: str
    wrong: bool
    author: str
    at: str
    is_new: bool
    resolved_by: str
    resolved_at: str
    resolution: str
    may_resolve: bool
    may_remove: bool


@dataclass(frozen=True)
class Thread:
    """The comments on one thing, oldest first, and whom a new one reaches, in words."""

    kind: str
    key: str
    comments: tuple[CommentShown, ...]
    reaches: str

    @property
    def open(self) -> int:
        """How many are not settled."""
        return sum(1 for comment in self.comments if not comment.resolved_at)


@dataclass(frozen=True)
class _Thing:
    """What is commented on, and who answers for it."""

    column: ColumnElement[bool]
    values: dict[str, int]
    owner_id: int | None
    owner: str


def read_thread(session: Session, reader: Reader, kind: str, key: str) -> Thread:
    """The comments on a thing.

    Raises:
        NotVisible: there is no such thing that the reader may see.
    """
    thing = _thing(session, reader, kind, key)
    rows = session.scalars(_loaded().where(thing.column).order_by(Comment.id).limit(MOST))
    return Thread(kind, key, tuple(_shown(row, reader) for row in rows), thing.owner or "the researchers")


def write_comment(
    session: Session, reader: Reader, kind: str, key: str, text: str, wrong: bool, redactor: Redactor
) -> int:
    """Keep a comment on a thing that the reader sees; its id.

    Raises:
        NotVisible: there is no such thing that the reader may see.
        CommentRefused: it is empty or too long, or there are too many already.
    """
    thing = _thing(session, reader, kind, key)
    words = _words(text, redactor)
    if not words:
        raise CommentRefused("write what you want to say")
    if (session.scalar(select(func.count()).select_from(Comment).where(thing.column)) or 0) >= MOST:
        raise CommentRefused(f"there are {MOST} comments already: some have to be settled and removed first")
    row = Comment(**thing.values, text=words, wrong=wrong, author_id=reader.user_id)
    session.add(row)
    session.flush()
    record(session, reader.user_id, "comment.write", f"comment:{row.id}", on=f"{kind}:{key}", wrong=wrong)
    return row.id


def settle_comment(session: Session, reader: Reader, comment_id: int, said: str, redactor: Redactor) -> CommentShown:
    """Mark a comment as settled, with what was done; by who answers for the thing, and by researchers.

    Raises:
        NotVisible, Forbidden, CommentRefused.
    """
    row = _seen(session, reader, comment_id)
    if not _may_resolve(row, reader):
        raise Forbidden("the owner and researchers settle comments")
    if row.resolved_at:
        raise CommentRefused("it is settled already")
    row.resolution, row.resolved_by_id, row.resolved_at = _words(said, redactor), reader.user_id, utcnow()
    record(session, reader.user_id, "comment.settle", f"comment:{row.id}")
    session.flush()
    return _shown(row, reader)


def remove_comment(session: Session, reader: Reader, comment_id: int) -> CommentShown:
    """Remove a comment, one's own or as an administrator; its words stay in the audit log.

    Raises:
        NotVisible, Forbidden.
    """
    row = _seen(session, reader, comment_id)
    if not _may_remove(row, reader):
        raise Forbidden("only who wrote it and administrators remove a comment")
    shown = _shown(row, reader)
    record(session, reader.user_id, "comment.remove", f"comment:{row.id}", on=f"{shown.kind}:{shown.key}",
           author=row.author_id, words=row.text)  # fmt: skip
    session.delete(row)
    return shown


def inbox(session: Session, reader: Reader) -> tuple[CommentShown, ...]:
    """What reached the reader, what is not settled first, then the newest."""
    since = session.scalar(select(InboxVisit.at).where(InboxVisit.user_id == reader.user_id))
    query = _loaded().where(_reaches(reader), _is_seen(reader))
    rows = session.scalars(query.order_by(Comment.resolved_at.isnot(None), Comment.id.desc()).limit(INBOX))
    return tuple(_shown(row, reader, new=since is None or row.at > since) for row in rows)


def said_by_me(session: Session, reader: Reader) -> tuple[CommentShown, ...]:
    """The reader's own comments, newest first, with what became of them."""
    query = _loaded().where(Comment.author_id == reader.user_id, _is_seen(reader))
    return tuple(_shown(row, reader) for row in session.scalars(query.order_by(Comment.id.desc()).limit(INBOX)))


def unread(session: Session, reader: Reader) -> int:
    """How many unsettled comments of others reached the reader since they last looked."""
    return remembered(session, ("unread", reader), lambda: _unread(session, reader))


def _unread(session: Session, reader: Reader) -> int:
    since = session.scalar(select(InboxVisit.at).where(InboxVisit.user_id == reader.user_id))
    query = select(func.count()).select_from(Comment).where(
        Comment.resolved_at.is_(None), Comment.author_id.is_distinct_from(reader.user_id), _reaches(reader),
        _is_seen(reader),
    )  # fmt: skip
    return session.scalar(query if since is None else query.where(Comment.at > since)) or 0


def note_inbox_visit(session: Session, reader: Reader) -> None:
    """Note that the reader has looked: nothing is new any more."""
    now = utcnow()
    statement = upsert(session, InboxVisit).values(user_id=reader.user_id, at=now)
    session.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_={"at": now}))


def _reaches(reader: Reader) -> ColumnElement[bool]:
    """Comments on what the reader answers for, or on what nobody does where the reader is a researcher."""
    active = select(User.id).where(User.active)
    unowned_study = or_(Study.owner_id.is_(None), Study.owner_id.not_in(active))
    unowned_term = and_(
        or_(Term.owner_id.is_(None), Term.owner_id.not_in(active)),
        or_(Term.steward_id.is_(None), Term.steward_id.not_in(active)),
    )
    open_to_me = reader.at_least("researcher")
    studies = select(Study.id).where(or_(Study.owner_id == reader.user_id, unowned_study if open_to_me else false()))
    mine = or_(Term.owner_id == reader.user_id, Term.steward_id == reader.user_id)
    terms = select(Term.id).where(or_(mine, unowned_term if open_to_me else false()))
    evidence = select(Evidence.id).where(Evidence.study_id.in_(studies))
    return or_(Comment.evidence_id.in_(evidence), Comment.term_id.in_(terms))


def _is_seen(reader: Reader) -> ColumnElement[bool]:
    evidence = select(Evidence.id).where(Evidence.study_id.in_(visible_studies(reader)))
    return or_(Comment.evidence_id.in_(evidence), Comment.term_id.in_(visible_terms(reader)))


def _thing(session: Session, reader: Reader, kind: str, key: str) -> _Thing:
    if kind == "evidence" and key.isascii() and key.isdigit() and len(key) < 10:
        found = session.execute(
            select(Evidence.id, Study.owner_id)
            .join(Study, Study.id == Evidence.study_id)
            .where(Evidence.id == int(key), Study.id.in_(visible_studies(reader)))
        ).first()
        if found:
            owner = _name(session, found.owner_id)
            return _Thing(Comment.evidence_id == found.id, {"evidence_id": found.id}, found.owner_id, owner)
    elif kind == "outcome":
        term = session.scalar(select(Outcome).where(Outcome.code == key, Outcome.id.in_(visible_terms(reader))))
        if term:
            owner = _name(session, term.owner_id) or _name(session, term.steward_id)
            return _Thing(Comment.term_id == term.id, {"term_id": term.id}, term.owner_id, owner)
    raise NotVisible(f"{kind} {key}")


def _name(session: Session, user_id: int | None) -> str:
    user = session.get(User, user_id) if user_id else None
    return (user.name or user.email) if user and user.active else ""


def _seen(session: Session, reader: Reader, comment_id: int) -> Comment:
    row = session.scalar(_loaded().where(Comment.id == comment_id, _is_seen(reader)))
    if row is None:
        raise NotVisible(f"comment {comment_id}")
    return row


def _loaded():
    return select(Comment).options(
        selectinload(Comment.evidence).selectinload(Evidence.study), selectinload(Comment.term),
        selectinload(Comment.author), selectinload(Comment.resolved_by),
    )  # fmt: skip


def _may_resolve(row: Comment, reader: Reader) -> bool:
    owners = (row.evidence.study.owner_id,) if row.evidence else (row.term.owner_id, row.term.steward_id)
    return reader.at_least("researcher") or reader.user_id in owners


def _may_remove(row: Comment, reader: Reader) -> bool:
    return row.author_id == reader.user_id or reader.at_least("administrator")


def _words(text: str, redactor: Redactor) -> str:
    if len(text) > LONGEST:
        raise CommentRefused(f"it has {grouped(len(text))} characters, use at most {grouped(LONGEST)}")
    lines = (" ".join(line.split()) for line in redactor.redact(text).text.strip().splitlines())
    return "\n".join(lines)


def _shown(row: Comment, reader: Reader, new: bool = False) -> CommentShown:
    is_mine = row.author_id == reader.user_id
    about = row.evidence.text if row.evidence else row.term.name
    return CommentShown(
        id=row.id,
        kind="evidence" if row.evidence else "outcome",
        key=str(row.evidence_id) if row.evidence else row.term.code,
        about=about if len(about) <= EXCERPT else f"{about[:EXCERPT].rsplit(' ', 1)[0]} …",
        text=row.text,
        wrong=row.wrong,
        author=(row.author.name or row.author.email) if row.author else "a former user",
        at=day(row.at),
        is_new=new and not is_mine and row.resolved_at is None,
        resolved_by=(row.resolved_by.name or row.resolved_by.email) if row.resolved_by else "",
        resolved_at=day(row.resolved_at) if row.resolved_at else "",
        resolution=row.resolution,
        may_resolve=row.resolved_at is None and _may_resolve(row, reader),
        may_remove=_may_remove(row, reader),
    )
