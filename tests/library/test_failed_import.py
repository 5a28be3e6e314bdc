"""An import that fails or is broken off by its user: what is stored is found, and the outbox is empty."""

from __future__ import annotations

from pathlib import Path

import pytest
from contents import ask, evidence
from sqlalchemy import select

from insightrepo.accounts.access import Reader
from insightrepo.library.imports.import_options import ImportOptions
from insightrepo.library.imports.importing import import_paths
from insightrepo.library.indexing.checking import check
from insightrepo.models import Job, Outbox
from insightrepo.workspace import Workspace

REPORTS = {"ferries.md": "The ferry left without us.", "bridges.md": "The bridge was closed for repairs."}


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_what_was_stored_before_an_import_broke_off_is_found(
    workspace: Workspace, ada: Reader, tmp_path: Path, error: type[BaseException]
) -> None:
    paths = []
    for name, text in REPORTS.items():
        paths.append(tmp_path / name)
        paths[-1].write_text(f"# Findings\n\n{text}\n")

    def break_off(done: int, _total: int) -> None:
        if done == 1:
            with workspace.database.reading() as session:
                assert session.scalars(select(Outbox)).all()  # it waits for the end of the import
            raise error("broken off")

    with pytest.raises(error):
        import_paths(workspace, ada, paths, ImportOptions(publish=True), break_off)
    with workspace.database.reading() as session:
        assert session.scalars(select(Outbox)).all() == []
        assert session.scalars(select(Job.state)).all() == ["failed"]
    assert len(evidence(workspace)) == 1
    assert [ask(workspace, ada, word, mode="keyword").total for word in ("bridge", "ferry")] == [1, 0]
    assert check(workspace) == []
    report = import_paths(workspace, ada, paths, ImportOptions(publish=True))
    assert (report.stored, report.already_here) == (1, 1)
    assert ask(workspace, ada, "ferry", mode="keyword").total == 1
