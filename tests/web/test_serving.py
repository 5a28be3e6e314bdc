"""The server's processes: what is started before they part."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

COUNT = """
import os
import sys
from gunicorn.app.base import BaseApplication
BaseApplication.run = lambda self: print("threads", len(os.listdir("/proc/self/task")))
from config import load_settings
from insightrepo.web import serving
serving.serve(load_settings(), "127.0.0.1", 0, 1)
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in Linux's /proc")
def test_a_server_has_one_thread_when_it_forks_its_workers(tmp_path: Path) -> None:
    # OpenBLAS parts from its threads itself before a fork (pthread_atfork): one thread is what others may not add to
    told = {"INSIGHTREPO_HOME": str(tmp_path), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", COUNT], env=told | {"PYTHONPATH": root}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["threads", "1"]
