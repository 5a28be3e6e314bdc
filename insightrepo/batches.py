"""Work in pieces, so that a transaction stays short and a statement small."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """The items in order, in slices of at most `size`."""
    return (items[start : start + size] for start in range(0, len(items), size))
