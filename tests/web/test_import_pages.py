"""Research comes in in the browser: sealed, looked at, corrected, tried, imported aside, reported, published."""

from __future__ import annotations

import io
import json
import re
import zipfile
from html import unescape

import pytest
from markupsafe import Markup
from sqlalchemy import func, select

from insightrepo.library.imports import import_jobs
from insightrepo.library.indexing.job_runner import run_waiting
from insightrepo.models import Document, Evidence, Job, Study

CSV = """id,comment,stars,name
1,The calendar is hard to find,1,Grace Miller
2,The map was empty when we arrived,2,Ann Stone
3,Nobody knew where the gate was,1,Bea Hill
4,My mother could not see the plan,3,Cid Fox
5,The list saved us from forgetting things,5,Dan Wood
6,The poll was quick,five,Tom Brown
"""
REPORT = "# Interviews\n\n## Dates\n\nParents could not find the shared calendar at all.\n"


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    """What would have been started aside; tests run it here."""
    calls = []
    monkeypatch.setattr(import_jobs, "ask_for", lambda _workspace, *words: calls.append(words))
    return calls


@pytest.fixture
def send(visit, token):
    def do(name, files, **fields):
        client = visit(name)
        form = {"csrf_token": token(client, "/import"), "title": "A study", "shape": "one", "sensitivity": "internal",
                "level": "", "stage": "", "team": "", **fields}  # fmt: skip
        sent = [(io.BytesIO(data if isinstance(data, bytes) else data.encode()), name) for name, data in files]
        return client.post("/import", data={**form, "files": sent}, content_type="multipart/form-data")

    return do


@pytest.fixture
def press(visit):
    """Sends the form of a job's page as it stands, with an action and changes."""

    def do(name, url, action, **changes):
        client = visit(name)
        page = client.get(url).text
        fields = {}
        for tag in re.findall(r"<input[^>]*>", page):
            found = dict(re.findall(r'(\w+)="([^"]*)"', tag))
            if found.get("type") not in ("checkbox", "file", "submit") and "name" in found:
                fields[found["name"]] = unescape(found.get("value", ""))
        for field, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.S):
            chosen = re.search(r'<option selected value="([^"]*)"|<option value="([^"]*)" selected', options)
            fields[field] = (chosen[1] or chosen[2] or "") if chosen else ""
        return client.post(url, data={**fields, "action": action, **changes})

    return do


def job_of(filled, url):
    with filled.database.reading() as session:
        return session.get_one(Job, int(url.rsplit("/", 1)[1]))


def uploads_on_disk(filled):
    return [path.read_bytes() for path in (filled.home / "uploads").rglob("*") if path.is_file()]


def evidence_of(filled, title):
    with filled.database.reading() as session:
        query = select(func.count()).select_from(Evidence).join(Study).where(Study.title == title)
        return session.scalar(query)


def test_files_are_sealed_shown_redacted_tried_imported_and_gone(filled, visit, send, press, asked):
    url = send("researcher", [("reviews.csv", CSV), ("talk.md", REPORT)], title="Spring calendar").headers["Location"]
    job = job_of(filled, url)
    assert not any(b"Grace" in data or b"calendar" in data for data in uploads_on_disk(filled))
    assert "Grace" not in json.dumps(job.arguments)
    page = visit("researcher").get(url)
    assert "The calendar is hard to find" in page.text  # the preview, without names
    assert "Grace" not in page.text
    assert press("researcher", url, "try").status_code == 302
    assert asked == [("jobs", "run")]
    assert "waiting for its turn" in visit("researcher").get(url).text
    assert run_waiting(filled) == [job.id]
    tried = visit("researcher").get(url).text
    assert "What it would do" in tried
    assert "&#39;five&#39; is not one number" in tried
    assert evidence_of(filled, "Spring calendar") == 0
    assert press("researcher", url, "import").status_code == 302
    run_waiting(filled)
    done = visit("researcher").get(url).text
    assert "What it did" in done
    assert "Earlier studies that say alike things" in done
    assert evidence_of(filled, "Spring calendar") == 6
    assert uploads_on_disk(filled) == []
    csv = visit("researcher").get(f"{url}/refused.csv")
    assert "reviews.csv,7,rating" in csv.text
    assert "Tom" not in csv.text


def test_a_corrected_mapping_is_what_the_import_goes_by(filled, visit, send, press):
    odd = "a,b\nThe map was empty when we arrived there,4\nNobody knew where the gate was,2\n"
    url = send("researcher", [("odd.csv", odd)], title="Odd columns").headers["Location"]
    wrong = press("researcher", url, "import", **{"how-0-0": "verbatims", "column-0-0-0": "", "column-0-0-1": "rating"})
    assert wrong.status_code == 422
    assert "Say which column holds the customers&#39; words" in wrong.text
    scale = {"how-0-0": "verbatims", "column-0-0-0": "text", "low-0-0": "one", "high-0-0": "5"}
    assert "The scale is two numbers" in press("researcher", url, "import", **scale).text
    good = {"how-0-0": "verbatims", "column-0-0-0": "text", "column-0-0-1": "rating", "best-0-0": "low",
            "low-0-0": "1", "high-0-0": "5"}  # fmt: skip
    assert press("researcher", url, "import", **good).status_code == 302
    run_waiting(filled)
    with filled.database.reading() as session:
        rows = session.execute(
            select(Evidence.kind, Evidence.text, Evidence.rating, Evidence.rating_best)
            .join(Study).where(Study.title == "Odd columns").order_by(Evidence.id)
        ).all()  # fmt: skip
    assert rows[0] == ("verbatim", "The map was empty when we arrived there", 4.0, 1.0)
    assert len(rows) == 2


def test_a_table_that_is_said_to_be_no_verbatims_is_read_as_text(filled, send, press):
    url = send("researcher", [("reviews.csv", CSV)], title="As text").headers["Location"]
    press("researcher", url, "import", **{"how-0-0": "text"})
    run_waiting(filled)
    with filled.database.reading() as session:
        kinds = set(session.scalars(select(Evidence.kind).join(Study).where(Study.title == "As text")))
        text = session.scalar(select(Document.text).join(Study).where(Study.title == "As text"))
    assert kinds == {"passage"}
    assert "comment: The poll was quick" in text
    assert "Grace" not in text


def test_an_archive_is_unpacked_and_each_folder_may_be_a_study(filled, send, press):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("all/12_gates_apr2024/findings.md", "# Findings\n\nNobody found the way to the gate.\n")
        archive.writestr("all/13_maps_may2024/findings.md", "# Findings\n\nThe map was empty on arrival there.\n")
    url = send("researcher", [("all.zip", body.getvalue())], title="", shape="folders").headers["Location"]
    press("researcher", url, "import", title="", shape="folders")
    run_waiting(filled)
    titles = {study["title"] for study in job_of(filled, url).report["studies"]}
    assert titles == {"Gates", "Maps"}


def test_importing_the_same_again_is_already_here_and_no_error(filled, visit, send, press):
    into = ""
    for _ in range(2):
        url = send("researcher", [("talk.md", REPORT)], title="Twice", study=into).headers["Location"]
        press("researcher", url, "import")
        run_waiting(filled)
        into = str(job_of(filled, url).report["studies"][0]["id"])
    assert job_of(filled, url).report["already_here"] == 1
    page = visit("researcher").get(url).text
    assert "is left as it is" in page
    assert evidence_of(filled, "Twice") == 1


def test_a_title_that_is_taken_is_refused_with_the_way_to_add_to_that_study(filled, library, visit, send, press):
    study = library.studies["confidential"]  # "Pricing interviews"
    answer = send("researcher", [("talk.md", REPORT)], title="pricing interviews")
    assert answer.status_code == 422
    assert f'give yours another, or <a href="/import?study={study}">add the files to it</a>.' in answer.text
    url = send("researcher", [("talk.md", REPORT)], title="Pricing, again").headers["Location"]
    later = press("researcher", url, "import", title="Pricing interviews")
    assert (later.status_code, "add the files to it" in later.text) == (422, True)
    press("researcher", url, "forget")
    others = send("contributor", [("talk.md", REPORT)], title="Pricing interviews")  # who sees it and does not own it
    assert "give yours another." in others.text
    assert "add the files to it" not in others.text


def test_an_uncertain_tag_is_decided_on_the_page_of_the_import(filled, visit, send, press, token):
    from insightrepo.models import Outcome, Tag, Vote

    url = send("researcher", [("talk.md", REPORT)], title="Uncertain").headers["Location"]
    press("researcher", url, "import")
    run_waiting(filled)
    with filled.database.writing() as session:
        evidence = session.scalar(select(Evidence.id).join(Study).where(Study.title == "Uncertain"))
        term = session.scalar(select(Outcome.id).where(Outcome.code == "PACK-01"))
        session.merge(Tag(evidence_id=evidence, term_id=term, state="suggested", origin="rule"))
        session.add(Vote(evidence_id=evidence, term_id=term, source="rule", source_key="rule:99", in_favour=True,
                         effect="suggest", value=0.7,
                         reason={"kind": "near", "words": "boring stop"}, evidence_revision=1))  # fmt: skip
    client = visit("researcher")
    page = client.get(url).text
    assert f"PACK-01 on evidence {evidence}" in page
    assert "Why: a rule for words close to each other found “boring stop”" in page
    number = url.rsplit("/", 1)[1]
    form = {"csrf_token": token(client), "axis": "outcome", "code": "PACK-01", "word": "accept", "job": number}
    answer = client.post(f"/evidence/{evidence}/tags", data=form)
    assert answer.headers["Location"] == f"/import/{number}#uncertain"
    assert f"PACK-01 on evidence {evidence}" not in client.get(url).text


def test_a_job_whose_process_is_gone_is_interrupted_and_goes_on(filled, visit, send, press):
    url = send("researcher", [("talk.md", REPORT)], title="Interrupted").headers["Location"]
    with filled.database.writing() as session:
        session.get_one(Job, job_of(filled, url).id).state = "running"  # and nobody holds the lock
    page = visit("researcher").get(url).text
    assert "was interrupted" in page
    assert visit("researcher").get(f"{url}/progress").json["state"] == "interrupted"
    assert press("researcher", url, "import").status_code == 302
    run_waiting(filled)
    assert job_of(filled, url).state == "done"
    assert evidence_of(filled, "Interrupted") == 1


@pytest.mark.parametrize(
    ("told", "share", "words"),
    [
        ({}, None, "reading the first file"),
        ({"done": 0, "of": 1, "pieces": 500, "of_pieces": 2_500}, 0.2, "0 of 1 files, 500 of 2,500 pieces of this one"),
        ({"done": 1, "of": 4, "pieces": 10, "of_pieces": 20}, 0.375, "1 of 4 files, 10 of 20 pieces of this one"),
        ({"done": 4, "of": 4}, 1.0, "all files are read; they are made searchable"),
    ],
)
def test_progress_counts_files_and_what_is_stored_of_the_one_under_way(filled, visit, library, told, share, words):
    from filelock import FileLock

    with filled.database.writing() as session:
        job = Job(kind="upload", state="running", user_id=library.users["researcher"], report={"progress": told},
                  arguments={"paths": ["a.md"], "files": [], "options": {}})  # fmt: skip
        session.add(job)
        session.flush()
        number = job.id
    with FileLock(filled.home / "jobs.lock"):  # as the runner holds it
        found = visit("researcher").get(f"/import/{number}/progress").json
        assert words in visit("researcher").get(f"/import/{number}").text
    assert (found["share"], found["words"], found["under_way"]) == (share, words, True)


def test_what_waits_can_be_stopped_and_forgotten_with_its_files(filled, visit, send, press, token):
    url = send("researcher", [("talk.md", REPORT)], title="Stopped").headers["Location"]
    press("researcher", url, "import")
    client = visit("researcher")
    client.post(url, data={"csrf_token": token(client), "action": "cancel"})
    assert run_waiting(filled) == []
    assert "was stopped" in visit("researcher").get(url).text
    assert uploads_on_disk(filled)
    press("researcher", url, "forget")
    assert uploads_on_disk(filled) == []
    assert visit("researcher").get(url).status_code == 404


def test_a_job_that_cannot_run_says_why_and_the_next_one_runs(filled, visit, send, press):
    first = send("researcher", [("talk.md", REPORT)], title="Files gone").headers["Location"]
    second = send("researcher", [("talk.md", REPORT)], title="Next").headers["Location"]
    press("researcher", first, "import")
    press("researcher", second, "import")
    filled.uploads.remove(job_of(filled, first).arguments["files"][0]["token"])
    assert len(run_waiting(filled)) == 2
    assert job_of(filled, first).state == "failed"
    assert "send it again" in visit("researcher").get(first).text
    assert job_of(filled, second).state == "done"


@pytest.mark.parametrize(
    ("files", "fields", "why"),
    [
        ([], {}, "Choose at least one file"),
        ([("a.md", REPORT)], {"started": "someday"}, "write 2025-03-14"),
        ([("a.md", REPORT)], {"started": "2025-05", "ended": "2025-Q1"}, "It cannot end before it began"),
        ([("a.md", REPORT)], {"participants_n": "many"}, "whole number"),
        ([("a.zip", "no archive")], {}, "damaged"),
        ([("a.md", REPORT), ("a.md", REPORT)], {}, "two files are called a.md"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(filled, send, files, fields, why):
    kept = len(uploads_on_disk(filled))
    answer = send("researcher", files, **fields)
    assert answer.status_code == 422
    assert why.lower() in answer.text.lower()
    assert len(uploads_on_disk(filled)) == kept


def test_the_page_promises_of_names_only_what_holds(visit):
    page = visit("researcher").get("/import").text
    assert "the names that labels, titles, speakers and columns give away, are removed" in page
    assert "look through the dry run for other names" in page


@pytest.mark.parametrize(
    ("files", "title"),
    [
        ([("talk.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ottokar Brand>Hello there\n"),
          ("report.md", "# What Ottokar Brand told us\n\nThe calendar is hard to find.\n")], "What [name] told us"),
        ([("2025-03_gate-reviews.csv", CSV)], "Gate reviews"),
    ],
)  # fmt: skip
def test_a_study_without_a_title_is_called_as_its_report_is_headed_or_as_its_file(filled, send, press, files, title):
    answer = send("researcher", files, title=" ")
    assert answer.status_code == 302
    url = answer.headers["Location"]
    assert job_of(filled, url).arguments["options"]["title"] == title
    press("researcher", url, "import", title="")
    run_waiting(filled)
    assert [study["title"] for study in job_of(filled, url).report["studies"]] == [title]


def test_a_title_that_was_found_and_is_taken_is_shown_to_be_changed(filled, send, press):
    press("researcher", send("researcher", [("a.md", REPORT)], title="").headers["Location"], "import")
    run_waiting(filled)
    again = send("researcher", [("b.md", REPORT)], title="")
    assert again.status_code == 422
    assert "A study of this title is here already" in again.text
    assert 'value="Interviews"' in again.text


def test_an_import_is_its_senders_and_administrators(filled, visit, send):
    url = send("contributor", [("talk.md", REPORT)], title="Mine").headers["Location"]
    people = ("contributor", "owner", "researcher", "administrator", "scoped-administrator", "viewer")
    answers = {name: visit(name).get(url).status_code for name in people}
    assert answers == {"contributor": 200, "owner": 404, "researcher": 404, "administrator": 200,
                       "scoped-administrator": 404, "viewer": 403}  # fmt: skip


def test_a_contributor_cannot_publish_and_a_scoped_one_names_a_product(filled, send):
    assert send("contributor", [("a.md", REPORT)], title="X", publish="y").status_code == 422
    assert "within your scope" in send("scoped-contributor", [("a.md", REPORT)], title="X").text
    assert send("scoped-contributor", [("a.md", REPORT)], title="X", products="WEB").status_code == 302


def test_a_draft_is_its_teams_until_a_researcher_publishes_it(filled, visit, send, press, token):
    with filled.database.reading() as session:
        from insightrepo.models import Team

        team = session.scalar(select(Team.id).where(Team.name == "Trips"))
    url = send("administrator", [("talk.md", REPORT)], title="Team draft", team=str(team)).headers["Location"]
    press("administrator", url, "import")
    run_waiting(filled)
    study = job_of(filled, url).report["studies"][0]["id"]
    page, search = f"/studies/{study}", f"/search?q=calendar&study={study}"
    assert [visit(name).get(page).status_code for name in ("member", "viewer", "researcher")] == [200, 404, 404]
    client = visit("administrator")
    assert client.post(f"{page}/state", data={"csrf_token": token(client), "action": "publish"}).status_code == 302
    assert [visit(name).get(page).status_code for name in ("member", "viewer", "researcher")] == [200, 200, 200]
    assert "Parents could not find" in visit("viewer").get(search).text


def test_a_study_is_withdrawn_with_a_reason_and_comes_back(filled, visit, library, token):
    from insightrepo.models import AuditEntry

    page = f"/studies/{library.studies['public']}"
    client = visit("researcher")
    form = {"csrf_token": token(client), "action": "withdraw"}
    client.post(f"{page}/state", data=form)
    assert visit("viewer").get(page).status_code == 200  # no reason, nothing done
    client.post(f"{page}/state", data={**form, "reason": "Asked the wrong people, says mia@example.org"})
    assert visit("viewer").get(page).status_code == 404
    admin = visit("administrator")
    assert "Asked the wrong people, says [mail]" in admin.get(page).text
    admin.post(f"{page}/state", data={"csrf_token": token(admin), "action": "bring_back"})
    assert visit("viewer").get(page).status_code == 200
    with filled.database.reading() as session:
        actions = session.scalars(select(AuditEntry.action).where(AuditEntry.object == f"study:{page[9:]}")).all()
    assert actions[-2:] == ["study.withdraw", "study.bring_back"]


def test_the_facts_of_a_study_are_edited_and_its_evidence_follows(filled, visit, library, press):
    study = library.studies["hostile"]
    url = f"/studies/{study}/edit"
    changes = {"title": "Now called so", "started": "2024-Q2", "ended": "2024-Q2", "participants_n": "31",
               "level": "interaction", "stage": "beta", "sensitivity": "public", "products": "APP"}  # fmt: skip
    assert press("researcher", url, "", **changes).status_code == 302
    page = visit("viewer").get(f"/studies/{study}").text
    with filled.database.reading() as session:
        assert str(session.get_one(Study, study).ended_on) == "2024-06-30"
    assert 'value="2024-Q2"' in visit("researcher").get(url).text
    for said in ("Now called so", "2024-Q2", "31", "interaction", "beta", "public", "FamilyTrip app"):
        assert said in page, said
    assert f"/studies/{study}" in visit("viewer").get("/search?product=APP&since=2024-04-01&until=2024-06-30").text
    before = press("researcher", url, "", started="2024-05", ended="2024-04")
    assert before.status_code == 422
    assert "cannot end before it began" in before.text
    assert visit("contributor").get(url).status_code == 403
    assert visit("scoped-researcher").get(url).status_code == 404


def test_files_are_added_to_a_study_that_keeps_its_facts(filled, visit, library, token, press):
    study = library.studies["confidential"]
    client = visit("researcher")
    page = client.get(f"/import?study={study}").text
    assert "Add files to Pricing interviews" in page
    form = {
        "csrf_token": token(client, "/import"),
        "study": str(study),
        "files": [(io.BytesIO(REPORT.encode()), "b.md")],
    }
    url = client.post("/import", data=form, content_type="multipart/form-data").headers["Location"]
    assert press("researcher", url, "import").status_code == 302
    run_waiting(filled)
    with filled.database.reading() as session:
        row = session.get_one(Study, study)
        names = set(session.scalars(select(Document.name).where(Document.study_id == study)))
    assert (row.title, row.sensitivity, row.state) == ("Pricing interviews", "confidential", "published")
    assert names == {"confidential/report.md", "b.md"}
    other = visit("contributor")  # who sees it and does not own it
    form = {
        "csrf_token": token(other, "/import"),
        "study": str(study),
        "files": [(io.BytesIO(REPORT.encode()), "c.md")],
    }
    assert other.post("/import", data=form, content_type="multipart/form-data").status_code == 403


def test_a_recording_is_said_to_be_read_as_a_transcript_and_a_text_as_a_report(send, visit):
    call = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Moderator>How was it?</v>\n"
    made = send("contributor", [("call.vtt", call), ("plan.md", "# Plan\n\nAsk families.\n")])
    page = visit("contributor").get(made.location).text
    assert page.count("read as a transcript, turn by turn") == page.count("read as a report, passage by passage") == 1
    assert page.index("call.vtt") < page.index("read as a transcript") < page.index("plan.md")


def test_a_report_offers_the_terms_that_a_name_in_the_data_may_be(filled, visit, send, press):
    feed = "comment,segment\n" + "".join(f"{said},{who}\n" for said, who in [
        ("The map was empty when we arrived there", "Parents of todlers"), ("Nobody knew where the gate was", "Pilots"),
    ])  # fmt: skip
    url = send("researcher", [("feed.csv", feed)], title="Almost").headers["Location"]
    chosen = {"how-0-0": "verbatims", "column-0-0-0": "text", "column-0-0-1": "segment"}
    assert press("researcher", url, "import", **chosen).status_code == 302
    run_waiting(filled)
    words = " ".join(Markup(visit("researcher").get(url).text).striptags().split())
    assert "segment Parents of todlers (1) is it Parents of toddlers (TODDLER)" in words
    assert "segment Pilots (1). Add what is new to the taxonomy" in words
