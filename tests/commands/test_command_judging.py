"""`search-gaps` and `evaluate search --own`: the lines and the JSON that scripts rely on."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from command_line import assert_one_line, invoke
from sqlalchemy import select

from config import Settings
from insightrepo.accounts.users import acting_reader
from insightrepo.library.search.hits import SearchQuery
from insightrepo.library.search.judgements import judge
from insightrepo.models import Evidence
from insightrepo.workspace import Workspace

Run = Callable[..., Result]


def search(run: Run, *words: str) -> None:
    """Search, and wait for what is written behind it."""
    assert run("search", *words).exit_code == 0
    for thread in threading.enumerate():
        if thread.name == "search gap":
            thread.join()


def judge_each(home: Path, count: int) -> None:
    """Vera says of `count` questions that the first piece of evidence helped."""
    workspace = Workspace(Settings(home=home, embedding_model="hashing", database_url=""))
    with workspace.database.writing() as session:
        vera = acting_reader(session, "vera@example.com")
        number = session.scalar(select(Evidence.id).where(Evidence.text.contains("boring for our kids")))
        for n in range(count):
            judge(workspace, session, vera, SearchQuery(f"boring kids {n}"), number, True)
    workspace.close()


def test_what_was_not_found_is_listed(run: Run) -> None:
    assert run("search-gaps").stdout == "every search found something near\n"
    assert run("search-gaps", "--json").stdout == "[]\n"
    search(run, '"zebra crossing"', "--kind", "verbatim")
    search(run, '"zebra crossing"', "--kind", "verbatim")
    search(run, "boring", "stops")
    (gap,) = json.loads(run("search-gaps", "--json").stdout)
    today = gap.pop("last")
    assert gap == {
        "words": '"zebra crossing"', "filters": "kind verbatim", "hits": 0, "best_cosine": None, "days": 1,
        "first": today,
    }  # fmt: skip
    assert run("search-gaps").stdout == f'"zebra crossing" (kind verbatim): 0 hits, asked on 1 day, last {today}\n'


def test_own_judgements_are_measured_engine_by_engine(run: Run, home: Path) -> None:
    judge_each(home, 20)
    found = json.loads(run("evaluate", "search", "--own", "--json").stdout)
    assert (found["queries"], found["enough"], set(found["modes"])) == (20, True, {"hybrid", "keyword", "meaning"})
    assert found["modes"]["keyword"] == {"ndcg_at_10": 1.0, "mrr": 1.0, "judged_at_10": 0.5}
    assert set(found["differences"]) == {"keyword", "meaning"}
    lines = run("evaluate", "search", "--own").stdout.splitlines()
    assert lines[0] == "20 questions; hits that nobody judged are taken out of the lists"
    assert lines[3].split() == ["keyword", "1.000", "1.000", "50%"]
    assert lines[5].startswith("hybrid less keyword: nDCG@10 +0.000 [+0.000, +0.000], MRR +0.000 [")


def test_of_few_judgements_it_says_that_they_are_few(run: Run, home: Path) -> None:
    judge_each(home, 3)
    result = run("evaluate", "search", "--own")
    assert (result.exit_code, result.stdout) == (
        0,
        "not enough data: 3 questions with a helpful hit, 20 are needed\n",
    )
    assert json.loads(run("evaluate", "search", "--own", "--json").stdout)["enough"] is False


@pytest.mark.parametrize("options", [(), ("--corpus", "FILE"), ("--own", "--queries", "FILE")], ids=" ".join)
def test_files_or_own_judgements_not_both_and_not_neither(home: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    path = tmp_path / "some.jsonl"
    path.write_text("")
    result = invoke(home, "evaluate", "search", *(str(path) if word == "FILE" else word for word in options))
    assert_one_line(result, "--own", exit_code=2)
