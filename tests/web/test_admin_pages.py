"""Administration: people invited and limited, indexes compared, settings without secrets, the log searched."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolIsEmpty

from config import Settings
from insightrepo.accounts import adoption
from insightrepo.accounts.visits import keep_uses
from insightrepo.library.indexing import upkeep_jobs
from insightrepo.library.indexing.job_runner import run_waiting
from insightrepo.models import AuditEntry, Team, User, Visit
from insightrepo.settings_shown import settings_in_force
from insightrepo.web.visits import keep_now
from insightrepo.workspace import Workspace

PASSWORD = "a password of some length"


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    """What would have been started aside; tests run it here."""
    calls = []
    monkeypatch.setattr(upkeep_jobs, "ask_for", lambda _workspace, *words: calls.append(words))
    return calls


@pytest.fixture
def post(visit, token):
    def send(url, who="administrator", **form):
        client = visit(who)
        return client.post(url, data={"csrf_token": token(client), **form})

    return send


def user_of(filled, email):
    with filled.database.reading() as session:
        return session.scalars(select(User).where(User.email == email)).one()


def link_in(page):
    return re.search(r'value="http://[^/]+(/welcome/[^"]+)"', page.text)[1]


def choose(visit, link, password=PASSWORD, again=None):
    client = visit(None)
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(link).text)
    form = {"csrf_token": found[1] if found else "", "password": password, "again": again or password}
    return client.post(link, data=form)


def test_who_is_invited_sets_a_password_once_and_signs_in(filled, visit, post):
    link = link_in(post("/admin/people", email="new@example.org", name="Nora New", role="contributor"))
    assert "new@example.org" in visit(None).get(link).text
    assert choose(visit, link, "short").status_code == 422
    assert choose(visit, link, again="something else entirely").status_code == 422
    assert choose(visit, link).status_code == 302
    assert visit(None).get(link).status_code == 404  # once
    client = visit(None)
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/sign-in").text)
    signed = client.post("/sign-in", data={"csrf_token": found[1], "email": "new@example.org", "password": PASSWORD})
    assert signed.status_code == 302
    assert client.get("/studies").status_code == 200
    newer = link_in(post(f"/admin/people/{user_of(filled, 'new@example.org').id}/link"))
    assert newer != link
    assert visit(None).get(newer).status_code == 200


SPOILT = {
    "another signature": lambda link: link[:-1] + ("0" if link[-1] != "0" else "1"),
    "a longer life": lambda link: re.sub(r"-\d+-", "-99999999999-", link),
    "another user": lambda link: re.sub(r"welcome/\d+", "welcome/1", link),
    "words": lambda link: "/welcome/x",
    "no signature": lambda link: "/welcome/1-2",
    "odd signs": lambda link: "/welcome/1-2-é",
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_link_that_was_not_made_here_is_worth_nothing(visit, post, how):
    email = f"{how.replace(' ', '-')}@example.org"
    link = link_in(post("/admin/people", email=email, name="Sam", role="viewer"))
    assert visit(None).get(SPOILT[how](link)).status_code == 404


def test_a_person_is_limited_moved_and_closed_and_it_holds_at_once(filled, visit, library, post):
    link_in(post("/admin/people", email="max@example.org", name="Max", role="researcher"))
    max_id = user_of(filled, "max@example.org").id
    library.users["max"] = max_id
    study = f"/studies/{library.studies['published']}"
    client = visit("max")
    assert client.get(study).status_code == 200
    url = f"/admin/people/{max_id}"
    form = {"name": "Max", "role": "viewer", "active": "y", "scopes": "product:WEB"}
    assert post(url, **form).status_code == 302
    assert client.get(study).status_code == 404
    assert "product:WEB" in visit("administrator").get(url).text
    assert post(url, name="Max", role="viewer").status_code == 302
    assert client.get("/studies").status_code == 302  # out
    with filled.database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.object == f"user:{max_id}")).all()[-1]
    assert (entry.action, entry.detail["changed"]) == ("user.change", ["active", "scopes"])


def test_somebody_must_stay_who_administrates(filled, visit, library, post):
    url = f"/admin/people/{library.users['administrator']}"
    for form in ({"role": "viewer", "active": "y"}, {"role": "administrator"},
                 {"role": "administrator", "active": "y", "scopes": "product:WEB"}):  # fmt: skip
        answer = post(url, **form)
        assert answer.status_code == 422
        assert "Somebody must stay" in answer.text
    assert visit("administrator").get("/admin").status_code == 200


def test_a_team_is_made_and_limits_its_members(filled, post):
    assert post("/admin/teams").status_code == 302
    made = post("/admin/teams", name="Webbers").headers["Location"]
    assert post(made, name="Webbers", scopes="product:WEB").status_code == 302
    with filled.database.reading() as session:
        team = session.scalars(select(Team).where(Team.name == "Webbers")).one()
        assert len(team.scopes) == 1
    assert post("/admin/teams/9999", name="X").status_code == 404


def test_the_indexes_are_compared_and_rebuilt_aside_and_the_page_says_how_it_ended(filled, visit, post, asked):
    assert post("/admin/indexes", kind="check").status_code == 302
    assert asked == [("jobs", "run")]
    assert "waiting" in visit("administrator").get("/admin").text
    assert post("/admin/indexes", kind="check").status_code == 409
    assert len(run_waiting(filled)) == 1
    page = visit("administrator").get("/admin").text
    assert "3 differences" in page  # the waves of this library were never really frozen
    assert "the frozen wave 2025-Q1 is not what was frozen" in page
    post("/admin/indexes", kind="reindex")
    run_waiting(filled)
    assert re.search(r"Indexed \d+ pieces of evidence", visit("administrator").get("/admin").text)
    assert post("/admin/indexes", kind="drop").status_code == 400


def test_settings_say_where_they_come_from_and_no_secret(filled, visit, monkeypatch):
    monkeypatch.setenv("INSIGHTREPO_TIMEZONE", "Europe/Berlin")
    (filled.home / "settings.env").write_text("INSIGHTREPO_THREADS=3\n")
    changed = {"secret_key": "hush-hush", "database_url": "postgresql+pg8000://ann:hush-hush@db/insights", "threads": 3}
    shown = {one.name: one for one in settings_in_force(filled.settings.model_copy(update=changed))}
    (filled.home / "settings.env").unlink()
    assert not any("hush" in one.value for one in shown.values())
    assert shown["INSIGHTREPO_DATABASE_URL"].value == "postgresql+pg8000://db/insights"
    assert shown["INSIGHTREPO_SECRET_KEY"].value == "set"
    sources = {name: shown[f"INSIGHTREPO_{name}"].source for name in ("TIMEZONE", "THREADS", "LANGUAGE")}
    assert sources == {"TIMEZONE": "environment", "THREADS": "settings.env", "LANGUAGE": "default"}
    assert "INSIGHTREPO_PHONE_REGION" in visit("administrator").get("/admin/settings").text


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://ann:hu/sh@db/insights",
        "postgresql+psycopg://db/insights?password=hush",
        "postgresql+psycopg:///insights?host=db&user=ann&password=hu@sh",
        "hush no url",
    ],
)
def test_no_form_of_a_database_address_shows_its_password(tmp_path, url):
    (shown,) = (
        one.value
        for one in settings_in_force(Settings(home=tmp_path, database_url=url))
        if one.name == "INSIGHTREPO_DATABASE_URL"
    )
    assert not any(secret in shown for secret in ("hu/sh", "hush", "sh@", "ann"))


def test_the_audit_log_is_searched_and_taken_away_and_that_is_noted(filled, visit, library):
    with filled.database.writing() as session:
        session.add(
            AuditEntry(user_id=library.users["researcher"], action="wave.freeze", object="wave:=1+1", detail={})
        )
    client = visit("administrator")
    page = client.get("/admin/audit?q=wave+researcher@").text
    assert "wave:=1+1" in page
    assert "1 entry" in page
    assert "wave:=1+1" not in client.get("/admin/audit?q=100%25").text
    assert "Nothing is like that" in client.get("/admin/audit?until=2001-01-01").text
    assert client.get("/admin/audit?since=someday&page=x").status_code == 200
    csv = client.get("/admin/audit.csv?q=wave.freeze")
    assert "wave:=1+1" in csv.text
    assert "audit.export" in client.get("/admin/audit?q=export").text


@pytest.fixture
def adopted(filled, library):
    """Adoption on a day, with visits and teams of nobody else: both are gone afterwards."""
    from insightrepo.accounts.access import reader_for

    today = dt.date(2025, 3, 16)  # a Sunday: the 28 days are four whole weeks

    def read(came, teams):
        """`came` holds (number of a person, days back, searches); `teams` numbers of people by name."""
        with filled.database.writing() as session:
            people = list(session.scalars(select(User).where(User.active).order_by(User.id)))
            for person, back, searches in came:
                day = today - dt.timedelta(back)
                session.add(Visit(user_id=people[person].id, day=day, searches=searches, citations=1))
            for name, numbers in teams.items():
                session.add(Team(name=name, members=[people[number] for number in numbers]))
        with filled.database.reading() as session:
            reader = reader_for(session, session.get_one(User, library.users["administrator"]))
            return adoption.adoption(session, reader, today)

    with filled.database.writing() as session:
        for number in range(12):
            session.add(User(email=f"adopter{number}@example.org", role="viewer", password_hash="-"))
    yield read
    with filled.database.writing() as session:
        for visit in session.scalars(select(Visit).where(Visit.day <= today)):
            session.delete(visit)
        for team in session.scalars(select(Team).where(Team.name.in_(["A", "B", "Four"]))):
            session.delete(team)
        for user in session.scalars(select(User).where(User.email.like("adopter%"))):
            session.delete(user)


def test_adoption_counts_readers_and_what_they_used_and_tells_nothing_of_small_teams(adopted):
    twice = [(person, 7, 1) for person in range(5)]
    found = adopted([*twice, *((person, 0, 10) for person in range(10))], {"A": range(5), "Four": range(4)})
    assert (found.everybody.came, found.everybody.again, found.everybody.used) == (10, 5, (105, 15))
    teams = dict(found.teams)
    assert (teams["A"].accounts, teams["A"].came, teams["A"].again, teams["A"].used) == (5, 5, 5, (55, 10))
    assert teams["Trips"] is teams["Four"] is None
    assert [(week.people, week.used) for week in found.weeks][-2:] == [(5, (5, 5)), (10, (100, 10))]


def test_what_one_reader_of_a_team_of_five_used_is_not_told(adopted):
    found = adopted([(0, 0, 57), *((person, 0, 1) for person in range(5, 11))], {"A": range(5)})
    assert (dict(found.teams)["A"].came, dict(found.teams)["A"].used) == (1, None)
    assert found.everybody.used == (63, 7)


def test_what_few_used_is_told_of_nobody_by_week_either(adopted):
    found = adopted([(0, 0, 57), (1, 0, 2), *((person, 7, 1) for person in range(4))], {})
    assert found.everybody.used is None
    assert [(week.people, week.used) for week in found.weeks][-2:] == [(4, None), (2, None)]


def test_everybody_less_a_team_does_not_tell_what_the_one_other_used(adopted):
    found = adopted([(person, 0, person) for person in range(6)], {"A": range(5)})
    assert (found.everybody.came, found.everybody.used) == (6, (15, 6))
    assert (dict(found.teams)["A"].came, dict(found.teams)["A"].used) == (5, None)


def test_a_team_less_another_within_it_does_not_tell_what_the_one_more_used(adopted):
    found = adopted([(person, 0, person) for person in range(12)], {"A": range(5), "B": range(6)})
    assert [share.used for name, share in found.teams if name in "AB"] == [None, (15, 6)]


def test_four_weeks_less_three_of_them_do_not_tell_what_the_two_of_the_other_used(adopted):
    many = [(person, back, 1) for back in (0, 7, 14) for person in range(6)]
    found = adopted([*many, (0, 21, 40), (1, 21, 2)], {})
    assert found.everybody.used == (60, 20)
    assert [(week.people, week.used) for week in found.weeks][-4:] == [
        (2, None), (6, None), (6, (6, 6)), (6, (6, 6))
    ]  # fmt: skip


def test_the_page_says_that_what_too_few_used_is_not_told(adopted, visit):
    page = visit("administrator").get("/admin/adoption").text
    assert "not told" in page
    assert "at least 5 came" in page


def used(filled: Workspace, user_id: int) -> tuple[int, int]:
    with filled.database.reading() as session:
        visit_of = session.get(Visit, (user_id, dt.date.today()))
        return (visit_of.searches, visit_of.citations) if visit_of else (0, 0)


def test_searches_and_citations_are_counted_by_user_and_day_and_shown_to_administrators(app, filled, visit, library):
    user, client = library.users["viewer"], visit("viewer")
    keep_now(app)
    before = used(filled, user)
    number = library.evidence["feed 1"]
    for address in (
        "/search?q=calendar",
        "/search?q=calendar&page=2",
        "/search?outcome=PLAN-01",
        "/search",
        "/studies",
    ):
        assert client.get(address).status_code == 200
    client.get(f"/evidence/{number}/cite")
    client.get(f"/evidence/{number}/cite", headers={"Accept": "application/json"})
    assert client.get("/evidence/99999/cite").status_code == 404
    assert used(filled, user) == before  # no search waits for a commit
    for other in ("contributor", "researcher", "owner", "member"):
        assert visit(other).get("/studies").status_code == 200
    page = visit("administrator").get("/admin/adoption").text
    assert used(filled, user) == (before[0] + 2, before[1] + 2)
    with filled.database.reading() as session:
        searches = session.scalar(select(func.sum(Visit.searches)).where(Visit.day == dt.date.today()))
        emails = session.scalars(select(User.email).where(User.id != library.users["administrator"])).all()
    assert f"<dd>{searches}</dd><dt>searches</dt>" in page
    assert not [email for email in emails if email in page]  # nobody is named


def test_what_was_counted_is_kept_after_an_answer_once_it_is_old_enough(app, filled, visit, library, monkeypatch):
    user, client = library.users["viewer"], visit("viewer")
    keep_now(app)
    before = used(filled, user)
    client.get("/search?q=budget").close()
    monkeypatch.setattr("insightrepo.accounts.visits.KEEP_AFTER", 0.0)
    client.get("/studies").close()
    assert used(filled, user) == (before[0] + 1, before[1])


@pytest.mark.parametrize(
    "error",
    [OperationalError("UPDATE visit", {}, Exception("database is locked")), PoolIsEmpty("none is free")],
)
def test_what_could_not_be_kept_is_counted_on(app, filled, visit, library, monkeypatch, error):
    user = library.users["viewer"]
    keep_now(app)
    before = used(filled, user)
    visit("viewer").get("/search?q=budget")

    def locked(*_args: object) -> None:
        raise error

    with monkeypatch.context() as broken:
        broken.setattr("insightrepo.web.visits.keep_uses", locked)
        keep_now(app)
    assert used(filled, user) == before
    keep_now(app)
    assert used(filled, user) == (before[0] + 1, before[1])


def test_uses_of_a_user_who_is_gone_are_passed_over(filled, library):
    today, user = dt.date(2024, 1, 5), library.users["viewer"]
    for _ in range(2):
        with filled.database.writing() as session:
            keep_uses(session, Counter({(user, today, "searches"): 2, (9999, today, "searches"): 1}))
    with filled.database.reading() as session:
        kept = session.execute(select(Visit.user_id, Visit.searches, Visit.citations).where(Visit.day == today)).all()
    assert kept == [(user, 4, 0)]
