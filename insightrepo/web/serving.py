"""Serves the pages with gunicorn, in processes that each open the workspace for themselves."""

from __future__ import annotations

from typing import Any

from gunicorn.app.base import BaseApplication

from config import Settings
from insightrepo.web import create_app
from insightrepo.workspace import Workspace


class _Server(BaseApplication):
    def __init__(self, settings: Settings, options: dict[str, Any]) -> None:
        self._settings = settings
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        # Called in each worker after the fork: FAISS and SQLite must not be opened before it.
        return create_app(Workspace(self._settings))


def serve(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve until a signal stops it; `workers` processes of four threads each."""
    options = {
        "bind": f"{host}:{port}",
        "workers": workers,
        "worker_class": "gthread",
        "threads": 4,
        "timeout": 120,  # seconds
        "control_socket_disable": True,  # it would be written to the home folder
    }
    _Server(settings, options).run()
