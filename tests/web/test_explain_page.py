"""The page behind every figure."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from insightrepo.models import Score, Term


@pytest.fixture
def score_id(filled):
    """The id of a score by outcome, segment and product (codes; None: all), of the latest wave that has it."""

    def get(outcome, segment=None, product=None):
        with filled.database.reading() as session:
            ids = dict(session.execute(select(Term.code, Term.id)).tuples().all())
            query = select(Score.id).where(
                Score.outcome_id == ids[outcome], Score.measure == "satisfaction",
                Score.segment_id.is_not_distinct_from(ids.get(segment)),
                Score.product_id.is_not_distinct_from(ids.get(product)),
            )  # fmt: skip
            return session.scalars(query.order_by(Score.wave_id.desc())).first()

    return get


def test_a_chip_and_a_figure_of_a_list_lead_to_their_explanation(visit):
    assert 'class="explain" href="/scores/' in visit("viewer").get("/search?q=calendar").text
    assert 'class="figure-value" href="/scores/' in visit("viewer").get("/outcomes").text


def test_the_page_says_inputs_formula_test_and_version(visit, score_id):
    answer = visit("viewer").get(f"/scores/{score_id('PLAN-01')}/explain")
    assert answer.status_code == 200
    for heading in (
        "What went in",
        "How it is computed",
        "What is left out",
        "Weights",
        "Did it change?",
        "Wave and version",
    ):
        assert heading in answer.text


def test_a_suppressed_score_is_explained_without_numbers(visit, filled):
    with filled.database.reading() as session:
        hidden = session.scalars(select(Score.id).where(Score.note == "suppressed")).one()
    answer = visit("administrator").get(f"/scores/{hidden}/explain")
    assert answer.status_code == 200
    assert "Fewer than 5 people" in answer.text
    assert "What went in" not in answer.text


def test_strangers_sign_in_and_unknown_scores_are_not_there(visit, score_id):
    assert visit(None).get(f"/scores/{score_id('PLAN-01')}/explain").status_code == 302
    assert visit("viewer").get("/scores/99999999/explain").status_code == 404


def test_a_cell_outside_the_scopes_is_not_there(visit, filled, score_id):
    with filled.database.reading() as session:
        limited = session.scalars(select(Score.id).where(Score.product_id.is_not(None))).all()
    seen = [visit("administrator").get(f"/scores/{one}/explain").status_code for one in limited]
    scoped = [visit("scoped-viewer").get(f"/scores/{one}/explain").status_code for one in limited]
    assert set(seen) == {200}
    assert 404 in scoped
