"""What goes wrong is one line that says what and what to do; never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from command_line import FEEDBACK, PASSWORD, TAXONOMY, assert_one_line, invoke

Run = Callable[..., Result]
COMMANDS = (["search", "x"], ["check"], ["reindex"], ["retag"], ["import", "."], ["scores", "show"])


@pytest.mark.parametrize("arguments", [*COMMANDS, ["taxonomy", "export", "-"]], ids=" ".join)
def test_a_missing_workspace_says_how_to_make_one(tmp_path: Path, arguments: list[str]) -> None:
    result = invoke(tmp_path / "home", *arguments)
    assert_one_line(result, "no workspace in", "run 'insightrepo init' first")
    assert not (tmp_path / "home" / "workspace.key").exists()


def test_a_database_without_tables_says_what_to_run(home: Path, run: Run) -> None:
    for path in home.glob("insightrepo.db*"):
        path.unlink()
    assert_one_line(run("search", "x"), "run 'insightrepo init'")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("THREADS", "0"),
        ("TIMEZONE", "Mars"),
        ("LOG_LEVEL", "loud"),
        ("THREDS", "2"),
        ("DATABASE_URL", "no url"),
        ("DATABASE_URL", "mysterydb://x/y"),
        ("DATABASE_URL", "postgresql+mystery://x/y"),
    ],
)
def test_a_wrong_setting_refuses_to_start_and_is_named(run: Run, name: str, value: str) -> None:
    assert_one_line(run("search", "x", **{name: value}), f"INSIGHTREPO_{name}", exit_code=2)


@pytest.mark.parametrize("url", ["postgresql+pg8000://nobody@127.0.0.1:1/none", "sqlite:////nowhere/at/all.db"])
def test_a_database_that_does_not_answer_is_said(run: Run, url: str) -> None:
    assert_one_line(run("search", "x", DATABASE_URL=url), "database")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"outcomes:\n  - code: A\n    jab: x\n", ":3"),
        (b"outcomes: [\n", ":"),
        (TAXONOMY.encode().replace(b"boring]", b"boring"), ":"),
        ("outcomes:\n  - code: Ä\n".encode("latin-1"), "UTF-8"),
        (b"outcomes:\n  - code: A\n    job: x\n    rules:\n      - regex: '('\n", ":5"),
    ],
    ids=["unknown field", "no YAML", "half a list", "another encoding", "wrong pattern"],
)
def test_a_broken_taxonomy_is_named_by_line_and_changes_nothing(
    run: Run, tmp_path: Path, text: bytes, said: str
) -> None:
    before = run("taxonomy", "export", "-").stdout
    path = tmp_path / "broken.yaml"
    path.write_bytes(text)
    result = run("taxonomy", "import", str(path))
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)
    assert "broken.yaml" in result.stderr
    assert said in result.stderr
    assert run("taxonomy", "export", "-").stdout == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("text: comment\ntxt: comment\n", "mapping.yaml, line 2, field txt"),
        ("text: [comment\n", "mapping.yaml, line "),
        ("- text\n", "mapping.yaml, line 1"),
        ("text: comment\nscale: [5, 1]\n", "line 2, field scale"),
    ],
)
def test_a_wrong_mapping_is_named_by_line_and_field(run: Run, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "mapping.yaml").write_text(text)
    (tmp_path / "feed.csv").write_text(FEEDBACK)
    result = run("import", str(tmp_path / "feed.csv"), "--mapping", str(tmp_path / "mapping.yaml"))
    assert_one_line(result, said)


def test_a_mapping_in_another_encoding_and_a_list_of_names_that_is_gone_are_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "feed.csv").write_text(FEEDBACK)
    (tmp_path / "mapping.yaml").write_bytes("text: Größe\n".encode("latin-1"))
    mapped = run("import", str(tmp_path / "feed.csv"), "--mapping", str(tmp_path / "mapping.yaml"))
    assert_one_line(mapped, "mapping.yaml", "UTF-8")
    named = run("import", str(tmp_path / "feed.csv"), NAMES_FILE=str(tmp_path / "names.txt"))
    assert_one_line(named, "INSIGHTREPO_NAMES_FILE", "names.txt")


def cut_short(home: Path, part: str) -> None:
    files = [path for path in (home / "indexes").rglob("*") if path.is_file() and part in str(path.relative_to(home))]
    for path in files:
        if path.stat().st_size:
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("part", ["current.json", "vectors"])
def test_an_index_that_is_damaged_in_part_answers_until_it_is_healed(run: Run, home: Path, part: str) -> None:
    cut_short(home, part)
    assert run("search", "boring").exit_code == 0
    assert run("maintain").exit_code == 0
    assert run("check").exit_code == 0


@pytest.mark.parametrize("part", ["keyword", "bitmaps", "manifest"])
def test_a_damaged_index_says_to_reindex(run: Run, home: Path, part: str) -> None:
    cut_short(home, part)
    assert_one_line(run("search", "boring"), "insightrepo reindex")
    assert run("reindex").exit_code == 0
    assert run("search", "boring").exit_code == 0


def test_an_index_of_another_model_or_language_says_to_reindex(run: Run) -> None:
    assert_one_line(run("search", "boring", LANGUAGE="none"), "analyzer", "insightrepo reindex")
    assert run("reindex", LANGUAGE="none").exit_code == 0
    assert run("search", "boring", LANGUAGE="none").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["user", "add", "no address", "--role", "viewer", "--password", PASSWORD], "no address"),
        (["user", "add", "a@example.com", "--role", "viewer", "--password", "short"], "10 characters"),
        (["user", "add", "vera@example.com", "--role", "viewer", "--password", PASSWORD], "already"),
        (
            ["user", "add", "a@example.com", "--role", "viewer", "--password", PASSWORD, "--scope", "product:nope"],
            "nope",
        ),
        (
            ["user", "add", "a@example.com", "--role", "viewer", "--password", PASSWORD, "--scope", "app"],
            "product:CODE",
        ),
        (["scores", "show", "--wave", "1999-Q1"], "1999-Q1"),
        (["scores", "show", "--outcome", "NOPE"], "NOPE"),
        (["scores", "show", "--measure", "luck"], "luck"),
        (["scores", "freeze", "1999-Q1"], "1999-Q1"),
        (["taxonomy", "export", "/nowhere/at/all.yaml"], "/nowhere/at/all.yaml"),
    ],
    ids=lambda value: " ".join(value)[-40:] if isinstance(value, list) else "",
)
def test_a_wrong_value_is_one_line(run: Run, arguments: list[str], said: str) -> None:
    assert_one_line(run(*arguments), said)


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"a,b\n1,2\n", b"PK\x03\x04"], ids=repr)
def test_answers_that_cannot_be_read_are_one_line(run: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "answers.csv").write_bytes(content)
    assert_one_line(run("scores", "import", "2025-Q3", str(tmp_path / "answers.csv")), "answers.csv")


@pytest.mark.parametrize("words", ["'", '"', "\x00", "a\udcffb", "study:²", "outcome:\x00", "--", "*"], ids=ascii)
def test_no_words_make_a_search_fail(run: Run, words: str) -> None:
    for options in ([], ["--json"]):
        result = run("search", *options, "--", words)
        assert result.exit_code == 0, result.output
