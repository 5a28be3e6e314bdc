"""What stands beside a wave: events, exclusions, who answered, instruments and their versions, new waves."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from insightrepo.accounts.access import Forbidden, Reader
from insightrepo.models import (
    AuditEntry,
    DefinitionVersion,
    Exclusion,
    Membership,
    Outcome,
    Product,
    Respondent,
    Segment,
    Task,
    Team,
    Trial,
    User,
    Wave,
)
from insightrepo.scores.computing.computing import WaveFrozen
from insightrepo.scores.computing.weights import WeightsRefused
from insightrepo.scores.waves.annotations import AnnotationWrong, annotate, annotations_between, remove_annotation
from insightrepo.scores.waves.exclusions import ExclusionWrong, exclude, exclusions_of, include_again
from insightrepo.scores.waves.instruments import InstrumentWrong, edit_instrument, read_instrument
from insightrepo.scores.waves.issues import ReasonMissing, freeze, reissue, verify_frozen
from insightrepo.scores.waves.responses import (
    CountsWrong,
    Rate,
    _hidden,
    composition,
    contacts,
    falling,
    respondents_of,
    set_counts,
)
from insightrepo.scores.waves.settings import SettingsWrong, parsed_settings
from insightrepo.scores.waves.wave_editing import InstrumentWanted, change_settings, create_wave, refresh
from insightrepo.scores.waves.wave_reading import calendar, read_wave
from insightrepo.scores.waves.waves import WaveDiffers, ensure_instrument, ensure_wave, find_wave
from insightrepo.taxonomy.reading import UnknownTerm

VIEWER = Reader(1, "vera@example.com", "viewer")
DAY = dt.date(2025, 5, 2)


@pytest.fixture
def rita(database):
    """A researcher who is in the database."""
    with database.writing() as session:
        user = User(email="rita@example.com", name="Rita", password_hash="x", role="researcher")
        session.add(user)
        session.flush()
        return Reader(user.id, user.email, user.role)


def _ids(database, model):
    with database.reading() as session:
        return {one.code: one.id for one in session.scalars(select(model))}


# events and interventions


def test_events_are_found_by_the_days_they_touch(database, rita):
    with database.writing() as session:
        annotate(session, rita, "event", dt.date(2025, 3, 30), "a strike", dt.date(2025, 4, 2))
        annotate(session, rita, "intervention", dt.date(2025, 6, 1), "new search")
    with database.reading() as session:

        def texts(*days):
            return [one.text for one in annotations_between(session, VIEWER, *days)]

        assert texts(dt.date(2025, 4, 2), dt.date(2025, 5, 31)) == ["a strike"]
        assert texts(dt.date(2025, 4, 3), dt.date(2025, 5, 31)) == []
        assert texts(dt.date(2025, 4, 1), dt.date(2025, 6, 1)) == ["a strike", "new search"]
        assert texts() == ["a strike", "new search"]
        assert [one.text for one in annotations_between(session, VIEWER, kind="intervention")] == ["new search"]


def test_what_concerns_everything_and_what_concerns_a_parent_concerns_the_part(database, rita):
    with database.writing() as session:
        annotate(session, rita, "event", DAY, "rain")
        annotate(session, rita, "event", DAY, "the app was down", product="app")
        annotate(session, rita, "event", DAY, "booking was down", product="booking")
        annotate(session, rita, "event", DAY, "a film about dates", outcome="TRIP-2")
    with database.reading() as session:

        def texts(**about):
            return [one.text for one in annotations_between(session, VIEWER, **about)]

        assert texts(product="booking") == ["rain", "the app was down", "booking was down", "a film about dates"]
        assert texts(product="search", outcome="TRIP-1") == ["rain", "the app was down"]
        assert texts(product="app", outcome="TRIP-1") == ["rain", "the app was down"]


def test_an_event_of_a_segment_or_a_team_outside_is_as_if_not_there(database, rita):
    with database.writing() as session:
        team = Team(name="Trips")
        session.add(team)
        session.flush()
        session.scalars(select(Outcome).where(Outcome.code == "TRIP-3")).one().team_id = team.id
    administrator = Reader(rita.user_id, rita.email, "administrator")
    with database.writing() as session:
        number = annotate(session, rita, "event", DAY, "holidays", segment="parents").id
        annotate(session, administrator, "event", DAY, "prices rose", outcome="TRIP-3")
    segments = _ids(database, Segment)
    scoped = Reader(9, "sam@example.com", "researcher", segments=frozenset({segments["couples"]}))
    with database.writing() as session:
        assert [one.text for one in annotations_between(session, scoped)] == []
        assert [one.text for one in annotations_between(session, rita)] == ["holidays"]
        assert len(annotations_between(session, administrator)) == 2
        assert not remove_annotation(session, scoped, number)
        with pytest.raises(UnknownTerm):
            annotate(session, scoped, "event", DAY, "holidays", segment="parents")
        assert remove_annotation(session, rita, number)


@pytest.mark.parametrize(
    ("given", "said"),
    [(("storm", DAY, "rain"), "event or an intervention"), (("event", DAY, "  "), "text is empty"),
     (("event", DAY, "rain", DAY - dt.timedelta(1)), "before it begins")],
)  # fmt: skip
def test_an_event_that_says_nothing_is_refused(database, rita, given, said):
    with database.writing() as session, pytest.raises(AnnotationWrong, match=said):
        annotate(session, rita, *given)


# exclusions


def test_an_exclusion_keeps_who_why_and_the_key_of_the_respondent_only(database, answered, rita, pseudonyms):
    answered("2025-Q1", (40, "5"), who="p")
    with database.writing() as session:
        exclude(session, rita, pseudonyms, find_wave(session, "2025-Q1"), "  answered   in nine seconds ", "p 3")
    with database.reading() as session:
        (shown,) = exclusions_of(session, VIEWER, find_wave(session, "2025-Q1"))
        assert (shown.what, shown.reason, shown.by) == ("one respondent", "answered in nine seconds", "Rita")
        kept = session.scalars(select(Exclusion)).one()
        assert session.get(Respondent, kept.respondent_id).key == pseudonyms.key("p 3")
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "wave.exclude")).one()
        assert "p 3" not in str(entry.detail)


def test_a_frozen_wave_takes_no_exclusion_no_counts_and_no_settings(database, answered, rita, pseudonyms):
    answered("2025-Q1", (40, "5"))
    with database.writing() as session:
        wave = find_wave(session, "2025-Q1")
        exclude(session, rita, pseudonyms, wave, "the question was shown twice", outcome="TRIP-2")
        freeze(session, wave, None)
        with pytest.raises(WaveFrozen):
            exclude(session, rita, pseudonyms, wave, "the question was shown twice", outcome="TRIP-1")
        with pytest.raises(WaveFrozen):
            include_again(session, rita, wave, 1)
        with pytest.raises(WaveFrozen):
            set_counts(session, rita, wave, None, invited=100)
        with pytest.raises(WaveFrozen):
            change_settings(session, rita, wave, parsed_settings({}))
        assert verify_frozen(session, wave)


def test_an_exclusion_of_nothing_or_of_a_stranger_is_refused(database, answered, rita, pseudonyms):
    answered("2025-Q1", (40, "5"))
    with database.writing() as session:
        wave, why = find_wave(session, "2025-Q1"), "the question was shown twice"
        with pytest.raises(ExclusionWrong, match="say what to leave out"):
            exclude(session, rita, pseudonyms, wave, why)
        with pytest.raises(ExclusionWrong, match="no respondent"):
            exclude(session, rita, pseudonyms, wave, why, "nobody")
        with pytest.raises(ReasonMissing):
            exclude(session, rita, pseudonyms, wave, "twice", outcome="TRIP-1")
        with pytest.raises(Forbidden):
            exclude(session, VIEWER, pseudonyms, wave, why, outcome="TRIP-1")


def test_an_exclusion_is_taken_back_only_from_its_own_wave(database, answered, rita, pseudonyms):
    answered("2025-Q1", (40, "5"))
    answered("2025-Q2", (40, "5"))
    with database.writing() as session:
        first, second = find_wave(session, "2025-Q1"), find_wave(session, "2025-Q2")
        number = exclude(session, rita, pseudonyms, first, "the question was shown twice", outcome="TRIP-1").id
        assert not include_again(session, rita, second, number)
        assert include_again(session, rita, first, number)
        assert exclusions_of(session, rita, first) == []


def test_a_segment_that_the_wave_is_weighted_by_is_not_left_out_whole(database, answered, rita, pseudonyms):
    answered("2025-Q1", (20, "5", "5", "parents"), (20, "5", "5", "couples"))
    with database.writing() as session:
        for one in session.scalars(select(Segment).where(Segment.dimension == "household")):
            one.population = 0 if one.code == "singles" else 100
        weighting = {"weighting": {"scheme": "post-stratification", "dimensions": ["household"]}}
        change_settings(session, rita, find_wave(session, "2025-Q1"), parsed_settings(weighting))
    with pytest.raises(WeightsRefused, match="couples"), database.writing() as session:
        exclude(session, rita, pseudonyms, find_wave(session, "2025-Q1"), "they were all robots", segment="couples")
    with database.reading() as session:
        assert exclusions_of(session, rita, find_wave(session, "2025-Q1")) == []


# who answered


def _join(database, wave, groups):
    """Puts the wave's people into segments: groups of (segment, how many)."""
    segments = _ids(database, Segment)
    with database.writing() as session:
        found = find_wave(session, wave)
        session.query(Membership).filter_by(wave_id=found.id).delete()
        people = iter(sorted(person for _, person in session.execute(respondents_of([found.id]))))
        for segment, count in groups:
            session.add_all(
                Membership(wave_id=found.id, respondent_id=next(people), segment_id=segments[segment])
                for _ in range(count)
            )


def _strata(database, wave, reader=VIEWER):
    with database.reading() as session:
        return {one.segment: one for one in composition(session, reader, find_wave(session, wave))}


def test_composition_stands_beside_targets_and_population(database, answered, rita):
    answered("2025-Q1", (40, "5"))
    _join(database, "2025-Q1", [("parents", 19), ("couples", 11), ("singles", 10)])
    with database.writing() as session:
        for segment, people in zip(("parents", "couples", "singles"), (500, 300, 200), strict=True):
            session.scalars(select(Segment).where(Segment.code == segment)).one().population = people
        set_counts(session, rita, find_wave(session, "2025-Q1"), "parents", invited=38, target=12)
        set_counts(session, rita, find_wave(session, "2025-Q1"), None, invited=100, answered=45)
    strata = _strata(database, "2025-Q1")
    parents = strata["parents"]
    assert (parents.n, parents.share, parents.population_share) == (19, 0.475, 0.5)
    assert f"{parents.n} of {parents.target} targeted ({parents.reached:.0f}%)" == "19 of 12 targeted (158%)"
    assert (parents.answered, parents.rate.value, parents.rate.n) == (19, 0.5, 38)
    assert (strata[None].n, strata[None].answered, strata[None].rate.value) == (40, 45, 0.45)


def test_who_tried_a_task_beside_a_survey_is_not_counted_as_having_answered_it(database, answered, rita):
    answered("2025-Q1", (40, "5"))
    with database.writing() as session:
        product = session.scalars(select(Product).where(Product.code == "app")).one()
        task = Task(code="T-1", name="Add a stop", product_id=product.id)
        person = Respondent(key="tester")
        session.add_all([task, person])
        session.flush()
        wave = find_wave(session, "2025-Q1")
        session.add(Trial(wave_id=wave.id, identity="t", task_id=task.id, respondent_id=person.id, completed=True))
        set_counts(session, rita, wave, None, invited=80)
    [everybody] = [one for code, one in _strata(database, "2025-Q1").items() if code is None]
    assert (everybody.n, everybody.answered, everybody.rate.value) == (40, 40, 0.5)


def test_counts_said_again_replace_those_before(database, answered, rita):
    answered("2025-Q1", (40, "5"))
    with database.writing() as session:
        for invited in (100, 80):
            set_counts(session, rita, find_wave(session, "2025-Q1"), None, invited=invited)
    assert _strata(database, "2025-Q1")[None].invited == 80


@pytest.mark.parametrize(("invited", "answered_"), [(-1, None), (5, 6)])
def test_counts_that_cannot_be_are_refused(database, answered, rita, invited, answered_):
    answered("2025-Q1", (40, "5"))
    with database.writing() as session, pytest.raises(CountsWrong):
        set_counts(session, rita, find_wave(session, "2025-Q1"), None, invited=invited, answered=answered_)


def test_a_segment_of_four_is_not_counted_nor_the_one_that_would_give_it_away(database, answered, rita):
    answered("2025-Q1", (40, "5"))
    _join(database, "2025-Q1", [("parents", 4), ("couples", 16), ("singles", 20)])
    strata = _strata(database, "2025-Q1")
    assert (strata["parents"].n, strata["couples"].n, strata["singles"].n, strata[None].n) == (None, None, 20, 40)
    assert strata["parents"].answered is None
    with database.writing() as session:
        set_counts(session, rita, find_wave(session, "2025-Q1"), "parents", invited=9, answered=4)
    assert _strata(database, "2025-Q1")["parents"].rate is None


def test_beside_a_hidden_segment_no_share_is_shown_that_would_give_its_count(database, answered):
    answered("2025-Q1", (70, "5"))  # seven of them in no household, so that parents is shown
    _join(database, "2025-Q1", [("parents", 60), ("couples", 3)])
    strata = _strata(database, "2025-Q1")
    assert (strata["parents"].n, strata["couples"].n) == (60, None)
    assert (strata["parents"].share, strata["couples"].share) == (None, None)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12)).filter(any))
def test_no_count_under_five_follows_from_those_shown(counts):
    segments = {number: Segment(id=number, code=f"s{number}", dimension="household") for number in (1, 2, 3)}
    people = {number: count for number, count in enumerate(counts, 1) if count} | {None: sum(counts)}
    hidden = _hidden(segments, people)
    unseen = [count for number, count in people.items() if number is not None and number in hidden]
    assert all(count >= 5 for number, count in people.items() if number not in hidden)
    if None not in hidden and unseen:
        assert sum(unseen) >= 5
        assert len(unseen) > 1 or unseen[0] >= 5


def test_a_reader_limited_to_a_segment_sees_no_other_in_the_composition(database, answered):
    answered("2025-Q1", (40, "5"))
    _join(database, "2025-Q1", [("parents", 20), ("couples", 20)])
    scoped = Reader(9, "sam@example.com", "viewer", segments=frozenset({_ids(database, Segment)["couples"]}))
    assert set(_strata(database, "2025-Q1", scoped)) == {None, "couples"}


def test_contact_frequency_counts_who_answered_two_of_three_waves(database, answered):
    answered("2025-Q1", (10, "5"), who="a")
    answered("2025-Q2", (10, "5"), who="b")
    answered("2025-Q3", (8, "5"), who="a")  # the first eight of 2025-Q1
    answered("2025-Q3", (12, "5"), who="c")
    with database.reading() as session:
        waves = session.scalars(select(Wave).order_by(Wave.first_day)).all()
        found = {one.wave: one for one in contacts(session, waves).values()}
    assert found["2025-Q1"].often is None  # there is nothing before it
    assert found["2025-Q2"].often.value == 0.0
    assert (found["2025-Q3"].often.value, found["2025-Q3"].often.n) == (0.4, 20)
    assert found["2025-Q3"].waves == ("2025-Q3", "2025-Q2", "2025-Q1")
    assert found["2025-Q3"].advice == ""


def test_a_panel_that_is_asked_every_time_is_advised_to_rest(database, answered):
    for wave in ("2025-Q1", "2025-Q2"):
        answered(wave, (40, "5"), who="a")
    with database.reading() as session:
        waves = session.scalars(select(Wave).order_by(Wave.first_day)).all()
        assert "refresh the panel" in contacts(session, waves)[waves[1].id].advice


def test_fewer_than_five_who_came_back_are_not_counted_out(database, answered):
    answered("2025-Q1", (4, "5"), who="a")
    answered("2025-Q1", (10, "5"), who="b")
    answered("2025-Q2", (4, "5"), who="a")
    answered("2025-Q2", (20, "5"), who="c")
    with database.reading() as session:
        waves = session.scalars(select(Wave).order_by(Wave.first_day)).all()
        assert contacts(session, waves)[waves[1].id].often is None


def _rates(*pairs):
    return [Rate(part / n, 0.0, 1.0, n) for part, n in pairs]


def test_a_response_rate_that_fell_for_sure_is_said_and_noise_is_not():
    assert falling(_rates((60, 100), (30, 100))).startswith("fell from 60% to 30%")
    assert falling(_rates((60, 100), (55, 100))) == ""
    assert falling(_rates((30, 100), (60, 100))) == ""
    assert falling(_rates((20, 25), (5, 25))) == ""  # of fewer than 30 nothing is said
    assert falling([*_rates((60, 100)), None, *_rates((30, 100))]).startswith("fell from 60%")


# making waves and instruments


def test_a_new_wave_takes_the_instrument_of_the_latest(database, rita):
    with database.writing() as session:
        first = create_wave(session, rita, "2025-Q1", InstrumentWanted("Panel", "1-7", "low", wording="How is it?"))
        second = create_wave(session, rita, "2025-Q2")
        assert second.instrument is first.instrument
        assert (first.instrument.scale_high, first.instrument.best) == (7, "low")


def test_what_is_asked_otherwise_is_another_instrument(database, rita):
    with database.writing() as session:
        create_wave(session, rita, "2025-Q1", InstrumentWanted("Panel", wording="How is it?"))
        with pytest.raises(WaveDiffers, match="another wording"):
            create_wave(session, rita, "2025-Q2", InstrumentWanted("Panel", wording="How was it?"))
        with pytest.raises(WaveDiffers, match="another scale is another instrument"):
            create_wave(session, rita, "2025-Q2", InstrumentWanted("Panel", "1-7"))
        assert create_wave(session, rita, "2025-Q2", InstrumentWanted("Panel", wording="How is it?")).code == "2025-Q2"


def test_a_wave_is_not_made_twice_nor_by_a_viewer(database, rita):
    with database.writing() as session:
        create_wave(session, rita, "2025-Q1")
        with pytest.raises(WaveDiffers, match="already"):
            create_wave(session, rita, "2025-Q1")
        with pytest.raises(Forbidden):
            create_wave(session, VIEWER, "2025-Q2")


def test_an_instrument_keeps_its_first_words_as_version_one(database, rita):
    with database.writing() as session:
        instrument = ensure_instrument(session, "Panel", 1, 5, wording="How is it?")
        edit_instrument(session, rita, instrument, "the comma was missing", wording="How, is it?")
        reading = read_instrument(session, instrument.id)
        assert (reading.version, [one.version for one in reading.versions]) == (2, [2])
        assert reading.versions[0].changed == (("wording", "How is it?", "How, is it?"),)
        kept = session.scalars(select(DefinitionVersion).order_by(DefinitionVersion.version)).all()
        assert [one.content["wording"] for one in kept] == ["How is it?", "How, is it?"]


def test_the_scale_of_an_instrument_cannot_be_edited(database, rita):
    with database.writing() as session:
        instrument = ensure_instrument(session, "Panel", 1, 5)
        ensure_instrument(session, "Other", 1, 5)
        with pytest.raises(InstrumentWrong, match="another scale is another instrument"):
            edit_instrument(session, rita, instrument, "a scale of seven points", scale_high="7")
        with pytest.raises(InstrumentWrong, match="another instrument is called"):
            edit_instrument(session, rita, instrument, "a better name for it", name="Other")
        with pytest.raises(InstrumentWrong, match="level"):
            edit_instrument(session, rita, instrument, "the level was missing", level="deep")


def test_settings_are_checked_against_the_taxonomy_and_written_down(database, answered, rita):
    answered("2025-Q1", (40, "5"))
    with database.writing() as session:
        wave = find_wave(session, "2025-Q1")
        with pytest.raises(SettingsWrong, match="parents, couples, singles of household have no population"):
            change_settings(session, rita, wave, parsed_settings(
                {"weighting": {"scheme": "post-stratification", "dimensions": ["household"]}}
            ))  # fmt: skip
        change_settings(session, rita, wave, parsed_settings({"smallest_change": {"satisfaction": 9.0}}))
        assert session.scalars(select(AuditEntry.detail).where(AuditEntry.action == "wave.settings")).one()[
            "after"
        ] == {"smallest_change": {"satisfaction": 9.0}}
    refresh(database, wave.id)
    with database.reading() as session:
        assert find_wave(session, "2025-Q1").definition["smallest_change"]["satisfaction"] == 9.0


def test_a_correction_leaves_the_chips_to_an_earlier_frozen_wave(database, answered, rita):
    from insightrepo.scores.chips import CellWanted, chips

    for wave in ("2025-Q1", "2025-Q2"):
        answered(wave, (40, "5"), who=wave)
        with database.writing() as session:
            freeze(session, find_wave(session, wave), None)
    outcome = _ids(database, Outcome)["TRIP-1"]

    def current():
        with database.reading() as session:
            (chip,) = chips(session, VIEWER, [CellWanted(outcome)]).values()
            return chip.wave, chip.provisional

    assert current() == ("2025-Q2", False)
    with database.writing() as session:
        reissue(session, find_wave(session, "2025-Q2"), None, "forty answers came in late")
    assert current() == ("2025-Q1", False)
    with database.writing() as session:
        freeze(session, find_wave(session, "2025-Q2"), None)
    assert current() == ("2025-Q2", False)


def test_the_calendar_and_the_page_say_where_a_comparison_leaps(database, answered):
    answered("2025-Q1", (40, "5"), who="a")
    answered("2025-Q3", (40, "1"), who="b")
    with database.writing() as session:
        ensure_wave(session, "2025-Q4", ensure_instrument(session, "Other", 1, 7))
    with database.reading() as session:
        (quarters,) = calendar(session, VIEWER, dt.date(2025, 12, 1))
        assert [(row.code, row.line is None) for row in quarters.rows] == [
            ("2025-Q4", False), ("2025-Q3", False), ("2025-Q2", True), ("2025-Q1", False)
        ]  # fmt: skip
        assert [row.line.break_before for row in quarters.rows if row.line] == [True, False, False]
        (compared,) = read_wave(session, VIEWER, "2025-Q3").compared_with
        assert (compared.code, compared.missing) == ("2025-Q1", ("2025-Q2",))
        assert read_wave(session, VIEWER, "2025-Q4").compared_with == ()


def test_an_exclusion_by_task_needs_a_task_that_is_there(database, answered, rita, pseudonyms):
    answered("2025-Q1", (40, "5"))
    with database.writing() as session:
        product = session.scalars(select(Product).where(Product.code == "search")).one()
        session.add(Task(code="T-1", name="Find a stop", product=product))
    with database.writing() as session:
        wave = find_wave(session, "2025-Q1")
        assert exclude(session, rita, pseudonyms, wave, "the site was down", task="T-1").task_id
        with pytest.raises(UnknownTerm, match="known are T-1"):
            exclude(session, rita, pseudonyms, wave, "the site was down", task="T-2")
        scoped = Reader(rita.user_id, rita.email, "researcher", products=frozenset({0}))
        with pytest.raises(Forbidden, match="limited to a part"):  # and learns nothing of which tasks there are
            exclude(session, scoped, pseudonyms, wave, "the site was down", task="T-1")
