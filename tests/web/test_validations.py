"""A validation study on its page: the table, the decisions, the export; who sees what of it."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import insert, select

from insightrepo.models import Answer, Membership, Outcome, Respondent, Segment, Wave
from insightrepo.scores.computing.computing import compute_wave
from insightrepo.scores.waves.waves import ensure_instrument, ensure_wave

CANDIDATES = {"VAL-1": 50, "VAL-2": 10, "VAL-3": 30}  # how many of 60 find it important


@pytest.fixture(scope="module")
def wave(filled) -> str:
    """A wave of 60 people, half of them parents of toddlers, who rated three candidates."""
    with filled.database.writing() as session:
        instrument = ensure_instrument(session, "Candidate survey", 1, 5)
        made = ensure_wave(session, "2024-Q1", instrument)
        outcomes = [
            Outcome(code=code, name=f"Do {code}", job=f"Do {code}", aliases=[], status="candidate")
            for code in CANDIDATES
        ]
        people = [Respondent(key=f"{number:064d}") for number in range(60)]
        session.add_all([*outcomes, *people])
        session.flush()
        segments = session.scalars(select(Segment.id).where(Segment.code.in_(("TODDLER", "TEENS")))).all()
        session.execute(
            insert(Membership),
            [
                {"wave_id": made.id, "respondent_id": person.id, "segment_id": segments[place % 2]}
                for place, person in enumerate(people)
            ],
        )
        session.execute(
            insert(Answer),
            [
                {
                    "wave_id": made.id, "identity": f"{outcome.code} {place}", "respondent_id": person.id,
                    "outcome_id": outcome.id, "satisfaction": 3,
                    "importance": 5 if place < CANDIDATES[outcome.code] else 1,
                }
                for outcome in outcomes
                for place, person in enumerate(people)
            ],
        )  # fmt: skip
        compute_wave(session, session.get_one(Wave, made.id))
    return "2024-Q1"


@pytest.fixture
def send(visit, token):
    client = visit("researcher")

    def post(url: str, **form):
        return client.post(url, data={"csrf_token": token(client), **form})

    post.client = client
    return post


@pytest.fixture
def study(send, wave, request) -> str:
    """A study of its own over the three candidates: its address."""
    answer = send("/validations", name=request.node.name, wave=wave, measure="importance", rule="bound", above="40")
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def test_candidates_stand_by_rank_with_intervals_and_what_the_rule_would_do(send, study):
    page = send.client.get(study).text
    assert re.findall(r'<span class="code">(VAL-\d)</span>', page) == ["VAL-1", "VAL-3", "VAL-2"]
    assert "keep where importance is surely above 40% in at least one segment" in page
    assert "It would keep <strong>1</strong> of 3" in page
    assert "83%" in page
    assert "Parents of toddlers" in page


def test_decisions_are_chosen_as_proposed_recorded_with_one_reason_and_taken_back(send, study, filled):
    page = send.client.get(f"{study}?fill=proposal").text
    chosen = dict(re.findall(r'name="decision (VAL-\d)".*?<option value="(\w+)" selected>', page))
    assert chosen == {"VAL-1": "validated", "VAL-2": "candidate", "VAL-3": "candidate"}
    answer = send(f"{study}/decisions", **{f"decision {code}": to for code, to in chosen.items()}, reason="")
    assert answer.status_code == 422
    assert 'value="validated" selected' in answer.text
    send(f"{study}/decisions", **{f"decision {code}": to for code, to in chosen.items()}, reason="as ranked")
    assert "1 validated, 2 left candidates" in send.client.get(study).text
    assert "as ranked" in send.client.get("/outcomes/VAL-1").text
    send(f"{study}/decisions", **{"decision VAL-1": "candidate"}, reason="asked of too few")
    with filled.database.reading() as session:
        assert session.scalar(select(Outcome.status).where(Outcome.code == "VAL-1")) == "candidate"
    page = send.client.get("/outcomes/VAL-1").text
    assert page.index("validated → candidate") < page.index("candidate → validated")


def test_the_table_is_downloaded_and_read_by_those_who_may_not_decide(send, study, visit):
    text = visit("viewer").get(f"{study}/table.csv").text
    assert text.splitlines()[0].startswith("outcome,statement,status,rank all,rank low all,rank high all,value all")
    assert len(text.splitlines()) == 4
    page = visit("viewer").get(study).text
    assert "Record the chosen decisions" not in page
    assert visit("scoped-researcher").post(f"{study}/decisions").status_code == 400  # without a token


def test_a_study_that_is_not_there_is_not_found(send):
    assert send.client.get("/validations/999").status_code == 404
    assert send("/validations/999/decisions", reason="so").status_code == 404


def test_a_wave_that_asked_about_no_candidate_makes_no_study(send):
    answer = send("/validations", name="Nothing", wave="2025-Q1", measure="importance", rule="bound", above="40")
    assert answer.status_code == 422
    assert "Nothing was made" in answer.text
