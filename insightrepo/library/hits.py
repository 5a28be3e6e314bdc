"""What a search asks and answers, as plain values: the page, the command line and the API share them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Literal

from insightrepo.scores.chips import Chip

Mode = Literal["hybrid", "keyword", "meaning"]
Sort = Literal["relevance", "newest", "gap"]
FACETS = ("outcome", "category", "segment", "product", "kind", "level", "method", "year", "state")


@dataclass(frozen=True)
class SearchQuery:
    """A typed query. `words` is what a person typed, fields and all; `filters` maps a facet's name to its values.

    Values of one facet are united, facets are intersected. Outcome, segment and product take codes; a product
    includes what is below it.
    """

    words: str = ""
    filters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    study: int | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    verified: bool = False  # only tags that a person or an import confirmed count, in term filters and in counts
    mode: Mode = "hybrid"
    sort: Sort = "relevance"
    offset: int = 0
    limit: int = 20


@dataclass(frozen=True)
class VoteShown:
    """A vote as a hit shows it: who, for or against, and why in a sentence."""

    source: str
    in_favour: bool
    value: float
    because: str


@dataclass(frozen=True)
class TagShown:
    """A tag on a hit; outcome tags carry the chip of the cell that the filters or the evidence choose."""

    axis: str
    code: str
    name: str
    state: str
    origin: str
    votes: tuple[VoteShown, ...] = ()
    chip: Chip | None = None

    @property
    def by_person(self) -> bool:
        """Whether a person or an import stands behind the tag, not only a machine."""
        return self.origin in ("person", "import")


@dataclass(frozen=True)
class Hit:
    """A piece of evidence that was found, beside the scores of the outcomes it speaks to."""

    id: int
    kind: str
    text: str
    marks: tuple[tuple[int, int], ...]  # matched words, as offsets into `text`
    context: str
    study_id: int
    study: str
    study_method: str
    study_state: str
    document_id: int | None
    locator: dict[str, Any]
    place: str  # the locator in words
    date: str | None  # as precise as it is known: 2025-03-14, 2025-03, 2025-Q1, 2025
    rating: str | None
    segments: tuple[str, ...]
    products: tuple[str, ...]
    keyword_rank: int | None
    meaning_rank: int | None
    boosts: tuple[str, ...]
    tags: tuple[TagShown, ...]
    more_places: int = 0

    @property
    def outcomes(self) -> tuple[TagShown, ...]:
        """The tags on the outcome axis, decided ones first."""
        return tuple(tag for tag in self.tags if tag.axis == "outcome")

    @property
    def why(self) -> tuple[str, ...]:
        """Why this result: a sentence for each engine that found it and each boost."""
        reasons = []
        if self.keyword_rank:
            reasons.append(f"its words match: rank {self.keyword_rank} by keywords")
        if self.meaning_rank:
            reasons.append(f"its meaning is close: rank {self.meaning_rank} by meaning")
        reasons.extend(f"boosted: {boost}" for boost in self.boosts)
        return tuple(reasons) or ("it is within the filter",)


@dataclass(frozen=True)
class FacetValue:
    """One value of a facet with its count in the result set."""

    value: str
    label: str
    count: int
    chosen: bool
    parent: str | None = None  # category of an outcome, parent of a product


@dataclass(frozen=True)
class OutcomeSpokenTo:
    """An outcome that the results speak to: how many hits, people and studies, and its current score."""

    code: str
    name: str
    category: str
    hits: int
    people: int
    studies: int
    chip: Chip | None


@dataclass(frozen=True)
class SearchResult:
    """What a search answers. `total`, `people`, `studies` and the facets count exactly the result set."""

    query: SearchQuery
    total: int
    capped: bool
    people: int
    studies: int
    hits: tuple[Hit, ...]
    facets: dict[str, tuple[FacetValue, ...]]
    outcomes: tuple[OutcomeSpokenTo, ...]
    notes: tuple[str, ...] = ()  # what was not understood, what was left out, what is off
    understood: str = ""
