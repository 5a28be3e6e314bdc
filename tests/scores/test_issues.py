"""Issues of a wave: what was frozen stays word for word, a correction is a new issue, and nothing edited changes it."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select, update

from ingest.readers.base import Row, Table
from insightrepo.accounts.access import Forbidden, Reader
from insightrepo.database import Database
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.models import (
    Answer,
    AuditEntry,
    Exclusion,
    Instrument,
    Outcome,
    Product,
    Respondent,
    Score,
    Segment,
    Task,
    Team,
    Trial,
    User,
    Wave,
    WaveIssue,
)
from insightrepo.scores.computing.computing import WaveFrozen
from insightrepo.scores.computing.score_rows import Seeds
from insightrepo.scores.explaining import explain
from insightrepo.scores.intake.importing import import_answers
from insightrepo.scores.waves.exclusions import exclude
from insightrepo.scores.waves.issue_differences import FEW, differences
from insightrepo.scores.waves.issue_reading import IssueUnknown, read_issue
from insightrepo.scores.waves.issues import (
    NotFrozen,
    ReasonMissing,
    freeze,
    issues_of,
    reissue,
    replaced,
    sha256,
    verify,
    verify_frozen,
)
from insightrepo.scores.waves.settings import parsed_settings
from insightrepo.scores.waves.wave_editing import change_settings
from insightrepo.scores.waves.wave_reading import read_wave
from insightrepo.scores.waves.waves import find_wave

EVERYBODY = Reader(1, "ada@example.com", "administrator")
WHY = "forty answers of the panel came in late"


@pytest.fixture
def frozen(database, answered):
    """2025-Q1 of 70 who are satisfied and 30 who are not, 60 of them parents; frozen."""
    answered("2025-Q1", (60, "5", "5", "parents"), (10, "4", "5", "couples"), (30, "1", "5", "couples"), who="p")
    _freeze(database, "2025-Q1")
    return database


def _freeze(database, code):
    with database.writing() as session:
        freeze(session, find_wave(session, code), None)


def _reissue(database, code, reason=WHY):
    with database.writing() as session:
        reissue(session, find_wave(session, code), None, reason)


def _read(database, code="2025-Q1", number=1, reader=EVERYBODY):
    with database.reading() as session:
        return read_issue(session, reader, find_wave(session, code), number)


def _whole(reading, measure="satisfaction"):
    return next(s for s in reading.scores if s.cell == ("TRIP-1", None, None, None, measure))


def test_an_issue_keeps_the_text_that_was_hashed(frozen):
    with frozen.reading() as session:
        issue = session.scalars(select(WaveIssue)).one()
        wave = find_wave(session, "2025-Q1")
        assert sha256(issue.content) == issue.sha256 == wave.frozen_hash
        content = json.loads(issue.content)
        assert content["instrument"]["scale_high"] == 5
        assert content["terms"]["segment"].keys() == {str(s.id) for s in session.scalars(
            select(Segment).where(Segment.code.in_(("parents", "couples")))
        )}  # fmt: skip
        assert content["replaces"] is None


def test_a_frozen_issue_reads_by_the_names_of_its_time(frozen):
    with frozen.writing() as session:
        session.scalars(select(Outcome).where(Outcome.code == "TRIP-1")).one().name = "Another name"
    reading = _read(frozen)
    assert _whole(reading).names[0] == "Find a place for everyone"
    assert (_whole(reading).value, _whole(reading).n, _whole(reading).unit) == (70.0, 100, "percent")


def test_a_correction_is_a_new_issue_and_the_old_one_stays(frozen, answered):
    _reissue(frozen, "2025-Q1")
    answered("2025-Q1", (40, "1", "5", "couples"), who="late")
    _freeze(frozen, "2025-Q1")
    first, second = _read(frozen, number=1), _read(frozen, number=2)
    assert (_whole(first).value, _whole(second).value) == (70.0, 50.0)
    assert first.replaced_by == (2, WHY)
    assert second.replaced_by is None
    assert second.reason == WHY
    with frozen.reading() as session:
        wave = find_wave(session, "2025-Q1")
        assert (wave.issue, wave.correction, wave.state) == (2, "", "frozen")
        assert [found.holds for found in verify(session)] == [True, True]
        assert [found.current for found in verify(session)] == [False, True]
        second_content = json.loads(issues_of(session, wave)[1].content)
        assert second_content["replaces"] == issues_of(session, wave)[0].sha256


def test_where_two_issues_differ_both_figures_are_shown(frozen, answered):
    _reissue(frozen, "2025-Q1")
    answered("2025-Q1", (40, "1", "5", "couples"), who="late")
    with frozen.reading() as session:  # before it is frozen: against the scores as they stand
        open_yet = differences(session, EVERYBODY, find_wave(session, "2025-Q1"), 1)
    _freeze(frozen, "2025-Q1")
    with frozen.reading() as session:
        found = differences(session, EVERYBODY, find_wave(session, "2025-Q1"), 1, 2)
    satisfied = {d.shown.segment: (d.before.value, d.after.value) for d in found if d.shown.measure == "satisfaction"}
    assert satisfied == {None: (70.0, 50.0), "couples": (25.0, 12.5)}  # parents: as they were
    assert open_yet == found


def test_a_correction_that_changes_nothing_differs_nowhere(frozen):
    _reissue(frozen, "2025-Q1")
    _freeze(frozen, "2025-Q1")
    with frozen.reading() as session:
        assert differences(session, EVERYBODY, find_wave(session, "2025-Q1"), 1, 2) == []


@pytest.mark.parametrize("reason", ["", "   ", "typo", " a   b c d "])
def test_a_correction_needs_a_reason(frozen, reason):
    with frozen.writing() as session, pytest.raises(ReasonMissing, match="10 characters"):
        reissue(session, find_wave(session, "2025-Q1"), None, reason)
    with frozen.reading() as session:
        assert verify_frozen(session, find_wave(session, "2025-Q1"))


def test_an_open_wave_is_not_corrected(frozen):
    _reissue(frozen, "2025-Q1")
    with frozen.writing() as session, pytest.raises(NotFrozen, match=f"under correction: {WHY}"):
        reissue(session, find_wave(session, "2025-Q1"), None, "another good reason")


def test_freezing_and_correcting_are_written_down(frozen):
    _reissue(frozen, "2025-Q1")
    _freeze(frozen, "2025-Q1")
    with frozen.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        assert [(e.action, e.detail.get("issue")) for e in entries] == [
            ("wave.freeze", 1), ("wave.reissue", 2), ("wave.freeze", 2)
        ]  # fmt: skip
        assert entries[1].detail["reason"] == WHY


def test_a_later_wave_says_that_what_it_was_compared_with_was_corrected(frozen, answered):
    answered("2025-Q2", (50, "5", "5", "parents"), who="q")
    _freeze(frozen, "2025-Q2")
    with frozen.reading() as session:
        assert replaced(session, find_wave(session, "2025-Q2")) == []
    _reissue(frozen, "2025-Q1")
    _freeze(frozen, "2025-Q1")
    with frozen.reading() as session:
        assert replaced(session, find_wave(session, "2025-Q2")) == [("2025-Q1", 1, 2)]
        assert verify_frozen(session, find_wave(session, "2025-Q2"))


@pytest.mark.parametrize("number", [0, 2, 99])
def test_an_issue_that_is_not_there_is_said(frozen, number):
    with pytest.raises(IssueUnknown, match=f"no issue {number}; it has 1"):
        _read(frozen, number=number)


def test_an_issue_changed_behind_our_back_shows(frozen):
    with frozen.writing() as session:
        issue = session.scalars(select(WaveIssue)).one()
        issue.content = issue.content.replace('"satisfaction"', '"satisfactioN"', 1)
    with frozen.reading() as session:
        assert [found.fault for found in verify(session)] == ["what is kept of the issue does not give its hash"]
        assert not _read(frozen).holds


def test_an_issue_holds_whatever_chance_is_drawn_by_today(database, answered, monkeypatch):
    """What was frozen is what is kept: bootstraps that were seeded otherwise then need not be drawn again."""
    answered("2025-Q1", (40, "5", "5"), (30, "1", "5"), (30, "5", "1"))
    monkeypatch.setattr(Seeds, "of", lambda _self, key: [20250101, 1, key.outcome or 0, 0, 0])  # as it was by ids
    _freeze(database, "2025-Q1")
    monkeypatch.undo()
    before = _read(database)
    with database.reading() as session:
        assert [found.holds for found in verify(session)] == [True]
    assert _read(database) == before


def test_an_exclusion_slipped_under_a_frozen_wave_shows(frozen):
    with frozen.writing() as session:
        outcome, wave = session.scalars(select(Outcome)).first(), find_wave(session, "2025-Q1")
        session.add(Exclusion(wave_id=wave.id, outcome_id=outcome.id, reason="they were all robots"))
        session.flush()
        assert [found.fault for found in verify(session)] == ["no longer as frozen: exclusions"]


def test_a_frozen_wave_without_an_issue_does_not_pass_as_verified(database, answered):
    answered("2025-Q1", (5, "5"))
    with database.writing() as session:
        find_wave(session, "2025-Q1").state = "frozen"
        session.flush()
        assert not verify_frozen(session, find_wave(session, "2025-Q1"))
        assert [found.fault for found in verify(session)] == ["no issue is kept of it"]


def test_who_is_limited_to_a_segment_reads_no_other_in_an_issue(frozen):
    with frozen.reading() as session:
        parents = session.scalar(select(Segment.id).where(Segment.code == "parents"))
    limited = Reader(2, "sam@example.com", "researcher", segments=frozenset({parents}))
    assert {s.segment for s in _read(frozen, reader=limited).scores} == {None, "parents"}
    assert {s.segment for s in _read(frozen).scores} == {None, "parents", "couples"}


def test_a_task_of_another_team_is_in_no_issue_of_who_is_not_in_it(frozen):
    _reissue(frozen, "2025-Q1")
    with frozen.writing() as session:
        wave, team = find_wave(session, "2025-Q1"), Team(name="Stealth")
        session.add(team)
        session.flush()
        product = Product(code="stealth", name="Stealth", team_id=team.id)
        session.add(product)
        session.flush()
        task = Task(code="ST-1", name="Secret task", product_id=product.id)
        people = [Respondent(key=f"t{number}") for number in range(6)]
        session.add_all([task, *people])
        session.flush()
        session.add_all(Trial(wave_id=wave.id, identity=one.key, task_id=task.id, respondent_id=one.id, completed=True)
                        for one in people)  # fmt: skip
        session.add(Exclusion(wave_id=wave.id, task_id=task.id, respondent_id=people[0].id, reason="it crashed twice"))
        team_id = team.id
    _freeze(frozen, "2025-Q1")
    outside, member = Reader(2, "v@x.org", "viewer"), Reader(3, "m@x.org", "viewer", teams=frozenset({team_id}))
    for reader, tasks, left_out in (
        (outside, {None}, []),
        (member, {None, "ST-1"}, ["one respondent, ST-1 Secret task"]),
    ):
        reading = _read(frozen, number=2, reader=reader)
        assert {score.task for score in reading.scores} == tasks
        assert [one.what for one in reading.exclusions] == left_out
        with frozen.reading() as session:
            found = differences(session, reader, find_wave(session, "2025-Q1"), 1, 2)
        assert {pair.shown.task for pair in found} == tasks - {None}


def test_only_administrators_read_whom_a_definition_names(database, answered):
    answered("2025-Q1", (60, "5", "5", "parents"), (40, "1", "5", "couples"))
    with database.writing() as session:
        wave = find_wave(session, "2025-Q1")
        for segment in session.scalars(select(Segment).where(Segment.dimension == "household")):
            segment.population = 0 if segment.code == "singles" else 1234
        session.flush()
        weighted = parsed_settings({"weighting": {"scheme": "post-stratification", "dimensions": ["household"]}})
        change_settings(session, Reader(None, "a@x.org", "administrator"), wave, weighted)
    _freeze(database, "2025-Q1")
    named = ("populations", "singles", "not_applicable", "inputs")
    for reader, told in ((EVERYBODY, True), (Reader(2, "r@x.org", "researcher"), False)):
        with database.reading() as session:
            live = read_wave(session, reader, "2025-Q1").definition
            score = session.scalars(select(Score.id).where(Score.unweighted_value.is_not(None))).first()
            explained = explain(session, reader, score).weighting
        for definition in (live, _read(database, reader=reader).definition):
            assert [name in json.dumps(definition) for name in named] == [told] * 4
            assert definition["weighting"]["scheme"] == "post-stratification"
        assert ("populations" in explained) is told


@pytest.mark.parametrize(("late", "shown"), [(1, False), (4, False), (5, True)])
def test_two_issues_that_differ_by_fewer_than_five_people_do_not_tell_their_answers(frozen, answered, late, shown):
    viewer = Reader(2, "v@x.org", "viewer")
    _reissue(frozen, "2025-Q1")
    answered("2025-Q1", (late, "1", "5", "couples"), who="late")
    with pytest.raises(Forbidden, match="needs the role researcher"):  # beside the scores as they stand
        _read(frozen, reader=viewer)
    _freeze(frozen, "2025-Q1")
    with frozen.reading() as session:
        found = differences(session, viewer, find_wave(session, "2025-Q1"), 1, 2)
    assert {pair.shown.segment for pair in found} == {None, "couples"}
    for pair in found:
        for score in (pair.before, pair.after):
            figures = (score.value, score.low, score.high, score.n, score.change)
            assert (figures != (None,) * 5) is shown
            assert (score.note == FEW) is not shown
    with pytest.raises(Forbidden, match="needs the role researcher"):
        _read(frozen, reader=viewer)
    assert _whole(_read(frozen, number=2, reader=viewer)).n == 100 + late
    assert _whole(_read(frozen, reader=Reader(3, "r@x.org", "researcher"))).n == 100


@pytest.mark.parametrize(("swapped", "shown"), [(1, False), (4, False), (6, True)])
def test_people_in_the_place_of_others_are_not_told_by_two_issues_either(frozen, swapped, shown):
    """As many people as before: what one of them says would be the difference of the two figures times n."""
    viewer = Reader(2, "v@x.org", "viewer")
    _reissue(frozen, "2025-Q1")
    with frozen.writing() as session:
        happy = session.scalars(select(Answer).where(Answer.satisfaction == 5).limit(swapped)).all()
        for answer in happy:
            answer.satisfaction = 1
    _freeze(frozen, "2025-Q1")
    with frozen.reading() as session:
        found = differences(session, viewer, find_wave(session, "2025-Q1"), 1, 2)
    assert {pair.shown.segment for pair in found} == {None, "parents"}
    for pair in found:
        for score in (pair.before, pair.after):
            assert (score.value is not None) is shown
            assert (score.note == FEW) is not shown


def test_other_weights_of_the_same_answers_are_shown_in_both_issues(frozen):
    _reissue(frozen, "2025-Q1")
    with frozen.writing() as session:
        for code, population in (("parents", 100), ("couples", 300), ("singles", 0)):
            session.scalars(select(Segment).where(Segment.code == code)).one().population = population
        wave = find_wave(session, "2025-Q1")
        wave.settings = {"weighting": {"scheme": "post-stratification", "dimensions": ["household"]}}
    _freeze(frozen, "2025-Q1")
    with frozen.reading() as session:
        found = differences(session, EVERYBODY, find_wave(session, "2025-Q1"), 1, 2)
    whole = next(pair for pair in found if pair.of_everybody and pair.shown.measure == "satisfaction")
    assert (whole.before.value, whole.after.value) == (pytest.approx(70), pytest.approx(43.75))


TEMPLATES: list[Path] = []  # the taxonomy of the fixture `template`, for the machine below, which takes no fixtures


@pytest.fixture(autouse=True)
def _template(template):
    TEMPLATES[:] = [template]


class WhateverIsEdited(RuleBasedStateMachine):
    """After freezing: terms renamed, populations and instruments changed, exclusions and answers tried, corrections."""

    @initialize()
    def freeze_a_wave(self):
        folder = Path(mkdtemp())
        shutil.copy(TEMPLATES[0], folder / "scores.db")
        self.database, self.people = Database(f"sqlite:///{folder / 'scores.db'}"), 0
        self._answers("2025-Q1", 40)
        _freeze(self.database, "2025-Q1")
        self.figures = {1: _read(self.database)}

    def teardown(self):
        if hasattr(self, "database"):
            self.database.close()

    def _answers(self, wave, count):
        rows = []
        for _ in range(count):
            self.people += 1
            values = (f"r{self.people}", "TRIP-1", str(self.people % 5 + 1), "4", "parents", "app")
            rows.append(Row(self.people, values))
        header = ("respondent", "outcome", "satisfaction", "importance", "segment", "product")
        import_answers(self.database, Pseudonyms(bytes(32)), wave, Table(header, tuple(rows)))

    @rule(name=st.text(max_size=20), version=st.integers(1, 9))
    def rename_an_outcome(self, name, version):
        with self.database.writing() as session:
            session.execute(update(Outcome.__table__).values(job=name))
            outcome = session.scalars(select(Outcome).where(Outcome.code == "TRIP-1")).one()
            outcome.name, outcome.version = name, version

    @rule(population=st.integers(0, 10**6), dimension=st.sampled_from(["household", "tenure"]))
    def change_a_population(self, population, dimension):
        with self.database.writing() as session:
            segment = session.scalars(select(Segment).where(Segment.code == "parents")).one()
            segment.population, segment.dimension = population, dimension

    @rule(wording=st.text(max_size=20))
    def edit_the_instrument(self, wording):
        with self.database.writing() as session:
            session.scalars(select(Instrument)).first().wording = wording

    @rule(count=st.integers(1, 6))
    def try_to_bring_answers(self, count):
        with suppress(WaveFrozen):
            self._answers("2025-Q1", count)

    @rule(axis=st.sampled_from([{"outcome": "TRIP-1"}, {"segment": "parents"}, {"product": "app"}]))
    def try_to_leave_something_out(self, axis):
        with suppress(WaveFrozen), self.database.writing() as session:
            reader = Reader(None, "ada@example.com", "administrator")
            exclude(session, reader, Pseudonyms(bytes(32)), find_wave(session, "2025-Q1"), WHY, **axis)

    @rule(least=st.floats(0, 20))
    def try_to_change_the_settings(self, least):
        with suppress(WaveFrozen), self.database.writing() as session:
            reader = Reader(None, "ada@example.com", "administrator")
            settings = parsed_settings({"smallest_change": {"satisfaction": least}})
            change_settings(session, reader, find_wave(session, "2025-Q1"), settings)

    @rule(count=st.integers(1, 40))
    def bring_answers_into_the_next_wave(self, count):
        self._answers("2025-Q2", count)

    @rule()
    def correct_it(self):
        with self.database.writing() as session:
            wave = find_wave(session, "2025-Q1")
            if wave.state == "open":
                with suppress(ValueError):  # everything may be left out by now: there is nothing to freeze
                    freeze(session, wave, None)
            else:
                reissue(session, wave, None, WHY)
        with self.database.reading() as session:
            for issue in issues_of(session, find_wave(session, "2025-Q1")):
                if issue.number not in self.figures:
                    self.figures[issue.number] = _read(self.database, number=issue.number)

    @invariant()
    def what_was_frozen_reads_the_same(self):
        if not hasattr(self, "figures"):
            return
        with self.database.reading() as session:
            assert all(found.holds for found in verify(session))
        for number, before in self.figures.items():
            now = _read(self.database, number=number)
            assert (now.scores, now.definition, now.instrument) == (before.scores, before.definition, before.instrument)


TestWhateverIsEdited = WhateverIsEdited.TestCase
TestWhateverIsEdited.settings = settings(max_examples=5, stateful_step_count=7, deadline=None)


def test_scores_of_a_frozen_wave_are_those_of_its_issue(frozen):
    with frozen.reading() as session:
        live = {(s.measure, s.segment_id): s.value for s in session.scalars(select(Score))}
    assert sorted(v for v in live.values() if v is not None) == sorted(
        s.value for s in _read(frozen).scores if s.value is not None
    )


def test_who_froze_is_named(database, answered):
    answered("2025-Q1", (5, "5"))
    with database.writing() as session:
        user = User(email="rita@example.com", name="Rita", password_hash="x", role="researcher")
        session.add(user)
        session.flush()
        freeze(session, session.scalars(select(Wave)).one(), user)
    assert _read(database).frozen_by == "Rita"
