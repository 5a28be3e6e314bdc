"""What could be better at an outcome's statement: warnings with reasons, never refusals. English only, but for
`success`, `length` and the names of products.

A statement is judged as an item of a survey and a label of evidence: one act of a customer (the job), one measure of
success, no solution. Lengths: a job of fewer than 3 words ("Get help") is pictured by each reader in another way, and
30 words (14 of the job, 16 of the success measure) are about what can be asked in one breath. "Faster" alone is a
whole success measure, so one word is enough there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from insightrepo.taxonomy.statement_words import Token, name_pattern, spans, statement_words, tokens

Field = Literal["job", "success", "aliases"]
CODES = ("opening", "verb", "aspect", "solution", "company", "vague", "length", "success", "direction", "alias")
JOB_WORDS = (3, 14)
SUCCESS_WORDS = (1, 16)

OPENING = re.compile(
    r"""(?xi)^\s*(?:
      as\s+(?:an?|the)\s[^,]{1,60}?,?\s+(?:i|we)\s+(?:want|need|would\s+like|wish|can|must|should|have)(?:\s+to\b)?
    | (?:i|we)(?:\s+would|['’]d)?\s+(?:want|need|like|wish|expect|must|should|can|have)\b(?:\s+to\b)?
    | (?:the\s+)?(?:users?|customers?|clients?)\s+(?:wants?|needs?|can|should|must|is\s+able|are\s+able)(?:\s+to\b)?
    | (?:help|allow|enable)s?\s+(?:me|us|users?|customers?|people)\b(?:\s+to\b)?
    | (?:in\s+order\s+)?to\b(?!\s*-)
    )\s*"""
)
JOINER = re.compile(
    r"(?i)\b(?:as\s+well\s+as(?!\s+(?:possible|ever|before|i|they|we|you)\b)|in\s+addition\s+to|but\s+also|and/or)\b"
    r"|\b(?:and|or|plus)\b|&|;|(?<=[^\W\d_]{3})/(?=[^\W\d_]{3})"
)
MEASURE_JOINER = re.compile(r"(?i)\b(?:as\s+well\s+as|and|or|but|yet|plus)\b|[&;,/]")
BETWEEN = re.compile(r"(?i)\b(?:between|among)\b[^,;]{1,60}?\band\b")
ASIDE = re.compile(r"\([^()]*\)")
BOUND = re.compile(
    r"(?i)\bas\s+\w+(?:\s+\w+){0,2}\s+as\b|\b[\w-]+\s+enough\b|\bnot\s+too\b|\w-free\b"
    r"|\b(?:in|within|under)\s+(?:\d|one\b|two\b|three\b|four\b|five\b|six\b|seven\b|eight\b|nine\b|ten\b)"
)
NUMBERS = frozenset(
    [
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "twenty",
        "thirty",
        "first",
        "second",
    ]
)
ARTICLES = frozenset(["a", "an", "the", "my", "your", "their", "his", "her", "its", "to", "then", "also", "even"])


@dataclass(frozen=True)
class Statement:
    """An outcome's statement as the linter sees it."""

    job: str
    success: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class LintWarning:
    """One thing to better. `code` is one of `CODES`; ``text[start:end]`` are the words it speaks of, where `text` is
    the whole of the `field` (of one alias where the field is aliases); nothing where something is missing.
    """

    code: str
    field: Field
    text: str
    start: int
    end: int
    why: str
    advice: str

    @property
    def words(self) -> str:
        """The words it speaks of."""
        return self.text[self.start : self.end]


def lint(statement: Statement, products: tuple[str, ...] = (), english: bool = True) -> tuple[LintWarning, ...]:
    """All warnings on a statement, in the order in which one reads it.

    `products` are names and aliases of products, which a statement should not name. With `english` False only the
    checks that need no dictionary are made.
    """
    checks: tuple[Callable[[Statement], Iterator[LintWarning]], ...] = (_length, _success, _alias)
    if english:
        checks += (_opening_and_verb, _aspect_of_job, _aspect_of_success, _company, _vague, _direction)
    found = [warning for check in checks for warning in check(statement)]
    found += _solution(statement, products, english)
    fields = ("job", "success", "aliases")
    return tuple(sorted(found, key=lambda w: (fields.index(w.field), w.start, CODES.index(w.code))))


def _fields(statement: Statement) -> tuple[tuple[Field, str], ...]:
    return ("job", statement.job), ("success", statement.success)


def _length(statement: Statement) -> Iterator[LintWarning]:
    limits = {"job": JOB_WORDS, "success": SUCCESS_WORDS}
    for field, text in _fields(statement):
        least, most = limits[field]
        count = len(tokens(text))
        if field == "success" and not count:
            continue
        if count < least:
            why = f"{_counted(count)} leave open what is meant: each reader pictures something else"
            yield LintWarning("length", field, text, 0, len(text), why, f"say of what: {least} words or more")
        elif count > most:
            start = tokens(text)[most].start
            why = f"{_counted(count)} are more than a person takes in when asked"
            yield LintWarning("length", field, text, start, len(text), why, f"keep to {most} words or fewer")


def _counted(count: int) -> str:
    return "1 word" if count == 1 else f"{count} words"


def _success(statement: Statement) -> Iterator[LintWarning]:
    if statement.success.strip():
        return
    why = "nothing says how the customer judges success"
    yield LintWarning(
        "success", "success", statement.success, 0, 0, why, "add a success measure, such as “in less time”"
    )


def _alias(statement: Statement) -> Iterator[LintWarning]:
    seen = {_folded(text) for text in (statement.job, f"{statement.job} {statement.success}")}
    for alias in statement.aliases:
        if _folded(alias) in seen:
            why = "repeats the job or another alias, so it finds nothing more"
            yield LintWarning(
                "alias", "aliases", alias, 0, len(alias), why, "leave it out, or write what customers say"
            )
        seen.add(_folded(alias))


def _folded(text: str) -> str:
    return " ".join(token.key for token in tokens(text))


def _opening_and_verb(statement: Statement) -> Iterator[LintWarning]:
    text = statement.job
    opening = OPENING.match(text)
    if opening:
        end = len(opening[0].rstrip())
        why = "a statement is the job itself, not somebody's wish for it"
        yield LintWarning("opening", "job", text, 0, end, why, "leave it out and begin with the verb")
    words = tokens(text[opening.end() :] if opening else text)
    if words and not leads_with_verb(words):
        shift = opening.end() if opening else 0
        why = "a job is something that a customer does, so it begins with one verb"
        advice = "begin with what the customer does, such as “Find …”; how well belongs into the success measure"
        yield LintWarning("verb", "job", text, words[0].start + shift, words[0].end + shift, why, advice)


def leads_with_verb(words: list[Token]) -> bool:
    """Whether the first of these words is a verb; one that can be a noun as well ("plan", "book") counts as a verb."""
    lists = statement_words()
    first = words[0].key.replace("'", "")
    following = words[1].key if len(words) > 1 else ""
    if is_base_form(first):
        return True
    if first in lists.gerunds:
        return first not in lists.things_in_ing or following in lists.openers_of_an_object
    return first in lists.third_persons and following in lists.openers_of_an_object


def is_base_form(word: str) -> bool:
    """Whether the word is a verb of the list, also with a prefix ("reorder", "double-check")."""
    verbs = statement_words().verbs
    bare = word.rpartition("-")[2] if "-" in word else word
    return word in verbs or bare in verbs or (len(word) > 5 and word.startswith("re") and word[2:] in verbs)


def _aspect_of_job(statement: Statement) -> Iterator[LintWarning]:
    text = _masked(statement.job, circumstances=statement_words().circumstances)
    joints = [joint for match in JOINER.finditer(text) if (joint := _joint(text, *match.span()))]
    if text.split(" ", 1)[0].lower() in statement_words().two_place_verbs:
        joints = joints[1:]
    if not joints and text.count(",") > 1:
        comma = text.index(",")
        joints = [joint for joint in [_joint(text, comma, comma + 1)] if joint]
    if not joints:
        return
    left, right = joints[0][0], joints[-1][1]
    first = tokens(text)[0]
    both_verbs = left == first and is_base_form(right.key)
    what = "are two jobs" if both_verbs else "are several things"
    named = statement.job[left.start : right.end]
    why = f"“{named}” {what}: one may go well and the other not, and an answer cannot say which"
    yield _aspect("job", statement.job, left.start, right.end, why)


def _aspect_of_success(statement: Statement) -> Iterator[LintWarning]:
    lists = statement_words()
    text = _masked(statement.success, circumstances=lists.circumstances - {"before", "after", "until", "during"})
    for match in MEASURE_JOINER.finditer(text):
        joint = _joint(text, *match.span(), skip=frozenset(["even", "also", "then", "still"]))
        if joint and (joint[1].key in lists.measure_openers or joint[1].key in lists.directions):
            why = "two measures of success: a middling answer cannot say which of them was missed"
            yield _aspect("success", statement.success, joint[0].start, joint[1].end, why)
            return


def _aspect(field: Field, text: str, start: int, end: int, why: str) -> LintWarning:
    return LintWarning(
        "aspect", field, text, start, end, why, "keep the one that customers judge by, or make two outcomes"
    )


def _masked(text: str, circumstances: frozenset[str]) -> str:
    """The text with what may well name several things blanked out: fixed pairs, examples, asides, circumstances."""
    lists = statement_words()
    blanked = [match.span() for pattern in (lists.fixed_pairs, BETWEEN, ASIDE) for match in pattern.finditer(text)]
    blanked += [(match.start(), len(text)) for match in lists.examples.finditer(text)]
    blanked += [(token.start, len(text)) for token in tokens(text)[1:] if token.key in circumstances][:1]
    for start, end in blanked:
        text = text[:start] + re.sub(r"\W", "_", re.sub(r"\w", "_", text[start:end])) + text[end:]
    return text


def _joint(text: str, start: int, end: int, skip: frozenset[str] = ARTICLES) -> tuple[Token, Token] | None:
    """The words on both sides of a joiner; None where it joins numbers, parts of a name or the same word twice."""
    before = tokens(text[:start])
    after = [Token(t.key, t.start + end, t.end + end) for t in tokens(text[end:]) if t.key not in skip]
    if not before or not after:
        return None
    left, right = before[-1], after[0]
    if left.key == right.key or {left.key, right.key} <= NUMBERS or (left.key.isdigit() and right.key.isdigit()):
        return None
    names = text[left.start].isupper() and text[right.start].isupper() and left.start > 0
    return None if names else (left, right)


def _solution(statement: Statement, products: tuple[str, ...], english: bool) -> Iterator[LintWarning]:
    lists = statement_words()
    for field, text in _fields(statement):
        taken: list[tuple[int, int]] = []
        for start, end in spans(name_pattern(products), text):
            if not _is_ordinary_word(text, start, end, products):
                taken.append((start, end))
                why = f"names the product {text[start:end]}: an outcome outlives products, and rivals serve it too"
                yield _solved(field, text, start, end, why)
        patterns = (lists.features, lists.feature_actions) if english else ()
        for pattern in patterns:
            for start, end in spans(pattern, text, lists.no_features):
                leads = field == "job" and start == 0 and pattern is lists.features and is_base_form(text[:end].lower())
                if not leads and not any(start < last and end > first for first, last in taken):
                    taken.append((start, end))
                    why = f"“{text[start:end]}” is a way to get there: the outcome should hold whatever the solution"
                    yield _solved(field, text, start, end, why)


def _solved(field: Field, text: str, start: int, end: int, why: str) -> LintWarning:
    return LintWarning("solution", field, text, start, end, why, "say what the customer gets done with it")


def _is_ordinary_word(text: str, start: int, end: int, products: tuple[str, ...]) -> bool:
    """Whether a product's name may be just a word here: "Travel" in "travel with children", or leading the job."""
    word = text[start:end]
    named = {name for name in products if name.casefold() == word.casefold()}
    plain = all(name.istitle() and " " not in name for name in named)
    return bool(named) and plain and (start == 0 or not word.istitle())


def _company(statement: Statement) -> Iterator[LintWarning]:
    for field, text in _fields(statement):
        for start, end in spans(statement_words().company_goals, text):
            why = f"“{text[start:end]}” is what a company wants, not what a customer wants to get done"
            yield LintWarning("company", field, text, start, end, why, "write what the customer would say")


def _vague(statement: Statement) -> Iterator[LintWarning]:
    lists = statement_words()
    for field, text in _fields(statement):
        for start, end in spans(lists.vague, text, lists.not_vague):
            why = f"“{text[start:end]}” measures nothing: two people would not agree whether it is so"
            yield LintWarning(
                "vague", field, text, start, end, why, "say by what one can tell: less time, fewer errors"
            )
        if field == "job":
            yield from _leading_better(text)


def _leading_better(text: str) -> Iterator[LintWarning]:
    """ "Better parking": better in what is not said."""
    words = tokens(text)
    if words and words[0].key in ("better", "improved") and not any(statement_words().vague.match(text) for _ in (0,)):
        why = f"“{text[: words[0].end]}” does not say in what"
        yield LintWarning(
            "vague", "job", text, 0, words[0].end, why, "say by what one can tell: less time, fewer errors"
        )


def _direction(statement: Statement) -> Iterator[LintWarning]:
    text = statement.success
    if not text.strip() or says_direction(text):
        return
    why = "no word says in which direction or how well (less, faster, with ease, without …)"
    yield LintWarning(
        "direction", "success", text, 0, len(text), why, "say what is better: less time, fewer errors, ease"
    )


def says_direction(text: str) -> bool:
    """Whether the text holds a word of direction or quality, vague ones apart."""
    lists = statement_words()
    vague = list(spans(lists.vague, text, lists.not_vague))
    clear = "".join(" " if any(a <= i < b for a, b in vague) else sign for i, sign in enumerate(text))
    keys = {part for token in tokens(clear) for part in (token.key, *token.key.split("-"))}
    adverbs = {key for key in keys if len(key) > 4 and key.endswith("ly")} - lists.no_adverbs
    return bool(keys & lists.directions or adverbs or lists.direction_phrases.search(clear) or BOUND.search(clear))
