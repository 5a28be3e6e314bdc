"""Near spellings: which tokens of an index a misspelt word may have meant.

The tokens of an index are stems, so a token that is found here is not yet a word that people write: whoever asks looks
for the word in the texts that have the token, and decides by `distance` of the whole words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

from rapidfuzz import process
from rapidfuzz.distance import OSA

SHORTEST = 4  # letters of a word that is corrected at all
LONGEST_ENDING = 5  # letters that stemming may have taken off, as of "availability"
CANDIDATES = 12


class Vocabulary(Protocol):
    """What a keyword engine tells of its tokens."""

    def vocabulary(self) -> Iterable[tuple[str, int]]:
        """Every token, and in how many records it stands; a removed record may still count."""


def allowed_distance(word: str) -> int:
    """How many slips a word may have: one up to five letters, two above."""
    return 0 if len(word) < SHORTEST else 1 if len(word) < 6 else 2


def distance(one: str, other: str) -> int:
    """Slips between two folded words: letters missing, added, wrong, or two neighbours swapped (optimal string
    alignment)."""
    return int(OSA.distance(one, other))


class Speller:
    """Finds near tokens of one vocabulary; made once for a state of an index, in 0.1 s for 30,000 tokens."""

    def __init__(self, tokens: Iterable[tuple[str, int]]) -> None:
        """`tokens` with the number of records that each stands in; only words without signs and digits are kept."""
        self._counts = {token: count for token, count in tokens if len(token) > 2 and token.isalpha()}
        self._by_start: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
        for token in self._counts:
            self._by_start[(token[0], len(token))].append(token)

    def near(self, word: str, stem: str, limit: int = CANDIDATES) -> list[str]:
        """The tokens that a folded word, whose stem is `stem`, may have meant: nearest first, then by frequency.

        A word whose first letter is wrong is found only where its first two letters were swapped. A stem may be one
        slip further away than the whole word: ``chnge`` is two from ``chang``, but one from ``change``.
        """
        most = allowed_distance(word)
        found: dict[str, float] = {}
        for first in dict.fromkeys(word[:2]) if most else ():
            for length in range(max(len(word) - LONGEST_ENDING - most, 3), len(word) + most + 1):
                tokens = self._by_start.get((first, length))
                for text, penalty in _spelt(word, stem, length) if tokens else ():
                    for token, slips, _ in process.extract(
                        text, tokens, scorer=OSA.distance, score_cutoff=most + 1, limit=limit
                    ):
                        found[token] = min(found.get(token, 9.0), slips + penalty)
        return sorted(found, key=lambda token: (found[token], -self._counts[token], token))[:limit]


def _spelt(word: str, stem: str, length: int) -> list[tuple[str, float]]:
    """What to compare tokens of this length with, and what is added to the slips: less is known of a beginning."""
    spelt = {word: 0.0, stem: 0.0}
    if word.endswith("y"):  # the stem of "family" is "famili", but that of "famly" is "fam"
        spelt[f"{word[:-1]}i"] = 0.0
    if length < len(word):
        spelt.setdefault(word[:length], 0.5)
    return list(spelt.items())
