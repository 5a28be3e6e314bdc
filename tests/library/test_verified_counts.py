"""With `verified`, facets and outcomes count the tags that a person or an import stands behind, and only those."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from contents import ask
from sqlalchemy import select

from insightrepo.models import Evidence, Outcome, Tag, Term

if TYPE_CHECKING:
    from conftest import Library


def counted(library: Library, *states: str) -> Counter[str]:
    """Evidence by outcome, of tags in these states."""
    with library.workspace.database.reading() as session:
        query = select(Term.code).join(Tag, Tag.term_id == Term.id).join(Evidence, Evidence.id == Tag.evidence_id)
        outcomes = Term.id.in_(select(Outcome.id))
        return Counter(session.scalars(query.where(outcomes, Tag.state.in_(states), Evidence.withdrawn.is_(False))))


def test_without_a_term_filter_verified_changes_the_counts_and_not_the_hits(library: Library) -> None:
    reader = library.readers["ada"]
    shown = {sure: ask(library.workspace, reader, verified=sure) for sure in (False, True)}
    assert shown[True].total == shown[False].total
    facets = {sure: {v.value: v.count for v in result.facets["outcome"]} for sure, result in shown.items()}
    sure = counted(library, "accepted")
    assert sure == {code: n for code, n in facets[True].items() if n}
    assert sum(facets[True].values()) < sum(facets[False].values())
    assert {spoken.code: spoken.hits for spoken in shown[True].outcomes} == sure
    assert sum(v.count for v in shown[True].facets["category"]) < sum(v.count for v in shown[False].facets["category"])


def test_with_a_term_filter_the_facet_of_the_term_counts_every_hit(library: Library) -> None:
    result = ask(library.workspace, library.readers["ada"], filters={"outcome": ("STOP",)}, verified=True)
    (stop,) = (value for value in result.facets["outcome"] if value.value == "STOP")
    assert stop.count == result.total > 0
