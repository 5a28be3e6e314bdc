"""Waves, what their codes say, and freezing."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from insightrepo.models import AuditEntry, Outcome, Score, Wave
from insightrepo.scores.computing.computing import compute_wave, recompute
from insightrepo.scores.intake.importing import import_answers
from insightrepo.scores.waves.waves import (
    WaveDiffers,
    WaveFrozen,
    WaveUnknown,
    ensure_instrument,
    ensure_wave,
    find_wave,
    freeze,
    verify_frozen,
    wave_period,
)

HEADER = "respondent outcome satisfaction importance segment product"


@pytest.mark.parametrize(
    ("code", "first", "last"),
    [
        ("2025-Q1", "2025-01-01", "2025-03-31"), ("2025-q4", "2025-10-01", "2025-12-31"),
        ("2025-03", "2025-03-01", "2025-03-31"), ("2024-02", "2024-02-01", "2024-02-29"),
        ("2025", "2025-01-01", "2025-12-31"),
    ],
)  # fmt: skip
def test_a_code_says_when_the_wave_is(code, first, last):
    assert wave_period(code) == (dt.date.fromisoformat(first), dt.date.fromisoformat(last))


@pytest.mark.parametrize("code", ["spring", "2025-Q5", "2025-13", "25-Q1", "", "0000"])
def test_a_code_that_says_no_period_asks_for_the_days(code):
    with pytest.raises(ValueError, match="first and last day"):
        wave_period(code)


def test_a_wave_is_made_once(database):
    with database.writing() as session:
        survey = ensure_instrument(session, "Survey", 1, 5)
        assert ensure_wave(session, "2025-Q1", survey) is ensure_wave(session, "2025-Q1", survey)


def test_a_wave_with_a_name_of_its_own_needs_days(database):
    with database.writing() as session:
        survey = ensure_instrument(session, "Survey", 1, 5)
        wave = ensure_wave(session, "spring", survey, dt.date(2025, 3, 1), dt.date(2025, 5, 31))
        assert (wave.first_day.month, wave.last_day.month, wave.state) == (3, 5, "open")


def test_a_wave_does_not_end_before_it_begins(database):
    with database.writing() as session:
        survey = ensure_instrument(session, "Survey", 1, 5)
        with pytest.raises(ValueError, match="before its first day"):
            ensure_wave(session, "spring", survey, dt.date(2025, 5, 31), dt.date(2025, 3, 1))


def test_another_scale_is_another_instrument(database):
    with database.writing() as session:
        ensure_instrument(session, "Survey", 1, 5)
        with pytest.raises(WaveDiffers, match="1 to 5 with the high end best"):
            ensure_instrument(session, "Survey", 1, 5, "low")


def test_a_wave_keeps_its_instrument_and_its_days(database):
    with database.writing() as session:
        wave = ensure_wave(session, "2025-Q1", ensure_instrument(session, "Survey", 1, 5))
        with pytest.raises(WaveDiffers, match="measured with 'Survey'"):
            ensure_wave(session, "2025-Q1", ensure_instrument(session, "Other", 1, 7))
        with pytest.raises(WaveDiffers, match="2025-01-01"):
            ensure_wave(session, "2025-Q1", wave.instrument, first_day=dt.date(2025, 2, 1))


def test_an_unknown_wave_names_the_closest(database):
    with database.writing() as session:
        ensure_wave(session, "2025-Q1", ensure_instrument(session, "Survey", 1, 5))
        with pytest.raises(WaveUnknown, match="closest is 2025-Q1"):
            find_wave(session, "2025-Q2")


@pytest.fixture
def frozen(database, pseudonyms, table):
    """A database whose wave 2025-Q1 of twelve people is frozen."""
    rows = [f"r{n} TRIP-1 {n % 5 + 1} {5 - n % 2} {'parents' if n % 2 else 'couples'} search" for n in range(12)]
    import_answers(database, pseudonyms, "2025-Q1", table(HEADER, *rows))
    with database.writing() as session:
        freeze(session, find_wave(session, "2025-Q1"), None)
    return database


def test_a_frozen_wave_proves_itself_and_says_how_it_was_computed(frozen):
    with frozen.reading() as session:
        wave = find_wave(session, "2025-Q1")
        assert verify_frozen(session, wave)
        assert wave.definition["scale"] == [1, 5]
        assert wave.definition["top_box"] == [4, 5]
        assert wave.definition["smallest_change"]["satisfaction"] == 3.0
        assert session.scalar(select(AuditEntry.action)) == "wave.freeze"


def test_an_open_wave_proves_nothing(database):
    with database.writing() as session:
        assert not verify_frozen(session, ensure_wave(session, "2025", ensure_instrument(session, "Survey", 1, 5)))


def test_a_wave_without_answers_is_not_frozen(database):
    with database.writing() as session, pytest.raises(ValueError, match="no answers"):
        freeze(session, ensure_wave(session, "2025", ensure_instrument(session, "Survey", 1, 5)), None)


def test_a_frozen_wave_takes_no_answers(frozen, pseudonyms, table):
    with pytest.raises(WaveFrozen, match="2025-Q1 was frozen on"):
        import_answers(frozen, pseudonyms, "2025-Q1", table(HEADER, "new TRIP-1 5 5 parents search"))


def test_a_frozen_wave_is_neither_computed_nor_frozen_again(frozen):
    with frozen.writing() as session:
        wave = find_wave(session, "2025-Q1")
        with pytest.raises(WaveFrozen):
            compute_wave(session, wave)
        with pytest.raises(WaveFrozen):
            freeze(session, wave, None)
    with pytest.raises(WaveFrozen):
        recompute(frozen, wave.id)


def test_a_score_taken_away_shows(frozen):
    with frozen.writing() as session:
        session.execute(delete(Score).where(Score.measure == "importance", Score.segment_id.is_(None)))
        assert not verify_frozen(session, find_wave(session, "2025-Q1"))


def test_a_changed_definition_shows(frozen):
    with frozen.writing() as session:
        wave = find_wave(session, "2025-Q1")
        wave.definition = {**wave.definition, "alpha": 0.5}
        session.flush()
        assert not verify_frozen(session, wave)


TAMPERED = st.tuples(
    st.sampled_from(["value", "low", "high", "n", "n_eff", "change", "p_value", "q_value"]), st.integers(0, 10_000)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(TAMPERED, st.integers(1, 100))
def test_any_number_changed_behind_our_back_shows(frozen, tampered, number):
    name, pick = tampered
    with frozen.writing() as session:
        ids = session.scalars(select(Score.id).order_by(Score.id)).all()
        chosen = ids[pick % len(ids)]
        before = session.scalar(select(getattr(Score, name)).where(Score.id == chosen))
        session.execute(update(Score).where(Score.id == chosen).values({name: (before or 0) + number}))
        assert not verify_frozen(session, find_wave(session, "2025-Q1"))
        session.execute(update(Score).where(Score.id == chosen).values({name: before}))
        assert verify_frozen(session, find_wave(session, "2025-Q1"))


def test_later_answers_and_renamed_terms_leave_a_frozen_wave_as_it_is(frozen, pseudonyms, table):
    rows = [f"n{n} TRIP-1 5 5 parents booking" for n in range(40)]
    import_answers(frozen, pseudonyms, "2025-Q2", table(HEADER, *rows))
    with frozen.writing() as session:
        session.scalars(select(Outcome)).first().name = "Another name"
    with frozen.reading() as session:
        assert verify_frozen(session, find_wave(session, "2025-Q1"))
        assert session.scalar(select(Wave.state).where(Wave.code == "2025-Q2")) == "open"
