"""The register's writing and reading on both databases: one outcome from its first words to its successor."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from insightrepo.library.terms.grounding import grounding
from insightrepo.library.terms.merging import retire
from insightrepo.library.terms.outcome_context import read_context
from insightrepo.models import Outcome, Segment, User
from insightrepo.taxonomy.applicability import applicability, not_applicable, set_applicability
from insightrepo.taxonomy.editing import EditRefused, OutcomeDraft, change_outcome, choices, create_outcome, mark
from insightrepo.taxonomy.impact import impact
from insightrepo.taxonomy.life_cycle import change_status
from insightrepo.taxonomy.versions import restore, versions


def test_an_outcome_is_written_changed_limited_validated_restored_and_replaced(workspace, ada):
    database = workspace.database
    with database.writing() as session:
        session.add_all([Segment(code=code, name=code, dimension="children") for code in ("small", "big")])
    draft = OutcomeDraft("A-1", "Agree on dates", "in less time", segments=("small",), owner="ADA@example.com")
    with database.writing() as session:
        create_outcome(session, ada, draft)
        create_outcome(session, ada, OutcomeDraft("A-2", "Agree on a place", "in less time"))
        with pytest.raises(EditRefused, match="another outcome has this code"):
            create_outcome(session, ada, OutcomeDraft("a-1", "Agree", "soon"))
    with database.reading() as session:
        first = session.scalars(select(Outcome).where(Outcome.code == "A-1")).one()
        assert session.get_one(User, first.owner_id).email == "ada@example.com"
        assert [name for name, _ in choices(session, ada).segments] == ["children"]
        seen = mark(first)
    with database.writing() as session:
        words = OutcomeDraft("A-1", "Agree on a week", "in less time", segments=("small", "big"), seen=seen)
        _, changed = change_outcome(session, ada, "A-1", words)
        assert changed == {"job", "name", "segments", "owner_id"}
    with database.writing() as session:
        assert set_applicability(session, ada, {"A-1": ("small",)}) == ("A-1",)
        assert [len(segments) for segments in not_applicable(session).values()] == [1]
        assert applicability(session, ada).segments == ("small", "big")
    with database.writing() as session:
        term = change_status(session, ada, "A-1", "validated", "asked of 2,000")
        assert restore(session, term, 1, ada.user_id)
        assert [version.version for version in versions(session, term)] == [3, 2, 1]
        assert [use.kind for use in impact(session, ada, term)] == ["segment it is limited to"]
        assert grounding(session, ada, term.id).ungrounded
        retire(session, ada, "A-1", "asked as A-2", "A-2")
    with database.reading() as session:
        before, after = read_context(session, ada, "a-1"), read_context(session, ada, "A-2")
    assert [step.words for step in before.steps] == [
        "validated → retired",
        "candidate → validated",
        "made as candidate",
    ]
    assert [relative.code for relative in before.successors] == ["A-2"]
    assert [(relative.code, chip) for relative, chip in after.before] == [("A-1", None)]
