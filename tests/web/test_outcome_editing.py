"""Writing outcomes in the browser: what is saved, what is refused, what is said while one writes."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlalchemy import select

from insightrepo.models import AcceptedWarning, DefinitionVersion, Job, Outcome

FIELDS = ("code", "job", "success_measure", "category", "journey_stage", "aliases", "lead_measure", "policy", "owner")
PLAIN = {"code": "", "job": "Pack for the weather", "success_measure": "with fewer things left at home"}


@pytest.fixture(autouse=True)
def started(monkeypatch):
    """How often maintenance was asked for; no process is started."""
    asked: list[object] = []
    monkeypatch.setattr("insightrepo.web.outcome_editing.ask_for_maintenance", asked.append)
    return asked


@pytest.fixture
def send(visit, token):
    """Posts a form as a researcher, with its token."""
    client = visit("researcher")

    def post(url: str, **form):
        return client.post(url, data={"csrf_token": token(client), **form})

    post.client = client
    return post


def seen_mark(page: str) -> str:
    return unescape(re.search(r'name="seen" value="([^"]*)"', page)[1])


def outcome(filled, code: str) -> Outcome | None:
    with filled.database.reading() as session:
        return session.scalar(select(Outcome).where(Outcome.code == code))


def make(send, code: str, **words):
    return send("/outcomes/new", **{**PLAIN, **words, "code": code})


def test_a_new_outcome_is_a_candidate_with_its_first_version_and_all_evidence_is_tagged_again(send, filled, started):
    answer = make(
        send, "ED-1", aliases="umbrella\n\n sun hat ", segments=["TEENS"], tasks=["T-1"], note="from the workshop"
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, "/outcomes/ED-1")
    page = send.client.get("/outcomes/ED-1").text
    assert "made as candidate" in page
    assert "from the workshop" in page
    assert "Parents of teenagers" in page
    assert "Propose three weeks" in page
    with filled.database.reading() as session:
        row = session.scalars(select(Outcome).where(Outcome.code == "ED-1")).one()
        assert (row.status, row.aliases) == ("candidate", ["umbrella", "sun hat"])
        assert session.scalars(
            select(DefinitionVersion.version).where(DefinitionVersion.object_id == row.id)
        ).all() == [1]
        assert session.scalar(select(Job.kind).where(Job.state == "running")) == "retag"
    assert len(started) == 1


def test_a_change_of_wording_is_a_version_with_its_diff_and_can_be_taken_back(send, filled):
    make(send, "ED-2")
    page = send.client.get("/outcomes/ED-2/edit").text
    send("/outcomes/ED-2/edit", **PLAIN | {"job": "Pack for the season", "seen": seen_mark(page), "note": "wider"})
    versions = send.client.get("/outcomes/ED-2/versions").text
    assert "<del>weather</del><ins>season</ins>" in versions
    assert "wider" in versions
    assert send("/outcomes/ED-2/versions", version="1").status_code == 302
    row = outcome(filled, "ED-2")
    assert (row.version, row.job) == (3, "Pack for the weather")


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(send, filled):
    make(send, "ED-3")
    mark = seen_mark(send.client.get("/outcomes/ED-3/edit").text)
    send("/outcomes/ED-3/edit", **PLAIN | {"category": "Packing", "seen": mark})
    answer = send("/outcomes/ED-3/edit", **PLAIN | {"category": "Weather", "seen": mark})
    assert answer.status_code == 422
    assert "somebody changed this outcome while you wrote" in answer.text
    assert outcome(filled, "ED-3").category == "Packing"
    assert (
        send("/outcomes/ED-3/edit", **PLAIN | {"category": "Weather", "seen": seen_mark(answer.text)}).status_code
        == 302
    )


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"job": " "}, "Write something here"),
        ({"code": "plan-01"}, "Another outcome has this code"),
        ({"job": "x" * 250, "success_measure": "y" * 60}, "job and success together have 312 characters"),
        ({"owner": "nobody@example.org"}, "There is no user nobody@example.org"),
        ({"lead_measure": "wealth"}, "There is no measure wealth"),
        ({"segments": ["NO-SUCH"]}, "There is no NO-SUCH"),
        ({"team": "Trips"}, "Choose one of your teams"),
        ({"policy": "rule"}, "policy"),
    ],
)
def test_what_cannot_be_kept_is_refused_beside_its_field_and_what_was_written_stays(send, filled, form, said):
    answer = make(
        send, form.get("code", "ED-4"), **{k: v for k, v in form.items() if k != "code"}, category="Kept words"
    )
    assert answer.status_code == 422
    assert said.lower() in answer.text.lower()
    assert "Kept words" in answer.text
    assert outcome(filled, "ED-4") is None


def test_without_script_the_button_says_what_could_be_better_and_saves_nothing(send, filled):
    answer = make(send, "ED-5", job="agree on dates that suit the whole family", action="check")
    assert answer.status_code == 200
    assert 'href="/outcomes/PLAN-01"' in answer.text
    assert outcome(filled, "ED-5") is None


def test_the_endpoint_gives_warnings_with_reasons_and_neighbours(send, token):
    body = {"code": "", "job": "Agree on dates and book a hotel", "success_measure": "", "aliases": ""}
    answer = send.client.post("/outcomes/check", json=body, headers={"X-CSRFToken": token(send.client)})
    found = answer.get_json()
    assert {warning["code"] for warning in found["warnings"]} >= {"aspect", "success"}
    assert all(warning["why"] and warning["advice"] for warning in found["warnings"])
    body["job"] = "agree on dates that suit the whole family"
    near = send.client.post("/outcomes/check", json=body, headers={"X-CSRFToken": token(send.client)}).get_json()
    assert near["neighbours"][0]["url"] == "/outcomes/PLAN-01"
    own = send.client.post(
        "/outcomes/check", json=body | {"code": "PLAN-01"}, headers={"X-CSRFToken": token(send.client)}
    )
    assert own.get_json()["neighbours"] == []


@pytest.mark.parametrize("sent", ["[]", '{"job": 3}', "{", '{"job": "x"}'])
def test_nonsense_sent_to_the_endpoint_is_refused(send, token, sent):
    headers = {"X-CSRFToken": token(send.client), "Content-Type": "application/json"}
    assert send.client.post("/outcomes/check", data=sent, headers=headers).status_code == 400


def test_the_endpoint_wants_the_token(send):
    assert send.client.post("/outcomes/check", json={"job": "x"}).status_code == 400


def test_an_accepted_warning_is_quiet_until_the_wording_changes(send, filled):
    make(send, "ED-6", job="Pack clothes and shoes", success_measure="in less time")
    page = send.client.get("/outcomes/ED-6").text
    warning = re.search(r'name="warning" value="(aspect\|[^"]+)"', page)[1]
    assert send("/outcomes/ED-6/warnings", warning=warning, reason="").status_code == 302
    assert "What this statement could be better at" in send.client.get("/outcomes/ED-6").text
    send("/outcomes/ED-6/warnings", warning=warning, reason="one act in the words of customers")
    page = send.client.get("/outcomes/ED-6").text
    assert "What this statement could be better at" not in page
    assert "one act in the words of customers" in page
    review = send.client.get("/outcomes/review").text
    assert "Pack clothes and shoes" not in review.split('id="statements"')[1].split('id="overlaps"')[0]
    mark = seen_mark(send.client.get("/outcomes/ED-6/edit").text)
    send("/outcomes/ED-6/edit", job="Pack clothes and boots", success_measure="in less time", seen=mark)
    assert "What this statement could be better at" in send.client.get("/outcomes/ED-6").text


def test_an_acceptance_can_be_taken_back(send, filled):
    make(send, "ED-7", job="Pack hats and gloves", success_measure="in less time")
    warning = re.search(r'name="warning" value="(aspect\|[^"]+)"', send.client.get("/outcomes/ED-7").text)[1]
    send("/outcomes/ED-7/warnings", warning=warning, reason="so")
    send("/outcomes/ED-7/warnings", warning=warning, action="again")
    assert "What this statement could be better at" in send.client.get("/outcomes/ED-7").text
    with filled.database.reading() as session:
        row = outcome(filled, "ED-7")
        assert session.scalars(select(AcceptedWarning).where(AcceptedWarning.term_id == row.id)).all() == []


def test_retiring_says_what_uses_it_and_the_old_address_leads_on(send, filled):
    make(send, "ED-8", tasks=["T-1"])
    make(send, "ED-9", job="Pack for every kind of weather")
    page = send.client.get("/outcomes/ED-8/status").text
    assert "1 task" in page
    assert send("/outcomes/ED-8/status", status="retired", reason="").status_code == 422
    send("/outcomes/ED-8/status", status="retired", reason="asked as ED-9", successor="ED-9")
    page = send.client.get("/outcomes/ED-8").text
    assert "was replaced by" in page
    assert 'href="/outcomes/ED-9"' in page
    assert "candidate → retired" in page
    assert "It grew out of" in send.client.get("/outcomes/ED-9").text
    answer = send.client.get("/outcomes/ED-8/edit")
    assert answer.status_code == 200
    assert "take it up again" in send("/outcomes/ED-8/edit", **PLAIN, seen=seen_mark(answer.text)).text


def test_no_older_wording_is_brought_back_to_a_retired_outcome_and_it_says_so(send, filled):
    make(send, "ED-RET")
    mark = seen_mark(send.client.get("/outcomes/ED-RET/edit").text)
    send("/outcomes/ED-RET/edit", **PLAIN | {"job": "Pack for the season", "seen": mark})
    send("/outcomes/ED-RET/status", status="retired", reason="nobody asks for it")
    answer = send("/outcomes/ED-RET/versions", version="1")
    assert "ED-RET is retired: take it up again" in send.client.get(answer.headers["Location"]).text
    assert outcome(filled, "ED-RET").version == 2


def test_a_retired_outcome_is_not_assigned_and_the_refusal_names_what_to_take(send, library):
    make(send, "ED-10")
    make(send, "ED-11", job="Pack for snow")
    send("/outcomes/ED-10/status", status="retired", reason="so", successor="ED-11")
    url = f"/evidence/{library.evidence['published 0']}/tags"
    answer = send(url, axis="outcome", code="ED-10", word="accept")
    assert answer.status_code == 422
    assert "ED-10 is retired: take ED-11" in answer.text


def test_a_step_names_evidence_that_is_there(send, library):
    make(send, "ED-12")
    seen, personal = library.evidence["published 0"], 999_999
    answer = send("/outcomes/ED-12/status", status="validated", reason="so", evidence=f"{seen}, {personal}")
    assert answer.status_code == 422
    assert "there is no evidence 999999" in answer.text
    assert send("/outcomes/ED-12/status", status="validated", reason="so", evidence="twelve").status_code == 422
    send("/outcomes/ED-12/status", status="validated", reason="so", evidence=f"#{seen}")
    assert f"#{seen}" in send.client.get("/outcomes/ED-12").text


def test_an_outcome_without_confirmed_evidence_is_called_ungrounded(send, library, visit):
    make(send, "ED-13")
    assert "ungrounded" in send.client.get("/outcomes/ED-13").text
    grounded = visit("viewer").get("/outcomes/PLAN-01").text
    assert "ungrounded" not in grounded
    assert "Based on" in grounded
    assert "(by method: " in grounded


def test_the_matrix_of_applicability_is_edited_with_boxes(send, filled, visit):
    make(send, "ED-14")
    page = send.client.get("/outcomes/applicability").text
    assert 'name="applies ED-14"' in page
    assert 'type="checkbox"' not in visit("viewer").get("/outcomes/applicability").text
    send("/outcomes/applicability", outcome="ED-14", **{"applies ED-14": ["TEENS"]})
    shown = send.client.get("/outcomes/ED-14").text
    assert "<dt>Not to</dt><dd>Parents of toddlers</dd>" in shown
    answer = send("/outcomes/applicability", outcome="ED-14")
    assert answer.status_code == 422
    assert "ED-14 would apply to nobody by age of children" in unescape(answer.text)


def test_an_outcome_that_leads_with_a_metric_to_come_is_read_and_edited_and_keeps_its_lead(send, filled):
    make(send, "ED-20")
    with filled.database.writing() as session:
        session.scalars(select(Outcome).where(Outcome.code == "ED-20")).one().lead_measure = "NPS-2"
    for address in ("/outcomes", "/outcomes/ED-20", "/outcomes/ED-20/versions"):
        assert send.client.get(address).status_code == 200, address
    page = send.client.get("/outcomes/ED-20/edit").text
    assert '<option value="NPS-2" selected>' in page
    words = PLAIN | {"job": "Pack for the season", "lead_measure": "NPS-2", "seen": seen_mark(page)}
    assert send("/outcomes/ED-20/edit", **words).status_code == 302
    assert outcome(filled, "ED-20").lead_measure == "NPS-2"
