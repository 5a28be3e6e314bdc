"""A file into the database and back: what changes, what stays, what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from insightrepo.accounts.users import add_user
from insightrepo.demo import TAXONOMY
from insightrepo.demo.story import PEOPLE
from insightrepo.models import AuditEntry, Base, Metric, Outcome, Product, Rule, Segment, Task, Team, Term, User
from insightrepo.taxonomy.exporting import export
from insightrepo.taxonomy.files import Known, TaxonomyError, dump, load
from insightrepo.taxonomy.importing import apply
from insightrepo.taxonomy.reading import known
from insightrepo.taxonomy.schema import TaxonomyFile

START = """\
outcomes:
  - code: A-1
    job: Reach somebody
    success: faster
    aliases: [phone line]
    segments: [parents]
    owner: ada@example.com
    rules:
      - phrase: [on hold, could not get through]
      - any: [phone]
        effect: suggest
segments:
  - dimension: Stage
    members:
      - {code: parents, name: Parents, definition: Have children., population: 10}
products:
  - code: app
    name: App
    children:
      - code: search
        name: Search
        tasks: [{code: T-1, name: Search for it, outcomes: [A-1]}]
  - code: web
    name: Website
"""


ANYBODY = Known(
    outcomes=frozenset({"A-1"}),
    segments=frozenset({"parents"}),
    products=frozenset({"app", "search"}),
    users=frozenset({"ada@example.com", "no@example.com"}),
    teams=frozenset({"Maps"}),
)


@pytest.fixture
def bring(workspace):
    """Imports a text that may refer to anybody, and gives the changes."""

    def bring(text):
        with workspace.database.writing() as session:
            return apply(session, load(text, known=ANYBODY), None)

    return bring


def _term(workspace, axis, code):
    with workspace.database.reading() as session:
        return session.scalar(select(axis).where(axis.code == code))


def test_an_import_creates_all_that_the_file_says(workspace, bring):
    changes = bring(START)
    assert (changes.created, changes.changed, changes.unchanged) == (6, 0, 0)
    assert "outcome A-1 created" in changes.lines
    assert "task T-1 created" in changes.lines
    with workspace.database.reading() as session:
        outcome = session.scalars(select(Outcome)).one()
        assert (outcome.name, outcome.version, outcome.aliases) == ("Reach somebody, faster", 1, ["phone line"])
        assert [segment.code for segment in outcome.segments] == ["parents"]
        assert outcome.owner_id == session.scalar(select(User.id).where(User.email == "ada@example.com"))
        assert [(rule.kind, rule.words, rule.effect) for rule in outcome.rules] == [
            ("phrase", ["on hold", "could not get through"], "force"), ("any", ["phone"], "suggest"),
        ]  # fmt: skip
        task = session.scalars(select(Task)).one()
        assert (task.product.code, task.product.parent.code, [o.code for o in task.outcomes]) == (
            "search",
            "app",
            ["A-1"],
        )
        assert changes.changed_term_ids == set(session.scalars(select(Term.id)))


def test_the_same_file_twice_changes_nothing(workspace, bring):
    bring(START)
    with workspace.database.reading() as session:
        before = [(term.id, term.version, term.updated_at) for term in session.scalars(select(Term).order_by(Term.id))]
        rules = list(session.scalars(select(Rule.id).order_by(Rule.id)))
    again = bring(START)
    assert (again.created, again.changed, again.unchanged) == (0, 0, 6)
    assert (again.removed_rules, again.changed_term_ids, again.lines) == ((), set(), ())
    with workspace.database.reading() as session:
        assert [(t.id, t.version, t.updated_at) for t in session.scalars(select(Term).order_by(Term.id))] == before
        assert list(session.scalars(select(Rule.id).order_by(Rule.id))) == rules
        assert (
            session.scalar(select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "taxonomy.import"))
            == 1
        )


@pytest.mark.parametrize(
    ("old", "new", "axis", "code", "version"),
    [
        ("Reach somebody", "Reach a person", Outcome, "A-1", 2),
        ("success: faster", "success: in a minute", Outcome, "A-1", 2),
        ("name: Parents", "name: Mothers and fathers", Segment, "parents", 2),
        ("Have children.", "Have small children.", Segment, "parents", 2),
        ("name: Website", "name: Web", Product, "web", 2),
        ("[phone line]", "[phone line, hotline]", Outcome, "A-1", 1),
        ("population: 10", "population: 11", Segment, "parents", 1),
        ("owner: ada@example.com", "status: retired", Outcome, "A-1", 1),
        ("segments: [parents]", "policy: manual", Outcome, "A-1", 1),
    ],
)
def test_a_change_of_wording_makes_a_new_version_and_nothing_else_does(workspace, bring, old, new, axis, code, version):
    bring(START)
    changes = bring(START.replace(old, new, 1))
    term = _term(workspace, axis, code)
    assert (changes.created, changes.changed, changes.unchanged) == (0, 1, 5)
    assert changes.changed_term_ids == {term.id}
    assert term.version == version


def test_a_changed_rule_is_a_new_row_and_the_old_one_is_named(workspace, bring):
    bring(START)
    first, second = _rules(workspace)
    changes = bring(START.replace("any: [phone]", "any: [phone, call]"))
    kept, new = _rules(workspace)
    assert changes.removed_rules == (second.id,)
    assert (kept.id, new.words) == (first.id, ["phone", "call"])
    assert new.id > second.id
    assert changes.lines == ("outcome A-1 changed: rule removed (any: phone), rule added (any: phone, call)",)


def test_rules_in_another_order_are_the_same_rules(workspace, bring):
    bring(START)
    swapped = START.replace("      - phrase: [on hold, could not get through]\n", "")
    swapped = swapped.replace(
        "        effect: suggest\n", "        effect: suggest\n      - phrase: [on hold, could not get through]\n"
    )
    assert bring(swapped).changed == 0


def _rules(workspace):
    with workspace.database.reading() as session:
        return list(session.scalars(select(Rule).order_by(Rule.id)))


def test_terms_that_a_file_does_not_name_are_left_alone(workspace, bring):
    bring(START)
    changes = bring("outcomes: [{code: B-1, job: Wait less}]")
    assert (changes.created, changes.changed, changes.unchanged) == (1, 0, 0)
    assert _term(workspace, Outcome, "A-1").status == "active"


def test_a_product_can_move_to_another_parent_and_to_the_top(workspace, bring):
    bring(START)
    moved = "products:\n  - {code: search, name: Search, parent: web}\n"
    with pytest.raises(TaxonomyError):
        bring(moved)
    bring("products:\n  - {code: web, name: Website, children: [{code: search, name: Search}]}\n")
    assert _parent(workspace, "search") == "web"
    assert bring("products:\n  - {code: search, name: Search, parent: app}\n").lines == (
        "product search changed: parent",
    )
    assert _parent(workspace, "search") == "app"
    bring("products:\n  - {code: search, name: Search}\n")
    assert _parent(workspace, "search") is None


def _parent(workspace, code):
    with workspace.database.reading() as session:
        parent = session.scalars(select(Product).where(Product.code == code)).one().parent
        return parent.code if parent else None


def test_a_product_cannot_be_put_below_itself_with_the_help_of_the_database(workspace, bring):
    bring(START.replace("code: web", "code: root").replace("code: app", "code: middle"))
    file = load("products: [{code: middle, name: M, parent: search}]", known=ANYBODY)
    with pytest.raises(TaxonomyError, match="below itself"), workspace.database.writing() as session:
        apply(session, file, None)
    assert _parent(workspace, "search") == "middle"
    assert _parent(workspace, "middle") is None


def test_parent_and_child_can_change_places(workspace, bring):
    bring(START)
    bring("products:\n  - {code: search, name: Search, children: [{code: app, name: App}]}\n")
    assert (_parent(workspace, "search"), _parent(workspace, "app")) == (None, "search")


def test_a_code_on_another_axis_is_another_term(workspace, bring):
    changes = bring(START.replace("code: web", "code: A-1"))
    assert changes.created == 6
    assert {_term(workspace, Outcome, "A-1").id, _term(workspace, Product, "A-1").id} < changes.changed_term_ids


def test_a_code_is_the_same_whatever_its_case(workspace, bring):
    bring(START)
    changes = bring(START.replace("code: A-1", "code: a-1"))
    assert changes.lines == ("outcome a-1 changed: code",)
    assert _term(workspace, Outcome, "a-1").version == 1


def test_a_task_follows_its_product_and_its_outcomes(workspace, bring):
    bring(START)
    moved = "products: [{code: web, name: Website, tasks: [{code: T-1, name: Search for it}]}]"
    assert bring(moved).lines == ("task T-1 changed: product, outcomes",)
    with workspace.database.reading() as session:
        task = session.scalars(select(Task)).one()
        assert (task.product.code, task.outcomes) == ("web", [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "outcomes: [{code: B, job: J, owner: no@example.com}]",
            "outcome B: no user no@example.com: add the user first",
        ),
        ("outcomes: [{code: B, job: J, team: Maps}]", "outcome B: no team Maps: add the team first"),
        ("outcomes: [{code: B, job: J, segments: [parents]}]", "outcome B: no segment parents"),
        ("products: [{code: B, name: J, parent: app}]", "product B: no product app"),
        ("products: [{code: B, name: J, tasks: [{code: T, name: N, outcomes: [A-1]}]}]", "task T: no outcome A-1"),
    ],
)
def test_an_unknown_reference_changes_nothing(workspace, bring, text, message):
    with pytest.raises(TaxonomyError, match=message):
        bring(text)
    with workspace.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Term)) == 0


def test_the_demo_survives_export_and_import(workspace):
    text = TAXONOMY.read_text(encoding="utf-8")
    with workspace.database.writing() as session:
        for person in PEOPLE:
            add_user(session, person.email, person.role, "a long enough password")
        first = apply(session, load(text), None)
        assert apply(session, load(dump(export(session))), None).changed == 0
        exported = dump(export(session))
    assert exported == dump(load(text))
    assert first.created == 36 + 6 + 8 + 33


def test_people_and_teams_are_exported_by_name(workspace, bring):
    with workspace.database.writing() as session:
        session.add(Team(name="Maps"))
    text = START.replace("owner: ada@example.com", "owner: ada@example.com\n    team: Maps")
    bring(text)
    with workspace.database.reading() as session:
        [outcome] = export(session).outcomes
    assert (outcome.owner, outcome.team) == ("ada@example.com", "Maps")


names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(
    str.strip
)
few = st.integers(0, 4)
rule = st.builds(lambda kind, words: {kind: words}, st.sampled_from(["phrase", "any", "all", "not"]),
                 st.lists(st.sampled_from(["stop", "far away", "map"]), min_size=1, max_size=2))  # fmt: skip


@st.composite
def files(draw):
    """A file over a handful of codes, so that two of them overlap; products nest and move, dimensions mix."""
    segments = draw(st.lists(few, unique=True))
    dimensions: dict[str, list] = {}
    for number in segments:
        member = {"code": f"S{number}", "name": draw(names), "population": draw(st.none() | st.integers(0, 9))}
        dimensions.setdefault(draw(st.sampled_from(["Stage", "Way"])), []).append(member)
    outcomes = [
        {"code": f"O{number}", "job": draw(names), "aliases": draw(st.lists(names, max_size=2)),
         "segments": draw(st.lists(st.sampled_from([f"S{n}" for n in segments]), unique=True)) if segments else [],
         "status": draw(st.sampled_from(["active", "retired"])),
         "rules": draw(st.lists(rule, max_size=3, unique_by=repr))}
        for number in draw(st.lists(few, unique=True))
    ]  # fmt: skip
    products: list[dict] = []
    places = [products]
    for number in draw(st.lists(few, unique=True)):
        served = (
            draw(st.lists(st.sampled_from([outcome["code"] for outcome in outcomes]), unique=True)) if outcomes else []
        )
        tasks = [{"code": f"T{number}", "name": draw(names), "outcomes": served}] if draw(st.booleans()) else []
        product = {"code": f"P{number}", "name": draw(names), "tasks": tasks, "children": []}
        draw(st.sampled_from(places)).append(product)
        places.append(product["children"])
    listed = [{"dimension": name, "members": members} for name, members in dimensions.items()]
    return TaxonomyFile.model_validate({"outcomes": outcomes, "segments": listed, "products": products})


def _fresh():
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    return Session(engine, expire_on_commit=False)


@settings(max_examples=12, deadline=None)
@given(files(), files())
def test_an_export_imported_elsewhere_exports_the_same_bytes(first, second):
    with _fresh() as session, _fresh() as elsewhere:
        for file in (first, second):
            apply(session, file, None)
            session.commit()
            again = apply(session, file, None)
            assert (again.created, again.changed, again.removed_rules) == (0, 0, ())
        exported = dump(export(session))
        created = apply(elsewhere, load(exported), None).created
        elsewhere.commit()
        assert dump(export(elsewhere)) == exported
        counted = [session.scalar(select(func.count()).select_from(kind)) for kind in (Term, Task)]
        assert created == sum(counted)


def test_the_stages_of_the_journey_are_brought_to_the_file_and_exported_again(workspace):
    outcome = "outcomes: [{code: A, job: B, stage: Late}]"
    with workspace.database.writing() as session:
        apply(session, load(f"stages: [Early, Late]\n{outcome}"), None)
        assert export(session).stages == ("Early", "Late")
        changes = apply(session, load(f"stages: [Late, Later]\n{outcome}"), None)
        assert (changes.changed, changes.lines) == (1, ("stages changed: Late, Later",))
        assert apply(session, load(outcome), None).changed == 0
        assert export(session).stages == ("Late", "Later")
        with pytest.raises(TaxonomyError, match="stages: is everybody's"):
            apply(session, load(f"stages: [Late]\n{outcome}"), None, may_change=lambda term: False)


def test_a_file_may_lead_with_a_metric_that_the_workspace_has(workspace):
    metric = {
        "name": "Likely to recommend",
        "kind": "nps",
        "nature": "opinion",
        "unit_of_analysis": "user",
        "unit": "points",
    }
    with workspace.database.writing() as session:
        session.add(Metric(code="NPS", **metric))
    with workspace.database.reading() as session:
        load("outcomes: [{code: A-1, job: Agree on dates, lead_measure: NPS}]", known=known(session))
        with pytest.raises(TaxonomyError, match="no measure recommending"):
            load("outcomes: [{code: A-1, job: Agree on dates, lead_measure: recommending}]", known=known(session))


def test_a_new_outcome_may_lead_with_a_metric_to_come_and_the_file_stays_good_afterwards(workspace):
    text = "outcomes: [{code: A-1, job: Agree on dates, lead_measure: NPS-2}]"
    with workspace.database.writing() as session:
        apply(session, load(text, known=known(session)), None)
        assert apply(session, load(text, known=known(session)), None).unchanged == 1
        assert "lead_measure: NPS-2" in dump(export(session))


def test_an_outcome_that_is_here_is_not_brought_to_lead_with_what_is_no_metric(workspace):
    text = "outcomes: [{code: A-1, job: Agree on dates}]"
    with workspace.database.writing() as session:
        apply(session, load(text, known=known(session)), None)
        with pytest.raises(TaxonomyError, match="no measure NPS-2"):
            load(text.replace("dates}", "dates, lead_measure: NPS-2}"), known=known(session))
