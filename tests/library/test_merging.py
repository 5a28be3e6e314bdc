"""Merging outcomes: what people and imports said goes along, machines judge anew, nothing comes twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from contents import add_taxonomy, bring, the_one
from sqlalchemy import select

from insightrepo.accounts.access import Reader
from insightrepo.library.indexing.checking import check
from insightrepo.library.tagging.tagging import vote
from insightrepo.library.terms import merging
from insightrepo.models import Outbox, StatusChange, Tag, Term, Vote
from insightrepo.taxonomy.life_cycle import StepRefused
from insightrepo.workspace import Workspace

COLUMNS = {"text": "comment", "respondent": "who", "labels": "themes"}
FEED = """id,who,comment,themes
v1,c1,Nothing to do at the stops.,CALM
v2,c2,The fee at the gate was a shock.,COST
v3,c3,Two fees and a boring playground.,CALM
"""


@pytest.fixture
def tagged(workspace: Workspace, ada: Reader, tmp_path: Path) -> Workspace:
    """Three rows; the data says CALM of two and COST of one; ada says no to CALM on the third."""
    add_taxonomy(workspace, ada)
    (tmp_path / "feed.csv").write_text(FEED)
    bring(workspace, ada, tmp_path / "feed.csv", publish=True, **COLUMNS)
    vote(workspace, ada, the_one(workspace, "Two fees").id, "outcome", "CALM", in_favour=False)
    return workspace


def spoken(workspace: Workspace, code: str) -> set[tuple]:
    with workspace.database.reading() as session:
        rows = session.execute(
            select(Vote.evidence_id, Vote.source_key, Vote.in_favour, Vote.reason)
            .join(Term, Term.id == Vote.term_id)
            .where(Term.code == code, Vote.source.in_(("person", "import")))
        )
        return {(number, key, favour, reason.get("merged_from")) for number, key, favour, reason in rows}


def states(workspace: Workspace, code: str) -> dict[int, str]:
    with workspace.database.reading() as session:
        query = select(Tag.evidence_id, Tag.state).join(Term, Term.id == Tag.term_id).where(Term.code == code)
        return dict(session.execute(query.where(Tag.origin.in_(("person", "import")))).tuples().all())


def test_votes_of_people_and_imports_hold_for_the_successor_with_where_they_came_from(tagged: Workspace, ada: Reader):
    first, third = the_one(tagged, "Nothing to do").id, the_one(tagged, "Two fees").id
    assert merging.merge(tagged, ada, ["CALM"], "COST", "people do not tell them apart") == 3
    carried = {vote for vote in spoken(tagged, "COST") if vote[3]}
    assert {(number, key.partition(":")[0], favour) for number, key, favour, _ in carried} == {
        (first, "import", True),
        (third, "import", True),
        (third, "person", False),
    }
    assert states(tagged, "COST") == {
        first: "accepted",
        the_one(tagged, "The fee").id: "accepted",
        third: "rejected",
    }
    with tagged.database.reading() as session:
        assert session.scalar(select(Term.status).where(Term.code == "CALM")) == "retired"
        assert session.scalars(select(StatusChange.reason).order_by(StatusChange.id.desc())).first() == (
            "people do not tell them apart"
        )
        assert session.scalars(select(Outbox)).all() == []  # the indexes hold it
    assert check(tagged) == []


def test_the_same_merge_again_carries_nothing_twice(tagged: Workspace, ada: Reader):
    merging.merge(tagged, ada, ["CALM"], "COST", "so")
    before = spoken(tagged, "COST")
    assert merging.merge(tagged, ada, ["CALM"], "COST", "so") == 0
    assert spoken(tagged, "COST") == before


def test_a_merge_that_was_interrupted_is_finished_by_the_next(tagged: Workspace, ada: Reader, monkeypatch):
    monkeypatch.setattr(merging, "_carry", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        merging.merge(tagged, ada, ["CALM"], "COST", "so")
    monkeypatch.undo()
    assert merging.merge(tagged, ada, ["CALM"], "COST", "so") == 3


def test_a_refused_merge_changes_nothing(tagged: Workspace, ada: Reader):
    before = spoken(tagged, "COST")
    with pytest.raises(StepRefused, match="would follow itself"):
        merging.merge(tagged, ada, ["CALM", "COST"], "COST", "so")
    with tagged.database.reading() as session:
        assert set(session.scalars(select(Term.status).where(Term.code.in_(("CALM", "COST"))))) == {"active"}
    assert spoken(tagged, "COST") == before


def test_data_that_names_a_merged_outcome_speaks_of_its_successor(tagged: Workspace, ada: Reader, tmp_path: Path):
    merging.merge(tagged, ada, ["CALM"], "COST", "so")
    (tmp_path / "later.csv").write_text("id,who,comment,themes\nw1,d1,We were bored for hours.,CALM\n")
    bring(tagged, ada, tmp_path / "later.csv", publish=True, **COLUMNS)
    number = the_one(tagged, "We were bored").id
    assert number in states(tagged, "COST")
    assert number not in states(tagged, "CALM")
