"""The bitmaps say what SQL says, for every reader and every filter."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Integer, Select, extract, func, or_, select

from indexes.query import parse
from indexes.query_dates import days
from insightrepo.accounts.access import Reader, visible_studies
from insightrepo.library.indexing.indexing import drain, enqueue
from insightrepo.library.search.filters import STUDY_FACETS, Condition, ResolvedFilter, allowed_bitmap, resolve
from insightrepo.library.search.hits import SearchQuery
from insightrepo.models import Evidence, Outcome, Product, Segment, Study, Tag
from insightrepo.models.library import study_product, study_segment
from insightrepo.workspace import Workspace

DAYS = [dt.date(2024, 12, 31), dt.date(2025, 1, 1), dt.date(2025, 3, 31), dt.date(2025, 4, 1), dt.date(2026, 2, 28)]
STATES = ("suggested", "automatic", "accepted", "rejected")


def as_sql(reader: Reader, resolved: ResolvedFilter) -> Select[tuple[int]]:
    """The same filter, written a second time as SQL over the tables."""
    query = select(Evidence.id).join(Study, Study.id == Evidence.study_id)
    query = query.where(Evidence.withdrawn.is_(False), Evidence.study_id.in_(visible_studies(reader)))
    if resolved.study is not None:
        query = query.where(Study.id == resolved.study)
    if not resolved.chosen("state"):
        query = query.where(Study.state != "withdrawn")
    if resolved.since:
        query = query.where(Evidence.said_on >= resolved.since)
    if resolved.until:
        query = query.where(Evidence.said_on <= resolved.until)
    for condition in resolved.conditions:
        matching = func.coalesce(_matching(condition, resolved.verified), False)
        query = query.where(~matching if condition.excluded else matching)
    return query


def _matching(condition: Condition, verified: bool):
    if condition.facet in STUDY_FACETS:
        return getattr(Study, condition.facet).in_(condition.values)
    if condition.facet == "study":
        return Study.id.in_(condition.study_ids)
    if condition.facet == "date":
        return or_(*(Evidence.said_on.between(*days(value)) for value in condition.values))
    if condition.facet == "kind":
        return Evidence.kind.in_(condition.values)
    if condition.facet == "year":
        years = [int(value) for value in condition.values if value.isdigit()]
        return Evidence.said_on.is_not(None) & extract("year", Evidence.said_on).cast(Integer).in_(years)
    states = ("accepted",) if verified else ("accepted", "automatic")
    matching = Evidence.id.in_(
        select(Tag.evidence_id).where(Tag.term_id.in_(condition.term_ids), Tag.state.in_(states))
    )
    for table, name in ((study_product, "product_id"), (study_segment, "segment_id")):
        matching |= Evidence.study_id.in_(select(table.c.study_id).where(table.c[name].in_(condition.term_ids)))
    return matching


@pytest.fixture
def filled(workspace: Workspace, make_reader: Callable[..., Reader]) -> tuple[Workspace, list[Reader]]:
    """Studies of every state and sensitivity, evidence of every kind, tags of every state; readers of every role."""
    rng = random.Random(5)
    rita = make_reader("researcher", teams=("Maps",))
    with workspace.database.writing() as session:
        outcomes = [Outcome(code=f"O{n}", name=f"O{n}", job=f"job {n}", category=f"C{n % 2}") for n in range(4)]
        app, segments = Product(code="app", name="app"), [Segment(code=f"s{n}", name=f"s{n}") for n in range(2)]
        maps = Product(code="maps", name="maps", parent=app)
        session.add_all([*outcomes, app, maps, *segments])
        session.flush()
        for n in range(16):
            study = Study(
                key=f"k{n}",
                title=f"Study {n}",
                state=("published", "published", "draft", "withdrawn")[n % 4],
                sensitivity=("public", "internal", "confidential", "personal")[n // 4],
                level=(None, "relationship", "interaction")[n % 3],
                method=("survey", "interview")[n % 2],
                owner_id=rita.user_id if n % 5 == 0 else None,
            )
            study.products = [[], [app], [maps]][n % 3]
            study.segments = [segments[0]] if n % 4 == 0 else []
            session.add(study)
            session.flush()
            for m in range(6):
                _add_evidence(session, rng, study, m, [*outcomes, maps, *segments])
    drain(workspace)
    readers = [rita, make_reader("viewer"), make_reader("contributor", scopes=("product:maps",))]
    readers += [make_reader("researcher", scopes=("segment:s0",)), make_reader("administrator")]
    return workspace, readers


def _add_evidence(session, rng: random.Random, study: Study, number: int, terms: list) -> None:
    row = Evidence(
        study_id=study.id,
        identity=f"{study.id}-{number}",
        kind=rng.choice(("passage", "verbatim", "insight")),
        text=f"words {number}",
        content_hash=f"{study.id}-{number}",
        said_on=rng.choice([None, *DAYS]),
        withdrawn=rng.random() < 0.1,
    )
    session.add(row)
    session.flush()
    for term in rng.sample(terms, 3):
        session.add(Tag(evidence_id=row.id, term_id=term.id, state=rng.choice(STATES), origin="rule"))
    enqueue(session, [row.id])


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "outcome": st.lists(st.sampled_from(["O0", "O1", "O2", "nonsense"]), max_size=2),
        "category": st.lists(st.sampled_from(["C0", "C1", "C9"]), max_size=2),
        "segment": st.lists(st.sampled_from(["s0", "s1"]), max_size=2),
        "product": st.lists(st.sampled_from(["app", "maps"]), max_size=2),
        "kind": st.lists(st.sampled_from(["passage", "verbatim"]), max_size=2),
        "level": st.lists(st.sampled_from(["relationship", "interaction"]), max_size=2),
        "method": st.lists(st.sampled_from(["survey", "x"]), max_size=2),
        "year": st.lists(st.sampled_from(["2024", "2025", "twenty"]), max_size=2),
        "state": st.lists(st.sampled_from(["published", "draft", "withdrawn"]), max_size=2),
    },
)

TYPED = st.lists(
    st.sampled_from(
        [
            "-level:relationship",
            "-kind:passage",
            "study:1,3,5,7,9",
            "-study:2,4",
            "-outcome:O1,o2",
            "state:Draft,published",
            "date:2025-Q1,2026",
            "-date:2024",
            "-product:maps",
            "date:2025-03..2025-04",
            "study:99",
            "kind:Verbatim",
            "since:2025-01",
            "until:2025-Q1",
            "-segment:s0",
            "-year:2025",
        ]
    ),
    max_size=2,
)


def test_the_bitmap_equals_the_sql_for_every_reader_and_filter(filled: tuple[Workspace, list[Reader]]) -> None:
    workspace, readers = filled
    sizes = set()

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        reader=st.sampled_from(readers),
        filters=FILTERS,
        since=st.none() | st.sampled_from(DAYS),
        until=st.none() | st.sampled_from(DAYS),
        verified=st.booleans(),
        study=st.none() | st.integers(1, 18),
        typed=TYPED,
    )
    def holds(reader, filters, since, until, verified, study, typed) -> None:
        query = SearchQuery(
            filters={facet: tuple(values) for facet, values in filters.items()},
            since=since,
            until=until,
            verified=verified,
            study=study,
        )
        with workspace.database.reading() as session:
            resolved = resolve(session, reader, query, parse(" ".join(typed)).fields)
            bitmap = allowed_bitmap(session, reader, resolved, workspace.indexes.bitmaps)
            assert set(bitmap) == set(session.scalars(as_sql(reader, resolved)))
        sizes.add(len(bitmap))

    holds()
    assert len(sizes) > 3  # the examples were not all empty


def test_withdrawing_a_study_hides_it_before_any_index_knows(filled: tuple[Workspace, list[Reader]]) -> None:
    workspace, readers = filled
    admin = readers[-1]
    with workspace.database.writing() as session:
        study = session.scalars(select(Study).where(Study.state == "published")).first()
        study.state = "withdrawn"
    with workspace.database.reading() as session:
        resolved = resolve(session, admin, SearchQuery(study=study.id))
        assert not allowed_bitmap(session, admin, resolved, workspace.indexes.bitmaps)


def test_an_unknown_term_matches_nothing_and_is_said(filled: tuple[Workspace, list[Reader]]) -> None:
    workspace, readers = filled
    with workspace.database.reading() as session:
        resolved = resolve(session, readers[-1], SearchQuery(filters={"outcome": ("O77",)}))
        assert not allowed_bitmap(session, readers[-1], resolved, workspace.indexes.bitmaps)
    assert "O77" in resolved.notes[0]


def test_values_are_known_in_any_case_and_an_unknown_one_is_said_in_its_place(
    filled: tuple[Workspace, list[Reader]],
) -> None:
    workspace, readers = filled
    parsed = parse("category:c1 method:SURVEY kind:quote,VERBATIM state:Published")
    with workspace.database.reading() as session:
        resolved = resolve(session, readers[-1], SearchQuery(), parsed.fields)
    assert [c.values for c in resolved.conditions] == [("C1",), ("survey",), ("quote", "verbatim"), ("published",)]
    (note,) = resolved.said
    assert note.message == "no kind is called 'quote': known are insight, passage, verbatim"
    assert parsed.typed[note.start : note.end] == "kind:quote,VERBATIM"


def test_a_study_is_known_by_its_number_its_title_or_a_part_that_no_other_has(
    filled: tuple[Workspace, list[Reader]],
) -> None:
    workspace, readers = filled
    with workspace.database.reading() as session:
        titles = dict(session.execute(select(Study.id, Study.title)).tuples().all())
        for typed, wanted in (("study:3", {3}), ('study:"study 1"', {2}), ("study:10", {10}), ("study:y", {-1})):
            resolved = resolve(session, readers[-1], SearchQuery(), parse(typed).fields)
            assert resolved.conditions[0].study_ids == wanted, typed
    assert titles[2] == "Study 1"  # which is a part of "Study 10", too
    assert "more than one study" in resolved.notes[0]


def test_a_study_out_of_sight_is_unknown_by_number_and_by_title(filled: tuple[Workspace, list[Reader]]) -> None:
    workspace, (_, viewer, *_) = filled
    with workspace.database.reading() as session:
        seen = set(session.scalars(visible_studies(viewer)))
        hidden = session.scalars(select(Study).where(Study.id.not_in(seen))).first()
        by_number, by_title, unknown = (
            resolve(session, viewer, SearchQuery(), parse(f'study:"{name}"').fields)
            for name in (hidden.id, hidden.title, 987)
        )
    assert [found.conditions[0].study_ids for found in (by_number, by_title, unknown)] == [frozenset({-1})] * 3
    assert by_number.labels == by_title.labels == {}
    assert by_number.notes[0].replace(str(hidden.id), "987") == unknown.notes[0]
