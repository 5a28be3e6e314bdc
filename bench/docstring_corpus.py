"""Writes a judged corpus made of the docstrings of installed packages: known-item retrieval without any download.

A function's summary line is the query; the rest of its prose, without that line and without tables of parameters and
examples, is the document, and the only right one. Sources are parsed, never imported. The queries are split by a hash
of the function's name into a half to tune on and a half kept aside; both ask the whole corpus.

    python bench/docstring_corpus.py FOLDER
    cd FOLDER && insightrepo evaluate search --corpus docs.jsonl --queries heldout.tsv --judgments judgments.trec
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("numpy", "scipy", "sklearn", "pandas", "sqlalchemy", "statsmodels", "networkx", "spacy", "flask", "sympy")
HALVES = ("tuning", "heldout")
PROSE_SECTIONS = {"Notes", "Description", "Extended Summary"}
DOCUMENTS = 2400  # at most; a hash chooses
FEWEST_WORDS, MOST_CHARACTERS = 20, 1500  # of a document; of a query at least 4 words
MOST_WORDS = 200  # of a paragraph
SECTION = re.compile(r"^(?P<title>[A-Z][A-Za-z ]{2,24})\n[-=~]{3,}\s*$", re.MULTILINE)
FIELDS = re.compile(r"^\s*(:\w+[^:\n]*:|\.\. |>>> |\.\.\. |Args:|Returns:|Raises:|Example|Keyword args:)")
RULED = re.compile(r"^\s*[-=~]{3,}|>>>", re.MULTILINE)  # of a section or a table; an example
MARKS = re.compile(r":[\w:]+:(?=`)|[`*]+")


@dataclass(frozen=True)
class Item:
    """One function: its dotted name, the query and the document."""

    name: str
    query: str
    text: str

    @property
    def digest(self) -> str:
        """What chooses and splits: stable over machines."""
        return hashlib.sha256(self.name.encode()).hexdigest()

    @property
    def half(self) -> str:
        """The half it belongs to, whatever else is installed."""
        return HALVES[int(self.digest[-1], 16) % 2]


def docstrings(folder: Path) -> Iterator[tuple[str, str]]:
    """Dotted name and docstring of every public function and class below a folder of Python sources."""
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        if any(part in ("tests", "testing", "externals", "_vendor") or part.startswith("test_") for part in parts):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8", errors="replace"))
        yield from _of_nodes(tree.body, ".".join(parts))


def _of_nodes(nodes: list[ast.stmt], prefix: str) -> Iterator[tuple[str, str]]:
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            name = f"{prefix}.{node.name}"
            if doc := ast.get_docstring(node):
                yield name, doc
            if isinstance(node, ast.ClassDef):
                yield from _of_nodes(node.body, name)


def item(name: str, doc: str) -> Item | None:
    """The known item of a docstring; None where summary or prose is too short to ask or to find."""
    parts = SECTION.split(inspect.cleandoc(doc))
    prose = [parts[0], *(body for title, body in zip(parts[1::2], parts[2::2], strict=True) if title in PROSE_SECTIONS)]
    paragraphs = [_plain(part) for part in re.split(r"\n\s*\n", "\n\n".join(prose)) if not FIELDS.match(part)]
    summary, *rest = [part for part in paragraphs if part] or [""]
    query, _, more = summary.partition(". ")
    text = " ".join([more, *rest]).replace(query, " ").strip()[:MOST_CHARACTERS]
    if not 4 <= len(query.split()) <= 25 or len(text.split()) < FEWEST_WORDS:
        return None
    return Item(name, query.rstrip("."), text)


def _plain(text: str) -> str:
    return " ".join(MARKS.sub("", text).split())


def items(packages: Sequence[str] = PACKAGES) -> list[Item]:
    """The corpus: no query and no document twice, `DOCUMENTS` at most, in the order of the hash."""
    library = Path(sysconfig.get_paths()["purelib"])
    found = [item(*pair) for package in packages for pair in docstrings(library / package)]
    queries, texts, kept = set[str](), set[str](), []
    for one in sorted((one for one in found if one), key=lambda one: one.digest):
        query, text = one.query.casefold(), one.text[:120].casefold()
        if query not in queries and text not in texts:
            kept.append(one)
        queries.add(query)
        texts.add(text)
    return kept[:DOCUMENTS]


def digest(texts: Iterable[str]) -> str:
    """What tells one row of texts from another."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def paragraphs(packages: Sequence[str] = PACKAGES) -> list[str]:
    """The distinct paragraphs of 20 to 200 words of all docstrings of these packages, in the order of a hash.

    Some 40,000 of the ten packages; what it yields depends on their versions.
    """
    library, found = Path(sysconfig.get_paths()["purelib"]), dict[str, str]()
    for package in packages:
        for path in sorted((library / package).rglob("*.py")):
            for text in _paragraphs(path):
                found.setdefault(hashlib.sha256(text.casefold().encode()).hexdigest(), text)
    return [found[digest] for digest in sorted(found)]


def _paragraphs(path: Path) -> Iterator[str]:
    source = path.read_text(encoding="utf-8", errors="replace")
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            continue
        for part in re.split(r"\n\s*\n", ast.get_docstring(node) or ""):
            if FEWEST_WORDS <= len(part.split()) <= MOST_WORDS and not FIELDS.match(part) and not RULED.search(part):
                yield _plain(part)


def main(folder: Path) -> None:
    """Write docs.jsonl, tuning.tsv, heldout.tsv and judgments.trec into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = items()
    lines = (json.dumps({"id": one.name, "text": one.text}) for one in kept)
    (folder / "docs.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "judgments.trec").write_text("".join(f"{one.name} 0 {one.name} 1\n" for one in kept), encoding="utf-8")
    for half in HALVES:
        asked = [f"{one.name}\t{one.query}\n" for one in kept if one.half == half]
        (folder / f"{half}.tsv").write_text("".join(asked), encoding="utf-8")
        print(f"{half}: {len(asked)} queries, {len(kept)} documents")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
