"""The keyword engines there are, by the name that the setting and the manifest have; the one in use is imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Protocol

from indexes.base import KeywordIndex

Engine = Literal["whoosh", "tantivy"]
Language = Literal["en", "none"]


class KeywordPart(KeywordIndex, Protocol):
    """A keyword index in a folder of its own: what an index on disk has as its keyword part.

    Files whose names end in "lock", large or small, are no part of it. No file is ever changed in place, and none is
    written after `apply` returned, so the files of a commit may be hard links in the folder of the next one.
    """

    @property
    def folder(self) -> Path:
        """Where its files are, and nothing else."""

    def refresh(self) -> bool:
        """Take up what was committed since; whether there was anything."""


def create_keyword(engine: Engine, folder: Path, language: Language) -> KeywordPart:
    """A new empty index of this engine; the folder is made, what it held of an index is lost."""
    return _kind(engine).create(folder, language)


def open_keyword(engine: Engine, folder: Path, language: Language, before: KeywordPart | None = None) -> KeywordPart:
    """The index of a folder that `create_keyword` made with the same engine and language.

    `before`: an index of the same engine that has some of the folder's files too, as hard links or the very same; what
    was read of them need not be read again.

    Raises:
        FileNotFoundError: there is none.
    """
    return _kind(engine).open(folder, language, before)


class _Kind(Protocol):
    def create(self, folder: Path, language: Language) -> KeywordPart: ...
    def open(self, folder: Path, language: Language, before: Any = None) -> KeywordPart: ...


def _kind(engine: Engine) -> _Kind:
    if engine == "tantivy":
        from indexes.tantivy_index import TantivyIndex

        return TantivyIndex
    from indexes.keyword import WhooshIndex

    return WhooshIndex
