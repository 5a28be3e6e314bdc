"""The keyword engines there are, by the name that the setting and the manifest have."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from indexes.keyword import WhooshIndex

Engine = Literal["whoosh", "tantivy"]
Language = Literal["en", "none"]
KeywordPart = WhooshIndex  # what an index on disk has as its keyword part


def create_keyword(engine: Engine, folder: Path, language: Language) -> KeywordPart:
    """A new empty index of this engine; the folder is made, what it held of an index is lost."""
    return WhooshIndex.create(folder, language)


def open_keyword(engine: Engine, folder: Path, language: Language) -> KeywordPart:
    """The index of a folder that `create_keyword` made with the same engine and language.

    Raises:
        FileNotFoundError: there is none.
    """
    return WhooshIndex.open(folder, language)
