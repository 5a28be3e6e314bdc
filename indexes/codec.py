"""How the keyword index lies on disk: Whoosh's segments, terms and commits, with postings of our own, as arrays.

Whoosh pickles and compresses the postings of each term and writes and reads them one by one in Python. Here the
postings of a token are four arrays one after the other: documents, weights, how many places each, places. Written so,
20,000 verbatims go in four times as fast, and a token of 30,000 postings is read in under a millisecond.
"""

from __future__ import annotations

import struct
import warnings
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import numpy as np

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Whoosh dates from 2016: its escapes and "is 0" are told of when it is compiled
    from whoosh import fields, formats, reading, writing
    from whoosh.codec import whoosh3
    from whoosh.filedb.structfile import BufferFile
    from whoosh.system import pack_ushort

FIELD = "content"
SCHEMA = fields.Schema(**{FIELD: fields.FieldType(formats.Positions(), None)})
_EXTENT = struct.Struct("<QII")  # of a token: where its postings begin, how many postings, how many places
_PREFIX = pack_ushort(0)  # Whoosh's number of the one field, before each token
_ITEM = 4  # bytes of every number in the arrays
SMALL, MANY_SMALL = 50, 6  # documents; segments. Merging six of 500 takes seconds on a busy machine
GROWTH = 4  # a segment this many times as large as all smaller ones together stays as it is


@dataclass(frozen=True)
class Block:
    """The postings of a token in one segment: for each document, ascending, its weight and its number of places.

    `places` are the positions in all of them, document after document, ascending in each.
    """

    docs: np.ndarray  # uint32
    weights: np.ndarray  # float32
    counts: np.ndarray  # uint32
    places: np.ndarray  # uint32

    def kept(self, number: np.ndarray) -> Block:
        """The same postings with documents renumbered; those whose new number is negative are left out."""
        new = number[self.docs]
        keep = new >= 0
        places = self.places[np.repeat(keep, self.counts)]
        return Block(new[keep].astype(np.uint32), self.weights[keep], self.counts[keep], places)


@dataclass
class _Growing:
    """The postings of a token while a segment is written; arrays as in `Block`."""

    docs: array[int] = field(default_factory=lambda: array("I"))
    weights: array[float] = field(default_factory=lambda: array("f"))
    counts: array[int] = field(default_factory=lambda: array("I"))
    places: array[int] = field(default_factory=lambda: array("I"))

    def add(self, block: Block) -> None:
        """Append a block; its documents come after those that are here."""
        for column, more in ((self.docs, block.docs), (self.weights, block.weights), (self.counts, block.counts)):
            column.frombytes(more.tobytes())
        self.places.frombytes(block.places.tobytes())


class _Pool:
    """What a segment under way will hold: the postings of each token, the id and the length of each document."""

    def __init__(self) -> None:
        self.ids, self.sizes = array("I"), array("I")
        self.tokens: dict[str, _Growing] = {}

    def postings(self, token: str) -> _Growing:
        """The postings of a token so far."""
        found = self.tokens.get(token)
        if found is None:
            found = self.tokens[token] = _Growing()
        return found

    def iter_postings(self) -> _Pool:
        """What Whoosh hands to the `_FieldWriter`: all of it."""
        return self

    def cleanup(self) -> None:
        """Whoosh's word for the end of a segment; nothing of ours lies on disk before it."""


class _FieldWriter(whoosh3.W3FieldWriter):  # type: ignore[misc]
    """Writes a pool into Whoosh's two files of a segment: terms and postings."""

    def add_postings(self, schema: Any, lengths: Any, items: _Pool) -> None:
        """Write the whole segment; `schema` and `lengths` are Whoosh's and not needed."""
        self._fieldmap[FIELD] = 0
        file = self._postfile
        for token in sorted(items.tokens):
            found = items.tokens[token]
            extent = _EXTENT.pack(file.tell(), len(found.docs), len(found.places))
            file.write(b"".join((found.docs.tobytes(), found.weights, found.counts, found.places)))
            self._tindex.add(_PREFIX + token.encode(), extent)
        self._tindex.extras["documents"] = (file.tell(), len(items.ids))
        file.write(items.ids.tobytes() + items.sizes.tobytes())


class TermsReader(whoosh3.W3TermsReader):  # type: ignore[misc]
    """Reads what `_FieldWriter` wrote."""

    def documents(self) -> tuple[np.ndarray, np.ndarray]:
        """The id and the length of each document of the segment, in order; uint32 both."""
        offset, count = self._tindex.extras["documents"]
        both = np.frombuffer(self._postfile.get(offset, 2 * count * _ITEM), dtype=np.uint32)
        return both[:count], both[count:]

    def knows(self, token: str) -> bool:
        """Whether the token is in the segment."""
        return _PREFIX + token.encode() in self._tindex

    def block(self, token: str) -> Block | None:
        """The postings of a token, deleted documents included; None where it has none."""
        extent = self._tindex.get(_PREFIX + token.encode())
        return None if extent is None else self._block(extent)

    def blocks(self) -> Iterator[tuple[str, Block]]:
        """Every token with its postings, in order."""
        for key, extent in self._tindex.items():
            yield key[len(_PREFIX) :].decode(), self._block(extent)

    def counts(self) -> Iterator[tuple[str, int]]:
        """Every token with the number of its documents, deleted ones included; no postings are read."""
        for key, extent in self._tindex.items():
            yield key[len(_PREFIX) :].decode(), _EXTENT.unpack(extent)[1]

    def _block(self, extent: bytes) -> Block:
        offset, n, places = _EXTENT.unpack(extent)
        data = np.frombuffer(self._postfile.get(offset, (3 * n + places) * _ITEM), dtype=np.uint32)
        return Block(data[:n], data[n : 2 * n].view(np.float32), data[2 * n : 3 * n], data[3 * n :])


class _Codec(whoosh3.W3Codec):  # type: ignore[misc]
    """Whoosh's codec with our postings. Its name and place are written into every index: rename it, and all must be
    rebuilt."""

    length_stats = False  # lengths are kept by ourselves; Whoosh would look for its own at each posting

    def field_writer(self, storage: Any, segment: Any) -> _FieldWriter:
        """Who writes a new segment."""
        return _FieldWriter(self, storage, segment)

    def terms_reader(self, storage: Any, segment: Any) -> TermsReader:
        """Who reads a segment."""
        name = segment.make_filename(self.TERMS_EXT)
        terms, postings = storage.open_file(name), segment.open_file(storage, self.POSTS_EXT)
        reader = TermsReader(self, terms, storage.file_length(name), postings)
        for file in (terms, postings):
            if isinstance(file, BufferFile):  # a view of the map, with a copy beside it that only opening reads
                file.file = BytesIO()
        return reader


def open_terms(storage: Any, segment: Any) -> TermsReader:
    """The terms of a segment."""
    files = segment.open_compound_file(storage) if segment.is_compound() else storage
    reader: TermsReader = segment.codec().terms_reader(files, segment)
    return reader


class SegmentWriter(writing.SegmentWriter):  # type: ignore[misc]
    """A Whoosh writer that takes tokens: a context manager which commits at the end, or cancels on an error."""

    def __init__(self, files: Any, **options: Any) -> None:
        super().__init__(files, codec=_Codec(), **options)
        self.pool = _Pool()
        self.mergetype = _merge_small

    def commit_merged(self) -> None:
        """Commit, with as many segments made one as is worth it (`worth_merging`); seconds at 100k."""
        chosen = worth_merging(self.segments)
        self.commit(mergetype=lambda writer, segments: _merged(writer, segments, chosen))

    def add(self, id_: int, size: int, tokens: Iterable[tuple[str, int, float]]) -> None:
        """Add a document of this length from (token, position, weight); weights of a token are summed.

        Positions ascend.
        """
        pool, doc = self.pool, self.docnum
        for token, position, weight in tokens:
            found = pool.postings(token)
            if found.docs and found.docs[-1] == doc:
                found.weights[-1] += weight
                found.counts[-1] += 1
            else:
                found.docs.append(doc)
                found.weights.append(weight)
                found.counts.append(1)
            found.places.append(position)
        self._end(array("I", (id_,)), array("I", (size,)))

    def add_reader(self, reader: Any) -> None:
        """Take over the living documents of a segment; Whoosh calls it for those that it merges into the new one."""
        terms = reader.codec().terms_reader(reader.storage(), reader.segment())
        alive = np.ones(reader.doc_count_all(), dtype=bool)
        alive[list(reader.segment().deleted_docs())] = False
        number = np.where(alive, self.docnum + np.cumsum(alive) - 1, -1)
        for token, block in terms.blocks():
            kept = block.kept(number)
            if len(kept.docs):
                self.pool.postings(token).add(kept)
        ids, sizes = terms.documents()
        self._end(array("I", ids[alive].tobytes()), array("I", sizes[alive].tobytes()))

    def _end(self, ids: array[int], sizes: array[int]) -> None:
        """These documents are whole."""
        self.pool.ids.extend(ids)
        self.pool.sizes.extend(sizes)
        self.docnum += len(ids)
        self._added = self._added or len(ids) > 0


def worth_merging(segments: Sequence[Any]) -> list[Any]:
    """The segments to make one: the small ones up to the first that is much larger than all of them.

    So a document is written again only a few times however many commits there are. One that is mostly deleted joins.
    """
    by_size = sorted(segments, key=lambda segment: segment.doc_count())
    chosen: list[Any] = []
    for segment in by_size:
        mostly_gone = segment.doc_count() * 2 < segment.doc_count_all()
        if not mostly_gone and chosen and segment.doc_count() > GROWTH * sum(one.doc_count() for one in chosen):
            break
        chosen.append(segment)
    return chosen if len(chosen) > 1 else []


def _merge_small(writer: SegmentWriter, segments: list[Any]) -> list[Any]:
    """What a commit merges, so that it stays quick: a few small segments. More is for `SegmentWriter.commit_merged`."""
    small = [segment for segment in segments if segment.doc_count_all() <= SMALL]
    return _merged(writer, segments, small if len(small) >= MANY_SMALL else [])


def _merged(writer: SegmentWriter, segments: Sequence[Any], chosen: Sequence[Any]) -> list[Any]:
    """Take these segments into the new one; gives those that stay."""
    for segment in chosen:
        writer.add_reader(reading.SegmentReader(writer.storage, writer.schema, segment))
    return [segment for segment in segments if segment not in chosen]
