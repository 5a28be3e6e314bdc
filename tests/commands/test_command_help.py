"""Every command explains itself with an example, and wrong use is exit code 2."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from command_line import invoke

from insightrepo.cli import COMMANDS, main


def paths(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command and group."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        yield (*before, name)
        if isinstance(found, click.Group):
            yield from paths(found, (*before, name))


ALL = list(paths(main))


def test_every_command_of_the_table_is_there() -> None:
    assert {path[0] for path in ALL} == set(COMMANDS)
    assert {("user", "add"), ("taxonomy", "import"), ("scores", "freeze"), ("evaluate", "tags")} <= set(ALL)


@pytest.mark.parametrize("path", [(), *ALL], ids=" ".join)
def test_every_command_has_help_with_an_example(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*path, "--help"])
    assert result.exit_code == 0
    assert "Example" in result.output
    assert " ".join(("insightrepo", *path)) in result.output.partition("Example")[2]


@pytest.mark.parametrize("path", [path for path in ALL if path[0] != "serve"], ids=" ".join)
def test_an_unknown_option_is_wrong_use(tmp_path: Path, path: tuple[str, ...]) -> None:
    result = invoke(tmp_path / "home", *path, "--nonsense")
    assert result.exit_code == 2
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["search", "x", "--mode", "guess"],
        ["search", "x", "--since", "someday"],
        ["search", "x", "--limit", "0"],
        ["import"],
        ["import", "/nowhere/at/all"],
        ["import", ".", "--level", "deep"],
        ["user", "add", "x@example.com", "--role", "king"],
        ["scores", "import", "2025-Q1", "/nowhere.csv"],
        ["scores", "freeze"],
        ["wave", "reissue", "2025-Q1"],
        ["wave", "exclude", "2025-Q1"],
        ["wave", "annotate", "prices rose", "--day", "someday"],
        ["taxonomy", "import", "/nowhere.yaml"],
        ["taxonomy", "lint", "/nowhere.yaml"],
        ["evaluate", "tags", "--train", "/nowhere.csv"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_exit_code_2(home: Path, arguments: list[str]) -> None:
    result = invoke(home, *arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr


def test_the_version_is_printed() -> None:
    from insightrepo import __version__

    assert __version__ in CliRunner().invoke(main, ["--version"]).output
