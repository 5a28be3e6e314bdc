"""Everything on the home page, read together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.accounts.visits import last_visit
from insightrepo.home.attention import AttentionList, what_to_look_at
from insightrepo.home.news import News, read_news
from insightrepo.home.products import MyProducts, my_products
from insightrepo.home.stale import Stale, read_stale
from insightrepo.library.indexing.indexing import follow
from insightrepo.library.requests import RequestShown, list_requests
from insightrepo.library.search.search_gaps import list_gaps
from insightrepo.memory import remembered
from insightrepo.models import SearchGap
from insightrepo.workspace import Workspace

MOST_ASKED = 5


@dataclass(frozen=True)
class Home:
    """The list and what stands below it. `gaps` are the words of others: None unless the reader is a researcher."""

    mine: MyProducts
    attention: AttentionList
    news: News
    stale: Stale
    gaps: Sequence[SearchGap] | None
    requests: tuple[RequestShown, ...]


def read_home(workspace: Workspace, session: Session, reader: Reader, today: dt.date | None = None) -> Home:
    """The home page of a reader. What it takes longest to read is remembered until something is committed."""
    day = today or dt.date.today()
    state = follow(workspace)
    bitmaps = state.bitmaps
    mine = my_products(session, reader)
    before = last_visit(session, reader.user_id, day)
    return Home(
        mine=mine,
        attention=remembered(
            session, ("what to look at", reader, mine, day, str(state.manifest.parts["bitmaps"])),
            lambda: what_to_look_at(workspace, session, reader, mine, day),
        ),
        news=read_news(session, reader, bitmaps, mine.below, before, day),
        stale=read_stale(session, reader, mine.below, day),
        gaps=list_gaps(session, reader, MOST_ASKED) if reader.at_least("researcher") else None,
        requests=list_requests(session, reader, MOST_ASKED),
    )  # fmt: skip
