"""What a piece of evidence is known by when it comes again, also where more names are redacted than when it came."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.duplicates import normalised
from ingest.pipeline import Draft
from insightrepo.library.indexing.indexing import enqueue
from insightrepo.library.pseudonyms import Pseudonyms
from insightrepo.models import Evidence


@dataclass(frozen=True)
class Known:
    """A draft under the identity that it will be found by again. `earlier`: by the identities that it had while fewer
    names were redacted, its content hash then."""

    identity: str
    draft: Draft
    earlier: Mapping[str, str] = field(default_factory=dict)


def identities(
    pseudonyms: Pseudonyms, document: str, drafts: Sequence[Draft], earlier: Sequence[Sequence[Draft]] = ()
) -> list[Known]:
    """What each draft is known by within its study (DESIGN.md, rule 7), and was while fewer names were redacted: as
    `earlier` has the same drafts, one for one.
    """
    found = _identities(pseudonyms, document, drafts)
    for before in earlier:
        found = [
            item
            if item.draft.content_hash == then.draft.content_hash
            else replace(item, earlier={**item.earlier, then.identity: then.draft.content_hash})
            for item, then in zip(found, _identities(pseudonyms, document, before), strict=True)
        ]
    return found


def _identities(pseudonyms: Pseudonyms, document: str, drafts: Sequence[Draft]) -> list[Known]:
    """What each draft is known by.

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


def adopt(session: Session, study_id: int, earlier: Mapping[str, Sequence[str]]) -> None:
    """Give pieces of a study the identities that are mapped to those they had.

    Its text is renewed when the file is stored. One that stands beside its redacted twin already is withdrawn.
    """
    wanted = {*earlier, *(identity for before in earlier.values() for identity in before)}
    query = select(Evidence).where(Evidence.study_id == study_id, Evidence.identity.in_(wanted))
    stored = {row.identity: row for row in session.scalars(query)}
    for identity, before in earlier.items():
        for row in (stored.pop(old) for old in before if old in stored and old not in earlier):
            if identity in stored:
                row.withdrawn = True
                enqueue(session, [row.id])
            else:
                row.identity = identity
                stored[identity] = row
