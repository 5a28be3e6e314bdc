"""The JSON that scripts rely on has the keys of the contract, and exit codes tell trouble from success."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from click.testing import Result
from command_line import ANSWERS, FEEDBACK, TAXONOMY, invoke

Run = Callable[..., Result]
SCORE = {
    "measure", "value", "unit", "better", "low", "high", "n", "segment", "product", "wave", "verdict", "opportunity",
}  # fmt: skip
HIT = {
    "id", "kind", "text", "study", "locator", "date", "segments", "products", "keyword_rank", "meaning_rank", "insight",
    "outcomes",
}  # fmt: skip
FACETS = {"outcome", "category", "segment", "product", "kind", "level", "method", "year", "state"}


def printed(result: Result, exit_code: int = 0):
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def test_search(demo_home: Path) -> None:
    found = printed(invoke(demo_home, "search", "where to stop", "--limit", "20", "--json"))
    contract = {"query", "total", "capped", "people", "studies", "hits", "facets", "outcomes"}
    added = {"understood", "notes", "did_you_mean", "like", "similar_studies", "with_words", "with_words_capped"}
    assert found.keys() == contract | added
    assert 0 < found["with_words"] <= found["total"]
    assert found["query"] == "where to stop"
    assert len(found["hits"]) == 20 <= found["total"]
    assert found["facets"].keys() == FACETS
    assert all(hit.keys() == HIT for hit in found["hits"])
    tags = [tag for hit in found["hits"] for tag in hit["outcomes"]]
    assert all(tag.keys() == {"code", "origin", "state", "score"} for tag in tags)
    assert all(
        tag["score"].keys() == SCORE | {"provisional", "note", "fell_back", "disagreement", "asked_with"}
        for tag in tags
    )
    assert {spoken["code"] for spoken in found["outcomes"]} < set(found["facets"]["outcome"])
    assert len(found["outcomes"]) == 12  # the most spoken of; the facet has them all
    for spoken in found["outcomes"]:
        assert spoken.keys() == {"code", "hits", "people", "studies", "score"}
        assert spoken["hits"] == found["facets"]["outcome"][spoken["code"]]


def test_search_filters_as_its_options_say(demo_home: Path) -> None:
    given = (
        "--product",
        "planner",
        "--kind",
        "verbatim",
        "--since",
        "2025-Q1",
        "--until",
        "2025-12",
        "--sort",
        "newest",
    )
    found = printed(invoke(demo_home, "search", *given, "--limit", "1000", "--json"))
    dates = [hit["date"] for hit in found["hits"]]
    assert found["total"] == len(dates) > 5
    assert dates == sorted(dates, reverse=True)
    assert {hit["kind"] for hit in found["hits"]} == {"verbatim"}
    verified = printed(invoke(demo_home, "search", "--outcome", "FT-01", "--verified", "--json"))
    assert 0 < verified["total"] < printed(invoke(demo_home, "search", "--outcome", "FT-01", "--json"))["total"]


def test_search_in_words(demo_home: Path) -> None:
    result = invoke(demo_home, "search", "where to stop", "outcom:FT-01", "--limit", "3")
    assert result.exit_code == 0
    assert re.fullmatch(
        r"\d+ hits, \d+ people, \d+ studies; \d+ with any .* near in meaning", result.stdout.splitlines()[0]
    )
    assert "did you mean outcome?" in result.stderr
    assert result.stdout.count("\n   “") == 3
    assert "satisfaction" in result.stdout


def test_import(run: Run, tmp_path: Path) -> None:
    feed = tmp_path / "more.csv"
    feed.write_text(FEEDBACK.replace("v4,c4,2025-03-04", "v5,c5,some day"))
    columns = ("--text", "comment", "--date", "date", "--study-title", "More", "--json")
    found = printed(run("import", str(feed), *columns), exit_code=1)
    contract = {"read", "stored", "already_here", "refused", "refused_file"}
    assert found.keys() == contract | {
        "empty",
        "changed",
        "withdrawn",
        "files",
        "studies",
        "notes",
        "questions",
        "unknown",
        "near",
    }
    assert (found["read"], found["stored"], found["already_here"], found["refused"]) == (4, 3, 0, 1)
    assert Path(found["refused_file"]).read_text().startswith("file,row,field,cause,values")
    again = printed(run("import", str(feed), *columns))
    assert (again["read"], again["stored"], again["already_here"], again["refused_file"]) == (3, 0, 3, None)


def test_import_in_words_names_what_was_refused_and_exits_1(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.docx").write_bytes(b"PK\x03\x04 no document")
    result = run("import", str(tmp_path / "broken.docx"))
    assert result.exit_code == 1
    assert "refused: broken.docx, file: " in result.stdout
    assert "read 1, stored 0, already here 0, refused 1, empty 0" in result.stdout


def test_check(run: Run, home: Path) -> None:
    assert printed(run("check", "--json")) == {"ok": True, "problems": []}
    assert run("check").stdout == "database, indexes and originals agree\n"
    next(path for path in (home / "originals").rglob("*") if path.is_file()).unlink()
    found = printed(run("check", "--json"), exit_code=1)
    assert (found["ok"], len(found["problems"])) == (False, 1)
    assert run("check").exit_code == 1


def test_check_names_a_damaged_index_and_reindex_heals_it(run: Run, home: Path) -> None:
    path = max((home / "indexes").rglob("bitmaps/*"), key=lambda file: file.stat().st_size)
    path.write_bytes(path.read_bytes()[:-3])
    found = printed(run("check", "--json"), exit_code=1)
    assert "bitmaps" in found["problems"][0]
    assert run("reindex").stdout == "indexed 4 pieces of evidence\n"
    assert printed(run("check", "--json"))["ok"]


def test_scores(run: Run, tmp_path: Path) -> None:
    answers = tmp_path / "answers.csv"
    answers.write_text(ANSWERS + "r99,STOP,9,app\n")
    found = printed(run("scores", "import", "2025-Q3", str(answers), "--json"), exit_code=1)
    assert {"wave", "read", "stored", "already_here", "refused"} <= found.keys()
    assert (found["stored"], found["refused"], found["refused_rows"][0]["row"]) == (80, 1, 82)
    rows = printed(run("scores", "show", "--outcome", "STOP", "--product", "all", "--json"))
    assert [row.keys() for row in rows] == [
        {
            "wave", "provisional", "outcome", "segment", "product", "measure", "value", "unit", "better", "low", "high",
            "n", "note", "verdict", "change", "previous_wave",
            "id", "first_day", "last_day", "issue", "instrument", "task", "unweighted_value", "unweighted_low",
            "unweighted_high", "n_eff", "answers", "excluded", "change_low", "change_high", "p_value", "q_value",
            "band", "definition_version", "meaning", "asked_with", "no_arrow",
        }
    ]  # fmt: skip
    assert (rows[0]["wave"], rows[0]["value"], rows[0]["n"], rows[0]["provisional"]) == ("2025-Q3", 40.0, 80, True)
    assert run("scores", "freeze", "2025-Q3").stdout.startswith("froze 2025-Q3, sha256 ")
    assert not printed(run("scores", "show", "--wave", "2025-Q3", "--product", "all", "--json"))[0]["provisional"]
    assert "satisfaction: 40.0 percent" in run("scores", "show", "--product", "all").stdout


def test_taxonomy(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "taxonomy.yaml"
    path.write_text(TAXONOMY.replace("with ease", "at once"))
    first = printed(run("taxonomy", "import", str(path), "--json"))
    assert [(warning["outcome"], warning["line"], warning["code"]) for warning in first.pop("warnings")] == [
        ("COST", 8, "success")
    ]
    assert first == {"created": 0, "changed": 1, "unchanged": 5}
    again = printed(run("taxonomy", "import", str(path), "--json"))
    assert (again["created"], again["changed"], again["unchanged"]) == (0, 0, 6)


def test_taxonomy_lint(run: Run, tmp_path: Path) -> None:
    found = printed(run("taxonomy", "lint", "--json"))
    [warning] = found["warnings"]
    assert warning.keys() == {
        "outcome", "line", "code", "field", "text", "start", "end", "words", "why", "advice"
    }  # fmt: skip
    assert (warning["outcome"], warning["line"], warning["code"]) == ("COST", None, "success")
    path = tmp_path / "new.yaml"
    path.write_text("outcomes:\n  - {code: NEW, job: Find a stop the children like, success: with ease}\n")
    assert printed(run("taxonomy", "lint", str(path), "--json")) == {
        "warnings": [],
        "overlaps": [
            {"outcomes": ["NEW", "STOP"], "score": 1.0, "by": "words", "shared": ["find", "stop", "children", "like"]}
        ],
    }


def test_evaluate_search(run: Run, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("corpus", "queries", "judgments")]
    texts = ('{"id": "d1", "text": "the map was empty"}\n', "q1\tempty map\n", "q1 0 d1 1\n")
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    options = [word for path in paths for word in (f"--{path.name}", str(path))]
    found = printed(run("evaluate", "search", *options, "--json"))
    assert found.keys() == {"ndcg_at_10", "map", "recall_at_100", "p50_ms", "p95_ms", "queries"}
    assert (found["ndcg_at_10"], found["queries"]) == (1.0, 1)


def test_evaluate_tags(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "labelled.csv"
    path.write_text(
        "text,labels\nthe map was empty,map\nthe map is gone,map\nthe price rose,price\nthe price fell,price\n"
    )
    found = printed(run("evaluate", "tags", "--train", str(path), "--test", str(path), "--shots", "0", "--json"))
    assert found.keys() == {
        "accuracy", "micro_f1", "macro_f1", "precision_at_auto", "coverage_at_auto", "ece", "seconds",
    }  # fmt: skip
