"""`search --like` finds more like a piece of evidence, and says which one it does not know."""

from __future__ import annotations

import json
from pathlib import Path

from command_line import invoke


def test_more_like_a_hit(demo_home: Path) -> None:
    first = json.loads(invoke(demo_home, "search", "where to stop", "--limit", "1", "--json").stdout)["hits"][0]
    result = invoke(demo_home, "search", "--like", str(first["id"]), "kind:verbatim", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["like"] == first["id"]
    assert found["hits"]
    assert {hit["kind"] for hit in found["hits"]} == {"verbatim"}
    assert first["id"] not in {hit["id"] for hit in found["hits"]}
    in_words = invoke(demo_home, "search", "--like", str(first["id"]), "--limit", "2").stdout
    assert in_words.startswith(f"similar to [{first['id']}] “")


def test_evidence_that_is_not_there_is_said(demo_home: Path) -> None:
    result = invoke(demo_home, "search", "--like", "987654")
    assert result.exit_code == 1
    assert "evidence 987654 was not found" in result.output


def test_a_misspelt_word_is_noted(demo_home: Path) -> None:
    result = invoke(demo_home, "search", "playgruond", "--limit", "1")
    assert result.exit_code == 0
    assert "did you mean: playground" in result.stderr
