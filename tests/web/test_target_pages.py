"""The pages of targets: saving one keeps what it is of, also where that was retired since."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from insightrepo.models import Outcome, Product, Target


def test_saving_a_target_of_retired_terms_does_not_widen_it(filled, visit, token):
    with filled.database.writing() as session:
        outcome, product = (session.scalars(select(kind).order_by(kind.id)).first() for kind in (Outcome, Product))
        target = Target(name="visits", first_day=dt.date(2025, 1, 1), last_day=dt.date(2025, 3, 31), wanted=12,
                        outcome_id=outcome.id, product_id=product.id)  # fmt: skip
        session.add(target)
        outcome.status = product.status = "retired"
        session.flush()
        number, of = target.id, (outcome.id, product.id)
    client = visit("researcher")
    page = client.get(f"/act/targets/{number}").text
    assert [f'<option selected value="{term}">' in page for term in of] == [True, True]
    form = {"name": "visits", "wanted": "15", "team": "0", "outcome": str(of[0]), "product": str(of[1])}
    days = {"first_day": "2025-01-01", "last_day": "2025-03-31", "csrf_token": token(client)}
    assert client.post(f"/act/targets/{number}/edit", data=form | days).status_code == 302
    with filled.database.reading() as session:
        found = session.get_one(Target, number)
        assert (found.wanted, found.outcome_id, found.product_id) == (15, *of)
