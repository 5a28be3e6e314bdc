"""Where to act in the browser's eyes but without one: files, addresses that make no sense, frames."""

from __future__ import annotations

import csv
import io

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from insightrepo.models import Score, Term, Wave
from insightrepo.web import create_app
from insightrepo.workspace import Workspace

TABS = ("landscape", "portfolio", "journey", "coverage", "disagreements", "targets")


@pytest.mark.parametrize("name", TABS)
def test_every_tab_has_its_list_as_csv_and_xlsx(visit, name):
    client = visit("viewer")
    page = client.get(f"/act/{name}?segment=all")
    assert page.status_code == 200
    table = client.get(f"/act/{name}.csv")
    book = client.get(f"/act/{name}.xlsx")
    assert table.headers["Content-Disposition"] == f'attachment; filename="{name}.csv"'
    heading = next(csv.reader(io.StringIO(table.get_data().decode("utf-8-sig"))))
    (row, *_) = load_workbook(io.BytesIO(book.get_data())).active.iter_rows(values_only=True)
    assert list(row) == heading


@pytest.mark.parametrize("field", ["wave", "segment", "product", "show", "sort", "by"])
def test_what_nobody_knows_is_left_out_of_the_address_and_said_as_text(visit, field):
    hostile = "<script>alert(1)</script>"
    for name in ("landscape", "portfolio", "coverage"):
        page = visit("viewer").get(f"/act/{name}", query_string={field: hostile})
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert ("It was left out." in page.text) == (field in ("wave", "segment", "product"))


def test_a_scoped_reader_is_not_told_of_another_product(visit):
    page = visit("scoped-viewer").get("/act/portfolio?product=app&show=satisfaction")
    assert "no product is called" in page.text
    rows = list(csv.DictReader(io.StringIO(visit("scoped-viewer").get("/act/portfolio.csv").text)))
    assert "app" not in {row["product"] for row in rows}


def test_scores_are_filtered_as_the_command_does_and_refuse_what_nobody_knows(visit):
    client = visit("viewer")
    rows = list(csv.DictReader(io.StringIO(client.get("/scores.csv?outcome=PLAN-01&segment=all").text)))
    assert {(row["outcome"], row["segment"]) for row in rows} == {("PLAN-01", "all")}
    answer = client.get("/scores.csv?outcome=NO-SUCH")
    assert (answer.status_code, "no outcome is called" in answer.text) == (400, True)


def test_no_page_may_be_framed_unless_the_settings_name_a_site_and_then_only_charts(visit, filled, library):
    client = visit("viewer")
    assert "frame-ancestors 'none'" in client.get("/embed/coverage").headers["Content-Security-Policy"]
    origins = "https://wiki.example.com, https://home.example.com:8443"
    opened = Workspace(filled.settings.model_copy(update={"embed_origins": origins}))
    framing = create_app(opened, RATELIMIT_ENABLED=False).test_client()
    with client.session_transaction() as signed_in, framing.session_transaction() as cookie:
        cookie.update(signed_in)
    chart, page = framing.get("/embed/coverage"), framing.get("/act/coverage")
    assert chart.status_code == page.status_code == 200
    policy = chart.headers["Content-Security-Policy"]
    assert "frame-ancestors https://wiki.example.com https://home.example.com:8443" in policy
    assert "X-Frame-Options" not in chart.headers
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"
    opened.close()


@pytest.mark.parametrize("query", ["endpoint=a", "_method=POST", "_scheme=javascript", "_external=1&_anchor=x"])
def test_what_is_no_filter_does_not_reach_the_address_that_where_to_act_leads_to(visit, query):
    answer = visit("viewer").get(f"/act?{query}&wave=2025-Q1")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/act/landscape?wave=2025-Q1")


def test_beside_what_everybody_finds_fine_the_segments_that_disagree_are_named_and_every_figure_opens(visit, filled):
    with filled.database.writing() as session:
        ids = dict(session.execute(select(Term.code, Term.id)).tuples().all())
        wave = session.scalars(select(Wave.id).where(Wave.code == "2025-Q3")).one()
        for segment, measure, value in ((None, "importance", 80.0), (None, "opportunity", 10.8),
                                        ("TEENS", "importance", 20.0)):  # fmt: skip
            session.add(Score(
                wave_id=wave, outcome_id=ids["PLAN-01"], segment_id=ids.get(segment), measure=measure, value=value,
                low=value - 2, high=value + 2, n=200, verdict="not enough data",
            ))  # fmt: skip
    client = visit("viewer")
    for name in ("landscape", "coverage", "journey"):
        page = client.get(f"/act/{name}").text
        assert "but segments disagree</span> more than wanted for Parents of teenagers" in page, name
        assert "/explain" in page, name
        assert "but segments disagree" not in client.get(f"/act/{name}?segment=TEENS").text
    assert "/explain" in client.get("/act/portfolio?show=satisfaction").text
