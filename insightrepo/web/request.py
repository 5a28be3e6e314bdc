"""What one request has at hand: the workspace, a reading session and the reader who asks."""

from __future__ import annotations

from contextlib import ExitStack

from flask import current_app, g
from flask_login import current_user
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.workspace import Workspace


def workspace() -> Workspace:
    """The workspace that this app serves."""
    return current_app.extensions["workspace"]


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
