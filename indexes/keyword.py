"""The keyword engine on Whoosh (BM25F over text, headings and title), free of Whoosh's query language.

The index holds tokens with their positions, and the id and length of each record; it holds no text.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log
from pathlib import Path
from threading import RLock
from typing import Any, Literal

import numpy as np
from pyroaring import BitMap

from indexes.analyzer import Analyzer, Token, Unit
from indexes.base import KeywordQuery, Record, Scored
from indexes.codec import SCHEMA, SegmentWriter
from indexes.postings import Postings, Row, Snapshot

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # as in codec
    from whoosh import index

TEXT_WEIGHT, HEADINGS_WEIGHT, TITLE_WEIGHT = 1.0, 1.5, 0.75  # all passages of a study share its title
FIELD_GAP = 100  # positions between text, headings and title: no phrase runs across them
LOCK_SECONDS = 30.0
FEW_RECORDS = 1000  # a word in one of fewer says little: it is taken as no rarer than in so many


class KeywordIndexBusy(Exception):
    """Another process is writing the keyword index and did not finish in time."""


@dataclass(frozen=True)
class WordFit:
    """How well one word of a query is met: what `fusion.query_weight` goes by.

    `idf` is at least 0. `rarity` is `idf` over that of a word in a single record: 1 for a word in one record or none,
    near 0 for a word in all; among few records no word is rare (`FEW_RECORDS`). `share` is the share of the looked-at
    hits that have the word. `is_code`: see `Unit`.
    """

    word: str
    idf: float
    rarity: float
    share: float
    is_code: bool = False


@dataclass(frozen=True)
class _Clause:
    """A word of a query: the rows by which it may be spelt. A record is scored by the best of them."""

    word: str
    rows: tuple[Row, ...]
    is_code: bool = False


@lru_cache(maxsize=4096)
def _shared_tokens(analyzer: Analyzer, text: str) -> tuple[Token, ...]:
    """The tokens of a title or a heading path, which many records share."""
    return tuple(analyzer.tokens(text))


class WhooshIndex:
    """A `KeywordIndex` in a folder. Safe in threads; other processes see a commit after `refresh`."""

    def __init__(self, files: Any, language: Literal["en", "none"]) -> None:
        self.analyzer = Analyzer(language)
        self.folder = Path(files.storage.folder)
        self._index = files
        self._lock = RLock()  # Whoosh's cursors share file positions
        self._snapshot = Snapshot(files.reader(), files.latest_generation())

    @classmethod
    def create(cls, folder: Path, language: Literal["en", "none"] = "en") -> WhooshIndex:
        """A new empty index; the folder is made, what it held of an index is lost."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls(index.create_in(str(folder), SCHEMA), language)

    @classmethod
    def open(cls, folder: Path, language: Literal["en", "none"] = "en") -> WhooshIndex:
        """The index of a folder, which has to be made under the same `Analyzer.stamp`.

        Raises:
            FileNotFoundError: there is none.
        """
        if not folder.is_dir() or not index.exists_in(str(folder)):
            raise FileNotFoundError(f"{folder} holds no keyword index: run reindex")
        return cls(index.open_dir(str(folder), schema=SCHEMA), language)

    def apply(self, removed: Iterable[int], added: Sequence[Record]) -> None:
        """Remove these ids, then add these records (an id that was there is replaced), in one commit.

        Raises:
            KeywordIndexBusy: another process held the lock for `LOCK_SECONDS`.
        """
        records = {record.id: record for record in added}
        gone = np.array(sorted(records.keys() | set(removed)), dtype=np.int64)
        if not len(gone):
            return
        try:
            writer = SegmentWriter(self._index, timeout=LOCK_SECONDS)
        except index.LockError as error:
            raise KeywordIndexBusy("another process is writing the keyword index: try again when it is done") from error
        with writer:  # commits, or cancels where something is raised
            self.refresh()
            for document in self._snapshot.documents(gone):
                writer.delete_document(int(document))
            for record in records.values():
                content, size = self._content(record)
                writer.add(record.id, size, content)
        self.refresh()

    def refresh(self) -> bool:
        """Take up what was committed since; whether there was anything."""
        with self._lock:
            generation = self._index.latest_generation()
            if generation == self._snapshot.generation:
                return False
            self._snapshot = Snapshot(self._index.reader(), generation, self._snapshot)
            return True

    def search(self, query: KeywordQuery, allowed: BitMap | None, limit: int) -> list[Scored]:
        """The best `limit` of the allowed ids, best first, the larger id first where equal.

        A record needs any of the words and every condition; the words of phrases count for the score only. A query of
        nothing but exclusions gives what is left, with score 0.
        """
        with self._lock:
            snapshot = self._snapshot
            needed, more = self._clauses(query)
            eligible = snapshot.mask(allowed) & self._conditions(query)
            scores, met = np.zeros(len(snapshot.ids)), np.zeros(len(snapshot.ids), dtype=bool)
            for clause in (*needed, *more):
                docs, values = self._scores(clause)
                scores[docs] += values
                met[docs] |= clause in needed
        if needed:
            eligible &= met
        elif not self._says((*query.phrases, *query.excluded)):
            return []
        best = _best(np.flatnonzero(eligible), scores, snapshot.ids, limit)
        return [Scored(int(snapshot.ids[doc]), float(scores[doc])) for doc in best]

    def matching(self, query: KeywordQuery) -> BitMap | None:
        """All ids that meet the hard conditions (phrases, exclusions); None where the query has none."""
        if not self._says((*query.phrases, *query.excluded)):
            return None
        with self._lock:
            return BitMap(self._snapshot.ids[self._snapshot.alive & self._conditions(query)])

    def ids(self) -> BitMap:
        """Every id in the index."""
        snapshot = self._snapshot
        return BitMap(snapshot.ids[snapshot.alive])

    def doc_count(self) -> int:
        """How many records it holds."""
        return self._snapshot.count

    def document_frequency(self, token: str) -> int:
        """How many records have this token (as `Analyzer` spells it)."""
        with self._lock:
            return len(self._snapshot.postings((token,))[0])

    def fit(self, query: KeywordQuery, ids: Sequence[int]) -> tuple[WordFit, ...]:
        """How rare each word of the query is (its phrases' words too), and in which share of these ids it stands."""
        with self._lock:
            snapshot = self._snapshot
            needed, more = self._clauses(query)
            looked_at = snapshot.documents(np.array(ids, dtype=np.int64))
            rarest = max(snapshot.idf(1), log(FEW_RECORDS))
            found = []
            for clause in (*needed, *more):
                docs = self._scores(clause)[0]
                idf = snapshot.idf(len(docs))
                share = float(np.isin(looked_at, docs).mean()) if len(looked_at) else 0.0
                found.append(WordFit(clause.word, idf, min(idf / rarest, 1.0), share, clause.is_code))
            return tuple(found)

    def _says(self, texts: Iterable[str]) -> bool:
        """Whether there is any word in these texts."""
        return any(self.analyzer.units(text) for text in texts)

    def _content(self, record: Record) -> tuple[list[tuple[str, int, float]], int]:
        """The record's tokens with positions and weights, and its weighted length in words."""
        content, size, start = [], 0.0, 0
        headings, title = (_shared_tokens(self.analyzer, text) for text in (record.headings, record.title))
        fields_ = (self.analyzer.tokens(record.text), TEXT_WEIGHT), (headings, HEADINGS_WEIGHT), (title, TITLE_WEIGHT)
        for tokens, weight in fields_:
            content += [(token.text, start + token.position, weight) for token in tokens]
            length = tokens[-1].position + 1 if tokens else 0
            size, start = size + weight * length, start + length + FIELD_GAP
        return content, round(size)

    def _clauses(self, query: KeywordQuery) -> tuple[list[_Clause], list[_Clause]]:
        """The clauses of the words, and those of the phrases' words; stop words only where there is nothing else."""
        words = [unit for word in query.words for unit in self.analyzer.units(word)]
        phrases = [unit for phrase in query.phrases for unit in self.analyzer.units(phrase)]
        only_stop = all(map(self.analyzer.is_stop, (*words, *phrases)))
        made: list[dict[_Clause, None]] = []
        for units in (words, phrases):
            weighty = [at for at, unit in enumerate(units) if only_stop or not self.analyzer.is_stop(unit)]
            made.append(dict.fromkeys(clause for at in weighty for clause in self._spellings(units, at)))
        return list(made[0]), [clause for clause in made[1] if clause not in made[0]]

    def _spellings(self, units: Sequence[Unit], at: int) -> list[_Clause]:
        """The clauses of one unit of a query."""
        found = self.analyzer.spellings(units, at, self._snapshot.knows)
        return [_Clause(word, rows, units[at].is_code) for word, rows in found]

    def _scores(self, clause: _Clause) -> Postings:
        """The documents of a clause, each with the score of its best spelling."""
        found = [self._snapshot.scores(row) for row in clause.rows]
        if len(found) == 1:
            return found[0]
        docs, at = np.unique(np.concatenate([docs for docs, _ in found]), return_inverse=True)
        best = np.zeros(len(docs), dtype=np.float32)
        np.maximum.at(best, at, np.concatenate([scores for _, scores in found]))
        return docs, best

    def _conditions(self, query: KeywordQuery) -> np.ndarray:
        """True for each document that has all phrases and nothing excluded."""
        mask = np.ones(len(self._snapshot.ids), dtype=bool)
        for phrase in query.phrases:
            mask &= self._having(phrase, nothing=True)
        for text in query.excluded:
            mask &= ~self._having(text, nothing=False)
        return mask

    def _having(self, text: str, nothing: bool) -> np.ndarray:
        """True for each document in which the words of the text stand in a row; `nothing`: what a text without words
        gives."""
        units = self.analyzer.units(text)
        mask = np.full(len(self._snapshot.ids), nothing and not units)
        for row in self.analyzer.sequences(units, self._snapshot.knows):
            mask[self._snapshot.postings(row)[0]] = True
        return mask


def _best(docs: np.ndarray, scores: np.ndarray, ids: np.ndarray, limit: int) -> np.ndarray:
    """The `limit` documents with the largest scores, in order."""
    if len(docs) > limit > 0:
        last = np.partition(scores[docs], len(docs) - limit)[len(docs) - limit]
        docs = docs[scores[docs] >= last]
    return docs[np.lexsort((-ids[docs], -scores[docs]))][:limit]
