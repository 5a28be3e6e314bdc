"""Which wording of its outcome a score was asked with, and whether that still means the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.memory import remembered
from insightrepo.models import DefinitionVersion, Outcome
from insightrepo.scores.measures import ASKED


@dataclass(frozen=True)
class Wordings:
    """The wordings of an outcome: the version in use, and those that mean something else than the one before."""

    version: int = 1
    new_meanings: tuple[int, ...] = ()

    def meaning(self, version: int) -> int:
        """The version since which the outcome has meant what it meant in this one."""
        return max((number for number in self.new_meanings if number <= version), default=1)


AS_FIRST_WORDED = Wordings()


def wordings(session: Session) -> Mapping[int, Wordings]:
    """The wordings of every outcome that was reworded, by its id."""
    return remembered(session, "wordings", lambda: _read(session))


def asked_with(found: Wordings, measure: str, version: int) -> str | None:
    """That a score was asked with an earlier wording, in words; None: with the one in use, or it is no answer."""
    if measure not in ASKED or version >= found.version:
        return None
    other = found.meaning(version) != found.meaning(found.version)
    return f"asked with version {version}’s wording" + (", which meant something else" if other else "")


def _read(session: Session) -> dict[int, Wordings]:
    versions = session.execute(select(Outcome.id, Outcome.version).where(Outcome.version > 1)).tuples().all()
    marked: defaultdict[int, list[int]] = defaultdict(list)
    query = select(DefinitionVersion.object_id, DefinitionVersion.version).where(
        DefinitionVersion.kind == "outcome", DefinitionVersion.new_meaning
    )
    for outcome_id, version in session.execute(query.order_by(DefinitionVersion.version)):
        marked[outcome_id].append(version)
    return {outcome_id: Wordings(version, tuple(marked[outcome_id])) for outcome_id, version in versions}
