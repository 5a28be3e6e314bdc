"""Our tokens: one way to cut text into words, for every keyword engine, the highlighter and the query.

A text is a row of *units*, one a position. A unit is a word or a compound (``W-2``, ``R&D``, ``C++``, ``.NET``); a
compound is kept whole, joined where people also write it in one word (``e-mail``, ``email``), and in parts, all at its
position, so that any spelling finds any other.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from itertools import chain, takewhile
from threading import Lock
from typing import Literal

import snowballstemmer

VERSION = "1"
LONGEST = 64  # letters of a token that are kept: longer ones are noise such as keys and encoded files
MOST_PARTS = 5  # a chain of more parts (a path, an address) is a row of words, not one compound
MOST_SPELLINGS = 32  # of a phrase that are looked for
SHORTEST_PART = 3  # a shorter part of a compound ("w", "2") says nothing on its own

_MARKS = "".join(c for c in map(chr, range(0x300, 0x10000)) if unicodedata.category(c) in ("Mn", "Mc"))
_CJK = "\u2e80-\u2fdf\u3005\u3007\u3040-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
_CJK += "\U00020000-\U0003ffff"
_LETTER = rf"(?:(?![_{_CJK}])[\w{_MARKS}])"
_FIRST = rf"(?:(?![_{_CJK}])\w)"
_NUMBER = rf"\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?(?!{_LETTER})|\d+(?:\.\d+)+(?!{_LETTER})"
_ATOM = rf"(?:(?<![\w.])\.(?=[^\W\d]))?(?:{_NUMBER}|{_FIRST}{_LETTER}*)(?:[+#]{{1,3}}(?![\w+#]))?"
_APOSTROPHES = "'\u2019\u02bc\uff07"
_HYPHENS = "-\u2010\u2011\u00ad"
_LINKS = rf"[{_HYPHENS}{_APOSTROPHES}&/._@\uff06]"
_UNIT = re.compile(rf"(?P<cjk>[{_CJK}]+)|(?P<word>{_ATOM}(?:{_LINKS}{_ATOM})*)")
_AROUND = ".,;:!?()[]{}\"'"  # a word that stands within these is the same word
_PIECE, _ALPHANUMERIC = re.compile(r"\S+"), re.compile("[A-Za-z0-9]")
_HEAD, _TAIL = re.compile(_ATOM), re.compile(rf"(?P<link>{_LINKS})(?P<atom>{_ATOM})")  # what a word is made of
_SAME_LINK = str.maketrans(dict.fromkeys(_HYPHENS, "-") | dict.fromkeys(_APOSTROPHES, "'") | {"\uff06": "&"})
_UNDIVIDED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})

_STOP = """a about after all also am an and any are as at be because been before being but by can cant could couldnt did
    didnt do does doesnt doing dont down during each few for from further had has have having he her here hers him his
    how i if im in into is isnt it its ive just me more most my no nor not of off on once only or other our out over
    own per same she should so some such than that the their theirs them then there these they this those through to
    too under until up very was wasnt we were what when where which while who whom why will with wont would you
    your"""
STOP_WORDS = frozenset(_STOP.split())

_stemmer = snowballstemmer.stemmer("english")
_stemmer_lock = Lock()


@dataclass(frozen=True, slots=True)
class Token:
    """A word as it is indexed; ``text[start:end]`` of the source is where it stands, `position` counts units from 0."""

    text: str
    start: int
    end: int
    position: int


@dataclass(frozen=True, slots=True)
class Unit:
    """What stands at one position.

    `raw` is the folded spelling without links and without stemming; `forms` are its names as a whole, the most general
    last; `parts` are what a compound consists of, with offsets. `link` is "" for a plain word, "cjk" for a sign of a
    script without blanks (whose one part is the pair with the next sign), else the compound's first link.
    """

    raw: str
    forms: tuple[str, ...]
    parts: tuple[tuple[str, int, int], ...]
    start: int
    end: int
    link: str = ""

    @property
    def key(self) -> str:
        """The form that every spelling shares."""
        return self.forms[-1]

    @property
    def tokens(self) -> tuple[tuple[str, int, int], ...]:
        """What is indexed at its position, whole first, each with its offsets."""
        whole = tuple((form, self.start, self.end) for form in self.forms)
        return (*whole, *(part for part in self.parts if part[0] not in self.forms)) if self.parts else whole


def fold(text: str) -> str:
    """Lower-case, without accents: ``Zürich`` is ``zurich``, ``Straße`` is ``strasse``. Other scripts stay whole."""
    if text.isascii():
        return text.lower()
    spread = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(sign for sign in spread if not "\u0300" <= sign <= "\u036f")
    return unicodedata.normalize("NFC", bare).translate(_UNDIVIDED)


@lru_cache(maxsize=200_000)
def _english_stem(word: str) -> str:
    with _stemmer_lock:  # the stemmer keeps its state in itself
        return str(_stemmer.stemWord(word))


@lru_cache(maxsize=2)
def _stacks_in(language: Literal["en", "none"]) -> Callable[[str], tuple[tuple[str, ...], ...]]:
    """`Analyzer.stacks_of` of a language, remembered by piece."""
    return lru_cache(maxsize=50_000)(Analyzer(language).stacks_of)


@lru_cache(maxsize=50_000)
def _known_places(language: Literal["en", "none"], piece: str) -> tuple[tuple[tuple[str, int, int], ...], ...]:
    return tuple(unit.tokens for unit in Analyzer(language).units(piece))


# Letters that as many words begin with: a pattern for each set of groups, since making one takes half a millisecond.
_GROUPS = "t", "aq", "szx", "oinu", "wcy", "bpvk", "hfmj", "drelg0123456789"


def _grouped(letters: str) -> str:
    """The letters and digits given, and all that are in a group with one of them; other signs are left out."""
    return "".join(group for group in _GROUPS if not set(group).isdisjoint(letters))


def _beginning(word: str) -> str:
    """What a folded word and its stem have in common: two letters, where y and i are the same (dying, die), if the stem
    is as long (a word such as "uing" keeps one)."""
    return word[:1] + word[1:2].replace("y", "i")


@lru_cache(maxsize=1_000)
def _atoms_starting(letters: str) -> re.Pattern[str]:
    """Finds in ASCII where a word, or a part of a compound, may begin with one of these letters."""
    return re.compile(rf"(?<![a-z0-9])[{re.escape(letters)}]" if letters else r"(?!)", re.IGNORECASE | re.ASCII)


@lru_cache(maxsize=1_000)
def _pieces_starting(letters: str) -> re.Pattern[str]:
    """Finds the pieces between blanks in which a word or part may begin with one of these letters, and all that are
    not ASCII."""
    begin = rf"(?<![a-z0-9])[{re.escape(letters)}]|" if letters else ""
    return re.compile(rf"(?<!\S)\S*?(?:{begin}[^\x00-\x7f\s])\S*", re.IGNORECASE)


@lru_cache(maxsize=256)
def _looked_for(tokens: frozenset[str]) -> tuple[frozenset[str], re.Pattern[str]]:
    """What words with these tokens begin with, and the pattern of the pieces they may be in: once for a whole page."""
    beginnings = frozenset(_beginning(token.lstrip(".")) for token in tokens)
    return beginnings, _pieces_starting(_grouped("".join(beginning[:1] for beginning in beginnings)))


@dataclass(frozen=True)
class Analyzer:
    """Cuts text into tokens. `language` "en" stems English and knows its stop words; "none" does neither."""

    language: Literal["en", "none"] = "en"

    @property
    def stamp(self) -> str:
        """Identifies what the tokens depend on: an index made under another stamp has to be rebuilt."""
        return f"tokens-{VERSION}-{self.language}-snowball-{version('snowballstemmer')}"

    def tokens(self, text: str) -> list[Token]:
        """Every token of the text in order of position, those of one position whole first. Never fails."""
        return [Token(*token, position) for position, unit in enumerate(self.units(text)) for token in unit.tokens]

    def stacks(self, text: str) -> list[tuple[str, ...]]:
        """The texts of `tokens`, a tuple for each position; many times as fast. Never fails."""
        pieces, known = text.split(), _stacks_in(self.language)
        found: Iterable[tuple[tuple[str, ...], ...]]
        if len(max(pieces, key=len, default="")) <= LONGEST:
            found = map(known, pieces)  # no unit runs across a blank, and most pieces of a text were seen before
        else:
            found = (known(piece) if len(piece) <= LONGEST else self.stacks_of(piece) for piece in pieces)
        return list(chain.from_iterable(found))

    def stacks_of(self, piece: str) -> tuple[tuple[str, ...], ...]:
        """As `stacks`, of a piece of text that is not worth keeping in mind."""
        return tuple(tuple(text for text, _, _ in unit.tokens) for unit in self.units(piece))

    def places(self, text: str, starts: str | None = None) -> dict[str, dict[int, tuple[int, int]]]:
        """Where each token of `tokens` stands: its offsets by position. Many times as fast.

        `starts`: only tokens that begin with one of these letters or digits are needed, whatever else is given; then
        positions are right only as far as who stands beside whom. A stem begins as its word does.
        """
        found: defaultdict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
        needed = None if starts is None else _atoms_starting(_grouped(starts))
        position = 0
        for match in _PIECE.finditer(text):
            piece, offset = match[0], match.start()
            if needed and piece.isascii() and not needed.search(piece):
                position += _ALPHANUMERIC.search(piece) is not None
                continue
            known = len(piece) <= LONGEST
            for tokens in _known_places(self.language, piece) if known else (u.tokens for u in self.units(piece)):
                for token, start, end in tokens:
                    found[token].setdefault(position, (start + offset, end + offset))
                position += 1
        return found

    def spans_of(self, text: str, tokens: frozenset[str]) -> list[tuple[int, int]]:
        """The offsets at which any of these tokens stands; a few times as fast as `places`."""
        beginnings, pieces = _looked_for(tokens)
        found: list[tuple[int, int]] = []
        for match in pieces.finditer(text):
            piece, offset = match[0], match.start()
            bare = piece.strip(_AROUND).lower()
            if bare.isascii() and bare.isalpha() and beginnings.isdisjoint((bare[0], _beginning(bare))):
                continue  # stemming a word takes a tenth of a millisecond
            known = len(piece) <= LONGEST
            for stack in _known_places(self.language, piece) if known else (u.tokens for u in self.units(piece)):
                here: dict[str, tuple[int, int]] = {}
                for token, start, end in stack:
                    if token in tokens:
                        here.setdefault(token, (start + offset, end + offset))  # of two equal parts the first
                found += here.values()
        return found

    def units(self, text: str) -> list[Unit]:
        """The units of the text, one a position. Never fails, whatever the text."""
        found: list[Unit] = []
        for match in _UNIT.finditer(text):
            if match["cjk"]:
                found += self._signs(match["cjk"], match.start())
            else:
                found += self._word(match["word"], match.start())
        return found

    def is_stop(self, unit: Unit) -> bool:
        """Whether the unit is a word that carries no weight beside others, such as "the"."""
        return self.language == "en" and unit.link in ("", "'") and unit.raw in STOP_WORDS

    def stem(self, word: str) -> str:
        """The stem of a folded word; codes, numbers and words of other languages stay as they are."""
        word = word[:LONGEST]
        return _english_stem(word) if self.language == "en" and word.isascii() and word.isalpha() else word

    def _signs(self, run: str, offset: int) -> Iterator[Unit]:
        for at, sign in enumerate(run):
            start, form = offset + at, fold(sign)
            pair = ((form + fold(run[at + 1]), start, start + 2),) if at + 1 < len(run) else ()
            yield Unit(form, (form,), pair, start, start + 1, "cjk")

    def _word(self, text: str, offset: int) -> list[Unit]:
        folded = fold(text)
        if folded.isalnum():
            return [Unit(folded, (self.stem(folded),), (), offset, offset + len(text))]
        head = _HEAD.match(text)
        tail = list(_TAIL.finditer(text, head.end())) if head else []
        plain = [self._plain(head[0], offset)] if head else []
        plain += [self._plain(m["atom"], offset + m.start("atom")) for m in tail]
        if len(plain) == 1 or len(plain) > MOST_PARTS:
            return plain
        return [self._compound(plain, [m["link"].translate(_SAME_LINK) for m in tail])]

    def _plain(self, atom: str, start: int) -> Unit:
        """The unit of a word without links; its sign, as in C++ or .NET, belongs to it."""
        word, end = fold(atom).replace(",", ""), start + len(atom)
        bare = word.strip("+#").lstrip(".")
        if bare == word:
            return Unit(word, (self.stem(word),), (), start, end)
        inner = start + atom.startswith("."), start + len(atom.rstrip("+#"))
        return Unit(bare, (word[:LONGEST],), ((self.stem(bare), *inner),), start, end, "+")

    def _compound(self, plain: list[Unit], links: list[str]) -> Unit:
        start, end = plain[0].start, plain[-1].end
        if links[-1] == "'" and plain[-1].raw == "s":  # the customer's
            plain, links = plain[:-1], links[:-1]
        if len(plain) == 1:
            return replace(plain[0], end=end)
        raw = "".join(unit.raw for unit in plain)
        parts = tuple((unit.key, unit.start, unit.end) for unit in plain)
        if set(links) == {"'"}:  # don't, l'avion: one word, whose long tail is found too
            tail = tuple(part for part in parts[1:] if part[2] - part[1] >= SHORTEST_PART)
            return Unit(raw, (self.stem(raw),), tail, start, end, "'")
        whole = "".join(unit.key + link for unit, link in zip(plain, [*links, ""], strict=True))[:LONGEST]
        forms = (whole,) if set(links) & set("&/@") else (whole, self.stem(raw))
        return Unit(raw, forms, parts, start, end, links[0])

    def sequences(self, units: Sequence[Unit], known: Callable[[str], bool]) -> list[tuple[str, ...]]:
        """The rows of tokens, at neighbouring positions, by which a phrase may stand in a text.

        A compound may be written in parts and neighbouring words as one, so ``T Mobile``, ``T-Mobile`` and ``TMobile``
        find each other. `known` says whether a token exists at all: spellings with an unknown token are left out.
        """
        reached: list[list[tuple[str, ...]]] = [[()], *([] for _ in units)]
        for at in range(len(units)):
            for length, row in self._steps(units, at):
                if all(map(known, row)):
                    reached[at + length] += [head + row for head in sorted(reached[at], key=len)[-MOST_SPELLINGS:]]
        return list(dict.fromkeys(reached[-1])) if units else []

    def spellings(
        self, units: Sequence[Unit], at: int, known: Callable[[str], bool]
    ) -> list[tuple[str, tuple[tuple[str, ...], ...]]]:
        """What to look for where a query has this unit: each a name, and the rows of tokens of which any will do.

        Words that some write as one (``log in``, ``login``) are looked for so too. Parts of a compound count by
        themselves where it is a choice (``login/signup``) or where no spelling of the whole is `known`.
        """
        unit = units[at]
        if unit.link == "cjk":
            last_of_run = not unit.parts and at > 0 and units[at - 1].link == "cjk" and bool(units[at - 1].parts)
            return [] if last_of_run else [(unit.raw, ((unit.parts[0][0] if unit.parts else unit.key,),))]
        rows = [*((form,) for form in unit.forms), *self.sequences([unit], known)]
        rows += [(unit.parts[0][0],)] if unit.forms[0].startswith(".") else []
        pairs = units[max(at - 1, 0) : at + 1], units[at : at + 2]
        rows += [(self.stem(a.raw + b.raw),) for a, b in filter(_are_plain, pairs)]
        found = tuple(row for row in dict.fromkeys(rows) if all(map(known, row)))
        apart = [part for part, start, end in unit.parts if end - start >= SHORTEST_PART]
        whole = [(unit.forms[0], found or ((unit.key,),))] if found or not apart else []
        return whole + [(part, ((part,),)) for part in apart if unit.link == "/" or not found]

    def _steps(self, units: Sequence[Unit], at: int) -> Iterator[tuple[int, tuple[str, ...]]]:
        """How many units from `at` on a row of tokens stands for, and the row."""
        unit = units[at]
        yield 1, (unit.key,)
        parts = tuple(part for part, _, _ in unit.parts)
        if unit.link not in ("", "cjk", "'") and len(parts) > 1:
            yield 1, parts
        if unit.link == "&":
            yield 1, tuple(token for part in parts for token in ("and", part))[1:]
        words = list(takewhile(lambda unit: unit.link in ("", "-"), units[at : at + MOST_PARTS]))
        for length in range(2, len(words) + 1):
            yield length, (self.stem("".join(unit.raw for unit in words[:length])),)


def _are_plain(units: Sequence[Unit]) -> bool:
    """Whether these are two words without links."""
    return len(units) == 2 and not units[0].link and not units[1].link
