"""The common language on one page: outcomes, measures, metrics, segments and instruments, each with its definition."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_terms
from insightrepo.models import Instrument, Metric, Outcome, Segment, Wave
from insightrepo.scores.measures import MEASURES
from insightrepo.scores.wave_questionnaire import worded
from insightrepo.scores.waves import scale_text

DEFINITIONS = {  # of the measures, in words for people who never saw a formula
    "satisfaction": "The share of people whose answer is in the top box: the two best points of the scale.",
    "importance": "The share of people to whom it matters: the two best points of the scale for importance.",
    "opportunity": "Importance plus what is missing in satisfaction, on 0 to 20: important and badly served is high.",
    "success": "The share of tries at a task that met its success criterion; of an outcome, over its tasks.",
    "time": "How long a successful try at a task takes: the geometric mean, since times are skewed.",
    "ease": "The mean answer to the single ease question after a task, 1 very difficult to 7 very easy.",
    "difficulty": "The mean of how hard people had to work on a task, 1 not hard at all to 7 extremely hard.",
    "confidence": "The mean of how sure people are that they did a task right, 1 not at all to 7 extremely.",
    "usefulness": "The mean of how useful people find what a task is for, 1 not at all to 7 extremely.",
}


@dataclass(frozen=True)
class Entry:
    """A term with its definition and, where there is one, the wording it is asked in. `anchor` is its permalink's end.

    `kind`: outcome, measure, metric, segment or instrument. `key`: what its own page is found by; None: it has none.
    """

    kind: str
    code: str
    name: str
    definition: str
    wording: str
    detail: str
    status: str
    key: str | None

    @property
    def anchor(self) -> str:
        """The fragment of its permalink, the same as long as its code is."""
        return re.sub(r"[^\w.-]+", "-", f"{self.kind}-{self.code}")


def glossary(session: Session, reader: Reader) -> dict[str, list[Entry]]:
    """All entries by kind, in order of code or name; a team's own terms only for those who see them."""
    return {
        "outcome": _outcomes(session, reader),
        "measure": [_measure(name) for name in MEASURES],
        "metric": [_metric(metric) for metric in session.scalars(select(Metric).order_by(Metric.code))],
        "segment": _segments(session, reader),
        "instrument": [_instrument(one) for one in session.scalars(select(Instrument).order_by(Instrument.name))],
    }


def _outcomes(session: Session, reader: Reader) -> list[Entry]:
    query = select(Outcome).where(Outcome.id.in_(visible_terms(reader))).order_by(Outcome.code)
    latest = session.scalars(select(Instrument).join(Wave).order_by(Wave.first_day.desc(), Wave.id.desc())).first()
    return [
        Entry("outcome", one.code, one.name, one.job, worded(latest, one, "satisfaction") if latest else "",
              f"judged by: {one.success_measure}" if one.success_measure else "", one.status, one.code)
        for one in session.scalars(query)
    ]  # fmt: skip


def _measure(name: str) -> Entry:
    measure = MEASURES[name]
    detail = f"in {measure.unit}; {measure.better} is better"
    return Entry("measure", name, name.capitalize(), DEFINITIONS.get(name, ""), "", detail, "active", None)


def _metric(metric: Metric) -> Entry:
    parts = [metric.nature, f"in {metric.unit}", f"{metric.better} is better", f"by {metric.unit_of_analysis}"]
    if metric.numerator:
        parts.append(f"{metric.numerator} of {metric.denominator}")
    definition = metric.definition or metric.when_to_use
    return Entry("metric", metric.code, metric.name, definition, "", "; ".join(parts), metric.status, None)


def _segments(session: Session, reader: Reader) -> list[Entry]:
    query = select(Segment).where(Segment.id.in_(visible_terms(reader))).order_by(Segment.dimension, Segment.code)
    return [
        Entry("segment", one.code, one.name, one.definition, "", _of_segment(one), one.status, one.code)
        for one in session.scalars(query)
    ]


def _of_segment(segment: Segment) -> str:
    people = f"; population {segment.population:,}" if segment.population else ""
    return f"on the dimension {segment.dimension}{people}"


def _instrument(one: Instrument) -> Entry:
    said = filter(None, (scale_text(one), one.channel, one.timing, one.level))
    wording = " / ".join(filter(None, (one.wording, one.importance_wording)))
    return Entry("instrument", one.name, one.name, "", wording, "; ".join(said), "active", str(one.id))
