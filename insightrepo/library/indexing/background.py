"""Work that nobody should wait for, in a process of its own, started by whoever notices: maintenance and imports."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from typing import IO

from config import PREFIX, Settings
from insightrepo.workspace import Workspace

log = logging.getLogger(__name__)

LOG_BYTES = 1_000_000  # a longer one is begun anew
SECONDS_BETWEEN = 5.0  # two starts by one process

_started: dict[tuple[str, ...], tuple[float, subprocess.Popen[bytes]]] = {}  # by home and command: when, and what


def ask_for_maintenance(workspace: Workspace) -> bool:
    """Start `insightrepo maintain`, as `ask_for` does."""
    return ask_for(workspace, "maintain")


def ask_for(workspace: Workspace, *command_words: str) -> bool:
    """Start a command unless one that was started here runs or was started just now; whether it was.

    What it has to say goes to ``maintain.log`` (the command's first word) in the workspace. That two processes start
    one does no harm: the second finds the locks taken and goes home.
    """
    key = (str(workspace.home.resolve()), *command_words)
    when, child = _started.get(key, (0.0, None))
    if child is not None and (child.poll() is None or time.monotonic() - when < SECONDS_BETWEEN):
        return False
    command = [sys.executable, "-m", "insightrepo", *command_words]
    try:
        with _log_file(workspace, command_words[0]) as file:
            child = subprocess.Popen(
                command,
                env=os.environ | _variables(workspace.settings),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,  # Ctrl+C is for whoever asked
            )
    except OSError as error:
        log.error("'insightrepo %s' is wanted and cannot be started here: %s", " ".join(command_words), error)
        return False
    _started[key] = (time.monotonic(), child)
    return True


def _log_file(workspace: Workspace, name: str) -> IO[bytes]:
    path = workspace.home / f"{name}.log"
    short = path.exists() and path.stat().st_size < LOG_BYTES
    return path.open("ab" if short else "wb")


def _variables(settings: Settings) -> dict[str, str]:
    """The settings in force as the environment of another process."""
    values = {f"{PREFIX}{name.upper()}": getattr(settings, name) for name in Settings.model_fields}
    values[f"{PREFIX}HOME"] = settings.home.resolve()
    return {name: str(value) for name, value in values.items() if value is not None}
