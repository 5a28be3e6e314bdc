"""`insightrepo evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from indexes.evaluation import Malformed
from insightrepo.commands.common import Context, as_json_option, command, print_json, progress
from insightrepo.library.search_evaluation import evaluate_search
from insightrepo.library.tag_evaluation import evaluate_tags

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def evaluate() -> None:
    """Measure search and tagging on judged data, through the product's own code in a temporary workspace.

    \b
    Example:
      insightrepo evaluate tags --train train.csv --test test.csv --json
    """


@evaluate.command("search")
@click.option("--corpus", type=FILE, required=True, help="JSON lines with id, text and optional title.")
@click.option("--queries", type=FILE, required=True, help="Lines of id, tab, query.")
@click.option("--judgments", type=FILE, required=True, help="TREC lines: query 0 document grade.")
@click.option(
    "--mode",
    type=click.Choice(("hybrid", "keyword", "meaning")),
    default="hybrid",
    show_default=True,
    help="Engines asked.",
)
@as_json_option
@command
def search(context: Context, as_json: bool, **given: Any) -> None:
    """nDCG@10 (gain: the grade, at least 0), MAP, recall@100 and latency of search.

    \b
    Example:
      insightrepo evaluate search --corpus docs.jsonl --queries q.tsv --judgments j.trec
    """
    context.reader_at_least("viewer")
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
