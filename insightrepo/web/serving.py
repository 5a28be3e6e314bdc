"""Serves the pages with gunicorn, in processes that each open the workspace for themselves."""

from __future__ import annotations

from typing import Any

from gunicorn.app.base import BaseApplication

from config import Settings, load_settings
from insightrepo.schema import require_current
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


def ready_workspace() -> Workspace:
    """The workspace that the environment names, if this version can serve it; nothing of it stays open.

    Raises:
        WorkspaceMissing: it has not been made.
        SchemaMismatch: its database is of another version; the message says what to run.
    """
    workspace = Workspace(load_settings())
    _ = workspace.master_key
    try:
        require_current(workspace.database.engine)
    finally:
        workspace.close()
    return workspace


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
