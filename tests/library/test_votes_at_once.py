"""People who vote on one piece of evidence at one moment, and machines that vote meanwhile: no word is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from contents import add_taxonomy, bring, tags, the_one
from sqlalchemy import select

from insightrepo.accounts.access import Reader
from insightrepo.library.indexing.checking import check
from insightrepo.library.indexing.indexing import drain
from insightrepo.library.tagging.retagging import retag
from insightrepo.library.tagging.tagging import vote
from insightrepo.models import Tag, Term, Vote
from insightrepo.workspace import Workspace

FEED = "comment\n" + "".join(f"The stops were boring for our kids on day {n}.\n" for n in range(8))


@pytest.fixture
def tagged(workspace: Workspace, ada: Reader, tmp_path: Path) -> Workspace:
    """Eight verbatims that a rule tags with STOP, on SQLite and on PostgreSQL."""
    add_taxonomy(workspace, ada)
    (tmp_path / "feed.csv").write_text(FEED)
    bring(workspace, ada, tmp_path / "feed.csv", text="comment", publish=True)
    return workspace


def at_once(*calls: Callable[[], object]) -> None:
    """Run the calls in threads that start together; fails with the first error of any."""
    start, failures = threading.Barrier(len(calls)), []

    def run(call: Callable[[], object]) -> None:
        start.wait()
        try:
            call()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def people_said(workspace: Workspace, evidence_id: int) -> set[tuple[str, str, bool]]:
    with workspace.database.reading() as session:
        columns = select(Vote.source_key, Term.code, Vote.in_favour).join(Term, Term.id == Vote.term_id)
        return set(session.execute(columns.where(Vote.evidence_id == evidence_id, Vote.source == "person")).tuples())


def test_votes_of_several_people_on_one_tag_at_once_all_count(
    tagged: Workspace, make_reader: Callable[..., Reader]
) -> None:
    number = the_one(tagged, "day 3.").id
    people = [make_reader("researcher") for _ in range(6)]
    for in_favour, state in ((False, "rejected"), (True, "accepted")):
        at_once(
            *[lambda who=who, word=in_favour: vote(tagged, who, number, "outcome", "STOP", word) for who in people],
            *[lambda who=who: vote(tagged, who, number, "outcome", "COST", True) for who in people[:3]],
        )
        drain(tagged, wait_seconds=10)
        expected = {(f"person:{who.user_id}", "STOP", in_favour) for who in people}
        expected |= {(f"person:{who.user_id}", "COST", True) for who in people[:3]}
        assert people_said(tagged, number) == expected
        assert tags(tagged, number)["STOP"] == (state, "person")
        assert tags(tagged, number)["COST"] == ("accepted", "person")
        assert check(tagged) == []


def test_a_person_who_clicks_twice_at_once_has_one_vote(tagged: Workspace, make_reader: Callable[..., Reader]) -> None:
    number, rita = the_one(tagged, "day 3.").id, make_reader("researcher")
    at_once(*[lambda: vote(tagged, rita, number, "outcome", "STOP", False)] * 4)
    assert people_said(tagged, number) == {(f"person:{rita.user_id}", "STOP", False)}
    assert tags(tagged, number)["STOP"] == ("rejected", "person")


def test_a_person_who_votes_while_the_machines_vote_again_is_heard(
    tagged: Workspace, make_reader: Callable[..., Reader]
) -> None:
    numbers = [the_one(tagged, f"day {n}.").id for n in range(8)]
    people = [make_reader("researcher") for _ in range(2)]

    def reject_all(who: Reader) -> None:
        for number in numbers:
            vote(tagged, who, number, "outcome", "STOP", False)

    at_once(lambda: retag(tagged), *[lambda who=who: reject_all(who) for who in people], lambda: retag(tagged))
    drain(tagged, wait_seconds=10)
    for number in numbers:
        assert len(people_said(tagged, number)) == 2
        assert tags(tagged, number)["STOP"] == ("rejected", "person")
    with tagged.database.reading() as session:
        rules = session.scalars(select(Vote.evidence_id).where(Vote.source == "rule"))
        assert sorted(rules) == sorted(numbers)
        assert len(session.scalars(select(Tag.evidence_id).where(Tag.state == "rejected")).all()) == len(numbers)
    assert check(tagged) == []
