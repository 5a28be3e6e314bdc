"""Files out of a ZIP archive that somebody sends: within limits, and never anywhere but into memory."""

from __future__ import annotations

import stat
import zipfile
from io import BytesIO
from pathlib import PurePosixPath

from ingest.readers import is_ignored
from ingest.readers.base import SourceFile, Unreadable

SUFFIX = ".zip"


def unpack(file: SourceFile, most_files: int, most_bytes: int) -> list[SourceFile]:
    """The files of an archive by their path in it; folders, links, hidden and system files are left out.

    `most_bytes` is of all of them unpacked, whatever the archive says of their sizes.

    Raises:
        Unreadable: damaged, protected, empty, too many files, too large, or a name that leads out of the archive.
    """
    from ingest.readers.failures import parsing  # with every reader's library: half a second of a server's start

    with parsing("the archive"), zipfile.ZipFile(BytesIO(file.data)) as archive:
        members = [member for member in archive.infolist() if _is_wanted(member)]
        if not members:
            raise Unreadable("there is no file in it")
        if len(members) > most_files:
            raise Unreadable(f"it holds {len(members):,} files and at most {most_files:,} are taken: split it")
        return _read(archive, members, most_bytes)


def _read(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], most_bytes: int) -> list[SourceFile]:
    found: dict[str, SourceFile] = {}
    left = most_bytes
    for member in members:
        name = _safe_name(member.filename)
        if name in found:
            raise Unreadable(f"it holds {name} twice: pack it again")
        if member.flag_bits & 0x1:
            raise Unreadable("it is protected with a password: pack it without one")
        with archive.open(member) as opened:
            data = opened.read(left + 1)  # not what the archive says it has, which may be a lie
        if len(data) > left:
            raise Unreadable(
                f"it would unpack to more than the {most_bytes / 1e6:,.0f} MB left for it: split it into smaller ones"
            )
        left -= len(data)
        found[name] = SourceFile(name, data)
    return list(found.values())


def _is_wanted(member: zipfile.ZipInfo) -> bool:
    link = stat.S_ISLNK(member.external_attr >> 16)
    return not (member.is_dir() or link or is_ignored(member.filename))


def _safe_name(name: str) -> str:
    """The path of a member with forward slashes. Raises Unreadable where it leads out of the archive."""
    path = PurePosixPath(name.replace("\\", "/"))
    odd = path.is_absolute() or ".." in path.parts or ":" in path.parts[0] or any(ord(sign) < 32 for sign in name)
    if odd:
        raise Unreadable("a file in it has a name that leads out of it: pack it again")
    return str(path)
