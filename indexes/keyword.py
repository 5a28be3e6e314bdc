"""The keyword engine on Whoosh (BM25F over text, headings and title), free of Whoosh's query language.

The index holds tokens with their positions, and the id and length of each record; it holds no text.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from threading import RLock
from typing import Any, Literal

import numpy as np
from pyroaring import BitMap

from indexes import clauses
from indexes.analyzer import Analyzer
from indexes.base import KeywordIndexBusy, KeywordQuery, Record, ScoredIds, WordFit
from indexes.clauses import Clause, Clauses, Row
from indexes.codec import SCHEMA, SegmentWriter, worth_merging
from indexes.kept import Postings
from indexes.postings import Snapshot

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # as in codec
    from whoosh import index

TEXT_WEIGHT, HEADINGS_WEIGHT, TITLE_WEIGHT = 1.0, 1.5, 0.75  # all passages of a study share its title
FIELD_GAP = 100  # positions between text, headings and title: no phrase runs across them
LOCK_SECONDS = 30.0
MANY_SEGMENTS = 8


@lru_cache(maxsize=4096)
def _shared_stacks(analyzer: Analyzer, text: str) -> tuple[tuple[str, ...], ...]:
    """The tokens of a title or a heading path, which many records share."""
    return tuple(analyzer.stacks(text))


class WhooshIndex:
    """A `KeywordIndex` in a folder. Safe in threads; other processes see a commit after `refresh`."""

    def __init__(self, files: Any, language: Literal["en", "none"], before: WhooshIndex | None = None) -> None:
        self.analyzer = Analyzer(language)
        self.folder = Path(files.storage.folder)
        self._index = files
        self._reading = clauses.Reading(self.analyzer)
        self._lock = RLock()  # Whoosh's cursors share file positions
        self._snapshot = Snapshot(_commit(files), files.storage, before._snapshot if before else None)

    @classmethod
    def create(cls, folder: Path, language: Literal["en", "none"] = "en") -> WhooshIndex:
        """A new empty index; the folder is made, what it held of an index is lost."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls(index.create_in(str(folder), SCHEMA), language)

    @classmethod
    def open(
        cls, folder: Path, language: Literal["en", "none"] = "en", before: WhooshIndex | None = None
    ) -> WhooshIndex:
        """The index of a folder, which has to be made under the same `Analyzer.stamp`.

        `before`: an index whose files this folder has as hard links, to share what it has read.

        Raises:
            FileNotFoundError: there is none.
        """
        if not folder.is_dir() or not index.exists_in(str(folder)):
            raise FileNotFoundError(f"{folder} holds no keyword index: run reindex")
        return cls(index.open_dir(str(folder), schema=SCHEMA), language, before)

    def apply(self, removed: Iterable[int], added: Sequence[Record]) -> None:
        """Remove these ids, then add these records (an id that was there is replaced), in one commit.

        Raises:
            KeywordIndexBusy: another process held the lock for `LOCK_SECONDS`.
        """
        records = {record.id: record for record in added}
        gone = np.array(sorted(records.keys() | set(removed)), dtype=np.int64)
        if not len(gone):
            return
        with self._writer() as writer:  # commits, or cancels where something is raised
            self.refresh()
            for document in self._snapshot.documents(gone):
                writer.delete_document(int(document))
            for record in records.values():
                content, size = self._content(record)
                writer.add(record.id, size, content)
        self.refresh()

    def _writer(self) -> SegmentWriter:
        try:
            return SegmentWriter(self._index, timeout=LOCK_SECONDS)
        except index.LockError as error:
            raise KeywordIndexBusy("another process is writing the keyword index: try again when it is done") from error

    def merge_wanted(self) -> bool:
        """Whether its segments have become so many that searching and opening suffer."""
        segments = _commit(self._index).segments
        return len(segments) > MANY_SEGMENTS and bool(worth_merging(segments))

    def merge(self) -> None:
        """Make segments one, in a commit of its own; seconds at 100k.

        Raises:
            KeywordIndexBusy: as `apply`.
        """
        self._writer().commit_merged()
        self.refresh()

    def refresh(self) -> bool:
        """Take up what was committed since; whether there was anything."""
        with self._lock:
            generation = self._index.latest_generation()
            if generation == self._snapshot.generation:
                return False
            self._snapshot = Snapshot(_commit(self._index), self._index.storage, self._snapshot)
            return True

    def search(self, query: KeywordQuery, allowed: BitMap | None, limit: int) -> ScoredIds:
        """The best `limit` of the allowed ids, best first, the larger id first where equal.

        A record needs any of the words and every condition; the words of phrases count for the score only. A query of
        nothing but exclusions gives what is left, with score 0.
        """
        with self._lock:
            snapshot = self._snapshot
            asked = self._read(query)
            if not asked.needed and not asked.has_conditions:
                return ScoredIds()
            eligible = snapshot.mask(allowed) & self._conditions(asked)
            scores, met = np.zeros(len(snapshot.ids)), np.zeros(len(snapshot.ids), dtype=bool)
            for clause in asked.scored:
                docs, values = self._scores(clause)
                scores[docs] += values
                met[docs] |= clause in asked.needed
        if asked.needed:
            eligible &= met
        best = _best(np.flatnonzero(eligible), scores, snapshot.ids, limit)
        return ScoredIds(snapshot.ids[best], scores[best])

    def matching(self, query: KeywordQuery) -> BitMap | None:
        """All ids that meet the hard conditions (phrases, exclusions); None where the query has none."""
        with self._lock:
            asked = self._read(query)
            if not asked.has_conditions:
                return None
            return BitMap(self._snapshot.ids[self._snapshot.alive & self._conditions(asked)])

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

    def vocabulary(self) -> list[tuple[str, int]]:
        """Every token and in how many records it stands, those removed since its segment was written included."""
        counts: Counter[str] = Counter()
        with self._lock:
            for segment in self._snapshot.segments:
                for token, count in segment.terms.counts():
                    counts[token] += count
        return list(counts.items())

    def fit(self, query: KeywordQuery, ids: Sequence[int]) -> tuple[WordFit, ...]:
        """How rare each word of the query is (its phrases' words too), and in which share of these ids it stands."""
        with self._lock:
            snapshot = self._snapshot
            looked_at = snapshot.documents(np.array(ids, dtype=np.int64))
            found = []
            for clause in self._read(query).scored:
                docs = self._scores(clause)[0]
                share = float(_among(looked_at, docs).mean()) if len(looked_at) else 0.0
                found.append(WordFit(clause.word, snapshot.idf(len(docs)), share))
            return tuple(found)

    def has(self, token: str, within: BitMap) -> bool:
        """Whether any of these ids has the token, as `Analyzer` spells it."""
        with self._lock:
            snapshot = self._snapshot
            ids = snapshot.ids[snapshot.postings((token,))[0]]
        return any(number in within for number in ids.tolist())

    def _content(self, record: Record) -> tuple[list[tuple[str, int, float]], int]:
        """The record's tokens with positions and weights, and its weighted length in tokens."""
        content, size, start = [], 0.0, 0
        headings, title = (_shared_stacks(self.analyzer, text) for text in (record.headings, record.title))
        fields_ = (self.analyzer.stacks(record.text), TEXT_WEIGHT), (headings, HEADINGS_WEIGHT), (title, TITLE_WEIGHT)
        for stacks, weight in fields_:
            content += [(text, at, weight) for at, stack in enumerate(stacks, start) for text in stack]
            size, start = size + weight * sum(map(len, stacks)), start + len(stacks) + FIELD_GAP
        return content, round(size)

    def _read(self, query: KeywordQuery) -> Clauses:
        return self._reading.read(query, self._snapshot, self._snapshot.knows)

    def _scores(self, clause: Clause) -> Postings:
        """The documents of a clause, each with the score of its best spelling."""
        found = [self._snapshot.scores(row) for row in clause.rows]
        if len(found) == 1:
            return found[0]
        docs, at = np.unique(np.concatenate([docs for docs, _ in found]), return_inverse=True)
        best = np.zeros(len(docs), dtype=np.float32)
        np.maximum.at(best, at, np.concatenate([scores for _, scores in found]))
        return docs, best

    def _conditions(self, asked: Clauses) -> np.ndarray:
        """True for each document that has all phrases and nothing excluded."""
        mask = np.ones(len(self._snapshot.ids), dtype=bool)
        for rows in asked.phrases:
            mask &= self._having(rows)
        return mask & ~self._having(asked.excluded)

    def _having(self, rows: Iterable[Row]) -> np.ndarray:
        """True for each document in which any of the rows stands."""
        mask = np.zeros(len(self._snapshot.ids), dtype=bool)
        for row in rows:
            mask[self._snapshot.postings(row)[0]] = True
        return mask


def _commit(files: Any) -> Any:
    """What Whoosh wrote of the last commit: its generation and segments."""
    return index.TOC.read(files.storage, files.indexname, schema=SCHEMA)


def _among(some: np.ndarray, docs: np.ndarray) -> np.ndarray:
    """True for each of some documents that is among these ascending ones; `np.isin` would go through all."""
    if not len(docs):
        return np.zeros(len(some), dtype=bool)
    return docs[np.minimum(np.searchsorted(docs, some), len(docs) - 1)] == some


def _best(docs: np.ndarray, scores: np.ndarray, ids: np.ndarray, limit: int) -> np.ndarray:
    """The `limit` documents with the largest scores, in order."""
    if len(docs) > limit > 0:
        last = np.partition(scores[docs], len(docs) - limit)[len(docs) - limit]
        docs = docs[scores[docs] >= last]
    return docs[np.lexsort((-ids[docs], -scores[docs]))][:limit]
