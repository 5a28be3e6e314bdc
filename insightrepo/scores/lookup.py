"""Finds a term by what people write for it: its code, its name or an alias, whatever the case."""

from __future__ import annotations

from collections import defaultdict

from rapidfuzz import process
from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.models import Term


class TermUnknown(ValueError):
    """No term is meant, or more than one; the message names what was asked and the nearest that is known."""


class Lookup:
    """The terms of one axis (outcome, segment or product), read once."""

    def __init__(self, session: Session, axis: str) -> None:
        self.axis = axis
        self._codes: dict[int, str] = {}
        self._levels: tuple[dict[str, set[int]], ...] = (defaultdict(set), defaultdict(set), defaultdict(set))
        columns = select(Term.id, Term.code, Term.name, Term.aliases).where(Term.axis == axis).order_by(Term.code)
        for identifier, code, name, aliases in session.execute(columns):
            self._codes[identifier] = code
            for level, words in zip(self._levels, ([code], [name], aliases or []), strict=True):
                for word in words:
                    level[_folded(word)].add(identifier)

    def code(self, identifier: int) -> str:
        """The code of a term's id."""
        return self._codes[identifier]

    def find(self, text: str) -> int:
        """The id of the term meant: by code before name before alias.

        Raises:
            TermUnknown: none fits (the closest is named), or an alias fits several.
        """
        key = _folded(text)
        found = next((level[key] for level in self._levels if key in level), set())
        if len(found) == 1:
            return next(iter(found))
        if found:
            codes = ", ".join(sorted(self._codes[identifier] for identifier in found))
            raise TermUnknown(f"{_short(text)!r} fits more than one {self.axis}: {codes}; write the code")
        raise TermUnknown(f"no {self.axis} is called {_short(text)!r}{self._closest(key)}")

    def _closest(self, key: str) -> str:
        words = {word: ids for level in reversed(self._levels) for word, ids in level.items()}
        best = process.extractOne(key, words.keys(), score_cutoff=50) if key else None
        if best is None:
            return ""
        return f"; the closest known is {self._codes[min(words[best[0]])]}"


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _short(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
