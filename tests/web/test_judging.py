"""The two buttons beside a hit: what they send, where they lead back, and that only a form of ours is taken."""

from __future__ import annotations

import html
import re

import pytest
from sqlalchemy import delete, select

from insightrepo.models import Judgement

SEARCH = "/search?q=calendar+dates&kind=verbatim&mode=keyword"


@pytest.fixture(autouse=True)
def nothing_said(filled):
    with filled.database.writing() as session:
        session.execute(delete(Judgement))


def forms(page: str) -> list[dict[str, str]]:
    """Of each hit's buttons: where they send to, the rank, and what each would say."""
    found = []
    for action, body in re.findall(r'<form class="judge" method="post" action="([^"]+)".*?>(.*?)</form>', page, re.S):
        buttons = dict(re.findall(r'data-says="([\w-]+)" value="([\w-]+)"', body))
        pressed = re.findall(r'data-says="([\w-]+)" value="[\w-]+" aria-pressed="true"', body)
        rank = re.search(r'name="rank" value="(\d+)"', body)[1]
        found.append({"action": html.unescape(action), "rank": rank, "pressed": "".join(pressed), **buttons})
    return found


def send(client, token, form, said, **headers):
    data = {"csrf_token": token(client), "said": said, "rank": form["rank"]}
    return client.post(form["action"], data=data, headers=headers)


def test_a_hit_is_judged_and_the_way_leads_back_to_it(visit, token, filled, library):
    client = visit("viewer")
    first, second, *_ = forms(client.get(SEARCH).text)
    assert (first["rank"], second["rank"], first["pressed"]) == ("1", "2", "")
    number = int(re.search(r"/evidence/(\d+)/", second["action"])[1])
    answer = send(client, token, second, second["helpful"])
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/search?q=calendar+dates&kind=verbatim&mode=keyword#hit-{number}"
    with filled.database.reading() as session:
        row = session.scalars(select(Judgement)).one()
    assert (row.user_id, row.evidence_id, row.helpful, row.rank) == (library.users["viewer"], number, True, 2)
    assert (row.words, row.filters, row.mode) == ("calendar dates", '{"kind": ["verbatim"]}', "keyword")


def test_a_pressed_button_takes_its_word_back_and_the_other_one_replaces_it(visit, token, filled):
    client = visit("viewer")

    def now() -> dict[str, str]:
        return forms(client.get(SEARCH).text)[0]

    send(client, token, now(), "helpful")
    assert (now()["pressed"], now()["helpful"], now()["not-helpful"]) == ("helpful", "withdraw", "not-helpful")
    send(client, token, now(), "not-helpful")
    assert (now()["pressed"], now()["helpful"], now()["not-helpful"]) == ("not-helpful", "helpful", "withdraw")
    assert forms(visit("researcher").get(SEARCH).text)[0]["pressed"] == ""
    send(client, token, now(), "withdraw")
    assert now()["pressed"] == ""


def test_in_place_the_answer_is_json(visit, token):
    client = visit("viewer")
    form = forms(client.get(SEARCH).text)[0]
    for said, helpful in (("helpful", True), ("not-helpful", False), ("withdraw", None)):
        assert send(client, token, form, said, Accept="application/json").json == {"helpful": helpful}


def test_a_later_page_counts_on_and_is_come_back_to(visit, token):
    client = visit("administrator")
    form = forms(client.get("/search?q=the&page=2").text)[0]
    assert form["rank"] == "21"
    assert send(client, token, form, "helpful").headers["Location"].startswith("/search?q=the&page=2#hit-")


@pytest.mark.parametrize("url", ["/search", "/search?kind=verbatim", "/search?q=outcome:PLAN-01"])
def test_without_words_there_is_nothing_to_judge(visit, url):
    page = visit("viewer").get(url)
    assert "hit-title" in page.text
    assert forms(page.text) == []


def test_what_no_form_of_ours_sends_is_refused(visit, token, filled, library):
    client, number = visit("viewer"), library.evidence["published 0"]
    url, given = f"/evidence/{number}/judgement?q=calendar", {"csrf_token": token(client), "said": "helpful"}
    assert client.post(url, data={"said": "helpful"}).status_code == 400
    for wrong in ({"said": "great"}, {"said": ""}, {"rank": "first"}, {"rank": "0"}, {"rank": "9" * 30}):
        assert client.post(url, data=given | wrong).status_code == 400
    for asked in ("", "?q=", "?q=kind:verbatim", "?kind=verbatim"):
        answer = client.post(url.partition("?")[0] + asked, data=given)
        assert answer.status_code == 400
        assert "type what you are looking for" in answer.text
    assert client.post("/evidence/999999/judgement?q=calendar", data=given).status_code == 404
    with filled.database.reading() as session:
        assert session.scalars(select(Judgement)).all() == []
    assert client.post(url, data=given).status_code == 302  # without a rank: how it was shown is not known


def test_where_a_judgement_leads_back_to_is_always_this_site_s_search(visit, token, library):
    client = visit("viewer")
    url = f"/evidence/{library.evidence['published 0']}/judgement?q=calendar&next=//evil.example&page=zzz&sort=%0d%0a"
    answer = client.post(url, data={"csrf_token": token(client), "said": "helpful"})
    assert answer.headers["Location"] == f"/search?q=calendar#hit-{library.evidence['published 0']}"
