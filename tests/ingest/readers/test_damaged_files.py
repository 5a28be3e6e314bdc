"""Whatever the bytes, a reader gives a document or a refusal."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.readers import all_readers, read_file
from ingest.readers.base import Document, SourceFile, Unreadable

SAMPLES = Path(__file__).parents[2] / "samples"
SUFFIXES = sorted(suffix for reader in all_readers() for suffix in reader.SUFFIXES)
OFFICE = ["stops.docx", "diary.pptx", "survey.xlsx", "booking.pdf", "opens-without-password.pdf"]
TEXTS = ["report.md", "page.html", "interview.vtt", "call.srt", "feedback-cp1252.csv", "notes-utf16.txt"]
DATA = {name: (SAMPLES / name).read_bytes() for name in OFFICE + TEXTS}
CALM = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "derandomize": True}


def read_or_refuse(name, data):
    try:
        document = read_file(SourceFile(name, data), 5_000_000)
    except Unreadable:
        return None
    assert isinstance(document, Document)
    document.text.encode("utf-8")
    assert "".join(c for c in document.text if c < " " and c != "\n") == ""
    for block in document.blocks:
        assert document.text[block.start : block.end].strip()
    for table in document.tables:
        assert all(len(row.values) == len(table.header) for row in table.rows)
    return document


@settings(max_examples=200, **CALM)
@given(st.sampled_from(SUFFIXES), st.binary(max_size=300))
def test_random_bytes_under_any_name(suffix, data):
    read_or_refuse(f"file{suffix}", data)


@settings(max_examples=200, **CALM)
@given(st.sampled_from([".txt", ".md", ".html", ".csv", ".tsv", ".vtt", ".srt"]), st.text(max_size=200), st.booleans())
def test_random_text_under_any_text_name(suffix, text, marked):
    start = {
        ".vtt": "WEBVTT\n\n00:00.000 --> 00:01.000\n",
        ".srt": "1\n00:00:00,000 --> 00:00:01,000\n",
        ".md": "---\n",
    }
    data = (start.get(suffix, "") + text).encode("utf-16" if marked else "utf-8", errors="replace")
    read_or_refuse(f"file{suffix}", data)


@settings(max_examples=60, **CALM)
@given(st.sampled_from(sorted(DATA)), st.floats(0, 1))
def test_a_sample_cut_short(name, share):
    read_or_refuse(name, DATA[name][: int(share * len(DATA[name]))])


@settings(max_examples=120, **CALM)
@given(
    st.sampled_from(sorted(DATA)),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=12),
)
def test_a_sample_with_flipped_bits(name, flips):
    data = bytearray(DATA[name])
    for place, mask in flips:
        data[int(place * len(data))] ^= mask
    read_or_refuse(name, bytes(data))


PARTS = [(n, part) for n in OFFICE[:3] for part in zipfile.ZipFile(BytesIO(DATA[n])).namelist() if "theme" not in part]


@settings(max_examples=80, **CALM)
@given(st.sampled_from(PARTS), st.floats(0, 1, exclude_max=True), st.binary(max_size=20), st.integers(0, 60))
def test_a_sound_archive_with_a_damaged_part(chosen, share, inserted, removed):
    name, damaged = chosen
    stream = BytesIO()
    with zipfile.ZipFile(BytesIO(DATA[name])) as source, zipfile.ZipFile(stream, "w") as target:
        for part in source.namelist():
            data = source.read(part)
            at = int(share * len(data))
            target.writestr(part, data[:at] + inserted + data[at + removed :] if part == damaged else data)
    read_or_refuse(name, stream.getvalue())


@pytest.mark.parametrize("name", OFFICE)
def test_a_sample_with_a_stretch_of_zeros_in_its_middle(name):
    data = DATA[name]
    middle = len(data) // 2
    read_or_refuse(name, data[:middle] + bytes(200) + data[middle + 200 :])


def test_deeply_nested_markup_does_not_exhaust_the_reader():
    read_or_refuse("deep.html", b"<div>" * 50_000 + b"words" + b"</div>" * 50_000)
    read_or_refuse("deep.md", b">" * 20_000 + b" words")
    read_or_refuse("deep-list.md", b"".join(b" " * (2 * i) + b"- item\n" for i in range(300)))
    read_or_refuse("deep-front.md", b"---\na: " + b"[" * 20_000 + b"\n---\nwords")


def test_a_filter_that_pypdf_gave_up_is_a_refusal_or_a_warning():
    data = DATA["booking.pdf"].replace(b"/FlateDecode", b"/Fl         ")
    assert data != DATA["booking.pdf"]
    read_or_refuse("a.pdf", data)


def test_a_front_matter_that_grows_without_end_is_left_out():
    anchors = "\n".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10) if i else 'x'}]" for i in range(9))
    document = read_or_refuse("bomb.md", f"---\n{anchors}\n---\nThe body is read.".encode())
    assert document.text == "The body is read."
    assert "front matter cannot be read" in document.warnings[0]
