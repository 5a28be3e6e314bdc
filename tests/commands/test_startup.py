"""What a search imports: it answers in the time that its imports take."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from config import PREFIX

HEAVY = ("torch", "sentence_transformers", "transformers", "spacy", "sklearn", "scipy", "statsmodels", "datasketch")
READING = ("docx", "pptx", "pypdf", "openpyxl", "trafilatura", "lxml", "webvtt")
OF_OTHERS = ("alembic", "flask", "email_validator")  # migrations, the web, adding users
SEARCH = """
import sys
from insightrepo.cli import main
main(["--home", sys.argv[1], "search", "boring", "stops"], standalone_mode=False)
print("imported:", *(name for name in sys.argv[2:] if name in sys.modules))
"""


def lines_of(home: Path, code: str, *arguments: str) -> list[str]:
    """What a process of its own prints, with no setting of ours but the hashing model."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    variables[f"{PREFIX}EMBEDDING_MODEL"] = "hashing"
    command = [sys.executable, "-c", code, str(home), *arguments]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, env=variables, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.splitlines()


def test_a_search_that_finds_something_imports_no_library_it_does_not_need(home: Path) -> None:
    lines = lines_of(home, SEARCH, *HEAVY, *READING, *OF_OTHERS)
    assert any("The stops were boring for our kids." in line for line in lines)
    assert lines[-1] == "imported:"


def test_a_server_starts_without_what_only_computing_needs(home: Path) -> None:
    code = "import sys, insightrepo.web; print(*(name for name in sys.argv[2:] if name in sys.modules))"
    assert lines_of(home, code, *HEAVY, *READING) == [""]
