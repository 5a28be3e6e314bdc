"""The command run in this process, and homes that are made once and copied."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from command_line import FEEDBACK, PASSWORD, PEOPLE, TAXONOMY, invoke
from once import made_once


@pytest.fixture
def run(home: Path) -> Callable[..., Result]:
    """``run("search", "stops", LANGUAGE="none")`` on a home of the test's own."""
    return lambda *arguments, **variables: invoke(home, *arguments, **variables)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a person of each role, a taxonomy and a published feed; to be copied, not to be changed."""
    return made_once(tmp_path_factory, "commands", _make_home) / "home"


def _make_home(root: Path) -> None:
    home = root / "home"
    taxonomy, feedback = root / "taxonomy.yaml", root / "feedback.csv"
    taxonomy.write_text(TAXONOMY)
    feedback.write_text(FEEDBACK)
    calls = [["init", "--email", "ada@example.com", "--password", PASSWORD]]
    calls += [["user", "add", email, "--role", role, "--password", PASSWORD] for email, role in PEOPLE.items()]
    calls += [["taxonomy", "import", str(taxonomy)], ["import", str(feedback), "--publish"]]
    for call in calls:
        result = invoke(home, *call)
        assert result.exit_code == 0, result.output


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A copy of the made home."""
    shutil.copytree(made, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture(scope="session")
def demo_home(demo_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which `demo` ran; tests only read."""
    home = tmp_path_factory.mktemp("demo") / "home"
    shutil.copytree(demo_made, home)
    return home
