"""Which words grew between two periods: weighted log-odds with an informative Dirichlet prior. Pure functions.

Monroe, Colaresi & Quinn 2008 ("Fightin' Words", section 3.5): with y the count of a word in a period, n all counts of
it and a the word's share of the prior, the log-odds of the word in each period are ``log((y + a) / (n + A - y - a))``;
their difference over its standard error ``sqrt(1/(y1 + a) + 1/(y0 + a))`` is z. The prior is the words of both periods
together at a tenth of their number, so that rare words are not taken for characteristic ones.

A count is of voices, not of mentions: who says a word ten times says it once.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from indexes.analyzer import Analyzer

PRIOR = 0.1  # of the words of both periods: what the prior counts for
FEWEST_VOICES = 3  # who must have used a word in the later period
LEAST_Z = 1.96
MOST_WORDS = 12
SHARED = 0.6  # of a word's later voices that use it in one pair of words: then the pair stands for it


@dataclass(frozen=True)
class GrownWord:
    """A word or a pair of words that more voices use than before. `key` is its tokens, `text` as people write it."""

    key: tuple[str, ...]
    text: str
    z: float
    before: int  # voices
    after: int


@dataclass(frozen=True)
class Said:
    """What one text says: its words and pairs, each with how it is written."""

    terms: Mapping[tuple[str, ...], str]


def said(text: str, analyzer: Analyzer) -> Said:
    """The words of a text and the pairs of neighbouring ones, without those that carry no weight."""
    units = analyzer.units(text)
    telling = [None if analyzer.is_stop(unit) or unit.raw.isdigit() else unit for unit in units]
    terms: dict[tuple[str, ...], str] = {
        (unit.key,): text[unit.start : unit.end].lower() for unit in telling if unit is not None
    }
    for first, second in pairwise(telling):
        if first is not None and second is not None:
            terms[first.key, second.key] = " ".join(text[first.start : second.end].lower().split())
    return Said(terms)


def grown_words(before: Iterable[Sequence[Said]], after: Iterable[Sequence[Said]]) -> tuple[GrownWord, ...]:
    """The words that grew most, by z; each period is a list of voices, a voice the list of its texts.

    Only words of `FEWEST_VOICES` voices or more in the later period, with z of at least 1.96. A word that its voices
    mostly use in one pair that grew too is left to the pair.
    """
    found = [word for word in leaning_words(before, after) if word.z >= LEAST_Z]
    pairs = [word for word in found if len(word.key) == 2]
    kept = [word for word in found if not any(_stands_for(pair, word) for pair in pairs)]
    return tuple(sorted(kept, key=lambda word: (-word.z, -word.after, word.key))[:MOST_WORDS])


def leaning_words(before: Iterable[Sequence[Said]], after: Iterable[Sequence[Said]]) -> list[GrownWord]:
    """The words that more voices use than before, also where chance explains it: to put texts in order, not to claim
    that a word grew. Of `FEWEST_VOICES` voices or more in the later period.
    """
    written: dict[tuple[str, ...], Counter[str]] = {}
    counts = _count(before, {}), _count(after, written)
    both = counts[0] + counts[1]
    sums = [count.total() for count in counts]
    found = []
    for key, voices in counts[1].items():
        if voices < FEWEST_VOICES:
            continue
        z = _z(counts[0][key], sums[0], voices, sums[1], PRIOR * both[key])
        if z > 0:
            found.append(GrownWord(key, written[key].most_common(1)[0][0], z, counts[0][key], voices))
    return found


def _count(voices: Iterable[Sequence[Said]], written: dict[tuple[str, ...], Counter[str]]) -> Counter[tuple[str, ...]]:
    """How many voices use each word; `written` gathers how they write it."""
    count: Counter[tuple[str, ...]] = Counter()
    for texts in voices:
        of_voice: dict[tuple[str, ...], str] = {}
        for text in texts:
            of_voice.update(text.terms)
        count.update(of_voice.keys())
        for key, spelling in of_voice.items():
            written.setdefault(key, Counter())[spelling] += 1
    return count


def _z(before: int, all_before: int, after: int, all_after: int, prior: float) -> float:
    """How many standard errors the word's log-odds grew."""
    whole = PRIOR * (all_before + all_after)
    grown = _log_odds(after + prior, all_after + whole) - _log_odds(before + prior, all_before + whole)
    return grown / math.sqrt(1 / (after + prior) + 1 / (before + prior))


def _log_odds(count: float, total: float) -> float:
    return math.log(count / max(total - count, 1e-9))


def _stands_for(pair: GrownWord, word: GrownWord) -> bool:
    return len(word.key) == 1 and word.key[0] in pair.key and pair.after >= SHARED * word.after
