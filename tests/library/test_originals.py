from __future__ import annotations

from pathlib import Path

import pytest

from insightrepo.library.originals import OriginalMissing, Originals

KEY = bytes(range(32))
DATA = "What a customer said, byte for byte.\r\n".encode("utf-16") * 40


def only_file(folder: Path) -> Path:
    (path,) = (item for item in folder.rglob("*") if item.is_file())
    return path


def test_an_original_comes_back_byte_for_byte(tmp_path: Path) -> None:
    store = Originals(tmp_path, KEY)
    assert store.read(store.put(DATA)) == DATA


def test_an_original_is_not_readable_on_disk(tmp_path: Path) -> None:
    Originals(tmp_path, KEY).put(b"a secret sentence " * 20)
    assert b"secret" not in only_file(tmp_path).read_bytes()


def test_two_files_never_share_a_key(tmp_path: Path) -> None:
    one, other = Originals(tmp_path / "1", KEY), Originals(tmp_path / "2", KEY)
    one.put(DATA)
    other.put(DATA)
    assert only_file(tmp_path / "1").read_bytes() != only_file(tmp_path / "2").read_bytes()


def test_storing_the_same_bytes_again_changes_nothing(tmp_path: Path) -> None:
    store = Originals(tmp_path, KEY)
    store.put(DATA)
    before = only_file(tmp_path).read_bytes()
    store.put(DATA)
    assert only_file(tmp_path).read_bytes() == before


@pytest.mark.parametrize("position", [0, 10, 50, 65, 200, -1])
def test_a_flipped_bit_is_noticed(tmp_path: Path, position: int) -> None:
    store = Originals(tmp_path, KEY)
    sha256 = store.put(DATA)
    sealed = bytearray(only_file(tmp_path).read_bytes())
    sealed[position] ^= 1
    only_file(tmp_path).write_bytes(sealed)
    with pytest.raises(OriginalMissing, match="damaged"):
        store.read(sha256)


def test_a_truncated_original_is_noticed(tmp_path: Path) -> None:
    store = Originals(tmp_path, KEY)
    sha256 = store.put(DATA)
    only_file(tmp_path).write_bytes(only_file(tmp_path).read_bytes()[:30])
    with pytest.raises(OriginalMissing):
        store.read(sha256)


def test_another_workspace_cannot_read_it(tmp_path: Path) -> None:
    sha256 = Originals(tmp_path, KEY).put(DATA)
    with pytest.raises(OriginalMissing, match="another workspace"):
        Originals(tmp_path, bytes(32)).read(sha256)


def test_a_missing_original_is_named() -> None:
    with pytest.raises(OriginalMissing, match="not in the store"):
        Originals(Path("/nowhere"), KEY).read("ab" * 32)
