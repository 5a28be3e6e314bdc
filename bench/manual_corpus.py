"""Writes a judged corpus made of the manual pages of this machine: several right documents a query, with grades.

The query is what a page says it is for ("copy files and directories"), without its name. The page's description is the
right document, with grade 3; the pages that it names under SEE ALSO, or that name it there, have grade 1. Only the
pages of commands, formats, overviews and administration are taken, and none of the thousands that one vendor's tool
brings. Needs groff, and manual pages; which are there depends on the machine.

    python bench/manual_corpus.py FOLDER
"""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from judged_files import Judged, chosen, write

MANUALS = Path("/usr/share/man")
SECTIONS, LEFT_OUT = ("1", "5", "7", "8"), "gcloud"
PAGES, OWN, SEE_ALSO = 2000, 3, 1
FEWEST_WORDS, MOST_CHARACTERS = 25, 1500
RENDER = ["groff", "-mandoc", "-Tutf8", "-t", "-rLL=20000n", "-rHY=0", "-P-cbou"]
HEADING = re.compile(r"^(?P<title>[A-Z][A-Za-z ]+)$", re.MULTILINE)
REFERENCE = re.compile(r"([A-Za-z0-9][\w.:+@-]*)\s?\((\d)\w*\)")


def rendered(path: Path) -> str:
    """A page as plain text, a paragraph a line, headings at its edge."""
    source = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if source.startswith(b".so "):
        return ""
    done = subprocess.run(RENDER, input=source, capture_output=True, check=False, timeout=60)
    return done.stdout.decode("utf-8", "replace")


def page(path: Path) -> Judged | None:
    """The judged item of a page; None where its summary or its description is too short to ask or to find."""
    parts = HEADING.split(rendered(path))
    sections = {title: body for title, body in zip(parts[1::2], parts[2::2], strict=True)}
    _, _, summary = (
        re.sub(r"\s+", " ", sections.get("NAME", "")).replace("\u2014", "-").replace("\u2013", "-").partition(" - ")
    )
    text = " ".join(sections.get("DESCRIPTION", "").split())[:MOST_CHARACTERS]
    name = re.sub(r"\.(\d)\w*(\.gz)?$", r"(\1)", path.name)
    if not 3 <= len(summary.split()) <= 25 or len(text.split()) < FEWEST_WORDS:
        return None
    named = REFERENCE.findall(sections.get("SEE ALSO", ""))
    others = {f"{word}({section})": SEE_ALSO for word, section in named if f"{word}({section})" != name}
    return Judged(name, summary.strip().rstrip("."), text, "", others)


def pages() -> Iterator[Path]:
    """The files, without links to the same page under another name."""
    for section in SECTIONS:
        for path in sorted((MANUALS / f"man{section}").iterdir()):
            if path.is_file() and not path.is_symlink() and not path.name.startswith(LEFT_OUT):
                yield path


def both_ways(kept: list[Judged]) -> list[Judged]:
    """A page that is named by another names it too."""
    named: dict[str, dict[str, int]] = {one.name: dict(one.others) for one in kept}
    for one in kept:
        for other in one.others:
            if other in named:
                named[other][one.name] = SEE_ALSO
    return [replace(one, others=named[one.name]) for one in kept]


def main(folder: Path) -> None:
    """Write the corpus into a folder."""
    with ThreadPoolExecutor(2) as pool:
        found = [one for one in pool.map(page, pages()) if one]
    write(folder, both_ways(chosen(found, PAGES)), OWN)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
