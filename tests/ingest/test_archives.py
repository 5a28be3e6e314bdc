"""Archives that are sent: what is in them comes out into memory, within limits, and nothing leads out of them."""

from __future__ import annotations

import io
import stat
import zipfile

import pytest

from ingest.archives import unpack
from ingest.readers.base import SourceFile, Unreadable


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> SourceFile:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return SourceFile("research.zip", body.getvalue())


def test_files_come_out_by_their_paths_without_folders_links_and_what_systems_leave_behind():
    link = zipfile.ZipInfo("study/link.md")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    sent = zipped(
        ("study/", b""), ("study/plan.md", b"plan"), ("study/notes/one.md", b"one"), (link, b"/etc/passwd"),
        ("__MACOSX/study/._plan.md", b"x"), ("study/.DS_Store", b"x"), ("study/~$deck.pptx", b"x"),
    )  # fmt: skip
    assert {file.name: file.data for file in unpack(sent, 10, 100)} == {
        "study/plan.md": b"plan", "study/notes/one.md": b"one"
    }  # fmt: skip


@pytest.mark.parametrize("name", ["../x.md", "study/../../x.md", "/etc/x.md", "C:\\x.md", "..\\x.md", "a\nb.md"])
def test_a_name_that_leads_out_of_the_archive_refuses_all_of_it(name):
    with pytest.raises(Unreadable, match="leads out of it"):
        unpack(zipped(("good.md", b"good"), (name, b"bad")), 10, 100)


def test_what_unpacks_to_too_much_is_refused_whatever_the_archive_says_of_its_size():
    bomb = zipped(("a.txt", b"0" * 3_000_000))
    lying = bytearray(bomb.data)
    size = (3_000_000).to_bytes(4, "little")
    while (at := lying.find(size)) >= 0:
        lying[at : at + 4] = (10).to_bytes(4, "little")
    with pytest.raises(Unreadable, match="more than the 1 MB left"):
        unpack(bomb, 10, 1_000_000)
    with pytest.raises(Unreadable):  # or its checksum is wrong: it never comes out
        unpack(SourceFile("lying.zip", bytes(lying)), 10, 1_000_000)


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (SourceFile("a.zip", b"PK\x03\x04 and then nothing"), "damaged"),
        (zipped(), "no file in it"),
        (zipped(*((f"{n}.md", b"x") for n in range(11))), "11 files and at most 10"),
    ],
)
def test_what_is_no_good_archive_is_refused_with_its_cause(sent, why):
    with pytest.raises(Unreadable, match=why):
        unpack(sent, 10, 100)
