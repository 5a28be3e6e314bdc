"""A chart is drawn under the strict policy, follows the scheme, can be taken away as a file, and has its table."""

from __future__ import annotations

import logging
import struct
import threading
from xml.etree import ElementTree

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import render_template_string
from playwright.sync_api import expect
from walking import PHONE, WIDE
from werkzeug.serving import make_server

from config import Settings
from insightrepo.scores.chips import Point
from insightrepo.web import auth, create_app
from insightrepo.web.charts import _script
from insightrepo.web.trend import sparkline
from insightrepo.workspace import Workspace

pytestmark = pytest.mark.browser

HOSTILE = "</script><script>alert(1)</script>"
FIGURE = {
    "data": [
        {"type": "scatter", "mode": "markers+text", "x": [2, 8], "y": [3, 6], "text": ["TRIP-1", HOSTILE],
         "marker": {"color": "--worse", "size": 11}},
        {"type": "bar", "x": [1, 4], "y": [2, 5], "error_y": {"type": "data", "array": [1, 1]}},
        {"type": "bar", "orientation": "h", "y": ["a", "b"], "x": [1, 1], "base": [0, 1], "xaxis": "x2", "yaxis": "y2",
         "marker": {"color": ["--heat-1", "--heat-5"]}},
    ],
    "layout": {
        "xaxis": {"title": {"text": "importance"}, "domain": [0, 0.6]},
        "xaxis2": {"domain": [0.7, 1]}, "yaxis2": {"anchor": "x2"},
    },
}  # fmt: skip
PAGE = """{% extends "base.html" %}{% from "_chart.html" import chart, spark %}{% block content %}<h1>Charts</h1>
{{ chart("first", figure, "Importance and satisfaction", ["Outcome", "n"], [["TRIP-1", "40"], [hostile, "30"]], [1]) }}
<p>Bookings {{ spark(line) }}</p>{% endblock %}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A page with one chart and one sparkline, on a server of its own."""
    workspace = Workspace(Settings(home=tmp_path_factory.mktemp("charts"), embedding_model="none"))
    workspace.make_master_key()
    app = create_app(workspace, RATELIMIT_ENABLED=False)
    points = [Point(f"Q{n}", "", "", False, v, 1, 99, 40, None, "", None, False) for n, v in ((1, 40.0), (2, 55.0))]
    line = sparkline(points, "satisfaction", "percent")
    app.add_url_rule("/chart", "chart", lambda: render_template_string(PAGE, figure=FIGURE, hostile=HOSTILE, line=line))
    public, auth.PUBLIC = auth.PUBLIC, auth.PUBLIC | {"chart"}
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/chart"
    server.shutdown()
    thread.join()
    auth.PUBLIC = public
    workspace.close()


@pytest.fixture
def open_chart(chromium, address):
    """``open_chart(width=PHONE, color_scheme="dark")`` is the drawn page; trouble in the console fails the test."""
    contexts, troubles = [], []

    def opened(width=WIDE, drawn=True, **options):
        context = chromium.new_context(viewport=width, accept_downloads=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: troubles.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(address)
        if drawn:
            expect(page.locator("html[data-charts=drawn]")).to_be_attached()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert troubles == []


def test_a_chart_is_drawn_and_what_people_wrote_stays_text(open_chart):
    page = open_chart()
    expect(page.locator("#first .scatterlayer .point")).to_have_count(2)
    expect(page.locator("#first .barlayer .point")).to_have_count(4)
    assert page.locator("style").count() == 0
    expect(page.get_by_role("img", name="Importance and satisfaction")).to_be_visible()
    expect(page.get_by_role("img", name="satisfaction by wave: Q1 40%, Q2 55%")).to_be_visible()


@pytest.mark.parametrize("width", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_the_chart_is_as_wide_as_its_place(open_chart, scheme, width):
    page = open_chart(width, color_scheme=scheme)
    found = Axe().run(page).response["violations"]
    assert [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]] == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    sizes = page.evaluate("[...document.querySelectorAll('.chart-plot, .main-svg')].map(e => e.clientWidth)")
    assert sizes[0] > 0.8 * width["width"]
    assert set(sizes[1:]) == {sizes[0]}


def test_colours_are_the_stylesheets_and_follow_the_scheme(open_chart):
    page = open_chart(color_scheme="light")
    fill = "getComputedStyle(document.querySelector('#first .scatterlayer .point')).fill"
    assert page.evaluate(fill) == "rgb(171, 47, 31)"
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{fill} === 'rgb(242, 153, 138)'")


def test_the_picture_can_be_taken_away_as_png_and_svg(open_chart, tmp_path):
    page = open_chart()
    files = {}
    for kind in ("png", "svg"):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=kind.upper()).click()
        assert waiting.value.suggested_filename == f"first.{kind}"
        waiting.value.save_as(tmp_path / kind)
        files[kind] = (tmp_path / kind).read_bytes()
    assert files["png"].startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", files["png"][16:24])
    assert (width > 2000, height) == (True, 832)
    drawing = ElementTree.fromstring(files["svg"])
    assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
    assert "importance" in "".join(drawing.itertext())


def test_the_table_is_folded_under_a_drawn_chart_and_open_without_scripts(open_chart):
    page = open_chart()
    row = page.get_by_role("row", name="TRIP-1 40", include_hidden=True)
    expect(row).to_be_hidden()
    page.get_by_text("The numbers as a table").click()
    expect(row).to_be_visible()
    plain = open_chart(drawn=False, java_script_enabled=False)
    expect(plain.get_by_role("row", name="TRIP-1 40")).to_be_visible()
    expect(plain.get_by_role("button", name="PNG")).to_be_hidden()


def test_our_copy_of_plotlys_stylesheet_is_what_the_package_would_add(chromium, address):
    page = chromium.new_page()
    page.set_content("<div id=plot></div>")
    page.add_script_tag(content=_script().decode())
    page.evaluate("Plotly.newPlot('plot', [{y: [1, 2]}], {}, {displayModeBar: false})")
    rules = "[...document.querySelector('#plotly\\\\.js-style-global').sheet.cssRules].map(r => r.cssText).reverse()"
    theirs = page.evaluate(rules)
    ours = page.request.get(address.replace("/chart", "/static/plotly.css")).text().partition("*/\n")[2]
    page.close()
    assert ours.splitlines() == theirs
