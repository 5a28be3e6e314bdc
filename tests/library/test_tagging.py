"""Votes and the tags they decide: people, imports, rules, words and heads, in the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from contents import TAXONOMY, add_taxonomy, ask, bring, evidence, tables, tags, the_one, votes
from sqlalchemy import select

from indexes.hashing import HashingEmbedder
from insightrepo.accounts.access import Forbidden, Reader, reader_for
from insightrepo.accounts.users import add_user
from insightrepo.library.indexing.checking import check
from insightrepo.library.indexing.indexing import drain
from insightrepo.library.tagging.retagging import retag
from insightrepo.library.tagging.tagging import NotThere, _remembering, remove_votes, settle, vote
from insightrepo.library.tagging.training import train_heads
from insightrepo.models import Head, Tag, Term, Vote
from insightrepo.taxonomy.reading import UnknownTerm
from insightrepo.workspace import Workspace

Person = Callable[[str], Reader]
COLUMNS = {"text": "comment", "respondent": "who", "labels": "themes", "product": "part"}
FEED = """id,who,comment,themes,part
v1,c1,The stops were boring for our kids.,,
v2,c2,The fee at the gate was a shock.,,
v3,c3,Two fees and a boring playground.,CALM,maps
v4,c4,We liked the maps a lot.,COST,
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def tagged(workspace: Workspace, ada: Reader, tmp_path: Path) -> Workspace:
    """A feed of four rows, tagged by rules, words and the labels that came with it."""
    add_taxonomy(workspace, ada)
    bring(workspace, ada, write(tmp_path / "feed.csv", FEED), publish=True, **COLUMNS)
    return workspace


def spoken(workspace: Workspace, *sources: str) -> set[tuple]:
    """The votes of these sources as values, rows and moments left out."""
    with workspace.database.reading() as session:
        rows = session.scalars(select(Vote).where(Vote.source.in_(sources)))
        return {(v.evidence_id, v.term_id, v.source_key, v.in_favour, v.effect, str(v.reason)) for v in rows}


def decided(workspace: Workspace) -> set[tuple]:
    """All tags as values."""
    with workspace.database.reading() as session:
        return {(tag.evidence_id, tag.term_id, tag.state, tag.origin) for tag in session.scalars(select(Tag))}


def count(workspace: Workspace, reader: Reader, code: str) -> int:
    """What the facet of outcomes says of a term."""
    return {value.value: value.count for value in ask(workspace, reader).facets["outcome"]}.get(code, 0)


# ---- people


def test_a_removed_tag_does_not_come_back(tagged: Workspace, ada: Reader, tmp_path: Path) -> None:
    first = the_one(tagged, "our kids").id
    assert tags(tagged, first)["STOP"] == ("automatic", "rule")
    vote(tagged, ada, first, "outcome", "STOP", False)
    retag(tagged)
    assert tags(tagged, first)["STOP"] == ("rejected", "person")
    bring(tagged, ada, tmp_path / "feed.csv", **COLUMNS)
    longer = FEED.replace("boring for our kids", "boring, again, for our kids") + "v5,c5,Boring!,,\n"
    bring(tagged, ada, write(tmp_path / "feed.csv", longer), **COLUMNS)
    add_taxonomy(tagged, ada, TAXONOMY.replace("[boring, playground]", "[boring, again]"))
    assert ("rule", "STOP", True, 2) in votes(tagged, first)
    assert tags(tagged, first)["STOP"] == ("rejected", "person")
    assert first not in {hit.id for hit in ask(tagged, ada, filters={"outcome": ("STOP",)}).hits}


def test_a_person_outranks_an_import_and_an_import_the_machines(tagged: Workspace, ada: Reader) -> None:
    liked, both = the_one(tagged, "liked").id, the_one(tagged, "Two fees").id
    assert tags(tagged, liked)["COST"] == ("accepted", "import")
    vote(tagged, ada, liked, "outcome", "COST", False)
    assert tags(tagged, liked)["COST"] == ("rejected", "person")
    vote(tagged, ada, both, "outcome", "COST", True)
    assert tags(tagged, both)["COST"] == ("accepted", "person")
    assert tags(tagged, both)["CALM"] == ("accepted", "import")  # the policy manual binds machines only


def test_a_person_may_think_again_and_has_one_vote(tagged: Workspace, ada: Reader) -> None:
    first = the_one(tagged, "our kids").id
    for in_favour, state in ((False, "rejected"), (True, "accepted"), (False, "rejected")):
        vote(tagged, ada, first, "outcome", "STOP", in_favour)
        assert tags(tagged, first)["STOP"] == (state, "person")
    assert votes(tagged, first, "person") == [("person", "STOP", False, 1)]


def test_counts_in_search_change_right_after_a_vote(tagged: Workspace, ada: Reader) -> None:
    before = count(tagged, ada, "STOP")
    vote(tagged, ada, the_one(tagged, "our kids").id, "outcome", "STOP", False)
    assert count(tagged, ada, "STOP") == before - 1
    vote(tagged, ada, the_one(tagged, "liked").id, "outcome", "STOP", True)
    assert count(tagged, ada, "STOP") == before
    verified = ask(tagged, ada, filters={"outcome": ("STOP",)}, verified=True)
    assert [hit.id for hit in verified.hits] == [the_one(tagged, "liked").id]
    assert check(tagged) == []


@pytest.mark.parametrize("name", ["vera", "carl"])
def test_who_is_no_researcher_does_not_vote(fresh: Workspace, person: Person, tmp_path: Path, name: str) -> None:
    add_taxonomy(fresh, person("ada"))
    bring(fresh, person("ada"), write(tmp_path / "feed.csv", FEED), publish=True, **COLUMNS)
    with pytest.raises(Forbidden, match="researcher"):
        vote(fresh, person(name), 1, "outcome", "STOP", True)


def test_nobody_votes_on_what_they_may_not_see_or_with_a_term_that_is_not_there(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    add_taxonomy(fresh, person("ada"))
    bring(fresh, person("ada"), write(tmp_path / "feed.csv", FEED), **COLUMNS)  # a draft of hers
    before = tables(fresh)
    with pytest.raises(NotThere):
        vote(fresh, person("rita"), 1, "outcome", "STOP", True)
    with pytest.raises(NotThere):
        vote(fresh, person("ada"), 999, "outcome", "STOP", True)
    with pytest.raises(UnknownTerm):
        vote(fresh, person("ada"), 1, "outcome", "NOPE", True)
    assert tables(fresh) == before


# ---- rules


def test_a_rule_that_goes_takes_its_votes_along_and_nothing_else(tagged: Workspace, ada: Reader) -> None:
    vote(tagged, ada, the_one(tagged, "our kids").id, "outcome", "CALM", True)
    retag(tagged)  # what was accepted is an example from now on
    with tagged.database.reading() as session:
        stop = session.scalars(select(Term.id).where(Term.code == "STOP")).one()
    rules, others = spoken(tagged, "rule"), spoken(tagged, "person", "import", "words")
    assert any(term == stop for _, term, *_ in rules)
    without = TAXONOMY.replace("    rules:\n      - any: [boring, playground]\n", "")
    add_taxonomy(tagged, ada, without)
    assert spoken(tagged, "rule") == {row for row in rules if row[1] != stop}
    assert spoken(tagged, "person", "import", "words") == others
    assert "STOP" not in {
        code for code, (state, _) in tags(tagged, the_one(tagged, "our kids").id).items() if state == "automatic"
    }
    assert ask(tagged, ada, filters={"outcome": ("STOP",)}).total == 0
    add_taxonomy(tagged, ada)
    assert ask(tagged, ada, filters={"outcome": ("STOP",)}).total == 2
    assert check(tagged) == []


def test_a_term_that_is_retired_gets_no_votes_of_machines(tagged: Workspace, ada: Reader) -> None:
    add_taxonomy(tagged, ada, TAXONOMY.replace("    category: Plan", "    category: Plan\n    status: retired"))
    assert votes(tagged, the_one(tagged, "our kids").id, "rule") == []
    assert count(tagged, ada, "STOP") == 0


def test_tagging_again_changes_nothing(tagged: Workspace) -> None:
    retag(tagged)  # the labels that came with the feed are examples from now on
    before = tables(tagged, without=["job"])  # a job says that it was done
    assert retag(tagged) == 0
    assert tables(tagged, without=["job"]) == before


# ---- heads


def labelled(rows: int) -> str:
    """A feed of three themes with words of their own, every third row of a theme without its label."""
    about = {
        "STOP": "we stopped at a farm with goats and swings and ice cream number",
        "COST": "the invoice listed a toll and a deposit and an unknown surcharge of",
        "CALM": "they quarrelled and shouted in the rear until mile",
    }
    lines = ["id,who,comment,themes,part"]
    for number in range(rows):
        for code, words in about.items():
            label = "" if number % 3 == 2 else code
            lines.append(f"{code}{number},c{code}{number},{words} {number},{label},")
    return "\n".join(lines) + "\n"


def test_heads_are_trained_vote_with_reasons_and_can_be_rolled_back(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    ada = person("ada")
    add_taxonomy(fresh, ada, TAXONOMY.replace("    policy: manual\n", ""))
    bring(fresh, ada, write(tmp_path / "feed.csv", labelled(36)), publish=True, **COLUMNS)
    retag(fresh)
    tags_before, words_before = decided(fresh), spoken(fresh, "rule", "words")

    assert train_heads(fresh) == {"STOP": 24, "COST": 24, "CALM": 24}
    assert retag(fresh) > 0
    with fresh.database.reading() as session:
        heads = list(session.scalars(select(Head)))
        cast = list(session.scalars(select(Vote).where(Vote.source == "head")))
    assert {vote.source_key for vote in cast} == {f"head:{head.id}" for head in heads}
    without_label = [row.id for row in evidence(fresh) if "farm" in row.text][2::3]
    assert {tags(fresh, i)["STOP"][1] for i in without_label} == {"head"}
    for given in cast:
        assert given.reason["probability"] >= given.reason["threshold"]
        assert len(given.reason["examples"]) == 3
    hit = next(hit for hit in ask(fresh, ada, "farm", mode="keyword", limit=100).hits if hit.id in without_label)
    (tag,) = (tag for tag in hit.tags if tag.code == "STOP")
    assert tag.origin == "head"
    assert any("the trained model gives" in shown.because for shown in tag.votes)

    with fresh.database.writing() as session:
        for head in session.scalars(select(Head)):
            head.active = False
        settle(session, sorted(remove_votes(session, [f"head:{head.id}" for head in heads])))
    assert spoken(fresh, "head") == set()
    retag(fresh)
    assert (decided(fresh), spoken(fresh, "rule", "words")) == (tags_before, words_before)
    assert check(fresh) == []


def test_a_new_training_switches_the_earlier_heads_off_and_keeps_them(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    add_taxonomy(fresh, person("ada"))
    bring(fresh, person("ada"), write(tmp_path / "feed.csv", labelled(12)), **COLUMNS)
    train_heads(fresh)
    train_heads(fresh)
    retag(fresh)
    with fresh.database.reading() as session:
        active = list(session.scalars(select(Head.active).order_by(Head.id)))
        keys = set(session.scalars(select(Vote.source_key).where(Vote.source == "head")))
    assert active == [False] * 3 + [True] * 3
    assert keys <= {"head:4", "head:5", "head:6"}


def test_too_few_examples_train_nothing(tagged: Workspace) -> None:
    assert train_heads(tagged) == {}


# ---- access


def test_a_machine_s_tag_gives_no_access_and_a_rejected_one_takes_none(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    ada = person("ada")
    add_taxonomy(
        fresh, ada, TAXONOMY.replace("{code: maps, name: Maps}", "{code: maps, name: Maps, rules: [{any: [maps]}]}")
    )
    bring(fresh, ada, write(tmp_path / "feed.csv", FEED), publish=True, study_title="Unset", **COLUMNS)
    set_to = write(tmp_path / "other.csv", "id,who,comment,themes,part\nw1,c9,The maps were too small.,,\n")
    bring(fresh, ada, set_to, publish=True, study_title="Set", **COLUMNS | {"product": ("part", "maps")})
    with fresh.database.writing() as session:
        user = add_user(session, "sam@example.com", "viewer", "a long enough password", scopes=("product:maps",))
        sam = reader_for(session, user)
    liked, small = the_one(fresh, "We liked the maps").id, the_one(fresh, "too small").id
    assert tags(fresh, liked)["maps"] == ("automatic", "rule")
    assert [hit.id for hit in ask(fresh, sam).hits] == [small]
    vote(fresh, ada, small, "product", "maps", False)
    vote(fresh, ada, liked, "product", "maps", True)
    assert [hit.id for hit in ask(fresh, sam).hits] == [small]
    assert len(evidence(fresh)) == 5


def test_what_two_changes_enqueue_is_drained_once_and_left_nothing(tagged: Workspace, ada: Reader) -> None:
    assert drain(tagged) == 0
    with tagged.database.writing() as session:
        ids = [row.id for row in evidence(tagged)]
        session.query(Vote).filter(Vote.source == "rule").delete()
        assert settle(session, ids) == {i for i in ids if the_one(tagged, "liked").id != i}
    assert drain(tagged) == 3
    assert count(tagged, ada, "STOP") == 0
    assert check(tagged) == []


class ClearedMeanwhile(HashingEmbedder):
    """While it embeds, another thread finds that too much is kept."""

    def __init__(self, kept: dict[str, np.ndarray]) -> None:
        super().__init__()
        self.kept = kept

    def embed_documents(self, texts: Sequence[str]) -> np.ndarray:
        self.kept.clear()
        return super().embed_documents(texts)


def test_words_are_embedded_while_another_thread_clears_what_is_kept(workspace: Workspace) -> None:
    embed = _remembering(workspace, ClearedMeanwhile(workspace.term_vectors))
    first = embed(["a fee", "a gate"])
    again = embed(["a gate", "a stop", "a fee", "a gate"])
    assert np.array_equal(again[[2, 0, 3]], first[[0, 1, 1]])
