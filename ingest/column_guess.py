"""Which column of a table holds what, guessed from its headers and from what stands in its columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ingest.names import RESPONDENT_HEADERS, plain_header
from ingest.readers.base import Table
from ingest.verbatims import NO_ANSWER, Mapping, MappingError, number_in

# names of whoever said it: who they are where no other column says so; they are kept as a key only
_WHOSE_NAME = "full name|customer name|user name|respondent name|participant name|client name|name"
# What headers are commonly called, after lower case and without punctuation. The first that fits is taken.
_CALLED = {
    "id": "response id|row id|comment id|review id|feedback id|ticket id|record id|id|uuid|key",
    "date": "date|response date|created at|created|submitted at|submitted|timestamp|date time|datetime|month|quarter"
    "|when|period|year|wave|end date|recorded date|completed at|start date|time",
    "respondent": f"{RESPONDENT_HEADERS}|who|client|client id|e mail|email address|e mail address|mail|{_WHOSE_NAME}",
    "segment": "segment|customer segment|persona|role|user type|customer type|audience|plan|tier|age group|region",
    "product": "product|service|product name|app|feature|module|product area|department",
    "rating": "rating|score|satisfaction|stars|csat|nps|nps score|overall satisfaction|star rating|recommend",
    "question": "question|prompt|question text|item",
    "labels": "labels|label|themes|theme|tags|tag|codes|category|categories|topics|topic",
    "channel": "channel|source|medium|origin|touchpoint",
    "names": "name|full name|first name|last name|surname|customer name|user name|respondent name|staff name",
}
_CALLED_SOMETHING = {called for names in _CALLED.values() for called in names.split("|")}
_CALLED_TEXT = re.compile(
    "text|said|what was said|what they said|comment|comments|verbatim|verbatims|feedback|response|answer|review"
    "|review text|quote|quotes|free text|message|open text|body|content|customer comment|customer feedback"
    "|additional comments|remarks|response text|comment text|feedback text|answer text|suggestion|suggestions"
)
_SCALES = ((1.0, 5.0), (1.0, 7.0), (0.0, 10.0))
_OPEN_QUESTION = re.compile(
    r"\?\s*$|^\s*(?:what|why|how|which|where|when|who|please|describe|tell us|anything)\b", re.I
)
_ANALYSIS = re.compile(r"\b(?:findings?|insights?|recommendations?|severity|hypothes[ie]s|observations?|next steps?)\b")


def guess_mapping(table: Table, dimensions: Sequence[str] = ()) -> tuple[Mapping, tuple[str, ...]]:
    """A mapping from the headers and what stands in the columns, and a sentence on each choice.

    Columns that are called as one of `dimensions`, those of the customer segments, hold segments before any other.

    Raises:
        MappingError: no column reads like customers' words.
    """
    texts = _text_columns(table)
    if not texts:
        raise MappingError(
            f"no column reads like customers' words; say which holds them (--text); there are {', '.join(table.header)}"
        )
    because = "its name" if _CALLED_TEXT.fullmatch(plain_header(texts[0])) else "its long and varied answers"
    said = [f"text: {', '.join(repr(text) for text in texts)} (by {because})"]
    chosen: dict[str, Any] = {"text": texts}
    of_dimensions = {plain_header(name) for name in dimensions}
    if segments := tuple(name for name in table.header if name not in texts and plain_header(name) in of_dimensions):
        chosen["segment"] = segments
        said.append(f"segment: {', '.join(map(repr, segments))} (called as a dimension of the segments)")
    for field, called in ((name, called) for name, called in _CALLED.items() if name not in chosen):
        column = _column_called(table, called.split("|"), taken={*texts, *segments, *map(str, chosen.values())})
        if column and (field != "rating" or _numbers(table, column)):
            chosen[field] = column
            said.append(f"{field}: {column!r} (by its name)")
    if "rating" in chosen:
        numbers = _numbers(table, chosen["rating"])
        fitting = (scale for scale in _SCALES if scale[0] <= min(numbers) and max(numbers) <= scale[1])
        chosen["scale"] = next(fitting, None)
        said.append(f"scale: {chosen['scale'] or 'not recognised'}, highest taken as best (rating_best: low if not)")
    return Mapping.model_validate(chosen), tuple(said)


def looks_like_verbatims(table: Table) -> bool:
    """Whether a table found among a study's files holds customers' words rather than a researcher's analysis.

    One answer is enough where names of columns tell the words and two facts beside them, else it takes three.
    """
    if any(_ANALYSIS.search(plain_header(name)) for name in table.header):
        return False
    texts = _text_columns(table)
    if not all(_CALLED_TEXT.fullmatch(plain_header(text)) or _OPEN_QUESTION.search(text) for text in texts):
        return False
    facts = sum(plain_header(name) in _CALLED_SOMETHING for name in table.header if name not in texts)
    needed = 1 if facts >= 2 else 3
    return any(len(_answers(table, table.header.index(text))) >= needed for text in texts)


def _answers(table: Table, place: int) -> list[str]:
    cells = (row.values[place].strip() for row in table.rows if place < len(row.values))
    return [cell for cell in cells if cell.casefold() not in NO_ANSWER]


def _text_columns(table: Table) -> tuple[str, ...]:
    """The open questions of a wide table, else the column that is called text, else the one with the longest texts."""
    length = {name: _length(_answers(table, place)) for place, name in enumerate(table.header) if name.strip()}
    open_questions = [name for name, words in length.items() if words >= 2 and _OPEN_QUESTION.search(name)]
    called = [name for name, words in length.items() if words >= 1.5 and _CALLED_TEXT.fullmatch(plain_header(name))]
    if open_questions and not called:
        return tuple(open_questions)
    candidates = called or [
        name for name, words in length.items() if words >= 4 and plain_header(name) not in _CALLED_SOMETHING
    ]
    return (max(candidates, key=lambda name: length[name]),) if candidates else ()


def _length(answers: Sequence[str]) -> float:
    """Words an answer, 0 where a few values come again and again: those are categories."""
    few = len(answers) >= 10 and len(set(answers)) < len(answers) / 5
    return 0.0 if few or not answers else sum(len(answer.split()) for answer in answers) / len(answers)


def _column_called(table: Table, called: Sequence[str], taken: set[str]) -> str | None:
    free = {plain_header(name): name for name in reversed(table.header) if name not in taken}
    return next((free[name] for name in called if name in free), None)


def _numbers(table: Table, column: str) -> list[float]:
    """The numbers of a column, none unless nearly every cell gives one."""
    numbers = [number_in(cell) for cell in _answers(table, table.header.index(column))]
    known = [number for number in numbers if number is not None]
    return known if len(known) >= 0.8 * len(numbers) else []
