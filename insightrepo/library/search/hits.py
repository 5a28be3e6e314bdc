"""What a search asks and answers, as plain values: the page, the command line and the API share them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from insightrepo.library.studies.insight_states import InsightState
from insightrepo.scores.chips import Chip

Mode = Literal["hybrid", "keyword", "meaning"]
Sort = Literal["relevance", "newest", "gap"]
Group = Literal["none", "study", "level"]
FACETS = ("outcome", "category", "segment", "product", "kind", "level", "method", "year", "state")
CELL_AXES = ("segment", "product")  # choose the cell whose scores stand beside a hit


@dataclass(frozen=True)
class SearchQuery:
    """A typed query. `words` is what a person typed, fields and all; `filters` maps a facet's name to its values.

    Values of one facet are united, facets are intersected. Outcome, segment and product take codes; a product
    includes what is below it. `like` is a piece of evidence that the results are to be similar to; `group` asks for
    `SearchResult.groups`, "study" also for `SearchResult.similar_studies`, which a long question has anyway.
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
    like: int | None = None
    group: Group = "none"


@dataclass(frozen=True)
class VoteShown:
    """A vote as a hit shows it: who, for or against, and why in a sentence, which names `examples`: ids of evidence."""

    source: str
    in_favour: bool
    value: float
    because: str
    examples: tuple[int, ...] = ()


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
    more_from_study: int = 0  # hits of its study that stand further down so that others are seen
    insight: InsightState | None = None  # of an insight: what to know before it is quoted

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
class PieceShown:
    """A piece of what was typed and what it was taken for. `text` is said after `label` (phrase, without, a field);
    `name` is the long name of what a filter names; `without` is what to type for the query without it."""

    label: str
    text: str
    name: str
    note: str
    without: str


@dataclass(frozen=True)
class Suggestion:
    """What may have been meant. `words` is the corrected query; `parts` is the same in stretches: (text, changed)."""

    words: str
    parts: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class LikeShown:
    """The evidence that the results are similar to."""

    id: int
    text: str
    study_id: int
    study: str


@dataclass(frozen=True)
class StudyFound:
    """A study among the best hits: `hits` of these are of it."""

    id: int
    title: str
    method: str
    when: str | None
    participants_n: int | None
    hits: int


@dataclass(frozen=True)
class HitGroup:
    """Hits of one study (`value` is its id) or one level: the best of `total`."""

    value: str
    label: str
    total: int
    hits: tuple[Hit, ...]


@dataclass(frozen=True)
class Connecting:
    """An outcome that hits at both levels speak to, with how many at each."""

    code: str
    name: str
    relationship: int
    interaction: int


@dataclass(frozen=True)
class Relaxed:
    """A condition that can be given up, the query without it, and how much that finds."""

    label: str
    query: SearchQuery
    total: int
    capped: bool


@dataclass(frozen=True)
class Gap:
    """That a question had no good answer: how many hits, and the best cosine (-1 to 1; None: no hits)."""

    hits: int
    best_cosine: float | None


@dataclass(frozen=True)
class WithWords:
    """How many of the hits hold a word that was asked for; the others are near in meaning. `capped`: at least so many;
    `several`: more than one word was asked for, any of which counts."""

    hits: int
    capped: bool
    several: bool


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
    gap: Gap | None = None  # where nothing, or nothing near, was found
    pieces: tuple[PieceShown, ...] = ()  # what was typed, piece by piece; empty where it is nothing but words
    suggestion: Suggestion | None = None
    like: LikeShown | None = None
    similar_studies: tuple[StudyFound, ...] = ()  # the best first
    groups: tuple[HitGroup, ...] = ()  # of the page, where the query asks for groups; `hits` are all of theirs
    groups_total: int = 0
    connecting: tuple[Connecting, ...] = ()  # where the query groups by level
    with_words: WithWords | None = None  # None where words and meaning were not both asked
    cell: Mapping[str, str] = field(default_factory=dict)  # the one segment and product asked for: codes by axis

    @property
    def unplaced_notes(self) -> tuple[str, ...]:
        """The notes that do not stand beside a piece."""
        return tuple(note for note in self.notes if not any(note in piece.note for piece in self.pieces))
