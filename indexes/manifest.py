"""What an index is made of: a stamp, a position and the files of each part with their checksums.

A file that a manifest names is never changed, only replaced by a new name; so whoever holds a manifest holds a state.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Literal

SCHEMA = 3  # raise it when the meaning of any index file changes; every workspace is then asked to reindex
FILE_NAME = "manifest.json"
SMALL = 256 * 1024  # bytes of a file that is read in a millisecond
PREVIOUS = "manifest.previous.json"  # the commit before it, whose files are kept to fall back on


class ManifestError(Exception):
    """A manifest is missing or cannot be trusted; the message names the file."""


@dataclass(frozen=True)
class FileStamp:
    """A file as it was written: its path below the index folder, size in bytes, SHA-256 and mtime in nanoseconds."""

    name: str
    size: int
    sha256: str
    mtime_ns: int


@dataclass(frozen=True)
class Part:
    """One part of the index; `generation` is the commit that last changed it."""

    name: str
    generation: int
    files: tuple[FileStamp, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """The state of an index. `position`: the outbox id up to which everything is applied; `model` "": no vectors.

    `engine`: the keyword engine, see indexes/engines.py.
    """

    analyzer: str
    model: str
    dimension: int
    engine: Literal["whoosh", "tantivy"] = "whoosh"
    schema: int = SCHEMA
    generation: int = 0
    position: int = 0
    parts: Mapping[str, Part] = field(default_factory=dict)

    def with_part(self, part: Part) -> Manifest:
        """This manifest with one part replaced or added."""
        return replace(self, parts={**self.parts, part.name: part})


def sync_folder(folder: Path) -> None:
    """Make renames in a folder last through a power cut, where the system allows opening folders (not on Windows)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def written_aside(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that takes `path`'s place at the end; after an error or a kill `path` is as it was.

    Its bytes are on disk then; for its name to be, `sync_folder`.
    """
    descriptor, name = tempfile.mkstemp(prefix=".aside-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def link(source: Path, target: Path) -> None:
    """A second name for a file that never changes; a copy where the file system has no hard links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stamp_files(folder: Path, names: Iterable[str], known: Iterable[FileStamp] = ()) -> tuple[FileStamp, ...]:
    """Stamps of these files below `folder`, synced to disk and in order of name.

    A file whose base name, size and mtime are those of a `known` stamp (it is the same file, or a hard link to it)
    keeps that checksum: hashing 100 MB at each commit would be too slow.
    """
    memo = {(Path(stamp.name).name, stamp.size, stamp.mtime_ns): stamp.sha256 for stamp in known}
    stamps = tuple(_stamp(folder, name, memo) for name in sorted(names))
    for parent in {(folder / stamp.name).parent for stamp in stamps}:
        sync_folder(parent)
    return stamps


def _stamp(folder: Path, name: str, memo: Mapping[tuple[str, int, int], str]) -> FileStamp:
    path = folder / name
    status = path.stat()
    digest = memo.get((path.name, status.st_size, status.st_mtime_ns))
    if digest is None:
        with path.open("rb") as file:
            os.fsync(file.fileno())
        digest = sha256_of(path)
    return FileStamp(name, status.st_size, digest, status.st_mtime_ns)


def write(folder: Path, manifest: Manifest) -> None:
    """Replace the folder's manifest in one step; the one before it becomes `PREVIOUS`."""
    body = asdict(manifest)
    text = json.dumps({"sha256": _digest(body), "manifest": body}, indent=1)
    _keep_previous(folder)
    with written_aside(folder / FILE_NAME) as file:
        file.write(text.encode())
    # Readers go by the mtime, and a file system's own clock may tick too slowly for two quick commits.
    os.utime(folder / FILE_NAME, ns=(time.time_ns(), time.time_ns()))
    sync_folder(folder)


def _keep_previous(folder: Path) -> None:
    aside = folder / f".aside-{PREVIOUS}"
    aside.unlink(missing_ok=True)  # of a commit that was killed
    if (folder / FILE_NAME).exists():
        link(folder / FILE_NAME, aside)
        os.replace(aside, folder / PREVIOUS)


def read(folder: Path, name: str = FILE_NAME) -> Manifest:
    """The folder's manifest, or with `PREVIOUS` the one before it.

    Raises:
        ManifestError: it is missing, cut short or changed.
    """
    path = folder / name
    try:
        whole = json.loads(path.read_bytes())
        body = whole["manifest"]
        if whole["sha256"] != _digest(body):
            raise ManifestError(f"{path} has been changed: its checksum is wrong")
        parts = {name: _part(part) for name, part in body.pop("parts").items()}
        return Manifest(**body, parts=parts)
    except FileNotFoundError as error:
        raise ManifestError(f"{path} is missing") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ManifestError(f"{path} cannot be read: {error}") from error


def _part(body: dict[str, Any]) -> Part:
    files = tuple(FileStamp(**stamp) for stamp in body["files"])
    return Part(body["name"], body["generation"], files)


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def problems(folder: Path, manifest: Manifest, *, thorough: bool) -> list[str]:
    """What is wrong with the files a manifest names, a sentence each, naming part and file; empty: nothing.

    Thorough hashes every byte. Otherwise a file is hashed only where it is small or its mtime is not the recorded one,
    once a process for each mtime: that finds what is missing, cut, edited or restored, but not bits that turned on the
    disk in a large file.
    """
    found = (
        (part.name, stamp.name, _problem(folder / stamp.name, stamp, thorough))
        for part in manifest.parts.values()
        for stamp in part.files
    )
    return [f"{part}: {folder / name} {problem}" for part, name, problem in found if problem]


def _problem(path: Path, stamp: FileStamp, thorough: bool) -> str:
    try:
        status = path.stat()
        if status.st_size != stamp.size:
            return f"has {status.st_size} bytes, {stamp.size} were written"
        if thorough:
            same = sha256_of(path) == stamp.sha256
        else:
            trusted = status.st_mtime_ns == stamp.mtime_ns and status.st_size > SMALL
            same = trusted or _hashed(path, status) == stamp.sha256
        return "" if same else "has been changed: its checksum is wrong"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"


_known: dict[tuple[int, int, int, int], str] = {}  # checksums of restored files, by device, inode, size and mtime


def _hashed(path: Path, status: os.stat_result) -> str:
    """The checksum of a file, taken once: an index restored from a backup would else be read at each commit."""
    key = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    if key not in _known:
        if len(_known) > 1_000:
            _known.clear()
        _known[key] = sha256_of(path)
    return _known[key]


def distrust(folder: Path, manifest: Manifest) -> None:
    """Let every process see the files whose bytes are wrong: with another mtime they are no longer taken on trust."""
    for part in manifest.parts.values():
        for stamp in part.files:
            if _problem(folder / stamp.name, stamp, thorough=True):
                _touch(folder / stamp.name, 0)
    _touch(folder / FILE_NAME, time.time_ns())  # readers look again


def _touch(path: Path, moment: int) -> None:
    with suppress(OSError):  # missing, or not ours to touch
        os.utime(path, ns=(moment, moment))


def verify(folder: Path) -> list[str]:
    """Everything that is wrong with the index in this folder, every byte read; empty: nothing."""
    try:
        return problems(folder, read(folder), thorough=True)
    except ManifestError as error:
        return [str(error)]
