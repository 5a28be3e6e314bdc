"""What one request has at hand: the workspace, a reading session and the reader who asks."""

from __future__ import annotations

from contextlib import ExitStack
from io import BytesIO
from typing import IO

from flask import Request, current_app, g
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.routing import IntegerConverter, Map

from insightrepo.accounts.access import Reader
from insightrepo.workspace import Workspace

MAX_ID = 2**31 - 1


class InMemoryRequest(Request):
    """A request whose files stay in memory: what is uploaded is never in clear on disk."""

    def _get_file_stream(
        self, total_content_length: int | None, content_type: str | None, filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:  # fmt: skip
        return BytesIO()


def workspace() -> Workspace:
    """The workspace that this app serves."""
    return current_app.extensions["workspace"]


def is_id(text: str) -> bool:
    """Whether the text is a number that a row may have: ids are 32-bit."""
    return text.isascii() and text.isdigit() and len(text) < 11 and 0 < int(text) <= MAX_ID


class IdConverter(IntegerConverter):
    """``<id:study_id>`` in a route: a larger number is no page instead of an error of the database."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, min=1, max=MAX_ID)


def session() -> Session:
    """The request's reading session, opened at first use and closed with the request."""
    if "session" not in g:
        g.session_stack = ExitStack()
        g.session = g.session_stack.enter_context(workspace().database.reading())
    return g.session


def reader() -> Reader:
    """The signed-in reader; the permission filter is made of it."""
    return current_user.reader


def close_session(_error: BaseException | None = None) -> None:
    """Give the reading session back; called at the end of each request."""
    stack = g.pop("session_stack", None)
    g.pop("session", None)
    if stack is not None:
        stack.close()
