"""What the browser sends to be imported, as its jobs take it: within limits, into no study but its own."""

from __future__ import annotations

import datetime as dt
import io
import logging
import os
import zipfile

import pytest
from corpus import FINDINGS
from homes import open_home, reader_of
from sqlalchemy import select, update

from ingest.readers.base import SourceFile
from insightrepo.library.imports import import_jobs
from insightrepo.library.imports.import_jobs import (
    ImportRefused,
    NotNow,
    TitleTaken,
    cancel_job,
    change_choices,
    prepare_import,
    start_job,
    sweep_imports,
)
from insightrepo.library.indexing import job_runner
from insightrepo.library.indexing.job_runner import run_waiting
from insightrepo.models import Document, Job, Study


@pytest.fixture(autouse=True)
def nothing_aside(monkeypatch):
    """What would be started aside, tests run themselves."""
    monkeypatch.setattr(import_jobs, "ask_for", lambda *_: None)


def zipped(name: str, *members: tuple[str, bytes]) -> SourceFile:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members:
            archive.writestr(member, data)
    return SourceFile(name, body.getvalue())


def test_what_archives_may_unpack_to_is_of_all_of_them_together(home, monkeypatch):
    looked_at = []
    monkeypatch.setattr(import_jobs, "preview", lambda file, *_: looked_at.append(file) or {})
    workspace = open_home(home, max_file_megabytes=1)
    bombs = [zipped(f"{n}.zip", ("a.txt", b"0" * 1_000_000)) for n in range(5)]  # each of a few kilobytes
    with pytest.raises(ImportRefused, match=r"^4\.zip: it would unpack to more than"):
        prepare_import(workspace, reader_of(workspace, "rita"), bombs, {"study": None, "title": "Bombs"})
    workspace.close()
    assert looked_at == []


def test_no_further_archive_is_opened_once_there_are_enough_files(fresh, person, monkeypatch):
    monkeypatch.setattr(import_jobs, "MOST_FILES", 3)
    sent = [zipped(f"{n}.zip", ("a.md", b"a"), ("b.md", b"b")) for n in range(2)]
    with pytest.raises(ImportRefused, match="2 files and at most 1 are taken"):
        prepare_import(fresh, person("rita"), sent, {"study": None, "title": "Many"})
    loose = [SourceFile(f"{n}.md", FINDINGS.encode()) for n in range(4)]
    with pytest.raises(ImportRefused, match="more than 3 files"):
        prepare_import(fresh, person("rita"), loose, {"study": None, "title": "Many"})


def sent(workspace, reader, *files, **options):
    """Files sent and the import of them begun; the id of the job."""
    job_id = prepare_import(workspace, reader, [SourceFile(name, text.encode()) for name, text in files],
                            {"study": None, "sensitivity": "internal", **options})  # fmt: skip
    start_job(workspace, reader, job_id)
    return job_id


def facts(workspace):
    """Title, sensitivity, state and number of documents of each study, in the order in which they came."""
    with workspace.database.reading() as session:
        return [
            (study.title, study.sensitivity, study.state, len(documents_of(session, study.id)))
            for study in session.scalars(select(Study).order_by(Study.id))
        ]


def documents_of(session, study_id):
    return session.scalars(select(Document.id).where(Document.study_id == study_id)).all()


def test_an_import_titled_like_a_study_that_its_sender_does_not_see_makes_its_own_and_learns_nothing(fresh, person):
    rita, carl = person("rita"), person("carl")
    sent(fresh, rita, ("a.md", FINDINGS), title="Pricing", sensitivity="personal")
    run_waiting(fresh)
    with pytest.raises(TitleTaken) as refused:
        sent(fresh, rita, ("b.md", FINDINGS), title="Pricing")
    assert refused.value.study_id == 1
    sent(fresh, carl, ("c.md", FINDINGS), title="Pricing")
    run_waiting(fresh)
    assert facts(fresh) == [("Pricing", "personal", "draft", 1), ("Pricing", "internal", "draft", 1)]


def test_a_folder_called_like_a_hidden_study_is_its_own_and_one_that_is_seen_keeps_its_facts(fresh, person):
    rita, carl = person("rita"), person("carl")
    files = ("Stops/findings.md", FINDINGS), ("Stops/plan.md", "# Plan\n\nFind out what families say of stops.\n")
    sent(fresh, rita, *files, title="", sensitivity="confidential")
    run_waiting(fresh)
    sent(fresh, carl, *files, title="")
    sent(fresh, rita, *files, ("Stops/more.md", FINDINGS.replace("photos", "maps")), title="", publish=True)
    run_waiting(fresh)
    assert facts(fresh) == [("Stops", "confidential", "draft", 3), ("Stops", "internal", "draft", 2)]


def test_an_import_that_goes_on_leaves_what_people_set_meanwhile(fresh, person, monkeypatch):
    rita = person("rita")
    job_id = sent(fresh, rita, ("a.md", FINDINGS), ("b.md", FINDINGS.replace("photos", "maps")), title="Pricing")
    with monkeypatch.context() as broken:
        broken.setattr(job_runner._Told, "files", lambda *_: (_ for _ in ()).throw(job_runner.Cancelled))
        run_waiting(fresh)
    assert facts(fresh) == [("Pricing", "internal", "draft", 1)]
    with fresh.database.writing() as session:
        session.execute(update(Study).values(sensitivity="personal"))
    change_choices(fresh, rita, job_id, {"study": None, "title": "Pricing", "sensitivity": "public"}, {})
    start_job(fresh, rita, job_id)
    run_waiting(fresh)
    assert facts(fresh) == [("Pricing", "personal", "draft", 2)]


TABLE = "id,comment\n1,The map was empty when we arrived\n"


def test_what_is_shown_of_files_goes_with_the_files(fresh, person):
    rita = person("rita")
    waiting = prepare_import(fresh, rita, [SourceFile("a.csv", TABLE.encode())], {"study": None, "title": "One"})
    stopped = sent(fresh, rita, ("b.csv", TABLE), title="Two")
    cancel_job(fresh, rita, stopped)
    sweep_imports(fresh)
    assert "The map was empty" in str(arguments(fresh, waiting))
    for path in (fresh.home / "uploads").glob("??/*"):
        os.utime(path, (0, 0))
    sweep_imports(fresh)
    assert arguments(fresh, waiting) == ("forgotten", {"paths": ["a.csv"]})
    state, kept = arguments(fresh, stopped)
    assert (state, kept["files_gone"], kept["files"][0]["tables"][0]["samples"]) == ("cancelled", True, [[], []])
    with pytest.raises(NotNow, match="send them again"):
        start_job(fresh, rita, stopped)


def arguments(workspace, job_id):
    with workspace.database.reading() as session:
        job = session.get_one(Job, job_id)
        return job.state, dict(job.arguments)


def test_the_log_says_where_a_job_failed_and_nothing_of_what_it_read(fresh, person, monkeypatch, caplog):
    def refuses(*_):
        raise LookupError("no such cell: Grace Miller cannot find the map")

    sent(fresh, person("rita"), ("a.md", FINDINGS), title="One")
    monkeypatch.setattr(job_runner, "import_files", refuses)
    run_waiting(fresh)
    said = "\n".join(logging.Formatter().format(record) for record in caplog.records)
    assert "builtins.LookupError at job_runner.py:" in said
    assert said.endswith("refuses")
    assert "Grace" not in said


def test_a_study_ends_on_the_last_day_of_the_period_that_is_named(fresh, person):
    sent(fresh, person("rita"), ("a.md", FINDINGS), title="One", started="2025-02", ended="2025-Q3")
    run_waiting(fresh)
    with fresh.database.reading() as session:
        assert session.execute(select(Study.started_on, Study.ended_on)).one() == (
            dt.date(2025, 2, 1), dt.date(2025, 9, 30)
        )  # fmt: skip
