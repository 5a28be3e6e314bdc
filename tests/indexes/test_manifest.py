from __future__ import annotations

import os
from pathlib import Path

import pytest

from indexes import manifest as manifests
from indexes.manifest import FileStamp, Manifest, ManifestError, Part, problems, stamp_files, verify, written_aside


@pytest.fixture
def stamped(tmp_path: Path) -> Manifest:
    """A folder with two parts and its manifest."""
    (tmp_path / "keyword").mkdir()
    (tmp_path / "keyword" / "a.seg").write_bytes(b"segment")
    (tmp_path / "bits.bin").write_bytes(b"bitmaps")
    keyword = Part("keyword", 3, stamp_files(tmp_path, ["keyword/a.seg"]))
    bitmaps = Part("bitmaps", 4, stamp_files(tmp_path, ["bits.bin"]))
    manifest = Manifest("tokens-1", "minilm:53aa", 384, generation=4, position=17).with_part(keyword).with_part(bitmaps)
    manifests.write(tmp_path, manifest)
    return manifest


def flip(path: Path) -> None:
    """Turn a bit without leaving a trace in size or mtime, as a failing disk does."""
    status, data = path.stat(), path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_what_is_written_is_read(tmp_path: Path, stamped: Manifest):
    assert manifests.read(tmp_path) == stamped
    assert verify(tmp_path) == []


def test_a_missing_manifest_is_named(tmp_path: Path):
    with pytest.raises(ManifestError, match=r"manifest\.json is missing"):
        manifests.read(tmp_path)
    assert len(verify(tmp_path)) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"sha256": ""}', '{"sha256": "", "manifest": {}}'])
def test_a_manifest_that_makes_no_sense_is_named(tmp_path: Path, text: str):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ManifestError, match=r"manifest\.json"):
        manifests.read(tmp_path)


def test_a_changed_manifest_is_refused(tmp_path: Path, stamped: Manifest):
    path = tmp_path / "manifest.json"
    path.write_text(path.read_text().replace('"position": 17', '"position": 18'))
    with pytest.raises(ManifestError, match="has been changed"):
        manifests.read(tmp_path)


def test_a_missing_a_short_and_a_changed_file_are_each_named(tmp_path: Path, stamped: Manifest):
    (tmp_path / "bits.bin").unlink()
    (tmp_path / "keyword" / "a.seg").write_bytes(b"seg")
    found = problems(tmp_path, stamped, thorough=False)
    assert len(found) == 2
    assert any("keyword" in text and "a.seg has 3 bytes, 7 were written" in text for text in found)
    assert any("bitmaps" in text and "bits.bin is missing" in text for text in found)
    (tmp_path / "keyword" / "a.seg").write_bytes(b"Segment")
    assert any("a.seg has been changed" in text for text in problems(tmp_path, stamped, thorough=False))


def test_a_bit_that_turned_in_a_small_file_is_found_at_once(tmp_path: Path, stamped: Manifest):
    flip(tmp_path / "bits.bin")
    assert len(problems(tmp_path, stamped, thorough=False)) == 1


def test_a_bit_that_turned_in_a_large_file_is_found_by_verify(
    tmp_path: Path, stamped: Manifest, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(manifests, "SMALL", 0)
    flip(tmp_path / "bits.bin")
    assert problems(tmp_path, stamped, thorough=False) == []
    assert len(verify(tmp_path)) == 1
    assert "bits.bin has been changed" in verify(tmp_path)[0]


def test_a_file_restored_from_a_backup_is_accepted(tmp_path: Path, stamped: Manifest):
    os.utime(tmp_path / "bits.bin", ns=(0, 0))
    assert problems(tmp_path, stamped, thorough=False) == []


def test_only_new_files_are_hashed_again(tmp_path: Path, stamped: Manifest):
    known = [FileStamp(stamp.name, stamp.size, "as before", stamp.mtime_ns) for stamp in stamped.parts["keyword"].files]
    (tmp_path / "copy").mkdir()
    os.link(tmp_path / "keyword" / "a.seg", tmp_path / "copy" / "a.seg")
    stamps = stamp_files(tmp_path, ["copy/a.seg", "bits.bin"], known)
    assert [stamp.sha256 == "as before" for stamp in stamps] == [False, True]
    assert stamps[0] == stamped.parts["bitmaps"].files[0]


def test_an_error_while_writing_leaves_the_old_file(tmp_path: Path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(TypeError), written_aside(path) as file:
        file.writelines([b"half", "no bytes"])
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_two_quick_commits_can_be_told_apart(tmp_path: Path, stamped: Manifest):
    times = set()
    for _ in range(20):
        manifests.write(tmp_path, stamped)
        times.add((tmp_path / "manifest.json").stat().st_mtime_ns)
    assert len(times) == 20
