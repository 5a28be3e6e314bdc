"""The migrations give exactly the tables that the code knows."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.exc import DBAPIError

from insightrepo.accounts.access import Reader
from insightrepo.database import Database
from insightrepo.models import (
    Answer,
    Base,
    Evidence,
    Membership,
    Outcome,
    Product,
    Respondent,
    Score,
    Study,
    Term,
    Wave,
    WaveIssue,
)
from insightrepo.schema import REVISION, _config, is_current, upgrade
from insightrepo.scores.waves.issue_reading import read_issue
from insightrepo.scores.waves.issues import freeze, keep_earlier_issues, reissue, verify, verify_frozen

OLDER = [f"{number:04d}" for number in range(1, int(REVISION))]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database, of each kind in turn."""
    made = Database(database_url)
    yield made
    made.close()


def differences(engine: Engine) -> list:
    with engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata)


def test_an_empty_database_is_not_current_and_a_migrated_one_has_exactly_the_tables_of_the_code(
    database: Database,
) -> None:
    assert not is_current(database.engine)
    assert differences(database.engine)
    upgrade(database.engine)
    assert is_current(database.engine)
    assert differences(database.engine) == []
    assert set(inspect(database.engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}


def test_unique_and_foreign_keys_are_those_of_the_code(database: Database) -> None:
    upgrade(database.engine)
    inspector = inspect(database.engine)
    for table in Base.metadata.sorted_tables:
        foreign = {
            (tuple(key["constrained_columns"]), key["referred_table"], key["options"].get("ondelete"))
            for key in inspector.get_foreign_keys(table.name)
        }
        assert foreign == {
            (tuple(key.column_keys), key.referred_table.name, key.ondelete) for key in table.foreign_key_constraints
        }
        assert inspector.get_pk_constraint(table.name)["constrained_columns"] == [c.name for c in table.primary_key]


def test_migrating_again_keeps_everything(database: Database) -> None:
    upgrade(database.engine)
    with database.writing() as session:
        session.add(Product(code="app", name="The app"))
    upgrade(database.engine)
    with database.reading() as session:
        assert session.scalar(select(Term.code)) == "app"
    assert differences(database.engine) == []


def content(engine: Engine) -> dict[str, tuple[list[str], list[str]]]:
    """The columns and the rows of every table, as text."""
    found = {}
    with engine.connect() as connection:
        for table in sorted(inspect(connection).get_table_names()):
            columns = [f"{column['name']} {column['type']}" for column in inspect(connection).get_columns(table)]
            rows = sorted(str(row) for row in connection.execute(text(f'SELECT * FROM "{table}"')))
            found[table] = columns, rows
    return found


def filled(database: Database, version: str) -> None:
    """The database as an earlier version left it, with people, a study, evidence and a score."""
    upgrade(database.engine, version)
    with database.writing() as session:
        for statement in (
            "INSERT INTO user_account (id, email, name, password_hash, role, active, created_at)"
            " VALUES (1, 'ada@example.com', 'Ada', 'x', 'administrator', TRUE, '2025-01-01 00:00:00')",
            "INSERT INTO study (id, key, title, method, stage, sensitivity, sharing_terms, state, state_reason,"
            " created_at) VALUES (1, 's', 'Talks', 'interview', 'live', 'internal', '', 'published', '',"
            " '2025-01-01 00:00:00')",
            "INSERT INTO evidence (id, study_id, identity, kind, text, context, content_hash, revision, channel,"
            " withdrawn, created_at) VALUES (1, 1, 'i', 'passage', 'The stops were boring.', '', 'h', 1, '', FALSE,"
            " '2025-01-01 00:00:00')",
            "INSERT INTO term (id, axis, code, name, aliases, status, policy, version, updated_at)"
            " VALUES (1, 'outcome', 'FT-01', 'Find stops', '[]', 'active', 'automatic', 1, '2025-01-01 00:00:00')",
            "INSERT INTO outcome (id, job, success_measure, category, journey_stage, lead_measure)"
            " VALUES (1, 'Find stops', '', '', '', 'satisfaction')",
        ):
            session.execute(text(statement))


@pytest.mark.parametrize("version", OLDER)
def test_what_each_earlier_schema_held_is_there_after_one_upgrade_and_after_two(
    database: Database, version: str
) -> None:
    filled(database, version)
    upgrade(database.engine)
    assert differences(database.engine) == []
    with database.reading() as session:
        assert session.scalars(select(Study.title)).all() == ["Talks"]
        assert session.scalars(select(Evidence.text)).all() == ["The stops were boring."]
        assert session.scalars(select(Outcome.code)).all() == ["FT-01"]
    once = content(database.engine)
    upgrade(database.engine)
    assert content(database.engine) == once


@pytest.mark.parametrize("version", OLDER)
def test_an_upgrade_that_fails_at_its_end_has_changed_nothing_and_can_be_run_again(
    database: Database, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(database, version)
    before = content(database.engine)
    whole = command.upgrade

    def broken(config: Config, revision: str) -> None:
        whole(config, revision)
        raise RuntimeError("no room on the disk")

    monkeypatch.setattr(command, "upgrade", broken)
    with pytest.raises(RuntimeError, match="no room"):
        upgrade(database.engine)
    assert content(database.engine) == before
    monkeypatch.undo()
    upgrade(database.engine)
    assert differences(database.engine) == []


def test_an_id_is_never_used_again(database: Database) -> None:
    upgrade(database.engine)
    ids = []
    for _ in range(3):
        with database.writing() as session:
            study = Study(key="k", title="Study")
            session.add(study)
            session.flush()
            row = Evidence(study_id=study.id, identity="x", kind="passage", text="words", content_hash="h")
            session.add(row)
            session.flush()
            ids.append((study.id, row.id))
            session.delete(row)
            session.flush()
            session.delete(study)
    assert len({study_id for study_id, _ in ids}) == len({row_id for _, row_id in ids}) == 3


def test_foreign_keys_are_kept(database: Database) -> None:
    upgrade(database.engine)
    with pytest.raises(DBAPIError, match=r"(?i)foreign key"), database.writing() as session:
        session.add(Evidence(study_id=77, identity="x", kind="passage", text="words", content_hash="h"))


def test_the_segments_of_answers_become_those_of_who_gave_them(database: Database) -> None:
    upgrade(database.engine, "0001")
    terms = [(1, "outcome"), (2, "segment"), (3, "segment"), (4, "segment")]
    said = [(1, 1, 2), (2, 1, 3), (3, 1, 2), (4, 1, 4), (5, 2, None), (6, 2, 3)]  # answer, respondent, segment
    with database.writing() as session:
        for term, axis in terms:
            session.execute(text(
                "INSERT INTO term (id, axis, code, name, aliases, status, policy, version, updated_at) VALUES"
                f" ({term}, '{axis}', 'T-{term}', 'x', '[]', 'active', 'automatic', 1, '2025-01-01 00:00:00')"
            ))  # fmt: skip
        for statement in (
            "INSERT INTO outcome (id, job, success_measure, category, journey_stage, lead_measure)"
            " VALUES (1, 'x', '', '', '', 'satisfaction')",
            "INSERT INTO segment (id, dimension, definition) VALUES (2, 'house', ''), (3, 'house', ''), (4, 'age', '')",
            "INSERT INTO instrument (id, name, wording, scale_low, scale_high, best, channel)"
            " VALUES (1, 'Survey', '', 1, 5, 'high', '')",
            "INSERT INTO wave (id, code, name, first_day, last_day, state, instrument_id, definition)"
            " VALUES (1, '2025-Q1', '', '2025-01-01', '2025-03-31', 'open', 1, '{}')",
            "INSERT INTO respondent (id, key) VALUES (1, 'a'), (2, 'b')",
        ):
            session.execute(text(statement))
        for answer, respondent, segment in said:
            session.execute(text(
                "INSERT INTO answer (id, wave_id, identity, respondent_id, outcome_id, segment_id, satisfaction)"
                f" VALUES ({answer}, 1, 'i{answer}', {respondent}, 1, {segment or 'NULL'}, 4)"
            ))  # fmt: skip
    upgrade(database.engine)
    assert differences(database.engine) == []
    with database.reading() as session:
        members = select(Membership.respondent_id, Membership.segment_id).order_by(*Membership.__table__.primary_key)
        assert session.execute(members).tuples().all() == [(1, 2), (1, 4), (2, 3)]
        assert len(session.scalars(select(Answer.id)).all()) == 6
        assert "segment_id" not in {column["name"] for column in inspect(database.engine).get_columns("answer")}


def test_a_workspace_of_the_first_schema_keeps_its_terms_rules_and_scores(database: Database) -> None:
    upgrade(database.engine, "0001")
    with database.writing() as session:
        for statement in (
            "INSERT INTO term (id, axis, code, name, aliases, status, policy, version, updated_at)"
            " VALUES (1, 'outcome', 'FT-01', 'Find stops', '[]', 'active', 'automatic', 1, '2025-01-01 00:00:00')",
            "INSERT INTO outcome (id, job, success_measure, category, journey_stage, lead_measure)"
            " VALUES (1, 'Find stops', '', '', '', 'satisfaction')",
            "INSERT INTO rule (id, term_id, kind, words, effect, created_at)"
            " VALUES (1, 1, 'phrase', '[\"stops\"]', 'force', '2025-01-01 00:00:00')",
            "INSERT INTO instrument (id, name, wording, scale_low, scale_high, best, channel)"
            " VALUES (1, 'Survey', '', 1, 5, 'high', '')",
            "INSERT INTO wave (id, code, name, first_day, last_day, state, instrument_id, definition)"
            " VALUES (1, '2025-Q1', '', '2025-01-01', '2025-03-31', 'open', 1, '{}')",
            "INSERT INTO score (id, wave_id, outcome_id, measure, value, verdict, definition_version, computed_at)"
            " VALUES (1, 1, 1, 'satisfaction', 62.5, 'not enough data', 1, '2025-01-01 00:00:00')",
        ):
            session.execute(text(statement))
    upgrade(database.engine)
    assert differences(database.engine) == []
    with database.reading() as session:
        outcome = session.scalars(select(Outcome)).one()
        assert ([rule.words for rule in outcome.rules], outcome.steward_id) == ([["stops"]], None)
        assert [(score.outcome_id, score.task_id, score.value) for score in session.scalars(select(Score))] == [
            (1, None, 62.5)
        ]
        assert session.scalars(select(Wave)).one().settings == {}


def test_a_wave_that_the_first_schema_froze_has_an_issue_and_keeps_its_figures_when_corrected(
    database: Database,
) -> None:
    upgrade(database.engine, "0001")
    with database.writing() as session:
        for statement in (
            "INSERT INTO term (id, axis, code, name, aliases, status, policy, version, updated_at)"
            " VALUES (1, 'outcome', 'FT-01', 'Find stops', '[]', 'active', 'automatic', 1, '2025-01-01 00:00:00')",
            "INSERT INTO outcome (id, job, success_measure, category, journey_stage, lead_measure)"
            " VALUES (1, 'Find stops', '', '', '', 'satisfaction')",
            "INSERT INTO instrument (id, name, wording, scale_low, scale_high, best, channel)"
            " VALUES (1, 'Survey', '', 1, 5, 'high', '')",
            "INSERT INTO wave (id, code, name, first_day, last_day, state, frozen_at, frozen_hash, instrument_id,"
            " definition) VALUES (1, '2025-Q1', '', '2025-01-01', '2025-03-31', 'frozen', '2025-04-01 09:00:00',"
            " 'abc123', 1, '{\"code_version\": \"0.0.9\"}')",
            "INSERT INTO score (id, wave_id, outcome_id, measure, value, low, high, n, verdict, definition_version,"
            " computed_at) VALUES (1, 1, 1, 'satisfaction', 62.5, 45.0, 77.0, 40, 'not enough data', 1,"
            " '2025-01-01 00:00:00')",
        ):
            session.execute(text(statement))
    upgrade(database.engine)
    with database.writing() as session:
        assert keep_earlier_issues(session) == ["2025-Q1"]
    with database.writing() as session:
        assert keep_earlier_issues(session) == []
        wave = session.scalars(select(Wave)).one()
        assert verify_frozen(session, wave)
        kept = json.loads(session.scalars(select(WaveIssue)).one().content)
        assert (kept["note"], kept["frozen_hash"]) == ("frozen by an earlier version", "abc123")
        reissue(session, wave, None, "forty answers came in late")
        respondents = [Respondent(key=f"r{number}") for number in range(10)]
        session.add_all(respondents)
        session.flush()
        session.add_all(Answer(wave_id=1, identity=one.key, respondent_id=one.id, outcome_id=1, satisfaction=5)
                        for one in respondents)  # fmt: skip
        session.flush()
        freeze(session, wave, None)
        assert [(one.number, one.holds) for one in verify(session)] == [(1, True), (2, True)]
        ada = Reader(1, "ada@example.com", "administrator")
        figures = [(s.value, s.n) for number in (1, 2) for s in read_issue(session, ada, wave, number).scores]
        assert figures == [(62.5, 40), (100.0, 10)]


def test_the_days_of_visits_stay_and_what_is_used_on_them_is_counted_from_zero_and_back(database: Database) -> None:
    upgrade(database.engine, "0003")
    with database.writing() as session:
        for statement in (
            "INSERT INTO user_account (id, email, name, role, password_hash, active, created_at)"
            " VALUES (1, 'a@example.org', '', 'viewer', '', true, '2025-01-01 00:00:00')",
            "INSERT INTO visit (user_id, day) VALUES (1, '2025-03-14')",
        ):
            session.execute(text(statement))
    upgrade(database.engine)
    assert differences(database.engine) == []
    with database.reading() as session:
        assert session.execute(text("SELECT user_id, searches, citations FROM visit")).all() == [(1, 0, 0)]
    with database.engine.execution_options(writes=True).begin() as connection:
        command.downgrade(_config(connection), "0003")
    assert {column["name"] for column in inspect(database.engine).get_columns("visit")} == {"user_id", "day"}
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM visit")) == 1
    upgrade(database.engine)
    assert differences(database.engine) == []
