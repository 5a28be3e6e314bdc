"""Comments and "this looks wrong": they reach who answers for the thing, are escaped, limited, settled and removed."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from insightrepo.models import AuditEntry, Comment, Outcome, Study


@pytest.fixture(scope="module", autouse=True)
def owned(filled, library):
    """The published study and PLAN-01 belong to Olga; nobody owns the rest."""
    with filled.database.writing() as session:
        session.get_one(Study, library.studies["published"]).owner_id = library.users["owner"]
        session.scalars(select(Outcome).where(Outcome.code == "PLAN-01")).one().owner_id = library.users["owner"]


@pytest.fixture
def say(visit, token):
    def do(name, kind, key, text, wrong=False, **more):
        client = visit(name)
        form = {"csrf_token": token(client), "kind": kind, "key": str(key), "text": text, **more}
        return client.post("/comments", data={**form, **({"wrong": "y"} if wrong else {})})

    return do


@pytest.fixture
def do(visit, token):
    def send(name, comment, action, **form):
        client = visit(name)
        return client.post(f"/comments/{comment}/{action}", data={"csrf_token": token(client), **form}).status_code

    return send


def last(filled):
    with filled.database.reading() as session:
        return session.scalars(select(Comment).order_by(Comment.id.desc())).first()


def count_in_header(visit, name):
    found = re.search(r'class="unread">(\d+)', visit(name).get("/studies").text)
    return int(found[1]) if found else 0


def test_a_comment_reaches_the_owner_once_and_nobody_else(filled, visit, library, say):
    before = count_in_header(visit, "owner")
    evidence = library.evidence["published 0"]
    assert say("viewer", "evidence", evidence, "This is of last year, not of this one", wrong=True).status_code == 302
    assert "not of this one" in visit("viewer").get(f"/evidence/{evidence}").text
    assert count_in_header(visit, "owner") == before + 1
    assert count_in_header(visit, "viewer") == 0
    assert "not of this one" not in visit("researcher").get("/inbox").text
    page = visit("owner").get("/inbox").text
    assert "not of this one" in page
    assert "looks wrong" in page
    assert ">new<" in page
    assert count_in_header(visit, "owner") == 0
    assert ">new<" not in visit("owner").get("/inbox").text


def test_what_nobody_owns_reaches_researchers(visit, library, say):
    say("viewer", "outcome", "PLAN-02", "Do we mean taxes too?")
    say("viewer", "outcome", "PLAN-01", "And grandparents?")
    assert "taxes too" in visit("researcher").get("/inbox").text
    assert "grandparents" not in visit("researcher").get("/inbox").text
    assert "taxes too" not in visit("owner").get("/inbox").text
    assert "grandparents" in visit("owner").get("/inbox").text


def test_the_owner_settles_with_words_that_the_author_reads(filled, visit, say, do):
    say("viewer", "outcome", "PLAN-01", "The words are hard to read")
    comment = last(filled)
    assert do("viewer", comment.id, "settle", said="I like it") == 403
    assert do("owner", comment.id, "settle", said="Written anew, thank you") == 302
    assert do("owner", comment.id, "settle", said="again") == 409
    mine = visit("viewer").get("/inbox").text
    assert "Written anew, thank you" in mine
    assert "Settled by Olga Owner" in mine


def test_a_comment_is_removed_by_its_author_or_an_administrator_and_stays_in_the_audit_log(filled, visit, say, do):
    for remover in ("viewer", "administrator"):
        say("viewer", "outcome", "PLAN-02", f"To be removed by {remover}")
        comment = last(filled)
        assert do("researcher", comment.id, "remove") == 403
        assert do(remover, comment.id, "remove") == 302
        assert f"removed by {remover}" not in visit("viewer").get("/outcomes/PLAN-02").text
        with filled.database.reading() as session:
            entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert (entry.action, entry.detail["words"]) == ("comment.remove", f"To be removed by {remover}")


def test_words_are_escaped_redacted_and_limited(filled, visit, say):
    say("viewer", "outcome", "PLAN-01", "<script>alert(1)</script> ask mia@example.org")
    page = visit("viewer").get("/outcomes/PLAN-01").text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; ask [mail]" in page
    newest = last(filled).id
    say("viewer", "outcome", "PLAN-01", "x" * 2_001)
    say("viewer", "outcome", "PLAN-01", "  \n ")
    assert last(filled).id == newest


@pytest.mark.parametrize("study", ["personal", "draft", "withdrawn", "confidential"])
def test_what_cannot_be_seen_cannot_be_commented_on_and_its_comments_are_not_there(
    filled, visit, library, say, do, study
):
    evidence = library.evidence[f"{study} 0"]
    assert say("viewer", "evidence", evidence, "I guess it is there").status_code == 404
    assert say("administrator", "evidence", evidence, f"Said of the {study} one").status_code == 302
    comment = last(filled).id
    assert [do("viewer", comment, action) for action in ("settle", "remove")] == [404, 404]
    assert f"Said of the {study} one" not in visit("viewer").get("/inbox").text


@pytest.mark.parametrize(("kind", "key"), [("evidence", "1 OR 1"), ("evidence", "999999"), ("outcome", "NO-SUCH")])
def test_what_is_not_there_cannot_be_commented_on(say, kind, key):
    assert say("administrator", kind, key, "hello there").status_code == 404


def test_another_kind_of_thing_is_a_bad_request(say):
    assert say("administrator", "study", "1", "hello there").status_code == 400
