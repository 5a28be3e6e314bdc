"""The wheel holds all that serving takes: templates, static files, migrations and the demo."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

SERVE = """
import sys, config, insightrepo
from pathlib import Path
from insightrepo.workspace import Workspace
from insightrepo.schema import upgrade
from insightrepo.web import create_app
from insightrepo.demo import TAXONOMY

site, home = Path(sys.argv[1]), Path(sys.argv[2])
assert all(Path(module.__file__).is_relative_to(site) for module in (config, insightrepo)), insightrepo.__file__
assert TAXONOMY.exists()
workspace = Workspace(config.Settings(home=home, embedding_model="hashing"))
workspace.make_master_key()
upgrade(workspace.database.engine)
client = create_app(workspace).test_client()
page = client.get("/sign-in")
assert page.status_code == 200, page.status
for link in __import__("re").findall(r'(?:href|src)="(/static[^"]+)"', page.text):
    assert client.get(link).status_code == 200, link
print(page.text)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel, installed into a folder of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = folder / "build"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(build)], check=True)
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, build], check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--target", folder / "site", wheel], check=True)
    return folder / "site"


def test_an_installed_wheel_serves_a_page_with_all_its_files(site: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-c", SERVE, str(site), str(tmp_path / "home")]
    page = subprocess.run(command, env=environment, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "<form" in page.stdout


def test_the_wheel_has_no_tests_and_no_workspace(site: Path) -> None:
    assert not (site / "tests").exists()
    assert not list(site.rglob("workspace.key"))


def test_the_wheel_has_every_module_and_every_file_beside_them(site: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "ingest", "indexes", "insightrepo"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert [name for name in tracked.stdout.splitlines() if not (site / name).exists()] == []


def test_an_installed_command_runs(site: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-m", "insightrepo", "taxonomy", "--help"]
    shown = subprocess.run(command, env=environment, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "lint" in shown.stdout
