"""A change of a share between two waves, split over the groups it is made of. Pure functions, nothing is read here.

Kitagawa 1955 ("Components of a difference between two rates"): with w the share of a group in all people and r its own
rate, the change of ``sum w r`` is the sum over the groups of a *rate effect* ``(w0+w1)/2 * (r1-r0)`` (the group itself
changed) and a *mix effect* ``(w1-w0) * ((r0+r1)/2 - m)`` (there are more or fewer of it). m is the mean of the two
totals: any constant gives the same sum, and with this one a group that is like the whole has no mix effect. A group
that was not there in one of the waves has the rate of the other and so a mix effect only.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from insightrepo.scores.measures import SMALLEST_SHOWN

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Group:
    """What one group brings to one wave: people, the sum of their weights, the weights of those who count as 1.

    `top` is the sum of weight times value, values are 0 to 1; without weights `weight` is n.
    """

    n: int
    weight: float
    top: float

    def __add__(self, other: Group) -> Group:
        return Group(self.n + other.n, self.weight + other.weight, self.top + other.top)


NOBODY = Group(0, 0.0, 0.0)


@dataclass(frozen=True)
class Side:
    """A group in one wave: its share of all and its own rate, both in percent (rate None: nobody), and its people."""

    share: float
    rate: float | None
    n: int


@dataclass(frozen=True)
class Part(Generic[Key]):
    """One group's contribution to the change, in percentage points. `key` None: others and not shown."""

    key: Key | None
    before: Side
    after: Side
    rate_effect: float
    mix_effect: float

    @property
    def effect(self) -> float:
        """Both effects together."""
        return self.rate_effect + self.mix_effect


@dataclass(frozen=True)
class Decomposition(Generic[Key]):
    """A change and its parts, which add up to it; `before`, `after` and `change` in percent and points.

    The parts are ordered from the one that moved the whole most in the direction of its change; "others and not shown"
    comes last.
    """

    before: float
    after: float
    n_before: int
    n_after: int
    parts: tuple[Part[Key], ...]

    @property
    def change(self) -> float:
        """After minus before, in percentage points."""
        return self.after - self.before

    @property
    def rate_effect(self) -> float:
        """How far the groups themselves changed."""
        return sum(part.rate_effect for part in self.parts)

    @property
    def mix_effect(self) -> float:
        """How far their shares of the whole changed."""
        return sum(part.mix_effect for part in self.parts)

    @property
    def named(self) -> tuple[Part[Key], ...]:
        """The parts without "others and not shown"."""
        return tuple(part for part in self.parts if part.key is not None)


def decompose(
    before: Mapping[Key | None, Group],
    after: Mapping[Key | None, Group],
    hidden: Collection[Key] = (),
    smallest: int = SMALLEST_SHOWN,
) -> Decomposition[Key]:
    """Split the change from `before` to `after` over their groups; None keys those who are in no group.

    Groups that `pooled` names are put together as the part with the key None, with those who are in no group.
    Differences between the sum of the parts and the change are those of floating point, under 1e-9 points.

    Raises:
        ValueError: one of the waves has nobody.
    """
    keys = {key for groups in (before, after) for key, group in groups.items() if group.n or group.weight}
    away = pooled(before, after, hidden, smallest)
    shown = [key for key in keys if key is not None and key not in away]
    parts_before: dict[Key | None, Group] = {key: before.get(key, NOBODY) for key in shown}
    parts_after: dict[Key | None, Group] = {key: after.get(key, NOBODY) for key in shown}
    if away or None in keys:
        parts_before[None] = _sum(before, keys - set(shown))
        parts_after[None] = _sum(after, keys - set(shown))
    whole_before, whole_after = _sum(parts_before, parts_before), _sum(parts_after, parts_after)
    if min(whole_before.weight, whole_after.weight) <= 0:
        raise ValueError("a change is split between two waves that both have people")
    parts = [_part(key, parts_before[key], parts_after[key], whole_before, whole_after) for key in parts_before]
    total_before, total_after = _rate(whole_before), _rate(whole_after)
    direction = -1 if total_after < total_before else 1
    parts.sort(key=lambda part: (part.key is None, -direction * part.effect, str(part.key)))
    return Decomposition(100 * total_before, 100 * total_after, whole_before.n, whole_after.n, tuple(parts))


def pooled(
    before: Mapping[Key | None, Group],
    after: Mapping[Key | None, Group],
    hidden: Collection[Key] = (),
    smallest: int = SMALLEST_SHOWN,
) -> set[Key]:
    """The groups that may not stand alone: those in `hidden`, those of 1 to `smallest` - 1 people in either wave, and
    as many of the next smallest as it takes that the pool, which is the total less what is shown, gives none away.

    In each wave the pool is of nobody or of `smallest` people or more. Where it holds but one group, `smallest` people
    or more who are in no group stand beside it; else the smallest shown group joins.
    """

    def size(key: Key | None) -> tuple[int, int]:
        return before.get(key, NOBODY).n, after.get(key, NOBODY).n

    keys = {key for key in {*before, *after} if key is not None and any(size(key))}
    away = {key for key in keys if key in hidden or any(0 < n < smallest for n in size(key))}
    while shown := keys - away:
        sums = [sum(size(key)[wave] for key in (*away, None)) for wave in (0, 1)]
        too_few = any(0 < n < smallest for n in sums)
        alone = len(away) == 1 and any(
            size(key)[wave] and size(None)[wave] < smallest for key in away for wave in (0, 1)
        )
        if not (too_few or alone):
            break
        away.add(min(shown, key=lambda key: (min(size(key)), sum(size(key)), str(key))))
    return away


def _sum(groups: Mapping[Key | None, Group], keys: Collection[Key | None]) -> Group:
    return sum((groups.get(key, NOBODY) for key in keys), NOBODY)


def _rate(group: Group) -> float:
    return group.top / group.weight


def _part(key: Key | None, before: Group, after: Group, whole_before: Group, whole_after: Group) -> Part[Key]:
    shares = before.weight / whole_before.weight, after.weight / whole_after.weight
    rates = [_rate(group) if group.weight > 0 else None for group in (before, after)]
    was = rates[0] if rates[0] is not None else rates[1] or 0.0
    now = rates[1] if rates[1] is not None else was
    middle = (_rate(whole_before) + _rate(whole_after)) / 2
    rate_effect = 100 * (shares[0] + shares[1]) / 2 * (now - was)
    mix_effect = 100 * (shares[1] - shares[0]) * ((was + now) / 2 - middle)
    sides = [
        Side(100 * share, None if rate is None else 100 * rate, group.n)
        for share, rate, group in zip(shares, rates, (before, after), strict=True)
    ]
    return Part(key, sides[0], sides[1], rate_effect, mix_effect)
