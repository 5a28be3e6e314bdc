"""The YAML file: what is read, what is refused and where, and that writing and reading are each other's inverse."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from insightrepo.models import RULE_KINDS
from insightrepo.taxonomy.files import Known, TaxonomyError, dump, load
from insightrepo.taxonomy.schema import RuleValue, TaxonomyFile

WHOLE = """\
outcomes:
  - code: FT-01
    job: Find enriching stops along the way
    success: with ease and without a detour that the children resent
    category: Plan
    stage: Before the trip
    segments: [new-parents]
    aliases: [places to stop, sights on the route]
    policy: suggest
    owner: anna@example.com
    rules:
      - phrase: [stops along the way, places to stop]
      - near: [stop, boring]
        distance: 3
        effect: suggest
      - regex: '\\bstop(?:s|over)?'
      - not: [bus stop]
segments:
  - dimension: Family stage
    members:
      - code: new-parents
        name: New parents
        definition: The youngest child is under three.
        population: 120000
products:
  - code: app
    name: FamilyTrip app
    children:
      - code: planner
        name: Route planner
        tasks:
          - code: T-PLAN-1
            name: Plan a day trip
            outcomes: [FT-01]
"""


def _problems(text, known=None):
    with pytest.raises(TaxonomyError) as refused:
        load(text, "t.yaml", known)
    return refused.value.problems


def test_a_file_is_read_field_by_field():
    file = load(WHOLE)
    [outcome] = file.outcomes
    assert outcome.name == (
        "Find enriching stops along the way, with ease and without a detour that the children resent"
    )
    assert (outcome.status, outcome.policy, outcome.segments) == ("active", "suggest", ("new-parents",))
    assert [rule.value for rule in outcome.rules] == [
        RuleValue("phrase", ("stops along the way", "places to stop"), None, "force"),
        RuleValue("near", ("stop", "boring"), 3, "suggest"),
        RuleValue("regex", (r"\bstop(?:s|over)?",), None, "force"),
        RuleValue("not", ("bus stop",), None, "veto"),
    ]
    assert file.segments[0].members[0].population == 120000
    assert [(product.code, parent) for product, parent in file.products_with_parents()] == [
        ("app", ""), ("planner", "app"),
    ]  # fmt: skip


def test_a_written_file_is_what_was_read():
    assert dump(load(WHOLE)) == WHOLE_AGAIN
    assert dump(load(dump(load(WHOLE)))) == dump(load(WHOLE))


def test_a_stage_that_the_list_of_stages_does_not_have_is_refused():
    listed = "stages: [Before the trip, Back home]\n" + WHOLE
    assert load(listed).stages == ("Before the trip", "Back home")
    assert dump(load(listed)) == "stages: [Before the trip, Back home]\n" + WHOLE_AGAIN
    assert _problems(listed.replace("stage: Before", "stage: Befor")) == [
        "t.yaml:7: outcomes[0].stage: no stage Befor the trip here: add it to stages, or correct it; "
        "did you mean Before the trip?"
    ]
    assert "stages[1]: A stands twice" in _problems("stages: [A, A]")[0]


def test_an_empty_taxonomy_can_be_written_and_read():
    assert load(dump(TaxonomyFile())) == TaxonomyFile()


def test_an_outcome_without_a_success_measure_is_stated_by_its_job():
    assert load("outcomes: [{code: A, job: Reach  somebody}]").outcomes[0].name == "Reach somebody"


def test_a_near_rule_without_a_distance_gets_the_usual_one():
    file = load("outcomes: [{code: A, job: B, rules: [{near: [x, y]}]}]")
    assert file.outcomes[0].rules[0].value == RuleValue("near", ("x", "y"), 5, "force")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("    job: Find", "    jobb: Find", "t.yaml:3: outcomes[0].jobb: is not a field here"),
        ("    job: Find", "    jobb: Find", "t.yaml:2: outcomes[0].job: is missing: add it"),
        ("FT-01\n    job", "12\n    job", "t.yaml:2: outcomes[0].code: must be text, but 12 is a number: put it in"),
        ("job: Find enriching stops along the way", "job:", "t.yaml:3: outcomes[0].job: is empty"),
        ("policy: suggest", "policy: auto", "t.yaml:9: outcomes[0].policy: must be 'manual', 'suggest' or 'automatic'"),
        ("[new-parents]", "[new-parent]", "t.yaml:7: outcomes[0].segments[0]: no segment new-parent here"),
        ("[FT-01]", "[FT-10]", "no outcome FT-10 here: add it, or correct the code; did you mean FT-01?"),
        ("120000", "many", "t.yaml:24: segments[0].members[0].population: input should be a valid integer"),
        ("120000", "-1", "t.yaml:24: segments[0].members[0].population: input should be greater than or equal to 0"),
        ("code: planner", "code: APP", "t.yaml:29: products[0].children[0].code: APP stands already in line 26"),
        ("effect: suggest", "effect: maybe", "t.yaml:15: outcomes[0].rules[1].effect: must be"),
        ("distance: 3", "distance: 300", "t.yaml:14: outcomes[0].rules[1].distance"),
        ("phrase: [stops", "phrases: [stops", "did you mean phrase?"),
        ("- phrase: [stops", "- any: [x]\n        phrase: [stops", "outcomes[0].rules[0]: needs exactly one of"),
        ("stop(?:s|over)?'", "stop('", "outcomes[0].rules[2]: the pattern"),
        ("      - regex: '\\bstop(?:s|over)?'", "      - phrase: [stops along the way, places to stop]",
         "t.yaml:16: outcomes[0].rules[2]: says the same as outcomes[0].rules[0]"),
        ("  - dimension: Family stage", "  - dimension: family stage\n  - dimension: Family stage",
         "t.yaml:20: segments[1].dimension: Family stage stands already in line 19"),
        ("aliases: [places to stop, sights on the route]", "aliases: {a: b}",
         "t.yaml:8: outcomes[0].aliases: must be a list, but it is a mapping of fields"),
        ("      - code: planner", "      - parent: app\n        code: planner", "is nested under its parent already"),
        ("success: with ease", "success: " + "with ease " * 40, "use at most 300"),
        ("code: T-PLAN-1", "code: " + "T" * 81, "has 81 characters: use at most 80"),
        ("segments:\n  - dim", "segmnets: []\nsegments:\n  - dim", "did you mean segments?"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_line_and_field(old, new, expected):
    assert WHOLE.count(old) >= 1
    problems = _problems(WHOLE.replace(old, new, 1))
    assert any(expected in problem for problem in problems), problems


def test_all_mistakes_are_named_at_once_in_the_order_of_the_file():
    text = (
        WHOLE.replace("policy: suggest", "policy: auto").replace("[FT-01]", "[FT-10]").replace("code: app", "cod: app")
    )
    text = text.replace("phrase: [stops along the way, places to stop]", "regex: '('")
    fields = [problem.split(": ")[0:2] for problem in _problems(text)]
    assert fields == [
        ["t.yaml:9", "outcomes[0].policy"],
        ["t.yaml:12", "outcomes[0].rules[0]"],
        ["t.yaml:26", "products[0].code"],
        ["t.yaml:26", "products[0].cod"],
        ["t.yaml:34", "products[0].children[0].tasks[0].outcomes[0]"],
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("outcomes:\n  - code: [A\n", "t.yaml:3: file: not valid YAML: expected ',' or ']'"),
        ("outcomes: []\noutcomes: []\n", 't.yaml:2: file: not valid YAML: found duplicate key "outcomes"'),
        ("outcomes:\n\t- code: A\n", "t.yaml:2: file: not valid YAML: found character '\\t'"),
        ("a: &x 1\nb: *x\n", "t.yaml:2: file: *x refers to an anchor: write its value out instead"),
        ("x: !!python/object:os.system 1\n", "t.yaml:1: file: not valid YAML: could not determine a constructor"),
        ("outcomes:\n  - code: 2024-13-45\n", "t.yaml:1: file: not valid YAML: month must be in 1..12"),
        ("a: \0", "t.yaml:1: file: not valid YAML: unacceptable character"),
        ("", "t.yaml:1: file: must have outcomes, segments or products at its top"),
        ("- code: A\n", "t.yaml:1: file: must have outcomes, segments or products at its top"),
        ("a: " + "[" * 70 + "]" * 70, "t.yaml:1: file: more than 60 levels"),
        ("outcomes: 5\n", "t.yaml:1: outcomes: must be a list"),
        ("outcomes: [text]\n", "t.yaml:1: outcomes[0]: must be a mapping of fields"),
    ],
)
def test_a_file_that_is_no_taxonomy_is_refused_with_its_line(text, expected):
    assert any(problem.startswith(expected) for problem in _problems(text)), _problems(text)


def test_parents_by_code_may_not_go_round_in_a_circle():
    products = [f"{{code: {code}, name: N, parent: {parent}}}" for code, parent in ("ab", "bc", "ca")]
    text = f"products: [{', '.join(products)}]"
    [problem] = _problems(text)
    assert "goes round in a circle" in problem


def test_a_file_may_refer_to_what_the_workspace_knows():
    task = "{code: T, name: N, outcomes: [ft-01]}"
    text = f"products:\n  - {{code: p, name: P, parent: App, owner: Anna@example.com, tasks: [{task}]}}\n"
    assert len(_problems(text)) == 2
    users = frozenset({"anna@example.com"})
    load(text, known=Known(outcomes=frozenset({"FT-01"}), products=frozenset({"app"}), users=users))
    [problem] = _problems(text, Known(outcomes=frozenset({"FT-01"}), products=frozenset({"app"})))
    assert (
        problem == "t.yaml:2: products[0].owner: no user Anna@example.com here: add the user first, or leave owner out"
    )


def test_a_lead_measure_that_the_editor_would_not_offer_is_refused_by_line_and_field():
    text = "outcomes:\n  - code: FT-01\n    job: Find a place\n    lead_measure: WHAT\n"
    known = Known(metrics=frozenset({"NPS"}))
    for right in ("satisfaction", "importance", "opportunity", "NPS"):
        load(text.replace("WHAT", right), known=known)
    for wrong, hint in (("success", ""), ("wealth", ""), ("satisfacton", "; did you mean satisfaction?")):
        assert _problems(text.replace("WHAT", wrong), known) == [
            f"t.yaml:4: outcomes[0].lead_measure: no measure {wrong}: write satisfaction, importance, opportunity or "
            f"the code of a metric, which must be defined before{hint}"
        ]


def test_the_same_code_may_stand_on_two_axes():
    text = "outcomes: [{code: A, job: B}]\nproducts: [{code: A, name: B}]\n"
    text += "segments: [{dimension: D, members: [{code: A, name: B}]}]\n"
    assert load(text).products[0].code == "A"


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=30).filter(
    str.strip
)
letters = st.from_regex(r"[a-z]{2,8}", fullmatch=True)
effects = {"effect": st.sampled_from(["suggest", "force", "veto"])}
some = st.lists(letters, min_size=1, max_size=3)
pair = st.lists(letters, min_size=2, max_size=3, unique=True)
rules = st.one_of(
    *(st.fixed_dictionaries({kind: some}, optional=effects) for kind in RULE_KINDS if kind not in ("near", "regex")),
    st.fixed_dictionaries({"near": pair}, optional={"distance": st.integers(0, 50)}),
)
shared = {
    "aliases": st.lists(words, max_size=8),
    "status": st.sampled_from(["candidate", "validated", "active", "retired"]),
    "policy": st.sampled_from(["manual", "suggest", "automatic"]),
    "rules": st.lists(rules, max_size=2, unique_by=repr),
}


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.fixed_dictionaries({"job": words, "success": words, "category": words}, optional=shared), max_size=3),
    st.lists(st.fixed_dictionaries({"name": words}, optional={**shared, "definition": words}), max_size=3),
)
def test_any_words_survive_being_written_and_read(outcomes, products):
    values = {
        "outcomes": [{"code": f"O-{n}", **outcome} for n, outcome in enumerate(outcomes)],
        "products": [{"code": f"P-{n}", "name": product["name"]} for n, product in enumerate(products)],
        "segments": [{"dimension": "D", "members": [{"code": f"S-{n}", **one} for n, one in enumerate(products)]}],
    }
    file = TaxonomyFile.model_validate(values)
    again = load(dump(file))
    assert dump(again) == dump(file)
    assert [_facts(outcome) for outcome in again.outcomes] == [_facts(outcome) for outcome in file.outcomes]


def _facts(outcome):
    return outcome.model_dump(exclude={"rules"}), [rule.value for rule in outcome.rules]


FIELDS = ["outcomes", "segments", "products", "members", "children", "tasks", "rules", "code", "job", "x"]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=25,
)


@settings(max_examples=80, deadline=None)
@given(anything)
def test_whatever_a_file_holds_it_is_read_or_refused_by_name(value):
    stream = io.StringIO()
    YAML(typ="safe", pure=True).dump(value, stream)
    problems = _outcome_of(stream.getvalue())
    assert all(problem.startswith("taxonomy.yaml:") for problem in problems)


def _outcome_of(text):
    """The problems of a text; none where it could be read."""
    try:
        load(text)
    except TaxonomyError as error:
        return error.problems or ["refused without a word"]
    return []


WHOLE_AGAIN = """\
outcomes:
  - code: FT-01
    job: Find enriching stops along the way
    success: with ease and without a detour that the children resent
    category: Plan
    stage: Before the trip
    aliases: [places to stop, sights on the route]
    segments: [new-parents]
    policy: suggest
    owner: anna@example.com
    rules:
      - phrase: [stops along the way, places to stop]
      - near: [stop, boring]
        distance: 3
        effect: suggest
      - regex: ["\\\\bstop(?:s|over)?"]
      - not: [bus stop]
segments:
  - dimension: Family stage
    members:
      - code: new-parents
        name: New parents
        definition: The youngest child is under three.
        population: 120000
products:
  - code: app
    name: FamilyTrip app
    children:
      - code: planner
        name: Route planner
        tasks:
          - code: T-PLAN-1
            name: Plan a day trip
            outcomes: [FT-01]
"""
