"""A passage is found by the heading that it stands under now, and embedded as its content hash says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from contents import ask, bring, evidence
from sqlalchemy import delete

from insightrepo.accounts.access import Reader
from insightrepo.library.indexing.checking import check
from insightrepo.library.indexing.indexing import rebuild
from insightrepo.library.indexing.records import live_ids, load_records
from insightrepo.models import Embedding
from insightrepo.workspace import Workspace

Person = Callable[[str], Reader]
LONG = "A heading that goes on and on so that what stands above it is no longer embedded with the passage " * 3


def write(path: Path, heading: str, *below: str) -> Path:
    lines = [f"# {heading}", *(f"## {line}" for line in below), "The stops were dull and far away from the road."]
    path.write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    return path


def found(workspace: Workspace, reader: Reader, words: str) -> int:
    return ask(workspace, reader, words, mode="keyword").total


@pytest.mark.parametrize("below", [(), (LONG,)], ids=["short", "long"])
def test_a_passage_is_found_by_its_new_heading_and_no_longer_by_the_old(
    fresh: Workspace, person: Person, tmp_path: Path, below: tuple[str, ...]
) -> None:
    ada, path = person("ada"), tmp_path / "findings.md"
    for heading, other in (("Walrus", "Kiwi"), ("Kiwi", "Walrus"), ("Walrus", "Kiwi")):
        bring(fresh, ada, write(path, heading, *below))
        assert (found(fresh, ada, heading), found(fresh, ada, other)) == (1, 0)
        assert check(fresh) == []
    assert len([row for row in evidence(fresh) if not row.withdrawn]) == 1


def test_what_a_rebuild_embeds_is_what_the_content_hash_is_over(
    fresh: Workspace, person: Person, tmp_path: Path
) -> None:
    ada, path = person("ada"), tmp_path / "findings.md"
    for heading in ("Walrus", "Kiwi"):
        bring(fresh, ada, write(path, heading))
    with fresh.database.writing() as session:
        loaded = load_records(session, live_ids(session))
        session.execute(delete(Embedding))
    assert [hashlib.sha256(item.embedded.encode()).hexdigest() for item in loaded] == [
        item.record.content_hash for item in loaded
    ]
    rebuild(fresh)
    assert check(fresh) == []
    assert found(fresh, ada, "Kiwi") == 1
