"""The facts that people set on a study: title, dates, people, products, sensitivity, owner; and who may set them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.redact import Redactor
from insightrepo.accounts.access import Reader, visible_terms
from insightrepo.accounts.audit import record
from insightrepo.library.imports.study_facts import on_evidence, renew_evidence
from insightrepo.library.indexing.indexing import enqueue
from insightrepo.library.studies.study_states import seen_study
from insightrepo.models import Evidence, Product, Segment, Study, Team, User

STAGES = ("concept", "prototype", "beta", "live")


class FactsRefused(ValueError):
    """The study cannot have these facts; the first argument is the field, the second says why."""


@dataclass(frozen=True)
class StudyFacts:
    """What a person may set on a study. `products` and `segments` are codes."""

    title: str
    method: str = ""
    started_on: dt.date | None = None
    ended_on: dt.date | None = None
    date_precision: str | None = None
    participants_n: int | None = None
    level: str | None = None
    stage: str = ""
    sensitivity: str = "internal"
    sharing_terms: str = ""
    products: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    owner_id: int | None = None
    team_id: int | None = None


PLAIN = ("title", "method", "started_on", "ended_on", "date_precision", "participants_n", "level", "stage",
         "sensitivity", "sharing_terms", "owner_id", "team_id")  # fmt: skip


def facts_now(study: Study) -> StudyFacts:
    """The facts of a study as they are."""
    return StudyFacts(
        **{name: getattr(study, name) for name in PLAIN},
        products=tuple(term.code for term in study.products),
        segments=tuple(term.code for term in study.segments),
    )


def choices(session: Session, reader: Reader) -> dict[str, list[tuple[str, str]]]:
    """What can be chosen, as (value, label): products and segments within the reader's scope, owners, teams."""
    found: dict[str, list[tuple[str, str]]] = {}
    for axis, model, scope in (("products", Product, reader.products), ("segments", Segment, reader.segments)):
        query = select(model.id, model.code, model.name).where(
            model.id.in_(visible_terms(reader)), model.status != "retired"
        )
        rows = session.execute(query.order_by(model.name)).all()
        found[axis] = [(row.code, row.name) for row in rows if scope is None or row.id in scope]
    teams = select(Team.id, Team.name).order_by(Team.name)
    if not reader.at_least("administrator"):
        teams = teams.where(Team.id.in_(reader.teams))
    found["teams"] = [(str(row.id), row.name) for row in session.execute(teams)]
    people = select(User.id, User.name, User.email).where(User.active).order_by(User.name, User.id)
    found["owners"] = [(str(row.id), row.name or row.email) for row in session.execute(people)]
    return found


def edit_study(session: Session, reader: Reader, study_id: int, facts: StudyFacts, redactor: Redactor) -> list[str]:
    """Set the facts of a study, its texts redacted; the names of those that changed.

    Raises:
        NotVisible, Forbidden: as `seen_study`.
        FactsRefused: a fact is wrong, or the reader would not see the study any more.
    """
    study = seen_study(session, reader, study_id, lock=True)
    title, method, terms = (redactor.redact(text).text for text in (facts.title, facts.method, facts.sharing_terms))
    facts = replace(facts, title=title, method=method, sharing_terms=terms)
    _check(session, reader, study, facts)
    before, was = facts_now(study), on_evidence(study)
    for name in PLAIN:
        setattr(study, name, getattr(facts, name))
    study.products = _terms(session, Product, facts.products)
    study.segments = _terms(session, Segment, facts.segments)
    changed = [name for name in (*PLAIN, "products", "segments") if getattr(before, name) != getattr(facts, name)]
    if not changed:
        return []
    session.flush()
    renew_evidence(session, study, was)
    if "title" in changed:  # it is searched too
        live = select(Evidence.id).where(Evidence.study_id == study.id, Evidence.withdrawn.is_(False))
        enqueue(session, session.scalars(live))
    record(session, reader.user_id, "study.edit", f"study:{study.id}", changed=changed)
    return changed


def _check(session: Session, reader: Reader, study: Study, facts: StudyFacts) -> None:
    if not facts.title.strip():
        raise FactsRefused("title", "give the study a title")
    if facts.started_on and facts.ended_on and facts.ended_on < facts.started_on:
        raise FactsRefused("ended", "it cannot end before it began")
    if facts.sensitivity not in reader.sensitivities:
        raise FactsRefused("sensitivity", f"this is above your clearance, which is {reader.sensitivities[-1]}")
    if facts.participants_n is not None and not 0 <= facts.participants_n < 2**31:
        raise FactsRefused("participants_n", "write a whole number of people")
    for field, model, codes, scope in (
        ("products", Product, facts.products, reader.products), ("segments", Segment, facts.segments, reader.segments)
    ):  # fmt: skip
        named = {term.id for term in _terms(session, model, codes)}
        if scope is not None and not named & scope:
            raise FactsRefused(field, "choose one within your scope, or you would not see the study any more")
    if facts.team_id not in (None, study.team_id, *reader.teams) and not reader.at_least("administrator"):
        raise FactsRefused("team", "choose a team that you are in")


def _terms(session: Session, model: type[Product] | type[Segment], codes: Sequence[str]) -> list:
    return list(session.scalars(select(model).where(model.code.in_(codes)).order_by(model.id))) if codes else []
