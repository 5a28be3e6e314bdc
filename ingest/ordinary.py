"""Ordinary English words, to tell what may be a person's name from what is surely something else."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def ordinary_words() -> frozenset[str]:
    """English words in small letters that hardly ever are a name."""
    lines = files("ingest").joinpath("ordinary_words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
