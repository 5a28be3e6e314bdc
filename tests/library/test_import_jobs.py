"""What the browser sends to be imported, as its jobs take it: within limits, into no study but its own."""

from __future__ import annotations

import io
import zipfile

import pytest
from corpus import FINDINGS
from homes import open_home, reader_of

from ingest.readers.base import SourceFile
from insightrepo.library import import_jobs
from insightrepo.library.import_jobs import ImportRefused, prepare_import


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
