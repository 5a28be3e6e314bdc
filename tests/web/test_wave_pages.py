"""The pages of waves: the calendar, one wave with its forms, frozen issues, questionnaire, glossary, usability kit."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re

import pytest
from docx import Document
from sqlalchemy import select

from config import Settings
from ingest.readers.base import Row, Table
from insightrepo.accounts.users import add_user
from insightrepo.models import (
    Annotation,
    Exclusion,
    Instrument,
    Membership,
    Outcome,
    Product,
    QuarantinedRow,
    Respondent,
    ResponseCount,
    Scope,
    Segment,
    Task,
    User,
    Wave,
)
from insightrepo.schema import upgrade
from insightrepo.scores.intake.importing import import_answers
from insightrepo.scores.waves.issues import freeze, reissue
from insightrepo.scores.waves.waves import ensure_instrument, ensure_wave, find_wave
from insightrepo.web import create_app
from insightrepo.web.auth import fingerprint
from insightrepo.workspace import Workspace

HEADER = ("respondent", "outcome", "satisfaction", "importance", "segment", "product")
WHY = "ten test accounts were counted"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Waves 2025-Q1 (frozen, 40 people) and 2025-Q3 (open, 40), a gap between them, and 2026-Q1 of another scale."""
    made = Workspace(Settings(home=tmp_path_factory.mktemp("waves"), embedding_model="hashing"))
    made.make_master_key()
    upgrade(made.database.engine)
    with made.database.writing() as session:
        for role in ("viewer", "researcher"):
            add_user(session, f"{role}@example.org", role, "a long enough password")
        app = Product(code="app", name="The app")
        stop = Outcome(code="STOP-1", name="Find a stop <with> ease", job="find a stop", success_measure="with ease")
        session.add_all([app, stop, Outcome(code="OLD-1", name="Read a map", job="read", status="retired"),
                         Segment(code="parents", name="Parents", dimension="household", population=900),
                         Segment(code="couples", name="Couples", dimension="household", population=100)])  # fmt: skip
        session.flush()
        session.add(Task(code="T-1", name="Find a playground near Ulm", product=app, outcomes=[stop]))
    bring(made, "2025-Q1", 40)
    bring(made, "2025-Q3", 40)
    with made.database.writing() as session:
        freeze(session, find_wave(session, "2025-Q1"), None)
        ensure_wave(session, "2026-Q1", ensure_instrument(session, "Panel", 1, 7))
    yield made
    made.close()


def bring(workspace, code, count, segment="parents", who="r"):
    rows = [Row(n, (f"{who}{n}", "STOP-1", str(n % 5 + 1), "4", segment, "app")) for n in range(count)]
    import_answers(workspace.database, workspace.pseudonyms, code, Table(HEADER, tuple(rows)))


@pytest.fixture(scope="module")
def app(workspace):
    return create_app(workspace, RATELIMIT_ENABLED=False)


@pytest.fixture
def as_(app, workspace):
    """``as_("viewer")`` is a client signed in as that role."""

    def client_of(role):
        client = app.test_client()
        with workspace.database.reading() as session:
            user = session.scalars(select(User).where(User.email == f"{role}@example.org")).one()
        with client.session_transaction() as cookie:
            cookie["_user_id"] = f"{user.id}:{fingerprint(user)}"
        return client

    return client_of


@pytest.fixture
def send(as_):
    """``send("/waves/…", reason="…")`` sends a form as a researcher and gives the answer."""

    def post(url, **fields):
        client = as_("researcher")
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/waves/new").text)[1]
        return client.post(url, data={"csrf_token": token, **fields})

    return post


def make_wave(workspace, code, answers=0, **options):
    """An open wave of a test's own."""
    with workspace.database.writing() as session:
        ensure_wave(session, code, ensure_instrument(session, "Survey, 1 to 5, high end best", 1, 5), **options)
    if answers:
        bring(workspace, code, answers, who=code)


def own(workspace, code, *days):
    make_wave(workspace, code, 12, first_day=dt.date(1990, 1, 1), last_day=dt.date(1990, 1, 9))


def test_the_calendar_names_the_quarter_that_is_missing(as_):
    page = as_("viewer").get("/waves").text
    assert "Missing between the first and the last: 2025-Q2, 2025-Q4" in page
    assert '2025-Q2</th><td colspan="6" class="quiet">missing: no wave was made' in page


def test_the_calendar_shows_where_the_instrument_changes(as_):
    page = as_("viewer").get("/waves").text
    assert page.count("a new instrument: not compared with the waves below") == 1


def test_a_comparison_across_a_gap_says_so(as_):
    page = as_("viewer").get("/waves/2025-Q3").text
    assert "across the missing 2025-Q2" in page


def test_a_viewer_reads_a_wave_and_finds_no_form_to_change_it(as_):
    for code in ("2025-Q1", "2025-Q3"):
        page = as_("viewer").get(f"/waves/{code}")
        assert page.status_code == 200
        assert re.findall(r'<form method="post" action="([^"]+)"', page.text) == ["/sign-out"]


def test_a_frozen_wave_shows_its_hash_and_only_the_form_for_a_correction(as_, workspace):
    page = as_("researcher").get("/waves/2025-Q1").text
    with workspace.database.reading() as session:
        assert find_wave(session, "2025-Q1").frozen_hash in page
    assert "✓ holds" in page
    forms = re.findall(r'<form method="post" action="([^"]+)"', page)
    assert forms == ["/sign-out", "/waves/2025-Q1/reissue", "/annotations"]


def test_an_open_wave_leads_researchers_to_its_imports_and_its_quarantine(as_, workspace):
    own(workspace, "refused")
    with workspace.database.writing() as session:
        wave = find_wave(session, "refused")
        session.add(
            QuarantinedRow(
                wave_id=wave.id, kind="answers", identity="x", file="a.csv", row=2, field="satisfaction",
                cause="9 is no point", header=[], values=[],
            )
        )  # fmt: skip
    page = as_("researcher").get("/waves/refused").text
    assert 'href="/waves/refused/import"' in page
    assert 'href="/waves/refused/quarantine"' in page
    seen = as_("viewer").get("/waves/refused").text
    assert "1 row in quarantine" in seen
    assert 'href="/waves/refused/import"' not in seen
    assert 'href="/waves/2025-Q1/import"' not in as_("researcher").get("/waves/2025-Q1").text


@pytest.mark.parametrize("what", ["settings", "counts", "exclusions", "exclusions/1/remove", "freeze"])
def test_what_would_change_a_frozen_wave_is_refused_with_the_reason(send, what):
    answer = send(f"/waves/2025-Q1/{what}", scheme="none", reason="the question was shown twice", outcome="STOP-1")
    assert answer.status_code == 409
    assert "The wave 2025-Q1 was frozen on" in answer.text


def test_a_wave_is_made_from_its_code(send, workspace):
    with workspace.database.reading() as session:
        known = session.scalars(select(Instrument.name).where(Instrument.scale_high == 5)).one()
    answer = send("/waves/new", code="1991-Q2", instrument=known, name="Spring")
    assert answer.status_code == 302
    with workspace.database.reading() as session:
        wave = find_wave(session, "1991-Q2")
        assert (wave.last_day, wave.name, wave.instrument.name) == (dt.date(1991, 6, 30), "Spring", known)


def test_a_wave_brings_its_new_instrument(send, workspace):
    fields = {"code": "1992", "instrument": "new", "instrument_name": "By telephone", "scale": "1-7", "best": "low",
              "wording": "How content are you? {outcome}", "channel": "telephone", "level": "relationship"}  # fmt: skip
    assert send("/waves/new", **fields).status_code == 302
    with workspace.database.reading() as session:
        made = find_wave(session, "1992").instrument
        assert (made.name, made.scale_high, made.best, made.channel) == ("By telephone", 7, "low", "telephone")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"code": ""}, "Give the wave a code"),
        ({"code": "2025-Q1", "instrument": "Panel"}, "There is a wave 2025-Q1 already"),
        ({"code": "spring", "instrument": "Panel"}, "does not say when it is"),
        ({"code": "a/b", "instrument": "Panel"}, "without a slash"),
        ({"code": "1993", "instrument": "new", "scale": "five"}, "write the lowest and the highest answer like 1-5"),
        ({"code": "1993", "instrument": "nothing known"}, "Not a valid choice"),
        ({"code": "1993", "instrument": "Panel", "first_day": "yesterday"}, "Not a valid date value"),
        ({"code": "x", "instrument": "Panel", "first_day": "1993-02-01", "last_day": "1993-01-01"}, "before its first"),
    ],
)
def test_a_wave_that_cannot_be_is_refused_in_words(send, fields, said):
    answer = send("/waves/new", **fields)
    assert answer.status_code == 422
    assert said in answer.text


def test_settings_are_kept_and_computed_with(send, workspace):
    own(workspace, "settings")
    bring(workspace, "settings", 8, "couples", who="couple")
    fields = {"scheme": "post-stratification", "dimensions": "household", "smallest_change": "satisfaction 7.5",
              "bands": "16 major\n11 some"}  # fmt: skip
    assert send("/waves/settings/settings", **fields).status_code == 302
    with workspace.database.reading() as session:
        wave = find_wave(session, "settings")
        assert wave.settings == {
            "weighting": {"scheme": "post-stratification", "dimensions": ["household"]},
            "smallest_change": {"satisfaction": 7.5}, "bands": [[16.0, "major"], [11.0, "some"]],
        }  # fmt: skip
        assert wave.definition["smallest_change"]["satisfaction"] == 7.5


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"smallest_change": "satisfaction much"}, "cannot be read"),
        ({"smallest_change": "happiness 3"}, "happiness is no measure"),
        ({"scheme": "raking"}, "raking needs the dimensions"),
        ({"scheme": "raking", "dimensions": "age"}, "no segment is on a dimension"),
        ({"scheme": "raking", "dimensions": "household"}, "nobody in the wave"),
        ({"bands": "5 low\n10 high"}, "from the highest to the lowest"),
        ({"scheme": "guess"}, "Not a valid choice"),
    ],
)
def test_settings_that_make_no_sense_are_refused_in_words(send, workspace, fields, said):
    answer = send("/waves/2025-Q3/settings", **{"scheme": "none", **fields})
    assert answer.status_code == 422
    assert said in answer.text
    with workspace.database.reading() as session:
        assert find_wave(session, "2025-Q3").settings == {}


def test_who_was_invited_gives_a_response_rate(send, as_, workspace):
    own(workspace, "counted")
    assert send("/waves/counted/counts", invited="48", target="10").status_code == 302
    page = as_("viewer").get("/waves/counted").text
    assert "<strong>25%</strong>" in page  # 12 of 48
    assert "12 of 10 (120%)" in page
    with workspace.database.reading() as session:
        wave = find_wave(session, "counted")
        row = session.scalars(select(ResponseCount).where(ResponseCount.wave_id == wave.id)).one()
        assert (row.segment_id, row.invited, row.answered, row.target) == (None, 48, None, 10)


def test_no_more_can_answer_than_were_invited(send, workspace):
    own(workspace, "counted")
    answer = send("/waves/counted/counts", invited="5", answered="6")
    assert (answer.status_code, "no more can answer than were invited" in answer.text) == (422, True)


def test_an_exclusion_is_made_shown_and_taken_back(send, as_, workspace):
    own(workspace, "excluded")
    why = "the question was shown twice to anna@example.com"
    answer = send("/waves/excluded/exclusions", outcome="STOP-1", segment="parents", respondent="excluded3", reason=why)
    assert answer.status_code == 302
    page = as_("viewer").get("/waves/excluded").text
    assert "one respondent, STOP-1, parents" in page
    assert "anna@example.com" not in page  # reasons are redacted
    with workspace.database.reading() as session:
        wave_id = find_wave(session, "excluded").id
        made = session.scalars(select(Exclusion).where(Exclusion.wave_id == wave_id)).one()
        key = workspace.pseudonyms.key("excluded3")
        assert made.respondent_id == session.scalar(select(Respondent.id).where(Respondent.key == key))
    assert send(f"/waves/excluded/exclusions/{made.id}/remove").status_code == 302
    assert "every answer and every trial counts" in as_("viewer").get("/waves/excluded").text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"outcome": "STOP-1", "reason": ""}, "Say why"),
        ({"outcome": "STOP-1", "reason": "twice"}, "Say why in 10 characters or more"),
        ({"reason": "the question was shown twice"}, "Say what to leave out"),
        ({"outcome": "NO-1", "reason": "the question was shown twice"}, "No outcome is called"),
        ({"task": "NO-1", "reason": "the question was shown twice"}, "No task is called"),
        ({"respondent": "nobody", "reason": "the question was shown twice"}, "No respondent has this id"),
    ],
)
def test_an_exclusion_that_says_too_little_is_refused_in_words(send, fields, said):
    answer = send("/waves/2025-Q3/exclusions", **fields)
    assert answer.status_code == 422
    assert said in answer.text


def test_a_wave_is_frozen_corrected_and_frozen_again_in_the_browser(send, as_, workspace):
    own(workspace, "frozen")
    assert send("/waves/frozen/freeze").status_code == 302
    assert send("/waves/frozen/reissue", reason="typo").status_code == 422
    assert send("/waves/frozen/reissue", reason=WHY).status_code == 302
    assert send("/waves/frozen/reissue", reason=WHY).status_code == 409
    page = as_("viewer").get("/waves/frozen").text
    assert f"Under correction: {WHY}" in page
    assert "provisional: issue 2 in preparation" in page
    bring(workspace, "frozen", 12, who="late")
    assert "What the correction changes so far" in as_("viewer").get("/waves/frozen").text
    assert send("/waves/frozen/freeze").status_code == 302
    assert as_("viewer").get("/waves/frozen/issues/1").status_code == 403  # replaced: for researchers
    assert 'href="/waves/frozen/issues/1"' not in as_("viewer").get("/waves/frozen").text
    first = as_("researcher").get("/waves/frozen/issues/1").text
    second = as_("viewer").get("/waves/frozen/issues/2").text
    assert f'Replaced by <a href="/waves/frozen/issues/2">issue 2</a> because: {WHY}' in first
    assert "n 12" in first
    assert "n 24" not in first
    assert "Where it differs from issue 1" in second
    assert "n 12" in second  # beside the new figure
    assert "n 24" in second


def test_an_issue_reads_by_its_own_names_and_escapes_them(as_, workspace):
    page = as_("viewer").get("/waves/2025-Q1/issues/1").text
    assert "Find a stop &lt;with&gt; ease" in page
    assert as_("viewer").get("/waves/2025-Q1/issues/9").status_code == 404
    assert as_("viewer").get("/waves/no-such/issues/1").status_code == 404


def test_every_cell_of_an_issue_can_be_chosen(as_):
    page = as_("viewer").get("/waves/2025-Q1/issues/1?segment=any&product=any&measure=importance").text
    assert page.count('<tr><th scope="row"><span class="code">STOP-1') == 4  # all, parents, app, parents in app


def test_an_event_is_written_down_and_taken_away(send, as_, workspace):
    fields = {"kind": "event", "first_day": "2025-08-02", "text": "Prices rose by 8%", "back": "2025-Q3"}
    answer = send("/annotations", **fields)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/waves/2025-Q3")
    assert "Prices rose by 8%" in as_("viewer").get("/waves/2025-Q3").text
    assert "Prices rose by 8%" not in as_("viewer").get("/waves/2025-Q1").text
    with workspace.database.reading() as session:
        number = session.scalars(select(Annotation.id).where(Annotation.text == "Prices rose by 8%")).one()
    assert send(f"/annotations/{number}/remove").status_code == 302
    assert send(f"/annotations/{number}/remove").status_code == 404
    assert "Prices rose by 8%" not in as_("viewer").get("/waves").text


@pytest.mark.parametrize("back", ["", "2025-Q1", "2025-Q3"])
def test_an_event_that_ends_before_it_begins_is_refused_on_the_page_it_was_written_on(send, back):
    fields = {"kind": "event", "first_day": "2025-08-02", "last_day": "2025-08-01", "text": "Rain", "back": back}
    answer = send("/annotations", **fields)
    assert answer.status_code == 422
    assert "It would end on 2025-08-01, before it begins on 2025-08-02." in answer.text


def test_the_questionnaire_has_stable_codes_and_leaves_retired_outcomes_out(as_):
    client = as_("viewer")
    rows = list(csv.DictReader(io.StringIO(client.get("/waves/2025-Q3/questionnaire.csv").text)))
    assert [row["item"] for row in rows] == ["STOP-1.imp", "STOP-1.sat"]
    answers = client.get("/waves/2025-Q3/answers.csv").text
    assert answers == "respondent,household,STOP-1.imp,STOP-1.sat\n"
    page = client.get("/waves/2025-Q3/questionnaire").text
    assert "STOP-1.imp" in page
    assert "don’t know" in page
    assert "Read a map" not in page


def test_the_glossary_has_a_permalink_for_everything(as_):
    page = as_("viewer").get("/glossary").text
    anchors = re.findall(r'<div id="([^"]+)"', page)
    assert {"outcome-STOP-1", "measure-satisfaction", "segment-parents", "instrument-Panel"} <= set(anchors)
    assert len(anchors) == len(set(anchors))


def test_the_page_of_an_instrument_names_its_waves_and_keeps_its_versions(send, as_, workspace):
    with workspace.database.reading() as session:
        number = session.scalars(select(Instrument.id).where(Instrument.name == "Panel")).one()
    assert '<a href="/waves/2026-Q1">2026-Q1</a>' in as_("viewer").get(f"/instruments/{number}").text
    url = f"/instruments/{number}"
    assert send(url, name="Panel", wording="How is it?", note="the wording was left empty").status_code == 302
    page = as_("viewer").get(url).text
    assert "wording: <del>nothing</del> → <ins>How is it?</ins>" in page
    assert "Version 2" in page
    assert "Nothing was changed" in send(url, name="Panel", wording="How is it?", note="no change at all").text
    assert send(url, name="", note="the name was left empty").status_code == 422
    assert as_("viewer").get("/instruments/999").status_code == 404


def test_the_usability_kit_comes_as_page_word_markdown_and_results(as_):
    client = as_("viewer")
    page = client.get("/usability-kit?outcome=STOP-1").text
    assert "Find a playground near Ulm" in page
    assert "Success: with ease" in page
    word = Document(io.BytesIO(client.get("/usability-kit/script.docx?outcome=STOP-1").data))
    assert "Find a playground near Ulm" in [p.text for p in word.paragraphs]
    assert "> Find a playground near Ulm" in client.get("/usability-kit/script.md?product=app").text
    header, row = client.get("/usability-kit/results.csv?outcome=STOP-1").text.splitlines()
    assert header == "respondent,task,completed,seconds,ease,difficulty,confidence,usefulness,date"
    assert row == ",T-1,,,,,,,"


def test_a_kit_of_nothing_says_what_to_choose(as_):
    client = as_("viewer")
    assert client.get("/usability-kit").status_code == 200
    assert "no outcome is called" in client.get("/usability-kit?outcome=NO-1").text
    assert client.get("/usability-kit/script.md").status_code == 404


def test_small_groups_are_not_counted_out_on_the_page(as_, workspace):
    own(workspace, "small")
    with workspace.database.writing() as session:
        wave, codes = find_wave(session, "small"), {s.code: s.id for s in session.scalars(select(Segment))}
        session.query(Membership).filter_by(wave_id=wave.id).delete()
        keys = {workspace.pseudonyms.key(f"small{n}"): n for n in range(12)}
        for person in session.scalars(select(Respondent).where(Respondent.key.in_(keys))):
            segment = codes["couples" if keys[person.key] < 3 else "parents"]
            session.add(Membership(wave_id=wave.id, respondent_id=person.id, segment_id=segment))
    page = as_("researcher").get("/waves/small").text
    assert '<td class="num">9</td>' not in page  # it would give the three away
    assert page.count("not shown or not known") == 2


def test_an_unfrozen_correction_does_not_lose_its_reason(workspace, as_):
    own(workspace, "kept")
    with workspace.database.writing() as session:
        wave = find_wave(session, "kept")
        freeze(session, wave, None)
        reissue(session, wave, None, WHY)
    assert WHY in as_("viewer").get("/waves").text or WHY in as_("viewer").get("/waves/kept").text
    with workspace.database.reading() as session:
        assert session.scalars(select(Wave.correction).where(Wave.code == "kept")).one() == WHY


def test_who_is_limited_to_a_product_finds_no_form_for_all_and_is_refused(workspace, as_):
    own(workspace, "limited")
    with workspace.database.writing() as session:
        sam = add_user(session, "sam@example.org", "researcher", "a long enough password")
        app = session.scalars(select(Product).where(Product.code == "app")).one()
        session.add(Scope(user_id=sam.id, term_id=app.id))
    client = as_("sam")
    page = client.get("/waves/limited").text
    assert [form for form in ("freeze", "settings", "exclusions") if f'action="/waves/limited/{form}"' in page] == []
    assert client.get("/waves/new").status_code == 403
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
    for what, fields in (
        ("freeze", {}),
        ("exclusions", {"product": "app", "reason": WHY}),
        ("counts", {"invited": "9"}),
    ):
        answer = client.post(f"/waves/limited/{what}", data={"csrf_token": token, **fields})
        assert answer.status_code == 403
        assert "limited to a part of the workspace" in answer.text
    with workspace.database.reading() as session:
        assert find_wave(session, "limited").state == "open"
