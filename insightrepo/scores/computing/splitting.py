"""Reads the answers of two waves and splits the change of an outcome by segment and by product, its task index by task.

A cell that the scores hide, and one outside the reader's scopes, goes to "others and not shown": then what is shown
here follows from the scores that are shown anyway, and nothing that they hide follows from it. With a segment chosen
the change is split by product only: two segments crossed are cells that no score is kept of, so nothing guards them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from insightrepo.models import Product, Segment, Wave
from insightrepo.scores.computing.decomposition import NOBODY, Decomposition, Group, Part, decompose
from insightrepo.scores.reading import ScoreRow
from insightrepo.scores.spoken import Spoken
from insightrepo.scores.waves.settings import wave_settings

OTHERS = "others and not shown"


@dataclass(frozen=True)
class PartShown:
    """A part of a change with its name and what its own score says of it (None: no such score, or not these waves)."""

    code: str | None
    name: str
    part: Part[str]
    score: ScoreRow | None


@dataclass(frozen=True)
class SplitShown:
    """A change split on one axis: `title` is the dimension of the segments, "product" or "task"."""

    title: str
    axis: str
    split: Decomposition[str]
    parts: tuple[PartShown, ...]


def grouped(answers: Spoken, keys: Sequence[str | None], codes: np.ndarray) -> dict[str | None, Group]:
    """The answers as groups; people are counted once in each. `codes` says for each row which of the keys it is of."""
    weights = np.bincount(codes, answers.weights, minlength=len(keys))
    tops = np.bincount(codes, answers.weights * answers.values, minlength=len(keys))
    span = int(answers.respondents.max()) + 1 if len(answers) else 1
    people = np.bincount(np.unique(codes * span + answers.respondents) // span, minlength=len(keys))
    return {
        key: Group(int(n), float(weight), float(top))
        for key, n, weight, top in zip(keys, people, weights, tops, strict=True)
        if n
    }


Answers = tuple[Spoken, Spoken]  # of the earlier and of the later wave
Rows = tuple[Mapping[str, ScoreRow], Mapping[str, ScoreRow]]  # by the code of the part, of the same two waves


def by_segment(session: Session, answers: Answers, rows: Rows) -> tuple[SplitShown, ...]:
    """The change split by each dimension of segments that somebody is on. `rows` are the scores of the segments (of
    the chosen product) that the reader may see.
    """
    known = {segment.id: segment for segment in session.scalars(select(Segment).order_by(Segment.id))}
    met = {number for wave in answers for number, members in wave.segments.items() if members.any()}
    names = {segment.code: segment.name for segment in known.values()}
    splits = []
    for dimension in sorted({known[number].dimension for number in met}):
        own = [number for number in sorted(met) if known[number].dimension == dimension]
        keys = [None, *(known[number].code for number in own)]
        codes = [_first(wave, own) for wave in answers]
        splits += _split(dimension, "segment", answers, (keys, codes), rows, names)
    return tuple(splits)


def _first(answers: Spoken, segments: Sequence[int]) -> np.ndarray:
    """For each row the place of the first segment that its person is in, counted from 1; 0: in none."""
    codes = np.zeros(len(answers), dtype=np.int64)
    for place, number in reversed(list(enumerate(segments, 1))):
        if number in answers.segments:
            codes[answers.segments[number]] = place
    return codes


def by_product(session: Session, answers: Answers, rows: Rows, product_id: int | None) -> tuple[SplitShown, ...]:
    """The change split by the products below the chosen one (None: from the top of the tree), on the first level where
    there is more than one; empty where there is none.
    """
    products = {product.id: product for product in session.scalars(select(Product).order_by(Product.id))}
    names = {product.code: product.name for product in products.values()}
    asked = [np.where(np.isnan(wave.products), 0, wave.products).astype(np.int64) for wave in answers]
    met = sorted({int(number) for column in asked for number in np.unique(column)})
    while True:
        child = {number: _below(products, number or None, product_id) for number in met}
        groups = set(child.values())
        if len(groups) != 1 or None in groups:
            break
        (product_id,) = groups
    if not groups - {None}:
        return ()
    keys = sorted({products[top].code for top in groups if top is not None})
    place = {number: 0 if top is None else 1 + keys.index(products[top].code) for number, top in child.items()}
    codes = [np.array([place[number] for number in met])[np.searchsorted(met, column)] for column in asked]
    return tuple(_split("product", "product", answers, ([None, *keys], codes), rows, names))


def _below(products: Mapping[int, Product], number: int | None, top: int | None) -> int | None:
    """The product right below `top` that this one is or belongs to; None where there is none."""
    path: list[int] = []
    while number is not None and number != top and number not in path:
        path.append(number)
        number = products[number].parent_id
    return path[-1] if path and number == top else None


def _split(
    title: str,
    axis: str,
    answers: Answers,
    keyed: tuple[Sequence[str | None], Sequence[np.ndarray]],
    rows: Rows,
    names: Mapping[str, str],
) -> list[SplitShown]:
    keys, codes = keyed
    before, after = (grouped(wave, keys, column) for wave, column in zip(answers, codes, strict=True))
    if not before or not after:
        return []
    return [_shown(title, axis, before, after, rows, names)]


def _shown(
    title: str,
    axis: str,
    before: Mapping[str | None, Group],
    after: Mapping[str | None, Group],
    rows: Rows,
    names: Mapping[str, str],
) -> SplitShown:
    """What has people and no score that may be shown, in either wave, is hidden."""
    hidden = {
        code
        for groups, scores in zip((before, after), rows, strict=True)
        for code, group in groups.items()
        if code is not None and group.n and (code not in scores or scores[code].value is None)
    }
    split = decompose(before, after, hidden)
    parts = tuple(
        PartShown(part.key, OTHERS if part.key is None else names[part.key], part, rows[1].get(part.key or ""))
        for part in split.parts
    )
    return SplitShown(title, axis, split, parts)


def by_task(
    waves: tuple[Wave, Wave], index: tuple[ScoreRow, ScoreRow], rows: Rows, names: Mapping[str, str]
) -> SplitShown | None:
    """The outcome's task index split by task: the mean of the completion rates, weighted as the wave's settings say.

    `index` are the scores of the index, `rows` those of the completion of all its tasks; the index rests on those that
    are shown. `names` are the tasks that the reader may see, by code: the rest is together. None where a wave has no
    index, or where one hidden task alone would be the rest.
    """
    if index[0].value is None or index[1].value is None or one_task_is_hidden(rows, names):
        return None
    before, after = (_tasks(wave, scores, names) for wave, scores in zip(waves, rows, strict=True))
    return _shown("task", "task", before, after, rows, names) if before and after else None


def one_task_is_hidden(rows: Rows, names: Mapping[str, str]) -> bool:
    """Whether in one of the waves exactly one measured task is not the reader's: "others" would be its own score."""
    return any(sum(row.value is not None for code, row in wave.items() if code not in names) == 1 for wave in rows)


def _tasks(wave: Wave, scores: Mapping[str, ScoreRow], names: Mapping[str, str]) -> dict[str | None, Group]:
    weights = wave_settings(wave).task_weights
    groups: dict[str | None, Group] = {}
    for code, row in scores.items():
        if row.value is not None:
            weight, key = weights.get(code, 1.0), code if code in names else None
            groups[key] = groups.get(key, NOBODY) + Group(row.n or 0, weight, weight * row.value / 100)
    return groups
