"""What a user says of an import: columns of tables, and what overrides the reading of a study."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.orm import Session

from ingest.dates import Moment, parse_moment
from insightrepo.accounts.access import Forbidden, Reader
from insightrepo.accounts.audit import record
from insightrepo.models import Study, Term
from insightrepo.taxonomy.reading import UnknownTerm, find_term

AXES = ("product", "segment")
STUDY_VALUES = ("date", *AXES)  # options that name a column, or else a value of the study


def require_may_change(study: Study, reader: Reader) -> None:
    """Raises Forbidden unless the reader owns the study or is a researcher."""
    if study.owner_id != reader.user_id and not reader.at_least("researcher"):
        raise Forbidden(f"the study {study.title!r} belongs to somebody else; a researcher may change it")


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
    shared_respondents: bool = False  # respondent ids are those of the waves of answers; else the study's own

    def apply_to(self, session: Session, study: Study, reader: Reader) -> None:
        """Set on a study what the user asked for.

        Raises:
            Forbidden: the reader neither owns the study nor is a researcher.
        """
        values = {name: value for name in ("method", "level", "sensitivity") if (value := getattr(self, name))}
        terms = {axis: self._terms(session, axis) for axis in ("product", "segment")}
        moment = self._moment()
        if not (values or self.publish or any(terms.values()) or moment):
            return
        require_may_change(study, reader)
        for name, value in values.items():
            setattr(study, name, value[:80])
        if terms["product"]:
            study.products = terms["product"]
        if terms["segment"]:
            study.segments = terms["segment"]
        if moment:
            study.started_on, study.date_precision = moment.day, moment.precision
        if self.publish and study.state == "draft":
            study.state = "published"
            record(session, reader.user_id, "study.publish", f"study:{study.id}")

    def _terms(self, session: Session, axis: str) -> list[Term]:
        """The terms that the option names; a text that is meant as a column names none."""
        found = []
        for text in self.columns.get(axis, ()):
            with suppress(UnknownTerm):
                found.append(find_term(session, axis, text))
        return found

    def _moment(self) -> Moment | None:
        for text in self.columns.get("date", ()):
            with suppress(ValueError):
                return parse_moment(text)
        return None

    def unused(self, session: Session, columns_used: set[str]) -> list[str]:
        """What the user named that is neither a column of the tables read nor a value that fits, in words."""
        known = {
            axis: {text for text in self.columns.get(axis, ()) if self._is_term(session, axis, text)} for axis in AXES
        }
        return [
            f"--{role} {text}: neither a column of the tables read nor {'a date' if role == 'date' else 'a known ' + role}"
            for role in STUDY_VALUES
            for text in self.columns.get(role, ())
            if text not in columns_used and text not in known.get(role, ()) and not (role == "date" and self._moment())
        ]

    def _is_term(self, session: Session, axis: str, text: str) -> bool:
        try:
            return bool(find_term(session, axis, text))
        except UnknownTerm:
            return False
