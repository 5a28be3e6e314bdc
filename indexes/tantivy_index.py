"""The keyword engine on tantivy, for more evidence than Whoosh is quick with; the same tokens, the same hits.

Tantivy does the work on disk and the pruned search for the best. It takes no bitmap as filter and no weights for
tokens. So a search under a strict filter adds up the scores of each word by itself, over the allowed ids only, and a
second field tells of a token in a heading what makes it count `HEADINGS_WEIGHT` fold.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Literal

import tantivy
from pyroaring import BitMap

from indexes import clauses
from indexes.analyzer import Analyzer
from indexes.base import KeywordIndexBusy, KeywordQuery, Record, ScoredIds, WordFit
from indexes.clauses import Clauses
from indexes.manifest import written_aside
from indexes.tantivy_search import CONTENT, ID, IDS_FILE, REPEATED, STRESSED, Searching

LOCK_SECONDS = 30.0
WAIT_SECONDS = 0.05
SMALL_HEAP, LARGE_HEAP = 15_000_000, 60_000_000  # bytes; tantivy takes no less than the first
LARGE_BATCH = 5_000  # records from which on the large heap makes fewer segments
_SYSTEM_ERROR = re.compile(r"os error (\d+)|code: (\d+), kind")


class TantivyIndex:
    """A `KeywordIndex` in a folder. Safe in threads; other processes see a commit after `refresh`.

    An open index has one thread, of tantivy's, that looks at a file twice a second and does nothing else: open it after
    a fork.
    """

    def __init__(self, files: tantivy.Index, folder: Path, language: Literal["en", "none"]) -> None:
        self.analyzer = Analyzer(language)
        self.folder = folder
        self._reading = clauses.Reading(self.analyzer)
        self._files = files
        self._searching = Searching(files, folder)

    @classmethod
    def create(cls, folder: Path, language: Literal["en", "none"] = "en") -> TantivyIndex:
        """A new empty index; the folder is made, what it held of an index is lost."""
        folder.mkdir(parents=True, exist_ok=True)
        for path in filter(Path.is_file, folder.iterdir()):
            path.unlink()
        files = tantivy.Index(_schema(), path=str(folder), reuse=False)
        _write_ids(folder, BitMap())
        return cls(_manual(files), folder, language)

    @classmethod
    def open(
        cls, folder: Path, language: Literal["en", "none"] = "en", before: TantivyIndex | None = None
    ) -> TantivyIndex:
        """The index of a folder, which has to be made under the same `Analyzer.stamp`.

        `before` is of no use here: tantivy maps its files, which takes no time.

        Raises:
            FileNotFoundError: there is none, or a file of it is missing or changed.
        """
        try:
            return cls(_manual(tantivy.Index.open(str(folder))), folder, language)
        except (ValueError, OSError) as error:
            raise FileNotFoundError(f"{folder} holds no keyword index: run reindex ({error})") from error

    def apply(self, removed: Iterable[int], added: Sequence[Record]) -> None:
        """Remove these ids, then add these records (an id that was there is replaced), in one commit.

        Raises:
            KeywordIndexBusy: another process held the lock for `LOCK_SECONDS`.
        """
        records = {record.id: record for record in added}
        gone = BitMap(removed) | BitMap(records)
        if not gone:
            return
        heap = LARGE_HEAP if len(records) >= LARGE_BATCH else SMALL_HEAP
        with self._writing(heap) as writer:
            self.refresh()
            before = self._searching.ids
            if old := list(gone & before):  # not by term: that takes numbers to be signed and finds nothing
                writer.delete_documents_by_query(tantivy.Query.term_set_query(self._files.schema, ID, old))
            for record in records.values():
                writer.add_document(self._document(record))
            writer.commit()
        _write_ids(self.folder, before - gone | BitMap(records))
        self.refresh()

    def refresh(self) -> bool:
        """Take up what was committed since; whether there was anything."""
        if self._searching.is_current(self.folder):
            return False
        self._files.reload()
        self._searching = Searching(self._files, self.folder)
        return True

    def search(self, query: KeywordQuery, allowed: BitMap | None, limit: int) -> ScoredIds:
        """The best `limit` of the allowed ids, best first, the larger id first where equal.

        A record needs any of the words and every condition; the words of phrases count for the score only. A query of
        nothing but exclusions gives what is left, with score 0.
        """
        searching = self._searching
        asked = self._read(query, searching)
        if not asked.needed and not asked.has_conditions:
            return ScoredIds()
        inside = searching.conditions(asked)
        if allowed is not None:
            inside = inside & allowed
        return ScoredIds(*searching.best(asked, inside, limit))

    def matching(self, query: KeywordQuery) -> BitMap | None:
        """All ids that meet the hard conditions (phrases, exclusions); None where the query has none."""
        searching = self._searching
        asked = self._read(query, searching)
        return searching.conditions(asked).copy() if asked.has_conditions else None

    def ids(self) -> BitMap:
        """Every id in the index."""
        return self._searching.ids.copy()

    def doc_count(self) -> int:
        """How many records it holds."""
        return len(self._searching.ids)

    def document_frequency(self, token: str) -> int:
        """How many records have this token (as `Analyzer` spells it)."""
        return self._searching.count((token,))

    def vocabulary(self) -> list[tuple[str, int]]:
        """Every token and in how many records it stands, those removed since its segment was written included."""
        return self._searching.vocabulary()

    def fit(self, query: KeywordQuery, ids: Sequence[int]) -> tuple[WordFit, ...]:
        """How rare each word of the query is (its phrases' words too), and in which share of these ids it stands."""
        searching = self._searching
        looked_at = BitMap(ids) & searching.ids
        return tuple(searching.fit(clause, looked_at) for clause in self._read(query, searching).scored)

    def has(self, token: str, within: BitMap) -> bool:
        """Whether any of these ids has the token, as `Analyzer` spells it."""
        return self._searching.has(token, within)

    def _read(self, query: KeywordQuery, searching: Searching) -> Clauses:
        return self._reading.read(query, searching, searching.knows)

    @contextmanager
    def _writing(self, heap: int) -> Iterator[tantivy.IndexWriter]:
        """The one writer of the folder, once nobody else has it; what it did not commit is lost."""
        try:
            writer = self._writer(heap)
            try:
                yield writer
            finally:
                writer.wait_merging_threads()  # a file written after `apply` would be in no manifest
        except ValueError as error:
            system_error = _as_system_error(error)
            if system_error:
                raise system_error from error
            raise

    def _writer(self, heap: int) -> tantivy.IndexWriter:
        """A writer with one thread: commits are small, segments few."""
        started = time.monotonic()
        while True:
            try:
                return self._files.writer(heap, 1)
            except ValueError as error:
                if "LockBusy" not in str(error):
                    raise
                if time.monotonic() - started > LOCK_SECONDS:
                    why = "another process is writing the keyword index: try again when it is done"
                    raise KeywordIndexBusy(why) from error
            time.sleep(WAIT_SECONDS)

    def _document(self, record: Record) -> tantivy.Document:
        """The record's tokens, field after field; between two of them tantivy leaves a position that no phrase runs
        across."""
        made = tantivy.Document()
        made.add_unsigned(ID, record.id)
        text = _tokens(self.analyzer, record.text)
        headings, title = (_shared_tokens(self.analyzer, shared) for shared in (record.headings, record.title))
        for tokens in (text, headings, title):
            _add(made, CONTENT, tokens)
        for tokens in (text, *[headings] * REPEATED):
            _add(made, STRESSED, tokens)
        return made


def _schema() -> tantivy.Schema:
    """Tokens with their positions, and the id; no text is stored."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field(CONTENT, tokenizer_name="whitespace", index_option="position")
    builder.add_text_field(STRESSED, tokenizer_name="whitespace", index_option="freq")
    builder.add_unsigned_field(ID, indexed=True, fast=True)
    return builder.build()


def _manual(files: tantivy.Index) -> tantivy.Index:
    """With a reader that follows commits only when it is told to."""
    files.config_reader("Manual")
    files.reload()
    return files


def _tokens(analyzer: Analyzer, text: str) -> str | tantivy.PreTokenizedString:
    """A text's tokens for tantivy. One token a position is handed over as words: that is ten times as fast."""
    stacks = analyzer.stacks(text)
    if len(max(stacks, key=len, default=())) <= 1:
        joined = " ".join([word for (word,) in stacks])
        if len(joined.split()) == len(stacks):
            return joined
    made = [tantivy.Token(text, at, 0, 0) for at, stack in enumerate(stacks) for text in stack]
    return tantivy.PreTokenizedString("", made)


@lru_cache(maxsize=4096)
def _shared_tokens(analyzer: Analyzer, text: str) -> str | tantivy.PreTokenizedString:
    """As `_tokens`, of a title or a heading path, which many records share."""
    return _tokens(analyzer, text)


def _add(document: tantivy.Document, field: str, tokens: str | tantivy.PreTokenizedString) -> None:
    if isinstance(tokens, str):
        document.add_text(field, tokens)
    else:
        document.add_pre_tokenized_text(field, tokens)


def _write_ids(folder: Path, ids: BitMap) -> None:
    with written_aside(folder / IDS_FILE) as file:
        file.write(ids.serialize())


def _as_system_error(error: ValueError) -> OSError | None:
    """The error of the operating system, such as that of a full disk, that tantivy tells of as text; None: another."""
    found = _SYSTEM_ERROR.search(str(error))
    if found:
        return OSError(int(found[1] or found[2]), str(error))
    return OSError(str(error)) if "io::Error" in str(error) else None
