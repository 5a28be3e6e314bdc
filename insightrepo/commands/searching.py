"""`insightrepo search`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import click

from indexes.query_dates import DATE_FORMS, first_day, last_day
from insightrepo.commands.common import Context, as_json_option, command, print_json
from insightrepo.library.reading import NotVisible
from insightrepo.library.search.filters import storable
from insightrepo.library.search.hits import Hit, SearchQuery, SearchResult
from insightrepo.library.search.search import search as run_search
from insightrepo.library.search.search_gaps import keep_gap
from insightrepo.library.search.search_json import result_json
from insightrepo.models import EVIDENCE_KINDS


@click.command()
@click.argument("words", nargs=-1)
@click.option("--outcome", multiple=True, help="Only tagged with this outcome; repeatable.")
@click.option("--segment", multiple=True, help="Only of this segment; repeatable.")
@click.option("--product", multiple=True, help="Only of this product and below; repeatable.")
@click.option("--kind", multiple=True, type=click.Choice(EVIDENCE_KINDS), help="Only of this kind; repeatable.")
@click.option("--study", type=int, help="Only of the study with this number.")
@click.option("--since", help="From this day, month, quarter or year.")
@click.option("--until", help="Up to the end of this day, month, quarter or year.")
@click.option("--verified", is_flag=True, help="Only tags that a person or an import stands behind.")
@click.option(
    "--mode",
    type=click.Choice(("hybrid", "keyword", "meaning")),
    default="hybrid",
    show_default=True,
    help="Engines asked.",
)
@click.option(
    "--sort", type=click.Choice(("relevance", "newest", "gap")), default="relevance", show_default=True, help="Order."
)
@click.option("--like", type=click.IntRange(1), metavar="ID", help="Similar to this piece of evidence.")
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="Hits printed.")
@as_json_option
@command
def search(context: Context, words: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Search evidence; each hit stands beside the current score of its outcomes.

    "Quoted words" are a phrase, -word excludes, outcome:FT-01 and the other fields filter; docs/searching.md says all.

    \b
    Examples:
      insightrepo search "people could not find the download"
      insightrepo search stops --outcome FT-01 --since 2025-Q2 --json
      insightrepo search --like 112 kind:verbatim
    """
    filters = {name: given[name] for name in ("outcome", "segment", "product", "kind") if given[name]}
    query = SearchQuery(
        words=storable(" ".join(words)),
        filters=filters,
        study=given["study"],
        since=_day(given["since"], first_day),
        until=_day(given["until"], last_day),
        **{name: given[name] for name in ("verified", "mode", "sort", "limit", "like")},
    )
    with context.workspace.database.reading() as session:
        try:
            result = run_search(context.workspace, session, context.reader(session), query)
        except NotVisible as error:
            raise click.ClickException(f"{error} was not found: --like takes the number in [ ] of a hit") from error
    keep_gap(context.workspace, result)
    if as_json:
        print_json(result_json(result))
    else:
        _print_result(result)


def _day(text: str | None, read: Callable[[str], dt.date | None]) -> dt.date | None:
    found = read(text) if text else None
    if text and found is None:
        raise click.UsageError(f"{text!r} is not a date: write {DATE_FORMS}")
    return found


def _print_result(result: SearchResult) -> None:
    for note in result.notes:
        click.echo(f"note: {note}", err=True)
    if result.suggestion:
        click.echo(f"note: did you mean: {result.suggestion.words}", err=True)
    if result.like:
        click.echo(f"similar to [{result.like.id}] “{' '.join(result.like.text.split())}”")
    more = "+" if result.capped else ""
    click.echo(
        f"{result.total:,}{more} hits, {result.people:,} people, {result.studies:,} studies{_with_words(result)}"
    )
    for number, hit in enumerate(result.hits, start=1):
        click.echo(f"\n{number}. [{hit.id}] {_source(hit)}")
        click.echo(f"   “{' '.join(hit.text.split())}”")
        for tag in hit.outcomes:
            click.echo(f"   {tag.code} ({tag.state}) {chip_words(tag.chip)}")
    if result.similar_studies:
        click.echo("\nStudies that may have asked this:")
    for study in result.similar_studies:
        facts = ", ".join(filter(None, (study.method, study.when, f"{study.hits} of the best hits")))
        click.echo(f"   study {study.id}: {study.title} ({facts})")


def _with_words(result: SearchResult) -> str:
    """How many hold the words, where others are only near in meaning."""
    having = result.with_words
    if having is None or having.hits == result.total:
        return ""
    which = "any of the words" if having.several else "the word"
    return f"; {having.hits:,}{'+' if having.capped else ''} with {which}, the others near in meaning"


def _source(hit: Hit) -> str:
    return " · ".join(filter(None, (hit.kind, hit.study, hit.place, *hit.segments, *hit.products, hit.date)))


def chip_words(chip) -> str:
    """A chip on one line: measure, value with interval, n, wave, what to hold against it, and verdict."""
    if chip is None:
        return "no score"
    wider = f"wider: {chip.fell_back}" if chip.fell_back else None
    basis = ", ".join(filter(None, (chip.wave, "provisional" if chip.provisional else None, chip.note, wider)))
    if chip.value is None:
        return f"{chip.measure}: not enough data, {basis}"
    interval = f" ({chip.low:.0f} to {chip.high:.0f})" if chip.low is not None else ""
    return f"{chip.measure} {chip.value:.0f} {chip.unit}{interval}, n {chip.n}, {basis}, {chip.verdict}"
