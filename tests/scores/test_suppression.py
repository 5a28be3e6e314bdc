"""Small cells are hidden, and no subtraction brings them back."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from insightrepo.scores.computing.suppression import Sum, sums, suppressed

HOUSEHOLD = {1: "household", 2: "household", 3: "household"}
TREE = {10: None, 11: 10, 12: 10, 20: None}  # 10 holds 11 and 12


def hidden(sizes, dimensions=HOUSEHOLD, parents=TREE):
    return suppressed(sizes, sums(sizes, dimensions, parents))


def test_cells_of_five_and_more_are_all_shown():
    assert hidden({(None, None): 15, (1, None): 5, (2, None): 10}) == set()


def test_a_lone_small_segment_takes_the_next_smallest_with_it():
    sizes = {(None, None): 63, (1, None): 3, (2, None): 20, (3, None): 40}
    assert hidden(sizes) == {(1, None), (2, None)}


def test_two_small_segments_that_are_fewer_than_five_together_take_a_third():
    sizes = {(None, None): 43, (1, None): 1, (2, None): 2, (3, None): 40}
    assert hidden(sizes) == {(1, None), (2, None), (3, None)}


def test_two_small_segments_that_cover_each_other_are_enough():
    sizes = {(None, None): 47, (1, None): 3, (2, None): 4, (3, None): 40}
    assert hidden(sizes) == {(1, None), (2, None)}


def test_many_people_without_a_segment_cover_a_small_one():
    sizes = {(None, None): 100, (1, None): 3, (2, None): 40, (3, None): 30}  # 27 in none
    assert hidden(sizes) == {(1, None)}


def test_few_people_without_a_segment_are_not_found_by_subtraction():
    assert hidden({(None, None): 43, (1, None): 21, (2, None): 20}) == {(2, None)}
    assert hidden({(None, None): 45, (1, None): 21, (2, None): 20}) == {(2, None)}
    assert hidden({(None, None): 41, (1, None): 21, (2, None): 20}) == set()


def test_people_without_a_segment_who_are_many_hide_nothing():
    assert hidden({(None, None): 46, (1, None): 21, (2, None): 20}) == set()


def test_few_people_of_a_parent_product_who_are_in_no_child_are_not_found_by_subtraction():
    assert hidden({(None, None): 23, (None, 10): 23, (None, 11): 20}) == {(None, 11)}
    inside = {(None, None): 63, (1, None): 23, (1, 10): 23, (1, 11): 20, (None, 10): 63, (None, 11): 60}
    assert {(1, 11), (None, 11)} <= hidden(inside)


def test_segments_of_another_dimension_are_no_siblings():
    sizes = {(None, None): 80, (1, None): 3, (2, None): 20, (3, None): 30, (4, None): 27}
    assert hidden(sizes, {**HOUSEHOLD, 4: "tenure"}) == {(1, None)}


def test_a_lone_small_product_takes_its_sibling_with_it():
    sizes = {(None, None): 40, (None, 10): 40, (None, 11): 2, (None, 12): 38}
    assert hidden(sizes) == {(None, 11), (None, 12)}


def test_a_parent_that_was_hidden_is_not_the_sum_of_its_children():
    sizes = {(None, None): 23, (None, 20): 3, (None, 10): 20, (None, 11): 9, (None, 12): 11}
    assert {(None, 20), (None, 10), (None, 11)} <= hidden(sizes)


def test_everything_is_hidden_where_everything_is_small():
    sizes = {(None, None): 4, (1, None): 4}
    assert hidden(sizes) == set(sizes)


def test_an_only_segment_that_is_hidden_hides_the_total_it_equals():
    sizes = {(None, None): 12, (1, None): 12, (1, 10): 2, (None, 10): 2, (1, 20): 10, (None, 20): 10}
    found = hidden(sizes)
    for tie in sums(sizes, HOUSEHOLD, TREE):
        assert not alone(tie, found)


def alone(tie: Sum, found: set) -> bool:
    """Whether subtraction along this one axis gives a hidden cell, or a small rest, away."""
    members = sum(member in found for member in (tie.total, *tie.parts))
    return members + (0 < tie.rest < 5) == 1 and tie.rest < 5


@st.composite
def tables(draw):
    """Sizes of all cells from counts of people by segment (or none) and product (or none)."""
    sizes: dict = {}
    for segment in (None, 1, 2, 3):
        for product in (None, 11, 12, 20):
            count = draw(st.one_of(st.just(0), st.integers(1, 6), st.integers(5, 60)))
            chain = {None: [], 11: [11, 10], 12: [12, 10], 20: [20]}[product]
            for one in {None, segment}:
                for other in [None, *chain]:
                    sizes[one, other] = sizes.get((one, other), 0) + count
    return {cell: count for cell, count in sizes.items() if count}


@settings(max_examples=150, deadline=None)
@given(tables())
def test_suppression_cannot_be_undone_by_subtraction(sizes):
    found = hidden(sizes)
    assert {cell for cell, count in sizes.items() if count < 5} <= found
    for tie in sums(sizes, HOUSEHOLD, TREE):
        assert not alone(tie, found)
        unseen = sum(sizes[part] for part in tie.parts if part in found) + tie.rest
        assert tie.total in found or unseen == 0 or unseen >= 5


@settings(max_examples=100, deadline=None)
@given(tables())
def test_for_every_hidden_cell_another_table_would_look_the_same(sizes):
    """Each hidden cell and small rest can take another value with all that is shown, and every sum, unchanged."""
    found = sorted(hidden(sizes), key=str)
    ties = sums(sizes, HOUSEHOLD, TREE)
    open_rests = [number for number, tie in enumerate(ties) if tie.rest]
    unknown = [*found, *open_rests]
    matrix = np.zeros((len(ties), len(unknown)))
    for row, tie in enumerate(ties):
        for number, name in enumerate(unknown):
            matrix[row, number] = (name in tie.parts) - (name == tie.total) + (name == row)
    _, values, directions = np.linalg.svd(matrix) if unknown else (None, np.zeros(0), np.zeros((0, 0)))
    free = directions[(values > 1e-9).sum() :]
    guarded = [number for number, name in enumerate(unknown) if name in found or ties[name].rest < 5]
    for number in guarded:
        assert np.abs(free[:, number]).max(initial=0) > 1e-9
