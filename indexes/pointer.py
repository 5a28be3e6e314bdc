"""Which generation folder of an index is in use: ``current.json``, and the same once more in ``current.copy.json``."""

from __future__ import annotations

import json
import re
from pathlib import Path

from indexes.manifest import sync_folder, written_aside
from indexes.state import IndexDamaged

FILE_NAME, COPY = "current.json", "current.copy.json"
_GENERATION = re.compile(r"generation-(\d{6,})")


def exists(folder: Path) -> bool:
    """Whether an index was ever made here, as far as its pointers tell."""
    return any((folder / name).exists() for name in (FILE_NAME, COPY))


def named(folder: Path) -> tuple[str, str]:
    """The name of the generation folder in use, and what is wrong where only the copy says it (else empty).

    Raises:
        IndexDamaged: neither file says it.
    """
    try:
        return _read(folder / FILE_NAME), ""
    except IndexDamaged as error:
        try:
            return _read(folder / COPY), error.what
        except IndexDamaged:
            raise error from None


def named_or_none(folder: Path) -> str | None:
    """The name of the generation folder in use; None where nothing says it."""
    try:
        return named(folder)[0]
    except IndexDamaged:
        return None


def point_to(home: Path) -> None:
    """Make this generation folder the one in use, in one step."""
    for half in home.parent.glob(".aside-*"):  # of a swap that was killed
        half.unlink()
    for name in (FILE_NAME, COPY):
        with written_aside(home.parent / name) as file:
            file.write(json.dumps({"folder": home.name}).encode())
    sync_folder(home.parent)


def generations(folder: Path) -> list[Path]:
    """The generation folders there are, in use or not, in order."""
    return sorted(path for path in folder.glob("generation-*") if _GENERATION.fullmatch(path.name))


def _read(path: Path) -> str:
    try:
        name = json.loads(path.read_bytes())["folder"]
    except FileNotFoundError as error:
        raise IndexDamaged(f"{path} is missing") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamaged(f"{path} cannot be read ({error})") from error
    if not isinstance(name, str) or not _GENERATION.fullmatch(name):
        raise IndexDamaged(f"{path} names no generation")
    if not (path.parent / name).is_dir():
        raise IndexDamaged(f"{path} names {name}, which is missing")
    return name
