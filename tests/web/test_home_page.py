"""The home page: a ranked list with reasons, products chosen once, decisions, what is new, stale and unanswered."""

from __future__ import annotations

import datetime as dt
import html
import re

import pytest
from sqlalchemy import delete, select

from insightrepo.accounts.access import reader_for
from insightrepo.accounts.visits import last_visit, note_visit
from insightrepo.home.page import read_home
from insightrepo.library.studies.insights import write_insight
from insightrepo.models import AuditEntry, Decision, Outcome, Score, SearchGap, User, Visit, Wave


def page(visit, who: str = "researcher", address: str = "/") -> str:
    answer = visit(who).get(address)
    assert answer.status_code == 200
    return html.unescape(answer.text)


def looked_at(text: str) -> list[str]:
    """The codes of the outcomes on the list, in order."""
    return re.findall('<li class="look[^"]*" id="outcome-([^"]+)"', text)


def part(text: str, code: str) -> str:
    return text[text.index(f'id="outcome-{code}"') :].split("</li>\n<li", 1)[0]


@pytest.fixture
def undecided(filled):
    """No decision outlives a test."""
    yield
    with filled.database.writing() as session:
        session.execute(delete(Decision))


def send(visit, token, who: str, url: str, **form):
    client = visit(who)
    return client.post(url, data={"csrf_token": token(client), **form})


def test_what_really_fell_is_on_the_list_with_its_reason_segment_evidence_and_decision(visit):
    text = page(visit)
    assert looked_at(text)[0] == "PLAN-01"
    assert "PLAN-02" not in looked_at(text)  # it got better
    row = part(text, "PLAN-01")
    assert "really fell 18 points since 2025-Q2" in row
    assert "▼" in row
    assert re.search(r"no segment <a [^>]*>clearly apart</a>", row)  # both are indicative
    assert re.search(r"\d+ (person|people), \d+ studies", row)
    assert "none yet" in row
    assert "What really got worse comes first" in text


def test_products_are_chosen_once_and_kept(visit, token, filled):
    send(visit, token, "viewer", "/products", product="WEB")
    text = page(visit, "viewer")
    assert "FamilyTrip web · scores of 2025-Q3" in text
    assert looked_at(text) == []  # in the web product it did not fall, and nothing else was measured there
    send(visit, token, "viewer", "/products", product="APP")
    assert looked_at(page(visit, "viewer")) == ["PLAN-01"]
    assert 'value="APP" checked' in page(visit, "viewer")
    assert "All products" in page(visit, "researcher")
    send(visit, token, "viewer", "/products")
    assert "All products" in page(visit, "viewer")


def test_a_product_out_of_scope_is_not_followed(visit, token):
    answer = send(visit, token, "scoped-viewer", "/products", product="APP")
    assert answer.status_code == 302
    assert "All products" in page(visit, "scoped-viewer")


def test_what_is_decided_moves_below_and_says_by_whom_and_why(visit, token, undecided):
    form = {"text": "We show the calendar first", "state": "decided", "reason": "five studies", "back": "home"}
    answer = send(visit, token, "contributor", "/outcomes/PLAN-01/decisions", **form)
    assert answer.headers["Location"] == "/#outcome-PLAN-01"
    text = page(visit)
    assert looked_at(text) == []
    settled = text[text.index("Decided already") :]
    assert "We show the calendar first" in settled
    assert "Ann Contributor" in settled
    assert "five studies" in settled
    assert "really fell 18 points" in settled
    assert "We show the calendar first" in page(visit, address="/outcomes/PLAN-01")


def test_what_fell_in_a_wave_after_the_decision_is_back_on_the_list(visit, token, undecided):
    form = {"text": "We leave it", "state": "decided", "day": "2025-05-01"}
    send(visit, token, "contributor", "/outcomes/PLAN-01/decisions", **form)
    row = part(page(visit), "PLAN-01")
    assert "We leave it" in row
    assert "and it got worse since" in row


def test_an_open_decision_stays_on_the_list_and_is_settled_by_who_wrote_it_or_a_researcher(
    visit, token, filled, undecided
):
    send(visit, token, "contributor", "/outcomes/PLAN-01/decisions", text="Ask design", state="open")
    assert "Ask design" in part(page(visit), "PLAN-01")
    with filled.database.reading() as session:
        number = session.scalar(select(Decision.id))
    url = f"/decisions/{number}"
    assert send(visit, token, "owner", url, state="decided").status_code == 403
    assert send(visit, token, "viewer", url, state="decided").status_code == 403
    refused = send(visit, token, "researcher", url, state="dropped")
    assert refused.status_code == 400
    assert "say why it is dropped" in refused.text
    assert send(visit, token, "contributor", url, state="dropped", reason="design said no").status_code == 302
    text = page(visit)
    assert looked_at(text) == []
    assert "design said no" in text


@pytest.mark.parametrize(
    ("form", "cause"),
    [
        ({"text": "  "}, "Decision: write what was decided"),
        ({"text": "x" * 501}, "has 501 characters, use at most 500"),
        ({"text": "No", "state": "dropped"}, "Reason: say why it is dropped"),
        ({"text": "No", "state": "perhaps"}, "State: is open, decided or dropped"),
        ({"text": "No", "day": "2999-01-01"}, "dated today or earlier"),
    ],
)
def test_a_decision_that_cannot_be_kept_says_which_field_and_why(visit, token, form, cause, filled):
    client = visit("contributor")
    client.post("/outcomes/PLAN-01/decisions", data={"csrf_token": token(client), "state": "decided", **form})
    assert cause in client.get("/outcomes/PLAN-01").text
    with filled.database.reading() as session:
        assert session.scalar(select(Decision.id)) is None


def test_a_decision_is_written_by_contributors_on_what_they_see_and_redacted(visit, token, filled, undecided):
    form = {"text": "Call ann.mueller@example.com about it", "state": "open"}
    assert send(visit, token, "viewer", "/outcomes/PLAN-01/decisions", **form).status_code == 403
    assert send(visit, token, "contributor", "/outcomes/NO-SUCH/decisions", **form).status_code == 404
    send(visit, token, "contributor", "/outcomes/PLAN-01/decisions", **form)
    assert "ann.mueller" not in page(visit)


def test_new_studies_are_told_and_new_to_you_since_the_last_visit(filled, library):
    today = dt.date.today()
    with filled.database.writing() as session:
        session.execute(delete(Visit))
        note_visit(session, library.users["viewer"], today)
        note_visit(session, library.users["viewer"], today)
        note_visit(session, library.users["member"], today - dt.timedelta(days=90))
    with filled.database.reading() as session:
        assert last_visit(session, library.users["viewer"], today) is None
        found = {}
        for name in ("viewer", "member"):
            reader = reader_for(session, session.get_one(User, library.users[name]))
            found[name] = read_home(filled, session, reader, today).news
    assert found["viewer"].since == today - dt.timedelta(days=30)
    assert found["member"].since == today - dt.timedelta(days=90)
    titles = {study.title for study in found["viewer"].studies}
    assert "App store reviews" in titles
    assert not titles & {"Pricing interviews", "Home visits", "Unfinished draft", "Withdrawn survey"}
    assert all(study.unseen for study in found["member"].studies)


def test_a_study_of_two_years_and_a_missing_wave_are_stale(filled, library):
    with filled.database.reading() as session:
        reader = reader_for(session, session.get_one(User, library.users["viewer"]))
        stale = read_home(filled, session, reader, dt.date(2026, 2, 1)).stale
        assert not stale.studies
        assert stale.waves == ("2025-Q4",)
        later = read_home(filled, session, reader, dt.date(2027, 3, 1)).stale
    assert {study.when for study in later.studies} == {"2025-02-21"}
    assert later.studies_total == 4


def test_searches_in_vain_are_for_researchers_and_questions_for_who_asked(visit, token, filled):
    with filled.database.writing() as session:
        session.add(SearchGap(question="k" * 64, words="ferry cabins for six", filters="{}", hits=0))
    ask = {"question": "Do families take ferries? Write to tom.weber@example.com", "why": "to plan ferries"}
    answer = send(visit, token, "viewer", "/questions?outcome=PLAN-01", **ask)
    place = answer.headers["Location"]
    for who, sees in (("viewer", True), ("contributor", False), ("researcher", True)):
        for address in ("/", "/questions"):
            assert ("Do families take ferries?" in page(visit, who, address)) == sees
            assert ("ferry cabins for six" in page(visit, who, address)) == (who == "researcher")
    assert "tom.weber" not in page(visit, "researcher", "/questions")
    assert "within outcome PLAN-01" in page(visit, "researcher", "/questions")
    url = "/questions/" + place.rpartition("-")[2]
    assert send(visit, token, "viewer", url, state="answered", answer="x").status_code == 403
    send(visit, token, "researcher", url, state="answered")
    assert "Answer: say where the answer is" not in page(visit, "viewer", "/questions")
    send(visit, token, "researcher", url, state="answered", answer="See the ferry interviews")
    assert "See the ferry interviews" in page(visit, "viewer")
    assert send(visit, token, "researcher", "/questions/9999", state="open").status_code == 404


@pytest.mark.parametrize("back", ["", "home"])
def test_a_search_in_vain_is_removed_by_researchers_and_the_audit_log_keeps_no_word_of_it(visit, token, filled, back):
    with filled.database.writing() as session:
        gap = SearchGap(question="m" * 64, words="Marta Muster refund", filters="{}", hits=0)
        session.add(gap)
        session.flush()
        number = gap.id
    url = f"/questions/in-vain/{number}/remove"
    for address in ("/", "/questions"):
        assert f'action="{url}"' in page(visit, "researcher", address)
    for who in ("viewer", "contributor"):
        assert send(visit, token, who, url).status_code == 403
    assert visit("researcher").post(url).status_code == 400
    answer = send(visit, token, "researcher", url, back=back)
    assert answer.headers["Location"] == ("/#asked" if back else "/questions#gaps")
    for address in ("/", "/questions"):
        assert "Marta Muster" not in page(visit, "researcher", address)
    with filled.database.reading() as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert (last.action, last.object, last.detail) == ("search_gap.remove", f"search_gap:{number}", {"days": 1})
    assert send(visit, token, "researcher", url).status_code == 404


@pytest.mark.parametrize("who", ["viewer", "researcher"])
def test_a_question_is_removed_by_who_asked_it_and_by_researchers(visit, token, filled, who):
    asked = send(visit, token, "viewer", "/questions", question="Did Marta Muster complain?", why="")
    number = asked.headers["Location"].rpartition("-")[2]
    url = f"/questions/{number}/remove"
    assert f'action="{url}"' in page(visit, who, "/questions")
    assert send(visit, token, "contributor", url).status_code == 404
    assert visit(who).post(url).status_code == 400
    assert send(visit, token, who, url).status_code == 302
    assert "Marta Muster" not in page(visit, "researcher", "/questions")
    with filled.database.reading() as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert (last.action, last.object, last.detail) == ("request.remove", f"request:{number}", {"state": "open"})


def test_an_insight_whose_score_moved_since_is_stale(visit, filled, library):
    with filled.database.reading() as session:
        writer = reader_for(session, session.get_one(User, library.users["researcher"]))
    study = library.studies["published"]
    number = write_insight(filled, writer, study, "Families agree on dates quickly", outcomes=["PLAN-01"])
    assert "Families agree on dates quickly" in page(visit)  # it is new
    stale = page(visit).split('id="stale"')[1].split("</section>")[0]
    assert "Families agree on dates quickly" not in stale
    with filled.database.writing() as session:
        before = session.scalars(select(Wave).where(Wave.code == "2025-Q3")).one()
        wave = Wave(code="2025-Q4", first_day=dt.date(2025, 10, 1), last_day=dt.date(2025, 12, 31), state="frozen",
                    instrument_id=before.instrument_id)  # fmt: skip
        session.add(wave)
        session.flush()
        outcome = session.scalars(select(Outcome).where(Outcome.code == "PLAN-01")).one()
        session.add(Score(wave_id=wave.id, outcome_id=outcome.id, measure="satisfaction", value=31.0, low=26.0,
                          high=36.0, n=400, verdict="worse", change=-21.0, previous_wave_id=before.id))  # fmt: skip
        added = wave.id
    stale = page(visit).split('id="stale"')[1].split("</section>")[0]
    assert f'href="/evidence/{number}"' in stale
    assert "really moved from 52% to 31%" in stale
    with filled.database.writing() as session:
        session.execute(delete(Score).where(Score.wave_id == added))
        session.execute(delete(Wave).where(Wave.id == added))


def test_an_empty_question_is_refused(visit, token):
    client = visit("viewer")
    client.post("/questions", data={"csrf_token": token(client), "question": "  "})
    assert "Question: write what you want to know" in client.get("/questions").text


def test_an_old_address_of_the_search_leads_on_to_it(visit):
    answer = visit("viewer").get("/?q=calendar&kind=verbatim")
    assert answer.status_code == 301
    assert answer.headers["Location"] == "/search?q=calendar&kind=verbatim"


def test_a_visit_is_kept_once_a_day(visit, app, filled, library):
    app.extensions["visits"].clear()  # as in a process that has just begun
    with filled.database.writing() as session:
        session.execute(delete(Visit).where(Visit.user_id == library.users["owner"]))
    client = visit("owner")
    client.get("/studies")
    client.get("/")
    with filled.database.reading() as session:
        mine = session.scalars(select(Visit.day).where(Visit.user_id == library.users["owner"])).all()
    assert mine == [dt.date.today()]
