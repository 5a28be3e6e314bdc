"""Phone numbers in a stretch of digits: in international form of any country, in national form of a few."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from phonenumbers import (
    Leniency,
    NumberParseException,
    PhoneNumberMatcher,
    PhoneNumberType,
    is_valid_number,
    number_type,
    parse,
)

Span = tuple[int, int]

# a sign, an area code in brackets or after 0, a long run of digits, or groups as long as a phone's
_LIKE_PHONE = re.compile(r"\A[+(]|\(\d|(?<![\d.])0\d|\d{7}|(?<![\d.])\d{3,4}[ .)/\u00a0–-]{1,2}\d{3}")
_NANP = re.compile(r"(?<![\d.])(?:\+?1[ .-]?)?(?:\(\d{3}\) ?\d{3}[ .-]|\d{3}[ .-]\d{3}[.-])\d{4}(?![\d-])")
# dates, ranges of years, decimals, thousands, network addresses, US postal codes
_NO_PHONE = re.compile(
    r"\d{1,4}([-./])\d{1,2}\1\d{1,4}(?:\s+\d{1,2})?|(?:19|20)\d\d\s?[-–/]\s?(?:(?:19|20)\d\d)(?:[-–/]\d\d)?|\d+\.\d+"
    r"|\d{1,3}(?:\.\d{3})+|\d{1,3}(?:[ \u00a0\u2009]\d{3})+|\d{1,3}(?:\.\d{1,3}){3}|\d{5}-\d{4}"
)
_ID_BEFORE = re.compile(
    r"(?i)(?:\b(?:ids?|ref(?:erence)?|order|ticket|case|record|invoice|session|isbn|doi|sku|respondent"
    r"|participant|response|customer)|_id)(?:[ _](?:id|key|no\.?|number|nr\.?))?[^\w\n]{0,3}\Z|[/=#&?._-]\Z"
)
_PHONE_BEFORE = re.compile(
    r"(?i)\b(?:(?:tele)?phone|tel|mobile|cell|fax|whatsapp|(?:call|ring)(?: (?:me|us))?|dial)(?: ?(?:no\.?|number))?"
    r"(?: (?:is|at|on|under))?[^\w\n]{0,3}\Z"
)


# a number that begins with 0 beside one of these is a phone's
_RINGING = re.compile(
    r"(?i)\b(?:(?:tele|smart|cell)?phones?|tel|telefon\w*|handy\w*|mobile?|mobil\w*|cell|fax|whatsapp|signal|sms|call|ring|dial"
    r"|text|reach|contact|anruf\w*|ruf\w*|erreich\w*|durchwahl|téléphone|tél|portable|appel\w*|teléfono|móvil|llam\w*"
    r"|telefono|cellulare|chiam\w*|telefoon\w*|bel|mobiel)\b[^\n]{0,24}\Z"
)
_NUMBERED = re.compile(  # what else is numbered and begins with 0
    r"(?i)\b(?:(?:booking|confirmation|tracking|serial|account|member(?:ship)?|policy)(?: (?:no\.?|number|code|id))?"
    r"|(?:kunden|bestell|auftrags|rechnungs|buchungs|vorgangs|artikel|ticket|serien|konto)-?(?:nr\.?|nummer))[^\w\n]{0,3}\Z"
)
_ABROAD = re.compile(r"(?<![\d.,])00[ -]?[1-9](?:[ ()/.–-]{0,2}\d){8,13}(?!\d)")
_TRUNK = re.compile(r"(?<![\d.,/-])(?<!\d )\(?0[1-9]\d{0,4}\)?(?:[ /.–-]{0,3}\d){5,11}(?![\d%]|[.,]\d)")
_HAS_DATE = re.compile(
    r"(?<!\d)\d{1,2}([-./ ])\d{1,2}\1(?:19|20)\d\d(?!\d)|(?<!\d)(?:19|20)\d\d([-./ ])\d{1,2}\2\d{1,2}(?!\d)"
)
_PAIRS = re.compile(r"\d\d(?: \d\d)+")
_TRUNK_REGIONS = ("DE", "GB", "FR", "NL", "AT", "CH", "BE", "AU")  # where national numbers begin with 0


def phones(text: str, start: int, end: int, region: str) -> Iterator[Span]:
    """Where phone numbers stand in ``text[start:end]``, a stretch of digits; `region` is that of national ones.

    The same number may be found twice, and overlapping: the first of them counts.
    """
    if len(re.sub(r"\D", "", text[start:end])) < 7:
        return
    signed = text[start - 1 : start] == "+"
    if _NO_PHONE.fullmatch(text, start, end) and not (signed and _is_number(text[start - 1 : end], None)):
        return
    start -= text[start - 1 : start] == "(" and ")" in text[start:end]
    start -= text[start - 1 : start] == "+"
    before, number = text[max(0, start - 40) : start], text[start:end]
    if _PHONE_BEFORE.search(before[-32:]) and len(number) <= 20:
        yield start, end
    yield from ((start + first, start + last) for first, last in _with_trunk(number, before))
    # the matcher is slow, so what cannot be a phone's is sorted out before
    if not _LIKE_PHONE.search(number) or (len(number.split()) > 8 and "(" not in number):
        return
    yield from ((start + match.start(), start + match.end()) for match in _NANP.finditer(number))
    for match in PhoneNumberMatcher(number, region, Leniency.POSSIBLE if number[0] == "+" else Leniency.VALID):
        if _is_phone(match.raw_string, before[-32:] + number[: match.start], region):
            yield start + match.start, start + match.end


def _with_trunk(number: str, before: str) -> Iterator[Span]:
    """Numbers that begin with 0 or 00, of whatever region."""
    for match in _ABROAD.finditer(number):
        if _is_number(f"+{match.group()[2:]}", None) and not _ID_BEFORE.search(before + number[: match.start()]):
            yield match.span()
    for match in _TRUNK.finditer(number):
        raw, context = match.group(), before + number[: match.start()]
        if len(re.sub(r"\D", "", raw)) < 9 or _NO_PHONE.fullmatch(raw) or _HAS_DATE.search(raw):
            continue
        if _ID_BEFORE.search(context) or _NUMBERED.search(context):
            continue
        if _RINGING.search(context) or _looks_national(raw):
            yield match.span()


def _looks_national(raw: str) -> bool:
    """Whether a number is a valid one of some region: undivided only a mobile's, as ids are long runs of digits too."""
    if _PAIRS.fullmatch(raw) and _rises([int(pair) for pair in raw.split()]):
        return False
    kinds = (PhoneNumberType.MOBILE,) if raw.isdigit() else None
    return any(_is_number(raw, region, kinds) for region in _TRUNK_REGIONS)


def _rises(figures: list[int]) -> bool:
    return all(first < second for first, second in pairwise(figures))


def _is_number(raw: str, region: str | None, kinds: tuple[int, ...] | None = None) -> bool:
    try:
        number = parse(raw, region)
    except NumberParseException:
        return False
    return is_valid_number(number) and (kinds is None or number_type(number) in kinds)


def _is_phone(raw: str, before: str, region: str) -> bool:
    """Whether a number that could be a phone's is meant as one: ids, dates and rows of figures are not."""
    if _NO_PHONE.fullmatch(raw):
        return False
    if raw.startswith("+"):
        return len(re.sub(r"\D", "", raw)) >= 9
    if raw.isdigit():
        return len(raw) >= 10 and not _ID_BEFORE.search(before)
    return raw[0] in "(0" or PhoneNumberMatcher(raw, region, leniency=Leniency.STRICT_GROUPING).has_next()
