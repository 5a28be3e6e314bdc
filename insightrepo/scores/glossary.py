"""The common language on one page: outcomes, measures, metrics, segments and instruments, each with its definition."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_terms
from insightrepo.locales import grouped
from insightrepo.models import Instrument, Metric, Outcome, Segment, Wave
from insightrepo.scores.measures import MEASURES
from insightrepo.scores.waves.wave_questionnaire import worded
from insightrepo.scores.waves.waves import scale_text

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


STATISTICS = {  # what stands beside figures: (name, what it means)
    "n": ("n", "How many people stand behind a figure. Fewer than five are never shown."),
    "interval": ("95% interval", "Computed so that it holds the true value in 95 of 100 such surveys."),
    "q": ("q", "The share of false ones to expect among changes called real at this limit, however many comparisons "
          "were made (Benjamini-Hochberg). Real needs 0.05 or below within its family (one measure, the same two "
          "waves) and 0.03 or below over all comparisons of the two waves. p is of one comparison alone: how often a "
          "difference at least as large comes by chance where nothing changed."),
    "real": ("really moved, better, worse", "Chance does not explain the change, even among all comparisons made "
             "(false discoveries are controlled), and it is at least the smallest change of interest. Better or worse "
             "says whether that is good, not whether the number rose."),
    "control": ("control over all tests", "Of many comparisons some differ by chance. Real needs q of 0.05 or below "
                "within its family (one measure, the same two waves) and of 0.03 or below over all comparisons of the "
                "two waves: families where nothing moved bring false arrows of their own, and with both rules at most "
                "5 of 100 arrows are false. A 95% interval is of one comparison alone: it may leave out 0 where the "
                "change does not stand after that control (alone it would count)."),
    "no-evidence": ("no evidence of change", "It may have moved; among so many comparisons the answers do not show it. "
                    "It does not say that nothing changed."),
    "not-enough": ("not enough data", "Fewer than 30 people in one of the two waves, or nothing to compare with."),
    "indicative": ("indicative", "5 to 29 people: good for a question, not for a decision. It gets no verdict."),
    "provisional": ("provisional", "The wave is still open: the figure may change until it is frozen."),
    "goes-with": ("goes with it", "A task whose success, time or ease really moved the same way in the same waves. "
                  "That is no cause: answers and tries mostly come from different people."),
    "weighted": ("weighted", "People count more or less, so that segments have the size they have among customers."),
    "n_eff": ("n_eff", "How many people a weighted sample is worth: unequal weights make it less than n."),
    "deff": ("design effect (deff)", "n divided by n_eff (Kish): how much unequal weights widen the variance."),
    "new-series": ("new series", "Asked with another instrument, or of another meaning: not compared with before."),
    "asked-with": ("asked with version 1’s wording", "The outcome was reworded since; its versions show how."),
    "disagree": ("segments disagree", "The score of everybody hides segments that go the other way."),
    "gap": ("gap", "Importance less satisfaction, in points."),
    "apart": ("clearly apart", "The 95% intervals of two figures do not touch. Segments may disagree without that: "
              "then importance and satisfaction go opposite ways in them."),
    "band": ("major, solid, worth a look", "Bands of opportunity: major from 15 on, solid from 12, worth a look from "
             "10; below that low. A wave may set its own."),
    "thin": ("thin evidence", "Too little for a decision: fewer than 5 people spoke, fewer than half of the tags are "
             "reviewed, or its strength is below 50 of 100."),
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A term with its definition and, where there is one, the wording it is asked in. `anchor` is its permalink's end.

    `kind`: outcome, measure, statistic, metric, segment or instrument. `key`: what its own page is found by; None: it
    has none.
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
        "statistic": [
            Entry("statistic", code, name, meaning, "", "", "active", None)
            for code, (name, meaning) in STATISTICS.items()
        ],
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
    people = f"; population {grouped(segment.population)}" if segment.population else ""
    return f"on the dimension {segment.dimension}{people}"


def _instrument(one: Instrument) -> Entry:
    said = filter(None, (scale_text(one), one.channel, one.timing, one.level))
    wording = " / ".join(filter(None, (one.wording, one.importance_wording)))
    return Entry("instrument", one.name, one.name, "", wording, "; ".join(said), "active", str(one.id))
