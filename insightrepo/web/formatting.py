"""How values read on a page: marked text, numbers with their unit, tags and votes in words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flask import Flask, request
from markupsafe import Markup, escape

from insightrepo.library.search.hits import Hit, TagShown
from insightrepo.library.wording import upper_first
from insightrepo.locales import (
    ISO,
    day,
    days,
    decimal,
    grouped,
    moment,
    percent,
    percent_sign,
    probability,
    separators,
    short,
    signed,
    speak,
    tag,
    whole,
)
from insightrepo.scores.wording import change, measure_name, number
from insightrepo.web.layout import place_url
from insightrepo.web.links import url_for
from insightrepo.web.request import workspace
from insightrepo.web.trend import draw, sparkline

FILES = (".csv", ".xlsx", ".json")  # how the address of a file ends that machines read
BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
SOURCES = {
    "person": "a person",
    "import": "the import",
    "rule": "a rule",
    "head": "the trained model",
    "words": "the words of the term",
}


def speak_to_the_reader(app: Flask) -> None:
    """Each request for a page is answered in the workspace's locale, and files and JSON in none."""
    app.before_request(_speak)
    app.teardown_request(lambda _error: speak(ISO))


def _speak() -> None:
    to_a_machine = request.path.endswith(FILES) or request.accept_mimetypes.best == "application/json"
    speak(ISO if to_a_machine else workspace().settings.locale)


def setup(app: Flask) -> None:
    """Make the functions below known to the templates."""
    words = sentence, upper_first, tag_words, source_words, plural, marked
    for function in (*words, count, number, change, size, clock, measure_name):
        app.add_template_filter(function)
    for written in (day, decimal, moment, percent, probability, short, signed, whole):
        app.add_template_filter(written)
    for told in (days, percent_sign, separators):
        app.add_template_global(told)
    app.add_template_global(tag, "locale_tag")
    app.add_template_global(hit_url)
    app.add_template_global(place_url)
    app.add_template_global(sparkline)
    app.add_template_global(draw, "trend_of")


def marked(text: str, marks: Sequence[tuple[int, int]]) -> Markup:
    """The text, escaped, with ``<mark>`` around the stretches of `marks`: sorted offsets that do not overlap.

    Blank lines become a small break.
    """
    parts: list[str] = []
    at = 0
    for start, end in marks:
        if start < at or end > len(text):
            continue
        parts += [escape(text[at:start]), "<mark>", escape(text[start:end]), "</mark>"]
        at = end
    whole = "".join([*parts, escape(text[at:])])  # every part is escaped or ours
    return Markup(BLANK_LINES.sub('<span class="break"></span>', whole))


def sentence(said: object) -> str:
    """What an error or a note says, as a sentence: a capital letter, and a stop where it has none."""
    text = upper_first(str(said))
    return text if text.endswith((".", "?", "!")) else f"{text}."


def count(value: int, capped: bool = False) -> str:
    """A count as 1,000, or as 1,000+ where the result set was cut."""
    return f"{grouped(value)}{'+' if capped else ''}"


def source_words(source: str) -> str:
    """Who voted, in words."""
    return SOURCES.get(source, source)


def tag_words(tag: TagShown) -> str:
    """Where a tag stands and on whose word: "accepted by a person", "automatic, by a rule", "suggested 0.62"."""
    if tag.state == "suggested":
        values = [vote.value for vote in tag.votes if vote.in_favour]
        return f"suggested {decimal(max(values), 2)}" if values else "suggested"
    return f"{tag.state}{',' if tag.state == 'automatic' else ''} by {source_words(tag.origin)}"


def size(value: int) -> str:
    """Bytes as 312 bytes, 12 kB or 3.4 MB."""
    if value < 1_000:
        return f"{value} {plural(value, 'byte')}"
    if value < 1_000_000:
        return f"{round(value / 1000)} kB"
    return f"{decimal(value / 1_000_000, 1)} MB"


def plural(value: int, one: str, many: str | None = None) -> str:
    """The word that goes with a number: hit, hits."""
    return one if value == 1 else many or f"{one}s"


def hit_url(hit: Hit) -> str:
    """Where a hit stands in its document; its own page where it has none."""
    if hit.document_id is None:
        return url_for("evidence.evidence", evidence_id=hit.id)
    return place_url(hit.study_id, hit.document_id, hit.id)


def clock(seconds: float) -> str:
    """Seconds of a recording as 12:45 or 1:02:45."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
