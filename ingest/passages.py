"""A redacted document into passages and verbatims that stand in it at exact offsets.

A passage ends at `MAX_WORDS` and at `MAX_PIECES` including its heading context, on sentence and line boundaries, and
never runs across headings or slides. Blocks are split into sentences ("atoms"), and atoms of one place are packed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from math import ceil
from typing import Literal

from ingest.readers.base import Block, Document, Locator

MAX_WORDS = 180
MAX_PIECES = 240  # the embedding model reads at most 256 word pieces, two of them its own marks
ROW_WORDS = 20  # a row of a sheet with as many words is a passage of its own
CONTEXT_WORDS = 80  # of a moderator's question
HEADING_LETTERS = 200  # of a heading path that is embedded with each passage

CountPieces = Callable[[str], int]


@dataclass(frozen=True)
class Passage:
    """``document.text[start:end]`` as a unit that is searched and cited.

    `kind` is "verbatim" for a participant's turn in a transcript, whose `context` is the question before it.
    `locator` is that of the first block, with the time at which the last one ends.
    """

    kind: Literal["passage", "verbatim"]
    text: str
    start: int
    end: int
    locator: Locator
    context: str = ""
    heading_path: tuple[str, ...] = ()
    speaker: str | None = None


@dataclass(frozen=True)
class _Atom:
    start: int
    end: int
    words: int
    pieces: int
    block: Block


def cut(document: Document, count_pieces: CountPieces | None) -> list[Passage]:
    """The passages of a document in reading order; every character of its prose is in exactly one of them.

    `count_pieces` counts the word pieces of a text as the embedding model does (counts of parts must add up, as they
    do for word pieces); None: only words are counted. A moderator's turns are context, not passages. A heading under
    which nothing stands is a passage.
    """
    question, moderators = "", moderating(document)
    passages: list[Passage] = []
    for _, group in groupby(_kept(document), key=lambda kept: (kept[0], _place(kept[1], document.text))):
        blocks = [block for _, block in group]
        if blocks[0].kind == "turn" and blocks[0].locator.speaker in moderators:
            question = _question(" ".join(document.text[block.start : block.end] for block in blocks), question)
            continue
        passages.extend(_passages(document, blocks, question, count_pieces))
    return passages


def context_text(passage: Passage, title: str | None = None) -> str:
    """What is embedded: the heading path and, on the next line, the text.

    Where there is no heading path the document's `title` stands for it, as `cut` reckons with.
    """
    return embedded_text(heading_context(passage.heading_path, title), passage.text)


def embedded_text(headings: str, text: str) -> str:
    """Headings and text joined as they are embedded and hashed."""
    return f"{headings}\n{text}" if headings else text


def heading_context(heading_path: Sequence[str], title: str | None = None) -> str:
    """The heading path on one line, at most `HEADING_LETTERS` long: the nearest headings are kept."""
    line = " > ".join(heading_path or ([title] if title else []))
    if len(line) <= HEADING_LETTERS:
        return line
    return line[-HEADING_LETTERS:].partition(" ")[2] or line[-HEADING_LETTERS:]


_ASKS = re.compile(
    r"(?:moderator|interviewer|facilitator|researcher|(?:co-?)?host|M|I)(?:[\s#_-]*\d{1,3})?(?:\s*[(:,/-].*)?",
    re.IGNORECASE,
)
_ANSWERS = re.compile(r"(?:participant|respondent|interviewee|customer|user|P|R|U)(?:[\s#_-]*\w{1,3})?", re.IGNORECASE)


def moderating(document: Document) -> frozenset[str]:
    """The speakers of a transcript who ask: by their label, else the one of several who asks most questions."""
    turns = [block for block in document.blocks if block.kind == "turn" and block.locator.speaker]
    speakers = {block.locator.speaker or "" for block in turns}
    named = frozenset(speaker for speaker in speakers if _ASKS.fullmatch(speaker.strip()))
    if named or len(speakers) < 2:
        return named
    asked = Counter(
        block.locator.speaker or ""
        for block in turns
        if "?" in document.text[block.start : block.end] and not _ANSWERS.fullmatch(block.locator.speaker or "")
    )
    most = asked.most_common(2)
    clear = most and most[0][1] >= 2 and (len(most) == 1 or most[0][1] > most[1][1])
    return frozenset([most[0][0]]) if clear else frozenset()


def _question(said: str, before: str) -> str:
    """The question in force once a moderator said this; a mere "mm-hm" leaves the one before in force."""
    words = said.split()
    return before if len(words) < 4 and "?" not in said else " ".join(words[-CONTEXT_WORDS:])


def _kept(document: Document) -> Iterator[tuple[int, Block]]:
    """All blocks but the headings that are carried as the context of what stands under them, with their section's
    number: two sections in a row may have the same heading.
    """
    section = 0
    following: list[Block | None] = [*document.blocks[1:], None]
    for block, after in zip(document.blocks, following, strict=False):
        section += block.kind == "heading"
        if block.kind != "heading" or not _has_body(document.text, block, after):
            yield section, block


def _has_body(text: str, heading: Block, after: Block | None) -> bool:
    if after is None or after.locator.slide != heading.locator.slide:
        return False
    path = (*heading.locator.heading_path, text[heading.start : heading.end])
    return after.locator.heading_path[: len(path)] == path


def _place(block: Block, text: str) -> tuple[object, ...]:
    """Blocks with the same key in a row may share a passage."""
    place = block.locator
    if block.kind == "turn":
        return ("turn", place.speaker, place.heading_path)
    alone = block.kind == "heading" or (place.row is not None and _words(text, block.start, block.end) >= ROW_WORDS)
    return (block.kind == "note", place.heading_path, place.slide, place.sheet, block.start if alone else None)


def _passages(document: Document, blocks: list[Block], question: str, count: CountPieces | None) -> Iterator[Passage]:
    path, speaker = blocks[0].locator.heading_path, blocks[0].locator.speaker
    said = blocks[0].kind == "turn" and speaker is not None  # words of nobody known are a passage
    headings = heading_context(path, document.title)
    counted = _Counter(count, headings)
    atoms = [atom for block in blocks for atom in _atoms(document.text, block, counted)]
    for packed in _pack(document.text, atoms, counted.room):
        first, last = packed[0], packed[-1]
        yield Passage(
            kind="verbatim" if said else "passage",
            text=document.text[first.start : last.end],
            start=first.start,
            end=last.end,
            locator=replace(first.block.locator, end_seconds=last.block.locator.end_seconds),
            context=question if said else "",
            heading_path=path,
            speaker=speaker,
        )


class _Counter:
    """Counts the pieces of a text without the marks that a model adds, and knows how many a passage may have."""

    def __init__(self, count: CountPieces | None, headings: str) -> None:
        self._count = count
        self._marks = count("") if count else 0
        self.room = MAX_PIECES - (count(headings) if count else 0)

    def pieces(self, text: str) -> int:
        return self._count(text) - self._marks if self._count else 0

    def fits(self, text: str) -> bool:
        return _words(text, 0, len(text)) <= MAX_WORDS and self.pieces(text) <= self.room


def _words(text: str, start: int, end: int) -> int:
    """Words by spaces, or by length where a script or a table has none."""
    return max(len(text[start:end].split()), (end - start) // 12)


def _pack(text: str, atoms: list[_Atom], room: int) -> Iterator[list[_Atom]]:
    """Atoms into passages of about equal length, so that none is left with a few last words."""
    words, pieces = sum(atom.words for atom in atoms), sum(atom.pieces for atom in atoms)
    parts = max(1, ceil(words / MAX_WORDS), ceil(pieces / room))
    enough = MAX_WORDS if parts == 1 else words / parts
    packed: list[_Atom] = []
    for atom in atoms:
        if packed and (_full(text, packed, atom, room) or sum(one.words for one in packed) >= enough):
            yield packed
            packed = []
        packed.append(atom)
    if packed:
        yield packed


def _full(text: str, packed: list[_Atom], atom: _Atom, room: int) -> bool:
    pieces = sum(one.pieces for one in packed) + atom.pieces
    return _words(text, packed[0].start, atom.end) > MAX_WORDS or pieces > room


def _atoms(text: str, block: Block, counted: _Counter) -> Iterator[_Atom]:
    for start, end in sentences(text, block.start, block.end):
        for first, last in _shortened(text, start, end, counted):
            yield _Atom(first, last, _words(text, first, last), counted.pieces(text[first:last]), block)


_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"“])(?:[A-Z]|e\.g|i\.e|cf|vs|approx|incl|esp|nr|fig|figs|vol|pp?|ed|eds|al|ca|dept|inc|ltd|co|corp"
    r"|mr|mrs|ms|dr|prof|st|jr|sr|gen|rev|hon|u\.s|u\.k|d\.c|a\.m|p\.m|z\.b|d\.h)\.\Z",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(
    r"(?:[.!?…]+[\"'”’)\]]*|[。！？])(?:\s+|(?<=[。！？]))(?=[\"'“‘(\[]*[^\Wa-z_])|[^\S\n]*\n\s*"
)


def sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where the sentences of ``text[start:end]`` stand, without surrounding white space; a line's end ends one too."""
    cuts = [start]
    for match in _SENTENCE_END.finditer(text, start, end):
        stop = match.group().rstrip()
        if stop != "." or not _ABBREVIATION.search(text[max(start, match.start() - 12) : match.start() + 1]):
            cuts.append(match.end())
    spans = (_stripped(text, first, last) for first, last in pairwise([*cuts, end]))
    return [(first, last) for first, last in spans if first < last]


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), end - (len(part) - len(part.rstrip()))


_CLAUSE_END = re.compile(r"(?<=[;:,—–])\s+")
_WORD_END = re.compile(r"\s+")


def _shortened(text: str, start: int, end: int, counted: _Counter) -> Iterator[tuple[int, int]]:
    """A sentence that is too long in two or more parts, cut near its middle: at a clause, else at a word."""
    if counted.fits(text[start:end]) or end - start < 2:
        yield start, end
        return
    middle, quarter = (start + end) // 2, (end - start) // 4
    clauses = _CLAUSE_END.finditer(text, start + quarter, end - quarter)
    places = [match.span() for match in clauses] or [match.span() for match in _WORD_END.finditer(text, start, end)]
    left, right = _nearest(places, middle)
    yield from _shortened(text, start, left, counted)
    yield from _shortened(text, right, end, counted)


def _nearest(places: Iterable[tuple[int, int]], middle: int) -> tuple[int, int]:
    return min(places, key=lambda place: abs(place[0] - middle), default=(middle, middle))
