"""Keeps the days on which users came, once a day for each."""

from __future__ import annotations

import datetime as dt

from flask import Flask, Response, current_app, request
from flask_login import current_user
from sqlalchemy.exc import DBAPIError

from insightrepo.accounts.visits import note_visit, was_noted
from insightrepo.web.auth import PUBLIC
from insightrepo.web.request import reader, session, workspace

KEPT = "visits"  # the key in `app.extensions`: (user id, day) that this process knows are kept


def setup(app: Flask) -> None:
    """Note a visit after the first page of a day."""
    app.extensions[KEPT] = set()
    app.after_request(_note)


def _note(response: Response) -> Response:
    a_page = request.method == "GET" and response.status_code == 200 and request.endpoint not in PUBLIC
    if a_page and current_user.is_authenticated:
        _keep(reader().user_id, dt.date.today())
    return response


def _keep(user_id: int, day: dt.date) -> None:
    kept: set[tuple[int, dt.date]] = current_app.extensions[KEPT]
    if (user_id, day) in kept:
        return
    try:
        if not was_noted(session(), user_id, day):
            with workspace().database.writing() as writing:
                note_visit(writing, user_id, day)
    except DBAPIError as error:  # a page is not held up by it
        current_app.logger.warning("a visit was not noted: %s", error.orig)
    kept -= {one for one in kept if one[1] != day}
    kept.add((user_id, day))
