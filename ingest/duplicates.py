"""Exact and near duplicates: found so that they can be marked with a pointer; nothing is dropped.

Two respondents who say the same are two pieces of evidence and never duplicates of each other: a caller looks only
among texts of the same respondent, or among texts that no respondent said.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zlib
from collections.abc import Hashable
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from rapidfuzz.fuzz import token_set_ratio

from ingest.passages import embedded_text

if TYPE_CHECKING:
    from datasketch import MinHash  # imported where it is used: it takes half a second

MIN_WORDS = 8  # shorter texts are alike by chance
SHINGLE_LETTERS = 4
PERMUTATIONS = 128
LSH_THRESHOLD = 0.6  # estimated Jaccard similarity of shingles at which a pair is looked at
MIN_RATIO = 90.0  # rapidfuzz token_set_ratio, 0 to 100, that confirms it
MIN_LENGTH_RATIO = 0.75  # token_set_ratio is 100 for a mere part of a text: a part is no duplicate

_NO_WORD = re.compile(r"[\W_]+")
# texts that differ in a number or in a "not" say different things, however alike they read
_DECISIVE = re.compile(r"\b(?:\d+|not?|never|none|nobody|nothing|without|cannot|\w+n t)\b")


def normalised(text: str) -> str:
    """Lower case, compatibility forms unified, words separated by one space, nothing but letters and digits."""
    return _NO_WORD.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def content_hash(headings: str, text: str) -> str:
    """sha256 in hex of what is embedded: `headings` (`ingest.passages.heading_context`) and the text."""
    return hashlib.sha256(embedded_text(headings, text).encode("utf-8", "surrogatepass")).hexdigest()


class NearDuplicates:
    """Texts by key, and which of them a new text nearly repeats. Texts under `MIN_WORDS` words are not looked at."""

    def __init__(self) -> None:
        self._texts: dict[Hashable, str] = {}
        self._added: dict[Hashable, int] = {}  # the number of the call that first added a key
        from datasketch import MinHashLSH

        self._index = MinHashLSH(num_perm=PERMUTATIONS, params=_bands())

    def add(self, key: Hashable, text: str) -> None:
        """Remember a text; a key that is there is replaced."""
        plain = normalised(text)
        self._added.setdefault(key, len(self._added))
        if key in self._texts:
            self._index.remove(key)
            del self._texts[key]
        if len(plain.split()) >= MIN_WORDS:
            self._index.insert(key, _minhash(plain))
            self._texts[key] = plain

    def find(self, text: str) -> Hashable | None:
        """The key of the most similar text that this one nearly repeats, the earliest added of equals; None if none."""
        plain = normalised(text)
        if len(plain.split()) < MIN_WORDS:
            return None
        ratios = {key: _ratio(plain, self._texts[key]) for key in self._index.query(_minhash(plain))}
        best = max(ratios.values(), default=0.0)
        alike = [key for key, ratio in ratios.items() if ratio == best >= MIN_RATIO]
        return min(alike, key=self._added.__getitem__, default=None)


@cache
def _empty() -> MinHash:
    """To be copied, because drawing the permutations anew is slow.

    They mix the bits; a shingle needs no more than a checksum, which takes a twentieth of the time of SHA-1.
    """
    from datasketch import MinHash

    return MinHash(num_perm=PERMUTATIONS, hashfunc=zlib.crc32)


@cache
def _bands() -> tuple[int, int]:
    """How many bands of how many permutations fit the threshold: an integral that takes datasketch 30 ms."""
    from datasketch import MinHashLSH

    index = MinHashLSH(threshold=LSH_THRESHOLD, num_perm=PERMUTATIONS)
    return index.b, index.r


def _ratio(one: str, other: str) -> float:
    """Similarity, 0 to 100; 0 where the lengths or what decides the meaning differ."""
    shorter, longer = sorted((len(one), len(other)))
    if shorter < MIN_LENGTH_RATIO * longer or set(_DECISIVE.findall(one)) != set(_DECISIVE.findall(other)):
        return 0.0
    return token_set_ratio(one, other)


@lru_cache(maxsize=1)  # a text is looked for, and then added
def _minhash(plain: str) -> MinHash:
    shingles = {plain[place : place + SHINGLE_LETTERS] for place in range(max(1, len(plain) - SHINGLE_LETTERS + 1))}
    sketch = _empty().copy()
    sketch.update_batch([shingle.encode("utf-8", "surrogatepass") for shingle in shingles])
    return sketch
