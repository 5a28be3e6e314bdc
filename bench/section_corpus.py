"""Writes a judged corpus made of the sections of the Markdown documentation on this machine, each under its headings.

A section's first sentence is the query; the rest of its prose is the document and the only right one; its title, the
path of its headings, is the context that the product embeds and indexes with a passage. Code, tables and lists of
changes are left out. Which files are there depends on the machine.

    python bench/section_corpus.py FOLDER
"""

from __future__ import annotations

import gzip
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from judged_files import Judged, chosen, write

FOLDERS = (Path("/usr/share/doc"), Path("/usr/lib/node_modules/npm"), Path("/usr/share/cmake-3.25"))
FEWEST_WORDS, MOST_CHARACTERS, SECTIONS = 20, 1500, 2400
NOISE = re.compile(
    r"```.*?```|<!--.*?-->|^(?:---\n.*?\n---)$|^ {4,}.*?$|^\|.*?$|^\[[^\]]+\]:.*?$", re.DOTALL | re.MULTILINE
)
HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$", re.MULTILINE)
MARKS = re.compile(r"\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])|[`*>]+|^\s*[-+]\s|\\(?=\W)", re.MULTILINE)
SENTENCE = re.compile(r"(?<=[.!?:])\s+(?=[A-Z`])")


def sections(path: Path) -> Iterator[tuple[tuple[str, ...], str]]:
    """The heading path and the prose of every section of a file."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = NOISE.sub("", raw.decode("utf-8", "replace"))
    _, *parts = HEADING.split(text)
    headings: list[str] = []
    for signs, heading, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        headings = [*headings[: len(signs) - 1], _plain(heading)]
        yield tuple(headings), _plain(body)


def _plain(text: str) -> str:
    return " ".join(MARKS.sub(lambda match: match[1] or " ", text).split())


def item(name: str, headings: tuple[str, ...], body: str) -> Judged | None:
    """The known item of a section; None where its first sentence or the rest is too short to ask or to find."""
    query, _, rest = SENTENCE.sub("\n", body, count=1).partition("\n")
    rest = rest.replace(query, " ").strip()[:MOST_CHARACTERS]
    if not 5 <= len(query.split()) <= 30 or len(rest.split()) < FEWEST_WORDS:
        return None
    return Judged(name, query.rstrip(".:"), rest, " > ".join(headings))


def items() -> Iterator[Judged]:
    """Every section of every file that can be asked for."""
    for folder in FOLDERS:
        for path in sorted((*folder.rglob("*.md"), *folder.rglob("*.md.gz"))):
            if "changelog" in str(path).lower() or path.is_symlink():
                continue
            for at, (headings, body) in enumerate(sections(path)):
                if found := item(f"{path.parent.name}/{path.name}#{at}", headings, body):
                    yield found


if __name__ == "__main__":
    write(Path(sys.argv[1]), chosen(list(items()), SECTIONS))
