"""A frozen issue read back from what was kept of it, for a reader."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_terms
from insightrepo.models import Term, User, Wave, WaveIssue
from insightrepo.scores.waves.definitions import definition_for
from insightrepo.scores.waves.issues import CELL, issues_of, number_shown, sha256

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
        exclusions=tuple(_exclusions(session, reader, content)), scores=tuple(frozen_scores(session, reader, content)),
    )  # fmt: skip


def kept_issue(session: Session, wave: Wave, number: int) -> dict[str, Any]:
    """What was kept of an issue. IssueUnknown where the wave has none of this number."""
    issues = {issue.number: issue for issue in issues_of(session, wave)}
    if number not in issues:
        raise IssueUnknown(f"the wave {wave.code} has no issue {number}; it has {len(issues)}")
    return json.loads(issues[number].content)


def _name(session: Session, issue: WaveIssue) -> str | None:
    user = session.get(User, issue.frozen_by_id) if issue.frozen_by_id else None
    return (user.name or user.email) if user else None


def frozen_scores(session: Session, reader: Reader, content: dict[str, Any]) -> list[FrozenScore]:
    """The scores of what was kept of an issue that are within the reader's scopes and teams."""
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
