"""The studies that a reader may see, as plain values, read once for each state of the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import select, union_all
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader, visible_studies
from insightrepo.memory import remembered
from insightrepo.models import Study
from insightrepo.models.library import study_product, study_segment
from insightrepo.taxonomy.register import seen_terms


class SeenStudy(NamedTuple):
    """A study as hits, filters and facets need it."""

    id: int
    title: str
    method: str
    state: str
    level: str | None


def seen_studies(session: Session, reader: Reader) -> Mapping[int, SeenStudy]:
    """Every study of `accounts.access.visible_studies`, by id."""
    return remembered(session, ("studies", reader), lambda: _read(session, reader))


def _read(session: Session, reader: Reader) -> dict[int, SeenStudy]:
    study = Study.__table__.c
    columns = study.id, study.title, study.method, study.state, study.level
    rows = session.execute(select(*columns).where(study.id.in_(visible_studies(reader))))
    return {row.id: SeenStudy(*row) for row in rows}


def study_labels(session: Session, reader: Reader) -> Mapping[tuple[int, str], tuple[str, ...]]:
    """The names of the segments and products that a person set on each study, by study and axis.

    Terms that the reader may not see are left out.
    """
    terms = seen_terms(session, reader)
    return remembered(session, ("study labels", terms), lambda: _labels(session, terms.by_id))


def _labels(session: Session, terms: Mapping) -> Mapping[tuple[int, str], tuple[str, ...]]:
    labels: defaultdict[tuple[int, str], tuple[str, ...]] = defaultdict(tuple)
    set_on = union_all(select(*study_segment.columns), select(*study_product.columns))
    for study_id, term_id in sorted(tuple(row) for row in session.execute(set_on)):
        if term := terms.get(term_id):
            labels[study_id, term.axis] += (term.name,)
    return labels
