"""Studies, documents and evidence as they are read, as plain values: pages and the command line share them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from insightrepo.library.search.hits import Hit, TagShown


@dataclass(frozen=True)
class StudyLine:
    """A study in a list. `when` is as precise as it is known; `stale`: it ended more than two years ago."""

    id: int
    title: str
    method: str
    level: str | None
    state: str
    sensitivity: str
    when: str
    participants_n: int | None
    owner_id: int | None
    owner: str | None
    documents: int
    evidence: int
    stale: bool = False


@dataclass(frozen=True)
class StudyPage:
    """A page of studies, newest first, and how many there are; `methods` are all: (method, studies, participants)."""

    studies: tuple[StudyLine, ...]
    total: int
    page: int
    methods: tuple[tuple[str, int, int | None], ...] = ()


@dataclass(frozen=True)
class DocumentLine:
    """One revision of a file. A data file (`is_data`) has rows instead of a text to read."""

    id: int
    study_id: int
    name: str
    title: str
    revision: int
    current: bool
    complete: bool
    size: int
    imported_on: str
    evidence: int
    is_data: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class StudyDetail:
    """A study with its documents and how many pieces of each kind it holds."""

    line: StudyLine
    stage: str
    sharing_terms: str
    state_reason: str
    documents: tuple[DocumentLine, ...]
    kinds: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class EvidencePlaced:
    """A piece of evidence at its place in one document: ``text[start:end]``, or a row."""

    id: int
    kind: str
    text: str
    context: str
    date: str | None
    rating: str | None
    start: int | None
    end: int | None
    locator: Mapping[str, Any]
    place: str
    tags: tuple[TagShown, ...]


@dataclass(frozen=True)
class DocumentReading:
    """A document as it is read: the redacted text with its blocks and evidence, or a page of its rows."""

    study: StudyLine
    document: DocumentLine
    text: str
    blocks: tuple[tuple[str, int, int, int, Mapping[str, Any]], ...]  # kind, start, end, level, locator
    evidence: tuple[EvidencePlaced, ...]
    page: int
    pages: int
    siblings: tuple[DocumentLine, ...] = ()  # the current documents of its study, itself among them


@dataclass(frozen=True)
class Whereabouts:
    """One place of a piece of evidence."""

    study_id: int
    study: str
    document_id: int
    document: str
    current: bool
    place: str


@dataclass(frozen=True)
class Linked:
    """A piece of evidence that is linked with another; `relation` reads from the one that is shown."""

    relation: str
    id: int
    text: str
    study: str
    date: str | None


@dataclass(frozen=True)
class EvidenceDetail:
    """A piece of evidence with everything known of it; `hit` is what a list shows of it."""

    hit: Hit
    study: StudyLine
    revision: int
    withdrawn: bool
    channel: str
    places: tuple[Whereabouts, ...]
    rejected: tuple[TagShown, ...]
    links: tuple[Linked, ...]


@dataclass(frozen=True)
class Original:
    """What is needed to hand out an original."""

    document_id: int
    name: str
    sha256: str
