"""The names of people that a file itself gives away: in columns of names, as respondents, as speakers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ingest.ordinary import ordinary_words
from ingest.readers.base import Document, Table

COMMON_WORDS = frozenset(
    """amber angel april art august autumn baker best bill black brook brown buck chance chase clay cliff cook daisy
    dale dawn day drew eve faith field fox frank gene ginger good grace grant green guy hall hazel hill holly hope
    hunter iris ivy jack jade jasmine joy june king lake lane law lily little long love major mark mason max may miles
    miller nick norm olive page park pat pearl penny price ray read rich rob robin rose ruby sage sandy short sky small
    stone strong sue summer van victor viola ward waters white will winter wise wood young an do he in li me my no on
    she so to us we""".split()  # noqa: SIM905
)
_ROLES = (
    "moderator|interviewer|facilitator|researcher|(?:co-?)?host|observer|note[ -]?taker|assistant|agent|participant"
    "|respondent|interviewee|customer|user|client|caller|guest|speaker|tester"
)
_NOBODY = "all|everyone|audience|group|team|unknown|anonymous|system|narrator"
_NO_PERSON = re.compile(rf"(?i)(?:{_ROLES}|{_NOBODY}|(?-i:[A-Z]{{1,2}}))(?:[\s#_-]*\d{{1,4}}|[\s#_-]+(?-i:[A-Z]))?")
ROLE = re.compile(rf"\b(?:{_ROLES})\b(?:\s*#?\d{{1,4}})?", re.I)
_BARE_ROLE = re.compile(rf"(?i)(?:{_ROLES}|{_NOBODY}|(?-i:[A-Z])|speaker[\s#_-]*(?:\d{{1,4}}|[A-Z]))")
_OFFICES = (
    "support|service|sales|products?|owner|lead|leader|manager|management|director|office|desk|help ?desk|room|meeting"
    "|conference|recording|recorder|call|line|phone|zoom|webex|admin|marketing|engineer(?:ing)?|design(?:er)?"
    "|develop(?:er|ment)|analyst|scientist|operations|bot|bank|company|department|search|team|group|ux|ui|it|hr|qa|pm|po"
)
OFFICE = re.compile(rf"\b(?:{_OFFICES})\b", re.I)  # what a label says of what somebody does or where they sit
ROLE_WORD = re.compile(rf"\b(?i:{_ROLES}|{_OFFICES})\b|\b[A-Z]{{1,2}}\d{{1,4}}\b")
_WHOSE = rf"(?:(?:{_ROLES}|member|person|people|contact|staff|employee|author|owner|reviewer|account holder)(?: s)? )?"
_NAMES_HEADER = re.compile(
    rf"{_WHOSE}(?:(?:full|first|last|given|middle|family|display) ?)?names?|surnames?|forenames?|contact(?: person)?"
    r"|(?:interviewee|interviewer|moderator|facilitator|note ?taker|speaker)s?"
)
RESPONDENT_HEADERS = (
    "respondent|respondent id|respondent key|participant|participant id|user id|customer id|account id"
    "|member id|user|customer|person|email"
)
JUST_NAME = ("name", "names")  # headers under which the names of things may stand
PARTICLES = frozenset("van von de del della der den da das di dos du la le ter ten zu zur bin ibn al el".split())  # noqa: SIM905
_CAPITALISED = r"[^\W\d_a-z][\w'’.-]*"
_LIKE_A_NAME = re.compile(rf"{_CAPITALISED}(?: (?:(?:{'|'.join(sorted(PARTICLES))}) )*{_CAPITALISED}){{1,3}}")
_NO_NAME = frozenset({"", "-", ".", "n/a", "na", "none", "anonymous", "anon", "unknown", "did not answer", "no answer"})


def plain_header(name: str) -> str:
    """A column's header in lower case, its words separated by one blank, without signs ("firstName": "first name")."""
    return " ".join(re.sub(r"[\W_]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)).casefold().split())


def is_names_header(name: str) -> bool:
    """Whether a column of this header holds names of people."""
    return bool(_NAMES_HEADER.fullmatch(plain_header(name)))


def speaker_labels(speakers: Iterable[str]) -> dict[str, str]:
    """A label for each raw speaker in order of appearance: its role where it has one, else "Speaker 1", "Speaker 2" …

    "Moderator", "P3" and "Participant 3" stay; "Moderator (Anna)" becomes "Moderator". Labels are distinct.
    """
    raw = tuple(dict.fromkeys(speakers))
    labels = {speaker: speaker for speaker in raw if _NO_PERSON.fullmatch(speaker.strip())}
    for speaker in raw:
        role = ROLE.search(speaker)
        free = [f"{role.group() if role else 'Speaker'} {number}" for number in range(1, len(raw) + 2)]
        candidates = [role.group(), *free] if role else free
        labels.setdefault(speaker, next(label for label in candidates if label not in labels.values()))
    return {speaker: labels[speaker] for speaker in raw}


def is_bare_role(speaker: str) -> bool:
    """Whether a raw speaker's label tells people apart in its own document only: "Participant", "P", "Speaker 2"."""
    return bool(_BARE_ROLE.fullmatch(speaker.strip()))


def names_of_speakers(speakers: Iterable[str]) -> frozenset[str]:
    """The full names, and their words, of those speakers who have more than a role."""
    return frozenset(part for speaker in people_among(speakers) for part in _speaker_parts(speaker))


def people_among(speakers: Iterable[str]) -> Iterator[str]:
    """The speakers' labels that say more than a role."""
    return (speaker for speaker in speakers if not _NO_PERSON.fullmatch(speaker.strip()))


def names_in_table(table: Table, names: Iterable[str] = (), respondents: Iterable[str] = ()) -> frozenset[str]:
    """The names in a table: every cell of the columns that are called so or listed in `names` (headers), and of
    respondents, called so or listed, the cells that look like a person's name.

    The words of a full name are names as well, but for common words, and of a respondent's, who may be a company, for
    ordinary ones; not in a column that is just called "name", which may hold the names of things, unless it is listed.
    """
    found: set[str] = set()
    for column in name_columns(table, names, respondents):
        found |= column.cells if column.is_names else column.full
        if column.gives_parts:
            no_names = COMMON_WORDS if column.is_names else COMMON_WORDS | ordinary_words()
            found |= {part for part in column.parts if part.casefold() not in no_names}
    return frozenset(found)


@dataclass(frozen=True)
class NameColumn:
    """A column that may hold names: its plain header, the cells that could be names, whether its header says that they
    are, and whether it was listed as such."""

    header: str
    cells: frozenset[str]
    is_names: bool
    listed: bool

    @property
    def full(self) -> frozenset[str]:
        """The cells that look like a person's full name."""
        return frozenset(cell for cell in self.cells if _LIKE_A_NAME.fullmatch(cell))

    @property
    def gives_parts(self) -> bool:
        """Whether the words of its full names are names as well; things may stand in one just called "name"."""
        return self.listed or self.header not in JUST_NAME

    @property
    def parts(self) -> frozenset[str]:
        """The full names and their words."""
        return frozenset(part for cell in self.full for part in _name_parts(cell))


def name_columns(table: Table, names: Iterable[str], respondents: Iterable[str]) -> Iterator[NameColumn]:
    """The columns of names and of respondents, called so or listed by their headers."""
    listed, responding = ({plain_header(header) for header in given} for given in (names, respondents))
    responding |= set(RESPONDENT_HEADERS.split("|"))
    for place, header in enumerate(table.header):
        plain = plain_header(header)
        is_names = plain in listed or bool(_NAMES_HEADER.fullmatch(plain))
        if is_names or plain in responding:
            cells = {" ".join(row.values[place].split()) for row in table.rows if place < len(row.values)}
            people = frozenset(cell for cell in cells if _could_be_a_name(cell))
            yield NameColumn(plain, people, is_names, plain in listed)


def names_in_document(document: Document) -> frozenset[str]:
    """The names that a document gives away: of its speakers and in its tables."""
    speakers = {block.locator.speaker for block in document.blocks if block.locator.speaker}
    return names_of_speakers(speakers).union(*(names_in_table(table) for table in document.tables))


def _could_be_a_name(cell: str) -> bool:
    return cell.casefold() not in _NO_NAME and any(map(str.isalpha, cell)) and not _NO_PERSON.fullmatch(cell)


def _speaker_parts(speaker: str) -> set[str]:
    """The names in a speaker's label; beside a role an ordinary word says what it is the role of: "P3 (Search)"."""
    parts = _name_parts(speaker)
    return (
        parts
        if not ROLE_WORD.search(speaker)
        else {p for p in parts if not set(p.casefold().split()) <= ordinary_words()}
    )


def _name_parts(speaker: str) -> set[str]:
    """The full name and its words of a speaker's label, without a role in it."""
    name = " ".join(re.sub(r"[^\w\s'’.-]", " ", ROLE.sub(" ", speaker)).split()).strip(" -.")
    parts = {part.strip(".,-") for part in name.split()}
    found = {part for part in parts - PARTICLES | {name} if len(part) > 2}
    return {part for part in found if not any(letter.isdigit() for letter in part)}
