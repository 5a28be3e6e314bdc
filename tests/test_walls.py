"""The walls between the rooms (DESIGN.md): who may import what, read from the code itself."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLASK = {
    "flask",
    "flask_login",
    "flask_wtf",
    "flask_limiter",
    "flask_talisman",
    "flask_bootstrap",
    "werkzeug",
    "wtforms",
}
SQL = {"sqlalchemy", "alembic"}


def imported(path: Path) -> set[str]:
    """The top-level names of all modules that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def modules(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize("path", modules("ingest", "indexes"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_leaf_knows_neither_flask_nor_sql_nor_the_application(path: Path) -> None:
    assert not imported(path) & (FLASK | SQL | {"insightrepo", "config"})


@pytest.mark.parametrize("path", modules("ingest"), ids=lambda path: str(path.relative_to(ROOT)))
def test_ingest_does_not_know_the_indexes(path: Path) -> None:
    assert "indexes" not in imported(path)


def test_nothing_but_the_web_imports_flask() -> None:
    outside = [path for path in modules("insightrepo") if "web" not in path.parts]
    assert [str(path) for path in outside if imported(path) & FLASK] == []


@pytest.mark.parametrize("path", modules("indexes"), ids=lambda path: str(path.relative_to(ROOT)))
def test_an_engine_shows_only_in_its_own_module(path: Path) -> None:
    engines = {
        "whoosh": {"keyword.py", "codec.py"},
        "faiss": {"vector.py", "sketch.py"},
        "tantivy": {"tantivy_index.py", "tantivy_search.py"},
    }
    for engine, homes in engines.items():
        assert engine not in imported(path) or path.name in homes
