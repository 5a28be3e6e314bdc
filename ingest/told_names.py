"""Names of people that the words before them give away: "Researcher: Ana Ribeiro", "Frau Schmidt", "prepared by …"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.names import COMMON_WORDS, OFFICE, PARTICLES, ROLE
from ingest.ordinary import ordinary_words

Span = tuple[int, int]

_INTO = "van|von|de|del|della|di|da|dos|du|la|le|ter|ten|zu|zur|al|el|bin|ibn"  # what a surname may begin with
_WORD = r"(?:[^\W\d_a-zß-öø-ÿ]\.(?=[^\S\n]*[^\W\d_])|[^\W\d_a-zß-öø-ÿ][^\W\d_]*(?:['’-][^\W\d_]+)*)"
_PARTICLES = "|".join(sorted(PARTICLES))
_MORE = rf"(?:[^\S\n]+(?:(?:{_PARTICLES})[^\S\n]+)*{_WORD}){{0,3}}"
_NAME = rf"(?:(?:{_INTO})[^\S\n]+(?:(?:{_PARTICLES})[^\S\n]+)*)?{_WORD}{_MORE}"
_FULL = re.compile(_NAME)

_DONE = "prepared|written|conducted|researched|moderated|facilitated|interviewed|presented|compiled"
# whoever answers for a text or led a talk; a colon follows, or else only what "… by" says
_LABELS = (
    r"(?:researcher|author|moderator|interviewer|facilitator|observer|note[ -]?taker)s?"
    rf"|(?:{_DONE}) by|by|contact(?: person)?|ansprechpartner(?:in)?"
    r"|(?:autor|verfasser|forscher|moderator|beobachter|protokollant|interviewer)(?:in|innen|en)?|erstellt von"
    r"|auteure?s?|chercheu(?:r|se)s?|animat(?:eur|rice)|rédigé par|autora?(?:es)?|investigadora?(?:es)?|moderadora?"
    r"|autrice|ricercat(?:ore|rice)|moderatore|onderzoekers?|gespreksleider"
)
_LABEL = re.compile(rf"(?i)(?<![\w'’-])(?:{_LABELS})(?:\(s\)|[*/:]in(?:nen)?)?(?:[^\S\n]|[*_\"])*\Z")
_AFTER_LABEL = re.compile(r"(?:[^\S\n]|[*_\"])*")
_WRITTEN = re.compile(rf"(?i)(?<![\w'’-])(?:{_DONE}) \Z")
_BY = re.compile(r"[Bb]y[^\S\n]+")
_AND = re.compile(r"[^\S\n]*(?:[,;/&+]|and\b|und\b|et\b|y\b|e\b|en\b)[^\S\n]*(?:and[^\S\n]+)?")
_KNOWN = re.compile(r"\[name\]")
_END = re.compile(r"[^\S\n]*(?:[,;|(\[<*_\"·•–—/&\n-]|\.?[^\S\n]*(?:\n|\Z))")

_HONORIFIC = re.compile(  # it begins with a letter of few: only then does the engine skip quickly over all other text
    r"[DFHMPSdfhms](?<![\w'’-].)(?:(?<=[Mm])rs?\b\.?|(?<=M)(?:s|x|me|lle|evr|w)\b\.?|(?<=M)(?:\.|iss\b)"
    r"|(?<=D)(?:r|hr|ott)\b\.?|(?<=P)rof\b\.?|(?<=S)(?:ra?|rta|ig)\b\.?(?:ra\b\.?)?"
    r"|(?<=[Ff])(?:rau|räulein)\b|(?<=[Hh])errn?\b|(?<=[Mm])(?:adame|onsieur|ademoiselle|evrouw|eneer)\b"
    r"|(?<=[Ss])(?:eñor(?:a|ita)?|enhora?|ignor[ae]?|ignorina)\b|(?<=[Dd])oña\b"
    r")(?:[^\S\n]+|[^\S\n]*\n[^\S\n]*)(?:(?:Dr|Prof|Dott|Ing|Mag)\b\.?[^\S\n]+)*"
)
# what begins a turn or an entry and is nobody's name, in the languages of the honorifics
_SAID = frozenset(
    """hello hi hey thanks thank okay ok yes yeah no sure welcome please sorry great good right alright hmm mhm well so
    what why how who when where tba tbd none unknown anonymous various confidential ja nein danke hallo gut genau
    also bitte gerne wie was warum wer wo und keine unbekannt oui non merci bonjour bien pourquoi comment sí si
    gracias hola bueno bien qué cómo grazie ciao sì bene dank goed hoe wat excel word doktor professor docteur of
    the in on at and or is are was were it we they you he she this that these those then there if but for to by an
    all any both each as with from""".split()  # noqa: SIM905
)
_OF_THEM = re.compile(r"['’]s?\Z")
_COMPANY = re.compile(
    r"\b(?:inc|ltd|llc|gmbh|ag|corp|agency|agentur|institute?|university|universität|research|studio|labs?|consulting"
    r"|partners|solutions|group|teams?|abteilung)\b",
    re.I,
)


def told_names(text: str) -> Iterator[Span]:
    """Where names stand after a label of who wrote or led something, and after an honorific."""
    for colon in re.finditer(":", text):
        if _LABEL.search(text[max(0, colon.start() - 48) : colon.start()]):
            yield from _listed(text, _past_signs(text, colon.end()), alone=True)
    for words in _BY.finditer(text):
        if _WRITTEN.search(text[max(0, words.start() - 16) : words.start()]):
            yield from _listed(text, words.end(), alone=False)
    for honorific in _HONORIFIC.finditer(text):
        if name := _FULL.match(text, honorific.end()):
            yield from _after_honorific(text, name)


def _past_signs(text: str, place: int) -> int:
    signs = _AFTER_LABEL.match(text, place)
    return signs.end() if signs else place


def full_names_told(text: str) -> frozenset[str]:
    """Those of `told_names` that have several words, none of them an ordinary one: they may go wherever they stand."""
    names = (" ".join(text[start:end].split()) for start, end in told_names(text))
    return frozenset(name for name in names if " " in name and not any(map(_is_ordinary, name.split())))


def _listed(text: str, place: int, alone: bool) -> Iterator[Span]:
    """The names that stand at a place, parted by commas and the like; a single word is one only where it is `alone`."""
    while True:
        if known := _KNOWN.match(text, place):
            end = known.end()
        elif (name := _FULL.match(text, place)) and _is_person(name.group(), alone) and _ends(text, name.end(), alone):
            end = name.end()
            yield name.start(), end
        else:
            return
        more = _AND.match(text, end)
        if not more:
            return
        place = more.end()


def _ends(text: str, end: int, alone: bool) -> bool:
    """Whether what follows cannot belong to a sentence that somebody says."""
    return not alone or bool(_END.match(text, end)) or bool(_AND.match(text, end))


def _is_person(name: str, alone: bool) -> bool:
    words = [word.strip(".") for word in name.split()]
    if OFFICE.search(name) or ROLE.search(name) or _COMPANY.search(name) or words[0].casefold() in _SAID:
        return False
    if len(words) == 1 and (not alone or len(name) < 2):
        return False
    return not all(_is_ordinary(word) for word in words)


def _after_honorific(text: str, name: re.Match[str]) -> Iterator[Span]:
    """The words up to the first ordinary one; a job, as in "Sr. Backend Developer", is nobody."""
    end = name.start()
    for word in re.finditer(r"[^\W\d_][\w.'’-]*", name.group()):
        if word.group() in PARTICLES:
            continue
        if _is_ordinary(word.group()) or word.group().casefold() in _SAID:
            break
        end = name.start() + word.start() + len(_OF_THEM.sub("", word.group()))
    following = text[name.start() : name.end() + 24].partition("\n")[0]
    if end > name.start() and not re.match(rf"(?:\S+ ){{0,2}}{OFFICE.pattern}", following, re.I):
        yield name.start(), end


def _is_ordinary(word: str) -> bool:
    plain = _OF_THEM.sub("", word).casefold()
    return plain in ordinary_words() and plain not in COMMON_WORDS
