"""The rules of the suite itself: no skip in CI without a reason that somebody named, and dear things are made once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PROCESSES = {"one process": (), "two processes": ("-n", "2", "--dist", "loadfile")}
SKIPPING = 'import pytest\n\ndef test_it(): pytest.skip("{reason}")\n\ndef test_that(): pass\n'
SKIPPING_WHOLE = 'import pytest\n\npytest.skip("{reason}", allow_module_level=True)\n'
MAKING = """
from once import made_once

def make(folder):
    with folder.with_name("made").open("a") as file:
        file.write("made ")

def test_it(tmp_path_factory):
    folder = made_once(tmp_path_factory, "dear", make)
    assert folder.with_name("made").read_text() == "made "
"""


def run(folder: Path, processes: str, ci: str = "true") -> subprocess.CompletedProcess[str]:
    """pytest on the files of a folder, under the rule of skips.py."""
    (folder / "conftest.py").write_text("from skips import *\n")
    (folder / "pytest.ini").touch()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "xdist", "-p", "no:cacheprovider", *PROCESSES[processes]]
    environment = {**kept, "CI": ci, "PYTHONPATH": str(TESTS), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("processes", PROCESSES)
def test_a_skip_for_a_reason_nobody_named_fails_in_ci_and_an_expected_one_does_not(
    tmp_path: Path, processes: str
) -> None:
    (tmp_path / "test_a.py").write_text(SKIPPING.format(reason="no moon tonight"))
    (tmp_path / "test_b.py").write_text(SKIPPING_WHOLE.format(reason="no sun today"))
    (tmp_path / "test_c.py").write_text(SKIPPING.format(reason="expected: there are no stars"))
    done = run(tmp_path, processes)
    assert done.returncode == 1, done.stdout
    *_, one, other, last = done.stdout.splitlines()
    assert {one, other} == {
        "UNEXPECTED SKIP test_a.py::test_it: Skipped: no moon tonight",
        "UNEXPECTED SKIP test_b.py: Skipped: no sun today",
    }
    assert "2 passed, 3 skipped" in last
    for name in ("test_a.py", "test_b.py"):
        (tmp_path / name).unlink()
    assert run(tmp_path, processes).returncode == 0


def test_anything_may_skip_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(SKIPPING.format(reason="no moon tonight"))
    assert run(tmp_path, "one process", ci="").returncode == 0


def test_what_is_made_once_is_made_once_in_a_run_of_two_processes(tmp_path: Path) -> None:
    for name in "abcd":
        (tmp_path / f"test_{name}.py").write_text(MAKING)
    done = run(tmp_path, "two processes")
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout
