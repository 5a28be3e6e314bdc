"""Packs: made, read, commented, signed, verified. A signed pack never changes again."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased, selectinload

from insightrepo.accounts.access import Forbidden, Reader, visible_products, visible_studies
from insightrepo.accounts.audit import record
from insightrepo.library.imports.safe_names import workspace_redactor
from insightrepo.locales import day, grouped
from insightrepo.models import Evidence, Pack, Study, Term, User, utcnow
from insightrepo.packs.content import Wanted, build, limits_of
from insightrepo.scores.waves.issues import canonical, sha256
from insightrepo.taxonomy.reading import find_term
from insightrepo.workspace import Workspace

LONGEST = 8_000  # characters of a commentary
PER_PAGE = 50


class PackMissing(Exception):
    """There is no such pack, or the reader may not see it; which of the two is not said."""


class PackSigned(ValueError):
    """The pack is signed: nothing of it changes any more."""


class CommentWrong(ValueError):
    """The commentary cannot be kept as it is; the message says why."""


@dataclass(frozen=True)
class PackLine:
    """A pack in a list."""

    id: int
    kind: str
    title: str
    period: str
    product: str
    owner: str
    state: str
    created_at: dt.datetime
    signed_at: dt.datetime | None
    signed_by: str | None


@dataclass(frozen=True)
class PackReading:
    """A pack as its reader may see it: `content` without what was withdrawn or closed to them since (`withheld`: how
    many pieces). `verified` says whether the stored pack still gives its hash.
    """

    line: PackLine
    content: dict[str, Any]
    commentary: str
    sha256: str
    verified: bool
    withheld: int
    may_change: bool

    @property
    def signed(self) -> bool:
        """Whether it is immutable."""
        return self.line.state == "signed"


def make_pack(workspace: Workspace, reader: Reader, wanted: Wanted) -> int:
    """Make a pack with what the reader may see; its id.

    Raises:
        Forbidden: the reader is no contributor.
        UnknownTerm: there is no such product that the reader may see.
    """
    reader.require("contributor")
    content = built(workspace, reader, wanted)
    with workspace.database.writing() as session:
        return keep_pack(session, reader.user_id, content).id


def built(workspace: Workspace, reader: Reader, wanted: Wanted) -> dict[str, Any]:
    """The content of a pack, reconciled with the last one of the same kind and product that the reader may see."""
    with workspace.database.reading() as session:
        return build(workspace, session, reader, wanted, _earlier(session, reader, wanted))


def _earlier(session: Session, reader: Reader, wanted: Wanted) -> dict[str, Any] | None:
    query = visible_packs(reader).where(Pack.kind == wanted.period.kind, Pack.last_day <= wanted.period.last_day)
    if wanted.product is None:
        query = query.where(Pack.product_id.is_(None))
    else:
        product = find_term(session, "product", wanted.product, Term.id.in_(visible_products(reader)))
        query = query.where(Pack.product_id == product.id)
    last = session.scalars(query.order_by(Pack.last_day.desc(), Pack.id.desc()).limit(1)).first()
    return session.get_one(Pack, last).content if last else None


def keep_pack(session: Session, owner_id: int, content: dict[str, Any], schedule_id: int | None = None) -> Pack:
    """Keep a content that was built; needs a session for writing."""
    product = content["product"]
    product_id = session.scalar(
        select(Term.id).where(Term.axis == "product", Term.code == product["code"])
    ) if product else None  # fmt: skip
    pack = Pack(
        kind=content["kind"], title=title_of(content), product_id=product_id, owner_id=owner_id,
        first_day=dt.date.fromisoformat(content["first_day"]), last_day=dt.date.fromisoformat(content["last_day"]),
        schedule_id=schedule_id, content=content, sha256="", commentary="",
    )  # fmt: skip
    pack.sha256 = hash_of(pack)
    session.add(pack)
    session.flush()
    record(session, owner_id, "pack.make", f"pack:{pack.id}", period=content["period"], schedule=schedule_id)
    return pack


def title_of(content: dict[str, Any]) -> str:
    """What a pack is called."""
    of = f" · {content['product']['name']}" if content["product"] else ""
    return f"{content['kind'].capitalize()} review {content['period']}{of}"[:300]


def hash_of(pack: Pack) -> str:
    """sha256 of all that a pack says: content and commentary and, once signed, who signed it and when."""
    return sha256(canonical({
        "content": pack.content, "commentary": pack.commentary, "title": pack.title, "owner": pack.owner_id,
        "signed_by": pack.signed_by_id,
        "signed_at": pack.signed_at.isoformat(timespec="seconds") if pack.signed_at else None,
    }))  # fmt: skip


def visible_packs(reader: Reader) -> Select[tuple[int]]:
    """The ids of the packs that the reader may see.

    Its product must be the reader's to see, and the reader cleared for the studies that it was allowed to quote. To
    whoever is limited to products or segments a pack is there only if they own it and their limits are still those
    that it was made within.
    """
    made = Pack.content["made"]
    query = select(Pack.id).where(
        Pack.product_id.is_(None) | Pack.product_id.in_(visible_products(reader)),
        made["sensitivity"].as_string().in_(reader.sensitivities),
    )
    if limits_of(reader):
        query = query.where(Pack.owner_id == reader.user_id, made["limits"].as_string() == limits_of(reader))
    return query


def list_packs(session: Session, reader: Reader, page: int = 1) -> tuple[list[PackLine], int]:
    """A page (from 1) of the packs that the reader may see, the latest period first, and how many there are in all."""
    ids = visible_packs(reader).order_by(Pack.last_day.desc(), Pack.id.desc())
    every = session.scalars(ids).all()
    lines = _lines(session, every[(page - 1) * PER_PAGE : page * PER_PAGE])
    return lines, len(every)


def _lines(session: Session, ids: Any) -> list[PackLine]:
    owner, signer = aliased(User), aliased(User)
    query = (
        select(Pack, owner, signer)
        .join(owner, owner.id == Pack.owner_id)
        .join(signer, signer.id == Pack.signed_by_id, isouter=True)
        .where(Pack.id.in_(ids))
        .options(selectinload(Pack.product))
        .order_by(Pack.last_day.desc(), Pack.id.desc())
    )
    return [
        PackLine(
            pack.id, pack.kind, pack.title, pack.content["period"], pack.product.name if pack.product else "",
            made_by.name or made_by.email, pack.state, pack.created_at, pack.signed_at,
            (signed_by.name or signed_by.email) if signed_by else None,
        )
        for pack, made_by, signed_by in session.execute(query)
    ]  # fmt: skip


def read_pack(session: Session, reader: Reader, pack_id: int) -> PackReading:
    """A pack as the reader may see it today.

    Raises:
        PackMissing: there is none that the reader may see.
    """
    pack = _pack(session, reader, pack_id)
    content, withheld = shown_to(session, reader, pack.content)
    return PackReading(
        _lines(session, [pack.id])[0], content, pack.commentary, pack.sha256, hash_of(pack) == pack.sha256, withheld,
        may_change=pack.state != "signed" and _is_keeper(reader, pack),
    )  # fmt: skip


def shown_to(session: Session, reader: Reader, content: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """A copy of the content without what the reader may not see today, and how many pieces were taken out.

    Quotes of studies that were withdrawn, or closed to the reader, since the pack was made, quotes whose words were
    withdrawn or redacted since, and questions without an answer for all but researchers. What is stored stays, and with
    it its hash.
    """
    shown = copy.deepcopy(content)
    evidence, questions = shown["evidence"], shown["questions"]
    voices = shown.setdefault("voices", [])  # a pack of an earlier version has none
    quoted = [*evidence["insights"], *evidence["said"], *(item for one in voices for item in one["quotes"])]
    named = {item["study_id"] for item in (*quoted, *questions["numbers"])} | {one["id"] for one in evidence["studies"]}
    studies = set(session.scalars(
        select(Study.id).where(Study.id.in_(named), Study.id.in_(visible_studies(reader)), Study.state == "published")
    ))  # fmt: skip
    ids = [*(item["id"] for item in quoted), *(item["evidence_id"] for item in questions["numbers"])]
    query = select(Evidence.id, Evidence.text).where(Evidence.id.in_(ids), Evidence.withdrawn.is_(False))
    texts = {row.id: " ".join(row.text.split()) for row in session.execute(query.where(Evidence.study_id.in_(studies)))}
    before = len(ids) + len(evidence["studies"])
    for name in ("insights", "said"):
        evidence[name] = [item for item in evidence[name] if texts.get(item["id"]) == item["text"]]
    for one in voices:
        one["quotes"] = [item for item in one["quotes"] if texts.get(item["id"]) == item["text"]]
    evidence["studies"] = [item for item in evidence["studies"] if item["id"] in studies]
    questions["numbers"] = [
        item for item in questions["numbers"]
        if " ".join(item["said"].split()) in texts.get(item["evidence_id"], "")
    ]  # fmt: skip
    after = sum(len(part) for part in (*(evidence[name] for name in ("insights", "said", "studies")),
                                       questions["numbers"], *(one["quotes"] for one in voices)))  # fmt: skip
    if not reader.at_least("researcher"):
        questions["gaps"] = None
    return shown, before - after


def comment(workspace: Workspace, reader: Reader, pack_id: int, text: str) -> None:
    """Write the lead's commentary, as the owner or an administrator; personal data is redacted.

    Raises:
        PackMissing, Forbidden: there is none that the reader may see, or it is another's.
        PackSigned: it is signed.
        CommentWrong: the text is too long.
    """
    if len(text) > LONGEST:
        raise CommentWrong(f"commentary: use at most {grouped(LONGEST)} characters, this has {grouped(len(text))}")
    said = workspace_redactor(workspace).redact(text.replace("\r\n", "\n").strip()).text

    def write(pack: Pack) -> None:
        pack.commentary = said

    _change(workspace, reader, pack_id, "pack.comment", write)


def sign(workspace: Workspace, reader: Reader, pack_id: int) -> str:
    """Sign a pack, as the owner or an administrator: content and commentary never change again. Its hash.

    Raises:
        PackMissing, Forbidden: there is none that the reader may see, or it is another's.
        PackSigned: it already is.
    """

    def write(pack: Pack) -> None:
        pack.state, pack.signed_by_id, pack.signed_at = "signed", reader.user_id, utcnow().replace(microsecond=0)

    return _change(workspace, reader, pack_id, "pack.sign", write)


def _change(workspace: Workspace, reader: Reader, pack_id: int, action: str, write: Callable[[Pack], None]) -> str:
    with workspace.database.writing() as session:
        pack = _pack(session, reader, pack_id, locked=True)
        if not _is_keeper(reader, pack):
            raise Forbidden("only its owner and administrators may comment on a pack and sign it")
        if pack.state == "signed":
            raise PackSigned(f"the pack is signed since {day(pack.signed_at)}: make another one to say more")
        write(pack)
        pack.sha256 = hash_of(pack)
        record(session, reader.user_id, action, f"pack:{pack.id}", sha256=pack.sha256)
        return pack.sha256


def _is_keeper(reader: Reader, pack: Pack) -> bool:
    owns = pack.owner_id == reader.user_id and reader.at_least("contributor")
    return owns or reader.at_least("administrator")


def _pack(session: Session, reader: Reader, pack_id: int, locked: bool = False) -> Pack:
    query = select(Pack).where(Pack.id == pack_id, Pack.id.in_(visible_packs(reader)))
    pack = session.scalar(query.with_for_update(of=Pack) if locked else query)
    if pack is None:
        raise PackMissing(f"there is no pack {pack_id}, or it is not shared with you")
    return pack


def as_json(found: PackReading) -> dict[str, Any]:
    """A pack as plain data, for scripts: the content as the reader may see it, and what is said around it."""
    line = found.line
    return {
        "id": line.id, "title": line.title, "kind": line.kind, "state": line.state, "owner": line.owner,
        "created_at": line.created_at.isoformat(timespec="seconds"), "commentary": found.commentary,
        "signed_by": line.signed_by, "signed_at": line.signed_at.isoformat() if line.signed_at else None,
        "sha256": found.sha256, "verified": found.verified, "withheld": found.withheld, "content": found.content,
    }  # fmt: skip
