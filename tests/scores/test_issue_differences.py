"""No subtraction tells what a few people answered: along an axis, between two issues of a wave, or both."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from insightrepo.scores.computing.suppression import sums, suppressed
from insightrepo.scores.waves.issue_differences import FEW, Axes, differing
from insightrepo.scores.waves.issue_reading import FrozenScore

SEGMENTS = {1: "parents", 2: "couples", 3: "singles"}
PRODUCTS = {11: "app", 12: "search", 13: "booking"}  # the app holds the other two
DIMENSIONS, PARENTS = dict.fromkeys(SEGMENTS, "household"), {11: None, 12: 11, 13: 11}
AXES = Axes({name: "household" for name in SEGMENTS.values()}, {"app": None, "search": "app", "booking": "app"})
CODES = {None: None, **SEGMENTS, **PRODUCTS}
CELLS = [(segment, product) for segment in (None, *SEGMENTS) for product in (None, *PRODUCTS)]


class Person(NamedTuple):
    """Who answered once, in the top box or not."""

    segment: int | None
    product: int | None
    top: bool


Figures = dict[tuple[int | None, int | None], tuple[int, int]]  # of each cell: people, and how many in the top box


def _figures(people: list[Person]) -> Figures:
    found: dict = defaultdict(lambda: (0, 0))
    for person in people:
        above = [product for product in (person.product, PARENTS.get(person.product)) if product]
        for segment in dict.fromkeys((None, person.segment)):
            for product in dict.fromkeys((None, *above)):
                n, tops = found[segment, product]
                found[segment, product] = (n + 1, tops + person.top)
    return dict(found)


def _issue(figures: Figures) -> list[FrozenScore]:
    """The scores as an issue keeps them, those that may not be shown without their figures."""
    sizes = {cell: n for cell, (n, _) in figures.items()}
    hidden = suppressed(sizes, sums(sizes, DIMENSIONS, PARENTS))
    scores = []
    for cell, (n, tops) in figures.items():
        value = None if cell in hidden else 100 * tops / n
        scores.append(FrozenScore(
            "TRIP-1", None, CODES[cell[0]], CODES[cell[1]], "satisfaction", "percent", (None,) * 4, value, value, value,
            None if cell in hidden else n, "suppressed" if cell in hidden else None, "", None, None,
        ))  # fmt: skip
    return scores


def _cell(score: FrozenScore) -> tuple[int | None, int | None]:
    numbers = {code: number for number, code in CODES.items()}
    return numbers[score.segment], numbers[score.product]


def _told(scores) -> Figures:
    return {_cell(one): (one.n, round(one.value * one.n / 100)) for one in scores if one.n is not None}


def _what_a_reader_has(before: Figures, after: Figures) -> tuple[Figures, Figures]:
    """The figures of both issues that follow from the issue of now and from where the two differ; nobody is (0, 0)."""
    then, now = _issue(before), _issue(after)
    listed = {_cell(pair.shown): pair for pair in differing(then, now, AXES)}
    same = [score for score in now if _cell(score) not in listed]
    had = [pair.before for pair in listed.values() if pair.before is not None]
    empty_then = set(CELLS) - {*map(_cell, same), *map(_cell, had)}
    empty_now = set(CELLS) - {*map(_cell, now)}
    return _told([*same, *had]) | dict.fromkeys(empty_then, (0, 0)), _told(now) | dict.fromkeys(empty_now, (0, 0))


TIES = sums(dict.fromkeys(CELLS, 0), DIMENSIONS, PARENTS)


def _determined(known: Figures) -> list[tuple[int, int]]:
    """What follows by adding and subtracting: of each cell and rest that is determined, its people and their tops."""
    unknown = [*(cell for cell in CELLS if cell not in known), *(("rest", number) for number in range(len(TIES)))]
    column = {name: number for number, name in enumerate(unknown)}
    rows, right = [], []
    for number, tie in enumerate(TIES):
        row, known_side = np.zeros(len(column)), np.zeros(2)
        row[column["rest", number]] = 1
        for cell, sign in ((tie.total, -1), *((part, 1) for part in tie.parts)):
            if cell in known:
                known_side -= sign * np.array(known[cell])
            else:
                row[column[cell]] += sign
        rows.append(row)
        right.append(known_side)
    matrix, sides = np.array(rows), np.array(right)
    inverse = np.linalg.pinv(matrix)
    sure = np.diag(inverse @ matrix) > 1 - 1e-6
    solved = np.rint(inverse @ sides)
    return [tuple(solved[place]) for place in np.flatnonzero(sure)]


def _is_of_few(change) -> bool:
    """Whether one to four people may make it: each is one of n, and in the top box or out of it."""
    people, tops = change
    return 0 < max(abs(people), abs(tops), abs(people - tops)) < 5


person = st.builds(
    Person, st.sampled_from([None, *SEGMENTS]), st.sampled_from([None, *PRODUCTS]), st.booleans()
)  # fmt: skip
groups = st.lists(st.tuples(person, st.integers(1, 9)), min_size=1, max_size=7)


@st.composite
def two_issues(draw) -> tuple[Figures, Figures]:
    """The figures before and after a correction that takes people out and brings others."""
    first = [one for one, many in draw(groups) for _ in range(many)]
    gone = draw(st.lists(st.sampled_from(sorted(set(first), key=str)), max_size=2))
    late = [one for one, many in draw(st.lists(st.tuples(person, st.integers(1, 9)), max_size=3)) for _ in range(many)]
    return _figures(first), _figures([*(one for one in first if one not in gone), *late])


@settings(max_examples=150, deadline=None)
@given(two_issues())
def test_no_subtraction_tells_how_a_few_people_changed_a_cell(issues):
    before, after = issues
    then, now = _what_a_reader_has(before, after)
    change = {cell: (now[cell][0] - then[cell][0], now[cell][1] - then[cell][1]) for cell in then.keys() & now.keys()}
    assert [cell for cell in change if _is_of_few(change[cell])] == []
    assert [found for found in _determined(change) if _is_of_few(found)] == []


@settings(max_examples=150, deadline=None)
@given(two_issues())
def test_no_figure_that_one_issue_hides_follows_with_the_figures_of_the_other(issues):
    """Of cells that did not change, who has the figure of one issue has that of the other."""
    before, after = ({cell: issue.get(cell, (0, 0)) for cell in CELLS} for issue in issues)
    then, now = _what_a_reader_has(*issues)
    same = {cell: figures for cell, figures in {**then, **now}.items() if before[cell] == after[cell]}
    for true, own in ((before, {**same, **then}), (after, {**same, **now})):
        for tie in TIES:
            nobody_else = true[tie.total][0] == sum(true[part][0] for part in tie.parts)
            missing = {tie.total, *tie.parts} - own.keys()
            assert not (nobody_else and len(missing) == 1 and 0 < true[missing.pop()][0] < 5)


def _pairs(before: Figures, after: Figures):
    return {
        (pair.shown.segment, pair.shown.product): (pair.before and pair.before.n, pair.after and pair.after.n)
        for pair in differing(_issue(before), _issue(after), AXES)
    }


def _of(**people: int) -> Figures:
    numbers = {name: number for number, name in SEGMENTS.items()}
    return _figures([Person(numbers.get(name), None, False) for name, many in people.items() for _ in range(many)])


def test_a_few_are_not_told_by_everybody_less_the_others():
    """Three more parents and ten more couples: the thirteen more of everybody less the ten would be the three."""
    assert _pairs(_of(parents=40, couples=40), _of(parents=43, couples=50)) == {
        (None, None): (80, 93), ("parents", None): (None, None), ("couples", None): (None, None)
    }  # fmt: skip


def test_a_few_of_no_segment_are_not_told_either():
    assert _pairs(_of(parents=40, nobody=20), _of(parents=50, nobody=23)) == {
        (None, None): (60, 73), ("parents", None): (None, None)
    }  # fmt: skip


def test_a_segment_hidden_now_is_not_told_by_its_neighbour_of_then():
    """Three of forty couples are left: everybody now less the parents of then would be these three."""
    found = _pairs(_of(parents=60, couples=40, singles=50), _of(parents=60, couples=3, singles=50))
    assert found["couples", None] == (None, None)
    assert all(figures == (None, None) for cell, figures in found.items() if cell[0] in ("parents", "singles"))


def test_what_is_changed_by_many_everywhere_is_told_everywhere():
    found = _pairs(_of(parents=40, couples=40), _of(parents=45, couples=50))
    assert found == {(None, None): (80, 95), ("parents", None): (40, 45), ("couples", None): (40, 50)}


def test_what_is_not_told_says_why():
    pairs = differing(_issue(_of(parents=40)), _issue(_of(parents=42)), AXES)
    assert {pair.shown.note for pair in pairs} == {FEW}


def test_a_few_who_tried_a_task_are_not_told_by_the_index_of_its_outcome():
    def tried(first: int, second: int) -> list[FrozenScore]:
        return [
            FrozenScore(outcome, task, None, None, "success", "percent", (None,) * 4, 50.0, 40.0, 60.0, n, None, "",
                        None, None)
            for outcome, task, n in ((None, "T-1", first), (None, "T-2", second), ("TRIP-1", None, first + second))
        ]  # fmt: skip

    pairs = differing(tried(40, 40), tried(43, 50), AXES)
    assert {pair.shown.task: pair.shown.n for pair in pairs} == {"T-1": None, "T-2": 50, None: None}
