"""Places, dates, ratings and reasons in the words that pages and the command line show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from textwrap import shorten
from typing import Any

from ingest.readers.base import Locator
from insightrepo import locales
from insightrepo.locales import decimal, short

QUOTED = 90  # characters of an example that are shown
RULES = {
    "phrase": "a phrase", "all": "words that stand together in it", "any": "one of several words",
    "near": "words close to each other", "regex": "a pattern", "not": "words that speak against it",
}  # fmt: skip


def upper_first(text: str) -> str:
    """The text with a capital letter at its beginning; the rest stays."""
    return f"{text[:1].upper()}{text[1:]}"


def place_words(locator: Locator) -> str:
    """Where something stands: ``Findings › Downloads · page 3``; empty where nothing is known."""
    heading = " › ".join(locator.heading_path)
    spots = [f"{name} {number}" for name, number in (("page", locator.page), ("slide", locator.slide)) if number]
    if locator.sheet:
        spots.append(f"sheet {locator.sheet}")
    if locator.row:
        spots.append(f"row {locator.row}")
    if locator.speaker:
        spots.append(locator.speaker)
    if locator.start_seconds is not None:
        spots.append(_clock(locator.start_seconds))
    return " · ".join(filter(None, (heading, *spots)))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def date_words(day: dt.date | None, precision: str | None) -> str | None:
    """A date no more precise than it is known, by the locale in force: 2025-03-14, 2025-03, 2025-Q1 or 2025."""
    if day is None:
        return None
    if precision == "quarter":
        return f"{day.year}-Q{(day.month + 2) // 3}"
    if precision == "year":
        return f"{day:%Y}"
    return locales.month(day) if precision == "month" else locales.day(day)


def rating_words(rating: float | None, best: float | None) -> str | None:
    """A rating with its best end: ``2 (5 is best)``."""
    if rating is None:
        return None
    return short(rating) + (f" ({short(best)} is best)" if best is not None else "")


def evidence_named(reason: Mapping[str, Any]) -> set[int]:
    """The ids of the evidence that a vote's reason names as examples."""
    near = {reason["evidence"]} if "evidence" in reason else set()
    return near | {example["evidence"] for example in reason["examples"]} if "examples" in reason else near


def vote_words(
    source: str, value: float, reason: Mapping[str, Any], in_favour: bool, visible: Mapping[int, str]
) -> str:
    """A vote's reason as a sentence; `reason` is as ingest/tagger.py and the imports write it.

    Of the examples that it names only those in `visible` are shown: the words of evidence that the reader may see.
    """
    words = _SENTENCES[source](value, _for_reader(reason, visible))
    if "merged_from" in reason:
        words += f", of {reason['merged_from']}, which was merged into this one"
    return words if in_favour else f"against: {words}"


def _for_reader(reason: Mapping[str, Any], visible: Mapping[int, str]) -> Mapping[str, Any]:
    if "examples" not in reason and "evidence" not in reason:
        return reason
    shown = dict(reason)
    if "examples" in reason:
        seen = (example for example in reason["examples"] if example["evidence"] in visible)
        shown["examples"] = [{**example, "said": _quoted(visible[example["evidence"]])} for example in seen]
    if "evidence" in reason:
        text = visible.get(reason["evidence"])
        shown["evidence"] = _quoted(text) if text else None
    return shown


def _quoted(text: str) -> str:
    return f"“{shorten(text, QUOTED, placeholder=' …')}”"


def _rule_words(_value: float, reason: Mapping[str, Any]) -> str:
    negated = ", but negated" if reason.get("negated") else ""
    return f"a rule for {RULES.get(reason['kind'], reason['kind'])} found “{reason['words']}”{negated}"


def _head_words(value: float, reason: Mapping[str, Any]) -> str:
    nearest = ", ".join(f"{example['said']} ({decimal(example['cosine'], 2)})" for example in reason["examples"])
    like = f"; most like {nearest}" if nearest else ""
    return f"the trained model gives {decimal(value, 2)}, from {decimal(reason['threshold'], 2)} on it counts{like}"


def _term_words(value: float, reason: Mapping[str, Any]) -> str:
    example = f"“{reason['phrase']}”" if "phrase" in reason else reason["evidence"]
    near = example or "an example that you may not see"
    return f"close in meaning to {near}: {decimal(value, 2)}, from {decimal(reason['threshold'], 2)} on it is suggested"


def _import_words(_value: float, reason: Mapping[str, Any]) -> str:
    return f"the imported data says {reason['value']}"


def _person_words(_value: float, reason: Mapping[str, Any]) -> str:
    return f"{reason['by']} said so"


_SENTENCES = {
    "rule": _rule_words,
    "head": _head_words,
    "words": _term_words,
    "import": _import_words,
    "person": _person_words,
}
