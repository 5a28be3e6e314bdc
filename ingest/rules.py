"""Keyword rules: which of a term's rules match a text, and at which characters.

What a rule of each kind asks of a text (case never matters; typographic dashes and apostrophes equal plain ones):

- ``phrase``: one of its words stands there exactly as written, several words in a row.
- ``any``: one of its words stands there, inflected or not ("price" finds "prices", by lookup lemma).
- ``all``: each of its words stands somewhere, inflected or not.
- ``near``: as ``all``, with at most `distance` other words between the first and the last of them.
- ``regex``: its one pattern matches, beginning and ending at a word boundary.
- ``not``: as ``any``, but the words speak against the term.

Boundaries hold: ``example.com`` is found in "www.example.com/faq", not in "notexample.com" or "example.community";
``app`` not in "apple", ``C`` not in "C++". The tokens are our own, because spaCy's blank English keeps
"slow;crashes" and "W-2/1099" in one piece; the matching is spaCy's PhraseMatcher.

A match of ``phrase``, ``any`` or ``near`` with a negation among the three words before it ("not expensive") is
reported as `negated`, unless the rule's own words hold a negation. The window ends at punctuation and at "but";
"not only" and "not just" negate nothing.
"""

from __future__ import annotations

import functools
import logging
import threading
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import regex

RuleKind = Literal["phrase", "all", "any", "near", "regex", "not"]
RuleEffect = Literal["force", "suggest", "veto"]
KINDS = ("phrase", "all", "any", "near", "regex", "not")
EFFECTS = ("force", "suggest", "veto")
LONGEST = 200  # characters of one word, phrase or pattern
MOST_WORDS = 200  # words or phrases of one rule
WIDEST = 50  # the largest distance
REGEX_SECONDS = 0.25  # a pattern that takes longer on one text is given up there
REGEX_PATIENCE = 3  # and after so many texts altogether

_WORD = r"[\p{L}\p{N}\p{M}\u00ad\u200d]+"
_CLITIC = r"['’](?:s|re|ve|ll|d|m)\b"
_TOKEN = regex.compile(rf"{_WORD}(?:(?!{_CLITIC})['’]{_WORD})*|{_CLITIC}|\S", regex.IGNORECASE)
_DASHES = str.maketrans({**dict.fromkeys("‐‑‒–—―−", "-"), "’": "'", "\u00ad": None, "\u200d": None})
_WINDOW = 3  # words before a match in which a negation counts
_NEGATIONS = frozenset({"no", "not", "never", "without", "cannot"})
_BARE_NEGATION = regex.compile(r"(?:do|does|did|is|was|are|were|has|have|would|could|should)n'?t|ca'?nt|wo'?nt|\w+n't")
_NOT_NEGATING = frozenset({"only", "just"})
# What the lookup table gets wrong for our purpose: comparatives would turn into their opposite ("less" is no "little").
_COMPARATIVES = {"less", "least", "more", "most", "better", "best", "worse", "worst", "well", "fewer", "fewest"}
_LEMMAS = {"does": "do", "taxes": "tax", "as": "as", "feed": "feed", "first": "first"} | {w: w for w in _COMPARATIVES}
_GLUED_BEFORE = regex.compile(
    r"""  (?<=[\w\p{M}])               # "+1" in "a+1"
        | (?<=\b\w&) | (?<=\w&)(?=\w\b)  # "D" in "R&D", "T" in "AT&T"
        | (?<=\d[.,])(?=\d)           # "5" in "3.5" """,
    regex.VERBOSE,
)
_GLUED_AFTER = regex.compile(
    r"""  [\w\p{M}]                    # "C++" in "C++x"
        | (?<=(\W))\1                # "C+" in "C++"
        | (?<=\p{L})(?:\+\+|\#(?!\w))  # "C" in "C++" and "C#"
        | &\w\b | (?<=\b\w)&\w       # "R" in "R&D"
        | (?<=\d)[.,]\d              # "3" in "3.5" """,
    regex.VERBOSE,
)
_DOMAIN = regex.compile(r"\w\.\w")
_DOMAIN_BEFORE = regex.compile(r"(?<=\w-)")  # "example.com" in "my-example.com"
_DOMAIN_AFTER = regex.compile(r"(?:-[\w-]+)?\.\w")  # and in "example.com.au"

log = logging.getLogger(__name__)


class RuleError(ValueError):
    """A rule cannot work; the message says what is wrong and what to do."""


@dataclass(frozen=True)
class RuleSpec:
    """A rule as it is stored. `words` are words or phrases, for a regex the one pattern; `distance` is near's alone."""

    id: int
    kind: RuleKind
    words: tuple[str, ...]
    distance: int | None = None
    effect: RuleEffect = "force"


@dataclass(frozen=True)
class RuleMatch:
    """A rule that matched: where (``text[start:end]``, in order), the words found there, and whether negated."""

    rule_id: int
    term_id: int
    spans: tuple[tuple[int, int], ...]
    words: str
    negated: bool = False


@dataclass(frozen=True)
class _Token:
    start: int
    end: int
    key: str  # folded: what is compared


@dataclass(frozen=True)
class _Place:
    """Where a word or phrase of a rule stands: tokens ``[first, last)``, characters ``[start, end)``."""

    first: int
    last: int
    start: int
    end: int


def check_rule(spec: RuleSpec) -> None:
    """Refuse a rule that cannot work; called when a rule is saved.

    Raises:
        RuleError: unknown kind or effect, no words, a wrong distance, or a pattern that is wrong or may run away.
    """
    if spec.kind not in KINDS:
        raise RuleError(f"a rule cannot be of kind {spec.kind!r}; choose one of {', '.join(KINDS)}")
    if spec.effect not in EFFECTS:
        raise RuleError(f"a rule cannot have the effect {spec.effect!r}; choose one of {', '.join(EFFECTS)}")
    _check_words(spec)
    _check_distance(spec)
    if spec.kind == "regex":
        _check_pattern(spec.words)


def _check_words(spec: RuleSpec) -> None:
    if not 1 <= len(spec.words) <= MOST_WORDS:
        raise RuleError(f"a rule needs from 1 to {MOST_WORDS} words, this one has {len(spec.words)}")
    for word in spec.words:
        if len(word) > LONGEST:
            raise RuleError(f"{word[:40]!r}… is {len(word)} characters long; at most {LONGEST} are allowed")
        if not word.strip():
            raise RuleError("one of the rule's words is empty; remove it")
        if spec.kind != "regex" and not any(character.isalnum() for character in word):
            raise RuleError(f"{word!r} holds no letter or digit; use a rule of kind regex for punctuation")


def _check_distance(spec: RuleSpec) -> None:
    if spec.kind != "near":
        if spec.distance is not None:
            raise RuleError(f"a distance belongs to rules of kind near, not to {spec.kind}; remove it")
        return
    if len({_keys(word) for word in spec.words}) < 2:
        raise RuleError("a rule of kind near needs at least two different words")
    if spec.distance is None or not 0 <= spec.distance <= WIDEST:
        raise RuleError(f"a rule of kind near needs a distance from 0 to {WIDEST} words, not {spec.distance}")


def _check_pattern(words: Sequence[str]) -> None:
    if len(words) != 1:
        raise RuleError(f"a rule of kind regex holds exactly one pattern, not {len(words)}; make a rule for each")
    pattern = words[0]
    try:
        bare = regex.compile(pattern)
        _compile(pattern)
    except regex.error as error:
        raise RuleError(f"the pattern {pattern!r} is wrong: {error}") from error
    if bare.fullmatch(""):
        raise RuleError(f"the pattern {pattern!r} matches the empty text, so it would match everywhere")
    if _nests_quantifiers(pattern):
        raise RuleError(
            f"the pattern {pattern!r} repeats a group that repeats something itself, which can take forever; flatten it"
        )


def _compile(pattern: str) -> regex.Pattern[str]:
    return regex.compile(rf"(?<!\w)(?:{pattern})(?!\w)", regex.IGNORECASE)


def _nests_quantifiers(pattern: str) -> bool:
    """Whether a repeated group holds a repetition, as in ``(a+)+``. An exact ``{3}`` and ``?`` are no repetition."""
    bare = regex.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "x", pattern, flags=regex.DOTALL)
    repeats = [False]
    for found in regex.finditer(r"[()]|[*+]|\{\d*,\d*\}", bare):
        mark = found.group()
        if mark == "(":
            repeats.append(False)
        elif mark == ")":
            inner = repeats.pop() if len(repeats) > 1 else False
            if inner and regex.match(r"[*+]|\{\d*,\d*\}", bare[found.end() :]):
                return True
            repeats[-1] |= inner
        else:
            repeats[-1] = True
    return False


@functools.lru_cache(maxsize=1 << 16)
def _fold(word: str) -> str:
    """The word as it is compared: NFKC, case folded, one kind of dash and apostrophe, no soft hyphens."""
    return unicodedata.normalize("NFKC", word.translate(_DASHES)).casefold().strip() or word


def _tokens(text: str) -> list[_Token]:
    return [_Token(found.start(), found.end(), _fold(found.group())) for found in _TOKEN.finditer(text)]


def _keys(text: str) -> tuple[str, ...]:
    return tuple(token.key for token in _tokens(text))


@functools.cache
def _lookup_table() -> dict[str, str]:
    from spacy.lookups import load_lookups

    return load_lookups("en", ["lemma_lookup"]).get_table("lemma_lookup")


@functools.lru_cache(maxsize=1 << 16)
def _lemma(key: str) -> str:
    """The lookup lemma, followed to its end: bookings, booking, book."""
    for _ in range(3):
        lemma = _LEMMAS.get(key) or _lookup_table().get(key, key)
        if lemma == key:
            break
        key = lemma
    return key


def _bounded(text: str, start: int, end: int) -> bool:
    """Whether ``text[start:end]`` stands alone: nothing is glued to it that makes it part of another word."""
    before = max(0, start - 4)
    window = text[before : end + 80]  # a slice: looking around in the whole text costs its length every time
    start, end = start - before, end - before
    if _GLUED_BEFORE.match(window, start) or _GLUED_AFTER.match(window, end):
        return False
    glued = _DOMAIN_BEFORE.match(window, start) or _DOMAIN_AFTER.match(window, end)
    return not (glued and _DOMAIN.search(window, start, end))


def _negates(key: str) -> bool:
    return key in _NEGATIONS or _BARE_NEGATION.fullmatch(key) is not None


def _negated(tokens: Sequence[_Token], place: _Place) -> bool:
    """Whether a negation is among the words before `place`, in the same clause."""
    seen = 0
    for index in range(place.first - 1, -1, -1):
        key = tokens[index].key
        if key == "but" or (not key[-1].isalnum() and key not in "-'\"_*/&"):
            return False
        if _negates(key):
            return tokens[index + 1].key not in _NOT_NEGATING
        seen += key[-1].isalnum()
        if seen == _WINDOW:
            return False
    return False


class RuleMatcher:
    """Many rules, compiled once, matched against many texts. spaCy is imported when the first rule needs it."""

    def __init__(self, rules: Iterable[tuple[int, RuleSpec]]) -> None:
        """`rules` are (term id, rule) pairs; each rule has passed `check_rule`."""
        self._rules = list(rules)
        self._patterns: list[list[tuple[int, int]]] = []  # of each compiled phrase the (rule, word) that ask for it
        self._exempt = [any(map(_negates, _keys(" ".join(spec.words)))) for _, spec in self._rules]
        self._regexes = {
            at: _compile(spec.words[0]) for at, (_, spec) in enumerate(self._rules) if spec.kind == "regex"
        }
        self._given_up: dict[int, int] = defaultdict(int)
        self._lock = threading.Lock()  # a spaCy vocabulary has one memory zone at a time
        self._vocab: Any = None
        self._matchers: list[Any] = []
        if len(self._regexes) < len(self._rules):
            self._compile_phrases()

    def _compile_phrases(self) -> None:
        from spacy.matcher import PhraseMatcher
        from spacy.tokens import Doc
        from spacy.vocab import Vocab

        self._vocab = Vocab()
        self._doc = functools.partial(Doc, self._vocab)
        wanted: dict[tuple[str, tuple[str, ...]], list[tuple[int, int]]] = defaultdict(list)
        for at, (_, spec) in enumerate(self._rules):
            attribute = "ORTH" if spec.kind == "phrase" else "LEMMA"
            for number, word in enumerate(spec.words if spec.kind != "regex" else ()):
                keys = _keys(word)
                wanted[attribute, keys if attribute == "ORTH" else tuple(map(_lemma, keys))].append((at, number))
        matchers = {attribute: PhraseMatcher(self._vocab, attr=attribute) for attribute, _ in wanted}
        for (attribute, keys), users in wanted.items():
            matchers[attribute].add(str(len(self._patterns)), [self._doc(words=list(keys), lemmas=list(keys))])
            self._patterns.append(users)
        self._matchers = list(matchers.values())

    def match(self, texts: Sequence[str]) -> list[list[RuleMatch]]:
        """For each text its matching rules, in the order the rules were given. Texts may be of any length.

        A regex that runs longer than 0.25 s on a text does not match there; after three such texts it is
        switched off in this matcher and the log names it.
        """
        if self._vocab is None:
            return [self._match_one(text) for text in texts]
        with self._lock, self._vocab.memory_zone():  # or the vocabulary would grow with every new word
            return [self._match_one(text) for text in texts]

    def _match_one(self, text: str) -> list[RuleMatch]:
        tokens = _tokens(text) if self._matchers else []
        matches = {at: self._match_regex(at, text) for at in self._regexes}
        for at, found in self._places(text, tokens).items():
            matches[at] = self._match_words(at, found, tokens, text)
        return [match for _, match in sorted(matches.items()) if match is not None]

    def _places(self, text: str, tokens: Sequence[_Token]) -> dict[int, dict[int, list[_Place]]]:
        """Rule -> word -> where that word stands, for the rules of which any word stands in the text."""
        found: dict[int, dict[int, list[_Place]]] = defaultdict(lambda: defaultdict(list))
        if not tokens:
            return found
        keys = [token.key for token in tokens]
        doc = self._doc(words=keys, lemmas=[_lemma(key) for key in keys])
        for matcher in self._matchers:
            for name, first, last in matcher(doc):
                place = _Place(first, last, tokens[first].start, tokens[last - 1].end)
                if _bounded(text, place.start, place.end):
                    for at, number in self._patterns[int(self._vocab.strings[name])]:
                        found[at][number].append(place)
        return found

    def _match_words(
        self, at: int, found: dict[int, list[_Place]], tokens: Sequence[_Token], text: str
    ) -> RuleMatch | None:
        term_id, spec = self._rules[at]
        if spec.kind in ("all", "near") and len(found) < len(spec.words):
            return None
        groups = _near(found, tokens, spec.distance or 0) if spec.kind == "near" else _each(found, spec.kind)
        negatable = spec.kind in ("phrase", "any", "near") and not self._exempt[at]
        plain = [group for group in groups if not (negatable and any(_negated(tokens, place) for place in group))]
        spans = _outermost({(place.start, place.end) for group in plain or groups for place in group})
        if not spans:
            return None
        words = " … ".join(text[start:end] for start, end in spans)
        return RuleMatch(spec.id, term_id, spans, words, negated=not plain)

    def _match_regex(self, at: int, text: str) -> RuleMatch | None:
        term_id, spec = self._rules[at]
        if self._given_up[at] >= REGEX_PATIENCE:
            return None
        try:
            found = [match.span() for match in self._regexes[at].finditer(text, timeout=REGEX_SECONDS)]
        except TimeoutError:
            self._given_up[at] += 1
            off = "; it is switched off here" if self._given_up[at] >= REGEX_PATIENCE else ""
            log.warning("rule %s: its pattern took too long on a text of %s characters%s", spec.id, len(text), off)
            return None
        spans = tuple((start, end) for start, end in found if end > start)
        words = " … ".join(text[start:end] for start, end in spans)
        return RuleMatch(spec.id, term_id, spans, words) if spans else None


def _each(found: dict[int, list[_Place]], kind: str) -> list[list[_Place]]:
    """What counts as one match: every place alone, for ``all`` every place together."""
    places = [place for word in found.values() for place in word]
    return [places] if kind == "all" else [[place] for place in places]


def _near(found: dict[int, list[_Place]], tokens: Sequence[_Token], distance: int) -> list[list[_Place]]:
    """The smallest groups that hold every word with at most `distance` other words between first and last."""
    events = sorted((place.first, place.last, word) for word, places in found.items() for place in places)
    by_position = {(place.first, place.last): place for places in found.values() for place in places}
    groups = []
    for position, (first, _, _) in enumerate(events):
        latest: dict[int, _Place] = {}
        for start, end, word in events[position:]:
            latest.setdefault(word, by_position[start, end])
            if _gap(latest.values(), first, start, tokens) > distance:
                break
            if len(latest) == len(found):
                groups.append(list(latest.values()))
                break
    return groups


def _gap(places: Iterable[_Place], first: int, last: int, tokens: Sequence[_Token]) -> int:
    """Words from token `first` up to token `last` that belong to none of `places`."""
    taken = {index for place in places for index in range(place.first, place.last)}
    return sum(index not in taken and tokens[index].key[-1].isalnum() for index in range(first, last))


def _outermost(spans: set[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The spans in order, without those that lie within another."""
    kept: list[tuple[int, int]] = []
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or end > kept[-1][1]:
            kept.append((start, end))
    return tuple(kept)
