"""The elements of JSON arrays as rows, on both databases."""

from __future__ import annotations

from sqlalchemy import select, true

from insightrepo.json_arrays import elements
from insightrepo.models import AuditEntry


def test_each_element_is_a_row_and_no_array_is_none(workspace):
    details = {"one": {"tasks": [[3, 1.5], [5, 2.0]]}, "two": {"tasks": []}, "three": {}}
    with workspace.database.writing() as session:
        session.add_all(AuditEntry(action=action, object="task:1", detail=detail) for action, detail in details.items())
    part = elements(AuditEntry.detail["tasks"])
    query = select(AuditEntry.action, part.c.value[0].as_integer()).select_from(AuditEntry).join(part, true())
    with workspace.database.reading() as session:
        found = session.execute(query.where(AuditEntry.action.in_(details))).tuples().all()
    assert sorted(found) == [("one", 3), ("one", 5)]
