"""What is said of a statement while it is written: warnings with reasons, and outcomes that may be the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_terms
from insightrepo.models import Outcome
from insightrepo.taxonomy.acceptance import Accepted, accepted_warnings, parted
from insightrepo.taxonomy.linter import LintWarning, Statement, lint
from insightrepo.taxonomy.overlap import embed_with, near
from insightrepo.taxonomy.review import product_names
from insightrepo.workspace import Workspace

LONGEST = 2000  # characters of a field that are looked at


@dataclass(frozen=True)
class Neighbour:
    """An outcome that may be the same as what is written. `score` is 0 to 1."""

    code: str
    name: str
    score: float
    shared: tuple[str, ...]


@dataclass(frozen=True)
class Advice:
    """Warnings that speak, those that a person accepted, and the neighbours, the most alike first."""

    warnings: tuple[LintWarning, ...] = ()
    accepted: tuple[tuple[LintWarning, Accepted], ...] = ()
    neighbours: tuple[Neighbour, ...] = ()

    def of(self, field: str) -> tuple[LintWarning, ...]:
        """The warnings on one field: job, success or aliases."""
        return tuple(warning for warning in self.warnings if warning.field == field)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "warnings": [
                {"field": w.field, "code": w.code, "words": w.words, "why": w.why, "advice": w.advice}
                for w in self.warnings
            ],
            "accepted": [{"field": w.field, "code": w.code, "reason": row.reason} for w, row in self.accepted],
            "neighbours": [
                {"code": n.code, "name": n.name, "score": n.score, "shared": list(n.shared)} for n in self.neighbours
            ],
        }


def advise(
    session: Session,
    reader: Reader,
    workspace: Workspace,
    job: str,
    success: str,
    aliases: tuple[str, ...] = (),
    code: str = "",
) -> Advice:
    """Warnings and neighbours of a statement; `code` is the outcome it would be the wording of, empty for a new one.

    Raises:
        Forbidden: the reader is not a researcher.
    """
    reader.require("researcher")
    statement = Statement(_line(job), _line(success), tuple(_line(alias) for alias in aliases if alias.strip()))
    if not statement.job:
        return Advice()
    seen = Outcome.id.in_(visible_terms(reader))
    own = session.scalar(select(Outcome.id).where(func.lower(Outcome.code) == code.lower(), seen)) if code else None
    quiet = accepted_warnings(session, [own]).get(own, ()) if own else ()
    found = lint(statement, product_names(session, reader), workspace.settings.language == "en")
    warnings, accepted = parted(found, quiet)
    rows = session.scalars(select(Outcome).where(seen, Outcome.status != "retired").order_by(Outcome.id))
    others = [row for row in rows if row.id != own]
    alike = near(statement, [Statement(row.job, row.success_measure) for row in others], embed_with(workspace.embedder))
    neighbours = tuple(
        Neighbour(others[pair.second].code, others[pair.second].name, pair.score, pair.shared) for pair in alike
    )
    return Advice(warnings, accepted, neighbours)


def _line(text: str) -> str:
    return " ".join(text[:LONGEST].split())
