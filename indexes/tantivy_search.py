"""Reading a tantivy index at one commit: the best of a query, what meets its conditions, how its words are met."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Sequence
from math import log
from pathlib import Path

import numpy as np
import tantivy
from pyroaring import BitMap
from tantivy import Occur, Query

from indexes.base import WordFit
from indexes.clauses import Clause, Clauses, Row
from indexes.kept import KeptPostings, Postings

CONTENT, ID = "content", "id"
STRESSED, REPEATED = "stressed", 3  # the text, and the headings so many times
STRESSED_SHARE = 0.25  # of a score: a token counts 1 in the text, .75 + 3 * .25 = 1.5 in a heading, .75 in the title
META_FILE = "meta.json"  # tantivy's, replaced by each commit
IDS_FILE = "ids.bin"  # the ids of all records, as a bitmap
KEPT_POSTINGS, KEPT_A_RECORD = 3_000_000, 12  # of 8 bytes; the larger of the two: what many texts share recurs
# Hits that a pruned search may be asked for: so many, or this share of the postings that adding up word by word would
# have to read first. A hit costs a microsecond, a posting .4; but a posting once read is kept.
DEEPEST, DEEPEST_SHARE = 6_000, 0.25
SPARE = 1.1  # times as many hits are fetched as should do, and some more: for ties at the end, and where a word is
SPARE_HITS = 150  # rarer inside the filter than outside
FIRST_LOOK = 8  # records with a token that are looked at before all are
_ROUNDED_BITS = 11  # of a float32: the order in which a score was summed up must not tell two records apart

Identity = tuple[int, int]


class Searching:
    """The index at one commit. It never changes, so take it once for a whole search. Safe in threads."""

    def __init__(self, files: tantivy.Index, folder: Path) -> None:
        self._identity = _identity(folder)
        self._schema, self._searcher = files.schema, files.searcher()
        self.ids = BitMap.deserialize((folder / IDS_FILE).read_bytes())
        if len(self.ids) != self._searcher.num_docs:
            raise ValueError(f"{IDS_FILE} names {len(self.ids)} records, the index has {self._searcher.num_docs}")
        segments = json.loads((folder / META_FILE).read_bytes())["segments"]
        self._written = sum(segment["max_doc"] for segment in segments)  # with those that are deleted
        self._kept = KeptPostings(max(KEPT_POSTINGS, KEPT_A_RECORD * len(self.ids)))
        self._counts: dict[Row, int] = {}

    def is_current(self, folder: Path) -> bool:
        """Whether nothing was committed to the folder since."""
        return self._identity == _identity(folder)

    def knows(self, token: str) -> bool:
        """Whether a living record has the token."""
        return self._searcher.doc_freq(CONTENT, token) > 0 and self.count((token,)) > 0

    def has(self, token: str, within: BitMap) -> bool:
        """Whether any of these ids has the token: seldom more than its first records have to be looked at."""
        if len(within) >= len(self.ids) and within.issuperset(self.ids):
            return self.knows(token)
        ids, _ = self._listed(self._term(token), FIRST_LOOK)
        if len(ids) < FIRST_LOOK:
            return bool(_are_in(ids, within).any())
        return bool(_are_in(ids, within).any()) or self._having(((token,),)).intersect(within)

    def vocabulary(self) -> list[tuple[str, int]]:
        """Every token of the texts and in how many written records it stands."""
        return list(self._searcher.terms_with_prefix(CONTENT, ""))

    def count(self, row: Row) -> int:
        """In how many living records the row stands."""
        if len(row) == 1 and self._written == len(self.ids):
            return int(self._searcher.doc_freq(CONTENT, row[0]))
        if row not in self._counts:
            phrase = Query.phrase_query(self._schema, CONTENT, list(row)) if len(row) > 1 else self._term(row[0])
            self._counts[row] = self._matches(phrase)
        return self._counts[row]

    def idf(self, records: int) -> float:
        """Rarity of what stands in so many records, log(1 + (N - n + .5) / (n + .5)): never negative."""
        return _idf(records, len(self.ids)) if self.ids else 0.0

    def conditions(self, asked: Clauses) -> BitMap:
        """The ids that have all phrases and nothing excluded; not to be changed."""
        inside = self.ids
        for rows in asked.phrases:
            inside = inside & self._having(rows)
        return inside - self._having(asked.excluded) if asked.excluded else inside

    def best(self, asked: Clauses, inside: BitMap, limit: int) -> Postings:
        """The best `limit` ids of those inside with their scores, best first, the larger id first where equal."""
        if asked.scored and asked.needed and not asked.more:
            found = self._pruned(asked.needed, inside, limit)
            if found is not None:
                return found
        return _first(*self._added_up(asked, inside), limit)

    def fit(self, clause: Clause, looked_at: BitMap) -> WordFit:
        """How rare the word is, and in which share of the ids it stands."""
        query = self._query(clause)
        share = 0.0
        if looked_at:
            among = Query.boolean_query([(Occur.Must, query), (Occur.Must, self._any_of(looked_at))])
            share = self._matches(among) / len(looked_at)
        count = self.count(clause.rows[0]) if len(clause.rows) == 1 else self._matches(query)
        return WordFit(clause.word, self.idf(count), share)

    def _pruned(self, needed: Sequence[Clause], inside: BitMap, limit: int) -> Postings | None:
        """The best, from a list that tantivy cut; None where it may lack any of them."""
        share = inside.intersection_cardinality(self.ids) / max(len(self.ids), 1)
        depth = int(limit * SPARE / share + SPARE_HITS) if share else 0
        if not depth or depth > max(DEEPEST, DEEPEST_SHARE * self._unread(needed)):
            return None
        ids, scores = self._listed(_any([part for clause in needed for part in self._parts(clause)]), depth)
        scores = _rounded(scores)
        last = scores[-1] if len(ids) == depth else -1.0
        kept = np.ones(len(ids), bool) if share == 1 else _are_in(ids, inside)
        ids, scores = _first(ids[kept], scores[kept], limit)
        return (ids, scores) if last < 0 or (len(ids) == limit and scores[-1] > last) else None

    def _added_up(self, asked: Clauses, inside: BitMap) -> Postings:
        """All ids inside with any needed word, or all where none is needed, ascending, with their scores."""
        eligible = _array(inside)
        if asked.needed:
            found = [_common(self._postings(clause.rows), eligible)[0] for clause in asked.needed]
            eligible = np.unique(np.concatenate(found))
        scores = np.zeros(len(eligible))
        for clause in asked.scored:
            ids, values = _common(self._postings(clause.rows), eligible)
            scores[np.searchsorted(eligible, ids)] += values
        return eligible, _rounded(scores)

    def _postings(self, rows: tuple[Row, ...]) -> Postings:
        """The ids, ascending, in which any of the rows stands, each with the score of the best."""
        return self._kept.get(rows, lambda: self._read(rows))

    def _unread(self, needed: Iterable[Clause]) -> int:
        """How many postings of these words are not kept."""
        return sum(self._most(clause.rows) for clause in needed if clause.rows not in self._kept)

    def _most(self, rows: tuple[Row, ...]) -> int:
        """In how many records any of the rows stands at most."""
        most = sum(min(self._searcher.doc_freq(CONTENT, token) for token in row) for row in rows)
        return min(most, len(self.ids))

    def _read(self, rows: tuple[Row, ...]) -> Postings:
        ids, scores = self._listed(self._query(Clause("", rows)), self._most(rows))
        order = np.argsort(ids)
        return ids[order], scores[order]

    def _listed(self, query: Query, limit: int) -> Postings:
        """The ids of the best `limit` records with their scores, best first."""
        if limit < 1:
            return np.empty(0, np.uint32), np.empty(0, np.float32)
        hits = self._searcher.search(query, limit, count=False).hits
        ids = self._searcher.fast_field_values(ID, [place for _, place in hits])
        return np.array(ids, np.uint32), np.array([score for score, _ in hits], np.float32)

    def _having(self, rows: tuple[Row, ...]) -> BitMap:
        """The ids in which any of the rows stands."""
        return BitMap(array("I", self._postings(rows)[0].tobytes())) if rows else BitMap()

    def _query(self, clause: Clause) -> Query:
        return _any(self._parts(clause))

    def _parts(self, clause: Clause) -> list[Query]:
        """The queries whose scores add up to that of a clause. Flat, since tantivy prunes nothing in nested ones."""
        if len(clause.rows) == 1 and len(clause.rows[0]) == 1:
            return self._weighted(clause.rows[0][0])
        return [Query.disjunction_max_query([self._row_query(row) for row in clause.rows])]

    def _row_query(self, row: Row) -> Query:
        """What finds the row. Tantivy takes a phrase to be as rare as its words together; it is as rare as it is."""
        if len(row) == 1:
            return _any(self._weighted(row[0]))
        phrase = Query.phrase_query(self._schema, CONTENT, list(row))
        together = sum(_idf(self._searcher.doc_freq(CONTENT, token), self._written) for token in row)
        return Query.boost_query(phrase, self.idf(self.count(row)) / max(together, 1e-9))

    def _weighted(self, token: str) -> list[Query]:
        """A token with the weights of the fields; it is as rare in both as it is in all of them together."""
        everywhere, stressed = (self._searcher.doc_freq(field, token) for field in (CONTENT, STRESSED))
        if not stressed:
            return [Query.boost_query(self._term(token), 1 - STRESSED_SHARE)]
        rarer = _idf(everywhere, self._written) / _idf(stressed, self._written)
        parts = (self._term(token), 1 - STRESSED_SHARE), (self._term(token, STRESSED), STRESSED_SHARE * rarer)
        return [Query.boost_query(*part) for part in parts]

    def _term(self, token: str, field: str = CONTENT) -> Query:
        return Query.term_query(self._schema, field, token)

    def _matches(self, query: Query) -> int:
        return int(self._searcher.search(query, 1).count or 0)  # type: ignore[attr-defined]  # its stub lacks it

    def _any_of(self, ids: BitMap) -> Query:
        if len(ids) == 1:  # of few ids a set costs as much as of thousands
            return Query.term_query(self._schema, ID, ids[0])
        return Query.term_set_query(self._schema, ID, list(ids))


def _any(queries: list[Query]) -> Query:
    return queries[0] if len(queries) == 1 else Query.boolean_query([(Occur.Should, query) for query in queries])


def _identity(folder: Path) -> Identity:
    status = (folder / META_FILE).stat()
    return status.st_ino, status.st_mtime_ns


def _idf(records: int, total: int) -> float:
    return log(1 + (total - records + 0.5) / (records + 0.5))


def _array(ids: BitMap) -> np.ndarray:
    return np.frombuffer(ids.to_array(), dtype=np.uint32)


def _are_in(ids: np.ndarray, inside: BitMap) -> np.ndarray:
    """True for each id that is in the bitmap."""
    return np.fromiter((number in inside for number in ids.tolist()), bool, len(ids))


def _common(postings: Postings, eligible: np.ndarray) -> Postings:
    """The postings of the ids that are eligible; both are ascending."""
    ids, scores = postings
    few, many = (ids, eligible) if len(ids) < len(eligible) else (eligible, ids)
    if not len(few):
        return ids[:0], scores[:0]
    at = np.minimum(np.searchsorted(many, few), len(many) - 1)
    both = many[at] == few
    chosen = both if few is ids else at[both]
    return ids[chosen], scores[chosen]


def _rounded(scores: np.ndarray) -> np.ndarray:
    bits = scores.astype(np.float32).view(np.uint32) + np.uint32(1 << (_ROUNDED_BITS - 1))
    return (bits >> _ROUNDED_BITS << _ROUNDED_BITS).view(np.float32)


def _first(ids: np.ndarray, scores: np.ndarray, limit: int) -> Postings:
    """The `limit` with the largest scores, in order, the larger id first where equal."""
    if len(ids) > limit > 0:
        enough = scores >= np.partition(scores, len(ids) - limit)[len(ids) - limit]
        ids, scores = ids[enough], scores[enough]
    order = np.lexsort((-ids.astype(np.int64), -scores))[:limit]
    return ids[order], scores[order]
