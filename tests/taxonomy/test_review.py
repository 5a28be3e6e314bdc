"""The state of the register, within the scope of whoever asks."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from insightrepo.accounts.access import Forbidden
from insightrepo.accounts.users import acting_reader
from insightrepo.models import Evidence, Instrument, Metric, Outcome, Product, Score, Study, Tag, Wave
from insightrepo.taxonomy.files import TaxonomyError, load
from insightrepo.taxonomy.importing import apply
from insightrepo.taxonomy.review import lint_file, review, review_file, review_outcome

TEXT = """\
outcomes:
  - code: A-1
    job: Find a stop that the children like
    success: with ease
    category: Plan
    owner: ada@example.com
    steward: ada@example.com
  - {code: A-2, job: Find the stop that children like, success: with ease, category: Plan, steward: ada@example.com}
  - {code: A-3, job: Use Maps at the gate, success: faster, category: Go}
  - {code: A-4, job: The old one, status: retired}
  - {code: A-5, job: Hide it from others, success: faster, category: Go, team: Secret}
products:
  - code: app
    name: Maps
    tasks: [{code: T-1, name: Look, outcomes: [A-1, A-2]}]
  - code: web
    name: Web
    tasks: [{code: T-2, name: See, outcomes: [A-3]}]
  - {code: dark, name: Gate, team: Secret}
"""


@pytest.fixture
def register(workspace, make_reader):
    """The workspace with a register, some evidence, one wave, and readers by name."""
    readers = {"member": make_reader("researcher", teams=("Secret",))}
    with workspace.database.writing() as session:
        apply(session, load(TEXT), None)
        codes = {outcome.code: outcome.id for outcome in session.scalars(select(Outcome))}
        app = session.scalar(select(Product).where(Product.code == "app"))
        for name, state, products in (
            ("open", "published", []),
            ("scoped", "published", [app]),
            ("draft", "draft", []),
        ):
            study = Study(key=name, title=name, state=state, products=products)
            session.add(study)
            session.flush()
            for number, (code, tag, withdrawn) in enumerate(EVIDENCE[name]):
                evidence = Evidence(
                    study_id=study.id, identity=f"{name}{number}", kind="passage", text="x", content_hash="x",
                    withdrawn=withdrawn,
                )  # fmt: skip
                session.add(evidence)
                session.flush()
                session.add(Tag(evidence_id=evidence.id, term_id=codes[code], state=tag, origin="person"))
        _score(session, codes["A-2"], app.id)
    readers["researcher"] = make_reader("researcher")
    readers["scoped"] = make_reader("researcher", scopes=("product:web",))
    readers["viewer"] = make_reader("viewer")
    return workspace, readers


EVIDENCE = {
    "open": [("A-1", "automatic", False), ("A-2", "rejected", False), ("A-3", "accepted", True)],
    "scoped": [("A-3", "accepted", False)],
    "draft": [("A-2", "accepted", False)],
}


def _score(session, outcome_id, product_id):
    instrument = Instrument(name="survey", scale_low=1, scale_high=5)
    session.add(instrument)
    session.flush()
    wave = Wave(code="w", first_day=dt.date(2025, 1, 1), last_day=dt.date(2025, 1, 2), instrument_id=instrument.id)
    session.add(wave)
    session.flush()
    session.add(Score(wave_id=wave.id, outcome_id=outcome_id, product_id=product_id, measure="satisfaction", value=50))
    session.add(Score(wave_id=wave.id, outcome_id=outcome_id + 1, measure="satisfaction", note="suppressed"))


def lacks(workspace, reader) -> dict[str, set[str]]:
    with workspace.database.reading() as session:
        found = review(session, reader, workspace)
    return {lack.title: {outcome.code for outcome in lack.outcomes} for lack in found.lacks}


def test_what_outcomes_lack_is_what_the_reader_cannot_see_them_have(register):
    workspace, readers = register
    assert lacks(workspace, readers["researcher"]) == {
        "Without an owner": {"A-2", "A-3"},
        "Without a steward": {"A-3"},
        "Without evidence": {"A-2"},
        "Ungrounded": {"A-1", "A-2"},
        "Without tasks": set(),
        "Without scores": {"A-1", "A-3"},
    }
    assert lacks(workspace, readers["scoped"]) == {
        "Without an owner": {"A-2", "A-3"},
        "Without a steward": {"A-3"},
        "Without evidence": {"A-1", "A-2", "A-3"},
        "Ungrounded": {"A-1", "A-2", "A-3"},
        "Without tasks": {"A-1", "A-2"},
        "Without scores": {"A-1", "A-2", "A-3"},
    }


def test_a_draft_grounds_an_outcome_for_those_who_may_see_it(register):
    workspace, _ = register
    with workspace.database.reading() as session:
        ada = acting_reader(session, None)
    assert lacks(workspace, ada)["Ungrounded"] == {"A-1", "A-5"}


def test_an_outcome_of_a_team_is_reviewed_for_its_members_only(register):
    workspace, readers = register
    with workspace.database.reading() as session:
        seen = {
            name: {o.code for o in review(session, readers[name], workspace).outcomes} for name in ("member", "scoped")
        }
    assert seen == {"member": {"A-1", "A-2", "A-3", "A-5"}, "scoped": {"A-1", "A-2", "A-3"}}


def test_the_name_of_a_product_warns_those_who_may_see_the_product(register):
    workspace, readers = register
    with workspace.database.reading() as session:
        warned = {
            name: [w.words for w in review_outcome(session, readers[name], workspace, "A-3").warnings]
            for name in ("researcher", "member")
        }
    assert warned == {"researcher": ["Maps"], "member": ["Maps"]}  # "gate" is a word, not the product Gate


def test_overlaps_sizes_and_counts_are_of_outcomes_in_use(register):
    workspace, readers = register
    with workspace.database.reading() as session:
        found = review(session, readers["researcher"], workspace)
    assert [(pair.first.code, pair.second.code) for pair in found.pairs] == [("A-1", "A-2")]
    assert found.statuses == (("candidate", 0), ("validated", 0), ("active", 3), ("retired", 1))
    assert [(category.name, category.count) for category in found.categories] == [("Go", 1), ("Plan", 2)]
    assert found.size_advice.startswith("Fewer than 30")
    assert [outcome.code for outcome in found.warned] == ["A-3"]
    assert [lack.thing for lack in found.single_lacks] == [
        "Owner",
        "Steward",
        "Evidence",
        "Confirmed evidence",
        "Score",
    ]
    assert found.common_lacks == ()
    assert {outcome.code: lacks for outcome, lacks in found.lacking} == {
        "A-1": (False, False, False, True, True), "A-2": (True, False, True, True, False),
        "A-3": (True, True, False, False, True),
    }  # fmt: skip


def test_a_category_far_from_the_others_is_named(workspace, ada):
    jobs = [("One", 5), ("Two", 2), ("Three", 2), ("Four", 0)]
    entries = [
        f"  - {{code: {name}-{n}, job: 'Find a thing {name} {n}', category: {name}}}"
        for name, count in jobs
        for n in range(count)
    ]
    with workspace.database.writing() as session:
        apply(session, load("outcomes:\n" + "\n".join(entries)), None)
    with workspace.database.reading() as session:
        found = review(session, ada, workspace).categories
    assert [(category.name, bool(category.note)) for category in found] == [
        ("One", True), ("Three", False), ("Two", False),
    ]  # fmt: skip


def test_a_viewer_reviews_nothing(register):
    workspace, readers = register
    with workspace.database.reading() as session:
        assert review_outcome(session, readers["viewer"], workspace, "A-3") is None
        with pytest.raises(Forbidden):
            review(session, readers["viewer"], workspace)
        with pytest.raises(Forbidden):
            review_file(session, readers["viewer"], workspace, "outcomes: []", "x.yaml")


def test_a_retired_outcome_is_left_in_peace(register):
    workspace, readers = register
    with workspace.database.reading() as session:
        assert review_outcome(session, readers["researcher"], workspace, "A-4") is None


FILE = """\
outcomes:
  - code: B-1
    job: Find stops that the children like
    success: with ease
  - code: B-2
    job: Open the Planner at the gate
    success: faster
products:
  - {code: p, name: Planner}
"""


def test_a_file_is_reviewed_with_its_lines_its_own_products_and_beside_what_is_there(register):
    workspace, readers = register
    with workspace.database.reading() as session:
        found = review_file(session, readers["researcher"], workspace, FILE, "new.yaml")
    assert [(o.code, o.line, [w.words for w in o.warnings]) for o in found.outcomes] == [
        ("B-1", 2, []), ("B-2", 5, ["Planner"]),
    ]  # fmt: skip
    assert {(pair.first.code, pair.second.code) for pair in found.pairs} == {("B-1", "A-1"), ("B-1", "A-2")}


def test_a_wrong_file_is_refused_as_at_an_import(register):
    workspace, readers = register
    with workspace.database.reading() as session, pytest.raises(TaxonomyError, match=r"new\.yaml:1"):
        lint_file(session, readers["researcher"], workspace, "outcomes: 3", "new.yaml")


def test_the_marks_of_a_statement_do_not_overlap_and_are_never_the_whole(workspace, ada):
    text = "outcomes: [{code: M, job: I want to use the app and the website, success: nicely}]"
    with workspace.database.reading() as session:
        [outcome] = lint_file(session, ada, workspace, text, "m.yaml")
    marks = outcome.marks("job")
    assert [outcome.job[start:end] for start, end in marks] == ["I want to", "app and the website"]
    assert outcome.marks("success") == ()


def test_a_metric_in_use_that_nobody_answers_for_is_an_orphan(workspace, ada):
    plain = {"kind": "rate", "nature": "behaviour", "unit": "percent", "unit_of_analysis": "user"}
    with workspace.database.writing() as session:
        outcome = Outcome(code="A", name="Look around", job="Look around", aliases=[])
        people = {"owner_id": ada.user_id, "steward_id": ada.user_id}
        session.add_all(
            [
                Metric(code="KEPT", name="Kept", **plain, **people, outcomes=[outcome]),
                Metric(code="ALONE", name="Alone", **plain, owner_id=ada.user_id),
                Metric(code="GONE", name="Gone", **plain, status="retired"),
            ]
        )
    with workspace.database.reading() as session:
        found = review(session, ada, workspace).orphans
    assert [(m.code, m.owner, m.steward, m.outcome) for m in found] == [("ALONE", True, False, False)]
