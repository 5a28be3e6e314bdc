"""What is refused, and in which words."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from ingest.readers import all_readers, is_ignored, read_file, reader_for, text
from ingest.readers.base import SourceFile, Unreadable

SAMPLES = Path(__file__).parents[2] / "samples"
LIMIT = 10_000_000


def refusal(name, data, limit=LIMIT):
    with pytest.raises(Unreadable) as caught:
        read_file(SourceFile(name, data), limit)
    return str(caught.value)


def sample(name):
    return (SAMPLES / name).read_bytes()


def zipped(members):
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def test_an_empty_file_is_refused_by_name():
    assert refusal("study/notes.txt", b"") == "study/notes.txt: it is empty"


def test_a_file_of_blanks_is_refused():
    assert "no words" in refusal("notes.md", b" \n\t\n")


def test_an_oversized_file_is_refused_with_its_size_and_the_limit():
    message = refusal("notes.txt", b"a" * 2_000_001, limit=2_000_000)
    assert "2.0 MB" in message
    assert "at most 2.0 MB" in message


def test_a_file_of_exactly_the_limit_is_read():
    assert read_file(SourceFile("notes.txt", b"a" * 100), 100).text == "a" * 100


@pytest.mark.parametrize("name", ["notes.rtf", "README", "archive.tar.gz"])
def test_an_unknown_format_is_refused_with_the_known_ones(name):
    message = refusal(name, b"words")
    assert "is not a format that is read; known are .csv, .docx" in message


MISLABELLED = [
    ("report.docx", "booking.pdf", "it holds a PDF; rename it to end in .pdf"),
    ("table.csv", "page.html", "it holds an HTML page; rename it to end in .html"),
    ("report.pdf", "stops.docx", "it holds a Word document; rename it to end in .docx"),
    ("report.docx", "diary.pptx", "it holds a PowerPoint deck; rename it to end in .pptx"),
    ("deck.pptx", "survey.xlsx", "it holds an Excel workbook; rename it to end in .xlsx"),
    ("data.xlsx", "feedback.tsv", "it holds plain text; save it"),
    ("notes.txt", "booking.pdf", "it holds a PDF; rename it to end in .pdf"),
    ("page.html", "survey.xlsx", "it holds an Excel workbook"),
    ("call.srt", "interview.vtt", "it holds WebVTT; rename it to end in .vtt"),
    ("call.vtt", "call.srt", "it looks like SRT; rename it to end in .srt"),
    ("talk.vtt", "notes.txt", "begins with WEBVTT"),
    ("talk.srt", "notes.txt", "no time codes"),
]


@pytest.mark.parametrize(("name", "content", "words"), MISLABELLED)
def test_a_mislabelled_file_is_refused_with_what_it_holds(name, content, words):
    message = refusal(name, sample(content))
    assert message.startswith(f"{name}: ")
    assert words in message


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.csv", "a.html", "a.vtt"])
def test_binary_data_under_a_text_name_is_refused(name):
    assert "binary data" in refusal(name, bytes(range(256)) * 20)
    assert "binary data" in refusal(name, b"\x01\x02\x03\x04\x05 and so on \x06\x07\x08")


def test_a_plain_zip_called_pdf_is_refused():
    assert "it holds a ZIP archive" in refusal("a.pdf", zipped({"a.txt": b"words"}))


def test_a_picture_called_docx_is_refused():
    assert "it holds a picture" in refusal("a.docx", b"\x89PNG\r\n\x1a\n0000")


def test_an_old_or_protected_office_file_is_refused_with_what_to_do():
    assert "save it in the current format" in refusal("a.docx", b"\xd0\xcf\x11\xe0" + bytes(600))
    protected = b"\xd0\xcf\x11\xe0" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
    assert "remove the password" in refusal("a.xlsx", protected)


def test_an_encrypted_pdf_is_refused_and_one_with_an_empty_password_is_read():
    assert "encrypted with a password" in refusal("a.pdf", sample("encrypted.pdf"))
    opened = read_file(SourceFile("a.pdf", sample("opens-without-password.pdf")), LIMIT)
    assert "most important thing" in opened.text


def test_an_office_file_that_unpacks_to_too_much_is_refused():
    bomb = zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b" " * 3_000_000})
    assert len(bomb) < 100_000
    assert "would unpack to 3 MB" in refusal("a.docx", bomb, limit=100_000)


def test_a_cut_off_office_file_is_refused_as_damaged():
    data = sample("stops.docx")
    assert "damaged" in refusal("a.docx", data[: len(data) // 2])


def test_an_office_file_without_its_main_part_is_refused():
    assert "damaged" in refusal("a.docx", zipped({"[Content_Types].xml": b"<Types/>", "word/x.xml": b"<a/>"}))


class Greedy:
    """A second reader that wants text files too."""

    SUFFIXES = (".txt",)
    __name__ = "greedy"

    def accepts(self, file):
        return file.suffix == ".txt"

    def read(self, file):
        return text.read(file)


def test_two_readers_that_claim_one_file_are_both_named():
    with pytest.raises(RuntimeError, match=r"notes\.txt is claimed by two readers: ingest\.readers\.text and greedy"):
        reader_for(SourceFile("notes.txt", b"words"), [*all_readers(), Greedy()])


def test_every_suffix_is_claimed_by_exactly_one_reader_in_any_case_of_letters():
    for reader in all_readers():
        for suffix in reader.SUFFIXES:
            assert reader_for(SourceFile(f"x/a b{suffix.upper()}", b"words")) is reader


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store",
        "a/.git/config",
        "~$report.docx",
        "a/Thumbs.db",
        "__MACOSX/a/._b.docx",
        ".hidden.md",
        "a/desktop.ini",
    ],
)
def test_what_the_system_leaves_behind_is_ignored(name):
    assert is_ignored(name)


@pytest.mark.parametrize("name", ["report.docx", "a/b.c/notes.txt", "./notes.txt", "2025-03 Stops/plan.md", "a~$b.md"])
def test_the_users_files_are_not_ignored(name):
    assert not is_ignored(name)
