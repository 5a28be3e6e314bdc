"""Headers, cookies, errors without a traceback, and text of others that stays text."""

from __future__ import annotations

import re
import socket
import threading

import pytest
from populate import HOSTILE

from config import Settings
from insightrepo.web import create_app, errors, session_key
from insightrepo.workspace import Workspace, WorkspaceMissing

PAGES = ["/", "/studies", "/outcomes", "/outcomes/PLAN-01", "/sign-in", "/nothing"]


@pytest.mark.parametrize("url", PAGES)
def test_every_page_allows_only_what_comes_from_this_site(visit, url):
    headers = visit("viewer").get(url).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "url", ["/", "/search?q=calendar", "/studies", "/outcomes", "/outcomes/PLAN-01", "/sign-in", "/act/portfolio"]
)
def test_pages_hold_nothing_inline_and_load_nothing_from_elsewhere(visit, url):
    page = visit("researcher" if url != "/sign-in" else None).get(url).text
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)
    scripts = re.findall(r"<script[^>]*>", page)
    assert all("src=" in tag for tag in scripts if tag != '<script type="application/json">')  # data of a chart
    assert all(link.startswith(("/", "#")) for link in re.findall(r'(?:src|href|action)="([^"]*)"', page))


def test_only_static_files_that_name_the_version_are_kept_without_asking(app):
    client = app.test_client()
    for address, kept in (("/static/hits.js?v=0.1.0", True), ("/static/clipboard.js", False)):
        answer = client.get(address)
        assert ("max-age=3600" in answer.headers["Cache-Control"]) is kept
        assert client.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_pages_of_signed_in_readers_are_not_kept_by_caches_and_the_cookie_is_for_the_server_only(visit, token):
    client = visit("viewer")
    assert client.get("/studies").headers["Cache-Control"] == "no-store"
    cookie = visit(None).get("/sign-in").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_over_tls_cookies_are_secure_and_browsers_are_told_to_stay(filled):
    secure = Workspace(filled.settings.model_copy(update={"https": True}))
    client = create_app(secure).test_client()
    answer = client.get("/sign-in", base_url="https://insight.example")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "max-age=" in answer.headers["Strict-Transport-Security"]
    assert client.get("/sign-in").headers["Location"] == "https://localhost/sign-in"
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("study", ["hostile"])
def test_what_people_wrote_is_shown_as_text(visit, library, study):
    client = visit("administrator")
    study_id, document_id = library.studies[study], library.documents[study]
    evidence_id = library.evidence[f"{study} 0"]
    pages = [
        "/",
        "/search?q=script+alert",
        "/studies",
        f"/studies/{study_id}",
        f"/evidence/{evidence_id}",
        f"/studies/{study_id}/documents/{document_id}?evidence={evidence_id}",
        f"/search?study={study_id}",
    ]
    for url in pages:
        page = client.get(url)
        assert page.status_code == 200
        assert "alert(" in page.text
        assert "<script>alert" not in page.text
        assert "49" not in re.findall(r"&amp;(\d+)", page.text)


@pytest.mark.parametrize(
    "field",
    [
        "q",
        "outcome",
        "category",
        "segment",
        "product",
        "kind",
        "level",
        "method",
        "year",
        "state",
        "study",
        "since",
        "until",
        "verified",
        "mode",
        "sort",
        "page",
    ],
)
def test_what_stands_in_the_address_is_shown_as_text_and_never_fails(visit, field):
    page = visit("viewer").get("/search", query_string={field: HOSTILE, "q" if field != "q" else "kind": "calendar"})
    assert page.status_code == 200
    assert "<script>alert" not in page.text


def test_an_original_is_a_download_that_no_browser_opens_and_is_written_down(visit, library, filled):
    from sqlalchemy import select

    from insightrepo.models import AuditEntry

    document_id = library.documents["hostile"]
    answer = visit("researcher").get(f"/documents/{document_id}/original")
    assert answer.data.startswith(b"hostile: ")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert "\n" not in answer.headers["Content-Disposition"]
    with filled.database.reading() as session:
        query = select(AuditEntry).where(AuditEntry.action == "original.download").order_by(AuditEntry.id.desc())
        entry = session.scalars(query).first()
    assert (entry.object, entry.user_id) == (f"document:{document_id}", library.users["researcher"])


def test_errors_say_what_to_do_and_show_no_traceback(filled, visit, library, monkeypatch):
    app = create_app(filled, RATELIMIT_ENABLED=False, PROPAGATE_EXCEPTIONS=False)

    def broken() -> str:
        raise RuntimeError("a secret of the inside")

    app.add_url_rule("/broken", "health.broken", broken)
    client = app.test_client()
    with client.session_transaction() as cookie, visit("viewer").session_transaction() as other:
        cookie["_user_id"] = other["_user_id"]
    answer = client.get("/broken")
    assert answer.status_code == 500
    assert "Something went wrong here" in answer.text
    assert "Traceback" not in answer.text
    assert "secret of the inside" not in answer.text


def test_a_wrong_method_and_too_large_a_form_are_said_calmly(visit):
    client = visit("viewer")
    wrong = client.delete("/studies")
    assert wrong.status_code in (400, 405)
    large = client.post("/sign-out", data={"csrf_token": "x" * 2_000_000})
    assert large.status_code == 413
    assert "larger than this page takes" in large.text


def test_health_says_whether_database_and_indexes_are_there_and_nothing_else(visit, filled):
    answer = visit(None).get("/healthz")
    assert answer.status_code == 200
    assert answer.json == {"ok": True, "database": True, "indexes": True, "version": answer.json["version"]}


def test_a_folder_without_a_workspace_says_how_to_make_one(tmp_path):
    with pytest.raises(WorkspaceMissing, match="run 'insightrepo init'"):
        create_app(Workspace(Settings(home=tmp_path / "none")))


def test_a_workspace_whose_database_was_never_made_says_so_on_the_page(tmp_path):
    workspace = Workspace(Settings(home=tmp_path, embedding_model="none"))
    workspace.make_master_key()
    client = create_app(workspace).test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = "1:x"
    answer = client.get("/studies")
    assert answer.status_code == 503
    assert "insightrepo init" in answer.text
    assert client.get("/healthz").status_code == 503


def test_sessions_are_signed_with_a_key_of_their_own(filled):
    key = session_key(filled)
    assert len(key) == 32
    assert key != filled.master_key
    assert session_key(Workspace(filled.settings.model_copy(update={"secret_key": "given"}))) == b"given"


def test_indexes_made_otherwise_are_said_and_the_rest_of_the_pages_works(filled, visit):
    other = Workspace(filled.settings.model_copy(update={"language": "none"}))
    client = create_app(other).test_client()
    with client.session_transaction() as cookie, visit("viewer").session_transaction() as signed_in:
        cookie["_user_id"] = signed_in["_user_id"]
    answer = client.get("/search?q=calendar")
    assert answer.status_code == 503
    assert "insightrepo reindex" in answer.text
    assert str(filled.home) not in answer.text
    assert client.get("/studies").status_code == 200
    assert client.get("/healthz").json["indexes"] is False
    other.close()


def test_who_sends_too_much_and_does_not_go_on_holds_no_thread_for_longer_than_said(app, monkeypatch):
    monkeypatch.setattr(errors, "DRAIN_SECONDS", 0.1)
    client, server = socket.socketpair()
    with client, server, server.makefile("rb") as body:
        client.sendall(b"x" * 10)
        said = {"wsgi.input": body, "wsgi.input_terminated": True, "gunicorn.socket": server}

        def drain() -> None:
            with app.test_request_context(method="POST", environ_overrides=said):
                errors._drain()

        waiting = threading.Thread(target=drain, daemon=True)
        waiting.start()
        waiting.join(60)
        ended = not waiting.is_alive()
        client.shutdown(socket.SHUT_WR)  # whoever waits still is let go
        waiting.join(60)
        server.sendall(b"why")
        assert (ended, client.recv(3)) == (True, b"why")  # the answer still goes out
