"""`init` and `demo` make a workspace once and keep it; a taxonomy goes round."""

from __future__ import annotations

import shutil
from pathlib import Path

from command_line import PASSWORD, invoke
from sqlalchemy import create_engine, delete, select

from insightrepo.demo.story import PEOPLE
from insightrepo.models import Base


def tables(home: Path) -> dict[str, list]:
    """Every row of every table."""
    engine = create_engine(f"sqlite:///{home / 'insightrepo.db'}")
    with engine.connect() as connection:
        found = {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in Base.metadata.sorted_tables
        }
    engine.dispose()
    return found


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_init_makes_an_administrator_once_and_keeps_what_is_there(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = invoke(home, "init", "--email", "anna@example.com")
    assert first.exit_code == 0
    assert "administrator anna@example.com, password " in first.stdout
    key, before = (home / "workspace.key").read_bytes(), tables(home)
    assert (home.stat().st_mode | (home / "workspace.key").stat().st_mode) & 0o077 == 0
    second = invoke(home, "init", "--email", "eve@example.com", "--password", PASSWORD)
    assert second.exit_code == 0
    assert "administrator" not in second.stdout
    assert ((home / "workspace.key").read_bytes(), tables(home)) == (key, before)


def test_a_password_that_is_given_is_not_printed(tmp_path: Path) -> None:
    result = invoke(tmp_path / "home", "init", "--password", PASSWORD)
    assert result.exit_code == 0
    assert PASSWORD not in result.output


def test_init_renews_indexes_that_another_model_made(tmp_path: Path, home: Path) -> None:
    assert invoke(home, "init", LANGUAGE="none").exit_code == 0
    assert invoke(home, "search", "boring", LANGUAGE="none").exit_code == 0


def test_the_demo_is_whole_and_clean(demo_home: Path) -> None:
    assert invoke(demo_home, "check").exit_code == 0
    rows = tables(demo_home)
    assert len(rows["study"]) == 19
    assert {job[2] for job in rows["job"]} == {"done"}
    assert all(wave[5] == "frozen" for wave in rows["wave"])


def test_a_second_demo_changes_nothing(demo_home: Path, tmp_path: Path) -> None:
    shutil.copytree(demo_home, tmp_path / "home")
    before = tables(tmp_path / "home"), files(tmp_path / "home" / "originals"), files(tmp_path / "home" / "indexes")
    result = invoke(tmp_path / "home", "demo")
    assert result.exit_code == 0
    assert "sign in as demo@example.com" in result.stdout
    after = tables(tmp_path / "home"), files(tmp_path / "home" / "originals"), files(tmp_path / "home" / "indexes")
    assert after == before


def test_a_demo_that_was_killed_is_finished_by_the_next(demo_home: Path, tmp_path: Path) -> None:
    shutil.copytree(demo_home, tmp_path / "home")
    whole = tables(demo_home)
    engine = create_engine(f"sqlite:///{tmp_path / 'home' / 'insightrepo.db'}")
    with engine.begin() as connection:
        last = max(row[0] for row in whole["wave"])
        for name, column in (("score", "wave_id"), ("answer", "wave_id"), ("wave", "id")):
            table = Base.metadata.tables[name]
            connection.execute(delete(table).where(table.c[column] == last))
    engine.dispose()
    result = invoke(tmp_path / "home", "demo")
    assert result.exit_code == 0, result.output
    found = tables(tmp_path / "home")
    assert found["evidence"] == whole["evidence"]
    assert {name: len(rows) for name, rows in found.items() if name in ("wave", "answer", "score")} == {
        name: len(whole[name]) for name in ("wave", "answer", "score")
    }


def test_an_init_that_was_killed_after_its_key_is_finished_by_the_next(home: Path, tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    shutil.copy(home / "workspace.key", tmp_path / "half")
    assert invoke(tmp_path / "half", "init", "--password", PASSWORD).exit_code == 0
    assert (tmp_path / "half" / "workspace.key").read_bytes() == (home / "workspace.key").read_bytes()
    assert invoke(tmp_path / "half", "check").exit_code == 0


def test_a_taxonomy_goes_out_into_an_empty_workspace_and_out_again_byte_for_byte(
    demo_home: Path, tmp_path: Path
) -> None:
    first, second, other = tmp_path / "first.yaml", tmp_path / "second.yaml", tmp_path / "other"
    assert invoke(demo_home, "taxonomy", "export", str(first)).exit_code == 0
    assert invoke(other, "init", "--password", PASSWORD).exit_code == 0
    for person in PEOPLE:
        call = ("user", "add", person.email, "--role", person.role, "--password", PASSWORD)
        assert invoke(other, *call).exit_code == 0
    assert invoke(other, "taxonomy", "import", str(first)).exit_code == 0
    assert invoke(other, "taxonomy", "export", str(second)).exit_code == 0
    assert first.read_bytes() == second.read_bytes()
    assert invoke(other, "taxonomy", "export", "-").stdout_bytes == first.read_bytes()
    assert first.stat().st_size > 2_000


def test_init_keeps_what_a_version_before_issues_froze(demo_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "older"
    shutil.copytree(demo_home, home)
    engine = create_engine(f"sqlite:///{home / 'insightrepo.db'}")
    with engine.begin() as connection:
        connection.execute(delete(Base.metadata.tables["wave_issue"]))
    engine.dispose()
    assert "no issue is kept of it" in invoke(home, "wave", "verify").output
    assert "what an earlier version froze is kept as issue 1" in invoke(home, "init").stdout
    assert invoke(home, "wave", "verify").exit_code == 0
