"""What the judged corpora made from this machine's own files share: a document, a query, and how both are written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HALVES = ("tuning", "heldout")


@dataclass(frozen=True)
class Judged:
    """A document and the query that asks for it. `others` are further right documents with their grades."""

    name: str
    query: str
    text: str
    title: str = ""
    others: Mapping[str, int] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """What chooses and splits: stable over machines."""
        return hashlib.sha256(self.name.encode()).hexdigest()


def half(name: str) -> str:
    """The half a query belongs to, whatever else is there."""
    return HALVES[int(hashlib.sha256(name.encode()).hexdigest()[-1], 16) % 2]


def chosen(found: Sequence[Judged], most: int) -> list[Judged]:
    """No query and no document twice, at most so many, in the order of the hash."""
    queries, texts, kept = set[str](), set[str](), []
    for one in sorted(found, key=lambda one: one.digest):
        query, text = one.query.casefold(), one.text[:120].casefold()
        if query not in queries and text not in texts:
            kept.append(one)
        queries.add(query)
        texts.add(text)
    return kept[:most]


def write(folder: Path, kept: Sequence[Judged], grade: int = 1) -> None:
    """Write docs.jsonl, tuning.tsv, heldout.tsv and judgments.trec into a folder; the own document has this grade."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {one.name for one in kept}
    lines = (json.dumps({"id": one.name, "title": one.title, "text": one.text}) for one in kept)
    (folder / "docs.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with (folder / "judgments.trec").open("w", encoding="utf-8") as file:
        for one in kept:
            grades = {**{name: value for name, value in one.others.items() if name in names}, one.name: grade}
            file.writelines(f"{one.name} 0 {name} {value}\n" for name, value in grades.items())
    for side in HALVES:
        asked = [f"{one.name}\t{one.query}\n" for one in kept if half(one.name) == side]
        (folder / f"{side}.tsv").write_text("".join(asked), encoding="utf-8")
        print(f"{folder.name}, {side}: {len(asked)} queries, {len(kept)} documents")
