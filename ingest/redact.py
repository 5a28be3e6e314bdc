"""Personal data out of a whole text, before anything is cut, stored in clear or indexed.

Found are mail addresses, phone numbers, card numbers (Luhn-checked), IBANs (length of the country and mod 97),
secrets (credentials in URLs, keyed tokens, JWTs), street addresses, names that a label or an honorific gives away, and
listed names. Each is replaced by its kind in brackets.
A finding never crosses a blank line, so the blocks of a document keep their borders.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from itertools import zip_longest
from typing import Any, Literal, NamedTuple

from ingest.addresses import addresses
from ingest.names import COMMON_WORDS, names_of_speakers, speaker_labels
from ingest.phones import phones
from ingest.readers.base import Block, Document, Row, Table
from ingest.told_names import full_names_told, told_names

Kind = Literal["token", "mail", "iban", "card", "phone", "address", "name"]
RULES = 3  # a change of what is found as personal data adds one
PLACEHOLDER = re.compile(r"\[(?:token|mail|iban|card|phone|address|name)\]")


@dataclass(frozen=True)
class Finding:
    """Personal data at ``text[start:end]`` of the original text."""

    kind: Kind
    start: int
    end: int


@dataclass(frozen=True)
class Redaction:
    """The redacted text and what was taken out, in the order of the original."""

    text: str
    found: tuple[Finding, ...] = ()

    @cached_property
    def _shifts(self) -> list[int]:
        """By how much text moves once the first 0, 1, 2 … findings are replaced."""
        shifts = [0]
        for finding in self.found:
            shifts.append(shifts[-1] + len(finding.kind) + 2 - (finding.end - finding.start))
        return shifts

    def moved(self, position: int, end: bool = False) -> int:
        """Where a position of the original stands in the redacted text; the map is monotone.

        A position inside a finding moves to the start of its placeholder, with `end` to its end.
        """
        count = bisect_right(self.found, position, key=lambda finding: finding.end)
        if count == len(self.found) or position <= self.found[count].start:
            return position + self._shifts[count]
        return self.found[count].end + self._shifts[count + 1] if end else self.found[count].start + self._shifts[count]

    def original(self, position: int) -> int:
        """The inverse of `moved` for a position that is not inside a placeholder."""
        count = bisect_left(range(len(self.found)), position, key=lambda n: self.found[n].start + self._shifts[n])
        return position - self._shifts[count]


class RedactedDocument(NamedTuple):
    """A redacted document, how many of each kind were found, and the raw name behind each speaker's new name."""

    document: Document
    counts: Counter[str]
    speakers: dict[str, str]


class Redactor:
    """Redacts texts and documents with one list of names.

    `names`: a name of several words is found in any case; a single word as listed, Capitalised or ALL CAPITALS.
    A single word that is also a common word (Will, Mark, Grace) is found only as listed and only inside a sentence,
    or where it is the whole text. Parts of a listed full name are not names of their own: list them too if need be.
    `phone_region`: where a phone number without a country code is read, an ISO 3166 code.
    """

    def __init__(self, names: Iterable[str] = (), phone_region: str = "US") -> None:
        self._listed = frozenset(" ".join(name.split()) for name in names if len(name.strip()) > 1)
        self._names = _NameFinder(self._listed)
        self._region = phone_region
        self._finders = (
            _tokens,
            _mails,
            _ibans,
            partial(_numbers, region=phone_region),
            _places,
            _told,
            self._names.find,
        )

    @property
    def stamp(self) -> str:
        """What this redactor goes by, as a hash: what another stamp has redacted is to be read anew."""
        parts = (str(RULES), self._region, *sorted(self._listed))
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()

    def with_names(self, names: Iterable[str]) -> Redactor:
        """A redactor that knows these names as well."""
        more = frozenset(names) - self._listed
        return Redactor(self._listed | more, self._region) if more else self

    def redact(self, text: str, heading: str = "") -> Redaction:
        """The text without personal data. Redacting twice changes nothing.

        `heading` is read as context only, such as the name of the column in which the text stands.
        """
        before = f"{heading}: " if heading else ""
        result = Redaction(text)
        # a replacement can uncover a neighbour ("x@y.de4111…"), so it goes on until nothing is found
        while found := self._find(before, result.text):
            original = [replace(f, start=result.original(f.start), end=result.original(f.end)) for f in found]
            merged = sorted([*result.found, *original], key=lambda finding: finding.start)
            result = Redaction(_replaced(text, merged), tuple(merged))
        return result

    def redact_document(self, document: Document) -> RedactedDocument:
        """The document without personal data: its text as a whole with the offsets of its blocks moved along, heading
        paths, title, metadata, warnings and every cell of its tables. `counts` leaves repetitions in heading paths out.

        Speakers with a role (Moderator, P3, Participant 3) keep it; any other becomes "Speaker 1", "Speaker 2" … in
        order of appearance and is treated as a listed name in this document; so is a full name that a label
        gives away. `speakers` maps every speaker of the new document to the raw one, from which a caller makes a
        respondent's key. Tables come back without ids that look
        like personal data: read rows (`ingest.verbatims.rows`) from the raw table and redact what they hold.
        """
        labels = speaker_labels(block.locator.speaker for block in document.blocks if block.locator.speaker)
        names = names_of_speakers(labels) | full_names_told(document.text)
        return self.with_names(names)._document(document, labels)

    def _document(self, document: Document, labels: dict[str, str]) -> RedactedDocument:
        counts: Counter[str] = Counter()
        whole = self.redact(document.text)
        counts.update(finding.kind for finding in whole.found)
        redacted = Document(
            text=whole.text,
            blocks=tuple(self._block(block, whole, labels) for block in document.blocks),
            tables=tuple(self._table(table, counts) for table in document.tables),
            title=document.title and self.counted(document.title, counts),
            metadata={name: self._value(value, counts, name) for name, value in document.metadata.items()},
            warnings=tuple(self.counted(warning, counts) for warning in document.warnings),
        )
        return RedactedDocument(redacted, counts, {label: raw for raw, label in labels.items()})

    def _block(self, block: Block, whole: Redaction, labels: dict[str, str]) -> Block:
        place = block.locator
        path = tuple(self.redact(heading).text for heading in place.heading_path)
        sheet, speaker = place.sheet and self.redact(place.sheet).text, labels.get(place.speaker or "", place.speaker)
        locator = replace(place, heading_path=path, sheet=sheet, speaker=speaker)
        return replace(block, start=whole.moved(block.start), end=whole.moved(block.end, end=True), locator=locator)

    def _table(self, table: Table, counts: Counter[str]) -> Table:
        def cells(row: Row) -> Iterator[str]:
            for value, head in zip_longest(row.values, table.header[: len(row.values)], fillvalue=""):
                yield self.counted(value, counts, head)

        header = tuple(self.counted(name, counts) for name in table.header)
        rows = tuple(Row(row.number, tuple(cells(row))) for row in table.rows)
        return Table(header, rows, table.sheet and self.counted(table.sheet, counts))

    def _value(self, value: Any, counts: Counter[str], heading: str) -> Any:
        if isinstance(value, list | tuple):
            return [self._value(item, counts, heading) for item in value]
        return self.counted(value, counts, heading) if isinstance(value, str) else value

    def counted(self, text: str, counts: Counter[str], heading: str = "") -> str:
        """The text without personal data; what is found is added to `counts` by its kind."""
        redaction = self.redact(text, heading)
        counts.update(finding.kind for finding in redaction.found)
        return redaction.text

    def _find(self, before: str, text: str) -> list[Finding]:
        """What is found in `text`, read after `before`; of two that overlap the earlier finder's wins."""
        whole, offset = before + text, len(before)
        taken = [(0, offset)] * bool(offset) + [match.span() for match in PLACEHOLDER.finditer(whole, offset)]
        found = []
        for finder in self._finders:
            for finding in finder(whole):
                if _is_free(taken, finding.start, finding.end):
                    insort(taken, (finding.start, finding.end))
                    found.append(replace(finding, start=finding.start - offset, end=finding.end - offset))
        if " ".join(text.split()).casefold() in self._names.whole:
            return [Finding("name", 0, len(text))]
        return sorted(found, key=lambda finding: finding.start)


def _is_free(taken: list[tuple[int, int]], start: int, end: int) -> bool:
    after = bisect_left(taken, (start, start))
    return (after == len(taken) or taken[after][0] >= end) and (after == 0 or taken[after - 1][1] <= start)


def _replaced(text: str, found: Iterable[Finding]) -> str:
    parts, position = [], 0
    for finding in found:
        parts += [text[position : finding.start], f"[{finding.kind}]"]
        position = finding.end
    return "".join([*parts, text[position:]])


# Secrets: only what says so itself (a key's name, a URL's user, a known prefix), never just a long word.
# Each begins with plain letters: only then does the engine skip quickly over all other text.
_SECRETS = (
    r"://([^\s/@:\[\]]{1,100}:[^\s/@\[\]]{1,200})@",
    r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*",
    r"earer ([\w.~+/=-]{16,})",
    r"gh[pousr]_\w{20,}",
    r"xox[abprs]-[\w-]{10,}",
    r"AKIA[0-9A-Z]{16}",
)
_KEY_NAME = re.compile(r"(?:token|key|sig|signature|secret|password|pwd|auth|session|sid|jwt|credentials?)$", re.I)
_LONG_SECRET = re.compile(r"(?=.*\d)(?=.*[A-Za-z]).{16,}")
_KEY_BEFORE = re.compile(r"[\w.-]+\Z")
_KEY_VALUE = re.compile(r"[\"']?([^\s&;,#\"'<>()\[\]]+)")


def _tokens(text: str) -> Iterator[Finding]:
    for pattern in _SECRETS:
        yield from (Finding("token", *match.span(match.lastindex or 0)) for match in re.finditer(pattern, text))
    for sign in re.finditer("=", text):
        yield from _keyed(text, sign.start())


def _keyed(text: str, sign: int) -> Iterator[Finding]:
    """The value after the equals sign if the word before it names a secret."""
    before = text[max(0, sign - 48) : sign]
    name, value = _KEY_BEFORE.search(before), _KEY_VALUE.match(text, sign + 1)
    if not name or not value or not _KEY_NAME.search(name.group()):
        return
    in_url = before[: name.start()].endswith(("?", "&", ";", "#"))
    if in_url or _LONG_SECRET.fullmatch(value.group(1)):
        yield Finding("token", *value.span(1))


_MAIL_USER = re.compile(r"[\w.+%'’-]{0,127}[\w+%-]\Z")
_MAIL_HOST = re.compile(r"(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}")


def _mails(text: str) -> Iterator[Finding]:
    for at in re.finditer("@", text):
        user = _MAIL_USER.search(text[max(0, at.start() - 128) : at.start()])
        host = _MAIL_HOST.match(text, at.end())
        if user and host:
            start = at.start() - len(user.group().lstrip(".'’"))
            yield Finding("mail", start, host.end())


_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d\d(?:[ -]?[A-Za-z0-9]){11,30}(?![A-Za-z0-9])")
_GROUP_END = re.compile(r"[A-Za-z0-9](?![A-Za-z0-9])")


def _ibans(text: str) -> Iterator[Finding]:
    for match in _IBAN.finditer(text):
        # a sentence may go on behind the number, so its end is the last group at which the check digits hold
        for end in reversed([group.end() for group in _GROUP_END.finditer(text, match.start() + 14, match.end())]):
            letters = re.sub(r"[ -]", "", text[match.start() : end])
            if int("".join(str(int(letter, 36)) for letter in letters[4:] + letters[:4])) % 97 == 1:  # ISO 13616
                yield Finding("iban", match.start(), end)
                break


# A stretch of digits with what separates the groups of a phone or card number; what has fewer digits is neither.
_STRETCH = re.compile(r"(?<!\w)\d[\d ()./\u00a0\u2009\u2011–-]{5,}\d")
_CARD = re.compile(
    r"(?<!\d)(?:\d{13,19}|\d{4}([ .\u00a0-])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})??|\d{4}([ .\u00a0-])\d{6}\2\d{4,5})(?!\d)"
)
# first digits of the large issuers; "2018 2019 2020 2021" starts like none of them
_ISSUER = re.compile(r"4|5[0-9]|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)|3[0-9]|6")


def _numbers(text: str, region: str) -> Iterator[Finding]:
    for stretch in _STRETCH.finditer(text):
        for match in _CARD.finditer(text, *stretch.span()):
            digits = re.sub(r"\D", "", match.group())
            if _ISSUER.match(digits) and _luhn(digits):
                yield Finding("card", *match.span())
        yield from (Finding("phone", *span) for span in phones(text, *stretch.span(), region))


def _places(text: str) -> Iterator[Finding]:
    yield from (Finding("address", *span) for span in addresses(text))


def _told(text: str) -> Iterator[Finding]:
    yield from (Finding("name", *span) for span in told_names(text))


def _luhn(digits: str) -> bool:
    doubled = (divmod(2 * int(digit), 10) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(map(sum, doubled))) % 10 == 0


_WORD = re.compile(r"\w+")
_SPACE = r"(?:[^\S\n]+|[^\S\n]*\n[^\S\n]*)"  # may run over the end of a line, never over a blank line
_SENTENCE_START = re.compile(r"(?:\A|[\n.!?…:•*\"“])[\s\"'“‘(*-]*\Z")


class _NameFinder:
    """Finds listed names by their first word, so that a long list costs no more than a short one."""

    def __init__(self, names: Iterable[str]) -> None:
        self.whole = frozenset(name.casefold() for name in names if _WORD.search(name))
        self._common = {name for name in names if name.casefold() in COMMON_WORDS}
        self._by_first: dict[str, list[str]] = {}
        for name in sorted(set(names) - self._common, key=lambda name: (-len(name), name)):
            if first := _WORD.search(name):
                self._by_first.setdefault(first.group().casefold(), []).append(name)

    def find(self, text: str) -> Iterator[Finding]:
        """Listed names in the text, as whole words."""
        for word in _WORD.finditer(text) if self.whole else ():
            names = self._by_first.get(word.group().casefold(), ())
            if (names or word.group() in self._common) and (end := self._end(text, word, names)):
                yield Finding("name", word.start(), end)

    def _end(self, text: str, word: re.Match[str], names: Iterable[str]) -> int:
        """Where the name that starts with this word ends; 0 if none does."""
        start, end = word.span()
        for name in names:
            if match := _name_pattern(name).match(text, start):
                return match.end()
        common = word.group() in self._common
        return end if common and not _SENTENCE_START.search(text[max(0, start - 40) : start]) else 0


@lru_cache(maxsize=10_000)  # made when a text holds the first word, not for each of a long list
def _name_pattern(name: str) -> re.Pattern[str]:
    forms = {name} if " " in name else {name, name.title(), name.capitalize(), name.upper()}
    words = "|".join(re.sub("['’]", "['’]", re.escape(form)).replace(r"\ ", _SPACE) for form in sorted(forms))
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.I if " " in name else 0)
