"""Every format that is read, and the one way in: `read_file`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import cast

from ingest.readers.base import Document, Reader, SourceFile, Unreadable

MODULES = ("text", "markdown", "html", "docx", "pptx", "pdf", "table", "workbook", "transcript")

_SYSTEM_FILES = {"thumbs.db", "desktop.ini", "__macosx", "icon\r"}


@cache
def all_readers() -> tuple[Reader, ...]:
    """The readers of all formats. Imported when first asked for: their libraries take a second, a search needs none."""
    return tuple(cast(Reader, import_module(f"{__name__}.{name}")) for name in MODULES)


def read_file(file: SourceFile, max_bytes: int) -> Document:
    """Read one file of at most `max_bytes` bytes with the reader of its format.

    Raises:
        Unreadable: empty, too large, of an unknown format, damaged, encrypted, or not what its name says.
            The message begins with the file's name.
        RuntimeError: two readers claim the file; the message names both.
    """
    try:
        _refuse_size(file, max_bytes)
        reader = reader_for(file)
        if file.data.startswith(b"PK\x03\x04"):
            from ingest.readers.contents import refuse_bomb  # imports the formats' libraries, as the readers do

            refuse_bomb(file, max_bytes)
        return reader.read(file)
    except Unreadable as error:
        raise Unreadable(f"{file.name}: {error}") from error


def reader_for(file: SourceFile, readers: Sequence[Reader] | None = None) -> Reader:
    """The one reader that accepts the file, of these or of all.

    Raises:
        Unreadable: no reader does; the message lists the known formats.
        RuntimeError: several do; the message names them.
    """
    readers = all_readers() if readers is None else readers
    found = [reader for reader in readers if reader.accepts(file)]
    if len(found) > 1:
        names = " and ".join(getattr(reader, "__name__", repr(reader)) for reader in found)
        raise RuntimeError(f"{file.name} is claimed by two readers: {names}; only one may accept it")
    if not found:
        known = ", ".join(sorted(suffix for reader in readers for suffix in reader.SUFFIXES))
        what = file.suffix or "a file without an extension"
        raise Unreadable(f"{what} is not a format that is read; known are {known}")
    return found[0]


def is_ignored(name: str) -> bool:
    """Whether a path is none of the user's work: hidden files, Office lock files, what the system leaves behind."""
    parts = name.replace("\\", "/").split("/")
    return any(
        (part.startswith((".", "~$")) and part not in (".", "..")) or part.lower() in _SYSTEM_FILES for part in parts
    )


def _refuse_size(file: SourceFile, max_bytes: int) -> None:
    if not file.data:
        raise Unreadable("it is empty")
    if len(file.data) > max_bytes:
        size, most = len(file.data) / 1e6, max_bytes / 1e6
        raise Unreadable(f"it has {size:,.1f} MB and at most {most:,.1f} MB are read; split it or raise the limit")
