"""What the pages say: counts, chips, reasons, facts, and what stands where."""

from __future__ import annotations

import re

import pytest
from markupsafe import Markup

from insightrepo.library.search.hits import TagShown, VoteShown
from insightrepo.scores.chips import Chip
from insightrepo.web.formatting import change, count, marked, number, tag_words

CHIP = {
    "measure": "satisfaction",
    "value": 52.0,
    "unit": "percent",
    "better": "higher",
    "low": 47.4,
    "high": 56.6,
    "n": 412,
    "segment": None,
    "product": None,
    "wave": "2025-Q3",
    "provisional": False,
    "verdict": "worse",
    "note": None,
    "change": -18.0,
    "previous_wave": "2025-Q2",
    "opportunity": 12.4,
    "fell_back": None,
}


@pytest.fixture
def chip_in_words(app):
    def render(**fields) -> str:
        with app.test_request_context():
            score = app.jinja_env.get_template("_chip.html").module.score
            text = Markup(score(Chip(**(CHIP | fields)) if fields != {"chip": None} else None)).striptags()
        return text.replace("\xa0", " ")

    return render


def test_a_chip_says_measure_value_interval_change_n_and_wave(chip_in_words):
    words = chip_in_words()
    assert words == (
        "satisfaction 52% 95% interval 47–57 ▼ 18 points worse than 2025-Q2 n 412 · 2025-Q3 opportunity 12.4 of 20"
    )


def test_the_arrow_follows_the_number_and_the_word_says_whether_that_is_good(chip_in_words):
    fewer_is_better = chip_in_words(measure="time", unit="seconds", change=-4.2, verdict="better")
    assert "▼ 4 seconds better" in fewer_is_better  # whole seconds: the measure says so


@pytest.mark.parametrize("verdict", ["no evidence of change", "not enough data"])
def test_without_a_real_change_there_is_no_arrow(chip_in_words, verdict):
    words = chip_in_words(verdict=verdict, change=-2.0)
    assert "▲" not in words
    assert "▼" not in words


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"chip": None}, "no score yet"),
        ({"note": "suppressed", "value": None, "n": None}, "satisfaction not shown: fewer than 5 people 2025-Q3"),
        ({"value": None, "n": 0, "verdict": "not enough data"}, "satisfaction: not enough data n 0 · 2025-Q3"),
    ],
)
def test_a_chip_without_a_value_says_why(chip_in_words, fields, said):
    assert chip_in_words(**fields) == said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"provisional": True}, "2025-Q3 · provisional"),
        ({"note": "indicative"}, "indicative"),
        ({"fell_back": "all segments"}, "wider: all segments"),
        ({"segment": "TODDLER", "product": "APP"}, "TODDLER · APP"),
    ],
)
def test_a_chip_says_what_to_hold_against_it(chip_in_words, fields, said):
    assert said in chip_in_words(**fields)


def test_counts_say_where_they_were_cut():
    assert (count(1234), count(1000, True)) == ("1,234", "1,000+")


def test_numbers_have_the_unit_of_their_measure():
    assert number(61.6, "satisfaction", "percent") == "62%"
    assert number(12.44, "opportunity", "points of 20") == "12.4 of 20"
    assert change(-1.0, "satisfaction", "percent") == "1 point"


def test_marks_are_set_around_escaped_text_and_wrong_ones_are_left_out():
    assert marked("a <b> c", [(2, 5), (4, 6), (6, 99)]) == "a <mark>&lt;b&gt;</mark> c"


def test_tags_of_machines_and_people_read_differently():
    vote = VoteShown("words", True, 0.62, "")
    assert tag_words(TagShown("outcome", "A", "a", "accepted", "person")) == "accepted by a person"
    assert tag_words(TagShown("outcome", "A", "a", "automatic", "rule")) == "automatic, by a rule"
    assert tag_words(TagShown("outcome", "A", "a", "suggested", "words", (vote,))) == "suggested 0.62"


def test_a_hit_shows_who_said_it_when_where_and_why_it_is_tagged(visit, library):
    page = visit("viewer").get("/search", query_string={"q": '"taxes were not in the total"', "kind": "verbatim"}).text
    hit = page[page.index('<article class="hit"') : page.index("</article>")]
    text = " ".join(Markup(hit).striptags().split())
    assert "Taxes were not in the total" in text
    assert re.search(r"Parents of (toddlers|teenagers)·?\s?2025-03", text.replace(" ", " "))
    assert "row " in text
    assert "App store reviews" in text
    assert "PLAN-02" in text
    assert "automatic, by a rule" in text
    assert "a rule for a phrase found “could not find”" in text
    assert "Why this result" in text
    assert "by keywords" in text


def test_the_filter_without_words_shows_everything_newest_first(visit):
    page = visit("viewer").get("/search").text
    assert "newest first" in page
    dates = re.findall(r'<span class="date">([\d-]+)</span>', page)
    assert dates == sorted(dates, reverse=True)
    assert dates


def test_pages_of_results_follow_each_other(visit):
    client = visit("viewer")
    first, second = (set(re.findall(r'id="hit-(\d+)"', client.get(f"/search?page={page}").text)) for page in (1, 2))
    assert len(first) == 20
    assert not first & second
    assert "There is no page 400" in client.get("/search?page=400").text


def test_without_results_the_page_says_what_was_understood_and_what_to_relax(visit):
    page = (
        visit("viewer").get("/search", query_string={"q": '"no such words"', "kind": "verbatim", "year": "1999"}).text
    )
    assert "Nothing found" in page
    assert "Understood as" in page
    assert "Search without kind “verbatim”" in page
    assert "Search without any filter" in page


def test_notes_of_the_address_and_of_the_search_stand_on_the_page(visit):
    page = visit("viewer").get("/search?q=calendar&since=tomorrow&outcome=NO-SUCH").text
    assert "since is a day such as 2025-03-31" in page
    assert "NO-SUCH" in page[page.index("Notes on this search") :]


def test_a_document_marks_its_passages_and_the_chosen_one(visit, library):
    chosen = library.evidence["published 1"]
    url = f"/studies/{library.studies['published']}/documents/{library.documents['published']}"
    page = visit("viewer").get(f"{url}?evidence={chosen}").text
    assert page.count(f'id="evidence-{chosen}"') == 1
    assert page.count('<mark class="passage chosen">') == 3  # a paragraph and two items of a list
    assert "chosen" not in visit("viewer").get(url).text


@pytest.mark.parametrize("wanted", ["0", "-1", "x", "99999999999999999999", "999999"])
def test_a_document_is_shown_whatever_evidence_the_address_names(visit, library, wanted):
    url = f"/studies/{library.studies['published']}/documents/{library.documents['published']}"
    assert visit("viewer").get(url, query_string={"evidence": wanted}).status_code == 200


def test_a_data_file_is_read_by_pages_and_opens_at_the_row_that_is_named(visit, library):
    url = f"/studies/{library.studies['feed']}/documents/{library.documents['feed']}"
    client = visit("viewer")
    rows = [len(re.findall(r'<tr id="evidence-', client.get(f"{url}?page={page}").text)) for page in (1, 2, 3)]
    assert rows == [50, 10, 10]  # beyond the end is the last page
    assert (
        f'id="evidence-{library.evidence["feed 55"]}"'
        in client.get(f"{url}?evidence={library.evidence['feed 55']}").text
    )


def test_evidence_shows_links_to_what_the_reader_may_see_only(visit, library):
    url = f"/evidence/{library.evidence['published 0']}"
    assert "Home visits" in visit("researcher").get(url).text
    page = visit("viewer").get(url).text
    assert "Home visits" not in page
    assert "is supported by" in page


def test_withdrawn_words_keep_their_address_and_say_so(visit, library, filled):
    from insightrepo.models import Evidence

    evidence_id = library.evidence["public 2"]
    with filled.database.writing() as session:
        session.get(Evidence, evidence_id).withdrawn = True
    assert "no longer in their source" in visit("viewer").get(f"/evidence/{evidence_id}").text


def test_a_vote_on_a_term_that_nobody_knows_changes_nothing_and_offers_what_is_near(visit, token, library):
    client = visit("researcher")
    form = {"csrf_token": token(client), "axis": "outcome", "code": "PLAN-1", "word": "accept"}
    answer = client.post(f"/evidence/{library.evidence['feed 10']}/tags", data=form)
    assert answer.status_code == 422
    assert "did you mean PLAN-01" in answer.text


@pytest.mark.parametrize("wrong", [{"axis": "colour"}, {"word": "maybe"}, {"code": ""}, {"code": "x" * 301}])
def test_a_vote_of_another_shape_is_refused(visit, token, library, wrong):
    client = visit("researcher")
    form = {"csrf_token": token(client), "axis": "outcome", "code": "PLAN-01", "word": "accept"} | wrong
    assert client.post(f"/evidence/{library.evidence['feed 10']}/tags", data=form).status_code == 400


def test_an_outcome_shows_its_scores_by_wave_segment_and_product(visit):
    page = visit("viewer").get("/outcomes/plan-01").text
    text = " ".join(re.sub("<[^>]*>", " ", page).split())
    assert "2025-Q1 71% 66–76 412" in text
    assert "Parents of toddlers 43% 38–48 24 indicative" in text
    assert "FamilyTrip app 50%" in text
    assert "Propose three weeks" in text


def test_the_tables_of_an_open_wave_say_that_it_is_provisional(visit, filled):
    from insightrepo.models import Wave

    def headings() -> list[str]:
        page = visit("viewer").get("/outcomes/plan-01").text
        return [Markup(found).striptags() for found in re.findall(r"<h3 id=.by-.*?</h3>", page)]

    order = " · largest opportunity first"
    assert headings() == [f"By segment 2025-Q3{order}", f"By product 2025-Q3{order}"]
    with filled.database.writing() as session:
        waves = list(session.query(Wave).filter_by(state="frozen"))
        for wave in waves:
            wave.state = "open"
    try:
        assert headings() == [f"By segment 2025-Q3, provisional{order}", f"By product 2025-Q3, provisional{order}"]
    finally:
        with filled.database.writing() as session:
            for wave in waves:
                session.get_one(Wave, wave.id).state = "frozen"


def test_scores_of_products_beyond_the_readers_scope_are_left_out(visit):
    page = visit("scoped-viewer").get("/outcomes/PLAN-01").text
    assert "FamilyTrip web" in page
    assert "FamilyTrip app" not in page


def test_a_teams_own_outcome_is_for_the_team(visit, filled):
    from insightrepo.models import Outcome, Team

    with filled.database.writing() as session:
        team = session.query(Team).filter_by(name="Trips").one()
        session.add(Outcome(code="TEAM-01", name="A team's own", job="j", aliases=[], team_id=team.id))
    answers = {name: visit(name).get("/outcomes/TEAM-01").status_code for name in ("member", "administrator", "viewer")}
    assert answers == {"member": 200, "administrator": 200, "viewer": 404}
    assert "TEAM-01" not in visit("viewer").get("/outcomes").text
