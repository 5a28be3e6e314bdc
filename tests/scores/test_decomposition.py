"""A change split over groups: by hand, and what holds for any groups."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insightrepo.scores.computing.decomposition import Group, decompose, pooled

TOLERANCE = 1e-9


def group(n: int, share: float) -> Group:
    return Group(n, float(n), n * share)


def test_a_fall_in_one_group_is_that_groups_rate_effect():
    before = {"parents": group(50, 0.8), "couples": group(50, 0.6)}
    after = {"parents": group(50, 0.4), "couples": group(50, 0.6)}
    found = decompose(before, after)
    assert (found.before, found.after) == (pytest.approx(70), pytest.approx(50))
    by_key = {part.key: part for part in found.parts}
    assert by_key["parents"].rate_effect == pytest.approx(-20)  # half of the people fell by 40 points
    assert by_key["parents"].mix_effect == pytest.approx(0)
    assert by_key["couples"].effect == pytest.approx(0)
    assert found.parts[0].key == "parents"


def test_a_shift_towards_an_unhappy_group_is_mix_and_nobody_changed():
    before = {"parents": group(50, 0.8), "couples": group(50, 0.4)}
    after = {"parents": group(25, 0.8), "couples": group(75, 0.4)}
    found = decompose(before, after)
    assert found.change == pytest.approx(-10)  # 60 to 50
    assert found.rate_effect == pytest.approx(0)
    # the mean of the totals is 55: parents are 25 points above it and lost a quarter of all people, couples 15 below
    assert {part.key: part.mix_effect for part in found.parts} == {
        "parents": pytest.approx(-0.25 * 25),
        "couples": pytest.approx(0.25 * -15),
    }


def test_weights_count_instead_of_people():
    before = {"a": Group(10, 30.0, 15.0), "b": Group(30, 10.0, 10.0)}
    after = {"a": Group(10, 30.0, 0.0), "b": Group(30, 10.0, 10.0)}
    found = decompose(before, after)
    assert found.before == pytest.approx(62.5)
    assert found.parts[0].before.share == pytest.approx(75)
    assert found.parts[0].rate_effect == pytest.approx(-37.5)


def test_a_group_that_is_new_has_a_mix_effect_only():
    found = decompose({"a": group(40, 0.5)}, {"a": group(40, 0.5), "b": group(40, 0.9)})
    new = next(part for part in found.parts if part.key == "b")
    assert (new.before.rate, new.rate_effect) == (None, 0)
    assert found.change == pytest.approx(20)


def test_a_group_under_five_goes_to_the_others_with_company():
    before = {"a": group(40, 0.5), "b": group(30, 0.5), "c": group(3, 1.0)}
    after = {"a": group(40, 0.5), "b": group(30, 0.5), "c": group(30, 0.0)}
    found = decompose(before, after)
    assert [part.key for part in found.parts] == ["a", None]  # c alone would be the total less what is shown
    assert found.parts[-1].before.n == 33


def test_people_of_no_group_are_company_enough():
    before = {"a": group(40, 0.5), "c": group(3, 1.0), None: group(9, 0.5)}
    after = {"a": group(40, 0.5), "c": group(8, 1.0), None: group(9, 0.5)}
    assert pooled(before, after) == {"c"}


def test_what_the_scores_hide_is_hidden_here_too():
    waves = {"a": group(40, 0.5), "b": group(30, 0.5), "c": group(20, 1.0)}
    assert pooled(waves, waves, hidden={"b"}) == {"b", "c"}


def test_a_wave_without_people_is_refused():
    with pytest.raises(ValueError, match="both have people"):
        decompose({}, {"a": group(40, 0.5)})


sizes = st.integers(0, 60)
keys = st.sampled_from(["a", "b", "c", "d", "e", None])


@st.composite
def waves(draw):
    """A wave of up to six groups with any weights and rates; somebody is in it."""
    found = {}
    for key in draw(st.sets(keys, min_size=1)):
        n = draw(sizes)
        weight = n * draw(st.floats(0.3, 3))
        found[key] = Group(n, weight, weight * draw(st.floats(0, 1)))
    if not any(group.n for group in found.values()):
        found["a"] = Group(7, 7.0, 3.0)
    return found


@given(waves(), waves(), st.sets(st.sampled_from("abcde")))
def test_the_parts_add_up_to_the_change(before, after, hidden):
    found = decompose(before, after, hidden)
    assert sum(part.effect for part in found.parts) == pytest.approx(found.change, abs=TOLERANCE)
    assert found.rate_effect + found.mix_effect == pytest.approx(found.change, abs=TOLERANCE)
    for wave, side in ((before, "before"), (after, "after")):
        top, weight = sum(g.top for g in wave.values()), sum(g.weight for g in wave.values())
        assert getattr(found, side) == pytest.approx(100 * top / weight, abs=TOLERANCE)
        assert sum(getattr(part, side).share for part in found.parts) == pytest.approx(100, abs=TOLERANCE)
        assert sum(getattr(part, side).n for part in found.parts) == sum(g.n for g in wave.values())


@given(waves(), waves(), st.sets(st.sampled_from("abcde")))
def test_nobody_hidden_follows_from_what_is_shown(before, after, hidden):
    found = decompose(before, after, hidden)
    named = {part.key for part in found.named}
    assert not named & hidden
    pool = {key for wave in (before, after) for key, g in wave.items() if g.n and key not in named}
    for wave in (before, after):
        assert all(wave[key].n == 0 or wave[key].n >= 5 for key in named & set(wave))
        left = sum(wave[key].n for key in pool & set(wave))
        assert left == 0 or left >= 5 or not named  # the whole is shown anyway
        groups_left = [key for key in pool & set(wave) if key is not None]
        if len(pool - {None}) == 1 and groups_left and wave[groups_left[0]].n and named:
            assert wave.get(None, Group(0, 0, 0)).n >= 5


@given(waves(), waves())
def test_the_way_back_is_the_negative(before, after):
    there, back = decompose(before, after), decompose(after, before)
    effects = {part.key: part.effect for part in back.parts}
    assert {part.key: pytest.approx(-part.effect, abs=TOLERANCE) for part in there.parts} == effects
