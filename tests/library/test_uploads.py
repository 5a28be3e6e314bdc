"""A file on its way in is sealed, its sender's only, and gone when it is done."""

from __future__ import annotations

import os
import time

import pytest

from insightrepo.library.imports.uploads import Upload, UploadMissing, Uploads

FILE = Upload("mia.csv", b"respondent,score\nmia@example.com,5\n", "2025-Q3 answers")


@pytest.fixture
def uploads(tmp_path):
    return Uploads(tmp_path / "uploads", bytes(range(32)))


def test_what_is_put_comes_back_and_nothing_of_it_is_in_clear_on_disk(uploads, tmp_path):
    token = uploads.put(1, FILE)
    assert uploads.read(1, token, FILE.purpose) == FILE
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"mia" not in stored
    assert b"respondent" not in stored


@pytest.mark.parametrize(("user", "purpose"), [(2, FILE.purpose), (1, "2025-Q4 answers")])
def test_it_is_not_there_for_others_or_for_something_else(uploads, user, purpose):
    token = uploads.put(1, FILE)
    with pytest.raises(UploadMissing, match="send it again"):
        uploads.read(user, token, purpose)


@pytest.mark.parametrize("token", ["", "../../etc/passwd", "0" * 64, "zz", "A" * 64])
def test_a_token_that_was_not_given_is_not_there(uploads, token):
    with pytest.raises(UploadMissing):
        uploads.read(1, token, FILE.purpose)


def test_it_is_gone_when_removed_and_after_a_day(uploads, tmp_path):
    first, second = uploads.put(1, FILE), uploads.put(1, FILE)
    assert first != second
    uploads.remove(first)
    uploads.remove(first)
    with pytest.raises(UploadMissing):
        uploads.read(1, first, FILE.purpose)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - 90_000,) * 2)
    uploads.put(2, FILE)
    with pytest.raises(UploadMissing):
        uploads.read(1, second, FILE.purpose)
