"""The catalogue of metrics: defined from a file, listed, and the built-in ones made when they are first needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rapidfuzz import fuzz, process
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from insightrepo.accounts.access import Reader
from insightrepo.accounts.audit import record
from insightrepo.models import Metric, MetricPoint, Outcome, Rating, User
from insightrepo.scores.metric_schema import MetricEntry
from insightrepo.taxonomy.reading import TermFinder, UnknownTerm
from insightrepo.taxonomy.source import TaxonomyError
from insightrepo.taxonomy.versions import FIELDS, keep_version, wording
from insightrepo.upsert import upsert

BUILT_IN: dict[str, dict[str, Any]] = {
    "sus": {
        "code": "SUS", "name": "System Usability Scale",
        "definition": "Ten statements, answered from 1 to 5; 2.5 * (sum(odd - 1) + sum(5 - even)) for each respondent.",
        "when_to_use": "After a session with a whole product; 68 is about the average of published studies.",
    },
    "umux_lite": {
        "code": "UMUX-LITE", "name": "UMUX-Lite",
        "definition": "Two statements (meets my requirements, easy to use), each rescaled to 0 to 100 and averaged.",
        "when_to_use": "Where ten items are too many; on 7 points unless said.",
    },
    "ux_lite": {
        "code": "UX-LITE", "name": "UX-Lite",
        "definition": "Ease and usefulness, each rescaled to 0 to 100 and averaged.",
        "when_to_use": "In a survey that stands; on 5 points unless said.",
    },
}  # fmt: skip
UNCHANGEABLE = {"unit_of_analysis": "counted per", "kind": "of the kind"}  # once there is data


class MetricUnknown(ValueError):
    """No metric is called so; the message names the closest."""


@dataclass
class Defined:
    """What a file did to the catalogue, by code."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)


class MetricFinder:
    """Finds metrics by code or name, whatever the case; made once for many look-ups."""

    def __init__(self, session: Session) -> None:
        self._metrics = list(session.scalars(select(Metric).order_by(Metric.id)))
        self._by_words = {_folded(metric.name): metric for metric in reversed(self._metrics)}
        self._by_words |= {_folded(metric.code): metric for metric in self._metrics}

    def get(self, text: str) -> Metric | None:
        """The metric of this code or name, or None."""
        return self._by_words.get(_folded(text))

    def find(self, text: str) -> Metric:
        """The metric of this code or name.

        Raises:
            MetricUnknown: there is none.
        """
        if found := self.get(text):
            return found
        near = process.extractOne(_folded(text), list(self._by_words), scorer=fuzz.WRatio, score_cutoff=70)
        hint = f"; did you mean {self._by_words[near[0]].code} ({self._by_words[near[0]].name})?" if near else ""
        raise MetricUnknown(f"no metric is called {text[:60]!r}{hint or ': add it with metrics define'}")


def define_metrics(
    session: Session,
    reader: Reader,
    entries: Sequence[MetricEntry],
    lines: Mapping[str, int] | None = None,
    name: str = "metrics.yaml",
) -> Defined:
    """Put the metrics of a file into the catalogue; needs a session for writing. The same file twice changes nothing.

    What defines a metric (kind, numerator, scale …) adds a version when it changes; points keep the version that they
    came in with.

    Raises:
        Forbidden: the reader is no researcher.
        TaxonomyError: with every problem: an unknown outcome, user or successor, or another unit of analysis or kind
            than the metric's data have.
    """
    reader.require("researcher")
    session.flush()
    defined, problems = Defined(), []
    outcomes = TermFinder(session, "outcome")
    for entry in entries:
        where = f"{name}:{(lines or {}).get(entry.code, 1)}: {entry.code}"
        try:
            _define(session, entry, outcomes, defined, reader.user_id, name)
        except (UnknownTerm, ValueError) as error:
            problems.append(f"{where}: {error}")
    session.flush()
    for metric in session.scalars(select(Metric).where(Metric.code.in_(defined.added))):
        keep_version(session, metric, None, reader.user_id, name)
    codes = dict(session.execute(select(Metric.code, Metric.id)).tuples().all())
    for entry in entries:
        if entry.successor and entry.successor not in codes:
            problems.append(f"{name}: {entry.code}: successor: no metric is called {entry.successor!r}")
        elif entry.code in codes:
            session.get_one(Metric, codes[entry.code]).successor_id = codes.get(entry.successor)
    if problems:
        raise TaxonomyError(problems)
    if defined.added or defined.changed:
        record(session, reader.user_id, "metrics.define", "metrics", added=defined.added, changed=defined.changed)
    return defined


def _define(
    session: Session, entry: MetricEntry, outcomes: TermFinder, defined: Defined, user_id: int, note: str
) -> None:
    values = {
        **entry.values(), "owner_id": _user(session, entry.owner, "owner"),
        "steward_id": _user(session, entry.steward, "steward"),
    }  # fmt: skip
    ids = {outcomes.find(code).id for code in entry.outcomes}
    served = list(session.scalars(select(Outcome).where(Outcome.id.in_(ids)).order_by(Outcome.id)))
    known = session.scalar(select(Metric).where(Metric.code == entry.code).options(selectinload(Metric.outcomes)))
    if known is None:
        session.add(Metric(**values, outcomes=served))
        defined.added.append(entry.code)
        return
    _refuse_other_data(session, known, values)
    changed = {name for name, value in values.items() if getattr(known, name) != value}
    if not changed and {outcome.id for outcome in known.outcomes} == ids:
        defined.unchanged.append(entry.code)
        return
    before = wording(known)
    for name in changed:
        setattr(known, name, values[name])
    keep_version(session, known, before, user_id, note)
    known.outcomes = served
    defined.changed.append(entry.code)


def _refuse_other_data(session: Session, known: Metric, values: Mapping[str, Any]) -> None:
    """Figures of two units of analysis, or two kinds, are never one metric."""
    for name, words in UNCHANGEABLE.items():
        if getattr(known, name) != values[name] and _has_data(session, known):
            raise ValueError(
                f"its figures are {words} {getattr(known, name)}; {words} {values[name]} is another metric: "
                "give it a code of its own"
            )


def _has_data(session: Session, metric: Metric) -> bool:
    counts = (select(func.count()).where(model.metric_id == metric.id) for model in (MetricPoint, Rating))
    return any(session.scalar(count) for count in counts)


def _user(session: Session, email: str, what: str) -> int | None:
    if not email:
        return None
    found = session.scalar(select(User.id).where(User.email == email.casefold()))
    if found is None:
        raise ValueError(f"{what}: no user is called {email!r}")
    return found


def built_in(session: Session, kind: str) -> Metric:
    """The metric of a standard questionnaire ("sus", "umux_lite", "ux_lite"), made if there is none; needs writing."""
    values = MetricEntry(**BUILT_IN[kind], kind=kind, nature="opinion", unit_of_analysis="response").values()
    session.execute(upsert(session, Metric).values(**values, version=1).on_conflict_do_nothing(index_elements=["code"]))
    return session.scalars(select(Metric).where(Metric.code == values["code"])).one()


def list_metrics(session: Session) -> list[dict[str, Any]]:
    """All metrics as plain values, by code, with how many waves have figures of each."""
    waves: dict[int, set[int]] = {}
    for model in (MetricPoint, Rating):
        for metric_id, wave_id in session.execute(select(model.metric_id, model.wave_id).distinct()):
            waves.setdefault(metric_id, set()).add(wave_id)
    emails = dict(session.execute(select(User.id, User.email)).tuples().all())
    query = select(Metric).options(selectinload(Metric.outcomes)).order_by(Metric.code)
    metrics = list(session.scalars(query))
    codes = {metric.id: metric.code for metric in metrics}
    names = ("code", "name", *FIELDS["metric"], "level", "when_to_use", "smallest_change", "version", "status")
    return [
        {
            **{name: getattr(metric, name) for name in names},
            "outcomes": sorted(outcome.code for outcome in metric.outcomes),
            "owner": emails.get(metric.owner_id or 0), "steward": emails.get(metric.steward_id or 0),
            "successor": codes.get(metric.successor_id or 0), "waves": len(waves.get(metric.id, ())),
        }
        for metric in metrics
    ]  # fmt: skip


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
