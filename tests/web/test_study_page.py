"""The page of a study and its documents: what it says by outcome, who spoke, how old it is."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from markupsafe import Markup
from sqlalchemy import select

from insightrepo.accounts.users import acting_reader
from insightrepo.library.indexing.indexing import drain, enqueue
from insightrepo.library.search.hits import SearchQuery
from insightrepo.library.search.search import search
from insightrepo.library.studies.ages import last_day
from insightrepo.library.studies.study_hub import read_study_hub
from insightrepo.models import IN_FORCE, Evidence, EvidenceLink, Outcome, Respondent, Segment, Study, Tag


def words(page) -> str:
    """The words of a page, blanks folded."""
    return " ".join(Markup(page.text).striptags().replace("\xa0", " ").split())


@pytest.fixture
def study(visit, library):
    """The page of a study by its name in the library, as somebody sees it."""
    return lambda name, who="viewer": visit(who).get(f"/studies/{library.studies[name]}")


def test_what_a_study_says_stands_by_outcome_beside_its_score_and_leads_to_the_place(study, library):
    page = study("published")
    assert "PLAN-01 Minimize the time it takes to agree on dates" in words(page)
    assert "1 piece of evidence of PLAN-01 in this study" in words(page)
    assert "satisfaction 52%" in words(page)
    number, document = library.studies["published"], library.documents["published"]
    assert f'href="/studies/{number}/documents/{document}?outcome=PLAN-01"' in page.text
    assert 'href="/products/APP"' in page.text


def test_confirmed_tags_are_counted_apart(study):
    assert "30 pieces of evidence of PLAN-01 in this study 20 confirmed" in words(study("feed"))


def test_who_spoke_is_counted_by_segment(study):
    page = words(study("feed"))
    assert "30 people known by their answers; 30 pieces of evidence name nobody" in page
    assert "Parents of toddlers 20 what they said" in page
    assert "Parents of teenagers 10 what they said" in page


def test_few_people_of_a_segment_are_counted_as_the_search_counts_them(filled, study, library):
    with filled.database.writing() as session:
        made = Study(key="small", title="Six families", state="published")
        session.add(made)
        session.flush()
        codes = {row.code: row.id for row in session.query(Segment)}
        for number in range(11):
            who = Respondent(key=f"small {number}")
            said = Evidence(study_id=made.id, identity=f"small {number}", kind="verbatim", text=f"Words of {number}",
                            content_hash="")  # fmt: skip
            session.add_all([who, said])
            session.flush()
            said.respondent_id = who.id
            code = "TODDLER" if number < 3 else "TEENS"
            session.add(Tag(evidence_id=said.id, term_id=codes[code], state="accepted", origin="import"))
            enqueue(session, [said.id])
        library.studies["small"] = made.id
    drain(filled, wait_seconds=30)
    page = words(study("small"))
    assert "11 people known by their answers" in page
    for code, name, people in (("TODDLER", "toddlers", 3), ("TEENS", "teenagers", 8)):
        assert f"Parents of {name} {people} what they said" in page
        asked = SearchQuery(filters={"segment": (code,), "study": (str(library.studies["small"]),)})
        with filled.database.reading() as session:
            assert search(filled, session, acting_reader(session, "viewer@example.org"), asked).people == people


def test_a_study_without_a_date_is_as_old_as_the_last_words_in_it(filled, library):
    with filled.database.reading() as session:
        viewer = acting_reader(session, "viewer@example.org")
        hub = read_study_hub(filled, session, viewer, library.studies["feed"], dt.date(2025, 8, 1))
    assert (hub.said, hub.age, hub.stale) == ("2025-01-01 to 2025-06-01", "2 months ago", False)


def test_two_years_after_its_end_a_study_is_stale(filled, library):
    ages = {}
    with filled.database.reading() as session:
        viewer = acting_reader(session, "viewer@example.org")
        for today in (dt.date(2025, 3, 1), dt.date(2027, 2, 21), dt.date(2027, 2, 23)):
            hub = read_study_hub(filled, session, viewer, library.studies["published"], today)
            ages[today.isoformat()] = (hub.age, hub.stale)
    assert ages == {
        "2025-03-01": ("8 days ago", False),
        "2027-02-21": ("2 years ago", False),
        "2027-02-23": ("2 years ago", True),
    }


def test_what_is_known_to_the_month_ended_on_its_last_day():
    day = dt.date(2026, 10, 1)
    ends = {precision: last_day(day, precision).isoformat() for precision in ("day", "month", "quarter", "year", None)}
    assert ends == {"day": "2026-10-01", "month": "2026-10-31", "quarter": "2026-12-31", "year": "2026-12-31",
                    None: "2026-10-01"}  # fmt: skip


def test_an_outcome_that_is_only_suggested_is_said_apart(filled, library):
    with filled.database.writing() as session:
        viewer = acting_reader(session, "viewer@example.org")
        before = read_study_hub(filled, session, viewer, library.studies["published"])
        tag = session.scalars(select(Tag).join(Evidence).join(Outcome, Outcome.id == Tag.term_id).where(
            Evidence.study_id == library.studies["published"], Tag.state.in_(IN_FORCE))).first()  # fmt: skip
        tag.state = "suggested"
        session.flush()
        after = read_study_hub(filled, session, viewer, library.studies["published"])
        session.rollback()
    known, now = ({code: pieces for code, _, pieces in hub.suggested} for hub in (before, after))
    assert sum(now.values()) == sum(known.values()) + 1
    assert sum(one.pieces for one in after.outcomes) == sum(one.pieces for one in before.outcomes) - 1


def test_what_contradicts_a_study_is_shown_to_who_sees_both(filled, study, library):
    with filled.database.writing() as session:
        pair = library.evidence["public 0"], library.evidence["confidential 0"]
        session.add(EvidenceLink(from_id=pair[1], to_id=pair[0], kind="contradicts"))
    assert "What is at odds" in words(study("public", "researcher"))
    assert "What is at odds" not in words(study("public", "viewer"))


def test_a_document_marks_the_passages_of_one_outcome(visit, library):
    address = f"/studies/{library.studies['published']}/documents/{library.documents['published']}"
    plain = visit("viewer").get(address).text
    assert 'class="passage chosen"' not in plain
    assert 'title="Minimize the likelihood of spending more than the family set aside">PLAN-02' in plain
    marked = visit("viewer").get(f"{address}?outcome=PLAN-02").text
    found = re.findall(r'<mark class="passage chosen">(.*?)</mark>', marked, re.DOTALL)
    assert found
    assert any("Families set a budget" in text for text in found)
    assert not any("calendar" in text for text in found)


def test_an_outcome_that_no_passage_speaks_of_marks_nothing(visit, library):
    address = f"/studies/{library.studies['published']}/documents/{library.documents['published']}?outcome=NONE"
    page = visit("viewer").get(address)
    assert page.status_code == 200
    assert "Marked:" not in page.text


def test_a_tag_of_a_segment_leads_to_its_page(visit, library):
    rows = visit("viewer").get(f"/studies/{library.studies['feed']}/documents/{library.documents['feed']}")
    assert 'href="/segments/TODDLER"' in rows.text
    assert 'href="/segments/TODDLER"' in visit("viewer").get(f"/evidence/{library.evidence['feed 1']}").text


def test_the_register_of_studies_counts_methods_and_filters_by_one(visit):
    everything = visit("viewer").get("/studies")
    assert "diary study 3, 36 participants" in words(everything)
    diaries = visit("viewer").get("/studies?method=diary+study")
    assert "3 studies that you may see by diary study" in words(diaries)
    assert "App store reviews" not in words(diaries)
    assert "Pricing interviews" not in words(diaries)  # confidential
    assert "0 studies" in words(visit("viewer").get("/studies?method=none+such"))
