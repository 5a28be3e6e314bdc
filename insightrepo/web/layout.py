"""Lays a document out for reading: its blocks in order, its passages marked in place, their tags beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from insightrepo.library.readings import DocumentReading, EvidencePlaced
from insightrepo.models import IN_FORCE
from insightrepo.web.links import url_for

OUTLINE_FROM = 4  # headings; a shorter document needs no table of contents
OUTLINE_MOST = 40


@dataclass(frozen=True)
class Piece:
    """A stretch of a block. `evidence` are the passages that it belongs to, `anchors` those that begin here."""

    text: str
    evidence: tuple[int, ...]
    anchors: tuple[int, ...]
    chosen: bool


@dataclass(frozen=True)
class Part:
    """A block as it is shown. `heading` is the level of its HTML heading, 2 to 6; 0: it is none."""

    kind: str
    heading: int
    anchor: str
    speaker: str
    seconds: float | None
    pieces: tuple[Piece, ...]


@dataclass
class Row:
    """Parts beside the passages that begin in them. `spot` is said where a new page or slide begins."""

    spot: str = ""
    parts: list[Part] = field(default_factory=list)
    beside: list[EvidencePlaced] = field(default_factory=list)

    @property
    def is_only_headings(self) -> bool:
        """Whether what follows still belongs beside these headings."""
        return not self.beside and all(part.heading for part in self.parts)

    @property
    def groups(self) -> list[tuple[bool, list[Part]]]:
        """The parts with runs of list items together: (is a list, parts)."""
        grouped: list[tuple[bool, list[Part]]] = []
        for part in self.parts:
            is_list = part.kind == "list_item"
            if grouped and is_list and grouped[-1][0]:
                grouped[-1][1].append(part)
            else:
                grouped.append((is_list, [part]))
        return grouped


@dataclass(frozen=True)
class Layout:
    """The rows of a document and its table of contents: (level, title, anchor)."""

    rows: tuple[Row, ...]
    outline: tuple[tuple[int, str, str], ...]


def place_url(study_id: int, document_id: int, evidence_id: int) -> str:
    """The address of a piece of evidence in its document."""
    return url_for(
        "studies.document",
        study_id=study_id,
        document_id=document_id,
        evidence=evidence_id,
        _anchor=f"evidence-{evidence_id}",
    )


def spoken_of(reading: DocumentReading) -> tuple[tuple[str, str, int, int], ...]:
    """The outcomes that the evidence of a document is tagged with: (code, name, pieces, the first of them)."""
    found: dict[str, list[Any]] = {}
    for item in reading.evidence:
        for tag in item.tags:
            if tag.axis == "outcome" and tag.state in IN_FORCE:
                found.setdefault(tag.code, [tag.name, 0, item.id])[1] += 1
    return tuple((code, *found[code]) for code in sorted(found, key=lambda code: (-found[code][1], code)))


def speaking_of(reading: DocumentReading, code: str) -> frozenset[int]:
    """The evidence of a document that is tagged with an outcome."""
    return frozenset(
        item.id for item in reading.evidence
        if any(tag.code == code and tag.axis == "outcome" and tag.state in IN_FORCE for tag in item.tags)
    )  # fmt: skip


def lay_out(reading: DocumentReading, chosen: int | None = None, marked: frozenset[int] = frozenset()) -> Layout:
    """Rows for a document with text; `chosen` is the piece of evidence to highlight, `marked` others beside it.

    A new row begins at a heading, where a passage begins or has ended, and where a page or slide turns.
    Passages may overlap and may span blocks.
    """
    spans = [item for item in reading.evidence if item.start is not None and item.end is not None]
    rows: list[Row] = []
    outline: list[tuple[int, str, str]] = []
    begun: set[int] = set()
    depth, spot = 1, ""
    for kind, start, end, level, locator in reading.blocks:
        heading = min(max(level, 1) + 1, depth + 1, 6) if kind == "heading" else 0
        depth = heading or depth
        here = [item for item in spans if item.start < end and item.end > start]  # type: ignore[operator]
        beginning = {item.id: item for item in here if item.id not in begun}
        begun.update(beginning)
        turned = _spot(locator)
        parted = heading or beginning or (not here and rows and rows[-1].beside)
        if not rows or turned != spot or (parted and not rows[-1].is_only_headings):
            rows.append(Row(spot=turned if turned != spot else ""))
        spot = turned
        anchor = f"part-{start}" if heading else ""
        pieces = _cut(reading.text, start, end, here, set(beginning), marked | {chosen})
        rows[-1].parts.append(Part(kind, heading, anchor, *_voice(locator), pieces))
        rows[-1].beside.extend(beginning.values())
        if heading:
            outline.append((heading, reading.text[start:end], anchor))
    return Layout(tuple(rows), tuple(outline[:OUTLINE_MOST]) if len(outline) >= OUTLINE_FROM else ())


def _cut(
    text: str, start: int, end: int, here: Sequence[EvidencePlaced], beginning: set[int], chosen: Set[int | None]
) -> tuple[Piece, ...]:
    """The block in pieces that each lie wholly within or without every passage; `beginning` are anchored in it."""
    edges = {start, end}
    for item in here:
        edges.update(edge for edge in (item.start, item.end) if edge is not None and start < edge < end)
    ordered = sorted(edges)
    pieces = []
    for left, right in pairwise(ordered):
        within = [item for item in here if item.start <= left and item.end >= right]  # type: ignore[operator]
        ids = tuple(item.id for item in within)
        anchors = tuple(number for number in ids if number in beginning)
        beginning -= set(anchors)
        pieces.append(Piece(text[left:right], ids, anchors, not chosen.isdisjoint(ids)))
    return tuple(pieces)


def _spot(locator: Mapping[str, Any]) -> str:
    for name in ("slide", "page"):
        if locator.get(name) is not None:
            return f"{name.capitalize()} {locator[name]}"
    return ""


def _voice(locator: Mapping[str, Any]) -> tuple[str, float | None]:
    return str(locator.get("speaker") or ""), locator.get("start_seconds")
