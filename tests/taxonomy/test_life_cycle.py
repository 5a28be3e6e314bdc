"""candidate → validated → active → retired: which steps, with which grounds, by whom; who may change what."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from insightrepo.accounts.access import Forbidden
from insightrepo.library.terms.merging import retire, split
from insightrepo.models import AuditEntry, Outcome, Scope, StatusChange, Succession, Team, Term
from insightrepo.taxonomy.history import timeline
from insightrepo.taxonomy.life_cycle import STEPS, StepRefused, change_status
from insightrepo.taxonomy.reading import UnknownTerm
from insightrepo.taxonomy.succession import predecessors, standing_in, successors


def ident(session, code: str) -> int:
    return session.scalars(select(Outcome.id).where(Outcome.code == code)).one()


def test_a_step_keeps_its_reason_its_evidence_who_and_when(register, writing, person):
    with writing() as session:
        change_status(session, person("rita"), "A-1", "validated", " ranked 4th of 63 ", [1, 2])
    with register.reading() as session:
        [step] = timeline(session, person("vera"), ident(session, "A-1"))
        assert session.scalars(select(AuditEntry.action)).all()[-1] == "term.status"
    assert (step.words, step.reason, step.by) == ("candidate → validated", "ranked 4th of 63", "rita")
    assert [number for number, _ in step.evidence] == [1, 2]


@pytest.mark.parametrize("came_from", STEPS)
@pytest.mark.parametrize("to", STEPS)
def test_only_the_steps_of_the_table_are_taken(writing, person, came_from, to):
    with writing() as session:
        session.scalars(select(Outcome).where(Outcome.code == "A-1")).one().status = came_from
        if to in STEPS[came_from]:
            assert change_status(session, person("rita"), "A-1", to, "so").status == to
        else:
            with pytest.raises(StepRefused, match=f"A-1 is {came_from}"):
                change_status(session, person("rita"), "A-1", to, "so")


def test_a_step_without_a_reason_is_refused(writing, person):
    with writing() as session, pytest.raises(StepRefused, match="say why"):
        change_status(session, person("rita"), "A-1", "validated", "  ")


def test_evidence_that_the_person_may_not_see_is_not_there(register, writing, person):
    with pytest.raises(StepRefused, match="there is no evidence 3, 99"), writing() as session:
        change_status(session, person("rita"), "A-1", "validated", "so", [1, 3, 99])
    with register.reading() as session:
        assert session.scalars(select(StatusChange)).all() == []


def test_evidence_is_counted_not_named_for_those_who_may_not_see_it(register, writing, person):
    with writing() as session:
        change_status(session, person("ada"), "A-1", "validated", "so", [1, 3])
    with register.reading() as session:
        [step] = timeline(session, person("vera"), ident(session, "A-1"))
    assert ([number for number, _ in step.evidence], step.hidden_evidence) == ([1], 1)


def test_a_regional_team_changes_its_own_and_never_what_is_everybodys(register, writing, person):
    with register.reading() as session:
        assert session.scalars(select(Scope)).all()
        assert session.scalars(select(Team)).all()
    with writing() as session:
        assert change_status(session, person("sam"), "S-1", "validated", "ours").status == "validated"
    for name, code in (("sam", "A-1"), ("vera", "A-1")):
        with writing() as session, pytest.raises(Forbidden):
            change_status(session, person(name), code, "validated", "so")
    with writing() as session, pytest.raises(UnknownTerm):
        change_status(session, person("nora"), "S-1", "active", "so")


def test_a_split_outcome_retires_with_its_successors(register, writing, person):
    rita = person("rita")
    with writing() as session:
        session.add(Outcome(code="A-3", name="Agree on a place", job="Agree on a place", aliases=[]))
        session.flush()
        split(session, rita, "A-1", ["A-2", "A-3"], "judged apart")
    with register.reading() as session:
        assert [(r.code, r.kind) for r in successors(session, rita, ident(session, "A-1"))] == [
            ("A-2", "split"),
            ("A-3", "split"),
        ]
        assert [r.code for r in predecessors(session, rita, ident(session, "A-3"))] == ["A-1"]
        assert standing_in(session) == {ident(session, "A-1"): None}  # two successors: nobody can say which


@pytest.mark.parametrize(
    ("code", "into", "cause"),
    [
        ("A-1", ["A-2"], "two successors or more"),
        ("A-1", ["A-2", "A-1"], "would follow itself"),
    ],
)
def test_a_split_that_makes_no_sense_is_refused_and_changes_nothing(register, writing, person, code, into, cause):
    with pytest.raises(StepRefused, match=cause), writing() as session:
        split(session, person("rita"), code, into, "so")
    with register.reading() as session:
        assert session.scalars(select(Succession)).all() == []
        assert session.scalar(select(Term.status).where(Term.code == "A-1")) == "candidate"


def test_outcomes_do_not_follow_each_other_in_a_circle(writing, person):
    rita = person("rita")
    with writing() as session:
        retire(session, rita, "A-1", "so", "A-2")
        change_status(session, rita, "A-1", "candidate", "taken up again")
        with pytest.raises(StepRefused, match="would follow itself"):
            retire(session, rita, "A-2", "so", "A-1")


def test_an_outcome_of_a_team_does_not_go_on_in_everybodys(writing, person):
    with writing() as session, pytest.raises(StepRefused, match="different teams"):
        retire(session, person("ada"), "S-1", "so", "A-2")


def test_what_is_retired_is_followed_to_what_is_in_use(writing, person):
    rita = person("rita")
    with writing() as session:
        session.add(Outcome(code="A-3", name="Agree on a place", job="Agree on a place", aliases=[]))
        session.flush()
        retire(session, rita, "A-1", "so", "A-2")
        retire(session, rita, "A-2", "so", "A-3")
        last = ident(session, "A-3")
        assert standing_in(session) == {ident(session, "A-1"): last, ident(session, "A-2"): last}
