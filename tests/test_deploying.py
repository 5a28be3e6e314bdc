"""The files for systemd and containers, as far as they can be looked at without either."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"


def test_systemd_has_nothing_to_say_of_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("expected: no systemd-analyze here (Debian: apt-get install systemd)")
    units = [*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")]
    for unit in units:
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/insightrepo/bin/insightrepo", "/bin/true"))
    command = ["systemd-analyze", "verify", "--man=no", *sorted(str(path) for path in tmp_path.iterdir())]
    said = subprocess.run(command, capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (0, "")
    assert len(units) == 3


def test_each_day_begins_with_the_backup_so_that_nothing_else_that_fails_prevents_it() -> None:
    steps = re.findall(r"^ExecStart=(.+)$", (DEPLOY / "insightrepo-daily.service").read_text(), flags=re.M)
    assert "insightrepo backup " in steps[0]
    assert len(steps) == 4


def test_one_version_of_torch_is_installed_everywhere() -> None:
    wanted = re.findall(r"^torch==(\S+)", (ROOT / "requirements.txt").read_text(), flags=re.M)
    for name in ("Makefile", "deploy/Containerfile", "docs/deploying.md"):
        found = re.findall(r"torch(?:==| := |=)([0-9][0-9.]*[0-9])", (ROOT / name).read_text(), flags=re.I)
        assert found == wanted, name
