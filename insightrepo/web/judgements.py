"""Whether a hit helped with what was asked: two buttons beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import HiddenField, IntegerField
from wtforms.validators import AnyOf, NumberRange, Optional

from insightrepo.library.reading import NotVisible
from insightrepo.library.search.hits import Hit, SearchQuery, SearchResult
from insightrepo.library.search.judgements import NothingAsked, is_question, judge, judged, withdraw
from insightrepo.library.tagging.tagging import NotThere
from insightrepo.web.address import Links, parse
from insightrepo.web.errors import page
from insightrepo.web.links import url_for
from insightrepo.web.request import reader, session, workspace

blueprint = Blueprint("judgements", __name__)
SAID = {"helpful": True, "not-helpful": False, "withdraw": None}
LAST_RANK = 1_000_000


class JudgementForm(FlaskForm):
    """A word on one hit and the rank at which it was shown; the address says what was asked."""

    said = HiddenField(validators=[AnyOf(tuple(SAID))])
    rank = IntegerField(validators=[Optional(), NumberRange(1, LAST_RANK)])


@dataclass(frozen=True)
class Judging:
    """What a hit of a page of results needs: where its buttons send to, its rank, what the reader said before."""

    links: Links
    ranks: Mapping[int, int]
    said: Mapping[int, bool]

    def address(self, hit: Hit) -> str:
        """Where the judgement of a hit is sent."""
        return f"{url_for('judgements.judgement', evidence_id=hit.id)}?{self._asked}"

    @cached_property
    def _asked(self) -> str:
        return self.links.at_page(self.links.page).partition("?")[2]

    def of_its_study(self, hit: Hit) -> str:
        """The same question within the hit's study alone."""
        return self.links.put("study", hit.study_id)


def judging(query: SearchQuery, result: SearchResult) -> Judging | None:
    """The buttons for a page of results; None where there are no words to judge the hits by."""
    if not is_question(query):
        return None
    ranks = {hit.id: rank for rank, hit in enumerate(result.hits, start=query.offset + 1)}
    said = judged(workspace(), session(), reader(), query, list(ranks))
    return Judging(Links(query), ranks, said)


@blueprint.post("/evidence/<id:evidence_id>/judgement")
def judgement(evidence_id: int) -> ResponseReturnValue:
    """Keep or take back what the reader says of a hit; back to the same page at the same hit, or as JSON."""
    form = JudgementForm()
    query, _ = parse(request.args)
    if not form.validate():
        return page(400)
    helpful = SAID[str(form.said.data)]
    try:
        _keep(query, evidence_id, helpful, form.rank.data)
    except NotThere as error:
        raise NotVisible(str(error)) from error
    except NothingAsked as error:
        return page(400, str(error))
    if request.accept_mimetypes.best == "application/json":
        return {"helpful": helpful}
    links = Links(query)
    return redirect(f"{links.at_page(links.page)}#hit-{evidence_id}")


def _keep(query: SearchQuery, evidence_id: int, helpful: bool | None, rank: int | None) -> None:
    with workspace().database.writing() as writing:
        if helpful is None:
            withdraw(workspace(), writing, reader(), query, evidence_id)
        else:
            judge(workspace(), writing, reader(), query, evidence_id, helpful, rank)
