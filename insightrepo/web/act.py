"""Where to act: landscape, portfolio, journey, coverage, disagreements and targets, each with its list to take away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_talisman import Talisman

from insightrepo.library.terms.coverage import ADVICE, STRONG, Evidence, read_coverage
from insightrepo.library.terms.sheets import (
    coverage_sheet,
    disagreement_sheet,
    journey_sheet,
    landscape_sheet,
    portfolio_sheet,
    target_sheet,
)
from insightrepo.scores.acting.choosing import Choice, OutcomeShown, choose_known, outcomes_in_use
from insightrepo.scores.acting.disagreements import Disagreement, read_disagreements
from insightrepo.scores.acting.exporting import Sheet
from insightrepo.scores.acting.journey import Journey, read_journey
from insightrepo.scores.acting.landscape import read_landscape
from insightrepo.scores.acting.portfolio import SHOWN, read_portfolio
from insightrepo.scores.acting.targets import list_targets
from insightrepo.web.act_figures import cell_shade, coverage_figure, landscape_figure, portfolio_figure
from insightrepo.web.downloads import download
from insightrepo.web.request import reader, session, workspace
from insightrepo.web.security import POLICY

Options = tuple[str, list[tuple[str, str]]]
FILTERS = ("wave", "segment", "product")
TABS = (
    ("act.landscape", "Landscape"), ("act.portfolio", "Portfolio"), ("act.journey", "Journey"),
    ("act.coverage", "Coverage"), ("act.disagreements", "Disagreements"), ("targets.targets", "Targets"),
)  # fmt: skip

blueprint = Blueprint("act", __name__)


@dataclass(frozen=True)
class Asked:
    """What the address asks for: the cell, and in words what of it nobody knows and was left out."""

    choice: Choice
    notes: tuple[str, ...]

    @property
    def waves(self) -> list[Options]:
        """What may be chosen, for the lists of the filter: (group, [(value, text)])."""
        return [("", [(code, code) for code in self.choice.waves])]

    @property
    def segments(self) -> list[Options]:
        """The segments by dimension."""
        by_dimension = groupby(self.choice.segments, key=lambda segment: segment.group)
        return [(dimension, [(s.code, s.name) for s in some]) for dimension, some in by_dimension]

    @property
    def products(self) -> list[Options]:
        """The products in the tree's order."""
        return [("", [(product.code, product.name) for product in self.choice.products])]

    @property
    def address(self) -> dict[str, str]:
        """The filters in force as they stand in an address."""
        chosen = {"wave": request.args.get("wave") and self.choice.wave, "segment": self.choice.segment_code,
                  "product": self.choice.product_code}  # fmt: skip
        return {name: value for name, value in chosen.items() if value and value != "all"}


def setup(app: Flask, talisman: Talisman) -> None:
    """Let the sites that the settings name show a chart in a frame; no other page is ever framed."""
    app.add_template_global(TABS, "act_tabs")
    origins = app.extensions["workspace"].settings.frame_ancestors
    if origins:
        policy = {**POLICY, "frame-ancestors": " ".join(origins)}
        framed = talisman(content_security_policy=policy, frame_options=None)
        app.view_functions["act.embed"] = framed(app.view_functions["act.embed"])


@blueprint.get("/act")
def home() -> ResponseReturnValue:
    """The first of the tabs."""
    asked = {name: value for name, value in request.args.items() if name in FILTERS}
    return redirect(url_for("act.landscape", **asked))


@blueprint.get("/act/landscape")
def landscape() -> ResponseReturnValue:
    """Importance by satisfaction, with the sorted list beside it."""
    asked = _asked()
    ipa = _by_quadrant()
    found = read_landscape(session(), reader(), asked.choice)
    figure = landscape_figure(found, ipa)
    return _page("landscape", asked, found=found, ipa=ipa, figure=figure, apart=_apart(asked.choice))


@blueprint.get("/act/portfolio")
def portfolio() -> ResponseReturnValue:
    """Outcomes by product as a heat map, and the largest gaps as a list."""
    asked = _asked()
    found = read_portfolio(session(), reader(), asked.choice, _shown(), request.args.get("sort"))
    options = [("", [(name, words) for name, (words, _, _) in SHOWN.items()])]
    parents = {product.group for product in asked.choice.products}
    figure = portfolio_figure(found)
    values = {"shown": SHOWN, "options": options, "shade": cell_shade, "parents": parents}
    return _page("portfolio", asked, found=found, figure=figure, apart=_apart(asked.choice), **values)


@blueprint.get("/act/journey")
def journey() -> ResponseReturnValue:
    """The stages of the journey in order, each with its outcomes."""
    asked = _asked()
    found = read_journey(session(), reader(), asked.choice)
    counted = Evidence(workspace(), session(), reader(), found.choice.segments)
    by_stage = [counted.counts_of([step.outcome.id for step in stage.steps]) for stage in found.stages]
    by_outcome = _evidence(found, counted)
    values = {"evidence": by_outcome, "stage_evidence": by_stage, "apart": _apart(asked.choice)}
    return _page("journey", asked, found=found, **values)


@blueprint.get("/act/coverage")
def coverage() -> ResponseReturnValue:
    """Opportunity by strength of evidence: where to act and where to research."""
    asked = _asked()
    found = read_coverage(workspace(), session(), reader(), asked.choice)
    groups = [(quadrant, list(some)) for quadrant, some in groupby(found.outcomes, key=lambda c: c.quadrant)]
    values = {"figure": coverage_figure(found), "groups": groups, "advice": ADVICE, "apart": _apart(asked.choice)}
    return _page("coverage", asked, found=found, strong=STRONG, **values)


@blueprint.get("/act/disagreements")
def disagreements() -> ResponseReturnValue:
    """The outcomes whose segments disagree."""
    asked, outcomes = _asked(), outcomes_in_use(session(), reader())
    names = {outcome.code: outcome.name for outcome in outcomes}
    return _page("disagreements", asked, found=_disagreements(asked.choice, outcomes), names=names)


@blueprint.get("/act/<any(landscape, portfolio, journey, coverage, disagreements, targets):name>.<any(csv, xlsx):kind>")
def sheet(name: str, kind: str) -> ResponseReturnValue:
    """The list of a tab as a file, with the filters of the address."""
    return download(_sheet(name, _asked().choice), name, kind)


@blueprint.get("/embed/<any(landscape, portfolio, coverage):name>")
def embed(name: str) -> ResponseReturnValue:
    """A chart alone, for a frame on a site that the settings name; for who is signed in."""
    asked = _asked()
    if name == "landscape":
        figure = landscape_figure(read_landscape(session(), reader(), asked.choice), _by_quadrant())
    elif name == "portfolio":
        figure = portfolio_figure(read_portfolio(session(), reader(), asked.choice, _shown()))
    else:
        figure = coverage_figure(read_coverage(workspace(), session(), reader(), asked.choice))
    return render_template("act/embed.html", name=name, figure=figure, asked=asked)


def _by_quadrant() -> bool:
    return request.args.get("by") == "quadrant"


def _shown() -> str:
    """What the cells of the portfolio are to show."""
    show = request.args.get("show", "gap")
    return show if show in SHOWN else "gap"


def _asked() -> Asked:
    """The cell that the address names; what nobody knows is left out and said."""
    wanted = {name: request.args.get(name, "").strip() for name in FILTERS}
    choice, unknown = choose_known(session(), reader(), **wanted)
    return Asked(choice, unknown)


def _page(name: str, asked: Asked, **values: Any) -> str:
    return render_template(f"act/{name}.html", tab=f"act.{name}", asked=asked, choice=asked.choice, **values)


def _apart(choice: Choice) -> dict[str, Disagreement]:
    """The disagreements of segments by outcome, where the scores shown are everybody's."""
    if choice.segment is not None:
        return {}
    return {one.outcome: one for one in _disagreements(choice, outcomes_in_use(session(), reader()))}


def _evidence(found: Journey, counted: Evidence) -> dict[str, tuple[int, int, int]]:
    """Pieces, people and studies by outcome code, of what the reader may see."""
    return {step.outcome.code: counted.counts(step.outcome) for stage in found.stages for step in stage.steps}


def _disagreements(choice: Choice, outcomes: Iterable[OutcomeShown]) -> list[Disagreement]:
    """The disagreements of the chosen wave, by code of their outcome."""
    if choice.wave is None:
        return []
    found = read_disagreements(session(), reader(), [outcome.id for outcome in outcomes], choice.wave)
    return sorted(found.values(), key=lambda one: one.outcome)


def _sheet(name: str, choice: Choice) -> Sheet:
    if name == "landscape":
        return landscape_sheet(read_landscape(session(), reader(), choice))
    if name == "portfolio":
        return portfolio_sheet(read_portfolio(session(), reader(), choice, _shown()))
    if name == "journey":
        found = read_journey(session(), reader(), choice)
        counted = Evidence(workspace(), session(), reader(), found.choice.segments)
        return journey_sheet(found, _evidence(found, counted))
    if name == "coverage":
        return coverage_sheet(read_coverage(workspace(), session(), reader(), choice))
    if name == "disagreements":
        return disagreement_sheet(_disagreements(choice, outcomes_in_use(session(), reader())))
    return target_sheet(list_targets(session(), reader()))
