"""`insightrepo evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from indexes.evaluation import Malformed
from insightrepo.commands.common import Context, as_json_option, command, print_json, progress
from insightrepo.library.search.own_evaluation import ENOUGH, evaluate_own
from insightrepo.library.search.search_evaluation import evaluate_search
from insightrepo.library.tagging.tag_evaluation import evaluate_tags

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def evaluate() -> None:
    """Measure search and tagging through the product's own code: on judged files, or on your own judgements.

    \b
    Example:
      insightrepo evaluate tags --train train.csv --test test.csv --json
    """


@evaluate.command("search")
@click.option("--own", is_flag=True, help="On the judgements kept in this workspace; every engine, no files.")
@click.option("--corpus", type=FILE, help="JSON lines with id, text and optional title.")
@click.option("--queries", type=FILE, help="Lines of id, tab, query.")
@click.option("--judgments", type=FILE, help="TREC lines: query 0 document grade.")
@click.option(
    "--mode",
    type=click.Choice(("hybrid", "keyword", "meaning")),
    default="hybrid",
    show_default=True,
    help="Engines asked; --own asks each.",
)
@as_json_option
@command
def search(context: Context, own: bool, as_json: bool, **given: Any) -> None:
    """nDCG@10 (gain: the grade, at least 0), MAP, recall@100 and latency of search on a judged corpus.

    With --own nDCG@10 and MRR on what people called helpful or not, within what the acting user may see. Hits that
    nobody judged are taken out of the lists first.

    \b
    Examples:
      insightrepo evaluate search --corpus docs.jsonl --queries q.tsv --judgments j.trec
      insightrepo evaluate search --own
    """
    files = [given[name] for name in ("corpus", "queries", "judgments")]
    if own and any(files):
        raise click.UsageError("--own measures on this workspace's judgements: leave the files out")
    if not own and not all(files):
        raise click.UsageError("give --corpus, --queries and --judgments, or --own")
    context.reader_at_least("viewer")
    if own:
        _print_own(_measured_own(context), as_json)
        return
    with progress("indexing") as draw:
        _print(_measured(evaluate_search, context.workspace, progress=draw, **given), as_json)


@evaluate.command("tags")
@click.option("--train", type=FILE, required=True, help="Table with text, labels (separated by |) and optional group.")
@click.option("--test", type=FILE, required=True, help="Table of the same columns.")
@click.option(
    "--terms", type=FILE, help="Taxonomy (YAML), or table with label and words; else a label is its own words."
)
@click.option(
    "--shots", type=click.IntRange(0), help="Examples a label; 0: only the words of the terms; all when left out."
)
@click.option("--seeds", type=click.IntRange(1), default=1, show_default=True, help="Draws of the examples, averaged.")
@as_json_option
@command
def tags(context: Context, as_json: bool, **given: Any) -> None:
    """Accuracy, F1, precision and coverage of automatic tags, and calibration error of tagging.

    \b
    Example:
      insightrepo evaluate tags --train train.csv --test test.csv --shots 8 --seeds 10
    """
    context.reader_at_least("viewer")
    _print(_measured(evaluate_tags, context.workspace, **given), as_json)


def _measured(function: Any, *args: Any, **given: Any) -> dict[str, float]:
    try:
        return function(*args, **given)
    except (Malformed, ValueError) as error:
        raise click.ClickException(str(error)) from error


def _print(figures: dict[str, float], as_json: bool) -> None:
    if as_json:
        print_json(figures)
        return
    for name, value in figures.items():
        click.echo(f"{name:18} {value}")


def _measured_own(context: Context) -> dict[str, Any]:
    with context.workspace.database.reading() as session:
        return evaluate_own(context.workspace, session, context.reader(session))


def _print_own(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    if not found["enough"]:
        click.echo(f"not enough data: {found['queries']} questions with a helpful hit, {ENOUGH} are needed")
        return
    click.echo(f"{found['queries']} questions; hits that nobody judged are taken out of the lists")
    click.echo(f"{'':10}{'nDCG@10':>10}{'MRR':>10}{'judged of the first ten':>26}")
    for mode, means in found["modes"].items():
        click.echo(f"{mode:10}{means['ndcg_at_10']:10.3f}{means['mrr']:10.3f}{means['judged_at_10']:26.0%}")
    for mode, measures in found["differences"].items():
        words = (f"{label} {_interval(measures[name])}" for name, label in (("ndcg_at_10", "nDCG@10"), ("mrr", "MRR")))
        click.echo(f"hybrid less {mode}: {', '.join(words)}")


def _interval(found: dict[str, float]) -> str:
    return f"{found['difference']:+.3f} [{found['low']:+.3f}, {found['high']:+.3f}]"
