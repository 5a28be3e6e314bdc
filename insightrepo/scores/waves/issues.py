"""Freezing a wave, issue by issue: what was frozen is kept word for word, hashed, and never changes again.

A correction is a re-issue. From then until it is frozen again the wave is open: its scores are provisional and say so,
pages show the latest other frozen wave as current, and the issues before stay where they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import reader_for
from insightrepo.accounts.audit import record
from insightrepo.models import (
    Exclusion,
    Instrument,
    Metric,
    Outcome,
    Product,
    ResponseCount,
    Score,
    Segment,
    Task,
    User,
    Wave,
    WaveIssue,
    utcnow,
)
from insightrepo.scores.computing.computing import compute_wave
from insightrepo.scores.measures import MEASURES, Measure

OWN = ("id", "wave_id", "computed_at")  # columns of a score that are not what it says
HASHED = tuple(column.name for column in Score.__table__.columns if column.name not in OWN)
CELL = ("outcome_id", "task_id", "segment_id", "product_id", "measure")
EXCLUDED = ("respondent_id", "outcome_id", "task_id", "segment_id", "product_id", "reason")
MEASURED_WITH = (
    "name", "wording", "importance_wording", "scale_low", "scale_high", "low_label", "high_label", "best", "channel",
    "timing", "level",
)  # fmt: skip
LEAST_REASON = 10  # characters: "typo" tells nobody what was corrected


class NotFrozen(ValueError):
    """The wave is open: there is nothing to correct or to verify yet."""


class ReasonMissing(ValueError):
    """A correction or an exclusion without a reason that others can follow."""


@dataclass(frozen=True)
class Verified:
    """What was found when a frozen issue was computed again. `fault` says in words what does not fit; empty: all fits.

    `current`: it is the issue whose scores the wave shows, which were compared too.
    """

    wave: str
    number: int
    sha256: str
    current: bool
    fault: str

    @property
    def holds(self) -> bool:
        """Whether everything fits."""
        return not self.fault


def require_reason(reason: str) -> str:
    """The reason without white space around it. ReasonMissing where it is too short to tell anything."""
    text = " ".join(reason.split())
    if len(text) < LEAST_REASON:
        raise ReasonMissing(f"say why in {LEAST_REASON} characters or more: others will read it under the figures")
    return text


def freeze(session: Session, wave: Wave, user: User | None) -> Wave:
    """Compute the wave a last time and freeze it as an issue with a hash; needs a session for writing.

    From then on answers, exclusions and settings are refused and scores stay. The definition says which earlier waves
    its verdicts were made against and whether those were frozen.

    Raises:
        Forbidden: the user is no researcher, or limited to a part of the workspace.
        WaveFrozen: it already is.
        ValueError: it has no answers.
    """
    _require_all(session, user)
    if compute_wave(session, wave) == 0:
        raise ValueError(f"the wave {wave.code} has no answers: run 'scores import {wave.code} FILE' first")
    reason, before = wave.correction, latest_issue(session, wave)
    wave.correction = ""
    wave.issue = before.number + 1 if before else 1
    content = canonical({
        **content_of(session, wave), "number": wave.issue, "reason": reason,
        "replaces": before.sha256 if before else None,
    })  # fmt: skip
    wave.state, wave.frozen_at, wave.frozen_hash = "frozen", utcnow(), sha256(content)
    session.add(WaveIssue(
        wave_id=wave.id, number=wave.issue, reason=reason, sha256=wave.frozen_hash, content=content,
        frozen_at=wave.frozen_at, frozen_by_id=user.id if user else None,
    ))  # fmt: skip
    record(session, user.id if user else None, "wave.freeze", f"wave:{wave.id}",
           code=wave.code, issue=wave.issue, hash=wave.frozen_hash)  # fmt: skip
    session.flush()
    return wave


def keep_earlier_issues(session: Session) -> list[str]:
    """Make issue 1 of each frozen wave of which none is kept, as of a version before issues; the codes of these waves.

    What stands in the tables is what was frozen. The hash of that version stays inside of what is kept.
    """
    kept = select(WaveIssue.wave_id)
    query = select(Wave).where(Wave.state == "frozen", Wave.id.not_in(kept)).order_by(Wave.first_day, Wave.id)
    waves = session.scalars(query).all()
    for wave in waves:
        wave.issue = 1
        content = canonical({
            **content_of(session, wave), "number": 1, "reason": "", "replaces": None,
            "note": "frozen by an earlier version", "frozen_hash": wave.frozen_hash,
        })  # fmt: skip
        wave.frozen_hash = sha256(content)
        wave.frozen_at = wave.frozen_at or utcnow()
        session.add(WaveIssue(wave_id=wave.id, number=1, reason="", sha256=wave.frozen_hash, content=content,
                              frozen_at=wave.frozen_at, frozen_by_id=None))  # fmt: skip
        record(session, None, "wave.keep", f"wave:{wave.id}", code=wave.code, issue=1, hash=wave.frozen_hash)
    session.flush()
    return [wave.code for wave in waves]


def reissue(session: Session, wave: Wave, user: User | None, reason: str) -> Wave:
    """Open a frozen wave for a correction; `freeze` ends it as the next issue. Needs a session for writing.

    Raises:
        Forbidden: the user is no researcher, or limited to a part of the workspace.
        NotFrozen: the wave is open, or a correction is under way.
        ReasonMissing: nobody could tell from the reason what was wrong.
    """
    _require_all(session, user)
    wave = session.get_one(Wave, wave.id, with_for_update=True, populate_existing=True)
    if wave.state != "frozen":
        under_way = f" (under correction: {wave.correction})" if wave.correction else ""
        raise NotFrozen(f"the wave {wave.code} is open{under_way}: change it, then freeze it")
    text = require_reason(reason)
    wave.state, wave.frozen_at, wave.frozen_hash = "open", None, None
    wave.correction = text
    record(session, user.id if user else None, "wave.reissue", f"wave:{wave.id}",
           code=wave.code, issue=wave.issue + 1, reason=text)  # fmt: skip
    session.flush()
    return wave


def _require_all(session: Session, user: User | None) -> None:
    """A wave is everybody's. Without a user it is the program's own doing."""
    if user is not None:
        reader_for(session, user).require_change_global()


def latest_issue(session: Session, wave: Wave) -> WaveIssue | None:
    """The last issue that was frozen; None where none ever was."""
    query = select(WaveIssue).where(WaveIssue.wave_id == wave.id).order_by(WaveIssue.number.desc()).limit(1)
    return session.scalar(query)


def issues_of(session: Session, wave: Wave) -> list[WaveIssue]:
    """All issues of a wave, the first one first."""
    return list(session.scalars(select(WaveIssue).where(WaveIssue.wave_id == wave.id).order_by(WaveIssue.number)))


def verify_frozen(session: Session, wave: Wave) -> bool:
    """Whether a frozen wave still is what was frozen, all its issues included; False for an open wave."""
    return wave.state == "frozen" and all(found.holds for found in verify(session, [wave]))


def verify(session: Session, waves: Iterable[Wave] | None = None) -> list[Verified]:
    """Compute the hash of every issue again (None: of all waves), in order of wave and number."""
    found: list[Verified] = []
    chosen = session.scalars(select(Wave).order_by(Wave.first_day, Wave.id)) if waves is None else waves
    for wave in chosen:
        before: WaveIssue | None = None
        for issue in issues_of(session, wave):
            found.append(_verified(session, wave, issue, before))
            before = issue
        if before is None and wave.state == "frozen":
            found.append(Verified(wave.code, wave.issue, wave.frozen_hash or "", True, "no issue is kept of it"))
    return found


def _verified(session: Session, wave: Wave, issue: WaveIssue, before: WaveIssue | None) -> Verified:
    current = wave.state == "frozen" and issue.number == wave.issue
    return Verified(wave.code, issue.number, issue.sha256, current, _fault(session, wave, issue, before, current))


def _fault(session: Session, wave: Wave, issue: WaveIssue, before: WaveIssue | None, current: bool) -> str:
    """What does not fit, in words; empty where all fits."""
    if sha256(issue.content) != issue.sha256:
        return "what is kept of the issue does not give its hash"
    content = json.loads(issue.content)
    if content["replaces"] != (before.sha256 if before else None):
        return "it does not follow the issue before it"
    if not current:
        return ""
    if wave.frozen_hash != issue.sha256:
        return "the wave carries another hash"
    live = _live(session, wave)
    differing = [name for name, value in live.items() if canonical(value) != canonical(content[name])]
    return f"no longer as frozen: {', '.join(differing)}" if differing else ""


def sha256(content: str) -> str:
    """The hash of an issue's canonical JSON, in hexadecimal."""
    return hashlib.sha256(content.encode()).hexdigest()


def canonical(value: Any) -> str:
    """JSON with sorted keys and no white space: the same value gives the same text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def content_of(session: Session, wave: Wave) -> dict[str, Any]:
    """Everything that an issue of the wave would keep, as it stands now: scores by id, and what the ids stand for."""
    return {
        **_live(session, wave), "instrument": instrument_content(wave.instrument), "terms": _terms(session, wave),
        "measures": _measures(session, wave), "responses": _responses(session, wave),
    }  # fmt: skip


def _live(session: Session, wave: Wave) -> dict[str, Any]:
    """What of a frozen wave stands in other tables too, and must not change there."""
    columns = [getattr(Score, name) for name in HASHED]
    scores = [list(row) for row in session.execute(select(*columns).where(Score.wave_id == wave.id))]
    excluded = select(*(getattr(Exclusion, name) for name in EXCLUDED)).where(Exclusion.wave_id == wave.id)
    return {
        "wave": wave.code, "first_day": wave.first_day.isoformat(), "last_day": wave.last_day.isoformat(),
        "instrument_id": wave.instrument_id, "definition": wave.definition, "settings": wave.settings or {},
        "columns": list(HASHED), "scores": sorted(scores, key=_by_cell),
        "exclusions": [list(row) for row in session.execute(excluded.order_by(Exclusion.id))],
    }  # fmt: skip


def _by_cell(row: list[Any]) -> tuple[Any, ...]:
    return *(row[HASHED.index(name)] or 0 for name in CELL[:-1]), row[HASHED.index("measure")]


def instrument_content(instrument: Instrument) -> dict[str, Any]:
    """What an instrument is, as kept with an issue and with its versions."""
    return {name: getattr(instrument, name) for name in MEASURED_WITH}


def _terms(session: Session, wave: Wave) -> dict[str, dict[str, Any]]:
    """Outcomes, tasks, segments and products that the scores and exclusions speak of, by id, as they read now."""
    ids: dict[str, set[int]] = {}
    for table in (Score, Exclusion):
        for name in CELL[:-1]:
            column = getattr(table, name)
            query = select(column).where(table.wave_id == wave.id, column.is_not(None)).distinct()
            ids.setdefault(name.removesuffix("_id"), set()).update(session.scalars(query))
    found = {}
    for name, model in (("outcome", Outcome), ("task", Task), ("segment", Segment), ("product", Product)):
        rows = session.scalars(select(model).where(model.id.in_(ids[name])))
        found[name] = {str(row.id): _term(row) for row in rows}
    return found


def _term(term: Outcome | Task | Segment | Product) -> dict[str, Any]:
    """A term's name and version; of a segment the population that weights rest on; who may see it."""
    content = {"code": term.code, "name": term.name, "version": getattr(term, "version", 1),
               "team_id": getattr(term, "team_id", None)}  # fmt: skip
    if isinstance(term, Segment):
        content |= {"dimension": term.dimension, "population": term.population}
    if isinstance(term, Task):
        content["product_id"] = term.product_id
    return content


def _measures(session: Session, wave: Wave) -> dict[str, dict[str, str]]:
    """Unit and better direction of every measure that the wave has scores of."""
    found = session.scalars(select(Score.measure).where(Score.wave_id == wave.id).distinct()).all()
    metrics = session.scalars(select(Metric).where(Metric.code.in_(found)))
    known: dict[str, Measure | Metric] = {**{metric.code: metric for metric in metrics}, **MEASURES}
    return {name: {"unit": known[name].unit, "better": known[name].better} for name in found if name in known}


def _responses(session: Session, wave: Wave) -> list[dict[str, int | None]]:
    rows = session.scalars(
        select(ResponseCount).where(ResponseCount.wave_id == wave.id).order_by(ResponseCount.segment_id)
    )
    names = ("segment_id", "invited", "answered", "target")
    return [{name: getattr(row, name) for name in names} for row in rows]


def replaced(session: Session, wave: Wave) -> list[tuple[str, int, int]]:
    """The waves that this one's verdicts were made against and that were corrected since: code, issue then, issue now.

    A correction of an earlier wave never changes a frozen verdict; the page says so instead.
    """
    hashes = [value for _, value in (wave.definition or {}).get("compared_with", ()) if value]
    query = select(WaveIssue.number, Wave).join(Wave, Wave.id == WaveIssue.wave_id)
    rows = session.execute(query.where(WaveIssue.sha256.in_(hashes)).order_by(Wave.first_day)).tuples()
    return [(earlier.code, number, number_shown(earlier)) for number, earlier in rows if number_shown(earlier) > number]


def number_shown(wave: Wave) -> int:
    """The issue that a wave's scores are of: the frozen one, or the one in preparation."""
    return wave.issue + 1 if wave.correction else wave.issue
