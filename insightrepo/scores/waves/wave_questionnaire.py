"""The questionnaire of a wave: what is asked of whom, with codes by which the answers find their way back."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from insightrepo.accounts.access import Reader, visible_segments, visible_terms
from insightrepo.models import Instrument, Outcome, Segment, Wave
from insightrepo.places import template_folder

RESPONDENT = "respondent"  # the column of who answered
DONT_KNOW = "don't know"
KINDS = {"importance": "imp", "satisfaction": "sat"}  # of a question, and how its item code ends
WORDING = {  # where the instrument has none
    "importance": "How important is this to you? {outcome}",
    "satisfaction": "And how satisfied are you with this today? {outcome}",
}
IMPORTANCE_ENDS = ("Not at all important", "Extremely important")
SATISFACTION_ENDS = ("Not at all satisfied", "Completely satisfied")
COLUMNS = (
    "order", "item", "outcome", "question", "wording", "scale_low", "scale_high", "low_label", "high_label",
    "dont_know", "asked_of",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a cell that begins so is a formula to a spreadsheet


class NothingToAsk(ValueError):
    """No outcome of the wanted status applies."""


@dataclass(frozen=True)
class Item:
    """One question: `code` is the column its answers are in ("CXO-12.imp"); `asked_of`: segments, none: everybody."""

    code: str
    outcome: str
    kind: str
    wording: str
    low_label: str
    high_label: str
    asked_of: tuple[str, ...]


@dataclass(frozen=True)
class Dimension:
    """A column that says which segment of a dimension the respondent is in: codes and names."""

    name: str
    segments: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Questionnaire:
    """Items in the order of asking, importance and satisfaction of an outcome together. `seed` None: not rotated."""

    wave: str
    instrument: str
    scale_low: int
    scale_high: int
    items: tuple[Item, ...]
    dimensions: tuple[Dimension, ...]
    seed: int | None

    @property
    def points(self) -> range:
        """The points of the scale."""
        return range(self.scale_low, self.scale_high + 1)

    @property
    def header(self) -> tuple[str, ...]:
        """The columns of the file of answers, one row a respondent."""
        return (RESPONDENT, *(d.name for d in self.dimensions), *(item.code for item in self.items))


def questionnaire(
    session: Session, reader: Reader, wave: Wave, seed: int | None = None, statuses: Sequence[str] = ("active",)
) -> Questionnaire:
    """What the wave asks: importance and satisfaction of each outcome, in its instrument's words and scale.

    `{outcome}` in the instrument's wording stands for the statement and `{job}` for the job; without either the
    statement follows. With a `seed` the outcomes are rotated: the same seed gives the same order.

    Raises:
        NothingToAsk: no outcome that the reader may see has one of the statuses.
    """
    query = (
        select(Outcome)
        .where(Outcome.status.in_(statuses), Outcome.id.in_(visible_terms(reader)))
        .options(selectinload(Outcome.segments))
        .order_by(Outcome.code)
    )
    outcomes = list(session.scalars(query))
    if not outcomes:
        raise NothingToAsk(f"no outcome is {' or '.join(statuses)}: import a taxonomy, or ask for other statuses")
    if seed is not None:
        Random(seed).shuffle(outcomes)
    scale = wave.instrument
    items = [_item(scale, outcome, kind) for outcome in outcomes for kind in KINDS]
    return Questionnaire(wave.code, scale.name, scale.scale_low, scale.scale_high, tuple(items),
                         _dimensions(session, reader), seed)  # fmt: skip


def _item(scale: Instrument, outcome: Outcome, kind: str) -> Item:
    low, high = _ends(scale, kind)
    segments = tuple(sorted(segment.code for segment in outcome.segments))
    return Item(f"{outcome.code}.{KINDS[kind]}", outcome.code, kind, worded(scale, outcome, kind), low, high, segments)


def worded(scale: Instrument, outcome: Outcome, kind: str) -> str:
    """The question ("importance" or "satisfaction") as the instrument asks it of an outcome."""
    wording = (scale.importance_wording if kind == "importance" else scale.wording) or WORDING[kind]
    if "{outcome}" in wording or "{job}" in wording:
        return wording.replace("{outcome}", outcome.name).replace("{job}", outcome.job)
    return f"{wording.rstrip()} {outcome.name}"


def _ends(scale: Instrument, kind: str) -> tuple[str, str]:
    """The names of the lowest and the highest point; the instrument's are of satisfaction."""
    worst, best = IMPORTANCE_ENDS if kind == "importance" else SATISFACTION_ENDS
    low, high = (worst, best) if scale.best == "high" else (best, worst)
    return (low, high) if kind == "importance" else (scale.low_label or low, scale.high_label or high)


def _dimensions(session: Session, reader: Reader) -> tuple[Dimension, ...]:
    query = select(Segment).where(Segment.status != "retired", Segment.id.in_(visible_segments(reader)))
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for segment in session.scalars(query.order_by(Segment.dimension, Segment.id)):
        found[segment.dimension].append((segment.code, segment.name))
    return tuple(Dimension(name, tuple(segments)) for name, segments in found.items())


def items_csv(asked: Questionnaire) -> str:
    """The questionnaire for a survey tool: one line an item, under `COLUMNS`."""
    rows = (
        (number, item.code, item.outcome, item.kind, item.wording, asked.scale_low, asked.scale_high, item.low_label,
         item.high_label, DONT_KNOW, "|".join(item.asked_of) or "all")
        for number, item in enumerate(asked.items, 1)
    )  # fmt: skip
    return as_csv(COLUMNS, rows)


def answers_csv(asked: Questionnaire) -> str:
    """The empty file of answers: its header is what `scores import` reads back."""
    return as_csv(asked.header, ())


def as_html(asked: Questionnaire) -> str:
    """The questionnaire as one plain HTML file to print, without anything from elsewhere."""
    from jinja2 import Environment, FileSystemLoader

    pages = Environment(loader=FileSystemLoader(template_folder()), autoescape=True, trim_blocks=True,
                        lstrip_blocks=True)  # fmt: skip
    return pages.get_template("waves/questionnaire_file.html").render(asked=asked)


def as_csv(header: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    """CSV for people and tools: what a spreadsheet would take for a formula begins with an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([[_plain(cell) for cell in row] for row in (header, *rows)])
    return text.getvalue()


def _plain(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
