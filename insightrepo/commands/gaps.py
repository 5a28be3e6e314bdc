"""`insightrepo search-gaps`."""

from __future__ import annotations

import click

from insightrepo.commands.common import Context, as_json_option, command, print_json
from insightrepo.library.search.questions import in_words
from insightrepo.library.search.search_gaps import list_gaps
from insightrepo.models import SearchGap


@click.command("search-gaps")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Questions printed.")
@as_json_option
@command
def search_gaps(context: Context, limit: int, as_json: bool) -> None:
    """What people searched for and did not find, or nothing near it: the research that is missing.

    Asked on most days first. Personal data is taken out of the words, and nobody's name is kept with them.

    \b
    Example:
      insightrepo search-gaps --limit 20
    """
    with context.workspace.database.reading() as session:
        found = [_values(gap) for gap in list_gaps(session, context.reader(session), limit)]
    if as_json:
        print_json(found)
        return
    for gap in found:
        near = "" if gap["best_cosine"] is None else f", best cosine {gap['best_cosine']:.2f}"
        days = f"{gap['days']} day{'' if gap['days'] == 1 else 's'}"
        within = f" ({gap['filters']})" if gap["filters"] else ""
        click.echo(f"{gap['words']}{within}: {gap['hits']} hits{near}, asked on {days}, last {gap['last']}")
    if not found:
        click.echo("every search found something near")


def _values(gap: SearchGap) -> dict[str, str | int | float | None]:
    return {
        "words": gap.words,
        "filters": in_words(gap.filters),
        "hits": gap.hits,
        "best_cosine": None if gap.best_cosine is None else round(gap.best_cosine, 3),
        "days": gap.days,
        "first": gap.first_at.date().isoformat(),
        "last": gap.last_at.date().isoformat(),
    }
