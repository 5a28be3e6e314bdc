"""The page of an outcome: what stands on it, for whom."""

from __future__ import annotations

import datetime as dt

import pytest
from markupsafe import Markup
from sqlalchemy import select

from insightrepo.library.terms.outcome_said import read_said
from insightrepo.models import Annotation, Evidence, EvidenceLink, Outcome, SearchGap, Study
from insightrepo.scores.chips import Point
from insightrepo.web.trend import draw


def words(page) -> str:
    """The words of a page, blanks folded."""
    return " ".join(Markup(page.text).striptags().replace("\xa0", " ").split())


def part(page, anchor: str) -> str:
    """The words of a section, by the id of its heading."""
    html = page.text[page.text.index(f'id="{anchor}"') :]
    return " ".join(Markup(f"<p {html[: html.index('</section>')]}").striptags().replace("\xa0", " ").split())


def test_low_and_high_ratings_stand_side_by_side_with_who_when_and_where(visit):
    page = visit("viewer").get("/outcomes/PLAN-01")
    low, high = part(page, "side-worse"), part(page, "side-better")
    assert "The calendar is impossible to find on the phone" in low
    assert "Love how quickly we agreed on a week" in high
    assert "Parents of t" in low
    assert "2025-0" in low
    assert "App store reviews" in low
    assert "10 low ratings" in low
    assert "10 high ratings" in high


def test_what_has_no_rating_stands_apart(visit):
    assert "Parents could not find the shared calendar" in part(visit("viewer").get("/outcomes/PLAN-01"), "others")


def test_the_studies_that_speak_of_it_are_counted_with_pieces_and_people(visit):
    shown = part(visit("viewer").get("/outcomes/PLAN-01"), "studies")
    assert "App store reviews feed of verbatims 30 pieces of evidence in App store reviews 10 people" in shown
    assert "Diaries of twelve families diary study · 2025-02-21 · 12 participants 1 piece" in shown
    assert "Home visits" not in shown


def test_a_withdrawn_study_does_not_speak_even_to_its_owner(filled, visit, library):
    assert "Withdrawn survey" not in words(visit("owner").get("/outcomes/PLAN-01"))


def test_evidence_at_odds_is_shown_to_who_sees_both_sides(filled, visit, library):
    with filled.database.writing() as session:
        ids = library.evidence["published 1"], library.evidence["confidential 1"]
        session.add(EvidenceLink(from_id=ids[0], to_id=ids[1], kind="contradicts"))
    assert "Pricing interviews" in part(visit("researcher").get("/outcomes/PLAN-01"), "contradictions")
    assert "What is at odds" not in words(visit("viewer").get("/outcomes/PLAN-01"))


@pytest.mark.parametrize(("who", "told"), [("researcher", True), ("viewer", False)])
def test_questions_without_an_answer_are_told_to_researchers(filled, visit, who, told):
    asked = [("how do families share a shared calendar", "{}"), ("who pays", '{"outcome": ["PLAN-01"]}'),
             ("shared calendars", "{}")]  # fmt: skip
    with filled.database.writing() as session:
        if not session.scalar(select(SearchGap.id)):
            session.add_all(SearchGap(question=text, words=text, filters=filters, hits=0) for text, filters in asked)
    page = words(visit(who).get("/outcomes/PLAN-01"))
    assert ("how do families share a shared calendar" in page) == told
    assert ("who pays" in page) == told
    assert "shared calendars" not in page  # no alias is called so


def test_what_happened_is_marked_in_the_trend_and_told_below_it(filled, visit):
    with filled.database.writing() as session:
        session.add(Annotation(kind="intervention", first_day=dt.date(2025, 6, 1), text="A new calendar"))
        other = session.scalar(select(Outcome.id).where(Outcome.code == "PACK-01"))
        session.add(Annotation(kind="event", first_day=dt.date(2025, 6, 2), text="Of packing", outcome_id=other))
    page = visit("viewer").get("/outcomes/PLAN-01")
    assert "<title>A new calendar</title>" in page.text
    assert "A new calendar" in words(page)
    assert "Of packing" not in page.text


def test_segments_products_and_tasks_lead_to_their_pages(visit):
    page = visit("viewer").get("/outcomes/PLAN-01").text
    for address in ("/segments/TODDLER", "/products/APP", "/tasks/T-1", "/glossary#outcome-PLAN-01"):
        assert f'href="{address}"' in page


def test_what_repeats_another_word_for_word_is_quoted_once(filled, library):
    with filled.database.writing() as session:
        newest = select(Evidence.id).join(Study).where(Study.title == "App store reviews", Evidence.rating == 5.0)
        pair = session.scalars(newest.where(Evidence.text.like("Love how%")).order_by(Evidence.id.desc())).all()[:2]
        session.add(EvidenceLink(from_id=pair[0], to_id=pair[1], kind="duplicates"))
    with filled.database.reading() as session:
        from insightrepo.accounts.users import acting_reader

        viewer = acting_reader(session, "viewer@example.org")
        outcome_id = session.scalar(select(Outcome.id).where(Outcome.code == "PLAN-01"))
        found = read_said(filled, session, viewer, outcome_id)
    assert pair[0] not in {hit.id for hit in found.well}


def point(wave: int, value: float, new: bool = False) -> Point:
    first = dt.date(2025, 1 + 3 * (wave - 1), 1)
    last = first + dt.timedelta(days=88)
    return Point(f"2025-Q{wave}", first.isoformat(), last.isoformat(), False, value, value - 5, value + 5, 100, None,
                 "no evidence of change", 0.0, starts_series=new)  # fmt: skip


def test_an_event_stands_between_the_waves_around_its_day():
    events = [(dt.date(2024, 1, 1), "before"), (dt.date(2025, 3, 31), "between"), (dt.date(2025, 12, 1), "after")]
    drawn = draw([point(1, 60.0), point(2, 70.0)], "satisfaction", "percent", events=events)
    assert [(mark.number, mark.words) for mark in drawn.marks] == [(2, "between")]
    assert drawn.dots[0].x < drawn.marks[0].x < drawn.dots[1].x


def test_another_instrument_breaks_the_line_and_the_break_is_drawn():
    drawn = draw([point(1, 60.0), point(2, 70.0), point(3, 71.0, new=True)], "satisfaction", "percent")
    assert len(drawn.lines) == 2
    assert len(drawn.breaks) == 1
    assert drawn.dots[1].x < drawn.breaks[0] < drawn.dots[2].x


def test_the_table_by_segment_says_that_the_worst_stands_first(visit):
    page = visit("viewer").get("/outcomes/PLAN-01").text
    heading = page.split('id="by-segment"')[1].split("</h3>")[0]
    assert heading.endswith(("· worst first</span>", "· largest opportunity first</span>"))
