"""Which cells may not be shown: those of fewer than five people, and those that would give one of them away.

One outcome and one measure at a time. A cell is (segment or None, product or None); the cells of an axis add up to
their total: ``total = parts + rest``, the rest being people of the total who are in none of the parts. The rest has no
cell of its own, but subtraction gives it: a rest of fewer than five people is guarded as a hidden cell is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from insightrepo.scores.measures import SMALLEST_SHOWN

Cell = tuple[int | None, int | None]


@dataclass(frozen=True)
class Sum:
    """`total` holds the people of `parts` and `rest` more."""

    total: Cell
    parts: tuple[Cell, ...]
    rest: int


def sums(sizes: Mapping[Cell, int], dimensions: Mapping[int, str], parents: Mapping[int, int | None]) -> list[Sum]:
    """Every sum that ties the given cells together.

    Args:
        sizes: people in each cell that has any, the totals (None) included where they are shown.
        dimensions: segment id to its dimension; the segments of one dimension are siblings.
        parents: product id to its parent (None at the top); the children of one parent are siblings.
    """
    groups: dict[tuple[Cell, object], list[Cell]] = {}
    for segment, product in sizes:
        if segment is not None and (None, product) in sizes:
            groups.setdefault(((None, product), dimensions[segment]), []).append((segment, product))
        total = None if product is None else _above(sizes, segment, parents[product], parents)
        if total is not None:
            groups.setdefault((total, "children"), []).append((segment, product))
    return [
        Sum(total, tuple(sorted(parts, key=_order)), max(sizes[total] - sum(sizes[part] for part in parts), 0))
        for (total, _), parts in groups.items()
    ]


def _above(
    sizes: Mapping[Cell, int], segment: int | None, product: int | None, parents: Mapping[int, int | None]
) -> Cell | None:
    """The nearest total above a product's cell that is there: metrics may come without those in between."""
    seen: set[int] = set()
    while product is not None and (segment, product) not in sizes and product not in seen:
        seen.add(product)
        product = parents[product]
    return (segment, product) if (segment, product) in sizes else None


def suppressed(sizes: Mapping[Cell, int], ties: list[Sum], smallest: int = SMALLEST_SHOWN) -> set[Cell]:
    """The cells to hide: every one under `smallest`, then as many of the next smallest as subtraction demands.

    Afterwards neither a hidden cell nor a rest under `smallest` follows from what is shown by adding and subtracting
    along any axis, and what a shown total leaves beyond all that is shown of it is nobody or `smallest` people or more.
    """
    hidden = {cell for cell, people in sizes.items() if people < smallest}
    while True:
        exposed = [tie for tie in ties if _gives_away(sizes, tie, hidden, smallest)]
        exposed = exposed or _jointly_exposed(ties, hidden, smallest)
        more = {cell for tie in exposed if (cell := _next(sizes, tie, hidden)) is not None}
        if not more:
            break
        hidden |= more
    return hidden


def _gives_away(sizes: Mapping[Cell, int], tie: Sum, hidden: set[Cell], smallest: int) -> bool:
    parts = [part for part in tie.parts if part in hidden]
    if tie.total in hidden:
        return not parts and tie.rest < smallest
    unseen = tie.rest + sum(sizes[part] for part in parts)
    if 0 < unseen < smallest:
        return True
    return len(parts) == 1 and (tie.rest == 0 or tie.rest < smallest > sizes[parts[0]])


def _jointly_exposed(ties: list[Sum], hidden: set[Cell], smallest: int) -> list[Sum]:
    """The sums from which together a hidden cell or a small rest follows: its unit vector is in their row space."""
    touched = [tie for tie in ties if tie.total in hidden or any(part in hidden for part in tie.parts)]
    if not touched:
        return []
    cells = sorted(hidden, key=_order)
    column = {cell: number for number, cell in enumerate(cells)}
    matrix = np.zeros((len(touched), len(cells) + len(touched)))
    for row, tie in enumerate(touched):
        for part in (part for part in tie.parts if part in hidden):
            matrix[row, column[part]] = 1.0
        if tie.total in hidden:
            matrix[row, column[tie.total]] = -1.0
        if tie.rest:
            matrix[row, len(cells) + row] = 1.0
    known = np.diag(np.linalg.pinv(matrix) @ matrix) > 1 - 1e-6
    determined = {cell for cell, is_known in zip(cells, known[: len(cells)], strict=True) if is_known}
    rests = {
        tie for tie, is_known in zip(touched, known[len(cells) :], strict=True) if is_known and tie.rest < smallest
    }
    if not (determined or rests):
        return []
    near = [tie for tie in touched if tie in rests or not determined.isdisjoint((tie.total, *tie.parts))]
    return near if any(not hidden.issuperset((tie.total, *tie.parts)) for tie in near) else touched


def _next(sizes: Mapping[Cell, int], tie: Sum, hidden: set[Cell]) -> Cell | None:
    """The smallest shown part, else the total, else nothing is left to hide."""
    shown = [part for part in tie.parts if part not in hidden]
    if shown:
        return min(shown, key=lambda cell: (sizes[cell], _order(cell)))
    return None if tie.total in hidden else tie.total


def _order(cell: Cell) -> tuple[int, int]:
    return cell[0] or 0, cell[1] or 0
