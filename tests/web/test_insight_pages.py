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


def test_an_insight_is_edited_confirmed_withdrawn_and_brought_back_with_reasons(visit, token, library):
    client = visit("researcher")
    saved = write(client, token, library, text="Families find the calendar within a minute")
    url = saved.headers["Location"]
    form = {"csrf_token": token(client), "text": "Families find the calendar in two minutes"}
    refused = client.post(f"{url}/edit", data=form)
    assert refused.status_code == 422
    assert "say why in 10 characters or more" in refused.text
    edited = client.post(f"{url}/edit", data={**form, "reason": "measured again"}, follow_redirects=True).text
    assert "<del>within a minute</del><ins>in two minutes</ins>" in edited
    assert "measured again" in edited
    step = {"csrf_token": token(client), "word": "confirm", "reason": "seen in three sessions"}
    assert "Kept: it holds" in client.post(f"{url}/step", data=step, follow_redirects=True).text
    step |= {"word": "withdraw", "reason": "the <b>wrong</b> sample"}
    gone = client.post(f"{url}/step", data=step, follow_redirects=True).text
    assert "This insight was withdrawn." in gone
    assert "the &lt;b&gt;wrong&lt;/b&gt; sample" in gone
    assert "/edit" not in gone
    step |= {"word": "restore", "reason": "it was the right one"}
    assert "The insight is back" in client.post(f"{url}/step", data=step, follow_redirects=True).text
    assert "/edit" not in visit("viewer").get(url).text


def test_a_hit_says_that_a_number_in_it_is_open_and_what_contradicts_it(visit, token, library):
    client = visit("researcher")
    fields = {"text": "Satisfaction with taxes fell 7.5% in spring", "as_it_is": "y"}
    write(client, token, library, **fields, contradicts=str(library.evidence["published 0"]))
    page = client.get("/search?q=taxes+in+spring&kind=insight").text
    assert "1 number in it can be read in two ways" in page
    assert "contradicted by 1" in page


def test_what_is_no_insight_has_no_form_to_edit_it(visit, library):
    assert visit("researcher").get(f"/evidence/{library.evidence['published 0']}/edit").status_code == 404
