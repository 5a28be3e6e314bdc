"""What the search page offers around its hits: in place, cite, groups, side by side, density, beginning, asking."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from urllib.parse import quote

import pytest

from insightrepo.library.search.citing import Citation, CitedScore, as_html, as_markdown, as_text, dates, score_words
from insightrepo.library.search.surroundings import around
from insightrepo.models import Evidence, Respondent, Study
from insightrepo.scores.chips import Chip
from insightrepo.web.samples import HIT

CHIP = Chip(measure="satisfaction", value=52.0, unit="percent", better="higher", low=47.4, high=56.6, n=412,
            segment=None, product=None, wave="2025-Q3", provisional=False, verdict="worse", note=None, change=-18.0,
            previous_wave="2025-Q2", opportunity=12.4, fell_back=None)  # fmt: skip


def page(visit, address: str, who: str = "researcher") -> str:
    answer = visit(who).get(address)
    assert answer.status_code == 200
    return html.unescape(answer.text)


def hits_of(text: str) -> list[int]:
    return [int(number) for number in re.findall('<article class="hit" id="hit-([0-9]+)"', text)]


def test_a_hit_links_to_its_surroundings_its_citation_and_its_permanent_address(visit, library):
    number = library.evidence["published 1"]
    text = page(visit, f"/search?q=calendar&study={library.studies['published']}")
    for address in (f"/evidence/{number}/around", f"/evidence/{number}/cite", f"/evidence/{number}"):
        assert f'href="{address}"' in text


def test_a_passage_stands_between_the_words_before_and_after_it(visit, library):
    number = library.evidence["published 1"]
    text = page(visit, f"/evidence/{number}/around?part=1")
    assert "<html" not in text
    before, here, after = text.index("Twelve families kept a diary"), text.index("<mark>"), text.index("Keeping to")
    assert before < here < after
    assert "Parents could not find the shared calendar" in text[here:after]
    whole = page(visit, f"/evidence/{number}/around")
    assert "<h1>Where it stands</h1>" in whole


def test_the_rest_of_a_block_belongs_to_what_is_around():
    text = "One two three.\n\nFour five six.\n\nSeven.\n\nEight."
    blocks = [("paragraph", 0, 14, 0, {}), ("paragraph", 16, 30, 0, {}), ("paragraph", 32, 38, 0, {}),
              ("paragraph", 40, 46, 0, {})]  # fmt: skip
    before, after = around(text, blocks, 21, 25)
    assert [part.text for part in before] == ["One two three.", "Four "]
    assert [part.text for part in after] == [" six.", "Seven."]
    assert around(text, blocks, 0, len(text)) == ((), ())


def test_what_the_same_person_said_besides_stands_beside_a_row(visit, filled, library):
    with filled.database.writing() as session:
        study = Study(key="pair", title="Two answers", state="published")
        person, other = Respondent(key="a" * 64), Respondent(key="b" * 64)
        session.add_all([study, person, other])
        session.flush()
        rows = [
            Evidence(study_id=study.id, identity=f"pair {n}", kind="verbatim", text=text, content_hash=str(n),
                     context=asked, respondent_id=who.id)
            for n, (text, asked, who) in enumerate([
                ("It took too long", "What went wrong?", person),
                ("A map would have helped", "What was missing?", person),
                ("Nothing at all", "What was missing?", other),
            ])
        ]  # fmt: skip
        session.add_all(rows)
        session.flush()
        first, alone = rows[0].id, rows[2].id
    text = page(visit, f"/evidence/{first}/around?part=1")
    assert "A map would have helped" in text
    assert "What was missing?" in text
    assert "Nothing at all" not in text
    assert "said nothing more" in page(visit, f"/evidence/{alone}/around?part=1")
    with filled.database.writing() as session:
        for row in session.query(Evidence).filter(Evidence.identity.like("pair %")):
            session.delete(row)


def test_a_citation_has_the_exact_words_who_where_when_and_the_score_with_its_basis(visit, library):
    client = visit("viewer")
    forms = client.get(f"/evidence/{library.evidence['feed 0']}/cite", headers={"Accept": "application/json"}).json
    assert forms["text"].startswith("“The calendar is impossible to find on the phone, I gave up twice. (0)”\n— ")
    assert "App store reviews · feed of verbatims" in forms["text"]
    assert "rated 2 " in forms["text"]
    assert re.search(r"PLAN-0\d .*: satisfaction .*\d+% \(95% interval \d+–\d+, n \d+, 2025-Q3\)", forms["text"])
    assert forms["text"].endswith(f"http://localhost/evidence/{library.evidence['feed 0']}")
    assert forms["markdown"].startswith("> The calendar is impossible")
    assert forms["html"].startswith("<blockquote><p>“The calendar is impossible")


@pytest.mark.parametrize("asked", ["q=calendar&product=APP", "q=calendar+product:app", "product=WEB&group=study"])
def test_a_citation_tells_the_very_scores_of_the_hit_it_is_taken_from(visit, asked):
    hits = page(visit, f"/search?{asked}").split('<article class="hit"')[1:]
    compared = 0
    for hit in hits:
        link = re.search(r'<a class="permalink" href="([^"]+/cite[^"]*)"', hit)[1]
        cited = visit("researcher").get(link, headers={"Accept": "application/json"}).json["text"]
        for chip in re.findall('<li>(<div class="chip.*?</div>)', hit, re.DOTALL):
            code, value = re.search('class="code">([^<]+)<', chip)[1], re.search('class="value">([^<]+)<', chip)[1]
            assert f" {value} (" in re.search(f"^{code} .*", cited, re.MULTILINE)[0]
            compared += 1
    assert compared


def test_a_citation_calls_the_cell_of_its_score_by_name(visit, library):
    number = library.evidence["published 1"]
    forms = visit("viewer").get(f"/evidence/{number}/cite?product=APP", headers={"Accept": "application/json"}).json
    assert "satisfaction of FamilyTrip app 50% (95% interval" in forms["text"]
    unknown = visit("viewer").get(f"/evidence/{number}/cite?segment=%00nobody&product=")
    assert "satisfaction 52% (95% interval" in html.unescape(unknown.text)


def test_an_insight_is_cited_with_the_time_of_its_study_and_the_day_on_which_it_was_written():
    assert dates(replace(HIT, kind="insight", date="2026-11-28"), "2025-12") == ("2025-12", "written 2026-11-28")
    assert dates(HIT, "2025-12") == (HIT.date,)


def test_the_page_of_a_citation_shows_all_three_forms_without_a_script(visit, library):
    text = page(visit, f"/evidence/{library.evidence['feed 0']}/cite", "viewer")
    assert text.count("The calendar is impossible to find on the phone") == 3
    assert "<blockquote><p>“The calendar" in text


def test_what_must_not_be_passed_on_says_so(visit, library):
    assert "The study is confidential" in page(visit, f"/evidence/{library.evidence['confidential 0']}/cite")
    assert "The study is draft" in page(visit, f"/evidence/{library.evidence['draft 0']}/cite", "owner")
    assert 'class="notice' not in page(visit, f"/evidence/{library.evidence['published 0']}/cite")


def test_the_page_of_evidence_leads_to_its_citation_and_to_similar_evidence(visit, library):
    number = library.evidence["published 0"]
    text = page(visit, f"/evidence/{number}")
    assert f'href="/evidence/{number}/cite"' in text
    assert f'href="/search?like={number}"' in text


def test_hostile_words_are_escaped_in_every_form():
    words, address = "<script>x</script> *bold* [a](b)\n# no heading", "https://example.org/evidence/7?a=1&b=2"
    scores = (CitedScore("A-1", "a|b", "no score yet"),)
    found = Citation(7, words, "", ("R&D",), ("S <b>",), scores, address, "")
    assert "<script>" not in as_html(found)
    assert "R&amp;D · S &lt;b&gt;" in as_html(found)
    assert "a=1&amp;b=2" in as_html(found)
    marked = as_markdown(found)
    assert "\\<script\\>x\\</script\\> \\*bold\\* \\[a\\](b)" in marked
    assert "> \\# no heading" in marked
    assert as_text(found).startswith("“<script>x</script> *bold*")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "satisfaction 52% (95% interval 47–57, n 412, 2025-Q3), 18 points worse than 2025-Q2"),
        ({"verdict": "no evidence of change"}, "satisfaction 52% (95% interval 47–57, n 412, 2025-Q3)"),
        ({"segment": "TEENS", "note": "indicative", "n": 24, "change": None},
         "satisfaction of TEENS 52% (95% interval 47–57, n 24, 2025-Q3), indicative: fewer than 30 people"),
        ({"disagreement": "Segments disagree in 2025-Q3: …", "change": None},
         "satisfaction 52% (95% interval 47–57, n 412, 2025-Q3), segments disagree"),
        ({"value": None, "note": "suppressed"}, "satisfaction: not shown: fewer than 5 people (2025-Q3)"),
        ({"value": None}, "satisfaction: not enough data (2025-Q3)"),
        ({"provisional": True, "change": None}, "satisfaction 52% (95% interval 47–57, n 412, 2025-Q3, provisional)"),
    ],
)  # fmt: skip
def test_a_score_is_cited_with_what_stands_behind_it(change, words):
    assert score_words(replace(CHIP, **change)) == words


def test_hits_are_grouped_by_study_the_best_three_of_each(visit, library):
    text = page(visit, "/search?q=calendar&group=study")
    groups = re.findall(r'<h2 id="group-\d+"><a href="/studies/(\d+)">', text)
    assert len(groups) == len(set(groups)) > 3
    assert str(library.studies["feed"]) in groups
    assert max(len(hits_of(part)) for part in text.split('<section class="group"')[1:]) == 3
    feed = next(p for p in text.split('<section class="group"') if f'/studies/{library.studies["feed"]}"' in p)
    more = html.unescape(re.search('class="more-of-group"><a href="([^"]+)"', feed)[1])
    assert more == f"/search?q=calendar&study={library.studies['feed']}"
    assert len(hits_of(page(visit, more))) > 3


def test_hits_are_grouped_by_level_with_the_outcomes_that_connect_them(visit, filled, library):
    with filled.database.writing() as session:
        session.get_one(Study, library.studies["published"]).level = "interaction"
    text = page(visit, "/search?group=level")
    assert re.findall(r'<h2 id="group-\d+">(\w[\w ]+) <', text) == ["Relationship", "Interaction", "Level not set"]
    between = text[text.index("Outcomes that connect the levels") : text.index('<section class="group"')]
    assert "PLAN-01" in between
    found = re.search(r"(\d+) relationship and (\d+) interaction", between)
    for level, number in (("relationship", found[1]), ("interaction", found[2])):
        assert f'<h1 id="found">{number} hit' in page(visit, f"/search?level={level}&outcome=PLAN-01")


def test_without_a_level_no_outcome_connects(visit):
    assert "No outcome is spoken of at both levels" in page(visit, "/search?level=relationship&group=level")


def test_each_number_of_the_table_is_the_number_of_hits_that_it_leads_to(visit):
    text = page(visit, "/search/table?q=calendar&by=kind")
    links = re.findall(r'<a href="(/search\?[^"]+)">(\d+)</a>', text)
    assert len(links) == 3
    for address, number in links:
        assert re.search(rf'<h1 id="found">{number} hits?\b', page(visit, address)), address


def test_outcomes_by_outcomes_count_what_speaks_to_both(visit):
    text = page(visit, "/search/table?by=outcome")
    assert "where an outcome meets itself, to it alone" in text
    assert page(visit, "/search/table?by=nonsense&q=calendar")  # falls back to segments
    assert "None of these hits is tagged" in page(visit, "/search/table?q=zebra&mode=keyword")


def test_density_is_kept_in_the_session_and_leads_back_to_the_same_page(visit, token):
    client = visit("viewer")
    form = {"csrf_token": token(client), "density": "compact"}
    answer = client.post("/search/density?q=calendar&page=2", data=form)
    assert answer.headers["Location"] == "/search?q=calendar&page=2"
    assert 'class="hits compact"' in client.get("/search?q=plan").text
    client.post("/search/density", data=form | {"density": "tiny"})
    assert 'class="hits compact"' in client.get("/search").text
    client.post("/search/density", data=form | {"density": "reading"})
    assert 'class="hits"' in client.get("/search").text


def test_where_nothing_is_asked_the_page_says_how_to_begin(visit):
    text = page(visit, "/search", "viewer")
    assert "Has this been asked before?" in text
    begin = text[text.index("What really changed") : text.index('<div class="columns">')]
    assert "PLAN-01" in begin
    assert "18 points worse" in begin
    assert 'class="start' not in page(visit, "/search?kind=verbatim", "viewer")
    assert 'class="start' not in page(visit, "/search?q=calendar", "viewer")


def test_what_finds_nothing_can_be_asked_with_its_filters(visit, token):
    address = f"/search?q={quote('zeppelin moorings')}&kind=insight"
    text = page(visit, address, "viewer")
    assert "Ask a researcher" in text
    action = re.search('<form method="post" action="(/questions[^"]+)"', text)[1]
    client = visit("viewer")
    client.post(action, data={"csrf_token": token(client), "question": "Do zeppelins moor?", "why": ""})
    asked = page(visit, "/questions", "viewer")
    assert "Do zeppelins moor?" in asked
    assert "within kind insight" in asked


def test_a_folded_facet_can_be_folded_again(visit):
    text = page(visit, "/search?q=calendar")
    assert text.count('class="when-open">Fewer') == text.count('class="when-closed">')
