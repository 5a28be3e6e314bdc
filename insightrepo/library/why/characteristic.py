"""What customers said that is most characteristic of a change: the words that grew, and verbatims that hold them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Row, Select, or_, select
from sqlalchemy.orm import Session

from indexes.analyzer import Analyzer
from indexes.query import ParsedQuery, Piece
from ingest.duplicates import NearDuplicates
from insightrepo.accounts.access import Reader, studies_in_use
from insightrepo.library.search.filters import NO_FILTER
from insightrepo.library.search.hits import Hit
from insightrepo.library.search.loading import load_hits
from insightrepo.library.studies import ages
from insightrepo.library.why.word_growth import GrownWord, Said, grown_words, leaning_words, said
from insightrepo.models import IN_FORCE, Evidence, Tag
from insightrepo.models.library import study_product, study_segment

KINDS = ("verbatim", "passage")
ENOUGH_VOICES = 10  # in each period, to say which words grew
MOST_QUOTES = 6
NEAR_MEANING = 0.4  # cosine from which a text is about the task
NEAR_WORDS = 2  # words that it shares with the task's name
ALIKE = 0.5  # of the words of the shorter of two quotes: then they say the same
MOST_TELLING = 3  # words of a text that speak for it: a long text is not a telling one
WELL_RATED, ILL_RATED = 0.7, 0.5  # of a rating's best end, from where and up to where

Nearness = Callable[[Sequence[str], Sequence[str]], np.ndarray]  # content hashes, phrases -> cosines, NaN: unknown


@dataclass(frozen=True)
class Asked:
    """What to find words for: an outcome, days, and what else is chosen (ids; products with those below them).

    `task_words` are the name of the task that moved with the score; `direction` is -1 where the score fell, 1 where it
    rose, 0 where it did neither.
    """

    outcome_id: int
    first_day: dt.date
    last_day: dt.date
    before_first: dt.date
    before_last: dt.date
    segments: frozenset[int] = frozenset()
    products: frozenset[int] = frozenset()
    task_words: tuple[str, ...] = ()
    direction: int = 0


@dataclass(frozen=True)
class Quote:
    """A piece of evidence with the grown words in it; `near_task`: it speaks of the task that moved with the score.
    `rated`: 1 where its author rated well, -1 where ill, 0 where neither or not.
    """

    hit: Hit
    words: tuple[str, ...]
    near_task: bool
    rated: int = 0


@dataclass(frozen=True)
class Behind:
    """What stands behind a period's words: verbatims and passages, the people who said the former, studies of all."""

    verbatims: int
    passages: int
    people: int
    studies: int

    @property
    def pieces(self) -> int:
        """All of them."""
        return self.verbatims + self.passages


@dataclass(frozen=True)
class Words:
    """The third column. `enough` says whether there were voices enough in both periods to compare their words;
    `widened`: the period before had too few, so that all that was said before the later one stands for it.
    """

    words: tuple[GrownWord, ...]
    quotes: tuple[Quote, ...]
    behind: Behind
    before: Behind
    enough: bool
    widened: bool


def characteristic(
    session: Session, reader: Reader, asked: Asked, language: str, nearness: Nearness | None = None
) -> Words:
    """The words that grew from the period before to the later one, and the verbatims that are most telling of it.

    Only evidence that the reader may see and whose tag of the outcome is in force counts. Quotes that speak of the
    task come first, then by the grown words they hold (where none grew beyond chance, by those that lean that way); one
    a person, and none that says what another says already. Passages of reports are quoted where no verbatim is: a plan
    or a finding is not what customers say.
    """
    later = _within(session.execute(_pieces(reader, asked, asked.first_day, asked.last_day)), asked.first_day,
                    asked.last_day)  # fmt: skip
    before = _within(session.execute(_pieces(reader, asked, asked.before_first, asked.before_last)),
                     asked.before_first, asked.before_last)  # fmt: skip
    widened = _voices(before) < ENOUGH_VOICES
    if widened:
        before = list(session.execute(_pieces(reader, asked, dt.date.min, asked.first_day - dt.timedelta(days=1))))
    analyzer = Analyzer(language)  # type: ignore[arg-type]
    texts = {row.id: said(row.text, analyzer) for row in (*before, *later)}
    enough = min(_voices(before), _voices(later)) >= ENOUGH_VOICES
    voices = _by_voice(before, texts), _by_voice(later, texts)
    grown = grown_words(*voices) if enough else ()
    telling = grown or (leaning_words(*voices) if enough else ())
    spoken = [row for row in later if row.kind == "verbatim"] or later
    chosen = _chosen(spoken, texts, grown, telling, asked, analyzer, nearness)
    return Words(grown, _quotes(session, reader, chosen, grown, texts, language), behind(later), behind(before),
                 enough, widened)  # fmt: skip


def _pieces(reader: Reader, asked: Asked, first_day: dt.date, last_day: dt.date) -> Select:
    """The permission filter and the conditions, as one query."""
    query = (
        select(Evidence.id, Evidence.kind, Evidence.text, Evidence.content_hash, Evidence.respondent_id,
               Evidence.study_id, Evidence.said_on, Evidence.date_precision, Evidence.rating, Evidence.rating_best,
               Tag.state)
        .join(Tag, Tag.evidence_id == Evidence.id)
        .where(Tag.term_id == asked.outcome_id, Tag.state.in_(IN_FORCE), Evidence.kind.in_(KINDS),
               Evidence.withdrawn.is_(False), Evidence.study_id.in_(studies_in_use(reader)),
               Evidence.said_on.between(first_day, last_day))
        .order_by(Evidence.said_on.desc(), Evidence.id)
    )  # fmt: skip
    for ids, column in ((asked.segments, study_segment.c.segment_id), (asked.products, study_product.c.product_id)):
        if ids:
            tagged = select(Tag.evidence_id).where(Tag.term_id.in_(ids), Tag.state.in_(IN_FORCE))
            set_on = select(column.table.c.study_id).where(column.in_(ids))
            query = query.where(or_(Evidence.id.in_(tagged), Evidence.study_id.in_(set_on)))
    return query


def _within(rows: Sequence[Row], first_day: dt.date, last_day: dt.date) -> list[Row]:
    """Those whose whole time lies within the days: what is only known to be of 2025 is of none of its quarters."""
    ends = ((row, ages.last_day(row.said_on, row.date_precision)) for row in rows)
    return [row for row, end in ends if end <= last_day and row.said_on >= first_day]


def _voice(row: Row) -> tuple[str, int]:
    """Who says it: a person, else the study whose passage it is."""
    return ("person", row.respondent_id) if row.respondent_id else ("study", row.study_id)


def _voices(rows: Collection[Row]) -> int:
    return len({_voice(row) for row in rows})


def _by_voice(rows: Sequence[Row], texts: dict[int, Said]) -> list[list[Said]]:
    voices: defaultdict[tuple[str, int], list[Said]] = defaultdict(list)
    for row in rows:
        voices[_voice(row)].append(texts[row.id])
    return list(voices.values())


def behind(rows: Collection[Row]) -> Behind:
    """What these pieces are."""
    verbatims = [row for row in rows if row.kind == "verbatim"]
    people = {row.respondent_id for row in verbatims if row.respondent_id}
    return Behind(len(verbatims), len(rows) - len(verbatims), len(people), len({row.study_id for row in rows}))


@dataclass(frozen=True)
class _Candidate:
    row: Row
    near: bool
    score: float


def _chosen(
    rows: Sequence[Row],
    texts: dict[int, Said],
    grown: Sequence[GrownWord],
    telling: Sequence[GrownWord],
    asked: Asked,
    analyzer: Analyzer,
    nearness: Nearness | None,
) -> list[_Candidate]:
    """The best, one a voice of a person, two a study, none alike."""
    near = _near(rows, texts, asked, analyzer, nearness)
    candidates = [
        _Candidate(row, near[row.id] > 0, _score(row, texts[row.id], telling, asked, near[row.id])) for row in rows
    ]
    if grown:  # what holds none of it is not what the change is about
        candidates = [c for c in candidates if c.near or any(w.key in texts[c.row.id].terms for w in grown)]
    candidates.sort(key=lambda found: (not found.near, -found.score))  # of equals the newest, as they come
    chosen: list[_Candidate] = []
    alike, voices = NearDuplicates(), defaultdict(int)
    for found in candidates:
        voice = _voice(found.row)
        if len(chosen) == MOST_QUOTES or voices[voice] >= (1 if voice[0] == "person" else 2):
            continue
        terms = set(texts[found.row.id].terms)
        if alike.find(found.row.text) is not None or any(_same(terms, set(texts[c.row.id].terms)) for c in chosen):
            continue
        alike.add(found.row.id, found.row.text)
        voices[voice] += 1
        chosen.append(found)
    return chosen


def _score(row: Row, text: Said, telling: Sequence[GrownWord], asked: Asked, near: float) -> float:
    """The z of the most telling words it holds, and what speaks for it beside: a person's tag, and a rating that points
    the way the score went (one that points the other way counts against it). A question says less than a statement.
    """
    words = sum(sorted((word.z for word in telling if word.key in text.terms), reverse=True)[:MOST_TELLING])
    confirmed = 0.5 if row.state == "accepted" else 0.0
    asks = 1.0 if any(mark in row.text for mark in "?？؟") else 0.0
    return words + confirmed + near - asks + 3.0 * asked.direction * _leaning(row)


def _leaning(row: Row) -> int:
    """1 where the rating is good, -1 where it is bad, 0 where it is neither or unknown."""
    if row.rating is None or not row.rating_best or row.rating_best <= 1:
        return 0
    share = row.rating / row.rating_best
    return 1 if share >= WELL_RATED else -1 if share <= ILL_RATED else 0


def _same(first: set[tuple[str, ...]], second: set[tuple[str, ...]]) -> bool:
    shorter = min(len(first), len(second))
    return shorter > 0 and len(first & second) > ALIKE * shorter


def _near(
    rows: Sequence[Row], texts: dict[int, Said], asked: Asked, analyzer: Analyzer, nearness: Nearness | None
) -> dict[int, float]:
    """How near each text is to the task, 0 where it is not about it; by shared words, and by meaning where known."""
    if not asked.task_words or not rows:
        return {row.id: 0.0 for row in rows}
    names = [set(said(words, analyzer).terms) for words in asked.task_words]
    cosines = nearness([row.content_hash for row in rows], asked.task_words) if nearness else np.full(len(rows), np.nan)
    near = {}
    for row, cosine in zip(rows, cosines, strict=True):
        shared = max(len({key for key in name & set(texts[row.id].terms) if len(key) == 1}) for name in names)
        by_words = shared / 10 if shared >= NEAR_WORDS else 0.0
        near[row.id] = max(by_words, float(cosine) if cosine >= NEAR_MEANING else 0.0)
    return near


def _quotes(
    session: Session,
    reader: Reader,
    chosen: Sequence[_Candidate],
    grown: Sequence[GrownWord],
    texts: dict[int, Said],
    language: str,
) -> tuple[Quote, ...]:
    pieces = tuple(Piece("word" if len(word.key) == 1 else "phrase", 0, 0, word.text) for word in grown)
    ids = [found.row.id for found in chosen]
    hits = {hit.id: hit for hit in load_hits(session, reader, ids, NO_FILTER, {}, ParsedQuery("", pieces), language)}
    return tuple(
        Quote(
            hits[found.row.id],
            tuple(w.text for w in grown if w.key in texts[found.row.id].terms),
            found.near,
            _leaning(found.row),
        )
        for found in chosen
        if found.row.id in hits
    )
