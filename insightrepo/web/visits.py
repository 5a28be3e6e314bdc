"""Keeps the days on which users came, once a day for each, and how many searches they ran and citations they took."""

from __future__ import annotations

import atexit
import datetime as dt
import weakref
from collections.abc import Callable
from functools import partial

from flask import Flask, Response, current_app, request
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from insightrepo.accounts.visits import Use, Uses, keep_uses, note_visit, was_noted
from insightrepo.web.auth import PUBLIC
from insightrepo.web.request import reader, session, workspace

KEPT = "visits"  # the key in `app.extensions`: (user id, day) that this process knows are kept
USES = "uses"  # the key of what this process counted and has not kept yet


def setup(app: Flask) -> None:
    """Note a visit after the first page of a day; keep what was counted now and then, and when the process ends."""
    app.extensions[KEPT] = set()
    app.extensions[USES] = Uses()
    app.after_request(_note)
    app.after_request(partial(_keep_after_it, app))
    atexit.register(_keep_at_the_end, weakref.ref(app))


def count(use: Use) -> None:
    """Count that the reader ran a search or took a citation; it is kept after a later page, in five minutes or more."""
    current_app.extensions[USES].add(reader().user_id, dt.date.today(), use)


def keep_now(app: Flask) -> None:
    """Keep what this process counted. Where it cannot be kept it is logged, and counted on."""
    uses: Uses = app.extensions[USES]
    counts = uses.take()
    if not counts:
        return
    try:
        with app.extensions["workspace"].database.writing() as writing:
            keep_uses(writing, counts)
    except SQLAlchemyError as error:  # of the database, or no connection was free
        app.logger.warning("what was used was not kept: %s", getattr(error, "orig", error))
        uses.give_back(counts)


def _keep_after_it(app: Flask, response: Response) -> Response:
    """Not before the answer is sent: nobody waits for it."""
    if app.extensions[USES].are_due():
        response.call_on_close(partial(keep_now, app))
    return response


def _keep_at_the_end(app: Callable[[], Flask | None]) -> None:
    if (found := app()) is not None:
        keep_now(found)


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
    except SQLAlchemyError as error:  # a page is not held up by it
        current_app.logger.warning("a visit was not noted: %s", getattr(error, "orig", error))
    kept -= {one for one in kept if one[1] != day}
    kept.add((user_id, day))
