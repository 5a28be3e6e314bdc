"""The application as it is served, with the number of the process that answered in a header: `answering_worker:app`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from insightrepo.web import create_app

_app = create_app()


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """What gunicorn calls."""

    def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        return start_response(status, [*headers, ("X-Worker", str(os.getpid()))], *rest)

    return _app(environ, start)
