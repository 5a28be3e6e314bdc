"""How good a ranking is against judgments, as TREC measures it, and the three files that an evaluation reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path
from typing import Any

Judgments = Mapping[str, int]


class Malformed(Exception):
    """A file of an evaluation cannot be read; the message names file and line and says what to do."""


@dataclass(frozen=True)
class CorpusText:
    """One text of a corpus."""

    id: str
    text: str
    title: str = ""


def gain(grade: int) -> int:
    """What a grade is worth: itself, but a negative one nothing."""
    return max(grade, 0)


def ndcg_at(ranking: Sequence[str], judgments: Judgments, k: int = 10) -> float:
    """Normalised discounted cumulative gain of the first `k`: the sum of gain / log2(rank + 1) over its best possible
    value (Jarvelin and Kekalainen 2002, as trec_eval has it). 0 to 1; 0 where nothing is relevant."""
    reached = _discounted([gain(judgments.get(number, 0)) for number in ranking[:k]])
    best = _discounted(sorted(map(gain, judgments.values()), reverse=True)[:k])
    return reached / best if best else 0.0


def _discounted(gains: Sequence[int]) -> float:
    return sum(value / log2(rank + 1) for rank, value in enumerate(gains, start=1))


def average_precision(ranking: Sequence[str], judgments: Judgments) -> float:
    """The mean, over the relevant (grade above 0), of the precision at each one's rank; those not ranked count 0."""
    relevant = _relevant(judgments)
    found, total = 0, 0.0
    for rank, number in enumerate(ranking, start=1):
        if number in relevant:
            found += 1
            total += found / rank
    return total / len(relevant) if relevant else 0.0


def recall_at(ranking: Sequence[str], judgments: Judgments, k: int = 100) -> float:
    """The share of the relevant (grade above 0) among the first `k`; 0 where nothing is relevant."""
    relevant = _relevant(judgments)
    return len(relevant & set(ranking[:k])) / len(relevant) if relevant else 0.0


def _relevant(judgments: Judgments) -> set[str]:
    return {number for number, grade in judgments.items() if grade > 0}


def read_corpus(path: Path) -> list[CorpusText]:
    """The texts of a JSON Lines file: objects with ``id`` (or ``_id``, ``doc_id``), ``text`` and perhaps ``title``.

    Raises:
        Malformed: a line is no such object, or an id comes twice.
    """
    texts: dict[str, CorpusText] = {}
    for number, line in _lines(path):
        found = _corpus_text(line, f"{path}, line {number}")
        if found.id in texts:
            raise Malformed(f"{path}, line {number}: id {found.id} was there before; every id has to be its own")
        texts[found.id] = found
    return list(texts.values())


def _corpus_text(line: str, place: str) -> CorpusText:
    try:
        values: Any = json.loads(line)
    except json.JSONDecodeError as error:
        raise Malformed(f"{place}: not JSON ({error.msg}); write one object a line") from error
    if not isinstance(values, dict):
        raise Malformed(f'{place}: not an object; write {{"id": …, "text": …}}')
    number = next((values[name] for name in ("id", "_id", "doc_id") if values.get(name) not in (None, "")), None)
    if not isinstance(number, str | int):
        raise Malformed(f"{place}: no id; name it id, _id or doc_id")
    text, title = values.get("text"), values.get("title") or ""
    if not isinstance(text, str) or not isinstance(title, str):
        raise Malformed(f"{place}: text has to be there, and text and title have to be in quotes")
    return CorpusText(str(number), text, title)


def read_queries(path: Path) -> dict[str, str]:
    """The queries of a file with ``id<TAB>text`` a line, by id, in the file's order.

    Raises:
        Malformed: a line has no tab, an empty part, or an id that was there before.
    """
    queries: dict[str, str] = {}
    for number, line in _lines(path):
        name, _, text = (part.strip() for part in line.partition("\t"))
        if "\t" not in line or not name or not text:
            raise Malformed(f"{path}, line {number}: write the query's id, a tab and its text")
        if name in queries:
            raise Malformed(f"{path}, line {number}: query {name} was there before; every id has to be its own")
        queries[name] = text
    return queries


def read_judgments(path: Path) -> dict[str, dict[str, int]]:
    """The grades of a TREC file (``query 0 document grade`` a line): query id to document id to grade. The last counts
    where a pair comes twice.

    Raises:
        Malformed: a line has not four fields, or a grade is no whole number.
    """
    judgments: dict[str, dict[str, int]] = {}
    for number, line in _lines(path):
        parts = line.split()
        if len(parts) != 4:
            raise Malformed(f"{path}, line {number}: {len(parts)} fields; write query, 0, document and grade")
        query, _, document, grade = parts
        try:
            judgments.setdefault(query, {})[document] = int(grade)
        except ValueError as error:
            raise Malformed(f"{path}, line {number}: grade {grade} is not a whole number") from error
    return judgments


def _lines(path: Path) -> list[tuple[int, str]]:
    """The lines that are not blank, with their numbers from 1."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Malformed(f"{path}: cannot be read ({error.strerror}); check the name") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Malformed(f"{path}, line {line}: not UTF-8; save the file as UTF-8") from error
    return [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
