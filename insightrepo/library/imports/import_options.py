"""What a user says of an import: columns of tables, and what overrides the reading of a study."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.dates import Moment, parse_moment
from insightrepo.accounts.access import Forbidden, Reader
from insightrepo.accounts.audit import record
from insightrepo.models import Study, Term
from insightrepo.taxonomy.reading import UnknownTerm, find_term

if TYPE_CHECKING:
    from insightrepo.library.imports.column_choice import TableChoice

AXES = ("product", "segment")
TEXTS = {"method": 80, "level": 20, "sensitivity": 20, "stage": 20, "sharing_terms": 2_000}  # characters of each
NAMED = 5  # terms of a scope that a refusal names
STUDY_VALUES = ("date", *AXES)  # options that name a column, or else a value of the study


def may_change(study: Study, reader: Reader) -> bool:
    """Whether the reader is a contributor who owns the study, or a researcher; a viewer changes nothing."""
    own = study.owner_id == reader.user_id and reader.at_least("contributor")
    return own or reader.at_least("researcher")


@dataclass(frozen=True)
class ImportOptions:
    """Options of one import.

    `columns` maps a role (text, date, respondent, segment, product, rating, question, labels) to what the user typed:
    in a table that has such a column it is the column. `date`, `segment` and `product` that no column bears are the
    study's own. Empty or None: as read.
    """

    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    mapping: Path | None = None
    dry_run: bool = False
    study_title: str | None = None
    method: str | None = None
    level: str | None = None
    sensitivity: str | None = None
    publish: bool = False
    stage: str | None = None
    started: Moment | None = None
    ended: dt.date | None = None
    participants_n: int | None = None
    sharing_terms: str | None = None
    products: tuple[str, ...] = ()  # codes of the study's own, whatever columns there are
    segments: tuple[str, ...] = ()
    team_id: int | None = None
    study_key: str | None = None  # of the study that the files are added to
    job_id: int | None = None  # of an import in the browser: it sets facts on studies that it makes, and on no other
    tables: Mapping[str, Sequence[TableChoice]] = field(default_factory=dict)  # by the name of a file, in its order
    columns_used: set[str] = field(default_factory=set)  # of `columns`, what some table had; noted while reading
    shared_respondents: bool = False  # respondent ids are those of the waves of answers; else the study's own

    def apply_to(self, session: Session, study: Study, reader: Reader) -> None:
        """Set on a study what the user asked for; the caller has made sure that the reader may change it."""
        values = {name: value for name, most in TEXTS.items() if (value := str(getattr(self, name) or "")[:most])}
        terms = {axis: self._terms(session, axis) for axis in ("product", "segment")}
        moment = self._moment()
        for name, value in values.items():
            setattr(study, name, value)
        if terms["product"]:
            study.products = terms["product"]
        if terms["segment"]:
            study.segments = terms["segment"]
        if moment:
            study.started_on, study.date_precision = moment.day, moment.precision
        self._apply_numbers(study)
        if self.publish and study.state == "draft":
            study.state = "published"
            record(session, reader.user_id, "study.publish", f"study:{study.id}")

    def _apply_numbers(self, study: Study) -> None:
        if self.ended:
            study.ended_on = self.ended
        if self.participants_n is not None:
            study.participants_n = self.participants_n
        if self.team_id is not None:
            study.team_id = self.team_id

    def require_seen_after(self, session: Session, reader: Reader, new: bool) -> None:
        """Refuse options with which the reader would not see the study that they import; `new`: there is none yet.

        Clearance and scopes bind owners too, so an import beyond them could neither be seen nor resumed by its user.

        Raises:
            Forbidden: the reader would not; the message names the option.
        """
        if self.sensitivity and self.sensitivity not in reader.sensitivities:
            cleared = reader.sensitivities[-1]
            raise Forbidden(f"the sensitivity {self.sensitivity} is above your clearance, which is {cleared}")
        for axis, scope in (("product", reader.products), ("segment", reader.segments)):
            if scope is None:
                continue
            named = {term.id for term in self._terms(session, axis)}
            if (named or new) and not named & scope:
                codes = ", ".join(sorted(session.scalars(select(Term.code).where(Term.id.in_(scope))))[:NAMED])
                raise Forbidden(
                    f"you see studies of a {axis} within your scope only: choose one of them for the study "
                    f"(--{axis}: {codes})"
                )

    def _terms(self, session: Session, axis: str) -> list[Term]:
        """The terms that the option names; a text that is meant as a column names none."""
        found = []
        for text in self._values(axis):
            with suppress(UnknownTerm):
                found.append(find_term(session, axis, text))
        return found

    def _moment(self) -> Moment | None:
        if self.started:
            return self.started
        for text in self._values("date"):
            with suppress(ValueError):
                return parse_moment(text)
        return None

    def _values(self, role: str) -> list[str]:
        """What was named for a role and is no column: a column that is called as a term sets no study's access."""
        own = {"product": self.products, "segment": self.segments}.get(role, ())
        return [*own, *(text for text in self.columns.get(role, ()) if text not in self.columns_used)]

    def unused(self, session: Session) -> list[str]:
        """What the user named that is neither a column of the tables read nor a value that fits, in words."""
        known = {
            axis: {text for text in self.columns.get(axis, ()) if self._is_term(session, axis, text)} for axis in AXES
        }
        fitting = {"date": "a date", "product": "a known product", "segment": "a known segment"}
        return [
            f"--{role} {text}: neither a column of the tables read nor {fitting[role]}"
            for role in STUDY_VALUES
            for text in self.columns.get(role, ())
            if text not in self.columns_used
            and text not in known.get(role, ())
            and not (role == "date" and self._moment())
        ]

    def _is_term(self, session: Session, axis: str, text: str) -> bool:
        try:
            return bool(find_term(session, axis, text))
        except UnknownTerm:
            return False
