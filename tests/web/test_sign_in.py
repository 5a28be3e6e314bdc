"""Signing in and out, and where one is sent afterwards."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from flask import request
from populate import PASSWORD
from sqlalchemy import func, select

from insightrepo.models import AuditEntry
from insightrepo.web import create_app, tries
from insightrepo.workspace import Workspace


def sign_in(client, token, email="viewer@example.org", password=PASSWORD, next_="", url="/sign-in"):
    form = {"csrf_token": token(client, "/sign-in"), "email": email, "password": password, "next": next_}
    return client.post(url, data=form)


def test_the_right_password_opens_the_page_that_was_wanted(visit, token):
    client = visit(None)
    wanted = client.get("/outcomes/PLAN-01?x=1")
    assert wanted.headers["Location"] == "/sign-in?next=/outcomes/PLAN-01?x%3D1"
    answer = sign_in(client, token, next_="/outcomes/PLAN-01?x=1")
    assert answer.headers["Location"] == "/outcomes/PLAN-01?x=1"
    assert client.get("/outcomes/PLAN-01").status_code == 200


def test_signing_in_is_written_down(visit, token, filled):
    def entries() -> int:
        with filled.database.reading() as session:
            return session.scalar(select(func.count()).where(AuditEntry.action == "user.sign_in"))

    before = entries()
    sign_in(visit(None), token)
    assert entries() == before + 1


@pytest.mark.parametrize(
    ("email", "password"), [("viewer@example.org", "wrong password"), ("nobody@example.org", PASSWORD)]
)
def test_a_wrong_address_and_a_wrong_password_read_the_same(visit, token, email, password):
    answer = sign_in(visit(None), token, email, password)
    assert answer.status_code == 422
    assert "That address and password do not go together" in answer.text


def test_an_empty_form_says_what_is_missing_beside_the_field(visit, token):
    answer = sign_in(visit(None), token, "", "")
    assert answer.status_code == 422
    assert 'id="email-error">Enter your e-mail address.' in answer.text
    assert 'aria-describedby="password-error"' in answer.text


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "http:evil.example",
        " //evil.example",
        "///evil.example",
        "",
    ],
)
def test_nobody_is_sent_to_another_site(visit, token, target):
    assert sign_in(visit(None), token, next_=target).headers["Location"] == "/"
    assert visit("viewer").get("/sign-in", query_string={"next": target}).headers["Location"] == "/"


def test_signing_out_ends_the_session(visit, token):
    client = visit("viewer")
    assert client.post("/sign-out", data={"csrf_token": token(client)}).status_code == 302
    assert client.get("/studies").status_code == 302


def test_a_new_password_ends_old_sessions(visit, filled, library):
    from insightrepo.accounts.users import add_user
    from insightrepo.models import User

    with filled.database.writing() as session:
        library.users["changer"] = add_user(session, "changer@example.org", "viewer", PASSWORD).id
    client = visit("changer")
    assert client.get("/studies").status_code == 200
    with filled.database.writing() as session:
        user = session.get(User, library.users["changer"])
        user.password_hash = user.password_hash[:-4] + "AAAA"
    assert client.get("/studies").status_code == 302


@pytest.mark.parametrize("cookie", ["1", "1:", ":", "x:y", "1:0000000000000000", "99999:abc", "-1:x", "²:x"])
def test_a_cookie_of_another_shape_is_nobody(visit, cookie):
    client = visit(None)
    with client.session_transaction() as session:
        session["_user_id"] = cookie
    assert client.get("/studies").status_code == 302


@pytest.mark.parametrize(
    ("url", "form"), [("/sign-in", {"email": "viewer@example.org", "password": PASSWORD}), ("/sign-out", {})]
)
def test_a_form_without_its_token_is_refused(visit, url, form):
    client = visit("viewer" if url == "/sign-out" else None)
    answer = client.post(url, data=form)
    assert answer.status_code == 400
    assert "came from another site" in answer.text


def test_a_vote_without_its_token_is_refused(visit, library):
    form = {"axis": "outcome", "code": "PLAN-01", "word": "accept"}
    answer = visit("researcher").post(f"/evidence/{library.evidence['feed 2']}/tags", data=form)
    assert answer.status_code == 400


def client_at(workspace, address):
    """A client of a worker of its own, at an address of its own: what is counted of it is nobody else's."""
    client = create_app(workspace).test_client()
    client.environ_base["REMOTE_ADDR"] = address
    return client


@pytest.fixture(autouse=True)
def one_moment(monkeypatch):
    """No window ends while a slow machine counts tries."""
    now = tries.time()
    monkeypatch.setattr(tries, "time", lambda: now)


def test_guessing_passwords_is_slowed_down_and_right_ones_are_not_counted(filled, token):
    client = client_at(filled, "203.0.113.1")
    answers = [sign_in(client, token, password="wrong").status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]
    page = sign_in(client, token)
    assert page.status_code == 429
    assert "Too many tries" in page.text


def test_who_knows_the_password_is_not_counted_and_nobody_pays_for_another(filled, token):
    guesser, other = client_at(filled, "203.0.113.2"), client_at(filled, "203.0.113.3")
    assert {sign_in(guesser, token, password="wrong").status_code for _ in range(10)} == {422}
    assert sign_in(guesser, token).status_code == 429
    for _ in range(11):
        assert sign_in(other, token).status_code == 302
        other.post("/sign-out", data={"csrf_token": token(other)})


def test_tries_are_counted_over_all_workers_of_a_workspace(filled, token):
    workers = [client_at(filled, "203.0.113.4") for _ in range(2)]
    answers = [sign_in(workers[n % 2], token, password="wrong").status_code for n in range(12)]
    assert answers == [422] * 10 + [429] * 2
    assert sign_in(client_at(filled, "203.0.113.4"), token).status_code == 429


def test_no_address_is_kept_in_the_file_of_tries_and_others_cannot_read_it(filled, token):
    sign_in(client_at(filled, "203.0.113.5"), token, password="wrong")
    file = filled.home / tries.FILE
    assert b"203.0.113" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


def test_a_window_that_has_ended_is_forgotten(tmp_path, monkeypatch):
    counted = tries.SharedTries(path=str(tmp_path / "tries.db"), secret="00")
    now = 1000.0
    monkeypatch.setattr(tries, "time", lambda: now)
    assert [counted.incr("a", 60), counted.incr("a", 60), counted.incr("b", 3600)] == [1, 2, 1]
    assert (counted.get("a"), counted.get_expiry("a")) == (2, 1060.0)
    now = 1060.0
    assert (counted.get("a"), counted.get_expiry("a"), counted.get("b")) == (0, 1060.0, 1)
    assert counted.incr("a", 60) == 1
    counted.clear("b")
    assert counted.get("b") == 0
    assert counted.reset() == 1


def test_a_broken_file_of_tries_keeps_nobody_out_and_guessing_is_still_slowed_down(filled, token):
    broken = client_at(filled, "203.0.113.6")
    (filled.home / tries.FILE).write_bytes(b"no database" * 1000)
    try:
        assert sign_in(broken, token).status_code == 302
        broken.post("/sign-out", data={"csrf_token": token(broken)})
        answers = {sign_in(broken, token, password="wrong").status_code for _ in range(12)}
        assert answers == {422, 429}
    finally:
        (filled.home / tries.FILE).unlink()


def test_a_file_of_tries_that_cannot_be_written_leaves_guessing_slowed_down(filled, token, monkeypatch):
    monkeypatch.setattr(tries, "PATIENCE", 0.01)
    guesser = client_at(filled, "203.0.113.7")
    before = [sign_in(guesser, token, password="wrong").status_code for _ in range(3)]
    with closing(sqlite3.connect(filled.home / tries.FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        during = [sign_in(guesser, token, password="wrong").status_code for _ in range(8)]
        assert sign_in(client_at(filled, "203.0.113.8"), token).status_code == 302
    assert before + during == [422] * 10 + [429]
    assert sign_in(guesser, token, password="wrong").status_code == 429  # what was counted meanwhile still counts


def test_tries_of_one_ipv6_network_are_counted_together_and_those_of_another_are_not(filled, token):
    places = [client_at(filled, f"2001:db8:7:1::{n:x}:1") for n in range(12)]
    answers = [sign_in(client, token, password="wrong").status_code for client in places]
    assert answers == [422] * 10 + [429] * 2
    assert sign_in(client_at(filled, "2001:db8:7:2::1"), token).status_code == 302


def test_an_ipv4_address_written_as_ipv6_is_the_same_address(filled, token):
    for n in range(10):
        address = "203.0.113.9" if n % 2 else "::ffff:203.0.113.9"
        assert sign_in(client_at(filled, address), token, password="wrong").status_code == 422
    assert sign_in(client_at(filled, "::ffff:203.0.113.9"), token).status_code == 429
    assert sign_in(client_at(filled, "::ffff:203.0.113.10"), token).status_code == 302


@pytest.mark.parametrize(("hops", "seen"), [(0, "127.0.0.1"), (1, "198.51.100.7")])
def test_the_address_that_a_proxy_forwards_is_believed_as_far_as_the_setting_says(filled, hops, seen):
    behind = Workspace(filled.settings.model_copy(update={"proxy_hops": hops}))
    app = create_app(behind)
    app.before_request_funcs[None].insert(0, lambda: request.remote_addr)
    answer = app.test_client().get("/", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})
    behind.close()
    assert answer.text == seen
