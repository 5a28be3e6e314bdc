"""The search page says what it understood, offers what may have been meant, and finds more like a hit."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest


def page(visit, address: str, who: str = "researcher") -> str:
    answer = visit(who).get(address)
    assert answer.status_code == 200
    return answer.text


def words_of(text: str, beginning: str) -> list[str]:
    """The words of the queries that links in the element that begins so lead to."""
    element = text[text.index(beginning) :]
    element = element[: re.search("</ul>|</p>|</div>", element).start()]
    links = [html.unescape(link) for link in re.findall('href="([^"]+)"', element)]
    return [parse_qs(urlsplit(link).query).get("q", [""])[0] for link in links]


def test_each_piece_of_a_query_is_a_link_that_takes_it_away(visit):
    text = page(visit, f"/search?q={quote('dates -phone kind:verbatim since:soon')}")
    assert words_of(text, '<ul class="understood"') == [
        "-phone kind:verbatim since:soon",
        "dates kind:verbatim since:soon",
        "dates -phone since:soon",
        "dates -phone kind:verbatim",
    ]
    assert "soon is not a date and was left out" in text
    assert 'class="notes"' not in text


def test_plain_words_are_not_repeated(visit):
    assert 'class="understood"' not in page(visit, "/search?q=calendar")


def test_a_misspelt_word_is_offered_as_a_link_and_not_replaced(visit):
    text = page(visit, "/search?q=calender+dates")
    assert words_of(text, '<p class="did-you-mean"') == ["calendar dates"]
    assert 'value="calender dates"' in text
    assert "hits" in text


def heading(text: str) -> str:
    return " ".join(re.sub("<[^>]+>", "", re.search('<h1 id="found">(.*?)</h1>', text, re.DOTALL)[1]).split())


def test_beside_the_hits_it_is_told_how_many_have_the_words(visit):
    words = re.match(r"\d+", heading(page(visit, "/search?q=mother+taxes&mode=keyword")))[0]
    told = heading(page(visit, "/search?q=mother+taxes"))
    assert told.endswith(f" · {words} with any of these words, the others near in meaning")
    for all_have_them in ("/search?q=mother+taxes&mode=keyword", "/search?q=mother"):
        assert "with" not in heading(page(visit, all_have_them))


def test_where_nothing_has_the_words_the_page_does_not_say_hits(visit):
    told = heading(page(visit, "/search?q=calendarise"))
    assert re.fullmatch(r"Nothing has this word; \d+ (is|are) nearest in meaning", told), told


def test_a_hostile_query_is_shown_as_text(visit):
    text = page(visit, f"/search?q={quote('<script>alert(1)</script> -<b>x</b> calender outcome:<i>')}")
    assert "<script>alert" not in text
    assert "<b>x" not in text
    assert "<i>" not in text


def test_similar_evidence_is_found_from_a_piece(visit, library):
    number = library.evidence["feed 0"]
    text = page(visit, f"/search?like={number}&kind=verbatim")
    assert "Similar to" in text
    assert f'id="hit-{number}"' not in text
    assert len(re.findall('<article class="hit"', text)) == 20
    assert f"like={number}" in re.search('<a rel="next" href="([^"]+)"', text)[1]


@pytest.mark.parametrize("who", ["viewer", "scoped-viewer"])
def test_evidence_out_of_sight_is_as_unknown_as_none(visit, library, who):
    hidden = visit(who).get(f"/search?like={library.evidence['personal 0']}")
    unknown = visit(who).get("/search?like=987654")
    texts = [re.sub('name="csrf_token" value="[^"]+"', "", answer.text) for answer in (hidden, unknown)]
    assert texts[0] == texts[1]
    assert hidden.status_code == 404
    assert unknown.status_code == 404


def test_a_long_question_shows_the_studies_that_may_have_asked_it(visit):
    question = (
        "How do families agree on dates for a trip, and what do they do when the shared calendar cannot be found?"
    )
    text = page(visit, f"/search?q={quote(question)}")
    assert "Studies that may have asked this" in text
    assert "of the best hit" in text
    assert "Studies that may have asked this" not in page(visit, "/search?q=calendar")
    assert "Studies that may have asked this" in page(visit, "/search?q=calendar&group=study")


def test_where_nothing_is_found_the_page_says_what_each_condition_costs(visit):
    text = page(visit, "/search?q=calendar+year:1999+kind:verbatim")
    assert "Nothing found" in text
    way = re.search(r'<li><a href="([^"]+)"[^>]*>Search without year 1999</a> <span class="count">([\d,]+) hits?', text)
    assert int(way[2].replace(",", "")) > 0
    assert f"{way[2]} hit" in page(visit, html.unescape(way[1]))


def test_completions_are_a_list_with_places(visit):
    found = visit("viewer").get("/search/complete?q=dates+outcome:pl&at=16").json
    assert {value["insert"] for value in found} == {"PLAN-01", "PLAN-02"}
    assert all(set(value) == {"label", "detail", "insert", "start", "end", "count"} for value in found)
    assert {(value["start"], value["end"]) for value in found} == {(14, 16)}


@pytest.mark.parametrize(
    "address", ["/search/complete", "/search/complete?q=outcome:&at=x", "/search/complete?q=a&at=99999"]
)
def test_any_cursor_is_taken(visit, address):
    assert isinstance(visit("viewer").get(address).json, list)


def test_a_stranger_is_told_nothing(visit):
    assert visit(None).get("/search/complete?q=outcome:").status_code == 302
