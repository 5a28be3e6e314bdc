"""Reading the taxonomy for pages, the command line, imports and the tagger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz, process
from sqlalchemy import ColumnElement, Select, select, true
from sqlalchemy.orm import Session, selectin_polymorphic, selectinload

from ingest.rules import RuleSpec
from ingest.tagger import TermProfile
from insightrepo.models import Metric, Outcome, Product, Segment, Team, Term, User
from insightrepo.taxonomy.checks import Known

NEAR = 70  # 0 to 100: how alike a name must be to be offered instead
AS_NEAR = 10  # so much less alike than the likest a name may be to be offered beside it


class UnknownTerm(Exception):
    """No term is called so, or several are; the message says what to write instead."""


class TermFinder:
    """Finds terms of one axis by code, name or alias, whatever the case; made once for many look-ups.

    `among` leaves out the terms that it does not hold for, also in what is offered instead: for a reader
    ``Term.id.in_(visible_terms(reader))``.
    """

    def __init__(self, session: Session, axis: str, among: ColumnElement[bool] | None = None) -> None:
        condition = true() if among is None else among
        self._know(axis, session.scalars(_terms().where(Term.axis == axis, condition).order_by(Term.id)))

    @classmethod
    def of(cls, axis: str, terms: Iterable[Any]) -> TermFinder:
        """A finder of these terms, which need a code, a name, aliases and a status."""
        finder = cls.__new__(cls)
        finder._know(axis, terms)
        return finder

    def _know(self, axis: str, terms: Iterable[Any]) -> None:
        self.axis, self._terms = axis, list(terms)
        self._by_code = {term.code.casefold(): term for term in self._terms}
        self._by_words: dict[str, list[Any]] = defaultdict(list)
        for term in self._terms:
            for words in {_folded(words) for words in (term.name, *term.aliases)}:
                self._by_words[words].append(term)

    def find(self, text: str) -> Any:
        """The term with this code, else with this name or alias; a retired one only where no other has it.

        Raises:
            UnknownTerm: there is none, or there are several with this name or alias.
        """
        words = _folded(text)
        if words in self._by_code:
            return self._by_code[words]
        named = self._by_words.get(words, [])
        found = [term for term in named if term.status != "retired"] or named
        if len(found) > 1:
            codes = ", ".join(term.code for term in found)
            raise UnknownTerm(f"several {self.axis}s are called {text!r} ({codes}): write the code")
        if not found:
            raise UnknownTerm(f"no {self.axis} is called {text!r}{self._instead(words)}")
        return found[0]

    def near(self, text: str, most: int = 3) -> tuple[Any, ...]:
        """The terms in use whose code, name or alias is most like a text that names none, the likest first."""
        called = {words: term for words, term in self._by_code.items() if term.status != "retired"}
        for words, terms in self._by_words.items():
            called.update((words, term) for term in terms if term.status != "retired")
        found = process.extract(_folded(text), [*called], scorer=fuzz.token_sort_ratio, score_cutoff=NEAR, limit=None)
        likest = [called[words] for words, likeness, _ in found if likeness >= found[0][1] - AS_NEAR]
        return tuple({term.id: term for term in likest}.values())[:most]

    def _instead(self, words: str) -> str:
        if not self._terms:
            return ": none are known yet, import a taxonomy first"
        choices = [*self._by_code, *self._by_words]
        near = process.extractOne(words, choices, scorer=fuzz.WRatio, score_cutoff=NEAR)
        if near is None:
            return f": known are {_shortened([term.code for term in self._terms])}"
        term = self._by_code.get(near[0]) or self._by_words[near[0]][0]
        return f"; did you mean {term.code} ({term.name})?"


def find_term(session: Session, axis: str, text: str, among: ColumnElement[bool] | None = None) -> Term:
    """`TermFinder.find` for a single look-up; raises `UnknownTerm`."""
    return TermFinder(session, axis, among).find(text)


def product_and_below(session: Session, ids: Iterable[int]) -> set[int]:
    """These products and all that are below them in the tree."""
    table = Product.__table__
    below = select(table.c.id).where(table.c.id.in_(list(ids))).cte("below", recursive=True)
    below = below.union(select(table.c.id).join(below, table.c.parent_id == below.c.id))
    return set(session.scalars(select(below.c.id)))


@dataclass(frozen=True)
class OutcomeDetail:
    """An outcome with what its page shows; segments empty: it applies to all."""

    outcome: Outcome
    segments: tuple[Segment, ...]
    owner: User | None


def outcome_detail(session: Session, outcome_id: int) -> OutcomeDetail | None:
    """The outcome with its segments and owner; None where there is no such outcome."""
    outcome = session.scalar(select(Outcome).where(Outcome.id == outcome_id).options(selectinload(Outcome.segments)))
    if outcome is None:
        return None
    return OutcomeDetail(
        outcome=outcome,
        segments=tuple(sorted(outcome.segments, key=lambda segment: segment.id)),
        owner=session.get(User, outcome.owner_id) if outcome.owner_id else None,
    )


def term_phrases(term: Term) -> tuple[str, ...]:
    """The words of a term, for tagging by meaning and for widening a query; each once, the most telling first."""
    if isinstance(term, Outcome):
        phrases = [term.name, term.job, term.success_measure, *term.aliases]
    elif isinstance(term, Segment):
        phrases = [term.name, *term.aliases, term.definition]
    else:
        phrases = [term.name, *term.aliases]
    return tuple(dict.fromkeys(phrase for phrase in phrases if phrase))


def profiles(session: Session) -> list[TermProfile]:
    """All terms that are not retired as the tagger needs them; heads and examples are added by who trains them."""
    terms = session.scalars(_terms().where(Term.status != "retired").order_by(Term.id))
    return [_profile(term) for term in terms]


def known(session: Session) -> Known:
    """What a taxonomy file may refer to without naming it itself."""
    codes: dict[str, set[str]] = defaultdict(set)
    for axis, code in session.execute(select(Term.axis, Term.code)):
        codes[axis].add(code)
    return Known(
        outcomes=frozenset(codes["outcome"]),
        segments=frozenset(codes["segment"]),
        products=frozenset(codes["product"]),
        users=frozenset(session.scalars(select(User.email))),
        teams=frozenset(session.scalars(select(Team.name))),
        metrics=frozenset(session.scalars(select(Metric.code))),
        leads={code.casefold(): lead for code, lead in session.execute(select(Outcome.code, Outcome.lead_measure))},
    )


def _terms() -> Select[Term]:
    kinds = selectin_polymorphic(Term, [Outcome, Segment, Product])
    return select(Term).options(kinds, selectinload(Term.rules))


def _profile(term: Any) -> TermProfile:  # a Term, whose checked columns are plain text to the type checker
    rules = tuple(RuleSpec(rule.id, rule.kind, tuple(rule.words), rule.distance, rule.effect) for rule in term.rules)
    return TermProfile(
        id=term.id,
        axis=term.axis,
        code=term.code,
        name=term.name,
        words=term_phrases(term),
        policy=term.policy,
        rules=rules,
        head=None,
        head_id=None,
        examples=(),
    )


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _shortened(codes: list[str], most: int = 12) -> str:
    return ", ".join(codes[:most]) + (", …" if len(codes) > most else "")
