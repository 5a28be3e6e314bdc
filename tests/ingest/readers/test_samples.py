"""Each sample is read as written down beside it (see tests/samples/make_samples.py for how to write it anew)."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest

from ingest.readers import read_file
from ingest.readers.base import Locator, SourceFile

SAMPLES = Path(__file__).parents[2] / "samples"
_spec = importlib.util.spec_from_file_location("make_samples", SAMPLES / "make_samples.py")
make_samples = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(make_samples)

PATHS = make_samples.samples()
READABLE = [path for path in PATHS if path.name != "encrypted.pdf"]


def of(path):
    return read_file(SourceFile(path.name, path.read_bytes()), 10_000_000)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_a_sample_is_read_as_expected(path):
    expected = json.loads(path.with_name(f"{path.name}.expected.json").read_text("utf-8"))
    assert make_samples.reading(path) == expected


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.name)
def test_blocks_follow_one_another_with_a_blank_line_between(path):
    document = of(path)
    end = None
    for block in document.blocks:
        assert block.start == (0 if end is None else end + 2)
        text = document.text[block.start : block.end]
        assert text == text.strip()
        assert text
        assert "\n\n" not in text
        end = block.end
    assert "\n\n".join(document.text[b.start : b.end] for b in document.blocks) == document.text


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.name)
def test_heading_paths_name_headings_of_the_document_and_locators_survive_json(path):
    document = of(path)
    headings = {document.text[b.start : b.end] for b in document.blocks if b.kind == "heading"}
    for block in document.blocks:
        assert set(block.locator.heading_path) <= headings
        assert Locator.from_dict(json.loads(json.dumps(block.locator.as_dict()))) == block.locator


def test_there_is_a_sample_of_every_format():
    suffixes = {path.suffix for path in PATHS}
    assert suffixes == {".txt", ".md", ".html", ".docx", ".pptx", ".pdf", ".csv", ".tsv", ".xlsx", ".vtt", ".srt"}


def test_every_expectation_has_its_sample():
    beside = {re.sub(r"\.expected\.json$", "", path.name) for path in SAMPLES.glob("*.json")}
    assert beside == {path.name for path in PATHS}
