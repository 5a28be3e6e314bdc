"""Who may see and do what. There is one filter of studies, as SQL, and every read of a study goes through it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session, selectinload

from insightrepo.models import ROLES, SENSITIVITIES, Product, Segment, Study, Team, Term, User
from insightrepo.models.library import study_product, study_segment
from insightrepo.taxonomy.reading import product_and_below

CLEARANCE = {"viewer": "internal", "contributor": "confidential", "researcher": "personal", "administrator": "personal"}


class Forbidden(Exception):
    """The reader may not do this; the message says what is needed."""


@dataclass(frozen=True)
class Reader:
    """A user as the permission filter needs it. Scopes of the user and of all teams are united per axis.

    `products` holds the scoped products and all below them, `segments` the scoped segments; None means unlimited.
    """

    user_id: int
    email: str
    role: str
    teams: frozenset[int] = frozenset()
    products: frozenset[int] | None = None
    segments: frozenset[int] | None = None

    def at_least(self, role: str) -> bool:
        """Whether the reader's role includes `role`."""
        return ROLES.index(self.role) >= ROLES.index(role)

    def require(self, role: str) -> None:
        """Raises Forbidden unless the reader's role includes `role`."""
        if not self.at_least(role):
            raise Forbidden(f"{self.email} is a {self.role}; this needs the role {role}")

    def sees_term(self, term: Term) -> bool:
        """Whether a term is for the reader; the same as `visible_terms`, for a term that is loaded already."""
        return term.team_id is None or term.team_id in self.teams or self.at_least("administrator")

    @property
    def may_change_global(self) -> bool:
        """Whether terms that belong to no team are the reader's to change: a researcher's without scopes.

        Who is limited to products or segments works beside the common baseline, never on it.
        """
        return self.at_least("researcher") and self.products is None and self.segments is None

    def require_global(self, what: str) -> None:
        """Raises Forbidden unless the reader is a researcher without scopes; `what` names what is everybody's."""
        self.require("researcher")
        if not self.may_change_global:
            raise Forbidden(
                f"{what} everybody's, and you are limited to a part of the workspace: ask somebody without limits"
            )

    def require_change_global(self) -> None:
        """Raises Forbidden unless what concerns everybody is the reader's to change."""
        self.require("researcher")
        if not self.may_change_global:
            raise Forbidden(
                f"this changes everybody's figures, and {self.email} is limited to a part of the workspace: "
                "ask somebody without limits"
            )

    def may_change_term(self, term: Term) -> bool:
        """Whether a term is the reader's to change; a team's own is its members' and administrators' alone."""
        if term.team_id is None:
            return self.may_change_global
        return self.at_least("researcher") and self.sees_term(term)

    def require_change(self, term: Term) -> None:
        """Raises Forbidden unless the term is the reader's to change."""
        self.require("researcher")
        if not self.may_change_term(term):
            shared = "is everybody's, and you are limited to a part of the workspace: ask somebody without limits"
            raise Forbidden(f"{term.code} {'belongs to a team that you are not in' if term.team_id else shared}")

    def sees_cell(self, segment_id: int | None, product_id: int | None) -> bool:
        """Whether the scores of a cell are within the reader's scopes; None is all segments or all products.

        The cell of all segments and all products is for everyone: it says nothing of any one of them.
        """
        in_segment = segment_id is None or self.segments is None or segment_id in self.segments
        return in_segment and (product_id is None or self.products is None or product_id in self.products)

    @property
    def sensitivities(self) -> tuple[str, ...]:
        """The sensitivity labels that the role is cleared for."""
        return SENSITIVITIES[: SENSITIVITIES.index(CLEARANCE[self.role]) + 1]


def reader_for(session: Session, user: User) -> Reader:
    """The reader that a user is, with scopes resolved down the product tree."""
    user = session.scalars(
        select(User)
        .where(User.id == user.id)
        .options(selectinload(User.scopes), selectinload(User.teams).selectinload(Team.scopes))
    ).one()
    term_ids = {scope.term_id for holder in (user, *user.teams) for scope in holder.scopes}
    terms = session.execute(select(Term.id, Term.axis).where(Term.id.in_(term_ids))).all() if term_ids else []
    products = {term_id for term_id, axis in terms if axis == "product"}
    segments = {term_id for term_id, axis in terms if axis == "segment"}
    return Reader(
        user_id=user.id,
        email=user.email,
        role=user.role,
        teams=frozenset(team.id for team in user.teams),
        products=frozenset(product_and_below(session, products)) if products else None,
        segments=frozenset(segments) if segments else None,
    )


def visible_studies(reader: Reader) -> Select[tuple[int]]:
    """The ids of the studies that the reader may see, to be used inside other queries.

    A study must be within the reader's clearance and scopes (a scoped reader sees no study that a person has not set
    to one of the scoped products or segments). A published one is seen by all these; a draft by its owner, its team
    and administrators; a withdrawn one by its owner and administrators.
    """
    conditions = [Study.sensitivity.in_(reader.sensitivities)]
    if not reader.at_least("administrator"):
        conditions.append(_seen_in_state(reader))
    if reader.products is not None:
        conditions.append(_set_to(study_product.c.study_id, study_product.c.product_id, reader.products))
    if reader.segments is not None:
        conditions.append(_set_to(study_segment.c.study_id, study_segment.c.segment_id, reader.segments))
    return select(Study.id).where(and_(*conditions))


def studies_in_use(reader: Reader) -> Select[tuple[int]]:
    """The ids of the visible studies that are not withdrawn: whatever counts, ranks or sums up evidence asks here.

    A withdrawn study is still opened, edited and brought back by its owner and administrators, and counts for nobody.
    """
    return visible_studies(reader).where(Study.state != "withdrawn")


def _seen_in_state(reader: Reader):
    own = Study.owner_id == reader.user_id
    in_team = Study.team_id.in_(reader.teams)
    return or_(Study.state == "published", own, and_(Study.state == "draft", in_team))


def _set_to(study_column, term_column, term_ids: frozenset[int]):
    return Study.id.in_(select(study_column).where(term_column.in_(term_ids)))


def visible_terms(reader: Reader) -> Select[tuple[int]]:
    """The ids of the terms that the reader may see: a team's own are for its members and administrators.

    Whoever shows terms to a reader asks here; imports and the tagger work with all of them.
    """
    query = select(Term.id)
    if reader.at_least("administrator"):
        return query
    return query.where(or_(Term.team_id.is_(None), Term.team_id.in_(reader.teams)))


def visible_products(reader: Reader) -> Select[tuple[int]]:
    """The ids of the products whose scores the reader may see."""
    query = select(Product.id).where(Product.id.in_(visible_terms(reader)))
    return query if reader.products is None else query.where(Product.id.in_(reader.products))


def visible_segments(reader: Reader) -> Select[tuple[int]]:
    """The ids of the segments whose scores the reader may see."""
    query = select(Segment.id).where(Segment.id.in_(visible_terms(reader)))
    return query if reader.segments is None else query.where(Segment.id.in_(reader.segments))
