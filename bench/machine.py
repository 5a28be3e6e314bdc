"""What a bench ran on: date, command, processor, memory, versions."""

from __future__ import annotations

import datetime as dt
import os
import platform
import sqlite3
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

OURS = ("Whoosh", "tantivy", "faiss-cpu", "pyroaring", "onnxruntime", "numpy", "SQLAlchemy", "Flask")
PEERS = ("txtai", "pymilvus", "milvus-lite", "faiss-cpu", "torch", "transformers")


def described(peers_python: str, command: str) -> dict[str, str]:
    """Label and value of each fact, in order."""
    return {
        "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": command,
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB",
        "load before": f"{os.getloadavg()[0]:.1f}",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}",
        "product": ", ".join(f"{name} {_version(name)}" for name in OURS),
        "peers": _peers(peers_python),
    }


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _peers(python: str) -> str:
    code = "import sys, importlib.metadata as m; print(', '.join(f'{n} {m.version(n)}' for n in sys.argv[1:]))"
    try:
        asked = subprocess.run([python, "-c", code, *PEERS], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "not installed (make bench-peers)"
    return asked.stdout.strip()
