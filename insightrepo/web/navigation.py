"""What the top and the foot of every page lead to: places that exist, and that the reader may open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask import Flask, current_app, request

from insightrepo.accounts.access import Reader
from insightrepo.library.comments import unread
from insightrepo.web.links import url_for
from insightrepo.web.request import session


@dataclass(frozen=True)
class Place:
    """A page one can go to. `rooms` are the blueprints whose pages belong to it, `role` who may open it."""

    label: str
    endpoint: str
    rooms: tuple[str, ...] = ()
    role: str = "viewer"
    unscoped: bool = False  # only for who is not limited to a part of the workspace


@dataclass(frozen=True)
class Link:
    """A place as it is shown to one reader on one page."""

    label: str
    address: str
    current: bool
    new: int = 0  # that wait for the reader there


INBOX = "inbox.inbox"

# Find, decide, know: a group stands a little apart from the next.
TOP: tuple[tuple[Place, ...], ...] = (
    (
        Place("Home", "home.home", ("home",)),
        Place("Search", "search.results", ("search", "evidence", "judgements", "questions")),
    ),
    (
        Place("What changed", "changes.changes", ("changes", "packs", "scores")),
        Place("Where to act", "act.landscape", ("act", "targets")),
    ),
    (
        Place("Outcomes", "outcomes.outcomes", ("outcomes", "validations")),
        Place("Products", "taxonomy.products", ("taxonomy",)),
        Place("Studies", "studies.studies", ("studies", "study_editing", "insights", "quantities")),
        Place("Waves", "waves.waves", ("waves", "measuring", "glossary")),
    ),
)
WORK: tuple[Place, ...] = (
    Place("Import", "importing.start", ("importing",), role="contributor"),
    Place("Inbox", INBOX, ("inbox",)),
)
OWN: tuple[Place, ...] = (
    Place("Administration", "admin.overview", ("admin",), role="administrator", unscoped=True),
    Place("Help", "frame.help_page"),
)
FOOT: tuple[tuple[str, tuple[Place, ...]], ...] = (
    (
        "Find",
        (
            Place("Search", "search.results"),
            Place("Studies", "studies.studies"),
            Place("Questions to researchers", "questions.questions"),
            Place("Numbers in reports", "quantities.quantities"),
            Place("Glossary", "glossary.words"),
        ),
    ),
    (
        "Decide",
        (
            Place("What changed", "changes.changes"),
            Place("Opportunity landscape", "act.landscape"),
            Place("Journey", "act.journey"),
            Place("Coverage", "act.coverage"),
            Place("Targets", "targets.targets"),
            Place("Review packs", "packs.packs"),
        ),
    ),
    (
        "Measure",
        (
            Place("Outcomes", "outcomes.outcomes"),
            Place("Review of the outcomes", "outcomes.register", role="researcher"),
            Place("Validation", "validations.validations"),
            Place("Waves", "waves.waves"),
            Place("Segments", "taxonomy.segments"),
            Place("Usability kit", "glossary.kit"),
        ),
    ),
    (
        "Here",
        (
            Place("Help", "frame.help_page"),
            Place("Components", "frame.style"),
        ),
    ),
)


def setup(app: Flask) -> None:
    """Make the functions below known to the templates."""
    for function in (top_links, work_links, own_links, foot_links):
        app.add_template_global(function)


def top_links(reader: Reader) -> list[list[Link]]:
    """The groups of the navigation; a group of which the reader may open nothing is left out."""
    return [links for group in TOP if (links := _links(group, reader))]


def work_links(reader: Reader) -> list[Link]:
    """What the reader brings in and is asked about."""
    return _links(WORK, reader)


def own_links(reader: Reader) -> list[Link]:
    """What is behind the reader's name."""
    return _links(OWN, reader)


def foot_links(reader: Reader) -> list[tuple[str, list[Link]]]:
    """Headings of the foot, each with its pages."""
    return [(heading, links) for heading, group in FOOT if (links := _links(group, reader))]


def _links(places: Sequence[Place], reader: Reader) -> list[Link]:
    return [
        Link(
            place.label,
            url_for(place.endpoint),
            request.blueprint in place.rooms,
            unread(session(), reader) if place.endpoint == INBOX else 0,
        )
        for place in _open_to(places, reader)
    ]


def _open_to(places: Iterable[Place], reader: Reader) -> Iterable[Place]:
    limited = reader.products is not None or reader.segments is not None
    return (
        place
        for place in places
        if place.endpoint in current_app.view_functions
        and reader.at_least(place.role)
        and not (place.unscoped and limited)
    )
