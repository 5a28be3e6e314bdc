"""Products, segments and tasks: what their pages say, and to whom."""

from __future__ import annotations

import re

import pytest
from markupsafe import Markup
from sqlalchemy import select

from insightrepo.models import Score, Term, Wave


def words(page) -> str:
    """The words of a page, blanks folded."""
    return " ".join(Markup(page.text).striptags().replace("\xa0", " ").split())


def row(page, code: str) -> str:
    """The words of the row of a table that names a code."""
    found = [part for part in re.findall(r"<tr.*?</tr>", page.text, re.DOTALL) if code in part]
    return " ".join(Markup(found[0]).striptags().replace("\xa0", " ").split())


def test_a_product_shows_the_scores_of_its_own_cell_with_n_and_wave(visit):
    shown = row(visit("viewer").get("/products/APP"), "PLAN-01")
    assert "50%" in shown  # everybody's is 52%
    assert "n 412" in shown
    assert "2025-Q3" in shown
    assert "18 points worse" in shown


def test_the_history_of_a_score_is_drawn_and_told(visit):
    page = visit("viewer").get("/products/APP")
    assert 'aria-label="satisfaction by wave: 2025-Q1 69%, 2025-Q2 68%, 2025-Q3 50%"' in page.text


def test_a_product_has_the_tasks_of_what_is_below_it(visit):
    page = visit("viewer").get("/products/APP")
    assert "Propose three weeks" in row(page, "T-1")
    assert "not tried" in row(page, "T-1")
    assert "Shared calendar" in row(page, "T-1")


def test_evidence_of_a_product_is_counted_with_the_studies_set_to_it(visit):
    page = visit("viewer").get("/products/APP")
    assert "3 pieces of evidence, 1 study" in words(page)
    assert "Diaries of twelve families" in words(page)
    assert "/search?product=APP&amp;sort=newest" in page.text


def test_whoever_is_limited_to_another_product_gets_its_definition_and_no_figure(visit):
    page = visit("scoped-researcher").get("/products/APP")
    assert page.status_code == 200
    assert "outside the part of the workspace that you may see" in words(page)
    assert "50%" not in page.text
    assert "T-1" not in page.text
    assert "Diaries of twelve families" not in page.text


def test_the_tree_lists_only_products_whose_scores_one_may_see(visit):
    everything = visit("viewer").get("/products")
    assert all(f"/products/{code}" in everything.text for code in ("APP", "CALENDAR", "WEB"))
    scoped = visit("scoped-viewer").get("/products")
    assert "/products/WEB" in scoped.text
    assert "/products/APP" not in scoped.text


def test_a_task_of_a_product_out_of_reach_is_not_there(visit):
    assert "Propose three weeks" in words(visit("viewer").get("/tasks/t-1"))
    assert visit("scoped-administrator").get("/tasks/T-1").status_code == 404


def test_a_segment_shows_where_it_is_clearly_apart_from_everybody(visit, filled):
    page = visit("viewer").get("/segments/TODDLER")
    assert "43%" in row(page, "PLAN-01")
    assert "Clearly apart" not in words(page)  # of 52%: the intervals touch
    with filled.database.writing() as session:
        ids = dict(session.execute(select(Term.code, Term.id)).tuples().all())
        wave = session.scalar(select(Wave.id).where(Wave.code == "2025-Q3"))
        session.add(Score(wave_id=wave, outcome_id=ids["PLAN-02"], segment_id=ids["TODDLER"], measure="satisfaction",
                          value=30.0, low=24.0, high=36.0, n=120))  # fmt: skip
    page = visit("viewer").get("/segments/TODDLER")
    assert "Clearly apart from everybody" in words(page)
    assert row(page, "PLAN-02").endswith("−30")  # everybody's is 60%


def test_a_segment_names_the_others_of_its_dimension_and_leads_into_search(visit):
    page = visit("viewer").get("/segments/TODDLER")
    assert "/segments/TEENS" in page.text
    assert "/search?outcome=PLAN-01&amp;segment=TODDLER" in page.text


@pytest.mark.parametrize("url", ["/products/NONE", "/segments/NONE", "/tasks/NONE", "/products/PLAN-01"])
def test_what_nobody_knows_is_not_there(visit, url):
    assert visit("administrator").get(url).status_code == 404


@pytest.mark.parametrize(("sort", "chosen"), [("gap", "largest gap first"), ("nonsense", "largest opportunity first")])
def test_outcomes_are_sorted_as_asked_and_an_unknown_order_is_the_usual_one(visit, sort, chosen):
    page = visit("viewer").get(f"/products/APP?sort={sort}")
    assert re.search(r'aria-current="true">([^<]+)', page.text)[1] == chosen


def codes(page) -> list[str]:
    """The outcomes of the register in the order of the page."""
    return re.findall(r'class="name" href="/outcomes/([\w-]+)"', page.text)


def test_the_register_shows_score_history_evidence_and_tasks_of_each_outcome(visit):
    shown = row(visit("viewer").get("/outcomes"), "PLAN-01")
    assert "52%" in shown
    assert "18 points worse" in shown
    assert "pieces of evidence of PLAN-01" in shown
    assert shown.endswith("1 nobody")  # tasks, owner


def test_a_suppressed_score_is_not_in_the_register(visit):
    assert "not shown: fewer than 5 people" in row(visit("viewer").get("/outcomes"), "PACK-01")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("sort=score", ["PACK-01", "PLAN-01", "PLAN-02"]),
        ("sort=score&group=none", ["PLAN-01", "PLAN-02", "PACK-01"]),
        ("group=stage", ["PLAN-01", "PLAN-02", "PACK-01"]),
        ("status=validated", ["PACK-01"]),
        ("lacking=tasks", ["PACK-01", "PLAN-02"]),
        ("lacking=evidence", ["PACK-01"]),
        ("lacking=scores", ["PACK-01"]),
        ("lacking=nonsense&group=nonsense", ["PACK-01", "PLAN-01", "PLAN-02"]),
        ("owner=Nobody+Known", []),
    ],
)
def test_the_register_is_sorted_grouped_and_filtered_as_the_address_says(visit, asked, expected):
    assert codes(visit("viewer").get(f"/outcomes?{asked}")) == expected


def test_an_outcome_whose_tasks_are_out_of_reach_is_without_a_task(visit):
    assert "PLAN-01" in codes(visit("scoped-viewer").get("/outcomes?lacking=tasks"))
