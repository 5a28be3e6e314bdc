""" "Did you mean": words that are in nothing the reader may see, and the nearest words that are.

A suggestion is a word that stands in evidence of the reader's scope or in the name of a term that they see; what stands
only elsewhere is never suggested.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakKeyDictionary, ref

from pyroaring import BitMap
from sqlalchemy import select
from sqlalchemy.orm import Session

from indexes.analyzer import Analyzer, fold
from indexes.base import KeywordIndex, KeywordQuery
from indexes.spelling import SHORTEST, Speller, Vocabulary, allowed_distance, distance
from insightrepo.accounts.access import Reader
from insightrepo.library.search.filters import NO_FILTER, allowed_bitmap
from insightrepo.library.search.hits import Suggestion
from insightrepo.library.search.ranking import Found
from insightrepo.models import Evidence, Study
from insightrepo.taxonomy.register import seen_terms
from insightrepo.workspace import Workspace

MOST_WORDS = 6  # of a query that are looked up
LOOKED_AT = 200  # of the best hits: a word of one of these is known
READ = 12  # pieces of evidence a candidate's spelling is read from

SPARED = 100  # times as long as it took to read a vocabulary, it is used though the index went on


class SpellingIndex(KeywordIndex, Vocabulary, Protocol):
    """A keyword engine that tells its tokens."""


@dataclass(frozen=True)
class _Kept:
    """The speller of a workspace. One that lags is only ignorant of new words: what it says is looked up anyway."""

    of: ref[SpellingIndex]
    speller: Speller
    made: float  # by time.monotonic()
    took: float  # seconds


_kept: WeakKeyDictionary[Workspace, _Kept] = WeakKeyDictionary()


@dataclass(frozen=True)
class _Asked:
    """A word of the query, at ``typed[start:end]``, folded, with its token."""

    word: str
    token: str
    start: int
    end: int


def suggest(workspace: Workspace, session: Session, reader: Reader, found: Found) -> Suggestion | None:
    """The query with the words that are nowhere put right; None where all are somewhere or nothing is near."""
    analyzer = Analyzer(workspace.settings.language)
    asked = _asked(found, analyzer)
    if not asked:
        return None
    visible = allowed_bitmap(session, reader, NO_FILTER, found.state.bitmaps)
    looking = _Looking(workspace, session, found.state.keyword, visible, analyzer)
    unknown = [word for word in asked if not looking.keyword.has(word.token, visible)]
    if not unknown:
        return None
    names = _names(session, reader)
    better = {word: looking.correction(word, names) for word in _not_in_hits(found, unknown)[:MOST_WORDS]}
    return _suggestion(found.parsed.typed, {word: text for word, text in better.items() if text})


def _asked(found: Found, analyzer: Analyzer) -> list[_Asked]:
    """The plain words of the query that are long enough to be corrected, each once."""
    typed, words = found.parsed.typed, {}
    for piece in found.parsed.pieces:
        if piece.kind not in ("word", "phrase") or piece.excluded:
            continue
        for unit in analyzer.units(typed[piece.start : piece.end]):
            if len(unit.raw) >= SHORTEST and unit.raw.isalpha() and not unit.link and not analyzer.is_stop(unit):
                place = piece.start + unit.start, piece.start + unit.end
                words.setdefault(unit.key, _Asked(unit.raw, unit.key, *place))
    return list(words.values())


def _not_in_hits(found: Found, asked: list[_Asked]) -> list[_Asked]:
    """The words that none of the best hits has in another spelling, such as in one word (``log in``, ``login``)."""
    typed = found.parsed.typed
    query = KeywordQuery(tuple(typed[word.start : word.end] for word in asked))
    fit = found.state.keyword.fit(query, list(found.ids[:LOOKED_AT]))
    known = {word.word for word in fit if word.share > 0}
    return [word for word in asked if word.token not in known]


def _names(session: Session, reader: Reader) -> frozenset[str]:
    """The words of the names and aliases of the terms that the reader sees."""
    texts = (text for term in seen_terms(session, reader).in_use for text in (term.name, *term.aliases))
    return frozenset(word.strip(".,;:()") for text in texts for word in text.split())


@dataclass(frozen=True)
class _Looking:
    """Looks words up in what a reader may see."""

    workspace: Workspace
    session: Session
    keyword: SpellingIndex
    visible: BitMap
    analyzer: Analyzer

    def correction(self, asked: _Asked, names: Iterable[str]) -> str | None:
        """The nearest word that the reader may know of, the more frequent of equals; None where none is near."""
        found: dict[str, tuple[int, int]] = {}
        for name in names:
            if (slips := distance(asked.word, fold(name))) <= allowed_distance(asked.word):
                found[name] = slips, 0
        for token in _speller(self.workspace, self.keyword).near(asked.word, asked.token):
            for word, times in self._written(token):
                if (slips := distance(asked.word, fold(word))) <= allowed_distance(asked.word):
                    found[word] = min(found.get(word, (9, 0)), (slips, -times))
        return min(found, key=lambda word: (*found[word], word), default=None)

    def _written(self, token: str) -> Iterable[tuple[str, int]]:
        """How the word of a token is written in evidence that the reader may see, and how often."""
        ids = [hit.id for hit in self.keyword.search(KeywordQuery((token,)), self.visible, READ)]
        query = select(Evidence.text, Study.title).join(Study, Study.id == Evidence.study_id)
        written: Counter[str] = Counter()
        for text in (text for row in self.session.execute(query.where(Evidence.id.in_(ids))) for text in row):
            units = (unit for unit in self.analyzer.units(text) if unit.key == token and not unit.link)
            written.update(_plainly(text[unit.start : unit.end]) for unit in units)
        return written.items()


def _plainly(word: str) -> str:
    """A word as it is written within a sentence: ``Calendar`` is ``calendar``, ``FamilyTrip`` stays."""
    return word.lower() if word.istitle() or word.isupper() else word


def _speller(workspace: Workspace, keyword: SpellingIndex) -> Speller:
    kept, now = _kept.get(workspace), time.monotonic()
    if kept and (kept.of() is keyword or now - kept.made < SPARED * kept.took):
        return kept.speller
    speller = Speller(keyword.vocabulary())
    done = time.monotonic()
    _kept[workspace] = _Kept(ref(keyword), speller, done, done - now)
    return speller


def _suggestion(typed: str, better: dict[_Asked, str]) -> Suggestion | None:
    """The query with these words in the places of what was typed."""
    parts: list[tuple[str, bool]] = []
    at = 0
    for asked in sorted(better, key=lambda word: word.start):
        parts += [(typed[at : asked.start], False), (better[asked], True)]
        at = asked.end
    if not parts:
        return None
    parts = [part for part in (*parts, (typed[at:], False)) if part[0]]
    return Suggestion("".join(text for text, _ in parts), tuple(parts))
