"""Choosing the other keyword engine: the setting, then `reindex`."""

from __future__ import annotations

import json
from collections.abc import Callable

from click.testing import Result
from command_line import assert_one_line

Run = Callable[..., Result]


def test_another_keyword_engine_asks_for_a_reindex_and_then_finds_the_same(run: Run) -> None:
    before = run("search", "boring", "--json").stdout
    assert_one_line(
        run("search", "boring", KEYWORD_ENGINE="tantivy"), "engine whoosh", "tantivy", "insightrepo reindex"
    )
    assert run("search", "boring").exit_code == 0
    assert run("reindex", KEYWORD_ENGINE="tantivy").exit_code == 0
    found = run("search", "boring", "--json", KEYWORD_ENGINE="tantivy")
    assert found.exit_code == 0, found.output
    assert ids(found.stdout) == ids(before)
    assert run("check", KEYWORD_ENGINE="tantivy").exit_code == 0


def ids(stdout: str) -> list[object]:
    hits = json.loads(stdout)["hits"]
    assert hits
    return [hit["id"] for hit in hits]
