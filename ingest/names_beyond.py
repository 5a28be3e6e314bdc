"""The names of people that a file hands on to the files beside it, in which nothing else says what is a name.

They would take ordinary words out of whole reports if they were not chosen with care: "Search", "Home", "Support".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from ingest.names import (
    COMMON_WORDS,
    JUST_NAME,
    OFFICE,
    PARTICLES,
    ROLE,
    NameColumn,
    name_columns,
    people_among,
    plain_header,
)
from ingest.ordinary import ordinary_words
from ingest.readers.base import Table

_OF_PEOPLE = re.compile(  # what is known of people beside their name, and of no thing
    r"(?:e ?mail|phone|telephone|mobile)(?: (?:address|number))?|age|gender|sex|(?:date of birth|birthday)|occupation"
    r"|profession|job(?: title)?|role"
)
_MONTHS = frozenset({"april", "may", "june", "august"})
_BRACKETS = re.compile(r"[(\[{<]([^)\]}>]*)[)\]}>]?")

Ordinary = Callable[[str], bool]


class NamesBeyond:
    """Chooses them. `ordinary`: words in small letters that are no names here, beside the English ones."""

    def __init__(self, ordinary: Iterable[str] = ()) -> None:
        self._ordinary = ordinary_words().union(ordinary)

    def of_speakers(self, speakers: Iterable[str]) -> frozenset[str]:
        """Full names as a whole, and the words of those who are called by nothing but a name."""
        return frozenset(name for label in people_among(speakers) for name in self._of_label(label))

    def of_table(self, table: Table, names: Iterable[str] = (), respondents: Iterable[str] = ()) -> frozenset[str]:
        """Those of a table's columns of names and of respondents, with headers as in `names_in_table`.

        A column that is just called "name", unless it is listed, and the words of respondents count where a column
        beside it says that the rows are people.
        """
        people = any(_OF_PEOPLE.fullmatch(plain_header(header)) for header in table.header)
        found: set[str] = set()
        for column in name_columns(table, names, respondents):
            if people or column.listed or column.header not in JUST_NAME:
                found |= self._of_column(column, people)
        return frozenset(found)

    def _of_column(self, column: NameColumn, people: bool) -> set[str]:
        sure = column.listed or "name" in column.header
        given = column.cells if column.is_names else column.full
        found = {cell for cell in given if (sure and " " in cell) or not self._says_nothing(cell)}
        if column.gives_parts and (people or column.is_names):
            found |= {part for part in column.parts if " " not in part and self._is_telling(part)}
        return found

    def _of_label(self, label: str) -> set[str]:
        outside = _BRACKETS.sub(" ", label)
        wholes = {_plain(piece) for piece in (outside, *_BRACKETS.findall(label))}
        found = {name for name in wholes if " " in name and not self._says_nothing(name)}
        words = _plain(outside).split()
        if OFFICE.search(outside) or (ROLE.search(outside) and not self._is_full_name(words)):
            return found
        return found | {word for word in words if self._is_telling(word)} | set(filter(self._is_first, words[:1]))

    def _is_full_name(self, words: list[str]) -> bool:
        return len(words) > 1 and not any(word.casefold() in self._ordinary for word in words)

    def _says_nothing(self, name: str) -> bool:
        return all(word.casefold() in self._ordinary for word in name.split())

    def _is_telling(self, word: str) -> bool:
        """Whether a word alone is a name, and surely nothing else."""
        return len(word) > 2 and word not in PARTICLES and word.casefold() not in self._ordinary | COMMON_WORDS

    def _is_first(self, word: str) -> bool:
        """Whether a word at the beginning of a label is a first name, though it may be a word as well: "Mark"."""
        return word.casefold() in COMMON_WORDS - _MONTHS - self._ordinary


def _plain(label: str) -> str:
    """A label without roles, offices and signs; "" where it holds a number, as no name does."""
    bare = re.sub(r"[^\w\s'’.-]", " ", OFFICE.sub(" ", ROLE.sub(" ", label)))
    words = [word.strip(".,-") for word in bare.split()]
    return " ".join(word for word in words if word and not any(map(str.isdigit, word)))
