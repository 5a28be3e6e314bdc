"""Stores drafts as evidence: known ones are found by identity, new ones get votes, tags, links and an outbox row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ingest.duplicates import NearDuplicates
from ingest.passages import embedded_text
from ingest.pipeline import Draft
from ingest.tagger import Tagger
from ingest.tagger import Vote as VoteCast
from insightrepo.batches import batches
from insightrepo.library.bulk import insert_rows
from insightrepo.library.imports.facts import FactVotes, facts_of
from insightrepo.library.imports.identities import Known, adopt, identities
from insightrepo.library.imports.import_options import ImportOptions
from insightrepo.library.imports.import_report import ImportReport
from insightrepo.library.imports.strangers import files_of, stranger
from insightrepo.library.indexing.indexing import embed, enqueue
from insightrepo.library.studies.quantities import store_quantities
from insightrepo.library.tagging.tagging import MACHINES, settle, settle_new, vote_values
from insightrepo.models import Document, Evidence, EvidenceLink, Place, Respondent, Study, Vote
from insightrepo.workspace import Workspace

BATCH = 500  # drafts that are embedded and tagged together
CHANNEL = 40  # characters that a channel may have
WRITE_BATCH = 30  # drafts a transaction, to stay under 50 ms with six votes each


@dataclass(frozen=True)
class _Work:
    """What is found out of a batch before anything is written: by identity, the machines' votes, and the identity of
    the passage that one nearly repeats."""

    votes: dict[str, list[VoteCast]]
    nearly: dict[str, str]


class EvidenceStore:
    """Stores the drafts of one import, document by document."""

    def __init__(self, workspace: Workspace, tagger: Tagger, report: ImportReport, options: ImportOptions) -> None:
        self._workspace = workspace
        self._tagger = tagger
        self._report = report
        self._options = options
        self._near: dict[int, NearDuplicates] = {}
        self.told: Callable[[int, int], None] | None = None  # is told how many pieces of a document are stored
        with workspace.database.reading() as session:
            self.facts = FactVotes(session)
        report.unknown = self.facts.unknown

    def store(
        self,
        study_id: int,
        document_id: int,
        name: str,
        known_as: str,
        drafts: Sequence[Draft],
        earlier: Sequence[Sequence[Draft]] = (),
    ) -> None:
        """Store what is new, renew what changed, and note the place of what was known; each in a short transaction.

        `known_as` is the name of the file that its passages are known by, which may not be the one that is shown;
        `earlier` the drafts, one for one, as they were redacted while fewer names were known.
        """
        with self._workspace.database.reading() as session:
            study = session.get_one(Study, study_id)
            lineage = _revisions(session, study_id, name)
        found = identities(self._workspace.pseudonyms, known_as, drafts, earlier)
        known = list({item.identity: item for item in found}.values())
        self._report.already_here += len(found) - len(known)
        for number, batch in enumerate(batches(known, BATCH)):
            if self.told:
                self.told(number * BATCH, len(known))
            for some in batches([item for item in batch if item.earlier], WRITE_BATCH):
                with self._workspace.database.writing() as session:
                    adopt(session, study_id, {item.identity: tuple(item.earlier) for item in some})
            fresh = self._fresh(study_id, batch)
            work = _Work(self._machine_votes(fresh), self._nearly_same(study_id, fresh))
            for some in batches(batch, WRITE_BATCH):
                with self._workspace.database.writing() as session:
                    _Chunk(self, session, study, document_id, name, lineage, work).store(some)

    def _fresh(self, study_id: int, batch: Sequence[Known]) -> list[Known]:
        """What is new, whose text is, or that was withdrawn: these the machines look at."""
        with self._workspace.database.reading() as session:
            query = select(Evidence.identity, Evidence.content_hash).where(
                Evidence.study_id == study_id,
                Evidence.identity.in_([item.identity for item in batch]),
                Evidence.withdrawn.is_(False),
            )
            stored = dict(session.execute(query).tuples().all())
        return [item for item in batch if stored.get(item.identity) != item.draft.content_hash]

    def _machine_votes(self, fresh: Sequence[Known]) -> dict[str, list[VoteCast]]:
        drafts = [item.draft for item in fresh]
        items = [(draft.content_hash, embedded_text(draft.headings, draft.text)) for draft in drafts]
        vectors = embed(self._workspace, items)
        cast = self._tagger.tag([draft.text for draft in drafts], vectors, [_axes_of_data(draft) for draft in drafts])
        return {item.identity: votes for item, votes in zip(fresh, cast, strict=True)}

    def _nearly_same(self, study_id: int, fresh: Sequence[Known]) -> dict[str, str]:
        """By identity of a passage that nearly repeats an earlier one of the study, the identity of that one."""
        found: dict[str, str] = {}
        for item in fresh:
            if item.draft.kind != "passage":
                continue
            near = self._passages(study_id)
            original = near.find(item.draft.text)
            if original is not None:
                found[item.identity] = str(original)
            near.add(item.identity, item.draft.text)
        return found

    def _passages(self, study_id: int) -> NearDuplicates:
        """The passages of a study to look for near duplicates in, by identity; loaded once an import."""
        if study_id not in self._near:
            near = self._near[study_id] = NearDuplicates()
            query = select(Evidence.identity, Evidence.text).where(
                Evidence.study_id == study_id, Evidence.kind == "passage", Evidence.withdrawn.is_(False)
            )
            with self._workspace.database.reading() as session:
                for identity, text in session.execute(query.order_by(Evidence.id)):
                    near.add(identity, text)
        return self._near[study_id]

    def respondent_key(self, study_key: str, source_id: str) -> str:
        """The key of a respondent: the study's own, or the one that waves of answers know them by."""
        known_as = source_id if self._options.shared_respondents else f"{study_key}\x1f{source_id}"
        return self._workspace.pseudonyms.key(known_as)

    @property
    def report(self) -> ImportReport:
        """The report that this store counts into."""
        return self._report


def _revisions(session: Session, study_id: int, name: str) -> list[int]:
    """The ids of all revisions of a file of a study."""
    return list(session.scalars(select(Document.id).where(Document.study_id == study_id, Document.name == name)))


def _axes_of_data(draft: Draft) -> frozenset[str]:
    return frozenset(axis for axis, names in (("segment", draft.segments), ("product", draft.products)) if names)


class _Chunk:
    """One transaction of evidence."""

    def __init__(
        self,
        store: EvidenceStore,
        session: Session,
        study: Study,
        document_id: int,
        name: str,
        lineage: Sequence[int],
        work: _Work,
    ) -> None:
        self.store_of = store
        self.session = session
        self.study = study
        self.document_id = document_id
        self.name = name
        self.sources = [f"import:{revision}" for revision in lineage]
        self.work = work
        self.respondents: dict[str, int] = {}

    def store(self, batch: Sequence[Known]) -> None:
        """Store this batch in the session's transaction."""
        stored = self._stored(batch)
        batch = self._without_strangers(batch, stored)
        spoken = self._spoken([row.id for row in stored.values()])
        new = [item for item in batch if item.identity not in stored]
        there = [(item, stored[item.identity]) for item in batch if item.identity in stored]
        changed = [item for item, row in there if self._differs(item.draft, row, spoken[row.id])]
        returning = [item for item, row in there if row.withdrawn and item not in changed]
        renewed = [*changed, *returning]
        self._count(len(batch), len(new), len(changed))
        self.respondents = self._ensure_respondents([*new, *changed])
        for item in renewed:
            self._renew(item, stored[item.identity], item in changed)
        ids = {identity: row.id for identity, row in stored.items()} | self._insert(new)
        self._add_places(batch, ids, [row.id for row in stored.values()])
        revisions = {row.id: row.revision for row in stored.values()}
        claims = [(ids[item.identity], item.draft) for item in (*new, *changed) if item.draft.kind == "passage"]
        store_quantities(
            self.session, {number: (revisions.get(number, 1), draft.quantities) for number, draft in claims}
        )
        self._mark_duplicates([item for item in (*new, *renewed) if item.draft.kind == "passage"], ids)
        self._vote(new, changed, returning, ids, revisions)

    def _without_strangers(self, batch: Sequence[Known], stored: Mapping[str, Evidence]) -> list[Known]:
        """The batch without rows whose id stands in another file with other words: two files that both count from 1."""
        other = [
            stored[item.identity].id
            for item in batch
            if item.identity in stored
            and stored[item.identity].content_hash not in (item.draft.content_hash, *item.earlier.values())
        ]
        names = files_of(self.session, other)
        kept = []
        for item in batch:
            row = stored.get(item.identity)
            if row is not None and names.get(row.id) and self.name not in names[row.id]:
                self.store_of.report.refused_rows.append(stranger(self.name, item.draft, min(names[row.id])))
            else:
                kept.append(item)
        return kept

    def _spoken(self, ids: Sequence[int]) -> defaultdict[int, set[int]]:
        """The terms that this file's data has spoken for, in whatever revision, by evidence."""
        query = select(Vote.evidence_id, Vote.term_id).where(
            Vote.evidence_id.in_(ids), Vote.source_key.in_(self.sources)
        )
        terms: defaultdict[int, set[int]] = defaultdict(set)
        for evidence_id, term_id in self.session.execute(query) if ids else ():
            terms[evidence_id].add(term_id)
        return terms

    def _differs(self, draft: Draft, row: Evidence, spoken: set[int]) -> bool:
        """Whether the data says other words, another rating or date, or other terms than before."""
        if row.content_hash != draft.content_hash:
            return True
        day = draft.moment.day if draft.moment else row.said_on
        named = self.store_of.facts.terms(facts_of(draft))
        return (row.rating, row.said_on) != (draft.rating, day) or spoken != named

    def _count(self, read: int, new: int, changed: int) -> None:
        report = self.store_of.report
        report.stored += new + changed
        report.changed += changed
        report.already_here += read - new - changed

    def _stored(self, batch: Sequence[Known]) -> dict[str, Evidence]:
        query = select(Evidence).where(
            Evidence.study_id == self.study.id, Evidence.identity.in_([item.identity for item in batch])
        )
        return {evidence.identity: evidence for evidence in self.session.scalars(query)}

    def _insert(self, new: Sequence[Known]) -> dict[str, int]:
        """Store new evidence; its ids by identity."""
        rows = [
            {"study_id": self.study.id, "identity": item.identity, "kind": item.draft.kind, **self._values(item.draft)}
            for item in new
        ]
        stored = insert_rows(self.session, Evidence, rows, Evidence.identity, Evidence.id)
        return {row.identity: row.id for row in stored}

    def _renew(self, item: Known, row: Evidence, changed: bool) -> None:
        """Bring a row up to its draft and drop the votes that are to be cast anew; what people said stays."""
        new_words = row.content_hash != item.draft.content_hash
        mine = Vote.evidence_id == row.id
        if new_words or row.withdrawn:  # a row that returns: rules and models may have changed meanwhile
            self.session.execute(delete(Vote).where(mine, Vote.source.in_(MACHINES)))
        row.withdrawn = False
        if not changed:
            return
        row.revision += new_words
        values = self._values(item.draft)
        values["respondent_id"] = values["respondent_id"] or row.respondent_id
        for name, value in values.items():
            setattr(row, name, value)
        self.session.execute(delete(Vote).where(mine, Vote.source_key.in_(self.sources)))

    def _values(self, draft: Draft) -> dict[str, Any]:
        """The columns that a draft decides."""
        moment = draft.moment
        return {
            "text": draft.text,
            "context": draft.context,
            "content_hash": draft.content_hash,
            "withdrawn": False,
            "rating": draft.rating,
            "rating_best": draft.rating_best,
            "channel": draft.channel[:CHANNEL],
            "respondent_id": self.respondents[draft.respondent] if draft.respondent else None,
            # what a report says is dated as its study is
            "said_on": moment.day if moment else self.study.started_on,
            "date_precision": moment.precision if moment else self.study.date_precision,
            "said_at": moment.at if moment else None,
            "utc_offset": moment.utc_offset if moment else None,
        }

    def _ensure_respondents(self, items: Sequence[Known]) -> dict[str, int]:
        """The ids of the respondents of these drafts, by their id at the source; new ones are added."""
        sources = {item.draft.respondent for item in items if item.draft.respondent}
        keys = {source: self.store_of.respondent_key(self.study.key, source) for source in sources}
        query = select(Respondent.key, Respondent.id).where(Respondent.key.in_(keys.values()))
        found = dict(self.session.execute(query).tuples().all())
        missing = [{"key": key} for key in dict.fromkeys(keys.values()) if key not in found]
        added = insert_rows(self.session, Respondent, missing, Respondent.key, Respondent.id)
        found |= {row.key: row.id for row in added}
        return {source: found[key] for source, key in keys.items()}

    def _vote(
        self,
        new: Sequence[Known],
        changed: Sequence[Known],
        returning: Sequence[Known],
        ids: dict[str, int],
        revisions: dict[int, int],
    ) -> None:
        """Cast the votes of machines and, where the text is new, of the data; decide the tags; fill the outbox."""
        machines = self.work.votes
        cast = {ids[item.identity]: machines.get(item.identity, []) for item in returning}
        for item in (*new, *changed):
            data = self.store_of.facts.cast(facts_of(item.draft), self.document_id)
            cast[ids[item.identity]] = [*machines.get(item.identity, ()), *data]
        rows = [vote_values(vote, number, revisions.get(number, 1)) for number, votes in cast.items() for vote in votes]
        insert_rows(self.session, Vote, rows)
        fresh = {ids[item.identity] for item in new}
        settled = settle_new(self.session, {number: votes for number, votes in cast.items() if number in fresh})
        settled |= settle(self.session, [number for number in cast if number not in fresh])
        enqueue(self.session, [number for number in cast if number not in settled])

    def _add_places(self, batch: Sequence[Known], ids: dict[str, int], known: Sequence[int]) -> None:
        """Note where each stands in the document; of those that were `known` some may have their place already."""
        query = select(Place.evidence_id).where(Place.document_id == self.document_id, Place.evidence_id.in_(known))
        here = set(self.session.scalars(query)) if known else set()
        rows = [
            {
                "evidence_id": ids[item.identity],
                "document_id": self.document_id,
                "locator": item.draft.locator.as_dict(),
                "start": item.draft.start,
                "end": item.draft.end,
                "facts": facts_of(item.draft),
            }
            for item in batch
            if ids[item.identity] not in here
        ]
        insert_rows(self.session, Place, rows)

    def _mark_duplicates(self, items: Sequence[Known], ids: dict[str, int]) -> None:
        """Point passages at the same or nearly the same words elsewhere; they are marked, never dropped."""
        if not items:
            return
        earlier, nearly = self._same_content(items), self._nearly_same(items)
        links = select(EvidenceLink.from_id).where(EvidenceLink.from_id.in_([ids[item.identity] for item in items]))
        marked = set(self.session.scalars(links.where(EvidenceLink.kind == "duplicates")))  # of one that returns
        rows = []
        for item in items:
            number = ids[item.identity]
            original, reason = earlier.get(item.draft.content_hash), "the same words"
            if original is None or original >= number:
                original, reason = nearly.get(item.identity), "nearly the same words"
            if original is not None and original != number and number not in marked:
                why = {"why": reason}
                rows.append({"from_id": number, "to_id": original, "kind": "duplicates", "reason": why})
        insert_rows(self.session, EvidenceLink, rows)

    def _same_content(self, items: Sequence[Known]) -> dict[str, int]:
        """By content hash the first piece of evidence that has it, in any study."""
        hashes = [item.draft.content_hash for item in items]
        query = select(Evidence.content_hash, func.min(Evidence.id)).where(
            Evidence.content_hash.in_(hashes), Evidence.withdrawn.is_(False)
        )
        return dict(self.session.execute(query.group_by(Evidence.content_hash)).tuples().all())

    def _nearly_same(self, items: Sequence[Known]) -> dict[str, int]:
        """By identity of a passage the id of the one that it nearly repeats."""
        pairs = {item.identity: self.work.nearly[item.identity] for item in items if item.identity in self.work.nearly}
        query = select(Evidence.identity, Evidence.id).where(
            Evidence.study_id == self.study.id, Evidence.identity.in_(pairs.values())
        )
        found = dict(self.session.execute(query).tuples().all()) if pairs else {}
        return {identity: found[original] for identity, original in pairs.items() if original in found}
