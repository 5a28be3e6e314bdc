"""Stores drafts as evidence: known ones are found by identity, new ones get votes, tags, links and an outbox row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ingest.duplicates import NearDuplicates, normalised
from ingest.passages import embedded_text
from ingest.pipeline import Draft
from ingest.tagger import Tagger
from ingest.tagger import Vote as VoteCast
from insightrepo.batches import batches
from insightrepo.library.import_options import ImportOptions
from insightrepo.library.import_report import ImportReport
from insightrepo.library.indexing import embed, enqueue
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.library.tagging import MACHINES, settle, vote_row
from insightrepo.models import AXES, Evidence, EvidenceLink, Place, Respondent, Study, Vote
from insightrepo.taxonomy.reading import TermFinder, UnknownTerm
from insightrepo.workspace import Workspace

BATCH = 500  # drafts that are embedded and tagged together
CHANNEL = 40  # characters that a channel may have
WRITE_BATCH = 50  # drafts a transaction, to stay under 50 ms


@dataclass(frozen=True)
class Known:
    """A draft under the identity that it will be found by again."""

    identity: str
    draft: Draft


class EvidenceStore:
    """Stores the drafts of one import, document by document."""

    def __init__(self, workspace: Workspace, tagger: Tagger, report: ImportReport, options: ImportOptions) -> None:
        self._workspace = workspace
        self._tagger = tagger
        self._report = report
        self._options = options
        self._near: dict[int, NearDuplicates] = {}
        with workspace.database.reading() as session:
            self.finders = {axis: TermFinder(session, axis) for axis in AXES}

    def store(self, study_id: int, document_id: int, name: str, drafts: Sequence[Draft]) -> None:
        """Store what is new, renew what changed, and note the place of what was known; each in a short transaction."""
        with self._workspace.database.reading() as session:
            study = session.get_one(Study, study_id)
        found = identities(self._workspace.pseudonyms, name, drafts)
        known = list({item.identity: item for item in found}.values())
        self._report.already_here += len(found) - len(known)
        for batch in batches(known, BATCH):
            fresh = self._fresh(study_id, batch)
            votes = self._machine_votes([item for item in batch if item.identity in fresh])
            for some in batches(batch, WRITE_BATCH):
                with self._workspace.database.writing() as session:
                    _Chunk(self, session, study, document_id, votes).store(some)

    def _fresh(self, study_id: int, batch: Sequence[Known]) -> set[str]:
        """The identities that are new, whose text is, or that were withdrawn: these the machines look at."""
        with self._workspace.database.reading() as session:
            query = select(Evidence.identity, Evidence.content_hash).where(
                Evidence.study_id == study_id,
                Evidence.identity.in_([item.identity for item in batch]),
                Evidence.withdrawn.is_(False),
            )
            stored = dict(session.execute(query).tuples().all())
        return {item.identity for item in batch if stored.get(item.identity) != item.draft.content_hash}

    def _machine_votes(self, fresh: Sequence[Known]) -> dict[str, list[VoteCast]]:
        drafts = [item.draft for item in fresh]
        items = [(draft.content_hash, embedded_text(draft.headings, draft.text)) for draft in drafts]
        vectors = embed(self._workspace, items)
        cast = self._tagger.tag([draft.text for draft in drafts], vectors, [_axes_of_data(draft) for draft in drafts])
        return {item.identity: votes for item, votes in zip(fresh, cast, strict=True)}

    def near_duplicates(self, session: Session, study_id: int) -> NearDuplicates:
        """The passages of a study to look for near duplicates in, loaded once an import."""
        if study_id not in self._near:
            self._near[study_id] = NearDuplicates()
            query = select(Evidence.id, Evidence.text).where(
                Evidence.study_id == study_id, Evidence.kind == "passage", Evidence.withdrawn.is_(False)
            )
            for evidence_id, text in session.execute(query):
                self._near[study_id].add(evidence_id, text)
        return self._near[study_id]

    def respondent_key(self, study_key: str, source_id: str) -> str:
        """The key of a respondent: the study's own, or the one that waves of answers know them by."""
        known_as = source_id if self._options.shared_respondents else f"{study_key}\x1f{source_id}"
        return self._workspace.pseudonyms.key(known_as)

    def import_votes(self, draft: Draft, document_id: int) -> list[VoteCast]:
        """Votes of the data itself: its segment, product and labels, each once; names that no term bears are counted."""
        named = (("segment", draft.segments), ("product", draft.products), ("outcome", draft.labels))
        votes: dict[int, VoteCast] = {}
        for axis, names in named:
            for name in names:
                try:
                    term = self.finders[axis].find(name)
                except UnknownTerm:
                    self._report.unknown[f"{axis} {name}"] += 1
                    continue
                reason = {"column": "labels" if axis == "outcome" else axis, "value": name}
                votes[term.id] = VoteCast(term.id, "import", f"import:{document_id}", True, "force", 1.0, reason)
        return list(votes.values())

    @property
    def report(self) -> ImportReport:
        """The report that this store counts into."""
        return self._report


def _axes_of_data(draft: Draft) -> frozenset[str]:
    return frozenset(axis for axis, names in (("segment", draft.segments), ("product", draft.products)) if names)


def identities(pseudonyms: Pseudonyms, document: str, drafts: Sequence[Draft]) -> list[Known]:
    """What each draft is known by within its study (DESIGN.md, rule 7).

    Equal ones are told apart by their order, but a row that stands in a file twice under its own id is the same row.
    """
    seen: defaultdict[tuple[str, ...], dict[str, int]] = defaultdict(dict)
    found = []
    for place, draft in enumerate(drafts):
        parts = _identity_parts(document, draft)
        before = seen[parts]
        number = before.setdefault(draft.content_hash if draft.source_id else str(place), len(before) + 1)
        found.append(Known(pseudonyms.keyed_hash("\x1f".join((*parts, str(number)))), draft))
    return found


def _identity_parts(document: str, draft: Draft) -> tuple[str, ...]:
    if draft.source_id:
        return ("row", draft.source_id, draft.context)
    if draft.kind == "verbatim":
        day = draft.moment.day.isoformat() if draft.moment else ""
        return ("said", draft.respondent or "", draft.context, day, normalised(draft.text))
    return ("passage", document, normalised(draft.text))


class _Chunk:
    """One transaction of evidence."""

    def __init__(
        self,
        store: EvidenceStore,
        session: Session,
        study: Study,
        document_id: int,
        votes: dict[str, list[VoteCast]],
    ) -> None:
        self.near = store.near_duplicates(session, study.id)
        self.store_of = store
        self.session = session
        self.study = study
        self.document_id = document_id
        self.votes = votes
        self.respondents: dict[str, int] = {}

    def store(self, batch: Sequence[Known]) -> None:
        """Store this batch in the session's transaction."""
        self.respondents = self._ensure_respondents(batch)
        query = select(Evidence).where(
            Evidence.study_id == self.study.id, Evidence.identity.in_([item.identity for item in batch])
        )
        stored = {evidence.identity: evidence for evidence in self.session.scalars(query)}
        renewed = [self._store_one(item, stored.get(item.identity)) for item in batch]
        rows = {item.identity: row for item, (row, _) in zip(batch, renewed, strict=True)}
        self.session.flush()
        self._add_places(batch, rows)
        touched = [row for row, is_new in renewed if is_new]
        self._mark_duplicates([row for row in touched if row.kind == "passage"])
        self.session.flush()
        changed = settle(self.session, [row.id for row in touched])
        enqueue(self.session, [row.id for row in touched if row.id not in changed])

    def _store_one(self, item: Known, row: Evidence | None) -> tuple[Evidence, bool]:
        report, draft = self.store_of.report, item.draft
        if row is not None and row.content_hash == draft.content_hash:
            report.already_here += 1
            if row.withdrawn:
                self._revive(item, row)
                return row, True
            return row, False
        report.stored += 1
        if row is None:
            row = Evidence(study_id=self.study.id, identity=item.identity, kind=draft.kind, revision=1)
            self.session.add(row)
        else:
            report.changed += 1
            row.revision += 1
            self._drop_votes(row, *MACHINES, "import")
        self._fill(row, draft)
        self.session.flush()
        self.session.add_all(vote_row(cast, row) for cast in self.votes.get(item.identity, ()))
        self.session.add_all(vote_row(cast, row) for cast in self.store_of.import_votes(draft, self.document_id))
        return row, True

    def _revive(self, item: Known, row: Evidence) -> None:
        """A passage that returns: rules and models may have changed while it was away, so the machines vote anew."""
        row.withdrawn = False
        self._drop_votes(row, *MACHINES)
        self.session.add_all(vote_row(cast, row) for cast in self.votes.get(item.identity, ()))

    def _drop_votes(self, row: Evidence, *sources: str) -> None:
        self.session.execute(delete(Vote).where(Vote.evidence_id == row.id, Vote.source.in_(sources)))

    def _fill(self, row: Evidence, draft: Draft) -> None:
        row.text, row.context, row.content_hash = draft.text, draft.context, draft.content_hash
        row.withdrawn = False
        row.rating, row.rating_best, row.channel = draft.rating, draft.rating_best, draft.channel[:CHANNEL]
        if draft.respondent:
            row.respondent_id = self.respondents[draft.respondent]
        if draft.moment:
            row.said_on, row.date_precision = draft.moment.day, draft.moment.precision
            row.said_at, row.utc_offset = draft.moment.at, draft.moment.utc_offset
        else:  # what a report says is dated as its study is
            row.said_on, row.date_precision = self.study.started_on, self.study.date_precision

    def _ensure_respondents(self, batch: Sequence[Known]) -> dict[str, int]:
        """The ids of the respondents of a batch, by their id at the source; new ones are added."""
        sources = {item.draft.respondent for item in batch if item.draft.respondent}
        keys = {source: self.store_of.respondent_key(self.study.key, source) for source in sources}
        found = {
            row.key: row for row in self.session.scalars(select(Respondent).where(Respondent.key.in_(keys.values())))
        }
        for key in keys.values():
            if key not in found:
                found[key] = Respondent(key=key)
                self.session.add(found[key])
        self.session.flush()
        return {source: found[key].id for source, key in keys.items()}

    def _add_places(self, batch: Sequence[Known], rows: dict[str, Evidence]) -> None:
        ids = [row.id for row in rows.values()]
        query = select(Place.evidence_id).where(Place.document_id == self.document_id, Place.evidence_id.in_(ids))
        here = set(self.session.scalars(query))
        for item in batch:
            evidence_id, draft = rows[item.identity].id, item.draft
            if evidence_id in here:
                continue
            locator = draft.locator.as_dict()
            place = Place(
                evidence_id=evidence_id, document_id=self.document_id, locator=locator, start=draft.start, end=draft.end
            )
            self.session.add(place)

    def _mark_duplicates(self, rows: Sequence[Evidence]) -> None:
        """Point passages at the same or nearly the same words elsewhere; they are marked, never dropped."""
        earlier = self._same_content(rows)
        links = select(EvidenceLink.from_id).where(EvidenceLink.from_id.in_([row.id for row in rows]))
        marked = set(self.session.scalars(links.where(EvidenceLink.kind == "duplicates")))  # of one that returns
        for row in rows:
            original, reason = earlier.get(row.content_hash), "the same words"
            if original is None or original >= row.id:
                original, reason = self.near.find(row.text), "nearly the same words"
            if original is not None and original != row.id and row.id not in marked:
                self.session.add(
                    EvidenceLink(from_id=row.id, to_id=original, kind="duplicates", reason={"why": reason})
                )
            self.near.add(row.id, row.text)

    def _same_content(self, rows: Sequence[Evidence]) -> dict[str, int]:
        query = select(Evidence.content_hash, Evidence.id).where(
            Evidence.content_hash.in_([row.content_hash for row in rows]), Evidence.withdrawn.is_(False)
        )
        earliest: defaultdict[str, int] = defaultdict(lambda: 2**31)
        for content_hash, evidence_id in self.session.execute(query):
            earliest[content_hash] = min(earliest[content_hash], evidence_id)
        return dict(earliest)
