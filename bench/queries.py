"""The queries of a bench run: seeded samples of words of documents, and questions where there are some.

``queries.json`` maps a cell's name to its queries. A word is rare, middling or common by the share of documents that
have it; a query mixes them, all of one document. Every second query of eight words is a question of 8 to 14 words.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from cells import GRID, HEADLINE, LENGTHS, MEMORY, PAGE, SEED, Cell

from indexes.analyzer import STOP_WORDS

WORD = re.compile(r"(?<!\S)[a-z]{3,20}(?!\S)")
RARE, MIDDLING = 0.001, 0.01  # share of documents that have a rare and a middling word at most
FREQUENCIES = ("rare", "middling", "common")
QUESTION_WORDS = range(8, 15)


def plain(words: str) -> str:
    """Prose as a query: no quote, dash or colon in it is meant as syntax."""
    return " ".join(re.sub(r"[\"“”:]|(?<!\S)-", " ", words).split())


def queries_by_cell(texts: Sequence[str], questions: Sequence[str], each: int) -> dict[str, list[str]]:
    """`each` queries for every cell; no two cells of a length share one as long as there are enough."""
    sampler, made = Sampler(texts, questions), dict[str, list[str]]()
    cells: list[Cell] = [*GRID, *HEADLINE, *PAGE, MEMORY]
    for length in LENGTHS:
        here = [cell for cell in cells if cell.words == length]
        drawn = sampler.draw(length, each * len(here))
        made |= {cell.name: drawn[at * each : (at + 1) * each] for at, cell in enumerate(here)}
    return made


class Sampler:
    """Draws queries from texts."""

    def __init__(self, texts: Sequence[str], questions: Sequence[str]) -> None:
        found = [sorted(set(WORD.findall(text.lower())) - STOP_WORDS) for text in texts]
        self._documents = [words for words in found if words]
        self._counts = Counter(word for words in self._documents for word in words)
        usable = (plain(question) for question in questions)
        self._questions = list(dict.fromkeys(text for text in usable if len(text.split()) in QUESTION_WORDS))

    def draw(self, length: int, count: int) -> list[str]:
        """`count` queries of this many words, distinct where the texts have as many."""
        chance = random.Random(f"{SEED} {length}")
        questions = chance.sample(self._questions, min(len(self._questions), count // 2)) if length == 8 else []
        eligible = [words for words in self._documents if len(words) >= length]
        found = dict.fromkeys(questions)
        for turn in range(20 * count):
            if len(found) == count:
                break
            found.setdefault(self._query(chance, chance.choice(eligible), length, turn))
        drawn = list(found)
        chance.shuffle(drawn)
        return (drawn * -(-count // len(drawn)))[:count]

    def _query(self, chance: random.Random, words: list[str], length: int, turn: int) -> str:
        left, chosen = list(words), list[str]()
        for at in range(length):
            wanted = FREQUENCIES[(turn + at) % len(FREQUENCIES)]
            fitting = [word for word in left if self._frequency(word) == wanted] or left
            chosen.append(chance.choice(fitting))
            left.remove(chosen[-1])
        return " ".join(chosen)

    def _frequency(self, word: str) -> str:
        share = self._counts[word] / len(self._documents)
        return "rare" if share <= RARE else "middling" if share <= MIDDLING else "common"


def write_queries(folder: Path, by_cell: dict[str, list[str]]) -> None:
    """Write ``queries.json`` into a corpus folder."""
    (folder / "queries.json").write_text(json.dumps(by_cell, ensure_ascii=False), encoding="utf-8")


def read_queries(folder: Path) -> dict[str, list[str]]:
    """What `write_queries` wrote."""
    return json.loads((folder / "queries.json").read_text(encoding="utf-8"))
