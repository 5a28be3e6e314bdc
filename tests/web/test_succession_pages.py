"""Merging and splitting in the browser, words that explain themselves, and addresses that name a wave."""

from __future__ import annotations

from sqlalchemy import select

from insightrepo.models import Outcome

URL = "/outcomes/PACK-01/succession"


def status(filled, code: str) -> str:
    with filled.database.reading() as session:
        return session.scalars(select(Outcome.status).where(Outcome.code == code)).one()


def test_what_uses_it_is_said_first_and_nothing_is_changed_without_a_confirmation(visit, token, filled):
    client = visit("researcher")
    page = client.get(URL).text
    assert page.index("1. What uses it") < page.index("2. What it goes on in")
    form = {"csrf_token": token(client), "way": "merge", "into": "PLAN-02", "reason": "nobody tells them apart"}
    for fields, said in (
        ({}, "Read what uses it, then confirm"),
        ({"way": "split", "confirmed": "y"}, "Choose two outcomes or more"),
        ({"into": "NO-SUCH", "confirmed": "y"}, "NO-SUCH"),
        ({"reason": " ", "confirmed": "y"}, "Say why"),
    ):
        answer = client.post(URL, data={**form, **fields})
        assert answer.status_code == 422, fields
        assert said in answer.text
    assert status(filled, "PACK-01") == "validated"


def test_a_merged_outcome_keeps_its_address_and_names_its_successor(visit, token, filled):
    client = visit("researcher")
    form = {"csrf_token": token(client), "way": "merge", "into": "PLAN-02", "reason": "nobody tells them apart"}
    answer = client.post(URL, data={**form, "confirmed": "y"}, follow_redirects=True)
    assert "PACK-01 was merged into PLAN-02" in answer.text
    assert status(filled, "PACK-01") == "retired"
    page = visit("viewer").get("/outcomes/PACK-01").text
    assert "it was merged into" in page
    assert "/outcomes/PLAN-02" in page
    assert "PACK-01" in visit("viewer").get("/outcomes/PLAN-02").text


def test_statistical_words_lead_to_what_they_mean(visit):
    client = visit("viewer")
    glossary = client.get("/glossary").text
    for code in ("q", "n_eff", "deff", "indicative", "goes-with", "no-evidence"):
        assert f'id="statistic-{code}"' in glossary
    assert "/glossary#statistic-no-evidence" in client.get("/changes?from=2025-Q2&to=2025-Q3").text


def test_changes_are_of_the_wave_that_the_address_names(visit):
    client = visit("viewer")
    assert "2025-Q1 → 2025-Q2" in " ".join(client.get("/changes?wave=2025-Q2").text.split())
    assert client.get("/changes?wave=NO-SUCH").status_code == 404
