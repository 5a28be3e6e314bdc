"""A small corpus for import tests: a study folder of two files and a feed of verbatims."""

from __future__ import annotations

from pathlib import Path

PLAN = """---
title: Stops on the way
method: usability test
date: 2025-03-10
participants: 8
---

# Goals

Find out how families choose where to stop on a long drive, and what makes a stop worth the detour.

# Questions

Do parents trust the suggested stops? Do children like what their parents choose for them?
"""

FINDINGS = """# Findings

## Suggestions are trusted only with photos

Six of eight parents opened the photos before they accepted a stop. Without photos they searched the web again.

## Detours are the real cost

Parents counted minutes, not kilometres. A detour of more than ten minutes was refused by all but one.

# Next steps

Show the minutes of the detour beside each stop, and the photos first. Write to anna.schmidt@example.com for the clips.
"""

HEADER = "id,date,who,comment,stars\n"


def verbatims(count: int = 60) -> str:
    """A CSV of `count` verbatims; every tenth customer says the same words as another."""
    lines = [HEADER]
    for number in range(1, count + 1):
        words = (
            "The stops were boring"
            if number % 10 == 0
            else f"Stop number {number} was {'great' if number % 2 else 'far'}"
        )
        lines.append(f"v{number},2025-{number % 9 + 1:02d}-15,c{number},{words} for our kids.,{number % 5 + 1}\n")
    return "".join(lines)


def write_corpus(root: Path, count: int = 60) -> Path:
    """The folder ``research`` below `root`: one study of two files and one feed."""
    study = root / "research" / "03_stops_mar2025"
    study.mkdir(parents=True)
    (study / "plan.md").write_text(PLAN)
    (study / "findings.md").write_text(FINDINGS)
    (root / "research" / "feedback.csv").write_text(verbatims(count))
    return root / "research"
