"""Errors as calm pages: what happened and what to do, never a traceback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from flask import Flask, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError, SQLAlchemyError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from indexes.parts import IndexMismatch
from indexes.state import IndexDamaged
from insightrepo.accounts.access import Forbidden
from insightrepo.library.indexing.background import ask_for_maintenance
from insightrepo.library.reading import NotVisible
from insightrepo.schema import SchemaMismatch, require_current
from insightrepo.web.formatting import sentence
from insightrepo.web.request import workspace
from insightrepo.workspace import WorkspaceMissing

PAGES = {
    400: ("This request could not be read", "Go back, reload the page and try again."),
    403: ("This is not yours to do", "Your role does not include it. Ask an administrator if it should."),
    404: (
        "Nothing is here",
        "It may have been removed, or it is not shared with you. Search for it, or check the address.",
    ),
    405: ("This page does not work that way", "Go back and use the buttons of the page."),
    409: ("This cannot be done now", "Something has changed meanwhile: reload the page and look again."),
    413: (
        "That is too much at once",
        "What was sent is larger than this page takes. Go back and send fewer or smaller files.",
    ),
    429: ("Too many tries", "Wait a minute, then try again."),
    500: ("Something went wrong here", "It has been logged. Try again; if it stays, tell whoever runs this server."),
    503: ("The workspace is not ready", "Run “insightrepo init” on the server, then reload this page."),
}
PIECE = 64 * 1024  # bytes
DRAIN_SECONDS = 120.0


def setup(app: Flask) -> None:
    """Give every error its page."""
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(RequestEntityTooLarge, _too_large)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(NotVisible, lambda _error: page(404))
    app.register_error_handler(Forbidden, lambda error: page(403, detail=str(error)))
    app.register_error_handler(WorkspaceMissing, lambda error: page(503, detail=str(error)))
    app.register_error_handler(OperationalError, _no_database)
    app.register_error_handler(ProgrammingError, _no_database)  # PostgreSQL's word for a missing table
    app.register_error_handler(IndexMismatch, _no_indexes)
    app.register_error_handler(IndexDamaged, _no_indexes)


def page(code: int, detail: str = "") -> tuple[str, int]:
    """The page of an error; `detail` stands in for the usual advice."""
    title, advice = PAGES.get(code, PAGES[400 if code < 500 else 500])
    values = {"code": code, "title": title, "advice": detail or advice}
    if code < 500:
        return render_template("errors/error.html", **values), code
    # Without the usual context: to ask who is signed in could fail again.
    return current_app.jinja_env.get_template("errors/error.html").render(**values), code


def _http_error(error: HTTPException) -> ResponseReturnValue:
    body, code = page(error.code or 500)
    headers = [pair for pair in error.get_headers() if pair[0] in ("Allow", "Retry-After")]
    return body, code, headers


def _too_large(_error: RequestEntityTooLarge) -> ResponseReturnValue:
    _drain()
    if current_user.is_authenticated:
        return page(413)
    return page(413, "You are not signed in, or not any more. Go back, sign in, then send it again.")


def _drain() -> None:
    """Read what is still being sent and forget it: a connection that is closed over it loses the page that says why."""
    if not request.environ.get("wsgi.input_terminated"):  # a server whose stream has no end of its own
        return
    deadline, left = time.monotonic() + DRAIN_SECONDS, 2 * workspace().settings.max_file_megabytes * 2**20
    with _deaf_after(DRAIN_SECONDS, request.environ.get("gunicorn.socket")), suppress(OSError):
        while left > 0 and time.monotonic() < deadline:
            piece = len(request.environ["wsgi.input"].read(PIECE))
            left -= piece
            if not piece:
                return


@contextmanager
def _deaf_after(seconds: float, connection: socket.socket | None) -> Iterator[None]:
    """After so long nothing more is heard of the client, however slowly it sends: a read that waits then ends."""
    if connection is None:
        yield
        return
    timer = threading.Timer(seconds, _hear_no_more, (connection,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _hear_no_more(connection: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        connection.shutdown(socket.SHUT_RD)


def _stale_form(_error: CSRFError) -> ResponseReturnValue:
    return page(
        400, "The form was open too long or came from another site. Go back, reload the page and send it again."
    )


def _no_database(error: DBAPIError) -> ResponseReturnValue:
    current_app.logger.error("the database cannot be read: %s", error.orig)
    try:
        require_current(workspace().database.engine)
    except SchemaMismatch as mismatch:
        return page(503, sentence(mismatch))
    except SQLAlchemyError:
        pass
    if isinstance(error, OperationalError):
        return page(503, "The database cannot be read. Run “insightrepo check” on the server to see why.")
    return page(500)


def _no_indexes(error: IndexMismatch | IndexDamaged) -> ResponseReturnValue:
    current_app.logger.error("the indexes cannot be read: %s", error)
    if isinstance(error, IndexDamaged):
        ask_for_maintenance(workspace())
        return page(503, "The search index was damaged and is being rebuilt; nothing is lost. Try again in a minute.")
    return page(503, "The indexes cannot be read. Run “insightrepo reindex” on the server: nothing is lost by it.")
