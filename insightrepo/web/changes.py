"""What changed between two waves, and why one outcome did: score, task, words on one page that prints."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from insightrepo.library.why.why import NotMoved, Why, why
from insightrepo.library.why.why_words import caveats, headline, intervention_words, same_people_words, warnings
from insightrepo.scores.changes import NoSuchStep, choices, what_changed
from insightrepo.scores.chips import points_of
from insightrepo.scores.reading import ScoreRow
from insightrepo.scores.waves.waves import WaveUnknown
from insightrepo.taxonomy.reading import UnknownTerm
from insightrepo.web.bars import effect_bars
from insightrepo.web.request import reader, session, workspace
from insightrepo.web.trend import Trend, draw

blueprint = Blueprint("changes", __name__)


@blueprint.get("/changes")
def changes() -> ResponseReturnValue:
    """The real changes between two waves, largest first, by default of the latest."""
    asked = {name: request.args.get(name) or None for name in ("from", "to", "measure", "segment", "product")}
    asked["to"] = asked["to"] or request.args.get("wave") or None  # as the addresses of the other pages name it
    offered = choices(session(), reader())
    error = None
    try:
        found = what_changed(session(), reader(), asked["from"], asked["to"], asked["measure"], asked["segment"],
                             asked["product"])  # fmt: skip
    except (NoSuchStep, WaveUnknown) as wrong:
        error = str(wrong)
        found = what_changed(session(), reader())
    page = render_template("changes/changes.html", found=found, asked=asked, choices=offered, error=error)
    return page, 404 if error else 200


@blueprint.get("/outcomes/<path:code>/why")
def why_moved(code: str) -> ResponseReturnValue:
    """Why an outcome's satisfaction moved: what, where, with which task, in which words."""
    asked = {name: request.args.get(name) or None for name in ("from", "to", "segment", "product")}
    try:
        found = why(session(), reader(), workspace(), code, asked["from"], asked["to"], asked["segment"],
                    asked["product"])  # fmt: skip
    except (NotMoved, UnknownTerm, WaveUnknown) as wrong:
        return render_template("changes/nothing.html", code=code, reason=str(wrong)), 404
    return render_template("changes/why.html", **_shown(found))


def _shown(found: Why) -> dict[str, Any]:
    splits = [
        *((split, f"Satisfaction by {split.title.lower()}") for split in found.splits),
        *((split, f"Importance by {split.title.lower()}") for split in found.importance_splits),
        *([(found.task_index, "Task success, by task")] if found.task_index else []),
    ]
    return {
        "why": found,
        "headline": headline(found),
        "warnings": warnings(found),
        "caveats": caveats(found),
        "trend": _trend(found.history),
        "splits": [(split, effect_bars(split), title) for split, title in splits],
        "choices": choices(session(), reader()),
        "names": {part.code: part.name for split in found.splits for part in split.parts},
        "permalink": _permalink(found),
        "words_of": intervention_words,
        "same_people_words": same_people_words,
    }


def _permalink(found: Why) -> dict[str, str | None]:
    """What an address names, so that the page stays the same when later waves come."""
    question = found.question
    return {
        "code": question.outcome.code,
        "from": question.before.code,
        "to": question.after.code,
        "segment": question.segment.code if question.segment else None,
        "product": question.product.code if question.product else None,
    }


def _trend(history: tuple[ScoreRow, ...]) -> Trend | None:
    return draw(points_of(history), "satisfaction", "percent")
