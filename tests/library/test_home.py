"""What the home page keeps and reads, on each database."""

from __future__ import annotations

import datetime as dt

import planted_story
import pytest

from insightrepo.accounts.visits import last_visit, note_visit, was_noted
from insightrepo.home.page import read_home
from insightrepo.home.products import follow_products, my_products
from insightrepo.library.indexing.indexing import drain, enqueue
from insightrepo.library.requests import answer_request, ask_researchers, list_requests
from insightrepo.library.search.hits import SearchQuery
from insightrepo.library.terms.coverage import PARTS
from insightrepo.library.terms.decisions import decide, decisions_of, settle
from insightrepo.models import Outcome, Product, Study
from insightrepo.taxonomy.reading import UnknownTerm

TODAY = dt.date(2026, 3, 14)


@pytest.fixture
def taxonomy(workspace):
    """A product with one below it, and an outcome."""
    with workspace.database.writing() as session:
        app = Product(code="app", name="App")
        session.add_all([app, Outcome(code="FT-01", name="Find stops", job="find stops")])
        session.flush()
        session.add(Product(code="maps", name="Maps", parent_id=app.id))


def test_an_empty_workspace_has_a_home_page_with_nothing_on_it(workspace, ada):
    with workspace.database.reading() as session:
        found = read_home(workspace, session, ada, TODAY)
    assert not found.attention.rows
    assert found.attention.choice.wave is None
    assert not found.stale
    assert found.news.since == dt.date(2026, 2, 12)


@pytest.mark.usefixtures("taxonomy")
def test_a_followed_product_includes_what_is_below_it_and_no_other(workspace, ada):
    with workspace.database.writing() as session:
        follow_products(session, ada, ["app"])
        mine = follow_products(session, ada, ["app", "app"])
    assert [product.code for product in mine.chosen] == ["app"]
    assert len(mine.below) == 2
    with pytest.raises(UnknownTerm, match="no product is called 'car'"), workspace.database.writing() as session:
        follow_products(session, ada, ["maps", "car"])
    with workspace.database.reading() as session:
        assert my_products(session, ada) == mine
        assert read_home(workspace, session, ada, TODAY).attention.elsewhere == 1


def test_a_followed_product_includes_nothing_of_another_that_is_called_the_same(workspace, ada):
    with workspace.database.writing() as session:
        tops = [Product(code=code, name="Maps") for code in ("walk", "drive")]
        session.add_all(tops)
        session.flush()
        session.add_all([Product(code=f"{top.code}-night", name="Night", parent_id=top.id) for top in tops])
    with workspace.database.writing() as session:
        mine = follow_products(session, ada, ["walk"])
    assert {product.code for product in mine.offered if product.id in mine.below} == {"walk", "walk-night"}


def test_a_study_known_to_the_year_grows_old_from_the_end_of_that_year_on(workspace, ada):
    with workspace.database.writing() as session:
        session.add(Study(key="old", title="Old", state="published", ended_on=dt.date(2024, 1, 1),
                          date_precision="year"))  # fmt: skip
    with workspace.database.reading() as session:
        assert not read_home(workspace, session, ada, dt.date(2026, 12, 31)).stale.studies
        [old] = read_home(workspace, session, ada, dt.date(2027, 1, 1)).stale.studies
    assert (old.when, round(old.years, 1)) == ("2024", 2.0)


def test_the_list_is_of_the_day_asked_for_also_in_one_state_of_the_database(workspace, ada):
    with workspace.database.writing() as session:
        story = planted_story.tell(session)
        ids = [planted_story.say(session, story, story.studies["feed"], "Lost.", dt.date(2025, 9, 1), None)]
        enqueue(session, ids)
    drain(workspace, wait_seconds=30)

    def recency(today: dt.date) -> float:
        [row] = [row for row in read_home(workspace, session, ada, today).attention.rows if row.outcome.code == "STOP"]
        return row.strength.parts[PARTS.index("recency")]

    with workspace.database.reading() as session:
        assert [recency(dt.date(year, 9, 2)) for year in (2025, 2027)] == [1.0, 0.0]


@pytest.mark.usefixtures("taxonomy")
def test_decisions_and_questions_are_kept_with_what_became_of_them(workspace, ada):
    first = decide(workspace, ada, "ft-01", "Show stops again", "open", day=dt.date(2026, 1, 2))
    decide(workspace, ada, "FT-01", "Ask five families", "decided", day=dt.date(2026, 1, 1))
    asked = ask_researchers(workspace, ada, SearchQuery(words="Do families take ferries?"), "to plan ferries")
    assert settle(workspace, ada, first, "dropped", "too dear") == "FT-01"
    answer_request(workspace, ada, asked, "answered", "They do")
    with workspace.database.reading() as session:
        notes = decisions_of(session, ada, ["FT-01"])["FT-01"]
        [request] = list_requests(session, ada)
    assert [(note.text, note.state, note.reason) for note in notes] == [
        ("Show stops again", "dropped", "too dear"),
        ("Ask five families", "decided", ""),
    ]
    assert (request.question, request.why, request.state, request.answer) == (
        "Do families take ferries?", "to plan ferries", "answered", "They do",
    )  # fmt: skip


def test_the_last_visit_is_that_of_an_earlier_day(workspace, ada):
    yesterday = TODAY - dt.timedelta(days=1)
    with workspace.database.writing() as session:
        for day in (TODAY, TODAY, yesterday):
            note_visit(session, ada.user_id, day)
    with workspace.database.reading() as session:
        assert was_noted(session, ada.user_id, TODAY)
        assert last_visit(session, ada.user_id, TODAY) == yesterday
        assert last_visit(session, ada.user_id, yesterday) is None
