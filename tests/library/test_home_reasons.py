"""Why an outcome is on the list of what to look at, and in which order: made from plain values."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

from insightrepo.home.reasons import Facts, Reason, order, reasons_of
from insightrepo.scores.acting.gaps import Gap
from insightrepo.scores.chips import Chip

CHIP = Chip(measure="satisfaction", value=60.0, unit="percent", better="higher", low=55.0, high=65.0, n=400,
            segment=None, product=None, wave="2025-Q3", provisional=False, verdict="no evidence of change", note=None,
            change=-4.0, previous_wave="2025-Q2", opportunity=9.0, fell_back=None)  # fmt: skip
FELL = replace(CHIP, verdict="worse", change=-18.2)
NOTHING = Facts(CHIP, None, None, (), None, (), 0)


def row(change: float, verdict: str = "worse") -> SimpleNamespace:
    return SimpleNamespace(change=change, verdict=verdict, measure="satisfaction", unit="percent", n=140, value=40.0)


def words(facts: Facts) -> list[str]:
    return [reason.words for reason in reasons_of(facts)]


def test_an_outcome_without_a_sure_change_or_gap_has_no_reason():
    assert words(NOTHING) == []
    assert words(replace(NOTHING, chip=None)) == []
    assert words(replace(NOTHING, chip=replace(CHIP, verdict="better", change=12.0))) == []


def test_a_real_fall_is_said_with_its_size_and_the_wave_before():
    assert words(replace(NOTHING, chip=FELL)) == ["really fell 18 points since 2025-Q2"]


def test_a_rise_of_what_is_better_low_is_no_fall():
    rose = replace(CHIP, measure="time", unit="seconds", better="lower", verdict="worse", change=31.0)
    assert words(replace(NOTHING, chip=rose)) == ["really rose 31 seconds since 2025-Q2"]


def test_a_fall_of_one_segment_is_a_reason_only_where_that_of_everybody_does_not_say_it():
    some = [("Parents of toddlers", row(-9.0)), ("Parents of teenagers", row(-14.4))]
    assert words(replace(NOTHING, fell=some)) == ["really fell 14 points for Parents of teenagers and 1 more"]
    assert words(replace(NOTHING, chip=FELL, fell=some)) == ["really fell 18 points since 2025-Q2"]


def test_a_gap_is_a_reason_where_it_is_sure_and_the_opportunity_is_worth_a_look():
    sure, unsure = Gap(40.0, 30.0, 50.0, 300, None), Gap(12.0, -2.0, 26.0, 300, None)
    assert words(replace(NOTHING, gap=sure, opportunity=12.3)) == ["satisfaction is 40 points short of importance"]
    assert words(replace(NOTHING, gap=sure, opportunity=9.9)) == []
    assert words(replace(NOTHING, gap=unsure, opportunity=12.3)) == []
    assert words(replace(NOTHING, gap=sure, opportunity=None)) == []


def test_tasks_disagreement_and_contradiction_are_reasons_of_their_own():
    tasks = [("Propose three weeks", row(-24.0)), ("Vote", row(-3.0, "no evidence of change"))]
    odd = SimpleNamespace(sentence="Segments disagree in 2025-Q3: …")
    facts = replace(NOTHING, tasks=tasks, disagreement=odd, contradictions=2)
    assert words(facts) == [
        "a task with it: “Propose three weeks” fell 24 points",
        "segments disagree",
        "2 pairs of findings contradict each other",
    ]
    assert reasons_of(facts)[1].detail == odd.sentence


def test_a_segment_clearly_below_everybody_is_a_reason():
    scores = [SimpleNamespace(value=value, measure="satisfaction", unit="percent") for value in (34.0, 40.0)]
    below = list(zip(("New parents", "Couples"), scores, strict=True))
    assert words(replace(NOTHING, apart=below)) == ["clearly below everybody: New parents 34% and 1 more"]


def test_falls_come_first_by_size_then_opportunity_and_contradiction_alone_comes_last():
    scored, contradicted = (Reason("gap", ""),), (Reason("contradiction", ""),)
    rows = {
        "small fall": order(scored, replace(FELL, change=-5.0), 8.0, "E"),
        "large fall": order(scored, FELL, 3.0, "D"),
        "two reasons": order(scored + contradicted, CHIP, 10.0, "C"),
        "higher opportunity": order(scored, CHIP, 15.0, "B"),
        "only contradicted": order(contradicted, CHIP, 18.0, "A"),
    }
    assert sorted(rows, key=rows.__getitem__) == [
        "large fall", "small fall", "higher opportunity", "two reasons", "only contradicted",
    ]  # fmt: skip
