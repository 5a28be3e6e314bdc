"""The words of statement_words.toml, ready to be looked up: inflected forms, lists of phrases as patterns."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

TOKEN = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
VOWELS = "aeiou"
BETWEEN_WORDS = r"\s+(?:(?:the|a|our|more)\s+)?"  # "increase the conversion" is in the list as "increase conversion"
UNLIKE_ANY = re.compile(r"(?!)")


@dataclass(frozen=True)
class Token:
    """A word of a text with its place; `key` is how it is looked up."""

    key: str
    start: int
    end: int


@dataclass(frozen=True)
class StatementWords:
    """The curated lists; what each means stands in the data file. Patterns ignore case."""

    verbs: frozenset[str]
    gerunds: frozenset[str]
    third_persons: frozenset[str]
    things_in_ing: frozenset[str]
    openers_of_an_object: frozenset[str]
    directions: frozenset[str]
    direction_phrases: re.Pattern[str]
    measure_openers: frozenset[str]
    circumstances: frozenset[str]
    two_place_verbs: frozenset[str]
    no_adverbs: frozenset[str]
    examples: re.Pattern[str]
    fixed_pairs: re.Pattern[str]
    features: re.Pattern[str]
    feature_actions: re.Pattern[str]
    no_features: re.Pattern[str]
    company_goals: re.Pattern[str]
    vague: re.Pattern[str]
    not_vague: re.Pattern[str]


def tokens(text: str) -> list[Token]:
    """The words of a text; hyphens, apostrophes and inner full stops do not part one."""
    return [Token(m[0].lower().replace("’", "'"), m.start(), m.end()) for m in TOKEN.finditer(text)]


def phrase_pattern(phrases: Iterable[str], plurals: bool = False) -> re.Pattern[str]:
    """A pattern that finds any of the phrases as whole words, the longest first, whatever the case."""
    listed = sorted({phrase for phrase in phrases if phrase.strip()}, key=lambda phrase: (-len(phrase), phrase))
    if not listed:
        return UNLIKE_ANY
    options = "|".join(BETWEEN_WORDS.join(map(re.escape, phrase.split())) for phrase in listed)
    return re.compile(rf"(?<!\w)(?:{options}){'(?:e?s)?' if plurals else ''}(?!\w)", re.IGNORECASE)


def spans(pattern: re.Pattern[str], text: str, apart_from: re.Pattern[str] = UNLIKE_ANY) -> Iterator[tuple[int, int]]:
    """Where the pattern is found, but for what lies within something that `apart_from` finds."""
    excused = [match.span() for match in apart_from.finditer(text)]
    for match in pattern.finditer(text):
        start, end = match.span()
        if not any(start >= first and end <= last for first, last in excused):
            yield start, end


@cache
def statement_words() -> StatementWords:
    """The lists, read once."""
    text = files("insightrepo.taxonomy").joinpath("statement_words.toml").read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    split = {name: frozenset(value.split()) for name, value in raw.items() if isinstance(value, str)}
    return StatementWords(
        verbs=split["verbs"],
        gerunds=frozenset(form for verb in split["verbs"] for form in _with_ending(verb, "ing")),
        third_persons=frozenset(_third_person(verb) for verb in split["verbs"]),
        things_in_ing=split["things_in_ing"],
        openers_of_an_object=split["openers_of_an_object"],
        directions=split["directions"].union(*map(_graded, split["graded"]), *map(_quality, split["qualities"])),
        measure_openers=split["measure_openers"],
        circumstances=split["circumstances"],
        two_place_verbs=split["two_place_verbs"],
        no_adverbs=split["no_adverbs"],
        features=phrase_pattern(raw["features"], plurals=True),
        **{name: phrase_pattern(raw[name]) for name in (
            "direction_phrases", "examples", "fixed_pairs", "feature_actions", "no_features", "company_goals", "vague",
            "not_vague",
        )},
    )  # fmt: skip


@lru_cache(maxsize=16)
def name_pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern that finds any of these names of products, whatever the case."""
    return phrase_pattern([name for name in names if len(name) > 1], plurals=False)


def _with_ending(word: str, ending: str) -> set[str]:
    """The word with -ing, -er or -est; where English may double a letter, both spellings."""
    if word.endswith("ie") and ending == "ing":
        return {word[:-2] + "ying"}
    if word.endswith("e") and not word.endswith(("ee", "oe", "ye")) and word != "be":
        return {word[:-1] + ending}
    if word.endswith("y") and word[-2:-1] not in VOWELS and ending != "ing":
        return {word[:-1] + "i" + ending}
    doubled = word[-1] not in "aeiouwxy" and word[-2:-1] in VOWELS and word[-3:-2] not in VOWELS
    return {word + ending, word + word[-1] + ending} if doubled else {word + ending}


def _third_person(verb: str) -> str:
    if verb.endswith("y") and verb[-2:-1] not in VOWELS:
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "sh", "ch", "x", "z", "o")) else "s")


def _graded(word: str) -> set[str]:
    return _with_ending(word, "er") | _with_ending(word, "est")


def _quality(word: str) -> set[str]:
    if word.endswith("le"):
        adverb = word[:-1] + "y"
    elif word.endswith("y") and word[-2:-1] not in VOWELS:
        adverb = word[:-1] + "ily"
    else:
        adverb = word.removesuffix("l") + "lly" if word.endswith("ll") else word + "ly"
    return _graded(word) | {word, adverb, word.removesuffix("e") + "ly"}
