"""Street addresses as they are written in German and in English; what could as well be something else is left."""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]

_CAPITALISED = r"[A-ZÄÖÜÀ-Þ][\w.'’-]*"
_TOWN = rf"(?:D-|A-|CH-)?\d{{4,5}}[^\S\n]+{_CAPITALISED}(?:[^\S\n]+(?:am|an der|im|bei|ob der)?[^\S\n]*{_CAPITALISED})?"
_NO_STREET = (  # words that end like a street's name and are numbered as well
    r"(?:Arbeits|Sitz|Park|Steh|Stell|Zelt|Camping|Spiel|Liege|Schlaf|Rast|Lade|Fahrrad|Tisch|Heim|Rück|Hin|Um|Aus|Ab"
    r"|Lösungs|Kauf|Bestell|Klick|Vertriebs|Lehr|Rechts|Mittel|Fuß|Rad|Wander|Schul|Lern|Vor|Ersatz|Studien|Start)"
    r"(?:weg|platz)"
)
_GERMAN_END = re.compile(  # quick: most texts hold none
    r"[sSwWpPaAgGdDuUcCrR](?:tra(?:ß|ss)e|tr\.|eg|latz|llee|asse|amm|fer|haussee|ing)[^\S\n]*\d"
)
_GERMAN = re.compile(
    rf"(?<!\w)(?!{_NO_STREET}\b)(?!(?:Die|Der|Das|Den|Dem|In|An|Auf|Eine|Einer|Diese|Dieser)[ ])"
    r"(?:[A-ZÄÖÜ][\wäöüß-]{2,}?(?:straße|strasse|str\.|weg|platz|allee|gasse|damm|ufer|chaussee)"
    r"|(?:[A-ZÄÖÜ][\wäöüß]*(?:[ -][A-ZÄÖÜ][\wäöüß]*)?[ -])(?:Straße|Strasse|Str\.|Allee|Chaussee)"
    r"|(?:[A-ZÄÖÜ][\wäöüß]*-){1,3}(?:Weg|Platz|Gasse|Ring|Damm|Ufer))"
    r"[^\S\n]*\d{1,3}(?:[^\S\n]?[a-hA-H])?(?:[-/]\d{1,3})?(?![\w%]|[.,:]\d|[^\S\n]*(?:Uhr|km|Euro|€|%|Prozent))"
    rf"(?:[^\S\n]*,?[^\S\n]*{_TOWN})?"
)
_STREETS = r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Terrace|Crescent|Parkway|Square)"
_NO_PLACE = r"(?:Google|Hard|Flash|Test|Cloud|Disk|Tape|USB|One|Fast|Slow|Food|Bus|Time|Top|New|Next|First|Second|High)"
_ENGLISH = re.compile(
    r"\d(?<![\w.,#$€£/:-]\d)(?<!\d \d)\d{0,4}[A-Za-z]?[^\S\n]+"
    rf"(?!{_NO_PLACE}\b)(?:{_CAPITALISED}[^\S\n]+){{1,3}}?{_STREETS}\b\.?"
    r"(?:,?[^\S\n]+(?:Apt|Apartment|Suite|Unit|Flat)\.?[^\S\n]+#?\w{1,5}\b)?"
    r"(?:,[^\S\n]+[A-Z][\w'’-]+(?:[^\S\n]+[A-Z][\w'’-]+)?,?[^\S\n]+"
    r"(?:[A-Z]{2}[^\S\n]+\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]?[^\S\n]*\d[A-Z]{2})\b)?"
)
_COUNTED = re.compile(
    r"(?i)\b(?:step|task|page|figure|version|question|day|week|month|wave|round|phase|top|table|chapter|level|no|number)"
    r"[^\w\n]{1,2}\Z"
)
_YEAR = re.compile(r"(?:19|20)\d\d\b")
_IN_YEAR = re.compile(
    r"(?i)\b(?:in|since|until|by|of|for|from|to|early|late|mid|the|and|\w+ber|\w+ary|may|june|july)[^\S\n]\Z"
)


def addresses(text: str) -> Iterator[Span]:
    """Where street addresses stand, with their postal code and town where these follow."""
    for match in _GERMAN.finditer(text) if _GERMAN_END.search(text) else ():
        yield match.span()
    for match in _ENGLISH.finditer(text):
        before = text[max(0, match.start() - 16) : match.start()]
        is_year = _YEAR.match(match.group()) and _IN_YEAR.search(before)
        if not _COUNTED.search(before) and not is_year:
            yield match.span()
