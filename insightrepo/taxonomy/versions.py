"""The wording of terms, tasks and metrics, version by version: kept when it changes, compared, restored."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from insightrepo.models import DefinitionVersion, Metric, Outcome, Product, Segment, Task, User
from insightrepo.taxonomy.schema import statement

FIELDS: dict[str, tuple[str, ...]] = {  # the wording of each kind; a change of it is a new version
    "outcome": ("job", "success_measure"),
    "segment": ("name", "definition"),
    "product": ("name",),
    "task": ("name",),
    "metric": (
        "kind", "nature", "unit", "better", "numerator", "denominator", "unit_of_analysis", "scale_low", "scale_high",
        "definition",
    ),
}  # fmt: skip
LABELS = {"job": "Job", "success_measure": "Judged by", "name": "Name", "unit_of_analysis": "Unit of analysis"}
WORD = re.compile(r"\S+|\s+")

Defined = Outcome | Segment | Product | Task | Metric
Wording = Mapping[str, str]


@dataclass(frozen=True)
class Piece:
    """A stretch of a text: the same in both versions, in the older one alone (`gone`), in the newer alone (`new`)."""

    kind: str  # same, gone, new
    text: str


@dataclass(frozen=True)
class FieldChange:
    """A field of the wording with its pieces, older against newer."""

    label: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class VersionShown:
    """One version: its wording by label, and what it changed against the one before (nothing for the first kept)."""

    version: int
    wording: tuple[tuple[str, str], ...]
    changes: tuple[FieldChange, ...]
    note: str
    by: str | None
    at: dt.datetime | None  # None: from before versions were kept
    current: bool
    new_meaning: bool = False  # it means something else than the one before


def kind_of(row: Defined) -> str:
    """What a row is a definition of: outcome, segment, product, task or metric."""
    return type(row).__name__.lower()


def wording(row: Defined) -> dict[str, str]:
    """The words of a definition as they stand now, by field."""
    values = {name: getattr(row, name) for name in FIELDS[kind_of(row)]}
    return {name: "" if value is None else str(value) for name, value in values.items()}


def last_version(session: Session, kind: str, object_id: int) -> int:
    """The number of the last version kept of a definition (a term, an instrument, a target); 0 where none was."""
    query = select(func.max(DefinitionVersion.version))
    here = DefinitionVersion.kind == kind, DefinitionVersion.object_id == object_id
    return session.scalar(query.where(*here)) or 0


def add_version(
    session: Session,
    kind: str,
    object_id: int,
    number: int,
    content: Mapping[str, Any],
    note: str = "",
    user_id: int | None = None,
    new_meaning: bool = False,
) -> None:
    """Keep a definition as its version of this number."""
    session.add(DefinitionVersion(
        kind=kind, object_id=object_id, version=number, content=dict(content), note=note, changed_by_id=user_id,
        new_meaning=new_meaning,
    ))  # fmt: skip
    session.flush()


def keep_version(
    session: Session,
    row: Defined,
    before: Wording | None,
    user_id: int | None,
    note: str = "",
    new_meaning: bool = False,
) -> bool:
    """Keep the wording of a row as a version if it is new; whether it was. The row must have its id.

    `before` is `wording(row)` from before the change, None for a row that was just made. Where the version before was
    never kept (it is older than this table) it is kept first, so that a diff has both sides. Raises the row's
    ``version``, where it has one. `new_meaning`: the words mean something else, scores before and after are not
    compared.
    """
    now = wording(row)
    if before is None:
        add_version(session, kind_of(row), row.id, 1 if isinstance(row, Task) else row.version, now, note, user_id)
        return True
    if dict(before) == now:
        return False
    last = last_version(session, kind_of(row), row.id)
    number = max(last, _number(session, row))
    if last < number:
        add_version(session, kind_of(row), row.id, number, before)
    if not isinstance(row, Task):
        row.version = number + 1
    add_version(session, kind_of(row), row.id, number + 1, now, note, user_id, new_meaning)
    return True


def versions(session: Session, row: Defined) -> tuple[VersionShown, ...]:
    """The versions of a row, the newest first; one where none was kept yet."""
    kind = kind_of(row)
    query = select(DefinitionVersion, func.coalesce(func.nullif(User.name, ""), User.email))
    query = query.outerjoin(User, User.id == DefinitionVersion.changed_by_id)
    kept = session.execute(
        query.where(DefinitionVersion.kind == kind, DefinitionVersion.object_id == row.id).order_by(
            DefinitionVersion.version
        )
    ).all()
    if not kept:
        labelled = tuple((_label(name), text) for name, text in wording(row).items() if text)
        return (VersionShown(_number(session, row), labelled, (), "", None, None, current=True),)
    shown, older = [], None
    for version, by in kept:
        unsigned = version.changed_by_id is None and not version.note
        shown.append(
            VersionShown(
                version=version.version,
                wording=tuple((_label(name), text) for name, text in version.content.items() if text),
                changes=changes(older, version.content) if older is not None else (),
                note=version.note,
                by=by,
                at=None if unsigned and older is None else version.changed_at,
                current=version is kept[-1][0],
                new_meaning=version.new_meaning,
            )
        )
        older = version.content
    return tuple(reversed(shown))


def kept_wording(session: Session, row: Defined, version: int) -> dict[str, str] | None:
    """The wording of one version; None where it was not kept."""
    query = select(DefinitionVersion.content).where(
        DefinitionVersion.kind == kind_of(row),
        DefinitionVersion.object_id == row.id,
        DefinitionVersion.version == version,
    )
    return session.scalar(query)


def restore(session: Session, row: Defined, version: int, user_id: int | None) -> bool:
    """Bring back the wording of an older version, as a new version; whether that changed anything.

    Raises:
        LookupError: the version was not kept, or it is one of a metric: its file defines it.
    """
    if isinstance(row, Metric):
        raise LookupError(f"{row.code} is defined by a file: put the older words there and define it again")
    content = kept_wording(session, row, version)
    if content is None:
        raise LookupError(f"version {version} was not kept: choose one of those listed")
    before = wording(row)
    for name, text in content.items():
        if name in FIELDS[kind_of(row)]:
            setattr(row, name, text)
    if isinstance(row, Outcome):
        row.name = statement(row.job, row.success_measure)
    return keep_version(session, row, before, user_id, f"restored from version {version}")


def changes(older: Wording, newer: Wording) -> tuple[FieldChange, ...]:
    """What is different between two wordings, field by field, word by word."""
    names = [name for name in (*newer, *(name for name in older if name not in newer))]
    return tuple(
        FieldChange(_label(name), word_diff(older.get(name, ""), newer.get(name, "")))
        for name in names
        if older.get(name, "") != newer.get(name, "")
    )


def word_diff(older: str, newer: str) -> tuple[Piece, ...]:
    """The pieces of two texts, compared by words: the same ones joined give the older or the newer text again."""
    left, right = WORD.findall(older), WORD.findall(newer)
    pieces: list[Piece] = []
    for _, a, b, c, d in difflib.SequenceMatcher(a=left, b=right, autojunk=False).get_opcodes():
        gone, new = "".join(left[a:b]), "".join(right[c:d])
        parts = [Piece("same", gone)] if gone == new else [Piece("gone", gone), Piece("new", new)]
        pieces += [piece for piece in parts if piece.text]
    return tuple(_without_islands(pieces))


def _without_islands(pieces: Sequence[Piece]) -> Iterable[Piece]:
    """The pieces with lone blanks between changes taken into them: "a b" → "c d" reads as one change, not two."""
    merged: list[Piece] = []
    held_gone, held_new = "", ""
    for place, piece in enumerate(pieces):
        inside = 0 < place < len(pieces) - 1 and piece.kind == "same" and not piece.text.strip()
        if piece.kind == "same" and not inside:
            merged += [Piece(kind, text) for kind, text in (("gone", held_gone), ("new", held_new)) if text]
            held_gone, held_new = "", ""
            merged.append(piece)
        else:
            held_gone += piece.text if piece.kind in ("gone", "same") else ""
            held_new += piece.text if piece.kind in ("new", "same") else ""
    return [*merged, *(Piece(kind, text) for kind, text in (("gone", held_gone), ("new", held_new)) if text)]


def _label(name: str) -> str:
    return LABELS.get(name, name.replace("_", " ").capitalize())


def _number(session: Session, row: Defined) -> int:
    return max(last_version(session, "task", row.id), 1) if isinstance(row, Task) else row.version
