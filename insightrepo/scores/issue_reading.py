"""A frozen issue read back from what was kept of it, for a reader; and where two issues of a wave differ."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_terms
from insightrepo.models import Term, User, Wave, WaveIssue
from insightrepo.scores.definitions import definition_for
from insightrepo.scores.issues import CELL, content_of, issues_of, number_shown, sha256
from insightrepo.scores.measures import SMALLEST_SHOWN

FEW = f"changed by fewer than {SMALLEST_SHOWN} people: not shown"
REACH = {  # how far one person can move a score, times n; of what has no bounds nothing can be said
    "satisfaction": 100.0, "importance": 100.0, "success": 100.0, "opportunity": 30.0,
    **dict.fromkeys(("ease", "difficulty", "confidence", "usefulness"), 6.0),
}  # fmt: skip
COMPARED = ("value", "low", "high", "n", "note", "verdict", "change")


class IssueUnknown(ValueError):
    """The wave has no issue of this number."""


@dataclass(frozen=True)
class FrozenScore:
    """A score as it was frozen. Terms are codes, None for all; `names` are their names at the time, in that order."""

    outcome: str | None
    task: str | None
    segment: str | None
    product: str | None
    measure: str
    unit: str
    names: tuple[str | None, str | None, str | None, str | None]
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    note: str | None
    verdict: str
    change: float | None
    excluded: int | None
    plain: float | None = None  # the unweighted value, where it stands beside the weighted one

    @property
    def cell(self) -> tuple[str | None, str | None, str | None, str | None, str]:
        """What it is a score of."""
        return self.outcome, self.task, self.segment, self.product, self.measure


@dataclass(frozen=True)
class FrozenExclusion:
    """What an issue leaves out: terms as codes, or a respondent (never by key), and why."""

    what: str
    reason: str


@dataclass(frozen=True)
class IssueReading:
    """An issue as a page shows it. `replaced_by` is the next issue's number and reason."""

    wave: str
    number: int
    reason: str
    sha256: str
    holds: bool
    frozen_at: dt.datetime
    frozen_by: str | None
    replaced_by: tuple[int, str] | None
    first_day: str
    last_day: str
    instrument: dict[str, Any]
    definition: dict[str, Any]
    settings: dict[str, Any]
    exclusions: tuple[FrozenExclusion, ...]
    scores: tuple[FrozenScore, ...]


@dataclass(frozen=True)
class Differing:
    """A cell that two issues show differently; None: the issue does not have it.

    Of one whose people differ by one to four, or may, no figure is there, and the note is FEW: the two figures would
    give away what these people answered.
    """

    before: FrozenScore | None
    after: FrozenScore | None

    @property
    def of_everybody(self) -> bool:
        """Whether it is the cell of all segments and products."""
        return self.shown.segment is None and self.shown.product is None

    @property
    def shown(self) -> FrozenScore:
        """The later of the two, or the one there is."""
        found = self.after or self.before
        assert found is not None
        return found


def read_issue(session: Session, reader: Reader, wave: Wave, number: int) -> IssueReading:
    """The issue as it was frozen, whatever has been edited since; only what is within the reader's scopes and teams.

    One that is replaced or being corrected is for researchers: beside the figures that hold now it tells of the few
    people in between.

    Raises:
        Forbidden: it is such a one, and the reader is no researcher.
        IssueUnknown: the wave has no issue of this number.
    """
    issues = {issue.number: issue for issue in issues_of(session, wave)}
    if number not in issues:
        raise IssueUnknown(f"the wave {wave.code} has no issue {number}; it has {len(issues)}")
    if number < number_shown(wave):
        reader.require("researcher")
    issue, following = issues[number], issues.get(number + 1)
    content = json.loads(issue.content)
    return IssueReading(
        wave=content["wave"], number=number, reason=issue.reason, sha256=issue.sha256,
        holds=sha256(issue.content) == issue.sha256, frozen_at=issue.frozen_at, frozen_by=_name(session, issue),
        replaced_by=(following.number, following.reason) if following else None,
        first_day=content["first_day"], last_day=content["last_day"], instrument=content["instrument"],
        definition=definition_for(reader, content["definition"]), settings=content["settings"],
        exclusions=tuple(_exclusions(session, reader, content)), scores=tuple(_scores(session, reader, content)),
    )  # fmt: skip


def differences(session: Session, reader: Reader, wave: Wave, first: int, second: int | None = None) -> list[Differing]:
    """The cells whose figures differ between two issues (None: the scores as they stand now), in order of cell.

    Raises:
        IssueUnknown: the wave has no issue of such a number.
    """
    before = _scores(session, reader, _kept(session, wave, first))
    now = content_of(session, wave) if second is None else _kept(session, wave, second)
    return _differing(before, _scores(session, reader, now))


def _kept(session: Session, wave: Wave, number: int) -> dict[str, Any]:
    issues = {issue.number: issue for issue in issues_of(session, wave)}
    if number not in issues:
        raise IssueUnknown(f"the wave {wave.code} has no issue {number}; it has {len(issues)}")
    return json.loads(issues[number].content)


def _differing(before: Sequence[FrozenScore], after: Sequence[FrozenScore]) -> list[Differing]:
    old, new = ({score.cell: score for score in scores} for scores in (before, after))
    pairs = {cell: Differing(old.get(cell), new.get(cell)) for cell in dict.fromkeys((*old, *new))}
    return [
        _hidden(pair) if _is_of_few(pairs, pair) else pair
        for pair in pairs.values()
        if _figures(pair.before) != _figures(pair.after)
    ]


def _is_of_few(pairs: Mapping[Any, Differing], pair: Differing) -> bool:
    """Whether few people may make the difference; an opportunity is as its importance and its satisfaction are."""
    before, after = pair.before, pair.after
    if before is None or after is None or before.n is None or after.n is None:
        return False
    made_of = [pairs.get((*before.cell[:-1], name)) for name in ("importance", "satisfaction")]
    if before.measure == "opportunity" and None not in made_of:
        return any(one is not None and _is_of_few(pairs, one) for one in made_of)
    return 0 < _fewest(before, after) < SMALLEST_SHOWN


def _hidden(pair: Differing) -> Differing:
    """The pair without its figures."""
    return Differing(*(
        replace(score, value=None, low=None, high=None, n=None, note=FEW, verdict="", change=None, excluded=None,
                plain=None)
        for score in (pair.before, pair.after)
        if score is not None
    ))  # fmt: skip


def _fewest(before: FrozenScore, after: FrozenScore) -> float:
    """How many people at the least differ between two figures of a cell; 0 where nobody needs to.

    More or fewer people, or others in their place: one person moves a mean by at most the width of its values over n.
    Other weights alone are nobody's answers: where it is known, the unweighted value is compared.
    """
    n, difference = max(before.n or 0, after.n or 0), abs((after.n or 0) - (before.n or 0))
    first, second = (score.value if score.plain is None else score.plain for score in (before, after))
    if first is None or second is None or (first == second and difference == 0):
        return difference
    return max(difference, abs(second - first) * n / REACH.get(before.measure, math.inf), 1)


def _figures(score: FrozenScore | None) -> tuple[Any, ...] | None:
    return None if score is None else tuple(getattr(score, name) for name in COMPARED)


def _name(session: Session, issue: WaveIssue) -> str | None:
    user = session.get(User, issue.frozen_by_id) if issue.frozen_by_id else None
    return (user.name or user.email) if user else None


def _scores(session: Session, reader: Reader, content: dict[str, Any]) -> list[FrozenScore]:
    columns, terms, closed = content["columns"], content["terms"], _closed(session, reader)
    found = []
    for values in content["scores"]:
        row = dict(zip(columns, values, strict=True))
        if _may_see(reader, closed, terms, row):
            found.append(_score(terms, content["measures"], row))
    return found


def _closed(session: Session, reader: Reader) -> frozenset[int]:
    """Ids of the terms that now are other teams' own."""
    return frozenset(session.scalars(select(Term.id).where(Term.id.not_in(visible_terms(reader)))))


def _may_see(reader: Reader, closed: frozenset[int], terms: dict[str, Any], row: dict[str, Any]) -> bool:
    """Whether all terms of a row are the reader's, as `Reader.sees_cell` and `visible_terms` decide it elsewhere, and
    it does not tell the rate of a task that is not.
    """
    product = row["product_id"]
    if row["task_id"] is not None:
        product = terms["task"][str(row["task_id"])]["product_id"]
    if not reader.sees_cell(row["segment_id"], product):
        return False
    if not closed.isdisjoint({row["outcome_id"], row["segment_id"], row["product_id"], product}):
        return False
    teams = (term["team_id"] for term in _of_row(terms, row) if term)
    if not (reader.at_least("administrator") or all(team is None or team in reader.teams for team in teams)):
        return False
    return sum(not _may_see(reader, closed, terms, task) for task in _tasks_told_together(row)) != 1


def _tasks_told_together(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The tasks of a task index of all products, as rows of their own: with the rates of all but one, that one's would
    follow. A change is between two indexes of the same tasks, so they decide on it too.
    """
    if row.get("measure") != "success" or row["task_id"] is not None or row["product_id"] is not None:
        return []
    return [{**dict.fromkeys(CELL), "task_id": task} for task, *_ in row["detail"].get("tasks", ())]


def _of_row(terms: dict[str, Any], row: dict[str, Any]) -> list[dict[str, Any] | None]:
    return [terms[name.removesuffix("_id")].get(str(row[name])) for name in CELL[:-1]]


def _score(terms: dict[str, Any], measures: dict[str, Any], row: dict[str, Any]) -> FrozenScore:
    outcome, task, segment, product = _of_row(terms, row)
    return FrozenScore(
        *(term and term["code"] for term in (outcome, task, segment, product)),  # type: ignore[arg-type]
        measure=row["measure"], unit=measures.get(row["measure"], {}).get("unit", ""),
        names=tuple(term and term["name"] for term in (outcome, task, segment, product)),  # type: ignore[arg-type]
        plain=row.get("unweighted_value"), **{name: row[name] for name in (*COMPARED, "excluded")},
    )  # fmt: skip


def _exclusions(session: Session, reader: Reader, content: dict[str, Any]) -> list[FrozenExclusion]:
    names = ("respondent_id", *CELL[:-1], "reason")
    rows = [dict(zip(names, values, strict=True)) for values in content["exclusions"]]
    closed = _closed(session, reader)
    return [
        FrozenExclusion(_what(content["terms"], row), row["reason"])
        for row in rows
        if _may_see(reader, closed, content["terms"], row)
    ]


def _what(terms: dict[str, Any], row: dict[str, Any]) -> str:
    parts = ["one respondent"] if row["respondent_id"] is not None else []
    return ", ".join([*parts, *(f"{term['code']} {term['name']}" for term in _of_row(terms, row) if term)])
