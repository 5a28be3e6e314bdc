"""The catalogue of metrics, and figures and ratings that come into a wave."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from ingest.readers.base import Row, Table
from insightrepo.accounts.access import Forbidden, Reader
from insightrepo.models import AuditEntry, DefinitionVersion, Metric, MetricPoint, Rating, User
from insightrepo.scores.intake.columns import ColumnsUnclear
from insightrepo.scores.intake.metric_points import import_metrics
from insightrepo.scores.metric_schema import load_metrics
from insightrepo.scores.metrics import MetricUnknown, define_metrics, list_metrics
from insightrepo.taxonomy.source import TaxonomyError

CATALOGUE = """metrics:
  - code: SHARED
    name: Trips that are shared
    kind: rate
    nature: behaviour
    unit_of_analysis: account
    numerator: accounts that shared a trip
    denominator: accounts with a trip
    outcomes: [TRIP-1]
    smallest_change: 2
  - code: NPS
    name: Would recommend
    kind: nps
    nature: opinion
    unit_of_analysis: user
    level: relationship
  - code: CSAT
    name: Satisfied with support
    kind: csat
    nature: opinion
    unit_of_analysis: response
  - code: WAIT
    name: Time to an answer
    kind: mean
    nature: behaviour
    unit_of_analysis: transaction
    unit: minutes
    better: lower
"""


@pytest.fixture
def reader(database):
    with database.writing() as session:
        user = User(email="rita@example.com", password_hash="x", role="researcher")
        session.add(user)
        session.flush()
        return Reader(user.id, user.email, "researcher")


@pytest.fixture
def define(database, reader):
    def do(text=CATALOGUE, who=None):
        entries, lines = load_metrics(text, "m.yaml")
        with database.writing() as session:
            return define_metrics(session, who or reader, entries, lines, "m.yaml")

    return do


@pytest.fixture
def bring(database, pseudonyms, table, define):
    define()

    def do(header, *rows, **options):
        return import_metrics(database, pseudonyms, "2025-Q1", table(header, *rows), **options)

    return do


def figures(database):
    with database.reading() as session:
        columns = (Metric.code, MetricPoint.numerator, MetricPoint.denominator, MetricPoint.value, MetricPoint.n)
        return [tuple(row) for row in session.execute(select(*columns).join(Metric).order_by(MetricPoint.id))]


def ratings(database):
    with database.reading() as session:
        return list(session.execute(select(Metric.code, Rating.value).join(Metric).order_by(Rating.id)).tuples())


def refused(report):
    return [(one.row, one.field) for one in report.refused]


def problems_of(text):
    with pytest.raises(TaxonomyError) as caught:
        load_metrics(text, "m.yaml")
    return caught.value.problems


def test_a_catalogue_comes_in_and_the_same_again_changes_nothing(database, define):
    assert define().added == ["SHARED", "NPS", "CSAT", "WAIT"]
    assert define().unchanged == ["SHARED", "NPS", "CSAT", "WAIT"]
    with database.reading() as session:
        listed = {metric["code"]: metric for metric in list_metrics(session)}
        assert len(session.scalars(select(AuditEntry)).all()) == 1
    assert listed["SHARED"]["outcomes"] == ["TRIP-1"]
    assert (listed["SHARED"]["unit"], listed["NPS"]["unit"], listed["WAIT"]["unit"]) == ("percent", "points", "minutes")
    assert (listed["NPS"]["scale_low"], listed["NPS"]["scale_high"]) == (0, 10)
    assert {metric["version"] for metric in listed.values()} == {1}


def test_a_change_of_what_is_counted_is_a_new_version_and_one_of_advice_is_not(database, define):
    define()
    define(CATALOGUE.replace("accounts that shared a trip", "accounts that shared a trip with two people"))
    define(
        CATALOGUE.replace("accounts that shared a trip", "accounts that shared a trip with two people").replace(
            "name: Would recommend", "name: Would recommend\n    when_to_use: Once a year"
        )
    )
    with database.reading() as session:
        kept = select(DefinitionVersion.object_id, DefinitionVersion.version).where(DefinitionVersion.kind == "metric")
        versions = session.execute(select(Metric.id, Metric.version)).tuples().all()
        assert set(session.execute(kept).tuples()) == {(i, v + 1) for i, last in versions for v in range(last)}
        assert dict(session.execute(select(Metric.code, Metric.version)).tuples().all()) == {
            "SHARED": 2, "NPS": 1, "CSAT": 1, "WAIT": 1,
        }  # fmt: skip


def test_a_rate_without_numerator_and_denominator_is_refused_with_its_line():
    text = CATALOGUE.replace("    denominator: accounts with a trip\n", "")
    (problem,) = problems_of(text)
    assert problem.startswith("m.yaml:2: metrics[0]: SHARED is a rate without a denominator")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("kind: rate", "kind: share"), "m.yaml:4: metrics[0].kind: must be 'csat', 'nps'"),
        (("nature: behaviour", "natur: behaviour"), "did you mean nature?"),
        (("unit_of_analysis: account", "unit_of_analysis: household"), "must be 'account', 'user'"),
        (("code: NPS", "code: SHARED"), "SHARED is here twice"),
        (("unit: minutes", "better: lower"), "not valid YAML"),
        (("    unit: minutes\n", ""), "WAIT is a mean without a unit"),
        (("kind: nps", "kind: nps\n    scale: [1, 10]"), "the scale of nps is 0 to 10"),
        (("kind: csat\n    nature: opinion", "kind: csat\n    nature: behaviour"), "its nature is opinion"),
    ],
)
def test_what_is_wrong_in_a_catalogue_is_named_by_line_and_field(change, said):
    assert said in "\n".join(problems_of(CATALOGUE.replace(*change)))


def test_references_of_a_catalogue_must_be_there(define):
    with pytest.raises(TaxonomyError, match=r"m\.yaml:2: SHARED: no outcome is called 'TRIP-99'"):
        define(CATALOGUE.replace("[TRIP-1]", "[TRIP-99]"))
    with pytest.raises(TaxonomyError, match="no user is called 'nobody@example"):
        define(CATALOGUE.replace("smallest_change: 2", "owner: nobody@example.com"))
    with pytest.raises(TaxonomyError, match="no metric is called 'OLD'"):
        define(CATALOGUE.replace("smallest_change: 2", "successor: OLD"))


def test_a_catalogue_is_for_researchers(define, database):
    with pytest.raises(Forbidden):
        define(who=Reader(1, "vera@example.com", "viewer"))


def test_a_metric_with_figures_keeps_its_unit_of_analysis(define, bring):
    bring("metric numerator denominator", "SHARED 40 100")
    with pytest.raises(TaxonomyError, match="SHARED: its figures are counted per account; counted per user is another"):
        define(CATALOGUE.replace("unit_of_analysis: account", "unit_of_analysis: user"))
    define(CATALOGUE.replace("unit_of_analysis: transaction", "unit_of_analysis: session"))  # has none yet


def test_figures_of_all_kinds_come_in(database, bring):
    report = bring(
        "metric numerator denominator value n sd promoters detractors segment",
        "SHARED 40 100 40% - - - - -",
        "SHARED 10 20 - - - - - parents",
        "NPS - - - 324 - 162 54 -",
        "NPS - - -10 40 80 - - parents",
        "CSAT - - 78 50 - - - -",
        "CSAT 30 40 - - - - - parents",
        "WAIT - - 12.5 80 4 - - -",
        "WAIT - - - - - - - parents",
    )
    assert report.refused == []
    assert figures(database) == [
        ("SHARED", 40, 100, 40, 100),
        ("SHARED", 10, 20, 50, 20),
        ("NPS", None, None, pytest.approx(100 / 3), 324),
        ("NPS", None, None, -10, 40),
        ("CSAT", None, None, 78, 50),
        ("CSAT", 30, 40, 75, 40),
        ("WAIT", None, None, 12.5, 80),
    ]
    assert (report.stored, report.skipped) == (7, 1)


def test_the_sd_of_an_nps_of_counts_is_that_of_oracle_4(database, bring):
    bring("metric promoters detractors n", "NPS 162 54 324")
    with database.reading() as session:
        sd = session.scalar(select(MetricPoint.sd))
    assert sd**2 / 100**2 == pytest.approx(5 / 9)
    assert sd / 100 / 324**0.5 == pytest.approx(0.041409, abs=1e-6)


def test_figures_that_cannot_be_are_refused_by_field(bring):
    header = "metric numerator denominator value n promoters detractors unit_of_analysis outcome"
    report = bring(
        header,
        "SHARED - - 40 - - - - -",
        "SHARED 40 - - - - - - -",
        "SHARED 120 100 - - - - - -",
        "SHARED 40 0 - - - - - -",
        "SHARED 40 100 45 - - - - -",
        "SHARED 40 100 - - - - users -",
        "SHARD 40 100 - - - - - -",
        "NPS - - -120 10 - - - -",
        "NPS - - - 10 8 4 - -",
        "CSAT - - 0.78 10 - - - -",
        "SHARED 40 100 - - - - accounts TRIP-9",
    )
    assert refused(report) == [
        (2, "numerator"), (3, "denominator"), (4, "numerator"), (5, "denominator"), (6, "value"),
        (7, "unit_of_analysis"), (8, "metric"), (9, "value"), (10, "n"), (11, "value"), (12, "outcome"),
    ]  # fmt: skip
    causes = [one.cause for one in report.refused]
    assert "give its numerator (accounts that shared a trip), never the percentage alone" in causes[0]
    assert "SHARED is counted per account and this row per users: two units of analysis" in causes[5]
    assert "did you mean SHARED" in causes[6]
    assert report.stored == 0


def test_a_figure_is_given_once(database, bring):
    bring("metric numerator denominator", "SHARED 40 100")
    again = bring("metric numerator denominator", "SHARED 40 100", "SHARED 41 100")
    assert (again.stored, again.already_here) == (0, 1)
    assert refused(again) == [(3, "numerator")]
    assert len(figures(database)) == 1


def test_a_row_a_respondent_is_a_rating(database, bring):
    report = bring("respondent metric value", "a NPS 9", "b NPS 11", "a SHARED yes", "c NPS dk", "d CSAT 4.5")
    assert ratings(database) == [("NPS", 9), ("SHARED", 1)]
    assert (refused(report), report.skipped) == ([(3, "value"), (6, "value")], 1)
    assert report.notes == ["each row is a respondent's"]


def test_metrics_may_be_columns(database, bring):
    bring("respondent NPS csat tenure", "a 9 5 new", "b - 2 -")
    assert ratings(database) == [("NPS", 9), ("CSAT", 5), ("CSAT", 2)]


def test_one_metric_may_be_named_for_the_whole_file(database, bring):
    bring("respondent score", "a 9", metric="nps")
    assert ratings(database) == [("NPS", 9)]
    with pytest.raises(MetricUnknown, match="did you mean CSAT"):
        bring("respondent score", "a 9", metric="CSATT")


def test_questionnaires_come_with_metrics_too(database, bring):
    bring("respondent ux_lite_ease ux_lite_usefulness", "a 4 5")
    assert ratings(database) == [("UX-LITE", 87.5)]


def test_a_dry_run_leaves_no_metric_and_no_figure(database, bring):
    dry = bring("respondent NPS umux_lite_1 umux_lite_2", "a 9 6 5", dry_run=True)
    assert dry.stored == 2
    with database.reading() as session:
        assert session.scalar(select(Metric).where(Metric.code == "UMUX-LITE")) is None
    assert ratings(database) == []


def test_a_retired_metric_takes_nothing(define, bring):
    define(CATALOGUE.replace("smallest_change: 2", "status: retired"))
    assert refused(bring("metric numerator denominator", "SHARED 40 100")) == [(2, "metric")]


def test_a_file_without_metric_or_value_says_so(bring):
    with pytest.raises(ColumnsUnclear, match="no column for metric, value in the header respondent, mood"):
        bring("respondent mood", "a 4")


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["SHARED", "NPS", "nothing", ""]), st.sampled_from(["40", "200", ""]),
        st.sampled_from(["100", "0", ""]), st.sampled_from(["40", "-5", "x", ""]), st.sampled_from(["parents", ""]),
    ),
    max_size=10,
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(ROWS)
def test_every_row_is_accounted_for_and_importing_twice_changes_nothing(database, pseudonyms, define, rows):
    define()
    header = ("metric", "numerator", "denominator", "value", "segment")
    source = Table(header, tuple(Row(number, row) for number, row in enumerate(rows, 2)))
    dry = import_metrics(database, pseudonyms, "2025-Q1", source, dry_run=True)
    first = import_metrics(database, pseudonyms, "2025-Q1", source)
    before = figures(database)
    again = import_metrics(database, pseudonyms, "2025-Q1", source)
    assert figures(database) == before
    assert (dry.stored, dry.already_here, dry.refused) == (first.stored, first.already_here, first.refused)
    assert (again.stored, again.refused) == (0, first.refused)
    assert first.read == first.stored + first.already_here + first.outside + first.skipped + len(first.refused)
