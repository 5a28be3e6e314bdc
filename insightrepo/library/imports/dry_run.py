"""A dry run: counts what an import would do, and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.pipeline import Draft, Prepared
from insightrepo.accounts.access import Reader
from insightrepo.batches import batches
from insightrepo.library.imports.facts import facts_of
from insightrepo.library.imports.identities import Known, identities
from insightrepo.library.imports.import_report import ImportReport
from insightrepo.library.imports.safe_names import Called
from insightrepo.library.imports.storing import BATCH, EvidenceStore
from insightrepo.library.imports.strangers import files_of, stranger
from insightrepo.library.imports.study_facts import find_study, pieces_of, same_bytes
from insightrepo.models import Document, Evidence, Place
from insightrepo.workspace import Workspace


class DryRun:
    """Counts file by file; it remembers what it counted, because the next file may say the same."""

    def __init__(self, workspace: Workspace, store: EvidenceStore, report: ImportReport, redaction: str) -> None:
        self._workspace = workspace
        self._redaction = redaction
        self._store = store
        self._report = report
        self._files: dict[tuple[str, str], int] = {}  # pieces of evidence by study and sha256 of a file counted before
        self._rows: dict[tuple[str, str], tuple[str, set[str]]] = {}  # content hash and files by study and identity

    def already_here(self, reader: Reader, key: str, name: str, sha256: str) -> int:
        """How many pieces of evidence the same bytes gave the study before, or would have given it in this run.

        Raises:
            Forbidden: the study exists and the reader may not see or change it.
        """
        with self._workspace.database.reading() as session:
            study = find_study(session, key, reader)
            document = same_bytes(session, study, name, sha256, self._redaction) if study else None
            return self._files.get((key, sha256), 0) if document is None else pieces_of(session, document)

    def count(self, reader: Reader, called: Called, shown: str, sha256: str, prepared: Prepared) -> None:
        """Count a file, called as it is stored and to be shown as `shown`, into the report.

        Raises:
            Forbidden: the study exists and the reader may not see or change it.
        """
        key, known = (
            called.study.key,
            identities(self._workspace.pseudonyms, called.first, prepared.drafts, prepared.earlier),
        )
        with self._workspace.database.reading() as session:
            study = find_study(session, key, reader)
            for batch in batches(known, BATCH):
                self._count_batch(session, study.id if study else 0, called, shown, batch)
            if study and prepared.document.text:
                self._report.withdrawn += _vanishing(session, study.id, called.name, sha256, known)
        self._files[key, sha256] = len({item.identity for item in known})

    def _count_batch(self, session: Session, study_id: int, called: Called, shown: str, batch: Sequence[Known]) -> None:
        query = select(Evidence.identity, Evidence.id, Evidence.content_hash).where(
            Evidence.study_id == study_id,
            Evidence.identity.in_([identity for item in batch for identity in (item.identity, *item.earlier)]),
        )
        stored = {row.identity: row for row in session.execute(query)}
        files = files_of(session, [row.id for row in stored.values()])
        for item in batch:
            place = called.study.key, item.identity
            row = next((stored[known] for known in (item.identity, *item.earlier) if known in stored), None)
            if place not in self._rows and row is not None:
                self._rows[place] = row.content_hash, files[row.id]
            before, names = self._rows.get(place, (None, set()))
            same = (None, item.draft.content_hash, *item.earlier.values())
            if before not in same and names and not names & {called.name, shown}:
                self._report.refused_rows.append(stranger(shown, item.draft, min(names)))
                continue
            self._rows[place] = item.draft.content_hash, names | {shown}
            self._count(item.draft, before)

    def _count(self, draft: Draft, before: str | None) -> None:
        if before == draft.content_hash:
            self._report.already_here += 1
            return
        self._report.stored += 1
        self._report.changed += before is not None
        self._store.facts.cast(facts_of(draft), document_id=0)  # counts the names that no term bears


def _vanishing(session: Session, study_id: int, name: str, sha256: str, known: Sequence[Known]) -> int:
    """How many passages only past revisions of a report would hold."""
    past = select(Document.id).where(Document.study_id == study_id, Document.name == name, Document.sha256 != sha256)
    elsewhere = select(Place.evidence_id).join(Document).where(Document.current, Document.id.not_in(past))
    query = (
        select(Evidence.identity)
        .join(Place, Place.evidence_id == Evidence.id)
        .where(Place.document_id.in_(past), Evidence.id.not_in(elsewhere), Evidence.withdrawn.is_(False))
    )
    staying = {identity for item in known for identity in (item.identity, *item.earlier)}
    return len(set(session.scalars(query)) - staying)
