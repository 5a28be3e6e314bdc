"""Writing an insight in the browser, and settling what its numbers leave open."""

from __future__ import annotations

CLAIM = "Satisfaction with the calendar fell 12.95% in Q3"


def write(client, token, library, **fields):
    url = f"/studies/{library.studies['published']}/insights"
    return client.post(url, data={"csrf_token": token(client), **fields})


def test_a_claim_with_an_open_number_is_asked_about_before_it_is_saved(visit, token, library):
    client = visit("researcher")
    asked = write(client, token, library, text=CLAIM)
    assert asked.status_code == 422
    assert "<mark>12.95%</mark> 12.95% of what it was before, or 12.95 percentage points?" in asked.text
    assert "Save it as it is" in asked.text
    saved = write(client, token, library, text=CLAIM, as_it_is="y")
    assert saved.status_code == 302
    page = client.get(saved.headers["Location"]).text
    assert "Numbers in it" in page
    assert "quantity-questioned" in page
    number = page.split('id="quantity-')[1].split('"')[0]
    form = {"csrf_token": token(client), "word": "confirm", "unit": "percentage points", "base": "parents", "n": "324"}
    settled = client.post(f"/quantities/{number}", data=form, follow_redirects=True).text
    assert "Kept. It stays so for these words." in settled
    assert "-12.95 percentage points" in settled
    assert f"quantity-{number}" not in client.get("/quantities").text


def test_a_claim_that_says_it_plainly_is_saved_at_once(visit, token, library):
    text = "Satisfaction with the calendar fell by 12.95 percentage points"
    assert write(visit("researcher"), token, library, text=text).status_code == 302


def test_what_is_wrong_with_the_form_is_said_and_what_was_typed_stays(visit, token, library):
    client = visit("researcher")
    for fields, why in (
        ({"text": ""}, "Write the claim."),
        ({"text": "The calendar is hard to read", "supports": "12, x<b>"}, "is not the number of a piece of evidence"),
        ({"text": "The calendar is hard to read", "supports": "999999"}, "there is no evidence 999999"),
        ({"text": "The calendar is hard to read", "outcomes": "NO-99"}, "NO-99"),
    ):
        answer = write(client, token, library, **fields)
        assert answer.status_code == 422, fields
        assert why in answer.text
        assert "x<b>" not in answer.text
        assert fields["text"] in answer.text


def test_the_form_begins_with_the_evidence_it_was_opened_from(visit, library):
    evidence_id = library.evidence["published 0"]
    client = visit("researcher")
    link = f"/studies/{library.studies['published']}/insights/new?supports={evidence_id}"
    assert link in client.get(f"/evidence/{evidence_id}").text
    assert f'value="{evidence_id}"' in client.get(link).text
