"""The coverage map: how much an outcome matters against how strong the evidence is, to say where to act or research.

Strength is the plain mean of six parts of 0 to 1, each shown beside it. None of them is learnt or weighted.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyroaring import BitMap
from sqlalchemy import select
from sqlalchemy.orm import Session

from indexes.bitmaps import NO_DAY, Bitmaps
from insightrepo.accounts.access import Reader
from insightrepo.library.indexing.indexing import follow
from insightrepo.library.search.filters import NO_FILTER, allowed_bitmap
from insightrepo.library.studies.ages import STALE_DAYS
from insightrepo.locales import decimal, percent
from insightrepo.models import EvidenceLink, Study
from insightrepo.scores.acting.choosing import Choice, OutcomeShown, TermShown, outcomes_in_use
from insightrepo.scores.computing.opportunity import BANDS
from insightrepo.scores.reading import NONE, ScoreQuery, ScoreRow, read_scores
from insightrepo.workspace import Workspace

ENOUGH_STUDIES = 3
ENOUGH_PEOPLE = 12
ENOUGH_METHODS = 2
FRESH_DAYS = 180  # recency is 1 up to here, 0 from `STALE_DAYS` on, straight in between
STRONG = 0.5  # from here evidence is strong
FEWEST_PEOPLE, LEAST_REVIEWED = 5, 0.5  # below either no decision rests on it, however strong the mean
MATTERS = BANDS[-1][0]  # from this opportunity on an outcome is worth a look
PARTS = ("studies", "people", "methods", "segments", "recency", "reviewed")
QUADRANTS = ("act", "research", "watch", "less open")
ADVICE = {
    "act": "opportunity of 10 or more, and the evidence is strong",
    "research": "opportunity of 10 or more, and the evidence is thin",
    "watch": "opportunity below 10, and the evidence is thin",
    "less open": "opportunity below 10, and the evidence is strong",
}
EPOCH = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class Strength:
    """What the evidence of an outcome rests on; `parts` are the six components of 0 to 1, in the order of `PARTS`.

    `people`: respondents, each known by a key, who spoke of it, as the search counts them. `segments` of
    `segments_of`: those of its evidence among those it applies to. `reviewed`: the
    share of its tags that a person or an import stands behind. `latest`: the newest day. `insights` are in none of it.
    """

    pieces: int
    studies: int
    people: int
    methods: int
    segments: int
    segments_of: int
    latest: dt.date | None
    reviewed: float
    parts: tuple[float, ...]
    insights: int = 0

    @property
    def value(self) -> float:
        """The mean of the parts, 0 to 1."""
        return sum(self.parts) / len(self.parts)

    @property
    def thin(self) -> str:
        """Why no decision should rest on it, in a few words; empty where it carries one."""
        if self.people < FEWEST_PEOPLE:
            return f"fewer than {FEWEST_PEOPLE} people" if self.pieces else "nobody spoke of it"
        if self.reviewed < LEAST_REVIEWED:
            return f"{percent(100 * self.reviewed)} of its tags are reviewed"
        return f"strength {decimal(100 * self.value, 0)} of 100" if self.value < STRONG else ""


@dataclass(frozen=True)
class Covered:
    """An outcome on the map; `quadrant` is None where opportunity is unknown, and `why` then says so.

    `borderline`: the interval of the opportunity holds the line between the quadrants. `fell`: satisfaction really got
    worse since the wave before, whatever the quadrant.
    """

    outcome: OutcomeShown
    opportunity: ScoreRow | None
    strength: Strength
    quadrant: str | None
    borderline: bool
    why: str
    fell: bool = False


@dataclass(frozen=True)
class Coverage:
    """Outcomes by quadrant, and in each by falling opportunity; those without an opportunity at the end."""

    choice: Choice
    outcomes: tuple[Covered, ...]


def read_coverage(
    workspace: Workspace, session: Session, reader: Reader, choice: Choice, today: dt.date | None = None
) -> Coverage:
    """The map of the outcomes that apply to the chosen segment, from the evidence that the reader may see.

    Opportunity is that of the chosen cell; evidence is counted whatever its segment and product.
    """
    outcomes = [o for o in outcomes_in_use(session, reader) if o.applies_to(choice.segment)]
    found = Evidence(workspace, session, reader, choice.segments, today)
    scores = _scores(session, reader, choice)
    covered = [_covered(outcome, scores.get(outcome.code, {}), found.strength(outcome)) for outcome in outcomes]
    covered.sort(key=_place)
    return Coverage(choice, tuple(covered))


def strength_parts(
    studies: int, people: int, methods: int, segments: int, segments_of: int, age_days: int | None, reviewed: float
) -> tuple[float, ...]:
    """The six parts, each 0 to 1: `studies`/3, `people`/12, `methods`/2 (at most 1 each), the share of segments heard,
    recency by the age of the newest evidence (None: unknown, 0), the share reviewed.
    """
    recency = 0.0 if age_days is None else (STALE_DAYS - age_days) / (STALE_DAYS - FRESH_DAYS)
    parts = (
        studies / ENOUGH_STUDIES, people / ENOUGH_PEOPLE, methods / ENOUGH_METHODS,
        segments / segments_of if segments_of else 0.0, recency, reviewed,
    )  # fmt: skip
    return tuple(min(1.0, max(0.0, part)) for part in parts)


def people_heard(respondents: np.ndarray) -> int:
    """How many people pieces of evidence come from, by the respondent (0: not told apart) of each piece.

    What names nobody counts for nobody: it cannot be told whether two such pieces come from one person.
    """
    return int(np.count_nonzero(np.unique(respondents)))


def quadrant(opportunity: float, strength: Strength) -> str:
    """Where an opportunity (0 to 20) and the strength of its evidence put an outcome, by the rule of the home page."""
    if round(opportunity, 1) >= MATTERS:  # as it is printed
        return "research" if strength.thin else "act"
    return "watch" if strength.thin else "less open"


def as_json(found: Coverage) -> dict[str, Any]:
    """The map as scripts read it. Keys are added, never renamed or removed."""
    choice = found.choice
    return {
        "wave": choice.wave,
        "provisional": choice.provisional,
        "segment": choice.segment.code if choice.segment else None,
        "product": choice.product.code if choice.product else None,
        "outcomes": [_covered_json(covered) for covered in found.outcomes],
    }


class Evidence:
    """The evidence that a reader may see, counted by outcome; made once for a page.

    Evidence that another piece repeats word for word is counted once; insights, which are what researchers concluded
    from it, are counted apart.
    """

    def __init__(
        self, workspace: Workspace, session: Session, reader: Reader, segments: Sequence[TermShown],
        today: dt.date | None = None,
    ) -> None:  # fmt: skip
        self._bitmaps: Bitmaps = follow(workspace).bitmaps
        allowed = allowed_bitmap(session, reader, NO_FILTER, self._bitmaps)
        pairs = select(EvidenceLink.from_id, EvidenceLink.to_id).where(EvidenceLink.kind == "duplicates")
        # What repeats a piece that the reader may not see is all that they see of it: it counts.
        self._insights = allowed & self._bitmaps.get("kind:insight")
        repeated = BitMap(one for one, other in session.execute(pairs) if other in allowed)
        self._allowed = allowed - repeated - self._insights
        rows = session.execute(select(Study.id, Study.method)).all()
        self._studies: Mapping[int, Any] = {row.id: row for row in rows}
        self._segments = segments
        self._today = today or dt.date.today()

    def counts(self, outcome: OutcomeShown) -> tuple[int, int, int]:
        """Pieces of evidence, people and studies that speak of an outcome."""
        return self.counts_of([outcome.id])

    def counts_of(self, term_ids: Collection[int], study_id: int | None = None) -> tuple[int, int, int]:
        """Pieces of evidence, people and studies of any of these terms, on whatever axis; of one study where named."""
        ids = BitMap.union(BitMap(), *(self._bitmaps.get(f"term:{number}") for number in term_ids)) & self._allowed
        if study_id is not None:
            ids &= self._bitmaps.get(f"study:{study_id}")
        distinct = self._bitmaps.count_distinct
        return len(ids), distinct("respondent", ids), distinct("study", ids)

    def strength(self, outcome: OutcomeShown) -> Strength:
        """What the evidence of an outcome rests on."""
        ids = self._of(outcome)
        studies = self._bitmaps.column("study", ids)
        which = [int(number) for number in np.unique(studies) if number]
        methods = {self._studies[number].method for number in which if number in self._studies} - {""}
        people = people_heard(self._bitmaps.column("respondent", ids))
        relevant = [segment for segment in self._segments if outcome.applies_to(segment)]
        heard = sum(1 for segment in relevant if ids.intersect(self._bitmaps.get(f"term:{segment.id}")))
        days = self._bitmaps.days(ids)
        known = days[days != NO_DAY]
        latest = EPOCH + dt.timedelta(days=int(known.max())) if len(known) else None
        verified = ids.intersection_cardinality(self._bitmaps.get(f"verified:{outcome.id}"))
        reviewed = verified / len(ids) if ids else 0.0
        age = (self._today - latest).days if latest else None
        parts = strength_parts(len(which), people, len(methods), heard, len(relevant), age, reviewed)
        insights = self._insights.intersection_cardinality(self._bitmaps.get(f"term:{outcome.id}"))
        return Strength(
            len(ids), len(which), people, len(methods), heard, len(relevant), latest, reviewed, parts, insights
        )  # fmt: skip

    def _of(self, outcome: OutcomeShown) -> BitMap:
        return self._bitmaps.get(f"term:{outcome.id}") & self._allowed


def _scores(session: Session, reader: Reader, choice: Choice) -> dict[str, dict[str, ScoreRow]]:
    """Opportunity and satisfaction of the chosen cell by outcome and measure."""
    if choice.wave is None:
        return {}
    query = ScoreQuery(
        waves=(choice.wave,), segments=(choice.segment_code,), products=(choice.product_code,),
        tasks=(NONE,), measures=("opportunity", "satisfaction"),
    )  # fmt: skip
    found: dict[str, dict[str, ScoreRow]] = defaultdict(dict)
    for row in read_scores(session, reader, query):
        if row.outcome:
            found[row.outcome][row.measure] = row
    return found


def _covered(outcome: OutcomeShown, scores: Mapping[str, ScoreRow], strength: Strength) -> Covered:
    row, satisfaction = scores.get("opportunity"), scores.get("satisfaction")
    fell = satisfaction is not None and satisfaction.verdict == "worse"
    if row is None or row.value is None:
        why = "opportunity not asked" if row is None else "opportunity not shown: too few people"
        if row is not None and row.note != "suppressed":
            why = "opportunity: not enough data"
        return Covered(outcome, None, strength, None, False, why, fell)
    borderline = row.low is not None and row.high is not None and row.low < MATTERS <= row.high
    return Covered(outcome, row, strength, quadrant(row.value, strength), borderline, "", fell)


def _place(covered: Covered) -> tuple[Any, ...]:
    row = covered.opportunity
    order = QUADRANTS.index(covered.quadrant) if covered.quadrant else len(QUADRANTS)
    return order, -(row.value or 0.0) if row else 0.0, covered.outcome.code


def _covered_json(covered: Covered) -> dict[str, Any]:
    strength, row = covered.strength, covered.opportunity
    return {
        "outcome": covered.outcome.code,
        "name": covered.outcome.name,
        "quadrant": covered.quadrant,
        "borderline": covered.borderline,
        "why": covered.why,
        "fell": covered.fell,
        "opportunity": {name: getattr(row, name) for name in ("value", "low", "high", "n", "band")} if row else None,
        "strength": round(strength.value, 3),
        "thin": strength.thin,
        "parts": dict(zip(PARTS, (round(part, 3) for part in strength.parts), strict=True)),
        "pieces": strength.pieces,
        "studies": strength.studies,
        "people": strength.people,
        "methods": strength.methods,
        "segments": strength.segments,
        "segments_of": strength.segments_of,
        "latest": strength.latest.isoformat() if strength.latest else None,
        "reviewed": round(strength.reviewed, 3),
        "insights": strength.insights,
    }
