"""Answers and trials that are left out of a wave's scores: each exclusion is a record with its reason."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.accounts.audit import record
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.models import Exclusion, Respondent, User, Wave
from insightrepo.scores.computing.computing import lock_wave
from insightrepo.scores.computing.crowd import read_crowd
from insightrepo.scores.waves.concerning import resolve, with_codes, within
from insightrepo.scores.waves.issues import require_reason


class ExclusionWrong(ValueError):
    """An exclusion of nothing, or of a respondent who is not in the wave's data."""


@dataclass(frozen=True)
class ExclusionShown:
    """An exclusion for a page: terms as codes; a respondent is never named."""

    id: int
    respondent: bool
    outcome: str | None
    task: str | None
    segment: str | None
    product: str | None
    reason: str
    by: str | None
    at: dt.datetime

    @property
    def what(self) -> str:
        """What is left out, in words."""
        parts = ["one respondent"] if self.respondent else []
        return ", ".join([*parts, *filter(None, (self.outcome, self.task, self.segment, self.product))])


def exclude(
    session: Session,
    reader: Reader,
    pseudonyms: Pseudonyms,
    wave: Wave,
    reason: str,
    respondent: str | None = None,
    **about: str | None,
) -> Exclusion:
    """Leave answers and trials of an open wave out; compute the wave's scores afterwards (`editing.refresh`).

    What is named together must hold together: a segment and an outcome is that outcome in that segment. `respondent`
    is the id as the source gave it; only its key is looked up and kept.

    Raises:
        Forbidden: the reader is no researcher, or limited to a part of the workspace.
        WaveFrozen: it is frozen; re-issue it first.
        ReasonMissing: nobody could tell from the reason why.
        ExclusionWrong: nothing is named, or the respondent is not known.
        UnknownTerm: a term is not known.
        WeightsRefused: nobody would be left in a segment that the wave is weighted by.
    """
    reader.require_change_global()  # whatever it names, the scores of everybody change
    wave = lock_wave(session, wave.id)
    text = require_reason(reason)
    concerning = resolve(session, reader, about)
    person = _respondent(session, pseudonyms, respondent)
    if person is None and not any(concerning.ids.values()):
        raise ExclusionWrong("say what to leave out: a respondent, an outcome, a task, a segment or a product")
    found = Exclusion(wave_id=wave.id, respondent_id=person, **concerning.ids, reason=text,
                      created_by_id=reader.user_id)  # fmt: skip
    session.add(found)
    session.flush()
    record(session, reader.user_id, "wave.exclude", f"wave:{wave.id}", code=wave.code, exclusion=found.id, reason=text,
           **{name: value for name, value in concerning.ids.items() if value})  # fmt: skip
    read_crowd(session, wave)  # nobody left in a segment that the wave is weighted by: refused now
    return found


def _respondent(session: Session, pseudonyms: Pseudonyms, source_id: str | None) -> int | None:
    if not (source_id or "").strip():
        return None
    found = session.scalar(select(Respondent.id).where(Respondent.key == pseudonyms.key(str(source_id).strip())))
    if found is None:
        raise ExclusionWrong("no respondent has this id in any data here: write it as the file of answers has it")
    return found


def include_again(session: Session, reader: Reader, wave: Wave, exclusion_id: int) -> bool:
    """Take an exclusion of an open wave back; False where there is none that the reader may see.

    Raises:
        Forbidden: the reader is no researcher, or limited to a part of the workspace.
        WaveFrozen: it is frozen.
    """
    reader.require_change_global()
    wave = lock_wave(session, wave.id)
    chosen = (Exclusion.id == exclusion_id, Exclusion.wave_id == wave.id, *within(reader, Exclusion))
    found = session.execute(delete(Exclusion).where(*chosen))
    if found.rowcount:  # type: ignore[attr-defined]
        record(session, reader.user_id, "wave.include", f"wave:{wave.id}", code=wave.code, exclusion=exclusion_id)
    return bool(found.rowcount)  # type: ignore[attr-defined]


def exclusions_of(session: Session, reader: Reader, wave: Wave) -> list[ExclusionShown]:
    """A wave's exclusions in the order they were made; those outside the reader's scopes are left out."""
    columns: tuple[Any, ...] = (
        Exclusion.id, Exclusion.respondent_id, Exclusion.reason, Exclusion.created_at, User.name, User.email,
    )  # fmt: skip
    query = (
        with_codes(Exclusion, *columns)
        .join(User, User.id == Exclusion.created_by_id, isouter=True)
        .where(Exclusion.wave_id == wave.id, *within(reader, Exclusion))
        .order_by(Exclusion.id)
    )
    return [
        ExclusionShown(row.id, row.respondent_id is not None, row.outcome, row.task, row.segment, row.product,
                       row.reason, row.name or row.email, row.created_at)
        for row in session.execute(query)
    ]  # fmt: skip
