"""What a workspace holds, as plain values to compare before and after."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from insightrepo.accounts.access import Reader
from insightrepo.library.imports.import_options import ImportOptions
from insightrepo.library.imports.import_report import ImportReport
from insightrepo.library.imports.importing import import_paths
from insightrepo.library.search.hits import SearchQuery, SearchResult
from insightrepo.library.search.search import search
from insightrepo.library.terms.taxonomy_changes import import_taxonomy
from insightrepo.models import Base, Evidence, Tag, Term, Vote
from insightrepo.workspace import Workspace

TAXONOMY = """
outcomes:
  - code: STOP
    job: Find a stop that the children like
    category: Plan
    aliases: [places to stop]
    rules:
      - any: [boring, playground]
  - code: COST
    job: Know what the whole trip costs
    category: Pay
    aliases: [hidden fees]
    rules:
      - any: [price, fee, fees]
  - code: CALM
    job: Keep the peace on the back seat
    category: Travel
    policy: manual
segments:
  - dimension: family
    members:
      - {code: new, name: New parents}
      - {code: teen, name: Families with teenagers}
products:
  - code: app
    name: The app
    children:
      - {code: maps, name: Maps}
      - {code: shop, name: Shop}
"""


def bring(workspace: Workspace, reader: Reader, *paths: Path, **options: Any) -> ImportReport:
    """Import with these options; columns may be given by role, as ``text="comment"``."""
    roles = ("text", "date", "respondent", "segment", "product", "rating", "question", "labels", "id")
    columns = {role: _several(options.pop(role)) for role in roles if role in options}
    return import_paths(workspace, reader, list(paths), ImportOptions(columns=columns, **options))


def _several(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def add_taxonomy(workspace: Workspace, reader: Reader, text: str = TAXONOMY) -> None:
    """The three outcomes, two segments and three products of the tests."""
    import_taxonomy(workspace, reader, text, "taxonomy.yaml")


def ask(workspace: Workspace, reader: Reader, words: str = "", **fields: Any) -> SearchResult:
    """Search, `fields` as in `SearchQuery`."""
    with workspace.database.reading() as session:
        return search(workspace, session, reader, SearchQuery(words=words, **fields))


def tables(workspace: Workspace, without: Iterable[str] = ()) -> dict[str, list[tuple]]:
    """Every row of every table."""
    with workspace.database.reading() as session:
        return {
            table.name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
            for table in Base.metadata.sorted_tables
            if table.name not in set(without)
        }


def sizes(workspace: Workspace) -> dict[str, int]:
    """How many rows each table has."""
    with workspace.database.reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes; locks are left out."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.endswith(".lock"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def evidence(workspace: Workspace) -> list[Evidence]:
    """All evidence in the order of ids, withdrawn pieces too."""
    with workspace.database.reading() as session:
        return list(session.scalars(select(Evidence).order_by(Evidence.id)))


def the_one(workspace: Workspace, words: str) -> Evidence:
    """The only piece of evidence whose text holds these words, withdrawn or not."""
    (found,) = (row for row in evidence(workspace) if words in row.text)
    return found


def tags(workspace: Workspace, evidence_id: int) -> dict[str, tuple[str, str]]:
    """State and origin of each tag of a piece of evidence, by the term's code."""
    with workspace.database.reading() as session:
        rows = session.execute(
            select(Term.code, Tag.state, Tag.origin)
            .join(Term, Term.id == Tag.term_id)
            .where(Tag.evidence_id == evidence_id)
        )
        return {code: (state, origin) for code, state, origin in rows}


def votes(workspace: Workspace, evidence_id: int, *sources: str) -> list[tuple[str, str, bool, int]]:
    """The votes on a piece of evidence: source, term, for or against, and of which revision it speaks."""
    with workspace.database.reading() as session:
        query = (
            select(Vote.source, Term.code, Vote.in_favour, Vote.evidence_revision)
            .join(Term, Term.id == Vote.term_id)
            .where(Vote.evidence_id == evidence_id)
            .order_by(Vote.source, Term.code)
        )
        rows = [tuple(row) for row in session.execute(query)]
    return [row for row in rows if not sources or row[0] in sources]
