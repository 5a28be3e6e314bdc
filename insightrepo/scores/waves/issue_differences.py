"""Where two issues of a wave differ: both figures, unless they would tell what a few people answered.

What differs between two issues adds up along an axis as cells do: who knows how many people more everybody and how many
more couples are, knows the others. So differences are guarded as the cells themselves are.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.accounts.access import Reader
from insightrepo.models import Product, Wave
from insightrepo.scores.computing.crowd import product_parents
from insightrepo.scores.computing.suppression import Cell, Sum, sums, suppressed
from insightrepo.scores.measures import MEASURES, SMALLEST_SHOWN
from insightrepo.scores.waves.issue_reading import COMPARED, FrozenScore, frozen_scores, kept_issue
from insightrepo.scores.waves.issues import content_of

FEW = f"changed by fewer than {SMALLEST_SHOWN} people, or would tell of them: not shown"
REACH = {  # how far one person can move a score, times n; of what has no bounds nothing can be said
    "satisfaction": 100.0, "importance": 100.0, "success": 100.0, "opportunity": 30.0,
    **dict.fromkeys(("ease", "difficulty", "confidence", "usefulness"), 6.0),
}  # fmt: skip
Place = tuple[str | None, str | None, str | None, str | None, str]  # `FrozenScore.cell`


@dataclass(frozen=True)
class Differing:
    """A cell that two issues show differently; None: the issue does not have it.

    Of one whose people differ by one to four, or may, no figure is there, and the note is FEW: the two figures would
    give away what these people answered. Nor of one that would tell such a cell, or a suppressed one, by subtraction.
    """

    before: FrozenScore | None
    after: FrozenScore | None

    @property
    def of_everybody(self) -> bool:
        """Whether it is the cell of all segments and products."""
        return self.shown.segment is None and self.shown.product is None

    @property
    def shown(self) -> FrozenScore:
        """The later of the two, or the one there is."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def differs(self) -> bool:
        """Whether a figure is another one."""
        return _figures(self.before) != _figures(self.after)

    @property
    def known(self) -> bool:
        """Whether both issues say how many people there are."""
        return all(score is None or score.n is not None for score in (self.before, self.after))


@dataclass(frozen=True)
class Axes:
    """Along which cells add up, by code: each segment's dimension, each product's parent."""

    dimensions: Mapping[str, str]
    parents: Mapping[str, str | None]


def differences(session: Session, reader: Reader, wave: Wave, first: int, second: int | None = None) -> list[Differing]:
    """The cells whose figures differ between two issues (None: the scores as they stand now), in order of cell.

    Raises:
        IssueUnknown: the wave has no issue of such a number.
    """
    then = kept_issue(session, wave, first)
    now = content_of(session, wave) if second is None else kept_issue(session, wave, second)
    segments = [term for content in (then, now) for term in content["terms"]["segment"].values()]
    dimensions = {term["code"]: term["dimension"] for term in segments}
    before, after = (frozen_scores(session, reader, content) for content in (then, now))
    return differing(before, after, Axes(dimensions, _parents(session)))


def _parents(session: Session) -> dict[str, str | None]:
    codes = dict(session.execute(select(Product.id, Product.code)).tuples().all())
    return {codes[child]: codes[above] if above else None for child, above in product_parents(session).items()}


def differing(before: Sequence[FrozenScore], after: Sequence[FrozenScore], axes: Axes) -> list[Differing]:
    """The pairs of these scores that differ, those without their figures that would tell of a few people."""
    old, new = ({score.cell: score for score in scores} for scores in (before, after))
    pairs = {cell: Differing(old.get(cell), new.get(cell)) for cell in dict.fromkeys((*old, *new))}
    told = _not_to_be_told(pairs, axes)
    return [_hidden(pair) if place in told else pair for place, pair in pairs.items() if pair.differs]


def _not_to_be_told(pairs: Mapping[Place, Differing], axes: Axes) -> set[Place]:
    numbers = {code: place for place, code in enumerate([*axes.dimensions, *axes.parents], 1)}
    dimensions = {numbers[code]: name for code, name in axes.dimensions.items()}
    parents = {numbers[code]: numbers[above] if above else None for code, above in axes.parents.items()}
    groups: defaultdict[tuple[Any, ...], dict[Cell, Place]] = defaultdict(dict)
    for place in pairs:
        outcome, task, segment, product, measure = place
        groups[outcome, task, measure][numbers.get(segment or ""), numbers.get(product or "")] = place
    found: set[Place] = set()
    for group in groups.values():
        cells = {cell: pairs[place] for cell, place in group.items()}
        found |= {group[cell] for cell in _hidden_cells(cells, dimensions, parents)}
    return found | {place for place in pairs if _made_of_hidden(pairs, place, found)}


def _made_of_hidden(pairs: Mapping[Place, Differing], place: Place, hidden: set[Place]) -> bool:
    """Whether a score is made of one that is not told: opportunities of two others, a task index of tasks."""
    outcome, task, segment, _, measure = place
    if measure == "opportunity":
        made_of = [(*place[:-1], name) for name in ("importance", "satisfaction")]
        if all(one in pairs for one in made_of):
            return not hidden.isdisjoint(made_of)
        return pairs[place].known and 0 < _fewest(pairs[place]) < SMALLEST_SHOWN
    if measure == "success" and outcome is not None and task is None:
        return any(one[1] is not None and one[2] == segment and one[4] == measure for one in hidden)
    return False


def _hidden_cells(
    pairs: Mapping[Cell, Differing], dimensions: Mapping[int, str], parents: Mapping[int, int | None]
) -> set[Cell]:
    """Of the cells of one measure those that may not be told: of few people, suppressed now, or telling of such."""
    listed = {cell for cell, pair in pairs.items() if pair.differs}
    if not listed:
        return set()
    now_hidden = {cell for cell in listed if _is_hidden(pairs[cell].after)}
    if next(iter(pairs.values())).shown.measure == "opportunity":
        return now_hidden  # it does not add up: what it is made of decides
    known = {cell: pair for cell, pair in pairs.items() if pair.known}
    sizes = {cell: people for cell in listed & known.keys() if (people := _fewest(known[cell]))}
    sizes |= dict.fromkeys(_beside_uncovered(pairs, sizes, sums(dict.fromkeys(pairs, 0), dimensions, parents)), 1)
    of_known = sums(dict.fromkeys(known, 0), dimensions, parents)
    hidden = suppressed(sizes, [_differing_sum(known, sizes, tie) for tie in of_known])
    return now_hidden | (hidden if hidden <= listed else listed)  # what does not differ cannot cover anything


def _differing_sum(known: Mapping[Cell, Differing], differing: Mapping[Cell, int], tie: Sum) -> Sum:
    rest = _moved(known[tie.total], [known[part] for part in tie.parts])
    return Sum(tie.total, tuple(part for part in tie.parts if part in differing), rest)


def _is_hidden(score: FrozenScore | None) -> bool:
    return score is not None and score.n is None


def _beside_uncovered(pairs: Mapping[Cell, Differing], differing: Mapping[Cell, int], ties: Sequence[Sum]) -> set[Cell]:
    """What stood beside cells that were suppressed and are not any more: whoever takes the figure of now for that of
    then would get at those that were suppressed with it. The total, or the parts where the total is as it was.
    """
    uncovered = {cell for cell, pair in pairs.items() if _is_hidden(pair.before) and not _is_hidden(pair.after)}
    found: set[Cell] = set()
    for tie in ties:
        if not uncovered.isdisjoint((tie.total, *tie.parts)):
            found |= {tie.total} if tie.total in differing else {part for part in tie.parts if part in differing}
    return found


def _hidden(pair: Differing) -> Differing:
    """The pair without its figures, nor that one of the issues does not have it."""
    return Differing(*(
        replace(score or pair.shown, value=None, low=None, high=None, n=None, note=FEW, verdict="", change=None,
                excluded=None, plain=None)
        for score in (pair.before, pair.after)
    ))  # fmt: skip


def _fewest(pair: Differing) -> int:
    """How many people at the least differ between two figures of a cell; 0 where nobody needs to.

    Other weights alone are nobody's answers: where it is known, the unweighted value is compared.
    """
    values = [_plain(score) for score in (pair.before, pair.after)]
    changed = None not in values and values[0] != values[1]
    return max(_moved(pair), 1) if changed else abs(_count(pair.after) - _count(pair.before))


def _moved(total: Differing, parts: Sequence[Differing] = ()) -> int:
    """How many people at the least differ among those of a total who are in none of its parts.

    More or fewer people, or others in their place: one person is one of n, and adds at most the width of the measure's
    values to the sum of them, and to what all lack of the highest.
    """
    measure, signed = total.shown.measure, [(1, total), *((-1, part) for part in parts)]
    people = sum(sign * (_count(pair.after) - _count(pair.before)) for sign, pair in signed)
    scores = [score for _, pair in signed for score in (pair.before, pair.after) if score is not None]
    if measure not in REACH or any(_plain(score) is None for score in scores):
        return abs(people)
    gave = sum(sign * (_sum(pair.after) - _sum(pair.before)) for sign, pair in signed) / REACH[measure]
    lacked = 0.0 if measure == "opportunity" else people - gave
    return math.ceil(round(max(abs(people), abs(gave), abs(lacked)), 6))


def _count(score: FrozenScore | None) -> int:
    return (score.n or 0) if score else 0


def _sum(score: FrozenScore | None) -> float:
    """What the people of a cell gave together, counted from the least that one can give."""
    value = _plain(score)
    return 0.0 if score is None or value is None else (value - MEASURES[score.measure].low) * _count(score)


def _plain(score: FrozenScore | None) -> float | None:
    return None if score is None else score.value if score.plain is None else score.plain


def _figures(score: FrozenScore | None) -> tuple[Any, ...] | None:
    return None if score is None else tuple(getattr(score, name) for name in COMPARED)
