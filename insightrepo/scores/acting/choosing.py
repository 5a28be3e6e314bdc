"""Which cells a page of scores is about: a wave, a segment and a product that a reader may see, and the outcomes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_products, visible_segments, visible_terms
from insightrepo.models import Outcome, Product, Score, Segment, Term, Wave
from insightrepo.models.taxonomy import outcome_segment
from insightrepo.scores.reading import ALL
from insightrepo.scores.waves.waves import WaveUnknown, find_wave
from insightrepo.taxonomy.reading import UnknownTerm, find_term

Found = TypeVar("Found")


@dataclass(frozen=True)
class TermShown:
    """A term as lists name it; `group` is a segment's dimension or a product's parent."""

    id: int
    code: str
    name: str
    group: str = ""


@dataclass(frozen=True)
class Choice:
    """What was chosen, None of segment and product: everybody; `wave` is None where nothing was measured yet.

    `waves`, `segments` and `products` are what may be chosen, the newest wave first.
    """

    wave: str | None
    provisional: bool
    segment: TermShown | None
    product: TermShown | None
    waves: tuple[str, ...]
    segments: tuple[TermShown, ...]
    products: tuple[TermShown, ...]

    @property
    def segment_code(self) -> str:
        """The word that `reading.ScoreQuery` takes."""
        return self.segment.code if self.segment else ALL

    @property
    def product_code(self) -> str:
        """The word that `reading.ScoreQuery` takes."""
        return self.product.code if self.product else ALL


@dataclass(frozen=True)
class _Offered:
    """What may be chosen: the waves that have scores, the newest first, and the terms that the reader sees."""

    session: Session
    waves: tuple[Wave, ...]
    segments: tuple[TermShown, ...]
    products: tuple[TermShown, ...]

    def wave(self, code: str | None) -> Wave | None:
        if code:
            return find_wave(self.session, code)
        latest_frozen = next((found for found in self.waves if found.state == "frozen"), None)
        return latest_frozen or next(iter(self.waves), None)

    def segment(self, text: str | None) -> TermShown | None:
        return _found(self.session, "segment", text, self.segments)

    def product(self, text: str | None) -> TermShown | None:
        return _found(self.session, "product", text, self.products)

    def choice(self, wave: Wave | None, segment: TermShown | None, product: TermShown | None) -> Choice:
        return Choice(
            wave=wave.code if wave else None,
            provisional=wave is not None and wave.state != "frozen",
            segment=segment,
            product=product,
            waves=tuple(found.code for found in self.waves),
            segments=self.segments,
            products=self.products,
        )


@dataclass(frozen=True)
class OutcomeShown:
    """An outcome in use. `segments` are the ids of those it applies to, by dimension; a dimension left out: to all."""

    id: int
    code: str
    name: str
    category: str
    stage: str
    lead_measure: str
    segments: dict[str, frozenset[int]]

    def applies_to(self, segment: TermShown | None) -> bool:
        """Whether the outcome is relevant to a segment; to everybody (None) it always is."""
        return segment is None or segment.id in self.segments.get(segment.group, {segment.id})


def choose(
    session: Session, reader: Reader, wave: str | None = None, segment: str | None = None, product: str | None = None
) -> Choice:
    """Look up what was asked for by code, name or alias; empty or "all": everybody, and the latest frozen wave that
    has scores, else the latest open one.

    Raises:
        WaveUnknown, UnknownTerm: nothing is called so that the reader may see.
    """
    offered = _offered(session, reader)
    return offered.choice(offered.wave(wave), offered.segment(segment), offered.product(product))


def choose_known(
    session: Session, reader: Reader, wave: str = "", segment: str = "", product: str = ""
) -> tuple[Choice, tuple[str, ...]]:
    """As `choose`, but what nobody knows is left out, and said: a sentence for each."""
    offered, unknown = _offered(session, reader), []

    def known(find: Callable[[str], Found], text: str) -> Found:
        try:
            return find(text)
        except (UnknownTerm, WaveUnknown) as error:
            unknown.append(str(error))
            return find("")

    found = known(offered.wave, wave), known(offered.segment, segment), known(offered.product, product)
    return offered.choice(*found), tuple(unknown)


def _offered(session: Session, reader: Reader) -> _Offered:
    measured = Wave.id.in_(select(Score.wave_id).distinct())
    waves = session.scalars(select(Wave).where(measured).order_by(Wave.first_day.desc(), Wave.id))
    return _Offered(session, tuple(waves), segments_seen(session, reader), products_seen(session, reader))


def _found(session: Session, axis: str, text: str | None, among: Iterable[TermShown]) -> TermShown | None:
    if not text or text == ALL:
        return None
    by_id = {term.id: term for term in among}
    return by_id[find_term(session, axis, text, Term.id.in_(by_id)).id]


def segments_seen(session: Session, reader: Reader) -> tuple[TermShown, ...]:
    """The segments in use whose scores the reader may see, by dimension in the taxonomy's order."""
    query = select(Segment.id, Segment.code, Segment.name, Segment.dimension)
    rows = session.execute(_in_use(query, Segment, visible_segments(reader)).order_by(Segment.dimension, Segment.id))
    return tuple(TermShown(*row) for row in rows)


def products_seen(session: Session, reader: Reader) -> tuple[TermShown, ...]:
    """The products in use whose scores the reader may see, each followed by those below it."""
    query = select(Product.id, Product.code, Product.name, Product.parent_id)
    rows = session.execute(_in_use(query, Product, visible_products(reader)).order_by(Product.id)).all()
    names = {row.id: row.name for row in rows}
    below: dict[int | None, list[TermShown]] = defaultdict(list)
    for row in rows:
        parent = row.parent_id if row.parent_id in names else None
        below[parent].append(TermShown(row.id, row.code, row.name, names.get(parent, "") if parent else ""))
    ordered: list[TermShown] = []
    stack = list(reversed(below[None]))
    while stack:
        term = stack.pop()
        ordered.append(term)
        stack.extend(reversed(below[term.id]))
    return tuple(ordered)


def outcomes_in_use(session: Session, reader: Reader) -> tuple[OutcomeShown, ...]:
    """The outcomes that the reader may see and that are not retired, in the taxonomy's order, in two queries."""
    columns = (Outcome.id, Outcome.code, Outcome.name, Outcome.category, Outcome.journey_stage, Outcome.lead_measure)
    rows = session.execute(_in_use(select(*columns), Outcome, visible_terms(reader)).order_by(Outcome.id)).all()
    applicable: dict[int, dict[str, frozenset[int]]] = defaultdict(dict)
    pairs = select(outcome_segment.c.outcome_id, Segment.id, Segment.dimension).join(
        Segment, Segment.id == outcome_segment.c.segment_id
    )
    for outcome_id, segment_id, dimension in session.execute(pairs):
        by_dimension = applicable[outcome_id]
        by_dimension[dimension] = by_dimension.get(dimension, frozenset()) | {segment_id}
    return tuple(OutcomeShown(*row, applicable.get(row.id, {})) for row in rows)


def _in_use(query, kind, seen):
    return query.where(kind.id.in_(seen), kind.status != "retired")
