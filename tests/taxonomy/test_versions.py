"""Every wording is kept: what a version holds, how two compare, how an older one comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from insightrepo.models import DefinitionVersion, Outcome, Product, Segment, StatusChange, Task
from insightrepo.taxonomy.files import Known, load
from insightrepo.taxonomy.importing import apply
from insightrepo.taxonomy.versions import keep_version, restore, versions, word_diff, wording


def reword(session, row, **words) -> bool:
    before = wording(row)
    for name, text in words.items():
        setattr(row, name, text)
    session.flush()
    return keep_version(session, row, before, None, "clearer")


def one(session, kind, code):
    return session.scalars(select(kind).where(kind.code == code)).one()


def test_a_change_of_wording_is_a_version_and_the_wording_before_it_is_kept_too(writing):
    with writing() as session:
        outcome = one(session, Outcome, "A-1")
        assert reword(session, outcome, job="Agree on a week")
        shown = versions(session, outcome)
    assert [version.version for version in shown] == [2, 1]
    assert outcome.version == 2
    assert dict(shown[1].wording) == {"Job": "Agree on dates", "Judged by": "in less time"}
    assert [(piece.kind, piece.text) for piece in shown[0].changes[0].pieces] == [
        ("same", "Agree on "),
        ("gone", "dates"),
        ("new", "a week"),
    ]


def test_a_change_of_anything_else_is_no_version(writing):
    with writing() as session:
        outcome = one(session, Outcome, "A-1")
        before = wording(outcome)
        outcome.category, outcome.aliases = "Planning", ["a week"]
        assert not keep_version(session, outcome, before, None)
        assert outcome.version == 1
        assert session.scalar(select(func.count()).select_from(DefinitionVersion)) == 0


def test_restoring_makes_a_new_version_and_the_rendered_statement_follows(writing):
    with writing() as session:
        outcome = one(session, Outcome, "A-1")
        reword(session, outcome, job="Agree on a week")
        assert restore(session, outcome, 1, None)
        assert (outcome.version, outcome.job, outcome.name) == (3, "Agree on dates", "Agree on dates, in less time")
        assert not restore(session, outcome, 1, None)
        with pytest.raises(LookupError, match="version 9 was not kept"):
            restore(session, outcome, 9, None)
        assert [version.version for version in versions(session, outcome)] == [3, 2, 1]


@pytest.mark.parametrize(
    ("kind", "code", "field"),
    [(Segment, "teens", "definition"), (Product, "app", "name"), (Task, "T-1", "name")],
)
def test_segments_products_and_tasks_are_kept_by_the_same_function(writing, kind, code, field):
    with writing() as session:
        row = one(session, kind, code)
        assert reword(session, row, **{field: "Other words"})
        assert reword(session, row, **{field: "Yet others"})
        assert [version.version for version in versions(session, row)] == [3, 2, 1]


TEXT = """outcomes:
  - {code: A-1, job: Agree on dates, success: WHAT, status: STATUS}
  - {code: NEW, job: See something new, success: more often, status: candidate}
"""


@pytest.mark.parametrize(
    ("said", "new"), [("", [False, False]), (", meaning: same", [False, False]), (", meaning: new", [True, False])]
)
def test_a_file_says_whether_a_rewording_means_something_new(register, said, new):
    text = "outcomes: [{code: A-1, job: Agree on dates, success: more often" + said + "}]"
    for _ in range(2):  # again it rewords nothing
        with register.writing() as session:
            apply(session, load(text, "t.yaml", Known()), 1)
    with register.reading() as session:
        assert [version.new_meaning for version in versions(session, one(session, Outcome, "A-1"))] == new


def test_a_file_keeps_versions_and_steps_as_the_editor_does(register):
    def bring(what, status):
        text = TEXT.replace("WHAT", what).replace("STATUS", status)
        with register.writing() as session:
            apply(session, load(text, "t.yaml", Known()), 1, note="taxonomy file t.yaml")

    bring("faster", "validated")
    bring("faster", "validated")
    with register.reading() as session:
        kept = session.execute(
            select(Outcome.code, DefinitionVersion.version, DefinitionVersion.note)
            .join(Outcome, Outcome.id == DefinitionVersion.object_id)
            .order_by(Outcome.code, DefinitionVersion.version)
        ).all()
        steps = session.execute(select(StatusChange.from_status, StatusChange.to_status, StatusChange.reason)).all()
        assert one(session, Outcome, "A-1").version == 2
    assert kept == [
        ("A-1", 1, ""),
        ("A-1", 2, "taxonomy file t.yaml"),
        ("NEW", 1, "taxonomy file t.yaml"),
    ]
    assert sorted(steps) == [
        ("", "candidate", "taxonomy file t.yaml"),
        ("candidate", "validated", "taxonomy file t.yaml"),
    ]


@given(st.text("ab \n", max_size=30), st.text("ab \n", max_size=30))
def test_the_pieces_of_a_diff_give_both_texts_again(older, newer):
    pieces = word_diff(older, newer)
    assert "".join(piece.text for piece in pieces if piece.kind != "new") == older
    assert "".join(piece.text for piece in pieces if piece.kind != "gone") == newer
